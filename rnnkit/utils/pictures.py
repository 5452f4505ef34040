"""Results draw themselves without knowing the plots.

A result (a comparison, a search, a melody) has a method `plot`, while the package of plots knows
every result. So that the two do not import each other, `rnnkit/__init__.py`, which knows all
packages, says here once which package draws, and a result asks for a plot by its name:

    def plot(self, ax=None):
        return draw("memory", self, ax=ax)
"""

import importlib

_drawing = {}


def register_plots(package):
    """Sets the package that draws.

    Args:
        package: Name of a package, whose public functions are the plots. It is imported when
            something is drawn.
    """
    _drawing["package"] = package


def draw(plot, *args, **kwargs):
    """Draws a plot.

    Args:
        plot: Name of a function of the package of plots, such as `"comparison"`.
        *args, **kwargs: Its arguments.

    Returns:
        What the function returns: the Axes.

    Raises:
        RuntimeError: If no package draws.
    """
    if "package" not in _drawing:
        raise RuntimeError(f"No package of plots is registered, so {plot!r} cannot be drawn")
    return getattr(importlib.import_module(_drawing["package"]), plot)(*args, **kwargs)
