"""Strings of spoken digits: the recipe `speech_to_text` on the Free Spoken Digit Dataset.

    python -m tests.benchmarks.spoken_digits /path/to/fsdd.npz [--seed 1] [--set OPTION=VALUE ...]

The file has `wave` (int16 at 8 kHz, all clips joined), `offset` `[clips + 1]`, `label`, `speaker`,
`index` and `is_test`. A string is one to six clips of one speaker, one right after the other, and
its text the words, such as "three one seven". Test strings are made of test clips alone; the
training clips with the lowest `index` of each speaker and digit are set apart for validation. The
strings are written to a folder as wav files with a manifest for each split, and read from there by
`recipe.data(folder)`. Default settings of the recipe where nothing else is said.
"""

import os
import pathlib
import shlex
import sys
import tempfile
import time

import numpy as np

import recipes
from rnnkit.cli.arguments import values_of
from rnnkit.formats import wav
from tests.benchmarks import ledger

RATE = 8000
WORDS = "zero one two three four five six seven eight nine".split()
HELD_OUT = 4  # clips of each speaker and digit, of 45, for validation
STRINGS = {"train": 5000, "validation": 400, "test": 500}


def clips_of(path):
    """The clips of each split: dict of split to list of `(speaker, digit, samples)`."""
    with np.load(path) as data:
        pieces = np.split(data["wave"], data["offset"][1:-1])
        labels, speakers, index = data["label"], data["speaker"], data["index"]
        test = data["is_test"]
    held_out = ~test & (index < index[~test].min() + HELD_OUT)
    parts = {"train": ~test & ~held_out, "validation": held_out, "test": test}
    return {
        split: [(int(speakers[i]), int(labels[i]), pieces[i]) for i in np.flatnonzero(mask)]
        for split, mask in parts.items()
    }


def write_strings(clips, folder, seed, strings=None):
    """Writes strings of clips as wav files, with a manifest `<split>.csv` for each split."""
    rng = np.random.default_rng(seed)
    folder = pathlib.Path(folder)
    for split, count in (strings or STRINGS).items():
        speakers = sorted({speaker for speaker, _, _ in clips[split]})
        own = {name: [clip for clip in clips[split] if clip[0] == name] for name in speakers}
        rows = ["path,text"]
        (folder / "wav").mkdir(exist_ok=True)
        for number in range(count):
            mine = own[speakers[rng.integers(len(speakers))]]
            chosen = [mine[i] for i in rng.integers(len(mine), size=rng.integers(1, 7))]
            name = f"wav/{split}_{number:05d}.wav"
            samples = np.concatenate([clip for _, _, clip in chosen])
            (folder / name).write_bytes(wav.write(samples, RATE))
            rows.append(f"{name},{' '.join(WORDS[digit] for _, digit, _ in chosen)}")
        (folder / f"{split}.csv").write_text("\n".join(rows) + "\n")


def out_of_time(minutes):
    """A callback that ends training after the epoch in which the time is up."""
    import keras

    started = time.perf_counter()

    class OutOfTime(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if time.perf_counter() - started > 60 * minutes:
                self.model.stop_training = True

    return OutOfTime()


def measure(recipe, data, options, what):
    """Trains, scores and prints: epochs, seconds, load and the scores of validation and test."""
    book = ledger.Book(options.record)
    started, load = time.perf_counter(), os.getloadavg()[0]
    model = recipe.train(
        data,
        epochs=options.epochs,
        seed=options.seed,
        callbacks=[out_of_time(options.minutes)],
        verbose=2,
        **values_of(options.set),
    )
    seconds = time.perf_counter() - started
    losses = model.history.history["val_loss"]
    print(
        f"{len(losses)} epochs, best {int(np.argmin(losses)) + 1}, {seconds:.0f} s, "
        f"{model.count_params():,} parameters, load {load:.1f} to {os.getloadavg()[0]:.1f}"
    )
    for beams in (1, model.beam_size):
        for split in ("validation", "test"):
            scores = model.score(getattr(data, split), beam_size=beams)
            shown = ", ".join(f"{name} {100 * value:.2f} %" for name, value in scores.items())
            print(f"beam {beams}, {split}: {shown}", flush=True)
            for name, value in scores.items():
                book.add(f"{what}, beam {beams}, {split}: {name}", value, form=".4f")
    return model


def arguments(description):
    """The parser that the benchmarks of transcripts share."""
    parser = ledger.parser(description)
    parser.add_argument("--minutes", type=float, default=60.0, help="of training, at most")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=VALUE")
    return parser


def main():
    parser = arguments(__doc__)
    parser.add_argument("path")
    options = parser.parse_args()
    print("python -m tests.benchmarks.spoken_digits", shlex.join(sys.argv[1:]))
    recipe = recipes.get("speech_to_text")
    with tempfile.TemporaryDirectory() as folder:
        write_strings(clips_of(options.path), folder, options.seed)
        measure(recipe, recipe.data(folder), options, "spoken digits")


if __name__ == "__main__":
    main()
