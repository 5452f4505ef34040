"""A network of `keras.applications` as a layer that makes vectors of pictures."""

import contextlib
import random

import keras
import numpy as np
from keras import ops
from keras.applications.imagenet_utils import preprocess_input

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import one_of, require

# How each network was given pixels when it was trained: "tf" is -1 to 1, "torch" standardised,
# "caffe" blue, green and red, centred; None is 0 to 255, which the network scales by itself.
NETWORKS = {
    "DenseNet121": "torch",
    "EfficientNetV2B0": None,
    "MobileNet": "tf",
    "MobileNetV2": "tf",
    "MobileNetV3Large": None,
    "MobileNetV3Small": None,
    "ResNet50": "caffe",
    "ResNet50V2": "tf",
    "VGG16": "caffe",
}
# Height and width of the smallest pictures that these networks can read.
LEAST = 32


@keras.saving.register_keras_serializable(package="rnnkit")
class ImageNetwork(Configured, keras.layers.Layer):
    """Pictures, or every frame of clips, read by a network of `keras.applications` without its top.

    Pixels become what the network was trained on: standardised ones are turned back, grey is
    repeated for red, green and blue, and the network's own scaling follows. So it can begin with
    weights from elsewhere, and whoever uses the model gives it pictures as they are.

    With `trainable=False` its weights stay as they are, and it does what it does outside training
    (statistics of batches do not change, nothing is dropped). What it makes of a picture is then
    always the same, and it can be given that instead: what has the shape of its outputs passes
    through.

    NaN, with which shorter clips are padded, becomes zero. The outputs carry no mask.

    Args:
        network: `"DenseNet121"`, `"EfficientNetV2B0"`, `"MobileNet"`, `"MobileNetV2"`,
            `"MobileNetV3Large"`, `"MobileNetV3Small"`, `"ResNet50"`, `"ResNet50V2"` or `"VGG16"`.
        mean, deviation: By which each channel was standardised, lists of 1 or 3 numbers; None
            where pixels are from 0 to 1.
        pooled: Whether the outputs are the means over a picture, rather than a grid of vectors.
        seed: Integer that fixes the weights, or None.

    Input shape:
        `(batch, height, width, channels)` or `(batch, time, height, width, channels)`, with 1 or 3
        channels and at least 32 x 32 pixels.

    Output shape:
        `(batch, rows, columns, features)` or `(batch, time, rows, columns, features)`; one row and
        column if `pooled`.

    Raises:
        ValueError: For an unknown network, and pictures of another shape.

    Example:

    >>> layer = ImageNetwork("MobileNetV3Small", trainable=False)
    >>> features = layer(keras.ops.ones((2, 64, 64, 1)))
    >>> features.shape
    TensorShape([2, 2, 2, 576])
    >>> bool(keras.ops.all(layer(features) == features))
    True
    """

    def __init__(self, network, mean=None, deviation=None, pooled=False, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.network = one_of(network, "network", NETWORKS)
        pair = (mean is None) == (deviation is None)
        require(pair, "mean and deviation go together.", mean=mean, deviation=deviation)
        self.mean = None if mean is None else [float(each) for each in mean]
        self.deviation = None if deviation is None else [float(each) for each in deviation]
        self.pooled = bool(pooled)
        self.seed = seed

    def build(self, images_shape):
        *size, channels = images_shape[-3:]
        right = len(images_shape) in (4, 5) and channels in (1, 3) and None not in size
        require(right, "ImageNetwork reads pictures of 1 or 3 channels.", shape=tuple(images_shape))
        if min(size) < LEAST:
            raise ValueError(
                f"network={self.network!r} reads pictures of at least {LEAST} x {LEAST} pixels: "
                f"make them larger, such as by size={LEAST}. Received: {size[0]} x {size[1]}"
            )
        make = getattr(keras.applications, self.network)
        with _seeded(self.seed):
            self.inner = make(include_top=False, weights=None, input_shape=(*size, 3))
        self.inner.trainable = self.trainable
        rows, columns, self.features = self.inner.output_shape[1:]
        self.grid = (1, 1) if self.pooled else (rows, columns)
        self.size = (*size, channels)
        self.built = True

    def call(self, images, training=None):
        x = images
        if len(images.shape) == 5:  # [batch, time, height, width, channels]
            x = ops.where(ops.isnan(x), ops.zeros_like(x), x)
        axes = ops.shape(x)[:-3]  # batch, or batch and time

        def read():
            return ops.reshape(self._read(x, training), (*axes, *self.grid, self.features))

        def passed():
            return ops.reshape(x, (*axes, *self.grid, self.features))

        channels = images.shape[-1]
        if self.trainable or channels == self.size[-1]:
            return read()
        if channels is not None:  # no network has as few features as a picture has channels
            return passed()
        # A function of TensorFlow that was given both knows no shape.
        return ops.cond(ops.shape(x)[-1] == self.features, passed, read)

    def _read(self, images, training):
        """Pictures `[..., height, width, channels]` as `[pictures, rows, columns, features]`."""
        x = ops.cast(ops.reshape(images, (-1, *self.size)), "float32")
        if self.mean is not None:
            x = x * np.array(self.deviation, "float32") + np.array(self.mean, "float32")
        x = ops.concatenate([x] * 3, axis=-1) if x.shape[-1] == 1 else x
        x = x * 255.0
        mode = NETWORKS[self.network]
        x = x if mode is None else preprocess_input(x, data_format="channels_last", mode=mode)
        x = self.inner(x, training=bool(training) and self.trainable)
        x = ops.mean(x, axis=(1, 2), keepdims=True) if self.pooled else x
        return ops.cast(x, self.compute_dtype)

    def compute_output_shape(self, images_shape):
        return (*images_shape[:-3], *self.grid, self.features)


@contextlib.contextmanager
def _seeded(seed):
    """Fixes what Keras' initializers without a seed take, Python's random numbers, and puts them
    back. Without a seed nothing is done."""
    if seed is None:
        yield
        return
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
