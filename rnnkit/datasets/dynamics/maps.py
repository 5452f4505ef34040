"""Chaotic maps: from one point to the next in a single step."""

import numpy as np

from rnnkit.datasets.dynamics.bounds import finite, start
from rnnkit.utils.checks import integer, number


def henon(steps, a=1.4, b=0.3, *, discard=100, initial=(0.0, 0.0), seed=None):
    """Hénon's map of the plane, stretched and folded.

    x(n+1) = 1 - a x(n)^2 + y(n),  y(n+1) = b x(n)

    Args:
        steps: Rows to return.
        a: Strength of the fold.
        b: Contraction of the area in one iteration.
        discard: Rows left out before the first. With 0, row 0 is `initial`.
        initial: x, y at the start.
        seed: None, or a whole number: then up to 0.1, sampled at random, is added to or taken from
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
    integer(steps, "steps")
    integer(discard, "discard", least=0)
    x, y = start(initial, 2, seed).tolist()
    points = [(x, y)]
    for _ in range(discard + steps - 1):
        x, y = 1.0 - a * x * x + y, b * x
        points.append((x, y))
    return finite(np.array(points[discard:]), "a, b and initial")


def logistic_map(steps, r=4.0, *, discard=100, initial=0.4, seed=None):
    """The logistic map, growth with a limit.

    x(n+1) = r x(n) (1 - x(n))

    Args:
        steps: Rows to return.
        r: Rate of growth, above 0 and at most 4; 4 is fully chaotic.
        discard: Rows left out before the first. With 0, row 0 is `initial`.
        initial: x at the start, between 0 and 1.
        seed: None, or a whole number: then up to 0.1, sampled at random, is added to or taken from
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
    integer(steps, "steps")
    integer(discard, "discard", least=0)
    number(r, "r", above=0, most=4)
    x = start([initial], 1, seed).item()
    if not 0 < x < 1:
        raise ValueError(f"initial must be between 0 and 1 (seed included). Received: {x!r}")
    values = [x]
    for _ in range(discard + steps - 1):
        x = r * x * (1.0 - x)
        values.append(x)
    return np.array(values[discard:])[:, None]  # [steps, 1]
