"""Cells of tables: which are missing, which hold numbers, and which hold times."""

import re

import numpy as np

from rnnkit.utils.messages import shorten

DAY = 86_400.0  # seconds
LATEST = 253_402_300_800.0  # the end of the year 9999, as seconds since 1970
EMPTY = ("", "na", "n/a", "nan", "null", "none")
ISO_HINT = "write times in ISO 8601, such as 2024-03-31 or 2024-03-31 18:00"

_CLOCK = r"(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(Z|[+-]\d{2}:?\d{2})?)?"
_ISO = re.compile(r"(\d{4})(?:([-/])(\d{1,2})(?:\2(\d{1,2}))?)?" + _CLOCK)
_LOCAL = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})" + _CLOCK)
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)\.0+")
_QUARTER = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")


def missing(value):
    """Whether a cell is empty: None, NaN, or what pandas puts there."""
    return (
        value is None
        or (isinstance(value, (float, np.floating)) and np.isnan(value))
        or type(value).__name__ in ("NAType", "NaTType")
    )


def as_text(cell):
    """A cell as the bytes of a text.

    Characters that UTF-8 does not have, halves of pairs that JSON may hold, become question marks.

    Raises:
        ValueError: For a cell that is empty, or holds a list or the like.
    """
    if isinstance(cell, bytes):
        return cell
    if missing(cell) or isinstance(cell, (list, tuple, dict)):
        raise ValueError(f"expected a text. Received: {shorten(repr(cell), 80)}")
    return str(cell).encode("utf-8", "replace")


def as_label(cell):
    """The label in a cell: without blanks around it, and a whole number without decimals.

    So a label is the same whether a file is read by rnnkit or by pandas, which makes floats of
    whole numbers. Other values are given back as they are.

    Example:

    >>> [as_label(" spam "), as_label("1.0"), as_label(1), as_label("3.10")]
    ['spam', '1', 1, '3.10']
    """
    if not isinstance(cell, str):
        return cell
    cell = cell.strip()
    return cell.partition(".")[0] if _WHOLE.fullmatch(cell) else cell


def number(cell):
    """A cell as a float, NaN where it is empty, or None if it holds no number."""
    if missing(cell):
        return np.nan
    if isinstance(cell, str):
        cell = cell.strip()
        if cell.lower() in EMPTY:
            return np.nan
        if "_" in cell:  # Python would read 1_000
            return None
    elif hasattr(cell, "dtype") and cell.dtype.kind not in "biuf":
        return None
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


def numbers(cells):
    """A column of cells as numbers.

    Args:
        cells: List of cells.

    Returns:
        The pair of float64 `[cells]`, NaN where a cell is empty or no number, and the row of the
        first cell that is no number, or None.
    """
    found = [number(cell) for cell in cells]
    return np.array(found, "float64"), found.index(None) if None in found else None


def is_time(text):
    """Whether a text is written as a date or time."""
    return any(form.fullmatch(text.strip()) for form in (_ISO, _QUARTER, _LOCAL))


def parse_times(cells, plain=False):
    """Times in ISO 8601 and near it, as float64 seconds since 1970 (UTC), NaN where none.

    Args:
        cells: List of texts, dates or numbers.
        plain: Whether plain numbers are times: years (1949), dates (19491231), or seconds or
            milliseconds since 1970.

    Returns:
        Array `[cells]`; or None where days and months cannot be told apart (03/04/2024).
    """
    if plain:
        values, bad = numbers(cells)
        if bad is None:
            return _plain_times(values)
    fields = np.full((len(cells), 7), np.nan)  # year, month, day, hour, minute, second, offset
    local = np.zeros(len(cells), bool)
    dotted = True
    for row, cell in enumerate(cells):
        text = cell.isoformat() if hasattr(cell, "isoformat") else str(cell).strip()
        if text.isdigit() and not plain:
            continue
        if match := _ISO.fullmatch(text):
            date = match[1], match[3] or 1, match[4] or 1
            clock = match.groups()[4:]
        elif match := _QUARTER.fullmatch(text):
            date, clock = (match[1], 3 * int(match[2]) - 2, 1), (None,) * 4
        elif match := _LOCAL.fullmatch(text):
            date, clock = (match[4], match[3], match[1]), match.groups()[4:]
            local[row], dotted = True, dotted and match[2] == "."
        else:
            continue
        hour, minute, second, zone = clock
        fields[row] = (*date, hour or 0, minute or 0, second or 0, _offset(zone))
    if local.any() and not dotted:
        if (fields[local, 2] > 12).any():  # the day comes first, as was assumed
            pass
        elif (fields[local, 1] > 12).any():
            fields[np.ix_(local, [1, 2])] = fields[np.ix_(local, [2, 1])]
        else:
            return None
    return _seconds(*fields.T)


def _plain_times(numbers):
    """Plain numbers as years, dates, or seconds or milliseconds since 1970, NaN beyond `LATEST`."""
    nothing = np.full(len(numbers), np.nan)
    whole = bool((numbers == np.floor(numbers)).all())
    if whole and ((numbers >= 1000) & (numbers < 3000)).all():
        return _seconds(numbers, *np.array([1, 1, 0, 0, 0, 0])[:, None])
    if whole and ((numbers >= 10_000_000) & (numbers < 30_000_000)).all():
        date = numbers // 10_000, numbers // 100 % 100, numbers % 100
        return _seconds(*date, *np.zeros((4, 1)))
    if not (numbers >= 1e8).all():
        return nothing
    times = numbers / 1000 if (numbers >= 1e11).all() else numbers
    return np.where(times < LATEST, times, np.nan)


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
