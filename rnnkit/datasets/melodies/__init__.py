"""Folk tunes and other old melodies in several styles, transposed and varied by rule.

Only the standard library is used, so that the card can be printed without TensorFlow.
"""

import fractions
import random
import re
from collections.abc import Iterator

from rnnkit.datasets.melodies.tunes import TEST, TUNES, VALIDATION
from rnnkit.datasets.samples import Chooser, generator
from rnnkit.formats.notation import spell_melody

LABELS = tuple(TUNES)
# Versions of each tune: the first as it is, the others varied.
VERSIONS = {"train": 12, "validation": 4, "test": 4}

CARD = """\
# rnnkit_melodies

Melodies in seven styles (folk, march, waltz, lullaby, hymn, carol, dance), each a text such as
`C4:1 D4:1/2 R:1/2`: 82 tunes, typed in by scale degree and rhythm. They are folk tunes, or of
composers who died before 1937, and so in the public domain; written down from memory, each is one
of many versions, and a few are models of their kind rather than known tunes. Each comes in several
keys, and varied by rule: notes split in two, dotted, joined, or with a passing note to the next.
720 melodies (60 tunes, 12 versions each) are to train, 32 (8 tunes) to validate, 56 (14 tunes) to
test.

**What it teaches.** How melodies go on: that they stay in a key, come back to phrases heard before,
move mostly by step, and end on the first degree; and which lengths of notes belong to which style.
The tunes of validation and test are others than those of training (no test melody is one of
training in another key), so that what is learned is how melodies go, not which there are.

| `rnnkit train music_generation --seed 1` | nats a note on test | in key, of what is generated |
| --- | --- | --- |
| the style and the last note, all that a memoryless model sees (`--cell dense`) | 3.53 | .70 |
| all notes before (`lstm`, the default) | 2.86 | .94 |

The recurrent model is 0.66 nats a note better than the memoryless one. Of the test melodies
themselves .999 of the notes are in key.

**Limits.** Few tunes, of one part of the world and one time for the most part, a single voice, no
loudness. Variations are of one tune: there are not as many melodies as examples.
"""

_NOTE = re.compile(r"^([#b]?)([0-7])([',]*)(-*)(\.?)(/*)$")
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}
_SIGNS = {"": 0, "#": 1, "b": -1}
_HALF = fractions.Fraction(1, 2)
LOW, HIGH = 53, 81  # where the middle of a tune may come to lie: F3 to A5


def tune(name, key=60):
    """A tune as it is typed in.

    Args:
        name: One of those of `melodies.tunes.TUNES`.
        key: MIDI number of the first degree.

    Returns:
        List of pairs of MIDI number (None for a rest) and `fractions.Fraction` of beats.

    Raises:
        ValueError: For an unknown name.

    Example:

    >>> spell_melody(tune("twinkle")[:3])
    'C4:1 C4:1 G4:1'
    """
    for tunes in TUNES.values():
        for known, _, mode, text in tunes:
            if known == name:
                return [_note(word, mode, key) for word in text.split()]
    raise ValueError(f"There is no such tune. Received: name={name!r}")


def _note(word, mode, key):
    sign, degree, octave, longer, dot, halves = _NOTE.match(word).groups()
    beats = fractions.Fraction(1 + len(longer))
    if dot:
        beats *= fractions.Fraction(3, 2)
    beats /= 2 ** len(halves)
    if degree == "0":
        return None, beats
    pitch = key + _SCALES[mode][int(degree) - 1] + _SIGNS[sign]
    return pitch + 12 * (octave.count("'") - octave.count(",")), beats


class _Player(Chooser):
    """Varies a tune, as its players do."""

    def __init__(self, rng, scale):
        super().__init__(rng)
        self.scale = scale  # pitch classes of the key
        self.rates = [0.2 * rng.random() for _ in range(4)]

    def between(self, first, second):
        """The step of the scale between two notes a third apart, or None."""
        low, high = sorted((first, second))
        if high - low not in (3, 4):
            return None
        found = [pitch for pitch in range(low + 1, high) if pitch % 12 in self.scale]
        return found[0] if len(found) == 1 else None

    def vary(self, notes):
        split, dotted, joined, passing = self.rates
        found, place = [], 0
        while place < len(notes):
            pitch, beats = notes[place]
            after = notes[place + 1] if place + 1 < len(notes) else None
            place += 1
            if pitch is None or after is None or after[0] is None:
                found.append((pitch, beats))
                continue
            step = self.between(pitch, after[0])
            if step is not None and beats >= 1 and self.chance(2 * passing):
                half = min(beats / 2, fractions.Fraction(1))
                found += [(pitch, beats - half), (step, half)]
            elif pitch == after[0] and beats == after[1] <= 1 and self.chance(joined):
                found.append((pitch, beats + after[1]))
                place += 1
            elif beats == after[1] == _HALF and self.chance(dotted):
                found += [(pitch, _HALF * 3 / 2), (after[0], _HALF / 2)]
                place += 1
            elif beats == 1 and self.chance(split / 2):
                found += [(pitch, _HALF), (pitch, _HALF)]
            else:
                found.append((pitch, beats))
        return found


def _keys(rng, pitches):
    """Keys in which a tune lies well, in random order, all twelve among them where they fit."""
    middle = (min(pitches) + max(pitches)) / 2
    keys = [shift for shift in range(-24, 25) if abs(middle + shift - (LOW + HIGH) / 2) <= 6]
    return sorted(keys, key=lambda _: rng.random())


def names_of(split):
    """The names of the tunes of a split."""
    apart = {"validation": VALIDATION, "test": TEST}
    every = [name for tunes in TUNES.values() for name, *_ in tunes]
    if split in apart:
        return apart[split]
    return tuple(name for name in every if name not in VALIDATION + TEST)


@generator
def generate(split: str, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yields the melodies of one split.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        seed: Any integer; the same seed gives the same melodies on every machine.

    Yields:
        Pairs `(style, melody)`, all different, styles and tunes mixed.

    Raises:
        ValueError: If `split` is none of the three.

    Example:

    >>> style, melody = next(generate("test"))
    >>> style in LABELS, ":" in melody
    (True, True)
    """
    rng, found = random.Random(f"rnnkit_melodies/{seed}/{split}"), []
    wanted = set(names_of(split))
    for style, tunes in TUNES.items():
        for name, _, mode, _ in tunes:
            if name not in wanted:
                continue
            notes, versions = tune(name), set()
            while notes[0][0] is None:  # what stands for the rest of the first bar
                notes = notes[1:]
            keys = _keys(rng, [pitch for pitch, _ in notes if pitch is not None])
            scale = {(60 + step) % 12 for step in _SCALES[mode]}
            while len(versions) < VERSIONS[split]:
                number = len(versions)
                played = _Player(rng, scale).vary(notes) if number else notes
                key = keys[number % len(keys)]
                melody = spell_melody(
                    (None if pitch is None else pitch + key, beats) for pitch, beats in played
                )
                if melody not in versions:
                    versions.add(melody)
                    found.append((rng.random(), style, melody))
    for _, style, melody in sorted(found):
        yield style, melody


SIZES = {split: len(names_of(split)) * count for split, count in VERSIONS.items()}
