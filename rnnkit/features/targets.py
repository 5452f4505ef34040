"""The feature for several targets an example, each a class or a number."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import asserted, text_of
from rnnkit.features.label import Label
from rnnkit.features.number import Number
from rnnkit.features.ordered import OrderedLabel
from rnnkit.features.target_columns import columns_of, is_one, texts_of
from rnnkit.utils import checks
from rnnkit.utils.messages import listed, shorten

# Names that stand beside the targets in what is predicted.
TAKEN = ("input", "probabilities")
SERVED = ("probability", "classes", "probabilities")  # of a class, with its name in front
TYPES = {"class": Label, "ordered": OrderedLabel, "number": Number}


class Predicted(dict):
    """What is predicted of an example with several targets: a dict of target to its value.

    `"probabilities"` has a dict of the probability of each class for each target that is a class.
    """


@keras.saving.register_keras_serializable(package="rnnkit")
class Targets(Feature):
    """Several targets of an example, such as a class and a number, for one model with one output.

    The targets of an example are a dict, `{"label": "good", "score": 4.2}`, or a list of values in
    the order of the targets; those of many are a list of these, a dict of columns, or a frame with
    a column for each. One that is not known is None, NaN or an empty text: it counts in neither the
    loss nor the scores. An example must have at least one.

    Columns of 0 and 1 alone, each of which says whether an example has a label, are one target of
    several labels, `rnnkit.features.Labels`.

    Encoded are class indices and standardised numbers, `[batch, targets]`, NaN where not known; a
    network gives the probabilities of each class and the numbers, `[batch, width]`, side by side in
    the order of the targets. The loss is the weighted mean of those of the targets, each in
    multiples of that of its naive answer; see `rnnkit.losses.TargetsLoss`.

    Args:
        targets: Dict of name to feature: `Label`, `OrderedLabel`, `Detection` or `Number`, at least
            two. (Or a list of pairs.)
        weights: Dict of name to how much the loss of that target weighs, such as `{"score": 2}`;
            of others 1. None for 1 each.
        fractions: Learned: for each target a list of the fraction of each class, empty for numbers.
        known: Learned: for each target the fraction of the examples that have it.

    Raises:
        ValueError: From `adapt` for a target that no example has, and where that of one is wrong;
            the message names the target.

    Example:

    >>> targets = Targets({"label": Label(), "score": Number()})
    >>> targets = targets.adapt({"label": ["bad", "good", "good"], "score": [1.0, 3.0, None]})
    >>> targets.encode(targets.to_tensor([{"label": "good", "score": 3.0}])).numpy()
    array([[1., 1.]], dtype=float32)
    >>> targets.decode(np.array([[0.25, 0.75, 0.5]]))
    [{'label': 'good', 'score': 2.5, 'probabilities': {'label': {'good': 0.75, 'bad': 0.25}}}]

    Reference: Caruana 1997, "Multitask Learning", https://doi.org/10.1023/A:1007379606734.
    """

    target_type = "targets"
    accepts_numbers = True
    decodes_in_graph = True
    reads_columns = True
    padding = float("nan")  # what stands for a target that is not known
    learned = ("targets", "fractions", "known")
    adjustable = ("weights",)

    def __init__(self, targets, weights=None, fractions=None, known=None):
        self.targets = _checked(targets)
        self.names = list(self.targets)
        self.weights = self._checked_weights(weights)
        self.fractions = None if fractions is None else self._checked_fractions(fractions)
        self.known = None if known is None else self._checked_known(known)

    @classmethod
    def of(cls, types, weights=None, label=Label):
        """Of a dict of name to `"class"`, `"ordered"` (of classes that are numbers) or `"number"`.

        Args:
            types: The dict.
            weights: As in the constructor.
            label: Function that makes the feature of a class.
        """
        kinds = {**TYPES, "class": label}
        for name, each in types.items():
            checks.one_of(each, f"the type of the target {name!r}", tuple(TYPES))
        return cls({name: kinds[each]() for name, each in types.items()}, weights)

    def _checked_weights(self, weights):
        if weights is None:
            return None
        if not isinstance(weights, dict) or not set(weights) <= set(self.names):
            raise ValueError(
                f"weights must be a dict of target to a number, of {listed(self.names)}. "
                f"Received: weights={weights!r} (target_weights of a recipe)"
            )
        return {
            name: checks.number(each, f"weights[{name!r}]", above=0)
            for name, each in weights.items()
        }

    def _checked_fractions(self, fractions):
        sizes = [0 if each.target_type == "numbers" else each.size for each in self._features]
        fits = isinstance(fractions, (list, tuple)) and len(fractions) == len(sizes)
        rows = [np.asarray(each) for each in fractions] if fits else []
        for row, size in zip(rows, sizes, strict=False):
            fits &= row.shape == (size,) and row.dtype.kind in "iuf" and bool((row >= 0).all())
            fits &= not size or abs(row.sum() - 1) < 1e-6
        if not fits:
            raise ValueError(
                "fractions must be a list with that of each class for each of targets, as adapt() "
                f"learns them. Received: fractions={shorten(repr(fractions), 80)}"
            )
        return [row.astype("float64").tolist() for row in rows]

    def _checked_known(self, known):
        if not isinstance(known, (list, tuple)) or len(known) != len(self.names):
            raise ValueError(
                "known must be a list of a fraction for each of targets. "
                f"Received: known={shorten(repr(known), 80)}"
            )
        return [checks.number(each, "known", above=0, most=1) for each in known]

    # === Parts ===

    @property
    def _features(self):
        return list(self.targets.values())

    @property
    def raw_spec(self):
        return tf.TensorSpec((len(self.names),), tf.string)

    @property
    def size(self):
        """Number of targets."""
        return len(self.names)

    @property
    def adapted(self):
        return self.fractions is not None and all(each.adapted for each in self._features)

    @property
    def types(self):
        """The type of each target, such as `"classes"` or `"numbers"`, as a list."""
        return [each.target_type for each in self._features]

    @property
    def as_given(self):
        """Dict of name to type as `recipe.data(..., target=...)` takes it, for data to score."""
        names = {"classes": "class", "ordered": "ordered", "numbers": "number"}
        return {name: names[of] for name, of in zip(self.names, self.types, strict=True)}

    @property
    def sizes(self):
        """How many of the outputs are of each target, as a list."""
        return [1 if each.size is None else each.size for each in self._features]

    @property
    def parts(self):
        """Name, feature and the slice of the outputs of each target, as a list of triples."""
        ends = np.cumsum([0, *self.sizes]).tolist()
        slices = [slice(*pair) for pair in zip(ends[:-1], ends[1:], strict=True)]
        return list(zip(self.names, self._features, slices, strict=True))

    @property
    def calibrates(self):
        return any(each.calibrates for each in self._features)

    # === Raw values ===

    def holds_one(self, values):
        """Whether values are the targets of one example: a dict of single values."""
        return is_one(values)

    def to_tensor(self, values):
        """Targets of examples to a string tensor `[batch, targets]`, empty where not known.

        Args:
            values: List with a dict, or a list of values, for each example; a dict of columns; a
                frame with a column for each target, or an array `[batch, targets]`.
        """
        if isinstance(values, tf.Tensor) and values.dtype == tf.string:
            self.check_spec(tf.TensorSpec(values.shape, values.dtype))
            return values
        columns = columns_of(values, self.names)
        texts = [self._texts(name, column) for name, column in columns.items()]
        return tf.stack([tf.constant(each, tf.string) for each in texts], axis=1)

    def _texts(self, name, column):
        return texts_of(column, name, self.targets[name].target_type == "numbers")

    def check_spec(self, spec):
        """Raises a ValueError unless a dataset's elements are strings `[targets]`, or batches."""
        shape = spec.shape
        fits = spec.dtype == tf.string and shape.rank in (1, 2)
        if not fits or shape[-1] not in (None, len(self.names)):
            raise ValueError(
                f"Targets takes strings [{len(self.names)}], one for each of {listed(self.names)} "
                f"and empty where not known. Received: elements of dtype {spec.dtype.name} and "
                f"shape {shape}"
            )

    # === Learning ===

    def adapt(self, data):
        """Learns each target from the examples that have it, and how often its classes occur."""
        if isinstance(data, tf.data.Dataset):
            batches = [values.numpy() for values in self.batches(data)]
            rows = np.concatenate(batches) if batches else np.zeros((0, len(self.names)), object)
            columns = {name: rows[:, index].tolist() for index, name in enumerate(self.names)}
        else:
            columns = columns_of(data, self.names)
        self.known, self.fractions = [], []
        for name, feature in self.targets.items():
            texts = self._texts(name, columns[name])
            kept = [cell for cell, text in zip(columns[name], texts, strict=True) if text]
            if not kept:
                raise ValueError(f"No example has the target {name!r}. Received: {len(texts)}")
            if feature.target_type == "numbers":
                kept = [float(text) for text in texts if text]
            elif isinstance(kept[0], bytes):
                kept = [text_of(each) for each in kept]
            with _named(name):
                feature.adapt(kept)
            self.known.append(len(kept) / len(texts))
            if feature.target_type == "numbers":
                self.fractions.append([])
                continue
            ids = feature.encode(tf.constant([text for text in texts if text]))
            counts = np.bincount(ids, minlength=feature.size)
            self.fractions.append((counts / counts.sum()).tolist())
        return self

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Strings `[batch, targets]` to float32 `[batch, targets]`: class indices, -1 for a class
        never seen, and standardised numbers; NaN where not known."""
        del truncate
        columns = []
        for index, feature in enumerate(self._features):
            texts = values[:, index]  # [batch]
            absent = tf.equal(texts, "")
            if feature.target_type == "numbers":
                found = tf.strings.to_number(tf.where(absent, "nan", texts), tf.float64)
                columns.append(feature.encode(found)[:, 0])
                continue
            ids = tf.cast(feature.encode(texts), tf.float32)
            columns.append(tf.where(absent, np.float32("nan"), ids))
        return tf.stack(columns, axis=1)

    def check(self, values, encoded):
        encoded = np.asarray(encoded)
        for index, (name, feature) in enumerate(self.targets.items()):
            column = encoded[:, index]
            with _named(name):
                if feature.target_type == "numbers":
                    bad = np.isinf(column)
                    if bad.any():
                        raise ValueError(
                            "Numbers must be finite. Received: "
                            f"{text_of(values.numpy()[bad][0, index])!r} at position "
                            f"{int(np.argmax(bad))}"
                        )
                elif (column < 0).any():
                    unknown = column < 0
                    feature.refuse_unknown(values.numpy()[unknown][:, index].tolist(), unknown)
        none = np.isnan(encoded).all(axis=1)
        if none.any():
            raise ValueError(
                f"An example must have one of the targets {listed(self.names)}; "
                f"{int(none.sum())} of {len(none)} have none, first that at position "
                f"{int(np.argmax(none))}"
            )

    def guard(self, encoded):
        for index, (name, feature) in enumerate(self.targets.items()):
            column = encoded[:, index]
            if feature.target_type == "numbers":
                sound, message = ~tf.math.is_inf(column), "holds a number that is infinite"
            else:
                sound, message = ~(column < 0), "holds a class that training did not"
            encoded = asserted(encoded, sound, f"The target {name!r} {message}")
        return encoded

    def resources(self):
        return [each for feature in self._features for each in feature.resources()]

    # === Decoding ===

    def calibrate(self, truth, outputs):
        """Has each target choose what it does on validation data; see `Detection.calibrate`.

        Args:
            truth: Encoded targets `[examples, targets]`.
            outputs: Outputs of the network `[examples, width]`.
        """
        truth, reasons = np.asarray(truth), []
        for index, (name, feature, part) in enumerate(self.parts):
            known = ~np.isnan(truth[:, index])
            if feature.calibrates:
                ids = truth[known, index].astype("int64")
                reason = feature.calibrate(ids, outputs[known, part])
                reasons += [f"{name}: {reason}"] if reason else []
        return "; ".join(reasons) or None

    def decode(self, values):
        """Outputs `[batch, width]` to a list of `Predicted`, one an example: the value of each
        target, numbers in their own unit, and `"probabilities"`, a dict of those of the classes by
        target."""
        values = np.asarray(values, "float64")
        rows = [Predicted() for _ in values]
        chances = [{} for _ in values]
        for name, feature, part in self.parts:
            found = feature.decode(values[:, part])
            for row, chance, each in zip(rows, chances, found, strict=True):
                if isinstance(each, dict):
                    row[name], chance[name] = each["label"], each["probabilities"]
                else:
                    row[name] = each
        for row, chance in zip(rows, chances, strict=True):
            if chance:
                row["probabilities"] = chance
        return rows

    def decode_graph(self, outputs):
        """`decode` as TensorFlow operations, for export: of a number its name, of a class also
        `<name>_probability`, `<name>_classes` and `<name>_probabilities`."""
        result = {}
        for name, feature, part in self.parts:
            for key, tensor in feature.decode_graph(outputs[:, part]).items():
                result[name if key in ("label", "value") else f"{name}_{key}"] = tensor
        return result

    # === Config ===

    def continues(self, newer):
        """Raises a ValueError unless a newer feature has the same targets of the same types."""
        mine, theirs = (list(zip(each.names, each.types, strict=True)) for each in (self, newer))
        if mine != theirs:
            raise ValueError(
                f"its targets must be those here, {theirs}, in this order. Received: {mine}"
            )

    def get_config(self):
        save = keras.saving.serialize_keras_object
        pairs = [[name, save(feature)] for name, feature in self.targets.items()]
        return {
            "targets": pairs,
            "weights": self.weights,
            "fractions": self.fractions,
            "known": self.known,
        }

    @classmethod
    def from_config(cls, config):
        load = keras.saving.deserialize_keras_object
        pairs = config.get("targets")
        if isinstance(pairs, list):  # of a file
            pairs = [
                [each[0], load(each[1]) if isinstance(each[1], dict) else each[1]]
                if isinstance(each, (list, tuple)) and len(each) == 2
                else each
                for each in pairs
            ]
        return cls(**{**config, "targets": pairs})

    def __repr__(self):
        parts = ", ".join(f"{name}={feature!r}" for name, feature in self.targets.items())
        more = f", weights={self.weights!r}" if self.weights else ""
        return f"Targets({parts}{more})"


class _named:
    """Puts the name of a target in front of an error."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if kind is not None and issubclass(kind, ValueError):
            raise type(error)(f"The target {self.name!r}: {error}") from None
        return False


