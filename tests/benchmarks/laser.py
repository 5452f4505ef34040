"""Santa Fe laser: the next value of a chaotic laser's intensity.

    python -m tests.benchmarks.laser DATA

DATA is the text file of the long series A of the Santa Fe competition (10,093 values, one a line;
Hübner, Abraham and Weiss, 1989). Of it the first 8,201 are used: 200 of washout, 2,000 to train,
3,000 for choosing the ridge value, 3,000 to test, each the target of the value before. The score
is the mean squared error of the test part by its variance (NMSE); median of ten seeds, float64.
Published by Rodan & Tino, "Minimum complexity echo state network", 2011,
https://doi.org/10.1109/TNN.2010.2089641, NMSE at 100 / 200 units: ESN .0125 / .0082.

The other settings are rounded from the best of 51 random ones, by the validation part with other
reservoirs (seeds 1 and 2).
"""

import statistics

import numpy as np

from tests.benchmarks import _table, ledger
from tests.benchmarks.narma import TEST, TRAIN, VALIDATION, WASHOUT, score

SEEDS = range(11, 21)
SETTINGS = {
    "circulant": {
        "topology": "circulant",
        "spectral_radius": 0.83,
        "leak_rate": 0.8,
        "input_scaling": 0.4,
        "bias_scaling": 0.1,
    },
    "dense": {
        "topology": "dense",
        "spectral_radius": 0.89,
        "leak_rate": 0.8,
        "input_scaling": 0.6,
        "bias_scaling": 0.1,
    },
    "ring": {
        "topology": "ring",
        "spectral_radius": 0.98,
        "leak_rate": 0.8,
        "input_scaling": 0.15,
        "bias_scaling": 1.0,
    },
}
TARGETS = {100: 0.0125, 200: 0.0085}


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("data", help="santafe_laser_a.txt")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    values = np.loadtxt(options.data)[:, None]  # [time, 1]
    lengths = (WASHOUT, TRAIN, VALIDATION, TEST)
    values = values[: sum(lengths) + 1]
    _table.header("what", "setting", "NMSE", "target")
    for units, target in TARGETS.items():
        for topology, settings in SETTINGS.items():
            scores = [
                score(values[:-1], values[1:], units, seed, lengths, settings) for seed in SEEDS
            ]
            setting, middle = f"{units} units, {topology}", statistics.median(scores)
            figure = f"Santa Fe laser, {setting}: NMSE"
            shown = book.add(figure, middle, scores, form=".5f", at_most=target)
            _table.row("Santa Fe laser, one step", setting, shown, f"at most {target}")


if __name__ == "__main__":
    main()
