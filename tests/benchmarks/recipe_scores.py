"""Any recipe on any data: how long it trains, and what it scores.

    python -m tests.benchmarks.recipe_scores text_generation input.txt
    python -m tests.benchmarks.recipe_scores named_entities FOLDER --set crf=False --seeds 1 2 3
    python -m tests.benchmarks.recipe_scores video_labeling FOLDER --set cell=dense

The recipe's default settings where nothing else is said; training ends as the recipe says, or
after `--minutes`. Printed are the scores of validation and test, the minutes by the clock, and
the minutes that the processors of this machine worked for the process: on two idle cores about
twice those by the clock, so half of them is what training takes where nothing else runs.
"""

import shlex
import statistics
import sys
import time

import keras

import recipes
from rnnkit.cli.arguments import values_of
from tests.benchmarks import ledger


class Minutes(keras.callbacks.Callback):
    """Stops after the epoch that ends past a limit; says how long each takes."""

    def __init__(self, limit=None):
        super().__init__()
        self.limit, self.started, self.worked = limit, time.perf_counter(), time.process_time()

    @property
    def clock(self):
        return (time.perf_counter() - self.started) / 60

    @property
    def processors(self):
        return (time.process_time() - self.worked) / 60

    def on_epoch_end(self, epoch, logs=None):
        print(f"{self.clock:.1f} min, {self.processors:.1f} of processors", flush=True)
        if self.limit and self.clock > self.limit:
            self.model.stop_training = True


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("recipe")
    parser.add_argument("source", help="a file, a folder or a TFDS name; 'embedded' for its sample")
    parser.add_argument("--name")
    parser.add_argument("--input")
    parser.add_argument("--target")
    parser.add_argument("--minutes", type=float, help="of training at most")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE")
    parser.add_argument("--out", help="where to save the model of the last seed")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    print("python -m tests.benchmarks.recipe_scores", shlex.join(sys.argv[1:]))
    recipe = recipes.get(options.recipe)
    source = None if options.source == "embedded" else options.source
    data = recipe.data(source, name=options.name, input=options.input, target=options.target)
    print(data, flush=True)
    found = {}
    for seed in options.seeds:
        minutes = Minutes(options.minutes)
        model = recipe.train(
            data,
            epochs=options.epochs,
            seed=seed,
            out=options.out,
            callbacks=[minutes],
            verbose=2,
            **values_of(options.set),
        )
        losses = model.history.history.get("val_loss", [])
        print(
            f"seed {seed}: {model.count_params():,} parameters, {len(losses)} epochs, "
            f"{minutes.clock:.1f} min, {minutes.processors:.1f} of processors"
        )
        for split in ("validation", "test"):
            scores = model.score(getattr(data, split))
            found.setdefault(split, []).append(scores)
            print(f"{split}:", {name: round(float(v), 4) for name, v in scores.items()}, flush=True)
    for split, rows in found.items():
        for name in rows[0]:
            several = [float(row[name]) for row in rows]
            figure = f"{options.recipe}, {split}: {name}"
            book.add(figure, statistics.mean(several), several, form=".4f")
    if len(options.seeds) > 1:
        for split, rows in found.items():
            means = {name: statistics.mean(row[name] for row in rows) for name in rows[0]}
            print(f"mean of {len(rows)}, {split}:", {k: round(v, 4) for k, v in means.items()})


if __name__ == "__main__":
    main()
