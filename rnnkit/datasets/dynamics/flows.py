"""Chaotic flows, integrated by the classical Runge-Kutta method of fourth order at a fixed step."""

import math

import numpy as np

from rnnkit.datasets.dynamics.bounds import finite, start
from rnnkit.utils.checks import integer, number


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
        seed: None, or a whole number: then up to 0.1, sampled at random, is added to or taken from
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
    integer(steps, "steps")
    integer(substeps, "substeps")
    integer(discard, "discard", least=0)
    numbers = dict(tau=tau, beta=beta, gamma=gamma, exponent=exponent, step=step, history=history)
    for name, value in numbers.items():
        number(value, name, above=0)
    h = step / substeps
    lag = round(tau / h)
    if lag < 1 or not math.isclose(lag * h, tau, rel_tol=1e-9):
        raise ValueError(
            f"tau must be a whole number of integration steps (step / substeps = {h:g}). "
            f"Received: tau={tau!r}"
        )
    if seed is not None:
        history += np.random.default_rng(seed).uniform(-0.1, 0.1)
        number(history, "history", above=0)

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
    return finite(series, "beta, gamma and step")


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
        seed: None, or a whole number: then up to 0.1, sampled at random, is added to or taken from
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

    return _flow(slope, start(initial, 3, seed), steps, step, substeps, discard)


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
        seed: None, or a whole number: then up to 0.1, sampled at random, is added to or taken from
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
    integer(dimension, "dimension", least=4)
    if initial is None:
        initial = [forcing + 0.01] + [forcing] * (dimension - 1)

    def slope(x):
        around = np.concatenate([x[-2:], x, x[:1]])  # [dimension + 3], x_{i-2} at i
        return (around[3:] - around[:-3]) * around[1:-2] - x + forcing

    return _flow(slope, start(initial, dimension, seed), steps, step, substeps, discard)


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
        seed: None, or a whole number: then up to 0.1, sampled at random, is added to or taken from
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

    return _flow(slope, start(initial, 3, seed), steps, step, substeps, discard)


def _flow(slope, state, steps, step, substeps, discard):
    """The rows [steps, dimensions] of a flow from `state` [dimensions], by Runge-Kutta 4."""
    integer(steps, "steps")
    integer(substeps, "substeps")
    integer(discard, "discard", least=0)
    number(step, "step", above=0)
    h = step / substeps
    rows = [state]
    with np.errstate(over="ignore", invalid="ignore"):  # `finite` reports it
        for _ in range(discard + steps - 1):
            for _ in range(substeps):
                k1 = slope(state)
                k2 = slope(state + h / 2 * k1)
                k3 = slope(state + h / 2 * k2)
                k4 = slope(state + h * k3)
                state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            rows.append(state)
    return finite(np.array(rows[discard:]), "step, initial and the parameters")
