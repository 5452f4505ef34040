"""Series: every source as one series in time order, columns and times found or refused by name."""

import datetime
import re

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from rnnkit.data import Data, stretches
from rnnkit.data.readers import catalogue
from rnnkit.features import Forecast, Series
from rnnkit.recipe import Recipe

DAY = 86_400.0
NAN = np.nan


class Toy(Recipe):
    name = "toy"
    data_types = ("series", "series")
    columns = {"input": (), "target": ()}


TOY = Toy()


def parts(data):
    """Each part as `(x, y)`: there is one example in each."""
    found = {}
    for split in ("train", "validation", "test"):
        ((x, y),) = list(getattr(data, split).as_numpy_iterator())
        assert x.dtype == y.dtype == np.float64 and len(x) == len(y)
        found[split] = x, y
    return found


def whole(data):
    """The inputs and the targets of all parts without their context, in order."""
    xs, ys, start = [], [], 0
    for x, y in parts(data).values():
        seen = min(start, stretches.CONTEXT)
        assert np.isnan(y[:seen]).all()
        xs.append(x[seen:])
        ys.append(y[seen:])
        start += len(x) - seen
    return np.concatenate(xs), np.concatenate(ys)


def table(times, *columns, header="date,a,b"):
    rows = [",".join(map(str, row)) for row in zip(times, *columns, strict=True)]
    width = len(columns) + 1
    return "\n".join([",".join(header.split(",")[:width]), *rows]) + "\n"


DAYS = [str(np.datetime64("2024-01-01") + n) for n in range(40)]
A = [round(float(value), 3) for value in np.random.default_rng(0).normal(size=40)]
B = [round(float(value), 3) for value in np.random.default_rng(1).normal(size=40)]
START = 1_704_067_200.0  # 2024-01-01
SECONDS = START + DAY * np.arange(40)
WHOLE = np.column_stack([SECONDS, A, B])

# === Parts ===


def test_parts_in_time_order_with_their_context(write, monkeypatch):
    monkeypatch.setattr(stretches, "CONTEXT", 10)
    data = TOY.data(write(table(DAYS, A, B)))
    found = parts(data)
    for split, start, first, end in (
        ("train", 0, 0, 28),
        ("validation", 18, 28, 32),
        ("test", 22, 32, 40),
    ):
        x, y = found[split]
        np.testing.assert_array_equal(x, WHOLE[start:end])
        assert np.isnan(y[: first - start]).all()
        np.testing.assert_array_equal(y[first - start :], WHOLE[first:end, 1:])
    assert data.sizes == {"train": 1, "validation": 1, "test": 1}
    assert data.info == {
        "columns": ["a", "b"],
        "targets": ["a", "b"],
        "time": True,
        "step": DAY,
        "frequency": "daily",
        "period": 7,
    }


def test_context_is_a_thousand_rows_at_most():
    found = parts(TOY.data(np.random.default_rng(0).normal(size=5000)))
    shapes = {split: x.shape for split, (x, _) in found.items()}
    assert shapes == {"train": (3500, 1), "validation": (1500, 1), "test": (2000, 1)}
    assert {split: int(np.isnan(y).sum()) for split, (_, y) in found.items()} == {
        "train": 0,
        "validation": 1000,
        "test": 1000,
    }


def test_the_first_forecast_into_a_part_is_scored():
    data = TOY.data(np.arange(50.0) % 7)
    x, y = parts(data)["test"]
    forecast = Forecast(horizon=2, normalize=False)
    encoded = forecast.encode(forecast.to_tensor(y))[0].numpy()
    known = ~np.isnan(encoded).any(axis=1)
    # Rows 40 to 49 are for testing: steps 39 to 47 see two of them ahead.
    np.testing.assert_array_equal(np.flatnonzero(known), range(39, 48))
    np.testing.assert_array_equal(encoded[39], [40 % 7, 41 % 7])


WORDS = ["train"] * 20 + ["val"] * 8 + ["test"] * 12


@pytest.mark.parametrize("split", ["split", "Split"])
def test_a_split_column_decides(write, split):
    path = write(table(DAYS, A, WORDS, header=f"date,a,{split}"))
    found = parts(TOY.data(path))
    assert [len(x) for x, _ in found.values()] == [20, 28, 40]
    assert int(np.isnan(found["test"][1]).sum()) == 28
    np.testing.assert_array_equal(found["test"][0], WHOLE[:, :2])


