"""Where a network with an output a step reads its sequences: words, tokens, numbers, pictures."""

from rnnkit.models.inputs import sequences as entrance
from rnnkit.models.inputs import words as words_input
from rnnkit.models.inputs.frames import frame_vectors


def read(
    feature,
    seeds,
    embedding_size,
    character_embedding_size,
    character_filters,
    token_dropout,
    frame_filters,
    frame_units,
    frame_differences,
):
    """The input of a feature of sequences, and the masked vectors of its steps.

    Args:
        feature: Adapted feature. Features of pictures have a `shape`, those of numbers no
            vocabulary.
        seeds: Gives a seed for each layer, by `next()`.
        embedding_size, character_embedding_size, character_filters, token_dropout: Of words and
            tokens; see `words_input.read`.
        frame_filters, frame_units, frame_differences: Of pictures; see
            `frame_inputs.frame_vectors`.

    Returns:
        The pair of the Keras input `[batch, time, ...]` and a tensor `[batch, time, features]`.
    """
    if feature.shape is not None:
        return frame_vectors(
            feature, seeds, frame_filters, frame_units, differences=frame_differences
        )
    if feature.vocabulary_size is None:
        inputs, (x,) = entrance.numbers(feature, embedding_size, seeds)
        return inputs, x
    return words_input.read(
        feature,
        seeds,
        embedding_size,
        token_dropout,
        character_embedding_size,
        character_filters,
    )
