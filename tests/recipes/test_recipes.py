"""Every recipe on its embedded data, in a tiny setting; one row each.

A recipe without a row fails the first test.
"""

import json
import math
import pathlib
import subprocess
import sys

import pytest

import recipes
import rnnkit

ROOT = pathlib.Path(__file__).parents[2]

# Recipe -> options of the tiny model, score, and the least it must reach on 300 test examples (or
# the most, of an error).
ROWS = {
    "chatbot": (
        {
            "units": 32,
            "embedding_size": 32,
            "vocabulary_size": 300,
            "beam_size": 2,
            "learning_rate": 1e-2,
        },
        "chrf",
        10.0,
    ),
    "forecasting": ({"units": 60, "horizon": 8}, "mse", 0.01),
    # After three epochs hardly a letter is written yet.
    "handwriting": ({"units": 8, "filters": 8, "num_layers": 1}, "cer", 1.0),
    "spam": ({"units": 8}, "accuracy", 0.9),
    "sentiment": ({"units": 8, "embedding_size": 16, "vocabulary_size": 500}, "accuracy", 0.5),
    "speech_to_text": ({"units": 8, "filters": 8, "num_layers": 1, "mels": 12}, "cer", 1.0),
    "translation": (
        {
            "units": 32,
            "embedding_size": 32,
            "vocabulary_size": 300,
            "beam_size": 2,
            "learning_rate": 1e-2,
        },
        "chrf",
        5.0,
    ),
}
INPUTS = {
    "chatbot": ["Good morning!", "What is the capital of France?", "\u6f22", ""],
    "forecasting": [[round(math.sin(step / 4), 6) for step in range(150)]] * 2,
    "handwriting": ["0 9 0;5 0 0;9 9 1;2 5 0;7 5 1", "0 0 0;0 20 1"],
    "spam": ["WIN a prize now, text CLAIM to 80555", "running late, start without me", ""],
    "sentiment": ["A delight.", "The trailer is a delight, but the film is dreadful.", ""],
    # Samples of a tone, at the rate of the training clips.
    "speech_to_text": [[round(0.3 * math.sin(step / 2), 4) for step in range(2400)]] * 2,
    "translation": ["The cat is black.", "the \u6f22 sees Zo\u00eb", ""],
}


def small(recipe, sizes=(1500, 200, 300)):
    data = recipe.data()
    parts = zip((data.train, data.validation, data.test), sizes, strict=True)
    return rnnkit.data.Data(
        *(part.take(size) for part, size in parts),
        source=data.source,
        info=data.info,
    )


def test_every_recipe_has_a_row_and_describes_itself():
    assert set(ROWS) == {row["name"] for row in recipes.list()} == set(INPUTS)
    for row in recipes.list():
        assert all(row.values()), row
        recipe = recipes.get(row["name"])
        assert getattr(recipes, row["name"]).name == recipe.name
        assert recipe.dataset_card().lstrip().startswith("#")
        assert set(recipe.describe_search()) <= {*recipe.options(), "epochs", "batch_size"}
        assert set(recipe.scores) <= {*rnnkit.metrics.SCORES, *rnnkit.text_metrics.SCORES}


def test_the_table_shows_everywhere():
    table = recipes.list()
    for name in ROWS:
        assert name in repr(table)
        assert f"<td>{name}</td>" in table._repr_html_()


def test_unknown_recipes_and_options_get_the_nearest_name():
    with pytest.raises(ValueError, match="Did you mean 'sentiment'"):
        recipes.get("sentimant")
    with pytest.raises(AttributeError):
        recipes.sentimant  # noqa: B018
    recipe = recipes.get("sentiment")
    with pytest.raises(ValueError, match="Did you mean 'units'"):
        recipe.check_options({"unit": 3})
    with pytest.raises(ValueError, match="takes a number"):
        recipe.check_options({"dropout": "much"})


@pytest.mark.parametrize("name", sorted(ROWS))
def test_from_embedded_data_to_a_reloaded_model(name, tmp_path, fresh):
    recipe = recipes.get(name)
    options, score, least = ROWS[name]
    path, inputs = str(tmp_path / f"{name}.keras"), json.dumps(INPUTS[name])
    trained = in_a_fresh_process(TRAIN, name, path, inputs, json.dumps(options))
    assert trained["recipe"] == name
    names = list(recipe.scores)
    assert list(trained["scores"])[: len(names)] == names  # naive forecasts' may follow
    reached = trained["scores"][score]
    assert reached <= least if score in ("mse", "cer") else reached >= least
    assert fresh.call("infer", path=path, x=INPUTS[name]) == trained["results"]  # to the last bit


TRAIN = """
import json, sys
import recipes
from tests.recipes.test_recipes import small
name, path, inputs, options = sys.argv[1:]
recipe = recipes.get(name)
data = small(recipe)
model = recipe.train(data, epochs=3, out=path, verbose=0, seed=1, **json.loads(options))
results = model.infer(json.loads(inputs))
print(json.dumps({"recipe": model.recipe, "scores": model.score(data.test), "results": results}))
"""


def in_a_fresh_process(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return json.loads(done.stdout.splitlines()[-1])


# After an epoch of 96 examples nothing written comes to an end.
@pytest.mark.filterwarnings("ignore:.* did not end within")
@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_tuning_trial(name, tmp_path):
    recipe = recipes.get(name)
    result = recipe.tune(
        small(recipe, (96, 32, 32)),
        tuner="random",
        max_trials=1,
        epochs=1,
        seed=1,
        directory=tmp_path / "search",
        verbose=0,
    )
    assert len(result.table()) == 1
    assert result.best_model().infer(INPUTS[name][:1])
