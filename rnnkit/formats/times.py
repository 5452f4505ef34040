"""Times in tables: ways to write them, and the columns that hold them."""

import itertools
import re

import numpy as np

from rnnkit.formats.cells import numbers
from rnnkit.formats.texts import BLOCK, Texts

DAY = 86_400.0  # seconds
SUMMER = 3_600.0  # by which offsets from UTC differ within a zone
LATEST = 253_402_300_800.0  # the end of the year 9999, as seconds since 1970
ISO_HINT = "write times in ISO 8601, such as 2024-03-31 or 2024-03-31 18:00"
# Columns that hold the times, the likeliest first.
TIME_NAMES = (
    "date", "time", "datetime", "timestamp", "ds", "month", "year", "day", "week", "quarter",
)  # fmt: skip
# Parts of a time that columns of their own may hold, from large to small, and the first of each.
PARTS = {"year": None, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
LARGEST = {"month": 12, "day": 31, "hour": 24, "minute": 59, "second": 60}

_CLOCK = (
    r"(?:[T ]\s*(\d{1,2})(?::(\d{2})(?::(\d{2}(?:\.\d+)?))?)?\s*([AaPp][Mm])?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?)?"
)
_ISO = re.compile(r"(\d{4})(?:([-/])(\d{1,2})(?:\2(\d{1,2}))?)?" + _CLOCK)
_LOCAL = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})" + _CLOCK)
_QUARTER = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")
_CLOCK_ALONE = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AaPp][Mm])?")

# === Cells ===


def is_time(text):
    """Whether a text is written as a date or time."""
    text = text.strip()
    return bool(_iso(text) or _QUARTER.fullmatch(text) or _LOCAL.fullmatch(text))


def parse_times(cells, plain=False, daily=None):
    """Times in ISO 8601 and near it, as float64 seconds since 1970 (UTC), NaN where none.

    Days of a time zone stay what they are there: times with offsets from UTC that are all at
    midnight, such as in Berlin in winter and in summer, are read without them.

    Args:
        cells: List of texts, dates or numbers; or an array or pandas column of them.
        plain: Whether plain numbers are times: years (1949), dates (19491231), or seconds,
            milliseconds, microseconds or nanoseconds since 1970.
        daily: Whether they are a day or more apart; None where that is not known.

    Returns:
        Array `[cells]`; or None where days and months cannot be told apart (03/04/2024).

    Example:

    >>> days = ["2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00"]
    >>> (parse_times(days) / 86_400).tolist(), (parse_times(days, daily=False) / 3_600).tolist()
    ([19813.0, 19814.0], [475511.0, 475534.0])
    """
    kind = getattr(cells, "dtype", None)
    if getattr(kind, "kind", None) == "M" and getattr(kind, "tz", None) is None:
        return _of_dates(cells)
    if plain:
        values, bad = numbers(cells if isinstance(cells, Texts) else list(cells))
        if bad is None:
            return _plain_times(values)
    cells = iter(cells)
    found = []  # of each block: seconds where days or months come first, and what its dates show
    while block := list(itertools.islice(cells, BLOCK)):
        found.append(_parsed(block, plain))
    if not found:
        return np.zeros(0)
    days_first, months_first, offsets, dotted, late_first, late_second = zip(*found, strict=True)
    if all(dotted) or any(late_first):  # the day comes first
        seconds = np.concatenate(days_first)
    elif any(late_second):
        seconds = np.concatenate(months_first)
    else:
        return None
    offsets = np.concatenate(offsets)
    known = ~np.isnan(seconds)
    there = seconds + offsets
    if daily is False or not known.any() or np.ptp(offsets[known]) > SUMMER:
        return seconds
    if daily is None and np.ptp(seconds[known]) == 0:  # a single one may be an hour
        return seconds
    return there if (there[known] % DAY == 0).all() else seconds


def zone_of(cells):
    """The offset from UTC that the first of some cells with a time has, such as `"+02:00"`; None
    for one without, or UTC itself."""
    for cell in cells:
        text = cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()
        match = _iso(text) or _LOCAL.fullmatch(text)
        if match:
            zone = match.groups()[-1]
            return zone if _offset(zone) else None
    return None


