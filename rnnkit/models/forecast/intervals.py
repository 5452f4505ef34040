"""Intervals that hold: conformal, by lead, from the errors of forecasts of later steps."""

import numpy as np

# How much the level of the quantile rises for few forecasts that do not overlap.
CAUTION = 0.1
# Of an interval that grows with the forecast the part that does not, of the mean forecast.
FLOOR = 0.3


def half_widths(forecasts, truth, level, independent, groups):
    """Half widths of intervals: `constant + fraction * |forecast|` for each lead.

    The half width is the quantile of the absolute errors, or of those over the absolute forecast
    where errors grow with the level. Which of these is decided by the interval score of each group
    of forecasts under the quantiles of the others.

    Args:
        forecasts: `[forecasts, horizon]`, in the targets' own unit.
        truth: The same, what came.
        level: Probability with which an interval is to hold.
        independent: About how many forecasts do not overlap. The level of the quantile rises by
            a factor of `1 + 0.1 / independent`, as few forecasts see few of the larger errors.
        groups: Number of the fold of each forecast, `[forecasts]`, from 0. Later folds learned
            from more, as the final forecasts do, and count more: as 1 to 2 to 3.

    Returns:
        `(constant, fraction)`, each `[horizon]`.

    Reference:
        Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005; the interval
        score is that of Gneiting and Raftery, "Strictly proper scoring rules, prediction, and
        estimation", 2007, https://doi.org/10.1198/016214506000001437.
    """
    errors = np.abs(truth - forecasts)
    rank = cautious(level, independent)
    weights = 1.0 + np.asarray(groups)
    sizes = np.abs(forecasts)
    typical = sizes.mean()
    ways = {(1.0, 0.0): np.ones_like(sizes)}
    if typical > 0 and (truth >= 0).all():
        ways[(0.0, 1.0)] = np.maximum(sizes, 1e-6 * typical)
        ways[(FLOOR * typical, 1.0)] = FLOOR * typical + sizes

    def score(scale):
        total = 0.0
        for group in np.unique(groups):
            inside = groups == group
            others = ~inside if (~inside).any() else inside
            width = quantile(errors[others] / scale[others], weights[others], rank)
            width = width * scale[inside]
            beyond = np.maximum(errors[inside] - width, 0.0)
            total += np.sum(2 * width + 2 / (1 - level) * beyond)
        return total

    constant, fraction = min(ways, key=lambda way: score(ways[way]))
    width = quantile(errors / ways[(constant, fraction)], weights, rank)  # [horizon]
    return constant * width, fraction * width


def cautious(level, independent):
    """The level of the quantile, for so many forecasts that do not overlap."""
    return min(1.0, level * (1 + CAUTION / max(independent, 1.0)))


def quantile(values, weights, level):
    """The smallest of the values of each column below or at which there is so much of the weight.

    Args:
        values: `[rows, columns]`.
        weights: `[rows]`.
        level: Fraction of the weight.
    """
    order = np.argsort(values, axis=0)
    reached = np.cumsum(weights[order], axis=0) / weights.sum()  # [rows, columns]
    first = np.minimum((reached < level - 1e-9).sum(axis=0), len(values) - 1)
    columns = np.arange(values.shape[1])
    return values[order[first, columns], columns]
