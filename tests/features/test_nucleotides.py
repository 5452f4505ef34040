"""Nucleotides: shares by hand, both strands, positions, and letters that are none."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Nucleotides


def rows(text, **options):
    (found,) = Nucleotides(**options).encode(tf.constant([text])).to_list()
    return found


def test_shares_by_hand():
    half, third = 0.5, pytest.approx(1 / 3)
    assert rows("ACGT") == np.eye(4).tolist()
    assert rows("acu\n T") == np.eye(4)[[0, 1, 3, 3]].tolist()
    expected = {
        "R": [half, 0, half, 0], "Y": [0, half, 0, half], "S": [0, half, half, 0],
        "W": [half, 0, 0, half], "K": [0, 0, half, half], "M": [half, half, 0, 0],
        "B": [0, third, third, third], "D": [third, 0, third, third],
        "H": [third, third, 0, third], "V": [third, third, third, 0], "N": [0.25] * 4,
    }  # fmt: skip
    for code, shares in expected.items():
        assert rows(code) == [shares], code
    assert rows("") == rows(" ") == rows("N")


def test_the_other_strand_is_the_reverse_complement():
    feature = Nucleotides(both_strands=True)
    assert (feature.width, feature.strands) == (8, 2)
    encoded = feature.encode(tf.constant(["AACGR", "T"]))
    assert [len(row) for row in encoded.to_list()] == [5, 1]
    forward = np.array(encoded.to_list()[0])
    turned = np.array(rows("YCGTT", both_strands=True))
    np.testing.assert_array_equal(forward[:, 4:], turned[:, :4])
    np.testing.assert_array_equal(forward[:, :4], turned[:, 4:])


def test_positions_count_from_the_middle():
    found = np.array(rows("AAAAA", positions=2))[:, 4:]
    for distance, row in zip((-2, -1, 0, 1, 2), found, strict=True):
        angles = [2 * math.pi * distance / cycle for cycle in (4, 8)]
        expected = [*map(math.sin, angles), *map(math.cos, angles)]
        np.testing.assert_allclose(row, expected, atol=1e-6)
    # Of an even number of letters the middle lies between two.
    np.testing.assert_allclose(np.array(rows("AA", positions=1))[:, 4], [-(0.5**0.5), 0.5**0.5])


def test_long_sequences_are_cut_at_the_end():
    assert rows("ACGT", max_length=2) == rows("AC")
    feature = Nucleotides(max_length=2)
    whole = feature.encode(tf.constant(["ACGT", "T"]), truncate=False)
    assert feature.truncate(whole).to_list() == [rows("AC"), rows("T")]


@pytest.mark.parametrize("text, odd, place", [("ACXG", "X", 2), ("AC\nG-", "-", 3), ("é", "é", 0)])
def test_other_letters_are_refused_with_their_position(text, odd, place):
    feature = Nucleotides()
    values = tf.constant(["ACGT", text])
    with pytest.raises(ValueError, match=rf"Sequence 1 holds '{odd}' at position {place} "):
        feature.check(values, None)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no nucleotide"):
        feature.guard(feature.encode(values))
    good = feature.encode(values[:1])
    assert feature.guard(good).to_list() == good.to_list()


def test_decode_names_the_codes():
    feature = Nucleotides(both_strands=True, positions=1)
    encoded = feature.encode(tf.constant(["ACGTRN", "W"])).to_tensor(float("nan"))
    assert feature.decode(encoded.numpy()) == ["ACGTRN", "W"]


def test_fresh_process(feature_in_fresh_process):
    feature = Nucleotides(both_strands=True, positions=1, max_length=3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(feature))
    assert again.get_config() == feature.get_config()
    texts = ["ACGTR", "n"]
    assert feature_in_fresh_process(feature, texts) == feature.encode(tf.constant(texts)).to_list()


@pytest.mark.parametrize("options", [{"positions": -1}, {"positions": 1.5}, {"max_length": 0}])
def test_bad_arguments(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be .*an integer"):
        Nucleotides(**options)
