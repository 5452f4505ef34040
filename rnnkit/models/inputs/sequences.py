"""Where sequences enter a network: ids to vectors, numbers as they are, events as both."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed
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
    """A layer of features of neighbouring steps, in their order and masked as before."""
    return MaskedConv1D(
        filters,
        kernel_size,
        activation="relu",
        kernel_initializer=keras.initializers.HeNormal(seed=seed),
        name="convolution",
    )


# === Raw and encoded sequences ===


def holds_one_sequence(feature, x):
    """Whether raw input of a feature is one sequence rather than several."""
    return not isinstance(x, (Encoded, Streamed)) and feature.holds_one(x)


def weights_of_steps(feature, x, sample_weight):
    """Sample weights beside raw sequences: those of steps as an array `[sequences, time]`, or
    ragged.

    Args:
        feature: The input feature.
        x: Raw input: one sequence or several, of any lengths.
        sample_weight: Weights of the sequences or of their steps, or None.
    """
    if sample_weight is None or isinstance(x, tf.data.Dataset):
        return sample_weight
    if holds_one_sequence(feature, x):
        sample_weight = [np.ravel(sample_weight)]
    elif not isinstance(sample_weight, (list, tuple)) and np.ndim(sample_weight) != 1:
        return sample_weight
    ranks = {np.ndim(each) for each in sample_weight}
    if ranks != {1}:  # a number a sequence, or what is refused as no number
        return sample_weight
    rows = [np.asarray(each, "float32") for each in sample_weight]
    if len(rows) > 1 and len(set(map(len, rows))) == 1:
        return np.stack(rows)  # perhaps padded
    return tf.RaggedTensor.from_row_lengths(np.concatenate(rows), list(map(len, rows)))


def in_memory(data, method):
    """Raises a ValueError for a stream of data, naming the method that was called with it."""
    if isinstance(data, Streamed):
        raise ValueError(
            f"{method} needs data that ends and fits in memory: pass a part of it, such as "
            "`data.take(1_000)`. Received: a dataset that is endless or too large"
        )
    return data