def test_a_split_column_that_mixes_the_rows(write):
    words = ["test", *WORDS[1:]]
    with pytest.raises(
        ValueError, match="data.csv: .*consecutive.* line 2 belongs to a later part than line 29,"
    ):
        TOY.data(write(table(DAYS, A, words, header="date,a,split")))


def test_folders_and_dicts(write, tmp_path):
    write(table(DAYS[:20], A[:20]), "set/train.csv")
    write(table(DAYS[20:28], A[20:28]), "set/val.csv")
    write(table(DAYS[28:], A[28:]), "set/test.csv")
    frame = pd.DataFrame({"date": DAYS, "a": A})
    array = np.array(A)
    for source, width in (
        (tmp_path / "set", 2),
        ({"train": frame[:20], "dev": frame[20:28], "test": frame[28:]}, 2),
        ({"train": array[:20], "val": array[20:28], "test": array[28:]}, 1),
    ):
        data = TOY.data(source)
        assert [len(x) for x, _ in parts(data).values()] == [20, 28, 40]
        np.testing.assert_array_equal(whole(data)[0], WHOLE[:, 2 - width : 2])
    # Without a validation part the last eighth of train is one.
    data = TOY.data({"train": frame[:32], "test": frame[32:]})
    assert [len(x) for x, _ in parts(data).values()] == [28, 32, 40]
    assert [len(x) for x, _ in parts(TOY.data({"train": frame})).values()] == [28, 32, 40]


# === Sources ===


def frame(**options):
    return pd.DataFrame({"date": pd.to_datetime(DAYS), "a": A, "b": B}, **options)


SOURCES = {
    "csv": lambda write: write(table(DAYS, A, B)),
    "tsv": lambda write: write(table(DAYS, A, B).replace(",", "\t"), "data.tsv"),
    "jsonl": lambda write: write(frame().assign(date=DAYS).to_json(orient="records", lines=True),
                                 "data.jsonl"),
    "frame": lambda write: frame(),
    "frame with an index of dates": lambda write: frame().set_index("date"),
    "frame with periods": lambda write: frame().set_index("date").to_period("D"),
    "frame with zones": lambda write: frame().assign(
        date=pd.to_datetime(DAYS).tz_localize("UTC").tz_convert("Asia/Tokyo")),
    "frame of objects": lambda write: frame(dtype=object),
    "frame of python dates": lambda write: frame().assign(
        date=[datetime.date.fromisoformat(day) for day in DAYS]),
    "pair of frames": lambda write: (frame().set_index("date"), frame().set_index("date")),
}  # fmt: skip


@pytest.mark.parametrize("form", SOURCES)
def test_tables_with_times(write, form):
    data = TOY.data(SOURCES[form](write))
    x, y = whole(data)
    np.testing.assert_array_equal(x, WHOLE)
    np.testing.assert_array_equal(y, WHOLE[:, 1:])
    assert (data.info["frequency"], data.info["columns"]) == ("daily", ["a", "b"])


PLAIN = {
    "txt": lambda write: write("\n".join(f"{a} {b}" for a, b in zip(A, B, strict=True)), "d.txt"),
    "txt with comments": lambda write: write(
        "# two columns\n" + "\n".join(f" {a}\t{b}" for a, b in zip(A, B, strict=True)), "d.txt"),
    "csv without header": lambda write: write(
        "\n".join(f"{a},{b}" for a, b in zip(A, B, strict=True))),
    "array": lambda write: WHOLE[:, 1:],
    "list of rows": lambda write: WHOLE[:, 1:].tolist(),
    "tensor": lambda write: tf.constant(WHOLE[:, 1:]),
    "pair of the same": lambda write: (WHOLE[:, 1:], WHOLE[:, 1:]),
}  # fmt: skip


@pytest.mark.parametrize("form", PLAIN)
def test_numbers_without_times(write, form):
    data = TOY.data(PLAIN[form](write))
    x, y = whole(data)
    np.testing.assert_array_equal(x, WHOLE[:, 1:])
    np.testing.assert_array_equal(y, x)
    assert data.info["columns"] == ["0", "1"]
    assert (data.info["time"], data.info["step"], data.info["frequency"]) == (False, None, None)


@pytest.mark.parametrize(
    "form",
    [
        lambda write: A,
        lambda write: np.array(A, "float32").astype("float64").round(3),
        lambda write: pd.Series(A),
        lambda write: write(" ".join(map(str, A)), "line.txt"),
        lambda write: write("a\n" + "\n".join(map(str, A))),
    ],
)
def test_a_single_column(write, form):
    np.testing.assert_allclose(whole(TOY.data(form(write)))[0], np.array(A)[:, None])


