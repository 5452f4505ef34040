"""Days that are given by their dates, as columns of a series that are known ahead."""

import datetime

import numpy as np

from rnnkit.features.calendar import DAY

# What the column is called where days have no kinds.
NAME = "holiday"


def holidays_of(given):
    """Days as a dict of name to sorted ISO dates.

    Args:
        given: List of dates (texts such as `"2024-12-25"`, dates, timestamps, anything that NumPy
            takes for a day), or dict of the name of a kind of day to such a list.

    Raises:
        ValueError: For what is no date, and for a list without any.

    Example:

    >>> holidays_of(["2024-12-26", "2024-12-25"])
    {'holiday': ['2024-12-25', '2024-12-26']}
    """
    kinds = given if isinstance(given, dict) else {NAME: given}
    if not kinds or isinstance(given, (str, bytes)) or not hasattr(given, "__len__"):
        raise ValueError(
            "holidays must be a list of dates such as ['2024-12-25'], or a dict of names to such "
            f"lists. Received: {given!r}"
        )
    return {str(name): _days(name, days) for name, days in kinds.items()}


def _days(name, days):
    """Sorted ISO dates of one kind."""
    if isinstance(days, (str, bytes)) or not hasattr(days, "__len__") or not len(days):
        raise ValueError(f"holidays must be lists of dates. Received: {days!r} for {str(name)!r}")
    found = set()
    for day in days:
        if hasattr(day, "isoformat"):
            day = day.isoformat()
        try:  # numbers would be days since 1970, or years
            if isinstance(day, (int, float)):
                raise ValueError
            text = str(np.datetime64(str(day).strip(), "D"))
            datetime.date.fromisoformat(str(day).strip()[:10])
        except ValueError:
            raise ValueError(
                f"holidays must be dates in ISO 8601, such as 2024-12-25. Received: {day!r} for "
                f"{str(name)!r}"
            ) from None
        found.add(text)
    return sorted(found)


def on_holidays(seconds, days):
    """Whether times lie on one of some days: 1.0 or 0.0, NumPy float64 of the shape of `seconds`.

    Args:
        seconds: Times in seconds since 1970 (UTC).
        days: List of ISO dates.

    Example:

    >>> on_holidays(np.array([0.0, 86_399.0, 86_400.0]), ["1970-01-01"])
    array([1., 1., 0.])
    """
    present = np.floor(np.asarray(seconds) / DAY).astype("int64")
    wanted = np.array(days, "datetime64[D]").astype("int64")
    return np.isin(present, wanted).astype("float64")
