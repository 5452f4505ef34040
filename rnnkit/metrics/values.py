"""Scores of sequences of numbers whose lengths may differ from those of the truth.

Each takes two lists of arrays `[time, columns]`, truths (NaN where not known) and outputs, and
gives a float. Values are compared step by step up to the end of the shorter of the two;
`length_error` says how much the lengths differ.
"""

import numpy as np


def mae(truth, outputs):
    """Mean absolute error over the steps that both have, in the target's own unit.

    Example:

    >>> mae([np.zeros((4, 1))], [np.ones((3, 1))])
    1.0
    """
    return float(np.nanmean(np.abs(_residuals(truth, outputs))))


def rmse(truth, outputs):
    """Root of the mean squared error over the steps that both have, in the target's own unit."""
    return float(np.sqrt(np.nanmean(np.square(_residuals(truth, outputs)))))


def length_error(truth, outputs):
    """Mean difference of the lengths as a fraction of the true length, 0 where all are right.

    Example:

    >>> length_error([np.zeros((4, 1))], [np.ones((3, 1))])
    0.25
    """
    errors = [abs(len(a) - len(b)) / len(a) for a, b in zip(truth, outputs, strict=True)]
    return float(np.mean(errors))


def _residuals(truth, outputs):
    """Differences `[steps, columns]` over all steps that both have."""
    both = [(a, b, min(len(a), len(b))) for a, b in zip(truth, outputs, strict=True)]
    return np.concatenate([np.asarray(a[:n], "float64") - b[:n] for a, b, n in both])
