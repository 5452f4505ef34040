"""Times of rows: ways to write them, frequencies, missing rows and seasons."""

import datetime

import numpy as np
import pandas as pd
import pytest

from rnnkit.data.readers.series import times
from rnnkit.formats.cells import number
from rnnkit.formats.times import find_time, is_time, parse_times

DAY = 86_400.0
NAN = np.nan


def dates(start, periods, freq):
    return [str(date) for date in pd.date_range(start, periods=periods, freq=freq)]


def place(row):
    return f"row {row}"


def counted(cells):
    """Steps from row to row, as `Rows` of a series come to them."""
    seconds = parse_times(cells)
    times.check_order(seconds, place)
    step, name, _ = times.frequency(seconds)
    return seconds, name, times.count_steps(seconds, step, name, place)


# === Cells ===


@pytest.mark.parametrize(
    "cell, expected",
    [
        ("1.5", 1.5), (" -2e3 ", -2000), (3, 3), (True, 1), (np.float32(0.5), 0.5), ("inf", np.inf),
        ("", NAN), ("NA", NAN), ("null", NAN), (None, NAN), (NAN, NAN), (pd.NA, NAN), (pd.NaT, NAN),
        ("x", None), ("1_000", None), ("1,5", None), ([], None),
        (np.datetime64("2024-01-01"), None),
    ],
)  # fmt: skip
def test_cells_as_numbers(cell, expected):
    np.testing.assert_equal(number(cell), expected)


def seconds(*texts):
    return [pd.Timestamp(text).timestamp() for text in texts]


@pytest.mark.parametrize(
    "cells, expected",
    [
        (["2024-02-29", "1949-01-01"], seconds("2024-02-29", "1949-01-01")),
        (["2024/2/9", "2024/12/31"], seconds("2024-02-09", "2024-12-31")),
        (["1949-01", "1949-12"], seconds("1949-01-01", "1949-12-01")),
        (["2024-01-01 06:30", "2024-01-01T6:30:15.25"],
         seconds("2024-01-01 06:30", "2024-01-01 06:30:15.25")),
        (["2024-01-01T00:00:00Z", "2024-01-01 00:00+01:00", "2024-01-01T00:00-0330"],
         seconds("2024-01-01", "2023-12-31 23:00", "2024-01-01 03:30")),
        (["31.12.2024", "01.02.2024"], seconds("2024-12-31", "2024-02-01")),
        (["02/01/2024", "13/01/2024"], seconds("2024-01-02", "2024-01-13")),
        (["02/01/2024", "01/13/2024 10:00"], seconds("2024-02-01", "2024-01-13 10:00")),
        (["2024Q1", "2024-Q4"], seconds("2024-01-01", "2024-10-01")),
        (["2021-03-01T05", "2021-03-01 23"], seconds("2021-03-01 05:00", "2021-03-01 23:00")),
        (["1/2/2021 12:05 AM", "1/13/2021 1:00:30 pm", "1/13/2021 12:00PM"],
         seconds("2021-01-02 00:05", "2021-01-13 13:00:30", "2021-01-13 12:00")),
        (["2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00"],
         seconds("2024-03-31", "2024-04-01")),
        (pd.Series(pd.date_range("2024-03-31", periods=2, tz="Europe/Berlin")),
         seconds("2024-03-31", "2024-04-01")),
        (pd.date_range("2024-03-31 01:00", periods=2, freq="h", tz="Europe/Berlin"),
         seconds("2024-03-31", "2024-03-31 01:00")),
        (["2021-01-02 13:00 PM", "1949 12", "2024-01 05"], [NAN] * 3),
        ([datetime.datetime(2024, 1, 2, 3), datetime.date(2024, 1, 2)],
         seconds("2024-01-02 03:00", "2024-01-02")),
        (["2023-02-29", "2024-13-01", "2024-01-01 24:30", "24-01-01", "", "1949"], [NAN] * 6),
        (["13/01/2024", "01/13/2024"], [*seconds("2024-01-13"), NAN]),
    ],
)  # fmt: skip
def test_ways_to_write_times(cells, expected):
    np.testing.assert_array_equal(parse_times(cells), expected)


