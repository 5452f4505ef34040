"""Text with a separator between columns, csv and tsv, as a pandas frame of texts."""

import csv
import io
import re

import numpy as np

from rnnkit.formats import separators
from rnnkit.utils.messages import listed, shorten

# Each column is kept on its own, so that many take long.
MOST_COLUMNS = 20_000
_LINE_END = "\r\n|\r|\n"
# What pandas is told besides; blank lines are kept so that the lines of rows can be counted.
_AS_TEXT = {"header": None, "dtype": object, "na_filter": False, "skip_blank_lines": False}


def read(text, label, suffix, header, separator=None):
    """Rows of text between separators.

    Args:
        text: The text, which holds more than blanks.
        label: What to call it in messages.
        suffix: `".csv"` or `".tsv"`.
        header: As in `rnnkit.formats.tables.read_table`.
        separator: What stands between columns, or None: a tab in tsv, in csv told from the head.

    Returns:
        The pair of the columns' names and a frame of texts; its index has the line at which each
        row begins.

    Raises:
        ValueError: If a row does not fit; the message names its line.
    """
    if separator is not None:
        separators.check(separator)
    if suffix == ".tsv" and separator in (None, "\t"):
        frame = _tsv_frame(text, label, header)
    else:
        text, own = separators.declared(text)
        separator = separator or own or separators.of(text, label)
        frame = _csv_frame(text, label, header, separator)
    first = frame.iloc[0].dropna().tolist()
    fields = frame.notna().sum(axis=1)  # of each row: pandas fills up the short ones
    wrong = fields.index[fields != len(first)]
    if len(wrong):
        names = _names(first, header)[1]
        raise ValueError(_unequal(label, wrong[0], names, fields[wrong[0]]))
    named, names = _names(first, header, frame.iloc[1:])
    if named and len(frame) == 1 and len(set(names)) != len(names):
        raise ValueError(f"{label} names a column twice. Columns found: {listed(names)}")
    return names, frame.iloc[1:] if named else frame


def _names(first, header, below=None):
    """Whether the first row of a table names its columns, and their names."""
    named = header(first, below) if callable(header) else header
    return named, [name.strip() for name in first] if named else list(range(len(first)))


def _csv_frame(text, label, header, separator):
    """Rows of csv as a frame of texts; its index has the line at which each row begins."""
    import pandas as pd

    body = text.lstrip("\r\n")
    # The engine of pandas in C, which is fast, neither refuses stray quotes nor tells short rows
    # from empty cells: it is for text without quotes, in which as many separators as there should
    # be show that no row is short.
    count = body.partition("\n")[0].count(separator)
    rows = body.count("\n") + (not body.endswith("\n"))
    unusual = '"' in body or "\0" in body or body.count("\r") != body.count("\r\n")
    if unusual or body.count(separator) != count * rows or not count:
        return _quoted_frame(text, label, header, separator)
    check_columns(count + 1, label)
    try:
        frame = pd.read_csv(_stream(body), sep=separator, engine="c", **_AS_TEXT)
    except pd.errors.ParserError:
        return _quoted_frame(text, label, header, separator)
    before = len(re.findall(_LINE_END, text[: len(text) - len(body)]))
    return frame.set_axis(1 + before + np.arange(len(frame))).dropna(how="all")


def _quoted_frame(text, label, header, separator):
    """The same, of any csv, by Python's own reader."""
    import pandas as pd

    reader = csv.reader(_stream(text), strict=True, delimiter=separator)
    start, names, rows, lines, several = 1, None, [], [], False
    limit = csv.field_size_limit(2**31 - 1)
    try:
        for row in reader:
            if row:
                if names is None:
                    check_columns(len(row), label)
                    names = _names(row, header)[1]
                if len(row) != len(names):
                    raise ValueError(_unequal(label, start, names, len(row)))
                rows.append(row)
                lines.append(start)
                several = several or reader.line_num > start
            start = reader.line_num + 1
    except csv.Error as error:
        opens = _opening(text, start, reader.line_num, separator)
        at = f" after the quote that opens in line {opens}" if opens != reader.line_num else ""
        raise ValueError(
            f"{label}, line {reader.line_num}: no valid csv{at} ({error}). A quote inside a field "
            "must be doubled, and one at its start needs one at its end; for tab-separated text "
            "use a .tsv file"
        ) from None
    finally:
        csv.field_size_limit(limit)
    frame = pd.DataFrame(rows, index=lines, dtype=object)
    if several and (fault := _swallowed(frame, label, separator)):
        raise ValueError(fault)
    return frame


def _opening(text, start, end, separator):
    """The line in which the quote opens that makes the row from line `start` to `end` no csv."""
    opens, inside = end, False
    for number, line in enumerate(re.split(_LINE_END, text)[start - 1 : end - 1], start):
        # Doubled quotes within a field are none.
        for field in line.split(separator):
            if not inside and field.startswith('"'):
                inside, opens, field = True, number, field[1:]
            if inside and field.count('"') % 2:
                inside = False
    return opens if inside else end


