"""Ordered labels: the median class decides, and a model learns where one class ends."""

import keras
import numpy as np
import pytest
import sklearn.metrics
import tensorflow as tf

import recipes
import rnnkit
from rnnkit import metrics
from rnnkit.features import Label, Number, OrderedLabel, Series, Text
from rnnkit.layers import OrderedClasses
from rnnkit.models import EchoStateNetwork, ManyToOne, OneToOne
from tests import helpers

RNG = np.random.default_rng(5)
TRUTH = RNG.integers(0, 5, 300)
OUTPUTS = RNG.dirichlet(np.ones(5), 300) + np.eye(5)[TRUTH] * 0.4
OUTPUTS /= OUTPUTS.sum(axis=1, keepdims=True)


def medians(outputs):
    return np.array([next(k for k in range(5) if row[: k + 1].sum() >= 0.5) for row in outputs])


# === The feature ===


def test_numbers_have_their_order_and_words_are_asked_for():
    assert OrderedLabel().adapt(["10", "9", "1.5"]).names == ["1.5", "9", "10"]
    assert OrderedLabel().adapt([3, 1, 2]).classes == [1, 2, 3]
    with pytest.raises(ValueError, match=r"order of numbers alone.*\['bad', 'good'\]"):
        OrderedLabel().adapt(["good", "bad"])
    label = OrderedLabel(["bad", "fair", "good"]).adapt(["good", "bad"])
    assert label.encode(tf.constant(["good", "fair"])).numpy().tolist() == [2, 1]
    with pytest.raises(ValueError, match=r"none of those given: \['ugly'\]"):
        label.adapt(["good", "ugly"])


def test_decode_takes_the_median():
    label = OrderedLabel(["a", "b", "c"])
    outputs = np.array([[0.4, 0.25, 0.35], [0.5, 0.1, 0.4], [0.1, 0.1, 0.8]])
    found = label.decode(outputs)
    assert [each["label"] for each in found] == ["b", "a", "c"]
    assert [each["probability"] for each in found] == [0.25, 0.5, 0.8]
    assert list(found[0]["probabilities"]) == ["a", "c", "b"]
    there = label.decode_graph(tf.constant(outputs, tf.float32))
    assert there["label"].numpy().tolist() == [b"b", b"a", b"c"]
    np.testing.assert_allclose(there["probability"], [0.25, 0.5, 0.8], rtol=1e-6)


def test_config_makes_an_equal_feature_in_a_fresh_process(feature_in_fresh_process):
    label = OrderedLabel(["low", "middle", "high"])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(label))
    assert type(again) is OrderedLabel and again.names == label.names
    assert feature_in_fresh_process(label, ["high", "low"]) == [2, 0]


# === Scores ===


def test_scores_against_sklearn():
    decided = medians(OUTPUTS)
    assert (decided != OUTPUTS.argmax(axis=1)).any()
    found = metrics.scores(OrderedLabel(list("abcde")), TRUTH, OUTPUTS)
    kappa = sklearn.metrics.cohen_kappa_score(TRUTH, decided, weights="quadratic")
    assert found == pytest.approx(
        {
            "mae": np.abs(TRUTH - decided).mean(),
            "quadratic_weighted_kappa": kappa,
            "accuracy": (TRUTH == decided).mean(),
        }
    )
    assert metrics.direction("quadratic_weighted_kappa") == "max"
    with pytest.warns(UserWarning, match="quadratic_weighted_kappa is not defined"):
        assert np.isnan(metrics.quadratic_weighted_kappa(np.array([1]), np.array([[0.1, 0.9]])))


# === The layer and models ===


def test_the_layer_by_hand():
    layer = OrderedClasses(4)
    np.testing.assert_allclose(layer(np.zeros((1, 1), "float32")), [[0.25] * 4], atol=1e-6)
    layer.set_weights([np.array([-1.0]), np.log(np.expm1(np.array([1.5, 2.0])))])
    cuts, height = np.array([-1.0, 0.5, 2.5]), 0.7
    above = np.array([1, *(1 / (1 + np.exp(cuts - height))), 0])
    found = np.array(layer(np.array([[height]], "float32")))
    np.testing.assert_allclose(found, [above[:-1] - above[1:]], atol=1e-6)
    assert found.sum() == pytest.approx(1)
    with pytest.raises(ValueError, match="size must be an integer of at least 2"):
        OrderedClasses(1)


