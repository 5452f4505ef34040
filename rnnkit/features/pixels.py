"""What pictures and videos share: size, colours and scaling."""

import collections

import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.moments import Moments, inverse
from rnnkit.utils.checks import integer, one_of

FITS = ("stretch", "crop")
# A picture of more pixels is no input of a network that people have the memory for.
MOST_PIXELS = 2**22
# Weights of red, green and blue in the brightness that is seen (ITU-R BT.601).
BRIGHTNESS = np.array([0.299, 0.587, 0.114], "float32")


class Pixels(Feature):
    """Pictures of one size, scaled to 0..1 and standardised by channel; see `Image`, `Video`."""

    learned = ("mean", "deviation")

    def __init__(
        self,
        size=None,
        channels=None,
        largest=64,
        fit="stretch",
        normalize=True,
        mean=None,
        deviation=None,
    ):
        if size is not None:
            sides = list(size) if isinstance(size, (list, tuple)) else [size]
            sides = sides * 2 if len(sides) == 1 else sides
            if len(sides) != 2 or not all(_positive(side) for side in sides):
                raise ValueError(
                    "size must be a positive integer, or the pair (height, width) of them. "
                    f"Received: size={size!r}"
                )
            size = [int(side) for side in sides]
            if size[0] * size[1] > MOST_PIXELS:
                raise ValueError(
                    f"size must make at most {MOST_PIXELS:,} pixels, such as 2048 x 2048. "
                    f"Received: {size[0]} x {size[1]}, which makes {size[0] * size[1]:,}"
                )
        if channels not in (None, 1, 3):
            raise ValueError(
                f"channels must be 1 (grey), 3 (red, green, blue) or None. Received: {channels!r}"
            )
        self.size = size
        self.channels = channels
        self.largest = integer(largest, "largest")
        self.fit = one_of(fit, "fit", FITS)
        self.normalize = bool(normalize)
        self.mean = mean
        self.deviation = deviation
        self._compiled = {}  # functions of pictures, by name

    @property
    def shape(self):
        return (*self.size, self.channels) if self.size and self.channels else None

    @property
    def standardised_by(self):
        return (self.mean, self.deviation) if self.normalize else None

    @property
    def adapted(self):
        known = self.size is not None and self.channels is not None
        return known and (not self.normalize or self.mean is not None)

    # === Learning ===

    def _choose(self, sizes, coloured):
        """Sets what is not given of size and channels.

        Args:
            sizes: `collections.Counter` of `(height, width)`.
            coloured: Whether any picture has colours.
        """
        if not sizes:
            name = type(self).__name__
            raise ValueError(f"{name}.adapt needs at least one picture. Received: none")
        if self.size is None:
            height, width = min(sizes, key=lambda size: (-sizes[size], size))
            scale = min(1.0, self.largest / max(height, width))
            self.size = [max(1, round(height * scale)), max(1, round(width * scale))]
        if self.channels is None:
            self.channels = 3 if coloured else 1

    def _learn(self, batches):
        """Sets mean and deviation from pictures from 0 to 1, `[pictures, *shape]` a batch."""
        moments = Moments()
        for pictures in batches:
            moments.add(np.asarray(pictures).reshape(-1, self.channels))  # [pixels, channels]
        mean, deviation = moments.found()
        self.mean = mean.tolist()
        # A channel that hardly changes, by less than one of 255 levels, is only centred.
        self.deviation = np.where(deviation < 1 / 255, 1.0, deviation).tolist()

    # === Encoding ===

    def _fitted(self, pictures):
        """Pictures `[..., height, width, 1 or 3]` from 0 to 255 as `[..., *shape]` from 0 to 1."""
        if pictures.shape[-1] != self.channels:
            count = tf.shape(pictures)[-1]
            if self.channels == 1:
                pictures = tf.cond(
                    count == 3,
                    lambda: tf.reduce_sum(pictures * BRIGHTNESS, axis=-1, keepdims=True),
                    lambda: pictures,
                )
            else:
                repeats = [1] * (pictures.shape.rank - 1) + [3 // count]
                pictures = tf.tile(pictures, repeats)
        height, width = tf.unstack(tf.shape(pictures)[-3:-1])
        wanted = self.size
        if self.fit == "crop":  # the largest part in the middle with the wanted proportions
            tall = tf.cast(tf.round(width * wanted[0] / wanted[1]), tf.int32)
            wide = tf.cast(tf.round(height * wanted[1] / wanted[0]), tf.int32)
            tall, wide = tf.clip_by_value(tall, 1, height), tf.clip_by_value(wide, 1, width)
            top, left = (height - tall) // 2, (width - wide) // 2
            pictures = pictures[..., top : top + tall, left : left + wide, :]
            height, width = tall, wide
        pictures = tf.cond(
            (height == wanted[0]) & (width == wanted[1]),
            lambda: pictures,
            lambda: tf.image.resize(pictures, wanted, antialias=True),
        )
        pictures = tf.ensure_shape(pictures, [None] * (pictures.shape.rank - 3) + list(self.shape))
        return pictures * inverse(255)

    def _standardised(self, pictures):
        if not self.normalize:
            return pictures
        return (pictures - np.array(self.mean, "float32")) * inverse(self.deviation)

    # === Decoding ===

    def decode(self, values):
        """Encoded pictures back to pixels, to draw them.

        Args:
            values: `[batch, ..., *shape]`; NaN, as at the ends of padded videos, is left out.

        Returns:
            List of uint8 arrays `[..., *shape]`.
        """
        found = []
        for each in values:
            each = np.asarray(each, "float64")
            each = each[np.isfinite(each).all(axis=(-3, -2, -1))] if each.ndim > 3 else each
            if self.normalize:
                each = each * np.asarray(self.deviation) + np.asarray(self.mean)
            found.append(np.clip(np.round(255 * each), 0, 255).astype("uint8"))
        return found


def count_sizes(sizes):
    """`collections.Counter` of rows `(height, width)`, NumPy `[pictures, 2]`."""
    rows, counts = np.unique(np.asarray(sizes), axis=0, return_counts=True)
    return collections.Counter(
        {tuple(row): count for row, count in zip(rows.tolist(), counts.tolist(), strict=True)}
    )


def _positive(value):
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and value >= 1
