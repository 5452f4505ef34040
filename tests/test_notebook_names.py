"""Every code cell of the notebooks compiles, the names of rnnkit in it exist, and it is short.

The notebooks are run by the slow tier (`test_notebooks.py`); this finds a renamed function at once.
"""

import ast
import base64
import importlib
import json
import pathlib
import types

import pytest

NOTEBOOKS = sorted((pathlib.Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
# Cells of a notebook and lines of a cell, at most.
CELLS, LINES = 25, 24
# The colour type of a PNG file whose colours were reduced, and where it stands.
PALETTE, COLOUR_TYPE = 3, 25


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def cells(path):
    """The code cells of a notebook, as syntax trees."""
    for cell in read(path):
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_short_and_begins_with_a_question(path):
    found = read(path)
    assert len(found) <= CELLS
    assert found[0]["cell_type"] == "markdown" and "?" in found[0]["source"][0]
    code = ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]
    assert max(len(source.splitlines()) for source in code) <= LINES


def compared(tree):
    """Whether a tree compares the parameters of a notebook: tests set them, cells use them."""
    names = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }
    return not names.isdisjoint({"EPOCHS", "TRIALS"})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_asks_whether_it_is_tested(path):
    assert not any(compared(tree) for tree in cells(path))
    assert compared(ast.parse("x = 3 if EPOCHS == 1 else 4"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_pictures_have_all_their_colours(path):
    outputs = [output for cell in read(path) for output in cell.get("outputs", ())]
    pictures = [
        each["data"]["image/png"] for each in outputs if "image/png" in each.get("data", {})
    ]
    assert pictures
    for picture in pictures:
        header = base64.b64decode("".join(picture))[: COLOUR_TYPE + 1]
        assert header[1:4] == b"PNG" and header[COLOUR_TYPE] != PALETTE
