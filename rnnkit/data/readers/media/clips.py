"""Sequences with a label on every frame, which is a vector or a picture: a csv file each."""

import functools
import glob
import os
import pathlib
import re

import numpy as np
import tensorflow as tf

from rnnkit.data.readers import class_names, tfds_features
from rnnkit.data.readers.media.clip_parts import alike, from_sequences
from rnnkit.data.readers.media.picture_store import Store
from rnnkit.data.readers.series import panels
from rnnkit.data.splits import SPLITS, named
from rnnkit.formats import bounds, picture_headers, pictures, units
from rnnkit.formats.cells import as_label, as_text, missing
from rnnkit.formats.tables import SUFFIXES, from_frame
from rnnkit.formats.texts import Texts
from rnnkit.formats.times import TIME_NAMES

# Columns of numbers that say which frame it is, not what is in it.
COUNTS = (*TIME_NAMES, "split", "index", "unnamed: 0", "", "t", "step")
PICTURES = ("frame", "path", "image", "file", "filename", "picture")
_LEADING = re.compile(rf"^(?:.*[_.\-])?(?P<split>{'|'.join(SPLITS)})(?:[_.\-].*)?$", re.IGNORECASE)

# === Sources ===


def load(source, request):
    """A user's sequences of frames as `Data`.

    Args:
        source: A folder of csv, tsv or jsonl files, one a sequence with a row a frame, in split
            folders (`train`, `test`) or with the split in their names (`train_1.csv`) or not; one
            such file, or a pandas frame, where a column `clip`, `video`, `subject`, `session`,
            `recording` or the like may tell sequences apart, or the one that `series` names; a
            pattern; a list of files; or a dict of `train`, `validation`, `test` to these.
            Or a pair of lists of arrays and labels; see `from_arrays`.
        request: A `Request`; `"input"` may name several columns, with commas or as a list.

    Returns:
        A `Data` of raw `(x, y)`: x float64 `[time, columns]`, or uint8 `[time, height, width,
        channels]` where a column `frame`, `path` or `image` has the names of pictures; y strings
        `[time]`. `info["columns"]` has the names of the columns.

    Raises:
        ValueError: For what cannot be read; the message has the file and the line.
    """
    if isinstance(source, tuple):
        return from_arrays(source, request.split, request.names)
    parts, columns = {}, None
    frames = _Frames(_label(source))
    for split, found in _tables(source, request).items():
        while found:
            table = found.pop(0)
            table = request.numbers(table, request.column(table, "target"))
            for part, rows, apart in _pieces(table, split, request):
                x, y, names = _sequence(table, rows, request, columns, frames, apart)
                columns = columns or names
                parts.setdefault(part, []).append((x, y))
            del table
    return from_sequences(parts, columns, _label(source), request.split)


def _label(source):
    if isinstance(source, (dict, list)):
        return f"a {type(source).__name__}"
    return "a frame" if hasattr(source, "columns") else str(source)


def _tables(source, request):
    """Dict of split (or `"all"`) to a list of tables."""
    if isinstance(source, dict):
        parts = {}
        for split, part in named(source).items():
            found = _tables(part, request)
            parts[split] = [table for tables in found.values() for table in tables]
        return parts
    if hasattr(source, "columns"):
        return {"all": [units.refuse(from_frame(source))]}
    if isinstance(source, (list, tuple)):
        return {"all": [table for each in source for table in _tables(each, request)["all"]]}
    path = pathlib.Path(source)
    if path.is_file():
        return {"all": [request.table(path)]}
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES)
    else:
        files = [pathlib.Path(each) for each in sorted(glob.glob(os.fspath(source)))]
        files = [file for file in files if file.suffix.lower() in SUFFIXES]
    if not files:
        there = path.is_dir()
        raise ValueError(
            f"The folder {str(path)!r} holds no {', '.join(SUFFIXES)} files: expected one a "
            "sequence, with a row a frame and a column of labels"
            if there
            else f"There is no file or folder {str(path)!r}"
        )
    parts = {}
    for file in files:
        folders = file.relative_to(path).parts[:-1] if path.is_dir() else ()
        inside = [SPLITS[each.lower()] for each in folders if each.lower() in SPLITS]
        match = _LEADING.match(file.stem)
        split = inside[0] if inside else SPLITS[match["split"].lower()] if match else "all"
        parts.setdefault(split, []).append(request.table(file))
    if len(parts) > 1 and ("all" in parts or "train" not in parts):
        names = {split: tables[0].source for split, tables in parts.items()}
        raise ValueError(
            f"{str(path)!r}: either all files are in parts, with one for train, or none is. "
            f"Found: {names}"
        )
    if set(parts) & {"validation", "test"} and "train" not in parts:
        raise ValueError(f"{str(path)!r} has no training part. Found: {sorted(parts)}")
    return parts


