"""MIDI files: their notes in beats, as melodies and as steps of keys; and written again."""

import fractions
import io
import os
import re
import typing
import warnings

import numpy as np

from rnnkit.formats import bounds
from rnnkit.formats.notation import KEYS, LOWEST
from rnnkit.utils.messages import shorten

SUFFIXES = (".mid", ".midi")
DRUMS = 9  # the channel that General MIDI keeps for percussion
TEMPO = 120.0
# A file of 1 MiB has 130,000 notes or more; performances of hours have less.
MOST_BYTES = 2**20
# Fourteen hours at 120 beats a minute. Steps of keys are made for all of them.
MOST_BEATS = 100_000
# Numbers have four bytes at most, all but the last above 127; a text may have more of these.
_ENDLESS = re.compile(rb"[\x80-\xff]{1000}")


class Note(typing.NamedTuple):
    """A note that sounds.

    Attributes:
        start: When it begins, in beats (quarter notes) from the start.
        end: When it ends.
        pitch: MIDI number, 60 the middle C.
    """

    start: float
    end: float
    pitch: int


class Score(typing.NamedTuple):
    """What a MIDI file holds.

    Attributes:
        notes: List of `Note`, by start and then by pitch.
        tempo: Beats a minute at the start.
        tracks: Number of tracks with notes.
    """

    notes: list
    tempo: float
    tracks: int


def read_midi(path):
    """The notes of a MIDI file, all tracks and channels together but drums.

    Times are in beats, so that changes of tempo change nothing: `tempo` is the first. Velocities,
    pedals and instruments are left out. A note that is struck again before it ends, ends there;
    one that never ends lasts to the end of its track.

    Args:
        path: Path of the file.

    Returns:
        `Score`.

    Raises:
        ValueError: If the file cannot be read, has no beats (times in seconds), no notes or no
            tempo, or is beyond `MOST_BYTES` or `MOST_BEATS`.
    """
    import mido

    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"{path}: there is no such file")
    data = bounds.read(path, MOST_BYTES)
    if _ENDLESS.search(data):
        raise ValueError(f"{path} is no MIDI file that can be read (a number that does not end)")
    errors = (OSError, EOFError, ValueError, LookupError, TypeError, mido.KeySignatureError)
    with bounds.foreign(f"{path} is no MIDI file that can be read", *errors):
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
    # The sign bit of the division marks time codes; mido reads it unsigned.
    if not 0 < file.ticks_per_beat < 0x8000 or file.type == 2:
        raise ValueError(
            f"{path}: expected tracks that sound together, with times in beats. Received: "
            f"type {file.type} with a division of {file.ticks_per_beat}"
        )
    notes, tracks, tempo = [], 0, None
    for track in file.tracks:
        length = sum(message.time for message in track)
        if length > MOST_BEATS * file.ticks_per_beat:
            raise ValueError(
                f"{path} goes on for {shorten(length // file.ticks_per_beat, 40)} beats; at most "
                f"{MOST_BEATS:,} are allowed"
            )
        found, first = _track(track, file.ticks_per_beat)
        notes += found
        tracks += bool(found)
        tempo = first if tempo is None or (first or (np.inf,)) < tempo else tempo
    if not notes:
        raise ValueError(f"{path} holds no notes (drums do not count)")
    if tempo is not None and not tempo[1]:
        raise ValueError(f"{path} has a tempo of 0 microseconds a beat; expected 1 or more")
    notes.sort(key=lambda note: (note.start, note.pitch, note.end))
    return Score(notes, TEMPO if tempo is None else mido.tempo2bpm(tempo[1]), tracks)


def _track(track, division):
    """The notes of a track, and the pair of time and microseconds a beat of its first tempo."""
    now, sounding, notes, tempo = 0, {}, [], None
    for message in track:
        now += message.time
        if message.type == "set_tempo" and tempo is None:
            tempo = (now, message.tempo)
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key = (message.channel, message.note)
        start = sounding.pop(key, None)
        if start is not None and now > start:
            notes.append(Note(start / division, now / division, message.note))
        if message.type == "note_on" and message.velocity > 0:
            sounding[key] = now
    for (_, pitch), start in sounding.items():
        if now > start:
            notes.append(Note(start / division, now / division, pitch))
    return notes, tempo


# === Notes in time to melodies and to steps, and back ===


def overlap(notes):
    """Share of the notes that begin while another goes on by more than a tenth of a beat."""
    if not notes:
        return 0.0
    end, count = 0.0, 0
    for note in sorted(notes):
        count += note.start < end - 0.1
        end = max(end, note.end)
    return count / len(notes)


