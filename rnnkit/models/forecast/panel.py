"""What several series learn together: members whose weights follow each series' own errors."""

import dataclasses
import typing

import numpy as np
import tensorflow as tf

from rnnkit.layers.relative import LEAST
from rnnkit.models.compiled import compiled
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


def that_move(folds, own):
    """Folds without validation rows in whose window nothing changes.

    Errors are judged over the change in the window. Where there is none, as in a series of zeros,
    they are rounding errors over next to nothing, which say nothing of other series.

    Args:
        folds: List of `Fold`.
        own: Own scale of the window of each row `[rows]`.

    Returns:
        The same if there are no other rows.
    """
    moves = own > 2 * LEAST
    found = [
        dataclasses.replace(fold, validation=fold.validation[moves[fold.validation]])
        for fold in folds
    ]
    return [fold for fold in found if len(fold.validation)] or folds


class Own(typing.NamedTuple):
    """The name of a readout of a series' own: its position among these."""

    number: int


class Panel:
    """What several series learn together: their members are weighed anew for each.

    Args:
        mixture: The model's `ForecastBlend`.
        late: `rnnkit.models.forecast.late.Late`.
        present: Present values of each series, a list of `[steps, targets]`.
    """

    def __init__(self, mixture, late, present):
        self.mixture, self.late, self.present = mixture, late, present
        self.readouts = compiled(lambda *given: tf.stack(mixture.own(*given)))

    def target(self, number, views, used, found, naive, folds, rows, truth, size, interval, least):
        """All that is learned of one target.

        Args:
            number: Number of the target.
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
            A dict: `weights` and `most` of each view that is used, and by the number of the view,
            the name of the naive forecast or `Own` `share` and `typical`; `errors`, `scaled`,
            `multiples`, `typical_of_mean`, `least_late`, `loss`, `val_loss`.
        """
        own_count = self.mixture.own_count if folds else 0
        folds = folds or [Fold(rows, rows, 1.0)]  # naive forecasts need no evidence
        folds = that_move(folds, views[-1].own)
        members = {}  # name: view, candidates, shares
        for index in used:
            own = [(each._replace(view=0), errors) for each, errors in found if each.view == index]
            if own:
                best = blend.best_of_families(own)[: blend.BLENDED]
                shares = blend.shares_of(np.array([error for _, error in best]))
                members[index] = views[index], [candidate for candidate, _ in best], shares
        for candidate, _ in naive:
            members[candidate.family[1]] = views[0], [candidate], np.ones(1)

        readouts = [Own(each) for each in range(own_count)]
        now, late, count = zip(
            *(self.members(members, number if readouts else None, fold, truth) for fold in folds),
            strict=True,
        )
        now, late = np.concatenate(now, axis=1), np.concatenate(late, axis=1)
        validation = np.concatenate([fold.validation for fold in folds])
        came, size = truth[validation], size[validation]
        typical = np.abs(now - came).mean(axis=2)  # [members, rows]
        typical = np.maximum((typical / size).mean(axis=1), 1e-9)
        shares = blend.shares_of(typical)
        names = [*members, *readouts]
        later, error = self.combined(now, late, np.concatenate(count), size, typical)
        later = np.maximum(later, least)

        groups = np.repeat(range(len(folds)), [len(fold.validation) for fold in folds])
        independent = sum(fold.independent for fold in folds)
        misses = np.abs(later - came)
        over = misses / error[:, None]
        scaled = quantile(over, 1.0 + groups, cautious(interval, independent))
        scaled = at_least(scaled, 0.0, over)
        over = over / np.maximum(scaled, 1e-12)
        squares = np.square(misses)
        final = [blend.together([view], own, parts, rows) for view, own, parts in members.values()]
        # Readouts of a series' own never forecast what they learned from.
        learned = shares[: len(final)] / shares[: len(final)].sum()
        fitted = sum(part * each.forecast(rows) for part, each in zip(learned, final, strict=True))
        weights, most = [], []
        for index in used:
            view = views[index]
            empty = np.zeros((view.features.shape[1], view.change.shape[1]))
            solved = dict(zip(members, final, strict=True)).get(index)
            weights.append(empty if solved is None else solved.weights[0])
            most.append(view.most(rows))
        return {
            "weights": weights, "most": most, "used": used,
            "share": dict(zip(names, shares, strict=True)),
            "typical": dict(zip(names, typical, strict=True)),
            "errors": np.sqrt(squares.mean(axis=0)),
            "scaled": scaled, "typical_of_mean": 1.0, "least_late": 0.0,
            "multiples": multiples(over, 1.0 + groups, interval, independent),
            "loss": float(np.mean(np.square(fitted - truth[rows]))),
            "val_loss": float(squares.mean()),
        }  # fmt: skip

    def members(self, members, target, fold, truth):
        """What each member forecast at the validation rows of a fold, and its errors of late.

        Args:
            members: Dict of name to the view, the candidates and what these count.
            target: Number of the target, for readouts of the series' own too; or None.
            fold: `Fold`.
            truth: Targets `[rows, horizon]`.

        Returns:
            The forecasts `[members, rows, horizon]`, their mean absolute errors of late
            `[members, rows]`, and how many forecasts these are of `[rows]`.
        """
        needed, place = self.late.needed(fold.validation)
        every = [
            blend.together([view], candidates, shares, fold.fit).forecast(needed)
            for view, candidates, shares in members.values()
        ]
        every += [] if target is None else list(self.own(target, needed))
        now, errors = [], []
        for found in every:
            now.append(found[place])
            misses = np.abs(found - truth[needed])
            late, count = self.late.errors(fold.validation, needed, misses)
            errors.append(late)
        return np.array(now), np.array(errors), count

    def own(self, target, needed):
        """Forecasts of the readouts of each series' own `[readouts, needed, horizon]`, each from
        what was known at the row alone."""
        part, time = self.late.rows.part[needed], self.late.rows.time[needed]
        found = np.empty((self.mixture.own_count, len(needed), self.mixture.horizon))
        for number in np.unique(part):
            rows = np.flatnonzero(part == number)
            present = self.present[number][None, :, target : target + 1]
            outputs = self.readouts(tf.constant(present), tf.constant(time[rows], "int32"))
            found[:, rows] = outputs.numpy()[:, 0, ..., 0]
        return found

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
