"""Pen digits: which digit do eight points of the pen write? `ManyToOne` on strokes.

    python -m tests.benchmarks.pendigits /path/to/folder [--cell dense] [--epochs N] [--seed 1]

The folder has `train.csv` and `test.csv` with the columns `x0,y0,...,x7,y7,digit`: points at equal
distances along the way, y upwards, pen lifts not kept. A tenth of the training digits validates.
"""

import time

import numpy as np

from rnnkit.data import read_table
from rnnkit.features import Label, Strokes
from rnnkit.models import ManyToOne
from rnnkit.training.optimizers import AveragedAdam
from tests.benchmarks import ledger
from tests.benchmarks._table import header, row


def read(path):
    """Pieces of writing `[points, 3]`, and digits."""
    table = read_table(path)
    cells = [
        np.array(table.columns[f"{axis}{point}"], "float32") for point in range(8) for axis in "xy"
    ]
    points = np.stack(cells, axis=1).reshape(-1, 8, 2) * [1, -1]  # y downwards
    up = np.zeros((len(points), 8, 1), "float32")
    up[:, -1] = 1
    return list(np.concatenate([points, up], axis=2)), table.columns["digit"]


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("path")
    parser.add_argument("--cell", default="gru")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    book = ledger.Book(options.record)
    (x, y), test = (read(f"{options.path}/{name}.csv") for name in ("train", "test"))
    cut = len(x) // 10
    strokes, label = Strokes().adapt(x[cut:]), Label().adapt(y[cut:])
    model = ManyToOne(
        strokes,
        label,
        cell=options.cell,
        units=64,
        bidirectional=True,
        pooling="mean_max",
        filters=64,
        kernel_size=3,
        dropout=0.1,
        output_dropout=0.3,
        seed=options.seed,
    )
    model.compile(optimizer=AveragedAdam(3e-3, clipnorm=1.0))
    model.fit_defaults = {"patience": 6, "monitor": "val_loss"}
    began = time.perf_counter()
    data = {"validation_data": (x[:cut], y[:cut])}
    model.fit(x[cut:], y[cut:], batch_size=64, epochs=options.epochs, verbose=0, **data)
    header()
    setting = f"{options.cell}, {len(model.history.epoch)} epochs"
    score = model.score(*test)["accuracy"]
    shown = book.add("pendigits, accuracy", score, form=".4f", at_least=0.975)
    row("pendigits, test", setting, shown, "at least 0.975")
    row("", "seconds", f"{time.perf_counter() - began:.0f}", "")


if __name__ == "__main__":
    main()
