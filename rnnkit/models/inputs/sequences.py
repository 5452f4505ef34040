"""Where sequences enter a network: ids to vectors, numbers as they are, events as both."""

import keras

from rnnkit.layers.events import EventEmbedding, Strand
from rnnkit.layers.frames import MaskedConv1D
from rnnkit.layers.missing import MissingToZero


def check_sequence(feature):
    """Raises a ValueError unless an input feature gives sequences of tokens or of numbers."""
    if not feature.sequence or (feature.vocabulary_size is None and feature.width is None):
        raise ValueError(
            "input_feature must give sequences of tokens, such as Text, or of numbers, such as "
            f"Events, Strokes or Series. Received: {type(feature).__name__}"
        )


def token_embedding(feature, size, seed, name="embedding"):
    """The layer from token ids to vectors, which masks the padding."""
    return keras.layers.Embedding(
        feature.vocabulary_size,
        size,
        embeddings_initializer=keras.initializers.RandomUniform(-0.05, 0.05, seed=seed),
        mask_zero=True,
        name=name,
    )


def numbers(feature, embedding_size, seeds):
    """The input of a feature of numbers in time, and the sequences that a network reads of it.

    Args:
        feature: Adapted feature with `width` and NaN as padding. With `vocabulary_sizes` its first
            columns are ids, which become vectors; with `strands` each is a sequence of its own.
        embedding_size: Largest size of the vectors of a column of ids; see `EventEmbedding`.
        seeds: Gives a seed for each layer, by `next()`.

    Returns:
        The pair of the Keras input `[batch, time, width]` and a list of one sequence
        `[batch, time, features]` or more, masked.
    """
    inputs = keras.Input((None, feature.width), dtype=feature.dtype, name="series")
    sizes = feature.vocabulary_sizes
    # Under mixed precision, too, ids must stay whole.
    x = MissingToZero(name="missing", dtype="float32" if sizes else None)(inputs)
    if sizes:  # [batch, time, width] to [batch, time, vectors + numbers]
        x = EventEmbedding(sizes, embedding_size, seed=seeds.next(), name="embedding")(x)
    strands = feature.strands
    if strands == 1:
        return inputs, [x]
    return inputs, [
        Strand(4, index, strands, name=f"strand_{index}")(x) for index in range(strands)
    ]


def convolution(filters, kernel_size, seed):
    """A layer of features of neighbouring steps, each at its place and masked as before."""
    return MaskedConv1D(
        filters,
        kernel_size,
        activation="relu",
        kernel_initializer=keras.initializers.HeNormal(seed=seed),
        name="convolution",
    )
