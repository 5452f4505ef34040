"""Letters: strokes that can be read, changed as stated, in splits that share no word."""

import hashlib

import numpy as np
import pytest

from rnnkit.datasets import letters
from rnnkit.datasets.letters.shapes import SHAPES
from rnnkit.formats import points

SPLITS = ("train", "validation", "test")
# SHA-256 of the first 100 words of each split. The points come out of sines and logarithms, whose
# last digits may differ among machines.
DIGESTS = {
    "train": "7a344429f586ce6974915dab28858bda0a5084cb3185175e6e86c195ad5e5e5d",
    "validation": "cb54afb21dd1a179712a88c65d746b0ec6afce1db1796f1c94694587ad2103e6",
    "test": "f9a97337ce985ab35efb911155656d8d3264a2e6383e85678af0aa425f7c321c",
}
ASCENDERS, DESCENDERS = "bdfhklt", "gjpqy"


@pytest.fixture(scope="module")
def data():
    """{split: [(points, word), ...]}, all of them."""
    return {split: list(letters.generate(split)) for split in SPLITS}


def lines(drawing):
    return np.split(drawing, np.flatnonzero(drawing[:-1, 2]) + 1)


# === Shapes ===


def test_every_letter_has_a_shape_of_the_right_height():
    assert "".join(sorted(SHAPES)) == "abcdefghijklmnopqrstuvwxyz"
    for letter in SHAPES:
        heights = -letters.draw(letter, size=1000.0)[:, 1] / 1000  # upwards
        top, bottom = heights.max(), heights.min()
        if letter in ASCENDERS:
            assert 1.4 < top < 2
        elif letter in "ij":
            assert 1.3 < top < 1.6  # the dot
        else:
            assert 0.9 < top < 1.15
        assert -1 < bottom < -0.5 if letter in DESCENDERS else -0.2 < bottom < 0.15, letter


@pytest.mark.slow
def test_no_two_letters_look_alike():
    # Drawn alike, the nearest drawing of another hand is of the same letter more often than not.
    def picture(letter, seed):
        drawing = letters.draw(letter, seed=seed, jitter=0.3, density=0.02)
        x, y = drawing[:, 0] - drawing[:, 0].mean(), drawing[:, 1]
        return np.histogram2d(y, x, bins=(9, 7), range=((-120, 60), (-40, 40)))[0].ravel() ** 0.5

    known = [(letter, picture(letter, seed)) for letter in SHAPES for seed in range(8)]
    hits = []
    for letter in SHAPES:
        for seed in (100, 101):
            gaps = [np.linalg.norm(picture(letter, seed) - other) for _, other in known]
            hits.append(known[int(np.argmin(gaps))][0] == letter)
    assert np.mean(hits) > 0.9


def test_number_of_strokes_by_hand():
    for word, strokes in (("cel", 3), ("it", 4), ("fix", 6), ("abc", 3)):
        drawing = letters.draw(word)
        assert drawing[:, 2].sum() == strokes and drawing[-1, 2] == 1
    assert letters.draw("l")[:, 2].tolist()[-1] == 1


# === Settings ===


def test_slant_and_size():
    upright = letters.draw("lid")
    leaning = letters.draw("lid", slant=0.5)
    np.testing.assert_allclose(leaning[:, 0], upright[:, 0] - 0.5 * upright[:, 1], atol=0.11)
    np.testing.assert_array_equal(leaning[:, 1:], upright[:, 1:])
    large = letters.draw("lid", size=180.0)
    np.testing.assert_allclose(large[:, :2], 3 * upright[:, :2], atol=0.3)


def test_density_is_the_distance_between_points():
    for density in (0.05, 0.2):
        for line in lines(letters.draw("well", density=density, size=1000.0)):
            steps = np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1) / 1000
            assert 0.5 * density < steps.mean() <= density * 1.001
    # An unsteady hand is fast here and slow there.
    line = lines(letters.draw("l", density=0.02, size=1000.0, jitter=1.0, seed=4))[0]
    steps = np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1)
    assert steps.std() > 0.1 * steps.mean()


def test_letters_follow_each_other_at_the_spacing():
    for spacing in (0.1, 0.6):
        first, second = lines(letters.draw("cc", spacing=spacing, size=1000.0))
        gap = second[:, 0].min() - first[:, 0].max()
        assert gap == pytest.approx(1000 * spacing, abs=15)


def test_unsteadiness_grows_with_jitter():
    calm = letters.draw("ocean", seed=3, jitter=0.0)
    assert np.array_equal(calm, letters.draw("ocean", seed=3, jitter=0.0))
    assert not np.array_equal(
        letters.draw("ocean", seed=3, jitter=0.5), letters.draw("ocean", seed=4, jitter=0.5)
    )

    def roughness(jitter):
        """How much the direction changes from step to step beyond what a smooth line does."""
        values = []
        for seed in range(6):
            for line in lines(letters.draw("ocean", seed=seed, jitter=jitter)):
                values.append(np.abs(np.diff(line[:, :2], n=3, axis=0)).mean())
        return np.mean(values)

    rough = [roughness(jitter) for jitter in (0.0, 0.5, 1.0, 2.0)]
    assert all(np.diff(rough) > 0)


# === Examples ===


@pytest.mark.slow
def test_same_words_everywhere(data):
    for split in SPLITS:
        words = "\n".join(word for _, word in data[split][:100])
        assert hashlib.sha256(words.encode()).hexdigest() == DIGESTS[split], split


@pytest.mark.slow
def test_examples_are_as_stated(data):
    for split in SPLITS:
        assert len(data[split]) == letters.SIZES[split]
        for drawing, word in data[split]:
            assert drawing.dtype == np.float32
            points.check(drawing)
            assert drawing[-1, 2] == 1 and 2 <= len(word) <= 8
            assert drawing[:, 2].sum() >= len(word)
    counts = [len(drawing) for drawing, _ in data["train"]]
    assert 60 < np.mean(counts) < 200 and max(counts) < 600


def test_no_word_is_in_two_splits(data):
    words = [word for split in SPLITS for _, word in data[split]]
    assert len(set(words)) == len(words)
    assert set(letter for word in words for letter in word) == set(SHAPES)


def test_other_noise_is_of_the_same_words(data):
    pairs = zip(letters.generate("test", noise=0.0), data["test"][:30], strict=False)
    for (calm, word), (drawing, same) in pairs:
        assert word == same
        assert calm[:, 2].sum() == drawing[:, 2].sum()  # as many strokes
    again = [word for (_, word), _ in zip(letters.generate("test"), range(30), strict=False)]
    assert again == [word for _, word in data["test"][:30]]
    first, other = (next(letters.generate("test", seed=seed)) for seed in (0, 1))
    assert first[1] != other[1]


# === Bad input ===


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"word": "Word"}, "letters a to z. Received: word='Word'"),
        ({"word": ""}, "letters a to z"),
        ({"word": "a", "size": 0}, "size must be a number"),
        ({"word": "a", "jitter": -1}, "jitter must be a number"),
        ({"word": "a", "density": 0}, "density must be a number"),
    ],
)
def test_bad_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        letters.draw(**arguments)


def test_bad_noise():
    with pytest.raises(ValueError, match="noise.*Received: noise=-1"):
        letters.generate("test", noise=-1)
