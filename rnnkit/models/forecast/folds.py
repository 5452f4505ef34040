"""Folds in time: what is learned from, and the later steps whose forecasts are compared."""

import dataclasses

import numpy as np

from rnnkit.models.forecast.rows import spread

# Where the first fold begins, as a fraction of each series, and how many folds there are.
FIRST, FOLDS = 0.4, 3
# Forecasts that a fold is judged by at most, and numbers in them.
MOST_FORECASTS, MOST_NUMBERS = 300, 40_000
# Rows that a fold needs to learn from.
LEAST_ROWS = 10


@dataclasses.dataclass
class Fold:
    """One fold.

    Attributes:
        fit: Indices of the rows that are learned from; all their targets come before those of
            the validation rows.
        validation: Indices of the rows whose forecasts are compared.
        independent: About how many of these do not overlap.
    """

    fit: np.ndarray
    validation: np.ndarray
    independent: float


def folds_of(rows, start):
    """Folds for some rows.

    Where there are series for validation alone, these are the one fold. Otherwise the origins
    roll: each fold learns from the beginning of each series and is judged by what follows.

    Args:
        rows: `Rows`.
        start: First step of a series that is learned from.

    Returns:
        A list of `Fold`; empty where the series are too short for one.
    """
    old = rows.time >= start
    if rows.held_out.any():
        return [_fold(rows, np.flatnonzero(old & ~rows.held_out), np.flatnonzero(rows.held_out))]
    horizon, longest = rows.horizon, int(rows.size.max(initial=1))
    first = max(FIRST, (start + horizon + LEAST_ROWS) / longest)
    now, last = (rows.time + 1) / rows.size, (rows.time + 1 + horizon) / rows.size
    cuts = np.linspace(first, 1.0, FOLDS + 1)
    result = []
    for begin, end in zip(cuts, cuts[1:], strict=False):
        fit = np.flatnonzero(old & (last <= begin))
        validation = np.flatnonzero((now >= begin) & (now < end))
        if len(fit) >= min(LEAST_ROWS, 5) and len(validation):
            result.append(_fold(rows, fit, validation))
    return result


def _fold(rows, fit, validation):
    spans = [
        np.ptp(rows.time[validation[rows.part[validation] == part]]) + 1
        for part in np.unique(rows.part[validation])
    ]
    independent = float(sum(max(1.0, span / rows.horizon) for span in spans))
    numbers = MOST_NUMBERS // (rows.horizon * rows.ahead.shape[2])
    most = int(np.clip(numbers, 30, MOST_FORECASTS))
    return Fold(fit, validation[spread(len(validation), most)], independent)
