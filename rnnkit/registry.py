"""Finding recipes: those of installed packages, and a user's own file.

Recipes are entry points of the group `rnnkit.recipes`, so that any package can add some.
"""

import difflib
import importlib.metadata
import importlib.util
import pathlib
import sys

from rnnkit.recipe import Recipe
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
        return _from_file(pathlib.Path(name))
    for entry in importlib.metadata.entry_points(group=GROUP):
        if entry.name == name:
            return entry.load()()
    close = difflib.get_close_matches(str(name), names(), n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"There is no recipe {str(name)!r}.{hint} Recipes: {', '.join(names())}")


def _from_file(path):
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}")
    name = f"rnnkit_recipe_file_{path.stem}"  # no module of the user's is called so
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where a class looks for its source
    spec.loader.exec_module(module)
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Recipe)
        and value is not Recipe
        and value.__module__ == name
    ]
    if len(found) != 1:
        raise ValueError(
            f"{path} must define one subclass of rnnkit.Recipe. "
            f"Found: {[value.__name__ for value in found] or 'none'}"
        )
    return found[0]()


class RecipeTable(ResultTable):
    """Descriptions of recipes (a list of dicts) that shows as a table."""

    COLUMNS = ("name", "pattern", "input → output", "cell", "dataset")

    def _rows(self):
        for row in self:
            yield (
                row["name"],
                row["pattern"],
                f"{row['input']} → {row['output']}",
                row["cell"],
                row["dataset"],
            )


def table():
    """All installed recipes as a `RecipeTable`."""
    return RecipeTable(get(name).describe() for name in names())