def test_pairs_hold_the_targets_among_the_inputs():
    x, y = np.array([A, B]).T, np.array(A)[::-1]
    data = TOY.data((x, y))
    found, targets = whole(data)
    np.testing.assert_array_equal(found, np.column_stack([x, y]))
    np.testing.assert_array_equal(targets, y[:, None])
    assert (data.info["columns"], data.info["targets"]) == (["0", "1", "y"], ["y"])
    # Columns of a frame that are there already are not added again.
    one = frame().set_index("date")
    data = TOY.data((one, one["b"]))
    np.testing.assert_array_equal(whole(data)[0], WHOLE)
    assert (data.info["columns"], data.info["targets"]) == (["a", "b"], ["b"])


def test_datasets_pass_through():
    data = TOY.data(np.arange(40.0))
    assert TOY.data(data) is data
    again = TOY.data({"train": data.train, "val": data.validation, "test": data.test.batch(1)})
    for one, two in zip(parts(data).values(), parts(again).values(), strict=True):
        np.testing.assert_array_equal(one[0], two[0])
    pairs = data.train.repeat(20)
    many = TOY.data(pairs)
    assert [len(list(part)) for part in (many.train, many.validation, many.test)] == [16, 2, 2]


# === Columns ===


@pytest.mark.parametrize(
    "given, columns, targets",
    [
        ({}, ["a", "b", "c"], ["a", "b", "c"]),
        ({"target": "b"}, ["a", "b", "c"], ["b"]),
        ({"target": "C,a"}, ["a", "b", "c"], ["c", "a"]),
        ({"target": ["b", 1]}, ["a", "b", "c"], ["b", "a"]),
        ({"input": "c"}, ["c"], ["c"]),
        ({"input": "c, b", "target": "b"}, ["c", "b"], ["b"]),
        ({"input": "c", "target": "a"}, ["c", "a"], ["a"]),
        ({"input": "1,3", "target": 2}, ["a", "c", "b"], ["b"]),
    ],
)
def test_columns_that_are_chosen(write, given, columns, targets):
    path = write(table(DAYS, A, B, A[::-1], header="date,a,b,c"))
    data = TOY.data(path, **given)
    assert (data.info["columns"], data.info["targets"]) == (columns, targets)
    values = {"a": A, "b": B, "c": A[::-1]}
    x, y = whole(data)
    np.testing.assert_array_equal(x, np.column_stack([SECONDS, *(values[n] for n in columns)]))
    np.testing.assert_array_equal(y, np.column_stack([values[n] for n in targets]))


def test_columns_that_are_left_out_are_named(write):
    words = ["x"] * 40
    path = write(table(DAYS, A, words, header="date,a,note"))
    with pytest.warns(UserWarning, match="left out: .*line 2: the column 'note' holds 'x'"):
        assert TOY.data(path).info["columns"] == ["a"]
    TOY.data(path, input="a")  # chosen: no warning
    counted = write(table(range(40), A, header=",a"))
    with pytest.warns(UserWarning, match="the column 'Unnamed: 0' only counts the rows"):
        assert TOY.data(counted).info["columns"] == ["a"]


def test_a_column_that_never_changes_is_named(write):
    with pytest.warns(UserWarning, match="column 'b' never changes: it is 3.0 in all rows"):
        TOY.data(write(table(DAYS, A, [3] * 40)))


# === Times ===


@pytest.mark.parametrize(
    "header, cells, time",
    [
        ("Month,a", DAYS, True),
        ("anything,a", DAYS, True),  # the first column, all dates
        ("year,a", range(1900, 1940), True),
        ("any,a", range(1900, 1940), False),  # plain numbers are values
        ("time,a", [1_704_067_200 + 60 * n for n in range(40)], True),
    ],
)
def test_which_column_is_the_time(write, header, cells, time):
    data = TOY.data(write(table(cells, A, header=header)))
    assert data.info["time"] is time
    assert data.info["columns"] == (["a"] if time else ["any", "a"])
    later = write(table(A, DAYS, header="a,Date"))
    assert TOY.data(later).info["columns"] == ["a"]


@pytest.mark.parametrize(
    "start, freq, name, period",
    [
        ("2024-01-01", "h", "hourly", 24),
        ("2024-01-01", "10s", "every 10 s", None),  # not two days of training
        ("1949-01-01", "MS", "monthly", 12),
        ("2024-01-01", "B", "business daily", 5),
    ],
)
def test_frequencies(write, start, freq, name, period):
    cells = pd.date_range(start, periods=96, freq=freq).astype(str)
    info = TOY.data(write(table(cells, np.arange(96) % 7))).info
    assert (info["frequency"], info["period"]) == (name, period)


