"""Scores of sequences of numbers whose lengths may differ from those of the truth.

Each takes two lists of arrays `[time, columns]`, truths and outputs, and gives a float. Values are
compared step by step, as far as both go; how far that is, `length_error` says.
"""

import difflib

import numpy as np


def mae(truth, outputs):
    """Mean absolute error over the steps that both have, in the target's own unit."""
    return float(np.nanmean(np.abs(_gaps(truth, outputs))))


def rmse(truth, outputs):
    """Root of the mean squared error over the steps that both have, in the target's own unit."""
    return float(np.sqrt(np.nanmean(np.square(_gaps(truth, outputs)))))


def length_error(truth, outputs):
    """Mean difference of the lengths as a share of the true length, 0 where all are right."""
    shares = [abs(len(a) - len(b)) / len(a) for a, b in zip(truth, outputs, strict=True)]
    return float(np.mean(shares))


SCORES = {score.__name__: score for score in (mae, rmse, length_error)}


def scores(truth, outputs, names=None):
    """Scores by name; by default all.

    Args:
        truth: List of arrays `[time, columns]`, NaN where not known.
        outputs: List of arrays of as many columns, of any lengths.
        names: Names of scores, or None.

    Returns:
        Dict of name to float.

    Raises:
        ValueError: For an unknown name.

    Example:

    >>> scores([np.zeros((4, 1))], [np.ones((3, 1))], ["mae", "length_error"])
    {'mae': 1.0, 'length_error': 0.25}
    """
    result = {}
    for name in SCORES if names is None else names:
        if name not in SCORES:
            close = difflib.get_close_matches(name, SCORES, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"Unknown score {name!r}; known: {', '.join(sorted(SCORES))}.{hint}")
        result[name] = SCORES[name](truth, outputs)
    return result


def _gaps(truth, outputs):
    """Differences `[steps, columns]` over all steps that both have."""
    both = [(a, b, min(len(a), len(b))) for a, b in zip(truth, outputs, strict=True)]
    return np.concatenate([np.asarray(a[:n], "float64") - b[:n] for a, b, n in both])
