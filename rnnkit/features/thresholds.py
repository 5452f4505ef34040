"""Thresholds of probabilities that are chosen on validation data."""

import numpy as np

HALF = 0.5


def best_threshold(truth, outputs):
    """The threshold of the highest F1 of one label.

    Args:
        truth: Bools `[examples]`, at least one of them true.
        outputs: Probabilities `[examples]`, float64.

    Returns:
        .5 if no other is better, or a float in the middle between two probabilities; of several
        the one nearest to .5.

    Example:

    >>> best_threshold(np.array([False, True, True]), np.array([0.125, 0.25, 0.75]))
    0.1875
    """
    order = np.argsort(-outputs, kind="stable")
    scores, found = outputs[order], np.cumsum(truth[order])  # of the first 1, 2, ... examples
    f1 = 2 * found / (np.arange(1, len(order) + 1) + truth.sum())
    last = np.append(scores[1:] < scores[:-1], True)  # of those that are equal
    cuts, f1 = ((scores + np.append(scores[1:], 0.0)) / 2)[last], f1[last]
    above = int((outputs >= HALF).sum())
    now = 2 * truth[outputs >= HALF].sum() / (above + truth.sum())
    if now >= f1.max():
        return HALF
    best = np.flatnonzero(f1 == f1.max())
    return float(cuts[best[np.argmin(np.abs(cuts[best] - HALF))]])
