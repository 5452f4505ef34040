"""The plot of anomalies; see `rnnkit.plots`, which has this function too."""

import numpy as np

from rnnkit.plots.drawing import COLOURS, dated, finish
from rnnkit.utils.messages import listed


def anomalies(report, series=None, axes=None):
    """Values with the intervals that they were expected in, and those outside.

    Args:
        report: What `model.anomalies` gives.
        series: Name of the series, where there are several.
        axes: Matplotlib Axes, one a target; None for new ones.

    Returns:
        The Axes, or for several targets an array of them.

    Raises:
        ValueError: For a name that there is not, several series without one, and another number of
            Axes.

    Example:

    >>> model.anomalies(table).plot()
    """
    names = list(dict.fromkeys(report.series))
    if series is None and len(names) == 1:
        series = names[0]
    elif series is None or str(series) not in names:
        raise ValueError(
            f"series must name one of the {len(names):,} series there are, which have a plot each: "
            f"{listed(names)}. Received: series={series!r}"
        )
    series = None if series is None else str(series)
    targets = list(dict.fromkeys(report.target))
    if axes is None:
        import matplotlib.pyplot as plt

        size = {"figsize": (7.0, 2.6 * len(targets)), "layout": "constrained"}
        axes = plt.subplots(len(targets), sharex=True, **size)[1]
    axes = np.atleast_1d(axes)
    if len(axes) != len(targets):
        raise ValueError(f"axes must be {len(targets)} Axes, one a target. Received: {len(axes)}")
    steps, unit = report.step, "step"
    if report.time is not None:
        steps, unit = (report.time * 1e3).astype("int64").astype("datetime64[ms]"), "time"
    for ax, target in zip(axes, targets, strict=True):
        own = (report.series == series) & (report.target == target)
        outside = own & report.anomaly
        ax.fill_between(
            steps[own], report.lower[own], report.upper[own], color=COLOURS[0], alpha=0.25, lw=0,
            label=f"{report.level:.4g} interval",
        )  # fmt: skip
        ax.plot(steps[own], report.value[own], color="black", lw=1.2, label="value")
        ax.plot(steps[outside], report.value[outside], "o", color=COLOURS[2], ms=5, label="anomaly")
        finish(ax, "", f"column {target}" if target.isdigit() else target, above=True)
    if report.time is not None:
        dated(axes[-1])
    axes[-1].set_xlabel(unit)
    return axes if len(targets) > 1 else axes[0]
