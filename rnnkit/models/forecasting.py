"""What models that forecast share: their targets, their scores beside naive ones, their results."""

import numpy as np
import tensorflow as tf
from scipy import stats

from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.features import Forecast
from rnnkit.losses.masked import MaskedMeanSquaredError, OutputErrors
from rnnkit.metrics import nrmse

# === Checks ===


def check_directions(bidirectional, output_feature, what):
    """Refuses two directions for forecasts.

    Args:
        bidirectional: Whether the sequence is also read from its end.
        output_feature: The model's.
        what: What reads it, in a word.
    """
    if bidirectional and isinstance(output_feature, Forecast):
        raise ValueError(
            f"bidirectional must be False for a Forecast: a {what} that reads from the end hears "
            "what it shall forecast. Received: bidirectional=True"
        )


def nothing_counts(output_feature, washout, longest):
    """What to say where no step counts, the longest series having `longest` steps."""
    ahead = output_feature.horizon
    return (
        f"No step counts: the longest series has {longest:,} steps, of which the first "
        f"{washout:,} are washout"
        + (f" and the last {ahead} have no target within the series" if ahead else "")
        + ", or all targets are missing. Give longer series or a shorter washout"
    )


# === Training ===


def task_defaults(model, loss, metrics):
    """Loss and metrics of a model of numbers, where they are left at `"auto"`."""
    if isinstance(loss, str) and loss == "auto":
        loss = MaskedMeanSquaredError()
    if isinstance(metrics, str) and metrics == "auto":
        metrics = [OutputErrors(model.output_feature.width)]
    return loss, metrics


# === Targets ===


def own_targets(model, x):
    """The targets of a model that forecasts columns of its input, from the input alone.

    Raises:
        ValueError: If the targets are no columns of the input.
    """
    feature, target = model.input_feature, model.output_feature
    if not isinstance(target, Forecast):
        return None
    places = target_columns(feature, target)
    if x is None or isinstance(x, (Encoded, Streamed)):
        return None
    if isinstance(x, tuple):  # (x, y) in one
        return None
    if places is None:
        raise ValueError(
            f"y is missing: the columns to forecast, {target.names}, are not among the inputs, "
            f"{feature.names}"
        )
    raw = feature.to_tensor(x)  # [series, (time), raw_width]
    columns = [int(feature.time) + place for place in places]
    return raw.with_values(tf.gather(raw.flat_values, columns, axis=1))


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
    places = target_columns(feature, target)
    if not isinstance(target, Forecast) or places is None:
        return None
    # Both scalings are linear: what 0 and 1 become tells all.
    zero, one = (
        target.scale(feature.unscale(np.full(feature.size, value))[places]) for value in (0.0, 1.0)
    )
    return {
        "columns": places,
        "scale": (one - zero).tolist(),
        "offset": zero.tolist(),
        "leads": target.horizon,
    }


# === Scores ===


def naive(model, x):
    """What naive forecasts say at each step, in standardised units of the targets.

    Persistence repeats the present value. The seasonal naive forecast repeats what was seen one
    period before, as often as the horizon needs; its period is the output feature's.

    Args:
        model: A model from `Series` to `Forecast`.
        x: Encoded inputs `[series, time, features]`.

    Returns:
        Dict of name to `[series, time, horizon * targets]`, NaN where the series is too young.
        Empty if the targets are not among the inputs.
    """
    feature, target = model.input_feature, model.output_feature
    places = target_columns(feature, target)
    if places is None or not isinstance(target, Forecast):
        return {}
    present = feature.unscale(x[..., : feature.size])[..., places]  # [series, time, targets]
    present = target.scale(present)
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