@pytest.mark.parametrize(
    "cells, expected",
    [
        (["1949", "2024"], seconds("1949-01-01", "2024-01-01")),
        ([1949, 1950.0], seconds("1949-01-01", "1950-01-01")),
        (["20240229", "19491231"], seconds("2024-02-29", "1949-12-31")),
        ([1_704_067_200, 1_704_067_201.5], [1_704_067_200, 1_704_067_201.5]),
        ([1_704_067_200_500, 1_704_067_200_000], [1_704_067_200.5, 1_704_067_200]),
        ([1_704_067_200_500_000, 1_704_067_200_000_000], [1_704_067_200.5, 1_704_067_200]),
        ([1_704_067_200_500_000_000] * 2, [1_704_067_200.5] * 2),
        ([1, 2], [NAN, NAN]),
        ([1949.5, 1950], [NAN, NAN]),
    ],
)
def test_plain_numbers_under_a_name_of_time(cells, expected):
    np.testing.assert_array_equal(parse_times(cells, plain=True), expected)
    if not isinstance(cells[0], float):
        assert np.isnan(parse_times(cells)).all()


@pytest.mark.parametrize(
    "text, expected",
    [("2024-01-31", True), (" 1.2.2024 10:00", True), ("2024Q3", True), ("1949", True),
     ("date", False), ("12", False), ("", False)],
)  # fmt: skip
def test_texts_that_are_times(text, expected):
    assert is_time(text) is expected


@pytest.mark.parametrize(
    "columns, expected",
    [
        ({"a": ["1", "2"], "Date": ["2024-01-01", "2024-01-02"]}, "Date"),
        ({"day": ["1", "2"], "time": ["2024-01-01", "2024-01-02"]}, "time"),
        ({"anything": ["2024-01-01", "2024-01-02"], "a": ["1", "2"]}, "anything"),
        ({"a": ["1", "2"], "anything": ["2024-01-01", "2024-01-02"]}, None),
        ({"any": ["1900", "1901"]}, None),
        ({"year": ["1900", "1901"]}, "year"),
    ],
)
def test_the_column_of_times(columns, expected):
    names, seconds = find_time(columns, place)
    assert names == ([expected] if expected else [])
    if names:
        np.testing.assert_array_equal(seconds, parse_times(columns[expected], True))


PARTS = {"year": [2021, 2021], "month": [3, 12], "pm": [1.0, 2.0]}


@pytest.mark.parametrize(
    "columns, names, expected",
    [
        (PARTS, ["year", "month"], ["2021-03-01", "2021-12-01"]),
        ({**PARTS, "Day": ["5", "31"], "hour": [0, 23]}, ["year", "month", "Day", "hour"],
         ["2021-03-05", "2021-12-31 23:00"]),
        ({**PARTS, "day": [5, 31], "hour": [1, 24]}, ["year", "month", "day", "hour"],
         ["2021-03-05 01:00", "2022-01-01"]),  # hours by their ends
        ({**PARTS, "hour": [0, 23]}, ["year", "month"], ["2021-03-01", "2021-12-01"]),
        ({"Date": ["2021-03-05"] * 2, "Time": ["00:30", "12:00:15"]}, ["Date", "Time"],
         ["2021-03-05 00:30", "2021-03-05 12:00:15"]),
        ({"date": ["2021-03-05"] * 2, "hour": [3, 4]}, ["date", "hour"],
         ["2021-03-05 03:00", "2021-03-05 04:00"]),
        ({"date": ["2021-03-05", "2021-03-06"], "hour": [3, 4]}, ["date"],
         ["2021-03-05", "2021-03-06"]),  # the dates differ, so the hour may be a value
        ({"year": [5, 6], "month": ["2021-01", "2021-02"]}, ["month"],
         ["2021-01-01", "2021-02-01"]),
    ],
)  # fmt: skip
def test_times_in_several_columns(columns, names, expected):
    found, times_of = find_time(columns, place)
    assert found == names
    np.testing.assert_array_equal(times_of, seconds(*expected))


@pytest.mark.parametrize(
    "columns, message",
    [
        ({**PARTS, "day": [5, 32]}, "row 1: the column 'day' is read as part .* up to 31.*: 32"),
        ({**PARTS, "day": [5, "x"]}, "row 1: the column 'day' .* Received: 'x'"),
        ({"year": [2021], "month": [2], "day": [30]}, "row 0: there is no such time: year 2021, "),
    ],
)
def test_parts_that_are_no_time(columns, message):
    with pytest.raises(ValueError, match=message):
        find_time(columns, place)


