"""The feature for pictures: the bytes of image files as pixels of one size."""

import collections

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.conversion import (
    read_each,
    refuse_single,
    shape_of_numbers,
    without_axes,
)
from rnnkit.features.pixels import Pixels, count_sizes
from rnnkit.formats import pictures

UNREADABLE = "Image cannot read picture"


@keras.saving.register_keras_serializable(package="rnnkit")
class Image(Pixels):
    """A picture as an array of standardised pixels, all of one size.

    A raw picture is a scalar string: the bytes of a PNG, JPEG, GIF (the first picture) or BMP file.
    It is decoded inside `tf.data`, seen on white where it is transparent, turned to grey or to
    colours as `channels` says, resized (bilinear, smoothed where it shrinks), scaled to 0..1, and
    each channel standardised by its mean and deviation over the training pictures.

    Pictures of another size are never left out: `"stretch"` resizes both sides, whatever becomes of
    the proportions; `"crop"` keeps them and cuts off what is too long, half at each end. The
    rotation that a camera writes into a file is not looked at.

    Args:
        size: Pair of height and width in pixels, or one integer for both; up to 2048 x 2048 pixels
            in all. By default `adapt` takes the most frequent size, made smaller where a side is
            longer than `largest`.
        channels: 1 for grey, 3 for red, green and blue; by default `adapt` takes 3 if any training
            picture has colours.
        largest: Longest side that `adapt` chooses.
        fit: `"stretch"` or `"crop"`.
        normalize: Whether channels are standardised; if not, values are from 0 to 1.
        mean: Learned mean of each channel, list of floats.
        deviation: Learned standard deviation of each channel, list of floats.

    Attributes:
        shape: Height, width and channels of an encoded picture.

    Raises:
        ValueError: From `to_tensor` and `adapt` for what cannot be decoded; the message has its
            position.

    Example:

    >>> black, white = np.zeros((8, 6), "uint8"), np.full((8, 6), 255, "uint8")
    >>> image = Image().adapt([black, white])
    >>> image.shape
    (8, 6, 1)
    >>> float(image.encode(image.to_tensor([white]))[0, 0, 0, 0])
    1.0
    """

    raw_spec = tf.TensorSpec((), tf.string)

    # === Learning ===

    def adapt(self, data):
        """Learns size and channels where they are not given, and each channel's moments.

        Args:
            data: Raw pictures in any form; see `to_tensor`. Or a `tf.data.Dataset` of bytes.

        Returns:
            The feature itself.
        """
        data = data if isinstance(data, tf.data.Dataset) else self.to_tensor(data)
        if self.size is None or self.channels is None:
            sizes, coloured = collections.Counter(), False
            for found in self._each(self._sizes_and_colours, data):  # [batch, 3]
                sizes += count_sizes(found[:, :2])
                coloured |= bool(found[:, 2].any())
            self._choose(sizes, coloured)
            self._compiled.clear()
        self.mean = self.deviation = None
        if self.normalize:
            self._learn(self._each(self._scaled, data))
        return self

    def _each(self, function, data):
        """What a function gives for each batch, NumPy. Where a picture cannot be decoded, an error
        that has its position."""
        seen = 0
        for values in self.batches(data):
            try:
                yield self._call(function, values).numpy()
            except tf.errors.OpError:
                read_each(values.numpy(), pictures.to_bytes, UNREADABLE, seen)
                raise
            seen += len(values)

    # === Raw values ===

    def to_tensor(self, values):
        """Converts pictures in any form to a batch of bytes.

        Args:
            values: List of pictures: bytes or paths of image files, or arrays (or nested lists) of
                whole numbers from 0 to 255, `[height, width]` or `[height, width, channels]`; one
                such array of several, `[pictures, height, width]` or `[pictures, height, width,
                channels]`; or one picture. See `holds_one`.

        Returns:
            String tensor `[batch]`.

        Raises:
            ValueError: For what cannot be decoded; the message names its position.
        """
        if isinstance(values, tf.Tensor):
            if values.dtype == tf.string:
                return values
            values = values.numpy()
        refuse_single(values, "Image", "pictures", "picture")
        if self.holds_one(values):
            values = values[None] if isinstance(values, np.ndarray) else [values]
        several = isinstance(values, np.ndarray) and values.ndim in (3, 4) and len(values)
        if several and values.dtype == np.uint8:
            return pictures.encoded(values)
        return tf.constant(read_each(values, pictures.to_bytes, UNREADABLE), tf.string)

    def holds_one(self, values):
        """Whether values are one picture: bytes, a path, or an array or nested list of numbers
        `[height, width]` or `[height, width, channels]`. Of three axes it is one picture if the
        last is 1, 3 or 4, else pictures `[pictures, height, width]`."""
        shape = shape_of_numbers(values) or ()
        one = len(shape) == 2 or (len(shape) == 3 and shape[-1] in (1, 3, 4))
        return one or without_axes(values)

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Bytes `[batch]` to float32 `[batch, height, width, channels]`."""
        del truncate
        return self._standardised(self._call(self._scaled, values))

    @property
    def served(self):
        pixels = tf.TensorSpec([None, None, None], tf.uint8)
        return {"serve": self.raw_spec, "serve_pixels": pixels}

    def encode_served(self, values, truncate=True):
        """Files `[batch]`, or pixels `[batch, height, width, channels]`, as `encode`."""
        if values.dtype == tf.string:
            return self.encode(values, truncate)
        return self._standardised(self._fitted(pictures.on_white(values)))

    def _call(self, function, values):
        """A function of a batch, compiled where it is not in a graph already: a loop over the
        pictures is many times faster so."""
        if not tf.executing_eagerly():
            return function(values)
        name = function.__name__
        if name not in self._compiled:
            signature = [tf.TensorSpec([None], tf.string)]
            self._compiled[name] = tf.function(function, signature, autograph=False)
        return self._compiled[name](values)

    def _scaled(self, values):
        """Bytes `[batch]` to pictures of the size, from 0 to 1."""
        spec = tf.TensorSpec(self.shape, tf.float32)
        return tf.map_fn(
            lambda each: self._fitted(pictures.on_white(_pixels(each))),
            values,
            fn_output_signature=spec,
        )

    def _sizes_and_colours(self, values):
        """Height, width and whether there are colours, int32 `[batch, 3]`."""

        def look(content):
            pixels = _pixels(content)
            shape = tf.shape(pixels)
            colours = pixels[..., : shape[2] - 1 + shape[2] % 2]
            differ = tf.reduce_any(colours != colours[..., :1])
            return tf.stack([shape[0], shape[1], tf.cast(differ, tf.int32)])

        return tf.map_fn(look, values, fn_output_signature=tf.TensorSpec([3], tf.int32))


def _pixels(content):
    """Bytes to uint8 `[height, width, 1 to 4]`."""
    pixels = tf.io.decode_image(content, expand_animations=False)
    return tf.ensure_shape(pixels, [None, None, None])
