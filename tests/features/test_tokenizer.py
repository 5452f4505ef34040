"""A tokenizer of the user's own in `Text` and `Words`: learned with, saved by name, exported."""

import json

import keras
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.cli import main
from rnnkit.features import Tags, Text, Words
from rnnkit.models import OneToOne, Tagger
from tests import helpers

RECIPE = """
import keras
from recipes.one_to_one.spam import Spam


@keras.saving.register_keras_serializable("tests")
def pairs_of_letters(text):
    return [text[index : index + 2] for index in range(0, len(text), 2)]


class Mine(Spam):
    name = "mine"
"""


@keras.saving.register_keras_serializable("tests")
def pairs_of_letters(text):
    return [text[index : index + 2] for index in range(0, len(text), 2)]


@keras.saving.register_keras_serializable("tests")
def by_commas(texts):
    return tf.strings.split(texts, ",")


@keras.saving.register_keras_serializable("tests")
def bad(text):
    return text.split() if len(text) < 9 else [1]


def unregistered(text):
    return text.split()


def test_texts_are_taken_apart_by_it():
    text = Text(tokenizer=pairs_of_letters).adapt(["ababcd", "cd"])
    assert text.vocabulary == ["ab", "cd"]
    assert text.encode(tf.constant(["cdab", "", "xyab"])).to_list() == [[3, 2], [1], [1, 2]]
    assert text.decode([[2, 3]]) == ["ab cd"]
    assert text.pieces("abx") == ["ab", "x"]
    again = Text.from_config(json.loads(json.dumps(text.get_config())))
    assert again.encode(tf.constant(["cdab"])).to_list() == [[3, 2]]
    assert (text.get_config()["tokenizer"], text.in_graph) == ("tests>pairs_of_letters", False)
    commas = Text(tokenizer=by_commas).adapt(["a b,c", "c,,"])
    assert commas.vocabulary == ["c", "a b"]
    assert commas.in_graph and commas.encode(tf.constant([",a b,,c"])).to_list() == [[3, 2]]
    # What is normalised is normalised first.
    assert Text(tokenizer=by_commas, standardize="lower").adapt(["A,a"]).vocabulary == ["a"]


def test_words_of_a_text():
    words = Words(tokenizer=pairs_of_letters).adapt([["ab", "cd"]])
    assert words.raw(["cdab e"]) == [["cd", "ab", " e"]]
    assert words.raw([["ab e"]]) == [["ab e"]]  # words already
    commas = Words(tokenizer=by_commas).adapt([["a b", "c"]])
    assert commas.raw(["c,a b"]) == [["c", "a b"]]
    assert commas.words_served(tf.constant(["c,a b"])).to_list() == [[b"c", b"a b"]]


BAD = [
    (lambda: Text(tokenizer=unregistered), "unregistered is not registered.*put @keras"),
    (lambda: Text(tokenizer=lambda text: text), "is not registered"),
    (lambda: Text(tokenizer=str), "tokenizer must be a function"),
    (lambda: Text(tokenizer="tests>none"), "'tests>none' is not known.*custom_objects.*--recipe"),
    (lambda: Text(tokenizer="rnnkit>Text"), "is not known"),
    (lambda: Text(tokenizer=bad, level="character"), "level must be 'word'"),
    (lambda: Text(tokenizer=bad).adapt(["a b", "a long text"]), "list of strings. Received: 1"),
    (lambda: Text(tokenizer=bad).adapt(["a"]).pieces("a long text"), "list of strings"),
]


@pytest.mark.parametrize("call, message", BAD, ids=range(len(BAD)))
def test_what_cannot_be_used_is_refused(call, message):
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match=message):
        call()


@pytest.fixture
def saved(tmp_path):
    """A model that reads with Python's `pairs_of_letters`, and its file."""
    texts, labels = helpers.presence(12)
    text, label = helpers.features(texts, labels, tokenizer=pairs_of_letters)
    model = OneToOne(text, label, units=3, seed=1)
    model.fit(texts, labels, verbose=0)
    model.recipe = "mine"
    model.save(tmp_path / "m.keras")
    return model, texts, str(tmp_path / "m.keras")


@pytest.fixture
def forgotten(monkeypatch):
    known = keras.saving.get_custom_objects()
    monkeypatch.delitem(known, "tests>pairs_of_letters")
    return known


@pytest.mark.slow
def test_a_saved_model_finds_it_again(saved, fresh, request):
    model, texts, path = saved
    expected = model.infer(texts[:3])
    assert rnnkit.load_model(path).infer(texts[:3]) == expected
    assert keras.models.load_model(path).infer(texts[:3]) == expected
    with pytest.raises(RuntimeError, match="tests>pairs_of_letters' is not known"):
        fresh.call("infer", path=path, x=texts[:3])
    request.getfixturevalue("forgotten")
    with pytest.raises(ValueError, match="'tests>pairs_of_letters' is not known"):
        rnnkit.load_model(path)
    given = {"tests>pairs_of_letters": pairs_of_letters}
    assert rnnkit.load_model(path, custom_objects=given).infer(texts[:3]) == expected


def test_on_the_command_line(saved, forgotten, tmp_path, monkeypatch, capsys):
    model, texts, _ = saved
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(RECIPE)
    assert main(["infer", "m.keras", texts[0]]) == 2
    assert "--recipe" in capsys.readouterr().err
    assert main(["infer", "m.keras", "--recipe", "mine.py", texts[0]]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["probability"] == pytest.approx(model.infer(texts[0])["probability"], abs=1e-6)


def test_export_of_what_is_python_is_refused(saved, tmp_path):
    model, _, _ = saved
    with pytest.raises(ValueError, match="tests>pairs_of_letters is Python.*TensorFlow's op"):
        model.export(tmp_path / "served", verbose=False)
    assert not (tmp_path / "served").exists()
    words = Words(tokenizer=pairs_of_letters).adapt([["ab", "cd"]])
    tagger = Tagger(words, Tags().adapt([["X", "Y"]]), units=2, embedding_size=2, seed=1)
    with pytest.raises(ValueError, match="is Python"):
        tagger.export(tmp_path / "served", verbose=False)


@pytest.mark.slow
def test_one_of_operations_is_exported(tmp_path):
    text, label = helpers.features(["a b,c", "c,d"], ["x", "y"], tokenizer=by_commas)
    model = OneToOne(text, label, units=3, seed=1)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    found = served.serve(tf.constant(["c,a b", "d"]))
    expected = model.predict(["c,a b", "d"], verbose=0)
    assert found["probabilities"].numpy() == pytest.approx(expected, abs=1e-6)
