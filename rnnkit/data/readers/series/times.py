"""Times of the rows of a table: found, read, and what they show about the series."""

import itertools

import numpy as np

from rnnkit.features import calendar
from rnnkit.features.calendar import DAY, WEEK, YEAR
from rnnkit.formats.times import parse_times, zone_of

# Missing rows that are inserted, of as many as there are.
MOST_INSERTED = 2.0
NAMES = {3600.0: "hourly", 1800.0: "half-hourly", DAY: "daily", WEEK: "weekly"}
MONTHS = {months: name for name, months in calendar.MONTHS.items()}
PERIODS = {"daily": 7, "business daily": 5, "weekly": 52, "monthly": 12, "quarterly": 4}

# === Frequency ===


def frequency(seconds):
    """What the times of a series show: how far it mostly is from row to row.

    Months, quarters and years may differ in their days; days without weekends (and holidays) are
    business days.

    Args:
        seconds: Time of each row, float64 `[rows]`, rising.

    Returns:
        Tuple `(step, name, period)`: seconds from row to row (their median), the name of the
        frequency, and rows in a season, or None.
    """
    step = round(float(np.median(np.diff(seconds))), 6)  # of clocks, to the microsecond
    months = step >= 28 * DAY and _months(seconds) is not None
    if months:
        base = _months_in(step)
        name = MONTHS.get(base, f"every {base} months")
    elif step == DAY and _business(seconds):
        name = "business daily"
    else:
        name = NAMES.get(step, f"every {step:g} s")
    return step, name, period_of(step, name)


def period_of(step, name):
    """Rows in a season, by the step in seconds and the name of a frequency; or None."""
    daily = DAY / step
    if step < 28 * DAY and daily >= 2 and abs(daily - round(daily)) < 1e-6:
        return round(daily)
    return PERIODS.get(name)


def count_steps(seconds, step, name, where, learned=False):
    """Steps from each row to the next; more than one where rows are missing.

    Args:
        seconds: Time of each row, float64 `[rows]`, rising.
        step: As `frequency` gave it.
        name: As `frequency` gave it. Holidays between business days are no missing rows.
        where: Function that says where a row came from.
        learned: Whether step and name are those of the data that a model was trained with.

    Returns:
        Integer array `[rows - 1]`.

    Raises:
        ValueError: If a step is no multiple of `step`, or more than twice as many rows are missing
            as there are.
    """
    gaps = np.diff(seconds)
    months = _months(seconds, name)
    if months is not None:
        steps = np.diff(months) / _months_in(step)
    elif name == "business daily":
        days = _days(seconds)
        steps = np.busday_count(days[:-1], days[1:]).astype("float64")
        weekend = ~np.is_busday(days)
        steps[(gaps % DAY != 0) | weekend[1:] | weekend[:-1]] = np.nan
    else:
        steps = gaps / step
    odd = ~(np.abs(steps - np.round(steps)) <= 0.01) | (steps < 0.5)
    if odd.any():
        row = int(np.argmax(odd))
        raise ValueError(
            f"{where(row + 1)}: the times are irregular. From {format_time(seconds[row])} to "
            f"{format_time(seconds[row + 1])} it is another step than "
            f"{'in training' if learned else 'mostly'} ({name}): resample to one frequency first, "
            "for example with pandas `frame.resample(...).mean()`"
        )
    steps = np.round(steps).astype("int64")
    total = float(steps.sum()) - len(steps)
    if name != "business daily" and total > MOST_INSERTED * len(seconds):
        row = int(np.argmax(steps))
        raise ValueError(
            f"{where(row + 1)}: more rows are missing than there are: {total:,.0f} beside "
            f"{len(seconds):,}. The series {'was' if learned else 'is'} {name}"
            f"{' in training' if learned else ''}, but after {format_time(seconds[row])} comes "
            f"{format_time(seconds[row + 1])}. Cut the series there, or resample it, for example "
            "with pandas `frame.resample(...).mean()`"
        )
    return np.ones_like(steps) if name == "business daily" else steps


