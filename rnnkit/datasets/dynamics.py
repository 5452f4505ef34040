"""Chaotic benchmark series, from Mackey-Glass to the logistic map, and the ready-made sets.

Every function returns a float64 array with one row a step; the first row after `discard` steps is
where the transient is over. Without a seed the series starts from the usual point; with one it
starts nearby, and so is another stretch of the same attractor. Flows are integrated by the
classical Runge-Kutta method of fourth order at a fixed step.

A chaotic series is the exact solution only for a while: errors of rounding and of the method grow
as exp(exponent * time), so that after 20 to 35 Lyapunov times any two integrators disagree. The
series remains a typical one of the system.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from rnnkit.datasets.narma import (
    check_count,
    memory_task,
    narma,
    noisy_sines,
    superimposed_oscillators,
)

__all__ = [
    "CARD",
    "LYAPUNOV",
    "SETS",
    "SIZES",
    "Series",
    "henon",
    "logistic_map",
    "lorenz63",
    "lorenz96",
    "mackey_glass",
    "memory_task",
    "narma",
    "noisy_sines",
    "rossler",
    "splits",
    "superimposed_oscillators",
]

# Largest Lyapunov exponents at the default settings, to base e, per unit of time (of a map: per
# iteration).
LYAPUNOV = {
    # Computed from the linearised equation over 10^7 units of time.
    "mackey_glass_17": 0.00514,  # in print from 0.005 to 0.007
    "mackey_glass_30": 0.0071,  # computed likewise
    "lorenz63": 0.9056,  # Sprott (2003), Chaos and Time-Series Analysis, appendix A
    "lorenz96": 1.68,  # computed likewise; Vlachas et al. (2020), Neural Networks 126, use it too
    "rossler": 0.0714,  # Sprott (2003)
    "henon": 0.4192,  # Sprott (2003)
    "logistic": math.log(2),  # exact for r = 4
}


# === Flows ===


def mackey_glass(
    steps,
    tau=17,
    *,
    beta=0.2,
    gamma=0.1,
    exponent=10,
    step=1.0,
    substeps=10,
    discard=1000,
    history=1.2,
    seed=None,
):
    """The Mackey-Glass delay equation, a model of the number of blood cells.

    dx/dt = beta x(t - tau) / (1 + x(t - tau)^exponent) - gamma x(t)

    Integrated by the classical Runge-Kutta method with the step h = step / substeps. The delayed
    values that it needs halfway between two points of the grid come from the cubic Hermite
    polynomial through them, so that the whole is of fourth order: half the h, a sixteenth of the
    error.

    Args:
        steps: Rows to return.
        tau: Delay, in units of time; a whole number of h. With 17 the series is mildly chaotic,
            with 30 strongly.
        beta: Rate of production.
        gamma: Rate of decay.
        exponent: How sharply production falls for x above 1.
        step: Time between two rows.
        substeps: Steps of the integrator between two rows.
        discard: Rows left out before the first. With 0, row 0 is `history`, at time 0.
        history: Positive number, x(t) for all t <= 0.
        seed: None, or a whole number: then up to 0.1, drawn at random, is added to or taken from
            `history`.

    Returns:
        `[steps, 1]`; without unit, between 0.4 and 1.4 (tau 17) or 0.2 and 1.4 (tau 30).

    Raises:
        ValueError: For a bad count, a tau that is no multiple of h, or other numbers that are not
            positive.

    Example:

    >>> mackey_glass(1000, tau=17).shape
    (1000, 1)

    Reference: Mackey & Glass (1977), Oscillation and chaos in physiological control systems,
    Science 197, eq. 4b; as a benchmark with these settings: Jaeger & Haas (2004), Science 304.
    """
    check_count("steps", steps)
    check_count("substeps", substeps)
    check_count("discard", discard, least=0)
    numbers = dict(tau=tau, beta=beta, gamma=gamma, exponent=exponent, step=step, history=history)
    for name, value in numbers.items():
        _check_positive(name, value)
    h = step / substeps
    lag = round(tau / h)
    if lag < 1 or not math.isclose(lag * h, tau, rel_tol=1e-9):
        raise ValueError(
            f"tau must be a whole number of integration steps (step / substeps = {h:g}). "
            f"Received: tau={tau!r}"
        )
    if seed is not None:
        history += np.random.default_rng(seed).uniform(-0.1, 0.1)
        _check_positive("history", history)

    def production(past):
        return beta * past / (1.0 + past**exponent)

    # What is produced at point k is known lag steps ahead: at k itself, and halfway to k + 1.
    constant = production(float(history))
    at = [constant] * (lag + 1)
    halfway = [constant] * lag
    x, values = float(history), [float(history)]
    for k in range((discard + steps - 1) * substeps):
        start, middle, end = at[k], halfway[k], at[k + 1]
        k1 = start - gamma * x
        k2 = middle - gamma * (x + h / 2 * k1)
        k3 = middle - gamma * (x + h / 2 * k2)
        k4 = end - gamma * (x + h * k3)
        new = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        # Hermite: the values and slopes at both ends give the value in the middle.
        between = (x + new) / 2 + h / 8 * (k1 - (end - gamma * new))
        at.append(production(new))
        halfway.append(production(between))
        x = new
        values.append(x)
    series = np.array(values)[discard * substeps :: substeps, None]  # [steps, 1]
    return _finite(series, "beta, gamma and step")


def lorenz63(
    steps,
    *,
    sigma=10.0,
    rho=28.0,
    beta=8 / 3,
    step=0.01,
    substeps=5,
    discard=2000,
    initial=(1.0, 1.0, 1.0),
    seed=None,
):
    """Lorenz' three equations of convection: the butterfly.

    dx/dt = sigma (y - x),  dy/dt = x (rho - z) - y,  dz/dt = x y - beta z

    Integrated by the classical Runge-Kutta method with the step `step / substeps`.

    Args:
        steps: Rows to return.
        sigma: Prandtl number.
        rho: Rayleigh number, relative to its critical value.
        beta: Shape of the convection cell.
        step: Time between two rows.
        substeps: Steps of the integrator between two rows.
        discard: Rows left out before the first. With 0, row 0 is `initial`.
        initial: x, y, z at the start.
        seed: None, or a whole number: then up to 0.1, drawn at random, is added to or taken from
            each number of `initial`.

    Returns:
        `[steps, 3]`, the columns x, y, z; without unit.

    Raises:
        ValueError: For a bad count, step or start, or where the solution leaves all bounds.

    Example:

    >>> lorenz63(1000, step=0.02).shape
    (1000, 3)

    Reference: Lorenz (1963), Deterministic nonperiodic flow, Journal of the Atmospheric Sciences
    20, eq. 25-27.
    """

    def slope(state):
        x, y, z = state.tolist()
        return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

    return _flow(slope, _start(initial, 3, seed), steps, step, substeps, discard)


def lorenz96(
    steps,
    dimension=40,
    *,
    forcing=8.0,
    step=0.01,
    substeps=2,
    discard=5000,
    initial=None,
    seed=None,
):
    """Lorenz' weather on a circle of latitude: as many chaotic variables as one likes.

    dx_i/dt = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + forcing,  i = 1..dimension, around the circle

    Integrated by the classical Runge-Kutta method with the step `step / substeps`.

    Args:
        steps: Rows to return.
        dimension: Number of variables, at least 4.
        forcing: F; 8 is chaotic for 40 variables.
        step: Time between two rows; 0.05 stands for six hours of weather.
        substeps: Steps of the integrator between two rows.
        discard: Rows left out before the first. With 0, row 0 is `initial`.
        initial: `dimension` numbers; by default all are `forcing`, the first 0.01 more.
        seed: None, or a whole number: then up to 0.1, drawn at random, is added to or taken from
            each number of `initial`.

    Returns:
        `[steps, dimension]`, neighbours side by side; without unit.

    Raises:
        ValueError: For a bad count, step or start, or where the solution leaves all bounds.

    Example:

    >>> lorenz96(100, dimension=8).shape
    (100, 8)

    Reference: Lorenz (1996), Predictability: a problem partly solved, ECMWF Seminar on
    Predictability, eq. 1; 40 variables: Lorenz & Emanuel (1998), Journal of the Atmospheric
    Sciences 55.
    """
    check_count("dimension", dimension, least=4)
    if initial is None:
        initial = [forcing + 0.01] + [forcing] * (dimension - 1)

    def slope(x):
        around = np.concatenate([x[-2:], x, x[:1]])  # [dimension + 3], x_{i-2} at i
        return (around[3:] - around[:-3]) * around[1:-2] - x + forcing

    return _flow(slope, _start(initial, dimension, seed), steps, step, substeps, discard)


def rossler(
    steps,
    *,
    a=0.2,
    b=0.2,
    c=5.7,
    step=0.1,
    substeps=10,
    discard=1000,
    initial=(1.0, 1.0, 1.0),
    seed=None,
):
    """Rössler's band, folded once a turn: the simplest chaotic flow.

    dx/dt = -y - z,  dy/dt = x + a y,  dz/dt = b + z (x - c)

    Integrated by the classical Runge-Kutta method with the step `step / substeps`. One turn takes
    about 5.9 units of time.

    Args:
        steps: Rows to return.
        a: How fast the spiral opens.
        b: Feeds z.
        c: The x above which the band folds.
        step: Time between two rows.
        substeps: Steps of the integrator between two rows.
        discard: Rows left out before the first. With 0, row 0 is `initial`.
        initial: x, y, z at the start.
        seed: None, or a whole number: then up to 0.1, drawn at random, is added to or taken from
            each number of `initial`.

    Returns:
        `[steps, 3]`, the columns x, y, z; without unit.

    Raises:
        ValueError: For a bad count, step or start, or where the solution leaves all bounds.

    Example:

    >>> rossler(1000).shape
    (1000, 3)

    Reference: Rössler (1976), An equation for continuous chaos, Physics Letters A 57.
    """

    def slope(state):
        x, y, z = state.tolist()
        return np.array([-y - z, x + a * y, b + z * (x - c)])

    return _flow(slope, _start(initial, 3, seed), steps, step, substeps, discard)


# === Maps ===


def henon(steps, a=1.4, b=0.3, *, discard=100, initial=(0.0, 0.0), seed=None):
    """Hénon's map of the plane, stretched and folded.

    x(n+1) = 1 - a x(n)^2 + y(n),  y(n+1) = b x(n)

    Args:
        steps: Rows to return.
        a: Strength of the fold.
        b: Contraction of the area in one iteration.
        discard: Rows left out before the first. With 0, row 0 is `initial`.
        initial: x, y at the start.
        seed: None, or a whole number: then up to 0.1, drawn at random, is added to or taken from
            each number of `initial`.

    Returns:
        `[steps, 2]`, the columns x, y; without unit.

    Raises:
        ValueError: For a bad count or start, or where the points leave all bounds.

    Example:

    >>> henon(4, discard=0)[:, 0].round(4).tolist()
    [0.0, 1.0, -0.4, 1.076]

    Reference: Hénon (1976), A two-dimensional mapping with a strange attractor, Communications in
    Mathematical Physics 50, eq. 4.
    """
    check_count("steps", steps)
    check_count("discard", discard, least=0)
    x, y = _start(initial, 2, seed).tolist()
    points = [(x, y)]
    for _ in range(discard + steps - 1):
        x, y = 1.0 - a * x * x + y, b * x
        points.append((x, y))
    return _finite(np.array(points[discard:]), "a, b and initial")


def logistic_map(steps, r=4.0, *, discard=100, initial=0.4, seed=None):
    """The logistic map, growth with a limit.

    x(n+1) = r x(n) (1 - x(n))

    Args:
        steps: Rows to return.
        r: Rate of growth, above 0 and at most 4; 4 is fully chaotic.
        discard: Rows left out before the first. With 0, row 0 is `initial`.
        initial: x at the start, between 0 and 1.
        seed: None, or a whole number: then up to 0.1, drawn at random, is added to or taken from
            `initial`.

    Returns:
        `[steps, 1]`, between 0 and 1.

    Raises:
        ValueError: For a bad count, r or start.

    Example:

    >>> logistic_map(3, discard=0)[:, 0].round(4).tolist()
    [0.4, 0.96, 0.1536]

    Reference: May (1976), Simple mathematical models with very complicated dynamics, Nature 261,
    eq. 3.
    """
    check_count("steps", steps)
    check_count("discard", discard, least=0)
    if not 0 < r <= 4:
        raise ValueError(f"r must be above 0 and at most 4. Received: {r!r}")
    x = _start([initial], 1, seed).item()
    if not 0 < x < 1:
        raise ValueError(f"initial must be between 0 and 1 (seed included). Received: {x!r}")
    values = [x]
    for _ in range(discard + steps - 1):
        x = r * x * (1.0 - x)
        values.append(x)
    return np.array(values[discard:])[:, None]  # [steps, 1]


# === Parts ===


def _flow(slope, state, steps, step, substeps, discard):
    """The rows [steps, dimensions] of a flow from `state` [dimensions], by Runge-Kutta 4."""
    check_count("steps", steps)
    check_count("substeps", substeps)
    check_count("discard", discard, least=0)
    _check_positive("step", step)
    h = step / substeps
    rows = [state]
    with np.errstate(over="ignore", invalid="ignore"):  # `_finite` reports it
        for _ in range(discard + steps - 1):
            for _ in range(substeps):
                k1 = slope(state)
                k2 = slope(state + h / 2 * k1)
                k3 = slope(state + h / 2 * k2)
                k4 = slope(state + h * k3)
                state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            rows.append(state)
    return _finite(np.array(rows[discard:]), "step, initial and the parameters")


def _start(initial, size, seed):
    """The start [size], moved by up to 0.1 where there is a seed."""
    start = np.asarray(initial, "float64")
    if start.shape != (size,) or not np.isfinite(start).all():
        wanted = f"{size} finite numbers" if size > 1 else "a finite number"
        raise ValueError(f"initial must be {wanted}. Received: {initial!r}")
    return start if seed is None else start + np.random.default_rng(seed).uniform(-0.1, 0.1, size)


def _check_positive(name, value):
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be a positive number. Received: {value!r}")


def _finite(series, names):
    if not np.isfinite(series).all():
        first = int(np.argmin(np.isfinite(series).all(axis=1)))
        raise ValueError(
            f"{names} must be such that the series stays bounded; it left all bounds. "
            f"Received: a series that is not finite from row {first} on"
        )
    return series


# === Ready-made sets ===


class Series(NamedTuple):
    """One of the ready-made sets.

    Attributes:
        make: Function of the number of steps that gives `[steps, columns]`.
        columns: Names of the columns.
        step: Time between two rows (1 for maps and for what has no clock).
        lyapunov: Largest Lyapunov exponent per unit of time, or None where it is not chaotic.
    """

    make: Callable
    columns: tuple[str, ...]
    step: float = 1.0
    lyapunov: float | None = None


def _narma_columns(steps, order):
    return np.hstack(narma(steps, order))  # [steps, 2]: u, y


_X, _XYZ = ("x",), ("x", "y", "z")
_X40 = tuple(f"x{index}" for index in range(1, 41))
SETS = {
    "mackey_glass_17": Series(mackey_glass, _X, 1.0, LYAPUNOV["mackey_glass_17"]),
    "mackey_glass_30": Series(partial(mackey_glass, tau=30), _X, 1.0, LYAPUNOV["mackey_glass_30"]),
    "lorenz63": Series(partial(lorenz63, step=0.02, substeps=10), _XYZ, 0.02, LYAPUNOV["lorenz63"]),
    "lorenz96": Series(lorenz96, _X40, 0.01, LYAPUNOV["lorenz96"]),
    "rossler": Series(rossler, _XYZ, 0.1, LYAPUNOV["rossler"]),
    "henon": Series(henon, ("x", "y"), 1.0, LYAPUNOV["henon"]),
    "logistic": Series(logistic_map, _X, 1.0, LYAPUNOV["logistic"]),
    "narma10": Series(partial(_narma_columns, order=10), ("u", "y")),
    "narma30": Series(partial(_narma_columns, order=30), ("u", "y")),
    "superimposed_oscillators": Series(superimposed_oscillators, ("y",)),
    "noisy_sines": Series(noisy_sines, ("y",)),
}
SIZES = {"train": 7000, "validation": 1000, "test": 2000}


def splits(name):
    """A ready-made set: three consecutive pieces of one series.

    Args:
        name: A key of `SETS`.

    Returns:
        Dict of `"train"`, `"validation"`, `"test"` to `[rows, columns]`, with the rows of `SIZES`;
        the first row of a piece follows the last of the piece before.

    Raises:
        ValueError: For an unknown name.

    Example:

    >>> {split: rows.shape for split, rows in splits("henon").items()}
    {'train': (7000, 2), 'validation': (1000, 2), 'test': (2000, 2)}
    """
    if name not in SETS:
        raise ValueError(f"name must be one of {', '.join(SETS)}. Received: {name!r}")
    series = SETS[name].make(sum(SIZES.values()))  # [rows, columns]
    ends = np.cumsum(list(SIZES.values()))[:-1]
    return dict(zip(SIZES, np.split(series, ends), strict=True))


CARD = """\
# rnnkit_series

