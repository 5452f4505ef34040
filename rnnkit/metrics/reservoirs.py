"""Measures of reservoirs: how much of their input they hold, and how fast a state fades away."""

import numpy as np


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
    recalled, true = rows[held_out] @ readout, past[held_out]  # [rows - half, delays]
    recalled, true = recalled - recalled.mean(axis=0), true - true.mean(axis=0)
    spread = np.square(recalled).sum(axis=0) * np.square(true).sum(axis=0)  # [delays]
    if not np.square(true).sum(axis=0).all():
        raise ValueError(f"inputs must vary. Received: {inputs[-1]:g} in all of the second half")
    shared = np.square((recalled * true).sum(axis=0))
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
