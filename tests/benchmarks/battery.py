"""Attacks and faults: everything that is tried, and how much of it is held.

    python -m tests.benchmarks.battery [PART ...]

Without parts all are tried. A part is what its name begins with, such as `data` or `data: bombs`.
Prints a table of what was tried, held and fell, then each fall; ends with status 1 if there is one.

Each module of `MODULES` has a function `parts` that gives a dict: the name of a part to an iterator
of outcomes with the attributes `name`, `held` and `said`.
"""

import importlib
import sys
import time

MODULES = ("tests.battery_data", "tests.battery_models")
LINE = "{:<40} {:>7} {:>7} {:>7} {:>9}"


def main(chosen):
    """Tries parts; returns the exit status."""
    parts = {}
    for module in MODULES:
        parts |= importlib.import_module(module).parts()
    wanted = {name: part for name, part in parts.items() if not chosen or name.startswith(chosen)}
    if not wanted:
        print(f"There is no part {', '.join(chosen)}. Parts: {', '.join(parts)}", file=sys.stderr)
        return 2
    print(LINE.format("part", "tried", "held", "fell", "seconds"))
    print(LINE.format("-" * 40, *["-" * 7] * 3, "-" * 9), flush=True)
    tried, fallen, began = 0, [], time.perf_counter()
    for name, part in wanted.items():
        started = time.perf_counter()
        outcomes = list(part)
        fell = [outcome for outcome in outcomes if not outcome.held]
        seconds = f"{time.perf_counter() - started:.1f}"
        count = len(outcomes)
        print(LINE.format(name, count, count - len(fell), len(fell), seconds), flush=True)
        tried, fallen = tried + count, fallen + fell
    seconds = f"{time.perf_counter() - began:.1f}"
    print(LINE.format("all", tried, tried - len(fallen), len(fallen), seconds))
    for outcome in fallen:
        print(f"fell: {outcome.name}: {outcome.said[:500]}")
    return 1 if fallen else 0


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
