"""What a model keeps of the recipe that made it, and what of that a file may say."""

import json
import re

from rnnkit.metrics import SCORES
from rnnkit.utils.checks import integer, nearest, number

# A recipe's name becomes part of the names of files.
NAME = re.compile(r"\w[\w.-]{0,99}")
MOST = 2**20  # examples in a batch, epochs, updates
MOST_FACTS = 2**16  # characters of all that is said of how a model was trained


def settings_of(model):
    """The settings of a model as its file holds them, checked.

    Args:
        model: A `rnnkit.models.Model`.

    Returns:
        Dict of `recipe`, `score_names`, `fit_defaults` (what of them `fit` knows) and `trained`.
    """
    recipe, scores, defaults, trained = checked_settings(
        {
            "recipe": model.recipe,
            "score_names": model.score_names,
            "trained": model.trained,
            "fit_defaults": {
                key: value for key, value in model.fit_defaults.items() if key in _CHECKS
            },
        },
        model.output_feature,
    )
    return {
        "recipe": recipe, "score_names": scores, "fit_defaults": defaults, "trained": trained
    }  # fmt: skip


def checked_settings(settings, feature=None):
    """`recipe`, `score_names`, `fit_defaults` and `trained`, a tuple, from the settings of a file.

    Args:
        settings: Dict of these.
        feature: The output feature, or None.

    Raises:
        ValueError: If one is unknown, of another type or out of range. A recipe is a name here and
            never a path.
    """
    _check_names("settings", settings, ("recipe", "score_names", "fit_defaults", "trained"))
    recipe = settings.get("recipe")
    if recipe is not None and not (isinstance(recipe, str) and NAME.fullmatch(recipe)):
        raise ValueError(f"recipe must be the name of a recipe. Received: recipe={recipe!r}")
    if recipe is not None and recipe.endswith(".py"):
        raise ValueError(f"recipe must be a name, not a file. Received: recipe={recipe!r}")
    scores = settings.get("score_names")
    if scores is not None:
        known = _scores_of(feature)
        if not isinstance(scores, (list, tuple)) or not all(isinstance(s, str) for s in scores):
            raise ValueError(f"score_names must be a list of names. Received: {scores!r}")
        for name in scores:
            if name not in known:
                raise ValueError(f"There is no score {name!r}.{nearest(name, known)}")
    defaults = settings.get("fit_defaults", {})
    _check_names("fit_defaults", defaults, _CHECKS)
    for name, value in defaults.items():
        _CHECKS[name](value, name)
    trained = settings.get("trained")
    if trained is not None:
        _check_trained(trained)
    return recipe, None if scores is None else list(scores), dict(defaults), trained


def _scores_of(feature):
    """Names of the scores that a model may have, those of several targets with theirs in front."""
    if feature is None or feature.target_type != "targets":
        return {name for names in SCORES.values() for name in names}
    pairs = zip(feature.names, feature.types, strict=True)
    return {f"{target}_{name}" for target, of in pairs for name in SCORES[of]}


def _check_names(argument, value, known):
    if not isinstance(value, dict):
        raise ValueError(f"{argument} must be a dict. Received: {argument}={value!r}")
    for name in value:
        if name not in known:
            raise ValueError(f"{argument} has no {name!r}. It may have {', '.join(known)}")


def _check_trained(trained):
    """Refuses what `rnnkit.training.facts` does not write."""
    _check_names("trained", trained, ("data", "epochs", *_FACTS))
    if not isinstance(trained.get("data"), (str, type(None))):
        raise ValueError(f"data must be a name. Received: data={trained['data']!r}")
    integer(trained.get("epochs"), "epochs", least=0, most=MOST, optional=True)
    for name, kinds in _FACTS.items():
        given = trained.get(name, {})
        fits = isinstance(given, dict) and all(
            isinstance(key, str) and isinstance(value, kinds) for key, value in given.items()
        )
        if not fits:
            raise ValueError(f"{name} must be a dict of names to values. Received: {given!r}")
    if len(json.dumps(trained)) > MOST_FACTS:
        raise ValueError(f"trained must have at most {MOST_FACTS:,} characters")


def _text(value, name):
    if not isinstance(value, str) or not re.fullmatch(r"[\w./ -]{1,100}", value):
        raise ValueError(f"{name} must be the name of a score or loss. Received: {name}={value!r}")


def _mode(value, name):
    if value not in ("min", "max", None):
        raise ValueError(f"{name} must be 'min' or 'max'. Received: {name}={value!r}")


_CHECKS = {
    "batch_size": lambda value, name: integer(value, name, most=MOST),
    "patience": lambda value, name: integer(value, name, least=0, most=MOST, optional=True),
    "warmup": lambda value, name: integer(value, name, least=0, most=MOST, optional=True),
    "min_delta": lambda value, name: number(value, name),
    "monitor": _text,
    "mode": _mode,
}
# What is said of how a model was trained, each a dict of names to values of these types.
_FACTS = {
    "sizes": int, "options": (str, bool, int, float, type(None)), "validation": (int, float),
    "scores": (int, float), "versions": str,
}  # fmt: skip
