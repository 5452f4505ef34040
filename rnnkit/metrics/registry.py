"""Every score: its name, its function, the type of target that it is for, and which way is better.

A new score is a function in the module of its type of target and a name in the table here. This is
the only place that knows whether less or more is better: early stopping, checkpoints, tuning,
comparison and plots ask `direction`.
"""

import dataclasses
import importlib
import inspect
import re

from rnnkit.utils.checks import nearest


@dataclasses.dataclass(frozen=True)
class Score:
    """A score.

    Attributes:
        name: Name of the score and of its function.
        of: Type of target that it is a score of, a key of `SCORES`.
        direction: `"min"` where less is better, `"max"` where more is.
        module: Module of `rnnkit.metrics` that the function is in.
        decided: Whether it is a score of the classes that are decided for, which a target may do by
            a threshold, and not of probabilities.
    """

    name: str
    of: str
    direction: str
    module: str
    decided: bool = False

    @property
    def function(self):
        """The function, imported when it is asked for."""
        return getattr(importlib.import_module(self.module, __package__), self.name)


# Type of target, direction, names; names of a type are computed in this order.
_TABLE = (
    ("classes", "max", "accuracy f1 mcc precision recall"),
    ("classes", "min", "log_loss"),
    ("classes", "max", "roc_auc average_precision recall_at_1_percent recall_at_0_1_percent"),
    ("labels", "max", "micro_f1 macro_f1 label_ranking_average_precision subset_accuracy"),
    ("labels", "min", "hamming_loss"),
    ("numbers", "min", "mae mse rmse nmse nrmse"),
    ("numbers", "max", "r2"),
    ("ordered", "min", "mae"),
    ("ordered", "max", "quadratic_weighted_kappa accuracy"),
    ("tags", "max", "accuracy f1 entity_f1 entity_precision entity_recall"),
    ("texts", "max", "bleu bleu1 bleu2 bleu3 bleu4 chrf exact_match distinct"),
    ("texts", "min", "wer cer"),
    ("values", "min", "mae rmse length_error"),
    ("forecasts", "min", "mae mse nrmse"),
    ("forecasts", "max", "valid_prediction_time"),
    ("likelihood", "min", "nats bits perplexity"),
    ("music", "max", "in_key"),
    ("music", "min", "pitch_distance duration_distance"),
    ("retrieval", "max", "recall_at_1 recall_at_5 recall_at_10"),
    ("retrieval", "min", "median_rank"),
)
_MODULES = {"forecasts": ".numbers"}  # of other types the module has the type's name
_DECIDED = {
    *(("classes", name) for name in ("accuracy", "f1", "mcc", "precision", "recall")),
    *(("labels", name) for name in ("micro_f1", "macro_f1", "subset_accuracy", "hamming_loss")),
}

SCORES = {}  # type of target -> name -> `Score`
for _of, _direction, _names in _TABLE:
    for _name in _names.split():
        SCORES.setdefault(_of, {})[_name] = Score(
            _name, _of, _direction, _MODULES.get(_of, f".{_of}"), (_of, _name) in _DECIDED
        )
# What is computed where no names are given; of other types everything.
DEFAULTS = {
    "classes": ("accuracy", "f1", "mcc"),
    "labels": ("micro_f1", "macro_f1", "label_ranking_average_precision", "subset_accuracy"),
    "numbers": ("mae", "rmse", "r2"),
    "tags": ("accuracy", "f1"),
    "entities": ("entity_f1", "entity_precision", "entity_recall", "accuracy"),
    "texts": ("bleu", "exact_match"),
    "forecasts": ("mae", "mse", "nrmse"),
}
# What is no score of this package: losses and metrics in training, and Keras' own.
FURTHER = {
    "min": """
        loss error balanced_cross_entropy keys_and_end relative_loss tag_cross_entropy
        token_cross_entropy values_and_end persistence_mae persistence_mse seasonal_mae seasonal_mse
        binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy
        categorical_hinge hinge huber kl_divergence kullback_leibler_divergence log_cosh logcosh
        mape msle poisson squared_hinge false_negatives false_positives
    """,
    "max": """
        acc auc binary_accuracy categorical_accuracy sparse_categorical_accuracy
        sparse_top_k_categorical_accuracy top_k_categorical_accuracy tag_accuracy token_accuracy
        reward memory_capacity f1_score fbeta_score r2_score binary_io_u io_u mean_io_u one_hot_io_u
        one_hot_mean_io_u precision_at_recall recall_at_precision sensitivity_at_specificity
        specificity_at_sensitivity concordance_correlation pearson_correlation true_negatives
        true_positives
    """,
}
_DIRECTIONS = {
    name: direction
    for direction, names in (*FURTHER.items(), *(row[1:] for row in _TABLE))
    for name in names.split()
}


