"""Tables of examples: csv, tsv and jsonl files, and pandas frames, as columns of values."""

import csv
import io
import json
import pathlib
import re

import numpy as np

from rnnkit.utils.checks import nearest

SUFFIXES = (".csv", ".tsv", ".jsonl")
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
                f"{nearest(given, map(str, known))} Columns found: {known}"
            )
        for name in names:
            if name in lowered:
                return lowered[name]
        raise ValueError(
            f"{self.source} has no column for the {role}: expected one of {list(names)} (or say "
            f"which with {role}=...). Columns found: {known}"
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
        raise ValueError(f"{path} has a header but no rows. Columns found: {names}")
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
    frame = _tsv_frame(text) if suffix == ".tsv" else _csv_frame(text, label, header)
    named, names = _names(frame.iloc[0].dropna().tolist(), header)
    if len(set(names)) != len(names):
        raise ValueError(f"{label} names a column twice. Columns found: {names}")
    fields = frame.notna().sum(axis=1)  # of each row: pandas fills up the short ones
    wrong = fields.index[fields != len(names)]
    if len(wrong):
        raise ValueError(_unequal(label, wrong[0], names, fields[wrong[0]]))
    frame = frame.iloc[1:] if named else frame
    columns = {name: frame[index].tolist() for index, name in enumerate(names)}
    return Table(columns, frame.index.tolist(), label)


def decode(path, encoding):
    """A file's text; undecodable bytes are reported with their line."""
    raw = pathlib.Path(path).read_bytes()
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: the bytes {raw[error.start : error.start + 4]!r} are not "
            f"{encoding}. Say how the file is encoded, for example encoding='latin-1'"
        ) from None
    except LookupError:
        raise ValueError(
            f"encoding must name a character encoding. Received: {encoding!r}"
        ) from None


def from_frame(frame):
    """A pandas frame (or anything with `columns` and item access) as a `Table`."""
    names = list(frame.columns)
    if len(set(names)) != len(names):
        raise ValueError(f"The frame names a column twice. Columns found: {names}")
    columns = {name: list(frame[name]) for name in names}
    return Table(columns, list(range(len(frame))), "the frame")


def _read_jsonl(label, text):
    rows = []
    # Not str.splitlines: JSON strings may hold the rare characters it also splits at.
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except json.JSONDecodeError as error:
            raise ValueError(f"{label}, line {line}: no valid JSON ({error.msg})") from None
        if not isinstance(row, dict):
            raise ValueError(
                f"{label}, line {line}: expected an object {{...}}, found {content[:40]}"
            )
        rows.append((line, row))
    names = list(rows[0][1]) if rows else []
    for line, row in rows:
        if set(row) != set(names):
            odd = sorted(set(row) ^ set(names))
            raise ValueError(f"{label}, line {line}: expected the keys {names}, but {odd} differ")
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
    limit = csv.field_size_limit(2**31 - 1)  # Python's engine is built on csv
    try:
        frame = pd.read_csv(
            io.StringIO(body, newline=""),
            header=None,
            dtype=object,
            na_filter=False,
            skip_blank_lines=False,  # so that the lines of rows can be counted
            engine="c" if plain else "python",
        )
    except pd.errors.ParserError:
        raise ValueError(_fault(text, label, header)) from None
    finally:
        csv.field_size_limit(limit)
    inside = np.zeros(len(frame), int)  # line ends inside of each row's quotes
    for name in frame if '"' in text else ():
        inside += frame[name].str.count(_LINE_END).fillna(0).to_numpy("int64")
    before = len(re.findall(_LINE_END, text[: len(text) - len(body)]))
    lines = 1 + before + np.arange(len(frame)) + np.cumsum(inside) - inside
    return frame.set_axis(lines).dropna(how="all")


def _fault(text, label, header):
    """What is wrong with csv that pandas cannot read, and in which line."""
    reader, start, names = csv.reader(io.StringIO(text, newline=""), strict=True), 1, None
    try:
        for row in reader:
            names = names or (_names(row, header)[1] if row else None)
            if row and len(row) != len(names):
                return _unequal(label, start, names, len(row))
            start = reader.line_num + 1
    except csv.Error as error:
        return (
            f"{label}, line {reader.line_num}: no valid csv ({error}). A quote inside a field must "
            "be doubled; for tab-separated text use a .tsv file"
        )
    return f"{label}: no valid csv"


def _unequal(label, line, names, found):
    listed = ", ".join(map(str, names))
    return f"{label}, line {line}: expected {len(names)} fields ({listed}) but found {found}"


def _tsv_frame(text):
    """Rows between tabs as a frame of texts; its index has the line of each row."""
    import pandas as pd

    # Not str.splitlines, which also splits at form feeds and other rare characters.
    rows = pd.Series(text.replace("\r\n", "\n").split("\n"), dtype=object).str.rstrip("\r")
    rows.index += 1
    return rows[rows != ""].str.split("\t", expand=True).map(_unquote, na_action="ignore")


def _unquote(field):
    if len(field) > 1 and field[0] == field[-1] == '"' and '"' in field[1:-1]:
        inner = field[1:-1]
        if '"' not in inner.replace('""', ""):
            return inner.replace('""', '"')
    return field
