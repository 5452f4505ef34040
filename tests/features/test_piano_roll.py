"""Piano rolls: numbers by hand, transposition, and what are no steps of keys."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import PianoRoll, Style
from rnnkit.features.music import Roll


@pytest.fixture(scope="module")
def roll():
    return PianoRoll(steps_per_beat=2).adapt(["C4+E4 C4", "A0 R C8"])


def test_steps_by_hand(roll):
    encoded = roll.encode(roll.to_tensor(["C4+E4 R", "A0"]))
    assert encoded.dtype == tf.int8
    dense = encoded.to_tensor(roll.padding).numpy()  # [batch, time, keys]
    assert dense.shape == (2, 2, 88)
    assert np.argwhere(dense == 1).tolist() == [[0, 0, 39], [0, 0, 43], [1, 0, 0]]
    assert (dense[1, 1] == -1).all()
    found = roll.decode(dense)
    assert found == ["C4+E4 R", "A0"]
    assert isinstance(found[0], Roll) and found[0].steps_per_beat == 2
    assert roll.decode(np.where(dense < 0, np.nan, dense.astype("float32"))) == found
    assert roll.decode(encoded) == found
    # C4 over two steps is one note of a beat.
    assert roll.histograms() == (
        {21: 0.25, 60: 0.25, 64: 0.25, 108: 0.25},
        {0.5: 0.75, 1.0: 0.25},
    )


def test_forms_of_pieces(roll):
    array = np.zeros((2, 88))
    array[0, [39, 43]] = (0.5, 127)
    for piece in (array, array.tolist(), array > 0, "C4+E4 R", b"C4+E4 R", Roll(array)):
        np.testing.assert_array_equal(roll.to_tensor([piece])[0], array > 0)
    np.testing.assert_array_equal(roll.to_tensor(array)[0], array > 0)
    cut = PianoRoll(max_length=1, pitches={60: 1.0}, lengths={1: 1.0})
    assert cut.decode(cut.encode(cut.to_tensor([array]))) == ["C4+E4"]


def test_transposition_stays_on_the_keyboard():
    roll = PianoRoll(transpose=2).adapt(["C4"])
    rows = roll.encode(roll.to_tensor(["C4+E4 G4", "A0 C4", "A0 C8"])).to_tensor(-1)
    flags = tf.constant([[[0], [1]]] * 3, tf.int8)
    batch = tf.pad(tf.concat([rows, flags], axis=-1), [[0, 0], [0, 1], [0, 0]], "CONSTANT", -1)
    found = set()
    for seed in range(30):
        moved = roll.augment(batch, [seed, 0]).numpy()
        assert (moved[:, 2] == -1).all()
        np.testing.assert_array_equal(moved[:, :2, 88], flags[..., 0])
        texts = roll.decode(moved[..., :88])
        found.add(texts[0])
        assert texts[1] in ("A0 C4", "A#0 C#4", "B0 D4")
        assert texts[2] == "A0 C8"
    assert found == {"A#3+D4 F4", "B3+D#4 F#4", "C4+E4 G4", "C#4+F4 G#4", "D4+F#4 A4"}


def test_what_are_no_steps_of_keys(roll):
    for bad, said in (
        (np.zeros((3, 87)), r"piece 1: expected steps of 88 keys.*\(3, 87\)"),
        (np.full((1, 88), np.nan), "keys must be 0, or above 0"),
        (np.full((1, 88), -1), "keys must be 0, or above 0"),
        ("C4+H4", "A note must be"),
        ("C0", "those of a piano"),
        (None, "expected steps of 88 keys"),
    ):
        with pytest.raises(ValueError, match=said):
            roll.to_tensor(["C4", bad])
    with pytest.raises(ValueError, match="pass \\[piece\\]"):
        roll.to_tensor("C4 D4")
    values = roll.to_tensor(["C4", ""])
    with pytest.raises(ValueError, match="piece 1: it has no steps"):
        roll.check(values, roll.encode(values))
    with pytest.raises(tf.errors.InvalidArgumentError, match="pieces without steps"):
        roll.guard(roll.encode(values))
    with pytest.raises(ValueError, match="at least one note"):
        PianoRoll().adapt(["R R"])
    with pytest.raises(ValueError, match="steps_per_beat must be"):
        PianoRoll(steps_per_beat=0)


def test_saved_in_a_fresh_process(roll, fresh):
    config = keras.saving.serialize_keras_object(roll)
    values = ["C4+E4 R", "A0"]
    expected = roll.encode(roll.to_tensor(values)).to_list()
    assert fresh.call("encode", config=config, values=values) == expected
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == roll.get_config()


def test_one_style_will_do(fresh):
    style = Style().adapt(["march", "march"])
    assert style.size == 1
    config = keras.saving.serialize_keras_object(style)
    assert fresh.call("encode", config=config, values=["march"]) == [0]
    with pytest.raises(ValueError):
        Style().adapt([])
