"""The head of a decoder of numbers."""

import keras
import tensorflow as tf
from keras import ops

from rnnkit.losses.values import ValueErrors, ValuesAndEnd
from rnnkit.models.generating.value_decoding import ValueDecoding
from rnnkit.models.heads.base import Head, dense


class ValueHead(Head):
    """Steps of numbers; one more column says where a sequence starts, and where it ends.

    Read are the numbers of the step before and 1 where there is none; generated are the numbers of
    the step and the logit that it is the last.

    Args:
        width: Numbers in a step of the output feature.
        embedding_size: Size of the vectors that the decoder reads.
        seeds: `rnnkit.utils.seeds.Seeds`.
    """

    def __init__(self, width, embedding_size, seeds):
        self.width = width
        self.project = dense(embedding_size, seeds, "target_projection")
        self.values_output = dense(width + 1, seeds, "values_output")

    def input(self):
        shape = (None, self.width + 1)  # [batch, target, width + 1]
        return keras.Input(shape, dtype="float32", name="target")

    def read(self, steps):
        return self.project(steps)

    def generate(self, x, steps, output=None):
        """Numbers and the logit of the end `[batch, time, width + 1]`."""
        del steps, output
        return ops.cast(self.values_output(x), "float32")

    def defaults(self, label_smoothing=0.0):
        del label_smoothing  # refused by the model
        return ValuesAndEnd(), [ValueErrors(self.width)]

    def ended(self, targets):
        """Targets `[batch, (time), width]` with a column that is 1 at the last step, else 0."""
        if not isinstance(targets, tf.RaggedTensor):
            targets = tf.RaggedTensor.from_tensor(targets)
        rows = self._rows(targets)  # [steps, width]
        last = targets.row_splits[1:] - 1  # [batch]
        last = tf.boolean_mask(last, targets.row_lengths() > 0)[:, None]
        ends = tf.scatter_nd(last, tf.ones_like(last, rows.dtype), [tf.shape(rows, tf.int64)[0], 1])
        return targets.with_values(tf.concat([rows, ends], axis=1))

    def _rows(self, targets):
        return tf.cast(tf.reshape(targets.flat_values, [-1, self.width]), tf.float32)

    def before(self, targets):
        values = targets[..., :-1]  # [batch, time, width]
        return self.shifted(tf.where(tf.math.is_nan(values), tf.zeros_like(values), values))

    def shifted(self, values):
        """The steps before, and the column of starts `[batch, time, width + 1]`."""
        batch, time = tf.shape(values)[0], tf.shape(values)[1]
        starts = tf.one_hot(tf.zeros([batch], tf.int32), time)[..., None]  # [batch, time, 1]
        return tf.concat([tf.pad(values[:, :-1], [[0, 0], [1, 0], [0, 0]]), starts], axis=-1)

    def decoding(self, model):
        return ValueDecoding(model)
