"""What several series learn together: members whose weights follow each series' own errors."""

import dataclasses

import numpy as np
import tensorflow as tf

from rnnkit.models.forecast import blend
from rnnkit.models.forecast.folds import Fold
from rnnkit.models.forecast.intervals import at_least, cautious, multiples, quantile

# Rows whose changes are larger than this fraction of them are learned from with less weight.
LARGEST = 0.95


def less_of_the_largest(change):
    """Weights of rows that keep a few windows that hardly changed, and what came after them, from
    counting more than all others.

    Args:
        change: Changes over the windows' own scales `[rows, horizon]`, NaN where not known.

    Returns:
        1 for the smaller 95 % of the rows; less for larger ones, which so count like the largest of
        these, `[rows]`.
    """
    known = np.isfinite(change)
    squares = np.where(known, np.square(np.where(known, change, 0)), 0).sum(axis=1)
    sizes = np.sqrt(squares / np.maximum(known.sum(axis=1), 1))
    largest = np.quantile(sizes, LARGEST)
    return np.square(np.minimum(1.0, largest / np.maximum(sizes, 1e-12)))


class Panel:
    """The rows of several series, with those that tell how well forecasts were of late.

    A forecaster of many series weighs its members anew at each step, by their errors in the last
    forecasts of that series. To see how good such forecasts are, the members' forecasts are needed
    at some steps before each validation row too.

    Args:
        mixture: The model's `ForecastBlend`.
        parts: List of `rnnkit.models.forecast.rows.Part`.
        rows: `Rows` that are learned from.
        folds: List of `Fold`.

    Attributes:
        rows: `Rows` that hold both.
        folds: The folds, with the indices that their rows have there.
        learned: Whether a row is one to learn from, `[rows]`.
        late: For each row the indices of those that tell of late, -1 where there is none
            `[rows, count]`.
    """

    def __init__(self, mixture, parts, rows, folds):
        self.mixture = mixture
        horizon, back = rows.horizon, mixture.back[1:]
        wanted = [fold.validation for fold in folds]
        wanted = np.unique(np.concatenate(wanted)) if folds else np.zeros(0, int)
        times = rows.time[wanted, None] - back  # [wanted, count]
        known = times >= mixture.window - 1
        pairs = np.stack([np.repeat(rows.part[wanted, None], len(back), 1)[known], times[known]], 1)
        pairs, place = np.unique(pairs, axis=0, return_inverse=True)
        ahead = np.array([parts[number].y[time + 1 : time + 1 + horizon] for number, time in pairs])
        ahead = ahead.reshape(-1, *rows.ahead.shape[1:])
        added = {
            "part": pairs[:, 0],
            "time": pairs[:, 1],
            "size": np.array([len(parts[number].x) for number in pairs[:, 0]], int),
            "ahead": ahead,
            "weight": np.zeros(len(pairs)),
            "held_out": np.array([parts[number].held_out for number in pairs[:, 0]], bool),
        }
        # All in the order of series and time.
        old = len(rows.time)
        every = {name: np.concatenate([getattr(rows, name), each]) for name, each in added.items()}
        order = np.lexsort((every["time"], every["part"]))
        position = np.empty(len(order), int)
        position[order] = np.arange(len(order))
        self.rows = type(rows)(**{name: each[order] for name, each in every.items()})
        self.learned = order < old
        self.folds = [
            dataclasses.replace(fold, fit=position[fold.fit], validation=position[fold.validation])
            for fold in folds
        ]
        late = np.full(known.shape, -1)
        late[known] = position[old + place.ravel()]
        self.late = np.full((len(order), len(back)), -1)
        self.late[position[wanted]] = late

    def target(self, views, used, found, naive, folds, rows, truth, size, interval, least):
        """All that is learned of one target.

        Args:
            views: List of `View`.
            used: Numbers of those that count.
            found: `(candidate, errors)` of all candidates.
            naive: The same of the naive forecasts.
            folds: List of `Fold`, whose targets are known.
            rows: Indices of all rows to learn from in the end.
            truth: Targets `[rows, horizon]`.
            size: Own scale of each row, in their unit, `[rows]`.
            interval: Probability with which intervals are to hold.
            least: Smallest value that the target can have, in that unit.

        Returns:
            A dict: `weights` and `most` of each view that is used, and by the number of the view
            or the name of the naive forecast `share` and `typical`; `errors`, `constant`,
            `fraction`, `multiples`, `loss`, `val_loss`.
        """
        folds = folds or [Fold(rows, rows, 1.0)]  # naive forecasts need no evidence
        members = {}  # name: view, candidates, shares
        for index in used:
            own = [(each._replace(view=0), errors) for each, errors in found if each.view == index]
            if own:
                best = blend.best_of_families(own)[: blend.BLENDED]
                shares = blend.shares_of(np.array([error for _, error in best]))
                members[index] = views[index], [candidate for candidate, _ in best], shares
        for candidate, _ in naive:
            members[candidate.family[1]] = views[0], [candidate], np.ones(1)

        now, late, count = zip(*(self.members(members, fold, truth) for fold in folds), strict=True)
        now, late = np.concatenate(now, axis=1), np.concatenate(late, axis=1)
        validation = np.concatenate([fold.validation for fold in folds])
        came, size = truth[validation], size[validation]
        typical = np.abs(now - came).mean(axis=2)  # [members, rows]
        typical = np.maximum((typical / size).mean(axis=1), 1e-9)
        shares = blend.shares_of(typical)
        later, error = self.combined(now, late, np.concatenate(count), size, typical)
        later = np.maximum(later, least)

        groups = np.repeat(range(len(folds)), [len(fold.validation) for fold in folds])
        independent = sum(fold.independent for fold in folds)
        misses = np.abs(later - came)
        over = misses / error[:, None]
        constant = quantile(over, 1.0 + groups, cautious(interval, independent))
        constant = at_least(constant, 0.0, over)
        over = over / np.maximum(constant, 1e-12)
        squares = np.square(misses)
        final = [blend.together([view], own, parts, rows) for view, own, parts in members.values()]
        fitted = sum(part * each.forecast(rows) for part, each in zip(shares, final, strict=True))
        weights, most = [], []
        for index in used:
            view = views[index]
            empty = np.zeros((view.features.shape[1], view.change.shape[1]))
            solved = dict(zip(members, final, strict=True)).get(index)
            weights.append(empty if solved is None else solved.weights[0])
            most.append(view.most(rows))
        return {
            "weights": weights, "most": most, "used": used,
            "share": dict(zip(members, shares, strict=True)),
            "typical": dict(zip(members, typical, strict=True)),
            "errors": np.sqrt(squares.mean(axis=0)),
            "constant": constant, "fraction": np.zeros_like(constant),
            "multiples": multiples(over, 1.0 + groups, interval, independent),
            "loss": float(np.mean(np.square(fitted - truth[rows]))),
            "val_loss": float(squares.mean()),
        }  # fmt: skip

    def members(self, members, fold, truth):
        """What each member forecast at the validation rows of a fold, and its errors of late.

        Returns:
            The forecasts `[members, rows, horizon]`, their mean absolute errors of late
            `[members, rows]`, and how many forecasts these are of `[rows]`.
        """
        late = self.late[fold.validation]  # [rows, count]
        needed, place = np.unique(np.concatenate([fold.validation, late[late >= 0]]),
                                  return_inverse=True)  # fmt: skip
        where = np.zeros(late.shape, int)
        where[late >= 0] = place[len(fold.validation) :]
        use = late >= 0
        now, errors = [], []
        for view, candidates, shares in members.values():
            solved = blend.together([view], candidates, shares, fold.fit)
            found = solved.forecast(needed)
            now.append(found[place[: len(fold.validation)]])
            misses = np.abs(found - truth[needed])
            known = np.isfinite(misses)
            misses = np.where(known, misses, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
            misses = np.where(use, misses[where], 0).sum(axis=1)
            errors.append(misses / np.maximum(use.sum(axis=1), 1))
        return np.array(now), np.array(errors), use.sum(axis=1)

    def combined(self, now, late, count, size, typical):
        """As `ForecastBlend.combined`, for one target: NumPy `[rows, horizon]` and `[rows]`."""
        found, errors = self.mixture.combined(
            tf.constant(now[:, None, ..., None], "float32"),
            tf.constant(late[:, None, :, None], "float32"),
            tf.constant(count, "float32"),
            tf.constant(size[None, :, None], "float32"),
            tf.constant(typical[:, None], "float32"),
            tf.ones([len(typical), 1], "bool"),
        )
        return found.numpy()[0, ..., 0].astype("float64"), errors.numpy()[0, :, 0]
