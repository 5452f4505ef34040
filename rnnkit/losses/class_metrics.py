"""Keras' metrics of classes, for targets that are labels or tags."""

import inspect
import re

import keras
from keras import ops

from rnnkit.losses.tags import TagAccuracy
from rnnkit.utils.checks import nearest

# Metrics of one probability, that of the positive class of two.
POSITIVE = {
    "AUC", "BinaryAccuracy", "BinaryCrossentropy", "FalseNegatives", "FalsePositives", "Precision",
    "PrecisionAtRecall", "Recall", "RecallAtPrecision", "SensitivityAtSpecificity",
    "SpecificityAtSensitivity", "TrueNegatives", "TruePositives",
}  # fmt: skip
# Metrics of a probability for each class, with targets that are 1 for one class and 0 for others.
COLUMNS = {
    "CategoricalAccuracy", "CategoricalCrossentropy", "F1Score", "FBetaScore", "OneHotIoU",
    "OneHotMeanIoU", "TopKCategoricalAccuracy",
}  # fmt: skip
# Metrics of what a label is not; they would give a number that says nothing.
OTHERS = {
    "Accuracy", "BinaryIoU", "CategoricalHinge", "CosineSimilarity", "Hinge", "IoU", "KLDivergence",
    "LogCoshError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson", "R2Score", "RootMeanSquaredError",
    "SquaredHinge",
}  # fmt: skip
SPARSE = {
    "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy",
}  # fmt: skip
_LESS_IS_BETTER = {
    "BinaryCrossentropy", "CategoricalCrossentropy", "FalseNegatives", "FalsePositives",
}  # fmt: skip
# What Keras itself tells from the shapes of targets and outputs.
_TOLD_BY_KERAS = {"accuracy", "acc", "crossentropy", "ce"}


@keras.saving.register_keras_serializable(package="rnnkit")
class OfClasses(keras.metrics.Metric):
    """A metric of Keras, given the indices of classes and a probability for each.

    A model with a `Label` makes it of what its `compile` is given. Of two classes the positive one
    is the second of `classes`, in sorted order unless the feature was given another: metrics such
    as `AUC`, `Precision` and `Recall` are given its probability. `F1Score` and `FBetaScore` are
    those of the positive class where they have no `average`. A probability from .5 on is positive,
    unless the metric has `thresholds` of its own: one that a `Detection` chose counts in `infer`
    and `score` alone.

    Args:
        metric: A `keras.metrics.Metric`.
        classes: Number of classes.
        name: Name of the metric, by default that of `metric`.
        dtype: Data type of its sums.

    Call arguments:
        y_true: Indices of classes `[batch]`.
        y_pred: Probabilities `[batch, classes]`.
        sample_weight: Weights `[batch]`, or None.

    Example:

    >>> metric = OfClasses(keras.metrics.Precision(), 2)
    >>> metric.update_state([1, 0, 1], [[0.2, 0.8], [0.4, 0.6], [0.9, 0.1]])
    >>> float(metric.result())
    0.5
    """

    def __init__(self, metric, classes, name=None, dtype=None):
        super().__init__(name=name or metric.name, dtype=dtype)
        self.metric = metric
        self.classes = classes
        kind = type(metric).__name__
        # What Keras' own callbacks ask for.
        self._direction = "down" if kind in _LESS_IS_BETTER else "up"
        self._columns = kind in COLUMNS or _of_columns(metric)
        self._second = kind in ("F1Score", "FBetaScore") and metric.average is None

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth = ops.cast(ops.reshape(y_true, (-1,)), "int32")  # [batch]
        y_pred = ops.convert_to_tensor(y_pred)
        if self._columns:
            truth = ops.one_hot(truth, self.classes)  # [batch, classes]
        else:
            truth, y_pred = ops.cast(truth == 1, y_pred.dtype), y_pred[:, 1]  # [batch]
            if isinstance(self.metric, keras.metrics.MeanMetricWrapper):  # of each last axis
                truth, y_pred = truth[:, None], y_pred[:, None]
        return self.metric.update_state(truth, y_pred, sample_weight)

    def result(self):
        result = self.metric.result()
        return result[1] if self._second else result

    def reset_state(self):
        self.metric.reset_state()

    def get_config(self):
        config = {"name": self.name, "dtype": self.dtype, "classes": self.classes}
        return {**config, "metric": keras.saving.serialize_keras_object(self.metric)}

    @classmethod
    def from_config(cls, config):
        metric = config["metric"]
        if isinstance(metric, dict):
            metric = keras.saving.deserialize_keras_object(metric)
        if not isinstance(metric, keras.metrics.Metric):
            raise ValueError(f"metric must be a metric of Keras. Received: metric={metric!r}")
        return cls(**{**config, "metric": metric})


def of_target(metrics, feature):
    """Metrics as `compile` was given them, such that they are right for a target.

    Args:
        metrics: A metric, its name, a list or a dict of these, or None.
        feature: The output feature. Metrics of other targets than classes, labels and tags stay as
            they are, and so do those that are no metrics of Keras.

    Returns:
        Metrics in the same form.

    Raises:
        ValueError: For metrics that would give another number than their name says; the message
            has what to use instead.

    Example:

    >>> label = rnnkit.features.Label(["ham", "spam"])
    >>> of_target(["accuracy", keras.metrics.AUC(name="auc")], label)
    ['accuracy', <OfClasses name=auc>]
    """
    kinds = {"ordered": _of_label, "labels": _of_labels, "tags": _of_tags, "classes": _of_label}
    if feature.target_type not in kinds:
        return metrics
    if isinstance(metrics, (list, tuple)):
        return [of_target(each, feature) for each in metrics]
    if isinstance(metrics, dict):
        return {key: of_target(each, feature) for key, each in metrics.items()}
    return kinds[feature.target_type](_known(metrics), feature)


