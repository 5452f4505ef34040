"""Reservoirs of rnnkit against ReservoirPy 0.4.2, both in one process.

    python -m tests.benchmarks.reservoir_speed [--rounds 5] [--units 100 ...]

ReservoirPy (pip install ".[benchmark]") runs its own defaults, float64 and connectivity 0.1,
and for "equal degree" the connectivity 10 / units, that is the ten links a unit that are our
default. Ours are `"circulant"`, the default, and `"random"`, both of degree 10. Parts:

    states   reservoir states of one series of 10,000 steps
    fit      the same and the ridge regression (one ridge value, only states are read); "anew" with
             the drawing of the weights, "again" without
    batch    states of 64 series of 1,000 steps (ReservoirPy with one worker, its default, and two)
    forecast 200 steps of warm-up, and free runs of 1,000 and of 10,000 steps

The competitors take their turns, beginning with another one in every round; a ratio is the median
over the rounds of ReservoirPy's time over ours, its least and its greatest in brackets. Before the
rounds each runs once, which for ours includes what XLA compiles: the column "first call".
"""

import statistics
import time

import numpy as np

from rnnkit.datasets import dynamics
from rnnkit.features import Forecast, Series
from rnnkit.models.echo_state import EchoStateNetwork
from tests.benchmarks import _table, ledger

DEGREE, RIDGE = 10, 1e-6
STEPS, COUNT, SHORT = 10_000, 64, 1_000
WARM_UP, FREE = 200, (1_000, 10_000)
TARGETS = {
    "states": {"defaults": 10, "equal degree": 3},
    "fit": {"defaults": 5},
    "batch": {"defaults": 20},
    "forecast": {"defaults": 10},
}


def ours(units, topology, dtype):
    options = {"normalize": False, "dtype": dtype}
    return EchoStateNetwork(
        Series(**options), Forecast(**options), units=units, topology=topology, degree=DEGREE,
        ridge=RIDGE, washout=100, read_inputs=False, seed=1,
    )  # fmt: skip


def theirs(units, connectivity):
    from reservoirpy.nodes import Reservoir, Ridge

    reservoir = Reservoir(units, lr=1.0, sr=0.9, rc_connectivity=connectivity, seed=1)
    return reservoir, reservoir >> Ridge(ridge=RIDGE)


def competitors(units, dtype, part, x, batch):
    """Dict of name to function, theirs first."""
    found = {}
    for name, connectivity in (("defaults", 0.1), ("equal degree", DEGREE / units)):
        reservoir, model = theirs(units, connectivity)
        if part == "states":
            found[name] = lambda each=reservoir: each.run(x)
        elif part == "batch":
            found[name] = lambda each=reservoir: each.run(batch)
            if name == "defaults":
                found["defaults, 2 workers"] = lambda each=reservoir: each.run(batch, workers=2)
        elif part.startswith("forecast"):
            model.fit(x[:-1], x[1:], warmup=100)
            found[name] = lambda each=model: loop(each, x[-WARM_UP:], int(part.split()[1]))
        elif part == "fit again":
            found[name] = lambda each=model: each.fit(x[:-1], x[1:], warmup=100)
        else:
            found[name] = lambda connectivity=connectivity: theirs(units, connectivity)[1].fit(
                x[:-1], x[1:], warmup=100
            )
    for topology in ("circulant", "random"):
        model = ours(units, topology, dtype)
        if part == "states":
            found[topology] = lambda each=model: each.states(x)
        elif part == "batch":
            found[topology] = lambda each=model: each.states(batch)
        elif part.startswith("forecast"):
            model.fit(x, verbose=0)
            found[topology] = lambda each=model: each.forecast(
                int(part.split()[1]), warm_up=x[-WARM_UP:]
            )
        elif part == "fit again":
            found[topology] = lambda each=model: each.fit(x, verbose=0)
        else:
            found[topology] = lambda topology=topology: ours(units, topology, dtype).fit(
                x, verbose=0
            )
    return found


def loop(model, warm_up, steps):
    """ReservoirPy's closed loop, as its tutorials write it."""
    model.reset()
    output = model.run(warm_up)[-1]
    found = np.empty((steps, 1))
    for step in range(steps):
        found[step] = output
        output = model(output)
    return found


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def in_turn(functions, rounds):
    """First times, and times by round, of functions run in turn."""
    names = list(functions)
    first = {name: seconds(functions[name]) for name in names}
    times = {name: [] for name in names}
    for index in range(rounds):
        start = index % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(seconds(functions[name]))
    return first, times


def report(part, units, dtype, first, times, book):
    targets = TARGETS[part.split()[0]]
    for topology in ("circulant", "random"):
        for peer in [name for name in times if name not in ("circulant", "random")]:
            ratios = sorted(b / a for a, b in zip(times[topology], times[peer], strict=True))
            mine, other = (statistics.median(times[name]) * 1e3 for name in (topology, peer))
            target = targets.get(peer) if topology == "circulant" or peer in targets else None
            what, against = f"{part}, {units} units, {dtype}", f"{topology} against {peer}"
            figure, middle = f"{what}, {against}: how often as fast", statistics.median(ratios)
            shown = book.add(figure, middle, ratios, form=".1f", at_least=target)
            _table.row(
                what,
                against,
                shown,
                f"at least {target}" if target else "",
                f"{mine:.1f}",
                f"{other:.1f}",
                f"{first[topology] * 1e3:.0f}",
            )


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--units", type=int, nargs="+", default=[100, 500, 1000, 2000])
    parser.add_argument("--parts", nargs="+", default=["states", "fit", "batch", "forecast"])
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    options = parser.parse_args()
    book = ledger.Book(options.record)
    series = dynamics.mackey_glass(COUNT * SHORT) - 1.0
    x, batch = series[:STEPS], series.reshape(COUNT, SHORT, 1)
    _table.WIDTHS = (32, 40, 22, 14, 9, 9, 10)
    _table.header("what", "setting", "ratio", "target", "ours, ms", "its, ms", "first call")
    several = {
        "fit": ["fit anew", "fit again"],
        "forecast": [f"forecast {steps} steps" for steps in FREE],
    }
    parts = [name for part in options.parts for name in several.get(part, [part])]
    for part in parts:
        for units in options.units:
            for dtype in options.dtypes:
                found = competitors(units, dtype, part, x, batch)
                report(part, units, dtype, *in_turn(found, options.rounds), book)


if __name__ == "__main__":
    main()
