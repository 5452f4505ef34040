"""What a decoder reads and writes where its target is which keys are down, step by step."""

import keras
import tensorflow as tf
from keras import ops

from rnnkit.layers.joint_binary import JointBinary
from rnnkit.losses.keys import KeyNats, KeysAndEnd

# Hidden units of the joint distribution, for each key.
UNITS_A_KEY = 10


class Keys:
    """Steps of keys; one more column says where a piece starts, and where it ends.

    Read are the keys of the step before and 1 where there is none. Written are, in training, the
    logits of the step's keys, each given those chosen before it, and the logit that it is the
    last: so the graph's input holds the keys of the step itself, too, after those of the step
    before. In decoding there are none yet: what is written is a context, from which `draw` chooses
    the keys one after the other.

    Args:
        width: Number of keys.
        embedding_size: Size of the vectors that the decoder reads.
        seeds: `rnnkit.utils.seeds.Seeds`.
    """

    numeric = True
    draws = True

    def __init__(self, width, embedding_size, seeds):
        self.width = width

        def dense(size, name):
            initializer = keras.initializers.GlorotUniform(seed=seeds.next())
            return keras.layers.Dense(size, kernel_initializer=initializer, name=name)

        self.project = dense(embedding_size, "target_projection")
        self.end = dense(1, "end_output")
        self.joint = JointBinary(UNITS_A_KEY * width, seed=seeds.next(), name="keys_output")

    def input(self):
        shape = (None, 2 * self.width + 1)  # [batch, target, before + start + own]
        return keras.Input(shape, dtype="float32", name="target")

    def read(self, steps):
        """Vectors `[batch, time, embedding]` of steps `[batch, time, width + 1 or more]`."""
        return self.project(steps[..., : self.width + 1])

    def write(self, x, steps, output=None):
        """Logits `[batch, time, width + 1]` of the steps' own keys and of the end.

        Steps without keys of their own (in decoding) give the context as it is.
        """
        if steps.shape[-1] == self.width + 1:
            return x
        keys = self.joint([x, steps[..., self.width + 1 :]])
        return ops.cast(ops.concatenate([keys, self.end(x)], axis=-1), "float32")

    def draw(self, x, seed, temperature, sample=True):
        """The keys of the next step, and whether it is the last.

        Args:
            x: Context `[batch, 1, embedding]`, as `write` gives it.
            seed: int32 `[2]`.
            temperature: Of drawing.
            sample: Whether to draw; if not, the likelier is taken each time.

        Returns:
            float32 `[batch, 1, width]`, and bool `[batch]`.
        """
        x = x[:, 0]
        noise = tf.fill([tf.shape(x)[0], self.width + 1], 0.5)
        if sample:
            noise = tf.random.stateless_uniform(tf.shape(noise), seed, 1e-7, 1 - 1e-7)
        keys = self.joint.sample(x, noise[:, :-1], temperature)
        chance = tf.sigmoid(tf.cast(self.end(x)[:, 0], tf.float32))  # the end has no temperature
        return keys[:, None], noise[:, -1] < chance

    def defaults(self, label_smoothing=0.0):
        """Loss and metrics."""
        del label_smoothing  # refused by the model
        return KeysAndEnd(), [KeyNats()]

    def ended(self, targets):
        """Targets int8 `[batch, (time), width]` with a column that is 1 at the last step."""
        rows = tf.reshape(targets.flat_values, [-1, self.width])
        last = targets.row_splits[1:] - 1  # [batch]
        last = tf.boolean_mask(last, targets.row_lengths() > 0)[:, None]
        shape = [tf.shape(rows, tf.int64)[0], 1]
        flags = tf.scatter_nd(last, tf.ones_like(last, rows.dtype), shape)
        return targets.with_values(tf.concat([rows, flags], axis=1))

    def before(self, targets):
        """What comes before each of a padded batch of targets, and its own keys."""
        own = tf.cast(tf.maximum(targets[..., :-1], 0), tf.float32)  # [batch, time, width]
        return tf.concat([self.shifted(own), own], axis=-1)

    def shifted(self, own):
        """The keys of the steps before, and the column of starts `[batch, time, width + 1]`."""
        first = tf.one_hot(tf.zeros([tf.shape(own)[0]], tf.int32), tf.shape(own)[1])[..., None]
        return tf.concat([tf.pad(own[:, :-1], [[0, 0], [1, 0], [0, 0]]), first], axis=-1)

    def prompted(self, decoder, steps, source):
        """A source that has read the beginnings of pieces.

        Args:
            decoder: `Decoder`.
            steps: int8 `[batch, time, width]`, padded with -1; rows may be empty.
            source: `Source` from which they are read.

        Returns:
            `Source` to go on from; its `tokens` are the step read next, `[batch, width + 1]`.
        """
        steps = tf.pad(steps, [[0, 0], [0, 1], [0, 0]], constant_values=-1)  # at least one step
        lengths = tf.reduce_sum(tf.cast(steps[..., 0] >= 0, tf.int32), axis=1)  # [batch]
        own = tf.cast(tf.maximum(steps, 0), tf.float32)
        before = self.shifted(own)
        # The last step is read by the first step of decoding. No row is masked altogether.
        mask = tf.sequence_mask(tf.maximum(lengths, 1), tf.shape(own)[1])
        first = source.states or decoder.zero_states(tf.shape(own)[0])
        _, last = decoder.whole(before, source._replace(states=first or None), mask)
        empty = (lengths == 0)[:, None]  # [batch, 1]
        states = [tf.where(empty, a, tf.cast(b, a.dtype)) for a, b in zip(first, last, strict=True)]
        last = tf.gather(own, tf.maximum(lengths - 1, 0), axis=1, batch_dims=1)  # [batch, width]
        starts = tf.cast(empty, tf.float32)
        tokens = tf.concat([tf.where(empty, 0.0, last), starts], axis=1)
        return source._replace(states=states, tokens=tokens)
