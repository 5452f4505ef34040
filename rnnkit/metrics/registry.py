"""Scores of a task, by name; and measures of forecasts and reservoirs.

Scores of classes are in `rnnkit.metrics.classes`, of texts in `rnnkit.metrics.texts`; here is which
fit which target. `nmse`, `nrmse`, `valid_prediction_time`, `memory_capacity` and
`effective_spectral_radius` take plain arrays and can be used without a model.
"""

import difflib

import numpy as np

from rnnkit.metrics import tags as tag_metrics
from rnnkit.metrics import texts as text_metrics
from rnnkit.metrics.classes import (
    accuracy,
    average_precision,
    f1,
    log_loss,
    mcc,
    precision,
    recall,
    recall_at_0_1_percent,
    recall_at_1_percent,
    roc_auc,
)

# Default scores by the type of the output feature.
DEFAULTS = {"Label": ("accuracy", "f1", "mcc"), "Number": ("mae", "rmse", "r2")}


def mae(truth, outputs):
    """Mean absolute error, in the target's own unit."""
    return float(np.abs(truth - outputs).mean())


def mse(truth, outputs):
    """Mean squared error, in the square of the target's own unit."""
    return float(np.square(truth - outputs).mean())


def rmse(truth, outputs):
    """Root of the mean squared error, in the target's own unit."""
    return float(np.sqrt(np.square(truth - outputs).mean()))


def r2(truth, outputs):
    """Share of the variance explained; 0 for always predicting the mean."""
    residual = np.square(truth - outputs).sum(axis=0)
    total = np.square(truth - truth.mean(axis=0)).sum(axis=0)
    return float(np.mean(1 - residual / np.maximum(total, 1e-12)))


def nmse(truth, forecast):
    """Mean squared error divided by the variance of the truth, the mean over the columns.

    1/D sum_d ( mean_t (truth_td - forecast_td)^2 / var_t truth_td ),  so that forecasting the
    mean of every column gives 1, and one column's unit counts as much as another's.

    Args:
        truth: `[time]`, or `[..., time, columns]`: every axis but the last is time or a further
            series, taken together. NaN marks what is not known; it is left out.
        forecast: The same shape. A NaN where the truth is known makes the result NaN.

    Returns:
        Float, 0 for a perfect forecast, in no unit.

    Raises:
        ValueError: For shapes that differ, or a column of truth that is constant, infinite or all
            NaN.

    Example:

    >>> nmse([0.0, 2.0, 0.0, 2.0], [0.0, 1.0, 0.0, 2.0])
    0.25
    """
    truth, forecast = _pair(truth, forecast)
    columns = 1 if truth.ndim == 1 else truth.shape[-1]
    truth, forecast = (values.reshape(-1, columns) for values in (truth, forecast))
    known = ~np.isnan(truth)  # [rows, columns]
    if not truth.size or not known.any(axis=0).all():
        raise ValueError(
            f"truth must have a number in every column. Received: {known.sum(axis=0).tolist()} "
            "numbers by column"
        )
    if np.isinf(truth).any():
        raise ValueError(
            f"truth must not be infinite. Received: {np.isinf(truth).sum()} infinities"
        )
    variance = np.square(_deviation(truth))  # [columns]
    with np.errstate(over="ignore"):  # a forecast that ran away has an infinite error
        error = np.square(np.where(known, truth - forecast, 0.0)).sum(axis=0) / known.sum(axis=0)
    return float(np.mean(error / variance))


def nrmse(truth, forecast):
    """Root of `nmse`: the root mean squared error in standard deviations of the truth.

    sqrt( 1/D sum_d ( mean_t (truth_td - forecast_td)^2 / var_t truth_td ) )

    Args:
        truth: `[time]` or `[..., time, columns]`, NaN where not known; as for `nmse`.
        forecast: The same shape.

    Returns:
        Float, 0 for a perfect forecast, 1 for always forecasting the mean.

    Raises:
        ValueError: As `nmse`.

    Example:

    >>> nrmse([0.0, 2.0, 0.0, 2.0], [0.0, 1.0, 0.0, 2.0])
    0.5
    """
    return float(np.sqrt(nmse(truth, forecast)))


