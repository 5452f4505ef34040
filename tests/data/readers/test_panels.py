"""Several series in one table: told apart by a column, or refused where nothing tells."""

import numpy as np
import pandas as pd
import pytest

from rnnkit.data.readers.series.recent import histories, history
from rnnkit.features import Series
from tests.data.readers.test_series import DAY, DAYS, SECONDS, TOY

WEEKS = [str(np.datetime64("2024-01-01") + 7 * n) for n in range(40)]
LEVELS = {"b": 10.0, "a": 1000.0, "c": 100.0}


def panel(extra=()):
    """Three stores below each other, whose value is the store's level and the day."""
    frame = pd.concat(
        pd.DataFrame({"store": name, "date": DAYS, "sales": level + np.arange(40)})
        for name, level in LEVELS.items()
    )
    return frame.assign(**dict(extra)).reset_index(drop=True)


def shuffled_by_day():
    """The same with the stores of a day below each other."""
    return panel().sort_values(["date", "store"], key=lambda c: c).reset_index(drop=True)


def parts_of(data):
    return [(x.numpy(), y.numpy()) for x, y in data.train]


@pytest.mark.parametrize("form", [panel, shuffled_by_day])
@pytest.mark.parametrize("given", [None, "store", ["store"]])
def test_each_series_is_split_by_itself(form, given, capsys):
    data = TOY.data(form(), series=given)
    order = list(LEVELS) if form is panel else sorted(LEVELS)
    assert data.info["series_columns"] == ["store"] and data.info["series"] == order
    said = capsys.readouterr().out
    assert ("3 series, told apart by 'store'" in said) == (given is None)
    assert "each of 3 series: the first 70 % of its rows to train, the next 10 % to val" in said
    for split, rows in (("train", 28), ("validation", 32), ("test", 40)):
        for (x, y), name in zip(getattr(data, split), order, strict=True):
            assert x.shape == (rows, 2) and y.shape == (rows, 1)
            np.testing.assert_array_equal(x[:, 0], SECONDS[:rows])
            np.testing.assert_array_equal(x[:, 1], LEVELS[name] + np.arange(rows))


@pytest.mark.parametrize("given", ["id,sales", "ID, sales", ["ID", "sales"], "0,2", [0, 2]])
def test_a_column_that_is_an_input_tells_no_series_apart(given):
    frame = pd.DataFrame({"id": np.repeat([3, 4, 5, 6], 10), "date": DAYS, "sales": range(40)})
    data = TOY.data(frame, input=given, target="sales")
    assert data.sizes["train"] == 1 and data.info["columns"] == ["id", "sales"]


def test_an_index_of_series_and_times():
    data = TOY.data(panel().set_index(["store", "date"]))
    assert data.info["series"] == list(LEVELS) and data.info["columns"] == ["sales"]
    np.testing.assert_array_equal(parts_of(data)[1][0][:, 0], SECONDS[:28])


def test_files_and_two_columns(write, tmp_path):
    frame = panel().assign(item=np.repeat(["x", "y", "x"], 40))
    frame["store"] = np.repeat([1, 1, 2], 40)
    path = write(frame.to_csv(index=False))
    data = TOY.data(path)
    assert data.info["series"] == ["1/x", "1/y", "2/x"]
    assert TOY.data(path, series="store,item").info["series"] == ["1/x", "1/y", "2/x"]
    with pytest.raises(ValueError, match="data.csv, line 42: the time 2024-01-01 occurs twice"):
        TOY.data(path, series="store")


def test_series_of_other_lengths_and_starts():
    frame = panel()
    frame = frame[~((frame.store == "a") & (frame.index % 40 < 10))]  # starts ten days later
    frame = frame[~((frame.store == "c") & (frame.index % 40 > 5))]  # six rows
    with pytest.warns(UserWarning, match="1 of 3 series have fewer than 20 rows .* 'c' with 6"):
        data = TOY.data(frame)
    assert [len(x) for x, _ in data.train] == [28, 21]
    assert parts_of(data)[1][0][0].tolist() == [SECONDS[10], 1010.0]


