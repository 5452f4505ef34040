"""Vectors: each sequence relative to its own mean, against NumPy."""

import numpy as np
import pytest

from rnnkit.features import Vectors


def sequences():
    rng = np.random.default_rng(0)
    return [rng.normal(100 * i, 2 + i, (5 + i, 2)) for i in range(3)]


def test_against_numpy():
    x = sequences()
    feature = Vectors(["a", "b"]).adapt(x)
    centred = [each - each.mean(axis=0) for each in x]
    deviation = np.concatenate(centred).std(axis=0)
    assert feature.deviation == pytest.approx(deviation) and feature.mean == [0.0, 0.0]
    found = feature.encode(feature.to_tensor(x))
    for row, each in zip(found, centred, strict=True):
        np.testing.assert_allclose(row, each / deviation, atol=1e-5)
    dense = feature.encode(np.stack([x[0], x[0] + 7]))
    np.testing.assert_allclose(dense[1], found[0], atol=1e-5)  # where it is does not matter


def test_still_columns_and_bad_numbers():
    feature = Vectors().adapt([[3.0, 3.0], [5.0, 5.0]])
    assert feature.encode(feature.to_tensor([[4.0, 4.0]])).to_list() == [[[0.0], [0.0]]]
    plain = Vectors(normalize=False)
    assert plain.encode(plain.to_tensor([[4.0, 5.0]])).to_list() == [[[4.0], [5.0]]]
    values = feature.to_tensor([[1.0, float("nan")]])
    with pytest.raises(ValueError, match="missing .NaN. at series 0, row 1"):
        feature.check(values, None)


def test_the_same_in_a_fresh_process(feature_in_fresh_process):
    x = sequences()
    feature = Vectors(2).adapt(x)
    expected = feature.encode(feature.to_tensor(x)).to_list()
    assert feature_in_fresh_process(feature, [each.tolist() for each in x]) == expected
