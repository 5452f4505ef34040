"""Label: classes of every type, and what is no class."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from rnnkit.features import Label


@pytest.mark.parametrize(
    "data, classes, indices",
    [
        (["spam", "ham", "spam"], ["ham", "spam"], [1, 0, 1]),
        (("b", "é", "a"), ["a", "b", "é"], [1, 2, 0]),
        (np.array(["b", "a"]), ["a", "b"], [1, 0]),
        ([10, 9, -1], [-1, 9, 10], [2, 1, 0]),  # by value, not by text
        (["10", "9"], ["10", "9"], [0, 1]),  # texts stay texts
        (np.array([2, 0], "uint8"), [0, 2], [1, 0]),
        ([True, False], [False, True], [1, 0]),
        (np.array([True, False]), [False, True], [1, 0]),
        ([1.0, 0.0, 1.0], [0, 1], [1, 0, 1]),
        (np.array([3.0, 2.0], "float32"), [2, 3], [1, 0]),
        ([0.5, 2.0], ["0.5", "2"], [0, 1]),
        (pd.Series(["b", "a"], index=[7, 7]), ["a", "b"], [1, 0]),
        (pd.Series(["b", "a"], dtype="category"), ["a", "b"], [1, 0]),
        (pd.Series([2, 1], dtype="Int64"), [1, 2], [1, 0]),
        (pd.DataFrame({"any": [2, 1]}), [1, 2], [1, 0]),
        (tf.constant(["b", "a"]), ["a", "b"], [1, 0]),
        (tf.constant([2, 1]), [1, 2], [1, 0]),
        (tf.constant([True, False]), [False, True], [1, 0]),
    ],
)
def test_classes_and_indices(data, classes, indices):
    label = Label().adapt(data)
    assert label.classes == classes
    assert [type(value) for value in label.classes] == [type(value) for value in classes]
    assert label.size == len(classes)
    assert label.encode(label.to_tensor(data)).numpy().tolist() == indices


@pytest.mark.parametrize("values", [["b", "a"], [2, 1], [2.0, 1.0], [True, False]])
@pytest.mark.parametrize("batched", [False, True])
def test_datasets_teach_the_same_as_lists(values, batched):
    dataset = tf.data.Dataset.from_tensor_slices(values)
    label = Label().adapt(dataset.batch(2) if batched else dataset)
    assert label.get_config() == Label().adapt(values).get_config()
    (raw,) = dataset.batch(2)
    assert label.encode(raw).numpy().tolist() == [1, 0]


def test_own_order_is_kept():
    label = Label(["spam", "ham"])
    assert label.encode(tf.constant(["ham", "spam"])).numpy().tolist() == [1, 0]
    assert Label([1.0, 0.0]).classes == [1, 0]
    assert Label([True, False]).data_type == "boolean"


def test_decode_by_hand():
    label = Label(["a", "b", "c"])
    first, second = label.decode(np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]]))
    assert first == {
        "label": "b",
        "probability": 0.5,
        "probabilities": {"b": 0.5, "c": 0.3, "a": 0.2},
    }
    assert list(first["probabilities"]) == ["b", "c", "a"]  # the most probable first
    assert second["label"] == "a"  # of equal ones the first
    assert Label([3, 4]).decode([[0.1, 0.9]])[0]["label"] == 4
    assert Label([False, True]).decode([[0.1, 0.9]])[0]["label"] is True


def test_decode_graph_equals_decode():
    label = Label(["a", "b", "c"])
    outputs = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]], "float32")
    result = label.decode_graph(tf.constant(outputs))
    assert result["label"].numpy().tolist() == [b"b", b"a"]
    np.testing.assert_array_equal(result["probability"], [0.5, np.float32(0.6)])


def test_a_class_may_be_called_unknown():
    label = Label(["[UNK]", "a"])
    assert label.encode(tf.constant(["[UNK]", "a", "b"])).numpy().tolist() == [0, 1, -1]


@pytest.mark.parametrize("data", [["b", "a", "é"], [2, 1, 10], [True, False]])
def test_config_makes_an_equal_feature_in_a_fresh_process(data, feature_in_fresh_process):
    label = Label().adapt(data)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(label))
    assert again.get_config() == label.get_config()
    assert again.classes == label.classes
    expected = label.encode(label.to_tensor(data)).numpy().tolist()
    assert feature_in_fresh_process(label, data) == expected


# === Bad input ===


def test_unknown_labels_are_named():
    label = Label(["ham", "spam"])
    raw = tf.constant(["ham", "egg", "toast", "egg"])
    message = r"'egg', 'toast' \(3 of 4 examples, first that of 1\). Known classes: 'ham', 'spam'"
    with pytest.raises(ValueError, match=message):
        label.check(raw, label.encode(raw))
    label.check(raw[:1], label.encode(raw[:1]))


@pytest.mark.parametrize(
    "data, message",
    [
        (["a", "a"], "at least two classes.*only 'a'"),
        ([], "at least two classes.*none"),
        (["a", "b", None], "missing value at position 2"),
        (["a", "b", float("nan")], "missing value at position 2"),
        (np.array([0.0, 1.0, np.nan]), "missing value at position 2"),
        (tf.constant([0.0, 1.0, np.nan]), "missing value at position 2"),
        (["a", "b", ""], "label is missing"),
        (["a", "b", "NaN"], "label is missing"),
        (tf.data.Dataset.from_tensor_slices([0.0, np.nan, 1.0]), "label is missing"),
        (pd.Series([1, None], dtype="Int64"), "missing value at position 1"),
        (np.zeros((2, 3), int), r"shape \(2, 3\)"),
        (pd.DataFrame({"a": [1], "b": [2]}), "one column"),
    ],
)
def test_bad_data(data, message):
    with pytest.raises(ValueError, match=message):
        Label().adapt(data)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"classes": ["a"]}, "at least two classes.*only 'a'"),
        ({"classes": ["a", "b", "a"]}, "must differ.*'a', 'b', 'a'"),
        ({"classes": [1, 1.0]}, "must differ"),
        ({"classes": ["a", "b"], "data_type": "integer"}, "whole numbers.*'a', 'b'"),
        ({"data_type": "float"}, "data_type must be one of.*'float'"),
    ],
)
def test_bad_options(arguments, message):
    with pytest.raises(ValueError, match=message):
        Label(**arguments)
