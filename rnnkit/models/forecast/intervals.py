"""Intervals that hold: conformal, by lead, from the errors of forecasts of later steps."""

import numpy as np
import tensorflow as tf

# Levels whose intervals are kept beside the model's own, as multiples of its half widths.
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
# Errors beyond a quantile from which on it is read off them; of the tail that stands in for fewer,
# the part of the errors that it begins with, or as many as these.
BEYOND, TAIL = 10, 0.1
# A half width that stands for 0, over the largest error.
LEAST = 1e-6
# How much the level of the quantile rises for few forecasts that do not overlap.
CAUTION = 0.1
# Of an interval that grows with the forecast, or with the scale, the part that does not: of the
# mean forecast, or scale.
FLOOR = 0.3
# Errors of late below which intervals become no narrower, over their mean: what is tried.
LEAST_LATE = (0.0, 0.5, 0.75, 1.0)


def half_widths(forecasts, truth, level, independent, groups, scale=None, weights=None):
    """Half widths of intervals: `constant + fraction * |forecast| + scaled * scale` for each lead.

    The half width is the quantile of the absolute errors, or of those over the absolute forecast
    where errors grow with the level, or over a scale that runs along with the series. Which of
    these is decided by the interval score of each group of forecasts under the quantiles of the
    others.

    Args:
        forecasts: `[forecasts, horizon]`, in the targets' own unit.
        truth: The same, what came; NaN where it is not known.
        level: Probability with which an interval is to hold.
        independent: About how many forecasts do not overlap. The level of the quantile rises by
            a factor of `1 + 0.1 / independent`, as few forecasts see few of the larger errors.
        groups: Number of the fold of each forecast, `[forecasts]`, from 0.
        scale: How large changes were of late at each forecast, of that shape and unit; or None.
        weights: What each forecast counts, `[forecasts]`. By default later folds count more, as 1
            to 2 to 3: they learned from more, as the final forecasts do.

    Returns:
        `(constant, fraction, scaled)`, each `[horizon]`.

    Reference:
        Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005; the interval
        score is that of Gneiting and Raftery, "Strictly proper scoring rules, prediction, and
        estimation", 2007, https://doi.org/10.1198/016214506000001437.
    """
    known = np.isfinite(truth)
    errors = np.where(known, np.abs(truth - forecasts), 0.0)
    rank = cautious(level, independent)
    weights = 1.0 + np.asarray(groups) if weights is None else np.asarray(weights)
    weights = weights[:, None] * known
    sizes = np.abs(forecasts)
    ways = {(1.0, 0.0, 0.0): np.ones_like(sizes)}
    if (truth[known] >= 0).all():
        ways |= _growing(sizes, 1)
    if scale is not None:
        ways |= _growing(scale, 2)

    way = _best(ways, errors, known, weights, groups, rank, level)
    width = quantile(errors / ways[way], weights, rank)  # [horizon]
    return tuple(part * width for part in way)


def _best(ways, errors, known, weights, groups, rank, level):
    """The key of the sizes under which intervals have the best score, where each group of forecasts
    is judged by the quantiles of the others.

    Args:
        ways: Dict of keys to what errors are divided by `[forecasts, horizon]`.
        errors: Absolute errors of that shape.
        known: Which of them there are.
        weights: What each counts.
        groups: Number of the group of each forecast `[forecasts]`.
        rank: Level of the quantile.
        level: Probability with which intervals are to hold.
    """

    def score(sizes):
        total = 0.0
        for group in np.unique(groups):
            inside = groups == group
            others = ~inside if (~inside).any() else inside
            width = quantile(errors[others] / sizes[others], weights[others], rank)
            width = width * sizes[inside]
            beyond = np.maximum(errors[inside] - width, 0.0)
            total += np.sum((2 * width + 2 / (1 - level) * beyond)[known[inside]])
        return total

    return min(ways, key=lambda way: score(ways[way])) if len(ways) > 1 else next(iter(ways))


def following(errors, late, level, independent, groups):
    """Half widths that follow the errors of late: `scaled * max(late, least)` for each lead.

    So intervals become wider when forecasts become worse, also where that never happened before.
    How narrow they may become is decided by interval scores, as in `half_widths`.

    Args:
        errors: Absolute errors of forecasts `[forecasts, horizon]`.
        late: Mean absolute error of late at each forecast `[forecasts]`, above 0, in their unit.
        level, independent, groups: As in `half_widths`.

    Returns:
        `scaled` `[horizon]`, and `least`, a number.
    """
    weights = np.repeat(1.0 + np.asarray(groups)[:, None], errors.shape[1], axis=1)
    rank = cautious(level, independent)
    sizes = np.repeat(late[:, None], errors.shape[1], axis=1)
    ways = {least: np.maximum(sizes, least) for least in late.mean() * np.array(LEAST_LATE)}
    least = _best(ways, errors, weights > 0, weights, groups, rank, level)
    return quantile(errors / ways[least], weights, rank), float(least)


def _growing(sizes, position):
    """The ways in which intervals grow with some sizes `[forecasts, horizon]`: a dict of their
    parts of a half width, of which these have a position, to what errors are divided by. Each has
    a constant part, a multiple of the mean size."""
    typical = sizes.mean()
    if not typical > 0:
        return {}
    ways = {}
    for floor in (0.0, FLOOR):
        parts = [floor * typical, 0.0, 0.0]
        parts[position] = 1.0
        ways[tuple(parts)] = np.maximum(floor * typical + sizes, 1e-6 * typical)
    return ways


def cautious(level, independent):
    """The level of the quantile, for so many forecasts that do not overlap."""
    return min(1.0, level * (1 + CAUTION / max(independent, 1.0)))


