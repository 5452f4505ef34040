"""Music as text that a person can read: melodies note by note, polyphonic music step by step.

A melody is `"C4:1 D4:1/2 R:1/2 E4:1"`: a note's name with its octave, or R for a rest, and how long
it lasts in beats (quarter notes). Polyphonic music is `"C3+G3+E4 C3+E4 R"`: which keys are down in
each of equally long steps. C4 is the middle C, MIDI number 60.
"""

import fractions
import re

NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
REST = "R"
LOWEST, KEYS = 21, 88  # of a piano: A0 to C8
_PITCH = re.compile(r"^([A-Ga-g])([#b]{0,2})(-?\d)$")
# As many digits as a float of 64 bits can hold.
_BEATS = re.compile(r"^(\d{1,9}(/\d{1,9})?|\d{0,9}\.\d{1,9})$", re.ASCII)
_STEPS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
_SIGNS = {"#": 1, "b": -1}


def pitch_name(number):
    """The name of a MIDI number from 0 to 127, black keys as sharps.

    Example:

    >>> pitch_name(60), pitch_name(70)
    ('C4', 'A#4')
    """
    return f"{NAMES[number % 12]}{number // 12 - 1}"


def pitch_number(name):
    """The MIDI number of a note's name.

    Args:
        name: A letter, sharps `#` or flats `b`, and the octave from -1 to 9.

    Raises:
        ValueError: For what is no such name, or outside 0 to 127.

    Example:

    >>> pitch_number("Bb4")
    70
    """
    found = _PITCH.match(name)
    number = -1
    if found:
        letter, signs, octave = found.groups()
        number = 12 * (int(octave) + 1) + _STEPS[letter.upper()] + sum(_SIGNS[s] for s in signs)
    if not 0 <= number <= 127:
        raise ValueError(
            f"A note must be a letter from A to G, # or b, and an octave, such as 'C4' or 'Bb3'. "
            f"Received: {name!r}"
        )
    return number


def parse_melody(text):
    """The notes of a melody.

    Args:
        text: Such as `"C4:1 R:1/2"`; durations are whole numbers, fractions or decimals, above 0.

    Returns:
        List of pairs of MIDI number, or None for a rest, and `fractions.Fraction` of beats.

    Raises:
        ValueError: For what cannot be read; the message has the note and its position.

    Example:

    >>> parse_melody("C4:1 R:1/2")
    [(60, Fraction(1, 1)), (None, Fraction(1, 2))]
    """
    notes = []
    for index, word in enumerate(text.split()):
        name, _, length = word.partition(":")
        try:
            pitch = None if name.upper() == REST else pitch_number(name)
            duration = fractions.Fraction(length) if _BEATS.match(length) else None
        except (ValueError, ZeroDivisionError):
            duration = None
        if duration is None or duration <= 0:
            raise ValueError(
                "A melody must be notes with their beats, such as 'C4:1 D4:1/2 R:1/2'. "
                f"Received: {word[:40]!r} as note {index + 1}"
            )
        notes.append((pitch, duration))
    return notes


def spell_melody(notes):
    """The text of a melody, as `parse_melody` reads it.

    Example:

    >>> spell_melody([(60, fractions.Fraction(1)), (None, fractions.Fraction(1, 2))])
    'C4:1 R:1/2'
    """
    return " ".join(
        f"{REST if pitch is None else pitch_name(pitch)}:{duration}" for pitch, duration in notes
    )


def parse_steps(text):
    """The keys that are down in each step.

    Args:
        text: Such as `"C3+E4 R"`.

    Returns:
        List of lists of MIDI numbers.

    Raises:
        ValueError: For what cannot be read, or is no key of a piano.

    Example:

    >>> parse_steps("C4+E4 R")
    [[60, 64], []]
    """
    steps = []
    for index, word in enumerate(text.split()):
        try:
            pitches = [] if word.upper() == REST else [pitch_number(n) for n in word.split("+")]
        except ValueError as error:
            raise ValueError(f"step {index + 1}: {error}") from None
        for pitch in pitches:
            if not LOWEST <= pitch < LOWEST + KEYS:
                raise ValueError(
                    "Keys must be those of a piano, A0 to C8. "
                    f"Received: {pitch_name(pitch)} in step {index + 1}"
                )
        steps.append(sorted(set(pitches)))
    return steps


def spell_steps(steps):
    """The text of steps, as `parse_steps` reads it.

    Example:

    >>> spell_steps([[60, 64], []])
    'C4+E4 R'
    """
    return " ".join("+".join(pitch_name(p) for p in step) if step else REST for step in steps)