def test_the_column_of_a_target_tells_no_series_apart():
    frame = pd.DataFrame({"date": DAYS, "users": range(40), "user": [1.0, 2.0] * 20})
    assert TOY.data(frame, target="user").info["columns"] == ["users", "user"]
    ids = pd.DataFrame({"date": DAYS, "id": range(40), "v": range(40)})
    with pytest.warns(UserWarning, match="'id' only counts"):
        data = TOY.data(ids)
    assert data.info["columns"] == ["v"] and "series" not in data.info


def test_a_column_that_changes_to_and_fro_may_be_a_value():
    frame = pd.DataFrame({"date": DAYS, "session": ["day", "night"] * 20, "v": np.arange(40.0)})
    message = "'session' may tell 2 series apart, or be a value.*Say series='session', or name"
    with pytest.raises(ValueError, match=message):
        TOY.data(frame)
    assert TOY.data(frame, input="v").info.get("series") is None
    below = frame.assign(session=[1.0] * 20 + [2.0] * 20)
    assert TOY.data(below).info["series"] == ["1", "2"]  # one below the other


AGAIN = {
    "row 40: the column 'date' starts again at '2024-01-01'. Either .* series=.*sort.*'shop'": (
        lambda: panel().rename(columns={"store": "shop"})),
    "row 40: the column 'time' starts again at 0. Either these are several series": (
        lambda: pd.DataFrame({"time": [*range(40)] * 2, "v": np.arange(80.0) % 7})),
    "row 3: the column 'store' is empty, so that the row belongs to no series": (
        lambda: panel().assign(store=lambda f: f.store.where(f.index != 3))),
    "the series 'a' is weekly, but 'b' is daily. One model reads": (
        lambda: panel().assign(date=[*DAYS, *WEEKS, *DAYS])),
    "a series begins that has no numbers in the column 'sales'.*is empty": (
        lambda: panel().assign(sales=lambda f: f.sales.where(f.store != "a"))),
}  # fmt: skip


@pytest.mark.parametrize("message", AGAIN)
def test_what_cannot_be_told_apart(message):
    with pytest.raises(ValueError, match=message):
        TOY.data(AGAIN[message]())


def test_a_season_that_starts_again_is_no_second_series():
    frame = pd.DataFrame({"month": [*range(1, 13)] * 4, "v": np.arange(48.0) % 7})
    assert TOY.data(frame).info["columns"] == ["month", "v"]


def test_columns_that_are_not_there():
    with pytest.raises(ValueError, match="the frame has no column 'shop' for the series"):
        TOY.data(panel(), series="shop")
    with pytest.raises(ValueError, match="series names the column that tells several series"):
        TOY.data(np.arange(40.0), series="store")


# === To a model ===


def feature(series=("store",)):
    return Series(["sales"], time=True, step=DAY, frequency="daily", series=series)


def test_histories_by_name(write):
    for source in (panel(), write(panel().to_csv(index=False)), panel().to_csv(index=False)):
        found = histories(source, feature())
        assert list(found) == list(LEVELS)
        for name, level in LEVELS.items():
            np.testing.assert_array_equal(found[name][:, 1], level + np.arange(40))
    one = panel()[:40]
    assert list(histories(one, feature())) == ["b"]  # of a single store
    assert list(histories(one.drop(columns="store"), feature())) == [None]  # a new one
    np.testing.assert_array_equal(history(one, feature()), histories(one, feature())["b"])


def test_a_model_of_one_series_reads_one():
    with pytest.raises(ValueError, match="holds 3 series, but the model was trained on one"):
        histories(panel(), feature(None))
    with pytest.raises(ValueError, match="starts again at '2024-01-01'"):
        histories(panel().drop(columns="store"), feature())
    both = feature(("store", "item"))
    with pytest.raises(ValueError, match=r"must have all columns .*\['store', 'item'\], or none"):
        histories(panel(), both)
