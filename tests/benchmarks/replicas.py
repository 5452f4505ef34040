"""Training on two replicas, in one process and in two, beside training on one device.

    python -m tests.benchmarks.replicas [NAME ...]

For a recipe of each pattern, pictures, and training by a reward: the largest difference of a weight
and of the curves. Both are to be below 1e-5 and 1e-4; ends with status 1 if one is not.
"""

import pathlib
import sys
import tempfile

from tests.benchmarks import ledger
from tests.training.distributed import LONG, ROWS, differences, finish, start, start_machines

SECONDS = 3600
LINE = "{:<24} {:<10} {:>10} {:>10}"


def main():
    """Trains and compares; returns the exit status."""
    parser = ledger.parser(__doc__)
    parser.add_argument("names", nargs="*", default=[*ROWS, *LONG])
    options = parser.parse_args()
    names, book, wrong = options.names, ledger.Book(options.record), False
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        finish([start(how, out, names) for how in ("alone", "mirrored")], SECONDS)
        finish(start_machines(out, names), SECONDS)
        print(LINE.format("recipe", "how", "weights", "curves"))
        for name in names:
            for how in ("mirrored", "machine0", "machine1"):
                weights, history = differences(out, how, name)
                print(LINE.format(name, how, f"{weights:.1e}", f"{history:.1e}"))
                figure = f"{name}, {how}, beside one device: difference"
                book.add(f"{figure} of weights", weights, form=".1e", at_most=1e-5)
                book.add(f"{figure} of curves", history, form=".1e", at_most=1e-4)
                wrong |= not (weights < 1e-5 and history < 1e-4)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
