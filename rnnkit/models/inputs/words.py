"""How a network reads sequences of words and their characters, or of tokens."""

import keras
from keras import ops

from rnnkit.features import Words
from rnnkit.layers.characters import CharacterFeatures
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.models.inputs.sequences import token_embedding


@keras.saving.register_keras_serializable(package="rnnkit")
class BesideWords(keras.layers.Layer):
    """Word vectors with those of the characters appended; the mask is that of the words."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        return ops.concatenate(inputs, axis=-1)

    def compute_mask(self, inputs, mask=None):
        return mask[0] if isinstance(mask, (list, tuple)) else mask


def read(
    feature,
    seeds,
    embedding_size=128,
    token_dropout=0.0,
    character_embedding_size=32,
    character_filters=64,
    train_vectors=True,
    vector_pull=0.0,
):
    """The input of a feature of words or tokens, and the masked vectors of its steps.

    Args:
        feature: Adapted `Words`, or a feature of tokens such as `Text`.
        seeds: Gives a seed for each layer, by `next()`.
        embedding_size: Size of the vectors of words or tokens.
        token_dropout: Fraction of the words read in training as if the data did not have them: as
            the unknown one, or with word vectors as that of the word; their characters stay.
        character_embedding_size: Size of the vectors of characters.
        character_filters: Features of the characters of a word; 0 reads none.
        train_vectors, vector_pull: Of a feature with word vectors, see
            `rnnkit.layers.WordEmbedding`.

    Returns:
        The pair of the Keras input, `[batch, time, 1 + characters]` or `[batch, time]`, and a
        tensor `[batch, time, embedding_size + character_filters]`.
    """
    spelled = isinstance(feature, Words)
    if spelled:
        length = feature.max_word_length
        inputs = keras.Input((None, 1 + length), dtype="int32", name="words")
        tokens = inputs[..., 0]  # [batch, time]
    else:
        length, inputs = 0, keras.Input((None,), dtype="int32", name="tokens")
        tokens = inputs
    drop_tokens = TokenDropout(token_dropout, seed=seeds.next(), name="token_dropout")
    if feature.vectors is None:  # else words with a vector are known, and remain so
        tokens = drop_tokens(tokens)
    x = token_embedding(
        feature,
        embedding_size,
        seeds.next(),
        trained=train_vectors,
        pull=vector_pull,
        token_dropout=token_dropout,
    )(tokens)  # [batch, time, embedding]
    if length and character_filters:
        characters = CharacterFeatures(
            feature.alphabet_size,
            character_embedding_size,
            character_filters,
            seed=seeds.next(),
            name="characters",
        )(inputs[..., 1:])  # [batch, time, filters]
        x = BesideWords(name="words_and_characters")([x, characters])
    return inputs, x
