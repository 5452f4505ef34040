"""Pictures of training and of results: curves, confusion, forecasts, eigenvalues."""

import numpy as np

from rnnkit.plots.drawing import COLOURS, STYLES
from rnnkit.plots.drawing import new_axes as _axes


def learning_curves(history, metric="loss", ax=None):
    """A metric by epoch, on training and validation data, its best epoch marked.

    Args:
        history: Keras `History` (what `fit` returned, or `model.history`), or its dict.
        metric: Name of the metric, such as `"loss"` or `"accuracy"`.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes.

    Raises:
        ValueError: If the history has no such metric.

    Example:

    >>> history = model.fit(data.train, validation_data=data.validation, epochs=5)
    >>> rnnkit.plots.learning_curves(history, "accuracy")
    """
    curves = getattr(history, "history", history)
    if not isinstance(curves, dict) or metric not in curves:
        known = sorted(curves) if isinstance(curves, dict) else type(history).__name__
        raise ValueError(f"history has no metric {metric!r}. Received: {known}")
    from rnnkit.training.fitting import direction

    ax = _axes(ax)
    for index, (name, label) in enumerate(((metric, "training"), (f"val_{metric}", "validation"))):
        if name not in curves:
            continue
        values = np.asarray(curves[name], dtype="float64")
        epochs = np.arange(1, len(values) + 1)
        ax.plot(epochs, values, STYLES[index], color=COLOURS[index], marker="o", ms=4, label=label)
        if name.startswith("val_"):
            best = (np.nanargmin if direction(metric) == "min" else np.nanargmax)(values)
            ax.plot(epochs[best], values[best], "*", ms=14, color=COLOURS[2], label="best epoch")
    ax.set_xlabel("epoch")
    ax.set_ylabel(metric)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def tuning(result, ax=None):
    """The objective of each trial of a search, in the order they began, and the best so far.

    Args:
        result: What `recipe.tune` gave.
        ax: Matplotlib Axes to draw on, or None for new ones.

    Returns:
        The Axes.

    Raises:
        ValueError: For anything else.

    Example:

    >>> rnnkit.plots.tuning(recipe.tune(data, max_trials=20))
    """
    from rnnkit.tuning import TuningResult

    if not isinstance(result, TuningResult):
        raise ValueError(f"result must be what recipe.tune gave. Received: {type(result).__name__}")
    rows = sorted(result.table(), key=lambda row: row["trial"])
    done = [row for row in rows if row["status"] == "completed"]
    failed = [row["trial"] for row in rows if row["status"] != "completed"]
    trials, values = [row["trial"] for row in done], [row["objective"] for row in done]
    higher = result.direction == "max"
    best = (np.maximum if higher else np.minimum).accumulate(np.array(values, "float64"))
    ax = _axes(ax)
    ax.plot(trials, values, "o", color=COLOURS[0], ms=5, label="trial")
    ax.step(trials, best, "-", where="post", color=COLOURS[2], label="best so far")
    if failed:  # below everything, as they have no value
        base = ax.get_xaxis_transform()
        ax.plot(failed, [0.02] * len(failed), "x", color="black", transform=base, label="failed")
    ax.set_xlabel("trial")
    ax.set_ylabel(f"{result.objective} ({'higher' if higher else 'lower'} is better)")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def confusion_matrix(model, data, y=None, normalize=True, ax=None):
    """How often each class is taken for each other.

    Args:
        model: A model whose target is a label.
        data: Raw data as in `model.score`.
        y: Raw targets, if `data` is not a dataset.
        normalize: Whether cells show shares of the true class; counts otherwise.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    from sklearn.metrics import confusion_matrix as count_pairs

    names = model.output_feature.names
    if model.output_feature.target_type != "classes":
        raise ValueError(
            "confusion_matrix needs a model whose target is a Label. "
            f"Received: a target of {type(model.output_feature).__name__}"
        )
    encoded = model.prepare(data, y)
    truth = encoded.tensors[1].numpy()
    chosen = model.predict(encoded, verbose=0).argmax(axis=-1)
    counts = count_pairs(truth, chosen, labels=range(len(names)))
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    side = max(3.2, 1.0 + 0.7 * len(names))
    ax = _axes(ax, (side + 1.0, side))
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(names)):
        for column in range(len(names)):
            share = shares[row, column]
            count = f"{counts[row, column]:,}"
            text = f"{share:.1%}\n({count})" if normalize else count
            ax.text(
                column, row, text, ha="center", va="center", fontsize=9,
                color="white" if share > 0.5 else "black",
            )  # fmt: skip
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    ax.figure.colorbar(image, ax=ax, label="share of the true class")
    return ax


def probabilities(result, ax=None):
    """The probabilities of a label's classes, as `infer` gave them for one input.

    Args:
        result: One dict of `model.infer(...)`.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes.
    """
    if not isinstance(result, dict) or "probabilities" not in result:
        raise ValueError(f"result must be what infer gives for a label. Received: {result!r}")
    shares = result["probabilities"]
    ax = _axes(ax, (5.0, 0.7 + 0.4 * len(shares)))
    names = list(shares)[::-1]
    bars = ax.barh(names, [shares[name] for name in names], color=COLOURS[0])
    ax.bar_label(bars, fmt="{:.1%}", padding=3)
    ax.set_xlim(0, 1.2)
    ax.set_xlabel("probability")
    return ax


# === Series ===


def forecast(model, series, actual=None, *, column=None, history=None, ax=None):
    """What a model says comes after a series, with its interval, beside the end of the series.

    Args:
        model: A model with `Forecast` as output feature, such as that of the recipe `forecasting`.
        series: Raw input: one series.
        actual: What came: an array `[steps]` or `[steps, targets]` (rows beyond the horizon are
            not shown), or None.
        column: Name of the target column; by default all, each on Axes of its own.
        history: Steps of the series that are shown; by default three times the horizon, and at
            least 24.
        ax: Matplotlib Axes, or for several columns a sequence of them; None for new ones.

    Returns:
        The Axes, or for several columns an array of them.

    Raises:
        ValueError: For another kind of model, more than one series, or an unknown column.

    Example:

    >>> x, _ = next(iter(data.test))
    >>> rnnkit.plots.forecast(model, x[:-24], actual=x[-24:, 1:])
    """
    feature, target = model.input_feature, model.output_feature
    horizon = target.horizon
    if horizon is None:
        raise ValueError(
            "forecast needs a model whose output is a Forecast. "
            f"Received: a target of {type(target).__name__}"
        )
    if column is not None and column not in target.names:
        raise ValueError(f"column must be one of {target.names}. Received: column={column!r}")
    raw = feature.to_tensor(series)
    if raw.shape[0] != 1:
        raise ValueError(f"series must be one series. Received: {raw.shape[0]} of them")
    raw = raw.flat_values.numpy()  # [time, (time and) columns]
    (result,) = model.infer([raw])
    columns = [column] if column is not None else target.names
    if ax is None and len(columns) > 1:
        import matplotlib.pyplot as plt

        size = (7.0, 2.2 * len(columns))
        axes = plt.subplots(len(columns), figsize=size, sharex=True, layout="constrained")[1]
    else:
        axes = np.atleast_1d(_axes(ax, (7.0, 3.2)))
    if len(axes) != len(columns):
        raise ValueError(f"ax must be {len(columns)} Axes, one a column. Received: {len(axes)}")
    tail = raw[-(max(24, 3 * horizon) if history is None else history) :]
    if feature.time:
        before = (tail[:, 0] * 1e3).astype("int64").astype("datetime64[ms]")
        after = np.array([np.datetime64(text.removesuffix("Z"), "ms") for text in result["time"]])
    else:
        before, after = np.arange(1 - len(tail), 1), np.arange(1, horizon + 1)
    values = tail[:, int(feature.time) :]  # [steps, columns]
    for name, each in zip(columns, axes, strict=True):
        place = _present_column(feature, target, name)
        said = [_of_column(result[key], name) for key in ("forecast", "lower", "upper")]
        if place is not None:
            each.plot(before, values[:, place], "-", color="black", lw=1.2, label="seen")
        each.fill_between(
            after, said[1], said[2], color=COLOURS[0], alpha=0.25, lw=0,
            label=f"{model.interval:.0%} interval",
        )  # fmt: skip
        each.plot(after, said[0], "-", color=COLOURS[0], lw=2.5, label="forecast",
                  marker="o" if horizon == 1 else None)  # fmt: skip
        if actual is not None:
            came = np.asarray(actual, "float64").reshape(len(actual), -1)[:horizon]
            came = came[:, target.names.index(name) if came.shape[1] > 1 else 0]
            each.plot(after[: len(came)], came, "--", color="black", lw=1.2, label="came")
        each.set_ylabel(name if not name.isdigit() else f"column {name}")
        each.grid(alpha=0.3)
    axes[0].legend(loc="upper left", ncols=4, fontsize=9)
    axes[0].margins(y=0.18)
    if feature.time:
        import matplotlib.dates as dates

        locator = axes[-1].xaxis.get_major_locator()
        axes[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    unit = f" ({feature.frequency})" if feature.frequency else ""
    axes[-1].set_xlabel("time" if feature.time else f"steps from the last one seen{unit}")
    return axes if len(columns) > 1 else axes[0]


def _present_column(feature, target, name):
    """The input column that holds a target's past, or None."""
    from rnnkit.models.forecasting import target_columns

    places = target_columns(feature, target)
    return None if places is None else places[target.names.index(name)]