@pytest.mark.parametrize(
    "cells, message",
    [
        (["2024-01-01", "2024-01-02", "soon"], "row 2: the column 'ds' holds 'soon', which is no"),
        (["2024-01-01", "2024-01-02", ""], "row 2: the column 'ds' holds '', which is no time: wr"),
        (["01/02/2024", "02/02/2024"], "row 0: .* '01/02/2024', and no row shows whether the day"),
    ],
)
def test_cells_that_are_no_times(cells, message):
    with pytest.raises(ValueError, match=message):
        find_time({"ds": cells}, place)


# === Frequency ===


@pytest.mark.parametrize(
    "cells, name, step, period",
    [
        (dates("2024-01-01", 96, "h"), "hourly", 3600, 24),
        (dates("2024-01-01", 192, "30min"), "half-hourly", 1800, 48),
        (dates("2024-01-01", 400, "15min"), "every 900 s", 900, 96),
        (dates("2024-01-01", 60, "10s"), "every 10 s", 10, 8640),
        (dates("2024-01-01", 60, "7h"), "every 25200 s", 25200, None),
        (dates("2024-01-01", 40, "D"), "daily", DAY, 7),
        (dates("2024-01-01", 60, "B"), "business daily", DAY, 5),
        (dates("2024-01-01", 200, "W"), "weekly", 7 * DAY, 52),
        (dates("1949-01-01", 144, "MS"), "monthly", 31 * DAY, 12),
        (dates("1949-01-31", 144, "ME"), "monthly", 31 * DAY, 12),
        (dates("1949-01-31", 48, "QE"), "quarterly", 92 * DAY, 4),
        (dates("1949-01-01", 40, "YS"), "yearly", 365 * DAY, None),
        (dates("1949-01-01", 40, "2MS"), "every 2 months", 61 * DAY, None),
    ],
)
def test_frequencies(cells, name, step, period):
    seconds = parse_times(cells)
    assert times.frequency(seconds) == (step, name, period)
    steps = times.count_steps(seconds, step, name, place)
    np.testing.assert_array_equal(steps, np.ones(len(cells) - 1))
    whole, known = times.complete(seconds, steps, name)
    np.testing.assert_array_equal(whole, seconds)
    np.testing.assert_array_equal(known, range(len(cells)))


@pytest.mark.parametrize(
    "start, freq",
    [
        ("2024-01-01", "D"), ("2024-01-01", "h"), ("2024-01-01", "15min"), ("2024-01-07", "W"),
        ("1949-01-01", "MS"), ("1949-01-31", "ME"), ("1949-03-31", "QE"), ("1949-12-31", "YE"),
        ("1949-01-01 06:00", "YS"), ("1949-01-01", "2MS"),
    ],
)  # fmt: skip
def test_missing_rows_are_found_and_get_their_times(start, freq):
    cells = dates(start, 60, freq)
    gone = [5, 6, 7, 8, 9, 13, 25, 27, 58]
    left = [row for row in range(60) if row not in gone]
    seconds, name, steps = counted([cells[row] for row in left])
    assert name == counted(cells)[1]
    whole, known = times.complete(seconds, steps, name)
    np.testing.assert_array_equal(whole, parse_times(cells))
    np.testing.assert_array_equal(known, left)


def test_months_on_a_day_that_some_are_too_short_for():
    cells = [f"2023-{month:02}-{min(30, 28 if month == 2 else 30)} 12:00" for month in range(1, 13)]
    seconds, name, steps = counted([cells[row] for row in (0, 1, 4, 5, 6, 7, 8, 9, 11)])
    assert name == "monthly"
    np.testing.assert_array_equal(times.complete(seconds, steps, name)[0], parse_times(cells))


def test_holidays_between_business_days_are_no_missing_rows():
    for gone in (["03-29", "04-01"], ["04-01", "04-02", "04-03", "04-04", "04-05"]):
        cells = [day for day in dates("2024-03-01", 60, "B") if day[5:10] not in gone]
        _, name, steps = counted(cells)
        assert name == "business daily"
        assert (steps == 1).all()


