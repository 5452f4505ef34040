"""Handwritten words: the recipe `handwriting` on pages of pen strokes.

    python -m tests.benchmarks.handwriting_words /path/to/words.tsv [--seed 1] [--set OPTION=VALUE]

The file is a table `page id word points`, points as `x y up;x y up;...`, and the last three digits
of a page its number. Pages 270 to 279 and 300 to 305 are for training, 306 and 307 for validation,
308 and 309 for the test. The splits are written to a folder as tables of their own, and read from
there by `recipe.data(folder)`. Default settings of the recipe where nothing else is said.
"""

import pathlib
import shlex
import sys
import tempfile

import recipes
from rnnkit.formats.tables import read_table
from tests.benchmarks.spoken_digits import arguments, measure

LAST = {"train": 305, "validation": 307, "test": 309}  # pages


def write_splits(path, folder):
    """Writes the words of each split to `<split>.tsv`, with the columns `points` and `word`."""
    table = read_table(path)
    lines = {split: ["points\tword"] for split in LAST}
    for page, word, points in zip(
        *(table.columns[name] for name in ("page", "word", "points")), strict=True
    ):
        number = int(page) % 1000
        split = next(split for split, last in LAST.items() if number <= last)
        lines[split].append(f"{points}\t{word}")
    for split, rows in lines.items():
        (pathlib.Path(folder) / f"{split}.tsv").write_text("\n".join(rows) + "\n")


def main():
    parser = arguments(__doc__)
    parser.add_argument("path")
    options = parser.parse_args()
    print("python -m tests.benchmarks.handwriting_words", shlex.join(sys.argv[1:]))
    recipe = recipes.get("handwriting")
    with tempfile.TemporaryDirectory() as folder:
        write_splits(options.path, folder)
        measure(recipe, recipe.data(folder), options, "handwritten words")


if __name__ == "__main__":
    main()
