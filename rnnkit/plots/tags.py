"""Plots of tags; see `rnnkit.plots`, which has this function too."""

import numpy as np

from rnnkit.layers import CRF
from rnnkit.plots.drawing import SLANTED, new_axes


def transitions(model, ax=None):
    """Which tag a conditional random field likes to see after which: a heat map.

    Args:
        model: A built model with a `rnnkit.layers.CRF`, such as `Tagger(..., crf=True)`.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes: a row for each tag, a column for each that may follow it. The colour is the
        learned score of the pair, grey what decoding never gives.

    Raises:
        ValueError: If the model has no CRF.

    Example:

    >>> rnnkit.plots.transitions(model)
    """
    layer = next((each for each in getattr(model, "layers", []) if isinstance(each, CRF)), None)
    if layer is None:
        raise ValueError(
            "transitions needs a model with a CRF, such as Tagger(..., crf=True). "
            f"Received: {type(model).__name__}"
        )
    scores = np.asarray(layer.transitions)  # [tags, tags], row before column
    names = list(getattr(getattr(model, "output_feature", None), "classes", range(len(scores))))
    allowed = np.ones_like(scores, bool) if layer.allowed is None else np.array(layer.allowed[1])
    limit = max(float(np.abs(scores[allowed]).max(initial=0)), 1e-12)
    side = 2.6 + 0.36 * len(names)
    ax = new_axes(ax, (side + 1.0, side))
    ax.set_facecolor("0.85")
    image = ax.imshow(np.ma.masked_array(scores, ~allowed), cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set_xticks(range(len(names)), names, **SLANTED)
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("next tag (grey: never)")
    ax.set_ylabel("tag")
    ax.figure.colorbar(image, ax=ax, label="score of the transition")
    return ax
