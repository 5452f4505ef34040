"""Handwritten words as pen strokes, drawn from shapes of our own.

A word is put together from the shapes of its letters, and then changed as hands differ: slant,
size, proportions, a smooth warp, a wandering baseline, unsteadiness, and points that lie closer
where the pen is slow.

Only NumPy is needed, so that the card can be printed without TensorFlow.
"""

import functools
import random
from collections.abc import Iterator

import numpy as np

from rnnkit.datasets.common_words import WORDS
from rnnkit.datasets.letters.shapes import SHAPES
from rnnkit.datasets.samples import generator, split_of
from rnnkit.utils.checks import number

SIZES = {"train": 4000, "validation": 400, "test": 400}

CARD = """\
# rnnkit_letters

Handwritten words as pen strokes, with the word: 4,000 to train, 400 to validate, 400 to test. All
of it is synthetic: drawn offline from 48 shapes of our own for the letters a to z, one to three
ways of writing each.

**Words.** Two to eight small letters: one in seven is a common English word, the others are three
to seven letters at random, so that a letter can hardly be told from its neighbours. No word is in
two splits.

**Strokes.** `[points, 3]`, 113 points on average: x to the right, y downwards, and 1 at the last
point of each stroke. Within a word each letter is written in one way; dots and bars come at once or
when the word is done. Each word has its own hand, sampled evenly from these ranges:

| what | from | to |
| --- | --- | --- |
| height of a small letter | 25 | 120 |
| slant: tangent of the angle to the right | -0.15 | 0.6 |
| gap between letters, in heights of a small letter | 0.15 | 0.5 |
| distance between points, in heights of a small letter | 0.1 | 0.25 |
| unsteadiness (jitter) | 0.3 | 1 |

With unsteadiness letters differ in width, height and place, lines tremble and are warped, the
baseline rises or falls, and points lie closer where the pen is slow. `generate(split, noise=...)`
multiplies it for all words.

**Limits.** 48 shapes, printed rather than joined, where people have thousands; no capitals, digits
or marks. A score here shows that a model reads strokes, not that it reads your hand.
"""

# === Drawing ===


