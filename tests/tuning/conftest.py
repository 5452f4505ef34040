"""Fixtures of the searches: a tiny recipe, its data, and a search of two trials."""

import types

import pytest

from rnnkit.tuning import search as tuning_search
from tests.tuning.toys import examples, make_recipe


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    # A third of a second a trial, in a process that has as much loaded as the tests.
    monkeypatch.setattr(tuning_search, "gc", types.SimpleNamespace(collect=lambda: 0))


@pytest.fixture
def recipe(tmp_path):
    return make_recipe(tmp_path)


@pytest.fixture
def data(recipe):
    return recipe.data(examples())


@pytest.fixture
def run(recipe, data, tmp_path):
    settings = {"tuner": "random", "max_trials": 2, "seed": 0, "directory": tmp_path / "search"}

    def call(recipe=recipe, data=data, **arguments):
        return recipe.tune(data, **{**settings, "epochs": 1, **arguments})

    return call
