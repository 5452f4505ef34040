"""Text with a separator between columns, csv and tsv, as columns of texts."""

import array
import csv
import io
import os
import re

from rnnkit.formats import separators
from rnnkit.formats.texts import BLOCK, Builder, Texts
from rnnkit.utils.messages import listed, shorten
from rnnkit.utils.progress import Progress, told

# Each column is kept on its own, so that many take long.
MOST_COLUMNS = 20_000
_LINE_END = "\r\n|\r|\n"
_CODING = ("utf-8", "surrogatepass")
# Rows that are made texts of at a time; fewer where there are many columns.
_ROWS, _CELLS = 2048, 16_384
# What pandas is told besides; blank lines are kept so that the lines of rows can be counted.
_AS_TEXT = {
    "header": None, "dtype": object, "na_filter": False, "skip_blank_lines": False,
    "encoding_errors": "surrogatepass",
}  # fmt: skip


def read(text, label, suffix, header, separator=None):
    """Rows of text between separators.

    Args:
        text: The text in UTF-8, which holds more than blanks.
        label: What to call it in messages.
        suffix: `".csv"` or `".tsv"`.
        header: As in `rnnkit.formats.tables.read_table`.
        separator: What stands between columns, or None: a tab in tsv, in csv told from the head.

    Returns:
        The columns' names; a list of `Texts`; and the line at which each row begins.

    Raises:
        ValueError: If a row does not fit; the message names its line.
    """
    if separator is not None:
        separators.check(separator)
    if suffix == ".tsv" and separator in (None, "\t"):
        columns, lines = _tsv_columns(text, label, header)
    else:
        head = text[: 4 * separators.MOST_CHARACTERS].decode("utf-8", "ignore")
        rest, own = separators.declared(head)
        if own:
            text = b"\n" + text[text.index(b"\n") + 1 :]
        separator = separator or own or separators.of(rest, label)
        columns, lines = _csv_columns(text, label, header, separator)
    first, below = [cells[0] for cells in columns], [cells.below() for cells in columns]
    named, names = _names(first, header, below)
    if named and len(lines) == 1 and len(set(names)) != len(names):
        raise ValueError(f"{label} names a column twice. Columns found: {listed(names)}")
    return (names, below, lines[1:]) if named else (names, columns, lines)


def _names(first, header, below=None):
    """Whether the first row of a table names its columns, and their names."""
    named = header(first, below) if callable(header) else header
    return named, [name.strip() for name in first] if named else list(range(len(first)))


def _csv_columns(text, label, header, separator):
    """Columns of csv as `Texts`, and the line at which each row begins."""
    start = len(text) - len(text.lstrip(b"\r\n")) if text[:1] in b"\r\n" else 0
    # The engine of pandas in C, which is fast, neither refuses stray quotes nor tells short rows
    # from empty cells: it is for text without quotes, in which as many separators as there should
    # be show that no row is short.
    unusual = b'"' in text or b"\0" in text or text.count(b"\r") != text.count(b"\r\n")
    found = None if unusual else _plain_columns(text, label, separator, start)
    return found or _quoted_columns(text, label, header, separator)


