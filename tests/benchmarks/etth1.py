"""ETTh1: oil temperature 24 hours ahead, beside naive forecasts.

    python -m tests.benchmarks.etth1 /path/to/etth1.csv [--cells esn lstm gru] [--seeds 3]

The split of the literature: 8,640 hours for training, 2,880 for validation, 2,880 for testing
(Zhou et al., "Informer", AAAI 2021, https://arxiv.org/abs/2012.07436); mean squared and mean
absolute error in units standardised on the training part, over all steps whose next 24 hours lie in
the test part. The target is `OT`; the inputs are `OT` alone or all seven columns. Default settings
of the recipe `forecasting`.
"""

import time

import numpy as np

import recipes
from rnnkit.formats.tables import Table, read_table
from tests.benchmarks import ledger

SPLIT = {"train": (0, 8640), "validation": (8640, 11520), "test": (11520, 14400)}


def parts(path):
    """The three parts as frames of the file's columns."""
    import pandas

    table: Table = read_table(path)
    frame = pandas.DataFrame({name: values for name, values in table.columns.items()})
    frame["date"] = pandas.to_datetime(frame["date"])
    for name in frame.columns.drop("date"):
        frame[name] = frame[name].astype("float64")
    return {name: frame.iloc[first:last] for name, (first, last) in SPLIT.items()}


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("path")
    parser.add_argument("--cells", nargs="+", default=["esn", "lstm", "gru"])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    book = ledger.Book(options.record)
    recipe = recipes.get("forecasting")
    frames = parts(options.path)
    print(f"{'inputs':<14} {'forecast':<12} {'mse':>14} {'mae':>8} {'seconds':>8}")
    for inputs in ("OT", None):
        label = "OT alone" if inputs else "all columns"
        data = recipe.data(frames, input=inputs, target="OT")
        for index, cell in enumerate(options.cells):
            found, seconds = [], []
            for seed in range(1, options.seeds + 1):
                started = time.perf_counter()
                model = recipe.train(data, cell=cell, seed=seed, verbose=0)
                seconds.append(time.perf_counter() - started)
                found.append(model.score(data.test))
            if index == 0:
                for name in ("persistence", "seasonal"):
                    mse, mae = found[0][f"{name}_mse"], found[0][f"{name}_mae"]
                    print(f"{label:<14} {name:<12} {mse:>14.4f} {mae:>8.4f}")
                    book.add(f"ETTh1, {label}, {name}: mse", mse, form=".4f")
            errors = [scores["mse"] for scores in found]
            spread = f"{np.mean(errors):.4f} ± {np.std(errors):.4f}"
            mae = np.mean([scores["mae"] for scores in found])
            print(
                f"{label:<14} {cell:<12} {spread:>14} {mae:>8.4f} {np.mean(seconds):>8.1f}",
                flush=True,
            )
            book.add(f"ETTh1, {label}, {cell}: mse", np.mean(errors), errors, form=".4f")


if __name__ == "__main__":
    main()
