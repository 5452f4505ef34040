"""Scores of forecasts of several leads from several origins, in the unit of the series."""

import numpy as np
from scipy import stats

# Quantiles that stand for a distribution.
QUANTILES = 50


def naive_scale(values, period=None, power=1):
    """The mean error of repeating the last season, or the last value, within a series.

    Args:
        values: A series, NumPy `[time]`, NaN where it is not known.
        period: Steps in a season, or None for repeating the last value.
        power: 1 for the mean absolute error, 2 for the root mean squared error.

    Returns:
        Float; NaN where the series is too short or never changes.

    Example:

    >>> naive_scale([1.0, 2.0, 4.0, 3.0])
    1.3333333333333333

    Reference:
        Hyndman and Koehler, "Another look at measures of forecast accuracy", 2006,
        https://doi.org/10.1016/j.ijforecast.2006.03.001.
    """
    values = np.asarray(values, "float64")
    back = period or 1
    changes = np.abs(values[back:] - values[:-back])
    changes = changes[np.isfinite(changes)]
    if not len(changes):
        return np.nan
    scale = float(np.mean(changes**power) ** (1 / power))
    return scale if scale > 0 else np.nan


def smape(truth, forecast):
    """Symmetric mean absolute percentage error: 200 |f - y| / (|f| + |y|), 0 where both are 0.

    Args:
        truth, forecast: NumPy arrays of one shape, truth NaN where it is not known.

    Returns:
        Array of that shape; its mean is the score, from 0 to 200.

    Reference:
        Makridakis, Spiliotis and Assimakopoulos, "The M4 competition", 2020,
        https://doi.org/10.1016/j.ijforecast.2019.04.014.
    """
    size = np.abs(truth) + np.abs(forecast)
    return 200 * np.abs(forecast - truth) / np.where(size > 0, size, 1.0)


def crps_normal(truth, mean, deviation):
    """Continuous ranked probability score of normal distributions; the absolute error for 0.

    With z = (y - m) / s: s (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)).

    Args:
        truth, mean, deviation: NumPy arrays of one shape.

    Returns:
        Array of that shape, in the unit of the truth.

    Reference:
        Gneiting and Raftery, "Strictly proper scoring rules, prediction, and estimation", 2007,
        https://doi.org/10.1198/016214506000001437.
    """
    error = np.abs(truth - mean)
    some = deviation > 0
    z = error / np.where(some, deviation, 1.0)
    score = z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    return np.where(some, deviation * score, error)


def crps_quantiles(truth, quantile):
    """Continuous ranked probability score of distributions that are known by their quantiles: twice
    the mean pinball loss of 50 evenly spread ones.

    Args:
        truth: NumPy array.
        quantile: Function of a probability to the quantiles, an array of the same shape.

    Returns:
        Array of that shape, in the unit of the truth.

    Example:

    >>> found = crps_quantiles(np.array([3.0]), lambda probability: np.array([1.0]))
    >>> round(float(found[0]), 9)
    2.0

    Reference:
        As `crps_normal`.
    """
    probabilities = (np.arange(QUANTILES) + 0.5) / QUANTILES
    total = 0.0
    for each in probabilities:
        error = truth - quantile(each)
        total = total + np.maximum(each * error, (each - 1) * error)
    return 2 * total / QUANTILES


def interval_score(truth, lower, upper, level):
    """Width of intervals, and 2 / (1 - level) times how far the truth lies outside.

    Args:
        truth, lower, upper: NumPy arrays of one shape.
        level: Probability with which the intervals are to hold.

    Returns:
        Array of that shape, in the unit of the truth.

    Reference:
        As `crps_normal`.
    """
    outside = np.maximum(lower - truth, 0) + np.maximum(truth - upper, 0)
    return upper - lower + 2 / (1 - level) * outside
