"""Polyphonic music: how likely is the next step? The recipe `music_generation` on piano rolls.

    python -m tests.benchmarks.jsb_chorales FILE [--cell gru] [--epochs N] [--seed 1] [--out MODEL]

The file is an npz of piano rolls with train, validation and test, such as the chorales of Bach.
The figure is minus the log-probability of a step in nats: of its 88 keys together, averaged over
all steps of a part, the first of each piece included and predicted from nothing, as in
Boulanger-Lewandowski et al. (2012).
"""

import time

from recipes.one_to_many.music_generation import MusicGeneration
from tests.benchmarks import ledger
from tests.benchmarks._table import header, row


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("path")
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="where to save the model")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    recipe = MusicGeneration()
    data = recipe.data(options.path)
    began = time.perf_counter()
    chosen = {"cell": options.cell, "seed": options.seed}
    model = recipe.train(data, epochs=options.epochs, out=options.out, verbose=2, **chosen)
    seconds = time.perf_counter() - began
    model.score_names = ["nats"]
    header()
    setting = f"{options.cell}, {len(model.history.epoch)} epochs, {seconds:.0f} s"
    for part, wanted in (("validation", ""), ("test", "at most 8.45, aim 8.10")):
        nats, bound = model.score(getattr(data, part))["nats"], 8.45 if part == "test" else None
        shown = book.add(f"chorales, nats a step, {part}", nats, form=".3f", at_most=bound)
        row(f"nats a step, {part}", setting, shown, wanted)


if __name__ == "__main__":
    main()
