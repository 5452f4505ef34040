"""Calendar: the times that follow, against pandas; and how features carry them."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from rnnkit.features import Forecast, Series
from rnnkit.features.calendar import DAY, following, iso_texts

HOUR = 3600.0


def at(text):
    """Seconds since 1970 of a date and time."""
    return pd.Timestamp(text).timestamp()


def dates(times):
    return [str(pd.Timestamp(time, unit="s")) for time in times]


@pytest.mark.parametrize(
    "last, frequency, offset",
    [
        ("2023-12-31", "monthly", pd.offsets.MonthEnd()),
        ("2024-01-31 06:30", "monthly", pd.offsets.MonthEnd()),
        ("2023-02-28", "monthly", pd.offsets.MonthEnd()),
        ("2024-01-01", "monthly", pd.offsets.MonthBegin()),
        ("1969-11-30", "monthly", pd.offsets.MonthEnd()),
        ("2024-01-15", "monthly", pd.DateOffset(months=1)),
        ("2024-01-30", "monthly", None),
        ("2024-03-31", "quarterly", pd.offsets.QuarterEnd()),
        ("2023-11-30", "quarterly", pd.offsets.QuarterEnd(startingMonth=2)),
        ("2024-01-01", "quarterly", pd.offsets.QuarterBegin(startingMonth=1)),
        ("2023-02-28", "yearly", pd.offsets.YearEnd(month=2)),
        ("2024-12-31", "yearly", pd.offsets.YearEnd()),
        ("2024-06-15", "every 2 months", pd.DateOffset(months=2)),
        ("2024-06-30", "every 6 months", pd.offsets.MonthEnd(6)),
        ("2024-01-05", "business daily", pd.offsets.BDay()),  # a Friday
        ("2024-01-06", "business daily", pd.offsets.BDay()),  # a Saturday
        ("2024-01-10 16:00", "business daily", pd.offsets.BDay()),
        ("2024-03-30 22:00", "hourly", pd.offsets.Hour()),
        ("2024-02-27", "daily", pd.offsets.Day()),
        ("2024-02-27", "weekly", pd.offsets.Week()),
        ("2024-02-27", None, pd.offsets.Minute(15)),
    ],
)
def test_equals_pandas(last, frequency, offset):
    steps = {"hourly": HOUR, "daily": DAY, "weekly": 7 * DAY, None: 900.0}
    found = following(at(last), 15, steps.get(frequency, 31 * DAY), frequency)
    assert found.dtype == np.float64 and found.shape == (15,)
    if offset is None:  # the 30th, or the last day of a month without one
        assert dates(found)[:3] == [f"2024-{day} 00:00:00" for day in ("02-29", "03-30", "04-30")]
        return
    expected, time = [], pd.Timestamp(last)
    for _ in range(15):
        time = time + offset
        expected.append(str(time))
    assert dates(found) == expected


def test_nothing_follows():
    for frequency in (None, "monthly", "business daily"):
        assert following(0.0, 0, DAY, frequency).shape == (0,)


def test_written():
    assert iso_texts([at("2024-02-29"), at("1969-12-31")]) == ["2024-02-29", "1969-12-31"]
    found = iso_texts([at("2024-02-29"), at("2024-02-29 06:07:08") + 0.5])
    assert found == ["2024-02-29T00:00:00.000", "2024-02-29T06:07:08.500"]
    # What is nearest in float64 is a little before the second, and after the tenth of it.
    assert iso_texts([1_709_186_829 - 1e-7]) == ["2024-02-29T06:07:09"]
    assert iso_texts([0.000_25]) == ["1970-01-01T00:00:00.000250"]
    assert iso_texts([at("1969-12-31 23:59:59")]) == ["1969-12-31T23:59:59"]
    assert iso_texts([]) == []


# === Features ===


def test_times_after():
    series = Series(time=True, step=HOUR, cycles=[])
    assert series.times_after(at("2024-02-28 22:00"), 3) == [
        "2024-02-28T23:00:00",
        "2024-02-29T00:00:00",
        "2024-02-29T01:00:00",
    ]
    series = Series(time=True, step=31 * DAY, frequency="monthly", cycles=[])
    assert series.times_after(at("2023-12-31"), 3) == ["2024-01-31", "2024-02-29", "2024-03-31"]
    series = Series(time=True, step=DAY, frequency="business daily", cycles=[])
    assert series.times_after(at("2024-01-04"), 3) == ["2024-01-05", "2024-01-08", "2024-01-09"]


def test_configs():
    series = Series(["a"], time=True, step=86_400, frequency="business daily", cycles=[604_800])
    config = series.get_config()
    assert config["frequency"] == "business daily" and config["cycles"] == [604_800.0]
    # A float: the file of a model refuses integers as large as many steps are.
    assert isinstance(config["step"], float) and config["step"] == DAY
    forecast = Forecast(2, horizon=3, period=7, normalize=False)
    assert forecast.get_config()["period"] == 7
    assert Forecast().get_config()["period"] is None
    for feature in (series, forecast):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(feature))
        assert again.get_config() == feature.get_config()


@pytest.mark.parametrize("period", [0, -1, 1.5, "7"])
def test_bad_period(period):
    with pytest.raises(ValueError, match="period must be None or an integer of at least 1"):
        Forecast(period=period)


def test_decode_graph_equals_decode():
    outputs = np.random.default_rng(0).normal(size=(2, 5, 2)).astype("float32")
    series = Series(2, mean=[1.0, 1e9], deviation=[2.0, 3.0])
    found = tf.function(series.decode_graph)(outputs)
    assert set(found) == {"value"} and found["value"].dtype == tf.float64
    np.testing.assert_array_equal(found["value"], series.decode(outputs))
    plain = Series(2, normalize=False).decode_graph(outputs)["value"]
    np.testing.assert_array_equal(plain, outputs)
    forecast = Forecast(["a", "b"], horizon=3, mean=[1.0, -1.0], deviation=[2.0, 3.0])
    outputs = np.random.default_rng(1).normal(size=(2, 5, 6)).astype("float32")
    found = tf.function(forecast.decode_graph)(outputs)["forecast"]
    assert found.shape == (2, 5, 3, 2)
    for row, leads in zip(outputs.reshape(-1, 6), found.numpy().reshape(-1, 3, 2), strict=True):
        (expected,) = forecast.decode(row[None])
        leads = forecast.readable(leads).tolist()
        assert [list(lead.values()) for lead in expected["forecast"]] == leads
