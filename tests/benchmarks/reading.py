"""Seconds of processor and memory that large files of every kind take to read.

    python -m tests.benchmarks.reading [--kinds csv,tagged] [--rows 200000] [--folder files]

Each file is written, of `--rows` rows (tagged words: ten lines a row), and read by the recipe's own
`data` in a process of its own. Before that the process reads the file's first rows, so that what is
imported and started once is not counted. Memory is the greatest resident size while the file is
read, above what the process had before; the bound is three times the file. Linux counts it.
"""

import argparse
import contextlib
import gc
import io
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

from tests.benchmarks import _table, ledger

ROWS = 200_000
SEED = 7
# Words of a language occur by Zipf's law.
WORDS = 30_000
SYLLABLES = "ka lo mi ran tes vé on du pre shi al ter fo gun ich".split()

# === Files ===


def _vocabulary():
    """Distinct words, the frequent ones short."""
    words = (map("".join, itertools.product(SYLLABLES, repeat=count)) for count in range(1, 5))
    return np.array(list(itertools.islice(itertools.chain.from_iterable(words), WORDS)))


class _Writer:
    """Sentences, drawn at random.

    Args:
        rows: How many rows the files have.
    """

    def __init__(self, rows):
        self.rows = rows
        self.random = np.random.default_rng(SEED)
        self._words = _vocabulary()

    def words(self, count):
        return self._words[np.minimum(self.random.zipf(1.25, count) - 1, WORDS - 1)]

    def sentences(self, mean):
        """As many sentences as there are rows, with `mean` words each."""
        lengths = self.random.poisson(mean - 1, self.rows) + 1
        flat, ends = self.words(lengths.sum()).tolist(), np.cumsum(lengths).tolist()
        return (" ".join(flat[a:b]) for a, b in itertools.pairwise([0, *ends]))


def _labelled(writer):
    labels = np.array(["negative", "neutral", "positive"])[
        writer.random.integers(0, 3, writer.rows)
    ]
    return zip(writer.sentences(22), labels.tolist(), strict=True)


def _csv(writer):
    yield "text,label"
    yield from (f"{text},{label}" for text, label in _labelled(writer))


def _quoted(writer):
    yield "text,label"
    yield from (f'"{text}, ""{text[:9]}""",{label}' for text, label in _labelled(writer))


def _tsv(writer):
    yield "text\tlabel"
    yield from (f"{text}\t{label}" for text, label in _labelled(writer))


def _jsonl(writer):
    for text, label in _labelled(writer):
        yield json.dumps({"text": text, "label": label}, ensure_ascii=False)


def _json(writer):
    rows = ({"text": text, "label": label} for text, label in _labelled(writer))
    for number, row in enumerate(rows):
        yield ("," if number else "[") + json.dumps(row, ensure_ascii=False)
    yield "]"


def _pairs(writer):
    both = zip(writer.sentences(12), writer.sentences(13), strict=True)
    yield from (f"{first}\t{second}" for first, second in both)


def _tags(writer, count):
    tags = ["O"] * 8 + ["B-PER", "B-LOC"]
    return np.array(tags)[writer.random.integers(0, len(tags), count)].tolist()


