"""Phases of gestures: what do the hands do in every frame? The recipe `video_labeling`.

    python -m tests.benchmarks.gesture_phase FOLDER [--cells lstm dense] [--seeds 1 2 3]

FOLDER holds `a1_raw.csv`, `a2_raw.csv`, ...: a video each, with a row a frame, 18 coordinates, a
timestamp and the phase. Videos a1, a2, b1 and c1 train, a3 and b3 test: the same people, told
another story. The validation part is split off by the recipe's data as from any user's. Default
settings; with `--cell dense` a network sees each frame alone.

Reference: Madeo, Lima and Peres 2013, "Gesture unit segmentation using support vector machines",
SAC.
"""

import statistics
import time

import recipes
from rnnkit.cli.arguments import values_of
from tests.benchmarks import _table, ledger

TRAIN, TEST = ("a1", "a2", "b1", "c1"), ("a3", "b3")


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("folder")
    parser.add_argument("--cells", nargs="+", default=["lstm", "dense"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    recipe = recipes.get("video_labeling")
    files = {
        split: [f"{options.folder}/{video}_raw.csv" for video in videos]
        for split, videos in (("train", TRAIN), ("test", TEST))
    }
    data = recipe.data(files)
    print(data, flush=True)
    _table.header("cell, seed", "epochs, seconds", "test", "validation")
    for cell in options.cells:
        found = []
        for seed in options.seeds:
            began = time.perf_counter()
            model = recipe.train(data, cell=cell, seed=seed, verbose=0, **values_of(options.set))
            epochs = len(model.history.epoch)
            took = f"{epochs}, {time.perf_counter() - began:.0f}"
            scores = model.score(data.test)
            found.append(scores)
            _table.row(
                f"{cell}, {seed}", took, _shown(scores), _shown(model.score(data.validation))
            )
        mean = {name: statistics.mean(each[name] for each in found) for name in found[0]}
        _table.row(f"{cell}, mean", "", _shown(mean), "")
        for name in ("accuracy", "f1"):
            several = [each[name] for each in found]
            book.add(f"phases of gestures, {cell}: {name}", mean[name], several, form=".3f")


def _shown(scores):
    return f"accuracy {scores['accuracy']:.3f}, F1 {scores['f1']:.3f}"


if __name__ == "__main__":
    main()