def _pieces(table, split, request):
    """The sequences of a table, in order.

    Returns:
        List of the split, the row numbers, and the columns that tell the sequences apart.
    """
    used, chosen = request.used(table), "input" in request.given
    apart, found = panels.rows_of(table, request.series, used, chosen)
    lowered = {str(name).strip().lower(): name for name in table.columns}
    own = lowered.get("split") if split == "all" else None
    pieces = []
    for rows in found.values():
        parts = {}
        for row in rows:
            part = split
            if own is not None:
                word = str(table.columns[own][row]).strip().lower()
                if word not in SPLITS:
                    raise ValueError(
                        f"{table.where(row)}: the column {own!r} must hold one of "
                        f"{sorted(SPLITS)}. Received: {table.columns[own][row]!r}"
                    )
                part = SPLITS[word]
            parts.setdefault(part, []).append(row)
        pieces += [(part, own_rows, apart) for part, own_rows in parts.items()]
    return pieces


# === One sequence ===


def _sequence(table, rows, request, known, frames, apart):
    """`(x, y, names of the columns)` of some rows of a table."""
    target = request.column(table, "target")
    labels, shared = [], {}  # there are few
    for row in rows:
        value = table.columns[target][row]
        text = b"" if missing(value) else _label_of(value, table.where(row))
        if text.lower() in (b"", b"nan"):
            raise ValueError(
                f"{table.where(row)}: the frame has no label in the column "
                f"{target!r}. Received: {value!r}"
            )
        if request.names is not None:
            text = class_names.name_of(value, request.names, table.where(row)).encode()
        labels.append(shared.setdefault(text, text))
    names = _inputs(table, target, request.given.get("input"), apart)
    if known is not None and names != known:
        if set(names) < set(known) or not set(known) <= set(map(str, table.columns)):
            absent = sorted(set(known) - set(map(str, table.columns)))
            raise ValueError(
                f"{table.source} has no numbers in the columns {absent}, which the others have. "
                f"Columns found: {list(table.columns)}"
            )
        names = known
    by_name = {str(name): name for name in table.columns}
    if len(names) == 1 and names[0].lower() in PICTURES:
        return frames.read(table, rows, by_name[names[0]]), labels, names
    values = np.empty((len(rows), len(names)))
    for column, name in enumerate(names):
        values[:, column] = _numbers(table, rows, by_name[name])
    return values, labels, names


def _label_of(value, where):
    try:
        value = as_label(value)
        whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
        return as_text(int(value) if whole else value).strip()
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _inputs(table, target, chosen, apart):
    """Names of the columns of a frame: as chosen; a column of pictures; or all of numbers."""
    if chosen is not None:
        wanted = chosen if isinstance(chosen, (list, tuple)) else str(chosen).split(",")
        wanted = [str(each).strip() for each in wanted]
        wanted = [int(each) if each.isdigit() else each for each in wanted]
        return [str(table.match("input", (), each)) for each in wanted]
    others = [name for name in table.columns if name != target and name not in apart]
    for name in others:
        word = str(name).strip().lower()
        if word in PICTURES and _is_file_name(table.columns[name][0]):
            return [str(name)]
    names = [
        str(name)
        for name in others
        if str(name).strip().lower() not in COUNTS and _is_number(table.columns[name][0])
    ]
    if not names:
        raise ValueError(
            f"{table.source} has neither columns of numbers nor one of {list(PICTURES)} with the "
            f"names of pictures. Columns found: {list(table.columns)}"
        )
    return names


def _is_file_name(value):
    return isinstance(value, str) and value.strip().lower().endswith(pictures.SUFFIXES)


def _is_number(value):
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _number(table, row, name):
    value = table.columns[name][row]
    where = f"{table.where(row)}: the column {name!r}"
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{where} must hold a number. Received: {value!r}") from None
    if not np.isfinite(number):
        raise ValueError(f"{where} must hold a finite number. Received: {value!r}")
    return number


