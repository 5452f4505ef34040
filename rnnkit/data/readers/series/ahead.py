"""The rows after the end of series of what is known ahead, such as promotions."""

import numpy as np

from rnnkit.data.readers.series import number_tables, panels
from rnnkit.data.readers.series.recent import any_table
from rnnkit.data.readers.series.times import format_time
from rnnkit.features.calendar import following
from rnnkit.formats.cells import numbers
from rnnkit.formats.times import find_time

# Part of a step by which a time may differ from the one that is looked for.
NEAR = 0.01


def rows_ahead(future, feature, ends, count, names=None):
    """The values of the columns known ahead, after the end of each series.

    Args:
        future: A table (frame, path of a file) with these columns, and the times where the feature
            has them; several series in it are told apart as in the past. Or an array
            `[count, columns]`, for one column also `[count]`, and of several series a list of them.
        feature: The `Series` feature; its `future` names the columns.
        ends: Time of the last row of each series, in seconds since 1970, or None where there are no
            times; as many as there are series.
        count: Rows that are needed, the horizon.
        names: Names of the series in the table of the past, or None.

    Returns:
        Float64 array `[series, count, columns]`.

    Raises:
        ValueError: Where rows or values are missing; the message names the first of them.
    """
    known = feature.future
    if future is None:
        after = "the end of each series"
        if ends[0] is not None:
            times = following(ends[0], count, feature.step, feature.frequency)
            after = f"{format_time(times[0])} to {format_time(times[-1])}"
        raise ValueError(
            f"The model forecasts with columns that are known ahead: pass future=... with {known} "
            f"of {count} rows ({after})"
        )
    if not (isinstance(future, (str, bytes)) or hasattr(future, "columns") or _is_path(future)):
        return _arrays(future, known, len(ends), count)
    table = any_table(future)
    columns = {str(name).strip().lower() for name in table.columns}
    there = [name for name in feature.series or [] if name.strip().lower() in columns]
    _, found = panels.pieces(table, there or None, feature.names)
    if names is None and len(found) == 1:
        parts = [next(iter(found.values()))] * len(ends)
    else:
        lacking = [name for name in names or [None] if name not in found]
        if lacking:
            raise ValueError(
                f"{table.source} has no rows of the series {lacking[0]!r}. Series found: "
                f"{list(found)[:10]}"
            )
        parts = [found[name] for name in names or [None]]
    return np.stack([
        _of_table(part, feature, end, count) for part, end in zip(parts, ends, strict=True)
    ])  # fmt: skip


def _is_path(value):
    return hasattr(value, "__fspath__")


def _arrays(future, known, series, count):
    """Arrays of one series or several as one array."""
    try:
        values = np.asarray(future, "float64")
    except (TypeError, ValueError):
        raise ValueError(
            f"future must be a table with the columns {known}, or numbers. Received: "
            f"{str(future)[:80]!r}"
        ) from None
    wanted = (series, count, len(known))
    fits = values.size == np.prod(wanted) and values.shape in (
        wanted, *([wanted[1:]] if series == 1 else []),
        *([wanted[:2]] if len(known) == 1 else []),
        *([(count,)] if series == 1 and len(known) == 1 else []),
    )  # fmt: skip
    if not fits:
        raise ValueError(
            f"future must have {count} rows after the end of each of {series} series, with the "
            f"columns {known}. Received: an array of shape {values.shape}"
        )
    values = values.reshape(wanted)
    if not np.isfinite(values).all():
        raise ValueError("future must hold finite numbers alone. Received: NaN or infinity")
    return values


def _of_table(table, feature, end, count):
    """The rows after one series, of a table that holds them."""
    cells, label = number_tables.cells_of(table)
    lowered = {name.lower(): name for name in cells}
    found = []
    for name in feature.future:
        name = lowered.get(name.lower())
        if name is None:
            raise ValueError(
                f"{table.source} has no column {feature.future[len(found)]!r}, which the forecast "
                f"needs ahead. Columns found: {list(cells)}"
            )
        values, bad = numbers(cells[name])
        if bad is not None:
            raise ValueError(
                f"{label} {table.lines[bad]}: the column {name!r} holds {cells[name][bad]!r}, "
                "which is no number"
            )
        found.append(values)
    values = np.stack(found, axis=1)
    rows = np.arange(len(values))
    if end is not None:
        times = following(end, count, feature.step, feature.frequency)
        _, seconds = find_time(cells, lambda row: f"{label} {table.lines[row]}")
        if seconds is None:
            raise ValueError(
                f"{table.source} has no column of times, by which its rows are found. Columns "
                f"found: {list(cells)}"
            )
        order = np.argsort(seconds, kind="stable")
        at = np.searchsorted(seconds[order], times - NEAR * feature.step)
        at = order[np.minimum(at, len(order) - 1)]
        missing = np.abs(seconds[at] - times) > NEAR * feature.step
        if missing.any():
            first = int(np.argmax(missing))
            raise ValueError(
                f"{table.source} lacks {missing.sum()} of the {count} rows after "
                f"{format_time(end)}, the first is that of {format_time(times[first])}"
            )
        rows = at
    elif len(rows) < count:
        raise ValueError(
            f"{table.source} must have {count} rows, those after the end of the series. Received: "
            f"{len(rows)}"
        )
    values = values[rows[:count]]
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"{label} {table.lines[rows[row]]}: the column {feature.future[column]!r} holds no "
            "finite number, which the forecast needs"
        )
    return values
