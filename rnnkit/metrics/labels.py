"""Scores of several labels an example.

Each takes `truth`, 1 or 0 `[examples, labels]`, and the probabilities `outputs` of the same shape,
of which those from .5 on count (1 and 0 say it themselves), and gives a float.
"""

import warnings

import numpy as np


def micro_f1(truth, outputs):
    """F1 of all labels of all examples together (micro): frequent labels count more.

    Example:

    >>> micro_f1(np.array([[1, 0], [1, 1]]), np.array([[0.9, 0.8], [0.7, 0.1]]))
    0.6666666666666666
    """
    return _f1(truth, outputs, "micro")


def macro_f1(truth, outputs):
    """F1, the mean over the labels (macro): every label counts the same.

    A label that no example has, and that is predicted for none, says nothing and is left out.
    """
    return _f1(truth, outputs, "macro")


def subset_accuracy(truth, outputs):
    """Fraction of the examples of which all labels are right."""
    return float(np.mean((_decided(outputs) == np.asarray(truth)).all(axis=-1)))


def hamming_loss(truth, outputs):
    """Fraction of the labels of examples that are wrong."""
    return float(np.mean(_decided(outputs) != np.asarray(truth)))


def label_ranking_average_precision(truth, outputs):
    """Mean, over the labels that an example has, of how many of those ranked as high are right.

    1 where all labels that an example has are more probable than all others. An example that has
    none, or all, counts 1.

    Reference: Schapire and Singer 2000, "BoosTexter: A boosting-based system for text
    categorization", https://doi.org/10.1023/A:1007649029923.
    """
    from sklearn.metrics import label_ranking_average_precision_score

    truth, outputs = np.asarray(truth), np.asarray(outputs)
    if truth.shape[-1] == 1:
        return 1.0  # each example has all labels, or none
    return float(label_ranking_average_precision_score(truth, outputs))


def _decided(outputs):
    return (np.asarray(outputs) >= 0.5).astype("int64")


def _f1(truth, outputs, average):
    truth, chosen = np.asarray(truth).astype("int64"), _decided(outputs)
    right = (truth & chosen).sum(axis=0)  # [labels]
    both = truth.sum(axis=0) + chosen.sum(axis=0)
    if not both.any():
        warnings.warn(
            f"{average}_f1 is not defined (NaN): none of {len(truth):,} examples has a label, and "
            "none is predicted.",
            stacklevel=4,
        )
        return float("nan")
    if average == "micro":
        return float(2 * right.sum() / both.sum())
    occurs = both > 0
    return float((2 * right[occurs] / both[occurs]).mean())
