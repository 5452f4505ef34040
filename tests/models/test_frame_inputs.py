"""Tagger on clips: labels that only the frames before tell, and the way through a file."""

import keras
import numpy as np
import pytest

from rnnkit.features import Tags, Video
from rnnkit.models import Tagger


def clips(count=48, seed=0):
    """A bright dot on a line; the label says whether it has moved since the frame before."""
    rng = np.random.default_rng(seed)
    x, y = [], []
    for _ in range(count):
        steps = rng.integers(0, 2, rng.integers(5, 9))
        steps[0] = 0
        place = np.cumsum(steps) % 4
        frames = np.zeros((len(steps), 4, 4), "uint8")
        frames[np.arange(len(steps)), 1, place] = 255
        x.append(frames)
        y.append([("rest", "move")[step] for step in steps])
    return x, y


def build(x, y, **options):
    options = {"units": 16, "frame_filters": [4], "frame_units": 8, "seed": 1, **options}
    return Tagger(Video().adapt(x), Tags().adapt(y), **options)


@pytest.fixture(scope="module")
def trained():
    x, y = clips()
    model = build(x, y)
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(x, y, epochs=25, batch_size=16, verbose=0)
    return model


@pytest.mark.slow
def test_memory_tells_what_a_frame_does_not(trained):
    x, y = clips(seed=1)
    assert trained.score(x, y)["accuracy"] > 0.95
    # The share of moves is a half, whatever a frame shows.
    memoryless = build(x, y, cell="dense")
    memoryless.compile(optimizer=keras.optimizers.Adam(0.02))
    memoryless.fit(*clips(), epochs=10, batch_size=16, verbose=0)
    assert memoryless.score(x, y)["accuracy"] < 0.75


@pytest.mark.slow
def test_padding_does_not_matter(trained):
    x, _ = clips(4, seed=2)
    together = trained.predict(x, verbose=0)
    assert together.shape == (4, max(map(len, x)), 2)
    for row, clip in zip(together, x, strict=True):
        np.testing.assert_allclose(
            row[: len(clip)], trained.predict([clip], verbose=0)[0], atol=1e-5
        )


@pytest.mark.slow
def test_the_same_in_a_fresh_process(trained, tmp_path, fresh):
    x, _ = clips(3, seed=2)
    trained.save(tmp_path / "model.keras")
    there = fresh.call("infer", path=str(tmp_path / "model.keras"), x=[c.tolist() for c in x])
    assert there == trained.infer(x)
    assert [len(tags) for tags in there] == [len(clip) for clip in x]


def test_frames_without_a_label_are_refused():
    x, y = clips(8)
    model = build(x, y)
    y[3] = y[3][:-1]
    with pytest.raises(ValueError, match="at position 3"):
        model.fit(x, y, verbose=0)
