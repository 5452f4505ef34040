"""Rows of numbers in time order, and how what is missing among them is filled."""

import dataclasses
import warnings

import numpy as np

from rnnkit.data.readers.series import times

# Values missing in a row up to which a straight line goes over them, also where there are seasons.
SHORT_GAP = 5
# Of the values that may be missing.
MOST_MISSING = 2 / 3
FILLED = "As inputs they are filled by interpolation, as targets left out"


@dataclasses.dataclass
class Rows:
    """Rows of numbers in time order, and where each came from.

    Args:
        names: Names of the columns of values.
        values: Their values, float64 `[rows, columns]`, NaN where missing.
        spans: List of `(label, numbers)`: what to call the rows, and their numbers there.
        seconds: Time of each row in seconds since 1970 (UTC), or None.
        known: Names of all columns in their order, the others among them.
        left_out: Dict of name to the reason why a column holds no values.
        targets: Names of the columns that are targets by default, or None for all.
        inserted: Which rows were missing and are inserted, bool `[rows]`, or None. `spans` leaves
            them out.
    """

    names: list
    values: np.ndarray
    spans: list
    seconds: np.ndarray | None = None
    known: list | None = None
    left_out: dict = dataclasses.field(default_factory=dict)
    targets: list | None = None
    inserted: np.ndarray | None = None

    def __post_init__(self):
        self.known = self.names if self.known is None else self.known
        if self.inserted is None:
            self.inserted = np.zeros(len(self.values), bool)

    def __len__(self):
        return len(self.values)

    def where(self, row):
        """Where a row came from, in words: `data.csv, line 7`."""
        inserted = " (a row inserted before it)" if self.inserted[row] else ""
        row -= int(self.inserted[:row].sum())  # of an inserted row: the next one that was there
        for label, numbers in self.spans:
            if row < len(numbers):
                return f"{label} {numbers[row]}{inserted}"
            row -= len(numbers)
        raise IndexError(row)

    def column(self, name):
        return self.values[:, self.names.index(name)]


def from_array(values, names=None):
    """An array `[time]` or `[time, columns]` as `Rows`.

    Args:
        values: The array, or what NumPy makes one of.
        names: Function from the number of columns to their names; by default 0, 1, ...
    """
    try:
        array = np.asarray(values, dtype="float64")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"A series is an array of numbers (time,) or (time, columns), or a pair (x, y) of "
            f"them. Received: {str(values)[:60]} ({error})"
        ) from None
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            "A series is an array of shape (time,) or (time, columns). "
            f"Received: an array of shape {np.shape(values)}"
        )
    names = names(array.shape[1]) if names else [str(index) for index in range(array.shape[1])]
    return Rows(names, array, [("the array, row", range(len(array)))])


def joined(parts):
    """Consecutive `Rows` as one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    for part in parts[1:]:
        missing = [name for name in first.names if name not in part.names]
        if missing or (part.seconds is None) != (first.seconds is None):
            what = f"no numbers in the column {missing[0]!r}" if missing else "other times"
            raise ValueError(
                f"The parts of the data differ: {part.where(0)} has {what}. "
                f"Columns of the first part: {first.known}, of this one: {part.known}"
            )
    return Rows(
        first.names,
        np.concatenate(
            [part.values[:, [part.names.index(n) for n in first.names]] for part in parts]
        ),
        [span for part in parts for span in part.spans],
        None if first.seconds is None else np.concatenate([part.seconds for part in parts]),
        first.known,
        {name: why for part in reversed(parts) for name, why in part.left_out.items()},
        first.targets,
    )


def sliced(rows, start, end):
    """The `Rows` from `start` up to `end`, of rows with a single span."""
    (label, numbers), *_ = rows.spans
    seconds = None if rows.seconds is None else rows.seconds[start:end]
    part = {"values": rows.values[start:end], "spans": [(label, numbers[start:end])]}
    return dataclasses.replace(rows, **part, seconds=seconds, inserted=None)


# === What is missing ===


def complete(rows, step, name, sizes=None, learned=False):
    """`Rows` with the missing ones inserted, and the sizes of the parts with them.

    Rows that are missing between two parts are those of the later part.
    """
    steps = times.count_steps(rows.seconds, step, name, rows.where, learned)
    count = int(steps.sum()) + 1 - len(rows)
    if not count:
        return rows, sizes
    seconds, known = times.complete(rows.seconds, steps, name)
    values = np.full((len(seconds), rows.values.shape[1]), np.nan)
    values[known] = rows.values
    inserted = np.ones(len(seconds), bool)
    inserted[known] = False
    late = int(np.argmax(steps > 1)) + 1
    warnings.warn(
        f"{rows.where(late)}: the row for {times.format_time(seconds[np.argmax(inserted)])} is "
        f"missing before this one. It is the first of {count:,} missing rows, inserted among "
        f"{len(rows):,}. {FILLED}",
        stacklevel=2,
    )
    ends = known[np.cumsum(list((sizes or {}).values()), dtype=int) - 1] + 1
    sizes = dict(zip(sizes or {}, np.diff(ends, prepend=0).tolist(), strict=True))
    return dataclasses.replace(rows, values=values, seconds=seconds, inserted=inserted), sizes


def filled(rows, name, period=None):
    """A column with its gaps filled, of any length.

    Up to `SHORT_GAP` values in a row are interpolated linearly. Longer gaps, and the ends, are
    filled by what was known at the same point of the seasons before and after, in between
    linearly; without seasons by linear interpolation.

    Args:
        rows: `Rows`.
        name: Name of the column.
        period: Steps in a season, or None.
    """
    column = rows.column(name)
    if np.isinf(column).any():
        row = int(np.argmax(np.isinf(column)))
        raise ValueError(
            f"{rows.where(row)}: the column {name!r} holds {column[row]}; expected a finite "
            "number, or an empty cell where it is not known"
        )
    missing = np.isnan(column)
    if not missing.any():
        return column
    if missing.mean() > MOST_MISSING:
        row = int(np.argmax(missing))
        raise ValueError(
            f"{rows.where(row)}: the column {name!r} misses {missing.sum():,} of "
            f"{len(column):,} values, here for the first time. Too little is known to learn from: "
            "leave the column out with input=..., or cut the series"
        )
    empty = missing & ~rows.inserted
    if empty.any():
        warnings.warn(
            f"{rows.where(int(np.argmax(empty)))}: the column {name!r} misses {empty.sum()} of "
            f"{(~rows.inserted).sum()} values, here for the first time. {FILLED}",
            stacklevel=2,
        )
    result = line(column)
    if period:
        for phase in range(period):  # a line through the same point of each season
            own = slice(phase, None, period)
            if not missing[own].all():
                result[own] = np.where(_long(missing)[own], line(column[own]), result[own])
    return result


def line(column):
    """A column whose missing values are interpolated linearly, and at the ends repeated."""
    known = np.flatnonzero(~np.isnan(column))
    return np.interp(np.arange(len(column)), known, column[known])


def _long(missing):
    """Which values lie in long gaps, or in one at an end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(int)))
    result = np.zeros(len(missing), bool)
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        result[first:end] = end - first > SHORT_GAP or first == 0 or end == len(missing)
    return result
