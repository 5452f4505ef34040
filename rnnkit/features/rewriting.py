"""Rules that rewrite texts, the longest that fits from the left on, as TensorFlow operations."""

import numpy as np
import tensorflow as tf


class Rules:
    """What becomes of which characters, as a SentencePiece model has it.

    Args:
        units: Double array of what is replaced, int64 `[units]`.
        replacements: What is put, bytes, each ended by a zero.

    Reference:
        Aoe, "An efficient digital search algorithm by using a double-array structure", IEEE
        Transactions on Software Engineering 15, 1989; the units are those of Darts-clone,
        https://github.com/s-yata/darts-clone.
    """

    def __init__(self, units, replacements):
        self.units, self.replacements = units, replacements

    @classmethod
    def of(cls, charsmap):
        """The rules of a `precompiled_charsmap`, or None where it is empty."""
        if not charsmap:
            return None
        size = int(np.frombuffer(charsmap[:4], "<u4")[0])
        units = np.frombuffer(charsmap[4 : 4 + size], "<u4").astype("int64")
        return cls(units, charsmap[4 + size :])

    def apply(self, texts):
        """Texts `[batch]` in which from the left on the longest rule is applied everywhere."""
        signs = tf.strings.bytes_split(texts)  # [batch, (bytes)]
        rows, flat = signs.value_rowids(), signs.flat_values
        codes = tf.cast(codes_of(flat), tf.int64)  # [bytes]
        ends = tf.gather(signs.row_limits(), rows)  # [bytes]
        length, value = self._longest(codes, ends)
        # Without a rule a character stays: one to four bytes, as the first one says.
        width = tf.searchsorted(tf.constant([0xC0, 0xE0, 0xF0], tf.int64), codes, side="right") + 1
        total = tf.size(codes, tf.int64)
        after = tf.where(length > 0, length, tf.cast(width, tf.int64)) + tf.range(total)
        starts = reached(tf.minimum(after, ends), signs.row_starts(), total)
        ruled = tf.gather(length > 0, _latest(starts))
        names, index = self._texts()
        put = tf.gather(tf.constant(names), tf.gather(tf.constant(index), value))
        result = tf.where(ruled, tf.where(starts, put, ""), flat)
        return tf.strings.reduce_join(signs.with_values(result), axis=1)

    def _texts(self):
        """What the rules put: the texts, and for each offset the number of its text."""
        offsets = np.unique(self.units[self.units >> 31 == 1] & 0x7FFFFFFF)
        names = [
            self.replacements[at : self.replacements.index(b"\0", at)] for at in offsets.tolist()
        ]
        index = np.zeros(len(self.replacements) + 1, "int32")
        index[offsets] = np.arange(len(offsets))
        return names, index

    def _longest(self, codes, ends):
        """For each byte the length of the longest rule that begins there, or 0, and its value."""
        units = tf.constant(self.units)
        total = tf.size(codes, tf.int64)

        def offset(unit):
            shift = tf.bitwise.right_shift(tf.bitwise.bitwise_and(unit, 512), 6)
            return tf.bitwise.left_shift(tf.bitwise.right_shift(unit, 10), shift)

        def body(step, node, alive, length, value):
            place = tf.range(total) + step
            alive &= place < ends
            code = tf.gather(codes, tf.minimum(place, total - 1))
            node = tf.bitwise.bitwise_xor(node, code)
            alive &= node < tf.size(units, tf.int64)
            node = tf.where(alive, node, 0)
            unit = tf.gather(units, node)
            alive &= tf.bitwise.bitwise_and(unit, 0x800000FF) == code
            node = tf.bitwise.bitwise_xor(node, offset(unit))
            leaf = alive & (tf.bitwise.bitwise_and(unit, 256) > 0)
            found = tf.gather(units, tf.where(leaf, node, 0))
            value = tf.where(leaf, tf.bitwise.bitwise_and(found, 0x7FFFFFFF), value)
            return step + 1, node, alive, tf.where(leaf, step + 1, length), value

        zeros = tf.zeros_like(codes)
        first = (tf.constant(0, tf.int64), zeros + offset(units[0]), zeros == 0, zeros, zeros)
        *_, length, value = tf.while_loop(
            lambda _, node, alive, *rest: tf.reduce_any(alive), body, first
        )
        return length, value


def codes_of(signs):
    """Strings `[bytes]` of one byte each as numbers."""
    return tf.reshape(tf.io.decode_raw(signs, tf.uint8), [-1])


def reached(after, starts, total):
    """Which places are come to from some, going on from each to the one after it.

    Args:
        after: int64 `[total]`, greater than each place itself.
        starts: int64 `[starts]`.
        total: Number of places; what is there or beyond is no place.

    Returns:
        Boolean `[total]`. The steps are doubled, so that there are few.
    """
    reached = tf.scatter_nd(starts[:, None], tf.ones_like(starts), [total + 1]) > 0
    jump = tf.concat([after, [total]], axis=0)

    def body(reached, jump):
        there = tf.cast(tf.where(reached)[:, 0], tf.int64)
        there = tf.gather(jump, there)[:, None]
        more = tf.scatter_nd(there, tf.ones_like(there[:, 0]), [total + 1]) > 0
        return reached | more, tf.gather(jump, jump)

    reached, _ = tf.while_loop(lambda _, jump: tf.reduce_any(jump < total), body, (reached, jump))
    return reached[:-1]


def _latest(flags):
    """For each place the last one up to it that is flagged, int32."""
    which = tf.cast(tf.where(flags)[:, 0], tf.int32)
    return tf.gather(which, tf.cumsum(tf.cast(flags, tf.int32)) - 1)
