"""Scores of several labels an example, against scikit-learn and by hand."""

import numpy as np
import pytest
import sklearn.metrics

from rnnkit import metrics
from rnnkit.features import Labels
from rnnkit.losses import MicroF1

RNG = np.random.default_rng(0)
TRUTH = (RNG.random((200, 5)) < [0.5, 0.3, 0.2, 0.1, 0.05]).astype(int)
OUTPUTS = np.clip(RNG.normal(0.3 + 0.3 * TRUTH, 0.2), 0, 1)
THRESHOLDS = [0.6, 0.5, 0.45, 0.4, 0.3]
EVERY = ["micro_f1", "macro_f1", "label_ranking_average_precision", "subset_accuracy"]


def expected(chosen):
    return {
        "micro_f1": sklearn.metrics.f1_score(TRUTH, chosen, average="micro"),
        "macro_f1": sklearn.metrics.f1_score(TRUTH, chosen, average="macro"),
        "label_ranking_average_precision": sklearn.metrics.label_ranking_average_precision_score(
            TRUTH, OUTPUTS
        ),
        "subset_accuracy": sklearn.metrics.accuracy_score(TRUTH, chosen),
        "hamming_loss": sklearn.metrics.hamming_loss(TRUTH, chosen),
    }


def test_against_sklearn_with_the_thresholds_of_the_feature():
    names = list("abcde")
    labels = Labels(names, thresholds=THRESHOLDS)
    found = metrics.scores(labels, TRUTH, OUTPUTS, [*EVERY, "hamming_loss"])
    assert found == pytest.approx(expected(OUTPUTS >= THRESHOLDS), rel=1e-9)
    plain = metrics.scores(Labels(names), TRUTH, OUTPUTS)
    assert list(plain) == EVERY
    assert plain == pytest.approx({n: expected(OUTPUTS >= 0.5)[n] for n in EVERY}, rel=1e-9)
    assert plain != pytest.approx(found, rel=1e-3)
    assert metrics.hamming_loss(TRUTH, OUTPUTS) == pytest.approx(
        expected(OUTPUTS >= 0.5)["hamming_loss"]
    )


def test_labels_that_do_not_occur():
    truth, outputs = np.array([[1, 0, 0], [1, 0, 1]]), np.array([[0.9, 0.1, 0.1], [0.9, 0.2, 0.3]])
    assert metrics.macro_f1(truth, outputs) == 0.5  # of the first and the third
    with pytest.warns(UserWarning, match="macro_f1 is not defined.*none of 2 examples"):
        assert np.isnan(metrics.macro_f1(truth * 0, outputs * 0))
    assert metrics.subset_accuracy(truth * 0, outputs * 0) == 1
    one = np.array([[1], [0]])
    assert metrics.label_ranking_average_precision(one, one) == 1


def test_which_way_is_better():
    assert {name: metrics.direction(f"val_{name}") for name in metrics.SCORES["labels"]} == {
        **dict.fromkeys(EVERY, "max"), "hamming_loss": "min",
    }  # fmt: skip


def test_the_metric_in_training():
    metric = MicroF1()
    for part in (slice(0, 70), slice(70, None)):
        metric.update_state(TRUTH[part].astype("int8"), OUTPUTS[part].astype("float32"))
    assert float(metric.result()) == pytest.approx(expected(OUTPUTS >= 0.5)["micro_f1"], rel=1e-5)
    metric.reset_state()
    assert float(metric.result()) == 0
    weights = RNG.uniform(0, 2, 200)
    metric.update_state(TRUTH, OUTPUTS, weights)
    weighted = sklearn.metrics.f1_score(
        TRUTH, OUTPUTS >= 0.5, average="micro", sample_weight=weights
    )
    assert float(metric.result()) == pytest.approx(weighted, rel=1e-5)
    again = MicroF1.from_config(MicroF1(threshold=0.3).get_config())
    again.update_state(TRUTH, OUTPUTS)
    assert float(again.result()) == pytest.approx(expected(OUTPUTS >= 0.3)["micro_f1"], rel=1e-5)
