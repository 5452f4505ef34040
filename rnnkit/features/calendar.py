"""Times of the steps of a series: as seconds, and the ones that follow."""

import re

import numpy as np

DAY = 86_400.0
WEEK = 7 * DAY
YEAR = 365.2425 * DAY
# Months in a step, by the name of the frequency.
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}


def following(last, count, step, frequency=None):
    """Times of the steps after one, in seconds since 1970.

    Args:
        last: Time of the last known step, in seconds.
        count: Number of steps.
        step: Seconds from step to step.
        frequency: `"monthly"`, `"quarterly"`, `"yearly"` and `"every N months"` go by the
            calendar (from the end of a month to the ends of others), `"business daily"` leaves
            out weekends; all else goes by `step`.

    Returns:
        Float64 array `[count]`.

    Example:

    >>> following(0.0, 2, 31 * DAY, "monthly") / DAY
    array([31., 59.])
    """
    ahead = np.arange(1, count + 1)
    months = MONTHS.get(frequency)
    if months is None and frequency:
        found = re.fullmatch(r"every (\d+) months", frequency)
        months = int(found[1]) if found else None
    if months is not None:
        day = np.datetime64(int(last // DAY), "D")
        month = day.astype("datetime64[M]")
        of_month = (day - month.astype("datetime64[D]")).astype(int)
        at_end = (day + 1).astype("datetime64[M]") != month
        starts = month + ahead * months
        ends = ((starts + 1).astype("datetime64[D]") - 1 - starts.astype("datetime64[D]")).astype(
            int
        )
        days = starts.astype("datetime64[D]") + (ends if at_end else np.minimum(of_month, ends))
        return days.astype("int64") * DAY + last % DAY
    if frequency == "business daily":
        day = np.datetime64(int(last // DAY), "D")
        days = np.busday_offset(day, ahead, roll="backward")
        return days.astype("int64") * DAY + last % DAY
    return last + step * ahead


def iso_texts(times):
    """Seconds since 1970 as ISO 8601 strings.

    Without the clock where all are at midnight, and with decimals, up to microseconds, where they
    are needed.
    """
    micros = np.round(np.asarray(times, "float64") * 1e6).astype("int64")
    for size, unit in ((86_400_000_000, "D"), (1_000_000, "s"), (1_000, "ms"), (1, "us")):
        if (micros % size == 0).all():
            return [str(np.datetime64(int(each // size), unit)) for each in micros]
    raise AssertionError("all are whole microseconds")
