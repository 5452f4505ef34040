"""A row below the header that holds units, or a second header."""

import datetime
import numbers

import numpy as np

from rnnkit.formats.cells import missing
from rnnkit.formats.decimals import is_number
from rnnkit.formats.times import is_time
from rnnkit.utils.messages import listed

# Rows that show what a column holds.
LEAST = 3


def refuse(table, target=None):
    """Refuses a table whose first row is of words where all that is below are numbers or times.

    Such a row would be an example of its own, of a class called "kWh". All columns that hold
    numbers or times must agree, and there must be two of them, or no other columns: a lone word
    among numbers is a cell of data.

    Args:
        table: A `Table`. One whose columns are called by position has no header.
        target: Name of the column of the targets, which is enough by itself.

    Returns:
        The table.

    Raises:
        ValueError: If there is such a row; the message has its cells and its line.
    """
    if table.size <= LEAST or not all(isinstance(name, str) for name in table.columns):
        return table
    found = []
    for name, cells in table.columns.items():
        first, head = cells[0], [cells[row] for row in range(1, LEAST + 1)]
        if not all(map(_is_value, head)):
            continue  # of words, or with gaps: it shows nothing
        if _is_value(first):
            return table
        if isinstance(first, str) or missing(first):  # the time may have no unit
            found.append(name)
    if all(_is_empty(table.columns[name][0]) for name in found):
        return table
    # All cells are looked at only where the first ones show such a row.
    found = [name for name in found if _values_below(table.columns[name])]
    if len(found) > 1 or len(found) == len(table.columns) or target in found:
        row = ", ".join(repr(str(cells[0])) for cells in table.columns.values())
        raise ValueError(
            f"{table.where(0)}: {row} looks like a row of units, or a second header, not like "
            f"data: in {listed(found, 5)} all rows below it hold numbers or times. Take it out of "
            "the table"
        )
    return table


def _values_below(cells):
    """Whether a column holds numbers or times, or nothing, in all rows but the first."""
    cells = iter(cells)
    next(cells)
    return all(_is_empty(cell) or _is_value(cell) for cell in cells)


def _is_empty(cell):
    return missing(cell) or (isinstance(cell, str) and not cell.strip())


def _is_value(cell):
    if _is_empty(cell):
        return False
    if isinstance(cell, str):
        return is_number(cell) or is_time(cell)
    return isinstance(cell, (numbers.Number, np.generic, datetime.date))