def complete(seconds, steps, name):
    """Times of all rows, of the missing ones too.

    Args:
        seconds: Time of each row, float64 `[rows]`.
        steps: As `count_steps` gave them.
        name: As `frequency` gave it.

    Returns:
        The pair `(times, known)`: float64 `[all rows]`, and integers `[rows]` with the number that
        each of the given rows has among them.
    """
    known = np.concatenate([[0], np.cumsum(steps)])
    count = np.arange(known[-1] + 1)
    months = _months(seconds, name)
    if months is None:
        return np.interp(count, known, seconds), known
    # The day is the same in all months, but in those that are too short for it.
    month = np.round(np.interp(count, known, months)).astype("int64").astype("datetime64[M]")
    day = np.minimum(_days_of_month(seconds).max(), _month_lengths(month))
    times = (month.astype("datetime64[D]").astype("int64") + day - 1) * DAY + seconds[0] % DAY
    times[known] = seconds
    return times, known


def check_order(seconds, where):
    """Raises a ValueError that names the row where times occur twice or run backwards."""
    first_of = {}
    if len(np.unique(seconds)) < len(seconds):
        for row, second in enumerate(seconds.tolist()):
            if second in first_of:
                raise ValueError(
                    f"{where(row)}: the time {format_time(second)} occurs twice, first at "
                    f"{where(first_of[second])}. Keep one row a time; one series a file. Where "
                    "clocks were put back an hour occurs twice: give times with their offset from "
                    "UTC, such as 2024-10-27T02:00+01:00"
                )
            first_of[second] = row
    falls = np.diff(seconds) < 0
    if falls.any():
        row = int(np.argmax(falls))
        raise ValueError(
            f"{where(row + 1)}: the times are out of order. After {format_time(seconds[row])} "
            f"comes {format_time(seconds[row + 1])}: sort the rows by time, the oldest first"
        )


def tell_of_zone(table, daily=None):
    """Says of which columns of a table times of a zone are read as UTC; `daily` as in
    `parse_times`."""
    for name, cells in table.columns.items():
        first = list(itertools.islice(cells, 3))
        zone = zone_of(first)
        seconds = None if zone is None else parse_times(first, daily=daily)
        if seconds is not None and np.array_equal(seconds, parse_times(first, daily=False)):
            print(
                f"{table.source}: the times in {name!r} have a zone ({zone}): they are read as "
                "UTC, and so are those of forecasts and the days of holidays"
            )


def format_time(second):
    """One time as text, for messages: `2024-03-31` or `2024-03-31 18:00:00`."""
    return calendar.iso_texts([second])[0].replace("T", " ")


def _days(seconds):
    return np.floor(seconds / DAY).astype("int64").astype("datetime64[D]")


def _days_of_month(seconds):
    days = _days(seconds)
    return (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype("int64") + 1


def _month_lengths(months):
    return ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype("int64")


def _months_in(step):
    return round(step / (YEAR / 12))


def _months(seconds, name="monthly"):
    """Number of the month of each time, if all are at the same point of theirs; else None.

    None too where the name is that of a frequency that does not go by months.
    """
    if name not in calendar.MONTHS and not name.endswith(" months"):
        return None
    months, day = _days(seconds).astype("datetime64[M]"), _days_of_month(seconds)
    same_clock = np.ptp(seconds % DAY) < 1
    same_day = (day == np.minimum(day.max(), _month_lengths(months))).all()
    return months.astype("int64") if same_clock and same_day else None


def _business(seconds):
    """Whether daily times leave out all weekends."""
    gaps = np.diff(seconds)
    return bool(gaps.max() > DAY and np.is_busday(_days(seconds)).all() and (gaps % DAY == 0).all())


# === Seasons ===


def dominant_period(values):
    """Rows in a season, from the autocorrelation: its highest peak after the trend is taken out.

    Args:
        values: Array `[rows]` without NaN.

    Returns:
        The lag of the highest local maximum of at least 0.3, from 2 up to a third of the rows and
        400; or None.
    """
    size = len(values)
    rows = np.arange(size) - (size - 1) / 2
    centred = values - values.mean()
    rest = centred - rows * (rows @ centred) / (rows @ rows)
    if np.square(rest).sum() <= 1e-20 * max(1e-300, np.square(values).sum()):
        return None
    spectrum = np.fft.rfft(rest, 2 * size)  # padded, so that the ends do not meet
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:size]
    correlation = correlation / correlation[0]
    lags = np.arange(2, min(size // 3, 400) + 1)
    lags = lags[
        (correlation[lags] > correlation[lags - 1])
        & (correlation[lags] >= correlation[lags + 1])
        & (correlation[lags] >= 0.3)
    ]
    return int(lags[np.argmax(correlation[lags])]) if len(lags) else None
