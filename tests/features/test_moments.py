"""Moments: mean and deviation of batches against NumPy's of all rows."""

import numpy as np
import pytest

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
