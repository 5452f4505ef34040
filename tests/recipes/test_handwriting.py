"""The recipe `handwriting`: from a table of pen strokes to a file that reads them."""

import json

import numpy as np
import pytest

import recipes
import rnnkit
from rnnkit import cli
from rnnkit.datasets import letters
from rnnkit.models import CTC

RECIPE = recipes.get("handwriting")
WORDS = [a + b for a in "acehlmo" for b in "lions"]
TINY = {"units": 8, "num_layers": 1, "filters": 8, "seed": 1}


def written(word, seed=0):
    """A word as a line of a table: `x y up;x y up;...`."""
    points = letters.draw(word, slant=0.2, jitter=0.5, seed=seed)
    return ";".join(f"{x:g} {y:g} {up:g}" for x, y, up in points)


def table(folder, words, name="words.tsv"):
    rows = ["points\tword"] + [f"{written(w, seed)}\t{w}" for seed, w in enumerate(words)]
    path = folder / name
    path.write_text("\n".join(rows) + "\n")
    return path


# === From a table to a file ===


@pytest.mark.slow
def test_from_a_table_to_a_reloaded_model(fresh, tmp_path):
    data = RECIPE.data(str(table(tmp_path, WORDS)))
    model = RECIPE.train(data, epochs=1, verbose=0, **TINY)
    assert isinstance(model, CTC) and model.recipe == "handwriting"
    assert list(model.score(data.test)) == list(RECIPE.scores)
    # After one epoch all is blank; one that says something is compared.
    output = model.get_layer("output")
    kernel, bias = output.get_weights()
    output.set_weights([20 * kernel, bias - 2 * (np.arange(len(bias)) == 0)])
    lines = [written(word) for word in WORDS[:4]]
    texts = model.infer(lines)
    assert any(texts)
    path = str(tmp_path / "handwriting.keras")
    model.save(path)
    assert fresh.call("infer", path=path, x=lines) == texts
    again = rnnkit.load_model(path)
    before = again.get_weights()
    again.fine_tune(data.train, epochs=1, verbose=0)
    moved = [np.any(a != b) for a, b in zip(before, again.get_weights(), strict=True)]
    assert any(moved)
    assert model.infer(lines[0]) == texts[0]
    arrays = [letters.draw(word, slant=0.2, jitter=0.5, seed=0) for word in WORDS[:4]]
    assert model.infer(arrays) == texts


def test_options_reach_features_and_network(tmp_path):
    options = {"size": "height", "spacing": 0.0, "max_points": 300, "subsampling": 1}
    options |= {"cell": "gru", "units": 5, "beam_size": 3}
    model = RECIPE.model(RECIPE.data(str(table(tmp_path, WORDS))), **options)
    strokes = model.input_feature
    assert (strokes.unit, strokes.spacing, strokes.max_length) == ("height", None, 300)
    assert (model.cell, model.units, model.subsampling, model.beam_size) == ("gru", 5, 1, 3)
    assert set(model.output_feature.vocabulary) <= set("".join(WORDS))


# === Command line ===


@pytest.mark.slow
def test_the_command_line(tmp_path, capsys):
    path, out = table(tmp_path, WORDS), str(tmp_path / "handwriting.keras")
    with open(path, "a") as file:
        file.write("1 2 0;3 4\tbroken\n")
    command = ["train", "handwriting", "--data", str(path), "--epochs", "1", "--out", out, "--json"]
    command += [f"--set={name}={value}" for name, value in TINY.items()]
    assert cli.main(command) == 2
    said = capsys.readouterr().err
    assert "1 of 36 pieces of writing cannot be read" in said and "line 37" in said
    assert cli.main([*command, "--skip-unreadable"]) == 0
    captured = capsys.readouterr()
    assert "left out" in captured.err
    assert list(json.loads(captured.out)["scores"]) == list(RECIPE.scores)
    line = written("hello")
    assert cli.main(["infer", out, line]) == 0
    assert json.loads(capsys.readouterr().out)["input"] == line
    assert cli.main(["infer", out, "1 2 0;3 4"]) == 2
    assert "three numbers" in capsys.readouterr().err


# === Bad input ===


@pytest.mark.slow
@pytest.mark.parametrize("impossible", ["raise", "skip"])
def test_targets_longer_than_their_input(impossible):
    pieces = [letters.draw("hello", seed=1)] * 20 + ["0 0 0;1 1 1"] * 3
    words = ["hello"] * 20 + ["abracadabra"] * 3
    model = RECIPE.model(RECIPE.data((pieces, words)), impossible=impossible, **TINY)
    told = r"3 of 23 targets are too long for their inputs.*'abracadabra'.*needs 11 frames"
    if impossible == "raise":
        with pytest.raises(ValueError, match=told):
            model.fit(pieces, words, verbose=0)
    else:
        with pytest.warns(UserWarning, match=told):
            model.fit(pieces, words, epochs=1, verbose=0)


@pytest.mark.parametrize(
    "piece", ["", "1 2 0", "1 2 0;3 x 1", "1 2 0;3 4 7", "1 2 0;nan 4 1", "1 2;3 4"]
)
def test_what_are_no_strokes_is_named(piece, tmp_path):
    path = table(tmp_path, WORDS)
    with open(path, "a") as file:
        file.write(f"{piece}\tword\n")
    with pytest.raises(ValueError, match=r"1 of 36 pieces of writing.*line 37"):
        RECIPE.data(str(path))
    with pytest.warns(UserWarning, match="left out"):
        RECIPE.data(str(path), skip_unreadable=True)
    model = RECIPE.model(RECIPE.data(str(table(tmp_path, WORDS))), **TINY)
    with pytest.raises(ValueError, match="piece 1"):
        model.infer([written("on"), piece])
