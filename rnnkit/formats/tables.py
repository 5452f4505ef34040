"""Tables of examples: csv, tsv, json and jsonl files, and pandas frames, as columns of values.

Columns of files are `rnnkit.formats.texts.Texts`, which take little more memory than the file.
"""

import pathlib

from rnnkit.formats import compressed, contents, json_rows, separated
from rnnkit.formats.encodings import content, is_binary
from rnnkit.utils.checks import nearest
from rnnkit.utils.messages import listed

# Endings of tables; in a folder one of json may be about the data, rather than be it.
SUFFIXES = (".csv", ".tsv", ".jsonl")
FILES = (*SUFFIXES, ".json")
# Bytes that are looked at first.
HEAD = 4096
_EXPECTED = f"Tables end in {', '.join(FILES)}, also compressed ({', '.join(compressed.SUFFIXES)})"


class Table:
    """Columns of equal length, each a list of values, with where each row came from.

    Args:
        columns: Dict of column name to list of values, or `rnnkit.formats.texts.Texts`.
        lines: Line number of each row in its file, or None.
        source: What to call the table in messages.
        positions: Names of the columns as they stand in the file, None for those that are left
            out; by default those of `columns`.
        unit: What `lines` count: `"line"` or `"row"`.
    """

    def __init__(self, columns, lines=None, source="the table", positions=None, unit="line"):
        self.columns = columns
        self.source = source
        self.unit = unit
        self.positions = list(columns) if positions is None else positions
        self.size = len(next(iter(columns.values()))) if columns else 0
        self.lines = lines or range(1, self.size + 1)

    def where(self, row):
        """Where a row came from, in words: `data.csv, line 7`."""
        return f"{self.source}, {self.unit} {self.lines[row]}"

    def match(self, role, names, given=None):
        """The name of the column that plays a role.

        Args:
            role: What the column is for, such as `"input"`.
            names: Names that are taken for it, case-insensitively, the first ones first.
            given: The user's own choice: a column's name, or its position from 0; or a key within
                the objects of a column, `"data.text"`, which then is a column too.

        Returns:
            The column's name.

        Raises:
            ValueError: If there is no such column.
        """
        known = list(self.columns)
        lowered = {str(name).strip().lower(): name for name in known}
        if isinstance(given, (list, tuple)) and len(given) != 1:
            raise ValueError(
                f"{self.source}: one column is the {role} here. Received: {role}={given!r}"
            )
        given = given[0] if isinstance(given, (list, tuple)) else given
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
            if self._take_nested(str(given).strip()):
                return str(given).strip()
            raise ValueError(
                f"{self.source} has no column {given!r} for the {role}."
                f"{nearest(given, map(str, self._known()))} Columns found: {listed(self._known())}"
            )
        for name in names:
            if name in lowered:
                return lowered[name]
        raise ValueError(
            f"{self.source} has no column for the {role}: expected one of {list(names)} (or say "
            f"which with {role}=...). Columns found: {listed(self._known())}"
        )

    def matches(self, role, given):
        """The names of the columns that a user gave for a role, as a list.

        Args:
            role: As in `match`.
            given: A name or a position, several names or positions with commas between them, or a
                list of these; or None.
        """
        if given is None:
            return []
        known = {str(name).strip().lower() for name in self.columns}
        if isinstance(given, str) and given.strip().lower() not in known:
            given = [part.strip() for part in given.split(",")]
        found = []
        for each in given if isinstance(given, (list, tuple)) else [given]:
            position = isinstance(each, str) and each.isdigit() and each not in known
            found.append(self.match(role, (), int(each) if position else each))
        return found

    def _known(self):
        """Names of the columns, and of the keys within those of objects."""
        names = []
        for name, cells in self.columns.items():
            keys = list(next((cell for cell in cells if isinstance(cell, dict)), ()))
            names += [f"{name}.{key}" for key in keys] or [name]
        return names

    def _take_nested(self, name):
        """Makes the values of a key within objects, `data.text`, a column; False without any."""
        first, *keys = name.split(".")
        if not keys or first not in self.columns:
            return False
        cells, found = self.columns[first], False
        for key in keys:
            found = any(isinstance(cell, dict) and key in cell for cell in cells)
            cells = [cell.get(key) if isinstance(cell, dict) else None for cell in cells]
        if found:
            self.columns[name] = cells
        return found


