"""Scores of classes: of decisions, and of probabilities; most come from scikit-learn.

Each takes the class indices `truth [examples]` and the probabilities `outputs [examples, classes]`,
and gives a float. Where a score speaks of one class of two, it is the second.
"""

import warnings

import numpy as np


def accuracy(truth, outputs):
    """Fraction of the examples whose most probable class is the true one.

    Example:

    >>> accuracy(np.array([0, 1]), np.array([[0.9, 0.1], [0.7, 0.3]]))
    0.5
    """
    return float(np.mean(truth == outputs.argmax(axis=-1)))


def f1(truth, outputs):
    """F1, the mean over the classes (macro): every class counts the same."""
    return _decided("f1_score", truth, outputs, average="macro", zero_division=0)


def mcc(truth, outputs):
    """Matthews correlation coefficient: 0 for chance, 1 for perfect; fair for rare classes."""
    return _decided("matthews_corrcoef", truth, outputs)


def precision(truth, outputs):
    """Fraction of the examples predicted to be of the second class that are."""
    return _decided("precision_score", truth, outputs, zero_division=0)


def recall(truth, outputs):
    """Fraction of the examples of the second class that are predicted to be."""
    if not (np.asarray(truth) == 1).any():
        return _undefined("recall", truth)
    return _decided("recall_score", truth, outputs, zero_division=0)


def average_precision(truth, outputs):
    """Mean of the precision over all recalls of the second class; by chance its rate."""
    from sklearn.metrics import average_precision_score

    if not (np.asarray(truth) == 1).any():
        return _undefined("average_precision", truth)
    return float(average_precision_score(truth, outputs[:, 1]))


def recall_at_1_percent(truth, outputs):
    """Fraction of the second class found where at most 1 % of the first raises a false alarm."""
    return _recall_at(truth, outputs, 0.01, "recall_at_1_percent")


def recall_at_0_1_percent(truth, outputs):
    """Fraction of the second class found where at most 0.1 % of the first raises a false alarm."""
    return _recall_at(truth, outputs, 0.001, "recall_at_0_1_percent")


def _decided(name, truth, outputs, **options):
    """A score of scikit-learn, of the most probable classes."""
    import sklearn.metrics

    score = getattr(sklearn.metrics, name)
    return float(score(truth, outputs.argmax(axis=-1), **options))


def _recall_at(truth, outputs, rate, name):
    from sklearn.metrics import roc_curve

    if len(np.unique(truth)) < 2:
        return _undefined(name, truth)
    false_alarms, found, _ = roc_curve(truth, outputs[:, 1], drop_intermediate=False)
    return float(found[false_alarms <= rate].max())


def _undefined(name, truth):
    """NaN, with a warning that says why."""
    warnings.warn(
        f"{name} is not defined (NaN): all {len(truth):,} examples are of one class.", stacklevel=5
    )
    return float("nan")


def log_loss(truth, outputs):
    """Mean negative log-probability of the true class, in nats."""
    chosen = outputs[np.arange(len(truth)), truth].astype("float64")
    return float(-np.log(np.clip(chosen, 1e-12, 1.0)).mean())


def roc_auc(truth, outputs):
    """Area under the ROC curve; with more than two classes the mean of one against the rest."""
    from sklearn.metrics import roc_auc_score

    present = np.unique(truth)
    if len(present) < 2:
        return _undefined("roc_auc", truth)
    if outputs.shape[-1] == 2:
        return float(roc_auc_score(truth, outputs[:, 1]))
    areas = [roc_auc_score(truth == index, outputs[:, index]) for index in present]
    return float(np.mean(areas))
