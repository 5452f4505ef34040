"""The feature for one class out of several."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.classes import Classes, data_type_of
from rnnkit.features.conversion import text_of
from rnnkit.utils.digits import short


@keras.saving.register_keras_serializable(package="rnnkit")
class Label(Classes):
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

    target_type = "classes"
    least = 2
    entries = ("classes",)
    learned = ("data_type",)

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
        self._learn(names, data_type_of(data, names))
        return self

    def encode(self, values, truncate=True):
        """Names `[batch]` to indices int32 `[batch]`; a class never seen becomes -1."""
        del truncate
        return self.ids(self.cast(values))

    def check(self, values, encoded):
        unknown = np.asarray(encoded) < 0
        if unknown.any():
            self.refuse_unknown(values.numpy()[unknown].tolist(), unknown)

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
                    "probability": short(row[order[0]]),
                    "probabilities": {self.names[index]: short(row[index]) for index in order},
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
