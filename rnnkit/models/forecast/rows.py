"""The steps of encoded series that a forecaster learns from, in parts that follow in time."""

import dataclasses

import numpy as np

from rnnkit.models.windows import series_of

# Steps that are learned from at most.
MOST_ROWS = 20_000
GOLDEN = (5**0.5 - 1) / 2


def spread(count, most):
    """Some of the numbers below `count`, in order and evenly spread, at most `most` of them.

    Multiples of the golden ratio, less whole numbers, have no period: every second or third step of
    a season of 24 would never see some of its phases, the one to forecast from among them.
    """
    if count <= most:
        return np.arange(count)
    return np.unique((np.arange(most) * GOLDEN % 1 * count).astype(int))


@dataclasses.dataclass
class Part:
    """One series.

    Attributes:
        x: Encoded inputs `[time, features]`.
        y: The standardised targets at each step `[time, targets]`, NaN where they are not known.
        weight: Weight of each step `[time]`.
        held_out: Whether it is for validation alone, not a continuation of a training series.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    held_out: bool = False


@dataclasses.dataclass
class Rows:
    """Steps that forecasts are made at, of all series.

    Attributes:
        part: Number of the series of each row.
        time: Step within the series.
        size: Number of steps of that series.
        ahead: Standardised targets ahead `[rows, horizon, targets]`, NaN where not known.
        weight: Weight of each row.
        held_out: Whether the row is of a series for validation alone.
    """

    part: np.ndarray
    time: np.ndarray
    size: np.ndarray
    ahead: np.ndarray
    weight: np.ndarray
    held_out: np.ndarray

    @property
    def horizon(self):
        """Leads."""
        return self.ahead.shape[1]


def parts_of(data, horizon, held_out=False):
    """The series of encoded data, as a list of `Part`.

    Args:
        data: `Encoded` `(x, y[, weight])`, y as `rnnkit.features.Forecast` gives it.
        horizon: Leads.
        held_out: As in `Part`.
    """
    x, y, *weights = map(series_of, data.tensors)
    result = []
    for number, (inputs, ahead) in enumerate(zip(x, y, strict=True)):
        inputs = inputs[~np.isnan(inputs).all(axis=1)]
        ahead = ahead[: len(inputs)].astype("float64").reshape(len(inputs), horizon, -1)
        targets = np.full((len(inputs), ahead.shape[2]), np.nan)
        for lead in range(horizon, 0, -1):  # a value is the target of several steps before
            known = ahead[: len(inputs) - lead, lead - 1]
            targets[lead:] = np.where(np.isnan(known), targets[lead:], known)
        weight = np.ones(len(inputs))
        if weights:
            weight = weight * weights[0][number].astype("float64")[..., : len(inputs)]
        result.append(Part(inputs, targets, weight, held_out))
    return result


def joined(training, validation):
    """Training series, each with the validation series that goes on from it.

    A validation series goes on where it begins with the last steps of the training series as its
    context, whose targets it does not know.
    """
    if len(training) != len(validation):
        return training + validation
    result = []
    for before, after in zip(training, validation, strict=True):
        # The first target is never known: it is ahead of no step.
        context = int(np.argmax(~np.isnan(after.y).all(axis=1)))
        goes_on = (
            0 < context <= len(before.x)
            and not np.isnan(after.y[context:]).all()
            and np.array_equal(before.x[-context:], after.x[:context])
        )
        if not goes_on:
            return training + validation
        pairs = ((before.x, after.x), (before.y, after.y), (before.weight, after.weight))
        result.append(Part(*(np.concatenate([old, new[context:]]) for old, new in pairs)))
    return result


def rows_of(parts, horizon):
    """The steps of some series at which targets ahead are known, as `Rows`."""
    found = []
    for number, part in enumerate(parts):
        size = len(part.x)
        ahead = np.full((size, horizon, part.y.shape[1]), np.nan)
        for lead in range(1, horizon + 1):
            ahead[: size - lead, lead - 1] = part.y[lead:]
        use = np.isfinite(ahead).all(axis=1).any(axis=1) & (part.weight > 0)  # [time]
        times = np.flatnonzero(use)
        same = np.ones(len(times), "int64")
        found.append((number * same, times, size * same, ahead[times], part.weight[times],
                      np.full(len(times), part.held_out)))  # fmt: skip
    rows = Rows(*(np.concatenate(each) for each in zip(*found, strict=True)))
    chosen = spread(len(rows.time), MOST_ROWS)
    return Rows(*(getattr(rows, field.name)[chosen] for field in dataclasses.fields(Rows)))
