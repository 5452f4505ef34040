"""The feature for measurements: a number or a vector of numbers."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import is_frame, shape_of_numbers
from rnnkit.features.moments import Moments
from rnnkit.utils.checks import integer
from rnnkit.utils.digits import rounded
from rnnkit.utils.messages import listed


@keras.saving.register_keras_serializable(package="rnnkit")
class Number(Feature):
    """A number, or a vector of numbers of one size, standardised to mean 0 and deviation 1.

    Taught with a frame of several columns it learns their names too: frames are then read by name,
    in whatever order their columns are, and `decode` gives a dict by name.

    Args:
        size: Numbers in a value: None for a scalar, else the length of the vector. A frame of
            several columns says it itself.
        normalize: Whether values are standardised with what `adapt` learned. A component that
            never changes is only centred.
        mean: Learned means, list of floats.
        deviation: Learned standard deviations, list of floats.
        names: Learned names of the columns of a frame, list of `size` texts, or None.

    Raises:
        ValueError: From `adapt` and `check` for NaN or infinite values, and for a frame that lacks
            a column.

    Example:

    >>> number = Number().adapt([1.0, 3.0])
    >>> number.encode(tf.constant([3.0])).numpy()
    array([[1.]], dtype=float32)
    >>> number.decode(np.array([[1.0]]))
    [3.0]
    """

    accepts_numbers = True
    target_type = "numbers"
    learned = ("mean", "deviation")
    decodes_in_graph = True

    def __init__(self, size=None, normalize=True, mean=None, deviation=None, names=None):
        self.size = integer(size, "size", optional=True)
        self.normalize = bool(normalize)
        self.mean = mean
        self.deviation = deviation
        if names is not None and (not isinstance(names, (list, tuple)) or len(names) != self.size):
            raise ValueError(
                f"names must be a list of size={self.size} names. Received: names={names!r}"
            )
        self.names = None if names is None else [str(name) for name in names]

    @property
    def raw_spec(self):
        return tf.TensorSpec(() if self.size is None else (self.size,), tf.float64)

    @property
    def width(self):
        return self.size or 1

    def holds_one(self, values):
        """Whether values are one value: a number, or with a `size` numbers `[size]`."""
        if self.size is None:
            return super().holds_one(values)
        return len(shape_of_numbers(values) or ()) == 1

    @property
    def adapted(self):
        return not self.normalize or self.mean is not None

    @property
    def reads_columns(self):
        """Whether a frame of several columns is rows of numbers."""
        return self.names is not None

    def to_tensor(self, values):
        """As `Feature.to_tensor`; of a frame the columns that have the learned names."""
        if self.names is None or not is_frame(values):
            return super().to_tensor(values)
        found = {str(name): name for name in values.columns}
        lacking = [name for name in self.names if name not in found]
        if lacking:
            raise ValueError(
                f"The frame lacks the columns {listed(lacking)}. Columns found: "
                f"{listed(values.columns)}"
            )
        return super().to_tensor(values[[found[name] for name in self.names]])

    def adapt(self, data):
        """Learns mean and standard deviation, in float64 and one pass; of a frame of several
        columns also their names."""
        if is_frame(data) and len(data.columns) > 1 and self.size in (None, len(data.columns)):
            self.size, self.names = len(data.columns), [str(name) for name in data.columns]
        moments = Moments()
        for values in self.batches(data):
            rows = values.numpy().astype("float64").reshape(-1, self.width)
            self.check(values, rows)
            moments.add(rows)
        if moments.count == 0:
            raise ValueError("Number.adapt needs at least one value. Received: none")
        mean, deviation = moments.found()
        constant = deviation <= 1e-12 * np.maximum(1.0, np.abs(mean))
        self.mean = mean.tolist()
        self.deviation = np.where(constant, 1.0, deviation).tolist()
        return self

    def encode(self, values, truncate=True):
        """Numbers `[batch]` or `[batch, size]` to float32 `[batch, size or 1]`."""
        del truncate
        # Scaled in float64: float32 cannot tell large, close numbers (such as times) apart.
        values = tf.reshape(tf.cast(values, tf.float64), [-1, self.width])  # [batch, size]
        if self.normalize:
            mean = tf.constant(self.mean, tf.float64)
            values = (values - mean) / tf.constant(self.deviation, tf.float64)
        return tf.cast(values, tf.float32)

    def check(self, values, encoded):
        bad = ~np.isfinite(np.asarray(encoded)).all(axis=-1)
        if bad.any():
            raise ValueError(
                f"Numbers must be finite; {int(bad.sum())} of {len(bad)} are NaN or infinite. "
                f"Received: {np.asarray(values)[bad][0]!r} at position {int(np.argmax(bad))}"
            )

    def guard(self, encoded):
        return tf.debugging.assert_all_finite(encoded, "Numbers must be finite")

    def in_own_units(self, values):
        """Outputs `[batch, size or 1]` back in the original unit: float64 NumPy, `[batch, size]` or
        without a `size` `[batch]`."""
        values = np.asarray(values, dtype="float64").reshape(-1, self.width)
        if self.normalize:
            values = values * np.asarray(self.deviation) + np.asarray(self.mean)
        return values[:, 0] if self.size is None else values

    def decode(self, values):
        """Outputs `[batch, size or 1]` back in the original unit: floats, lists of floats, or dicts
        of name to float, without digits that mean nothing."""
        values = self.in_own_units(values)
        values = rounded(values, self.deviation if self.normalize else np.abs(values))
        if self.names is not None:
            return [dict(zip(self.names, row, strict=True)) for row in values.tolist()]
        return values.tolist()

    def decode_graph(self, outputs):
        """`decode` as TensorFlow operations, for export."""
        if self.normalize:
            outputs = outputs * tf.constant(self.deviation, outputs.dtype) + tf.constant(
                self.mean, outputs.dtype
            )
        if self.names is None:
            return {"value": outputs[:, 0] if self.size is None else outputs}
        names = tf.repeat(tf.constant([self.names]), tf.shape(outputs)[0], axis=0)
        return {"value": outputs, "names": names}  # both [batch, size]
