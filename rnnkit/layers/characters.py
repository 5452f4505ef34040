"""Features of a word from its characters."""

import keras
from keras import ops

from rnnkit.layers.config import Configured


@keras.saving.register_keras_serializable(package="rnnkit")
class CharacterFeatures(Configured, keras.layers.Layer):
    """A vector for each word from its characters: a convolution, and its maximum over the word.

    Each filter detects a short piece, such as an ending or a capital after the start, anywhere in
    the word. All words of a batch are read at once.

    Args:
        alphabet_size: Number of character ids, padding (0) included.
        embedding_size: Size of the vectors of the characters.
        filters: Numbers in the vector of a word.
        kernel_size: Characters that each filter sees.
        dropout: Fraction of the character features dropped in training.
        seed: Integer, or None.

    Call arguments:
        inputs: Character ids `[batch, time, characters]`, right-padded with 0.
        training: Whether to drop features.

    Output shape: `[batch, time, filters]`; zeros for a word without characters.

    Example:

    >>> CharacterFeatures(30, filters=8)(keras.ops.ones((2, 5, 12), "int32")).shape
    TensorShape([2, 5, 8])

    Reference: Ma and Hovy 2016, "End-to-end sequence labeling via bi-directional
    LSTM-CNNs-CRF", section 2.1, https://arxiv.org/abs/1603.01354.
    """

    def __init__(
        self,
        alphabet_size,
        embedding_size=32,
        filters=64,
        kernel_size=3,
        dropout=0.0,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.alphabet_size = alphabet_size
        self.embedding_size = embedding_size
        self.filters = filters
        self.kernel_size = kernel_size
        self.dropout = dropout
        self.seed = seed

        def seeds(number):
            return None if seed is None else seed + number

        self.embedding = keras.layers.Embedding(
            alphabet_size,
            embedding_size,
            embeddings_initializer=keras.initializers.RandomUniform(-0.3, 0.3, seed=seeds(0)),
            dtype=self.dtype_policy,
            name="embedding",
        )
        self.drop = keras.layers.Dropout(dropout, seed=seeds(1), name="dropout")
        self.convolution = keras.layers.Conv1D(
            filters,
            kernel_size,
            padding="same",
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds(2)),
            dtype=self.dtype_policy,
            name="convolution",
        )

    def build(self, input_shape):
        self.embedding.build((None, input_shape[-1]))
        self.convolution.build((None, input_shape[-1], self.embedding_size))
        self.built = True

    def call(self, inputs, training=False):
        batch, time = ops.shape(inputs)[:2]
        length = inputs.shape[-1]
        flat = ops.reshape(inputs, (-1, length))  # [words, characters]
        valid = ops.expand_dims(ops.cast(flat != 0, self.compute_dtype), -1)
        x = self.embedding(flat) * valid  # [words, characters, embedding]; padding is 0
        x = self.convolution(self.drop(x, training=training))  # [words, characters, filters]
        # After the rectifier nothing is below the 0 of what is padding.
        x = ops.max(ops.relu(x) * valid, axis=1)  # [words, filters]
        return ops.reshape(x, (batch, time, self.filters))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)
