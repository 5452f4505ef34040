"""Readouts of a series' own, against scikit-learn's ridge regression on the same rows."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import Ridge

from rnnkit.layers import ForecastBlend
from rnnkit.layers.forecast_blend import repeated
from rnnkit.layers.own_readouts import own_readouts

HORIZON, LAGS, PERIOD = 4, 5, 6
RIDGES = (1e-4, 1e-2, 1.0)


def forecasts(series, times, ridges=RIDGES, **options):
    present = tf.constant(np.asarray(series, "float64")[None, :, None])
    steps = tf.range(len(series))
    naive = [repeated(present, steps, HORIZON, period) for period in (1, PERIOD)]
    found = own_readouts(present, tf.constant(times), naive, LAGS, ridges=ridges, **options)
    return np.array(found)[:, 0, ..., 0]  # [members, times, horizon]


def series(rows=80):
    rng = np.random.default_rng(0)
    return 50 + np.sin(np.arange(rows) / 3) + 0.3 * rng.normal(size=rows).cumsum()


def by_sklearn(y, now, period, ridge, memory):
    """The same from what was known at step `now` alone."""
    y = y[max(now - memory + 1, 0) : now + 1]
    origins = np.arange(LAGS, len(y) - HORIZON)

    def naive(step):
        return np.resize(y[step + 1 - period : step + 1], HORIZON)

    x = np.array([y[step - LAGS : step] - y[step] for step in origins])
    kept = [step for step in origins if step + 1 >= period]
    assert len(kept) == len(origins), "rows before the first season would need another naive"
    truth = np.array([y[step + 1 : step + 1 + HORIZON] - naive(step) for step in origins])
    constant = np.sqrt(np.mean(np.square(x)))
    x = np.pad(x, [(0, 0), (0, 1)], constant_values=constant)
    mean = np.trace(x.T @ x) / x.shape[1]
    solved = Ridge(alpha=ridge * mean, fit_intercept=False, solver="svd").fit(x, truth)
    last = np.append(y[-1 - LAGS : -1] - y[-1], constant)
    return naive(len(y) - 1) + solved.predict(last[None])[0]


@pytest.mark.parametrize("memory", [1000, 40])
def test_as_scikit_learn_solves_it(memory):
    y = series()
    times = [79, 60, 31]
    found = forecasts(y, times, memory=memory)
    for number, (period, ridge) in enumerate((p, r) for p in (1, PERIOD) for r in RIDGES):
        for index, now in enumerate(times):
            expected = by_sklearn(y, now, period, ridge, memory)
            np.testing.assert_allclose(found[number, index], expected, rtol=1e-9)


def test_nothing_later_matters_and_nothing_before_the_memory():
    y = series()
    found = forecasts(y, [59], memory=40)
    later = np.concatenate([y[:60], 1e6 + series(20)])
    np.testing.assert_array_equal(forecasts(later, [59], memory=40), found)
    before = np.concatenate([np.zeros(17), y[20:60]])
    np.testing.assert_array_equal(forecasts(before, [56], memory=40), found)


def test_size_and_level_do_not_matter():
    found = forecasts(series(), [79])
    np.testing.assert_allclose(forecasts(1000 * series() - 7, [79]), 1000 * found - 7, rtol=1e-9)


def test_naive_until_there_is_a_row_to_learn_from():
    y = series(12)
    found = forecasts(y, [0, LAGS + HORIZON - 1])
    for at, step in enumerate([0, LAGS + HORIZON - 1]):
        np.testing.assert_allclose(found[: len(RIDGES), at], y[step])
    seasonal = [y[3], y[4], y[5], y[6]]
    np.testing.assert_allclose(found[len(RIDGES) :, 1], np.tile(seasonal, (len(RIDGES), 1)))


@pytest.mark.parametrize("value", [0.0, 3.5])
def test_a_constant_series_stays_where_it_is(value):
    np.testing.assert_array_equal(forecasts(np.full(30, value), [0, 10, 29]), value)


def test_padding_that_is_not_known_harms_no_step_before():
    y = series(40)
    padded = np.append(y, np.full(10, np.nan))
    np.testing.assert_array_equal(forecasts(padded, [39]), forecasts(y, [39]))


def test_no_forecast_goes_further_than_the_series_did():
    y = 2.0 ** np.arange(30)  # grows 16 times in a horizon, and may go 1.5 ranges
    found = forecasts(y, [29], ridges=[1e-9])
    assert found.max() <= y[-1] + 1.5 * (y[-1] - y[0])
    assert found.max() > 2 * y[-1]


def test_each_series_and_target_alone():
    rng = np.random.default_rng(1)
    present = tf.constant(rng.normal(size=(3, 50, 2)).cumsum(axis=1), tf.float32)
    layer = ForecastBlend(HORIZON, 2, 6, repeats=[1, PERIOD, 7 * PERIOD], lags=LAGS)
    found = np.array(layer.own(present, tf.constant([49, 30])))
    assert found.shape == (layer.own_count, 3, 2, HORIZON, 2) and layer.own_count == 1
    alone = np.array(layer.own(present[1:2, :, 1:], tf.constant([30])))
    np.testing.assert_allclose(found[:, 1, 1, :, 1], alone[:, 0, 0, :, 0], rtol=1e-6)
    assert ForecastBlend(HORIZON, 2, 6).own_count == 0
