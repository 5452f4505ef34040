"""Forecasts of the kind of exponential smoothing, as weights on the window of the last values."""

import numpy as np

RATES = (1.0, 0.5, 0.3, 0.1)
DAMPING = (0.0, 0.5, 1.0)
SEASONS = (1, 2, 3, 5)


def seasonal(window, horizon, period):
    """Weights `[window, horizon]` of the value one season before each lead.

    Args:
        window: Steps in the window, the last the present one.
        horizon: Leads.
        period: Steps in a season; fewer than the window has.
    """
    result = np.zeros((window, horizon))
    leads = np.arange(1, horizon + 1)
    result[window - 1 - (period * -(-leads // period) - leads), leads - 1] = 1.0
    return result


def smoothers(window, horizon, period=None):
    """Yields `(name, weights)`, `[window, horizon]`: levels, seasons and drifts of several kinds.

    A level is an exponential average of the last values, less their season; a season is what the
    same step had in the last seasons beside their mean; a drift is the change over as long. The
    weights of each lead add up to 1.

    Args:
        window: Steps in the window.
        horizon: Leads.
        period: Steps in a season, or None.
    """
    counts = [k for k in SEASONS if period and (k + 1) * period <= window]
    for count in [*counts, 0]:
        for rate in RATES:
            level = rate * (1 - rate) ** np.arange(window - 1, -1, -1.0)
            base = _with_season(level / level.sum(), horizon, period, count)
            back = count * period if count else min(window - 1, max(8, 2 * horizon))
            for damping in DAMPING if back else (0.0,):
                weights = base.copy()
                drift = damping * np.arange(1, horizon + 1) / max(back, 1)
                weights[-1] += drift
                weights[-1 - back] -= drift
                kind = "seasonal smoothing" if count else "smoothing"
                yield (kind, count, rate, damping), weights


def _with_season(level, horizon, period, count):
    """Weights of a level, and of the mean of the last `count` seasons about it."""
    window = len(level)
    if not count:
        return np.repeat(level[:, None], horizon, axis=1)
    mean = np.zeros(window)
    mean[window - count * period :] = 1 / (count * period)
    season = np.zeros((window, horizon))
    for index in range(count):
        leads = np.arange(1, horizon + 1)
        ago = period * -(-leads // period) - leads + index * period
        season[window - 1 - ago, leads - 1] += 1 / count
    without = level + level.sum() * mean  # of each value less its season
    for index in range(count):
        phase = (window - 1 - np.arange(window)) % period
        np.add.at(without, window - 1 - phase - index * period, -level / count)
    return season - mean[:, None] + (without / without.sum())[:, None]
