"""Models that grow in place: new words, labels and tags, and nothing that there was is lost."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.features import Label, Tags, Text, Words
from rnnkit.models import EncoderDecoder, LanguageModel, ManyToOne, OneToOne, Tagger
from rnnkit.models.growing import grow, with_rehearsal
from tests import helpers

OLD = (["a red high one", "a blue low one"] * 6, ["yes", "no"] * 6)
NEW = (["green high ones", "what is it", "is it green"] * 4, ["yes", "maybe", "maybe"] * 4)
TAGGED = ([["a", "cat"], ["a", "dog", "sat"]] * 4, [["O", "B-NOUN"], ["O", "B-NOUN", "O"]] * 4)
MORE = ([["a", "bat", "Quickly"], ["sat"]] * 4, [["O", "B-NOUN", "B-ADV"], ["O"]] * 4)


def judge(cls=ManyToOne, **options):
    sizes = {"units": 4, "seed": 1} | ({} if cls is OneToOne else {"embedding_size": 4})
    return cls(*helpers.features(*OLD), **sizes, **options)


def ratio(model, texts):
    found = model.predict(texts, verbose=0)
    return found[:, 1] / found[:, 0]


@pytest.mark.parametrize(("cls", "options"), [
    (OneToOne, {}),
    pytest.param(
        ManyToOne, {"bidirectional": True, "bag_of_words": True}, marks=pytest.mark.slow
    ),
    pytest.param(ManyToOne, {"cell": "gru", "num_layers": 2, "filters": 3}, marks=pytest.mark.slow),
])  # fmt: skip
def test_it_is_the_same_object_and_knows_more(cls, options, tmp_path, capsys):
    model = judge(cls, **options)
    model.fit(*OLD, verbose=0)
    model.fit_defaults, model.recipe = {"batch_size": 5}, "mine"
    before, rate = ratio(model, OLD[0][:2]), float(model.optimizer.learning_rate)
    grow(model, *NEW)
    assert capsys.readouterr().out == "New to the model: 5 words, ['maybe']\n"
    np.testing.assert_allclose(ratio(model, OLD[0][:2]), before, rtol=1e-5)
    assert model.output_shape == (None, 3) and model.output_feature.names == ["no", "yes", "maybe"]
    assert (model.fit_defaults, model.recipe) == ({"batch_size": 5}, "mine")
    assert float(model.optimizer.learning_rate) == pytest.approx(rate)
    twin = type(model).from_config(model.get_config())  # nothing of the old graph is left
    assert [each.shape for each in model.variables] == [each.shape for each in twin.variables]
    assert len(model.layers) == len(twin.layers)
    model.fine_tune(*NEW, rehearse=OLD, learning_rate=0.03, epochs=15, verbose=0)
    assert [each["label"] for each in model.infer(["what is it", *OLD[0][:2]])] == [
        "maybe", "yes", "no",
    ]  # fmt: skip
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    assert helpers.weights_equal(again.get_weights(), model.get_weights())
    # A function made anew may round the last bit otherwise, as some processors do.
    found, there = (each.predict(NEW[0], verbose=0) for each in (model, again))
    np.testing.assert_allclose(there, found, rtol=2e-6)
    again.fine_tune(["what else"], ["none"], extend=True, epochs=1, verbose=0)
    assert again.output_feature.names == ["no", "yes", "maybe", "none"]


@pytest.mark.slow
@pytest.mark.parametrize("crf", [True, False])
def test_tags_more(crf, capsys):
    features = Words(max_word_length=4).adapt(TAGGED[0]), Tags().adapt(TAGGED[1])
    model = Tagger(*features, units=4, embedding_size=4, crf=crf, bidirectional=True, seed=1)
    model.fit(*TAGGED, verbose=0)
    tags = model.infer(TAGGED[0][:2])
    grow(model, *MORE)
    assert "2 words, 7 characters, ['B-ADV']" in capsys.readouterr().out
    model.get_layer("output").bias.assign([0, 0, -9])  # the new tag is not trained yet
    assert model.infer(TAGGED[0][:2]) == tags or not crf
    history = model.fine_tune(
        *MORE, rehearse=TAGGED, learning_rate=0.03, epochs=25, verbose=0, validation_data=MORE
    )
    assert "val_entity_f1" in history.history  # of all tags that there are now
    assert model.score(*MORE)["entity_f1"] == 1 == model.score(*TAGGED)["entity_f1"]


@pytest.mark.slow
def test_a_generator_is_read_once_and_known_data_changes_nothing(capsys):
    model = judge()
    layer = model.get_layer("embedding")
    model.fine_tune(zip(*OLD, strict=True), extend=True, epochs=1, verbose=0)
    assert model.get_layer("embedding") is layer and capsys.readouterr().out == ""
    model.fine_tune(zip(*NEW, strict=True), extend=True, epochs=1, verbose=0)
    assert model.output_feature.size == 3


@pytest.mark.slow
def test_generated_tokens_and_the_longest_target():
    model = EncoderDecoder(
        Text().adapt(["a b", "b c"]), Text().adapt(["x y z", "y z"]), units=4, embedding_size=4,
        seed=1,
    )  # fmt: skip
    model.fit(["a b", "b c"], ["x y z", "y z"], verbose=0)
    start = model.decoder.head.embedding.embeddings.numpy()[model.decoder.head.start]
    grow(model, ["a d"], ["x w"])
    head = model.decoder.head
    np.testing.assert_array_equal(head.embedding.embeddings.numpy()[head.start], start)
    assert model.longest_target == 4 and model.output_feature.vocabulary[-1] == "w"
    assert isinstance(model.infer("a d"), str)


def test_rehearsal_is_older_data_beside_the_new():
    model = judge()
    new, old = model.prepare(["a high", "a low"], ["yes", "no"]), model.prepare(*OLD)
    both = with_rehearsal(new, old)
    for part, first, last in zip(both.tensors, new.tensors, old.tensors, strict=True):
        found = [np.asarray(each).tolist() for each in part]
        assert found == [np.asarray(each).tolist() for each in (*first, *last)]


@pytest.mark.slow
def test_what_cannot_grow_is_refused_and_stays_as_it_was():
    model = judge()
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=1))
    weights, optimizer = model.get_weights(), model.optimizer
    with pytest.raises(ValueError, match="extend needs the default loss where .* new classes"):
        model.fine_tune(*NEW, extend=True)
    assert helpers.weights_equal(model.get_weights(), weights) and model.optimizer is optimizer
    model.fine_tune(["purple"], ["yes"], extend=True, epochs=1, verbose=0)  # a word alone may
    assert model.loss.ignore_class == 1 and model.input_feature.vocabulary[-1] == "purple"
    with pytest.raises(ValueError, match="extend needs raw data"):
        model.fine_tune(model.prepare(*OLD), extend=True)
    language = LanguageModel(Text().adapt(["a b"]), units=2, embedding_size=2)
    with pytest.raises(ValueError, match="learns from texts alone: make a new one"):
        language.fine_tune(["c"], extend=True)
    with pytest.raises(ValueError, match="without sample weights"):
        model.fine_tune(["a"], ["yes"], sample_weight=[2.0], rehearse=OLD)
    stream = tf.data.Dataset.from_tensor_slices(OLD).repeat()
    with pytest.raises(ValueError, match="data that ends and fits in memory"):
        model.fine_tune(["a"], ["yes"], rehearse=stream)


@pytest.mark.slow
def test_a_failure_leaves_the_model_as_it_was(monkeypatch):
    model = judge()
    outputs = model.predict(OLD[0], verbose=0)
    monkeypatch.setattr("rnnkit.models.growing.copy_weights", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        grow(model, *NEW)
    monkeypatch.undo()
    np.testing.assert_array_equal(model.predict(OLD[0], verbose=0), outputs)
    model.fit(*OLD, verbose=0)
    assert model.output_feature.names == ["no", "yes"]


def test_labels_that_are_numbers():
    label = Label().adapt([3, 5])
    model = ManyToOne(Text().adapt(["a b"]), label, units=2, embedding_size=2)
    grow(model, ["c"], ["1"])
    assert model.output_feature.classes == [3, 5, 1]
