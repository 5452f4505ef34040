"""Scores of music, by hand."""

import math

import pytest

from rnnkit import metrics
from rnnkit.features import Notes
from rnnkit.features.music import Melody


def notes(*texts):
    return [Melody(text).notes for text in texts]


def test_in_key_by_hand():
    # C major but for one of eight; A minor has its notes.
    assert metrics.in_key(notes("C4:1 D4:1 E4:1 F4:1 G4:1 A4:1 B4:1 C#5:1")) == 7 / 8
    assert metrics.in_key(notes("A3:1 B3:1 C4:1 D4:1 E4:1 F4:1 G4:1")) == 1.0
    chromatic = " ".join(f"{name}:1" for name in "C4 C#4 D4 D#4 E4 F4 F#4 G4 G#4 A4 A#4 B4".split())
    assert metrics.in_key(notes(chromatic)) == 7 / 12
    # Each piece has a key of its own.
    assert metrics.in_key(notes("C4:1 D4:1 E4:1 F4:1", "C#4:1 D#4:1 F4:1 F#4:1")) == 1.0
    assert math.isnan(metrics.in_key([[]]))


def test_distances_by_hand():
    shares = {60: 0.5, 62: 0.5}
    assert metrics.pitch_distance(notes("C4:1 D4:1"), shares) == 0.0
    assert metrics.pitch_distance(notes("C4:1 C4:1"), shares) == 0.5
    assert metrics.pitch_distance(notes("E4:1"), shares) == 1.0
    assert metrics.pitch_distance([[]], shares) == 1.0
    # Thirds of a beat are the same however they come about; rests do not count.
    assert metrics.duration_distance(notes("R:2 C4:1/3 D4:1"), {1 / 3: 0.5, 1.0: 0.5}) == 0.0
    assert metrics.duration_distance(notes("C4:2 D4:1"), {1.0: 1.0}) == 0.5


def test_scores_by_name():
    feature = Notes().adapt(["C4:1 D4:1 R:3"])
    pitches, durations = feature.histograms()
    options = {"pitches": pitches, "durations": durations}
    found = metrics.compute("music", notes("C4:1 D4:1"), **options)
    assert found == {"in_key": 1.0, "pitch_distance": 0.0, "duration_distance": 0.0}
    with pytest.raises(ValueError, match="Did you mean 'in_key'"):
        metrics.compute("music", notes("C4:1"), names=["in_keys"], **options)
