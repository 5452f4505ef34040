"""Plots of training and of searches; see `rnnkit.plots`, which has these functions too."""

import keras
import numpy as np

from rnnkit.metrics import direction
from rnnkit.plots.drawing import COLOURS, finish, look, new_axes
from rnnkit.training.stopping import kept_epoch
from rnnkit.tuning import TuningResult


def learning_curves(history, metric="loss", ax=None):
    """A metric by epoch, on training and validation data, the best epoch marked.

    The best epoch is that whose weights early stopping keeps, the best in what training watched
    (`val_loss` if not told otherwise). So it is one epoch in the curves of all metrics, also where
    another one is better in the metric shown. Where what was watched was not recorded, the epoch
    that is best in the metric shown is marked, and none where `rnnkit.metrics.direction` does not
    know which values of it are better.

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
    curves = history.history if isinstance(history, keras.callbacks.History) else history
    if not isinstance(curves, dict) or metric not in curves:
        known = sorted(curves) if isinstance(curves, dict) else type(history).__name__
        raise ValueError(f"history has no metric {metric!r}. Received: {known}")
    best = _best_epoch(history, curves, metric)
    ax = new_axes(ax)
    for index, (name, label) in enumerate(((metric, "training"), (f"val_{metric}", "validation"))):
        if name not in curves:
            continue
        values = np.asarray(curves[name], dtype="float64")
        epochs = np.arange(1, len(values) + 1)
        ax.plot(epochs, values, **look(index), marker="o", ms=4, label=label)
        if name.startswith("val_") and best is not None:
            ax.plot(epochs[best], values[best], "*", ms=14, color=COLOURS[2], label="best epoch")
    return finish(ax, "epoch", metric, whole=True)


def _best_epoch(history, curves, metric):
    """The index of the epoch to mark, or None."""
    settings = getattr(getattr(history, "model", None), "fit_defaults", {})
    best = kept_epoch(settings, curves)
    if best is not None:
        return best
    try:
        return kept_epoch({"monitor": f"val_{metric}", "mode": direction(metric)}, curves)
    except ValueError:  # a metric of the user's own
        return None


def tuning(result, ax=None):
    """The objective of each trial of a search, in the order they began, and the best so far.

    Of a search by folds the bars are the standard deviation between the folds.

    Args:
        result: What `recipe.tune` gave.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes.

    Raises:
        ValueError: For anything else.

    Example:

    >>> rnnkit.plots.tuning(recipe.tune(data, max_trials=20))
    """
    if not isinstance(result, TuningResult):
        raise ValueError(f"result must be what recipe.tune gave. Received: {type(result).__name__}")
    rows = sorted(result.table(), key=lambda row: row["trial"])
    done = [row for row in rows if row["status"] == "completed"]
    failed = [row["trial"] for row in rows if row["status"] != "completed"]
    trials, values = [row["trial"] for row in done], [row["objective"] for row in done]
    higher = result.direction == "max"
    best = (np.maximum if higher else np.minimum).accumulate(np.array(values, "float64"))
    ax = new_axes(ax)
    ax.plot(trials, values, "o", color=COLOURS[0], ms=5, label="trial")
    if done and "std" in done[0]:
        spread = {"fmt": "none", "ecolor": COLOURS[0], "elinewidth": 1, "capsize": 3}
        ax.errorbar(trials, values, [row["std"] for row in done], label="between folds", **spread)
    ax.step(trials, best, "-", where="post", color=COLOURS[2], label="best so far")
    if failed:  # below everything, as they have no value
        base = ax.get_xaxis_transform()
        ax.plot(failed, [0.02] * len(failed), "x", color="black", transform=base, label="failed")
    better = "higher" if higher else "lower"
    return finish(ax, "trial", f"{result.objective} ({better} is better)", whole=True, above=True)
