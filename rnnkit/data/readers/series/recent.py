"""The series that a model reads, out of a table that holds them."""

import pathlib

import numpy as np

from rnnkit.data.readers.series import covariates, number_tables, panels, times
from rnnkit.data.readers.series.rows import Rows, complete, filled, from_array, line
from rnnkit.features.holidays import on_holidays
from rnnkit.formats import decimals, tables
from rnnkit.formats.cells import numbers
from rnnkit.formats.tables import Table
from rnnkit.formats.times import ISO_HINT, TIME_NAMES, find_time, parse_times
from rnnkit.utils.checks import nearest


def histories(source, feature, encoding="utf-8"):
    """The raw series that a feature takes, out of a table that holds them.

    Columns are taken by their names, others left out. Where the table or the feature has no names,
    they are taken by position, the time being the column of dates or else the first. Missing
    rows and values are filled as `series.load` fills them, values only if the feature takes no
    NaN.

    Args:
        source: Path of a file; a pandas frame; an array `[time]` or `[time, columns]`; an open
            text stream of csv rows, or their text.
        feature: A `rnnkit.features.Series`, adapted. Its `series` are the columns that tell the
            series of a table apart; a table without them holds one series.
        encoding: Character encoding of a file.

    Returns:
        Dict of the name of each series to a float64 array `[time, raw_width]`; see
        `Series.to_tensor`. A single series that no column names has the name None.

    Raises:
        ValueError: For columns that are not there, and for rows that `series.load` would refuse or
            that have another step than the feature learned.
    """
    table = any_table(source, encoding)
    if feature.time:
        times.tell_of_zone(table, feature.daily)
    if feature.categories:
        covariates.expand(table, feature.categories, feature.series or ())
    known = {str(name).strip().lower() for name in table.columns}
    columns = feature.series or []
    there = [name for name in columns if name.strip().lower() in known]
    if there and len(there) < len(columns):
        raise ValueError(
            f"{table.source} must have all columns that tell the series apart, {columns}, or none. "
            f"Columns found: {list(table.columns)}"
        )
    _, found = panels.pieces(table, there or None, feature.names, chosen=not columns)
    if not there and len(found) > 1:
        raise ValueError(
            f"{table.source} holds {len(found):,} series, but the model was trained on one: pass "
            "them one by one, or train it on a table of several with series=..."
        )
    if feature.static:
        means = feature.unscale(np.zeros(feature.size))[feature.dynamic :].tolist()
        typical = dict(zip(feature.static, means, strict=False))
        _settle(found, feature, typical)
    return {name: _one(piece, feature) for name, piece in found.items()}


def _settle(found, feature, typical):
    """Static columns of each series as one value; what no row knows is as in other series."""
    lowered = {str(name).lower(): name for name in next(iter(found.values())).columns}
    names = {name: lowered.get(name.lower()) for name in feature.static}
    there = {own: typical[name] for name, own in names.items() if own is not None}
    pieces = [[piece] for piece in found.values()]
    covariates.settle(pieces, list(there), feature.categories or {}, there)


def history(source, feature, encoding="utf-8"):
    """As `histories`, of a table that holds one series: its array alone."""
    found = histories(source, feature, encoding)
    if len(found) > 1:
        raise ValueError(f"One series is expected. Received: {len(found):,}: {list(found)[:5]}")
    return next(iter(found.values()))