def _numbers(table, rows, name):
    """What a column of numbers holds in some rows; the table keeps it as numbers from then on."""
    cells = table.columns[name]
    if isinstance(cells, Texts):
        values, start = np.empty(len(cells)), 0
        try:
            for block in cells.blocks():
                values[start : start + len(block)] = list(map(float, block))
                start += len(block)
        except (ValueError, OverflowError):  # a row is named below
            values[:] = np.nan
        if np.isfinite(values).all():
            table.columns[name] = cells = values
    if isinstance(cells, np.ndarray):
        return cells[np.asarray(rows, "int64")]
    return [_number(table, row, name) for row in rows]


class _Frames:
    """Reads the pictures that tables name as frames.

    Args:
        label: What to call the tables in messages.
    """

    def __init__(self, label):
        self._made = bounds.Made(label, "frames", picture_headers.RATIO)
        self._stores = {}
        self._kept = functools.lru_cache(64)(self._frame)  # rows may share a picture

    def read(self, table, rows, name):
        """The frames that a column names, uint8 `[frames, height, width, channels]`."""
        source = pathlib.Path(table.source)
        folder, found = source.parent if source.is_file() else pathlib.Path("."), []
        for row in rows:
            where = table.where(row)
            try:
                if missing(table.columns[name][row]):
                    raise ValueError(f"the column {name!r} is empty")
                content, frame = self._kept(folder, str(table.columns[name][row]))
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from None
            if found and frame.shape[:2] != found[0].shape[:2]:
                raise ValueError(
                    f"{where}: the frames of a clip are of one size, {found[0].shape[0]} x "
                    f"{found[0].shape[1]} pixels. Received: {frame.shape[0]} x {frame.shape[1]}"
                )
            self._made.add(content, len(content), frame.nbytes)
            found.append(frame)
        return alike(found)

    def _frame(self, folder, path):
        """The bytes and the pixels of a picture."""
        if folder not in self._stores:
            self._stores[folder] = Store(folder)
        content = pictures.to_bytes(path, self._stores[folder].find)
        frame = tf.io.decode_image(content, expand_animations=False)
        return content, np.round(pictures.on_white(frame).numpy()).astype("uint8")


# === TFDS and arrays ===


def example(builder, x, y):
    """A function from a TFDS example to raw `(frames, labels)`."""
    name = tfds_features.named(builder.info.features[y].feature)
    return lambda row: (row[x], name(row[y]))


def from_arrays(source, fractions=None, names=None):
    """Data from a pair `(x, y)`: lists of clips or vectors `[time, ...]` and of their labels.

    Args:
        source: The pair.
        fractions: As in `clip_parts.from_sequences`.
        names: Names of the classes whose numbers the labels are, or None.

    Raises:
        ValueError: If the parts differ in length; the message has the position.
    """
    if len(source) != 2 or len(source[0]) != len(source[1]):
        sizes = " and ".join(str(len(part)) for part in source)
        raise ValueError(
            "Sequences are passed as a pair (x, y) of lists of equal length: arrays, and the "
            f"labels of their frames. Received: {sizes}"
        )
    pairs = []
    for index, (x, y) in enumerate(zip(*source, strict=True)):
        x = np.asarray(x.numpy() if hasattr(x, "numpy") else x)
        y = y.numpy() if hasattr(y, "numpy") else y
        where = f"The sequence at position {index}"
        if names is not None:
            y = [class_names.name_of(each, names, where) for each in y]
        labels = [b"" if missing(each) else _label_of(each, where) for each in y]
        if len(x) != len(labels) or not len(labels):
            raise ValueError(
                f"Each frame must have a label. Received: {len(x)} frames and {len(labels)} labels "
                f"at position {index}"
            )
        if any(label.strip() in (b"", b"None", b"nan") for label in labels):
            raise ValueError(f"A frame of the sequence at position {index} has no label")
        try:
            pairs.append((x.astype("float64") if x.ndim == 2 else pictures.frames(x), labels))
        except ValueError as error:
            raise ValueError(f"The sequence at position {index}: {error}") from None
    return from_sequences({"all": pairs}, source="arrays", fractions=fractions)


def pairs(dataset, request):
    """A dataset of single raw `(x, y)`: frames `[time, ...]` and labels `[time]`."""
    spec = getattr(dataset, "element_spec", None)
    pair = isinstance(spec, tuple) and len(spec) == 2
    ranks = tuple(part.shape.rank for part in spec) if pair else None
    if ranks not in ((2, 1), (4, 1), (3, 2), (5, 2)):
        raise ValueError(
            "The dataset must give pairs (x, y), or batches of them: vectors (time, columns) or "
            f"frames (time, height, width, channels), and labels (time,). Received: elements {spec}"
        )
    return dataset.unbatch() if ranks[1] == 2 else dataset
