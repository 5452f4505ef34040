"""Naive forecasts: the last value, the last season, the drift; and the columns they repeat."""

import numpy as np

from rnnkit.features import Forecast


def target_columns(feature, target):
    """For each target the input column that holds its present value, or None if one lacks it."""
    if set(target.names) <= set(feature.names):
        return [feature.names.index(name) for name in target.names]
    return list(range(feature.size)) if len(target.names) == feature.size else None


def present_value(feature, target):
    """How a target's present value follows from the inputs, for a forecast of their columns.

    Returns:
        The arguments of `rnnkit.layers.AddPresent` as a dict; None for other outputs.
    """
    columns = target_columns(feature, target)
    if not isinstance(target, Forecast) or columns is None:
        return None
    # Both scalings are linear, and any transform is the same: what 0 and 1 become tells all.
    zero, one = (
        target.standardise(feature.unstandardise(np.full(feature.size, value))[columns])
        for value in (0.0, 1.0)
    )
    return {
        "columns": columns,
        "scale": (one - zero).tolist(),
        "offset": zero.tolist(),
        "leads": target.horizon,
    }


def count_level(feature, target):
    """How a target's present count follows from the inputs: the arguments of
    `rnnkit.layers.CountLevel`."""
    columns = target_columns(feature, target)
    pairs = ((feature.deviation, 1.0), (feature.mean, 0.0))
    scale, offset = (
        [own[column] if feature.normalize else plain for column in columns] for own, plain in pairs
    )
    return {
        "columns": columns,
        "scale": scale,
        "offset": offset,
        "leads": target.horizon,
        "period": target.period,
    }


def naive_forecasts(feature, target, x):
    """Naive forecasts at each step, in standardised units of the targets.

    Persistence repeats the present value. The seasonal naive forecast repeats what was seen one
    period before, as often as the horizon needs; its period is the output feature's.

    Args:
        feature: The input feature, a `Series`.
        target: The output feature.
        x: Encoded inputs `[series, time, features]`.

    Returns:
        Dict of name to `[series, time, horizon * targets]`, NaN where the series is too young.
        Empty if the output is no `Forecast`, or the targets are not among the inputs.
    """
    columns = target_columns(feature, target)
    if columns is None or not isinstance(target, Forecast):
        return {}
    # Any transform is the same on both sides; [series, time, targets].
    present = feature.unstandardise(x[..., : feature.size])[..., columns]
    present = target.standardise(present)
    result = {"persistence": np.tile(present, target.horizon)}
    period = target.period
    if period:
        leads = []
        for lead in range(1, target.horizon + 1):
            back = period * -(-lead // period) - lead  # steps before the present
            shifted = np.full_like(present, np.nan)
            if back < present.shape[1]:
                shifted[:, back:] = present[:, : present.shape[1] - back]
            leads.append(shifted)
        result["seasonal"] = np.concatenate(leads, axis=-1)
    return result


def naive_from(values, origins, horizon, period):
    """Naive forecasts of one series from some origins.

    Args:
        values: `[time, targets]`.
        origins: Rows known at each origin, `[origins]`.
        horizon: Leads.
        period: Steps in a season, or None.

    Returns:
        Dict of name to `[origins, horizon, targets]`: `persistence`, the last value; `seasonal`,
        the last season; `drift`, the last value and the mean change per step of the history.
    """
    leads = np.arange(1, horizon + 1)
    last = values[origins - 1][:, None]  # [origins, 1, targets]
    slope = (values[origins - 1] - values[0]) / np.maximum(origins - 1, 1)[:, None]
    result = {"persistence": np.repeat(last, horizon, axis=1)}
    if period:
        back = origins[:, None] - 1 + leads - period * -(-leads // period)  # [origins, horizon]
        seasonal = values[np.maximum(back, 0)]
        seasonal[back < 0] = np.nan
        result["seasonal"] = seasonal
    result["drift"] = last + slope[:, None] * leads[:, None]
    return result
