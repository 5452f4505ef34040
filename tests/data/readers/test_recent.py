"""History: the series that a model reads, found in any table that holds it or refused by name."""

import io
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from rnnkit.data.readers.series.recent import history
from rnnkit.features import Series
from rnnkit.formats.times import parse_times
from tests.data.readers.test_series import (
    DAY,
    DAYS,
    NAN,
    SECONDS,
    SOURCES,
    TOY,
    WHOLE,
    A,
    B,
    frame,
    table,
    whole,
)

HISTORIES = {
    "csv": lambda write: write(table(DAYS, A, B)),
    "other order and columns": lambda write: write(
        table(B, ["x"] * 40, DAYS, A, header="B,note,time,a")),
    "no header": lambda write: write(table(DAYS, A, B).split("\n", 1)[1]),
    "no header, numbers": lambda write: write(
        "\n".join(f"{int(t)},{a},{b}" for t, a, b in WHOLE.tolist())),
    "jsonl": SOURCES["jsonl"],
    "stream": lambda write: io.StringIO(table(DAYS, A, B)),
    "stream without header": lambda write: io.StringIO(table(DAYS, A, B).split("\n", 1)[1]),
    "text": lambda write: "\ufeff" + table(DAYS, A, B),
    "frame": lambda write: frame(),
    "frame with an index of dates": lambda write: frame().set_index("date")[["b", "a"]],
    "array": lambda write: WHOLE,
}  # fmt: skip


@pytest.mark.parametrize("form", HISTORIES)
def test_what_a_model_reads(write, form):
    feature = Series(["a", "b"], time=True, step=DAY, frequency="daily")
    raw = history(HISTORIES[form](write), feature)
    assert raw.dtype == np.float64
    np.testing.assert_array_equal(raw, WHOLE)
    assert feature.to_tensor(raw).shape == (1, None, 3)


@pytest.mark.parametrize(
    "form, names",
    [
        (lambda write: write(table(DAYS, A, B)), ["a"]),
        (lambda write: write(table(DAYS, A)), 1),  # the feature has no names
        (lambda write: write(table(DAYS, A).split("\n", 1)[1]), 1),
        (lambda write: io.StringIO("\n".join(map(str, A))), ["a"]),
        (lambda write: write("\n".join(map(str, A)), "d.txt"), ["a"]),
        (lambda write: WHOLE, ["1"]),
        (lambda write: A, 1),
        (lambda write: pd.Series(A), ["a"]),
        (lambda write: pd.Series(A, pd.to_datetime(DAYS), name="x"), 1),
    ],
)
def test_what_a_model_without_times_reads(write, form, names):
    raw = history(form(write), Series(names))
    np.testing.assert_array_equal(raw, np.array(A)[:, None])


def test_columns_of_files_without_header_keep_their_numbers(write):
    path = write(table(DAYS, A, B).split("\n", 1)[1])
    info = TOY.data(path, input="2").info
    feature = Series(info["columns"], time=True, step=info["step"], frequency=info["frequency"])
    np.testing.assert_array_equal(history(path, feature), WHOLE[:, [0, 2]])


def test_equal_numbers_in_the_first_row(write):
    path = write("\n".join(f"{day},1,1" for day in DAYS[:2]))
    raw = history(path, Series(2, time=True))
    np.testing.assert_array_equal(raw, [[SECONDS[0], 1, 1], [SECONDS[1], 1, 1]])


def test_a_model_reads_what_it_was_trained_on(write):
    kept = [row for row in range(40) if row not in (10, 11)]
    path = write(table([DAYS[row] for row in kept], ["", *np.take(A, kept[1:])]))
    with pytest.warns(UserWarning):
        data = TOY.data(path)
    with pytest.warns(UserWarning) as caught:
        feature = Series(["a"], time=True, step=DAY, frequency="daily")
        raw = history(path, feature)
    assert [re.search("line [0-9]+", str(w.message))[0] for w in caught] == ["line 12", "line 2"]
    np.testing.assert_array_equal(raw, whole(data)[0])
    # A feature that takes NaN gets it; one without a frequency has no rows to miss.
    feature = Series(["a"], time=True, step=DAY, frequency="daily", missing=True)
    with pytest.warns(UserWarning, match="line 12"):
        raw = history(path, feature)
    assert np.flatnonzero(np.isnan(raw[:, 1])).tolist() == [0, 10, 11]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(history(path, Series(["a"], time=True, missing=True))) == 38


