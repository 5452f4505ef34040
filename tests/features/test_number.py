"""Number: scaling against numbers worked by hand and NumPy's."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from rnnkit.features import Number
from rnnkit.models import OneToOne


def test_mean_and_deviation_by_hand():
    number = Number().adapt([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])
    assert number.mean == [5.0]
    assert number.deviation == [2.0]  # of the population, the textbook's example
    encoded = number.encode(tf.constant([5.0, 9.0, 2.0]))
    assert encoded.dtype == tf.float32
    np.testing.assert_array_equal(encoded, [[0.0], [2.0], [-1.5]])
    assert number.decode(encoded) == [5.0, 9.0, 2.0]


def test_vectors_are_scaled_by_component():
    rows = np.array([[1.0, 100.0], [3.0, 300.0]])
    number = Number(size=2).adapt(rows)
    assert (number.mean, number.deviation) == ([2.0, 200.0], [1.0, 100.0])
    np.testing.assert_array_equal(number.encode(tf.constant(rows)), [[-1, -1], [1, 1]])
    assert number.decode(np.array([[-1, 1]])) == [[1.0, 300.0]]
    # A constant component is only centred.
    flat = Number(size=2).adapt([[1.0, 7.0], [3.0, 7.0]])
    assert flat.deviation == [1.0, 1.0]
    np.testing.assert_array_equal(flat.encode(tf.constant([[3.0, 8.0]])), [[1.0, 1.0]])


@pytest.mark.parametrize("offset", [0.0, 1.7e9, -1e12])
def test_large_close_numbers_keep_their_differences(offset):
    # Seconds since 1970: float32 knows them to two minutes only.
    rng = np.random.default_rng(0)
    values = offset + rng.normal(0, 3, 500).round(3)
    number = Number().adapt(values)
    assert number.mean[0] == pytest.approx(values.mean(), rel=1e-14, abs=1e-9)
    assert number.deviation[0] == pytest.approx(values.std(), rel=1e-6)
    scaled = (values - values.mean()) / values.std()
    encoded = number.encode(number.to_tensor(values)).numpy()[:, 0]
    np.testing.assert_allclose(encoded, scaled, atol=1e-4)
    np.testing.assert_allclose(number.decode(encoded), values, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "form",
    [
        list,
        np.array,
        lambda values: np.array(values, "float32")[:, None],
        lambda values: np.array(values, int),
        pd.Series,
        lambda values: pd.DataFrame({"any": values}),
        tf.constant,
        tf.data.Dataset.from_tensor_slices,
        lambda values: tf.data.Dataset.from_tensor_slices(np.array(values, int)).batch(2),
    ],
)
def test_every_form_of_data_teaches_the_same(form):
    number = Number().adapt(form([1.0, 2.0, 6.0]))
    assert number.mean == [3.0]
    assert number.deviation[0] == pytest.approx(np.sqrt(14 / 3))


def test_many_batches_equal_one():
    values = np.random.default_rng(1).normal(5, 2, 3000)  # three batches of adapt
    number = Number().adapt(tf.data.Dataset.from_tensor_slices(values))
    assert number.mean[0] == pytest.approx(values.mean(), rel=1e-12)
    assert number.deviation[0] == pytest.approx(values.std(), rel=1e-10)


def test_without_normalisation_nothing_is_learned():
    number = Number(normalize=False)
    assert number.adapted
    np.testing.assert_array_equal(number.encode(tf.constant([3.0])), [[3.0]])
    assert number.decode([[3.0]]) == [3.0]
    assert not Number().adapted


def test_decode_graph_equals_decode():
    for number, outputs in (
        (Number().adapt([1.0, 5.0]), np.array([[0.5], [-1.0]], "float32")),
        (Number(size=2).adapt([[1.0, 2.0], [5.0, 4.0]]), np.ones((3, 2), "float32")),
    ):
        values = number.decode_graph(tf.constant(outputs))["value"].numpy().tolist()
        assert values == number.decode(outputs)


@pytest.mark.parametrize(
    "number, values",
    [
        (Number().adapt([1.0, 2.5]), [1.0, 7.0]),
        (Number(size=2).adapt([[1.0, 2.0], [3.0, 9.0]]), [[1.5, 2.5]]),
        (Number(normalize=False), [4.0]),
    ],
)
def test_config_makes_an_equal_feature_in_a_fresh_process(number, values, feature_in_fresh_process):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(number))
    assert again.get_config() == number.get_config()
    expected = number.encode(number.to_tensor(values)).numpy().tolist()
    assert feature_in_fresh_process(number, values) == expected


# === Bad input ===


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(bad):
    with pytest.raises(ValueError, match="finite; 1 of 3 are NaN or infinite.*at position 1"):
        Number().adapt([1.0, bad, 2.0])
    number = Number(size=2).adapt([[1.0, 2.0], [3.0, 4.0]])
    raw = number.to_tensor([[1.0, 2.0], [1.0, bad]])
    with pytest.raises(ValueError, match="1 of 2 are NaN.*at position 1"):
        number.check(raw, number.encode(raw))


@pytest.mark.parametrize(
    "size, data, message",
    [
        (None, ["a", "b"], "takes numbers. Received: .'a', 'b'."),
        (None, [None, 1.0], "finite|takes numbers"),
        (None, "1", "takes a list"),
        (None, [], "at least one value"),
        (None, np.ones((3, 2)), r"values of shape \(\).*shape \(3, 2\)"),
        (3, np.ones((3, 4)), r"values of shape \(3,\).*shape \(3, 4\)"),
        (3, np.ones(3), r"values of shape \(3,\).*shape \(3,\)"),
        (None, tf.data.Dataset.from_tensor_slices(["a"]), "takes float64 values.*string"),
        (3, tf.data.Dataset.from_tensors(tf.ones(4)), r"values of shape \(3,\).*shape \(4,\)"),
    ],
)
def test_bad_data(size, data, message):
    with pytest.raises(ValueError, match=message):
        Number(size=size).adapt(data)


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "2"])
def test_bad_size(size):
    with pytest.raises(ValueError, match="size must be None or an integer of at least 1"):
        Number(size=size)


# === Names ===


def test_columns_of_a_frame_have_names(feature_in_fresh_process):
    frame = pd.DataFrame({"width": [1.0, 3.0], "height": [10.0, 30.0]})
    number = Number().adapt(frame)
    assert (number.size, number.names, number.mean) == (2, ["width", "height"], [2.0, 20.0])
    turned = frame[["height", "width"]].assign(more=0.0)
    np.testing.assert_array_equal(number.encode(number.to_tensor(turned)), [[-1, -1], [1, 1]])
    np.testing.assert_array_equal(number.encode(number.to_tensor([[3, 30]])), [[1, 1]])
    assert number.decode([[1.0, -1.0]]) == [{"width": 3.0, "height": 10.0}]
    there = number.decode_graph(tf.constant([[1.0, -1.0]]))
    assert there["value"].numpy().tolist() == [[3.0, 10.0]]
    assert there["names"].numpy().tolist() == [[b"width", b"height"]]
    assert feature_in_fresh_process(number, [[3.0, 30.0]]) == [[1.0, 1.0]]
    with pytest.raises(ValueError, match=r"lacks the columns \['height'\].*\['width'\]"):
        number.to_tensor(frame[["width"]])
    with pytest.raises(ValueError, match="names must be a list of size=2 names"):
        Number(size=2, names=["a"])


@pytest.mark.slow
def test_a_model_infers_by_name():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    y = pd.DataFrame({"double": 2 * x, "shifted": 100 + x})
    model = OneToOne(Number().adapt(x), Number().adapt(y), units=16, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(x, y[["shifted", "double"]], epochs=20, verbose=0)
    found = model.infer(1.0)
    assert list(found) == ["double", "shifted"]
    assert found["double"] == pytest.approx(2, abs=0.3)
    assert found["shifted"] == pytest.approx(101, abs=0.3)
    scores = model.score(x, y)
    values = np.array([list(each.values()) for each in model.infer(x)])
    assert scores["mae"] == pytest.approx(np.abs(values - y.to_numpy()).mean(), rel=1e-3)
