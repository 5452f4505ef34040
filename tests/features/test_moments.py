"""Moments against NumPy's of all rows, and encodings with them."""

import numpy as np
import pytest
import tensorflow as tf

from rnnkit import features
from rnnkit.features.moments import Moments


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_batches_of_any_size_give_what_all_rows_give(offset):
    rows = np.random.default_rng(0).normal([0.0, 5.0], [1.0, 0.01], (500, 2)) + offset
    moments = Moments()
    for start, end in ((0, 0), (0, 1), (1, 400), (400, 400), (400, 500)):
        moments.add(rows[start:end])
    mean, deviation = moments.found()
    assert moments.count == 500
    np.testing.assert_allclose(mean, rows.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(deviation, rows.std(axis=0), rtol=1e-6)


def test_single_precision_is_summed_in_double():
    moments = Moments()
    moments.add(np.full((300_000, 1), 0.1, "float32"))
    moments.add(np.full((300_000, 1), 0.3, "float32"))
    mean, deviation = moments.found()
    np.testing.assert_allclose([mean[0], deviation[0]], [0.2, 0.1], rtol=1e-7)
    assert mean.dtype == np.float64


RNG = np.random.default_rng(5)
PICTURES = RNG.integers(0, 256, (6, 9, 8, 3), dtype="uint8")
ENCODED = {
    "image": (features.Image(size=(4, 5)), PICTURES),
    "video": (features.Video(size=(4, 5)), [PICTURES[:2], PICTURES[2:]]),
    "audio": (features.Audio(sampling_rate=8000), [RNG.normal(size=n) / 5 for n in (900, 1500)]),
    "strokes": (features.Strokes(), ["0 9 0;5 0 0;9 9 1;2 5 0;7 5 1", "0 0 0;3 20 1"]),
    "number": (features.Number(size=2), RNG.normal(size=(7, 2))),
    "series": (features.Series(columns=2), [RNG.normal(size=(n, 2)) for n in (3, 8)]),
    "float64": (features.Series(columns=2, dtype="float64"), [RNG.normal(size=(80, 2))]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENCODED)
def test_an_encoding_is_the_same_in_a_graph_and_out_of_it(name):
    """To the last bit: few examples are encoded at once, many in a graph."""
    feature, values = ENCODED[name]
    raw = feature.adapt(values).to_tensor(values)
    alone, within = feature.encode(raw), tf.function(feature.encode)(raw)
    for a, b in zip(*(tf.nest.flatten(each, True) for each in (alone, within)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.size(a)


@pytest.mark.parametrize("values", [1.0, [1], [1.0] * 4, None, "x", [[1.0], [1.0], [1.0]]])
def test_learned_moments_are_a_number_a_column(values):
    Strokes, good = features.Strokes, [0.5, 1.0, 2.0]
    assert Strokes(mean=good, deviation=good).adapted and not Strokes().adapted
    with pytest.raises(ValueError, match="mean must be a list of 3 numbers"):
        Strokes(mean=values, deviation=good)
    with pytest.raises(ValueError, match="deviation must be a list of 3 numbers"):
        Strokes(mean=good, deviation=values)
