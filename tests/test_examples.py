"""Every example in a docstring runs, and what it says comes out.

What an example takes for granted (`model`, `texts`, ...) is made here, small. Where that decides
what comes out, as it does of a model that was hardly trained, the result must be of the kind that
the docstring shows. What would take minutes is made shorter.
"""

import ast
import doctest
import importlib
import itertools
import pkgutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
import rnnkit
from tests import examples_given as given

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# Of an example that was made shorter, or comes after one.
SHORTER = doctest.register_optionflag("SHORTER")


def modules():
    """Names of all modules of both packages."""
    found = itertools.chain(
        *(pkgutil.walk_packages(each.__path__, f"{each.__name__}.") for each in (rnnkit, recipes))
    )
    return sorted(each.name for each in found if not each.name.endswith("__main__"))


class Names(dict):
    """Names of a module, and those that examples take for granted: made when first asked for."""

    def __init__(self, names, makers):
        super().__init__(names)
        self.makers = makers
        self.made = set()

    def __missing__(self, name):
        if name not in self.makers:
            raise KeyError(name)
        self[name] = self.makers[name]()
        self.made.add(name)
        return self[name]

    def copy(self):
        return self  # doctest would make a plain dict


class Checker(doctest.OutputChecker):
    """Takes the result that the docstring shows, and any where it shows none.

    Where something that was made here, or made shorter, has decided, the same type will do.
    """

    def __init__(self, names):
        self.names = names

    def check_output(self, want, got, optionflags):
        if not want or super().check_output(want, got, optionflags):
            return True
        if not (self.names.made or optionflags & SHORTER):
            return False
        try:
            shown, found = (ast.literal_eval(text.strip()) for text in (want, got))
        except (SyntaxError, ValueError):  # no plain values, such as a table or an array
            return bool(got)
        return type(shown) is type(found)


def documented():
    """Each docstring with examples, as `doctest` found it, by the name of its object."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in modules():
        for test in finder.find(importlib.import_module(name)):
            if test.examples:
                yield test


TESTS = {test.name: test for test in documented()}


PARAMETERS = [
    pytest.param(name, marks=[pytest.mark.slow] if name in given.SLOW else [])
    for name in sorted(TESTS)
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* did not end within")  # of a model that was hardly trained
@pytest.mark.parametrize("name", PARAMETERS)
def test_example(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    test = TESTS[name]
    files = given.FILES.get(name, {})
    for path, make in files.items():
        make(path)
    known = {"keras": keras, "np": np, "tf": tf, "rnnkit": rnnkit, "recipes": recipes}
    names = Names({**test.globs, **known}, given.makers_of(name))
    names.made.update(files)
    for old, new in given.SHORTER.get(name, ()):
        changed = [old in each.source for each in test.examples]
        assert any(changed), f"{name} has no {old!r} any more"
        for each in test.examples[changed.index(True) :]:
            each.source = each.source.replace(old, new)
            each.options[SHORTER] = True
    test.globs = names
    told = []
    runner = doctest.DocTestRunner(Checker(names), optionflags=FLAGS)
    result = runner.run(test, out=told.append, clear_globs=False)
    assert result.failed == 0, "".join(told)
    plt = importlib.import_module("matplotlib.pyplot")
    plt.close("all")


def test_what_is_made_shorter_or_slow_is_there():
    assert set(given.SHORTER) | given.SLOW <= set(TESTS)