def _plain_columns(text, label, separator, start):
    """Columns by the engine in C, and lines; None where it does not tell what is wrong."""
    import pandas as pd

    mark, end = separator.encode(*_CODING), text.find(b"\n", start)
    count = text.count(mark, start, len(text) if end < 0 else end)
    rows = text.count(b"\n", start) + (not text.endswith(b"\n"))
    # If one row is short another is long, which that engine refuses.
    if text.count(mark, start) != count * rows or not count or len(mark) > 1:
        return None
    check_columns(count + 1, label)
    stream = io.BytesIO(text)  # without a copy
    stream.seek(start)
    builders = [Builder() for _ in range(count + 1)]
    size = max(1, min(_ROWS, _CELLS // len(builders)))
    options = {"sep": separator, "engine": "c", "quoting": csv.QUOTE_NONE, **_AS_TEXT}
    try:
        with pd.read_csv(_decoded(stream), chunksize=size, **options) as chunks:
            reading = f"Reading {os.path.basename(label)}"
            for chunk in told(chunks, reading, rows, len):
                for index, builder in enumerate(builders):
                    builder.extend(chunk[index].tolist())
    except pd.errors.ParserError:
        return None
    before = len(re.findall(_LINE_END, text[:start].decode("ascii")))
    return _done(builders), range(before + 1, before + rows + 1)


def _done(builders):
    """The columns of builders, each of which is let go of when it is done."""
    columns = []
    for index, builder in enumerate(builders):
        builders[index] = None
        columns.append(builder.done())
    return columns


def _quoted_columns(text, label, header, separator):
    """The same, of any csv, by Python's own reader."""
    reader = csv.reader(_decoded(io.BytesIO(text)), strict=True, delimiter=separator)
    start, names, rows, several = 1, None, [], False
    progress = Progress(f"Reading {os.path.basename(label)}", text.count(b"\n"))
    builders, lines = [], array.array("q")
    limit = csv.field_size_limit(2**31 - 1)
    try:
        with progress:
            for row in reader:
                if row:
                    if names is None:
                        check_columns(len(row), label)
                        names, builders = _names(row, header)[1], [Builder() for _ in row]
                        size = max(1, min(_ROWS, _CELLS // len(row)))
                    if len(row) != len(names):
                        raise ValueError(_unequal(label, start, names, len(row)))
                    rows.append(row)
                    lines.append(start)
                    several = several or reader.line_num > start
                    if len(rows) == size:
                        _append(builders, rows)
                        progress.at(start)
                start = reader.line_num + 1
    except csv.Error as error:
        opens = _opening(text.decode(*_CODING), start, reader.line_num, separator)
        at = f" after the quote that opens in line {opens}" if opens != reader.line_num else ""
        raise ValueError(
            f"{label}, line {reader.line_num}: no valid csv{at} ({error}). A quote inside a field "
            "must be doubled, and one at its start needs one at its end; for tab-separated text "
            "use a .tsv file"
        ) from None
    finally:
        csv.field_size_limit(limit)
    _append(builders, rows)
    columns = _done(builders)
    if several and (fault := _swallowed(columns, lines, label, separator)):
        raise ValueError(fault)
    return columns, _even(lines)


def _append(builders, rows):
    """Appends rows, which are emptied, to the columns."""
    for builder, cells in zip(builders, zip(*rows, strict=True), strict=bool(rows)):
        builder.extend(cells)
    rows.clear()


def _even(lines):
    """Line numbers as a range where all follow one another."""
    if len(lines) and lines[-1] - lines[0] + 1 == len(lines):
        return range(lines[0], lines[-1] + 1)
    return lines


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


def _swallowed(columns, lines, label, separator):
    """What is wrong where two stray quotes make one field of several rows; None if nothing is.

    The lines within the field are then rows themselves: each has as many fields as there are
    columns, and one of them holds what other rows hold in that column.
    """
    size = len(columns)
    if size == 1:
        return None
    fields = []  # column, row, and the rows that may be within
    for column, cells in enumerate(columns):
        for row, cell in enumerate(cells):
            if re.search(_LINE_END, cell.strip()):
                first, *others = re.split(_LINE_END, cell)[:-1]
                rows = [next(csv.reader([line], delimiter=separator), []) for line in others]
                if column < size - 1:
                    before = [each[row] for each in columns[:column]]
                    rows.append(before + next(csv.reader([first], delimiter=separator), []))
                if rows and all(len(each) == size for each in rows):
                    fields.append((column, row, len(others), rows))
    known = []
    for index, cells in enumerate(columns):
        wanted = {each[index].strip() for *_, rows in fields for each in rows} - {""}
        wanted = {each for each in wanted if not re.search(_LINE_END, each)}
        known.append(wanted and wanted.intersection(map(str.strip, cells)))
    for column, row, others, rows in fields:
        alike = [
            index
            for index in range(size)
            if all(each[index].strip() in known[index] for each in rows)
        ]
        if alike and (others or max(alike) > column):
            line = lines[row] + sum(
                len(re.findall(_LINE_END, each[row])) for each in columns[:column]
            )
            last = line + others + 1
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


def _tsv_columns(text, label, header):
    """Columns between tabs as `Texts`, and the line of each row."""
    if b"\r\n" in text:
        text = text.replace(b"\r\n", b"\n")
    start = len(text) - len(text.lstrip(b"\n")) if text[:1] == b"\n" else 0
    unusual = b"\r" in text or b"\0" in text
    found = None if unusual else _plain_columns(text, label, "\t", start)
    columns, lines = found or _lines_of_tsv(text, label, header)
    if b'"' in text:
        columns = [_unquoted(cells) for cells in columns]
    return columns, lines


def _lines_of_tsv(text, label, header):
    """The same, line by line, without those that are empty."""
    names, rows, builders, lines = None, [], [], array.array("q")
    # Not str.splitlines, which also splits at form feeds and other rare characters.
    for number, line in enumerate(io.TextIOWrapper(io.BytesIO(text), *_CODING, newline="\n"), 1):
        row = line.removesuffix("\n").rstrip("\r").split("\t")
        if row == [""]:
            continue
        if names is None:
            check_columns(len(row), label)
            names, builders = _names(row, header)[1], [Builder() for _ in row]
        if len(row) != len(names):
            raise ValueError(_unequal(label, number, names, len(row)))
        rows.append(row)
        lines.append(number)
        if len(rows) == BLOCK:
            _append(builders, rows)
    _append(builders, rows)
    return _done(builders), _even(lines)


def _decoded(stream):
    """A stream of UTF-8 as one of text; `io.StringIO` takes four bytes a character."""
    return io.TextIOWrapper(stream, *_CODING, newline="")


def _unquoted(cells):
    """Cells of a column between tabs without the quotes around them: of those that double what is
    within, and of all if all below the first row have them."""
    count, everywhere = 0, True
    for field in cells.below():
        if field:
            count, everywhere = count + 1, _enclosed(field)
        if not everywhere:
            break
    everywhere = everywhere and count > 1

    def bare(field):
        if (everywhere or '"' in field[1:-1]) and _enclosed(field):
            return field[1:-1].replace('""', '"')
        return field

    return Texts.of(map(bare, cells))


def _enclosed(field):
    """Whether quotes are around a field, and those within are doubled."""
    ends = len(field) > 1 and field[0] == field[-1] == '"'
    return ends and '"' not in field[1:-1].replace('""', "")
