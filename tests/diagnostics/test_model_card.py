"""What a model says of itself: in a line, and in its card."""

import keras
import pytest

import recipes
import rnnkit
from rnnkit.cli.program import main

FEW = {"text": [f"{word} {number}" for number in range(20) for word in ("bad", "fine")]}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that the command line trained on a file, its path and its card."""
    folder = tmp_path_factory.mktemp("card")
    rows = [f"{text},{'no' if text.startswith('bad') else 'yes'}" for text in FEW["text"]]
    (folder / "mine|own.csv").write_text("text,label\n" + "\n".join(rows))
    path, card = str(folder / "m.keras"), folder / "m.md"
    call = ["train", "spam", "--data", str(folder / "mine|own.csv"), "--epochs", "2", "--seed", "3"]
    assert main([*call, "--set", "units=2", "--out", path, "--card", str(card)]) == 0
    return rnnkit.load_model(path), card.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_card_has_what_the_training_was(trained, capsys):
    model, card = trained
    assert rnnkit.card(model) == card and rnnkit.card(model)._repr_markdown_() == card
    assert card.startswith("# spam: ")
    for line in (
        "`mine|own.csv`: 32 to train, 4 to validate, 4 to test.",
        "| `units` | `2` |",
        "| `seed` | `3` |",
        "| epochs trained | 2 |",
        f"| version of keras | {keras.__version__} |",
        f"| parameters | {model.count_params():,} |",
    ):
        assert line in card
    scores = model.trained["scores"]
    assert set(scores) == {"accuracy", "mcc", "f1"}
    assert f"| accuracy | test | {scores['accuracy']:.4f} |" in card
    assert "| accuracy | validation, at the epoch that was kept |" in card


@pytest.mark.slow
def test_a_line_has_pattern_features_parameters_and_scores(trained):
    line = repr(trained[0])
    assert line.startswith("<OneToOne 'spam': Text → Label, ")
    assert "trained on mine|own.csv (32 examples), accuracy " in line


@pytest.mark.slow
def test_of_embedded_data_and_of_models_without_a_recipe(tmp_path):
    recipe = recipes.get("spam")
    model = recipe.train(recipe.data(), epochs=1, units=2, verbose=0)
    text = rnnkit.card(model)
    assert "4,500 to train, 500 to validate, 1,000 to test. It is synthetic" in text
    assert "### rnnkit_sms" in text and "None were kept" not in text
    text = rnnkit.features.Text().adapt(FEW["text"])
    alone = rnnkit.models.ManyToOne(text, rnnkit.features.Label(["a", "b"]), cell="gru", units=2)
    rnnkit.card(alone).save(tmp_path / "alone.md")
    written = (tmp_path / "alone.md").read_text(encoding="utf-8")
    assert "Nothing is known" in written and "| `units` | `2` |" in written
    assert "`model.score(data.test)` measures them" in written
    assert repr(alone).startswith("<ManyToOne 'many_to_one") and ", gru, " in repr(alone)


def test_another_training_leaves_nothing_of_the_one_before(trained):
    model = rnnkit.models.OneToOne.from_config(trained[0].get_config())
    model.trained = dict(trained[0].trained)
    model.fine_tune(FEW["text"], ["no", "yes"] * 20, epochs=1, verbose=0)
    assert model.trained is None and "Nothing is known" in rnnkit.card(model)


def test_what_has_no_card(tmp_path, capsys):
    with pytest.raises(ValueError, match="model must be one of rnnkit.models. Received: 'm.keras'"):
        rnnkit.card("m.keras")
    out = str(tmp_path / "m.keras")
    assert main(["train", "spam", "--out", out, "--card", str(tmp_path / "none" / "m.md")]) == 2
    assert "m.md: the folder" in capsys.readouterr().err


def test_features_say_what_they_are():
    label = rnnkit.features.Label(["ham", "spam"])
    assert repr(label) == "Label(classes=['ham', 'spam'], data_type='string')"
    text = rnnkit.features.Text(max_length=9).adapt(FEW["text"])
    assert "max_length=9" in repr(text) and "vocabulary=<22 of list>" in repr(text)
