"""The head of a decoder of tokens."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.decoding.search import GROUP, NEVER
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.losses.tokens import TokenAccuracy, TokenCrossEntropy
from rnnkit.models.declared import measuring
from rnnkit.models.generating.token_decoding import TokenDecoding
from rnnkit.models.heads.base import Head
from rnnkit.utils.idle import origin


class TokenHead(Head):
    """Tokens of a feature, and after their ids `start` and `end`.

    Args:
        feature: Adapted output feature of tokens. Where it has word vectors, those of its words
            begin as these.
        embedding_size: Size of the token vectors.
        tied: Whether the output layer's weights are those of the embedding.
        token_dropout: Fraction of tokens replaced by the unknown token in training.
        seeds: `rnnkit.utils.seeds.Seeds`.
    """

    def __init__(self, feature, embedding_size, tied, token_dropout, seeds):
        tokens = feature.vocabulary_size
        self.start, self.end, self.size = tokens, tokens + 1, tokens + 2
        self.tied = tied
        self.token_dropout = TokenDropout(token_dropout, seed=seeds.next(), name="target_tokens")
        self.embedding = token_embedding(
            self.size, embedding_size, tied, seeds.next(), "target_embedding"
        )
        if feature.vectors is not None:
            _begin(self.embedding, feature.vectors)

    def input(self):
        return keras.Input((None,), dtype="int32", name="target")  # [batch, target]

    def read(self, steps):
        return self.embedding(self.token_dropout(steps))

    def generate(self, x, steps, output=None):
        """Logits `[batch, time, size]`; with an `output` those that it has, `[.., columns]`."""
        del steps
        if output is None:
            return self.embedding(x, reverse=True)
        kernel, bias = output
        logits = ops.matmul(x, ops.cast(kernel, x.dtype))  # [batch, time, columns]
        return ops.cast(logits, "float32") + bias

    def output(self, barred):
        """What `generate` is given for many single steps: made once, and faster than the layer.

        Args:
            barred: Ids that are never generated.

        Returns:
            The weights `[embedding, columns]` as they lie best in memory, and what is added to the
            logits `[columns]`. The size is rounded up to what `rnnkit.decoding.search.top_k` likes.
        """
        more = -self.size % GROUP
        layer = self.embedding
        kernel = tf.transpose(layer.embeddings) if self.tied else layer.reverse_embeddings
        bias = np.pad(self.bias(barred), [0, more], constant_values=NEVER)
        return tf.pad(kernel, [[0, 0], [0, more]]), tf.constant(bias)

    def bias(self, barred):
        """What keeps ids from being generated, to be added to logits: an array `[size]`."""
        bias = np.zeros(self.size, "float32")
        bias[barred] = NEVER
        return bias

    def defaults(self, label_smoothing=0.0):
        return TokenCrossEntropy(label_smoothing), [TokenAccuracy()]

    def ended(self, targets):
        """Ragged targets `[batch, (time)]` with the end token."""
        ends = tf.fill([targets.nrows(), 1], self.end)  # [batch, 1]
        return tf.concat([targets, ends], axis=1)

    def before(self, targets):
        first = tf.fill([tf.shape(targets)[0], 1], self.start)
        return tf.concat([first, targets[:, :-1]], axis=1)  # [batch, time]

    def decoding(self, model):
        return TokenDecoding(model)


def token_embedding(size, width, tied, seed, name):
    """An embedding of tokens that also gives logits, with the same weights or with others."""
    return keras.layers.ReversibleEmbedding(
        size,
        width,
        tie_weights=tied,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5, seed=seed),
        name=name,
    )


def _begin(embedding, given):
    """Has an embedding of generated tokens begin as word vectors."""
    if given.beyond:
        raise ValueError(
            "output_feature must not know words beyond the data: nothing teaches to generate them. "
            f"Pass vector_words=0 with vectors. Received: {given.beyond:,} such words"
        )
    if given.size != embedding.output_dim:
        raise ValueError(
            f"embedding_size must be that of the output_feature's vectors, {given.size}. Received: "
            f"embedding_size={embedding.output_dim}"
        )
    if origin.get() != "file":
        given.check("output_feature")
    if given.values is None or measuring.get():  # the weights are those of a file
        return
    embedding.build((None, None))
    rows = np.array(embedding.embeddings.value)
    known = np.flatnonzero(np.any(given.values != 0, axis=1))
    spread = given.values[known].astype("float32").std()
    # Such vectors are longer than those that logits begin with.
    rows[known] = given.values[known].astype("float32") * (rows.std() / spread)
    embedding.embeddings.assign(rows)
