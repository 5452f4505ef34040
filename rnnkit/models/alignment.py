"""Which targets can be aligned to the frames of their inputs, for connectionist temporal
classification."""

import warnings

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed, as_written


def count_frames(encoded, subsampling):
    """Frames that targets need, one for each token and one between equal neighbours; and have.

    Args:
        encoded: Tuple of the encoded inputs and targets, ragged `[batch, (time), ...]`.
        subsampling: Steps that become one frame.

    Returns:
        The pair of what each target needs and what its input gives, int64 `[batch]` each.
    """
    inputs, targets = encoded[:2]
    if isinstance(inputs, tf.RaggedTensor):
        steps = inputs.row_lengths()  # [batch]
    else:
        steps = tf.repeat(tf.shape(inputs, tf.int64)[1], tf.shape(inputs)[0])
    ids, rows = targets.flat_values, targets.value_rowids()  # [tokens]
    equal = (ids[1:] == ids[:-1]) & (rows[1:] == rows[:-1])
    repeats = tf.math.unsorted_segment_sum(tf.cast(equal, tf.int64), rows[1:], targets.nrows())
    return targets.row_lengths() + repeats, -(-steps // subsampling)


class Alignment:
    """Which targets can be aligned, and what becomes of the others.

    Args:
        subsampling: Steps that become one frame.
        impossible: `"raise"` or `"skip"`; see `rnnkit.models.CTC`.
        feature: The output feature, for messages.
    """

    def __init__(self, subsampling, impossible, feature):
        self.subsampling, self.impossible, self.feature = subsampling, impossible, feature

    def alignable(self, data, encode):
        """Prepared data whose targets can all be aligned.

        Args:
            data: `Encoded` or `Streamed`.
            encode: Function from a batch of raw examples to what the model sees of them.

        Returns:
            The data, with `impossible="skip"` without the targets that are too long.

        Raises:
            ValueError: With `impossible="raise"` if there are such targets, or if no others are
                left.
        """
        if isinstance(data, Streamed):
            if self.impossible == "raise":
                return data  # `guard` tests it as it comes

            @as_written
            def fits(*raw):
                encoded = encode(*(part[None] for part in raw))
                needed, frames = count_frames(encoded, self.subsampling)
                return needed[0] <= frames[0]

            return Streamed(data.dataset.filter(fits), data.encode, data.padding, data.checked)
        if len(data.tensors) < 2:
            return data
        needed, frames = (part.numpy() for part in count_frames(data.tensors, self.subsampling))
        bad = np.flatnonzero(needed > frames)
        if not len(bad):
            return data
        first = int(bad[0])
        target = self.feature.decode(data.tensors[1][first : first + 1].to_list())[0]
        message = (
            f"{len(bad):,} of {len(data):,} targets are too long for their inputs: the first, "
            f"example {first} (from 0), {target!r}, needs {needed[first]} frames, counting one "
            f"between equal neighbours, and its input gives {frames[first]}"
        )
        if self.impossible == "raise":
            raise ValueError(
                f"{message}. Make frames of fewer steps (subsampling={self.subsampling} here), or "
                "leave such examples out with impossible='skip'"
            )
        kept = np.flatnonzero(needed <= frames)
        if not len(kept):
            raise ValueError(f"{message}. None is left to train on")
        warnings.warn(f"{message}. They are left out.", stacklevel=4)
        tensors = tf.nest.map_structure(lambda each: tf.gather(each, kept), data.tensors)
        return Encoded(tensors, data.padding)

    def guard(self, encoded):
        """Encoded tensors with an assertion that all targets can be aligned, in graph mode."""
        if len(encoded) < 2 or self.impossible == "skip":
            return encoded
        needed, frames = count_frames(encoded, self.subsampling)
        test = tf.debugging.assert_less_equal(
            needed, frames, "The data holds a target that is too long for its input"
        )
        with tf.control_dependencies([test]):
            return (tf.identity(encoded[0]), *encoded[1:])
