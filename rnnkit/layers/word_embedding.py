"""Ids of words as vectors, of which many were learned elsewhere."""

import keras
import numpy as np
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import integer, number, one_of

# Spread of the vectors of words that have none of their own, before anything is known.
SPREAD = 0.05


@keras.saving.register_keras_serializable(package="rnnkit")
class WordEmbedding(Configured, keras.layers.Layer):
    """Vectors of words that begin as given ones; those beyond the data are never trained.

    The first ids are the words of the training data. Their vectors are trained, from a given start
    where there is one, unless they are kept as they are. The ids after them are words for which
    there are vectors alone: so words that are never seen in training are told apart, too. Their
    vectors and the starts are kept as the type of the given values, which is half as large for
    `"float16"`.

    Args:
        words: Number of ids that are trained: padding, the unknown word, and the words of the data.
        size: Numbers in a vector.
        beyond: Number of ids after these.
        trained: Whether vectors that have a start are trained; if not, only those without one are.
        pull: How strongly the trained vectors are drawn to their start: this times the mean squared
            distance of the words of a batch is added to the loss.
        dropout: Fraction of the words that are read in training as if the data did not have them:
            as their start, or as the unknown word (id 1) where they have none. So what follows
            learns to read words beyond the data too, while the vectors of those of the data move.
        kept: Type of the values that are given: `"float16"` or `"float32"`.
        seed: Integer that fixes the vectors without a start, and which words are dropped, or None.

    Call arguments:
        inputs: Integer ids `[batch, time]`; 0 is padding, which is masked.
        training: Whether words are dropped, and the pull is added to the losses.

    Output shape: `[batch, time, size]`.

    Example:

    >>> layer = WordEmbedding(3, 2, beyond=1)
    >>> layer.start_from(np.array([[0, 0], [0, 0], [1, 2], [3, 4]], "float16"))
    >>> layer(np.array([[2, 3, 0]]))[0, :2].numpy()
    array([[1., 2.],
           [3., 4.]], dtype=float32)

    Reference: Pennington, Socher and Manning 2014, "GloVe: Global Vectors for Word
    Representation", https://aclanthology.org/D14-1162.
    """

    def __init__(
        self,
        words,
        size,
        beyond=0,
        trained=True,
        pull=0.0,
        dropout=0.0,
        kept="float16",
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.words = integer(words, "words", 2)
        self.size = integer(size, "size")
        self.beyond = integer(beyond, "beyond", least=0)
        self.trained = bool(trained)
        self.pull = number(pull, "pull", least=0)
        self.dropout = number(dropout, "dropout", least=0, below=1)
        self.kept = one_of(kept, "kept", ("float16", "float32"))
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed) if dropout else None
        self.supports_masking = True

    def build(self, input_shape=None):
        self.start = self.add_weight(
            shape=(self.words + self.beyond, self.size),
            initializer="zeros",
            dtype=self.kept,
            trainable=False,
            autocast=False,
            name="start",
        )
        self.embeddings = self.add_weight(
            shape=(self.words, self.size),
            initializer=keras.initializers.RandomUniform(-SPREAD, SPREAD, seed=self.seed),
            name="embeddings",
        )
        self.built = True

    def start_from(self, values):
        """Takes given vectors as the start; words without one get random ones like them.

        Args:
            values: Array `[words + beyond, size]`, zeros for a word without a vector.
        """
        if not self.built:
            self.build()
        if np.shape(values) != tuple(self.start.shape):
            raise ValueError(
                f"values must have the shape {tuple(self.start.shape)}. Received: "
                f"{np.shape(values)}"
            )
        known = np.any(values != 0, axis=1)
        spread = float(np.std(values[known].astype("float32")))
        own = ops.convert_to_numpy(self.embeddings.value) * (spread * 3**0.5 / SPREAD)
        self.start.assign(values)
        self.embeddings.assign(
            np.where(known[: self.words, None], values[: self.words].astype("float32"), own)
        )

    def call(self, inputs, training=False):
        ids = ops.cast(inputs, "int32")
        start = ops.cast(ops.take(self.start, ids, axis=0), self.compute_dtype)
        within = ids < self.words  # [batch, time]
        begun = ops.any(start != 0, axis=-1)  # [batch, time]
        fixed = ops.logical_not(within) if self.trained else begun
        own = ops.where(within, ids, 0)
        if training and self.dropout:
            noise = keras.random.uniform(ops.shape(ids), seed=self.seed_generator)
            dropped = noise < self.dropout
            fixed = ops.logical_or(fixed, ops.logical_and(dropped, begun))
            dropped = ops.logical_and(dropped, ops.logical_not(begun))
            own = ops.where(ops.logical_and(dropped, ids != 0), 1, own)
        own = ops.cast(ops.take(self.embeddings, own, axis=0), self.compute_dtype)
        if training and self.pull and self.trained:
            counts = ops.cast(ops.logical_and(begun, within), "float32")
            moved = ops.mean(ops.square(ops.cast(own - start, "float32")), axis=-1)
            total = ops.sum(moved * counts) / ops.maximum(ops.sum(counts), 1.0)
            self.add_loss(self.pull * total)
        return ops.where(fixed[..., None], start, own)  # [batch, time, size]

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.size)
