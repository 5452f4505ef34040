"""Tables of examples: csv, tsv and jsonl files, and pandas frames, as columns of values."""

import json
import pathlib

from rnnkit.formats import bounds, separated
from rnnkit.formats.separated import check_columns
from rnnkit.utils.checks import nearest
from rnnkit.utils.messages import listed, shorten

SUFFIXES = (".csv", ".tsv", ".jsonl")
# Lists within lists in a cell of jsonl; pictures are three deep.
MOST_NESTED = 20


class Table:
    """Columns of equal length, each a list of values, with where each row came from.

    Args:
        columns: Dict of column name to list of values.
        lines: Line number of each row in its file, or None.
        source: What to call the table in messages.
        positions: Names of the columns as they stand in the file, None for those that are left
            out; by default those of `columns`.
    """

    def __init__(self, columns, lines=None, source="the table", positions=None):
        self.columns = columns
        self.source = source
        self.positions = list(columns) if positions is None else positions
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
            if isinstance(given, int) and 0 <= given < len(self.positions):
                if self.positions[given] is None:
                    raise ValueError(
                        f"{self.source}: the column {given} for the {role} has neither name nor "
                        f"content. Columns found: {listed(known)}"
                    )
                return self.positions[given]
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


def read_table(path, encoding="utf-8", header=True, separator=None):
    """Reads a csv, tsv or jsonl file.

    Columns without name and content are left out; those without name that have some are called
    `Unnamed: 2` by their position, as in pandas. In a tsv file quotes are ordinary characters,
    except that a field wrapped in quotes whose inner quotes are all doubled is unwrapped, as
    spreadsheets write it.

    Args:
        path: Path that ends in `.csv`, `.tsv` or `.jsonl`.
        encoding: Character encoding of the file.
        header: Whether the first row names the columns; or a function that tells from its cells
            and the columns below by number (None before they are read), such as
            `rnnkit.formats.headers.told`. If not they are called 0, 1, ...
        separator: What stands between columns, one character. By default a tab in tsv; in csv one
            of `, ; | tab`, told from the first rows, and printed if it is no comma.

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
    table = parse(text, str(path), suffix, header, separator)
    if not table.size:
        names = list(table.columns)
        raise ValueError(f"{path} has a header but no rows. Columns found: {listed(names)}")
    return table


def parse(text, label, suffix=".csv", header=True, separator=None):
    """Text of a csv, tsv or jsonl file as a `Table`, of size 0 where it holds no rows.

    Args:
        text: The text.
        label: What to call it in messages.
        suffix: `".csv"`, `".tsv"` or `".jsonl"`.
        header: As in `read_table`.
        separator: As in `read_table`.

    Raises:
        ValueError: If the text is not of that format, or a row does not fit; also if the
            separator could be one of two.
    """
    if suffix == ".jsonl":
        return _read_jsonl(label, text)
    if not text.strip():
        return Table({}, [], label)
    names, frame = separated.read(text, label, suffix, header, separator)
    columns, positions = {}, []
    for index, name in enumerate(names):
        cells = frame[index].tolist()
        if name == "" and len(cells) and not any(map(str.strip, cells)):
            positions.append(None)
            continue
        name = f"Unnamed: {index}" if name == "" else name
        if name in columns:
            raise ValueError(f"{label} names a column twice. Columns found: {listed(names)}")
        columns[name] = cells
        positions.append(name)
    return Table(columns, frame.index.tolist(), label, positions)


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
    check_columns(len(names), label)
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
