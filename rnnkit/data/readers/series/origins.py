"""Rolling origins: series train up to an origin and validate by what follows, several times."""

import warnings

import numpy as np

from rnnkit.data import splits, stretches
from rnnkit.data.readers.series import times
from rnnkit.data.readers.series.splitting import FRACTIONS, LEAST, season

# Rows that train at the first origin: as many as of the shortest series that is read.
LEAST_TO_TRAIN = int(LEAST * FRACTIONS[0])


def into_folds(data, count):
    """Data by rolling origins.

    Each validation part is as long as that of the data, and follows on the one before; the last is
    that of the data itself. Where the first would so have less to train with than one of them has,
    the rows are divided by one more than `count`. Test is not touched. Seasons that the values show
    are looked for in the training part of each.

    Args:
        data: A `Data` of series.
        count: Number of origins.

    Returns:
        A list of a `Data` for each origin, the earliest first, and a line about them.

    Raises:
        ValueError: If the series are too short, or the validation part does not go on from the
            training part.
    """
    train, later = _pairs(data.train), _pairs(data.validation)
    goes_on = len(train) == len(later) and all(map(_goes_on, train, later))
    if not goes_on:
        raise ValueError(
            "Rolling origins need series whose validation part goes on from the training part. "
            "These are examples of their own, which may be series or overlapping windows of one: "
            "give the series as tables, frames or arrays. Received: "
            f"folds={count}, data from {data.source}"
        )
    series = [_whole(*each) for each in zip(train, later, strict=True)]
    origins = [_origins(len(x), later, count) for x, _, later in series]
    kept = [index for index, each in enumerate(origins) if each[0] >= LEAST_TO_TRAIN]
    if not kept:
        longest = max(len(x) for x, _, _ in series)
        raise ValueError(
            f"{count} rolling origins need at least {LEAST_TO_TRAIN} rows to train with before the "
            f"first. The {'longest ' if len(series) > 1 else ''}series has {longest:,} rows to "
            f"train and validate, of which the first {max(each[0] for each in origins):,} would "
            f"train. Received: folds={count}"
        )
    names = data.info.get("series", [None] * len(series))
    if len(kept) < len(series):
        gone = next(index for index in range(len(series)) if index not in set(kept))
        warnings.warn(
            f"{len(series) - len(kept):,} of {len(series):,} series are too short for {count} "
            f"rolling origins and are left out of the folds, such as {names[gone]!r} with "
            f"{len(series[gone][0])} rows to train and validate",
            stacklevel=2,
        )
    result = []
    for number in range(count):
        parts = {"train": [], "validation": []}
        for index in kept:
            x, y, _ = series[index]
            origin, end = origins[index][number : number + 2]
            made = stretches.in_time(x[:end], y[:end], (origin, end))
            for split, pairs in parts.items():
                pairs.append(made[split])
        info = _info(data, series[kept[0]], origins[kept[0]][number], [names[i] for i in kept])
        sizes = {split: len(pairs) for split, pairs in parts.items()}
        sizes["test"] = data.sizes.get("test")
        datasets = stretches.datasets(parts)
        made = {"source": data.source, "sizes": sizes, "info": info}
        result.append(splits.Data(**datasets, test=data.test, **made))
    return result, _said([origins[index] for index in kept])


def _pairs(part):
    return [(x.numpy(), y.numpy()) for x, y in part]


def _goes_on(before, after):
    """Whether a validation part begins as `stretches.in_time` makes it."""
    seen = min(len(before[0]), stretches.CONTEXT)
    return (
        len(after[0]) > seen > 0
        and np.array_equal(before[0][-seen:], after[0][:seen], equal_nan=True)
        and bool(np.isnan(after[1][:seen]).all())
    )


def _whole(before, after):
    """One series of both parts, and how many of its rows are for validation."""
    seen = min(len(before[0]), stretches.CONTEXT)
    x, y = (np.concatenate([old, new[seen:]]) for old, new in zip(before, after, strict=True))
    return x, y, len(after[0]) - seen


def _origins(size, later, count):
    """Where training ends at each origin, and the end of the last validation part."""
    step = min(later, size // (count + 1))
    return [size - step * number for number in range(count, -1, -1)]


def _info(data, series, origin, names):
    """What is known about the data before an origin."""
    info = dict(data.info)
    if "series" in info:
        info["series"] = names
    if "period" in info:
        step, name = info["step"], info["frequency"]
        natural = times.period_of(step, name) if step else None
        info["period"] = season(natural, bool(step), series[1][:origin, 0])
    return info


def _said(origins):
    """A line about the origins of each series."""
    longest = max(origins, key=lambda each: each[-1])
    rows = ", ".join(f"{each:,}" for each in longest[:-1])
    several = f" of {len(origins):,} series, the longest" if len(origins) > 1 else ""
    step = longest[-1] - longest[-2]
    return (
        f"Rolling origins{several}: training on the first {rows} rows, judged by the next {step:,}"
    )