SCORES = {
    score.__name__: score
    for score in (
        accuracy, f1, mcc, precision, recall, log_loss, roc_auc, average_precision,
        recall_at_1_percent, recall_at_0_1_percent, mae, mse, rmse, r2, nmse, nrmse,
    )
}  # fmt: skip
# Scores of what is decided, which a target may do by a threshold.
DECIDED = (accuracy, f1, mcc, precision, recall)


def scores(feature, truth, outputs, names=None):
    """A task's scores.

    Args:
        feature: Output feature of the model.
        truth: Encoded targets: class indices `[examples]`, or standardised numbers
            `[examples, size]`; reference texts for a feature of tokens; lists of tags.
        outputs: Probabilities `[examples, classes]`, standardised numbers, texts, or lists of tags.
        names: Scores to compute, or None for the defaults of the feature.

    Returns:
        Dict of name to float.

    Raises:
        ValueError: For an unknown name, or a feature without scores.

    Example:

    >>> label = rnnkit.features.Label(["ham", "spam"])
    >>> scores(label, np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), ["accuracy"])
    {'accuracy': 1.0}
    """
    if feature.vocabulary_size is not None:
        return text_metrics.scores(truth, outputs, names)
    bases = [base.__name__ for base in type(feature).__mro__]
    if "Tags" in bases:
        return tag_metrics.scores(truth, outputs, names, feature.scheme)
    kind = next((name for name in bases if name in DEFAULTS), None)
    if kind is None:
        raise ValueError(
            f"There are no scores for a target of {bases[0]}; known: {', '.join(DEFAULTS)}"
        )
    names = DEFAULTS[kind] if names is None else names
    if kind == "Number":
        truth, outputs = (np.asarray(feature.decode(values)) for values in (truth, outputs))
    decided = outputs
    if feature.calibrates:
        decided = np.eye(outputs.shape[-1])[feature.decide(outputs)]  # [examples, classes]
    result = {}
    for name in names:
        if name not in SCORES:
            close = difflib.get_close_matches(name, SCORES, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"Unknown score {name!r}; known: {', '.join(sorted(SCORES))}.{hint}")
        score = SCORES[name]
        result[name] = score(truth, decided if score in DECIDED else outputs)
    return result


# === Forecasts and reservoirs ===