X = [" ".join(RNG.choice(["red", "blue"], 3)) + " fine" * (i % 4) for i in range(120)]
Y = [("none", "some", "more", "most")[i % 4] for i in range(120)]


def build(pattern, **options):
    label = OrderedLabel(["none", "some", "more", "most"]).adapt(Y)
    return pattern(Text().adapt(X), label, seed=1, **options)


@pytest.mark.slow
@pytest.mark.parametrize("bag", [False, True])
def test_one_check_for_every_model(bag, fresh, tmp_path):
    model = build(ManyToOne, units=6, embedding_size=4, bag_of_words=bag)
    if bag:  # which learns by chance: the file alone
        model.save(tmp_path / "m.keras")
        assert fresh.call("infer", path=str(tmp_path / "m.keras"), x=X[:3]) == model.infer(X[:3])
        return
    helpers.check_model(model, X, Y, tmp_path / "m.keras", fresh)()


@pytest.mark.slow
def test_it_learns_and_is_served(tmp_path):
    model = build(OneToOne, units=8)
    model.compile(optimizer=keras.optimizers.Adam(0.05), metrics=["accuracy"])
    model.fit(X, Y, epochs=30, verbose=0, class_weight="balanced")
    scores = model.score(X, Y)
    assert scores["mae"] < 0.2 and scores["quadratic_weighted_kappa"] > 0.9
    before = model.get_weights()
    model.fine_tune(X, Y, freeze="encoder", epochs=1, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert moved[-3:] == [True] * 3 and not any(moved[:-3])  # heights and cuts
    model.export(tmp_path / "served", verbose=False)
    there = tf.saved_model.load(tmp_path / "served")
    found = there.serve(tf.constant(X[:8]))["label"].numpy()
    assert [each.decode() for each in found] == [each["label"] for each in model.infer(X[:8])]
    with pytest.raises(ValueError, match="a linear readout knows no order"):
        series = Series().adapt([[[1.0], [2.0]], [[1.0]]])
        EchoStateNetwork(series, model.output_feature, units=4)


@pytest.mark.slow
def test_the_option_of_recipes(tmp_path):
    recipe = recipes.get("spam")
    data = recipe.data((X, Y))
    order = ["none", "some", "more", "most"]
    for given in (order, "none, some, more,most"):
        model = recipe.model(data, ordered=given, units=4, seed=1)
        assert model.output_feature.names == order and model.layers[-1].size == 4
    assert model.score_names == ["mae", "quadratic_weighted_kappa", "accuracy"]
    model.save(tmp_path / "m.keras")
    assert rnnkit.load_model(tmp_path / "m.keras").infer(X[:4]) == model.infer(X[:4])
    stars = recipe.data((X, [i % 5 + 1 for i in range(120)]))
    assert recipe.adapt(stars, ordered=True)[1].names == ["1", "2", "3", "4", "5"]
    assert type(recipe.adapt(stars)[1]) is Label
    with pytest.raises(ValueError, match="ordered is for examples of one class each"):
        recipe.adapt(recipe.data((X, [["a", "b"]] * 120)), ordered=True)
    with pytest.raises(ValueError, match="ordered must be the list of the classes.*ordered=3"):
        recipe.adapt(data, ordered=3)
    with pytest.raises(ValueError, match="order of numbers alone"):
        recipe.adapt(data, ordered=True)


@pytest.mark.slow
def test_numbers_to_ordered_labels():
    x = np.linspace(-3, 3, 200)
    y = np.digitize(x, [-1, 0, 2]).tolist()
    model = OneToOne(Number().adapt(x), OrderedLabel().adapt(y), units=8, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    model.fit(x, y, epochs=30, verbose=0)
    assert model.score(x, y)["mae"] < 0.1
