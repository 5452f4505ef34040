"""The best few candidates and the naive forecasts in one: weights from validation."""

import dataclasses

import numpy as np

from rnnkit.layers.forecast_blend import POWER, RECENCY
from rnnkit.models.forecast import candidates

# Families that are blended.
BLENDED = 4


@dataclasses.dataclass
class Blend:
    """A blend for one target.

    Attributes:
        weights: For each view the weights on its features `[features, horizon]`.
        share: For each view its weight in the mean.
        most: For each view the largest change.
        members: List of `(family, weight)`, for people.
        forecasts: Of the validation rows `[rows, horizon]`, by what was known before each fold.
        late: Mean absolute error of the last forecasts that could be judged at each of these rows
            `[rows]`.
        count: How many forecasts these were `[rows]`.
    """

    weights: list
    share: np.ndarray
    most: list
    members: list
    forecasts: np.ndarray
    late: np.ndarray
    count: np.ndarray


def best_of_families(found):
    """Of `(candidate, errors)` the best of each family, best first, as `(candidate, error)`.

    Each fold counts the same.
    """
    best = {}
    for candidate, errors in found:
        error = float(np.mean(errors))
        if np.isfinite(error) and error < best.get(candidate.family, (None, np.inf))[1]:
            best[candidate.family] = candidate, error
    return sorted(best.values(), key=lambda pair: pair[1])


def shares_of(errors):
    """What each member of a mean counts, by its error to the power of -4."""
    shares = np.maximum(errors, 1e-12 + 1e-6 * errors.max()) ** POWER
    return shares / shares.sum()


def blended(views, found, naive, folds, rows, late, truth):
    """Blends the best candidates with the naive forecasts.

    The weight of each is its validation error to the power of -4: without evidence that one is
    better they count the same, and where nothing beats the naive forecasts those remain.

    Args:
        views: List of `View`.
        found: `(candidate, errors)` of all candidates.
        naive: The same of the naive forecasts.
        folds: List of `Fold`.
        rows: Indices of all rows to learn from in the end.
        late: `rnnkit.models.forecast.late.Late`.
        truth: Targets of all rows `[rows, horizon]`.

    Returns:
        A `Blend`.
    """
    chosen = best_of_families(found)[:BLENDED] + best_of_families(naive)
    errors = np.array([error for _, error in chosen])
    members = [candidate for candidate, _ in chosen]
    if not folds:
        errors = np.ones(len(errors))
    shares = shares_of(errors)
    forecasts, errors, counts = [], [], []
    for fold in folds:
        needed, place = late.needed(fold.validation)
        found = together(views, members, shares, fold.fit).forecast(needed)
        error, count = late.errors(fold.validation, needed, np.abs(found - truth[needed]), RECENCY)
        for every, each in ((forecasts, found[place]), (errors, error), (counts, count)):
            every.append(each)
    final = together(views, members, shares, rows)
    width = views[0].change.shape[1]
    return Blend(
        final.weights,
        final.share,
        final.most,
        [(each.family, float(share)) for each, share in zip(members, shares, strict=True)],
        np.concatenate([np.empty((0, width)), *forecasts]),
        np.concatenate([np.empty(0), *errors]),
        np.concatenate([np.empty(0), *counts]),
    )


@dataclasses.dataclass
class Solved:
    """Members solved from some rows, as one set of weights for each view."""

    views: list
    weights: list
    share: np.ndarray
    most: list

    def forecast(self, rows):
        """Their mean `[rows, horizon]` in the unit of the outputs."""
        total = 0.0
        parts = zip(self.views, self.weights, self.share, self.most, strict=True)
        for view, weights, share, most in parts:
            if share > 0:
                total = total + share * view.forecast(rows, view.features[rows] @ weights, most)
        return total


def together(views, members, shares, fit):
    """The members as one set of weights for each view, solved from some rows."""
    total, share = [np.zeros((view.features.shape[1], view.change.shape[1])) for view in views], []
    for number, view in enumerate(views):
        own = [(each, part) for each, part in zip(members, shares, strict=True)
               if each.view == number]  # fmt: skip
        weight = sum(part for _, part in own)
        equations = None
        if any(each.columns is not None for each, _ in own):
            equations = candidates.normal_equations(view, fit)
        for each, part in own:
            total[number] += part / weight * each.weights(equations)
        share.append(weight)
    return Solved(views, total, np.array(share, "float64"), [view.most(fit) for view in views])
