"""Every recipe on its embedded data, in a tiny setting; one row each.

A recipe without a row fails the first test.
"""

import json
import math

import pytest

import recipes
import rnnkit
from tests import helpers

# Recipe -> options of the tiny model, score, and the least it must reach on 300 test examples (or
# the most, of an error). "loss" is that of the validation part, as a fraction of that before.
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
    # So little data and training teach it nothing that could be measured, as is `sentiment`.
    "dna_classification": ({"units": 8, "filters": 8}, None, None),
    # 0.34; without a gradient it stays.
    "fraud_detection": ({"units": 8, "embedding_size": 2, "learning_rate": 1e-2}, "loss", 0.5),
    "forecasting": ({"units": 60, "horizon": 8}, "mse", 0.01),
    # After three epochs hardly a letter is written yet, but it is 0.12.
    "handwriting": (
        {"units": 16, "filters": 8, "num_layers": 1, "learning_rate": 1e-2},
        "loss",
        0.2,
    ),
    # After three epochs it says that there is something large or small somewhere.
    "image_captioning": (
        {"units": 32, "embedding_size": 16, "beam_size": 2, "learning_rate": 1e-2},
        "bleu1",
        20.0,
    ),
    "image_classification": (
        {"units": 64, "dropout": 0.0, "learning_rate": 3e-3},
        "accuracy",
        0.4,
    ),  # fmt: skip
    # Untrained it is 7 nats.
    "music_generation": (
        {"units": 32, "embedding_size": 32, "learning_rate": 1e-2, "transpose": 2},
        "nats",
        4.5,
    ),
    "named_entities": (
        {"units": 16, "embedding_size": 16, "character_filters": 16, "learning_rate": 1e-2},
        "entity_f1",
        0.4,
    ),
    "pos_tagging": (
        {"units": 16, "embedding_size": 16, "character_filters": 16, "learning_rate": 1e-2},
        "accuracy",
        0.8,
    ),
    "spam": ({"units": 8}, "accuracy", 0.9),
    "sentiment": ({"units": 8, "embedding_size": 16, "vocabulary_size": 500}, None, None),
    # It is 0.09.
    "speech_to_text": (
        {"units": 16, "filters": 8, "num_layers": 1, "mels": 12, "learning_rate": 1e-2},
        "loss",
        0.2,
    ),
    # Untrained it is 4 nats.
    "text_generation": ({"units": 32, "embedding_size": 16, "learning_rate": 1e-2}, "nats", 2.9),
    "translation": (
        {
            "units": 32,
            "embedding_size": 32,
            "vocabulary_size": 300,
            "beam_size": 2,
            "learning_rate": 4e-2,
        },
        "chrf",
        5.0,
    ),
    "video_labeling": ({"units": 8, "frame_filters": [4], "frame_units": 16}, "accuracy", 0.4),
}
INPUTS = {
    "chatbot": ["Good morning!", "What is the capital of France?", "\u6f22", ""],
    "dna_classification": ["ACGTTGACATTNNRYTATAATGC", "acgu", ""],
    "fraud_detection": [
        [{"time": 0, "amount": 3.5, "shop": "fuel", "channel": "chip", "place": "Arlen"}],
        "time,amount,shop,channel,place\n1,2,new,online,\n2,500,electronics,online,",
    ],
    "forecasting": [[round(math.sin(step / 4), 6) for step in range(150)]] * 2,
    "handwriting": ["0 9 0;5 0 0;9 9 1;2 5 0;7 5 1", "0 0 0;0 20 1"],
    # Pixels of 32 by 32, and of another size.
    "image_captioning": [
        [
            [[(7 * row * column) % 256, 9 * row % 256, 40] for column in range(side)]
            for row in range(32)
        ]
        for side in (32, 45)
    ],
    # Pixels of 20 by 20, and of another size.
    "image_classification": [
        [[(7 * row * column) % 256 for column in range(side)] for row in range(20)]
        for side in (20, 31)
    ],
    "music_generation": ["march", "lullaby"],
    "named_entities": [["Jordan", "resigned", "."], ["in", "Qu\u00e9bec"], []],
    "pos_tagging": ["They can fish.", "the \u6f22 sees Zo\u00eb", ""],
    "spam": ["WIN a prize now, text CLAIM to 80555", "running late, start without me", ""],
    "sentiment": ["A delight.", "The trailer is a delight, but the film is dreadful.", ""],
    # Samples of a tone, at the rate of the training clips.
    "speech_to_text": [[round(0.3 * math.sin(step / 2), 4) for step in range(2400)]] * 2,
    "text_generation": ["Clara was a", "\u6f22", ""],
    "translation": ["The cat is black.", "the \u6f22 sees Zo\u00eb", ""],
    # Clips of one and of five frames.
    "video_labeling": [
        [
            [[(step * row * column) % 256 for column in range(16)] for row in range(16)]
            for step in range(length)
        ]
        for length in (1, 5)
    ],  # fmt: skip
}
# Recipe -> options of inference; what is sampled has a seed.
DECODING = {
    "chatbot": {"max_length": 8},
    "image_captioning": {"max_length": 8},
    "music_generation": {"seed": 1, "max_length": 20},
    "text_generation": {"seed": 1, "max_length": 40},
    "translation": {"max_length": 8},
}


