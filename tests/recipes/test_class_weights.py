"""Weights of classes in every recipe: a dict, "balanced" and `--class-weight` count in the loss, or
are refused with the reason and what to do instead."""

import json
import math
import re

import pytest

import recipes
import rnnkit
from rnnkit import registry
from rnnkit.cli import main
from tests import helpers
from tests.recipes.test_recipes import ROWS

# Recipe -> a class of it, or a token of its texts, where they count.
CLASSES = {
    "chatbot": ".",
    "image_captioning": "a",
    "text_generation": "e",
    "translation": ".",
    "dna_classification": "site",
    "image_classification": "0",
    "named_entities": "B-person",
    "pos_tagging": "NOUN",
    "sentiment": "positive",
    "spam": "spam",
    "video_labeling": "turn",
}
# Recipe -> why class weights are refused, and what is said to do instead.
REFUSED = {
    **dict.fromkeys(
        ("handwriting", "speech_to_text"),
        "the text is learned as a whole here, not token by token.*sample_weight of the model's fit",
    ),
    "music_generation": "a melody is learned note by note.*sample_weight of the model's fit",
    "forecasting": "values ahead are numbers.*sample_weight of the model's fit",
    "fraud_detection": "the loss weighs classes itself; with balance=0 a recipe",
}
# Option and value with which those of a recipe that refuses count.
COUNTS_WITH = {
    "fraud_detection": ({"balance": 0.0}, "fraud"),
}
# Where they count three models are trained, of the others one is made.
LIGHT = ("image_classification", "spam", *REFUSED.keys() - {"handwriting"})


def by_weight(names, light=LIGHT):
    """Names for `parametrize`, those that take long marked as slow."""
    return [name if name in light else pytest.param(name, marks=pytest.mark.slow) for name in names]


def parts(name, monkeypatch):
    """A recipe whose data is small, whoever asks for it, and the options of a tiny model."""
    recipe = recipes.get(name)
    some = helpers.small(recipe, (45, 1, 1))
    # Every class that is validated is learned.
    data = rnnkit.data.Data(some.train, some.train, some.train, some.source, some.info)
    monkeypatch.setattr(type(recipe), "data", lambda self, *args, **options: data)
    return recipe, data, {**ROWS[name][0], "seed": 1}


def train_line(name, weights, options, tmp_path):
    """The arguments of `rnnkit train`."""
    line = ["train", name, "--epochs", "1", "--json", "--out", str(tmp_path / "m.keras")]
    for weight in weights:
        line += ["--class-weight", weight]
    for option, value in options.items():
        line += ["--set", f"{option}={value}"]
    return line


def first_loss(recipe, data, options, weights):
    """The loss before anything is learned, of one epoch of one batch."""
    found = recipe.train(data, epochs=1, batch_size=64, class_weight=weights, verbose=0, **options)
    return found.history.history["loss"][0]


def test_every_recipe_has_its_row():
    assert {*CLASSES, *REFUSED} == {*registry.names()}
    assert not CLASSES.keys() & REFUSED.keys()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The threshold stays")
@pytest.mark.parametrize("name", by_weight([*CLASSES, *COUNTS_WITH], LIGHT[:2]))
def test_they_count(name, monkeypatch, tmp_path, capsys):
    recipe, data, options = parts(name, monkeypatch)
    more, chosen = COUNTS_WITH.get(name, ({}, CLASSES.get(name)))
    options |= more
    plain = first_loss(recipe, data, options, None)
    by_name = first_loss(recipe, data, options, {chosen: 50.0})
    even = first_loss(recipe, data, options, "balanced")
    assert all(map(math.isfinite, (plain, by_name, even)))
    assert by_name != pytest.approx(plain, rel=1e-4)
    assert even != plain
    with pytest.raises(ValueError, match="class_weight names the (class|token) 'another'"):
        recipe.train(data, epochs=1, class_weight={"another": 2.0}, verbose=0, **options)
    capsys.readouterr()
    assert main(train_line(name, [f"{chosen}=50"], options, tmp_path)) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["scores"]


@pytest.mark.slow
@pytest.mark.parametrize("name", by_weight(REFUSED))
def test_they_are_refused_with_the_reason(name, monkeypatch, tmp_path, capsys):
    recipe, data, options = parts(name, monkeypatch)
    model = recipe.model(data, **options)
    for weights in ({"a": 2.0}, {0: 2.0}, "balanced"):
        with pytest.raises(ValueError, match=f"class_weight.*{REFUSED[name]}.*Received"):
            model.fit(data.train, class_weight=weights, verbose=0)
    with pytest.raises(ValueError, match=REFUSED[name]):
        recipe.train(data, class_weight="balanced", verbose=0, **options)
    capsys.readouterr()
    assert main(train_line(name, ["balanced"], options, tmp_path)) == 2
    assert re.search(REFUSED[name], capsys.readouterr().err)
    assert not (tmp_path / "m.keras").exists()
