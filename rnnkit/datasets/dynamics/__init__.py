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

from rnnkit.datasets.dynamics.driven import (
    memory_task,
    narma,
    noisy_sines,
    superimposed_oscillators,
)
from rnnkit.datasets.dynamics.flows import lorenz63, lorenz96, mackey_glass, rossler
from rnnkit.datasets.dynamics.maps import henon, logistic_map
from rnnkit.utils.checks import one_of

# fmt: off
__all__ = [
    "CARD", "LYAPUNOV", "SETS", "SIZES", "Series", "henon", "logistic_map", "lorenz63", "lorenz96",
    "mackey_glass", "memory_task", "narma", "noisy_sines", "rossler", "splits",
    "superimposed_oscillators",
]
# fmt: on

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
    series = SETS[one_of(name, "name", SETS)].make(sum(SIZES.values()))  # [rows, columns]
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
