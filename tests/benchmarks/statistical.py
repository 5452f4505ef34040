"""Forecasts by the usual statistical methods, for benchmarks to stand beside: `statsforecast`.

`pip install statsforecast`; where it is not installed, benchmarks run without.
"""

import numpy as np

# A season up to which Theta is used, and MSTL above it, which takes it out first.
LONGEST_SEASON = 24


def method(period):
    """Name of the method for a season."""
    return "theta" if period <= LONGEST_SEASON else "mstl"


def forecasts(histories, horizon, period, level):
    """Forecasts of each history by `AutoTheta`, or by `MSTL` where the season is longer than 24.

    Args:
        histories: List of arrays `[rows]`: all that came before each origin. Each is fitted anew.
        horizon: Leads.
        period: Steps in a season.
        level: Probability of the intervals, such as 0.8.

    Returns:
        Forecasts, lower and upper ends, each `[origins, horizon]`.
    """
    from statsforecast.models import MSTL, AutoTheta

    percent = round(100 * level)
    found = []
    for history in histories:
        if method(period) == "theta":
            model = AutoTheta(season_length=period)
        else:
            model = MSTL(season_length=period)
        result = model.forecast(np.asarray(history, "float64"), h=horizon, level=[percent])
        found.append([result[key] for key in ("mean", f"lo-{percent}", f"hi-{percent}")])
    return (np.array(each) for each in zip(*found, strict=True))
