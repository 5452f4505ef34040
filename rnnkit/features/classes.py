"""What features of named classes share: the classes, in order, and their lookup."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import asserted, free_token, strings, text_of
from rnnkit.utils.checks import one_of

DATA_TYPES = {"string": str, "integer": int, "boolean": lambda text: text in ("True", "true", "1")}


class TooFewClasses(ValueError):
    """Data has fewer classes than there must be to tell them apart."""


class Classes(Feature):
    """The base of features that tell named classes apart.

    Args:
        classes: List of the classes in the order of their indices, or None to learn them.
        data_type: `"string"`, `"integer"` or `"boolean"`: what `classes` become; by default what
            they are.

    Attributes:
        classes: The classes, of that type.
        names: The same as texts.
        least: How many there must be.
    """

    accepts_numbers = True
    decodes_in_graph = True
    least = 1
    called = "classes"  # in messages

    def __init__(self, classes=None, data_type=None):
        self.classes = None
        self.data_type = data_type
        one_of(data_type, "data_type", (None, *DATA_TYPES))
        if classes is not None:
            self._set(list(classes))

    def _set(self, classes):
        if self.data_type is None:
            self.data_type = data_type_of(classes)
        names = [text_of(value) for value in strings(np.array(classes, dtype=object), "Label")]
        if len(set(names)) != len(names):
            raise ValueError(f"classes must differ from each other. Received: classes={classes}")
        if len(names) < self.least:
            raise TooFewClasses(
                f"A label needs at least {'two classes to tell apart' if self.least > 1 else 'one'}"
                "; the data has "
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

    def _learn(self, names, data_type):
        """Takes distinct names as the classes: sorted, numbers by value."""
        self.data_type = data_type
        self._set(sorted(names, key=int) if data_type == "integer" else sorted(names))

    @property
    def adapted(self):
        return self.classes is not None

    @property
    def size(self):
        return len(self.classes) if self.adapted else None

    def refuse_unknown(self, raw, unknown):
        """Raises a ValueError that names the classes that training did not see.

        Args:
            raw: Iterable of these, bytes or `str`.
            unknown: Which examples have one, bool `[examples]`.
        """
        raw = sorted({text_of(each) for each in raw})
        raise ValueError(
            f"The label column holds {'labels' if len(raw) > 1 else 'a label'} that training did "
            f"not: {', '.join(map(repr, raw[:10]))} ({int(unknown.sum())} of {len(unknown)} "
            f"examples, first that of {int(np.argmax(unknown))}). Known {self.called}: "
            f"{', '.join(map(repr, self.names[:20]))}"
        )

    def guard(self, encoded):
        known = ", ".join(map(repr, self.names[:20]))
        message = f"The data holds a label that training did not. Known {self.called}: {known}"
        return asserted(encoded, encoded >= 0, message)

    def ids(self, values):
        """Indices int32 of names, a string tensor of any shape; -1 for a class never seen."""
        return tf.cast(self._lookup(values), tf.int32) - 1

    def resources(self):
        return [self._lookup]

    def get_config(self):
        return {**super().get_config(), "classes": self.names}


def data_type_of(data, names=()):
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
