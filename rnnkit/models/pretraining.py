"""From texts without targets to a model that a recipe's models can start from."""

import copy
import inspect
import os

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.data.readers.request import Request
from rnnkit.data.readers.text.lines import load
from rnnkit.models.encoder_language_model import EncoderLanguageModel
from rnnkit.utils.options import taken_by

# Of the texts, the fraction that says when to stop.
HELD_OUT = 0.1
SETTINGS = {"batch_size": 64, "patience": 2, "monitor": "val_loss"}
# What a recipe chose for the few examples that have targets: texts without are many.
DROPOUTS = ("token_dropout", "dropout", "output_dropout", "recurrent_dropout")


def pretrain(recipe, texts, options, *, epochs, batch_size, out, verbose):
    """Trains an `EncoderLanguageModel` with the layers of a recipe; see `rnnkit.Recipe.pretrain`.

    Args:
        recipe: A `rnnkit.Recipe`.
        texts, epochs, batch_size, out, verbose: As there.
        options: Dict of options of the recipe.
    """
    values = {**recipe.options(), **dict.fromkeys(DROPOUTS, 0.0), **options}
    feature = _feature(recipe, values)
    if values.get("filters"):
        raise ValueError(
            "filters must be 0 to pretrain: below the recurrent layers a convolution would read "
            f"the words that they have to tell. Received: filters={values['filters']}"
        )
    if isinstance(texts, (str, os.PathLike)):
        texts = load(os.fspath(texts), Request(recipe))
    dataset = as_dataset(texts, input_feature=feature)
    dataset = dataset.map(lambda x, *rest: x)
    feature.adapt(dataset)
    known = inspect.signature(EncoderLanguageModel).parameters
    chosen = {name: value for name, value in values.items() if name in known}
    model = EncoderLanguageModel(feature, name=recipe.name, **chosen)
    # Without averages of the weights, which small data moves too little.
    model.compile(keras.optimizers.Adam(values["learning_rate"], clipnorm=1.0))
    model.recipe = recipe.name
    model.fit_defaults = dict(SETTINGS)
    train, held_out = _divided(model.prepare(dataset), values["seed"])
    model.fit(train, validation_data=held_out, epochs=epochs, batch_size=batch_size,
              verbose=verbose, interrupted_path=False)  # fmt: skip
    if out is not None:
        model.save(out)
    return model


def _feature(recipe, values):
    """The recipe's feature of the input, before it has learned anything."""
    blank = copy.copy(recipe)
    blank.adapt_features = lambda data, read, said: (read, said)
    feature, _ = blank.features(None, **taken_by(blank.features, values))
    if feature is None or not feature.sequence or not hasattr(feature, "vocabulary"):
        raise ValueError(
            f"The recipe {recipe.name!r} cannot be pretrained: it reads no texts. Recipes that do: "
            "sentiment, pos_tagging, named_entities"
        )
    return feature


def _divided(data, seed):
    """Encoded texts to train with, and those that say when to stop; None of less than ten, and of
    a stream."""
    if not isinstance(data, Encoded) or len(data) < 1 / HELD_OUT:
        return data, None
    order = np.random.default_rng(0 if seed is None else seed).permutation(len(data))
    count = max(1, int(HELD_OUT * len(data)))

    def part(chosen):
        return Encoded(tuple(tf.gather(each, chosen) for each in data.tensors), data.padding)

    return part(np.sort(order[count:])), part(np.sort(order[:count]))
