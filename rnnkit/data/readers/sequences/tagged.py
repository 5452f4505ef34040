"""Tagged sentences from whatever holds them, as raw examples (words, tags)."""

import collections.abc
import pathlib

from rnnkit.data import splits
from rnnkit.data.readers import tfds_features
from rnnkit.data.readers.examples import path_of
from rnnkit.data.readers.files import find_splits
from rnnkit.data.readers.sequences import conll
from rnnkit.formats.cells import as_text, missing
from rnnkit.formats.tables import SUFFIXES, from_frame, is_table
from rnnkit.utils.messages import shorten

ENDINGS = tuple(dict.fromkeys((*SUFFIXES, *conll.SUFFIXES)))


def load(source, request):
    """Tagged sentences for a recipe of words with tags or entities.

    Args:
        source: A file of columns (see `conll.read`), a table (csv, tsv, jsonl) with a row a
            sentence, a folder of splits of these, a pandas frame, a pair (sentences, tags) or a
            dict of splits of these.
        request: A `Request`.

    Returns:
        A `Data` whose examples are pairs of string tensors `[words]`.
    """
    if isinstance(source, dict):
        parts = {
            split: _from_table(from_frame(part), request)
            if hasattr(part, "columns")
            else _from_pair(part)
            for split, part in splits.named(source).items()
        }
        return splits.from_columns(parts, "a dict")
    if isinstance(source, (tuple, list)):
        return splits.from_columns({"all": _from_pair(source)}, "arrays")
    if hasattr(source, "columns"):
        return splits.from_columns({"all": _from_table(from_frame(source), request)}, "a frame")
    parts = {}
    for split, path in find_splits(path_of(source), request.name, ENDINGS).items():
        found = _read(path, request)
        for part, rows in splits.by_split_column(found, split).items():
            parts[part] = _from_table(splits.take(found, rows), request)
    return splits.from_columns(parts, str(source))


def _read(path, request):
    if pathlib.Path(path).suffix.lower() not in ENDINGS and not is_table(path):
        raise ValueError(
            f"{path} is of a type that is not read; expected one of {', '.join(ENDINGS)}"
        )
    recipe = request.recipe
    if conll.looks_like(path, recipe.columns, request.encoding):
        return conll.read(path, recipe.data_types[1], request.given, request.encoding)
    return request.table(path)


def _from_table(table, request):
    """Raw tensors of a table with a sentence a row; its cells hold lists, or words with spaces."""
    own = set(table.columns) == {"words", "tags"}  # as `conll.read` makes it
    columns = {"input": "words", "target": "tags"} if own else request.columns(table)
    sides = [_sides(table.columns[columns[role]], table.where) for role in ("input", "target")]
    return _paired(*sides, table.where)


def _sides(values, where):
    """Each sentence of a column as a list of words."""
    found = []
    for row, value in enumerate(values):
        try:
            found.append(_items(value))
        except ValueError as error:
            raise ValueError(f"{where(row)}: {error}") from None
    return found


def _items(value):
    if isinstance(value, str):
        return value.split()
    if isinstance(value, collections.abc.Iterable) and not isinstance(value, (dict, bytes)):
        return [as_text(each).decode("utf-8", "replace") for each in value]
    if missing(value):
        return []
    raise ValueError(
        f"expected words with spaces between them, or a list of words. Received: "
        f"{shorten(repr(value), 80)}"
    )


def _from_pair(pair):
    if len(pair) != 2 or len(pair[0]) != len(pair[1]):
        raise ValueError(
            "Arrays are passed as a pair (sentences, tags) of equal length. "
            f"Received: lengths {[len(part) for part in pair]}"
        )

    def where(row):
        return f"position {row}"

    return _paired(*(_sides(part, where) for part in pair), where)


def _paired(sentences, tags, where):
    """Ragged tensors of sentences and tags of the same lengths; empty sentences are left out."""
    from rnnkit.features.words import ragged

    kept = []
    for row, (words, marks) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(marks):
            raise ValueError(
                f"{where(row)}: a sentence of {len(words)} words has {len(marks)} tags. "
                f"Received: {' '.join(words)[:80]!r} and {' '.join(marks)[:80]!r}"
            )
        if words:
            kept.append((words, marks))
    if not kept:
        raise ValueError("The data holds no sentence")
    return tuple(ragged(side) for side in zip(*kept, strict=True))


def pairs(dataset, request):
    """A dataset of single raw pairs; a ValueError says what others hold."""
    spec = dataset.element_spec
    pair = isinstance(spec, tuple) and len(spec) == 2
    ranks = {part.shape.rank for part in spec} if pair else set()
    if ranks not in ({1}, {2}):
        raise ValueError(
            "The dataset must give pairs (words, tags) of string tensors [words], or batches of "
            f"them. Received: elements {spec}"
        )
    return dataset.unbatch() if ranks == {2} else dataset


# === TFDS ===


def example(builder, x, y):
    """Function from a row of a TFDS dataset to raw `(words, tags)`, classes as their names."""
    name = tfds_features.named(builder.info.features[y].feature)
    return lambda row: (row[x], name(row[y]))
