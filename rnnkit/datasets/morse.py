"""Morse code as sound, with its text: keyed by hand, with noise and fading.

Timing is that of ITU-R M.1677-1: with the dot as unit a dash lasts three, the gap within a letter
one, between letters three, between words seven. The speed counts the word PARIS, which with the
gap after it lasts 50 units: at w words per minute a dot lasts 1.2 / w seconds.

Only NumPy is needed, so that the card can be printed without TensorFlow.
"""

import random
from collections.abc import Iterator

import numpy as np

from rnnkit.datasets.common_words import WORDS
from rnnkit.datasets.samples import generator, split_of
from rnnkit.formats.wav import write
from rnnkit.utils.checks import number

SIZES = {"train": 5000, "validation": 300, "test": 300}
RATE = 8000
# The clips of the sample need no more for their highest pitch.
CLIP_RATE = 4000
# Settings of the clips, sampled evenly between the two: see `signal`.
RANGES = {
    "words_per_minute": (20, 30), "pitch": (400, 900), "snr": (5.0, 20.0), "jitter": (0, 0.1),
    "fading": (0, 0.6), "fading_rate": (0.1, 0.5), "level": (0.1, 0.9), "margin": (0.1, 0.3),
}  # fmt: skip
LONGEST = 6.0
# Texts of up to so many characters are only to learn from, and come more than once.
SHORT = 2

CODE = {
    "a": ".-", "b": "-...", "c": "-.-.", "d": "-..", "e": ".", "f": "..-.", "g": "--.",
    "h": "....", "i": "..", "j": ".---", "k": "-.-", "l": ".-..", "m": "--", "n": "-.",
    "o": "---", "p": ".--.", "q": "--.-", "r": ".-.", "s": "...", "t": "-", "u": "..-",
    "v": "...-", "w": ".--", "x": "-..-", "y": "-.--", "z": "--..",
    "0": "-----", "1": ".----", "2": "..---", "3": "...--", "4": "....-", "5": ".....",
    "6": "-....", "7": "--...", "8": "---..", "9": "----.",
}  # fmt: skip

CARD = """\
# rnnkit_morse

Morse code as sound, with its text: 5,000 clips to train, 300 to validate and 300 to test, of 0.3
to 6 seconds (2.2 on average, 99 MB in all), mono, 4 kHz, 16 bits. All of it is synthetic: keyed
offline by a program, at the timing of ITU-R M.1677-1.

**Texts.** In lower case, of letters, digits and spaces. Half of the clips to train are of one or
two characters: a network learns the code as people do, by its letters first. All others, and all
clips to validate and to test, are common English words, call signs such as `hj3hb`, numbers, and
letters at random; no such text is in two splits.

**Sound.** Each clip has its own hand and path, sampled evenly from these ranges:

| what | from | to |
| --- | --- | --- |
| speed, words per minute by the word PARIS | 20 | 30 |
| pitch of the tone, Hz | 400 | 900 |
| jitter: standard deviation of the logarithm of each dot, dash and gap | 0 | 0.1 |
| white noise: signal-to-noise ratio, dB | 5 | 20 |
| slow fading: fraction of the amplitude lost at its deepest | 0 | 0.6 |
| fadings a second | 0.1 | 0.5 |
| loudest sample, fraction of full scale | 0.1 | 0.9 |

The signal-to-noise ratio is the power of the tone while the key is down, before fading, over the
power of the noise in the whole band of 2 kHz; in the 2.5 kHz of a receiver it is 1 dB lower.
`generate(split, snr=...)` gives the same clips at any other ratio.

**Limits.** One sender at a time, a steady pitch, white noise: no other stations, no crackling, no
drift, and gaps that scatter evenly rather than as a tired hand's do.
"""

# === Sound ===


def schedule(text: str) -> list[tuple[bool, int]]:
    """The key's movements for a text.

    Args:
        text: Letters a to z in either case, digits and spaces.

    Returns:
        List of `(down, units)`, in turns down and up, from the first dot or dash to the last;
        units are lengths in dots.

    Raises:
        ValueError: For a character without a code, and a text without any.

    Example:
        >>> schedule("et")
        [(True, 1), (False, 3), (True, 3)]
    """
    words = text.lower().split()
    if not words:
        raise ValueError(f"text must have a letter or digit. Received: text={text!r}")
    odd = next((letter for letter in "".join(words) if letter not in CODE), None)
    if odd is not None:
        raise ValueError(
            f"text must be of letters a to z, digits and spaces. Received: {odd!r} in {text!r}"
        )
    moves: list[tuple[bool, int]] = []
    for word in words:
        for index, letter in enumerate(word):
            if moves:
                moves.append((False, 3 if index else 7))
            for place, mark in enumerate(CODE[letter]):
                if place:
                    moves.append((False, 1))
                moves.append((True, 3 if mark == "-" else 1))
    return moves