DAYS = dates("2024-01-01", 40, "D")


def without(cells, *rows):
    return [cell for row, cell in enumerate(cells) if row not in rows]


TIMES = {
    "row 5: the time 2024-01-05 occurs twice, first at row 4": [*DAYS[:5], DAYS[4], *DAYS[5:39]],
    "row 6: the times are out of order. After 2024-01-07 comes 2024-01-06: sort": [
        *DAYS[:5], DAYS[6], DAYS[5], *DAYS[7:]],
    "row 1: the times are out of order": DAYS[::-1],
    "row 10: more rows are missing than there are: 101 beside 40. The series is daily, but after "
    "2024-01-10 comes 2024-04-21. Cut the series there, or resample": [
        *DAYS[:10], *dates("2024-04-21", 30, "D")],
    "row 10: more rows are missing than there are: 122 beside 40. The series is monthly, but": [
        *dates("1949-01-01", 10, "MS"), *dates("1960-01-01", 30, "MS")],
    "row 10: the times are irregular. From 2024-01-01 09:00:00 to 2024-01-01 09:30:00": [
        *dates("2024-01-01", 10, "h"), *dates("2024-01-01 09:30", 30, "h")],
    "row 10: the times are irregular. From 2024-01-01 09:00:00 to 2024-01-01 11:30:00": [
        *dates("2024-01-01", 10, "h"), *dates("2024-01-01 11:30", 30, "h")],
    "row 20: the times are irregular.*mostly .every 2 months.": [
        *dates("1949-01-01", 20, "2MS"), *dates("1952-04-01", 19, "2MS")],
}  # fmt: skip


@pytest.mark.parametrize("message", TIMES)
def test_times_that_do_not_fit(message):
    with pytest.raises(ValueError, match=message):
        counted(TIMES[message])


@pytest.mark.parametrize(
    "cells, step, name, message",
    [
        (["2024-01-01", "2024-01-02"], 3600.0, "hourly", "row 1: more rows .* hourly in training"),
        (["2024-01-01 00:00", "2024-01-01 01:00"], DAY, "daily", "another step than in training"),
        (["2024-01-05", "2024-01-06"], DAY, "business daily", "row 1: the times are irregular"),
        (["2024-01-01", "2024-02-02"], 31 * DAY, "monthly", "another step than in training .mont"),
    ],
)
def test_times_that_differ_from_those_learned(cells, step, name, message):
    with pytest.raises(ValueError, match=message):
        times.count_steps(parse_times(cells), step, name, place, learned=True)


def test_a_single_row_has_no_steps():
    for name, step in (("daily", DAY), ("monthly", 31 * DAY), ("business daily", DAY)):
        steps = times.count_steps(np.array([0.0]), step, name, place)
        assert times.complete(np.array([0.0]), steps, name)[0].tolist() == [0.0]


# === The season ===


def test_periods_from_the_autocorrelation():
    rng = np.random.default_rng(0)
    rows = np.arange(600)
    for period in (3, 12, 25, 150):
        wave = np.sin(2 * np.pi * rows / period) + 0.02 * rows + rng.normal(0, 0.2, 600)
        assert times.dominant_period(wave) == period
    assert times.dominant_period(rng.normal(size=600)) is None
    assert times.dominant_period(rows * 2.0) is None
    assert times.dominant_period(np.ones(600)) is None
    # Longer than a third of the rows: not seen.
    assert times.dominant_period(np.sin(2 * np.pi * rows / 250)) is None


def test_the_autocorrelation_of_a_plain_loop():
    values = (
        np.random.default_rng(3).normal(size=90).cumsum() + np.tile([0.0, 4.0, 1.0, 9.0], 23)[:90]
    )
    rows = np.arange(90)
    rest = values - np.polyval(np.polyfit(rows, values, 1), rows)
    r = [sum(rest[: 90 - lag] * rest[lag:]) / sum(rest**2) for lag in range(40)]
    peaks = [k for k in range(2, 31) if r[k] > r[k - 1] and r[k] >= r[k + 1] and r[k] >= 0.3]
    assert times.dominant_period(values) == max(peaks, key=lambda lag: r[lag])
