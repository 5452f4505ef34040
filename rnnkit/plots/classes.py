"""Plots of predicted classes; see `rnnkit.plots`, which has these functions too."""

import numpy as np

from rnnkit.plots.drawing import COLOURS, SLANTED, new_axes

# Letters of the names of classes that fit beside each other below a matrix.
LEVEL = 8


def confusion_matrix(model, data, y=None, normalize=True, ax=None):
    """How often each class is taken for each other.

    Args:
        model: A model whose target is a label.
        data: Raw data as in `model.score`.
        y: Raw targets, if `data` is not a dataset.
        normalize: Whether cells show fractions of the true class as well as counts.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes: a row for each true class, a column for each predicted one.

    Raises:
        ValueError: If the target is no label.
    """
    from sklearn.metrics import confusion_matrix as count_pairs

    if model.output_feature.target_type not in ("classes", "ordered"):
        raise ValueError(
            "confusion_matrix needs a model whose target is a Label. "
            f"Received: a target of {type(model.output_feature).__name__}"
        )
    names = model.output_feature.names
    encoded = model.prepare(data, y)
    truth = encoded.tensors[1].numpy()
    chosen = model.output_feature.decide(model.predict(encoded, verbose=0))
    counts = count_pairs(truth, chosen, labels=range(len(names)))
    totals = counts.sum(axis=1, keepdims=True)
    fractions = counts / np.maximum(totals, 1)
    side = max(3.2, 1.0 + 0.7 * len(names))
    ax = new_axes(ax, (side + 1.0, side))
    image = ax.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    for (row, column), fraction in np.ndenumerate(fractions):
        count = f"{counts[row, column]:,}"
        text = f"{fraction:.1%}\n({count})" if normalize else count
        ax.text(
            column, row, text, ha="center", va="center", fontsize=9,
            color="white" if fraction > 0.5 else "black",
        )  # fmt: skip
    slanted = max(len(str(name)) for name in names) > LEVEL
    ax.set_xticks(range(len(names)), names, **(SLANTED if slanted else {}))
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    ax.figure.colorbar(image, ax=ax, label="fraction of the true class")
    return ax


def probabilities(result, ax=None):
    """The probabilities of a label's classes, as `infer` gave them for one input.

    Args:
        result: One dict of `model.infer(...)`.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    if not isinstance(result, dict) or "probabilities" not in result:
        raise ValueError(f"result must be what infer gives for a label. Received: {result!r}")
    found = result["probabilities"]
    ax = new_axes(ax, (5.0, 0.7 + 0.4 * len(found)))
    names = list(found)[::-1]
    bars = ax.barh(names, [found[name] for name in names], color=COLOURS[0])
    ax.bar_label(bars, fmt="{:.1%}", padding=3)
    ax.set_xlim(0, 1.2)
    ax.set_xlabel("probability")
    return ax
