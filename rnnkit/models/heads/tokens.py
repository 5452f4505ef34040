"""What a decoder reads and writes: tokens, or numbers; of keys see `rnnkit.models.heads.keys`."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.decoding.search import GROUP, NEVER
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.losses.tokens import TokenAccuracy, TokenCrossEntropy
from rnnkit.losses.values import ValueErrors, ValuesAndEnd
from rnnkit.models.heads.keys import Keys


class Tokens:
    """Tokens of a feature, and after their ids `start` and `end`.

    Args:
        tokens: Number of ids of the output feature.
        embedding_size: Size of the token vectors.
        tied: Whether the output layer's weights are those of the embedding.
        token_dropout: Share of tokens replaced by the unknown token in training.
        seeds: `rnnkit.utils.seeds.Seeds`.
    """

    numeric = draws = False

    def __init__(self, tokens, embedding_size, tied, token_dropout, seeds):
        self.start, self.end, self.size = tokens, tokens + 1, tokens + 2
        self.tied = tied
        self.token_dropout = TokenDropout(token_dropout, seed=seeds.next(), name="target_tokens")
        self.embedding = token_embedding(
            self.size, embedding_size, tied, seeds.next(), "target_embedding"
        )

    def input(self):
        return keras.Input((None,), dtype="int32", name="target")  # [batch, target]

    def read(self, tokens):
        """Vectors `[batch, time, embedding]` of tokens `[batch, time]`."""
        return self.embedding(self.token_dropout(tokens))

    def write(self, x, tokens, output=None):
        """Logits `[batch, time, size]` from `[batch, time, embedding]`; by an `output`, those that
        it has."""
        del tokens
        if output is None:
            return self.embedding(x, reverse=True)
        kernel, bias = output
        logits = ops.matmul(x, ops.cast(kernel, x.dtype))  # [batch, time, places]
        return ops.cast(logits, "float32") + bias

    def output(self, barred):
        """What `write` is given for many single steps: made once, and faster than the layer.

        Args:
            barred: Ids that are never written.

        Returns:
            The weights `[embedding, places]` as they lie best in memory, and what is added to the
            logits `[places]`. The size is rounded up to what `rnnkit.decoding.search.top_k` likes.
        """
        more = -self.size % GROUP
        layer = self.embedding
        kernel = tf.transpose(layer.embeddings) if self.tied else layer.reverse_embeddings
        bias = np.pad(self.bias(barred), [0, more], constant_values=NEVER)
        return tf.pad(kernel, [[0, 0], [0, more]]), tf.constant(bias)

    def bias(self, barred):
        """What keeps ids from being written, to be added to logits: an array `[size]`."""
        bias = np.zeros(self.size, "float32")
        bias[barred] = NEVER
        return bias

    def defaults(self, label_smoothing=0.0):
        """Loss and metrics."""
        return TokenCrossEntropy(label_smoothing), [TokenAccuracy()]

    def ended(self, targets):
        """Ragged targets `[batch, (time)]` with the end token."""
        ends = tf.fill([targets.nrows(), 1], self.end)  # [batch, 1]
        return tf.concat([targets, ends], axis=1)

    def before(self, targets):
        """What comes before each of a padded batch of targets: teacher forcing."""
        first = tf.fill([tf.shape(targets)[0], 1], self.start)
        return tf.concat([first, targets[:, :-1]], axis=1)  # [batch, time]


class Values:
    """Steps of numbers; one more column says where a sequence starts, and where it ends.

    Read are the numbers of the step before and 1 where there is none; written are the numbers of
    the step and the logit that it is the last.

    Args:
        width: Numbers in a step of the output feature.
        embedding_size: Size of the vectors that the decoder reads.
        seeds: `rnnkit.utils.seeds.Seeds`.
    """

    numeric, draws = True, False

    def __init__(self, width, embedding_size, seeds):
        self.width = width

        def dense(size, name):
            initializer = keras.initializers.GlorotUniform(seed=seeds.next())
            return keras.layers.Dense(size, kernel_initializer=initializer, name=name)

        self.project = dense(embedding_size, "target_projection")
        self.values_output = dense(width + 1, "values_output")

    def input(self):
        shape = (None, self.width + 1)  # [batch, target, width + 1]
        return keras.Input(shape, dtype="float32", name="target")

    def read(self, values):
        """Vectors `[batch, time, embedding]` of steps `[batch, time, width + 1]`."""
        return self.project(values)

    def write(self, x, values, output=None):
        """Numbers and logit of the end `[batch, time, width + 1]`."""
        del values, output
        return ops.cast(self.values_output(x), "float32")

    def defaults(self, label_smoothing=0.0):
        """Loss and metrics."""
        del label_smoothing  # refused by the model
        return ValuesAndEnd(), [ValueErrors(self.width)]

    def ended(self, targets):
        """Targets `[batch, (time), width]` with a column that is 1 at the last step, else 0."""
        if not isinstance(targets, tf.RaggedTensor):
            targets = tf.RaggedTensor.from_tensor(targets)
        rows = tf.cast(tf.reshape(targets.flat_values, [-1, self.width]), tf.float32)
        last = targets.row_splits[1:] - 1  # [batch]
        last = tf.boolean_mask(last, targets.row_lengths() > 0)[:, None]
        flags = tf.scatter_nd(
            last, tf.ones_like(last, tf.float32), [tf.shape(rows, tf.int64)[0], 1]
        )
        return targets.with_values(tf.concat([rows, flags], axis=1))

    def before(self, targets):
        """What comes before each of a padded batch of targets: teacher forcing."""
        values = targets[:, :-1, :-1]  # [batch, time - 1, width]
        values = tf.where(tf.math.is_nan(values), tf.zeros_like(values), values)
        values = tf.pad(values, [[0, 0], [1, 0], [0, 0]])  # [batch, time, width]
        return tf.concat([values, self.first(tf.shape(values)[0], tf.shape(values)[1])], axis=-1)

    def first(self, batch, steps):
        """The column of starts `[batch, steps, 1]`: 1 at the first step, else 0."""
        return tf.one_hot(tf.zeros([batch], tf.int32), steps)[..., None]


def surface_of(feature, embedding_size, tied, token_dropout, seeds):
    """What a decoder whose target has a feature reads and writes."""
    if feature.vocabulary_size is not None:
        return Tokens(feature.vocabulary_size, embedding_size, tied, token_dropout, seeds)
    if feature.keys is not None:
        return Keys(feature.keys, embedding_size, seeds)
    return Values(feature.width, embedding_size, seeds)


def token_embedding(size, width, tied, seed, name):
    """An embedding of tokens that also gives logits, with the same weights or with others."""
    return keras.layers.ReversibleEmbedding(
        size,
        width,
        tie_weights=tied,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5, seed=seed),
        name=name,
    )
