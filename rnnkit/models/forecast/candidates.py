"""Candidates for the forecast of one target, and their errors on later steps."""

import dataclasses
import typing

import numpy as np
import scipy.linalg

# How far from the present value forecasts may go, in ranges of what was seen.
BEYOND = 1.5


@dataclasses.dataclass
class View:
    """One target in one unit: what its forecasts are made of, and what they should be.

    Attributes:
        features: `[rows, features]`: the shared features, then the window of the target.
        groups: Dict of name to the positions of features that go together.
        last: Present value over the scale, `[rows]`.
        own: Own scale of each row's window, `[rows]`; 1 where values are not over it.
        scale: Of the values.
        change: True change from the present value over the scale and the own scale,
            `[rows, horizon]`; NaN where not known.
        outputs: Function from values to the unit of the outputs.
        weight: Weight of each row.
        unit: Size of the errors of each row that count the same, `[rows]`, in the unit of the
            outputs: series of all sizes count alike.
    """

    features: np.ndarray
    groups: dict
    last: np.ndarray
    own: np.ndarray
    scale: float
    change: np.ndarray
    outputs: typing.Callable
    weight: np.ndarray
    unit: np.ndarray

    def most(self, rows):
        """The largest change, over the scales: the range of what some rows saw.

        A change is bounded, not a value: so a level that was not seen yet is as good as any.
        """
        if (self.own != 1).any():  # in their own scales only changes are alike
            return BEYOND * float(np.nanmax(np.abs(self.change[rows])))
        seen = np.concatenate([self.last[rows, None] + self.change[rows], self.last[rows, None]], 1)
        return BEYOND * float(np.nanmax(seen) - np.nanmin(seen))

    def forecast(self, rows, change, most):
        """Forecasts `[rows, horizon]` in the unit of the outputs."""
        change = np.clip(change, -most, most) * self.own[rows, None]
        return self.outputs((self.last[rows, None] + change) * self.scale)


class Candidate(typing.NamedTuple):
    """A way to forecast.

    Attributes:
        view: Number of the view.
        family: Name of the family, of which the best one counts.
        columns: Positions of its features, for a ridge regression; None where nothing is solved.
        base: Weights `[features, horizon]` of the forecast that it is shrunk towards.
        ridge: Regularisation, as a fraction of the mean square of the features.
    """

    view: int
    family: tuple
    columns: np.ndarray | None
    base: np.ndarray
    ridge: float = 0.0

    def weights(self, equations):
        """Its weights `[features, horizon]`, solved from `normal_equations`."""
        if self.columns is None:
            return self.base
        gram, cross = equations
        cross = cross - gram @ self.base
        gram, cross = gram[np.ix_(self.columns, self.columns)], cross[self.columns]
        shrinkage = self.ridge * np.trace(gram) / len(gram) + 1e-12
        gram = gram + shrinkage * np.eye(len(gram))
        result = self.base.copy()
        result[self.columns] += scipy.linalg.solve(gram, cross, assume_a="pos")
        return result


def normal_equations(view, rows):
    """The Gram matrix of the features, and their products with the changes."""
    x = view.features[rows]
    weighted = x * view.weight[rows, None]
    return x.T @ weighted, weighted.T @ view.change[rows]


def solved(number, view, families, bases, ridges, folds, truth):
    """Yields `(candidate, errors)` for ridge regressions.

    Args:
        number: Number of the view.
        view: `View`.
        families: Dict of name to positions of features.
        bases: Dict of name to weights `[features, horizon]`.
        ridges: Ridge values.
        folds: List of `Fold`, their rows all with known changes.
        truth: Targets in the unit of the outputs, `[rows, horizon]`.

    Yields:
        The candidate, and its mean absolute error in each fold.
    """
    shape = (len(families), len(bases), len(ridges), len(folds))
    errors = np.empty(shape)
    for at, fold in enumerate(folds):
        gram, cross = normal_equations(view, fold.fit)
        most, seen = view.most(fold.fit), view.features[fold.validation]
        for row, columns in enumerate(families.values()):
            part = gram[np.ix_(columns, columns)]
            values, vectors = scipy.linalg.eigh(part, driver="evd", check_finite=False)
            values = np.maximum(values, 0.0)
            mean = values.sum() / len(values) + 1e-12
            rotated = seen[:, columns] @ vectors
            for column, base in enumerate(bases.values()):
                left = vectors.T @ (cross[columns] - gram[columns] @ base)
                start = seen @ base
                for index, ridge in enumerate(ridges):
                    change = start + rotated @ (left / (values + ridge * mean + 1e-12)[:, None])
                    found = view.forecast(fold.validation, change, most)
                    gaps = np.abs(found - truth[fold.validation])
                    errors[row, column, index, at] = (
                        gaps / view.unit[fold.validation, None]
                    ).mean()
    for row, (name, columns) in enumerate(families.items()):
        for column, (base, weights) in enumerate(bases.items()):
            for index, ridge in enumerate(ridges):
                candidate = Candidate(number, (number, name, base), columns, weights, ridge)
                yield candidate, errors[row, column, index]


def given(number, view, found, folds, truth):
    """Yields `(candidate, errors)` for forecasts whose weights are given; as `solved`.

    Args:
        found: Pairs of a name, whose first entry is that of the family, and of weights
            `[features, horizon]`.
    """
    most = [view.most(fold.fit) for fold in folds]
    for (family, *_), weights in found:
        used = np.flatnonzero(weights.any(axis=1))
        errors = np.empty(len(folds))
        for at, fold in enumerate(folds):
            change = view.features[fold.validation][:, used] @ weights[used]
            gaps = view.forecast(fold.validation, change, most[at]) - truth[fold.validation]
            errors[at] = (np.abs(gaps) / view.unit[fold.validation, None]).mean()
        yield Candidate(number, (number, family), None, weights), errors
