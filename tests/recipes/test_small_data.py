"""What a recipe does otherwise with few examples: said, and only where nobody says otherwise."""

import pytest

import recipes
from rnnkit.data import Data
from rnnkit.utils import small_data
from tests import helpers
from tests.training.toys import Toy

TEXTS, LABELS = helpers.presence(40)
PARTS = {
    "train": (TEXTS[:24], LABELS[:24]),
    "validation": (TEXTS[24:32], LABELS[24:32]),
    "test": (TEXTS[32:], LABELS[32:]),
}


class Small(Toy):
    small = {"ensemble": 2, "units": 2, "epochs": 3, "batch_size": 4, "patience": 7}


@pytest.fixture(scope="module")
def recipe():
    return Small()


@pytest.fixture(scope="module")
def data(recipe):
    return recipe.data(PARTS)


def test_a_small_data_set_has_other_defaults_and_it_is_said(recipe, data, capsys):
    model = recipe.model(data, dropout=0.1)
    assert (model.ensemble, model.units, model.dropout) == (2, 2, 0.1)
    assert model.fit_defaults == {**recipe.fit_defaults, "batch_size": 4, "patience": 7}
    said = capsys.readouterr().out
    assert "Only 32 examples" in said
    assert "ensemble=2, units=2, epochs=3, batch_size=4, patience=7" in said


def test_options_of_the_user_win(recipe, data, capsys):
    model = recipe.model(data, ensemble=1, units=5)
    assert (model.ensemble, model.units) == (1, 5)
    said = capsys.readouterr().out
    assert "ensemble" not in said and "batch_size=4" in said


@pytest.mark.slow
@pytest.mark.parametrize("given, epochs", [({}, 3), ({"epochs": 1}, 1)])
def test_training_takes_its_epochs(recipe, data, given, epochs):
    model = recipe.train(data, ensemble=1, verbose=0, **given)
    assert len(model.history.epoch) == epochs
    assert model.trained["options"]["units"] == 2  # what it was trained with, not what is usual


@pytest.mark.parametrize("train, small", [(400, False), (399, True), (None, False)])
def test_what_is_small(recipe, train, small):
    """Fewer than 500 to train and to validate with; not where nobody counted them."""
    sizes = None if train is None else {"train": train, "validation": 100, "test": 3}
    data = Data(None, None, None, sizes=sizes)
    options, settings = small_data.chosen(recipe, data, {"units": 9})
    assert options == ({"ensemble": 2, "units": 9} if small else {"units": 9})
    assert bool(settings) == small


def test_no_other_recipe_has_other_defaults():
    assert small_data.chosen(recipes.get("spam"), Data(*[None] * 3, sizes={"train": 9}), {}) == (
        {},
        {},
    )


def test_what_recipes_say_of_small_data_are_their_options():
    for each in recipes.list():
        recipe = recipes.get(each["name"])
        recipe.check_options(
            {k: v for k, v in recipe.small.items() if k not in small_data.SETTINGS}
        )
