"""A training that scores its model: saved once, with the scores, however that ends."""

import os

import keras
import pytest

import rnnkit
from rnnkit import registry
from rnnkit.cli import main
from tests import helpers
from tests.training import toys
from tests.tuning.toys import count_calls

TEXTS, LABELS = helpers.presence(40)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{text},{label}" for text, label in zip(TEXTS, LABELS, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["text,label", *rows]))
    return tmp_path


@pytest.fixture
def recipe():
    return registry.get(toys.__file__)


@pytest.mark.slow
def test_scores_are_in_the_model_that_is_saved(recipe, here, monkeypatch):
    saved = count_calls(monkeypatch, keras.Model, "save")
    data = recipe.data("data.csv")
    model = recipe.train(data, out="m.keras", epochs=2, verbose=0, score=True)
    # The best epochs so far, and the end.
    assert 2 <= len(saved) <= 3
    scores = rnnkit.load_model("m.keras").trained["scores"]
    assert scores == model.trained["scores"] == model.score(data.test)
    assert "scores" not in recipe.train(data, epochs=1, verbose=0).trained


@pytest.mark.slow
def test_the_command_line_saves_once(here, monkeypatch, capsys):
    saved = count_calls(monkeypatch, keras.Model, "save")
    call = ["train", toys.__file__, "--data", "data.csv", "--epochs", "1"]
    assert main([*call, "--out", "m.keras", "--card", "card.md"]) == 0
    assert len(saved) == 2  # when its only epoch ended, and with what is said of it
    scores = rnnkit.load_model("m.keras").trained["scores"]
    shown = f"Scores on the test split: accuracy {scores['accuracy']:.4f}"
    assert shown in capsys.readouterr().out
    assert f"{scores['accuracy']:.4f}" in (here / "card.md").read_text()
    del saved[:]
    call = ["tune", toys.__file__, "--data", "data.csv", "--epochs", "1", "--tuner", "random"]
    assert main([*call, "--max-trials", "1", "--out", "best.keras"]) == 0
    assert len(saved) == 2  # in the folder of the search, and where it was wanted
    assert "scores" in rnnkit.load_model("best.keras").trained


@pytest.mark.slow
@pytest.mark.parametrize("error, status", [(KeyboardInterrupt, 130), (MemoryError, None)])
def test_a_model_whose_scores_are_not_waited_for_is_saved(
    recipe, here, monkeypatch, capsys, error, status
):
    def stopped(self, *args, **kwargs):
        raise error

    monkeypatch.setattr(rnnkit.models.OneToOne, "score", stopped)
    call = ["train", toys.__file__, "--data", "data.csv", "--epochs", "2", "--out", "m.keras"]
    if status is None:
        with pytest.raises(error):
            main(call)
    else:
        assert main(call) == status
        said = f"Interrupted in scoring. The trained model is saved to {here / 'm.keras'}"
        assert said in capsys.readouterr().err
    assert sorted(os.listdir()) == ["data.csv", "m.keras"]  # nothing to go on with
    model = rnnkit.load_model("m.keras")
    assert model.trained["epochs"] == 2 and "scores" not in model.trained
    alike = recipe.train(recipe.data("data.csv"), epochs=2, verbose=0)
    assert helpers.weights_equal(model.get_weights(), alike.get_weights())
