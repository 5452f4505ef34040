"""What the plots share: colours and line styles, Axes where none are given, texts.

Colours are from matplotlib's "petroff10" cycle, which readers with any colour vision can tell
apart; lines also differ in style.
"""

COLOURS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300")
STYLES = ("-", "--", ":", "-.")
# Of labels of the horizontal axis that are words: each ends at its tick.
SLANTED = {"rotation": 45, "rotation_mode": "anchor", "ha": "right", "va": "center"}


def new_axes(ax, size=(6.0, 3.6)):
    """The given Axes, or new ones.

    Args:
        ax: Matplotlib Axes, or None.
        size: Width and height of a new figure, in inches.
    """
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def look(index):
    """Colour and style of the line with a number, as keyword arguments of `ax.plot`."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": STYLES[index % len(STYLES)]}


def finish(ax, x, y, *, whole=False, legend=True, size=None, above=False):
    """Labels the axes of a plot of lines, and adds a light grid and a legend.

    Args:
        ax: Matplotlib Axes.
        x, y: Labels of the axes.
        whole: Whether the ticks of the horizontal axis are whole numbers.
        legend: Whether there is a legend.
        size: Font size of the legend, or None for matplotlib's.
        above: Whether the legend is above the Axes.

    Returns:
        The Axes.
    """
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(alpha=0.3)
    if whole:
        ax.xaxis.get_major_locator().set_params(integer=True)
    if legend and above:
        legend_above(ax)
    elif legend:
        ax.legend(fontsize=size)
    return ax


def legend_above(ax):
    """A legend above the Axes, where it covers no curve, however dense they are."""
    names = ax.get_legend_handles_labels()[1]
    letters = 16 * ax.figure.get_figwidth() * ax.get_position().width  # that fit in a row
    columns = int(letters / (max(map(len, names), default=0) + 7))  # a line is as wide as seven
    ax.legend(
        loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2, ncols=min(max(columns, 1), 4),
        fontsize=9, frameon=False,
    )  # fmt: skip


def readable(text):
    """Raw text or a class as a string."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def dated(ax):
    """Short dates on the horizontal axis, which do not run into each other."""
    import matplotlib.dates as dates

    locator = ax.xaxis.get_major_locator()
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
