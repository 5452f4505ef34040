"""What a tagger of words takes for one sentence: lists, texts, tensors; the rest is refused."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import recipes
from rnnkit.features import Tags, Words
from rnnkit.models import Tagger

SENTENCES = [["Jordan", "resigned"], ["Ann", "met", "Bob", "Ray"]]
TAGS = [["B-per", "O"], ["B-per", "O", "B-per", "I-per"]]


@pytest.fixture(scope="module")
def tagger():
    words, tags = Words(max_word_length=4).adapt(SENTENCES), Tags().adapt(TAGS)
    return Tagger(words, tags, units=4, embedding_size=4, character_filters=2, seed=1)


@pytest.mark.slow
def test_what_a_dataset_gives_is_one_sentence(tagger):
    expected = tagger.infer(SENTENCES)
    assert [[word for word, _ in each] for each in expected] == SENTENCES
    data = tf.data.Dataset.from_tensor_slices(tf.ragged.constant(SENTENCES))
    first = next(iter(data.map(lambda x: x + "")))
    assert tagger.infer(first) == expected[0] == tagger.infer(tf.constant(SENTENCES[0]))
    assert tagger.infer("Jordan resigned") == tagger.infer(tf.constant("Jordan resigned"))
    assert tagger.infer("Jordan resigned") == expected[0]
    assert tagger.infer(["Jordan resigned", "Ann met Bob Ray"]) == expected
    assert tagger.infer(tf.constant([SENTENCES[0]])) == expected[:1]
    assert tagger.infer([["Jordan", "resigned"]]) == tagger.infer(["Jordan resigned"])
    assert tagger.predict(first).shape == (1, 2, 3)
    assert [len(tagger.infer(each)) for each in (["Jordan"], [["Jordan"]], [""])] == [1, 1, 1]


@pytest.mark.parametrize("form", [list, tuple, np.array, pd.Series])
@pytest.mark.parametrize("method", ["infer", "predict"])
def test_strings_without_spaces_are_refused(tagger, form, method):
    with pytest.raises(ValueError, match=r"2 strings.*'Jordan', 'resigned'.*\[\['Jordan', 'res"):
        getattr(tagger, method)(form(["Jordan", "resigned"]))


def test_a_tensor_of_texts_is_refused(tagger):
    with pytest.raises(ValueError, match=r"one sentence.*'Ann met'.*list of str"):
        tagger.infer(tf.constant(["Ann met", "Bob Ray"]))
    with pytest.raises(ValueError, match="may be|does not know whether"):
        tagger.fit(["Jordan", "Ann"], [["O"], ["O"]], verbose=0)


@pytest.mark.slow
def test_texts_without_spaces_are_characters(tmp_path):
    line = "王小明在北京。"
    tags = ["B-PER", "I-PER", "I-PER", "O", "B-LOC", "I-LOC", "O"]
    path = tmp_path / "a.tsv"
    rows = "".join(f"{sign}\t{tag}\n" for sign, tag in zip(line, tags, strict=True)) + "\n"
    path.write_text(rows * 20, encoding="utf-8")
    recipe = recipes.get("named_entities")
    data = recipe.data(path)
    words, marks = recipe.features(data)
    model = Tagger(words, marks, units=8, embedding_size=8, character_filters=2, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    model.fit(data.train.ragged_batch(8), epochs=15, verbose=0)
    assert model.infer(line) == list(zip(line, tags, strict=True))
    assert model.infer([line, line[:3]]) == [model.infer(line), model.infer(line[:3])]
    x, _ = next(iter(data.test))
    assert model.infer(x) == model.infer(line)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["{1}-{0}", "{0}_{1}", "{1}"])
def test_entities_are_scored_however_written(tmp_path, way):
    written = [
        [tag if tag == "O" else way.format(*tag.split("-")) for tag in tags] for tags in TAGS
    ]
    recipe = recipes.get("named_entities")
    data = recipe.data((SENTENCES * 10, written * 10))
    model = Tagger(*recipe.features(data), units=8, embedding_size=8, crf=True, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    history = model.fit(data.train.ragged_batch(8), epochs=15, verbose=0).history
    assert history["entity_f1"][-1] == 1.0
    scores = model.score(data.test.ragged_batch(2))
    assert scores["entity_f1"] == scores["accuracy"] == 1.0
    assert [tag for _, tag in model.infer([SENTENCES[1]])[0]] == written[1]
    found = model.infer([SENTENCES[1]], details=True)[0]["entities"]
    assert [(each["type"], each["text"]) for each in found] == [("per", "Ann"), ("per", "Bob Ray")]
