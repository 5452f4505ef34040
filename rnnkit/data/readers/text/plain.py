"""Plain texts without targets: what a language model learns from."""

import os
import pathlib

import tensorflow as tf

from rnnkit.data.readers import files
from rnnkit.data.splits import SPLITS, Data, by_split_column, named, refuse_parts, undivided
from rnnkit.formats import tables
from rnnkit.formats.encodings import decode

# Of all characters, in order: the last for the test, those before them for validation.
TEST, VALIDATION = 0.1, 0.05
SUFFIXES = (".txt", ".text", ".md", *tables.SUFFIXES)


def load(source, request):
    """Texts for a recipe without input.

    A single source is split in order, by characters: the first 85 % to train, the next 5 % to
    validate, the last 10 % to test. A text in which a boundary falls is cut there.

    Args:
        source: A text file; a folder with `train.txt` and perhaps
            `validation.txt` and `test.txt`, with such folders of txt files, or with any txt files,
            read in the order of their names; a table whose rows are texts; a list of texts, a
            frame, a `tf.data.Dataset` of texts, or a dict of splits.
        request: A `Request`; `"input"` or `"target"` is the column of the texts. Lines end with a
            line feed, however they did in the file.

    Returns:
        A `Data` whose examples are scalar texts; its `info` has the `characters` of each part.

    Raises:
        ValueError: For what cannot be read, is empty or too short to be split.
    """
    column = next(iter(request.given.values()), None)
    if isinstance(source, tf.data.Dataset):
        return from_texts({"all": _of_dataset(source)}, "a dataset")
    if isinstance(source, dict):
        parts = {split: _listed(part) for split, part in named(source).items()}
        return from_texts(parts, "a dict", request.split)
    names = request.recipe.columns["target"]
    if hasattr(source, "columns"):
        parts = _of_table(tables.from_frame(source), "all", names, column)
        return from_texts(parts, "a frame", request.split)
    if isinstance(source, (list, tuple)):
        return from_texts({"all": _listed(source)}, "a list", request.split)
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            "source must be a path, a TFDS name, a list of texts, a frame, a tf.data.Dataset of "
            f"texts or a dict of splits. Received: {type(source).__name__}"
        )
    parts = {}
    for split, paths in _find(os.fspath(source), request.name).items():
        for path in paths:
            if tables.is_table(path):
                table = request.table(path)
                found = _of_table(table, split, names, column)
            else:
                request.refuse(f"{path} is read as plain text", "separator", "header")
                found = {split: [_read(path, request.encoding)]}
            for part, texts in found.items():
                parts[part] = parts.get(part, []) + texts
    return from_texts(parts, os.fspath(source), request.split)


def from_texts(parts, source=None, fractions=None):
    """Data from lists of texts, missing parts cut off the end of the training part.

    Args:
        parts: Dict of `"train"`, `"validation"`, `"test"` to lists of texts, or of `"all"` alone.
        source: As in `Data`.
        fractions: Of the characters that train, validate and test, where there is one part alone.

    Raises:
        ValueError: If a part is empty, or there is too little to split.
    """
    refuse_parts(parts, source, fractions)
    apart = {"validation": VALIDATION, "test": TEST}
    if fractions is not None:
        apart = {"validation": fractions[1], "test": fractions[2]}
    parts = {split: [text for text in texts if text] for split, texts in parts.items()}
    if "all" in parts:
        parts["train"] = parts.pop("all")
    total = sum(map(len, parts["train"]))
    kept = 1.0
    made = [split for split in ("test", "validation") if split not in parts]
    for split in ("test", "validation"):
        if split in made:
            kept -= apart[split]
            parts["train"], parts[split] = _cut(parts["train"], int(kept * total))
    sizes = {split: sum(map(len, parts[split])) for split in ("train", "validation", "test")}
    if made and not undivided.get():
        print(
            f"Split in order: {sizes['train']:,} characters to train, {sizes['validation']:,} to "
            f"validate, {sizes['test']:,} to test"
        )
    for split, size in sizes.items():
        if size < 2:
            raise ValueError(
                f"{source or 'The data'} has too few characters for {split}: each part needs 2 or "
                "more, so a text that is split by itself needs at least 40. Received: "
                + ", ".join(f"{key} {value:,}" for key, value in sizes.items())
            )
    datasets = {split: _dataset(texts) for split, texts in parts.items()}
    counts = {split: len(texts) for split, texts in parts.items()}
    return Data(**datasets, source=source, sizes=counts, info={"characters": sizes})


