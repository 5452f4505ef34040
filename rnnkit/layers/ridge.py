"""Ridge regression from its normal equations, gathered in one pass over data of any length."""

import functools

import numpy as np
import scipy.linalg
from scipy.linalg import blas

# Sets of columns that may be missing together in a row, before too many are told apart.
MOST_PATTERNS = 64


class NormalEquations:
    """Sums over rows from which a ridge regression of targets on features follows.

    With features X `[rows, features]`, targets Y `[rows, targets]` and weights D of the rows, the
    sums are X'DX (the Gram matrix), X'DY and the weighted squares of Y, all in float64. They add
    up: those of parts of the data, or of several machines, sum to those of the whole.

    Rows with missing (NaN) targets are kept apart by which are missing, so that each target is
    solved from all rows where it is known.

    Args:
        features: Number of features.
        targets: Number of targets.

    Example:

    >>> equations = NormalEquations(2, 1).add(np.eye(2), np.array([[1.0], [2.0]]))
    >>> equations.solve(1.0)
    array([[0.5],
           [1. ]])
    """

    def __init__(self, features, targets):
        self.features = features
        self.targets = targets
        self.largest = np.zeros(targets)  # absolute target
        self.parts = {}  # which targets are known, as bytes -> [lower, cross, squares, count]
        # (`lower`: of the Gram matrix, which is symmetric, only the lower triangle counts)

    def add(self, x, y, weights=None):
        """Adds rows; those without any known target or with weight 0 do not count.

        Args:
            x: Float64 array `[rows, features]`.
            y: Array `[rows, targets]`, NaN where unknown.
            weights: Array `[rows]`, or None for 1.

        Returns:
            Itself.
        """
        y = np.asarray(y, "float64")
        known = ~np.isnan(y)
        if y.size:
            self.largest = np.fmax(self.largest, np.max(np.where(known, np.abs(y), 0.0), axis=0))
        if weights is not None:
            known &= (weights > 0)[:, None]
        if known.all():
            self._add(known[0].tobytes(), x, y, weights) if len(y) else None
            return self
        patterns, which = np.unique(known, axis=0, return_inverse=True)
        for index, pattern in enumerate(patterns):
            if pattern.any():
                rows = which.ravel() == index
                self._add(
                    pattern.tobytes(),
                    x[rows],
                    np.where(pattern, y[rows], 0.0),
                    None if weights is None else weights[rows],
                )
        return self

    def _add(self, key, x, y, weights):
        if key not in self.parts:
            if len(self.parts) >= MOST_PATTERNS:
                raise ValueError(
                    f"The targets are missing in more than {MOST_PATTERNS} different combinations "
                    "of columns: fit fewer columns at a time, or leave out (as NaN in all "
                    "columns) the rows where some are missing"
                )
            self.parts[key] = self._zero()
        part = self.parts[key]
        if weights is None:
            part[0] = _with_gram(part[0], x)
            weighted = y
        else:
            roots = np.sqrt(weights, dtype="float64")[:, None]
            scaled = x * roots
            part[0] = _with_gram(part[0], scaled)
            weighted = y * weights[:, None]
        part[1] += blas.dgemm(1.0, x.T, weighted.T, trans_b=True)
        part[2] += np.einsum("rt,rt->t", y, weighted)
        part[3] += float(len(y) if weights is None else np.sum(weights))

    def merge(self, other):
        """Adds the sums of other rows with the same features and targets; returns itself."""
        self.largest = np.maximum(self.largest, other.largest)
        for key, part in other.parts.items():
            if key in self.parts:
                self.parts[key] = [a + b for a, b in zip(self.parts[key], part, strict=True)]
            else:
                self.parts[key] = [np.copy(item) for item in part[:3]] + [part[3]]
        return self

    def scale(self, factor):
        """Multiplies all sums, and so the weight of all rows so far. Returns itself."""
        for key, part in self.parts.items():
            self.parts[key] = [item * factor for item in part]
        return self

    def beyond(self, weights):
        """The sums with the residuals of given weights in place of the targets.

        A ridge solution of these, added to the weights, is shrunk towards them instead of zero.

        Args:
            weights: Array `[features, targets]`.

        Returns:
            A new `NormalEquations`.
        """
        result = NormalEquations(self.features, self.targets)
        result.largest = self.largest
        for key, (gram, cross, squares, count) in self.parts.items():
            given = _product(gram, weights)
            left = squares - 2 * np.sum(weights * cross, axis=0) + np.sum(weights * given, axis=0)
            known = np.frombuffer(key, bool)
            result.parts[key] = [gram, (cross - given) * known, np.maximum(left, 0) * known, count]
        return result

    @property
    def count(self):
        """Sum of the weights of the rows."""
        return float(sum(part[3] for part in self.parts.values()))

    @property
    def complete(self):
        """The sums over rows whose targets are all known: `[gram, cross, squares, count]`."""
        key = np.ones(self.targets, bool).tobytes()
        lower, *rest = self.parts[key] if key in self.parts else self._zero()
        return [np.tril(lower) + np.tril(lower, -1).T, *rest]

    def _zero(self):
        shape = (self.features, self.targets)
        # In Fortran's order, in which BLAS adds to it in place.
        lower = np.zeros((self.features, self.features), order="F")
        return [lower, np.zeros(shape), np.zeros(self.targets), 0.0]

    def groups(self, strict=True):
        """Yields `(columns, lower, cross, squares, count)` for targets known in the same rows.

        Of the Gram matrix only the lower triangle counts.

        Targets that are known in no row raise a ValueError, or are left out if not `strict`.
        """
        masks = {key: np.frombuffer(key, bool) for key in self.parts}
        by_parts = {}
        for column in range(self.targets):
            keys = tuple(key for key, mask in masks.items() if mask[column])
            by_parts.setdefault(keys, []).append(column)
        for keys, columns in by_parts.items():
            if not keys and not strict:
                continue
            if not keys:
                raise ValueError(
                    f"The target column {columns[0]} has no known value in the rows that count "
                    "(after washout): give more data or a shorter washout"
                )
            gram, cross, squares, count = (
                functools.reduce(np.add, (self.parts[key][index] for key in keys))
                for index in range(4)
            )
            yield columns, gram, cross[:, columns], squares[columns], count

    # === Solutions ===

    def solve(self, ridge):
        """The weights that minimise sum of squared errors plus `ridge` times squared weights.

        By Cholesky decomposition: (X'DX + ridge I) W = X'DY.

        Args:
            ridge: Non-negative number.

        Returns:
            Float64 array `[features, targets]`.

        Raises:
            ValueError: If the Gram matrix is singular to working precision.
        """
        weights = np.empty((self.features, self.targets))
        for columns, gram, cross, _, _ in self.groups():
            weights[:, columns] = _cholesky(gram, cross, ridge)
        return weights

    def path(self, ridges, validation=None):
        """The solutions for many ridge values, and how good each is.

        One eigendecomposition of the Gram matrix serves all. Without validation rows the
        generalised cross-validation score is used: n RSS / (n - effective parameters)^2.

        Args:
            ridges: Non-negative numbers.
            validation: `NormalEquations` of validation rows, or None.

        Returns:
            `(weights, errors)`: `[ridges, features, targets]`, and the mean squared error (or its
            estimate) of each, `[ridges, targets]`.

        Reference:
            Golub, Heath and Wahba, "Generalized cross-validation as a method for choosing a good
            ridge parameter", 1979, https://doi.org/10.1080/00401706.1979.10489751.
        """
        ridges = np.asarray(ridges, "float64")
        weights = np.empty((len(ridges), self.features, self.targets))
        errors = np.empty((len(ridges), self.targets))
        for columns, gram, cross, squares, count in self.groups():
            values, vectors = scipy.linalg.eigh(gram, lower=True, driver="evd")
            # What rounding has left of a zero eigenvalue must not be divided by.
            floor = max(float(values[-1]), 1e-300) * self.features * np.finfo("float64").eps
            values = np.maximum(values, 0.0)
            rotated = vectors.T @ cross  # [features, columns]
            for index, ridge in enumerate(ridges):
                shrunk = values + ridge
                safe = shrunk > (floor if ridge == 0 else 0)
                inverse = np.divide(1.0, shrunk, out=np.zeros_like(shrunk), where=safe)
                chosen = vectors @ (rotated * inverse[:, None])  # [features, columns]
                weights[index][:, columns] = chosen
                if validation is None:
                    freedom = count - np.sum(values * inverse)
                    # Where next to none is left, rounding decides what the residual is.
                    if freedom > 1e-5 * count:
                        residual = _squared_error(chosen, gram, cross, squares)
                        errors[index, columns] = residual * count / freedom**2
                    else:
                        errors[index, columns] = np.inf
        if validation is not None:
            errors = np.stack([validation.mean_squared_error(each) for each in weights])
        return weights, errors

    def mean_squares(self):
        """Mean square of each target, `[targets]`."""
        squares = np.empty(self.targets)
        for columns, _, _, total, count in self.groups():
            squares[columns] = total / count
        return squares

    def mean_squared_error(self, weights):
        """Mean squared error of given weights on these rows, `[targets]`, from the sums alone.

        It is NaN for targets that are known in no row.
        """
        errors = np.full(self.targets, np.nan)
        for columns, gram, cross, squares, count in self.groups(strict=False):
            errors[columns] = _squared_error(weights[:, columns], gram, cross, squares) / count
        return errors