def valid_prediction_time(truth, forecast, step, lyapunov=1.0, threshold=0.3, scale=None):
    """How long a forecast stays close to the truth, in Lyapunov times.

    The error at time t is sqrt( 1/D sum_d ((truth_td - forecast_td) / scale_d)^2 ). The valid rows
    are those before the first whose error is above the threshold; the result is their number times
    `step` times `lyapunov`.

    Args:
        truth: `[..., time, dimensions]`, or `[time]` for one dimension; finite. Leading axes are
            forecasts from different starts.
        forecast: The same shape. NaN and infinity count as an error above the threshold.
        step: Time between two rows.
        lyapunov: Largest Lyapunov exponent per unit of time, such as
            `rnnkit.datasets.dynamics.LYAPUNOV["lorenz63"]`; 1 gives the result in units of time.
        threshold: Error that is still valid.
        scale: Standard deviation of each dimension, `[dimensions]` or one number; best that of
            the whole attractor. By default that of `truth`, all starts taken together.

    Returns:
        Float, or an array of the leading axes. A forecast that is never off counts its whole
        length, so that this is a lower bound then.

    Raises:
        ValueError: For shapes that differ, truth that is not finite, a scale that is not positive
            (truth that is constant), or another number that is not positive.

    Example:

    >>> truth = np.array([0.0, 1.0, 0.0, 1.0])
    >>> valid_prediction_time(truth, truth + [0.0, 0.1, 0.1, 0.5], step=0.5, scale=1.0)
    1.5

    Reference: Platt et al. (2022), A systematic exploration of reservoir computing for forecasting
    complex spatiotemporal dynamics, Neural Networks 153, section 3 (threshold 0.3).
    """
    for name, value in (("step", step), ("lyapunov", lyapunov), ("threshold", threshold)):
        if not value > 0:
            raise ValueError(f"{name} must be a positive number. Received: {value!r}")
    truth, forecast = _pair(truth, forecast)
    if not truth.size or not np.isfinite(truth).all():
        raise ValueError(
            f"truth must hold finite numbers only. Received: {np.isfinite(truth).sum()} finite of "
            f"{truth.size}"
        )
    if truth.ndim == 1:
        truth, forecast = truth[:, None], forecast[:, None]
    if scale is None:
        scale = _deviation(truth.reshape(-1, truth.shape[-1]))  # [dimensions]
    scale = np.asarray(scale, "float64")
    if scale.shape not in ((), truth.shape[-1:]) or not (scale > 0).all():
        raise ValueError(
            f"scale must be a positive number, or one for each of the {truth.shape[-1]} "
            f"dimensions. Received: {scale.tolist()}"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.sqrt(np.square((truth - forecast) / scale).mean(axis=-1))  # [..., time]
    valid = np.logical_and.accumulate(error <= threshold, axis=-1)  # NaN is not <= anything
    times = valid.sum(axis=-1) * (step * lyapunov)  # [...]
    return float(times) if np.ndim(times) == 0 else times


def memory_capacity(states, inputs, delays=None, washout=100, ridge=0.0):
    """Linear memory capacity of a reservoir: how much of its past input its state holds.

    MC = sum_{k=1..delays} corr^2( u(t - k), best linear readout of u(t - k) from state(t) )

    A readout with a bias is fitted for each delay on the first half of the time, and the
    correlation taken on the second half, so that more units do not raise the result by
    overfitting. What remains is chance: about 1 / (rows of the second half) for each delay that is
    not remembered at all.

    Args:
        states: `[time, units]`; `states[t]` is the state after the network has read `inputs[t]`.
        inputs: `[time]` or `[time, 1]`, independent random numbers, such as
            `rnnkit.datasets.dynamics.memory_task` draws.
        delays: Longest delay k, in steps; by default twice the units. The capacity cannot exceed
            the number of units (Jaeger).
        washout: Leading rows left out, while the state still depends on where it started; the
            first `delays` rows are left out in any case.
        ridge: Penalty on the squared weights of the readout; 0 is plain least squares.

    Returns:
        The pair of the capacity, a float, and the squared correlations `[delays]`, of which it is
        the sum; `[k - 1]` belongs to delay k.

    Raises:
        ValueError: For arrays of other shapes or with numbers that are not finite, constant
            inputs, settings out of range, or too few rows to fit `units + 1` weights on half of
            them.

    Example:

    >>> u, past = rnnkit.datasets.dynamics.memory_task(1000, delays=3)
    >>> capacity, _ = memory_capacity(past, u, delays=3)  # a state that is the last three inputs
    >>> round(capacity, 6)
    3.0

    Reference: Jaeger (2001), Short term memory in echo state networks, GMD report 152.
    """
    states, inputs = np.asarray(states, "float64"), np.asarray(inputs, "float64")
    if states.ndim != 2 or inputs.shape not in (states.shape[:1], (len(states), 1)):
        raise ValueError(
            "states must be [time, units] and inputs [time] or [time, 1], of the same time. "
            f"Received: states of shape {states.shape}, inputs of shape {inputs.shape}"
        )
    if not (np.isfinite(states).all() and np.isfinite(inputs).all()):
        raise ValueError("states and inputs must be finite. Received: NaN or infinite numbers")
    inputs = inputs.reshape(-1)  # [time]
    units = states.shape[1]
    delays = 2 * units if delays is None else delays
    if delays < 1 or washout < 0 or ridge < 0:
        raise ValueError(
            "delays must be at least 1, washout and ridge at least 0. "
            f"Received: delays={delays}, washout={washout}, ridge={ridge}"
        )
    first = max(washout, delays)
    half = (len(states) - first) // 2
    if half < units + 2:
        raise ValueError(
            f"states must have at least {first + 2 * (units + 2)} rows for {units} units, "
            f"delays={delays} and washout={washout}. Received: {len(states)}"
        )
    # [rows, delays], row t holds u(t - 1), ..., u(t - delays)
    past = np.stack([inputs[first - k : len(inputs) - k] for k in range(1, delays + 1)], axis=1)
    fitted, held_out = slice(half), slice(half, None)
    rows = states[first:] - states[first:][fitted].mean(axis=0)  # [rows, units]; for the bias
    known = past[fitted] - past[fitted].mean(axis=0)  # [half, delays]
    # Ridge regression as least squares with `units` more rows.
    penalised = np.vstack([rows[fitted], np.sqrt(ridge) * np.eye(units)])
    wanted = np.vstack([known, np.zeros((units, delays))])
    readout = np.linalg.lstsq(penalised, wanted, rcond=None)[0]  # [units, delays]
    said, true = rows[held_out] @ readout, past[held_out]  # [rows - half, delays]
    said, true = said - said.mean(axis=0), true - true.mean(axis=0)
    spread = np.square(said).sum(axis=0) * np.square(true).sum(axis=0)  # [delays]
    if not np.square(true).sum(axis=0).all():
        raise ValueError(f"inputs must vary. Received: {inputs[-1]:g} in all of the second half")
    shared = np.square((said * true).sum(axis=0))
    # A readout that says the same at every step has recalled nothing.
    capacities = np.divide(shared, spread, out=np.zeros(delays), where=spread > 0)
    return float(capacities.sum()), capacities


def effective_spectral_radius(matrix, leak_rate=1.0):
    """Largest absolute eigenvalue of a leaky reservoir's linear part.

    rho( (I - A) + A W ),  A = diag(leak_rate)

    It belongs to x(t) = (1 - a) x(t-1) + a tanh(W x(t-1) + ...) around zero. Below 1, a small
    state fades away without input; in practice that is where echo states are looked for.

    Args:
        matrix: Recurrent weights W, `[units, units]`, dense or a SciPy sparse matrix (made dense).
            The transpose, as Keras keeps it, gives the same result.
        leak_rate: a, above 0 and at most 1: one number, or one for each unit, `[units]`.

    Returns:
        Float. With a leak rate of 1 it is the spectral radius of `matrix`.

    Raises:
        ValueError: For a matrix that is not square or finite, or leak rates out of range or of
            another number than the units.

    Example:

    >>> round(effective_spectral_radius([[0.0, 0.5], [0.5, 0.0]], leak_rate=0.4), 12)
    0.8

    Reference: Jaeger et al. (2007), Optimization and applications of echo state networks with
    leaky-integrator neurons, Neural Networks 20.
    """
    if hasattr(matrix, "toarray"):
        matrix = matrix.toarray()
    matrix, leak = np.asarray(matrix, "float64"), np.asarray(leak_rate, "float64")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(f"matrix must be [units, units]. Received: shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError("matrix must be finite. Received: NaN or infinite numbers")
    if leak.shape not in ((), matrix.shape[:1]) or not ((leak > 0) & (leak <= 1)).all():
        raise ValueError(
            f"leak_rate must be one number, or one for each of the {len(matrix)} units, above 0 "
            f"and at most 1. Received: {leak.tolist()}"
        )
    leak = np.broadcast_to(leak, matrix.shape[:1])  # [units]
    effective = np.diag(1.0 - leak) + leak[:, None] * matrix  # [units, units]
    return float(np.abs(np.linalg.eigvals(effective)).max())


def _pair(truth, forecast):
    """Both as float64 arrays of one shape."""
    truth, forecast = np.asarray(truth, "float64"), np.asarray(forecast, "float64")
    if truth.shape != forecast.shape or not truth.ndim:
        raise ValueError(
            "truth and forecast must be arrays of the same shape. "
            f"Received: {truth.shape} and {forecast.shape}"
        )
    return truth, forecast


def _deviation(truth):
    """Standard deviation [columns] of the known numbers of truth [rows, columns]."""
    deviation = np.nanstd(truth, axis=0)
    # Rounding leaves a constant column a little spread.
    constant = deviation <= 1e-12 * np.nanmax(np.abs(truth), axis=0)
    if constant.any():
        raise ValueError(
            "truth must vary in every column, to be what the error is measured against. "
            f"Received: constant columns {np.flatnonzero(constant).tolist()}"
        )
    return deviation
