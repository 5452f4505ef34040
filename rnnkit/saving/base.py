"""An older model that a new one starts from."""

import hashlib
import json
import os

import numpy as np

from rnnkit.features.extending import added, both_extended, extended
from rnnkit.models import EncoderLanguageModel, ManyToOne, Model, Tagger
from rnnkit.models.reservoir.one_pass import OnePass
from rnnkit.saving.loading import load_model
from rnnkit.training.copying import copy_weights
from rnnkit.utils.messages import listed, shorten

# Entries of these are counted, not listed.
MANY = {"vocabulary": "words", "characters": "characters", "spacing": None}


class Base:
    """An older model, and how a new one of the same recipe starts from it.

    Features are extended (`rnnkit.features.extending`), weights copied by the names of the words
    and classes that they are of (`rnnkit.training.copying`).

    Args:
        model: A `rnnkit.models.Model`.
        source: What it is called in messages.

    Raises:
        ValueError: For an echo state network, of which nothing would be left.
    """

    def __init__(self, model, source="the base"):
        if isinstance(model, OnePass):
            raise ValueError(
                f"base must be a model that learns step by step. Received: {source}, of class "
                f"{type(model).__name__}, whose readout is solved from all data at once: nothing "
                "of it would be left"
            )
        self.model = model
        self.source = source
        self._told = set()

    @classmethod
    def of(cls, given):
        """From what `recipe.model` is given as `base`: a path or a model; None of None."""
        if given is None or isinstance(given, cls):
            return given
        if isinstance(given, Model):
            return cls(given)
        if not isinstance(given, (str, os.PathLike)):
            raise ValueError(
                "base must be the path of a '.keras' file, or a model of rnnkit. "
                f"Received: {shorten(repr(given))}"
            )
        model = load_model(given)
        if not isinstance(model, Model):
            raise ValueError(
                f"base must be a model of rnnkit. Received: {os.fspath(given)}, a plain graph of "
                "layers"
            )
        return cls(model, os.fspath(given))

    @property
    def features(self):
        """The features of both sides; None for the targets of a model that had none."""
        said = None if self._pretrained else self.model.output_feature
        return self.model.input_feature, said

    @property
    def _pretrained(self):
        return isinstance(self.model, EncoderLanguageModel)

    def extend(self, features):
        """The base's features with what those of the new data know beside.

        Args:
            features: The pair of features adapted to the new data.

        Raises:
            ValueError: If the base has other features; the message names both.
        """
        try:
            if self._pretrained:
                return extended(self.features[0], features[0]), features[1]
            return both_extended(self.features, features)
        except ValueError as error:
            raise ValueError(
                f"base does not fit: {error}. The base is {self._described(self.model)}; here is "
                f"{_pair(features)}"
            ) from None

    def start(self, model):
        """Has a new model, made with the extended features, start from the base; prints how.

        Args:
            model: A `rnnkit.models.Model`, which is changed.

        Raises:
            ValueError: If the base is of another class, or no layer of it fits.
        """
        wanted = (ManyToOne, Tagger) if self._pretrained else type(self.model)
        if not isinstance(model, wanted):
            raise ValueError(
                f"base must be a {type(model).__name__}, as the new model is. Received: "
                f"{self._described(self.model)}"
            )
        networks = self.model.members or [self.model]
        targets = model.members or [model]
        copies = [
            copy_weights(networks[number % len(networks)], target)
            for number, target in enumerate(targets)
        ]
        copied = copies[0]  # one network of an ensemble takes what the others do
        model.combine()
        other = self._other_arguments(model)
        if not copied.taken:
            raise ValueError(
                f"base has no layer that fits. Received: {self._described(self.model)}"
                + (f" with {other}" if other else "")
            )
        lines = [f"Started from {self.source}: {', '.join(copied.taken)}{self._additions(model)}"]
        if copied.left:
            reasons = "; ".join(f"{name} ({reason})" for name, reason in copied.left.items())
            lines.append(f"Not taken from it: {reasons}" + (f". It has {other}" if other else ""))
        if not self._told.issuperset(lines):  # the trials of a search say it once
            print("\n".join(lines))
            self._told.update(lines)

    def digest(self):
        """Hash of the base's configuration and weights, which tells bases apart."""
        result = hashlib.blake2b(digest_size=16)
        result.update(json.dumps(self.model.get_config(), sort_keys=True, default=str).encode())
        for array in self.model.get_weights():
            result.update(f"{array.dtype}{array.shape}".encode())
            result.update(np.ascontiguousarray(array).data)
        return result.hexdigest()

    def _described(self, model):
        return f"{self.source}, a {type(model).__name__} of {_pair(self.features)}"

    def _additions(self, model):
        """What the features of the new model have beside the base's, in words."""
        found = []
        pairs = zip(self.features, (model.input_feature, model.output_feature), strict=True)
        for old, new in pairs:
            for name, entries in added(old, new).items():
                if MANY.get(name, name) is not None:
                    what = MANY.get(name, f"{name} {listed(entries)}")
                    found.append(f"{len(entries):,} {what}" if name in MANY else what)
        return f"; new: {', '.join(dict.fromkeys(found))}" if found else ""

    def _other_arguments(self, model):
        """Arguments of which the base has others than the new model, in words."""
        mine, here = self.model.get_config(), model.get_config()
        left_out = ("input_feature", "output_feature", "name", "seed", "settings")
        names = [n for n in mine if n not in left_out and mine[n] != here.get(n)]
        return ", ".join(f"{name}={shorten(repr(mine[name]), 60)}" for name in names)


def _pair(features):
    read, said = ("nothing" if each is None else type(each).__name__ for each in features)
    return f"{read} → {said}"
