"""Scores of music that is written: is it in a key, and does it use the notes of its models?"""

import collections
import difflib

import numpy as np

MAJOR = (0, 2, 4, 5, 7, 9, 11)


def in_key(pieces):
    """Share of the notes that belong to the key of their piece, 0 to 1.

    The key of a piece is the major scale, of the twelve, that most of its notes belong to; a
    natural minor scale has the notes of a major one. Chance is high: notes drawn evenly from all
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


def pitch_distance(pieces, shares):
    """Total variation distance between the pitches written and those of training, 0 to 1.

    1/2 sum_p | share of p among the notes written - share in training |

    Args:
        pieces: As in `in_key`.
        shares: Dict of MIDI number to its share of the notes in training.

    Returns:
        Float: the share of notes that would have to have another pitch. 1 without notes.

    Example:

    >>> from rnnkit.features.music import Melody
    >>> pitch_distance([Melody("C4:1 D4:1").notes], {60: 1.0})
    0.5
    """
    return _distance((note.pitch for notes in pieces for note in notes), shares)


def duration_distance(pieces, shares):
    """As `pitch_distance`, of the durations of the notes in beats; rests do not count.

    Args:
        pieces: As in `in_key`.
        shares: Dict of beats to their share of the notes in training.
    """
    beats = (round(note.end - note.start, 4) for notes in pieces for note in notes)
    return _distance(beats, {round(beat, 4): share for beat, share in shares.items()})


def _distance(values, shares):
    counts = collections.Counter(values)
    total = sum(counts.values())
    if not total:
        return 1.0
    every = set(counts) | set(shares)
    return sum(abs(counts[each] / total - shares.get(each, 0.0)) for each in every) / 2


SCORES = {score.__name__: score for score in (in_key, pitch_distance, duration_distance)}


def scores(pieces, feature, names=None):
    """Scores by name; by default all.

    Args:
        pieces: List of `Melody` or `Roll`.
        feature: The adapted `Notes` or `PianoRoll`, which knows the notes of training.
        names: Names among `SCORES`, or None.

    Returns:
        Dict of name to float.

    Raises:
        ValueError: For an unknown name.
    """
    notes = [piece.notes for piece in pieces]
    pitches, beats = feature.histograms()
    known = {
        "in_key": lambda: in_key(notes),
        "pitch_distance": lambda: pitch_distance(notes, pitches),
        "duration_distance": lambda: duration_distance(notes, beats),
    }
    result = {}
    for name in SCORES if names is None else names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"Unknown score {name!r}; known: {', '.join(known)}.{hint}")
        result[name] = float(known[name]())
    return result