def _tagged(writer):
    marks = np.array("NN VB DT IN JJ".split())
    for _ in range(writer.rows // 2):
        words = writer.words(20).tolist()
        parts = marks[writer.random.integers(0, 5, 20)].tolist()
        for word, part, tag in zip(words, parts, _tags(writer, 20), strict=True):
            yield f"{word} {part} B-NP {tag}"
        yield ""


def _word_rows(writer):
    yield "sentence_id,word,pos,tag"
    for number in range(writer.rows // 20):
        for word, tag in zip(writer.words(20).tolist(), _tags(writer, 20), strict=True):
            yield f"{number},{word},NN,{tag}"


def _series(writer):
    yield "date,load,temperature,wind,price"
    start = np.datetime64("2001-01-01T00", "h")
    times = np.datetime_as_string(start + np.arange(writer.rows)).tolist()
    values = writer.random.normal(size=(writer.rows, 4)).cumsum(axis=0)
    for when, row in zip(times, values.tolist(), strict=True):
        yield ",".join([f"{when}:00", *(f"{value:.4f}" for value in row)])


def _panel(writer):
    yield "store,date,sales,price"
    days = writer.rows // 100
    start = np.datetime64("2001-01-01", "D")
    times = np.datetime_as_string(start + np.arange(days)).tolist()
    for store in range(100):
        values = writer.random.normal(size=(days, 2)).cumsum(axis=0).tolist()
        yield from (
            f"store {store},{when},{a:.3f},{b:.3f}"
            for when, (a, b) in zip(times, values, strict=True)
        )


def _events(writer):
    yield "card_id,time,amount,merchant,country,is_fraud"
    shops = np.array("grocer kiosk fuel travel books online".split())
    for card in range(writer.rows // 20):
        times = np.cumsum(writer.random.integers(60, 90_000, 20)) + 1_600_000_000
        amounts = writer.random.gamma(2, 30, 20)
        names = shops[writer.random.integers(0, 6, 20)]
        fraud = int(writer.random.random() < 0.1)
        for when, amount, shop in zip(
            times.tolist(), amounts.tolist(), names.tolist(), strict=True
        ):
            yield f"C{card:07},{when},{amount:.2f},{shop},GB,{fraud}"


def _numbers(writer):
    names = [f"x{index}" for index in range(12)]
    yield ",".join(["clip", *names, "phase"])
    values = writer.random.normal(size=(writer.rows, len(names)))
    for row, each in enumerate(values.tolist()):
        cells = [f"{value:.5f}" for value in each]
        yield ",".join([str(row // 500), *cells, "rest" if row % 7 else "stroke"])


# Kind of file to its name, what writes its lines, and the recipe that reads it.
KINDS = {
    "csv": ("texts.csv", _csv, "sentiment"),
    "quoted csv": ("quoted.csv", _quoted, "sentiment"),
    "tsv": ("texts.tsv", _tsv, "sentiment"),
    "jsonl": ("texts.jsonl", _jsonl, "sentiment"),
    "json": ("texts.json", _json, "sentiment"),
    "pairs": ("pairs.txt", _pairs, "translation"),
    "tagged": ("words.conll", _tagged, "named_entities"),
    "word rows": ("words.csv", _word_rows, "named_entities"),
    "series": ("series.csv", _series, "forecasting"),
    "panel": ("panel.csv", _panel, "forecasting"),
    "events": ("events.csv", _events, "fraud_detection"),
    "numbers": ("frames.csv", _numbers, "video_labeling"),
}
# Lines of the file that is read first.
FIRST = 4_000


def write(kind, folder, rows=ROWS):
    """Writes a file of a kind into a folder; gives its path."""
    name, lines, _ = KINDS[kind]
    path = pathlib.Path(folder) / name
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines(_Writer(rows)))
    return path


# === Measuring ===


def _resident(what):
    """Bytes of a line of this process' status, `VmRSS` or `VmHWM`."""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(status.partition(f"{what}:")[2].split()[0])


def _read(recipe, path):
    with contextlib.redirect_stdout(io.StringIO()):
        return recipe.data(str(path))


def _measured(kind, path):
    """Reads a file in this process.

    Returns:
        Dict of its bytes, the seconds of processor, the bytes that the process grew by at most and
        at the end, and which data it is.
    """
    import recipes

    recipe = recipes.get(KINDS[kind][2])
    with tempfile.TemporaryDirectory() as folder:
        few = pathlib.Path(folder) / path.name
        with open(path, encoding="utf-8") as file:
            first = "".join(itertools.islice(file, FIRST))
        few.write_text(first + "]" * (kind == "json"), encoding="utf-8")
        _read(recipe, few)
    gc.collect()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the greatest size from now on
    before, started = _resident("VmRSS"), time.process_time()
    data = _read(recipe, path)
    seconds = time.process_time() - started
    peak, kept = _resident("VmHWM") - before, _resident("VmRSS") - before
    return {
        "size": path.stat().st_size,
        "seconds": seconds,
        "peak": peak,
        "kept": kept,
        "digest": data.digest(),
        "sizes": data.sizes,
    }


def measure(kinds, folder):
    """Reads the files of some kinds in a folder, one after the other, in a new process.

    Returns:
        Dict of kind to what `_measured` gives.
    """
    command = [sys.executable, "-m", "tests.benchmarks.reading", "--kinds", ",".join(kinds)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [*command, "--read", folder], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", help="where the files are, or are kept")
    parser.add_argument("--read", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    book = ledger.Book(options.record)
    kinds = options.kinds.split(",")
    if options.read:
        found = {kind: _measured(kind, options.read / KINDS[kind][0]) for kind in kinds}
        print(json.dumps(found))
        return
    _table.header("kind", "file", "seconds of processor", "memory at most / kept, of the file")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(options.folder or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for kind in kinds:
            path = folder / KINDS[kind][0]
            if not path.exists():
                write(kind, folder, options.rows)
            found = measure([kind], folder)[kind]
            size = found["size"]
            memory, seconds = found["peak"] / size, found["seconds"]
            shown = book.add(f"reading, {kind}: memory, of the file", memory, form=".1f", at_most=3)
            book.add(f"reading, {kind}: time of processor", seconds, form=".1f", unit="s")
            _table.row(
                kind,
                f"{size / 1e6:.1f} MB, {found['sizes']}",
                f"{seconds:.1f}",
                f"{shown} / {found['kept'] / size:.1f}",
                found["digest"],
            )


if __name__ == "__main__":
    main()
