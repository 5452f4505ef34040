"""Scores of several targets an example: those of each, with its name in front."""

import warnings

import numpy as np


def usual_names(feature, known, defaults):
    """The scores of each target that are computed.

    Args:
        feature: `rnnkit.features.Targets`.
        known: Dict of type of target to names of its scores, `rnnkit.metrics.SCORES`.
        defaults: Those of them that are usual.

    Returns:
        Dict of target to a list of names.
    """
    return {
        name: list(defaults.get(of, known[of]))
        for name, of in zip(feature.names, feature.types, strict=True)
    }


def given_names(feature, names, known):
    """As `usual_names`, from names such as `label_accuracy`.

    Raises:
        ValueError: For one that is no score of a target, or could be one of two.
    """
    meant = {}
    for target, of in zip(feature.names, feature.types, strict=True):
        for score in known[of]:
            meant.setdefault(f"{target}_{score}", []).append((target, score))
    found = {name: [] for name in feature.names}
    for name in names:
        places = meant.get(name, [])
        if len(places) != 1:
            ways = " or ".join(f"{score!r} of {target!r}" for target, score in places)
            raise ValueError(
                "scores of several targets are called by the target and the score, such as "
                f"{next(iter(meant))!r}. Received: {name!r}"
                + (f", which is {ways}" if ways else "")
            )
        target, score = places[0]
        found[target].append(score)
    return found


def parts(feature, truth, outputs):
    """Name, feature, truth and outputs of each target, of the examples that have it.

    Args:
        feature: `rnnkit.features.Targets`.
        truth: Encoded targets `[examples, targets]`.
        outputs: Outputs of a network `[examples, width]`.

    Yields:
        `(name, feature, truth, outputs)`, the last two as `rnnkit.metrics.scores` takes them; None
        where no example has the target, which a warning says.
    """
    truth, outputs = np.asarray(truth), np.asarray(outputs)
    for index, (name, each, part) in enumerate(feature.parts):
        known = ~np.isnan(truth[:, index])
        if not known.any():
            warnings.warn(f"No example has the target {name!r}: its scores are NaN.", stacklevel=5)
            yield name, each, None, None
            continue
        mine = truth[known, index]
        mine = mine[:, None] if each.target_type == "numbers" else mine.astype("int64")
        yield name, each, mine, outputs[known, part]
