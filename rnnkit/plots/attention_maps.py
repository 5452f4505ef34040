"""Plots of attention; see `rnnkit.plots`, which has these functions too."""

import numpy as np
import tensorflow as tf

from rnnkit.models.generating.base import Generating
from rnnkit.plots.drawing import new_axes
from rnnkit.plots.pictures import grid

SPACE = "\u2581"  # how subwords write a space


def attention(model, x, ax=None, **options):
    """What the decoder attended to when it generated each token: a heat map.

    Args:
        model: A model with attention, such as `EncoderDecoder`.
        x: One raw input: a text, or what else the model's input feature takes. A picture is drawn
            by `image_attention`.
        ax: Matplotlib Axes to draw on, or None for new ones.
        **options: Of decoding, as in `model.infer`.

    Returns:
        The Axes: a row for each token generated, a column for each token (or step) of the source.
        Each row adds up to 1.

    Raises:
        ValueError: If the model has no attention.

    Example:

    >>> rnnkit.plots.attention(model, "The little girl sees the black cats.")
    """
    if not _attends(model):
        raise ValueError(
            "attention needs a model that has it, such as EncoderDecoder(attention='additive'). "
            f"Received: {type(model).__name__}"
        )
    if model.input_feature.shape is not None:
        return image_attention(model, x, ax, **options)
    weights, words = _inferred(model, x, options)  # [target, source]
    if not words:
        weights, words = np.zeros((1, weights.shape[1])), ["(nothing)"]
    texts = model.input_feature.shows_tokens and isinstance(x, str)
    rows, columns = weights.shape
    size = (min(12, 2.2 + 0.38 * columns if texts else 8), min(10, 1.6 + 0.32 * rows))
    ax = new_axes(ax, size)
    image = ax.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto", origin="upper")
    ax.set_yticks(range(len(words)), words)
    ax.set_ylabel("generated")
    if texts:
        pieces = token_labels(model.input_feature.pieces(x))[:columns]
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


def image_attention(model, picture, ax=None, columns=6, **options):
    """A picture, and for each word generated of it what the decoder attended to.

    What a word was generated from stays as it is, the rest fades to white: the weights of the
    attention, as fractions of the largest of that word, interpolated between the cells of the grid.

    Args:
        model: A `Captioner` with attention to an `Image`.
        picture: One picture: an array of whole numbers from 0 to 255, or bytes or a path of an
            image file. It is drawn as the model sees it.
        ax: Matplotlib Axes to draw on, or None for new ones.
        columns: Pictures in a row, at most.
        **options: Of decoding, as in `model.infer`.

    Returns:
        The Axes: the picture alone first, then one for each word.

    Raises:
        ValueError: If the model has no attention to pictures, or what is given is no picture.

    Example:

    >>> rnnkit.plots.image_attention(model, "dog.jpg")
    """
    feature = model.input_feature
    if not _attends(model) or feature.shape is None:
        raise ValueError(
            "image_attention needs a model that attends to pictures, such as Captioner(Image(), "
            f"...). Received: {type(model).__name__} of {type(feature).__name__}"
        )
    weights, words = _inferred(model, picture, options)
    pixels = feature.decode(np.asarray(feature.encode(feature.to_tensor([picture]))))[0]
    # [words, rows, columns, 1]
    weights = weights.astype("float32").reshape(-1, *model.get_layer("grid").input.shape[1:3], 1)
    arrays = [pixels]
    for weight in tf.image.resize(weights, pixels.shape[:2]).numpy():  # [height, width, 1]
        kept = 0.1 + 0.9 * weight / weight.max()
        arrays.append(np.round(255 - kept * (255 - pixels)).astype("uint8"))
    return grid(arrays, ["", *words], None, ax, columns, "pictures")


def _attends(model):
    return isinstance(model, Generating) and model.decoder.attention is not None


def _inferred(model, x, options):
    """The attention `[tokens, source]` and the labels of the tokens of the best output."""
    result = model.infer([x], details=True, **options)[0]
    if isinstance(result, list):  # several outputs: the best
        result = result[0]
    feature, tokens = model.output_feature, result["tokens"]
    shown = feature.shows_tokens
    labels = token_labels(feature.tokens_of(tokens)) if shown else list(map(str, tokens))
    return np.asarray(result["attention"]), labels


def token_labels(pieces):
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
