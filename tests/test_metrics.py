"""Scores against scikit-learn's and numbers worked by hand."""

import numpy as np
import pytest
import sklearn.metrics

from rnnkit import metrics
from rnnkit.features import Label, Number, Text

RNG = np.random.default_rng(0)


def made_up(classes, size=200):
    truth = RNG.integers(0, classes, size)
    outputs = RNG.dirichlet(np.ones(classes), size)
    outputs[np.arange(size), truth] += 0.3
    return truth, outputs / outputs.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_labels_against_sklearn(classes):
    truth, outputs = made_up(classes)
    said = outputs.argmax(axis=1)
    area = (
        sklearn.metrics.roc_auc_score(truth, outputs[:, 1])
        if classes == 2
        else sklearn.metrics.roc_auc_score(truth, outputs, multi_class="ovr", average="macro")
    )
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(truth, said),
        "f1": sklearn.metrics.f1_score(truth, said, average="macro"),
        "mcc": sklearn.metrics.matthews_corrcoef(truth, said),
        "log_loss": sklearn.metrics.log_loss(truth, outputs),
        "roc_auc": area,
    }
    label = Label([f"c{index}" for index in range(classes)])
    found = metrics.scores(label, truth, outputs, list(expected))
    assert found == pytest.approx(expected, rel=1e-9)
    assert list(found) == list(expected)  # in the order asked for
    assert all(type(value) is float for value in found.values())


def test_labels_by_hand():
    # Truth a a a b; said a a b b: 3 of 4; F1 of a is 4/5, of b 2/3.
    truth = np.array([0, 0, 0, 1])
    outputs = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    found = metrics.scores(Label(["a", "b"]), truth, outputs)
    # Matthews: (2 * 1 - 0 * 1) / sqrt(2 * 3 * 1 * 2)
    assert found == pytest.approx({"accuracy": 0.75, "f1": 11 / 15, "mcc": 2 / np.sqrt(12)})
    assert metrics.log_loss(truth, outputs) == pytest.approx(-np.log([0.9, 0.6, 0.2, 0.7]).mean())
    # Of the three pairs of an a and the b, the b stands higher in two.
    assert metrics.roc_auc(truth, outputs) == pytest.approx(2 / 3)


def test_one_class_in_the_truth():
    truth, outputs = np.array([1, 1]), np.array([[0.2, 0.8], [0.6, 0.4]])
    assert np.isnan(metrics.roc_auc(truth, outputs))
    assert metrics.mcc(truth, outputs) == 0.0
    assert metrics.accuracy(truth, outputs) == 0.5
    # A certain mistake costs much, and stays finite.
    assert np.isfinite(metrics.log_loss(np.array([0]), np.array([[0.0, 1.0]])))


@pytest.mark.parametrize("size", [None, 3])
def test_numbers_in_their_own_unit(size):
    truth = RNG.normal(100, 20, size=(50, size or 1))
    said = truth + RNG.normal(0, 5, size=truth.shape)
    number = Number(size=size).adapt(truth if size else truth[:, 0])
    scale = [(values - number.mean) / number.deviation for values in (truth, said)]
    assert metrics.scores(number, *scale) == pytest.approx(
        {
            "mae": sklearn.metrics.mean_absolute_error(truth, said),
            "rmse": np.sqrt(sklearn.metrics.mean_squared_error(truth, said)),
            "r2": sklearn.metrics.r2_score(truth, said),
        },
        rel=1e-9,
    )


def test_numbers_by_hand():
    number = Number().adapt([8.0, 12.0])  # mean 10, deviation 2
    truth, said = np.array([[-1.0], [1.0]]), np.array([[-1.0], [0.0]])
    assert metrics.scores(number, truth, said) == {"mae": 1.0, "rmse": np.sqrt(2), "r2": 0.5}


def test_features_of_ones_own_score_like_their_base():
    class Price(Number):
        pass

    price = Price().adapt([8.0, 12.0])
    assert metrics.scores(price, np.array([[1.0]]), np.array([[0.0]]), ["mae"]) == {"mae": 2.0}


def test_unknown_names():
    with pytest.raises(ValueError, match="Unknown score 'acuracy'; known: .*mean 'accuracy'"):
        metrics.scores(Label(["a", "b"]), np.array([0]), np.array([[1.0, 0.0]]), ["acuracy"])
    with pytest.raises(ValueError, match="no scores for a target of Text"):
        metrics.scores(Text(), np.array([0]), np.array([[1.0, 0.0]]))
