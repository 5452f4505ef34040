"""A reservoir of 500 units fitted on 1,000,000 steps, and the memory that takes.

    python -m tests.benchmarks.long_series [--steps 1000000] [--units 500]

The series is noisy sines, forecast one step ahead; float32, as by default. Memory is the greatest
resident size of the process, TensorFlow and the series itself included, as the operating system
counts it; the states alone would take 2 GB.
"""

import resource
import sys
import time

from rnnkit.datasets import dynamics
from rnnkit.features import Forecast, Series
from rnnkit.models.echo_state import EchoStateNetwork
from tests.benchmarks import _table, ledger


def peak():
    """Greatest resident size of the process so far, in GB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used * (1 if sys.platform == "darwin" else 1024) / 1e9


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=500)
    options = parser.parse_args()
    book = ledger.Book(options.record)
    series = dynamics.noisy_sines(options.steps)
    x, y = Series().adapt(series), Forecast().adapt(series)
    model = EchoStateNetwork(x, y, units=options.units, seed=1)
    before = peak()
    started = time.perf_counter()
    model.fit(series, verbose=0)
    seconds = time.perf_counter() - started
    _table.header()
    setting = f"{options.steps:,} steps, {options.units} units"
    shown = book.add(f"peak memory, {setting}", peak(), form=".2f", unit="GB", at_most=2)
    _table.row("peak memory", setting, shown, "below 2 GB")
    _table.row("before fit", setting, f"{before:.2f} GB", "")
    shown = book.add(f"time of fit, {setting}", seconds, form=".1f", unit="s")
    _table.row("time of fit", setting, shown, "")


if __name__ == "__main__":
    main()