def _known(metric):
    """A metric of Keras that is given by name or as a function; all else as it is."""
    if isinstance(metric, str):
        return metric if metric in _TOLD_BY_KERAS else _named(metric)
    if inspect.isfunction(metric) and metric.__module__.startswith("keras."):
        return _named(metric.__name__)
    if inspect.isclass(metric) and issubclass(metric, keras.metrics.Metric):
        return metric()
    return metric


def _named(name):
    """The metric of Keras of that name, called so and not by how many there were before."""
    known = {each.lower().replace("_", ""): each for each in POSITIVE | COLUMNS | OTHERS | SPARSE}
    found = known.get(name.lower().replace("_", ""))
    if found is None:
        return _further(name, known)
    kind = getattr(keras.metrics, found)
    needed = [
        part.name for part in list(inspect.signature(kind).parameters.values())
        if part.default is part.empty and part.kind is part.POSITIONAL_OR_KEYWORD
    ]  # fmt: skip
    if needed:
        raise ValueError(
            f"The metric {name!r} needs {', '.join(needed)}: pass "
            f"keras.metrics.{found}({', '.join(f'{each}=...' for each in needed)})"
        )
    plain = {"AUC": "auc", "FBetaScore": "fbeta_score"}
    return kind(name=plain.get(found) or re.sub(r"(?<!^)(?=[A-Z])", "_", found).lower())


def _further(name, known):
    """The metric of Keras of another name than its own, such as `"mse"`."""
    try:
        found = keras.metrics.get(name)
    except ValueError as error:
        names = [*_TOLD_BY_KERAS, *known.values(), *known]
        raise ValueError(f"There is no metric {name!r}.{nearest(name, names)}") from error
    ours = inspect.isfunction(found) and found.__name__.replace("_", "") in known
    return _named(found.__name__) if ours else found


def _kind(metric):
    """The name of a metric that is Keras' own; of others None."""
    kind = type(metric)
    return kind.__name__ if kind.__module__.startswith("keras.") else None


def _of_tags(metric, feature):
    del feature
    if isinstance(metric, str) and metric in ("accuracy", "acc"):
        return TagAccuracy()
    kind = _kind(metric)
    if kind in POSITIVE | COLUMNS | OTHERS | SPARSE:
        raise ValueError(
            f"metrics of tags must leave padding out, which {kind} of Keras does not: use "
            "rnnkit.losses.TagAccuracy, rnnkit.losses.EntityF1, or model.score. "
            f"Received: {kind}"
        )
    return metric


def _of_labels(metric, feature):
    """Metrics of several labels an example: those of a probability take all labels together."""
    if isinstance(metric, str):
        if metric in ("crossentropy", "ce"):
            return keras.metrics.BinaryCrossentropy(name=metric)
        raise ValueError(
            f"The metric {metric!r} can be read in two ways where an example has several labels: "
            "use 'binary_accuracy' for the fraction of labels that are right, or model.score for "
            "that of examples with all labels right, subset_accuracy. "
            f"Received: {metric!r}"
        )
    kind = _kind(metric)
    if kind in ("F1Score", "FBetaScore") and (metric.threshold is None or metric.average is None):
        raise ValueError(
            f"The metric {kind} takes the most probable label alone, or gives no one number: use "
            f"rnnkit.losses.MicroF1(), or keras.metrics.{kind}(average='macro', threshold=0.5). "
            f"Received: {kind} for a target of several labels"
        )
    if kind in (COLUMNS | OTHERS | SPARSE) - {"F1Score", "FBetaScore"}:
        raise ValueError(
            f"The metric {kind} is not of several labels: use 'binary_accuracy', 'AUC', "
            "'Precision', 'Recall' or rnnkit.losses.MicroF1(). "
            f"Received: {kind} for a target with the labels {feature.names[:20]}"
        )
    return metric


def _of_label(metric, feature):
    kind, classes = _kind(metric), feature.size
    if kind in OTHERS:
        raise ValueError(
            f"The metric {kind} is not of labels: use 'accuracy', 'AUC', 'Precision', 'Recall' or "
            f"'F1Score'. Received: {kind} for a target with the classes {feature.names[:20]}"
        )
    if kind not in POSITIVE | COLUMNS:
        return metric
    averages = kind in ("F1Score", "FBetaScore")
    one = kind in POSITIVE and not _of_columns(metric)
    if classes > 2 and (one or averages and metric.average is None):
        raise ValueError(
            f"The metric {kind} gives no one number for {classes} classes: use "
            f"{_INSTEAD.get(kind, 'model.score')}. Received: {kind} for a target with the classes "
            f"{feature.names[:20]}"
        )
    return OfClasses(metric, classes)


_INSTEAD = {
    "AUC": "keras.metrics.AUC(multi_label=True, num_labels=...), the mean over the classes",
    "BinaryAccuracy": "'accuracy'",
    "BinaryCrossentropy": "'crossentropy'",
    "F1Score": "keras.metrics.F1Score(average='macro')",
    "FBetaScore": "keras.metrics.FBetaScore(average='macro')",
    "Precision": "keras.metrics.Precision(class_id=..., top_k=1), that of one class",
    "Recall": "keras.metrics.Recall(class_id=..., top_k=1), that of one class",
}


def _of_columns(metric):
    """Whether a metric that may be of one probability was asked to be of all classes."""
    if isinstance(metric, keras.metrics.AUC):
        return metric.multi_label
    if isinstance(metric, (keras.metrics.Precision, keras.metrics.Recall)):
        return metric.class_id is not None or metric.top_k is not None
    return False