def to_melody(notes, steps_per_beat=12):
    """One note at a time.

    Starts and ends are rounded to a grid: with 12 steps a beat, sixteenths (3 steps) and triplets
    of eighths (4) are exact. Where notes overlap, the highest goes on, and a lower one is left out
    while a higher one sounds. Rests before the first note are left out.

    Args:
        notes: List of `Note`.
        steps_per_beat: Steps of the grid in a beat.

    Returns:
        The pair of the melody, as `rnnkit.formats.notation.parse_melody` gives it, and the number
        of notes that are not in it.
    """
    rounded = sorted((round(n.start * steps_per_beat), -n.pitch, n) for n in notes)
    kept = []  # [start, end, pitch]
    for start, _, note in rounded:
        end = max(start + 1, round(note.end * steps_per_beat))
        if kept and start < kept[-1][1]:
            if start == kept[-1][0] or note.pitch < kept[-1][2]:
                continue
            kept[-1][1] = start
        kept.append([start, end, note.pitch])
    melody, now = [], kept[0][0] if kept else 0
    for start, end, pitch in kept:
        if start > now:
            melody.append((None, fractions.Fraction(start - now, steps_per_beat)))
        melody.append((pitch, fractions.Fraction(end - start, steps_per_beat)))
        now = end
    return melody, len(notes) - len(kept)


def to_steps(notes, steps_per_beat=4):
    """Which keys are down in each step: uint8 `[steps, 88]`, 1 where a key is down.

    Starts and ends are rounded to steps (by default sixteenths), and a note is at least one long.
    A key that is struck again at once stays down. Silence before the first note is left out, and
    so are notes that a piano has no key for, with a warning.

    Args:
        notes: List of `Note`.
        steps_per_beat: Steps in a beat.
    """
    inside = [note for note in notes if LOWEST <= note.pitch < LOWEST + KEYS]
    if len(inside) < len(notes):
        warnings.warn(
            f"{len(notes) - len(inside)} of {len(notes)} notes are outside the keys of a piano, "
            "A0 to C8, and are left out",
            stacklevel=2,
        )
    spans = []
    for note in inside:
        start = round(note.start * steps_per_beat)
        spans.append((start, max(start + 1, round(note.end * steps_per_beat)), note.pitch))
    first = min((start for start, *_ in spans), default=0)
    roll = np.zeros((max((end for _, end, _ in spans), default=first) - first, KEYS), "uint8")
    for start, end, pitch in spans:
        roll[start - first : end - first, pitch - LOWEST] = 1
    return roll


def of_melody(melody):
    """A melody as a list of `Note`."""
    notes, now = [], fractions.Fraction(0)
    for pitch, duration in melody:
        if pitch is not None:
            notes.append(Note(float(now), float(now + duration), pitch))
        now += duration
    return notes


def of_steps(roll, steps_per_beat=4):
    """Steps of keys `[steps, 88]` as a list of `Note`: a key that stays down is one note."""
    down = np.asarray(roll) > 0
    edges = np.diff(np.pad(down.astype("int8"), [[1, 1], [0, 0]]), axis=0)  # [steps + 1, 88]
    notes = []
    for key in np.flatnonzero(down.any(axis=0)):
        starts, ends = np.flatnonzero(edges[:, key] > 0), np.flatnonzero(edges[:, key] < 0)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            notes.append(Note(start / steps_per_beat, end / steps_per_beat, LOWEST + int(key)))
    return sorted(notes)


def write_midi(notes, path, tempo=TEMPO, velocity=80):
    """Writes notes to a MIDI file with one track.

    Args:
        notes: List of `Note`.
        path: Path of the file; it is written beside it and moved there when complete.
        tempo: Beats a minute.
        velocity: How hard all keys are struck, 1 to 127.

    Raises:
        ValueError: For a tempo or velocity that cannot be, or a path that cannot be written to.
    """
    import mido

    from rnnkit.utils.writing import atomically

    if not 4 <= tempo <= 1000 or not 1 <= velocity <= 127:  # what three bytes can hold
        raise ValueError(
            "tempo must be from 4 to 1,000 beats a minute, and velocity from 1 to 127. "
            f"Received: tempo={tempo!r}, velocity={velocity!r}"
        )
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo)))
    events = []
    for note in notes:
        events.append((round(note.start * 480), 1, note.pitch))
        events.append((round(note.end * 480), 0, note.pitch))  # ends come before starts
    now = 0
    for tick, on, pitch in sorted(events):
        message = "note_on" if on else "note_off"
        track.append(mido.Message(message, note=pitch, velocity=velocity * on, time=tick - now))
        now = tick
    with atomically(path) as temporary:
        file.save(temporary)