def _parsed(cells, plain):
    """Seconds of a list of cells, and what they show of the order of days and months.

    Returns:
        Seconds where days come first; where months do; the offsets from UTC in seconds; whether no
        date leaves the order open; and whether one has a first part above 12, or a second one.
    """
    fields = np.full((len(cells), 7), np.nan)  # year, month, day, hour, minute, second, offset
    local = np.zeros(len(cells), bool)
    dotted = True
    for row, cell in enumerate(cells):
        text = cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()
        if text.isdigit() and not plain:
            continue
        if match := _iso(text):
            date, clock = (match[1], match[3] or 1, match[4] or 1), match.groups()[4:]
        elif match := _QUARTER.fullmatch(text):
            date, clock = (match[1], 3 * int(match[2]) - 2, 1), (None,) * 5
        elif match := _LOCAL.fullmatch(text):
            date, clock = (match[4], match[3], match[1]), match.groups()[4:]
            local[row], dotted = True, dotted and match[2] == "."
        else:
            continue
        hour, minute, second, half, zone = clock
        hour = _of_half(hour, half)
        fields[row] = (*date, hour, minute or 0, second or 0, _offset(zone))
    seconds = swapped = _seconds(*fields.T)
    if local.any():
        first, second = fields[local, 2], fields[local, 1]
        fields[local, 1], fields[local, 2] = first, second
        swapped = _seconds(*fields.T)
        late = (first > 12).any(), (second > 12).any()
        return seconds, swapped, fields[:, 6], dotted, *late
    return seconds, swapped, fields[:, 6], True, False, False


def _iso(text):
    """The match of a time in ISO 8601; 1949 12 is no hour of a year."""
    match = _ISO.fullmatch(text)
    return None if match is None or (match[5] and not match[4]) else match