def _of_column(leads, name):
    """One column of a forecast, as floats."""
    return np.array([lead[name] if isinstance(lead, dict) else lead for lead in leads])


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
    from rnnkit.models import forecasting

    models = model if isinstance(model, dict) else {model.name: model}
    curves, naive, truths, first = {}, {}, {}, next(iter(models.values()))
    target = first.output_feature
    horizon = target.horizon
    for each in models.values():
        if horizon is None or each.output_feature.horizon != horizon:
            raise ValueError(
                "forecast_errors needs models whose output is a Forecast, all of one horizon. "
                f"Received: {[type(each.output_feature).__name__ for each in models.values()]}"
            )
    for name, each in models.items():
        curves[name], truths[name], found = forecasting.compared(each, each.prepare(data, y))
        naive = naive or found
    scale, unit = 1.0, "in standard deviations"
    if target.size == 1:
        scale = target.deviation[0] if target.normalize else 1.0
        unit = f"of {target.names[0]}" if not target.names[0].isdigit() else "in its own unit"
    ax = _axes(ax)
    leads = np.arange(1, horizon + 1)
    # Models may differ in their washouts: all are compared on the steps of all.
    truth = sum(truths.values()) / len(truths)
    for index, (name, values) in enumerate({**curves, **naive}.items()):
        gaps = np.abs(values - truth).reshape(-1, horizon, target.size)
        with np.errstate(invalid="ignore"):
            known = np.isfinite(gaps)
            errors = np.where(known, gaps, 0).sum(axis=(0, 2)) / known.sum(axis=(0, 2))
        ax.plot(
            leads, errors * scale, STYLES[index % len(STYLES)], color=COLOURS[index],
            lw=2.5 if name in curves else 1.5, marker="o", ms=3, label=name,
        )  # fmt: skip
    ax.set_xlabel("lead (steps ahead)")
    ax.set_ylabel(f"mean absolute error\n{unit}")
    ax.set_ylim(bottom=0)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def eigenvalues(reservoir, ax=None):
    """The eigenvalues of recurrent weights in the complex plane, with the unit circle.

    Args:
        reservoir: Recurrent weights, `[units, units]` (dense or a SciPy sparse matrix); or a built
            `ESN` layer or cell, or an `EchoStateNetwork`, whose first reservoir is taken.
        ax: Matplotlib Axes, or None for new ones.

    Returns:
        The Axes.

    Example:

    >>> rnnkit.plots.eigenvalues(model)
    """
    matrix = reservoir
    if hasattr(matrix, "readouts"):
        from rnnkit.models.reservoir.passes import layers_of

        matrix = layers_of(matrix, 0)[0][0]
    matrix = getattr(matrix, "cell", matrix)
    if hasattr(matrix, "recurrent_matrix"):
        if not matrix.built:
            raise ValueError("eigenvalues needs weights: build the layer first, by calling it")
        matrix = matrix.recurrent_matrix()
    matrix = matrix.toarray() if hasattr(matrix, "toarray") else matrix
    matrix = np.asarray(matrix, "float64")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ValueError(
            "reservoir must be a square matrix of finite numbers, an ESN layer or a model of "
            f"them. Received: {type(reservoir).__name__} of shape {matrix.shape}"
        )
    found = np.linalg.eigvals(matrix)
    radius = np.abs(found).max()
    ax = _axes(ax, (4.4, 4.0))
    angle = np.linspace(0, 2 * np.pi, 400)
    ax.plot(np.cos(angle), np.sin(angle), "-", color="black", lw=1, label="unit circle")
    ax.plot(
        radius * np.cos(angle), radius * np.sin(angle), "--", color=COLOURS[2], lw=1.2,
        label=f"spectral radius {radius:.3g}",
    )  # fmt: skip
    ax.plot(found.real, found.imag, ".", color=COLOURS[0], ms=5, alpha=0.8, label="eigenvalues")
    ax.set_aspect("equal")
    ax.set_xlabel("real part")
    ax.set_ylabel("imaginary part")
    ax.grid(alpha=0.3)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=8)
    return ax