def merged(parts):
    """The sums of several `NormalEquations` as a new one."""
    first, *others = parts
    result = NormalEquations(first.features, first.targets).merge(first)
    for each in others:
        result.merge(each)
    return result


def _squared_error(weights, gram, cross, squares):
    """Sum of squared errors `[columns]`: y'y - 2 w'X'y + w'X'Xw."""
    total = squares - 2 * np.sum(weights * cross, axis=0)
    return np.maximum(total + np.sum(weights * _product(gram, weights), axis=0), 0.0)


def _with_gram(lower, x):
    """X'X added to the lower triangle of a Gram matrix, in place.

    By SciPy's BLAS, as the decompositions are: NumPy's has threads of its own, and the two sets
    starve each other when they take turns.
    """
    return blas.dsyrk(1.0, x.T, beta=1.0, c=lower, lower=1, overwrite_c=1)


def _product(lower, weights):
    """The product of a Gram matrix, given by its lower triangle, with weights."""
    return blas.dsymm(1.0, lower, weights, lower=1)


def _cholesky(gram, cross, ridge):
    matrix = np.asfortranarray(gram).copy(order="F")
    matrix[np.diag_indices_from(matrix)] += ridge
    size = np.abs(np.tril(matrix))
    norm = (size.sum(axis=0) + size.sum(axis=1) - np.diag(size)).max()  # the largest column
    try:
        factor = scipy.linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
    except scipy.linalg.LinAlgError:
        factor = None
    if factor is not None:
        condition, _ = scipy.linalg.lapack.dpocon(factor[0], norm, uplo="L")
        # Exactly singular matrices come with up to half an eps, by rounding.
        if condition > np.finfo("float64").eps * (2 if ridge == 0 else 1 / 8):
            return scipy.linalg.cho_solve(factor, cross, check_finite=False)
    raise ValueError(
        "The Gram matrix of the states is singular: there are too few steps for so many units, or "
        "states that always move together. Pass a larger ridge, such as ridge=1e-6, or a list of "
        f"values to choose from. Received: ridge={ridge!r}"
    )
