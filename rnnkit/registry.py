"""Finding recipes: those of installed packages, and a user's own file.

Recipes are entry points of the group `rnnkit.recipes`, so that any package can add some.
"""

import importlib.metadata

from rnnkit.recipe import Recipe
from rnnkit.utils.checks import nearest
from rnnkit.utils.loading import module_of
from rnnkit.utils.messages import shorten
from rnnkit.utils.tables import ResultTable

GROUP = "rnnkit.recipes"
# What `describe` of a recipe must give.
DESCRIBED = ("name", "title", "pattern", "input", "output", "cell", "dataset")


def names():
    """The names of all installed recipes, in alphabetical order, broken ones included."""
    return sorted(_installed())


def get(name):
    """The recipe of a name, or of a Python file that defines one.

    Args:
        name: A name from `names()`, or the path of a `.py` file with a subclass of
            `rnnkit.Recipe` (as `rnnkit copy` writes it). The file's code is run.

    Raises:
        ValueError: If there is no such recipe, or it is broken: its package and the reason are
            named.

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
        ValueError: If there is no such recipe, or it is broken.
    """
    known = _installed()
    if str(name) not in known:
        raise ValueError(
            f"There is no recipe {str(name)!r}.{nearest(name, known)} "
            f"Recipes: {', '.join(sorted(known))}"
        )
    try:
        return _loaded(known[str(name)])[0]
    except _Broken as error:
        package = _packages(known[str(name)])
        raise ValueError(f"The recipe {name!r} of {package} is broken: {error}") from error


# === Installed packages ===


def _installed():
    """Dict of name to the entry points of that name that differ; there should be one."""
    found = {}
    for entry in importlib.metadata.entry_points(group=GROUP):
        others = found.setdefault(entry.name, [])
        if entry.value not in [other.value for other in others]:
            others.append(entry)
    return found


class _Broken(Exception):
    """Why entry points give no recipe."""


def _loaded(entries):
    """The recipe of the entry points of a name, and its row of the table.

    Raises:
        _Broken: If there is none; what the package itself raised is chained.
    """
    if len(entries) > 1:
        both = " and ".join(f"{entry.value} of {_packages([entry])}" for entry in entries)
        raise _Broken(f"{len(entries)} packages have a recipe of this name, {both}: remove one")
    (entry,) = entries
    try:
        found = entry.load()
        if not isinstance(found, type) or not issubclass(found, Recipe):
            raise _Broken(f"{entry.value} must be a subclass of rnnkit.Recipe, and is {found!r}")
        recipe = found()
        described = dict(recipe.describe())
    except _Broken:
        raise
    # Whatever a package does when it is imported, the other recipes can be used.
    except (Exception, SystemExit) as error:
        raise _Broken(f"{type(error).__name__}: {error}".rstrip(": ")) from error
    wrong = [key for key in DESCRIBED if not isinstance(described.get(key), str)]
    if wrong:
        raise _Broken(f"its describe() must give a text as {wrong[0]!r}")
    return recipe, {**described, "package": _packages(entries), "broken": None}


def _row(name, entries):
    """What the table shows of a recipe, a dict."""
    try:
        return _loaded(entries)[1]
    except _Broken as error:
        nothing = {**dict.fromkeys(DESCRIBED, ""), "name": name}
        return {**nothing, "package": _packages(entries), "broken": shorten(error)}


def _packages(entries):
    names = ["an unknown package" if each.dist is None else each.dist.name for each in entries]
    return " and ".join(names)


# === Own files ===


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


# === All of them ===


class RecipeTable(ResultTable):
    """Descriptions of recipes (a list of dicts) that shows as a table.

    A recipe that cannot be used has the reason as `broken`, and the package it is of as `package`.
    """

    WHOLE = ("pattern", "cell", "dataset")

    @property
    def COLUMNS(self):
        columns = {
            "name": "", "pattern": "",
            "input → output": lambda row: " → ".join(filter(None, (row["input"], row["output"]))),
            "cell": "", "dataset": "",
        }  # fmt: skip
        if any(row["broken"] for row in self):
            columns["broken"] = _why
        return columns


def _why(row):
    return f"{row['package']}: {row['broken']}" if row["broken"] else ""


def table():
    """All installed recipes as a `RecipeTable`."""
    return RecipeTable(_row(*each) for each in sorted(_installed().items()))
