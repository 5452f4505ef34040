"""Forecast: the next values of every step against a plain loop over time."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Forecast
from rnnkit.models.base import Model

NAN = np.nan


def plain(series, horizon):
    """The targets of one series `[time, size]`, step by step."""
    steps, size = series.shape
    result = np.full((steps, horizon * size), np.nan)
    for step in range(steps - horizon):
        result[step] = series[step + 1 : step + 1 + horizon].ravel()
    return result


def test_by_hand():
    forecast = Forecast(horizon=2, normalize=False)
    raw = forecast.to_tensor([[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0]])
    expected = [[[2, 3], [3, 4], [NAN] * 2, [NAN] * 2], [[20, 30], [NAN] * 2, [NAN] * 2]]
    encoded = forecast.encode(raw)
    assert encoded.dtype == tf.float32
    assert forecast.width == 2
    for found, rows in zip(encoded, expected, strict=True):
        np.testing.assert_array_equal(found, rows)


def test_by_lead_then_column_and_standardised():
    forecast = Forecast(["a", "b"], horizon=2).adapt([[0.0, 10.0], [2.0, 30.0]])
    assert (forecast.mean, forecast.deviation) == ([1.0, 20.0], [1.0, 10.0])
    encoded = forecast.encode(forecast.to_tensor([[0.0, 0.0], [1.0, 20.0], [2.0, 30.0]]))
    np.testing.assert_array_equal(encoded[0][0], [0, 0, 1, 1])
    assert np.isnan(encoded[0][1:]).all()


def test_missing_values_inside_leave_the_others():
    forecast = Forecast(horizon=3, normalize=False)
    encoded = forecast.encode(forecast.to_tensor([NAN, NAN, 2.0, 3.0, NAN, 5.0, 6.0, 7.0]))[0]
    expected = [[NAN, 2, 3], [2, 3, NAN], [3, NAN, 5], [NAN, 5, 6], [5, 6, 7]]
    np.testing.assert_array_equal(encoded, [*expected, [NAN] * 3, [NAN] * 3, [NAN] * 3])


@pytest.mark.parametrize("horizon", [1, 2, 5, 9])
@pytest.mark.parametrize("size", [1, 3])
def test_ragged_dense_and_in_a_graph(horizon, size):
    rng = np.random.default_rng(0)
    forecast = Forecast(size, horizon, normalize=False, dtype="float64")
    arrays = [rng.normal(size=(steps, size)) for steps in (10, 14, 3, 11)]
    data = tf.data.Dataset.from_tensor_slices(forecast.to_tensor(arrays)).ragged_batch(3)
    found = [rows for batch in data.map(forecast.encode) for rows in batch]
    assert len(found) == 4
    for rows, array in zip(found, arrays, strict=True):
        np.testing.assert_array_equal(rows, plain(array, horizon))
    dense = rng.normal(size=(2, 12, size))
    encoded = tf.function(forecast.encode)(tf.constant(dense))
    assert encoded.shape == (2, 12, horizon * size)
    np.testing.assert_array_equal(encoded, [plain(array, horizon) for array in dense])
    spec = forecast.encode(tf.ragged.constant([[[0.0] * size]], ragged_rank=1)).shape
    assert spec.as_list() == [1, None, horizon * size]


def test_decode():
    one = Forecast(horizon=3, mean=[10.0], deviation=[2.0])
    outputs = np.array([[0.0, 1.0, -1.0], [2.0, 2.0, 2.0]])
    assert one.decode(outputs) == [
        {"forecast": [10.0, 12.0, 8.0]},
        {"forecast": [14.0, 14.0, 14.0]},
    ]
    first = one.decode(outputs[:1], outputs[:1] - 1, outputs[:1] + 1, [["t1", "t2", "t3"]])
    assert first == [
        {
            "forecast": [10.0, 12.0, 8.0],
            "lower": [8.0, 10.0, 6.0],
            "upper": [12.0, 14.0, 10.0],
            "time": ["t1", "t2", "t3"],
        }
    ]
    two = Forecast(["a", "b"], horizon=2, mean=[0.0, 1.0], deviation=[1.0, 10.0])
    (result,) = two.decode(np.array([[1.0, 1.0, 2.0, 2.0]]))
    assert result == {"forecast": [{"a": 1.0, "b": 11.0}, {"a": 2.0, "b": 21.0}]}
    # What was encoded is read again.
    series = np.random.default_rng(1).normal(3, 5, (9, 2))
    encoded = two.encode(two.to_tensor(series))
    leads = two.decode(encoded[0][:1].numpy())[0]["forecast"]
    np.testing.assert_allclose([list(lead.values()) for lead in leads], series[1:3], rtol=1e-5)


@pytest.mark.parametrize(
    "forecast", [Forecast(["a"], 2).adapt([1.0, NAN, 2.0]), Forecast(1, 3, False, "float64")]
)
def test_config_makes_an_equal_feature_in_a_fresh_process(forecast, feature_in_fresh_process):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(forecast))
    assert again.get_config() == forecast.get_config()
    raw = [1.0, 2.0, 4.0, 8.0]
    expected = forecast.encode(forecast.to_tensor(raw)).numpy()
    np.testing.assert_array_equal(feature_in_fresh_process(forecast, raw), expected)


def test_through_a_model():
    # A layer that gives its input back: predictions are padded, in the order of the inputs.
    forecast = Forecast(normalize=False)
    inputs = keras.Input((None, 1))
    outputs = keras.layers.Identity()(inputs)
    model = Model(inputs, outputs, input_feature=forecast, output_feature=forecast)
    found = model.predict([[1.0, 2.0, 3.0], [4.0, 5.0], [6.0, 7.0]], batch_size=1, verbose=0)
    np.testing.assert_array_equal(found[..., 0], [[2, 3, NAN], [5, NAN, NAN], [7, NAN, NAN]])
    assert model.predict([]).shape == (0, 0, 1)
    raw = [[1.0, 2.0], [4.0, 5.0, 6.0]]
    for batch in model.prepare(raw, raw).batches(2):
        for part in batch:
            np.testing.assert_array_equal(part[..., 0], [[2, NAN, NAN], [5, 6, NAN]])


# === Bad input ===


def test_series_that_are_too_short_or_infinite():
    forecast = Forecast(horizon=3, normalize=False)
    raw = forecast.to_tensor([[1.0] * 4, [1.0] * 3])
    with pytest.raises(
        ValueError, match=r"longer than the horizon of 3 steps. Received.*of 3 steps \(number 1"
    ):
        forecast.check(raw, forecast.encode(raw))
    raw = forecast.to_tensor([1.0, NAN, np.inf, 1.0])
    with pytest.raises(ValueError, match="Received: inf at series 0, row 2, column '0'"):
        forecast.check(raw, forecast.encode(raw))
    raw = forecast.to_tensor([1.0, NAN, 1.0, 1.0])
    forecast.check(raw, forecast.encode(raw))
    with pytest.raises(ValueError, match=r"shape \(batch, 3\): 3 leads of 1 columns.*\(2, 4\)"):
        forecast.decode(np.ones((2, 4)))


@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, "2"])
def test_bad_horizon(horizon):
    with pytest.raises(ValueError, match="horizon must be an integer of at least 1"):
        Forecast(horizon=horizon)