def draw(
    word: str,
    slant: float = 0.0,
    size: float = 60.0,
    jitter: float = 0.0,
    seed: int | None = None,
    *,
    spacing: float = 0.3,
    density: float = 0.12,
) -> np.ndarray:
    """A word as a pen would write it.

    Args:
        word: Letters a to z.
        slant: Tangent of the angle that upright strokes lean to the right.
        size: Height of a small letter such as x, in units of the tablet.
        jitter: How unsteady the hand is, from 0: how far letters differ in size, place and shape,
            and lines from smooth ones. 1 is a hurried hand.
        seed: Of everything sampled at random, the way each letter is written among it. None takes
            the first way of each.
        spacing: Gap between letters, in heights of a small letter.
        density: Mean distance between points, in heights of a small letter.

    Returns:
        float32 `[points, 3]`: x to the right, y downwards, and 1 at the last point of each stroke.
        The first letter begins near (0, 0), the baseline is y = 0.

    Raises:
        ValueError: For a word that is not of letters a to z, and settings that are not positive.

    Example:
        >>> points = draw("it", jitter=0.5, seed=1)
        >>> int(points[:, 2].sum())  # the strokes of i and its dot, t and its bar
        4
    """
    if not word or any(letter not in SHAPES for letter in word):
        raise ValueError(f"word must be of letters a to z. Received: word={word!r}")
    number(size, "size", above=0)
    number(jitter, "jitter", least=0)
    number(density, "density", above=0)
    rng = np.random.RandomState(0 if seed is None else seed)  # the same in every NumPy
    ways = {
        letter: shapes[0 if seed is None else rng.randint(len(shapes))]
        for letter, shapes in SHAPES.items()
    }
    pace = density * np.exp(0.3 * jitter * rng.standard_normal())
    strokes, late, at = [], [], 0.0
    for letter in word:
        stretch = np.exp(jitter * 0.1 * rng.standard_normal(2))  # in x and in y
        lift = jitter * 0.05 * rng.standard_normal()
        turn = jitter * 0.05 * rng.standard_normal()
        lines = [_points(text) for text in ways[letter]]
        lines = [(line * stretch) @ np.array([[1, turn], [-turn, 1]]) for line in lines]
        left = min(line[:, 0].min() for line in lines)
        right = max(line[:, 0].max() for line in lines)
        for index, line in enumerate(lines):
            line = line + (at - left, lift)
            # Dots and bars are often put when the word is done.
            afterwards = index > 0 and letter in "ijtx" and rng.uniform() < 0.3 * min(jitter, 1)
            (late if afterwards else strokes).append(line)
        at += right - left + spacing * np.exp(jitter * 0.3 * rng.standard_normal())
    warp = _warp(rng, jitter)
    result = []
    for line in strokes + late:
        count = max(2, int(np.ceil(_length(line) / pace)) + 1)
        # Distances along the line differ smoothly: the pen slows down and speeds up.
        phase, depth = rng.uniform(0, 2 * np.pi), min(0.6 * jitter, 0.8) * rng.uniform()
        fraction = np.linspace(0, 1, count)
        speed = 1 + depth * np.sin(2 * np.pi * fraction * max(1, count // 12) + phase)
        fraction = np.concatenate([[0], np.cumsum(speed[1:])])
        line = _along(line, fraction / fraction[-1])
        line = warp(line) + 0.012 * jitter * rng.standard_normal(line.shape)
        x, y = line[:, 0] + slant * line[:, 1], -line[:, 1]
        up = np.zeros(count)
        up[-1] = 1
        result.append(np.stack([size * x, size * y, up], axis=1))
    return np.concatenate(result).round(1).astype("float32")


@functools.cache
def _points(text: str) -> np.ndarray:
    """The points of a stroke as many short lines, `[points, 2]`."""
    pieces, piece = [], []
    for word in text.split():
        point = tuple(float(number) for number in word.rstrip("!").split(","))
        piece.append(point)
        if word.endswith("!"):
            pieces.append(piece)
            piece = [point]
    pieces.append(piece)
    curves = [_curve(np.array(each)) for each in pieces]
    return np.concatenate([curves[0], *(curve[1:] for curve in curves[1:])])


def _curve(points: np.ndarray, steps: int = 12) -> np.ndarray:
    """A smooth line through some points: a cubic Hermite curve whose slope at a point is that of
    its neighbours (Catmull & Rom 1974)."""
    slopes = np.gradient(points, axis=0) if len(points) > 2 else np.diff(points, axis=0)[[0, 0]]
    t = np.linspace(0, 1, steps + 1)[:-1, None]  # [steps, 1]
    one = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2, t**2 * (3 - 2 * t), t**2 * (t - 1)
    parts = [
        one[0] * points[k] + one[1] * slopes[k] + one[2] * points[k + 1] + one[3] * slopes[k + 1]
        for k in range(len(points) - 1)
    ]
    return np.concatenate([*parts, points[-1:]])


def _length(line: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _along(line: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Points of a line at fractions of its length."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    places = np.concatenate([[0], np.cumsum(steps)])
    return np.stack([np.interp(fractions * places[-1], places, line[:, k]) for k in (0, 1)], axis=1)


def _warp(rng, jitter):
    """A smooth change of the plane: slow waves in x and y, and a rising or falling baseline."""
    waves = rng.uniform(0.5, 1.5, (2, 2))  # [axis, direction], in radians a unit
    phases = rng.uniform(0, 2 * np.pi, 2)
    depth = 0.07 * jitter * rng.standard_normal(2)
    rise = 0.04 * jitter * rng.standard_normal()

    def change(line):
        shift = depth * np.sin(line @ waves.T + phases)  # [points, 2]
        return line + shift + np.stack([np.zeros(len(line)), rise * line[:, 0]], axis=1)

    return change


# === Examples ===


@generator
def generate(split: str, noise: float = 1.0, seed: int = 0) -> Iterator[tuple[np.ndarray, str]]:
    """Yields the words of one split.

    No word is in two splits.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        noise: Factor on the unsteadiness of every word, to see how errors depend on it; words and
            hands stay the same.
        seed: Any integer; the same seed gives the same strokes.

    Yields:
        `(points, word)`: see `draw`.

    Raises:
        ValueError: If `split` is none of the three, or `noise` is negative.
    """
    rng = random.Random(f"rnnkit_letters/{seed}/{split}")
    seen: set[str] = set()
    while len(seen) < SIZES[split]:
        word = rng.choice(WORDS) if rng.random() < 0.4 else _random_word(rng)
        if word in seen or split_of(word) != split:
            # There are fewer common words than examples: what is left are letters at random.
            continue
        seen.add(word)
        settings = {
            "slant": rng.uniform(-0.15, 0.6),
            "size": rng.uniform(25, 120),
            "jitter": noise * rng.uniform(0.3, 1.0),
            "seed": rng.getrandbits(32),
            "spacing": rng.uniform(0.15, 0.5),
            "density": rng.uniform(0.1, 0.25),
        }
        yield draw(word, **settings), word


def _random_word(rng: random.Random) -> str:
    return "".join(chr(97 + rng.randrange(26)) for _ in range(rng.randrange(3, 8)))
