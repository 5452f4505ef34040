"""What users give a model of series, as arrays; and results with the names of the series."""

import contextlib
import copy
import io
import os

import numpy as np

from rnnkit.data.readers.series.recent import histories, history
from rnnkit.features import Series
from rnnkit.features.conversion import is_pandas
from rnnkit.utils.checks import number


def histories_of(feature, x):
    """Raw input without frames and paths: the pair of the names of its series, or None, and x."""
    if not isinstance(feature, Series):
        return None, x
    if isinstance(x, (str, os.PathLike)) or (is_pandas(x) and feature.holds_one(x)):
        found = histories(x, feature)
        if list(found) == [None]:
            return None, found[None]
        return list(found), list(found.values())
    if isinstance(x, (list, tuple)) and len(x) and all(map(is_pandas, x)):
        return None, [history(each, feature) for each in x]
    return None, x


def arrays_of(feature, x):
    """Raw series as a list of float64 arrays `[time, raw_width]`."""
    return [each.numpy() for each in feature.to_tensor(x)]


def as_read(feature, x, found):
    """Raw series as arrays, and the same with NaN where values were filled.

    Args:
        feature: The input feature.
        x: What the user gave.
        found: What `histories_of` made of it.

    Returns:
        Two lists of float64 arrays `[time, raw_width]`.
    """
    series = arrays_of(feature, found)
    if found is x or feature.missing:
        return series, series
    known = copy.copy(feature)
    known.missing = True
    with contextlib.redirect_stdout(io.StringIO()):  # how it is read is said already
        return series, arrays_of(known, histories_of(known, x)[1])


def with_names(results, names):
    """Results of several series with the names of these, where they have any."""
    if names is None:
        return results
    return [
        {"series": name, **result} if isinstance(result, dict) else result
        for name, result in zip(names, results, strict=True)
    ]


def checked_quantiles(quantiles):
    """Quantiles as a rising list of floats; None where none are wanted.

    Raises:
        ValueError: If they are no numbers above 0 and below 1, or one is there twice.
    """
    if quantiles is None:
        return None
    if not isinstance(quantiles, (list, tuple, np.ndarray)) or not len(quantiles):
        raise ValueError(
            "quantiles must be a list of numbers above 0 and below 1, such as [0.1, 0.5, 0.9]. "
            f"Received: quantiles={quantiles!r}"
        )
    found = [number(each, "each of quantiles", above=0, below=1) for each in quantiles]
    if len(set(found)) < len(found):
        raise ValueError(f"quantiles must differ. Received: quantiles={list(quantiles)}")
    return sorted(found)