def into_folds(data, count):
    """Texts in folds: so many pieces in a row of what trains and validates, by characters.

    Args:
        data: A `Data` of texts.
        count: Number of folds.

    Returns:
        A list of a `Data` for each piece, which validates while what is before and after it trains,
        and a line about them.

    Raises:
        ValueError: If there are too few characters.
    """
    examples = [each for part in (data.train, data.validation) for each in part]
    texts = [each.numpy().decode("utf-8", "replace") for each in examples]
    total = sum(map(len, texts))
    size = total // count
    if size < 2:
        raise ValueError(
            f"Texts are divided in folds of at least 2 characters: train and validation have "
            f"{total:,}. Received: folds={count}"
        )
    result = []
    for number in range(count):
        before, rest = _cut(texts, number * size)
        piece, after = (rest, []) if number == count - 1 else _cut(rest, size)
        parts = {"train": before + after, "validation": piece}
        sizes = {split: len(part) for split, part in parts.items()}
        datasets = {split: _dataset(part) for split, part in parts.items()}
        sizes["test"] = data.sizes.get("test")
        result.append(Data(**datasets, test=data.test, source=data.source, sizes=sizes))
    return result, f"Folds: {count} pieces in a row, of {size:,} characters"


def _dataset(texts):
    raw = [text.encode("utf-8", "replace") for text in texts]
    return tf.data.Dataset.from_tensor_slices(raw)


def _cut(texts, size):
    """The first `size` characters of texts in a row, and the others."""
    first, rest = [], []
    for text in texts:
        room = max(0, size - sum(map(len, first))) if not rest else 0
        if text[:room]:
            first.append(text[:room])
        if text[room:]:
            rest.append(text[room:])
    return first, rest


def _find(source, name):
    """The files of a source by split, as lists."""
    path = pathlib.Path(source)
    if path.is_file():
        return {"all": [path]}
    if path.is_dir() and name is None:
        folders = {
            SPLITS[item.name.lower()]: _texts_in(item)
            for item in sorted(path.iterdir())
            if item.is_dir() and item.name.lower() in SPLITS
        }
        folders = {split: found for split, found in folders.items() if found}
        if "train" in folders:
            return folders
        inside = [item for item in sorted(path.iterdir()) if item.is_file()]
        inside = [item for item in inside if item.suffix.lower() in SUFFIXES]
        plain = [item for item in inside if item.suffix.lower() not in tables.SUFFIXES]
        if plain and not any(item.stem.lower() in SPLITS for item in plain):
            return {"all": plain}
        if not inside and (found := _texts_in(path)):
            return {"all": found}
    return {split: [item] for split, item in files.find_splits(source, name, SUFFIXES).items()}


def _texts_in(folder):
    return sorted(item for item in folder.rglob("*.txt") if item.is_file())


def _read(path, encoding):
    text = decode(path, encoding).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise ValueError(f"{path} is empty: expected text")
    return text


def _of_table(table, split, names, given):
    """The texts of a table's rows by split."""
    column = table.match("target", names, given)
    values = table.columns[column]
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise ValueError(
                f"{table.where(row)}: the column {column!r} holds no text. Received: {value!r}"
            )
    groups = by_split_column(table, split)
    return {
        part: list(values) if rows is None else [values[row] for row in rows]
        for part, rows in groups.items()
    }


def _of_dataset(dataset):
    spec = dataset.element_spec
    text = isinstance(spec, tf.TensorSpec) and spec.dtype == tf.string
    if not text or spec.shape.rank not in (0, 1):
        raise ValueError(f"The dataset must give texts alone. Received: elements {spec}")
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError("The dataset must end: pass a part, such as `dataset.take(1_000)`")
    single = dataset.unbatch() if spec.shape.rank else dataset
    return [text.decode("utf-8", "replace") for text in single.as_numpy_iterator()]


def _listed(value):
    if isinstance(value, tf.data.Dataset):
        return _of_dataset(value)
    texts = [value] if isinstance(value, (str, bytes)) else list(value)
    for index, text in enumerate(texts):
        if not isinstance(text, (str, bytes)):
            raise ValueError(f"Texts must be strings. Received: {text!r} at position {index}")
    return [text.decode("utf-8", "replace") if isinstance(text, bytes) else text for text in texts]
