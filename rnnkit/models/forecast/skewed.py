"""Forecasts whose distributions are not symmetric: of transformed values, or of a likelihood."""

import numpy as np

from rnnkit.metrics.forecasts import crps_quantiles


def ends_of(model, numbers, level):
    """Both ends of the intervals that are to hold with a probability, in own units.

    Args:
        model: The model.
        numbers: What its `distributions` gives of some forecasts, `[rows, numbers]`.
        level: The probability.

    Returns:
        NumPy `[2, rows, horizon, targets]`.
    """
    tail = (1 - level) / 2
    return np.stack([model.quantile_of(numbers, each) for each in (tail, 1 - tail)])


def judged(model, raw, origins, truth, levels):
    """Forecasts from some origins of a series, and how they did.

    Args:
        model: The model.
        raw: The series `[time, raw_width]`.
        origins: Rows that each forecast knows, NumPy `[origins]`.
        truth: What came, `[origins, horizon, targets]`, NaN where it is not known.
        levels: Probabilities of other intervals.

    Returns:
        `(forecast, lower, upper, crps, ends)` in own units, the first four of the shape of the
        truth, the last `[levels, 2, origins, horizon, targets]`.
    """
    numbers = model.distributions([raw])[0, origins - 1]
    lower, upper = ends_of(model, numbers, model.interval)
    ends = np.stack([ends_of(model, numbers, each) for each in levels])
    crps = crps_quantiles(truth, lambda each: model.quantile_of(numbers, each))
    return model.point_of(numbers), lower, upper, crps, ends
