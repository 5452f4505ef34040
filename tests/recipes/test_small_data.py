"""What a recipe does otherwise with few examples: said, and only where nobody says otherwise."""

import pandas as pd
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


def test_a_recipe_that_says_nothing_has_no_other_defaults():
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


@pytest.mark.parametrize("epochs, expected", [(3, 60), (70, 70)])
def test_several_targets_have_the_most_epochs_of_both(monkeypatch, epochs, expected):
    """Those of small data or those of several targets; the rest is as small data has it."""
    from rnnkit.training.plan import TrainingPlan

    recipe = recipes.get("sentiment")
    monkeypatch.setattr(type(recipe), "small", {"epochs": epochs, "batch_size": 4, "patience": 7})
    monkeypatch.setattr(TrainingPlan, "fit", lambda plan, model, data: (plan.epochs, model))
    table = {"text": TEXTS, "label": LABELS, "size": [float(len(text)) for text in TEXTS]}
    data = recipe.data(pd.DataFrame(table), target=["label:class", "size:number"])
    planned, model = recipe.train(data, units=2, verbose=0)
    assert planned == expected
    settings = {"monitor": "val_relative_loss", "batch_size": 4, "patience": 7}
    assert model.fit_defaults.items() >= settings.items()
    assert recipe.train(data, epochs=2, units=2, verbose=0)[0] == 2


# === The same in searches and comparisons ===


@pytest.mark.slow
def test_a_search_starts_as_training_does(recipe, data, tmp_path, capsys):
    given = {"tuner": "random", "max_trials": 2, "seed": 1, "directory": tmp_path / "search"}
    result = recipe.tune(data, options={"ensemble": 1, "dropout": 0.1}, **given)
    out = capsys.readouterr().out
    said = "units=2, epochs=3, batch_size=4, patience=7"
    assert out.startswith(f"Only 32 examples: by default {said}")
    first, second = sorted(result.table(), key=lambda row: row["trial"])
    used = {"ensemble": 1, "dropout": 0.1, "seed": 1, "epochs": 3, "batch_size": 4}
    assert first["options"] == {"units": 2, **used} and first["epochs"] == 3
    assert second["options"]["units"] in (3, 4) and second["options"].items() >= used.items()
    model = result.best_model()
    assert model.fit_defaults == recipe.model(data, ensemble=1).fit_defaults
    assert "units=" in repr(result.table()) and "batch_size" not in repr(result.table())


def test_what_the_processes_of_a_search_are_told(recipe, data, tmp_path):
    import keras_tuner

    from rnnkit.tuning.job import Job
    from rnnkit.tuning.worker import describe

    settings = {"options": {"ensemble": 1}, "directory": str(tmp_path)}
    known = Data(data.train, data.validation, data.test, sizes=data.sizes)  # not from memory
    target = keras_tuner.Objective("val_loss", "min")
    job = Job(recipe, known, "random", 2, target, **settings)
    small = {"units": 2, "epochs": 3, "batch_size": 4, "patience": 7}
    assert job.small == describe(job)["small"] == small
    chief = Job(recipe, None, "random", 2, target, small=small, **settings)  # which has no data
    assert chief.space.default_options() == job.space.default_options()
    assert chief.max_epochs == 3
    folds = Job(recipe, known, "random", 2, target, epochs=1, folds=2, verbose=0, **settings)
    assert folds.max_epochs == folds.space.default_options()["epochs"] == 1  # what was given
    model = folds.network(folds.space.default_options(), fold=0)
    assert model.fit_defaults == {**recipe.fit_defaults, "batch_size": 4, "patience": 7}


def test_a_hypermodel_builds_as_training_does(recipe, data, capsys):
    import keras_tuner

    hypermodel = recipe.hypermodel(data, options={"ensemble": 1})
    assert "Only 32 examples" in capsys.readouterr().out
    hp = keras_tuner.HyperParameters()
    model = hypermodel.build(hp)
    assert model.fit_defaults == {**recipe.fit_defaults, "batch_size": 4, "patience": 7}
    assert len(hypermodel.fit(hp, model, verbose=0).epoch) == 3


@pytest.mark.slow
def test_cells_are_compared_as_training_does(data, tmp_path, capsys):
    import rnnkit
    from rnnkit.comparison.subjects import OfRecipe

    class Read(Small):
        name, pattern, model_class, cell = "read", "many_to_one", "ManyToOne", "gru"
        defaults = {"units": 3, "embedding_size": 3}
        ema_momentum = None
        small = {**Small.small, "embedding_size": 2}

    recipe = Read()
    result = rnnkit.compare(["gru", "lstm"], recipe, data, seeds=1, directory=tmp_path)
    out = capsys.readouterr().out
    said = "units=2, embedding_size=2, epochs=3, batch_size=4, patience=7; see the recipe's `small`"
    assert f"Only 32 examples: by default {said}" in out and "ensemble" not in out
    default, other = result.records
    assert (default["units"], default["status"], other["status"]) == (2, "finished", "finished")
    assert default["updates"] == 3 * 6  # epochs, of 24 examples in batches of 4
    whole = recipe.model(data, ensemble=1)
    assert default["parameters"] == whole.count_params()
    subject = OfRecipe(recipe, data, {})
    assert subject.model(seed=1, cell="gru").fit_defaults == whole.fit_defaults
    large = OfRecipe(recipe, Data(*[data.train] * 3, sizes={"train": 600, "validation": 9}), {})
    assert large.in_words() == "" and large.model(seed=1).units == 3
    few = OfRecipe(recipe, large.data, {}, examples=40)
    assert "Only 49 examples" in few.in_words() and few.model(seed=1).units == 2


@pytest.mark.parametrize("name", [each["name"] for each in recipes.list()])
def test_a_search_of_each_recipe_starts_with_its_defaults(name):
    """Where they are values: None leaves it to the class, and the search needs one."""
    from rnnkit.tuning.space import Space

    recipe = recipes.get(name)
    for small in ({}, recipe.small):
        usual = {key: value for key, value in small.items() if key != "patience"}
        defaults = {**recipe.training, **recipe.options(), **usual}
        start = Space(recipe, {}, usual=usual).default_options()
        assert usual.items() <= start.items()
        assert {key: defaults[key] for key in start if defaults[key] is not None} == {
            key: value for key, value in start.items() if defaults[key] is not None
        }
