"""Notes: tokens by hand, ways of spelling, rounding, transposition, and what is no melody."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Notes
from rnnkit.features.music import Melody

TEXTS = ["C4:1 D4:1/2 R:1/2", "E4:2 C4:1"]


@pytest.fixture(scope="module")
def notes():
    return Notes().adapt(TEXTS)


def ids(feature, *texts):
    return feature.encode(tf.constant(texts)).to_list()


def test_tokens_by_hand(notes):
    # Five pitches C4 to E4 and the rest for each of the durations 6, 12 and 24.
    assert notes.range == [60, 64]
    assert notes.durations == [6, 12, 24]
    assert notes.vocabulary_size == 2 + 3 * 6
    assert ids(notes, *TEXTS) == [[2 + 6 + 1, 2 + 3, 2], [2 + 12 + 5, 2 + 6 + 1]]
    assert notes.decode(ids(notes, *TEXTS)) == TEXTS
    assert isinstance(notes.decode([[9, 0, 1, 20]])[0], Melody)
    assert notes.decode([[9, 0, 1, 20], []]) == ["C4:1", ""]
    assert notes.histograms() == (
        {60: 0.5, 62: 0.25, 64: 0.25},
        {0.5: 0.25, 1.0: 0.5, 2.0: 0.25},
    )


def test_a_note_may_be_spelled_in_many_ways(notes):
    assert ids(notes, "c4:1 Dbb4:1.0 B#3:2/2 C4:12/12 r:.5") == [[9, 9, 9, 9, 2]]


def test_pitches_out_of_range_are_unknown_and_durations_rounded(notes):
    assert ids(notes, "F4:1 B3:1") == [[1, 1]]
    # By ratio: 0.69 beats are nearer to one half than to one, 0.72 are not; 9 are 2.
    assert notes.decode(ids(notes, "C4:0.67 C4:0.75 C4:9 C4:1/100")) == [
        "C4:1/2 C4:1 C4:2 C4:1/2",
    ]
    values = tf.constant(["C4:3 C4:1"])
    with pytest.warns(UserWarning, match="1 of 2 notes have a duration"):
        notes.check(values, notes.encode(values))


def test_the_grid():
    fine = Notes(steps_per_beat=24).adapt(["C4:1/8 C4:1/6 C4:1/3 R:1"])
    assert fine.durations == [3, 4, 8, 24]
    assert Notes().adapt(["C4:1/8 C4:1/100"]).durations == [1, 2]  # 1.5 is rounded to even


def test_transposition_stays_in_the_range():
    notes = Notes(transpose=3).adapt(TEXTS)
    assert notes.range == [57, 67]
    end = notes.vocabulary_size + 1
    row = ids(notes, "C4:1 R:1/2 E4:2")[0] + [end, 0]
    found = set()
    for seed in range(40):
        moved = notes.augment(tf.constant([row]), [seed, 1]).numpy()[0]
        assert moved[-2:].tolist() == [end, 0]
        found.add(notes.decode([moved])[0])
    expected = "A3 A#3 B3 C4 C#4 D4 D#4".split(), "C#4 D4 D#4 E4 F4 F#4 G4".split()
    assert found == {f"{a}:1 R:1/2 {b}:2" for a, b in zip(*expected, strict=True)}
    # A melody as wide as the range cannot be moved.
    row = ids(notes, "A3:1 G4:1")
    np.testing.assert_array_equal(notes.augment(tf.constant(row), [3, 1]), row)


def test_what_is_no_melody(notes):
    with pytest.raises(ValueError, match="melody 1: .*Received: 'H4:1' as note 2"):
        notes.to_tensor(["C4:1", "C4:1 H4:1"])
    for bad in ("C4", "C4:0", "C4:1/0", "C99:1", "C4:1:1", "4:1", "C4:-1", "C4:1e3"):
        values = tf.constant(["C4:1", bad])
        with pytest.raises(ValueError, match="Notes cannot take melody 1"):
            notes.check(values, notes.encode(values))  # and encoding does not raise
    with pytest.raises(ValueError, match="melody 0: it has no notes"):
        notes.check(tf.constant([""]), notes.encode(tf.constant([""])))
    assert notes.to_tensor([""]).shape == (1,)  # the beginning of a piece
    for empty in ([], ["R:1"]):
        with pytest.raises(ValueError, match="at least one note that sounds"):
            Notes().adapt(empty)
    with pytest.raises(ValueError, match="steps_per_beat must be"):
        Notes(steps_per_beat=0)
    with pytest.raises(ValueError, match="transpose must be"):
        Notes(transpose=1.5)


def test_saved_in_a_fresh_process(notes, fresh):
    config = keras.saving.serialize_keras_object(notes)
    assert fresh.call("encode", config=config, values=TEXTS) == ids(notes, *TEXTS)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == notes.get_config()
    assert again.histograms() == notes.histograms()
