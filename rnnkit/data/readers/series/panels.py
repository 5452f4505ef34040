"""Several series in one table: the columns that tell them apart."""

import array

import numpy as np

from rnnkit.data.splits import take
from rnnkit.formats.cells import missing, number, numbers
from rnnkit.formats.times import find_time
from rnnkit.utils.messages import listed

# Names of columns whose values tell series, or recordings, apart.
_THINGS = (
    "series", "subject", "user", "session", "recording", "clip", "video", "sequence", "store",
    "item", "product", "sku", "sensor", "station", "device", "machine", "patient", "participant",
    "person", "trial", "run", "group", "ts",
)  # fmt: skip
ID_NAMES = (
    "id", "unique_id", "subj",
    *(name for thing in _THINGS for name in (thing, f"{thing}_id", f"{thing}id")),
)  # fmt: skip
# Columns that count the steps of a series; a month or an hour starts again by itself.
COUNTS = ("date", "time", "datetime", "timestamp", "ds", "t", "step", "frame", "index", "")
# Rows that a series has on average, for a column to tell series apart.
LEAST_ROWS = 5


def pieces(table, given=None, used=(), chosen=False):
    """The series of a table, each as a table of its own.

    Args:
        table: A `Table` with a row a time.
        given, used, chosen: As in `rows_of`.

    Returns:
        The pair of a list of the columns that tell series apart, empty for a single series, and a
        dict of the name of each series, None for a single one, to a `Table` without them.

    Raises:
        ValueError: As `rows_of`.
    """
    names, rows = rows_of(table, given, used, chosen)
    if not names:
        return [], {None: table}
    found = {key: take(table, own) for key, own in rows.items()}
    for part in found.values():
        part.columns = {name: cells for name, cells in part.columns.items() if name not in names}
    return names, found


def rows_of(table, given=None, used=(), chosen=False):
    """The rows of each series of a table.

    Args:
        table: A `Table` with a row a time.
        given: Column, list of columns, or their names with commas, that the user says tell the
            series apart. None looks for columns with such a name, as `id_columns` does.
        used: Columns that the user uses as inputs or targets.
        chosen: Whether the user chose the inputs.

    Returns:
        The pair of a list of the columns that tell series apart, empty for a single series, and a
        dict of the name of each series, its values joined by `/`, to its rows.

    Raises:
        ValueError: If the times start again and no column tells why; the message names the row.
    """
    if given is None:
        names = id_columns(table, used)
    else:
        names = table.matches("series", given)
    if not names:
        _check_single(table)
        return [], {None: range(table.size)}
    rows = {}
    for row, texts in enumerate(zip(*(_names(table.columns[name]) for name in names), strict=True)):
        if None in texts:
            raise ValueError(
                f"{table.where(row)}: the column {names[texts.index(None)]!r} is empty, so that "
                "the row belongs to no series"
            )
        name = "/".join(texts)
        if name not in rows:
            rows[name] = array.array("q")
        rows[name].append(row)
    if given is None and not _apart(table, names, rows, chosen):
        return [], {None: range(table.size)}
    return names, rows


def _apart(table, names, rows, chosen):
    """Whether series that the name of a column makes are apart.

    Series stand one below the other, or have times in common. A column that changes to and fro
    while the time goes on may be a value of one series: it is where the user chose the inputs, and
    is refused where nobody said.
    """
    if all(each[-1] - each[0] + 1 == len(each) for each in rows.values()):
        return True
    _, seconds = find_time(table.columns, table.where)
    if seconds is not None and len(np.unique(seconds)) < len(seconds):
        return True
    counts = [c for name, c in table.columns.items() if str(name).strip().lower() in COUNTS]
    if any(len({_text(cell) for cell in cells}) < table.size for cells in counts):
        return True
    if chosen:
        return False
    named = ", ".join(map(repr, names))
    raise ValueError(
        f"{table.source}: the column {named} may tell {len(rows)} series apart, or be a value that "
        f"changes within one. Say series={names[0]!r}, or name the columns of one series with "
        "input=... and target=..."
    )


def id_columns(table, used=()):
    """The columns of a table that tell series apart by their names and values.

    A column counts that is called `series`, `subject`, `user`, `session`, `recording`, `id`,
    `store` or the like, whose values occur in five rows or more on average and are not all the
    same. It is none where it is asked for as an input or a target.

    Args:
        table: A `Table`.
        used: Columns that are inputs or targets.

    Returns:
        List of names.
    """
    found = []
    for name, cells in table.columns.items():
        if str(name).strip().lower() not in ID_NAMES or name in used:
            continue
        values = {_text(cell) for cell in cells}
        if 1 < len(values) <= table.size / LEAST_ROWS and _whole(cells):
            found.append(name)
    return found


def _check_single(table):
    """Refuses a table of one series whose times, or whose count of steps, start again."""
    names, seconds = find_time(table.columns, table.where)
    if seconds is not None:
        falls = np.flatnonzero(np.diff(seconds) < 0)
        # Where all times differ the rows are out of order alone, which is said elsewhere.
        if len(falls) and len(np.unique(seconds)) <= 0.9 * len(seconds):
            _refuse_restart(table, int(falls[0]) + 1, names[0])
        return
    for name, cells in table.columns.items():
        if str(name).strip().lower() not in COUNTS:
            continue
        values, bad = numbers(cells)
        steps = np.diff(values)
        if bad is not None or not len(steps) or not np.isfinite(steps).all():
            continue
        falls, rise = np.flatnonzero(steps < 0), np.median(steps)
        if len(falls) and rise > 0 and np.mean(steps == rise) >= 0.8:
            _refuse_restart(table, int(falls[0]) + 1, name)


def _refuse_restart(table, row, name):
    others = [
        str(other) for other, cells in table.columns.items()
        if other != name and 1 < len({_text(cell) for cell in cells}) <= table.size / LEAST_ROWS
    ]  # fmt: skip
    hint = f" Columns with few values: {listed(others)}" if others else ""
    cell = table.columns[name][row]
    if isinstance(cell, np.datetime64) or hasattr(cell, "isoformat"):
        cell = str(cell)[:19].replace("T", " ")
    else:
        cell = repr(cell.item() if isinstance(cell, np.integer) else cell)
    raise ValueError(
        f"{table.where(row)}: the column {name!r} starts again at {cell}. "
        "Either these are several series: say with series=... which column tells them apart, or "
        "call it series, subject, id or the like. Or it is one series whose rows are not in the "
        f"order of time: sort them.{hint}"
    )


def _blank(cell):
    return missing(cell) or not str(cell).strip()


def _names(cells):
    """The text of each cell, None for an empty one; cells that are alike are read once."""
    known = {}
    for cell in cells:
        key = (type(cell), cell) if isinstance(cell, (str, int, float, np.generic)) else id(cell)
        if key not in known:
            known[key] = None if _blank(cell) else _text(cell)
        yield known[key]


def _text(cell):
    """The name of a series: whole numbers are the same whether or not they are floats."""
    text = str(cell).strip()
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def _whole(cells):
    """Whether cells are texts or whole numbers; some may be empty."""
    found = [number(cell) for cell in cells if not _blank(cell)]
    return all(each is None or (np.isfinite(each) and each == int(each)) for each in found)