def test_the_season_without_times():
    assert TOY.data(np.sin(2 * np.pi * np.arange(600) / 12)).info["period"] == 12


LATER = [str(np.datetime64("2024-12-10") + n) for n in range(30)]
TIMES = {
    "line 7: the time 2024-01-05 occurs twice, first at .*data.csv, line 6": [
        *DAYS[:5], DAYS[4], *DAYS[5:39]],
    "line 8: the times are out of order. After 2024-01-07 comes 2024-01-06: sort": [
        *DAYS[:5], DAYS[6], DAYS[5], *DAYS[7:]],
    "line 12: more rows are missing than there are: 334 beside 40. The series is daily, but after "
    "2024-01-10 comes 2024-12-10. Cut": [*DAYS[:10], *LATER],
    "line 5: the column 'date' holds 'soon', which is no time: write times in ISO": [
        *DAYS[:3], "soon", *DAYS[4:]],
}  # fmt: skip


@pytest.mark.parametrize("message", TIMES)
def test_times_that_do_not_fit(write, message):
    with pytest.raises(ValueError, match=message):
        TOY.data(write(table(TIMES[message], range(len(TIMES[message])))))


# === What does not fit ===

SHORT = "\n".join(["a", *map(str, range(19))])
BAD = {
    "The series has 19 rows: expected at least 20": lambda write: write(SHORT),
    "no column of numbers: .*line 2: the column 'b' holds 'x'": lambda write: write(
        table(DAYS, ["x"] * 40, header="date,b")),
    "no column of numbers: no columns but the time": lambda write: write(table(DAYS)),
    "no column of numbers: the column 'a' is empty": lambda write: write(table(DAYS, [""] * 40)),
    "line 3: expected 2 numbers as in the lines before but found 1": lambda write: write(
        "1 2\n3 4\n5", "d.txt"),
    "line 2: expected numbers between spaces but found 'x'": lambda write: write(
        "1 2\n3 x", "d.txt"),
    "d.txt is empty": lambda write: write("\n", "d.txt"),
    r"Received: an array of shape \(2, 3, 4\)": lambda write: np.ones((2, 3, 4)),
    r"array of numbers \(time,\).*'a', 'b'": lambda write: ["a", "b"],
    "equal length. Received: 40 and 39": lambda write: (A, A[1:]),
    "x and y both have a column 'a', with different values": lambda write: (
        frame()[["a"]], frame()["a"] + 1),
    "same times": lambda write: (frame().set_index("date"),
                                 frame().set_index("date").shift(1, freq="D")),
    "must have the key 'train'.*Received: keys": lambda write: {"test": A},
    r"needs train and test .*Received: \['train', 'validation'\]": lambda write: {
        "train": A, "validation": B},
    "parts of the data differ: the array, row 0 has no numbers in the column '1'": lambda write: {
        "train": WHOLE[:, 1:], "test": A},
    "There is no file or folder './none.csv'": lambda write: "./none.csv",
    r"shapes \(time, columns\).*Received: shapes": lambda write: (
        tf.data.Dataset.from_tensors((1.0, 2.0))),
    r"must give pairs \(x, y\) of series": lambda write: tf.data.Dataset.from_tensors(1.0),
    "A dict of tf.data.Datasets must have train": lambda write: {
        "train": tf.data.Dataset.from_tensors((np.ones((5, 1)), np.ones((5, 1))))},
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_what_does_not_fit(write, message):
    with pytest.raises(ValueError, match=message):
        TOY.data(BAD[message](write))


@pytest.mark.parametrize(
    "given, message",
    [
        ({"target": "tempp"}, "data.csv has no column 'tempp' for the target. Did you mean 'temp'"),
        ({"target": 9}, "no column 9 for the target"),
        ({"input": "temp,9"}, "no column 9 for the input"),
        ({"input": "date"}, "column 'date' cannot be the input: 'date' is the time"),
        ({"target": "note"}, "column 'note' cannot be the target: .*line 2: .* holds 'x'"),
        ({"target": ["temp", "temp"]}, "target must name columns that differ"),
        ({"target": []}, "target must name columns"),
    ],
)
def test_columns_that_do_not_fit(write, given, message):
    path = write(table(DAYS, A, ["x"] * 40, header="date,temp,note"))
    with pytest.raises(ValueError, match=message):
        TOY.data(path, **{"input": "temp", **given})


# === The catalogue ===


def builder(name, feature, examples, keep_order=True):
    """A TFDS builder, registered under a name, with `{split: list of arrays}`."""

    def info(self):
        features = {"series": feature, "id": tfds.features.Scalar(np.int64)}
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features), disable_shuffling=keep_order
        )

    def make(self, split):
        for index, array in enumerate(examples[split]):
            yield index, {"series": array, "id": index}

    return type(
        name,
        (tfds.core.GeneratorBasedBuilder,),
        {
            "__module__": __name__,
            "VERSION": tfds.core.Version("1.0.0"),
            "pkg_dir_path": None,
            "_info": info,
            "_generate_examples": make,
            "_split_generators": lambda self, _: {
                split: self._generate_examples(split) for split in examples
            },
        },
    )


