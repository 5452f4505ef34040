"""Loss and accuracy of tokens, by hand and against Keras."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.losses.masked import MaskedMeanSquaredError
from rnnkit.losses.tags import TagAccuracy, TagCrossEntropy
from rnnkit.losses.tokens import TokenAccuracy, TokenCrossEntropy
from rnnkit.losses.values import ValuesAndEnd

LOGITS = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
TRUTH = np.array([[1, 2, 3, 4], [2, 2, 0, 0], [4, 0, 0, 0]])


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_against_one_hot_targets(smoothing):
    loss = TokenCrossEntropy(smoothing)
    target = (1 - smoothing) * np.eye(5)[TRUTH] + smoothing / 5
    values = -(target * log_softmax(LOGITS)).sum(-1)
    expected = values[TRUTH != 0].mean()
    np.testing.assert_allclose(loss(TRUTH, LOGITS), expected, rtol=1e-5)
    # Weights count examples more or less.
    weights = np.array([1.0, 0.0, 3.0])
    each = np.where(TRUTH != 0, weights[:, None], 0.0)
    expected = (values * each).sum() / each.sum()
    np.testing.assert_allclose(loss(TRUTH, LOGITS, weights), expected, rtol=1e-5)


def test_padding_alone_is_zero():
    assert float(TokenCrossEntropy()(np.zeros((2, 3), int), LOGITS[:2, :3])) == 0.0


def test_accuracy_by_hand():
    metric = TokenAccuracy()
    logits = np.eye(5)[[[1, 2, 0, 0], [0, 2, 2, 2]]]
    metric.update_state(TRUTH[:2], logits)  # right: 1, 2 of four; the second of two
    assert float(metric.result()) == pytest.approx(3 / 6)


@pytest.mark.parametrize("metric, shift", [(TokenAccuracy(), 0), (TagAccuracy(), 1)])
def test_accuracy_does_not_depend_on_the_padding_of_batches(metric, shift):
    """Two steps, of which one is right, padded to two and to eight; four, of which three are."""
    short, long = np.array([[1, 2]]), np.array([[1, 2, 3, 4]])
    said = np.array([[1, 3]]), np.array([[1, 2, 3, 3]])
    for padding in (0, 6):
        metric.reset_state()
        truth = np.pad(short, [(0, 0), (0, padding)])
        metric.update_state(
            truth - shift, np.eye(5)[np.pad(said[0], [(0, 0), (0, padding)]) - shift]
        )
        metric.update_state(long - shift, np.eye(5)[said[1] - shift])
        assert float(metric.result()) == pytest.approx(4 / 6)


def test_config():
    loss = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(TokenCrossEntropy(0.2))
    )
    assert loss.label_smoothing == 0.2
    with pytest.raises(ValueError, match="label_smoothing.*1.5"):
        TokenCrossEntropy(1.5)


def test_the_targets_alone_say_what_counts():
    """Keras' own losses leave out what the mask of the outputs leaves out."""
    outputs = tf.constant(LOGITS)
    outputs._keras_mask = tf.constant(TRUTH == 2)
    assert float(TokenCrossEntropy()(TRUTH, outputs)) == float(TokenCrossEntropy()(TRUTH, LOGITS))
    numbers = np.where(TRUTH[..., None] == 0, np.nan, np.ones(5, "float32"))
    expected = np.square(LOGITS - 1)[TRUTH != 0].mean()
    np.testing.assert_allclose(MaskedMeanSquaredError()(numbers, outputs), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "loss, truth",
    [
        (TokenCrossEntropy(), TRUTH),
        (TagCrossEntropy(), TRUTH - 1),
        (MaskedMeanSquaredError(), LOGITS[::-1]),
        (ValuesAndEnd(), np.abs(LOGITS) > 1.0),
        (keras.losses.MeanSquaredError(), LOGITS[::-1]),  # what Keras' own do
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_replicas_whose_gradients_are_summed_get_their_share(loss, truth, monkeypatch):
    truth = truth.astype("float32")
    outputs = np.exp(log_softmax(LOGITS))
    alone = float(loss(truth, outputs))
    two = types.SimpleNamespace(num_replicas_in_sync=2)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: two)
    assert float(loss(truth, outputs)) == pytest.approx(alone / 2) and alone != 0
