"""Models of several labels an example: they learn, live on in their files and are served."""

import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.features import Labels, Number, Series, Text
from rnnkit.models import EchoStateNetwork, ManyToOne, OneToOne
from tests import helpers

KINDS = {"soup": "food", "drum": "noise", "bike": "travel"}
RNG = np.random.default_rng(3)
SEEN = [[word for word in KINDS if RNG.random() < 0.4] for _ in range(160)]
X = [" ".join(RNG.permutation([*words, "the", "red", "one"])) for words in SEEN]
LISTS = [[KINDS[word] for word in words] for words in SEEN]
TEXTS = ["|".join(names) for names in LISTS]


def build(pattern, **options):
    return pattern(Text().adapt(X), Labels().adapt(TEXTS), seed=1, **options)


SMALL = {"units": 8, "embedding_size": 8}
MODELS = {"one to one": (OneToOne, {"units": 8}), "many to one": (ManyToOne, SMALL)}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_one_check_for_every_model(name, fresh, tmp_path):
    pattern, options = MODELS[name]
    model = build(pattern, **options)
    path = tmp_path / "model.keras"
    helpers.check_model(model, X[:64], TEXTS[:64], path, fresh)()


def test_it_is_a_sigmoid_of_each_label():
    model = build(OneToOne, units=5, activation="tanh")
    rows, kernel, bias = model.get_weights()
    ids = model.input_feature.encode(model.input_feature.to_tensor(["soup soup drum"])).to_list()[0]
    logits = np.tanh(rows[ids].sum(axis=0)) @ kernel + bias
    outputs = model.predict(["soup soup drum"], verbose=0)
    np.testing.assert_allclose(outputs, 1 / (1 + np.exp(-logits))[None], atol=1e-6)
    truth = np.array([1, 0, 1])
    nats = -(truth * np.log(outputs) + (1 - truth) * np.log(1 - outputs)).mean()
    loss = model.evaluate(["soup soup drum"], [["food", "travel"]], verbose=0, return_dict=True)
    assert loss["loss"] == pytest.approx(nats, rel=1e-5)


@pytest.fixture(scope="module")
def trained():
    model = build(OneToOne, units=16)
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(X[:120], TEXTS[:120], validation_data=(X[120:], TEXTS[120:]), epochs=6, verbose=0)
    return model


@pytest.mark.slow
def test_it_learns_and_says_what_it_found(trained):
    assert trained.history.history["val_micro_f1"][-1] > 0.95
    assert trained.score(X[120:], LISTS[120:])["subset_accuracy"] > 0.95
    assert len(trained.output_feature.thresholds) == 3
    both, none = trained.infer(["the red soup drum one", "the red one"])
    assert sorted(both["labels"]) == ["food", "noise"] and none["labels"] == []
    assert set(both["probabilities"]) == set(KINDS.values())
    assert json.loads(json.dumps(both)) == both


@pytest.mark.slow
def test_targets_in_every_form_are_the_same(trained):
    hot = trained.output_feature.encode(trained.output_feature.to_tensor(TEXTS)).numpy()
    expected = trained.score(X, TEXTS)
    slices = tf.data.Dataset.from_tensor_slices
    for form in (
        (X, LISTS),
        (X, hot),
        (X, pd.DataFrame(hot, columns=trained.output_feature.names)),
        (pd.Series(X), pd.Series(LISTS)),
        (slices((X, TEXTS)),),
        (slices((X, TEXTS)).batch(7),),
        (slices((X, tf.ragged.constant(LISTS))).batch(7),),
        (slices((X, hot)).batch(7),),
        (zip(X, LISTS, strict=True),),
    ):
        assert trained.score(*form) == expected
    with pytest.raises(ValueError, match="labels that training did not: 'peace', 'war'"):
        trained.score(["a", "b"], [["war", "food"], ["peace"]])


@pytest.mark.slow
def test_thresholds_are_saved_and_served(trained, fresh, tmp_path):
    model = build(OneToOne, units=16)
    model.set_weights(trained.get_weights())
    model.output_feature.thresholds = [0.01, 0.5, 0.99]
    expected = model.infer(X[:20])
    path = tmp_path / "model.keras"
    model.save(path)
    tickets = [fresh.begin("infer", path=str(path), x=X[:20], with_keras=k) for k in (0, 1)]
    model.export(tmp_path / "served", verbose=False)
    there = tf.saved_model.load(tmp_path / "served")
    found = there.serve(tf.constant(X[:20]))
    labels = [[each.decode() for each in row if each] for row in found["labels"].numpy().tolist()]
    assert labels == [each["labels"] for each in expected]
    names = [each.decode() for each in found["classes"].numpy()[0]]
    for row, each in zip(found["probabilities"].numpy(), expected, strict=True):
        assert dict(zip(names, row.tolist(), strict=True)) == pytest.approx(
            each["probabilities"], abs=1e-6
        )
    assert [fresh.end(ticket) for ticket in tickets] == [expected, expected]


@pytest.mark.slow
def test_what_cannot_be_is_refused(trained):
    with pytest.raises(ValueError, match="may have several labels, and is of no one class"):
        trained.fit(X, LISTS, class_weight="balanced")
    with pytest.raises(ValueError, match="confusion_matrix needs a model whose target is a Label"):
        rnnkit.plots.confusion_matrix(trained, X, LISTS)
    series = Series().adapt([[[1.0], [2.0]], [[1.0]]])
    with pytest.raises(ValueError, match="output_feature must be.*Received: Labels"):
        EchoStateNetwork(series, trained.output_feature, units=4)
    with pytest.warns(UserWarning, match="A threshold stays at 0.5 where no example.*'travel'"):
        model = build(OneToOne, units=2)
        model.fit(X, LISTS, validation_data=(["soup drum"], [["food", "noise"]]), verbose=0)
    labels = Labels().adapt(LISTS)
    model = OneToOne(Number().adapt([1.0, 2.0]), labels, units=2)
    assert model.fine_tune([1.0, 2.0], [["food"], []], epochs=1, verbose=0)
