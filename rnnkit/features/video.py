"""The feature for videos: a sequence of pictures of one size."""

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
from rnnkit.features.pixels import Pixels
from rnnkit.formats import pictures


@keras.saving.register_keras_serializable(package="rnnkit")
class Video(Pixels):
    """A clip as a sequence of pictures, standardised, all of one size.

    A raw clip is a uint8 array `[frames, height, width, channels]`. Clips may differ in their
    frames; in height and width those of one data set are alike. Frames are turned to grey or to
    colours, resized as `fit` says, scaled to 0..1 and standardised by channel. At the ends of
    shorter clips of a batch is NaN.

    Frames that are vectors already, such as the joints of a skeleton, are a `Series`.

    Args:
        size: Pair of height and width in pixels, or one integer for both; up to 2048 x 2048 pixels
            in all. By default `adapt` takes that of the clips, made smaller where a side is longer
            than `largest`.
        channels: 1 for grey, 3 for red, green and blue; by default `adapt` takes 3 if any training
            clip has colours.
        largest: Longest side that `adapt` chooses.
        fit: `"stretch"` or `"crop"`; see `Image`.
        normalize: Whether channels are standardised; if not, values are from 0 to 1.
        mean: Learned mean of each channel, list of floats.
        deviation: Learned standard deviation of each channel, list of floats.

    Attributes:
        shape: Height, width and channels of an encoded frame.

    Raises:
        ValueError: From `to_tensor` and `check` for clips without frames, and for what is no clip.

    Example:

    >>> clip = np.stack([np.zeros((8, 6), "uint8"), np.full((8, 6), 255, "uint8")])
    >>> video = Video().adapt([clip])
    >>> video.encode(video.to_tensor([clip])).shape
    TensorShape([1, None, 8, 6, 1])
    """

    raw_spec = tf.TensorSpec((None, None, None, None), tf.uint8)
    sequence = True
    padding = float("nan")

    # === Learning ===

    def adapt(self, data):
        """Learns size and channels where they are not given, and each channel's moments.

        Args:
            data: Raw clips in any form; see `to_tensor`. Or a `tf.data.Dataset` of uint8 arrays.

        Returns:
            The feature itself.
        """
        data = data if isinstance(data, tf.data.Dataset) else self.to_tensor(data)
        if self.size is None or self.channels is None:
            sizes, coloured = collections.Counter(), False
            for values in self.batches(data):
                frames = _frames(values)
                sizes[tuple(frames.shape[1:3])] += len(frames)
                coloured |= bool(tf.reduce_any(frames != frames[..., :1]))
            self._choose(sizes, coloured)
        self.mean = self.deviation = None
        if self.normalize:
            self._learn(self._scaled(_frames(values)) for values in self.batches(data))
        return self

    def _scaled(self, frames):
        return self._fitted(tf.cast(frames, tf.float32))  # [frames, *shape]

    # === Raw values ===

    def check_spec(self, spec):
        super().check_spec(spec)
        if None in spec.shape[-3:]:
            raise ValueError(
                "Video takes clips whose height, width and channels are known, such as after "
                "`dataset.map(lambda x, y: (tf.ensure_shape(x, [None, 64, 64, 3]), y))`. "
                f"Received: elements of shape {spec.shape}"
            )

    def to_tensor(self, values):
        """Converts clips in any form to a batch.

        Args:
            values: List of clips, each an array (or nested list) of whole numbers from 0 to 255,
                `[frames, height, width]` or `[frames, height, width, channels]`, or the path or
                the bytes of an animated GIF; one such array for several clips; or one clip. See
                `holds_one`.

        Returns:
            RaggedTensor uint8 `[batch, (frames), height, width, channels]`.

        Raises:
            ValueError: For what is no clip, clips without frames, and frames of different sizes.
                The message names the position.
        """
        if isinstance(values, tf.RaggedTensor):
            return tf.cast(values, tf.uint8)
        refuse_single(values, "Video", "clips", "clip")
        values = values.numpy() if isinstance(values, tf.Tensor) else values
        values = [values] if self.holds_one(values) else values
        clips = read_each(values, pictures.frames, "Video cannot take clip")
        if not clips:
            shape = self.shape if self.size and self.channels else (1, 1, 1)
            return tf.RaggedTensor.from_row_lengths(np.zeros((0, *shape), "uint8"), [])
        size = clips[0].shape[1:3]
        for index, clip in enumerate(clips):
            if clip.shape[1:3] != size:
                raise ValueError(
                    f"Video takes clips whose frames are of one size; clip 0 has {size[0]} x "
                    f"{size[1]} pixels. Received: {clip.shape[1]} x {clip.shape[2]} in clip {index}"
                )
        if len({clip.shape[3] for clip in clips}) > 1:  # grey beside colours
            clips = [clip if clip.shape[3] == 3 else np.repeat(clip, 3, axis=3) for clip in clips]
        return tf.RaggedTensor.from_row_lengths(np.concatenate(clips), [len(c) for c in clips])

    def holds_one(self, values):
        """Whether values are one clip: the bytes or the path of a GIF, or an array or nested list
        of numbers `[frames, height, width]` or `[frames, height, width, channels]`. Of four axes it
        is one clip if the last is 1, 3 or 4, else clips `[clips, frames, height, width]`."""
        shape = shape_of_numbers(values) or ()
        one = len(shape) == 3 or (len(shape) == 4 and shape[-1] in (1, 3, 4))
        return one or without_axes(values)

    # === Encoding ===

    def encode(self, values, truncate=True):
        """Clips `[batch, (frames), ...]`, ragged or not, to float32 `[batch, (time), *shape]`."""
        del truncate
        frames = self._standardised(self._scaled(_frames(values)))
        if isinstance(values, tf.RaggedTensor):
            return tf.RaggedTensor.from_row_splits(frames, values.row_splits, validate=False)
        shape = tf.shape(values, tf.int64)
        lengths = tf.repeat(shape[1], shape[0])
        return tf.RaggedTensor.from_row_lengths(frames, lengths, validate=False)

    def check(self, values, encoded):
        lengths = encoded.row_lengths().numpy()
        if (lengths == 0).any():
            raise ValueError(
                f"A clip must have at least one frame. Received: clip {int(np.argmin(lengths))} "
                "without any"
            )


def _frames(values):
    """The frames of all clips, uint8 `[frames, height, width, channels]`."""
    if isinstance(values, tf.RaggedTensor):
        return values.values
    return tf.reshape(values, tf.concat([[-1], tf.shape(values)[2:]], axis=0))
