"""The plots of a backtest; see `rnnkit.plots`, which has these functions too."""

import numpy as np

from rnnkit.models.forecast.backtest import MODEL, Backtest
from rnnkit.plots.drawing import COLOURS, finish, look, new_axes


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
    finish(axes[0], "", f"{score.upper()}{unit}", above=True)
    axes[0].set_ylim(bottom=0)
    held = [each[MODEL]["coverage"] for each in leads]
    axes[1].plot(steps, held, color=COLOURS[0], lw=2.5, label="intervals that hold", **mark)
    axes[1].axhline(report.level, color="black", ls="--", lw=1, label=f"wanted: {report.level:.0%}")
    axes[1].set_ylim(0, 1.05)
    finish(axes[1], "lead in steps", "fraction", whole=True, above=True)
    return axes


def calibration(report, ax=None):
    """How often intervals held, against how often they were to hold.

    A point on the diagonal is an interval that keeps its promise. Above it intervals are wider than
    they need be, below it too narrow.

    Args:
        report: What `model.backtest` gives, or a dict of names to several of these.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes.

    Raises:
        ValueError: For anything else.

    Example:

    >>> rnnkit.plots.calibration(model.backtest(table))

    Reference:
        Gneiting, Balabdaoui and Raftery, "Probabilistic forecasts, calibration and sharpness",
        2007, https://doi.org/10.1111/j.1467-9868.2007.00587.x.
    """
    reports = report if isinstance(report, dict) else {MODEL: report}
    wrong = [each for each in reports.values() if not isinstance(each, Backtest)]
    if wrong or not reports:
        raise ValueError(
            "report must be what model.backtest gives, or a dict of names to such reports. "
            f"Received: {type(wrong[0]).__name__ if wrong else 'an empty dict'}"
        )
    from matplotlib.ticker import PercentFormatter

    ax = new_axes(ax, (6.4, 4.2))
    ax.plot([0, 1], [0, 1], color="black", ls="--", lw=1, label="as promised")
    for index, (name, each) in enumerate(reports.items()):
        rows = each.calibration()
        levels, held = ([row[key] for row in rows] for key in ("level", "coverage"))
        ax.plot(levels, held, lw=2, marker="o", ms=5, label=name, **look(index))
    corner = {"transform": ax.transAxes, "color": "0.4"}
    ax.text(0.04, 0.96, "too wide", ha="left", va="top", **corner)
    ax.text(0.96, 0.04, "too narrow", ha="right", va="bottom", **corner)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0, frameon=False)
    return finish(ax, "probability asked for", "intervals that held", legend=False)