Benchmark series for forecasting and for driven reservoirs. All of it is synthetic: computed
offline from the equations below, the same at every preparation, without observation noise unless
stated. A configuration is one float64 series of 10,000 rows in three consecutive pieces: 7,000 to
train, 1,000 to validate, 2,000 to test; one example a split, `series` of shape [rows, columns].
The transient at the start has been left out.

| configuration | columns | step | exponent | source |
| --- | --- | --- | --- | --- |
| `mackey_glass_17`, the default | x | 1 | 0.00514 | Mackey & Glass 1977 |
| `mackey_glass_30` | x | 1 | 0.0071 | Mackey & Glass 1977 |
| `lorenz63` | x, y, z | 0.02 | 0.9056 | Lorenz 1963 |
| `lorenz96` | x1 to x40 | 0.01 | 1.68 | Lorenz 1996 |
| `rossler` | x, y, z | 0.1 | 0.0714 | Rössler 1976 |
| `henon` | x, y | 1 | 0.4192 | Hénon 1976 |
| `logistic` | x | 1 | ln 2 | May 1976 |
| `narma10` | u, y | 1 | | Atiya & Parlos 2000 |
| `narma30` | u, y | 1 | | Schrauwen et al. 2008 |
| `superimposed_oscillators` | y | 1 | | Koryakin et al. 2012 |
| `noisy_sines` | y | 1 | | |

