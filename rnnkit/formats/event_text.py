"""Histories of events as texts: one table a history, in the order of its times.

A history becomes a text of lines with tabs between the cells. The first line names the columns, the
time first; each further line is an event, its time in seconds since 1970 (UTC) or since whenever
the data counts from:

    time    amount  shop
    86400   12.5    grocer
    90000   3.0     kiosk
"""

import os
import re
import warnings

import numpy as np

from rnnkit.formats import decimals, json_rows, tables
from rnnkit.formats.cells import EMPTY, missing, numbers
from rnnkit.formats.texts import Texts
from rnnkit.formats.times import ISO_HINT, parse_times
from rnnkit.utils.messages import listed

TIME = "time"
# Names of the column of times, the first ones first.
TIME_NAMES = ("time", "datetime", "timestamp", "date", "when", "seconds")
# Names of the column that says whose an event is.
KEYS = ("card", "card_id", "account", "account_id", "customer", "customer_id")
# What others of that meaning are called.
_LIKE_KEYS = re.compile(r"(?:.*[ _])?(?:id|number|nr|user|client|session|device|member)")
SEPARATOR = "\t"
# How amounts are written, and how missing ones are.
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
_BLANKS = re.compile(r"\s+")
MILLISECONDS = 1e11  # seconds beyond this are taken for milliseconds: it is the year 5138


def empty_pattern():
    """Pattern of a cell that holds nothing."""
    return "|".join(EMPTY)


def texts_of(histories, columns=None):
    """Histories in any form as texts.

    Args:
        histories: List of histories. Each is a list of dicts of column to value, a pandas frame, a
            dict of column to list, a text of csv or JSON, or the path of a csv, tsv or jsonl file.
        columns: Names of the columns wanted, without the time, in their order; by default those of
            the first history that has any event.

    Returns:
        List of strings. Events that stand out of order are sorted by their times, with a warning
        that counts them; events of the same time keep their order.

    Raises:
        ValueError: If a column is missing or a time cannot be read; the message names the history.
            With `columns` also if a table holds the events of several cards or accounts.
    """
    found = [_table(value, f"history {index}") for index, value in enumerate(histories)]
    wanted = columns
    if columns is None:
        first = next((table for table in found if table.size), None)
        columns = [] if first is None else others(first.columns, first.source)
    texts, late = [], []
    for table in found:
        names = {str(name).strip(): name for name in table.columns}
        if wanted is not None:
            _check_one(table, wanted)
        absent = [name for name in columns if name not in names]
        if table.size and absent:
            raise ValueError(
                f"{table.source} has no column {absent[0]!r}. Expected the columns "
                f"{[TIME, *columns]}. Columns found: {list(names)}"
            )
        seconds = seconds_of(table) if table.size else np.zeros(0)
        cells = [table.columns[names[name]] for name in columns] if table.size else []
        order, disorder = sorting(seconds)
        late.append(disorder)
        texts.append(format_history(columns, seconds, cells, order))
    warn_of_disorder(late, sum(table.size for table in found))
    return texts


def tells_apart(name, values, table):
    """Whether a column may say whose each event is: by its name, or since times start again where
    its value changes, and only there.

    Args:
        name: Its name.
        values: Its cells as texts, of which some repeat.
        table: The table.
    """
    if _LIKE_KEYS.fullmatch(name.lower()):
        return True
    seconds, groups = seconds_of(table), {}
    for row, value in enumerate(values):
        groups.setdefault(value, []).append(row)
    apart = [sorting(seconds[rows])[1] for rows in groups.values()]
    return sorting(seconds)[1] > 0 and not any(apart)


def _check_one(table, columns):
    """Raises a ValueError if the events of one history are those of several cards."""
    for name, cells in table.columns.items():
        known = str(name).strip().lower() in KEYS and str(name).strip() not in columns
        found = dict.fromkeys(map(str, cells)) if known else ()
        if len(found) > 1:
            raise ValueError(
                f"{table.source} holds events of {len(found)} values of {name!r}, "
                f"{listed(list(found), 3)}: give a history for each, such as [part for _, part in "
                f"frame.groupby({name!r})], or take the column out if all are of one"
            )


def format_history(columns, seconds, cells, order):
    """One history as a text.

    Args:
        columns: Names of the columns, without the time.
        seconds: Times of the events.
        cells: List of lists, the cells of each column.
        order: Rows in the order in which they are written.
    """
    lines = [SEPARATOR.join([TIME, *map(_cell, columns)])]
    own = [_some(column, order) for column in cells]
    for row, *values in zip(order, *own, strict=True):
        time = float(seconds[row])
        time = str(int(time)) if time.is_integer() else repr(time)
        lines.append(SEPARATOR.join([time, *map(_cell, values)]))
    return "\n".join(lines)


def _some(cells, rows):
    """The cells of some rows, as a list."""
    if isinstance(cells, Texts):
        return [text.decode("utf-8", "surrogatepass") for text in cells.encoded(rows)]
    return [cells[row] for row in rows]