def is_table(path):
    """Whether a file is a table by its ending, compressed or not."""
    return compressed.bare(path).suffix.lower() in FILES


def read_table(path, encoding="utf-8", header=True, separator=None):
    """Reads a csv, tsv, json or jsonl file, which may be compressed (`.csv.gz`).

    Columns without name and content are left out; those without name that have some are called
    `Unnamed: 2` by their position, as in pandas. In a tsv file quotes are ordinary characters,
    except that a field wrapped in quotes whose inner quotes are all doubled is unwrapped, as
    spreadsheets write it.

    Args:
        path: Path that ends in `.csv`, `.tsv`, `.jsonl` or `.json` (see
            `rnnkit.formats.json_rows.read`), perhaps with `.gz`, `.bz2`, `.xz` or `.zip` after it.
            A file of text with another ending, or none, is read as its content shows, and this is
            printed.
        encoding: Character encoding of the file, if it does not begin with a mark of its own.
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
    suffix = compressed.bare(path).suffix.lower()
    if suffix in contents.OTHERS:
        raise ValueError(f"{path} is of a type that is not read: save it as csv. {_EXPECTED}")
    if suffix not in FILES and is_binary(path):
        raise ValueError(f"{path} is of a type that is not read. {_EXPECTED}")
    text = content(path, encoding)
    if is_blank(text):
        raise ValueError(f"{path} is empty: expected a header and at least one row")
    if suffix not in FILES:
        suffix = contents.kind_of(text.decode("utf-8", "surrogatepass"), str(path))
        if suffix is None:
            raise ValueError(
                f"{path} holds no table: expected as many tabs, or other separators of columns, in "
                f"each line, or JSON. {_EXPECTED}"
            )
        print(f"{path}: read as {contents.WORDS[suffix]}, by its content")
    table = parse(text, str(path), suffix, header, separator)
    if not table.size:
        names = list(table.columns)
        raise ValueError(f"{path} has a header but no rows. Columns found: {listed(names)}")
    return table


def parse(text, label, suffix=".csv", header=True, separator=None):
    """Text of a csv, tsv, json or jsonl file as a `Table`, of size 0 where it holds no rows.

    Args:
        text: The text, or its bytes in UTF-8.
        label: What to call it in messages.
        suffix: `".csv"`, `".tsv"`, `".jsonl"` or `".json"`.
        header: As in `read_table`.
        separator: As in `read_table`.

    Raises:
        ValueError: If the text is not of that format, or a row does not fit; also if the
            separator could be one of two.
    """
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    if suffix in (".jsonl", ".json"):
        columns, numbers, unit = json_rows.read(text, label, suffix)
        return Table(columns, numbers, label, unit=unit)
    if is_blank(text):
        return Table({}, [], label)
    names, found, lines = separated.read(text, label, suffix, header, separator)
    columns, positions = {}, []
    for index, (name, cells) in enumerate(zip(names, found, strict=True)):
        if name == "" and len(cells) and not any(map(str.strip, cells)):
            positions.append(None)
            continue
        name = f"Unnamed: {index}" if name == "" else name
        if name in columns:
            raise ValueError(f"{label} names a column twice. Columns found: {listed(names)}")
        columns[name] = cells
        positions.append(name)
    return Table(columns, lines, label, positions)


def is_blank(text):
    """Whether bytes of UTF-8 hold white space alone."""
    head = text[:HEAD].decode("utf-8", "ignore")
    return not head.strip() and not text.decode("utf-8", "surrogatepass").strip()


def from_frame(frame):
    """A pandas frame (or anything with `columns` and item access) as a `Table`."""
    names = list(frame.columns)
    if len(set(names)) != len(names):
        raise ValueError(f"The frame names a column twice. Columns found: {listed(names)}")
    columns = {name: list(frame[name]) for name in names}
    return Table(columns, range(len(frame)), "the frame")
