"""Scores of classes in an order.

Each takes the class indices `truth [examples]` and the probabilities `outputs [examples, classes]`,
and gives a float. What is decided for is the median class, as by `rnnkit.features.OrderedLabel`.
"""

import warnings

import numpy as np


def mae(truth, outputs):
    """Mean distance between the true class and the one decided for, in classes.

    Example:

    >>> mae(np.array([0, 2]), np.array([[0.9, 0.1, 0.0], [0.6, 0.3, 0.1]]))
    1.0
    """
    return float(np.abs(np.asarray(truth) - _decided(outputs)).mean())


def quadratic_weighted_kappa(truth, outputs):
    """Agreement beyond chance in which mistakes count by the square of their distance.

    1 where there are none, 0 where there are as many as by chance.

    Reference: Cohen 1968, "Weighted kappa", https://doi.org/10.1037/h0026256.
    """
    truth, decided = np.asarray(truth), _decided(outputs)
    # The mean over all pairs of a true class and one decided for: by chance.
    chance = truth.var() + decided.var() + np.square(truth.mean() - decided.mean())
    if chance == 0:
        warnings.warn(
            f"quadratic_weighted_kappa is not defined (NaN): all {len(truth):,} examples are of "
            "one class, and all are decided to be.",
            stacklevel=4,
        )
        return float("nan")
    return float(1 - np.square(truth - decided).mean() / chance)


def accuracy(truth, outputs):
    """Fraction of the examples whose class is the one decided for."""
    return float(np.mean(np.asarray(truth) == _decided(outputs)))


def _decided(outputs):
    below = np.cumsum(np.asarray(outputs, "float64"), axis=-1)  # [examples, classes]
    return np.minimum((below < 0.5 - 1e-6).sum(axis=-1), below.shape[-1] - 1)
