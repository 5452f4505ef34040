"""Scores of music that is generated: whether it is in a key, and has the notes of training."""

import collections

import numpy as np

MAJOR = (0, 2, 4, 5, 7, 9, 11)


def in_key(pieces):
    """Fraction of the notes that belong to the key of their piece, 0 to 1.

    The key of a piece is the major scale, of the twelve, that most of its notes belong to; a
    natural minor scale has the notes of a major one. Chance is high: notes sampled evenly from all
    twelve are 7 / 12 in key, and more where the key is chosen after few of them.

    Args:
        pieces: List of lists of `rnnkit.formats.midi.Note`.

    Returns:
        Float; NaN without notes.

    Example:

    >>> from rnnkit.features.music import Melody
    >>> in_key([Melody("C4:1 D4:1 E4:1 F#4:1 G4:1 A4:1 B4:1 C5:1").notes])  # G major
    1.0
    """
    inside = total = 0
    for notes in pieces:
        counts = np.bincount([note.pitch % 12 for note in notes], minlength=12)
        scales = [counts[[(root + step) % 12 for step in MAJOR]].sum() for root in range(12)]
        inside, total = inside + max(scales), total + counts.sum()
    return float(inside / total) if total else float("nan")


def pitch_distance(pieces, pitches):
    """Total variation distance between the pitches generated and those of training, 0 to 1.

    1/2 sum_p | fraction of p among the notes generated - fraction in training |

    Args:
        pieces: As in `in_key`.
        pitches: Dict of MIDI number to its fraction of the notes in training; the first of what
            `histograms` of a feature of music gives.

    Returns:
        Float: the fraction of notes that would have to have another pitch. 1 without notes.

    Example:

    >>> from rnnkit.features.music import Melody
    >>> pitch_distance([Melody("C4:1 D4:1").notes], {60: 1.0})
    0.5
    """
    return _distance((note.pitch for notes in pieces for note in notes), pitches)


def duration_distance(pieces, durations):
    """As `pitch_distance`, of the durations of the notes in beats; rests do not count.

    Args:
        pieces: As in `in_key`.
        durations: Dict of beats to their fraction of the notes in training; the second of what
            `histograms` of a feature of music gives.
    """
    beats = (round(note.end - note.start, 4) for notes in pieces for note in notes)
    return _distance(beats, {round(beat, 4): fraction for beat, fraction in durations.items()})


def _distance(values, fractions):
    counts = collections.Counter(values)
    total = sum(counts.values())
    if not total:
        return 1.0
    every = set(counts) | set(fractions)
    return sum(abs(counts[each] / total - fractions.get(each, 0.0)) for each in every) / 2
