"""Intervals of forecasters that are trained by gradient: from their errors on validation data."""

import numpy as np

from rnnkit.models.forecast.intervals import LEVELS, at_least, half_widths, multiples
from rnnkit.models.forecast.rows import spread

# Errors of a lead that are enough; of fewer, those of the leads beside it count as well.
ENOUGH = 20
# Parts in time, each of which judges how intervals grow by the errors of the others; so many
# forecasts must not overlap.
PARTS = 3
# Numbers that are looked at, at most.
MOST_NUMBERS = 2_000_000


def intervals_of(feature, outputs, truth, scale, level, series):
    """Conformal intervals by lead, from forecasts of what was not learned from.

    They may be constant, or grow with the forecast or with the running scale: see
    `rnnkit.models.forecast.intervals.half_widths`. Where a lead has fewer than 20 errors, those of
    as many leads beside it count as it takes.

    Args:
        feature: The output feature, a `Forecast`.
        outputs: Forecasts `[rows, horizon * targets]`, standardised, series by series in the order
            of time.
        truth: What came, the same; NaN where it is not known.
        scale: The running scale at each forecast `[rows, targets]`, standardised; None for none.
        level: Probability with which an interval is to hold.
        series: How many series these are.

    Returns:
        Dict of `constant` (in the unit of `unstandardise`), `fraction` and `scaled`, each
        `[horizon * targets]`, and of `multiples` `[levels, horizon * targets]`. The half widths are
        0 where there are fewer errors than `level / (1 - level)`, as no quantile of so few holds
        that often, and where fewer than 3 forecasts do not overlap: errors of one season tell
        little of the next.
    """
    rows = np.flatnonzero(np.isfinite(truth).any(axis=1))
    independent = max(len(rows) / feature.horizon, min(series, len(rows)), 1.0)
    rows = rows[spread(len(rows), max(MOST_NUMBERS // feature.width, 1))]
    shape = (len(rows), feature.horizon, feature.size)
    forecasts, came = (
        feature.unstandardise(each[rows].reshape(shape)) for each in (outputs, truth)
    )
    found = []
    for target in range(feature.size):
        size = None
        if scale is not None:
            unit = feature.deviation[target] if feature.normalize else 1.0
            size = np.repeat(scale[rows, target, None] * unit, feature.horizon, axis=1)
        parts = forecasts[..., target], came[..., target], size
        found.append(_of_target(*parts, level, independent))
    names = ("constant", "fraction", "scaled", "multiples")
    together = (np.stack(each, axis=-1) for each in zip(*found, strict=True))
    return {
        name: each.reshape(*each.shape[:-2], feature.width)
        for name, each in zip(names, together, strict=True)
    }


def _of_target(forecasts, truth, scale, level, independent):
    """The intervals of one target, from arrays `[rows, horizon]` in its own unit."""
    count, horizon = forecasts.shape
    if not count:
        return *np.zeros((3, horizon)), np.ones((len(LEVELS), horizon))
    reach = leads_beside(np.isfinite(truth).sum(axis=0))
    groups = np.tile(np.arange(count) * PARTS // count, 2 * reach + 1)
    forecasts, truth = beside(forecasts, reach), beside(truth, reach, constant_values=np.nan)
    scale = None if scale is None else beside(scale, reach)
    known = np.isfinite(truth)
    constant, fraction, scaled = half_widths(
        forecasts, truth, level, independent, groups, scale, np.ones(len(truth))
    )
    errors = np.where(known, np.abs(truth - forecasts), 0.0)
    constant = at_least(constant, fraction + scaled, errors)
    own = constant + fraction * np.abs(forecasts) + (0.0 if scale is None else scaled * scale)
    others = multiples(errors / np.maximum(own, 1e-12), 1.0 * known, level, independent)
    enough = (known.sum(axis=0) >= level / (1 - level) - 1e-9) & (independent >= PARTS)
    return *(np.where(enough, each, 0.0) for each in (constant, fraction, scaled)), others


def leads_beside(count):
    """How many leads to each side of a lead count, for all to have enough errors.

    Args:
        count: Errors of each lead `[horizon]`.
    """
    horizon, total = len(count), np.concatenate([[0], np.cumsum(count)])
    leads = np.arange(horizon)
    for reach in range(horizon):
        last = np.minimum(leads + reach + 1, horizon)
        if (total[last] - total[np.maximum(leads - reach, 0)]).min() >= ENOUGH:
            return reach
    return horizon - 1


def beside(values, reach, **padding):
    """Values `[rows, horizon]`, and below them those of the leads beside, `[more rows, horizon]`.

    Args:
        values: `[rows, horizon]`.
        reach: How many leads to each side.
        **padding: What stands where there is no lead, as in `numpy.pad`; by default the last lead.
    """
    horizon = values.shape[1]
    padded = np.pad(values, ((0, 0), (reach, reach)), **(padding or {"mode": "edge"}))
    return np.concatenate([padded[:, start : start + horizon] for start in range(2 * reach + 1)])
