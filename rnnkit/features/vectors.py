"""The feature for frames that are vectors: columns of numbers, relative to each sequence's own."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.columns import flat_rows
from rnnkit.features.moments import Moments
from rnnkit.features.series import Series


@keras.saving.register_keras_serializable(package="rnnkit")
class Vectors(Series):
    """Frames as vectors, such as the joints of a body, centred by the mean of each sequence.

    Where somebody stands or sits, and where the camera is, differs from one recording to the next
    and says nothing about what they do: so each column's mean over the sequence is taken off, and
    the rest divided by the column's standard deviation within the training sequences:

        z_td = (x_td - mean_t x_td) / deviation_d

    The whole sequence must be known for that: this is no feature for what goes on as it comes in.

    Args:
        columns: Number of columns, or their names.
        normalize: Whether it is done; if not, values are as they are.
        dtype: `"float32"` or `"float64"`: what `encode` gives.
        mean: Learned means: zeros, as each sequence has its own.
        deviation: Learned standard deviations, list of floats.

    Raises:
        ValueError: As `Series`.

    Example:

    >>> vectors = Vectors().adapt([[1.0, 3.0], [11.0, 13.0]])
    >>> vectors.encode(vectors.to_tensor([[8.0, 9.0, 7.0]])).to_list()
    [[[0.0], [1.0], [-1.0]]]
    """

    learned = ("mean", "deviation")

    def __init__(self, columns=1, normalize=True, dtype="float32", mean=None, deviation=None):
        super().__init__(columns, normalize=normalize, dtype=dtype, mean=mean, deviation=deviation)

    def _learn(self, series):
        moments = Moments()
        for each in series:
            moments.add(each - each.mean(axis=0))
        if not moments.count:
            raise ValueError("Vectors.adapt needs at least one step. Received: none")
        _, deviation = moments.found()
        largest = np.max([np.abs(each).max(axis=0) for each in series], axis=0)
        constant = deviation <= 1e-12 * np.maximum(1.0, largest)
        self.mean = [0.0] * self.size
        self.deviation = np.where(constant, 1.0, deviation).tolist()

    def encode(self, values, truncate=True):
        """Raw sequences `[batch, (time), columns]`, ragged or not, to floats of the same shape."""
        if self.normalize:
            values = tf.cast(values, tf.float64)
            if isinstance(values, tf.RaggedTensor):
                means = tf.reduce_mean(values, axis=1)  # [batch, columns]
                means = means.to_tensor() if isinstance(means, tf.RaggedTensor) else means
                rows = tf.reshape(values.flat_values, [-1, self.size])
                rows -= tf.gather(tf.reshape(means, [-1, self.size]), values.value_rowids())
                values = tf.RaggedTensor.from_row_splits(rows, values.row_splits, validate=False)
            else:
                values -= tf.reduce_mean(values, axis=-2, keepdims=True)
        return super().encode(values, truncate)

    def check(self, values, encoded):
        rows, splits = flat_rows(values)
        self._refuse(~np.isfinite(rows), rows, splits)