def quantile(values, weights, level):
    """The smallest of the values of each column below or at which there is so much of the weight.

    Args:
        values: `[rows, columns]`.
        weights: `[rows]`, or of each value `[rows, columns]`.
        level: Fraction of the weight; one, or one a column.
    """
    weights = np.broadcast_to(weights.reshape(len(values), -1), values.shape)
    order = np.argsort(values, axis=0)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=0), axis=0)  # [rows, columns]
    reached = reached / np.maximum(weights.sum(axis=0), 1e-300)
    first = np.minimum((reached < level - 1e-9).sum(axis=0), len(values) - 1)
    columns = np.arange(values.shape[1])
    return values[order[first, columns], columns]


# === Other levels ===


def at_least(constant, fraction, errors):
    """Half widths that others can be multiples of: next to nothing in place of 0.

    Where most errors are 0, as of a series that seldom changes, so is their quantile.

    Args:
        constant: What `half_widths` gives, `[columns]`.
        fraction: The same, or the sum of all that is not constant.
        errors: Absolute errors `[forecasts, columns]`.

    Returns:
        The constant.
    """
    return np.where(constant + fraction > 0, constant, LEAST * errors.max(axis=0))


def multiples(errors, weights, level, independent):
    """Half widths of intervals at `LEVELS`, over those of the intervals at another level.

    They are the quantiles of the errors. Where fewer than ten errors lie beyond a quantile, it goes
    on from a lower one by an exponential tail with the mean excess over that. Such a tail falls
    more slowly than that of normal errors: where few errors tell, intervals are rather too wide.

    Args:
        errors: Absolute errors over the half widths at `level`, `[forecasts, columns]`.
        weights: `[forecasts]`, or of each error `[forecasts, columns]`.
        level: Probability with which intervals of the half width 1 are to hold.
        independent: As in `half_widths`.

    Returns:
        `[levels, columns]`, rising with the level, at most 1 for lower levels than `level` and at
        least 1 for higher ones.

    Reference:
        Siffer, Fouque, Termier and Largouet, "Anomaly detection in streams with extreme value
        theory", 2017, https://doi.org/10.1145/3097983.3098144, of which this is the tail without a
        shape.
    """
    weights = np.broadcast_to(weights.reshape(len(errors), -1), errors.shape)
    # Forecasts that count alike, [columns].
    count = weights.sum(axis=0) ** 2 / np.maximum(np.square(weights).sum(axis=0), 1e-300)
    begin = 1 - np.minimum(np.maximum(TAIL, BEYOND / np.maximum(count, 1e-12)), 0.5)
    threshold = quantile(errors, weights, begin)  # [columns]
    excess = np.maximum(errors - threshold, 0) * weights
    beyond = np.where(errors > threshold, weights, 0).sum(axis=0)
    excess = excess.sum(axis=0) / np.maximum(beyond, 1e-12)
    # As many errors less lie beyond higher levels as beyond this one.
    caution = max((1 - cautious(level, independent)) / (1 - level), 0.5)
    found = []
    for each in LEVELS:
        rank = cautious(each, independent) if each <= level else 1 - (1 - each) * caution
        tail = threshold + excess * np.log((1 - begin) / (1 - min(rank, 1 - 1e-9)))
        enough = (rank <= begin) | ((1 - rank) * count >= BEYOND)
        width = np.where(enough, quantile(errors, weights, rank), tail)
        found.append(np.minimum(width, 1.0) if each <= level else np.maximum(width, 1.0))
    return np.maximum.accumulate(np.array(found), axis=0)


def multiple_at(level, own, widths):
    """The half width of an interval over that at the model's own level.

    Between the levels it is linear in -log(1 - level), as an exponential tail is, and so it goes on
    beyond them.

    Args:
        level: Probability above 0 and below 1.
        own: The model's.
        widths: What `multiples` gives, `[levels, columns]`.

    Returns:
        `[columns]`.
    """
    others = [index for index, each in enumerate(LEVELS) if abs(each - own) > 1e-9]
    levels = np.array([0.0, own, *(LEVELS[index] for index in others)])
    columns = widths.shape[1]
    widths = np.concatenate([np.zeros((1, columns)), np.ones((1, columns)), widths[others]])
    order = np.argsort(levels)
    at, widths = -np.log1p(-levels[order]), widths[order]
    wanted = -np.log1p(-level)
    after = int(np.clip(np.searchsorted(at, wanted), 1, len(at) - 1))
    slope = (widths[after] - widths[after - 1]) / (at[after] - at[after - 1])
    return widths[after - 1] + slope * (wanted - at[after - 1])


# === Margins ===


def margins(feature, widths, outputs, size):
    """Half widths of the intervals of some forecasts, in standardised units.

    Args:
        feature: The output feature.
        widths: `(constant, fraction, scaled)` of the intervals, each `[horizon * targets]`; the
            constant in the targets' own unit.
        outputs: The forecasts `[rows, horizon * targets]`, standardised.
        size: The scale at each forecast `[rows, targets]`, in that unit.

    Returns:
        Tensor of float64, of the shape of the outputs.
    """
    shape = [-1, feature.horizon, feature.size]
    pairs = ((feature.mean, 0.0), (feature.deviation, 1.0))
    mean, unit = (
        np.asarray(own if feature.normalize else plain, "float64") for own, plain in pairs
    )
    constant, fraction, scaled = (np.reshape(each, shape).astype("float64") for each in widths)
    forecasts = tf.reshape(tf.cast(outputs, tf.float64), shape) * unit + mean
    size = tf.cast(size, tf.float64)[:, None]  # [rows, 1, targets]
    widths = (constant + fraction * tf.abs(forecasts)) / unit + scaled * size
    return tf.reshape(widths, tf.shape(outputs))
