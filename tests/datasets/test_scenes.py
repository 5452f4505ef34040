"""Scenes of coloured shapes: captions say what is there, pairs are held out, pictures show them."""

import hashlib
import re

import numpy as np
import pytest

from rnnkit.datasets import scenes

NAMED = re.compile(r"(a|two|three) (small|large) (\w+) (circle|square|triangle|cross)(?:e?s)?\b")


@pytest.fixture(scope="module")
def test_part():
    return list(scenes.generate("test"))


def pairs(caption):
    return {(colour, shape) for _, _, colour, shape in NAMED.findall(caption)}


def test_captions_by_hand():
    dots = {"count": 2, "size": "small", "colour": "red", "shape": "circle", "half": "left"}
    block = {"count": 1, "size": "large", "colour": "blue", "shape": "square", "half": "right"}
    assert scenes.captions([dots, block]) == [
        "two small red circles to the left of a large blue square",
        "there are two small red circles to the left of a large blue square",
        "a large blue square to the right of two small red circles",
        "there is a large blue square to the right of two small red circles",
    ]
    cross = {"count": 3, "size": "large", "colour": "green", "shape": "cross", "half": "top"}
    assert scenes.captions([cross])[1:3] == [
        "at the top three large green crosses",
        "there are three large green crosses at the top",
    ]


def test_a_picture_has_four_captions_and_they_agree(test_part):
    assert len(test_part) == scenes.CAPTIONS * scenes.SIZES["test"]
    for first in range(0, len(test_part), 4):
        rows = test_part[first : first + 4]
        assert all(picture is rows[0][0] for picture, _ in rows)
        assert len({caption for _, caption in rows}) == 4
        assert len({frozenset(NAMED.findall(caption)) for _, caption in rows}) == 1


def test_pairs_are_held_out_of_training_and_stand_in_every_second_test_picture(test_part):
    for split in ("train", "validation"):
        rng_pairs = set().union(*(pairs(caption) for _, caption in take(split, 400)))
        assert len(rng_pairs) == 15 and not rng_pairs & scenes.HELD_OUT
    held = [bool(pairs(caption) & scenes.HELD_OUT) for _, caption in test_part[::4]]
    assert held == [False, True] * (scenes.SIZES["test"] // 2)
    assert set().union(*(pairs(caption) for _, caption in test_part)) >= scenes.HELD_OUT


def take(split, count):
    return [row for row, _ in zip(scenes.generate(split), range(count), strict=False)]


@pytest.mark.parametrize("colour", scenes.COLOURS)
@pytest.mark.parametrize("half", scenes.HALVES)
def test_colours_are_where_the_caption_says(colour, half):
    for shape in scenes.SHAPES:
        group = {"count": 2, "size": "large", "colour": colour, "shape": shape, "half": half}
        picture = scenes.draw([group], seed=3, noise=0).astype("float64") / 255
        assert picture.shape == (32, 32, 3)
        inked = picture.max(axis=2) - picture.min(axis=2) > 0.3  # the ground is grey
        rows, columns = np.nonzero(inked)
        where = {"left": columns, "right": columns, "top": rows, "bottom": rows}[half]
        assert (where.mean() < 16) == (half in ("left", "top"))
        far = np.abs(picture[inked].mean(axis=0) - scenes.COLOURS[colour]).max()
        assert far < 0.15


def test_large_ones_cover_more_and_as_many_as_there_are():
    def covered(count, size):
        group = {"count": count, "size": size, "colour": "red", "shape": "circle", "half": "top"}
        picture = scenes.draw([group], seed=1, noise=0).astype("float64")
        return (picture[..., 0] - picture[..., 1] > 90).sum()

    assert covered(1, "small") * 2 < covered(1, "large")
    assert covered(2, "small") == pytest.approx(2 * covered(1, "small"), rel=0.35)
    assert covered(3, "large") == pytest.approx(3 * covered(1, "large"), rel=0.2)


def test_the_same_everywhere():
    digest = hashlib.sha256()
    for picture, caption in take("validation", 80):
        digest.update(picture.tobytes() + caption.encode())
    assert digest.hexdigest() == DIGEST


# Of the first 20 pictures: a change must come with a new VERSION of the builder.
DIGEST = "2112fe810cc7d9530aeae11ddc614f63070b9b0cada3eb09c0b6da4c0b44c967"


def test_arguments():
    with pytest.raises(ValueError, match="split"):
        scenes.generate("dev")
    with pytest.raises(ValueError, match="`noise` must be 0 or more. Received: noise=-1"):
        scenes.generate("test", noise=-1)
