"""Scores of forecasts against formulas worked by hand, sampling and scipy."""

import numpy as np
import pytest
from scipy import integrate, stats

from rnnkit.metrics.forecasts import crps_normal, interval_score, naive_scale, smape


def test_scales_by_hand():
    values = [1.0, 2.0, 4.0, 3.0, np.nan, 9.0]
    assert naive_scale(values) == pytest.approx((1 + 2 + 1) / 3)
    assert naive_scale(values, period=2) == pytest.approx((3 + 1 + 6) / 3)
    assert naive_scale(values, period=2, power=2) == pytest.approx(np.sqrt((9 + 1 + 36) / 3))
    assert np.isnan(naive_scale([1.0, 1.0, 1.0]))
    assert np.isnan(naive_scale([1.0], period=3))


def test_smape_by_hand():
    found = smape(np.array([100.0, 0.0, -2.0, np.nan]), np.array([50.0, 0.0, 2.0, 1.0]))
    np.testing.assert_allclose(found, [200 * 50 / 150, 0.0, 200.0, np.nan])


@pytest.mark.parametrize("truth, mean, deviation", [(1.0, 0.0, 2.0), (-3.0, 1.0, 0.5), (0.0, 0, 1)])
def test_crps_is_the_integral_that_defines_it(truth, mean, deviation):
    """The squared distance of the distribution's function from the step at the truth."""
    points = np.linspace(-30, 30, 600_001)
    square = np.square(stats.norm.cdf(points, mean, deviation) - (points >= truth))
    expected = integrate.trapezoid(square, points)
    assert crps_normal(truth, mean, deviation) == pytest.approx(expected, abs=1e-3)


def test_without_a_spread_crps_is_the_absolute_error():
    np.testing.assert_allclose(crps_normal(np.array([1.0]), np.array([4.0]), np.array([0.0])), [3])


def test_interval_score_by_hand():
    truth, lower, upper = np.array([0.0, 3.0, -2.0]), np.full(3, -1.0), np.full(3, 1.0)
    np.testing.assert_allclose(interval_score(truth, lower, upper, 0.8), [2, 2 + 10 * 2, 2 + 10])
