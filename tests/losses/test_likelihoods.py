"""Likelihoods against scipy's: the loss, its gradient, what is not known; and the metric."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from rnnkit.losses import MeanErrors, NegativeLogLikelihood

NAN = np.nan
COUNTS = np.array([0.0, 1.0, 5.0, 40.0, 3000.0])
MEANS = np.array([0.5, 1.3, 7.0, 33.0, 2500.0])
SECOND = np.array([0.3, 0.1, 0.5, 2.0, 0.01])
FREEDOM = np.array([2.5, 4.0, 9.0, 100.0, 3.0])
REFERENCE = {
    "normal": ([MEANS, 10 * SECOND], stats.norm.logpdf(COUNTS, MEANS, 10 * SECOND)),
    "student_t": ([MEANS, SECOND, FREEDOM], stats.t.logpdf(COUNTS, FREEDOM, MEANS, SECOND)),
    "poisson": ([MEANS], stats.poisson.logpmf(COUNTS, MEANS)),
    "negative_binomial": (
        [MEANS, SECOND],
        stats.nbinom.logpmf(COUNTS, 1 / SECOND, 1 / (1 + SECOND * MEANS)),
    ),
}


def tensor(*parts):
    return tf.constant(np.concatenate(parts)[None, None], tf.float32)


@pytest.mark.parametrize("likelihood", REFERENCE)
def test_against_scipy(likelihood):
    parameters, expected = REFERENCE[likelihood]
    loss = NegativeLogLikelihood(likelihood)
    found = loss.values(tensor(COUNTS), tensor(*parameters))[0, 0]
    np.testing.assert_allclose(found, -expected, rtol=1e-4, atol=1e-5)
    mean = loss(tensor(COUNTS), tensor(*parameters))
    assert float(mean) == pytest.approx(-expected.mean(), rel=1e-4)


@pytest.mark.parametrize("likelihood", REFERENCE)
def test_what_is_not_known_does_not_count_nor_reach_the_gradient(likelihood):
    parameters, expected = REFERENCE[likelihood]
    truth = np.where(np.arange(5) == 3, NAN, COUNTS)
    outputs, loss = tensor(*parameters), NegativeLogLikelihood(likelihood)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = loss(tensor(truth), outputs)
    assert float(value) == pytest.approx(-np.delete(expected, 3).mean(), rel=1e-4)
    gradient = tape.gradient(value, outputs).numpy().reshape(-1, 5)
    assert np.isfinite(gradient).all() and not gradient[:, 3].any()
    assert np.delete(gradient, 3, axis=1).all()
    assert float(loss(tensor(np.full(5, NAN)), outputs)) == 0
    weighted = loss(tensor(COUNTS), outputs, tf.constant([[0.5]]))
    assert float(weighted) == pytest.approx(-expected.mean(), rel=1e-4)


def test_counts_come_back_from_standardised_targets():
    scale, offset = [100.0] * 5, [7.0] * 5
    parameters, expected = REFERENCE["negative_binomial"]
    loss = NegativeLogLikelihood("negative_binomial", scale, offset)
    standardised = ((COUNTS - 7) / 100).astype("float32") + np.float32(1e-7)
    value = loss(tensor(standardised), tensor(*parameters))
    assert float(value) == pytest.approx(-expected.mean(), rel=1e-4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config() and again.scale == scale
    metric = MeanErrors(5, scale, offset)
    metric.update_state(tensor(standardised), tensor(*parameters))
    errors = np.abs(COUNTS - MEANS) / 100
    assert float(metric.result()) == pytest.approx(errors.mean(), rel=1e-4)
    np.testing.assert_allclose(metric.root_mean_squares(), errors, rtol=1e-3, atol=1e-5)
    assert MeanErrors.from_config(metric.get_config()).offset == offset


def test_of_a_name_that_is_none():
    with pytest.raises(ValueError, match="likelihood must be one of.*'gamma'"):
        NegativeLogLikelihood("gamma")
