"""Labels: several an example, in every form; thresholds found by trying all."""

import keras
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
import tensorflow as tf

from rnnkit.features import Labels
from rnnkit.features.thresholds import best_threshold

LISTS = [["comedy", "drama"], [], ["drama"], ["crime", "drama", "crime"]]
TEXTS = ["comedy|drama", "", " drama ", "crime|drama|"]
# [crime, comedy, drama] are sorted as comedy, crime, drama
HOT = [[1, 0, 1], [0, 0, 0], [0, 0, 1], [0, 1, 1]]
FRAME = pd.DataFrame(HOT, columns=["comedy", "crime", "drama"])


def dataset(values):
    return tf.data.Dataset.from_tensor_slices(values)


RAGGED = tf.ragged.constant(LISTS)
FORMS = {
    "lists": LISTS,
    "sets": [set(row) for row in LISTS],
    "arrays": [np.array(row, dtype=object) for row in LISTS],
    "series of lists": pd.Series(LISTS),
    "texts": TEXTS,
    "array of texts": np.array(TEXTS),
    "tensor of texts": tf.constant(TEXTS),
    "series of texts": pd.Series(TEXTS),
    "frame of texts": pd.DataFrame({"any": TEXTS}),
    "ragged": RAGGED,
    "dataset of lists": dataset(RAGGED),
    "dataset of padded lists": dataset(RAGGED.to_tensor("")),
    "dataset of texts": dataset(TEXTS),
    "frame": FRAME,
    "frame of bools": FRAME == 1,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_teaches_the_same(form):
    raw = FORMS[form]
    labels = Labels().adapt(raw)
    assert labels.classes == ["comedy", "crime", "drama"]
    values = labels.to_tensor(raw) if not isinstance(raw, tf.data.Dataset) else next(
        iter(raw.ragged_batch(4))
    )  # fmt: skip
    assert labels.encode(values).numpy().tolist() == HOT
    assert labels.separator == ("|" if "text" in form else None)


def test_tables_of_numbers_need_names():
    labels = Labels(["comedy", "crime", "drama"])
    for raw in (np.array(HOT), np.array(HOT, "float32"), tf.constant(HOT), np.array(HOT) == 1):
        assert labels.encode(labels.to_tensor(raw)).numpy().tolist() == HOT
    assert labels.adapt(dataset(HOT)).encode(tf.constant(HOT)).numpy().tolist() == HOT
    for raw in (np.array(HOT), dataset(HOT)):
        with pytest.raises(ValueError, match="none are named: give Labels.*Received: 3 columns"):
            Labels().adapt(raw)
    with pytest.raises(ValueError, match="there are 3.*Received: 2 columns"):
        labels.to_tensor(np.zeros((2, 2), int))
    with pytest.raises(ValueError, match="of 0 and 1. Received: 2"):
        labels.to_tensor(np.array([[0, 2, 1]]))
    wrong = tf.constant([[0, 1, 1], [0, 2, 1]])
    with pytest.raises(ValueError, match=r"rows of 0 and 1. Received: \[0, 2, 1\] at position 1"):
        labels.check(wrong, labels.encode(wrong))


def test_numbers_and_bools_are_given_back():
    labels = Labels().adapt([[10, 2], [], [9]])
    assert labels.classes == [2, 9, 10]  # by value
    assert labels.decode([[0.9, 0.2, 0.8]])[0]["labels"] == [2, 10]
    assert Labels().adapt([[True], [False, True]]).classes == [False, True]


def test_classes_that_are_given_stay():
    with pytest.warns(UserWarning, match="1 of 4 labels have no example to learn from: 'war'"):
        labels = Labels(["war", "drama", "crime", "comedy"]).adapt(LISTS)
    assert labels.names == ["war", "drama", "crime", "comedy"]
    with pytest.raises(ValueError, match=r"none of classes: \['comedy', 'crime'\]"):
        Labels(["drama"]).adapt(LISTS)
    assert Labels().adapt([["drama"], []]).size == 1


def test_decode_by_hand():
    labels = Labels(["a", "b", "c"], thresholds=[0.5, 0.3, 0.9])
    outputs = np.array([[0.5, 0.8, 0.89], [0.1, 0.2, 0.3]])
    first, second = labels.decode(outputs)
    assert first == {"labels": ["b", "a"], "probabilities": {"c": 0.89, "b": 0.8, "a": 0.5}}
    assert list(first["probabilities"]) == ["c", "b", "a"]
    assert second["labels"] == []
    assert labels.decide(outputs).tolist() == [[1, 1, 0], [0, 0, 0]]
    there = labels.decode_graph(tf.constant(outputs, tf.float32))
    assert there["labels"].numpy().tolist() == [[b"b", b"a"], [b"", b""]]
    assert there["classes"].numpy().tolist() == [[b"a", b"b", b"c"]] * 2


# === Thresholds ===


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_threshold_of_the_highest_f1(seed):
    rng = np.random.default_rng(seed)
    truth = rng.random(200) < 0.15
    outputs = np.round(np.clip(rng.normal(0.2 + 0.2 * truth, 0.15), 0, 1), 2)
    found = best_threshold(truth, outputs)
    every = [sklearn.metrics.f1_score(truth, outputs >= cut) for cut in np.linspace(0.005, 1, 200)]
    assert sklearn.metrics.f1_score(truth, outputs >= found) == pytest.approx(max(every))
    assert found < 0.45


def test_a_threshold_is_moved_for_what_is_better_alone():
    truth = np.array([True, True, False])
    assert best_threshold(truth, np.array([0.9, 0.6, 0.4])) == 0.5
    assert best_threshold(truth, np.array([0.9, 0.8, 0.6])) == pytest.approx(0.7)
    # As good between .2 and .3 as with all of them: the nearest to .5.
    assert best_threshold(~truth, np.array([0.1, 0.2, 0.3])) == pytest.approx(0.25)


def test_a_label_without_examples_keeps_its_threshold_and_is_named():
    labels = Labels(["a", "b", "c"])
    truth, outputs = np.array([[1, 0, 0], [0, 0, 0]]), np.array([[0.3, 0.9, 0.1], [0.1, 0.2, 0.2]])
    said = labels.calibrate(truth, outputs)
    assert "no example of the validation data has the label: 'b', 'c'" in said
    assert labels.thresholds == [pytest.approx(0.2), 0.5, 0.5]
    assert labels.calibrate(np.ones((2, 3), int), outputs) is None
    assert "not finite" in labels.calibrate(truth, outputs * np.nan)
    kept = Labels(["a", "b", "c"], choose=None)
    assert kept.calibrate(truth, outputs) is None and kept.thresholds is None


def test_config_makes_an_equal_feature_in_a_fresh_process(feature_in_fresh_process):
    labels = Labels().adapt(TEXTS)
    labels.thresholds = [0.25, 0.5, 0.75]
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(labels))
    assert again.get_config() == labels.get_config()
    assert again.thresholds == [0.25, 0.5, 0.75] and again.separator == "|"
    assert feature_in_fresh_process(labels, TEXTS) == HOT


