"""Ridge regression from sums, against scikit-learn, NumPy and formulas written out."""

import numpy as np
import pytest
import sklearn.linear_model

from rnnkit.layers import ridge as module
from rnnkit.layers.ridge import NormalEquations

ROWS, FEATURES, TARGETS = 120, 7, 3
RIDGES = [0.0, 1e-6, 0.01, 1.0, 300.0]
NAN = np.nan


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, FEATURES)) @ rng.normal(size=(FEATURES, FEATURES))
    y = x @ rng.normal(size=(FEATURES, TARGETS)) + rng.normal(size=(ROWS, TARGETS))
    return x, y


@pytest.fixture(scope="module")
def gaps(data):
    """The data with targets missing in three patterns, and rows with none known."""
    x, y = data
    y = y.copy()
    y[:30, 0] = y[20:50, 2] = y[90:95] = NAN
    return x, y


def equations(x, y, weights=None):
    return NormalEquations(x.shape[1], y.shape[1]).add(x, y, weights)


def sklearn_ridge(x, y, ridge, weights=None):
    model = sklearn.linear_model.Ridge(ridge, fit_intercept=False, solver="svd")
    return model.fit(x, y, sample_weight=weights).coef_.reshape(y.shape[1], -1).T


def by_column(x, y, ridge, weights=None):
    """Each target from the rows where it is known."""
    columns = []
    for target in y.T:
        known = ~np.isnan(target)
        part = None if weights is None else weights[known]
        columns.append(sklearn_ridge(x[known], target[known, None], ridge, part)[:, 0])
    return np.stack(columns, axis=1)


# === Solutions ===


def test_the_example_of_the_docstring():
    found = NormalEquations(2, 1).add(np.eye(2), np.array([[1.0], [2.0]])).solve(1.0)
    np.testing.assert_allclose(found, [[0.5], [1.0]])


@pytest.mark.parametrize("ridge", RIDGES)
def test_equals_sklearn(data, ridge):
    np.testing.assert_allclose(equations(*data).solve(ridge), sklearn_ridge(*data, ridge))


def test_without_ridge_equals_least_squares(data):
    x, y = data
    found = equations(x, y)
    expected, residuals, *_ = np.linalg.lstsq(x, y)
    np.testing.assert_allclose(found.solve(0.0), expected)
    np.testing.assert_allclose(found.mean_squared_error(expected), residuals / ROWS)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_weights_of_rows(data, ridge):
    x, y = data
    weights = np.random.default_rng(1).uniform(0, 2, ROWS)
    weights[:10] = 0.0
    found = equations(x, y, weights)
    np.testing.assert_allclose(found.solve(ridge), sklearn_ridge(x, y, ridge, weights))
    assert found.count == pytest.approx(weights.sum())
    # A whole number is so many equal rows, and 0 is none, whatever stands there.
    numbers = np.arange(ROWS) % 3
    repeated = equations(np.repeat(x, numbers, axis=0), np.repeat(y, numbers, axis=0))
    strange = np.where((numbers == 0)[:, None], NAN, y)
    for targets in (y, strange):
        counted = equations(x, targets, numbers.astype("float32"))
        np.testing.assert_allclose(counted.solve(ridge), repeated.solve(ridge))
        assert counted.count == repeated.count


def test_missing_targets_are_left_out_column_by_column(gaps):
    x, y = gaps
    found = equations(x, y)
    assert len(found.parts) == 4  # all known, or without the first, the last, both
    np.testing.assert_allclose(found.solve(0.5), by_column(x, y, 0.5))
    weights = np.linspace(0.1, 2, ROWS)
    found = equations(x, y, weights)
    np.testing.assert_allclose(found.solve(0.5), by_column(x, y, 0.5, weights))
    path, _ = found.path([0.5, 2.0])
    np.testing.assert_allclose(path[1], by_column(x, y, 2.0, weights))
    np.testing.assert_array_equal(found.largest, np.nanmax(np.abs(y), axis=0))


def test_errors_are_known_without_seeing_rows(gaps):
    x, y = gaps
    guess = np.random.default_rng(2).normal(size=(FEATURES, TARGETS))
    weights = np.linspace(0.1, 2, ROWS)
    for chosen in (None, weights):
        found = equations(x, y, chosen)
        known = ~np.isnan(y)
        each = known * (1.0 if chosen is None else chosen[:, None])
        errors = np.where(known, x @ guess - y, 0.0) ** 2
        expected = (errors * each).sum(axis=0) / each.sum(axis=0)
        np.testing.assert_allclose(found.mean_squared_error(guess), expected)
        squares = (np.nan_to_num(y) ** 2 * each).sum(axis=0) / each.sum(axis=0)
        np.testing.assert_allclose(found.mean_squares(), squares)


# === Sums ===


def test_parts_sum_to_the_whole(gaps):
    x, y = gaps
    whole = equations(x, y)
    pieces = NormalEquations(FEATURES, TARGETS)
    for start in range(0, ROWS, 25):
        pieces.add(x[start : start + 25], y[start : start + 25])
    merged = equations(x[60:], y[60:]).merge(equations(x[:60], y[:60]))
    for found in (pieces, merged):
        assert found.count == whole.count == ROWS - 5
        np.testing.assert_allclose(found.solve(0.1), whole.solve(0.1))
        np.testing.assert_array_equal(found.largest, whole.largest)
        for a, b in zip(found.complete, whole.complete, strict=True):
            np.testing.assert_allclose(a, b)


def test_merging_leaves_the_other_as_it_was(data):
    x, y = data
    other = equations(x[:60], y[:60])
    before = other.solve(0.1)
    merged = NormalEquations(FEATURES, TARGETS).merge(other).scale(0.5)
    merged.merge(other).add(x[60:], y[60:])
    np.testing.assert_array_equal(other.solve(0.1), before)
    assert other.count == 60 and merged.count == 30 + 60 + 60