def test_every_recipe_has_a_row_and_describes_itself():
    assert set(ROWS) == {row["name"] for row in recipes.list()} == set(INPUTS)
    for row in recipes.list():
        assert row["broken"] is None
        assert all(value for key, value in row.items() if key != "broken"), row
        recipe = recipes.get(row["name"])
        assert getattr(recipes, row["name"]).name == recipe.name
        assert recipe.dataset_card().lstrip().startswith("#")
        assert set(recipe.describe_search()) <= {*recipe.options(), "epochs", "batch_size"}
        known = {name for scores in rnnkit.metrics.SCORES.values() for name in scores}
        assert set(recipe.scores) <= known


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


@pytest.fixture(scope="session")
def trainer():
    """A process that trains recipes, and has done nothing else."""
    with helpers.Fresh() as process:
        yield process


@pytest.mark.filterwarnings("ignore::UserWarning")  # the inputs are odd, the training is short
@pytest.mark.parametrize("name", sorted(ROWS))
def test_from_raw_data_to_a_reloaded_model(name, tmp_path, fresh):
    """Once end to end, with a tiny model and hardly any data."""
    recipe = recipes.get(name)
    data = helpers.small(recipe, (64, 16, 16))
    options = {key: value for key, value in ROWS[name][0].items() if key != "learning_rate"}
    model = recipe.train(data, epochs=1, seed=1, verbose=0, **options)
    scores = model.score(data.test)
    assert list(scores)[: len(recipe.scores)] == list(recipe.scores)  # naive forecasts' may follow
    assert all(math.isfinite(value) for value in scores.values())
    inputs, decoding = INPUTS[name], DECODING.get(name, {})
    path = str(tmp_path / f"{name}.keras")
    model.save(path)
    ticket = fresh.begin("infer", path=path, x=inputs, **decoding)
    expected = json.loads(json.dumps(model.infer(inputs, **decoding)))
    assert fresh.end(ticket) == expected  # to the last bit


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ROWS))
def test_from_a_tuning_trial_to_a_reloaded_model(name, tmp_path, fresh, trainer):
    recipe = recipes.get(name)
    options, score, least = ROWS[name]
    path, inputs, decoding = str(tmp_path / f"{name}.keras"), INPUTS[name], DECODING.get(name, {})
    # One option is drawn; the others stay what makes a model that learns something so soon.
    space = recipe.describe_search()
    drawn = "dropout" if "dropout" in space else list(space)[0]
    fixed = {key: value for key, value in recipe.options().items() if key in space} | options
    trained = trainer.call(
        "tune",
        name=name,
        path=path,
        inputs=inputs,
        options={key: value for key, value in fixed.items() if key != drawn},
        decoding=decoding,
        directory=str(tmp_path / "search"),
        losses=score == "loss",
    )
    assert (trained["recipe"], trained["trials"]) == (name, 1)
    names = list(recipe.scores)
    assert list(trained["scores"])[: len(names)] == names  # naive forecasts' may follow
    reached = trained["scores"].get(score)
    if score is not None:
        assert reached <= least if score in ("loss", "mse", "nats") else reached >= least
    found = fresh.call("infer", path=path, x=inputs, **decoding)
    assert found == trained["results"]  # to the last bit