def direction(name, targets=()):
    """Whether less or more of a score, loss or metric is better.

    Args:
        name: A score of this package, a loss or metric of this package or of Keras as `fit` reports
            it; with or without `val_`, and with the number that Keras appends to a second metric
            of a name (`auc_1`). A name that ends in `_loss` or `_error` is one of which less is
            better.
        targets: Names of several targets, one of which may stand in front, as in `score_mae`.

    Returns:
        `"min"` or `"max"`.

    Raises:
        ValueError: For a name that is not known, such as that of a metric of one's own.

    Example:

    >>> direction("val_nats"), direction("val_accuracy"), direction("decoder_loss")
    ('min', 'max', 'min')
    """
    plain = name.removeprefix("val_")
    if plain not in _DIRECTIONS:
        fronts = [f"{each}_" for each in sorted(targets, key=len) if plain.startswith(f"{each}_")]
        plain = plain.removeprefix(fronts[-1]) if fronts else plain
    for each in (plain, re.sub(r"_\d+$", "", plain)):
        if each in _DIRECTIONS:
            return _DIRECTIONS[each]
        if each.endswith(("_loss", "_error")):
            return "min"
    known = [name[: len(name) - len(plain)] + each for each in _DIRECTIONS]
    raise ValueError(
        f"Whether less or more is better is not known of {name!r}.{nearest(name, known)} "
        f"To tune by it pass keras_tuner.Objective({name!r}, 'min') or 'max'; to stop early by it "
        "say mode='min' or 'max' in the recipe's training"
    )


def compute(of, *values, names=None, decided=None, **options):
    """Scores of one type of target, by name.

    Args:
        of: Type of target, a key of `SCORES`.
        *values: What all scores of the type take, such as references and hypotheses of texts.
        names: Names of scores, or None for the defaults of the type.
        decided: What scores of decisions take in place of the last of `values`, or None for that.
        **options: Further arguments, such as `tokenize` and `lowercase` of texts, or `tokens` and
            `units` of the likelihood. Each score is given those that it has.

    Returns:
        Dict of name to float.

    Raises:
        ValueError: For an unknown name.
        TypeError: For an option that no score of the type has.

    Example:

    >>> compute("texts", ["a cat"], ["a hat"], names=["wer", "cer"])
    {'wer': 0.5, 'cer': 0.2}
    """
    known = SCORES[of]
    accepted = {name: inspect.signature(each.function).parameters for name, each in known.items()}
    for option in options:
        if not any(option in parameters for parameters in accepted.values()):
            raise TypeError(f"No score of {of} has the argument {option!r}")
    result = {}
    for name in DEFAULTS.get(of, known) if names is None else names:
        if name not in known:
            raise ValueError(
                f"Unknown score of {of} {name!r}; known: {', '.join(sorted(known))}."
                f"{nearest(name, known)}"
            )
        chosen = {key: value for key, value in options.items() if key in accepted[name]}
        given = values if decided is None or not known[name].decided else (*values[:-1], decided)
        result[name] = float(known[name].function(*given, **chosen))
    return result


def scores(feature, truth, outputs, names=None, **options):
    """A task's scores, those of its type of target.

    Args:
        feature: Output feature of the model; its `target_type` says which scores there are.
        truth: Encoded targets: class indices `[examples]`, of several labels 1 or 0
            `[examples, classes]`, standardised numbers `[examples, size]`, or a list of such
            sequences of numbers; of several targets `[examples, targets]`, NaN where not known;
            reference texts; lists of tags.
        outputs: Probabilities `[examples, classes]`, standardised numbers or lists of sequences of
            them, texts, or lists of tags.
        names: Scores to compute, or None for the defaults of the feature.
        **options: As in `compute`.

    Returns:
        Dict of name to float.

    Raises:
        ValueError: For an unknown name, or a feature without scores.

    Example:

    >>> label = rnnkit.features.Label(["ham", "spam"])
    >>> scores(label, np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), ["accuracy"])
    {'accuracy': 1.0}
    """
    of = feature.target_type
    if of == "targets":
        return _scores_of_each(feature, truth, outputs, names, options)
    if of not in ("classes", "labels", "ordered", "numbers", "tags", "texts", "values"):
        raise ValueError(
            f"There are no scores for a target of {type(feature).__name__} alone; there are for "
            "classes, also ordered, several labels, numbers, several of these, tags, texts and "
            "sequences of numbers. "
            f"Received: target_type={of!r}"
        )
    if of == "numbers":
        truth, outputs = (feature.in_own_units(values) for values in (truth, outputs))
    if of == "values":
        truth, outputs = (feature.decode(values) for values in (truth, outputs))
    if of == "classes":
        import numpy as np

        # [examples, classes], 1 for the class that is decided for
        options["decided"] = np.eye(outputs.shape[-1])[feature.decide(outputs)]
    if of == "labels":
        options["decided"] = feature.decide(outputs)  # [examples, classes]
    if of == "tags" and names is None and feature.scheme != "plain":
        names = DEFAULTS["entities"]
    return compute(of, truth, outputs, names=names, **options)


def _scores_of_each(feature, truth, outputs, names, options):
    """Scores of several targets, each from the examples that have it."""
    from rnnkit.metrics import targets as several

    if names is None:
        chosen = several.usual_names(feature, SCORES, DEFAULTS)
    else:
        chosen = several.given_names(feature, names, SCORES)
    found = {}
    for target, each, *values in several.parts(feature, truth, outputs):
        if values[0] is None:
            mine = dict.fromkeys(chosen[target], float("nan"))
        else:
            mine = scores(each, *values, chosen[target], **options)
        found |= {f"{target}_{score}": value for score, value in mine.items()}
    return found
