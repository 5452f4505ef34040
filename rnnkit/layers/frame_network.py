"""A small convolutional network that reads every frame of a clip on its own."""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.layers.missing import until_last
from rnnkit.utils.checks import integer, require


@keras.saving.register_keras_serializable(package="rnnkit")
class FrameNetwork(Configured, keras.layers.Layer):
    """Every frame of a clip as a vector: convolutions, each halving height and width, and a dense
    layer over what is left, so that positions in the picture stay apart.

    With `differences` a frame is read together with its change since the frame before, as further
    channels; that of the first frame is zero. What moves, and which way, is then in one step.

    The frames of all clips go through the network at once, in one call. NaN, with which shorter
    clips are padded, becomes zero, and frames that are NaN to the end get a mask that is False.

    Args:
        filters: List of the features of the convolutions, one entry each; may be empty.
        units: Positive integer, numbers in a frame's vector.
        kernel_size: Pixels of height and width that each convolution looks at.
        differences: Whether changes since the frame before are read too.
        seed: Integer that fixes the weights, or None.

    Input shape:
        `(batch, time, height, width, channels)`.

    Output shape:
        `(batch, time, units)`.

    Example:

    >>> FrameNetwork([4], units=8)(keras.ops.ones((2, 5, 6, 6, 1))).shape
    TensorShape([2, 5, 8])
    """

    def __init__(
        self, filters=(16, 32), units=64, kernel_size=3, differences=False, seed=None, **kwargs
    ):
        listed = isinstance(filters, (list, tuple))
        require(listed, "filters must be a list of positive integers.", filters=filters)
        super().__init__(**kwargs)
        self.filters = [integer(each, "filters") for each in filters]
        self.units = integer(units, "units")
        self.kernel_size = integer(kernel_size, "kernel_size")
        self.differences = bool(differences)
        self.seed = seed
        seeds = [None if seed is None else seed + index for index in range(len(filters) + 1)]
        self._convolutions = [
            keras.layers.Conv2D(
                count,
                kernel_size,
                strides=2,
                padding="same",
                activation="relu",
                kernel_initializer=keras.initializers.HeNormal(seed=seeds[index]),
                dtype=self.dtype_policy,
                name=f"convolution_{index + 1}",
            )
            for index, count in enumerate(filters)
        ]
        self._dense = keras.layers.Dense(
            units,
            "relu",
            kernel_initializer=keras.initializers.HeNormal(seed=seeds[-1]),
            dtype=self.dtype_policy,
            name="dense",
        )

    def build(self, frames_shape):
        *size, channels = frames_shape[2:]
        shape = (None, *size, channels * (1 + self.differences))
        for layer in self._convolutions:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self._dense.build((None, shape[1] * shape[2] * shape[3]))
        self.built = True

    def call(self, frames):
        batch, time = ops.shape(frames)[:2]
        x = ops.where(ops.isnan(frames), ops.zeros_like(frames), frames)
        if self.differences:
            change = ops.concatenate([ops.zeros_like(x[:, :1]), x[:, 1:] - x[:, :-1]], axis=1)
            x = ops.concatenate([x, change], axis=-1)  # [batch, time, height, width, 2 * channels]
        x = ops.reshape(x, (-1, *x.shape[2:]))  # [frames, height, width, channels]
        for layer in self._convolutions:
            x = layer(x)
        x = ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))  # [frames, features]
        return ops.reshape(self._dense(x), (batch, time, self.units))

    def compute_mask(self, frames, previous_mask=None):
        return until_last(ops.any(ops.logical_not(ops.isnan(frames)), axis=(2, 3, 4)))

    def compute_output_shape(self, frames_shape):
        return (*frames_shape[:2], self.units)
