"""The rows after the end of series of what is known ahead, such as promotions."""

import numpy as np

from rnnkit.data.readers.series import covariates, number_tables, panels
from rnnkit.data.readers.series.recent import any_table
from rnnkit.data.readers.series.times import format_time
from rnnkit.features.calendar import following
from rnnkit.features.holidays import on_holidays
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
            Columns of holidays may be left out: they are known by the times.
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
    days = feature.holidays or {}
    known = [name for name in feature.future if name not in days]
    if future is None and not known:
        return np.stack([_holidays(feature, end, count) for end in ends])
    if future is None:
        after = "the end of each series"
        if ends[0] is not None:
            times = following(ends[0], count, feature.step, feature.frequency)
            after = f"{format_time(times[0])} to {format_time(times[-1])}"
        raise ValueError(
            "The model forecasts with columns that are known ahead: pass future=... with "
            f"{covariates.plain(known, feature.categories or {})} of {count} rows ({after})"
        )
    if not (isinstance(future, (str, bytes)) or hasattr(future, "columns") or _is_path(future)):
        values = _arrays(future, known or feature.future, len(ends), count)
        if not known:
            return values
        on_days = np.stack([_holidays(feature, end, count) for end in ends])
        return np.concatenate([values, on_days], axis=2)
    table = any_table(future)
    wanted = {name: texts for name, texts in (feature.categories or {}).items()
              if f"{name}={texts[0]}" in known}  # fmt: skip
    covariates.expand(table, wanted, feature.series or ())
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

    def where(row):
        return f"{label} {table.lines[row]}"

    lowered = {name.lower(): name for name in cells}
    found, days = [], {}
    for own in feature.future:
        name = lowered.get(own.lower())
        if name is None and own in (feature.holidays or ()):
            days[own] = len(found)
            found.append(np.zeros(len(table.lines)))
            continue
        if name is None:
            raise ValueError(
                f"{table.source} has no column {own!r}, which the forecast needs ahead. Columns "
                f"found: {list(cells)}"
            )
        values, bad = numbers(cells[name])
        if bad is not None:
            raise ValueError(
                f"{where(bad)}: the column {name!r} holds {cells[name][bad]!r}, which is no number"
            )
        found.append(values)
    values = np.stack(found, axis=1)
    rows = np.arange(len(values))
    if end is not None:
        times = following(end, count, feature.step, feature.frequency)
        _, seconds = find_time(cells, where, feature.daily)
        if seconds is None:
            raise ValueError(
                f"{table.source} has no column of times, by which its rows are found. Columns "
                f"found: {list(cells)}"
            )
        order = np.argsort(seconds, kind="stable")
        first = np.searchsorted(seconds[order], times - NEAR * feature.step)
        last = np.searchsorted(seconds[order], times + NEAR * feature.step, side="right")
        for time, *ends in zip(times, first, last, strict=True):
            one, *others = order[slice(*ends)] if np.diff(ends) > 1 else [0]
            for row in others:
                if not np.array_equal(values[row], values[one], equal_nan=True):
                    raise ValueError(
                        f"{where(row)}: the time {format_time(time)} occurs twice, "
                        f"first at {where(one)} with other values of what is known "
                        "ahead: keep one row a time, or say with series=... in training which "
                        "column tells series apart"
                    )
        at = order[np.minimum(first, len(order) - 1)]
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
    if days:
        known = dict(zip(feature.holidays, _holidays(feature, end, count).T, strict=True))
        for name, column in days.items():
            values[:, column] = known[name]
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"{where(rows[row])}: the column {feature.future[column]!r} holds no "
            "finite number, which the forecast needs"
        )
    return values


def _holidays(feature, end, count):
    """The columns of holidays at the rows after a series, `[count, kinds]`.

    Raises:
        ValueError: If no day is known that is not past.
    """
    days = feature.holidays or {}
    if not days:
        return np.zeros((count, 0))
    last = max(dates[-1] for dates in days.values())
    times = following(end, count, feature.step, feature.frequency)
    if last < format_time(times[0])[:10]:
        raise ValueError(
            f"The last holiday that the model knows is {last}, before {format_time(times[0])}, "
            f"where the forecast begins: pass future=..., a table with the columns {list(days)} "
            "(1 on a holiday, else 0) for the rows after the series"
        )
    return np.stack([on_holidays(times, each) for each in days.values()], axis=1)
