"""Scores of a task, by name.

The numbers come from scikit-learn; this module only says which fit which target, what they take
and which direction is better.
"""

import difflib

import numpy as np

# Default scores by the type of the output feature.
DEFAULTS = {"Label": ("accuracy", "f1", "mcc"), "Number": ("mae", "rmse", "r2")}


def accuracy(truth, outputs):
    """Share of examples whose most probable class is the true one."""
    return float(np.mean(truth == outputs.argmax(axis=-1)))


def f1(truth, outputs):
    """F1, the mean over the classes (macro): every class counts the same."""
    from sklearn.metrics import f1_score

    return float(f1_score(truth, outputs.argmax(axis=-1), average="macro", zero_division=0))


def mcc(truth, outputs):
    """Matthews correlation coefficient: 0 for chance, 1 for perfect; fair for rare classes."""
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(truth, outputs.argmax(axis=-1)))


def log_loss(truth, outputs):
    """Mean negative log-probability of the true class, in nats."""
    chosen = outputs[np.arange(len(truth)), truth].astype("float64")
    return float(-np.log(np.clip(chosen, 1e-12, 1.0)).mean())


def roc_auc(truth, outputs):
    """Area under the ROC curve; with more than two classes the mean of one against the rest."""
    from sklearn.metrics import roc_auc_score

    present = np.unique(truth)
    if len(present) < 2:
        return float("nan")  # not defined where all examples are of one class
    if outputs.shape[-1] == 2:
        return float(roc_auc_score(truth, outputs[:, 1]))
    areas = [roc_auc_score(truth == index, outputs[:, index]) for index in present]
    return float(np.mean(areas))


def mae(truth, outputs):
    """Mean absolute error, in the target's own unit."""
    return float(np.abs(truth - outputs).mean())


def rmse(truth, outputs):
    """Root of the mean squared error, in the target's own unit."""
    return float(np.sqrt(np.square(truth - outputs).mean()))


def r2(truth, outputs):
    """Share of the variance explained; 0 for always predicting the mean."""
    residual = np.square(truth - outputs).sum(axis=0)
    total = np.square(truth - truth.mean(axis=0)).sum(axis=0)
    return float(np.mean(1 - residual / np.maximum(total, 1e-12)))


SCORES = {score.__name__: score for score in (accuracy, f1, mcc, log_loss, roc_auc, mae, rmse, r2)}


def scores(feature, truth, outputs, names=None):
    """A task's scores.

    Args:
        feature: Output feature of the model.
        truth: Encoded targets: class indices `[examples]`, or standardised numbers
            `[examples, size]`.
        outputs: The network's outputs: probabilities `[examples, classes]`, or standardised
            numbers.
        names: Scores to compute, or None for the defaults of the feature.

    Returns:
        Dict of name to float.

    Raises:
        ValueError: For an unknown name, or a feature without scores.

    Example:

    >>> label = rnnkit.features.Label(["ham", "spam"])
    >>> scores(label, np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), ["accuracy"])
    {'accuracy': 1.0}
    """
    bases = [base.__name__ for base in type(feature).__mro__]
    kind = next((name for name in bases if name in DEFAULTS), None)
    if kind is None:
        raise ValueError(
            f"There are no scores for a target of {bases[0]}; known: {', '.join(DEFAULTS)}"
        )
    names = DEFAULTS[kind] if names is None else names
    if kind == "Number":
        truth, outputs = (np.asarray(feature.decode(values)) for values in (truth, outputs))
    result = {}
    for name in names:
        if name not in SCORES:
            close = difflib.get_close_matches(name, SCORES, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"Unknown score {name!r}; known: {', '.join(sorted(SCORES))}.{hint}")
        result[name] = SCORES[name](truth, outputs)
    return result
