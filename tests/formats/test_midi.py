"""MIDI files and music as text: numbers by hand, odd files, and the way there and back."""

import fractions

import mido
import numpy as np
import pytest

from rnnkit.formats import midi, notation
from rnnkit.formats.midi import Note

F = fractions.Fraction


def write(path, tracks, ticks=480, kind=1):
    """A MIDI file of tracks of messages, made without our writer."""
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    for messages in tracks:
        file.tracks.append(mido.MidiTrack(messages))
    file.save(str(path))
    return str(path)


def on(pitch, time=0, velocity=64, channel=0):
    return mido.Message("note_on", note=pitch, time=time, velocity=velocity, channel=channel)


def off(pitch, time=0, channel=0):
    return mido.Message("note_off", note=pitch, time=time, channel=channel)


# === Text ===


def test_names_of_notes():
    assert [notation.pitch_number(n) for n in ("C4", "A0", "C8", "C-1", "G9")] == [
        60, 21, 108, 0, 127,
    ]  # fmt: skip
    assert notation.pitch_number("Bb3") == notation.pitch_number("a#3") == 58
    assert notation.pitch_number("B#3") == notation.pitch_number("Dbb4") == 60
    for number in range(128):
        assert notation.pitch_number(notation.pitch_name(number)) == number
    for bad in ("H4", "C", "C10", "G#9", "Cb-1", "C#b4x", ""):
        with pytest.raises(ValueError, match="A note must be"):
            notation.pitch_number(bad)


def test_melodies_as_text():
    text = "C4:1 Db4:0.5 R:3/2 d5:2/4"
    notes = notation.parse_melody(text)
    assert notes == [(60, F(1)), (61, F(1, 2)), (None, F(3, 2)), (74, F(1, 2))]
    assert notation.spell_melody(notes) == "C4:1 C#4:1/2 R:3/2 D5:1/2"
    assert notation.parse_melody("  ") == []
    for bad in ("C4", "C4:", "C4:0", "C4:-1", "C4:1/0", "C4:x", ":1", "X4:1"):
        with pytest.raises(ValueError, match="as note 2"):
            notation.parse_melody("C4:1 " + bad)


def test_steps_as_text():
    assert notation.parse_steps("E4+C4 R C4+C4") == [[60, 64], [], [60]]
    assert notation.spell_steps([[60, 64], []]) == "C4+E4 R"
    with pytest.raises(ValueError, match="those of a piano.*step 2"):
        notation.parse_steps("C4 C0")
    with pytest.raises(ValueError, match="step 1: A note must be"):
        notation.parse_steps("C4+")


# === Reading ===


def test_several_tracks_and_changes_of_tempo(tmp_path):
    tempo = [
        mido.MetaMessage("set_tempo", tempo=500_000),
        mido.MetaMessage("set_tempo", tempo=250_000, time=480),
    ]
    upper = [on(72), off(72, 480), on(74), off(74, 480)]
    lower = [on(48, 240, channel=1), on(48, 720, velocity=0, channel=1)]
    drums = [on(40, channel=9), off(40, 100, channel=9)]
    path = write(tmp_path / "a.mid", [tempo, upper, lower, drums])
    score = midi.read_midi(path)
    # In beats: that the second beat is twice as fast changes nothing.
    assert score.notes == [Note(0.0, 1.0, 72), Note(0.5, 2.0, 48), Note(1.0, 2.0, 74)]
    assert score.tempo == pytest.approx(120.0)
    assert score.tracks == 2