def score(model, data, batch_size=None):
    """Scores of forecasts, and those of naive forecasts of the same steps.

    Args:
        model: A model with `Forecast` or `Series` as output.
        data: `Encoded` data. Targets that are NaN and the washout do not count.
        batch_size: Series computed at a time.

    Returns:
        Dict of floats: `mse` and `mae` in standardised units (as the literature on long horizons
        gives them), `nrmse` by the standard deviation of what is scored (not where a column never
        changes there); and with targets among the inputs `persistence_mse`, `persistence_mae`,
        and with a period `seasonal_mse`, `seasonal_mae`.
    """
    if isinstance(data, Streamed):
        raise ValueError(
            "score needs data that ends and fits in memory: pass a part of it. Received: a dataset "
            "that is endless or too large"
        )
    outputs, truth, others = compared(model, data, batch_size)
    known = np.isfinite(truth)
    if not known.any():
        raise ValueError(
            "There is nothing to score: no target is known after the washout of "
            f"{model.washout} steps. Give longer series"
        )

    def errors(forecast):
        gap = (forecast - truth)[known]
        return float(np.mean(np.square(gap))), float(np.mean(np.abs(gap)))

    mse, mae = errors(outputs)
    rows = known.all(axis=-1)
    result = {"mse": mse, "mae": mae}
    shape = (-1, model.output_feature.size)  # leads of a column are one column
    came, said = truth[rows].reshape(shape), outputs[rows].reshape(shape)
    if len(came) and (np.ptp(came, axis=0) > 0).all():
        result["nrmse"] = float(nrmse(came, said))
    for name, forecast in others.items():
        result[f"{name}_mse"], result[f"{name}_mae"] = errors(forecast)
    return result


def compared(model, data, batch_size=None):
    """Forecasts, what came, and naive forecasts, for the same steps.

    Returns:
        `(outputs, truth, others)`: arrays `[series, time, width]` in standardised units, truth NaN
        at steps that do not count, and a dict of the naive forecasts.
    """
    x, truth = (
        (part.to_tensor(np.nan) if isinstance(part, tf.RaggedTensor) else part)
        .numpy()
        .astype("float64")
        for part in data.tensors[:2]
    )  # [series, time, ...]
    truth[:, : model.washout] = np.nan
    outputs = np.asarray(model.predict(data, batch_size), "float64")
    others = naive(model, x)
    for forecast in others.values():
        # All are scored on the same steps: those that the youngest forecast knows.
        truth[np.isnan(forecast).any(axis=-1)] = np.nan
    return outputs, truth, others


# === Results ===


def infer(model, x, batch_size=None):
    """Readable forecasts after the end of each raw series, with intervals.

    The intervals are those of a normal distribution with the size of the errors in training.
    """
    feature, target = model.input_feature, model.output_feature
    single = is_single(feature, x)
    outputs = model.predict([x] if single and isinstance(x, list) else x, batch_size)
    if not model.stepwise:
        results = target.decode(outputs)
    elif not isinstance(target, Forecast):
        outputs = outputs[None] if outputs.ndim == 2 else outputs
        results = [target.unscale(each[~np.isnan(each).all(axis=-1)]) for each in outputs]
    else:
        outputs = outputs[None] if outputs.ndim == 2 else outputs
        raw = feature.to_tensor(x)
        lengths = raw.row_lengths().numpy()
        if lengths.min() <= model.washout:
            raise ValueError(
                f"A forecast needs a series longer than the washout of {model.washout} steps. "
                f"Received: a series of {int(lengths.min())} steps"
            )
        last = outputs[np.arange(len(outputs)), lengths - 1].astype("float64")  # [series, width]
        margin = stats.norm.ppf(0.5 + model.interval / 2) * model.errors  # [width]
        times = None
        if feature.time:
            ends = raw.flat_values.numpy()[raw.row_limits().numpy() - 1, 0]
            times = [feature.times_after(end, target.horizon) for end in ends]
        results = target.decode(last, lower=last - margin, upper=last + margin, times=times)
    return results[0] if single else results


def is_single(feature, x):
    """Whether raw input of a feature is one series rather than several."""
    return not isinstance(x, (Encoded, Streamed)) and feature.holds_one(x)
