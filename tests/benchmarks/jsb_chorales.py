"""Polyphonic music: how likely is the next step? The recipe `music_generation` on piano rolls.

    python -m tests.benchmarks.jsb_chorales FILE [--cell gru] [--epochs N] [--seed 1] [--out MODEL]

The file is an npz of piano rolls with train, validation and test, such as the chorales of Bach.
The figure is minus the log-probability of a step in nats: of its 88 keys together, averaged over
all steps of a part, the first of each piece included and predicted from nothing, as in
Boulanger-Lewandowski et al. (2012).
"""

import argparse
import time

from recipes.one_to_many.music_generation import MusicGeneration
from tests.benchmarks._table import header, row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path")
    parser.add_argument("--cell", default="lstm")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="where to save the model")
    options = parser.parse_args()
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
        row(
            f"nats a step, {part}",
            setting,
            f"{model.score(getattr(data, part))['nats']:.3f}",
            wanted,
        )


if __name__ == "__main__":
    main()
