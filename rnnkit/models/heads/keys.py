"""The head of a decoder whose target is which piano keys are down, step by step."""

import keras
import tensorflow as tf
from keras import ops

from rnnkit.layers.joint_binary import JointBinary
from rnnkit.losses.keys import KeyNats, KeysAndEnd
from rnnkit.models.generating.key_decoding import KeyDecoding
from rnnkit.models.heads.base import dense
from rnnkit.models.heads.values import ValueHead

# Hidden units of the joint distribution, for each key.
UNITS_A_KEY = 10


class KeyHead(ValueHead):
    """Steps of keys; one more column says where a piece starts, and where it ends.

    Read are the keys of the step before and 1 where there is none. Generated are, in training, the
    logits of the step's keys, each given those chosen before it, and the logit that it is the
    last: so the graph's input holds the keys of the step itself, too, after those of the step
    before. In decoding there are none yet: what is generated is a context, from which `sample`
    chooses the keys one after the other.

    Args:
        width: Number of keys.
        embedding_size: Size of the vectors that the decoder reads.
        seeds: `rnnkit.utils.seeds.Seeds`.
    """

    def __init__(self, width, embedding_size, seeds):
        self.width = width
        self.project = dense(embedding_size, seeds, "target_projection")
        self.end = dense(1, seeds, "end_output")
        self.joint = JointBinary(UNITS_A_KEY * width, seed=seeds.next(), name="keys_output")

    def input(self):
        shape = (None, 2 * self.width + 1)  # [batch, target, before + start + own]
        return keras.Input(shape, dtype="float32", name="target")

    def read(self, steps):
        return self.project(steps[..., : self.width + 1])

    def generate(self, x, steps, output=None):
        """Logits `[batch, time, width + 1]` of the steps' own keys and of the end.

        Steps without keys of their own (in decoding) give the context as it is.
        """
        del output
        if steps.shape[-1] == self.width + 1:
            return x
        keys = self.joint([x, steps[..., self.width + 1 :]])
        return ops.cast(ops.concatenate([keys, self.end(x)], axis=-1), "float32")

    def sample(self, x, seed, temperature, sample=True):
        """The keys of the next step, and whether it is the last.

        Args:
            x: Context `[batch, 1, embedding]`, as `generate` gives it.
            seed: int32 `[2]`.
            temperature: Of sampling.
            sample: Whether to sample; if not, the likelier is taken each time.

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
        del label_smoothing  # refused by the model
        return KeysAndEnd(), [KeyNats()]

    def _rows(self, targets):
        return tf.reshape(targets.flat_values, [-1, self.width])  # int8

    def before(self, targets):
        """What comes before each of a padded batch of targets, and its own keys."""
        own = tf.cast(tf.maximum(targets[..., :-1], 0), tf.float32)  # [batch, time, width]
        return tf.concat([self.shifted(own), own], axis=-1)

    def decoding(self, model):
        return KeyDecoding(model)
