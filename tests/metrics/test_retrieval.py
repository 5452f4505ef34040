"""Which input belongs to a text: ranks counted by hand."""

import numpy as np
import pytest

from rnnkit.metrics import compute, ranks


def test_ranks_by_hand():
    values = [[-1.0, -3.0, -2.0], [-2.0, -1.0, -2.0], [-3.0, -2.0, -9.0]]
    # Text 0: the first; text 1: the first; text 2: two are before it.
    assert ranks(values).tolist() == [1, 1, 3]
    assert ranks(values, truth=[2, 2, 0]).tolist() == [3, 2, 1.5]  # a tie counts by half
    # Means of the rows are -2, -5 / 3, -14 / 3.
    assert ranks(values, relative=True).tolist() == [2, 2, 3]


def test_ranks_against_a_sort():
    rng = np.random.default_rng(0)
    values, truth = rng.normal(size=(30, 50)), rng.integers(0, 30, 50)
    for relative in (False, True):
        gap = values - values.mean(axis=1, keepdims=True) if relative else values
        order = np.argsort(-gap, axis=0)
        expected = [list(order[:, text]).index(truth[text]) + 1 for text in range(50)]
        assert ranks(values, truth, relative).tolist() == expected
    found = compute("retrieval", values, truth)
    expected = ranks(values, truth)
    assert found["recall_at_10"] == np.mean(expected <= 10)
    assert found["median_rank"] == np.median(expected)
    assert list(found) == ["recall_at_1", "recall_at_5", "recall_at_10", "median_rank"]


@pytest.mark.parametrize(
    ("values", "truth", "message"),
    [([1.0], None, r"\[inputs, texts\].*shape \(1,\)"), ([[]], None, "shape"),
     ([[1.0, 2.0]], None, "2 integers from 0 to 0"), ([[1.0]], [1], "1 integers from 0 to 0"),
     ([[1.0]], [0.5], "integers")],
)  # fmt: skip
def test_what_does_not_fit(values, truth, message):
    with pytest.raises(ValueError, match=message):
        ranks(values, truth)
