"""Finding recipes: those of installed packages, and a user's own file.

Recipes are entry points of the group `rnnkit.recipes`, so that any package can add some.
"""

import importlib.metadata

from rnnkit.recipe import Recipe
from rnnkit.utils.checks import nearest
from rnnkit.utils.loading import module_of
from rnnkit.utils.tables import ResultTable

GROUP = "rnnkit.recipes"


def names():
    """The names of all installed recipes, in alphabetical order."""
    return sorted({entry.name for entry in importlib.metadata.entry_points(group=GROUP)})


def get(name):
    """The recipe of a name, or of a Python file that defines one.

    Args:
        name: A name from `names()`, or the path of a `.py` file with a subclass of
            `rnnkit.Recipe` (as `rnnkit copy` writes it). The file's code is run.

    Raises:
        ValueError: If there is no such recipe.

    Example:

    >>> recipes.get("sentiment").pattern
    'many_to_one'
    """
    if isinstance(name, Recipe):
        return name
    if str(name).endswith(".py"):
        return _from_file(name)
    return installed(name)


def installed(name):
    """The installed recipe of a name. A path is no name: no file is run.

    Raises:
        ValueError: If there is no such recipe.
    """
    for entry in importlib.metadata.entry_points(group=GROUP):
        if entry.name == name:
            return entry.load()()
    known = names()
    raise ValueError(
        f"There is no recipe {str(name)!r}.{nearest(name, known)} Recipes: {', '.join(known)}"
    )


def _from_file(path):
    module = module_of(path)
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Recipe)
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise ValueError(
            f"{path} must define one subclass of rnnkit.Recipe. "
            f"Found: {[value.__name__ for value in found] or 'none'}"
        )
    return found[0]()


class RecipeTable(ResultTable):
    """Descriptions of recipes (a list of dicts) that shows as a table."""

    COLUMNS = {
        "name": "", "pattern": "",
        "input → output": lambda row: f"{row['input']} → {row['output']}",
        "cell": "", "dataset": "",
    }  # fmt: skip


def table():
    """All installed recipes as a `RecipeTable`."""
    return RecipeTable(get(name).describe() for name in names())
