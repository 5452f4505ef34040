"""What a decoder looks at; see `rnnkit.plots`, which has this function too."""

import numpy as np


def attention(model, x, ax=None, **options):
    """What the decoder attended to when it wrote each token: a heat map.

    Args:
        model: A model with attention, such as `EncoderDecoder`.
        x: One raw input: a text, or what else the model's input feature takes.
        ax: Matplotlib Axes to draw on, or None for new ones.
        **options: Of decoding, as in `model.infer`.

    Returns:
        The Axes: a row for each token written, a column for each token (or step) of the source.
        Each row adds up to 1.

    Raises:
        ValueError: If the model has no attention.

    Example:

    >>> rnnkit.plots.attention(model, "The little girl sees the black cats.")
    """
    from rnnkit.plots import _axes

    if getattr(model, "attention", None) is None:
        raise ValueError(
            "attention needs a model that has it, such as EncoderDecoder(attention='additive'). "
            f"Received: {type(model).__name__}"
        )
    result = model.infer([x], details=True, **options)[0]
    if isinstance(result, list):  # several outputs: the best
        result = result[0]
    weights = np.asarray(result["attention"])  # [target, source]
    words = _tokens(model.output_feature, result)
    texts = hasattr(model.input_feature, "pieces") and isinstance(x, str)
    rows, columns = max(1, len(weights)), weights.shape[1]
    size = (min(12, 2.2 + 0.38 * columns if texts else 8), min(10, 1.6 + 0.32 * rows))
    ax = _axes(ax, size)
    image = ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto", origin="upper")
    ax.set_yticks(range(len(words)), words)
    if texts:
        pieces = [_shown(piece) for piece in model.input_feature.pieces(x)][:columns]
        ax.set_xticks(range(len(pieces)), pieces, rotation=60, ha="left")
        ax.xaxis.tick_top()
    else:
        ax.set_xlabel("step of the source")
    ax.tick_params(length=0)
    ax.figure.colorbar(image, ax=ax, label="attention", shrink=0.8)
    return ax


def _tokens(feature, result):
    """The tokens written, as a person reads them."""
    if hasattr(feature, "tokens_of"):
        return [_shown(piece) for piece in feature.tokens_of(result["tokens"])]
    return [str(token) for token in result["tokens"]]


def _shown(piece):
    """A piece as a label: a space that is part of it is drawn as one, alone as a low line."""
    piece = piece.replace("\u2581", " ")
    return piece if piece.strip() else "\u2423"