def test_scaled_rows_count_less(data):
    x, y = data
    found = equations(x[:60], y[:60]).scale(0.25).add(x[60:], y[60:])
    weights = np.repeat([0.25, 1.0], 60)
    np.testing.assert_allclose(found.solve(0.1), sklearn_ridge(x, y, 0.1, weights))
    assert found.count == 75


def test_what_given_weights_leave(gaps):
    x, y = gaps
    guess = np.random.default_rng(4).normal(size=(FEATURES, TARGETS))
    whole = equations(x, y)
    found, expected = whole.beyond(guess), equations(x, y - x @ guess)
    np.testing.assert_allclose(found.solve(3.0), expected.solve(3.0))
    np.testing.assert_allclose(found.mean_squares(), expected.mean_squares())
    np.testing.assert_allclose(found.path(RIDGES)[1], expected.path(RIDGES)[1], rtol=1e-6)
    assert found.count == whole.count
    np.testing.assert_allclose(whole.solve(3.0), by_column(x, y, 3.0))  # as it was


def test_targets_that_are_never_known_have_no_error(data):
    x, y = data
    y = np.where(np.arange(TARGETS) == 1, NAN, y)
    errors = equations(x, y).mean_squared_error(np.zeros((FEATURES, TARGETS)))
    np.testing.assert_allclose(errors, (y**2).mean(axis=0))  # NaN in the same place


def test_nothing_added(data):
    found = NormalEquations(FEATURES, TARGETS).add(np.empty((0, FEATURES)), np.empty((0, TARGETS)))
    found.add(np.ones((2, FEATURES)), np.full((2, TARGETS), NAN))
    assert found.count == 0 and found.parts == {}
    gram, cross, squares, count = found.complete
    assert gram.shape == (FEATURES, FEATURES) and cross.shape == (FEATURES, TARGETS)
    assert not gram.any() and not cross.any() and not squares.any() and count == 0


# === Many ridge values ===


@pytest.mark.parametrize("missing", [False, True])
def test_path_equals_solve(data, gaps, missing):
    found = equations(*(gaps if missing else data))
    weights, errors = found.path(RIDGES)
    assert weights.shape == (len(RIDGES), FEATURES, TARGETS)
    assert errors.shape == (len(RIDGES), TARGETS)
    for ridge, each in zip(RIDGES, weights, strict=True):
        np.testing.assert_allclose(each, found.solve(ridge), rtol=1e-6)


def test_generalised_cross_validation_from_the_hat_matrix(gaps):
    x, y = gaps
    weights = np.linspace(0.1, 2, ROWS)
    _, plain = equations(x, y).path(RIDGES)
    _, weighted = equations(x, y, weights).path(RIDGES)
    for index, ridge in enumerate(RIDGES):
        for column, target in enumerate(y.T):
            known = ~np.isnan(target)
            for errors, counts in ((plain, np.ones(ROWS)), (weighted, weights)):
                roots = np.sqrt(counts[known])
                a, b = x[known] * roots[:, None], target[known] * roots
                hat = a @ np.linalg.solve(a.T @ a + ridge * np.eye(FEATURES), a.T)
                count = counts[known].sum()
                residual = np.sum((b - hat @ b) ** 2)
                expected = count * residual / (count - np.trace(hat)) ** 2
                assert errors[index, column] == pytest.approx(expected, rel=1e-6)


def test_fewer_rows_than_features_have_no_estimate_without_ridge():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(5, 8)), rng.normal(size=(5, 1))
    weights, errors = equations(x, y).path([0.0, 1e-12, 1.0])
    np.testing.assert_allclose(weights[0], np.linalg.lstsq(x, y)[0])  # the shortest solution
    assert np.isfinite(weights).all()
    # A perfect fit is not taken for a good one.
    assert errors[:2, 0].tolist() == [np.inf, np.inf] and np.isfinite(errors[2])


def test_errors_on_validation_rows(gaps):
    x, y = gaps
    train, held_out = equations(x[:70], y[:70]), equations(x[70:], y[70:])
    weights, errors = train.path(RIDGES, held_out)
    for each, error in zip(weights, errors, strict=True):
        expected = np.nanmean((x[70:] @ each - y[70:]) ** 2, axis=0)
        np.testing.assert_allclose(error, expected)


# === Bad input ===


@pytest.mark.parametrize("rows", [5, ROWS])
def test_a_singular_gram_matrix_needs_a_ridge(data, rows):
    x, y = data
    x = np.concatenate([x, x[:, :1] + x[:, 1:2]], axis=1)[:rows]
    found = equations(x, y[:rows])
    with pytest.raises(ValueError, match="singular: .* Pass a larger ridge.* Received: ridge=0.0"):
        found.solve(0.0)
    np.testing.assert_allclose(found.solve(0.1), sklearn_ridge(x, y[:rows], 0.1))
    assert np.isfinite(found.path([0.0])[0]).all()


def test_a_target_that_is_never_known(data):
    x, y = data
    y = y.copy()
    y[:, 1] = NAN
    with pytest.raises(ValueError, match="target column 1 has no known value in the rows"):
        equations(x, y).solve(1.0)


def test_too_many_ways_to_be_missing(data, monkeypatch):
    monkeypatch.setattr(module, "MOST_PATTERNS", 3)
    x, y = data
    y = y.copy()
    y[0, 0] = y[1, 1] = NAN
    assert len(equations(x, y).parts) == 3
    y[2, :2] = NAN
    with pytest.raises(ValueError, match="more than 3 different combinations of columns"):
        equations(x, y)
