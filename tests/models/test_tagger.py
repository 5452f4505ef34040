"""Tagger: words and characters, softmax and CRF, padding, tags of numbers."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Series, Tags, Text, Words
from rnnkit.losses.tags import TagAccuracy, TagCrossEntropy
from rnnkit.models import Tagger
from rnnkit.models.inputs.masks import present_steps
from tests import helpers

NAN = float("nan")
SMALL = {"units": 4, "embedding_size": 4, "character_filters": 3, "seed": 1}
# "can" is a noun after "the" and a verb otherwise.
SENTENCES = [["the", "can", "fell"], ["they", "can", "run"], ["the", "dog", "ran"]]
TAGS = [["D", "N", "V"], ["P", "V", "V"], ["D", "N", "V"]]
CITIES = [["to", "New", "York"], ["Ann", "left", "Rome"], ["in", "New", "York"]]
MARKS = [["O", "B-c", "I-c"], ["B-p", "O", "B-c"], ["O", "B-c", "I-c"]]


def build(x=SENTENCES, y=TAGS, **options):
    return Tagger(Words(max_word_length=5).adapt(x), Tags().adapt(y), **{**SMALL, **options})


# === The one check ===

MODELS = {"softmax": {"bidirectional": True}, "crf": {"crf": True, "cell": "gru"}}
pending = {}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_one_check_for_every_model(name, fresh, tmp_path_factory):
    model = build(CITIES, MARKS, **MODELS[name])
    path = tmp_path_factory.mktemp("models") / f"{name}.keras"
    pending[name] = helpers.check_model(model, CITIES * 4, MARKS * 4, path, fresh)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_lives_on_in_its_file(name):
    if name not in pending:
        pytest.fail("the check before has not come this far")
    pending.pop(name)()


# === Learning and results ===


@pytest.fixture(scope="module", params=[False, True], ids=["softmax", "crf"])
def trained(request):
    model = build(units=12, embedding_size=12, crf=request.param)
    model.compile(optimizer=keras.optimizers.Adam(0.03))
    model.fit(SENTENCES * 8, TAGS * 8, epochs=12, batch_size=8, verbose=0)
    return model


@pytest.mark.slow
def test_context_is_learned(trained):
    assert trained.score(SENTENCES, TAGS) == {"accuracy": 1.0, "f1": 1.0}
    loss, accuracy = trained.evaluate(SENTENCES, TAGS, verbose=0)
    assert loss < 0.3 and accuracy == 1.0
    found = trained.infer("The can fell")
    assert found == [("The", "D"), ("can", "N"), ("fell", "V")]
    assert found.line() == "The/D can/N fell/V" and ">fell<sub" in found._repr_html_()
    detailed, nothing = trained.infer([["they", "can"], ""], details=True)
    assert detailed["words"] == ["they", "can"] and detailed["tags"] == ["P", "V"]
    assert all(0.5 < share <= 1 for share in detailed["probabilities"])
    assert nothing == {"words": [], "tags": [], "probabilities": []}
    data = tf.data.Dataset.from_tensor_slices(tf.ragged.constant(SENTENCES))
    assert trained.infer(data) == trained.infer(SENTENCES) == trained.infer(data.ragged_batch(2))


@pytest.mark.slow
def test_neighbours_in_a_batch_do_not_matter(trained):
    x = [["the"], ["they", "can", "run", "the", "can"], ["dog", "can"]]
    together = trained.predict(x)
    assert together.shape == (3, 5, 4)
    for row, each in enumerate(x):
        alone = trained.predict([each])[0]
        np.testing.assert_allclose(together[row, : len(each)], alone, atol=1e-5)
        np.testing.assert_allclose(alone.sum(-1), 1.0, atol=1e-5)
        assert np.isnan(together[row, len(each) :]).all()
    y = [["D"], ["P", "V", "V", "D", "N"], ["N", "V"]]
    losses = [trained.evaluate(x, y, batch_size=3, verbose=0)]
    losses.append(
        np.average(
            [trained.evaluate([a], [b], verbose=0) for a, b in zip(x, y, strict=True)],
            axis=0,
            weights=[1, 5, 2],
        )
    )
    np.testing.assert_allclose(*losses, rtol=1e-4)


def test_the_crf_trains_the_likelihood_of_whole_sequences():
    model = build(CITIES, MARKS, crf=True)
    scores = model(
        model.input_feature.encode(model.input_feature.to_tensor(CITIES[:1])).to_tensor()
    )
    crf = model.get_layer("crf_output")
    crf.set_weights([np.random.default_rng(0).normal(size=w.shape) for w in crf.get_weights()])
    start, pairs, end = crf.get_weights()
    totals = {
        path: start[path[0]]
        + end[path[-1]]
        + sum(float(scores[0, t, y]) for t, y in enumerate(path))
        + sum(pairs[pair] for pair in itertools.pairwise(path))
        for path in itertools.product(range(len(start)), repeat=3)
    }
    true = tuple(model.output_feature.classes.index(tag) for tag in MARKS[0])
    expected = np.log(np.sum(np.exp(list(totals.values())))) - totals[true]
    loss, *_ = model.evaluate(CITIES[:1], MARKS[:1], verbose=0)
    np.testing.assert_allclose(loss, expected / 3, rtol=1e-4)


def test_which_steps_of_padded_inputs_there_are():
    expected = [[True, True, False]]
    ids = np.array([[3, 1, 0]])
    numbers = np.array([[[NAN, NAN], [1.0, NAN], [NAN, NAN]]])  # one may be missing in between
    for inputs in (ids, np.stack([ids, ids[:, ::-1]], axis=-1), numbers, numbers[..., None, None]):
        np.testing.assert_array_equal(present_steps(tf.constant(inputs)), expected)


@pytest.mark.slow
def test_entities_are_never_half():
    model = build(CITIES, MARKS, crf=True)
    crf = model.get_layer("crf_output")
    tags = model.output_feature
    start, pairs, end = (np.zeros_like(w) for w in crf.get_weights())
    start[tags.classes.index("I-c")] = 9.0  # what may not come first
    crf.set_weights([start, pairs, end])
    found = model.infer(CITIES, details=True)
    assert all(each["tags"][0] != "I-c" for each in found)
    for each, words in zip(found, CITIES, strict=True):
        for entity in each["entities"]:
            assert entity["text"] == " ".join(words[entity["start"] : entity["end"]])


@pytest.mark.slow
def test_tags_of_numbers_in_windows():
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(steps, 2)) for steps in (23, 17)]
    y = [["up" if value > 0 else "down" for value in each[:, 0]] for each in x]
    y[0][4] = ""  # a frame without label does not count
    series, tags = Series(columns=2).adapt(x), Tags().adapt(y)
    model = Tagger(series, tags, cell="dense", units=8, window=8, washout=2, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    model.fit(x, y, epochs=15, verbose=0)
    assert model.score(x, y)["accuracy"] > 0.9
    assert model.predict(x).shape == (2, 23, 2)
    assert [len(each) for each in model.infer(x)] == [23, 17]
    assert model.infer(x[0]) == model.infer(x)[0]


@pytest.mark.slow
def test_tokens_as_inputs():
    x, y = ["a b a", "b b"], [["x", "y", "x"], ["y", "y"]]
    text = Text(standardize="none").adapt(x)
    model = Tagger(text, Tags().adapt(y), **SMALL)
    model.fit(x, y, verbose=0)
    assert [len(each) for each in model.infer(x)] == [3, 2]


# === Loss and metric ===


def test_loss_and_accuracy_by_hand():
    truth = np.array([[0, 1, -1], [1, -2, -1]])
    shares = np.array([[[0.5, 0.5], [0.2, 0.8], [1, 0]], [[0.9, 0.1], [1, 0], [np.nan, np.nan]]])
    shares = shares.astype("float32")
    expected = -np.log([0.5, 0.8, 0.1]).mean()
    np.testing.assert_allclose(TagCrossEntropy()(truth, shares), expected, rtol=1e-5)
    weighted = -(np.log(0.5) + np.log(0.8) + 3 * np.log(0.1)) / 5
    np.testing.assert_allclose(TagCrossEntropy()(truth, shares, [1, 3]), weighted, rtol=1e-5)
    metric = TagAccuracy()
    metric.update_state(truth, shares)
    assert float(metric.result()) == 0.5  # the tag never seen counts
    metric.reset_state()
    metric.update_state(truth, shares, [1, 3])
    np.testing.assert_allclose(metric.result(), 2 / 8)
    assert float(TagCrossEntropy()(truth * 0 - 1, shares)) == 0


# === Bad input ===


def test_lengths_must_agree():
    model = build()
    with pytest.raises(ValueError, match="in 1 of 3.*3 steps and 2 tags at position 1.*they can"):
        model.fit(SENTENCES, [TAGS[0], ["P", "V"], TAGS[2]])
    with pytest.raises(ValueError, match="0 steps and 0 tags"):
        model.fit([[], *SENTENCES], [[], *TAGS])


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda w, t, s: Tagger(s, s), "output_feature must be a Tags. Received: Series"),
        (lambda w, t, s: Tagger(t, t), "must give sequences of words.*Tags"),
        (
            lambda w, t, s: Tagger(Text(max_length=3).adapt(["a"]), t),
            "max_length of an input feature must be None",
        ),
        (
            lambda w, t, s: Tagger(w, t, crf=True, **SMALL).compile(loss="mse"),
            "loss must be left out with crf=True",
        ),
    ],
)
def test_bad_arguments(make, message):
    features = Words().adapt(SENTENCES), Tags().adapt(TAGS), Series().adapt([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=message):
        make(*features)