def _one(table, feature):
    """The raw series of a table that holds one."""
    cells, label = number_tables.cells_of(table)

    def where(row):
        return f"{label} {table.lines[row]}"

    names, seconds = _needed(cells, feature, table.source, where)
    values = []
    for own, name in zip(feature.names, names, strict=True):
        if own in (feature.holidays or ()):  # known by the times of all rows, below
            values.append(np.zeros(len(seconds)))
            continue
        column, bad = numbers(cells[name])
        if bad is not None:
            raise ValueError(
                f"{where(bad)}: the column {name!r} holds {cells[name][bad]!r}, which is no number"
            )
        values.append(column)
    rows = Rows(names, np.stack(values, axis=1), [(label, table.lines)], seconds)
    period = None
    if feature.time:
        times.check_order(seconds, where)
        if feature.frequency and feature.step:
            rows, _ = complete(rows, feature.step, feature.frequency, learned=True)
            period = times.period_of(feature.step, feature.frequency)
        for name, days in (feature.holidays or {}).items():
            rows.values[:, names.index(name)] = on_holidays(rows.seconds, days)
    values = rows.values
    if not feature.missing:
        if period is None and np.isnan(values).any() and not np.isnan(values[:, 0]).all():
            period = times.dominant_period(line(values[:, 0]))
        values = np.stack([filled(rows, name, period) for name in names], axis=1)
    return np.column_stack([rows.seconds, values]) if feature.time else values


def any_table(source, encoding="utf-8"):
    """Whatever `histories` takes, as a `Table`."""
    if hasattr(source, "read"):
        label = getattr(source, "name", None)
        label = "standard input" if label == "<stdin>" else label or "the text"
        return _read_text(source.read(), str(label))
    if isinstance(source, str) and "\n" in source:
        return _read_text(source, "the text")
    if isinstance(source, (str, pathlib.Path)):
        if not pathlib.Path(source).is_file():
            raise ValueError(f"There is no file {str(source)!r}")
        return number_tables.read(source, encoding)
    if hasattr(source, "index") and hasattr(source, "to_numpy"):
        table = number_tables.of_frame(source)
    else:
        rows = from_array(source)
        table = Table({name: rows.column(name) for name in rows.names}, source="the array")
        table.lines = range(table.size)
    if not table.size:
        raise ValueError(f"{table.source} holds no rows: expected one row a time")
    return table


def _needed(cells, feature, source, where):
    """Names of a table's columns for those of a feature, and the time of each row or None."""
    lowered = {name.lower(): name for name in cells}
    lowered |= {name.lower(): name for name in feature.holidays or ()}  # known by the times
    names = [name if name in cells else lowered.get(name.lower()) for name in feature.names]
    of_time, seconds = [], None
    if feature.time or None in names or any(name.isdigit() for name in names):
        of_time, seconds = find_time(cells, where, feature.daily)
    if feature.time and not of_time:
        if len(cells) != feature.raw_width or not all(name.isdigit() for name in cells):
            raise ValueError(
                f"{source} has no column of times, which the model needs: expected one that is "
                f"called {', '.join(TIME_NAMES[:4])} or so, or dates in the first column "
                f"({ISO_HINT}). Columns found: {list(cells)}"
            )
        time, first = next(iter(cells.items()))
        of_time = [time]
        seconds = first if isinstance(first, np.ndarray) else parse_times(first, True)
        if seconds is None or not np.isfinite(seconds).all():
            row = 0 if seconds is None else int(np.argmin(np.isfinite(seconds)))
            raise ValueError(f"{where(row)}: {str(first[row])!r} is no time: {ISO_HINT}")
    others = [name for name in cells if name not in of_time]
    by_position = all(name.isdigit() for name in others) or all(
        name.isdigit() for name in feature.names
    )
    if by_position and (None in names or set(of_time) & set(names)):
        if len(others) != feature.size:
            raise ValueError(
                f"{source} must have {feature.size} columns of numbers "
                f"({', '.join(feature.names)}){' beside the time' if of_time else ''}, or name its "
                f"columns in its first row. Columns found: {list(cells)}"
            )
        names = others
    missing = [each for each, name in zip(feature.names, names, strict=True) if name is None]
    if missing:
        raise ValueError(
            f"{source} has no column {', '.join(map(repr, missing))}, which the model needs."
            f"{nearest(missing[0], others)} Columns found: {list(cells)}"
        )
    return names, seconds


def _read_text(text, label):
    """Rows of csv as a `Table`, with a header or without."""
    table = tables.parse(text.removeprefix("\ufeff"), label, header=number_tables.is_header)
    if not table.size:
        raise ValueError(f"{label} holds no rows: expected csv, one row a time")
    return decimals.with_points(table)
