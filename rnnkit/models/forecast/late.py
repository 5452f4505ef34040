"""Rows that tell how well forecasts were of late."""

import dataclasses

import numpy as np


class Late:
    """The rows of some series, with those that tell how well forecasts were of late.

    Intervals, and of several series the weights of the members too, follow the errors of the last
    forecasts that can be judged by now. To see how good they are then, forecasts are needed at some
    steps before each validation row too.

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

    def needed(self, validation):
        """What has to be forecast to judge the validation rows of a fold by errors of late.

        Args:
            validation: Indices of these rows.

        Returns:
            The indices of all rows, and where in them the validation rows are.
        """
        late = self.late[validation]
        needed, place = np.unique(
            np.concatenate([validation, late[late >= 0]]), return_inverse=True
        )
        return needed, place[: len(validation)]

    def errors(self, validation, needed, misses, recency=1.0):
        """Mean errors of late.

        Args:
            validation: Indices of validation rows.
            needed: Indices of the rows that are forecast.
            misses: Absolute errors of these forecasts `[needed, horizon]`, NaN where not known.
            recency: As in `rnnkit.layers.ForecastBlend.of_late`.

        Returns:
            The mean absolute errors of the forecasts before each validation row, 0 where there are
            none, and how much these count together; each `[validation rows]`.
        """
        late = self.late[validation]  # [rows, count]
        use = late >= 0
        where = np.searchsorted(needed, np.where(use, late, needed[0]))
        known = np.isfinite(misses)
        means = np.where(known, misses, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        weights = use * recency ** np.arange(late.shape[1])
        total = (weights * means[where]).sum(axis=1)
        return total / np.maximum(weights.sum(axis=1), 1e-9), weights.sum(axis=1)
