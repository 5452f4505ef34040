"""The readouts of an echo state network, solved from the sums of a pass."""

import numpy as np


def solve(readouts, equations, ridge, towards, validation=None, folds=None):
    """Sets readouts to the solutions of their normal equations.

    Args:
        readouts: List over members of `rnnkit.layers.RidgeReadout`.
        equations: List over members of `NormalEquations`.
        ridge: Number; or a list of which one is chosen for all members and targets, by the error
            on validation data, or without such data by generalised cross-validation.
        towards: Weights `[1 + features, targets]` that the solutions are shrunk towards.
        validation: `NormalEquations` of validation data as `equations`, or None.
        folds: Pairs of `NormalEquations`, each as `equations`: what is learned from, and later
            steps by which the ridge value is chosen; for leads above 1, whose errors are not
            independent, as generalised cross-validation takes them to be. An empty list chooses
            the largest ridge value: nothing says that anything can be learned. None if not used.

    Returns:
        Dict with `loss` and, with validation data, `val_loss`: mean squared errors.

    Raises:
        ValueError: If a Gram matrix is singular, or the solution is not finite.
    """
    beyond = [each.beyond(towards) for each in equations]
    if isinstance(ridge, list):
        # Each target counts by its own variance.
        scale = np.maximum(equations[0].mean_squares(), 1e-12)  # [targets]
        if folds is None:
            held_out = [None] * len(beyond)
            if validation is not None:
                held_out = [each.beyond(towards) for each in validation]
            paths = [each.path(ridge, part) for each, part in zip(beyond, held_out, strict=True)]
            best = _best([error / scale for _, error in paths])
            solutions = [towards + weights[best] for weights, _ in paths]
        else:
            best = _best(_later_errors(folds, ridge, towards, scale)) if folds else len(ridge) - 1
            solutions = [towards + each.path(ridge[best : best + 1])[0][0] for each in beyond]
        ridge = ridge[best]
    else:
        solutions = [towards + each.solve(ridge) for each in beyond]
    logs = {"loss": [], "val_loss": []}
    for member, (readout, weights) in enumerate(zip(readouts, solutions, strict=True)):
        if not np.isfinite(weights).all():
            raise ValueError(
                "The readout has no finite solution: the states or targets are too large, or "
                f"ridge={ridge} is too small"
            )
        error = equations[member].mean_squared_error(weights)
        logs["loss"].append(error.mean())
        if validation is not None:
            held_out = validation[member].mean_squared_error(weights)
            logs["val_loss"].append(np.nanmean(held_out))
            error = np.where(np.isnan(held_out), error, held_out)
        readout.learn(weights, equations[member], np.sqrt(error), ridge)
    return {key: float(np.mean(values)) for key, values in logs.items() if values}


def _best(errors):
    """Index of the ridge value with the smallest of errors `[some, ridges, targets]`."""
    # A validation part shorter than the horizon does not know all leads.
    errors = np.nanmean(errors, axis=(0, 2))  # [ridges]
    return int(np.nanargmin(np.where(np.isfinite(errors), errors, np.inf)))


def _later_errors(folds, ridges, towards, scale):
    """Errors of the solutions from the first part of each fold on its second, over `scale`."""
    return [
        before.beyond(towards).path(ridges, after.beyond(towards))[1] / scale
        for pair in folds
        for before, after in zip(*pair, strict=True)
    ]  # [folds * members, ridges, targets]


def ridge_values(ridge):
    """Ridge values as a float, or where there are several as a list of floats.

    Raises:
        ValueError: If they are no finite numbers of at least 0.
    """
    try:
        values = np.atleast_1d(np.asarray(ridge, "float64"))
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.ndim != 1 or not values.size or not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(
            "ridge must be a finite number that is not negative, or several. "
            f"Received: ridge={ridge!r}"
        )
    return values.tolist() if np.ndim(ridge) else float(ridge)


def persistence(readout, present=None):
    """The weights `[1 + features, targets]` of the persistence forecast.

    Args:
        readout: A `RidgeReadout` that reads the inputs before the states.
        present: What `rnnkit.models.forecast.naive.present_value` gives; None gives zeros.
    """
    weights = np.zeros((readout.gram.shape[0], readout.units))
    if present:
        width = len(present["columns"])
        for target, column in enumerate(present["columns"]):
            # Leads of a target are `width` apart; the constant comes before the inputs.
            weights[0, target::width] = present["offset"][target]
            weights[1 + column, target::width] = present["scale"][target]
    return weights