def test_notes_that_are_struck_again_or_never_end(tmp_path):
    track = [on(60), on(60, 480), on(64, 0), mido.MetaMessage("end_of_track", time=960)]
    found = midi.read_midi(write(tmp_path / "a.mid", [track])).notes
    assert found == [Note(0.0, 1.0, 60), Note(1.0, 3.0, 60), Note(1.0, 3.0, 64)]


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        midi.read_midi(tmp_path / "none.mid")
    for name, content in (("text.mid", b"hello"), ("empty.mid", b""), ("cut.mid", None)):
        path = tmp_path / name
        if content is None:
            write(tmp_path / "b.mid", [[on(60), off(60, 9)]])
            content = (tmp_path / "b.mid").read_bytes()[:30]
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} is no MIDI file that can be read"):
            midi.read_midi(path)
    path = write(tmp_path / "silent.mid", [[mido.MetaMessage("set_tempo", tempo=500_000)]])
    with pytest.raises(ValueError, match="silent.mid holds no notes"):
        midi.read_midi(path)
    path = write(tmp_path / "drums.mid", [[on(60, channel=9), off(60, 9, channel=9)]])
    with pytest.raises(ValueError, match="holds no notes"):
        midi.read_midi(path)
    path = write(tmp_path / "apart.mid", [[on(60), off(60, 9)]], kind=2)
    with pytest.raises(ValueError, match="type 2"):
        midi.read_midi(path)
    write(tmp_path / "c.mid", [[on(60), off(60, 9)]])
    content = bytearray((tmp_path / "c.mid").read_bytes())
    content[12:14] = b"\xe7\x28"  # 25 frames a second, 40 parts each
    (tmp_path / "frames.mid").write_bytes(content)
    with pytest.raises(ValueError, match="times in beats"):
        midi.read_midi(tmp_path / "frames.mid")


# === Melodies and steps ===


def test_a_melody_is_rounded_to_the_grid():
    notes = [Note(1.0, 1.51, 60), Note(1.49, 1.84, 62), Note(2.0, 2.01, 64), Note(3.34, 3.66, 65)]
    melody, lost = midi.to_melody(notes)
    assert lost == 0
    assert melody == [
        (60, F(1, 2)), (62, F(1, 3)), (None, F(1, 6)), (64, F(1, 12)), (None, F(5, 4)),
        (65, F(1, 3)),
    ]  # fmt: skip


def test_the_highest_of_several_notes_is_the_melody():
    notes = [
        Note(0, 1, 72), Note(0, 2, 48), Note(0.5, 1, 50),  # below, together and while it sounds
        Note(1, 3, 60), Note(2, 3, 76),  # the lower one ends where the higher begins
    ]  # fmt: skip
    melody, lost = midi.to_melody(notes)
    assert melody == [(72, F(1)), (60, F(1)), (76, F(1))]
    assert lost == 2
    assert midi.overlap(notes) == pytest.approx(4 / 5)
    assert midi.overlap([Note(0, 1.05, 60), Note(1, 2, 62)]) == 0.0  # legato
    assert midi.overlap([]) == 0.0


def test_steps_of_keys():
    notes = [Note(2.0, 2.5, 21), Note(2.0, 2.01, 108), Note(2.24, 2.74, 60), Note(0, 9, 12)]
    with pytest.warns(UserWarning, match="1 of 4 notes are outside"):
        roll = midi.to_steps(notes)
    assert (roll.shape, roll.dtype) == ((3, 88), np.uint8)
    assert [np.flatnonzero(row).tolist() for row in roll] == [[0, 87], [0, 39], [39]]
    assert midi.of_steps(roll) == [
        Note(0.0, 0.25, 108), Note(0.0, 0.5, 21), Note(0.25, 0.75, 60)
    ]  # fmt: skip
    assert midi.of_steps(np.zeros((3, 88))) == []


# === Writing ===


def test_what_is_written_is_read_again(tmp_path):
    notes = midi.of_melody([(60, F(1, 3)), (60, F(1, 6)), (None, F(1, 2)), (0, F(1))])
    assert notes[-1] == Note(1.0, 2.0, 0)
    path = tmp_path / "a.mid"
    midi.write_midi(notes, path, tempo=90)
    score = midi.read_midi(path)
    np.testing.assert_allclose(score.notes, notes)
    assert score.tempo == pytest.approx(90, abs=1e-3)
    with pytest.raises(ValueError, match="does not exist"):
        midi.write_midi(notes, tmp_path / "none" / "a.mid")
    for bad in ({"tempo": 0}, {"tempo": float("nan")}, {"velocity": 0}):
        with pytest.raises(ValueError, match="tempo must be"):
            midi.write_midi(notes, path, **bad)
    assert [item.name for item in tmp_path.iterdir()] == ["a.mid"]
