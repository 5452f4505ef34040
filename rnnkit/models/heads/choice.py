"""Which head a decoder has."""

from rnnkit.models.heads.keys import KeyHead
from rnnkit.models.heads.tokens import TokenHead
from rnnkit.models.heads.values import ValueHead


def head_of(feature, embedding_size, tied, token_dropout, seeds):
    """The head of a decoder whose targets have a feature.

    Args:
        feature: Adapted feature of the targets.
        embedding_size: Size of the vectors that the decoder reads.
        tied, token_dropout: Of tokens; see `TokenHead`.
        seeds: `rnnkit.utils.seeds.Seeds`.

    Raises:
        ValueError: If the feature gives no sequences of tokens or numbers.
    """
    if not feature.sequence or (feature.vocabulary_size is None and feature.width is None):
        raise ValueError(
            "output_feature must give sequences, such as Text, Subwords, Series or Strokes. "
            f"Received: {type(feature).__name__}"
        )
    if feature.vocabulary_size is not None:
        return TokenHead(feature, embedding_size, tied, token_dropout, seeds)
    head = ValueHead if feature.keys is None else KeyHead
    return head(feature.width, embedding_size, seeds)
