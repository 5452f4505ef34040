"""Models whose cell has a name of the user's own: loaded in Python and on the command line."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import rnnkit
from rnnkit.cli import main
from rnnkit.layers import ReferenceGRUCell, register_cell
from rnnkit.models import ManyToOne
from tests import helpers

RECIPE = """
import rnnkit
from recipes.many_to_one.sentiment import Sentiment
from rnnkit.layers import ReferenceGRUCell, register_cell

register_cell("paper_gru", lambda units: ReferenceGRUCell(units, reset_after=False))


class Mine(Sentiment):
    name = "mine"
"""
X, Y = helpers.presence(16)


def builder(units):
    return ReferenceGRUCell(units, reset_after=False)


@pytest.fixture
def registered(monkeypatch):
    """The names of cells; those that a test registers are forgotten after it."""
    module = sys.modules["rnnkit.layers.recurrent"]
    known = dict(module._BUILDERS)
    monkeypatch.setattr(module, "_BUILDERS", known)
    return known


@pytest.fixture
def saved(registered, tmp_path):
    """A model with a registered cell, its file and the user's own; the cell is forgotten."""
    register_cell("paper_gru", builder)
    model = ManyToOne(*helpers.features(X, Y), cell="paper_gru", units=4, embedding_size=3, seed=1)
    model.recipe = "mine"
    model.save(tmp_path / "model.keras")
    (tmp_path / "mine.py").write_text(RECIPE)
    rows = [f"{text},{label}" for text, label in zip(X, Y, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["text,label", *rows]))
    del registered["paper_gru"]
    return model


def test_in_python(saved, registered, tmp_path):
    path = tmp_path / "model.keras"
    with pytest.raises(ValueError, match="could not be rebuilt .*cell must be.*register_cell"):
        rnnkit.load_model(path)
    expected = saved.predict(X, verbose=0)
    given = rnnkit.load_model(path, custom_objects={"paper_gru": builder})
    np.testing.assert_array_equal(given.predict(X, verbose=0), expected)
    assert "paper_gru" not in registered  # only for that model
    register_cell("paper_gru", builder)
    np.testing.assert_array_equal(rnnkit.load_model(path).predict(X, verbose=0), expected)


def test_in_a_fresh_process(saved, tmp_path, fresh):
    path, expected = str(tmp_path / "model.keras"), saved.infer(X[:2])
    with pytest.raises(RuntimeError, match="register_cell"):
        fresh.call("infer", path=path, x=X[:2])
    custom = {"paper_gru": f"{__name__}:builder"}
    assert fresh.call("infer", path=path, x=X[:2], custom=custom) == expected


@pytest.mark.slow
def test_a_fresh_command_line(saved, tmp_path):
    found = subprocess.run(
        [sys.executable, "-m", "rnnkit.cli", "infer", "model.keras", "--recipe", "mine.py", "low"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(helpers.ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert json.loads(found.stdout)["label"] == saved.infer("low")["label"], found.stderr


@pytest.mark.slow
def test_on_the_command_line(saved, registered, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["infer", "model.keras", "low"]) == 2
    assert "register_cell" in capsys.readouterr().err
    assert main(["infer", "model.keras", "--recipe", "mine.py", "low"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["probability"] == pytest.approx(saved.infer("low")["probability"], abs=1e-6)
    del registered["paper_gru"]
    call = ["evaluate", "model.keras", "--recipe", "mine.py", "--data", "data.csv", "--json"]
    assert main(call) == 0
    assert "scores" in json.loads(capsys.readouterr().out.splitlines()[-1])


def test_what_a_file_says_is_not_looked_up(registered):
    # A registered object of any kind is no cell because a file names it.
    with pytest.raises(ValueError, match="cell must be one of"):
        rnnkit.layers.recurrent("rnnkit>Text", 4)


def test_a_plain_keras_model_is_refused(tmp_path, capsys):
    import keras

    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "plain.keras")
    assert main(["infer", str(tmp_path / "plain.keras"), "1"]) == 2
    assert "plain Keras model" in capsys.readouterr().err
