"""The feature for one class out of several."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import asserted, free_token, strings, text_of
from rnnkit.utils.checks import one_of

DATA_TYPES = {"string": str, "integer": int, "boolean": lambda text: text in ("True", "true", "1")}


@keras.saving.register_keras_serializable(package="rnnkit")
class Label(Feature):
    """A class label: a name (or whole number, or bool) to its index, and probabilities to names.

    Args:
        classes: List of the classes in the order of their indices, or None to learn them (sorted)
            with `adapt`. Numbers and bools are given back as such by `decode`.
        data_type: `"string"`, `"integer"` or `"boolean"`: what `decode` gives back. By default that
            of `classes`.

    Raises:
        ValueError: From `adapt` if there are fewer than two classes or a label is missing.

    Example:

    >>> label = Label().adapt(["ham", "spam", "ham"])
    >>> label.encode(tf.constant(["spam"])).numpy()
    array([1], dtype=int32)
    >>> label.decode(np.array([[0.25, 0.75]]))[0]["label"]
    'spam'
    """

    accepts_numbers = True
    target_type = "classes"
    decodes_in_graph = True
    least = 2  # classes that there must be
    entries = ("classes",)
    learned = ("data_type",)

    def __init__(self, classes=None, data_type=None):
        self.classes = None
        self.data_type = data_type
        one_of(data_type, "data_type", (None, *DATA_TYPES))
        if classes is not None:
            self._set(list(classes))

    def _set(self, classes):
        if self.data_type is None:
            self.data_type = _data_type_of(classes)
        names = [text_of(value) for value in strings(np.array(classes, dtype=object), "Label")]
        if len(set(names)) != len(names):
            raise ValueError(f"classes must differ from each other. Received: classes={classes}")
        if len(names) < self.least:
            raise ValueError(
                "A label needs at least two classes to tell apart; the data has "
                f"{'only ' + repr(names[0]) if names else 'none'}. Received: classes={classes}"
            )
        try:
            self.classes = [DATA_TYPES[self.data_type](name) for name in names]
        except ValueError:
            raise ValueError(
                "classes must be whole numbers for data_type='integer'. "
                f"Received: classes={classes}"
            ) from None
        self.names = names
        self._lookup = keras.layers.StringLookup(
            vocabulary=names, num_oov_indices=1, oov_token=free_token(names), dtype="string"
        )

    @property
    def adapted(self):
        return self.classes is not None

    @property
    def size(self):
        return len(self.classes) if self.adapted else None

    def adapt(self, data):
        """Learns the classes: all distinct labels, in sorted order (numbers by value)."""
        found, seen = set(), 0
        for values in self.batches(data):
            raw = values.numpy().astype(object)
            for value in set(np.unique(raw).tolist()) - found:
                if value.strip().lower() in (b"", b"nan"):
                    where = seen + int(np.argmax(raw == value))
                    raise ValueError(
                        f"A label is missing (empty or NaN), that of example {where}. Received: "
                        f"{text_of(value)!r}"
                    )
                found.add(value)
            seen += len(raw)
        names = [value.decode("utf-8", "replace") for value in found]
        self.data_type = _data_type_of(data, names)
        self._set(sorted(names, key=int) if self.data_type == "integer" else sorted(names))
        return self

    def encode(self, values, truncate=True):
        """Names `[batch]` to indices int32 `[batch]`; a class never seen becomes -1."""
        del truncate
        return tf.cast(self._lookup(self.cast(values)), tf.int32) - 1

    def check(self, values, encoded):
        unknown = np.asarray(encoded) < 0
        if unknown.any():
            raw = sorted({text_of(value) for value in values.numpy()[unknown].tolist()})
            raise ValueError(
                f"The label column holds {'labels' if len(raw) > 1 else 'a label'} that training "
                f"did not: {', '.join(map(repr, raw[:10]))} ({int(unknown.sum())} of "
                f"{len(unknown)} examples, first that of {int(np.argmax(unknown))}). "
                f"Known classes: {', '.join(map(repr, self.names[:20]))}"
            )

    def guard(self, encoded):
        known = ", ".join(map(repr, self.names[:20]))
        message = f"The data holds a label that training did not. Known classes: {known}"
        return asserted(encoded, encoded >= 0, message)

    def decode(self, values):
        """Probabilities `[batch, classes]` to a list of dicts, one an example.

        Each has `"label"`, its `"probability"`, and `"probabilities"` of all classes by name, the
        most probable first.
        """
        results = []
        for row in np.asarray(values, dtype="float64"):
            order = np.argsort(-row, kind="stable")
            results.append(
                {
                    "label": self.classes[order[0]],
                    "probability": float(row[order[0]]),
                    "probabilities": {self.names[index]: float(row[index]) for index in order},
                }
            )
        return results

    def decode_graph(self, outputs):
        """`decode` as TensorFlow operations, for export: labels as texts, classes in order."""
        classes = tf.constant([self.names])  # [1, classes]
        return {
            "label": tf.gather(tf.constant(self.names), tf.argmax(outputs, axis=-1)),  # [batch]
            "probability": tf.reduce_max(outputs, axis=-1),  # [batch]
            "classes": tf.repeat(classes, tf.shape(outputs)[0], axis=0),  # [batch, classes]
            "probabilities": outputs,  # [batch, classes]
        }

    def resources(self):
        return [self._lookup]

    def get_config(self):
        return {**super().get_config(), "classes": self.names}


def _data_type_of(data, names=()):
    """Which Python type the labels were given as; `names` are the distinct ones as text."""
    if isinstance(data, (tf.data.Dataset, tf.Tensor)):
        dtype = data.element_spec.dtype if isinstance(data, tf.data.Dataset) else data.dtype
        if dtype == tf.bool:
            return "boolean"
        whole = dtype.is_integer or all(name.lstrip("-").isdigit() for name in names)
        return "integer" if whole and dtype != tf.string else "string"
    array = np.asarray(data)
    if array.dtype == object and array.size:
        array = np.asarray(array.ravel().tolist())
    if array.dtype.kind == "f" and np.isfinite(array).all() and np.all(array == np.floor(array)):
        return "integer"
    return {"b": "boolean", "i": "integer", "u": "integer"}.get(array.dtype.kind, "string")
