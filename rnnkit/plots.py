"""Pictures of training and of results. Every function draws on given Axes and returns them.

Colours are from matplotlib's "petroff10" cycle and the "viridis" and "Blues" maps, which readers
with any colour vision can tell apart; lines also differ in style.
"""

import numpy as np

COLOURS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300")
STYLES = ("-", "--", ":", "-.")


def _axes(ax, size=(6.0, 3.6)):
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def learning_curves(history, metric="loss", ax=None):
    """A metric by epoch, on training and validation data, its best epoch marked.

    Args:
        history: Keras `History` (what `fit` returned, or `model.history`), or its dict.
        metric: Name of the metric, such as `"loss"` or `"accuracy"`.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes.

    Raises:
        ValueError: If the history has no such metric.

    Example:

    >>> history = model.fit(data.train, validation_data=data.validation, epochs=5)
    >>> rnnkit.plots.learning_curves(history, "accuracy")
    """
    curves = getattr(history, "history", history)
    if not isinstance(curves, dict) or metric not in curves:
        known = sorted(curves) if isinstance(curves, dict) else type(history).__name__
        raise ValueError(f"history has no metric {metric!r}. Received: {known}")
    from rnnkit.models.fitting import direction

    ax = _axes(ax)
    for index, (name, label) in enumerate(((metric, "training"), (f"val_{metric}", "validation"))):
        if name not in curves:
            continue
        values = np.asarray(curves[name], dtype="float64")
        epochs = np.arange(1, len(values) + 1)
        ax.plot(epochs, values, STYLES[index], color=COLOURS[index], marker="o", ms=4, label=label)
        if name.startswith("val_"):
            best = (np.nanargmin if direction(metric) == "min" else np.nanargmax)(values)
            ax.plot(epochs[best], values[best], "*", ms=14, color=COLOURS[2], label="best epoch")
    ax.set_xlabel("epoch")
    ax.set_ylabel(metric)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def confusion_matrix(model, data, y=None, normalize=True, ax=None):
    """How often each class is taken for each other.

    Args:
        model: A model whose target is a label.
        data: Raw data as in `model.score`.
        y: Raw targets, if `data` is not a dataset.
        normalize: Whether cells show shares of the true class; counts otherwise.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    from sklearn.metrics import confusion_matrix as count_pairs

    names = getattr(model.output_feature, "names", None)
    if names is None:
        raise ValueError(
            "confusion_matrix needs a model whose target is a Label. "
            f"Received: a target of {type(model.output_feature).__name__}"
        )
    encoded = model.prepare(data, y)
    truth = encoded.tensors[1].numpy()
    chosen = model.predict(encoded, verbose=0).argmax(axis=-1)
    counts = count_pairs(truth, chosen, labels=range(len(names)))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    side = max(3.2, 1.0 + 0.7 * len(names))
    ax = _axes(ax, (side + 1.0, side))
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(names)):
        for column in range(len(names)):
            share = shares[row, column]
            count = f"{counts[row, column]:,}"
            text = f"{share:.1%}\n({count})" if normalize else count
            ax.text(
                column, row, text, ha="center", va="center", fontsize=9,
                color="white" if share > 0.5 else "black",
            )  # fmt: skip
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    ax.figure.colorbar(image, ax=ax, label="share of the true class")
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
    shares = result["probabilities"]
    ax = _axes(ax, (5.0, 0.7 + 0.4 * len(shares)))
    names = list(shares)[::-1]
    bars = ax.barh(names, [shares[name] for name in names], color=COLOURS[0])
    ax.bar_label(bars, fmt="{:.1%}", padding=3)
    ax.set_xlim(0, 1.2)
    ax.set_xlabel("probability")
    return ax
