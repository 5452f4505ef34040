"""What the plots share: colours, line styles, and Axes where none are given.

Colours are from matplotlib's "petroff10" cycle, which readers with any colour vision can tell
apart; lines also differ in style.
"""

COLOURS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300")
STYLES = ("-", "--", ":", "-.")


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