def check_texts(texts, columns, amounts):
    """Raises a ValueError unless texts are histories of `format_history` with some columns.

    Args:
        texts: List of histories as texts.
        columns: Names of the columns that there must be.
        amounts: Those of them that hold numbers.
    """
    fits = re.compile(f"{NUMBER}|{empty_pattern()}", re.IGNORECASE)
    lines = [text.split("\n") for text in texts]
    for index, (header, *rows) in enumerate(lines):
        names = header.split(SEPARATOR)
        absent = [name for name in columns if name not in names]
        if names[0] != TIME or (rows and absent) or (rows and header != lines[0][0]):
            raise ValueError(
                f"History {index} must be a text with the columns {[TIME, *columns]} as "
                "Events().to_tensor writes it, the same ones as the other histories. "
                f"Received: {header[:80]!r}"
            )
        previous = -np.inf
        for number, row in enumerate(rows, 1):
            cells = row.split(SEPARATOR)
            if not re.fullmatch(NUMBER, cells[0]) or float(cells[0]) < previous:
                raise ValueError(
                    f"History {index}, event {number}: times must be numbers that do not fall, as "
                    f"Events().to_tensor writes them. Received: {cells[0]!r}"
                )
            previous = float(cells[0])
            for name in amounts:
                cell = cells[names.index(name)]
                if not fits.fullmatch(cell):
                    raise ValueError(
                        f"History {index}, event {number}: the amount {name!r} must be a number, "
                        f"or empty where it is missing. Received: {cell!r}"
                    )


def sorting(seconds):
    """The order of the times, and how many of them are earlier than one before."""
    seconds = np.asarray(seconds, "float64")
    order = np.argsort(seconds, kind="stable")
    late = int((seconds < np.maximum.accumulate(seconds)).sum()) if len(seconds) else 0
    return order, late


def warn_of_disorder(late, total):
    """Warns where events stood out of order; `late` has their number by history."""
    if sum(late):
        warnings.warn(
            f"{sum(late):,} of {total:,} events, in {sum(map(bool, late)):,} of {len(late):,} "
            "histories, stood after later ones: events were sorted by their times.",
            stacklevel=4,
        )


def others(columns, source="the history"):
    """Names of all columns but that of the times."""
    time = time_column(columns, source)
    return [str(name).strip() for name in columns if name != time]


def time_column(columns, source="the history"):
    """The name of the column of times."""
    lowered = {str(name).strip().lower(): name for name in columns}
    for name in TIME_NAMES:
        if name in lowered:
            return lowered[name]
    raise ValueError(
        f"{source} has no column of times: expected one of {list(TIME_NAMES)}. "
        f"Columns found: {list(columns)}"
    )


def seconds_of(table):
    """Times of a table's rows as float64 seconds; numbers are taken for seconds.

    Raises:
        ValueError: For what is no time; the message names the row.
    """
    name = time_column(table.columns, table.source)
    cells = table.columns[name]
    seconds, bad = numbers(cells)
    if bad is not None:
        seconds = parse_times(cells, daily=False)
        if seconds is None:
            raise ValueError(
                f"{table.source}: the column {name!r} holds {cells[0]!r}, and no row shows whether "
                f"the day or the month comes first: {ISO_HINT}"
            )
    elif len(seconds) and np.nanmin(seconds, initial=np.inf) > MILLISECONDS:
        seconds = seconds / 1000
    bad = ~np.isfinite(seconds)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{table.where(row)}: the column {name!r} holds {cells[row]!r}, "
            f"which is no time: give seconds, or {ISO_HINT}"
        )
    return seconds


def _cell(value):
    if type(value) is str:  # nearly all are
        return value if value.isalnum() else _BLANKS.sub(" ", value).strip()
    if missing(value):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(value) < 1e15:
        value = int(value)
    return _BLANKS.sub(" ", str(value)).strip()


def _table(value, label):
    """One history in any form as a `Table`."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        value = _parsed(value, label)
    if isinstance(value, tables.Table):
        return tables.Table(value.columns, value.lines, label)
    if hasattr(value, "columns"):
        frame = tables.from_frame(value)
        return tables.Table(frame.columns, frame.lines, label)
    if isinstance(value, dict):
        lengths = {len(cells) if hasattr(cells, "__len__") else -1 for cells in value.values()}
        if len(lengths) != 1 or any(isinstance(cells, str) for cells in value.values()):
            raise ValueError(
                f"{label}: a dict must have a list for each column, all of equal length. "
                f"Received: {str(value)[:80]}"
            )
        return tables.Table({name: list(cells) for name, cells in value.items()}, source=label)
    rows = list(value) if isinstance(value, (list, tuple, np.ndarray)) else [value]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError(
            f"{label} must be a list of dicts, a frame, or a csv text. "
            f"Received: {str(value)[:80]!r}"
        )
    # What an event leaves out is missing.
    names = list(dict.fromkeys(name for row in rows for name in row))
    return tables.Table({name: [row.get(name) for row in rows] for name in names}, source=label)


def _parsed(text, label):
    """A history that is given as text: csv, the form above, JSON, or the path of a file."""
    bare = text.strip()
    if bare[:1] in ("[", "{"):
        return json_rows.parse(bare, label)
    if not bare:
        return []
    if "\n" not in bare:
        if bare.lower().endswith(tables.SUFFIXES) or os.path.isfile(bare):
            return decimals.with_points(tables.read_table(bare))
        if SEPARATOR not in text and "," not in text:
            raise ValueError(
                f"{label} must be a csv text with a header, JSON, or the path of a file. "
                f"Received: {bare[:60]!r}"
            )
    first = text.lstrip("\n").split("\n", 1)[0]
    table = tables.parse(text, label, ".tsv" if SEPARATOR in first else ".csv", True)
    return decimals.with_points(table)
