"""The feature for measurements: a number or a vector of numbers."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import shape_of_numbers
from rnnkit.features.moments import Moments
from rnnkit.utils.checks import integer


@keras.saving.register_keras_serializable(package="rnnkit")
class Number(Feature):
    """A number, or a vector of numbers of one size, standardised to mean 0 and deviation 1.

    Args:
        size: Numbers in a value: None for a scalar, else the length of the vector.
        normalize: Whether values are standardised with what `adapt` learned. A component that
            never changes is only centred.
        mean: Learned means, list of floats.
        deviation: Learned standard deviations, list of floats.

    Raises:
        ValueError: From `adapt` and `check` for NaN or infinite values.

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

    def __init__(self, size=None, normalize=True, mean=None, deviation=None):
        self.size = integer(size, "size", optional=True)
        self.normalize = bool(normalize)
        self.mean = mean
        self.deviation = deviation

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

    def adapt(self, data):
        """Learns mean and standard deviation, in float64 and one pass."""
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

    def decode(self, values):
        """Outputs `[batch, size or 1]` back in the original unit: floats, or lists of floats."""
        values = np.asarray(values, dtype="float64").reshape(-1, self.width)
        if self.normalize:
            values = values * np.asarray(self.deviation) + np.asarray(self.mean)
        return values[:, 0].tolist() if self.size is None else values.tolist()

    def decode_graph(self, outputs):
        """`decode` as TensorFlow operations, for export."""
        if self.normalize:
            outputs = outputs * tf.constant(self.deviation, outputs.dtype) + tf.constant(
                self.mean, outputs.dtype
            )
        return {"value": outputs[:, 0] if self.size is None else outputs}