NEITHER = {
    "data.csv has no column 'load', which the model needs. Did you mean 'loads'": (
        lambda write: write(table(DAYS, A, B, header="date,loads,b"))),
    "the text has no column 'load', 'b', which the model needs. Columns found: .'date', 'x'": (
        lambda write: io.StringIO("date,x\n2024-01-01,1\n")),
    "data.csv has no column of times, which the model needs: .*Columns found": (
        lambda write: write(table(A, B, header="load,b"))),
    r"must have 2 columns of numbers \(load, b\) beside the time, or name its columns": (
        lambda write: io.StringIO("2024-01-01,1\n2024-01-02,2\n")),
    "line 3: the column 'b' holds 'x', which is no number": (
        lambda write: io.StringIO("date,load,b\n2024-01-01,1,2\n2024-01-02,2,x\n")),
    "line 3: the column 'b' holds inf": (
        lambda write: io.StringIO("date,load,b\n2024-01-01,1,2\n2024-01-02,2,inf\n")),
    "line 2: the column 'b' misses 1 of 1 values": (
        lambda write: io.StringIO("date,load,b\n2024-01-01,1,\n")),
    "line 3: expected 3 fields .date, load, b. but found 2": (
        lambda write: io.StringIO("date,load,b\n2024-01-01,1,2\n2024-01-02,2\n")),
    "line 3: the times are out of order": (
        lambda write: io.StringIO("2024-01-02,1,2\n\n2024-01-01,2,3\n")),
    "line 3: more rows are missing than there are: 31 beside 2. The series was daily in training": (
        lambda write: io.StringIO("date,load,b\n2024-01-01,1,2\n2024-02-02,2,3\n")),
    "the text names a column twice": lambda write: io.StringIO("date,b,b\n2024-01-01,1,2\n"),
    "the text holds no rows": lambda write: io.StringIO("date,load,b\n"),
    "text holds no rows": lambda write: io.StringIO(""),
    "the frame holds no rows": lambda write: frame()[:0],
    "the array, row 1: 'nan' is no time": lambda write: [[1e9, 1, 2], [NAN, 1, 2]],
    "There is no file 'none.csv'": lambda write: "none.csv",
}  # fmt: skip


@pytest.mark.parametrize("message", NEITHER)
def test_what_a_model_cannot_read(write, message):
    feature = Series(["load", "b"], time=True, step=DAY, frequency="daily")
    with pytest.raises(ValueError, match=message):
        history(NEITHER[message](write), feature)


def test_standard_input_is_called_so():
    stream = io.StringIO("a\nx\n")
    stream.name = "<stdin>"
    with pytest.raises(ValueError, match="standard input, line 2: the column 'a' holds 'x'"):
        history(stream, Series(["a"]))


def test_days_of_a_zone_and_hours_of_it(capsys):
    """A day is the same in summer and in winter, and an hour is that of UTC, of one row too."""
    days = pd.date_range("2024-03-25", periods=14, tz="Europe/Berlin", name="date")
    feature = Series(["a"], time=True, step=DAY, frequency="daily")
    raw = history(pd.DataFrame({"a": np.arange(14.0)}, days), feature)
    np.testing.assert_array_equal(raw[:, 0], parse_times([str(day.date()) for day in days]))
    assert capsys.readouterr().out == ""
    hours = pd.date_range("2024-03-30 23:00", periods=6, freq="h", tz="Europe/Berlin", name="date")
    feature = Series(["a"], time=True, step=3600.0, frequency="hourly")
    frame = pd.DataFrame({"a": np.arange(6.0)}, hours)
    raw = history(frame, feature)
    np.testing.assert_array_equal(raw[:, 0] - raw[0, 0], 3600 * np.arange(6))
    assert "'date' have a zone (+01:00): they are read as UTC" in capsys.readouterr().out
    np.testing.assert_array_equal(history(frame[1:2], feature), raw[1:2])
