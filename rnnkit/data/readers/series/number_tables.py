"""Tables of series: files without header too, txt files of numbers, and frames with an index."""

import pathlib

import numpy as np

from rnnkit.formats import decimals, units
from rnnkit.formats.cells import number
from rnnkit.formats.encodings import decode
from rnnkit.formats.tables import Table, from_frame, read_table
from rnnkit.formats.times import is_time


def read(path, encoding, header=None, separator=None, decimal=None):
    """A file as a `Table`; without a header the columns are called 0, 1, ...

    Numbers have decimal points, see `rnnkit.formats.decimals.with_points`.
    """
    if pathlib.Path(path).suffix.lower() == ".txt":
        return _read_numbers(pathlib.Path(path), encoding)
    table = read_table(path, encoding, is_header if header is None else header, separator)
    return decimals.with_points(units.refuse(table), decimal)


def is_header(cells, below=None):
    """Whether the first row of a file names its columns: not all of it are numbers and dates."""
    del below
    return not all(decimals.is_number(cell) or is_time(cell) for cell in cells)


def _read_numbers(path, encoding):
    """A txt file of numbers between spaces or line ends: a line is a row."""
    lines = [(line, row.split()) for line, row in enumerate(decode(path, encoding).split("\n"), 1)]
    lines = [(line, row) for line, row in lines if row and not row[0].startswith("#")]
    if not lines:
        raise ValueError(f"{path} is empty: expected numbers, one row a line")
    if len(lines) == 1:
        lines = [(lines[0][0], [cell]) for cell in lines[0][1]]
    width = len(lines[0][1])
    for line, row in lines:
        if len(row) != width:
            raise ValueError(
                f"{path}, line {line}: expected {width} numbers as in the lines before but found "
                f"{len(row)}"
            )
        for cell in row:
            if number(cell) is None:
                raise ValueError(
                    f"{path}, line {line}: expected numbers between spaces but found {cell!r}. "
                    "Tables with names or dates are read from .csv files"
                )
    columns = {index: [row[index] for _, row in lines] for index in range(width)}
    return Table(columns, [line for line, _ in lines], str(path))


def of_frame(frame, decimal=None):
    """A pandas frame or Series as a `Table`, an index that is no plain count as a column."""
    if not hasattr(frame, "columns"):
        frame = frame.to_frame("0" if frame.name is None else frame.name)
    if getattr(getattr(frame, "index", None), "nlevels", 1) > 1:  # such as store and date
        frame = frame.reset_index()
    table = from_frame(frame)
    table.unit = "row"
    units.refuse(table)
    for name in table.columns:  # numbers, and times without a zone, as arrays
        kind = frame[name].dtype
        if isinstance(kind, np.dtype) and kind.kind in "iufM":
            table.columns[name] = frame[name].to_numpy()
    table = decimals.with_points(table, decimal)
    table.unit = "row"
    index = getattr(frame, "index", None)
    if index is not None and getattr(index.dtype, "kind", "O") not in "iuf":
        name = "date" if index.name is None else str(index.name)
        if name not in map(str, table.columns):
            table.columns = {name: list(index), **table.columns}
    return table


def cells_of(table):
    """Dict of name to cells without the `split` column, and what to call the rows."""
    label = f"{table.source}, {'row' if table.source in ('the frame', 'the array') else 'line'}"
    columns = {str(name).strip(): cells for name, cells in table.columns.items()}
    return {name: cells for name, cells in columns.items() if name.lower() != "split"}, label
