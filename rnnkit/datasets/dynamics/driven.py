"""Driven and periodic benchmark series: NARMA, delayed recall, sums of sines.

In the driven tasks a random input moves a known system, and a model has to learn the system's
output from the input alone. All arrays are float64, one row a step, and depend on `seed` only.
`rnnkit.datasets.dynamics` has the chaotic series, and exports the functions of this module too.
"""

import numpy as np

from rnnkit.utils.checks import integer, number, one_of

# y(t+1) = a y(t) + b y(t) sum_{i<order} y(t-i) + c u(t-order+1) u(t) + d, by order: (a, b, c, d).
NARMA = {10: (0.3, 0.05, 1.5, 0.1), 30: (0.2, 0.04, 1.5, 0.001)}
# A bounded run hardly passes 1; above 2 the quadratic term wins and the output grows without end.
_DIVERGED = 2.0
_ATTEMPTS = 100

# Angular frequencies of the superimposed oscillators, in radians a step, in the usual order.
FREQUENCIES = (0.2, 0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97)


def narma(steps, order=10, *, discard=200, seed=0):
    """A nonlinear autoregressive moving-average system, driven by noise.

    Order 10:  y(t+1) = 0.3 y(t) + 0.05 y(t) sum_{i=0..9} y(t-i) + 1.5 u(t-9) u(t) + 0.1
    Order 30:  y(t+1) = 0.2 y(t) + 0.04 y(t) sum_{i=0..29} y(t-i) + 1.5 u(t-29) u(t) + 0.001

    with u uniform on [0, 0.5], and both u and y zero before the start.

    **Alignment.** Row t of `y` is y(t+1) of the equation: the target that belongs to the inputs
    `u[: t + 1]`, the newest of which is `u[t]`. A network that reads `u[t]` and answers `y[t]` in
    the same step therefore solves the task as published; no array has to be shifted.

    The system of order 10 runs away for rare inputs. Should |y| pass 2 anywhere, the inputs are
    sampled again from the next seed (`seed + 1`, and so on).

    Args:
        steps: Rows to return.
        order: 10 or 30.
        discard: Rows run through and left out before the first, so that it has a full past.
        seed: Whole number that the inputs are sampled from.

    Returns:
        The pair `(u, y)`, each `[steps, 1]`, without unit.

    Raises:
        ValueError: For another order, a bad count, or a run so long that every sample diverges.

    Example:

    >>> u, y = narma(4000, order=10, seed=1)
    >>> u.shape, y.shape
    ((4000, 1), (4000, 1))

    Reference: Atiya & Parlos (2000), New results on recurrent network training, IEEE Transactions
    on Neural Networks 11(3) (order 10); Schrauwen et al. (2008), Improving reservoirs
    using intrinsic plasticity, Neurocomputing 71 (order 30).
    """
    integer(steps, "steps")
    integer(discard, "discard", least=0)
    integer(seed, "seed", least=0)
    one_of(order, "order", NARMA)
    for attempt in range(_ATTEMPTS):
        u = np.random.default_rng(seed + attempt).uniform(0.0, 0.5, discard + steps)
        y = _narma_response(u, order)
        if y is not None:
            return u[discard:, None], y[discard:, None]  # [steps, 1] each
    raise ValueError(
        f"steps must be small enough for a bounded run: all of {_ATTEMPTS} samples of order "
        f"{order} diverged. Received: steps={steps}"
    )


def _narma_response(u, order):
    """The output of the system [time] for the input u [time], or None where it diverges."""
    a, b, c, d = NARMA[order]
    u = [0.0] * (order - 1) + u.tolist()  # u(t) is at t + order - 1
    y = [0.0] * order  # the last `order` values at every step, y(t) the newest
    for t in range(len(u) - order + 1):
        new = a * y[-1] + b * y[-1] * sum(y[-order:]) + c * u[t] * u[t + order - 1] + d
        if abs(new) > _DIVERGED:
            return None
        y.append(new)
    return np.array(y[order:])


