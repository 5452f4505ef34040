"""What a decoder looks at; see `rnnkit.plots`, which has this function too."""

import numpy as np

from rnnkit.plots.drawing import new_axes as _axes

SPACE = "\u2581"  # how subwords write a space


def attention(model, x, ax=None, **options):
    """What the decoder attended to when it wrote each token: a heat map.

    Args:
        model: A model with attention, such as `EncoderDecoder`.
        x: One raw input: a text, or what else the model's input feature takes. For a picture see
            `image_attention`, which is drawn then.
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
    if getattr(model, "attention", None) is None:
        raise ValueError(
            "attention needs a model that has it, such as EncoderDecoder(attention='additive'). "
            f"Received: {type(model).__name__}"
        )
    if model.input_feature.shape is not None:
        from rnnkit.plots.pictures import image_attention

        return image_attention(model, x, ax, **options)
    result = model.infer([x], details=True, **options)[0]
    if isinstance(result, list):  # several outputs: the best
        result = result[0]
    weights = np.asarray(result["attention"])  # [target, source]
    words = _tokens(model.output_feature, result)
    if not words:
        weights, words = np.zeros((1, weights.shape[1])), ["(nothing)"]
    texts = model.input_feature.shows_tokens and isinstance(x, str)
    rows, columns = weights.shape
    size = (min(12, 2.2 + 0.38 * columns if texts else 8), min(10, 1.6 + 0.32 * rows))
    ax = _axes(ax, size)
    image = ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto", origin="upper")
    ax.set_yticks(range(len(words)), words)
    ax.set_ylabel("written")
    if texts:
        pieces = _shown(model.input_feature.pieces(x))[:columns]
        labels = {"rotation": 60, "rotation_mode": "anchor", "ha": "left", "va": "center"}
        ax.set_xticks(range(len(pieces)), pieces, **labels)
        ax.xaxis.tick_top()
        ax.xaxis.set_label_position("top")
        ax.set_xlabel("source")
        # Lines between the cells: the eye follows them from a word to its cell.
        ax.set_xticks(np.arange(0.5, columns - 1), minor=True)
        ax.set_yticks(np.arange(0.5, rows - 1), minor=True)
        ax.grid(which="minor", color="#e0e0e0", linewidth=0.6)
    else:
        ax.set_xlabel("step of the source")
    ax.tick_params(which="both", length=0)
    ax.figure.colorbar(image, ax=ax, label="attention", shrink=0.8)
    return ax


def _tokens(feature, result):
    """The tokens written, as a person reads them."""
    if feature.shows_tokens:
        return _shown(feature.tokens_of(result["tokens"]))
    return [str(token) for token in result["tokens"]]


def _shown(pieces):
    """Pieces as labels: without their spaces; a subword within a word begins with a hyphen.

    A piece that is nothing but a space is a low line.
    """
    subwords = any(piece.startswith(SPACE) for piece in pieces)  # else whole words, or characters
    labels, before = [], ""
    for piece in pieces:
        label = piece.replace(SPACE, " ").strip()
        inside = subwords and before[-1:].isalnum() and piece[:1].isalnum()
        labels.append(("-" if inside else "") + label if label else "\u2423")
        before = piece
    return labels