**Equations.**

- `mackey_glass_17`: dx/dt = 0.2 v / (1 + v^10) - 0.1 x with v = x(t - 17); `_30`: x(t - 30)
- `lorenz63`: dx/dt = 10 (y - x), dy/dt = x (28 - z) - y, dz/dt = x y - 8/3 z
- `lorenz96`: dx_i/dt = (x_(i+1) - x_(i-2)) x_(i-1) - x_i + 8, 40 variables around a circle
- `rossler`: dx/dt = -y - z, dy/dt = x + 0.2 y, dz/dt = 0.2 + z (x - 5.7)
- `henon`: x(n+1) = 1 - 1.4 x(n)^2 + y(n), y(n+1) = 0.3 x(n)
- `logistic`: x(n+1) = 4 x(n) (1 - x(n))
- `narma10`: y(t+1) = 0.3 y(t) + 0.05 y(t) (y(t) + ... + y(t-9)) + 1.5 u(t-9) u(t) + 0.1 with u
  uniform on [0, 0.5]
- `narma30`: y(t+1) = 0.2 y(t) + 0.04 y(t) (y(t) + ... + y(t-29)) + 1.5 u(t-29) u(t) + 0.001
- `superimposed_oscillators`: the sum of sin(a n) over a = 0.2, 0.311, 0.42, 0.51, 0.63
- `noisy_sines`: sines with periods of 25 and 60 rows, of amplitude 1, and white noise of standard
  deviation 0.1

**Reading the table.** Step is the time between two rows. The exponent is the largest Lyapunov
exponent per unit of time, to base e: 1 / (exponent * step) rows are one Lyapunov time. A row of the
`narma` sets holds u(t) and the y(t+1) that is to be told from the inputs up to u(t).

**Integration.** Classical Runge-Kutta of fourth order at a fixed step: 0.1 (`mackey_glass_*`,
delayed values by cubic Hermite interpolation), 0.002 (`lorenz63`), 0.005 (`lorenz96`), 0.01
(`rossler`).

**Limits.** A chaotic series is the exact solution of its equations for 20 to 35 Lyapunov times at
the most, whoever computes it; where a forecast is good for longer, it has learnt the integrator.
Clean, stationary and low-dimensional: a score here says little about measured series.
"""
