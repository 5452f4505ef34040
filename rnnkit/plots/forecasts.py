"""Plots of forecasts; see `rnnkit.plots`, which has these functions too."""

import numpy as np

from rnnkit.features import Forecast
from rnnkit.models.forecast.given import histories_of
from rnnkit.models.forecast.naive import target_columns
from rnnkit.plots.drawing import COLOURS, dated, finish, legend_above, look, new_axes
from rnnkit.utils.messages import listed


def forecast(
    model, series, actual=None, *, column=None, history=None, future=None, name=None, ax=None
):
    """A forecast with its interval, after the end of the series that it follows.

    Args:
        model: A model with `Forecast` as output feature, such as that of the recipe `forecasting`.
        series: Raw input: one series; or a frame, or the path of a table, which may hold several.
        actual: True values of the steps that are forecast: an array `[steps]` or
            `[steps, targets]` (rows beyond the horizon are not shown), or None.
        column: Name of the target column; by default all, each on Axes of its own.
        history: Steps of the series that are shown; by default three times the horizon, and at
            least 24.
        future: Of a model with columns that are known ahead, as in its `infer`.
        name: Which series of a table is shown, where it holds several.
        ax: Matplotlib Axes, or for several columns a sequence of them; None for new ones.

    Returns:
        The Axes, or for several columns an array of them.

    Raises:
        ValueError: For another kind of model, more than one series without a name, or an unknown
            column.

    Example:

    >>> x, _ = next(iter(data.test))
    >>> rnnkit.plots.forecast(model, x[:-24], actual=x[-24:, 1:])
    """
    feature, target = model.input_feature, model.output_feature
    if not isinstance(target, Forecast):
        raise ValueError(
            "forecast needs a model whose output is a Forecast. "
            f"Received: a target of {type(target).__name__}"
        )
    horizon = target.horizon
    if column is not None and column not in target.names:
        raise ValueError(f"column must be one of {target.names}. Received: column={column!r}")
    raw, result = _one_forecast(model, series, name, {} if future is None else {"future": future})
    columns = [column] if column is not None else target.names
    if ax is None and len(columns) > 1:
        import matplotlib.pyplot as plt

        size = (7.0, 2.2 * len(columns))
        axes = plt.subplots(len(columns), figsize=size, sharex=True, layout="constrained")[1]
    else:
        axes = np.atleast_1d(new_axes(ax, (7.0, 3.2)))
    if len(axes) != len(columns):
        raise ValueError(f"ax must be {len(columns)} Axes, one a column. Received: {len(axes)}")
    tail = raw[-(max(24, 3 * horizon) if history is None else history) :]
    if feature.time:
        before = (tail[:, 0] * 1e3).astype("int64").astype("datetime64[ms]")
        after = np.array([np.datetime64(text.removesuffix("Z"), "ms") for text in result["time"]])
    else:
        before, after = np.arange(1 - len(tail), 1), np.arange(1, horizon + 1)
    values = tail[:, int(feature.time) :]  # [steps, columns]
    columns_of_targets = target_columns(feature, target)
    for name, each in zip(columns, axes, strict=True):
        index = target.names.index(name)
        middle, lower, upper = (
            np.array([lead[name] if isinstance(lead, dict) else lead for lead in result[key]])
            for key in ("forecast", "lower", "upper")
        )
        if columns_of_targets is not None:
            past = values[:, columns_of_targets[index]]
            each.plot(before, past, "-", color="black", lw=1.2, label="past")
        each.fill_between(
            after, lower, upper, facecolor=(COLOURS[0], 0.3), edgecolor=(COLOURS[0], 0.8), lw=0.8,
            label=f"{model.interval:.0%} interval",
        )  # fmt: skip
        each.plot(after, middle, "-", color=COLOURS[0], lw=2.5, label="forecast",
                  marker="o" if horizon == 1 else None)  # fmt: skip
        if actual is not None:
            true = np.asarray(actual, "float64").reshape(len(actual), -1)[:horizon]
            true = true[:, index if true.shape[1] > 1 else 0]
            each.plot(after[: len(true)], true, "--", color="black", lw=1.2, label="actual")
        each.set_ylabel(name if not name.isdigit() else f"column {name}")
        each.grid(alpha=0.3)
    legend_above(axes[0])
    if feature.time:
        dated(axes[-1])
    unit = f" ({feature.frequency})" if feature.frequency else ""
    axes[-1].set_xlabel("time" if feature.time else f"steps from the last one seen{unit}")
    return axes if len(columns) > 1 else axes[0]


def _one_forecast(model, series, name, ahead):
    """One raw series `[time, (time and) columns]`, and what `infer` says of it.

    Args:
        model, series, name: As in `forecast`.
        ahead: Dict of further arguments of `infer`.
    """
    feature = model.input_feature
    names, found = histories_of(feature, series)
    if names is None:
        raw = feature.to_tensor(found)
        if name is not None or raw.shape[0] != 1:
            given = f" and name={name!r}, of series without names" if name is not None else ""
            raise ValueError(f"series must be one series. Received: {raw.shape[0]} of them{given}")
        raw = raw.flat_values.numpy()
        return raw, model.infer([raw], **ahead)[0]
    if name is None and len(names) == 1:
        (name,) = names
    if name is None or str(name) not in names:
        raise ValueError(
            f"name must say which series is shown, one of {listed(names)}. Received: name={name!r}"
        )
    index = names.index(str(name))
    return found[index], model.infer(series, **ahead)[index]


def forecast_errors(model, data, y=None, ax=None):
    """Mean absolute error by lead, of a model and of the naive forecasts for the same steps.

    Args:
        model: A model with `Forecast` as output feature; or a dict of name to such models, which
            forecast the same.
        data: Raw data as in `model.score`.
        y: Raw targets, if `data` is not a dataset.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes. A single target has its errors in its own unit, several in units of their
        standard deviations.
    """
    models = model if isinstance(model, dict) else {model.name: model}
    curves, naive, truths = {}, {}, {}
    targets = [each.output_feature for each in models.values()]
    if not all(isinstance(each, Forecast) for each in targets) or (
        len({each.horizon for each in targets}) > 1
    ):
        raise ValueError(
            "forecast_errors needs models whose output is a Forecast, all of one horizon. "
            f"Received: {[type(each).__name__ for each in targets]}"
        )
    target = targets[0]
    for name, each in models.items():
        compared = each.compare(each.prepare(data, y))
        curves[name], truths[name] = compared.outputs, compared.truth
        naive = naive or compared.naive
    scale, unit = 1.0, "in standard deviations"
    if target.size == 1:
        scale = (target.unit or target.deviation)[0] if target.normalize else 1.0
        unit = f"of {target.names[0]}" if not target.names[0].isdigit() else "in its own unit"
    ax = new_axes(ax)
    leads = np.arange(1, target.horizon + 1)
    # Models may differ in their washouts: all are compared on the steps of all.
    truth = sum(truths.values()) / len(truths)
    for index, (name, values) in enumerate({**curves, **naive}.items()):
        residuals = np.abs(values - truth).reshape(-1, target.horizon, target.size)
        known = np.isfinite(residuals)
        with np.errstate(invalid="ignore"):
            errors = np.where(known, residuals, 0).sum(axis=(0, 2)) / known.sum(axis=(0, 2))
        width = 2.5 if name in curves else 1.5
        ax.plot(leads, errors * scale, **look(index), lw=width, marker="o", ms=3, label=name)
    ax.set_ylim(bottom=0)
    return finish(ax, "lead (steps ahead)", f"mean absolute error\n{unit}", whole=True, above=True)