# === Bad input ===


def test_unknown_labels_are_named():
    labels = Labels().adapt(LISTS)
    raw = labels.to_tensor([["drama"], ["war", "drama"], ["peace"], []])
    message = r"'peace', 'war' \(2 of 4 examples, first that of 1\). Known labels: 'comedy', 'cri"
    with pytest.raises(ValueError, match=message):
        labels.check(raw, labels.encode(raw))
    labels.check(raw[:1], labels.encode(raw[:1]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="a label that training did not"):
        labels.guard(labels.encode(raw))


def test_a_label_may_be_called_unknown():
    labels = Labels(["[UNK]", "a"])
    assert labels.encode(labels.to_tensor([["a", "[UNK]"]])).numpy().tolist() == [[1, 1]]


@pytest.mark.parametrize(
    "data, message",
    [
        (["a;b", "a|c"], "in several ways: ';' in 'a;b', '|' in 'a|c'. Say which with separator="),
        (dataset(["a;b|c"]), "in several ways"),
        ([[0, 1], [1, 0]], "labels 0 and 1, or as 2 labels that an example has"),
        ([["0", "1", "1"], ["1", "0", "0"]], "as 3 labels"),
        (["a", ["b"]], "a list with the labels of each example.*Received: 'a' at position 0"),
        ([["a"], None], "Received: None at position 1"),
        ([["a"], ["b", None]], "example 1, met a missing value at position 1"),
        ([["a"], ["b", ""]], "must not be empty"),
        ("a", "Received: 'a'"),
        ([], "at least one label. Received: none"),
        ([[], []], "at least one label. Received: none"),
        ([""], "at least one label. Received: none"),
        (dataset(["a|b", "c"]).batch(2), r"'a\|b', which may be a text with several: unbatch"),
        (pd.DataFrame({"a": [1, 2], "b": [0, 1]}), "row 1: several columns.*Received: 2 in 'a'"),
        (dataset(np.zeros((4, 2, 2, 2))), "shape"),
    ],
)
def test_bad_data(data, message):
    with pytest.raises(ValueError, match=message):
        Labels().adapt(data)


def test_texts_without_a_separator():
    for raw in (["a|b"], tf.constant(["a|b"])):
        with pytest.raises(ValueError, match="does not know what stands between.*'a|b'"):
            Labels().adapt(LISTS).to_tensor(raw)
    with pytest.raises(ValueError, match="does not know what stands between"):
        Labels().adapt(LISTS).check_spec(tf.TensorSpec((), tf.string))
    assert Labels().adapt(["a", "b c", ""]).get_config()["separator"] == "|"  # one label each
    assert Labels(separator=" and ").adapt(["a and b"]).names == ["a", "b"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"classes": []}, "at least one; the data has none"),
        ({"classes": ["a", "a"]}, "must differ"),
        ({"separator": ""}, "separator must be"),
        ({"separator": 3}, "separator must be"),
        ({"choose": "best"}, "choose must be 'f1' or None. Received: choose='best'"),
        ({"classes": ["a", "b"], "thresholds": [0.5]}, "a number for each of classes"),
        ({"classes": ["a"], "thresholds": [1.5]}, "thresholds must be a number at least 0"),
        ({"thresholds": [0.5]}, "a number for each of classes"),
    ],
)
def test_bad_options(arguments, message):
    with pytest.raises(ValueError, match=message):
        Labels(**arguments)
