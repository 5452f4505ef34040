"""Every code cell of the notebooks compiles, and the names of rnnkit in it exist.

The notebooks are run by the slow tier (`test_notebooks.py`); this finds a renamed function at once.
"""

import ast
import importlib
import json
import pathlib
import types

import pytest

NOTEBOOKS = sorted((pathlib.Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def cells(path):
    """The code cells of a notebook, as syntax trees."""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield ast.parse("".join(cell["source"]))


def dotted(node):
    """`["rnnkit", "plots", "forecast"]` of an attribute of names, or None."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return [*before, node.attr]
    return None


def unknown(tree):
    """The dotted names of rnnkit, recipes and keras in a tree that do not exist."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] in ("rnnkit", "recipes"):
            module = importlib.import_module(node.module)
            yield from (
                f"{node.module}.{n.name}" for n in node.names if not hasattr(module, n.name)
            )
        names = dotted(node) if isinstance(node, ast.Attribute) else None
        if not names or names[0] not in ("rnnkit", "recipes", "keras"):
            continue
        value = importlib.import_module(names[0])
        for name in names[1:]:
            if not hasattr(value, name):
                yield ".".join(names)
                break
            value = getattr(value, name)
            if not isinstance(value, (types.ModuleType, type)):
                break


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_names_exist(path):
    missing = {name for tree in cells(path) for name in unknown(tree)}
    assert not missing


def test_a_name_that_does_not_exist_is_found():
    tree = ast.parse("rnnkit.plots.forecast(1); rnnkit.plots.forcast(1); x.plots.y")
    assert list(unknown(tree)) == ["rnnkit.plots.forcast"]
