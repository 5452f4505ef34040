"""Numbers with decimal commas (1,5) or groups of thousands (1.234,5) in the cells of tables."""

import re

import numpy as np

from rnnkit.formats.cells import EMPTY, missing, number
from rnnkit.formats.tables import Table
from rnnkit.formats.texts import Texts

MARKS = (",", ".")
_SPACES = " '\u00a0\u202f\u2019"  # between thousands
_SIGN, _END = r"\s*[+-]?", r"(?:[eE][+-]?\d+)?\s*"
# What a cell may be written in: decimal commas, decimal points, and either. One group of three
# digits after one mark may be thousands or decimals.
_COMMA = re.compile(
    rf"{_SIGN}(?:\d{{1,3}}(?:[.{_SPACES}]\d{{3}})+,\d+|\d{{1,3}}(?:\.\d{{3}}){{2,}}"
    rf"|(?:0|\d{{4,}})?,\d+{_END}|\d*,(?:\d{{1,2}}|\d{{4,}}){_END})"
)
_POINT = re.compile(
    rf"{_SIGN}(?:\d{{1,3}}(?:[,{_SPACES}]\d{{3}})+\.\d+|\d{{1,3}}(?:,\d{{3}}){{2,}}"
    rf"|(?:0|\d{{4,}})?\.\d+{_END}|\d*\.(?:\d{{1,2}}|\d{{4,}}){_END})"
)
_EITHER = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}[.,]\d{{3}}\s*")


def check(decimal):
    """Refuses what is no decimal mark."""
    if decimal not in (None, *MARKS):
        raise ValueError(f"decimal must be ',' or '.'. Received: decimal={decimal!r}")


def is_number(cell):
    """Whether a cell holds a number, or nothing, with either decimal mark.

    Example:

    >>> is_number("1.234,5"), is_number("1,5"), is_number("a")
    (True, True, False)
    """
    return number(cell) is not None or _form(cell) is not None


def with_points(table, decimal=None, apart=()):
    """A table in which numbers with commas are written with a decimal point alone.

    Only columns that hold numbers alone are changed. The decimal mark is one for the whole table.
    It is told from cells that can be read in one way, such as `1,5`, `0,125` or `1.234,5`, and
    printed; also as `decimal` says.

    Args:
        table: A `Table`.
        decimal: `","` or `"."`, or None to tell it.
        apart: Names of columns that hold no numbers, such as that of labels.

    Returns:
        A `Table`; the same one where no number has a comma.

    Raises:
        ValueError: If the decimal mark cannot be told, or cells show both; the message names the
            lines.

    Example:

    >>> with_points(Table({"x": ["1.234,5", "6"]}, source="a.csv")).columns
    a.csv, line 1: '1.234,5' is read as 1234.5, with a decimal comma (decimal='.' otherwise)
    {'x': ['1234.5', '6']}
    """
    check(decimal)
    known = [name for name in table.columns if name not in apart]
    commas = [name for name in known if _has(table.columns[name], ",")]
    numeric = [name for name in commas if all(map(is_number, table.columns[name]))]
    if not numeric and decimal != ",":
        return table
    points = [name for name in known if name not in commas and _has(table.columns[name], ".")]
    numeric += [name for name in points if all(map(is_number, table.columns[name]))]
    if decimal is None:
        decimal = _told(table, numeric)
    columns = {
        name: _all_plain(cells, decimal) if name in numeric else cells
        for name, cells in table.columns.items()
    }
    return Table(columns, table.lines, table.source, table.positions, table.unit)


def _has(cells, mark):
    if isinstance(cells, Texts):
        return cells.has(mark)
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        return False
    return any(isinstance(cell, str) and mark in cell for cell in cells)


def _form(cell):
    """How a text is written: `","`, `"."`, or `"either"`; None for what has no mark."""
    if not isinstance(cell, str):
        return None
    if _EITHER.fullmatch(cell):
        return "either"
    return "," if _COMMA.fullmatch(cell) else "." if _POINT.fullmatch(cell) else None


def _told(table, names):
    """The decimal mark of a table."""
    found = {}
    for name in names:
        for row, cell in enumerate(table.columns[name]):
            form = _form(cell)
            if form is not None and form not in found:
                found[form] = (row, cell.strip(), name)
        if len(found) == 3:
            break
    shown = {
        form: f"{table.where(row)}: {cell!r} in the column {name!r}"
        for form, (row, cell, name) in found.items()
    }
    if "," in found and "." in found:
        raise ValueError(
            f"{shown[',']} has a decimal comma, but {shown['.']} a decimal point. Write all "
            "numbers in one way, or say decimal=',' or decimal='.'"
        )
    if "," not in found and "." not in found:
        row, cell, name = found["either"]
        raise ValueError(
            f"{shown['either']} may be {_plain(cell, ',')} with a decimal comma or "
            f"{_plain(cell, '.')} with groups of thousands, and no other number shows which. Say "
            "decimal=',' or decimal='.'"
        )
    decimal = "," if "," in found else "."
    row, cell, _ = found[decimal] if decimal == "," else found.get("either", found[decimal])
    what, other = ("comma", ".") if decimal == "," else ("point", ",")
    print(
        f"{table.where(row)}: {cell!r} is read as {_plain(cell, decimal)}, with a decimal {what} "
        f"(decimal={other!r} otherwise)"
    )
    return decimal


def _all_plain(cells, decimal):
    """The cells of a column with decimal points alone, of the same kind as it."""
    plain = (_plain(cell, decimal) for cell in cells)
    return Texts.of(plain) if isinstance(cells, Texts) else list(plain)


def _plain(cell, decimal):
    """A cell with a decimal point alone; what does not fit the decimal mark stays as it is."""
    if missing(cell) or not isinstance(cell, str) or cell.strip().lower() in EMPTY:
        return cell
    if _form(cell) not in (decimal, "either"):
        return cell
    bare = cell.strip().replace("." if decimal == "," else ",", "")
    for space in _SPACES:
        bare = bare.replace(space, "")
    return bare.replace(",", ".")
