"""Tables of examples: csv, tsv and jsonl files, and pandas frames, as columns of values."""

import csv
import io
import json
import pathlib
import re

import numpy as np

from rnnkit.formats import bounds
from rnnkit.utils.checks import nearest
from rnnkit.utils.messages import listed, shorten

SUFFIXES = (".csv", ".tsv", ".jsonl")
# Each column is kept on its own, so that many take long.
MOST_COLUMNS = 20_000
# Lists within lists in a cell of jsonl; pictures are three deep.
MOST_NESTED = 20
_LINE_END = "\r\n|\r|\n"


class Table:
    """Columns of equal length, each a list of values, with where each row came from.

    Args:
        columns: Dict of column name to list of values.
        lines: Line number of each row in its file, or None.
        source: What to call the table in messages.
    """

    def __init__(self, columns, lines=None, source="the table"):
        self.columns = columns
        self.source = source
        self.size = len(next(iter(columns.values()))) if columns else 0
        self.lines = lines or range(1, self.size + 1)

    def where(self, row):
        """Where a row came from, in words: `data.csv, line 7`."""
        return f"{self.source}, line {self.lines[row]}"

    def match(self, role, names, given=None):
        """The name of the column that plays a role.

        Args:
            role: What the column is for, such as `"input"`.
            names: Names that are taken for it, case-insensitively, the first ones first.
            given: The user's own choice: a column's name, or its position from 0.

        Returns:
            The column's name.

        Raises:
            ValueError: If there is no such column.
        """
        known = list(self.columns)
        lowered = {str(name).strip().lower(): name for name in known}
        if given is not None:
            if isinstance(given, int) and 0 <= given < len(known):
                return known[given]
            if str(given).strip().lower() in lowered:
                return lowered[str(given).strip().lower()]
            raise ValueError(
                f"{self.source} has no column {given!r} for the {role}."
                f"{nearest(given, map(str, known))} Columns found: {listed(known)}"
            )
        for name in names:
            if name in lowered:
                return lowered[name]
        raise ValueError(
            f"{self.source} has no column for the {role}: expected one of {list(names)} (or say "
            f"which with {role}=...). Columns found: {listed(known)}"
        )


def read_table(path, encoding="utf-8", header=True):
    """Reads a csv, tsv or jsonl file.

    In a tsv file quotes are ordinary characters, except that a field wrapped in quotes whose
    inner quotes are all doubled is unwrapped, as spreadsheets write it.

    Args:
        path: Path that ends in `.csv`, `.tsv` or `.jsonl`.
        encoding: Character encoding of the file.
        header: Whether the first row names the columns, or a function of its cells that tells; if
            not they are called 0, 1, ...

    Returns:
        A `Table`.

    Raises:
        ValueError: If the file is missing, empty, cannot be decoded, or a row does not fit; the
            message names the line.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file {str(path)!r}")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"{path} is of a type that is not read; expected one of {', '.join(SUFFIXES)}"
        )
    text = decode(path, encoding)
    if not text.strip():
        raise ValueError(f"{path} is empty: expected a header and at least one row")
    table = parse(text, str(path), suffix, header)
    if not table.size:
        names = list(table.columns)
        raise ValueError(f"{path} has a header but no rows. Columns found: {listed(names)}")
    return table


def parse(text, label, suffix=".csv", header=True):
    """Text of a csv, tsv or jsonl file as a `Table`, of size 0 where it holds no rows.

    Args:
        text: The text.
        label: What to call it in messages.
        suffix: `".csv"`, `".tsv"` or `".jsonl"`.
        header: As in `read_table`.

    Raises:
        ValueError: If the text is not of that format, or a row does not fit.
    """
    if suffix == ".jsonl":
        return _read_jsonl(label, text)
    if not text.strip():
        return Table({}, [], label)
    frame = _tsv_frame(text, label, header) if suffix == ".tsv" else _csv_frame(text, label, header)
    named, names = _names(frame.iloc[0].dropna().tolist(), header)
    if len(set(names)) != len(names):
        raise ValueError(f"{label} names a column twice. Columns found: {listed(names)}")
    fields = frame.notna().sum(axis=1)  # of each row: pandas fills up the short ones
    wrong = fields.index[fields != len(names)]
    if len(wrong):
        raise ValueError(_unequal(label, wrong[0], names, fields[wrong[0]]))
    frame = frame.iloc[1:] if named else frame
    columns = {name: frame[index].tolist() for index, name in enumerate(names)}
    return Table(columns, frame.index.tolist(), label)


def decode(path, encoding):
    """A file's text; undecodable bytes are reported with their line."""
    raw = bounds.read(path)
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: the bytes {raw[error.start : error.start + 4]!r} are not "
            f"{encoding}. Say how the file is encoded, for example encoding='latin-1'"
        ) from None
    except UnicodeError as error:
        raise ValueError(f"{path} is not {encoding} ({shorten(error)})") from None
    except LookupError:
        raise ValueError(
            f"encoding must name a character encoding. Received: {encoding!r}"
        ) from None


def from_frame(frame):
    """A pandas frame (or anything with `columns` and item access) as a `Table`."""
    names = list(frame.columns)
    if len(set(names)) != len(names):
        raise ValueError(f"The frame names a column twice. Columns found: {listed(names)}")
    columns = {name: list(frame[name]) for name in names}
    return Table(columns, list(range(len(frame))), "the frame")


