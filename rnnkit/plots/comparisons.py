"""Plots of a comparison of cells: scores by lag, and against size and time."""

import itertools

import numpy as np

from rnnkit.plots.drawing import COLOURS, STYLES, new_axes

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# What scores are set against: the key of a record, and the label of the axis.
AGAINST = {
    "lag": ("lag", "lag (steps)"),
    "parameters": ("parameters", "parameters"),
    "time": ("best_seconds", "training until the best score (s)"),
    "step": ("milliseconds", "time of a training step (ms)"),
}


def comparison(result, against=None, ax=None):
    """The scores of cells, by lag or against their size or their time.

    Bars go from the worst seed to the best. The dotted line is the best score without memory, the
    dashed line the score from which a memory task counts as solved. Cells without a score are named
    in the legend.

    Args:
        result: What `rnnkit.compare` gave.
        against: `"lag"`, `"parameters"`, `"time"` (training until the best score, in seconds) or
            `"step"` (time of a training step, in milliseconds). By default the lag where there
            are several, else the time.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes.

    Raises:
        ValueError: If `against` is something else, or `"lag"` where there is none.

    Example:

    >>> result = rnnkit.compare(["simple_rnn", "lstm"], "adding", lags=[10, 50, 100])
    >>> rnnkit.plots.comparison(result)
    """
    from matplotlib.ticker import LogFormatter

    about, lags = result.about, {row["lag"] for row in result.records}
    if against is None:
        against = "lag" if len(lags) > 1 else "time"
    if against not in AGAINST or (against == "lag" and None in lags):
        known = [name for name in AGAINST if name != "lag" or None not in lags]
        raise ValueError(f"against must be one of {known}. Received: against={against!r}")
    key, label = AGAINST[against]
    ax = new_axes(ax)
    names = list(dict.fromkeys(row["cell"] for row in result.records))
    looks = zip(names, itertools.cycle(COLOURS), itertools.cycle(MARKERS))
    missing, values = [], []
    for index, (name, colour, marker) in enumerate(looks):
        rows = [row for row in result.records if row["cell"] == name]
        rows = [row for row in rows if row["score"] is not None and row[key] is not None]
        if not rows:
            missing.append(name)
            continue
        x = np.array([row[key] for row in rows], "float64")
        scores = [np.array([row[each] for row in rows]) for each in ("score", "least", "most")]
        middle, least, most = scores
        values += [least, most]
        # Beside each other where they would hide each other.
        x = x * 1.04 ** (index - (len(names) - 1) / 2) if against == "lag" else x
        ax.errorbar(
            x, middle, yerr=[middle - least, most - middle], color=colour, marker=marker,
            ls=STYLES[index % len(STYLES)] if against == "lag" else "none", ms=6, capsize=3,
            label=name,
        )  # fmt: skip
        if against != "lag" and len(lags) > 1:
            for point, row in zip(zip(x, middle, strict=True), rows, strict=True):
                style = {"textcoords": "offset points", "fontsize": 8, "color": colour}
                ax.annotate(f"{row['lag']}", point, (5, 4), **style)
    _levels(ax, about, against, lags)
    ax.set_xscale("log")
    if against == "lag":
        ticks = sorted(lags)
        ax.set_xticks(ticks, [str(each) for each in ticks])
        ax.minorticks_off()
    else:
        ax.xaxis.set_major_formatter(LogFormatter())  # numbers rather than powers
        ax.xaxis.set_minor_formatter(LogFormatter())
    if about["direction"] == "min" and values and min(map(np.min, values)) > 0:
        ax.set_yscale("log")
    better = "lower" if about["direction"] == "min" else "higher"
    ax.set_xlabel(label + ("; numbers are lags" if against != "lag" and len(lags) > 1 else ""))
    ax.set_ylabel(f"{about['score']} ({better} is better)")
    ax.set_title(about["task"])
    ax.grid(alpha=0.3)
    if values:
        title = f"no score: {', '.join(missing)}" if missing else None
        # Beside the curves: several of them leave no room between them.
        beside = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
        ax.legend(fontsize=9, title=title, title_fontsize=9, frameon=False, **beside)
    else:
        ax.text(0.5, 0.5, "no cell has a score", transform=ax.transAxes, ha="center")
    return ax


def _levels(ax, about, against, lags):
    """Lines for the best score without memory and for what is solved."""
    grey = "#717581"
    if about["baselines"]:
        baselines = {
            int(lag): about["baselines"][lag] for lag in sorted(about["baselines"], key=int)
        }
        style = {"ls": ":", "color": grey, "label": "without memory"}
        if against == "lag":
            ax.plot(list(baselines), list(baselines.values()), **style)
        elif len(set(baselines.values())) == 1:
            ax.axhline(next(iter(baselines.values())), **style)
    if about["threshold"] is not None:
        ax.axhline(about["threshold"], ls=(0, (6, 3)), lw=1, color="black", label="solved")
