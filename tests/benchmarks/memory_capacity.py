"""Linear memory capacity: how many steps of its past input a reservoir holds.

    python -m tests.benchmarks.memory_capacity

Jaeger, "Short term memory in echo state networks", GMD report 152, 2001: the sum over delays k of
the squared correlation between u(t - k) and the best linear readout of it, which cannot exceed the
number of units, here 100. Inputs are even noise on [-1, 1], 20,000 steps, the readout is fitted on
the first half and scored on the second, with delays up to 200. float64, no bias, input weights of
0.01 at most, so that the units stay nearly linear. Median of three seeds.
"""

import statistics

from rnnkit.datasets import dynamics
from rnnkit.features import Series
from rnnkit.metrics import memory_capacity
from rnnkit.models.echo_state import EchoStateNetwork
from tests.benchmarks import _table, ledger

UNITS, STEPS, WASHOUT = 100, 20_000, 1_000
SEEDS = (1, 2, 3)
TOPOLOGIES = {
    "orthogonal": 0.98, "ring": 0.98, "delay_line": 1.0, "circulant": 0.98, "random": 0.98
}  # fmt: skip


def capacity(topology, radius, seed):
    u, _ = dynamics.memory_task(STEPS, amplitude=1.0, seed=seed)  # [time, 1]
    options = {"normalize": False, "dtype": "float64"}
    model = EchoStateNetwork(
        Series(**options), Series(**options), units=UNITS, topology=topology,
        spectral_radius=radius, input_scaling=0.01, bias_scaling=0.0, seed=seed,
    )  # fmt: skip
    return memory_capacity(model.states(u), u, washout=WASHOUT)[0]


def main():
    book = ledger.Book(ledger.parser(__doc__).parse_args().record)
    _table.header("what", "setting", "capacity", "target")
    for topology, radius in TOPOLOGIES.items():
        found = [capacity(topology, radius, seed) for seed in SEEDS]
        setting = f"{UNITS} units, {topology}, radius {radius}"
        target = 90 if topology in ("orthogonal", "ring") else None
        figure = f"linear memory capacity, {setting}"
        shown = book.add(figure, statistics.median(found), found, form=".1f", at_least=target)
        target = f"at least {target}" if target else ""
        _table.row("linear memory capacity", setting, shown, target)


if __name__ == "__main__":
    main()
