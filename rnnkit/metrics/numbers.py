"""Scores of numbers and of forecasts; each takes plain arrays, the truth first."""

import numpy as np


def mae(truth, outputs):
    """Mean absolute error, in the target's own unit.

    Args:
        truth: `[examples]` or `[examples, ...]`; every number counts the same.
        outputs: The same shape.

    Returns:
        Float; NaN where a number is not finite.

    Example:

    >>> mae([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    return _sklearn("mean_absolute_error", truth, outputs)


def mse(truth, outputs):
    """Mean squared error, in the square of the target's own unit; arguments as of `mae`."""
    return _sklearn("mean_squared_error", truth, outputs)


def rmse(truth, outputs):
    """Root of the mean squared error, in the target's own unit; arguments as of `mae`."""
    return float(np.sqrt(mse(truth, outputs)))


def r2(truth, outputs):
    """Fraction of the variance explained, the mean over the columns; arguments as of `mae`.

    0 for always predicting the mean. Of a column that is constant in the truth it is 1 where every
    output is right, and 0 otherwise.
    """
    return _sklearn("r2_score", truth, outputs)


def _sklearn(name, truth, outputs):
    """A score of scikit-learn, which takes finite numbers `[examples, columns]` only."""
    import sklearn.metrics

    truth, outputs = (np.reshape(values, (len(values), -1)) for values in (truth, outputs))
    if not (np.isfinite(truth).all() and np.isfinite(outputs).all()):
        return float("nan")
    return float(getattr(sklearn.metrics, name)(truth, outputs))


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
