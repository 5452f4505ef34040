"""Scores of a rare class, against counting."""

import numpy as np
import pytest

from rnnkit import metrics
from rnnkit.features import Detection, Label

TRUTH = np.array([0] * 200 + [1] * 4)
SCORES = np.concatenate([np.linspace(0, 0.8, 200), [0.79, 0.799, 0.9, 0.1]])
OUTPUTS = np.stack([1 - SCORES, SCORES], axis=1)


def test_recall_at_false_alarm_rates_by_counting():
    # 1 % of 200 are two alarms: 0.8 and 0.796 may be reported, and 0.792 not.
    assert metrics.recall_at_1_percent(TRUTH, OUTPUTS) == 2 / 4
    assert metrics.recall_at_0_1_percent(TRUTH, OUTPUTS) == 1 / 4


def test_average_precision_by_counting():
    # Found at ranks 1, 3, 6 and 179: 0.9; 0.799 after 0.8; 0.79 after three; 0.1 after 175.
    order = np.argsort(-SCORES, kind="stable")
    ranks = np.flatnonzero(TRUTH[order] == 1) + 1
    expected = np.mean(np.arange(1, 5) / ranks)
    assert metrics.average_precision(TRUTH, OUTPUTS) == pytest.approx(expected)


def test_decisions_by_the_threshold_of_the_target():
    label = Detection(classes=["ok", "fraud"], threshold=0.85)
    names = ["precision", "recall", "accuracy", "average_precision"]
    found = metrics.scores(label, TRUTH, OUTPUTS, names)
    assert found["precision"] == 1 and found["recall"] == 1 / 4
    assert found["accuracy"] == 201 / 204
    plain = metrics.scores(Label(["ok", "fraud"]), TRUTH, OUTPUTS, names)
    assert plain["recall"] == 3 / 4 and plain["average_precision"] == found["average_precision"]


@pytest.mark.parametrize(
    "name",
    ["roc_auc", "average_precision", "recall_at_1_percent", "recall_at_0_1_percent", "recall"],
)
def test_without_positive_examples_scores_are_nan_with_a_word(name):
    with pytest.warns(UserWarning, match=rf"{name} is not defined \(NaN\): all 3 examples"):
        assert np.isnan(getattr(metrics, name)(TRUTH[:3], OUTPUTS[:3]))
