"""Tags: schemes, stretches that begin wrongly, tags not known and never seen."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from seqeval.metrics.sequence_labeling import get_entities

from rnnkit.features import Tags
from rnnkit.metrics.tag_schemes import entities, scheme_of

BIO = ["B-a", "B-b", "I-a", "I-b", "O"]


def encoded(feature, rows):
    return feature.decode(feature.encode(feature.to_tensor(rows)).to_list())


@pytest.mark.parametrize(
    "classes, scheme",
    [
        ("NOUN VERB O", "plain"),
        ("B-a I-a O", "bio"),
        ("I-a O", "bio"),
        ("B-a I-a E-a S-a O", "bioes"),
        ("B-a OTHER", "plain"),
        ("O", "plain"),
        ("X-ray O", "plain"),
    ],
)
def test_schemes(classes, scheme):
    assert scheme_of(classes.split()) == scheme


@pytest.mark.parametrize(
    "tags, expected",
    [
        ("I-a O I-a", "B-a O B-a"),
        ("B-a I-b I-b", "B-a B-b I-b"),
        ("B-a I-a B-a I-a", "B-a I-a B-a I-a"),
        ("O I-b I-a", "O B-b B-a"),
    ],
)
def test_what_continues_nothing_begins(tags, expected):
    feature = Tags(BIO)
    assert encoded(feature, [tags, "O I-a", "I-a"]) == [expected.split(), ["O", "B-a"], ["B-a"]]
    # For the scorer, it is the same.
    assert entities(tags.split()) == entities(expected.split())


def test_repairs_are_counted():
    feature = Tags(BIO)
    raw = feature.to_tensor(["B-a I-a", "O I-b I-a", "O"])
    with pytest.warns(UserWarning, match="2 tags in 1 of 3 sequences.*'I-b'.*at position 1"):
        feature.check(raw, feature.encode(raw))
    raw = feature.to_tensor(["B-a I-a", "O"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        feature.check(raw, feature.encode(raw))


def test_the_older_way_of_writing_gets_its_beginnings():
    feature = Tags().adapt([["I-a", "I-a", "O"]])
    assert feature.classes == ["B-a", "I-a", "O"] and feature.scheme == "bio"
    assert encoded(feature, ["I-a I-a O I-a"]) == [["B-a", "I-a", "O", "B-a"]]


@pytest.mark.parametrize("marks", ["BIO", "BIOES"])
def test_entities_are_those_of_the_library(marks):
    rng = np.random.default_rng(0)
    names = [mark if mark == "O" else f"{mark}-{kind}" for mark in marks for kind in "ab"]
    for _ in range(300):
        tags = rng.choice(names, rng.integers(1, 9)).tolist()
        expected = [(kind, start, end + 1) for kind, start, end in get_entities(tags)]
        assert entities(tags) == expected, tags


def test_allowed_by_hand():
    starts, pairs, ends = Tags(BIO).allowed()
    assert starts == [True, True, False, False, True] and all(ends)
    into = {tag: [BIO[i] for i in range(5) if pairs[i][BIO.index(tag)]] for tag in BIO}
    assert into["I-a"] == ["B-a", "I-a"] and into["I-b"] == ["B-b", "I-b"]
    assert into["B-a"] == into["O"] == BIO
    closed = ["B-a", "E-a", "I-a", "O", "S-a"]
    starts, pairs, ends = Tags(closed).allowed()
    assert starts == [True, False, False, True, True] and ends == [False, True, False, True, True]
    after = {tag: [closed[i] for i in range(5) if pairs[closed.index(tag)][i]] for tag in closed}
    assert after["B-a"] == after["I-a"] == ["E-a", "I-a"]
    assert after["O"] == after["E-a"] == ["B-a", "O", "S-a"]
    assert Tags(["x", "y"]).allowed() is None


def test_not_known_and_never_seen():
    feature = Tags().adapt([["x", "y", ""], ["y"]])
    assert feature.classes == ["x", "y"] and feature.scheme == "plain"
    raw = feature.to_tensor([["y", "", "z"], [None, "x"]])
    assert feature.encode(raw).to_list() == [[1, -1, -2], [-1, 0]]
    with pytest.warns(UserWarning, match="1 of 5 steps.*'z'.*errors.*'x', 'y'"):
        feature.check(raw, feature.encode(raw))
    assert feature.decode([[1, -1, 0, -1, -1]]) == [["y", "", "x"]]


def test_numbers_are_tags_too():
    feature = Tags().adapt([[1, 2], [3]])
    assert feature.classes == ["1", "2", "3"]
    assert feature.encode(feature.to_tensor([np.array([3, 1])])).to_list() == [[2, 0]]
    data = tf.data.Dataset.from_tensor_slices(tf.ragged.constant([[1, 2], [3]]))
    assert Tags().adapt(data.map(lambda row: row + 0)).classes == ["1", "2", "3"]


def test_config_makes_an_equal_feature_in_a_fresh_process(feature_in_fresh_process):
    feature = Tags().adapt([["I-a", "O"], ["B-b"]])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(feature))
    assert again.get_config() == feature.get_config()
    rows = [["I-a", "O", "zz"], ["B-b"]]
    expected = feature.encode(feature.to_tensor(rows)).to_list()
    assert feature_in_fresh_process(feature, rows) == expected


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Tags(["a"]), "at least two tags"),
        (lambda: Tags(["a", "a"]), "different tags"),
        (lambda: Tags(["a", "b"], scheme="iob"), "scheme must be one of.*'iob'"),
        (lambda: Tags().adapt([["a", "a"]]), "at least two tags"),
        (lambda: Tags().adapt("O O"), "a list with the tags"),
        (lambda: Tags().adapt([1, 2]), "a list with the tags of each sequence.*Received: 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# === Other ways of writing tags ===


@pytest.mark.parametrize(
    "written, scheme",
    [
        ("B-a I-a O B-b", "bio"),
        ("B_a I_a O B_b", "bio"),
        ("a-B a-I O b-B", "bio"),
        ("a_B a_I O b_B", "bio"),
        ("B-a E-a O S-b", "bioes"),
        ("B-a L-a O U-b", "bioes"),
        ("a a O b", "bare"),
    ],
)
def test_entities_however_written(written, scheme):
    tags = written.split()
    feature = Tags(scheme="entities").adapt([tags])
    assert feature.scheme == scheme and {*tags} <= {*feature.classes}
    assert encoded(feature, [tags]) == [tags]  # as they are written
    assert feature.entities(tags) == [("a", 0, 2), ("b", 3, 4)]
    again = Tags(**feature.get_config())
    assert again.entities(tags) == feature.entities(tags) and again.scheme == scheme
    allowed = feature.allowed()
    assert (allowed is None) == (scheme == "bare")


def test_what_begins_is_written_as_the_others():
    feature = Tags().adapt([["city_I", "city_I", "O"]])
    assert feature.classes == ["O", "city_B", "city_I"]
    assert encoded(feature, ["city_I city_I O city_I"]) == [["city_B", "city_I", "O", "city_B"]]


@pytest.mark.parametrize("tags", ["N_S V_S O", "DT NN O", "B-a b_B O", "X_I Y"])
def test_plain_tags_stay_plain(tags):
    assert Tags().adapt([tags.split()]).scheme == "plain"
