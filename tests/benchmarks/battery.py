"""Attacks and faults: everything that is tried, and how much of it is held.

    python -m tests.benchmarks.battery [PART ...]

Without parts all are tried. A part is what its name begins with, such as `data` or `data: bombs`.
Prints a table of what was tried, held and fell, then each fall; ends with status 1 if there is one.

Each module of `MODULES` has a function `parts` that gives a dict: the name of a part to an iterator
of outcomes with the attributes `name`, `held` and `said`. Each part runs in a process of its own.
"""

import concurrent.futures
import importlib
import multiprocessing
import sys
import time

from tests.benchmarks import ledger

MODULES = ("tests.battery_data", "tests.battery_models")
LINE = "{:<40} {:>7} {:>7} {:>7} {:>9}"


def _parts():
    found = {}
    for module in MODULES:
        found |= importlib.import_module(module).parts()
    return found


def _tried(name):
    """The outcomes of a part."""
    return list(_parts()[name])


def main():
    """Tries parts; returns the exit status."""
    parser = ledger.parser(__doc__)
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    chosen, book, parts = tuple(options.parts), ledger.Book(options.record), _parts()
    wanted = [name for name in parts if not chosen or name.startswith(chosen)]
    if not wanted:
        print(f"There is no part {', '.join(chosen)}. Parts: {', '.join(parts)}", file=sys.stderr)
        return 2
    print(LINE.format("part", "tried", "held", "fell", "seconds"))
    print(LINE.format("-" * 40, *["-" * 7] * 3, "-" * 9), flush=True)
    tried, fallen, began = 0, [], time.perf_counter()
    pool = concurrent.futures.ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), max_tasks_per_child=1
    )
    for name in wanted:
        started = time.perf_counter()
        outcomes = pool.submit(_tried, name).result()
        fell = [outcome for outcome in outcomes if not outcome.held]
        seconds = f"{time.perf_counter() - started:.1f}"
        count = len(outcomes)
        print(LINE.format(name, count, count - len(fell), len(fell), seconds), flush=True)
        book.add(f"{name}: held", count - len(fell), form=",", at_least=count)
        tried, fallen = tried + count, fallen + fell
    pool.shutdown()
    seconds = f"{time.perf_counter() - began:.1f}"
    print(LINE.format("all", tried, tried - len(fallen), len(fallen), seconds))
    for outcome in fallen:
        print(f"fell: {outcome.name}: {outcome.said[:500]}")
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main())
