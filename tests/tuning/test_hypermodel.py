"""A recipe in a tuner of keras-tuner that a user makes."""

import keras_tuner
import pytest


def tuner(hypermodel, folder, **arguments):
    settings = {"objective": "val_accuracy", "max_trials": 2, "seed": 1, "overwrite": True}
    return keras_tuner.RandomSearch(
        hypermodel, directory=folder, project_name="search", **{**settings, **arguments}
    )


@pytest.mark.slow
def test_a_random_search(recipe, data, tmp_path):
    search = tuner(
        recipe.hypermodel(data, options={"batch_size": 12, "learning_rate": 0.1}, seed=1), tmp_path
    )
    search.search(epochs=4, verbose=0)
    trials = search.oracle.get_best_trials(2)
    assert len(trials) == 2 and all(each.score > 0.9 for each in trials)  # one word tells
    model = search.get_best_models()[0]
    assert (model.units, model.seed) == (trials[0].hyperparameters["units"], 1)
    assert model.fit_defaults["batch_size"] == 12
    accuracy = model.evaluate(data.validation, return_dict=True, verbose=0)["accuracy"]
    assert accuracy == pytest.approx(trials[0].score)
    assert set(model.infer(["a"])[0]) == {"label", "probability", "probabilities"}


@pytest.mark.slow
def test_what_is_wrong_is_said_at_once(recipe, data, tmp_path):
    with pytest.raises(ValueError, match="no option 'unit'. Did you mean 'units'"):
        recipe.hypermodel(data, options={"unit": 3})
    search = tuner(recipe.hypermodel(data), tmp_path)
    with pytest.raises(ValueError, match="search takes no data"):
        search.search(data.train, epochs=1, verbose=0)