def _swallowed(frame, label, separator):
    """What is wrong where two stray quotes make one field of several rows; None if nothing is.

    The lines within the field are then rows themselves: each has as many fields as there are
    columns, and one of them holds what other rows hold in that column.
    """
    size = frame.shape[1]
    cells = [frame[index].str.strip() for index in frame]
    several = np.stack([column.str.contains("\n|\r", regex=True) for column in cells])
    if size == 1:
        return None
    known = [set(column[~inside]) - {""} for column, inside in zip(cells, several, strict=True)]
    for column, row in zip(*np.nonzero(several), strict=True):
        first, *others = re.split(_LINE_END, frame.iat[row, column])[:-1]
        rows = [next(csv.reader([line], delimiter=separator), []) for line in others]
        if column < size - 1:
            before = frame.iloc[row, :column].tolist()
            rows.append(before + next(csv.reader([first], delimiter=separator), []))
        alike = [
            index
            for index in range(size)
            if rows
            and all(len(each) == size and each[index].strip() in known[index] for each in rows)
        ]
        if alike and (others or max(alike) > column):
            line = frame.index[row] + sum(
                len(re.findall(_LINE_END, cell)) for cell in frame.iloc[row, :column]
            )
            last = line + len(others) + 1
            return (
                f"{label}, line {line}: a quote opens here and closes in line {last}, and what is "
                "between them looks like rows. Double the quotes inside of fields, or take these "
                "two out"
            )
    return None


def check_columns(count, label):
    """Refuses more columns than can be meant."""
    if count > MOST_COLUMNS:
        raise ValueError(
            f"{label} has {count:,} columns; at most {MOST_COLUMNS:,} are allowed. Leave out those "
            "that are not needed"
        )


def _unequal(label, line, names, found):
    some = shorten(", ".join(map(str, names)))
    fault = f"{label}, line {line}: expected {len(names)} fields ({some}) but found {found}"
    hint = ". If something else stands between its columns, say it: separator='^'"
    return fault + hint * (len(names) == 1)


def _tsv_frame(text, label, header):
    """Rows between tabs as a frame of texts; its index has the line of each row."""
    import pandas as pd

    text = text.replace("\r\n", "\n")
    frame = _plain_tsv_frame(text, label)
    if frame is None:
        # Not str.splitlines, which also splits at form feeds and other rare characters.
        rows = pd.Series(text.split("\n"), dtype=object).str.rstrip("\r")
        rows.index += 1
        rows = rows[rows != ""]
        fields = rows.str.count("\t") + 1
        check_columns(fields.iloc[0], label)
        wrong = fields.index[fields != fields.iloc[0]]
        if len(wrong):  # it would fill up the short ones, whatever memory that takes
            names = _names(rows.iloc[0].split("\t"), header)[1]
            raise ValueError(_unequal(label, wrong[0], names, fields[wrong[0]]))
        frame = rows.str.split("\t", expand=True)
    return frame.apply(_unquoted) if '"' in text else frame


def _plain_tsv_frame(text, label):
    """Rows between tabs by the engine in C, or None where it does not tell what is wrong."""
    import pandas as pd

    body = text.lstrip("\n")
    count = body.partition("\n")[0].count("\t")
    rows = body.count("\n") + (not body.endswith("\n"))
    # If one row is short another is long, which that engine refuses.
    if body.count("\t") != count * rows or not count or "\r" in body or "\0" in body:
        return None
    check_columns(count + 1, label)
    try:
        stream = _stream(body)
        frame = pd.read_csv(stream, sep="\t", engine="c", quoting=csv.QUOTE_NONE, **_AS_TEXT)
    except pd.errors.ParserError:
        return None
    return frame.set_axis(1 + len(text) - len(body) + np.arange(rows))


def _stream(text):
    """A text as a stream for pandas; `io.StringIO` takes four bytes a character."""
    body = io.BytesIO(text.encode("utf-8", "surrogatepass"))
    return io.TextIOWrapper(body, "utf-8", "surrogatepass", newline="")


def _unquoted(cells):
    """Cells of a column between tabs without the quotes around them: of those that double what is
    within, and of all if all below the first row have them."""
    body = cells.iloc[1:]
    filled = body[body.notna() & (body != "")]
    everywhere = len(filled) > 1 and all(map(_enclosed, filled))
    found = cells.copy()
    for row, field in cells.items():
        if isinstance(field, str) and (everywhere or '"' in field[1:-1]) and _enclosed(field):
            found[row] = field[1:-1].replace('""', '"')
    return found


def _enclosed(field):
    """Whether quotes are around a field, and those within are doubled."""
    ends = len(field) > 1 and field[0] == field[-1] == '"'
    return ends and '"' not in field[1:-1].replace('""', "")
