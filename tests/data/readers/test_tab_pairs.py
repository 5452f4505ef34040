"""Pairs between tabs in plain text files."""

import pytest

import recipes

SOURCES = [f"I see {n} dogs." for n in range(40)]
TARGETS = [f"Je vois {n} chiens." for n in range(40)]
PAIRS = dict(zip(SOURCES, TARGETS, strict=True))


@pytest.fixture
def write(tmp_path):
    def make(rows, name="fra.txt"):
        path = tmp_path / name
        path.write_text("".join("\t".join(row) + "\n" for row in rows), "utf-8")
        return path

    return make


def pairs(data):
    parts = (data.train, data.validation, data.test)
    return {x.decode(): y.decode() for part in parts for x, y in part.as_numpy_iterator()}


def with_origin():
    return [(x, y, f"CC-BY 2.0 (France) #{n}") for n, (x, y) in enumerate(PAIRS.items())]


@pytest.mark.parametrize("name", ["translation", "chatbot"])
def test_pairs_with_attributions(write, name):
    assert pairs(recipes.get(name).data(write(with_origin()))) == PAIRS


@pytest.mark.slow
def test_directions_and_headers(write, capsys):
    recipe = recipes.get("translation")
    back = {y: x for x, y in PAIRS.items()}
    path = write(with_origin())
    assert pairs(recipe.data(path, input=1, target=0)) == back
    assert pairs(recipe.data(path, target=0)) == back
    assert pairs(recipe.data(write(PAIRS.items()))) == PAIRS
    assert capsys.readouterr().out.count("is an example") == 3
    path = write([("source", "target", "by"), *with_origin()])
    assert pairs(recipe.data(path)) == PAIRS
    assert "is a header" in capsys.readouterr().out
    assert pairs(recipe.data(path, input="target", target="source")) == back
    assert len(pairs(recipe.data(write(PAIRS.items()), header=True, input=0, target=1))) == 39


def test_what_is_open_is_refused(write):
    recipe = recipes.get("translation")
    path = write([(*pair, f"note {n}") for n, pair in enumerate(PAIRS.items())])
    with pytest.raises(ValueError, match="has 3 columns of texts between tabs; expected two: say"):
        recipe.data(path)
    assert pairs(recipe.data(path, input=0, target=1)) == PAIRS
    path = write([*PAIRS.items(), ("alone",)])
    with pytest.raises(ValueError, match="fra.txt, line 41: expected 2 fields .* but found 1"):
        recipe.data(path)
    with pytest.raises(ValueError, match="holds one side alone: pass both files"):
        recipe.data(write([(text,) for text in SOURCES]))