RNG = np.random.default_rng(0)
# TFDS stores numbers in 32 bits.
TWO = {split: [RNG.integers(-99, 99, (n, 2)) / 4 for n in sizes] for split, sizes in
       {"train": (30, 25), "validation": (5, 4), "test": (9, 8)}.items()}  # fmt: skip
ONE = {"train": [RNG.normal(size=40).astype("float32")]}
UNEVEN = {"train": [*TWO["train"], *TWO["train"]], "valid": TWO["validation"], "test": TWO["test"]}
Wide = tfds.features.Tensor(shape=(None, 2), dtype=np.float64)
ToySeries = builder("ToySeries", Wide, TWO)
ToyShuffled = builder("ToyShuffled", Wide, TWO, keep_order=False)
ToyUneven = builder("ToyUneven", Wide, UNEVEN)
ToySequence = builder("ToySequence", tfds.features.Sequence(np.float32), ONE)
ToyNothing = builder("ToyNothing", tfds.features.Text(), {"train": ["a"]})


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "_need_network", lambda name: None)
    original = catalogue.load_series

    def load_series(name, given=None):
        return original(name, given, data_dir=str(tmp_path))

    monkeypatch.setattr(catalogue, "load_series", load_series)
    return lambda name, **given: TOY.data(name, **given)


def test_examples_follow_those_of_the_split_before(load):
    data = load("toy_series")
    assert isinstance(data, Data) and data.source == "toy_series/1.0.0"
    assert data.sizes == {"train": 2, "validation": 2, "test": 2}
    assert data.info["columns"] == data.info["targets"] == ["0", "1"]
    found = list(data.test.as_numpy_iterator())
    for index, (x, y) in enumerate(found):
        before = [TWO[split][index] for split in ("train", "validation")]
        np.testing.assert_array_equal(x, np.concatenate([*before, TWO["test"][index]]))
        assert np.isnan(y[: -len(TWO["test"][index])]).all()
        np.testing.assert_array_equal(y[-len(TWO["test"][index]) :], TWO["test"][index])
    # Series of different lengths go on through a feature and a batch.
    feature = Series(2).adapt(data.train.map(lambda x, y: x))
    np.testing.assert_allclose(feature.mean, np.concatenate(TWO["train"]).mean(axis=0))


def test_examples_that_do_not_correspond_stand_alone(load):
    data = load("toy_uneven", target=1)
    assert data.sizes == {"train": 4, "validation": 2, "test": 2}
    (x, y), *_ = data.validation.as_numpy_iterator()
    np.testing.assert_array_equal(x, TWO["validation"][0])
    np.testing.assert_array_equal(y, x[:, 1:])
    assert data.info["targets"] == ["1"]


def test_shuffled_examples_stand_alone(load):
    data = load("toy_shuffled")
    lengths = {split: sorted(len(x) for x, _ in getattr(data, split)) for split in data.sizes}
    assert lengths == {"train": [25, 30], "validation": [4, 5], "test": [8, 9]}


def test_a_sequence_is_split_in_time(load):
    data = load("toy_sequence", input="series")
    x, y = whole(data)
    np.testing.assert_array_equal(x, ONE["train"][0][:, None].astype("float64"))
    assert [len(x) for x, _ in parts(data).values()] == [28, 32, 40]


def test_datasets_without_a_series(load):
    with pytest.raises(
        ValueError, match="toy_nothing has no feature of data type series for the input"
    ):
        load("toy_nothing")


def test_the_embedded_sample(load, monkeypatch):
    monkeypatch.setattr(Toy, "dataset", "rnnkit_series/henon", raising=False)
    data = load(None)
    assert data.source is None
    assert len(data.info["columns"]) == 2
    assert not re.search("None", repr(data))
