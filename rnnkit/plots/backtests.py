"""The plot of a backtest; see `rnnkit.plots`, which has this function too."""

import numpy as np

from rnnkit.models.forecast.backtest import MODEL
from rnnkit.plots.drawing import COLOURS, finish, look


def backtest(report, score="mase", axes=None):
    """Errors by lead, of the model and of naive forecasts, and how often the intervals hold.

    Args:
        report: What `model.backtest` gives.
        score: Which score is above: `"mase"`, `"rmsse"`, `"smape"`, `"mae"` or `"crps"`.
        axes: Two Matplotlib Axes, or None for new ones.

    Returns:
        An array of the two Axes.

    Raises:
        ValueError: For another score, or another number of Axes.

    Example:

    >>> model.backtest(table).plot()
    """
    leads = report.by_lead()
    known = [name for name in leads[0][MODEL] if name not in ("interval", "coverage")]
    if score not in known:
        raise ValueError(f"score must be one of {known}. Received: score={score!r}")
    if axes is None:
        import matplotlib.pyplot as plt

        size = {"figsize": (6.4, 5.0), "layout": "constrained", "height_ratios": (3, 2)}
        axes = plt.subplots(2, sharex=True, **size)[1]
    axes = np.atleast_1d(axes)
    if len(axes) != 2:
        raise ValueError(f"axes must be two Axes. Received: {len(axes)}")
    steps = np.arange(1, len(leads) + 1)
    mark = {"marker": "o"} if len(leads) == 1 else {}
    for index, name in enumerate(leads[0]):
        values = [each[name][score] for each in leads]
        width = 2.5 if name == MODEL else 1.5
        axes[0].plot(steps, values, lw=width, label=name, **look(index), **mark)
    unit = " in own unit" if score in ("mae", "crps") else ""
    finish(axes[0], "", f"{score.upper()}{unit}", size=9)
    axes[0].set_ylim(bottom=0)
    held = [each[MODEL]["coverage"] for each in leads]
    axes[1].plot(steps, held, color=COLOURS[0], lw=2.5, label="intervals that hold", **mark)
    axes[1].axhline(report.level, color="black", ls="--", lw=1, label=f"wanted: {report.level:.0%}")
    axes[1].set_ylim(0, 1.05)
    finish(axes[1], "lead in steps", "fraction", whole=True, size=9)
    return axes