def _checked(targets):
    """The targets as a dict of name to feature."""
    if isinstance(targets, (list, tuple)):
        pairs = all(isinstance(each, (list, tuple)) and len(each) == 2 for each in targets)
        names = [each[0] for each in targets] if pairs else [None]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            targets = dict(targets)
    if not isinstance(targets, dict) or len(targets) < 2:
        raise ValueError(
            "targets must be a dict of at least two names to features, such as {'label': Label(), "
            f"'score': Number()}}. Received: targets={shorten(repr(targets), 80)}"
        )
    for name, feature in targets.items():
        if not isinstance(name, str) or not name.strip() or name in TAKEN:
            raise ValueError(
                f"targets must have names that are texts and none of {', '.join(TAKEN)}. "
                f"Received: {name!r}"
            )
        number = isinstance(feature, Number)
        if not isinstance(feature, (Label, Number)) or (
            number and (feature.size is not None or not feature.normalize)
        ):
            raise ValueError(
                f"The target {name!r} must be a Label, an OrderedLabel, a Detection or a Number, "
                "one that is normalised and without a size (give each number a target of its own). "
                f"Received: {feature!r}"
            )
        served = [f"{name}_{each}" for each in SERVED if f"{name}_{each}" in targets]
        if served and not number:
            raise ValueError(
                f"targets must not have the name {served[0]!r} beside {name!r}: an exported model "
                f"gives what belongs to {name!r} under it. Received: {listed(list(targets))}"
            )
    if len({id(each) for each in targets.values()}) < len(targets):
        raise ValueError("targets must have a feature of its own each. Received: one for several")
    return dict(targets)
