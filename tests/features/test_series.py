"""Series: scaling, cycles and forms against numbers worked by hand and NumPy's."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.features import Feature, Series

HOUR, DAY, WEEK, YEAR = 3600.0, 86_400.0, 604_800.0, 31_556_952.0
RAGGED = tf.ragged.constant


def values(ragged):
    return ragged.flat_values.numpy()


# === Scaling ===


def test_mean_and_deviation_by_hand():
    series = Series().adapt([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert (series.mean, series.deviation) == ([5.0], [2.0])  # the textbook's example
    encoded = series.encode(series.to_tensor([[5.0, 9.0, 2.0], [3.0]]))
    assert encoded.dtype == tf.float32
    assert encoded.to_list() == [[[0.0], [2.0], [-1.5]], [[-1.0]]]
    assert series.width == series.size == 1 and series.names == ["0"]
    (one, two) = series.decode(np.array([[[0.0], [2.0]], [[-1.5], [1.0]]]))
    np.testing.assert_array_equal(one, [[5.0], [9.0]])
    assert two.dtype == np.float64 and two.tolist() == [[2.0], [7.0]]


def test_columns_are_scaled_by_themselves_over_all_series():
    first, second = [[1.0, 7.0, 10.0], [5.0, 7.0, 20.0]], [[3.0, 7.0, 30.0]]
    series = Series(["a", "flat", "c"]).adapt([first, second])
    assert series.mean == [3.0, 7.0, 20.0]
    # The column that never changes is only centred.
    np.testing.assert_allclose(series.deviation, [np.sqrt(8 / 3), 1.0, np.sqrt(200 / 3)])
    encoded = values(series.encode(series.to_tensor([first])))
    np.testing.assert_allclose(encoded[0], [-np.sqrt(1.5), 0, -np.sqrt(1.5)], rtol=1e-6)
    scaled = series.scale(first)
    np.testing.assert_allclose(scaled, encoded, rtol=1e-6)
    np.testing.assert_allclose(series.unscale(scaled), first)


def test_missing_values_are_left_out_of_what_is_learned():
    series = Series(2, missing=True).adapt([[1.0, np.nan], [np.nan, 4.0], [5.0, 8.0]])
    assert (series.mean, series.deviation) == ([3.0, 6.0], [2.0, 2.0])
    encoded = values(series.encode(series.to_tensor([[1.0, np.nan]])))
    np.testing.assert_array_equal(encoded, [[-1.0, np.nan]])


def test_large_close_numbers_keep_their_differences():
    data = 1e12 + np.random.default_rng(0).normal(0, 3, 500).round(3)
    series = Series().adapt(data)
    encoded = values(series.encode(series.to_tensor(data)))[:, 0]
    np.testing.assert_allclose(encoded, (data - data.mean()) / data.std(), atol=1e-3)


def test_without_normalisation_and_in_float64():
    series = Series(normalize=False, dtype="float64")
    assert series.adapted and not Series().adapted
    encoded = series.encode(series.to_tensor([0.1]))
    assert encoded.dtype == tf.float64 and encoded.to_list() == [[[0.1]]]
    assert series.decode([[[0.1]]])[0].tolist() == series.scale([[0.1]]).tolist() == [[0.1]]


# === Time ===


def times(step, steps, start=0.0):
    return np.stack([start + step * np.arange(steps), np.arange(steps)], axis=1)


@pytest.mark.parametrize(
    "step, steps, cycles",
    [
        (60.0, 120, [HOUR]),  # two hours of minutes
        (60.0, 119, []),
        (300.0, 12 * 48, [HOUR, DAY]),
        (301.0, 12 * 48, [DAY]),  # too sparse for the hour
        (HOUR, 24 * 14, [DAY, WEEK]),
        (HOUR, 24 * 14 - 1, [DAY]),
        (HOUR, 24 * 731, [DAY, WEEK, YEAR]),
        (DAY / 2, 28, [DAY, WEEK]),
        (DAY, 14, [WEEK]),
        (DAY, 731, [WEEK, YEAR]),
        (WEEK, 200, [YEAR]),
        (31 * DAY, 100, [YEAR]),
        (92 * DAY, 100, []),
        (YEAR, 100, []),
    ],
)
def test_cycles_that_the_data_shows(step, steps, cycles):
    series = Series(time=True).adapt(times(step, steps, start=1.6e9))
    assert (series.step, series.cycles) == (step, cycles)
    assert series.width == 1 + 2 * len(cycles)


def test_sine_and_cosine_by_hand():
    series = Series(time=True, cycles=[DAY, WEEK], mean=[0.0], deviation=[1.0])
    # 1970-01-01 00:00, 06:00 and 12:00, and a week and a quarter of it later; then in 2024.
    late = 86_400.0 * 7 * 2_800  # a whole number of weeks: float32 would be minutes off
    raw = [[0.0, 5.0], [6 * HOUR, 6.0], [12 * HOUR, 7.0], [1.25 * WEEK, 8.0], [late + HOUR, 9.0]]
    encoded = values(series.encode(series.to_tensor(raw)))
    np.testing.assert_array_equal(encoded[:, 0], [5, 6, 7, 8, 9])
    day = 2 * np.pi * np.array([0, 0.25, 0.5, 0.75, 1 / 24])
    week = 2 * np.pi * np.array([0, 1 / 28, 1 / 14, 0.25, 1 / 168])
    expected = np.stack([np.sin(day), np.cos(day), np.sin(week), np.cos(week)], axis=1)
    np.testing.assert_allclose(encoded[:, 1:], expected, atol=1e-6)


def test_step_and_cycles_can_be_given():
    series = Series(time=True, step=5.0, cycles=[]).adapt(times(HOUR, 1000))
    assert (series.step, series.cycles, series.width) == (5.0, [], 1)
    months = pd.date_range("1949-01", periods=60, freq="MS")
    learned = Series(time=True).adapt(pd.DataFrame({"m": months, "y": np.arange(60.0)}))
    assert (learned.step, learned.cycles) == (31 * DAY, [YEAR])
    assert not Series(time=True, normalize=False).adapted  # the cycles are unknown


# === Forms ===

ONE = [[[1.0], [2.0], [6.0]]]


@pytest.mark.parametrize(
    "form, expected",
    [
        ([1, 2, 6], ONE),
        ([[1], [2], [6]], ONE),
        (np.array([1.0, 2.0, 6.0]), ONE),
        (np.array([[1], [2], [6]]), ONE),
        (np.array([[[1], [2], [6]]], "float32"), ONE),
        (tf.constant([1.0, 2.0, 6.0]), ONE),
        (pd.Series([1, 2, 6]), ONE),
        (pd.DataFrame({"any": [1, 2, 6]}), ONE),
        (RAGGED([[1.0, 2.0, 6.0]]), ONE),
        ([[1, 2], [6]], [[[1.0], [2.0]], [[6.0]]]),
        ([np.array([1, 2]), np.array([[6]])], [[[1.0], [2.0]], [[6.0]]]),
        ([pd.Series([1, 2]), pd.Series([6])], [[[1.0], [2.0]], [[6.0]]]),
        (RAGGED([[[1.0], [2.0]], [[6.0]]], ragged_rank=1), [[[1.0], [2.0]], [[6.0]]]),
        (RAGGED([[[1.0], [2.0]], [[6.0]]]), [[[1.0], [2.0]], [[6.0]]]),
    ],
)
def test_one_series_or_several(form, expected):
    series = Series()
    tensor = series.to_tensor(form)
    assert isinstance(tensor, tf.RaggedTensor) and tensor.dtype == tf.float64
    assert tensor.shape.as_list() == [len(expected), None, 1]
    assert tensor.to_list() == expected
    assert series.adapt(form).mean == [3.0]


def test_dates_of_frames_become_seconds():
    dates = pd.date_range("2024-01-01", periods=3, freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"b": [4, 5, 6], "when": dates, "a": [1, 2, 3]})
    start = 1_704_063_600.0  # 2023-12-31 23:00 UTC
    expected = [[start, 1, 4], [start + HOUR, 2, 5], [start + 2 * HOUR, 3, 6]]
    named = Series(["a", "b"], time=True)
    assert named.to_tensor(frame).to_list() == [expected]
    assert named.to_tensor([frame, frame[:1]]).to_list() == [expected, expected[:1]]
    assert named.to_tensor(frame.set_index("when")).to_list() == [expected]
    unnamed = Series(2, time=True).to_tensor(frame).to_list()
    assert unnamed == [[[row[0], row[2], row[1]] for row in expected]]
    numbers = frame.assign(when=[0.0, 1.0, 2.0])
    assert named.to_tensor(numbers).to_list()[0][1] == [1.0, 2.0, 5.0]
    # Of a frame with more columns those of the feature are taken.
    assert Series(["a"]).to_tensor(frame).to_list() == [[[1.0], [2.0], [3.0]]]


def generated(arrays):
    spec = tf.TensorSpec((None, 2), tf.float64)
    return tf.data.Dataset.from_generator(lambda: iter(arrays), output_signature=spec)


ARRAYS = [np.random.default_rng(n).normal(size=(n, 2)) for n in (7, 5, 9, 4)]
DATASETS = {
    "from_tensor_slices": lambda: tf.data.Dataset.from_tensor_slices(Series(2).to_tensor(ARRAYS)),
    "generator": lambda: generated(ARRAYS),
    "batched": lambda: generated(ARRAYS).ragged_batch(3),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", DATASETS)
@pytest.mark.parametrize("limit", [None, 0], ids=["in memory", "streamed"])
def test_through_the_pipeline(form, limit):
    series = Series(2).adapt(DATASETS[form]())
    everything = np.concatenate(ARRAYS)
    np.testing.assert_allclose(series.mean, everything.mean(axis=0))
    np.testing.assert_allclose(series.deviation, everything.std(axis=0))
    dataset = as_dataset(DATASETS[form](), input_feature=series)
    padding = (series.padding,)
    encode = lambda x: (series.encode(x, truncate=False),)  # noqa: E731
    data = pipeline.prepare(dataset, encode, memory_limit=limit, padding=padding)
    for shuffle in (False, True):
        found = []
        for (batch,) in data.batches(3, shuffle, seed=1, multiple=4):
            assert batch.shape[1] % 4 == 0
            found += [rows[~np.isnan(rows).all(axis=1)] for rows in batch.numpy()]
            # NaN on the right only, in whole steps.
            gone = np.isnan(batch.numpy())
            assert (gone.all(axis=2) == gone.any(axis=2)).all()
            assert (gone[:, 1:] >= gone[:, :-1]).all()
        assert sorted(map(len, found)) == [4, 5, 7, 9]
        for rows in found:
            raw = next(array for array in ARRAYS if len(array) == len(rows))
            np.testing.assert_allclose(series.unscale(rows), raw, atol=1e-6)


def test_series_of_one_length_stay_dense():
    dense = tf.data.Dataset.from_tensors(np.ones((8, 2)))
    series = Series(2, mean=[0.0, 0.0], deviation=[1.0, 1.0])
    dataset = as_dataset(dense, input_feature=series)
    data = pipeline.prepare(dataset, lambda x: (series.encode(x),), padding=(np.nan,))
    (batch,) = next(iter(data.batches(1)))
    np.testing.assert_array_equal(batch, np.ones((1, 8, 2)))


def test_other_features_are_padded_with_zeros():
    assert Feature.padding == 0
    ids = RAGGED([[1, 2], [3]])
    data = pipeline.Encoded((ids, RAGGED([[1.0, 2.0], [3.0]])), padding=(0, np.nan))
    ids, numbers = next(iter(data.batches(2)))
    np.testing.assert_array_equal(ids, [[3, 0], [1, 2]])
    np.testing.assert_array_equal(numbers, [[3, np.nan], [1, 2]])


# === Config ===


@pytest.mark.parametrize(
    "series, raw",
    [
        (Series().adapt([1.0, 2.5]), [1.0, 7.0]),
        (Series(["a", "b"], dtype="float64", missing=True).adapt(ARRAYS), ARRAYS[0].tolist()),
        (Series(time=True).adapt(times(HOUR, 100)), [[60.0, 1.0], [4000.0, 2.0]]),
        (Series(normalize=False), [4.0]),
    ],
)
def test_config_makes_an_equal_feature_in_a_fresh_process(series, raw, feature_in_fresh_process):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(series))
    assert again.get_config() == series.get_config()
    assert (again.names, again.width) == (series.names, series.width)
    expected = series.encode(series.to_tensor(raw)).numpy().tolist()
    assert feature_in_fresh_process(series, raw) == expected


# === Bad input ===


def test_what_is_not_finite_is_refused():
    series = Series(["a", "b"]).adapt([[1.0, 2.0], [3.0, 4.0]])
    raw = series.to_tensor([[[1.0, 2.0]], [[1.0, 2.0], [1.0, np.inf]]])
    place = "series 1, row 1, column 'b'"
    with pytest.raises(ValueError, match=f"must be finite. Received: inf at {place}"):
        series.check(raw, series.encode(raw))
    with pytest.raises(ValueError, match="must be finite. Received: -inf at series 0, row 1"):
        Series().adapt([1.0, -np.inf])
    raw = series.to_tensor([[[1.0, 2.0]], [[1.0, 2.0], [1.0, np.nan]]])
    with pytest.raises(ValueError, match=rf"missing \(NaN\) at {place} \(1 in all\).*interpolate"):
        series.check(raw, series.encode(raw))
    Series(2, missing=True).check(raw, None)
    timed = Series(1, time=True, missing=True)
    with pytest.raises(ValueError, match="row 0, column 'time'"):
        timed.check(timed.to_tensor([[np.nan, 1.0]]), None)


def test_streams_are_guarded_in_graph_mode():
    for bad, missing in ((np.nan, False), (np.inf, False), (np.inf, True)):
        series = Series(normalize=False, missing=missing)
        data = tf.data.Dataset.from_tensors(series.to_tensor([1.0, bad]))
        guarded = data.map(lambda x, series=series: series.guard(series.encode(x)))
        with pytest.raises(tf.errors.InvalidArgumentError, match="a series with .*infinite values"):
            next(iter(guarded))
    series = Series(normalize=False, missing=True)
    data = tf.data.Dataset.from_tensors(series.to_tensor([1.0, np.nan]))
    next(iter(data.map(lambda x: series.guard(series.encode(x)))))


FRAME = pd.DataFrame({"a": ["x"], "b": [1.0]})
DATES = pd.DataFrame({"t": pd.to_datetime(["2024-01-01", None]), "v": [1.0, 2.0]})


@pytest.mark.parametrize(
    "options, data, message",
    [
        ({}, ["a", "b"], "takes series of numbers. Received: .'a', 'b'."),
        ({}, "1", "takes series of numbers. Received: '1'"),
        ({}, 1.0, "takes series of numbers. Received: '1.0'"),
        ({}, [], "at least one step"),
        ({}, [[1.0], []], "at least one step. Received: an empty series at position 1"),
        ({}, [np.nan, np.nan], "column '0' holds no values"),
        ({}, np.ones((3, 2)), r"shape \(time, 1\), with the columns 0; .*Received.*\(3, 2\)"),
        ({"columns": 2}, np.ones(3), r"shape \(time, 2\).*shape \(3,\)"),
        ({"columns": ["a", "b"]}, np.ones((3, 3)), r"columns a, b; .*Received.*\(3, 3\)"),
        ({"time": True}, np.ones((3, 1)), r"\(time, 2\), with the columns time, 0"),
        ({"columns": ["a", "b"]}, FRAME, "Received: the column 'a'"),
        ({"time": True}, FRAME[["b"]], r"\(time, 2\), with the columns time, 0"),
        ({"columns": ["b"], "time": True}, FRAME[["b"]], "needs the time of each step: a column"),
        ({"time": True}, DATES, "the frame, row 1: the column 't' holds NaT, which is no time"),
        ({"time": True}, [[1.0, 2.0], [1.0, 3.0]], "must rise from step to step"),
        ({"time": True}, [[1.0, 2.0]], "must rise from step to step"),
        ({}, tf.data.Dataset.from_tensor_slices(["a"]), "takes float64 values.*string"),
        ({"columns": 3}, tf.data.Dataset.from_tensors(tf.ones((5, 4))), r"\(None, 3\).*\(5, 4\)"),
        ({"columns": 3}, RAGGED([[1.0, 2.0]]), r"\(time, 3\)"),
    ],
)
def test_bad_data(options, data, message):
    with pytest.raises(ValueError, match=message):
        Series(**options).adapt(data)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"columns": 0}, "columns must be a positive integer, or a list.*columns=0"),
        ({"columns": True}, "columns must be"),
        ({"columns": "a"}, "columns must be"),
        ({"columns": ["a", "a"]}, "names that differ"),
        ({"dtype": "int32"}, "dtype must be one of.*'int32'"),
        ({"step": 3}, "pass time=True. Received: time=False, step=3"),
        ({"cycles": [3]}, "pass time=True"),
        ({"time": True, "cycles": [0]}, r"cycles must be positive seconds. Received: cycles=\[0\]"),
        ({"time": True, "step": -1}, "step must be positive"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        Series(**options)
