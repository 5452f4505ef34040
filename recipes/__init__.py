"""Recipes for recurrent networks: one file each, grouped by pattern.

>>> import recipes
>>> recipes.list()
>>> recipe = recipes.get("sentiment")  # or: from recipes import sentiment
"""

from rnnkit import registry

__all__ = ["get", "list"]

get = registry.get


def list():  # the module's own word for it, as in recipes.list()
    """A table of all installed recipes: name, pattern, input → output, cell, dataset."""
    return registry.table()


def __getattr__(name):
    if name.startswith("_") or name not in registry.names():
        raise AttributeError(f"module 'recipes' has no attribute {name!r}")
    return registry.get(name)


def __dir__():
    return sorted({*__all__, *registry.names(), "__doc__", "__file__", "__name__", "__path__"})
