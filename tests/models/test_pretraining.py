"""Layers that read texts, trained on texts without targets."""

import numpy as np
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.features import Number, Text, Words
from rnnkit.models import EncoderLanguageModel
from tests import helpers

# A cycle: each word says which is next and which was before.
CYCLE = ["one two three four five", "three four five one two", "five one two three four"] * 8
SIZES = {"units": 6, "embedding_size": 5, "seed": 1}
ALL = {"dropout": 0.0, "output_dropout": 0.0, **SIZES}


def test_neighbours_are_worked_out_by_hand():
    text = Text().adapt(["a a a b b c"])  # ids 2, 3 and 4
    model = EncoderLanguageModel(text, units=2, embedding_size=2, bidirectional=True)
    _, targets = model.prepare(["a b c", "b"]).tensors
    assert targets.to_list() == [[[3, 0], [4, 2], [0, 3]], [[0, 0]]]
    few = EncoderLanguageModel(text, units=2, embedding_size=2, targets=2)
    assert few.prepare(["a b c"]).tensors[1].to_list() == [[[3], [1], [0]]]  # "c" is one of others
    words = Words(max_word_length=3).adapt([["a", "b"]])
    read = EncoderLanguageModel(words, units=2, embedding_size=2, character_filters=2)
    assert read.prepare([["a", "b"]]).tensors[1].to_list() == [[[3], [0]]]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_no_state_has_seen_what_it_has_to_tell(bidirectional):
    text = Text().adapt(CYCLE)
    model = EncoderLanguageModel(text, bidirectional=bidirectional, **SIZES)
    first, second = model.predict(["one two three", "one two five"], verbose=0)
    np.testing.assert_allclose(first[:2, 0], second[:2, 0], rtol=1e-5)  # forward, before it
    assert not np.allclose(first[2, 0], second[2, 0])
    if bidirectional:
        after, other = model.predict(["one two three", "four two three"], verbose=0)
        np.testing.assert_allclose(after[1:, 1], other[1:, 1], rtol=1e-5)
        assert not np.allclose(first[1, 1], second[1, 1])


@pytest.mark.slow
def test_the_loss_is_the_mean_over_neighbours_that_there_are():
    text = Text().adapt(CYCLE)
    model = EncoderLanguageModel(text, bidirectional=True, **SIZES)
    total, count = 0.0, 0
    for line in ["one two three", "four five"]:
        (outputs,), (targets,) = model.predict([line], verbose=0), model.prepare([line]).tensors[1]
        for row, wanted in zip(outputs, targets.numpy(), strict=True):
            for logits, word in zip(row, wanted, strict=True):
                if word:
                    total += np.log(np.exp(logits.astype("float64")).sum()) - logits[word]
                    count += 1
    assert count == 6
    found = model.score(["one two three", "four five"])
    assert found["nats"] == pytest.approx(total / count, rel=1e-4)
    assert found["perplexity"] == pytest.approx(np.exp(total / count), rel=1e-3)


@pytest.mark.slow
def test_a_recipe_starts_from_it(tmp_path, capsys):
    recipe = recipes.get("sentiment")
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(CYCLE) + "\n\n")
    out = tmp_path / "base.keras"
    base = recipe.pretrain(path, out=out, epochs=12, verbose=0, learning_rate=0.03, **ALL)
    assert base.score(CYCLE)["perplexity"] < 3  # of five words
    pairs = (["one two six", "three two one"] * 6, ["yes", "no"] * 6)
    data = recipe.data({"train": pairs, "validation": pairs, "test": pairs})
    model = recipe.model(data, base=out, **SIZES)
    said = capsys.readouterr().out
    assert said.startswith(f"Started from {out}: embedding, encoder; new: 1 words\n")
    assert "bag_embedding (not in it)" in said
    assert helpers.weights_equal(
        model.get_layer("encoder").get_weights(), base.get_layer("encoder").get_weights()
    )
    rows = model.get_layer("embedding").get_weights()[0]
    known = base.get_layer("embedding").get_weights()[0]
    assert model.input_feature.vocabulary[:5] == base.input_feature.vocabulary
    assert np.array_equal(rows[:7], known) and len(rows) == 8
    again = rnnkit.load_model(out)
    assert again.score(CYCLE) == pytest.approx(base.score(CYCLE), rel=1e-5)


@pytest.mark.slow
def test_words_and_characters_of_a_tagger():
    recipe = recipes.get("pos_tagging")
    options = {"character_filters": 3, "character_embedding_size": 2, **SIZES}
    sentences = tf.data.Dataset.from_tensor_slices(CYCLE).map(tf.strings.split)
    base = recipe.pretrain(sentences, epochs=1, verbose=0, **options)
    pairs = ([["one", "Two"], ["six", "two"]] * 3, [["NUM", "NOUN"], ["NUM", "NUM"]] * 3)
    data = recipe.data({"train": pairs, "validation": pairs, "test": pairs})
    model = recipe.model(data, base=base, **options)
    for name in ("encoder", "characters"):
        mine = model.get_layer(name).get_weights()
        start = 0 if name == "encoder" else 1  # the alphabet has grown
        assert helpers.weights_equal(mine[start:], base.get_layer(name).get_weights()[start:])


def test_what_cannot_be_pretrained_is_refused(tmp_path):
    for name, said in (("spam", "no recurrent layers"), ("translation", "no recurrent layers"),
                       ("dna_classification", "it reads no texts")):  # fmt: skip
        with pytest.raises(ValueError, match=f"The recipe '{name}' cannot be pretrained: .*{said}"):
            recipes.get(name).pretrain(CYCLE)
    recipe = recipes.get("sentiment")
    with pytest.raises(ValueError, match="filters must be 0 to pretrain"):
        recipe.pretrain(CYCLE, filters=4)
    with pytest.raises(ValueError, match="num_layers must be 1 with bidirectional=True"):
        recipe.pretrain(CYCLE, num_layers=2)
    with pytest.raises(ValueError, match="has no option 'unit'. Did you mean 'units'"):
        recipe.pretrain(CYCLE, unit=3)
    (tmp_path / "none.txt").write_text("\n \n")
    with pytest.raises(ValueError, match="a file with a text a line"):
        recipe.pretrain(tmp_path / "none.txt")
    with pytest.raises(ValueError, match="feature of texts: .* Received: Number"):
        EncoderLanguageModel(Number(normalize=False))
    model = EncoderLanguageModel(Text().adapt(CYCLE), **SIZES)
    for call in (lambda: model.infer("one"), lambda: model.export(tmp_path / "served")):
        with pytest.raises(ValueError, match="infers nothing: start from it"):
            call()
    with pytest.raises(ValueError, match="learns from texts alone"):
        model.fit(CYCLE, CYCLE)
    with pytest.raises(ValueError, match="extend must be left out"):
        model.fine_tune(CYCLE, extend=True)
