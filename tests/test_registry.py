"""Recipes of installed packages, of which some are broken."""

import importlib
import json
import sys

import pytest

import recipes
from rnnkit import registry
from rnnkit.cli import main

MODULE = """
import rnnkit

class Good(rnnkit.Recipe):
    name, title, pattern = "good", "A recipe of another package", "many_to_one"
    input, output, cell, dataset = "text", "label", "lstm", "none"

class Mute(Good):
    def describe(self):
        raise KeyError("nothing to [say]")

class Odd(Good):
    pattern = "many_to_one"
    def describe(self):
        return super().describe() | {"cell": 7}

class Stubborn(Good):
    def __init__(self):
        raise OSError("no room")

def function():
    pass
"""
ENTRIES = {
    "good": "others_recipes:Good",
    "no_module": "others_missing:Recipe",
    "no_class": "others_recipes:Missing",
    "no_recipe": "others_recipes:function",
    "mute": "others_recipes:Mute",
    "odd": "others_recipes:Odd",
    "stubborn": "others_recipes:Stubborn",
    "leaves": "others_leaves:Recipe",
    "spam": "others_recipes:Good",
}
REASONS = {
    "no_module": "ModuleNotFoundError: No module named 'others_missing'",
    "no_class": "AttributeError: module 'others_recipes' has no attribute 'Missing'",
    "no_recipe": "others_recipes:function must be a subclass of rnnkit.Recipe",
    "mute": "KeyError: 'nothing to [say]'",
    "odd": "describe() must give a text as 'cell'",
    "stubborn": "OSError: no room",
    "leaves": "SystemExit: 3",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Installs packages as pip would: a module, and what says what it brings."""

    def install(name, entries):
        info = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{key} = {value}" for key, value in entries.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{registry.GROUP}]", *lines, ""]))
        importlib.invalidate_caches()

    (tmp_path / "others_recipes.py").write_text(MODULE)
    (tmp_path / "others_leaves.py").write_text("import sys\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    for name in ("others_recipes", "others_leaves"):
        sys.modules.pop(name, None)


def test_broken_recipes_are_listed_with_the_reason_and_the_others_work(package, capsys):
    before = recipes.list()
    package("others-recipes", ENTRIES)
    table = {row["name"]: row for row in recipes.list()}
    assert registry.names() == sorted({*ENTRIES, *(row["name"] for row in before)})
    assert table["good"]["broken"] is None and table["good"]["package"] == "others-recipes"
    for row in before:
        assert row["name"] == "spam" or table[row["name"]] == row
    assert recipes.get("good").title == "A recipe of another package"
    for name, reason in REASONS.items():
        assert table[name]["package"] == "others-recipes" and reason in table[name]["broken"]
        with pytest.raises(ValueError) as error:
            recipes.get(name)
        for text in (f"'{name}'", "others-recipes", "is broken", reason):
            assert text in str(error.value)
        assert main(["show", name]) == 2
        assert reason in capsys.readouterr().err

    # Two packages with one name: neither is taken in silence.
    for text in ("recipes.one_to_one.spam:Spam of rnnkit", "others_recipes:Good of others-recipes"):
        assert text in table["spam"]["broken"]
    with pytest.raises(ValueError, match="2 packages have a recipe of this name"):
        recipes.get("spam")

    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert "broken" in shown and "no_module" in shown
    assert main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in rows if row["broken"]} == {*REASONS, "spam"}
    assert REASONS["mute"] in repr(recipes.list())


def test_nothing_is_said_of_brokenness_where_there_is_none():
    table = recipes.list()
    assert all(row["broken"] is None for row in table) and "broken" not in repr(table)
    assert {row["package"] for row in table} == {"rnnkit"}


def test_the_same_recipe_installed_twice_is_one(package):
    package("copy-of-rnnkit", {"spam": "recipes.one_to_one.spam:Spam"})
    assert recipes.get("spam").name == "spam"
