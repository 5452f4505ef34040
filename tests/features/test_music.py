"""Music as text that can be saved, heard and looked at."""

import io
import json
import wave

import numpy as np
import pytest

from rnnkit.features.music import RATE, Melody, Roll
from rnnkit.formats.midi import Note


def test_a_melody_is_a_text():
    melody = Melody("c4:1 Bb3:2/4 R:1")
    assert melody == "C4:1 A#3:1/2 R:1"
    assert json.dumps(melody) == '"C4:1 A#3:1/2 R:1"'
    assert melody.notes == [Note(0.0, 1.0, 60), Note(1.0, 1.5, 58)]
    assert Melody() == ""
    with pytest.raises(ValueError, match="A melody must be"):
        Melody("C4 D4")


def test_a_roll_is_a_text_and_an_array():
    array = np.zeros((3, 88))
    array[:2, 39], array[1, 43] = 100, 1
    roll = Roll(array, steps_per_beat=2)
    assert roll == "C4 C4+E4 R"
    assert roll.array.dtype == np.uint8
    np.testing.assert_array_equal(roll.array, array > 0)
    assert roll.notes == [Note(0.0, 1.0, 60), Note(0.5, 1.0, 64)]
    np.testing.assert_array_equal(Roll(roll).array, roll.array)
    with pytest.raises(ValueError, match=r"array \[steps, 88\]. Received: shape \(3, 5\)"):
        Roll(np.zeros((3, 5)))


def test_saved_and_loaded(tmp_path):
    melody = Melody("C4:1 R:1/2 D4:1/3")
    melody.save(tmp_path / "a.mid", tempo=80)
    found = Melody.load(tmp_path / "a.mid")
    assert found == melody
    assert found.tempo == pytest.approx(80, abs=1e-3)
    roll = Roll("C4+E4 C4 R G4", steps_per_beat=4)
    roll.save(tmp_path / "b.MIDI")
    assert Roll.load(tmp_path / "b.MIDI") == roll
    with pytest.raises(ValueError, match="must end in '.mid'"):
        melody.save(tmp_path / "a.wav")


def test_the_sound_has_the_pitch_and_the_length():
    sound = Melody("A4:4").audio(tempo=60)
    assert sound.dtype == np.float32
    assert 4.0 < len(sound) / RATE < 4.5
    assert np.abs(sound).max() == pytest.approx(0.9)
    spectrum = np.abs(np.fft.rfft(sound[:RATE]))  # of a second: 1 Hz a place
    assert abs(int(spectrum.argmax()) - 440) <= 1
    assert np.abs(Melody("R:4").audio()).max() == 0.0
    with wave.open(io.BytesIO(Melody("A4:1").wav(tempo=120))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)


def test_in_a_notebook():
    shown = Melody("C4:1 E4:1")._repr_html_()
    assert shown.count("<rect") == 2
    assert "<audio" in shown and "data:audio/wav;base64," in shown
    assert "without notes" in Melody("R:1")._repr_html_()
