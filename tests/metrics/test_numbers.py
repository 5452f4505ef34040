"""Scores of numbers and of forecasts, by hand and against scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics

from rnnkit import metrics
from rnnkit.datasets import dynamics

RNG = np.random.default_rng(0)


def test_several_columns_and_axes():
    truth, outputs = RNG.normal(size=(2, 20, 3, 2))
    errors = outputs - truth
    assert metrics.mae(truth, outputs) == pytest.approx(np.abs(errors).mean())
    assert metrics.mse(truth, outputs) == pytest.approx(np.square(errors).mean())
    assert metrics.rmse(truth, outputs) == pytest.approx(np.sqrt(np.square(errors).mean()))
    variance = np.square(truth - truth.mean(axis=0)).sum(axis=0)
    expected = np.mean(1 - np.square(errors).sum(axis=0) / variance)
    assert metrics.r2(truth, outputs) == pytest.approx(expected)
    assert metrics.mae(truth[:, 0, 0], outputs[:, :1, 0]) == np.abs(errors[:, 0, 0]).mean()


def test_outputs_that_are_not_finite():
    for name in ("mae", "mse", "rmse", "r2"):
        score = metrics.SCORES["numbers"][name].function
        assert np.isnan(score([1.0, 2.0], [1.0, np.nan]))


def test_nmse_by_hand():
    # Variances 1 and 4; squared errors of mean 1/4 and 2: (1/4 + 1/2) / 2.
    truth = np.array([[0.0, 1.0], [2.0, 5.0], [0.0, 1.0], [2.0, 5.0]])
    forecast = truth + [[1.0, 2.0], [0.0, 0.0], [0.0, -2.0], [0.0, 0.0]]
    assert metrics.nmse(truth, forecast) == pytest.approx(0.375)
    assert metrics.nrmse(truth, forecast) == pytest.approx(np.sqrt(0.375))
    # Two series of two steps are four rows; a unit of measurement changes nothing.
    assert metrics.nmse(truth.reshape(2, 2, 2), forecast.reshape(2, 2, 2)) == pytest.approx(0.375)
    assert metrics.nmse(truth * [9, 1], forecast * [9, 1]) == pytest.approx(0.375)
    assert metrics.nmse(truth[:, 1], forecast[:, 1]) == pytest.approx(0.5)
    assert metrics.nrmse(truth, np.tile([1.0, 3.0], (4, 1))) == pytest.approx(1.0)  # the mean


def test_nmse_of_one_column_is_what_r2_leaves():
    truth, forecast = RNG.normal(size=(2, 100))
    left = 1 - sklearn.metrics.r2_score(truth, forecast)
    assert metrics.nmse(truth, forecast) == pytest.approx(left)


def test_nmse_leaves_out_what_is_not_known():
    truth = np.array([[0.0, 1.0], [2.0, np.nan], [0.0, 1.0], [2.0, 5.0]])
    forecast = np.array([[1.0, 1.0], [2.0, np.nan], [0.0, 1.0], [2.0, 8.0]])
    # Second column: 1, 1, 5 has variance 32/9; errors 0, 0, 3 have the mean square 3.
    assert metrics.nmse(truth, forecast) == pytest.approx((1 / 4 + 3 / (32 / 9)) / 2)
    forecast[0, 0] = np.nan
    assert np.isnan(metrics.nrmse(truth, forecast))
    assert metrics.nrmse([0.0, 2.0], [0.0, 1e200]) == np.inf


@pytest.mark.parametrize(
    ("truth", "forecast", "message"),
    [
        (np.zeros(3), np.zeros((3, 1)), r"same shape. Received: \(3,\) and \(3, 1\)"),
        (1.0, 1.0, "must be arrays"),
        (np.array([[0.1, 1.0]] * 7 + [[0.1, 2.0]]), np.zeros((8, 2)), r"constant columns \[0\]"),
        (np.array([[1.0, np.nan], [2.0, np.nan]]), np.zeros((2, 2)), r"every column.*\[2, 0\]"),
        (np.array([1.0, np.inf]), np.zeros(2), "must not be infinite"),
        (np.zeros(0), np.zeros(0), "must have a number"),
    ],
)
def test_nmse_of_what_cannot_be_scored(truth, forecast, message):
    with pytest.raises(ValueError, match=message):
        metrics.nmse(truth, forecast)


def test_valid_prediction_time_by_hand():
    truth = np.zeros((5, 2))
    # In scales of (1, 2) the errors are sqrt((e1^2 + (e2 / 2)^2) / 2).
    error = np.array([[0.0, 0.0], [0.4, 0.0], [0.3, 0.6], [0.3, 0.7], [0.0, 0.0]])
    # 0, 0.283, 0.3, 0.325, 0: three rows are valid, and what comes after does not count.
    found = metrics.valid_prediction_time(
        truth, truth + error, step=0.1, lyapunov=2.0, threshold=0.3 + 1e-9, scale=[1.0, 2.0]
    )
    assert type(found) is float and found == pytest.approx(3 * 0.1 * 2.0)
    options = dict(step=0.5, scale=1.0)
    assert metrics.valid_prediction_time(truth, truth, **options) == pytest.approx(2.5)
    assert metrics.valid_prediction_time(truth, truth + 1, **options) == 0.0
    for broken in (np.nan, np.inf, 1e300):
        forecast = truth.copy()
        forecast[2, 1] = broken
        assert metrics.valid_prediction_time(truth, forecast, **options) == pytest.approx(1.0)


def test_valid_prediction_time_of_several_starts():
    truth = np.tile([0.0, 2.0], (3, 4))[..., None]  # deviation 1
    forecast = truth.copy()
    forecast[0, 3:] += 0.31
    forecast[1, 5:] -= 0.31
    forecast[2] += 0.29
    assert truth.shape == (3, 8, 1)
    found = metrics.valid_prediction_time(truth, forecast, step=1.0)
    assert found == pytest.approx([3, 5, 8])
    assert metrics.valid_prediction_time(truth[0, :, 0], forecast[0, :, 0], 1.0) == 3.0


@pytest.mark.slow
def test_valid_prediction_time_of_a_small_error_in_the_start():
    # An error grows as exp(time in Lyapunov times): from 1e-6 to 0.3 takes ln(3e5) = 12.6 of them.
    truth = dynamics.lorenz63(2500, step=0.02)
    times = []
    for start in range(0, 1000, 100):
        forecast = dynamics.lorenz63(
            1200, step=0.02, discard=0, initial=truth[start] + 1e-6 * truth.std(axis=0)
        )
        times.append(
            metrics.valid_prediction_time(
                truth[start : start + 1200],
                forecast,
                0.02,
                dynamics.LYAPUNOV["lorenz63"],
                scale=truth.std(axis=0),
            )
        )
    assert np.mean(times) == pytest.approx(np.log(0.3 / 1e-6), rel=0.2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(forecast=np.zeros((4, 1))), "same shape"),
        (dict(truth=np.full((4, 2), np.nan)), "finite numbers only. Received: 0 finite of 8"),
        (dict(truth=np.ones((4, 2))), r"must vary in every column.*\[0, 1\]"),
        (dict(scale=[1.0, 0.0]), r"scale must be a positive number.*\[1.0, 0.0\]"),
        (dict(scale=[1.0] * 3), "each of the 2 dimensions"),
        (dict(step=0.0), "step must be a positive number"),
        (dict(lyapunov=-1.0), "lyapunov must be a positive number"),
        (dict(threshold=np.nan), "threshold must be a positive number"),
    ],
)
def test_valid_prediction_time_of_bad_input(change, message):
    given = dict(truth=np.arange(8.0).reshape(4, 2), forecast=np.zeros((4, 2)), step=1.0)
    with pytest.raises(ValueError, match=message):
        metrics.valid_prediction_time(**{**given, **change})
