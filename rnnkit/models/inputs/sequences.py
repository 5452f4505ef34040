"""Where sequences enter a network: ids to vectors, numbers as they are, events as both."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.layers.events import EventEmbedding, Strand
from rnnkit.layers.frames import MaskedConv1D
from rnnkit.layers.missing import MissingToZero
from rnnkit.layers.word_embedding import WordEmbedding
from rnnkit.models.declared import measuring
from rnnkit.utils.idle import origin


def is_picture(feature):
    """Whether a feature gives single pictures, whose rows are a sequence."""
    return feature.shape is not None and not feature.sequence


def check_sequence(feature):
    """Raises a ValueError unless an input feature gives sequences of tokens or of numbers, or
    pictures."""
    if is_picture(feature):
        return
    if not feature.sequence or (feature.vocabulary_size is None and feature.width is None):
        raise ValueError(
            "input_feature must give sequences of tokens, such as Text, of numbers, such as "
            "Events, Strokes or Series, or pictures, as Image does. "
            f"Received: {type(feature).__name__}"
        )


def check_vectors(feature, trained, pull):
    """Refuses options of word vectors for a feature that has none."""
    if feature.vectors is None and (not trained or pull):
        raise ValueError(
            "train_vectors and vector_pull are for word vectors that the input_feature brings "
            f"along, as Text(vectors='glove.txt') does. Received: train_vectors={trained!r}, "
            f"vector_pull={pull!r} with {type(feature).__name__} without vectors"
        )


def token_embedding(
    feature, size, seed, name="embedding", trained=True, pull=0.0, token_dropout=0.0
):
    """The layer from token ids to vectors, which masks the padding.

    Args:
        feature: Adapted feature of tokens. With word vectors the layer begins as these.
        size: Size of the vectors, where the feature has none.
        seed: Integer, or None.
        name: Name of the layer.
        trained, pull: Of a feature with word vectors, as in `rnnkit.layers.WordEmbedding`.
        token_dropout: Of one with word vectors, the `dropout` of that layer; of others tokens are
            dropped before it.
    """
    if (given := feature.vectors) is not None:
        if origin.get() != "file":
            given.check("input_feature")
        layer = WordEmbedding(
            feature.vocabulary_size - given.beyond,
            given.size,
            given.beyond,
            trained=trained,
            pull=pull,
            dropout=token_dropout,
            kept=given.kept,
            seed=seed,
            name=name,
        )
        if given.values is not None and not measuring.get():
            layer.start_from(given.values)
        return layer
    return embedding(feature.vocabulary_size, size, seed, name)


def embedding(tokens, size, seed, name):
    """The layer from as many token ids to vectors, which masks the padding."""
    return keras.layers.Embedding(
        tokens,
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


def rows(feature):
    """The input of a feature of pictures, and its rows as a sequence of numbers.

    Args:
        feature: Adapted feature with `shape`.

    Returns:
        The pair of the Keras input `[batch, height, width, channels]` and a list of one sequence
        `[batch, height, width * channels]`.
    """
    height, width, channels = feature.shape
    inputs = keras.Input(feature.shape, name="image")
    return inputs, [keras.layers.Reshape((height, width * channels), name="rows")(inputs)]


def convolution(filters, kernel_size, seed):
    """A layer of features of neighbouring steps, in their order and masked as before."""
    return MaskedConv1D(
        filters,
        kernel_size,
        activation="relu",
        kernel_initializer=keras.initializers.HeNormal(seed=seed),
        name="convolution",
    )


def within_data(feature, tokens):
    """Ids of tokens in which those of words beyond the data are the unknown one, for weights that
    are trained for the words of the data alone; and how many these are."""
    if feature.vectors is None:
        return tokens, feature.vocabulary_size
    size = feature.vocabulary_size - feature.vectors.beyond
    return ops.where(tokens < size, tokens, 1), size


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