def signal(
    text: str,
    words_per_minute: float = 25.0,
    pitch: float = 600.0,
    snr: float | None = None,
    *,
    jitter: float = 0.0,
    fading: float = 0.0,
    fading_rate: float = 0.2,
    level: float = 0.5,
    margin: float = 0.2,
    edge: float = 0.005,
    rate: int = RATE,
    seed: int = 0,
) -> np.ndarray:
    """A text keyed in Morse code.

    Args:
        text: Letters a to z, digits and spaces.
        words_per_minute: Speed, by the word PARIS.
        pitch: Frequency of the tone, in Hz.
        snr: Signal-to-noise ratio in dB: the power of the tone while the key is down, before
            fading, over the power of white noise in the whole band up to half the sampling rate.
            None for no noise.
        jitter: Spread of the lengths of dots, dashes and gaps: standard deviation of their
            logarithm.
        fading: Depth of the slow fading, from 0 to below 1: the fraction of the amplitude lost at
            its deepest.
        fading_rate: Fadings a second.
        level: Amplitude of the loudest sample, from 0 to 1.
        margin: Silence, or noise alone, before and after, in seconds.
        edge: Rise and fall of the tone, each half a cosine, in seconds.
        rate: Sampling rate.
        seed: Of jitter, noise and the phase of the fading. The jitter does not depend on `snr`.

    Returns:
        int16 `[samples]`.

    Raises:
        ValueError: For a text that has no code, and settings out of range.

    Example:
        >>> signal("paris", words_per_minute=20).shape  # 43 dots of 60 ms, and 0.4 s around them
        (23840,)
    """
    number(words_per_minute, "words_per_minute", above=0)
    number(pitch, "pitch", above=0, below=rate / 2)
    number(jitter, "jitter", least=0)
    number(fading, "fading", least=0, below=1)
    number(level, "level", above=0, most=1)
    number(margin, "margin", least=0)
    moves = schedule(text)
    rng = np.random.RandomState(seed)  # its numbers are the same in every NumPy
    spread = np.exp(jitter * rng.standard_normal(len(moves)))
    phases = rng.uniform(0, 2 * np.pi, 2)
    dot = 1.2 / words_per_minute
    lengths = dot * np.array([units for _, units in moves]) * spread  # seconds
    ends = margin + np.cumsum(lengths)
    marks = np.rint(rate * np.stack([ends - lengths, ends], axis=1)).astype(int)[::2]
    total = int(np.rint(rate * (ends[-1] + margin)))

    # === Tone ===
    key = np.zeros(total)
    for start, end in marks:
        key[start:end] = 1.0
    size = max(1, round(edge * rate))
    # A mean over a raised cosine makes each edge half a cosine, and keeps the length at half
    # height.
    shape = np.sin(np.pi * (np.arange(size) + 0.5) / size)
    key = np.convolve(key, shape / shape.sum(), mode="same") if size > 1 else key
    time = np.arange(total) / rate
    fade = 1 - fading * (0.5 - 0.5 * np.cos(2 * np.pi * fading_rate * time + phases[0]))
    tone = fade * key * np.sin(2 * np.pi * pitch * time + phases[1])

    # === Noise ===
    if snr is not None:
        tone = tone + np.sqrt(0.5 * 10 ** (-snr / 10)) * rng.standard_normal(total)
    loudest = np.abs(tone).max()
    return np.rint(tone * (level * (2**15 - 1) / loudest)).astype("int16")


# === Examples ===


@generator
def generate(split: str, snr: float | None = None, seed: int = 0) -> Iterator[tuple[bytes, str]]:
    """Yields the clips of one split.

    No text is in two splits.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        snr: Signal-to-noise ratio of every clip in dB, in place of those sampled, to see how errors
            depend on it; texts and keying stay the same.
        seed: Any integer; the same seed gives the same clips.

    Yields:
        `(wav, text)`: the bytes of a 16-bit wav file at 4 kHz, and what is keyed, in lower case.

    Raises:
        ValueError: If `split` is none of the three.
    """
    rng = random.Random(f"rnnkit_morse/{seed}/{split}")
    seen: set[str] = set()
    count = 0
    while count < SIZES[split]:
        text = _text(rng, split)
        settings = {name: rng.uniform(*bounds) for name, bounds in RANGES.items()}
        settings["seed"] = rng.getrandbits(32)
        units = sum(units for _, units in schedule(text))
        seconds = 1.2 / settings["words_per_minute"] * units + 2 * settings["margin"]
        if len(text) > SHORT and (text in seen or split_of(text) != split) or seconds > LONGEST:
            continue
        seen.add(text)
        count += 1
        if snr is not None:
            settings["snr"] = snr
        yield write(signal(text, rate=CLIP_RATE, **settings), CLIP_RATE), text


def _text(rng: random.Random, split: str) -> str:
    """A letter or two to learn from; words, a call sign, a number, or letters at random."""
    if split == "train" and rng.random() < 0.42:  # others are refused more often
        count = rng.choice((1, 1, 1, SHORT, SHORT))
        return "".join(rng.choice(list(CODE)) for _ in range(count))
    kind = rng.random()
    if kind < 0.5:
        text = " ".join(rng.choice(WORDS) for _ in range(rng.choice((1, 1, 2, 2))))
    elif kind < 0.65:
        text = _letters(rng, rng.choice((1, 2))) + str(rng.randrange(10)) + _letters(rng, 2)
    elif kind < 0.8:
        text = "".join(str(rng.randrange(10)) for _ in range(rng.randrange(3, 5)))
    else:
        text = _letters(rng, rng.randrange(3, 6))
    return text if len(text) > SHORT else _text(rng, split)


def _letters(rng: random.Random, count: int) -> str:
    return "".join(chr(97 + rng.randrange(26)) for _ in range(count))