def memory_task(steps, delays=40, *, amplitude=0.8, seed=0):
    """Noise, and the same noise of 1 to `delays` steps ago: what a memory has to recall.

    How much of it a readout recovers is the linear memory capacity,
    `rnnkit.metrics.memory_capacity`.

    Args:
        steps: Rows to return.
        delays: Longest delay, in steps.
        amplitude: u is uniform on [-amplitude, amplitude]. (Jaeger has 0.5.)
        seed: Whole number that the input is sampled from.

    Returns:
        The pair `(u, targets)`: `u` `[steps, 1]`, and `targets` `[steps, delays]` with
        `targets[t, k - 1] = u(t - k)`. Inputs before the first row are sampled too, so that no
        target is missing.

    Raises:
        ValueError: For a bad count, or an amplitude that is not positive.

    Example:

    >>> u, targets = memory_task(1000, delays=20)
    >>> bool((targets[3:, 2] == u[:-3, 0]).all())
    True

    Reference: Jaeger (2001), Short term memory in echo state networks, GMD report 152, section 2.
    """
    integer(steps, "steps")
    integer(delays, "delays")
    number(amplitude, "amplitude", above=0)
    u = np.random.default_rng(seed).uniform(-amplitude, amplitude, delays + steps)
    past = np.lib.stride_tricks.sliding_window_view(u[:-1], delays)  # [steps, delays], oldest first
    return u[delays:, None], past[:, ::-1].copy()


def superimposed_oscillators(steps, count=5):
    """The sum of sines whose frequencies have no common period in sight ("MSO").

    y(n) = sum_{i=1..count} sin(alpha_i n), n = 0, 1, ..., with alpha the first `count` of 0.2,
    0.311, 0.42, 0.51, 0.63, 0.74, 0.85, 0.97 radians a step.

    Args:
        steps: Rows to return.
        count: Number of sines, 1 to 8; "MSO5" has 5.

    Returns:
        `[steps, 1]`, between -count and count.

    Raises:
        ValueError: For a bad count.

    Example:

    >>> superimposed_oscillators(700, count=2).shape
    (700, 1)

    Reference: Jaeger & Haas (2004), Harnessing nonlinearity, Science 304 (the first two); Koryakin,
    Lohmann & Butz (2012), Balanced echo state networks, Neural Networks 36 (all eight).
    """
    integer(steps, "steps")
    integer(count, "count", most=len(FREQUENCIES))
    phases = np.arange(steps)[:, None] * np.array(FREQUENCIES[:count])  # [steps, count]
    return np.sin(phases).sum(axis=1, keepdims=True)


def noisy_sines(steps, periods=(25.0, 60.0), amplitudes=1.0, *, noise=0.1, seed=0):
    """A sum of sines with white noise: a forecast has to see through the noise.

    y(n) = sum_i amplitude_i sin(2 pi n / period_i + phase_i) + noise * normal(0, 1)

    Args:
        steps: Rows to return.
        periods: Period of each sine, in steps.
        amplitudes: Amplitude of each sine, or one number for all.
        noise: Standard deviation of the noise; no forecast can have a smaller RMSE.
        seed: Whole number that the phases, uniform on [0, 2 pi), and the noise are sampled from.

    Returns:
        `[steps, 1]`, in the unit of the amplitudes.

    Raises:
        ValueError: For a bad count, a period that is not positive, amplitudes of another number
            than the periods, or negative noise.

    Example:

    >>> noisy_sines(500, periods=(12.0,), noise=0.0).shape
    (500, 1)
    """
    integer(steps, "steps")
    periods = np.atleast_1d(np.asarray(periods, "float64"))  # [sines]
    amplitudes = np.asarray(amplitudes, "float64")
    if periods.ndim != 1 or not periods.size or not (periods > 0).all():
        raise ValueError(f"periods must be positive numbers. Received: {periods.tolist()}")
    if amplitudes.shape not in ((), periods.shape):
        raise ValueError(
            f"amplitudes must be one number, or as many as there are periods ({len(periods)}). "
            f"Received: {amplitudes.tolist()}"
        )
    number(noise, "noise", least=0)
    rng = np.random.default_rng(seed)
    phases = rng.uniform(0.0, 2 * np.pi, len(periods))  # [sines]
    angles = 2 * np.pi * np.arange(steps)[:, None] / periods + phases  # [steps, sines]
    clean = (amplitudes * np.sin(angles)).sum(axis=1)  # [steps]
    return (clean + noise * rng.standard_normal(steps))[:, None]
