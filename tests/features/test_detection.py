"""Detection: the rarer class comes second, and a threshold found by trying all decides."""

import keras
import numpy as np
import pytest
import sklearn.metrics
import tensorflow as tf

from rnnkit.features import Detection

LABELS = ["ok"] * 8 + ["fraud"] * 2


def test_the_rarer_class_is_the_second():
    label = Detection().adapt(LABELS)
    assert (label.names, label.fractions, label.positive) == (["ok", "fraud"], [0.8, 0.2], "fraud")
    assert label.encode(tf.constant(["fraud", "ok"])).numpy().tolist() == [1, 0]
    assert Detection().adapt([0, 1, 1]).classes == [1, 0]
    assert Detection().adapt([0, 1]).classes == [0, 1]  # of equal ones the later
    assert Detection(positive="ok").adapt(LABELS).names == ["fraud", "ok"]
    assert Detection(positive=0).adapt([0, 0, 1]).classes == [1, 0]


def test_weights_by_hand():
    label = Detection().adapt(LABELS)
    np.testing.assert_allclose(label.weights(1.0), [10 / 16, 10 / 4])
    np.testing.assert_allclose(label.weights(0.0), [1, 1])
    half = np.sqrt([10 / 16, 10 / 4])
    np.testing.assert_allclose(label.weights(0.5), half * 10 / (8 * half[0] + 2 * half[1]))


def outputs(scores):
    scores = np.asarray(scores, "float64")
    return np.stack([1 - scores, scores], axis=1)


@pytest.mark.slow
def test_the_threshold_of_the_highest_f1():
    rng = np.random.default_rng(0)
    truth = (rng.random(300) < 0.1).astype(int)
    scores = np.round(np.clip(rng.normal(0.3 + 0.3 * truth, 0.2), 0, 1), 2)
    label = Detection(classes=["ok", "fraud"])
    assert label.calibrate(truth, outputs(scores)) is None
    best = max(sklearn.metrics.f1_score(truth, scores >= cut) for cut in np.linspace(0, 1, 1001))
    reached = sklearn.metrics.f1_score(truth, label.decide(outputs(scores)))
    assert reached == pytest.approx(best) and 0 < label.threshold < 1


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.2])
def test_the_threshold_of_a_share_of_false_alarms(rate):
    rng = np.random.default_rng(1)
    truth = np.arange(1200) % 12 == 0
    scores = np.round(rng.random(1200), 3)  # with ties
    label = Detection(choose=rate, classes=["ok", "fraud"])
    assert label.calibrate(truth.astype(int), outputs(scores)) is None
    alarms = label.decide(outputs(scores))[~truth].mean()
    assert alarms <= rate
    lower = (scores[~truth] >= scores[scores < label.threshold].max()).mean()
    assert lower > rate  # any lower threshold would alarm too often
    # Examples of the other class alone suffice.
    assert label.calibrate(np.zeros(1200, int), outputs(scores)) is None


def test_what_cannot_be_settled_is_said():
    label = Detection(classes=["ok", "fraud"], threshold=0.4)
    assert "no example of 'fraud'" in label.calibrate(np.zeros(3, int), outputs([0.1, 0.2, 0.3]))
    assert "not finite" in label.calibrate(np.array([0, 1]), outputs([np.nan, 0.2]))
    rate = Detection(choose=0.1, classes=["ok", "fraud"])
    assert "no example of 'ok'" in rate.calibrate(np.ones(3, int), outputs([0.1, 0.2, 0.3]))
    assert label.threshold == 0.4
    assert Detection(choose=None, classes=["ok", "fraud"]).calibrate(None, None) is None


def test_decode_goes_by_the_threshold():
    label = Detection(classes=["ok", "fraud"], threshold=0.2)
    first, second = label.decode(outputs([0.3, 0.1]))
    assert first["label"] == "fraud" and first["probability"] == 0.3
    assert first["threshold"] == 0.2 and first["probabilities"] == {"ok": 0.7, "fraud": 0.3}
    assert second["label"] == "ok" and second["probability"] == 0.9
    graph = label.decode_graph(tf.constant(outputs([0.3, 0.1])))
    assert graph["label"].numpy().tolist() == [b"fraud", b"ok"]
    np.testing.assert_allclose(graph["probability"], [0.3, 0.9])


def test_it_lives_on_in_its_config():
    label = Detection(choose=0.01).adapt([0, 1, 1])
    label.threshold = 0.3
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(label))
    assert again.get_config() == label.get_config()
    assert (again.classes, again.threshold, again.fractions) == ([1, 0], 0.3, [2 / 3, 1 / 3])


@pytest.mark.parametrize(
    "options, labels, message",
    [
        ({}, ["ok"] * 3, "at least two classes.*only 'ok'"),
        ({}, ["a", "b", "c"], "one class from one other.*3 classes"),
        ({"positive": "x"}, ["a", "b"], "positive must be one of the classes.*'x'"),
        ({"choose": "best"}, None, "choose must be 'f1'.*'best'"),
        ({"choose": 1.0}, None, "choose must be 'f1'"),
        ({"threshold": 2}, None, "threshold must be a number at least 0"),
    ],
)
def test_bad_arguments(options, labels, message):
    with pytest.raises(ValueError, match=message):
        Detection(**options).adapt(labels)