def parse_json(text, label):
    """A text of JSON as a value.

    Args:
        text: The text.
        label: What to call it in messages.

    Raises:
        ValueError: If it is not valid, or nests lists deeper than `MOST_NESTED`.

    Example:

    >>> parse_json('{"a": [1]}', "the text")
    {'a': [1]}
    """
    deep = f"{label}: lists and objects in one another; at most {MOST_NESTED} levels are allowed"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{label}: no valid JSON ({error.msg})") from None
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"{label}: no valid JSON ({shorten(error)})") from None
    except RecursionError:
        raise ValueError(deep) from None
    if _deeper(value, MOST_NESTED):
        raise ValueError(deep)
    return value


def _deeper(value, levels):
    """Whether lists and dicts are nested in more levels."""
    if not isinstance(value, (list, dict)):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in items)


def _read_jsonl(label, text):
    rows = []
    # Not str.splitlines: JSON strings may hold the rare characters it also splits at.
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        row = parse_json(content, f"{label}, line {line}")
        if not isinstance(row, dict):
            raise ValueError(
                f"{label}, line {line}: expected an object {{...}}, found {content[:40]}"
            )
        rows.append((line, row))
    names = list(rows[0][1]) if rows else []
    _check_columns(len(names), label)
    for line, row in rows:
        if set(row) != set(names):
            odd = sorted(set(row) ^ set(names))
            raise ValueError(
                f"{label}, line {line}: expected the keys {listed(names)}, but {listed(odd)} differ"
            )
    return Table(
        {name: [row[name] for _, row in rows] for name in names},
        [line for line, _ in rows],
        label,
    )


def _names(first, header):
    """Whether the first row of a table names its columns, and their names."""
    named = header(first) if callable(header) else header
    return named, [name.strip() for name in first] if named else list(range(len(first)))


def _csv_frame(text, label, header):
    """Rows of csv as a frame of texts; its index has the line at which each row begins."""
    import pandas as pd

    body = text.lstrip("\r\n")
    # Python's engine refuses stray quotes and tells short rows from empty cells. The one in C,
    # which is faster, does neither: it is for text without quotes, in which as many commas as
    # there should be show that no row is short.
    commas = body.partition("\n")[0].count(",")
    rows = body.count("\n") + (not body.endswith("\n"))
    plain = not re.search(r'["\0]|\r(?!\n)', body) and body.count(",") == commas * rows > 0
    _check_columns(commas + 1 if plain else 1, label)
    limit = csv.field_size_limit(2**31 - 1)  # Python's engine is built on csv
    try:
        # It would fill up rows that are short, whatever memory that takes.
        if not plain and (fault := _fault(text, label, header)):
            raise ValueError(fault)
        frame = pd.read_csv(
            io.StringIO(body, newline=""),
            header=None,
            dtype=object,
            na_filter=False,
            skip_blank_lines=False,  # so that the lines of rows can be counted
            engine="c" if plain else "python",
        )
    except pd.errors.ParserError:
        raise ValueError(_fault(text, label, header) or f"{label}: no valid csv") from None
    finally:
        csv.field_size_limit(limit)
    inside = np.zeros(len(frame), int)  # line ends inside of each row's quotes
    for name in frame if '"' in text else ():
        inside += frame[name].str.count(_LINE_END).fillna(0).to_numpy("int64")
    before = len(re.findall(_LINE_END, text[: len(text) - len(body)]))
    lines = 1 + before + np.arange(len(frame)) + np.cumsum(inside) - inside
    return frame.set_axis(lines).dropna(how="all")


def _fault(text, label, header):
    """What is wrong with csv, and in which line; None where it can be read."""
    reader, start, names = csv.reader(io.StringIO(text, newline=""), strict=True), 1, None
    try:
        for row in reader:
            if row and names is None:
                _check_columns(len(row), label)
                names = _names(row, header)[1]
            if row and len(row) != len(names):
                return _unequal(label, start, names, len(row))
            start = reader.line_num + 1
    except csv.Error as error:
        return (
            f"{label}, line {reader.line_num}: no valid csv ({error}). A quote inside a field must "
            "be doubled; for tab-separated text use a .tsv file"
        )
    return None


def _check_columns(count, label):
    if count > MOST_COLUMNS:
        raise ValueError(
            f"{label} has {count:,} columns; at most {MOST_COLUMNS:,} are allowed. Leave out those "
            "that are not needed"
        )


def _unequal(label, line, names, found):
    some = shorten(", ".join(map(str, names)))
    return f"{label}, line {line}: expected {len(names)} fields ({some}) but found {found}"


def _tsv_frame(text, label, header):
    """Rows between tabs as a frame of texts; its index has the line of each row."""
    import pandas as pd

    # Not str.splitlines, which also splits at form feeds and other rare characters.
    rows = pd.Series(text.replace("\r\n", "\n").split("\n"), dtype=object).str.rstrip("\r")
    rows.index += 1
    rows = rows[rows != ""]
    fields = rows.str.count("\t") + 1
    _check_columns(fields.iloc[0], label)
    wrong = fields.index[fields != fields.iloc[0]]
    if len(wrong):  # it would fill up the short ones, whatever memory that takes
        names = _names(rows.iloc[0].split("\t"), header)[1]
        raise ValueError(_unequal(label, wrong[0], names, fields[wrong[0]]))
    return rows.str.split("\t", expand=True).map(_unquote, na_action="ignore")


def _unquote(field):
    if len(field) > 1 and field[0] == field[-1] == '"' and '"' in field[1:-1]:
        inner = field[1:-1]
        if '"' not in inner.replace('""', ""):
            return inner.replace('""', '"')
    return field