def _of_dates(dates):
    """A column of dates without a time zone as seconds."""
    if hasattr(dates, "to_numpy"):
        dates = dates.to_numpy(dtype="datetime64[ns]")
    seconds = (np.asarray(dates) - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    return np.where(np.isnat(dates), np.nan, seconds)


def _plain_times(numbers):
    """Plain numbers as years, dates, or fractions of seconds since 1970, NaN beyond `LATEST`."""
    nothing = np.full(len(numbers), np.nan)
    whole = bool((numbers == np.floor(numbers)).all())
    if whole and ((numbers >= 1000) & (numbers < 3000)).all():
        return _seconds(numbers, *np.array([1, 1, 0, 0, 0, 0])[:, None])
    if whole and ((numbers >= 10_000_000) & (numbers < 30_000_000)).all():
        date = numbers // 10_000, numbers // 100 % 100, numbers % 100
        return _seconds(*date, *np.zeros((4, 1)))
    if not (numbers >= 1e8).all():
        return nothing
    for least, unit in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
        if (numbers >= least).all():
            numbers = numbers / unit
            break
    return np.where(numbers < LATEST, numbers, np.nan)


def _of_half(hour, half):
    """An hour of a day, of one with AM or PM; NaN where there is no such hour."""
    hour = float(hour or 0)
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        return np.nan
    return hour % 12 + (12 if half.lower() == "pm" else 0)


def _offset(zone):
    """Seconds that a zone such as `+01:00` is ahead of UTC."""
    if zone in (None, "Z"):
        return 0
    sign, digits = (-1 if zone[0] == "-" else 1), zone[1:].replace(":", "")
    return sign * (3600 * int(digits[:2]) + 60 * int(digits[2:]))


def _seconds(year, month, day, hour, minute, second, offset):
    """Fields of dates as seconds since 1970, NaN where there is no such date."""
    with np.errstate(invalid="ignore"):
        good = (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60)
        good = good & (second < 60) & ~np.isnan(year)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("int64")
    months = months.astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(good, day - 1, 0).astype("int64")
    good &= days.astype("datetime64[M]") == months
    total = days.astype("int64") * DAY + hour * 3600 + minute * 60 + second - offset
    return np.where(good, total, np.nan)


# === Columns ===


def find_time(columns, where, daily=None):
    """The columns that hold the times, and the times.

    It is a column with such a name, or else one of dates, or the first one if it can be read so.
    The parts of a time may be in columns of their own: `year`, `month`, `day`, `hour`, `minute`,
    `second`; or a date and, in a column `time` or `hour`, its clock.

    Args:
        columns: Dict of name to list of cells.
        where: Function from the number of a row to the words for where it came from.
        daily: As in `parse_times`.

    Returns:
        The pair `(names, seconds)`: a list of columns, and float64 seconds since 1970 (UTC); or
        `([], None)`.

    Raises:
        ValueError: If some cells of it are no times, or days and months cannot be told apart.
    """
    lowered = {str(name).strip().lower(): name for name in columns}
    parts = _from_parts(columns, lowered, where)
    if parts is not None:
        return parts
    named = [lowered[name] for name in TIME_NAMES if name in lowered]
    dated = [name for name, cells in columns.items() if _hold_dates(cells)]
    for name in dict.fromkeys([*named, *dated, *list(columns)[:1]]):
        cells = columns[name]
        seconds = parse_times(cells, name in named, daily)
        if seconds is None:
            raise ValueError(
                f"{where(0)}: the column {name!r} holds {cells[0]!r}, and no row shows whether "
                f"the day or the month comes first: {ISO_HINT}"
            )
        unknown = ~np.isfinite(seconds)
        if not unknown.any():
            return _with_clock(columns, lowered, name, seconds)
        if 2 * unknown.sum() < len(seconds) or name in dated:
            row = int(np.argmax(unknown))
            raise ValueError(
                f"{where(row)}: the column {name!r} holds {list(cells)[row]!r}, which is no time: "
                f"{ISO_HINT}"
            )
    return [], None


def _hold_dates(cells):
    """Whether cells are dates, not texts or numbers that may be some."""
    if hasattr(cells, "dtype"):
        return cells.dtype.kind == "M"
    return len(cells) > 0 and hasattr(cells[0], "isoformat")


def _from_parts(columns, lowered, where):
    """Times whose year, month and so on are in columns of their own, or None."""
    if not {"year", "month"} <= set(lowered):
        return None
    fields, names = [], []
    for part, first in PARTS.items():
        if part in lowered and len(names) == len(fields):
            names.append(lowered[part])
            fields.append(numbers(list(columns[lowered[part]])))
        elif first is not None:
            fields.append((np.full(len(fields[0][0]), float(first)), None))
    years, bad = fields[0]
    months, bad_month = fields[1]
    if bad is not None or bad_month is not None or not ((years >= 1000) & (years < 3000)).all():
        return None  # the year is no number, or the month is a whole date
    for part, (values, bad) in zip(PARTS, fields, strict=True):
        if part == "year":
            continue
        wrong = ~((values >= 0) & (values <= LARGEST[part]))
        if bad is not None or wrong.any():
            row = int(np.argmax(wrong)) if bad is None else bad
            raise ValueError(
                f"{where(row)}: the column {lowered[part]!r} is read as part of the time, beside "
                f"{lowered['year']!r}, and must hold whole numbers up to {LARGEST[part]}. "
                f"Received: {list(columns[lowered[part]])[row]!r}"
            )
    values = [each for each, _ in fields]
    values[3], late = np.where(values[3] == 24, 0, values[3]), values[3] == 24
    seconds = _seconds(*values, np.zeros(len(years))) + DAY * late
    if np.isnan(seconds).any():
        row = int(np.argmax(np.isnan(seconds)))
        told = ", ".join(f"{name} {list(columns[name])[row]}" for name in names)
        raise ValueError(f"{where(row)}: there is no such time: {told}")
    return names, seconds


def _with_clock(columns, lowered, name, seconds):
    """Dates with the clock that a second column has, where there is one."""
    if not (seconds % DAY == 0).all() or len(np.unique(seconds)) == len(seconds):
        return [name], seconds
    if "time" in lowered and lowered["time"] != name:
        cells = [str(cell).strip() for cell in columns[lowered["time"]]]
        if all(_CLOCK_ALONE.fullmatch(cell) for cell in cells):
            clock = parse_times([f"1970-01-01 {cell}" for cell in cells])
            if np.isfinite(clock).all():
                return [name, lowered["time"]], seconds + clock
    if "hour" in lowered:
        hours, bad = numbers(list(columns[lowered["hour"]]))
        if bad is None and ((hours >= 0) & (hours <= 24)).all():
            return [name, lowered["hour"]], seconds + 3600 * hours
    return [name], seconds
