"""Scores by target, against scikit-learn and by hand; and which way is better."""

import inspect

import keras
import numpy as np
import pytest
import sklearn.metrics

from rnnkit import metrics
from rnnkit.features import Audio, Label, Number, Series, Text

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
    with pytest.warns(UserWarning, match="roc_auc is not defined"):
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
    with pytest.raises(ValueError, match="Unknown score of classes 'acuracy'; .*mean 'accuracy'"):
        metrics.scores(Label(["a", "b"]), np.array([0]), np.array([[1.0, 0.0]]), ["acuracy"])
    with pytest.raises(ValueError, match="no scores for a target of Audio alone"):
        metrics.scores(Audio(), np.array([0]), np.array([[1.0, 0.0]]))
    with pytest.raises(ValueError, match="Unknown score of texts 'bleau'; known: .*mean 'bleu'"):
        metrics.scores(Text(), ["a"], ["a"], ["bleau"])


def test_features_of_tokens_have_the_scores_of_texts():
    assert metrics.scores(Text(), ["a b"], ["a c"], ["wer"]) == {"wer": 0.5}


def test_sequences_of_numbers_are_scored_in_their_own_unit():
    series = Series(1).adapt([np.array([[8.0], [12.0]])])  # mean 10, deviation 2
    truth, outputs = [np.zeros((4, 1))], [np.ones((3, 1))]
    found = metrics.scores(series, truth, outputs)
    assert found == {"mae": 2.0, "rmse": 2.0, "length_error": 0.25}


def test_nrmse_is_a_score_by_name():
    number = Number().adapt([8.0, 12.0])
    truth, said = np.array([[-1.0], [1.0]]), np.array([[-1.0], [0.0]])
    found = metrics.scores(number, truth, said, ["nrmse", "nmse"])
    assert found == pytest.approx({"nrmse": np.sqrt(0.5), "nmse": 0.5})


def test_options_are_given_to_the_scores_that_have_them():
    found = metrics.compute("texts", ["A b"], ["a b"], names=["wer", "bleu1"], lowercase=True,
                            tokenize="none")  # fmt: skip
    assert found == {"wer": 0.0, "bleu1": pytest.approx(100)}
    with pytest.raises(TypeError, match="No score of texts has the argument 'tokeniser'"):
        metrics.compute("texts", ["a"], ["a"], tokeniser="none")


# === Which way is better ===


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("loss nats bits perplexity wer cer length_error mae mse rmse nrmse log_loss", "min"),
        ("mean_absolute_error mean_squared_error ctc_loss masked_mean_squared_error", "min"),
        ("pitch_distance duration_distance median_rank seasonal_mae", "min"),
        ("accuracy f1 mcc precision recall roc_auc bleu bleu4 chrf exact_match distinct", "max"),
        ("entity_f1 token_accuracy reward r2 in_key recall_at_1 recall_at_1_percent", "max"),
        ("sparse_categorical_accuracy auc auc_1 valid_prediction_time memory_capacity", "max"),
    ],
)
def test_directions(names, expected):
    for name in names.split():
        assert metrics.direction(name) == metrics.direction(f"val_{name}") == expected, name


def test_a_name_has_one_direction_and_a_function():
    for of, scores in metrics.SCORES.items():
        for name, score in scores.items():
            assert score.of == of and callable(score.function)
            assert score.direction == metrics.direction(name)
            assert getattr(metrics, name) is not None and name in dir(metrics)
    assert metrics.accuracy is metrics.classes.accuracy and metrics.mae is metrics.numbers.mae


def test_directions_of_keras_metrics_are_those_of_keras():
    needed = {
        "num_classes": 2, "target_class_ids": [0], "precision": 0.5, "recall": 0.5,
        "sensitivity": 0.5, "specificity": 0.5,
    }  # fmt: skip
    found = {}
    for item in vars(keras.metrics).values():
        if isinstance(item, type) and item is not keras.metrics.MeanMetricWrapper:
            parameters = inspect.signature(item).parameters.values()
            metric = item(
                **{each.name: needed[each.name] for each in parameters if each.name in needed}
            )
            if hasattr(metric, "_direction"):
                found[metric.name] = "max" if metric._direction == "up" else "min"
    # As a loss, less of it is better.
    assert len(found) > 30 and found.pop("cosine_similarity") == "max"
    assert {name: metrics.direction(name) for name in found} == found


def test_unknown_names_have_no_direction():
    message = "not known of 'val_acuracy'. Did you mean 'val_accuracy'.*Objective.*mode="
    with pytest.raises(ValueError, match=message):
        metrics.direction("val_acuracy")
    for name in ("my_score", "val_own", "cosine_similarity"):
        with pytest.raises(ValueError, match=f"not known of {name!r}"):
            metrics.direction(name)
