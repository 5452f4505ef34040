"""The loss and the metrics of several targets, by hand."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Detection, Label, Number, Targets
from rnnkit.losses import RelativeLoss, TargetMetric, TargetsLoss
from rnnkit.losses.targets import naive

NAN = float("nan")
TRUTH = np.array([[0, 1.0], [1, NAN], [NAN, -1.0], [1, 0.5]], "float32")
OUTPUTS = np.array([[0.8, 0.2, 0.0], [0.5, 0.5, 9.0], [0.1, 0.9, 1.0], [0.6, 0.4, 0.5]], "float32")
# Each example: -log p of its class, and the square of its number, where known.
NATS = [-math.log(0.8), -math.log(0.5), 0, -math.log(0.4)]
SQUARES = [1, 0, 4, 0]


def test_the_loss_by_hand():
    loss = TargetsLoss(["classes", "numbers"], [2, 1], [0.5, 3.0])
    expected = np.array([0.5 * n + 3 * s for n, s in zip(NATS, SQUARES, strict=True)])
    assert float(loss(TRUTH, OUTPUTS)) == pytest.approx(expected.mean(), rel=1e-5)
    weights = np.array([1.0, 2.0, 0.0, 4.0])
    found = loss(TRUTH, OUTPUTS, weights)
    assert float(found) == pytest.approx((weights * expected).mean(), rel=1e-5)
    again = TargetsLoss.from_config(loss.get_config())
    assert float(again(TRUTH, OUTPUTS)) == float(loss(TRUTH, OUTPUTS))


def test_classes_with_weights_by_hand():
    loss = TargetsLoss(["classes", "numbers"], [2, 1], [1.0, 1.0], [[2.0, 5.0], []])
    nats = [2 * NATS[0], 5 * NATS[1], 0, 5 * NATS[3]]
    assert float(loss(TRUTH, OUTPUTS)) == pytest.approx((sum(nats) + sum(SQUARES)) / 4, rel=1e-5)
    assert TargetsLoss.from_config(loss.get_config()).class_weights == [[2.0, 5.0], []]


def test_what_is_not_known_has_no_gradient():
    outputs = tf.Variable(OUTPUTS)
    with tf.GradientTape() as tape:
        loss = TargetsLoss(["classes", "numbers"], [2, 1], [1.0, 1.0])(TRUTH, outputs)
    gradient = tape.gradient(loss, outputs).numpy()
    assert np.isfinite(gradient).all()
    assert gradient[1, 2] == 0 and (gradient[2, :2] == 0).all()
    assert gradient[1, 1] != 0 and gradient[2, 2] != 0


def test_the_naive_answer():
    assert naive([0.25, 0.75]) == pytest.approx(-(0.25 * math.log(0.25) + 0.75 * math.log(0.75)))
    assert naive([]) == 1.0
    # Weights of 3 and 1 make both classes as likely; their mean over the data is 1.5.
    assert naive([0.25, 0.75], [3.0, 1.0]) == pytest.approx(1.5 * math.log(2))


def _feature(label, **options):
    rows = [["a", 1.0], ["a", None], ["a", 2.0], ["b", 7.0]]
    return Targets({"label": label, "score": Number()}, **options).adapt(rows)


@pytest.mark.parametrize("weights, first", [(None, 0.5), ({"label": 3}, 0.75)])
def test_scales_are_relative_to_the_naive_answer(weights, first):
    loss = TargetsLoss.of(_feature(Label(), weights=weights))
    entropy = naive([0.75, 0.25])
    assert loss.scales == pytest.approx([first / entropy, (1 - first) / 0.75])
    # What is naive has the loss 1: fractions of training, and the mean.
    truth = np.array([[0, 0.5], [0, NAN], [0, -1.5], [1, 1.0]], "float32")
    truth[:, 1] /= np.sqrt(np.nanmean(truth[:, 1] ** 2))
    outputs = np.tile(np.float32([[0.75, 0.25, 0.0]]), (4, 1))
    assert float(loss(truth, outputs)) == pytest.approx(1.0, rel=1e-5)


def test_rare_classes_weigh_more():
    feature = _feature(Detection())
    loss = TargetsLoss.of(feature, balance=1.0)
    assert loss.class_weights == [feature.targets["label"].weights(1.0), []]
    assert loss.class_weights[0] == pytest.approx([2 / 3, 2.0])
    assert loss.scales[0] == pytest.approx(0.5 / math.log(2))
    assert TargetsLoss.of(feature).class_weights is None


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((["classes"], [2, 1], [1.0]), "lists of the same length"),
        ((["texts"], [2], [1.0]), "types must be one of"),
        ((["classes"], [0], [1.0]), "sizes must be an integer"),
        ((["classes"], [2], [-1.0]), "scales must be a number above 0"),
        ((["classes"], [2], [1.0], [[1.0]]), "class_weights must have each class"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TargetsLoss(*arguments)


def test_metrics_by_hand():
    accuracy, error, left = TargetMetric.all_of(_feature(Label()))
    assert [accuracy.name, error.name] == ["label_accuracy", "score_mean_absolute_error"]
    assert left.name == "relative_loss"
    for metric in (accuracy, error):
        metric.update_state(TRUTH, OUTPUTS)
    assert float(accuracy.result()) == pytest.approx(1 / 3)  # right, a tie, wrong
    assert float(error.result()) == pytest.approx((1 + 2 + 0) / 3)
    assert [accuracy._direction, error._direction] == ["up", "down"]
    error.reset_state()
    error.update_state(TRUTH, OUTPUTS, np.array([3.0, 1.0, 1.0, 0.0]))
    assert float(error.result()) == pytest.approx((3 * 1 + 2) / 4)
    config = keras.saving.serialize_keras_object(error)
    again = keras.saving.deserialize_keras_object(config)
    again.update_state(TRUTH, OUTPUTS)
    assert float(again.result()) == pytest.approx(1.0)


@pytest.mark.parametrize("weights, share", [(None, 0.5), ({"label": 3}, 0.75)])
def test_a_target_counts_as_answered_naively_at_most(weights, share):
    left = RelativeLoss.of(_feature(Label(), weights=weights))
    part = np.sum(NATS) / 3 / naive([0.75, 0.25])
    assert part > 1 and np.sum(SQUARES) / 3 > 1
    left.update_state(TRUTH, OUTPUTS)
    assert float(left.result()) == pytest.approx(1.0)  # both are worse than naive
    left.reset_state()
    left.update_state(TRUTH[:1], OUTPUTS[:1])  # -log .8 and 1
    expected = share * -math.log(0.8) / naive([0.75, 0.25]) + (1 - share)
    assert float(left.result()) == pytest.approx(expected, rel=1e-5)
    # Means over all batches and their weights, then what is left of each: 4 and 1 give 2.5.
    left.reset_state()
    for rows in (slice(0, 1), slice(1, 4)):
        left.update_state(TRUTH[rows], OUTPUTS[rows], np.array([4.0, 1.0, 0.0, 0.0])[rows])
    nats = (4 * NATS[0] + NATS[1]) / 5 / naive([0.75, 0.25])
    assert nats < 1
    assert float(left.result()) == pytest.approx(share * nats + (1 - share), rel=1e-5)


def test_what_no_example_has_is_left_out_of_the_relative_loss():
    left = RelativeLoss(["classes", "numbers"], [2, 1], [1.0, 1.0], [1.0, 3.0])
    left.update_state(TRUTH[1:2], OUTPUTS[1:2])  # its number is not known
    assert float(left.result()) == pytest.approx(-math.log(0.5), rel=1e-5)


def test_the_relative_loss_with_weights_of_classes(tmp_path):
    feature = _feature(Detection())
    left = RelativeLoss.of(feature, balance=1.0)
    assert left.class_weights == TargetsLoss.of(feature, balance=1.0).class_weights
    # Half to half is the naive answer of classes that weigh the same.
    truth, outputs = (
        np.array([[0, NAN], [0, NAN], [0, NAN], [1, NAN]]),
        np.tile([0.5, 0.5, 0], (4, 1)),
    )
    left.update_state(truth, outputs)
    assert float(left.result()) == pytest.approx(1.0, rel=1e-5)
    outputs[3] = [0.2, 0.8, 0]
    left.reset_state()
    left.update_state(truth, outputs)
    expected = (2 / 3 * 3 * math.log(2) - 2 * math.log(0.8)) / 4 / math.log(2)
    assert float(left.result()) == pytest.approx(expected, rel=1e-5)
    config = keras.saving.serialize_keras_object(left)
    again = keras.saving.deserialize_keras_object(config)
    again.update_state(truth, outputs)
    assert float(again.result()) == float(left.result())


def test_lists_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="naive and weights must be lists of the same length"):
        RelativeLoss(["numbers"], [1], [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="class_weights must have each class"):
        RelativeLoss(["classes"], [2], [1.0], [1.0], [[1.0]])
