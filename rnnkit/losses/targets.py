"""The loss and the metrics of several targets an example."""

import keras
import numpy as np
from keras import ops

from rnnkit.utils.checks import integer, number, one_of, require

TYPES = ("classes", "ordered", "numbers")


@keras.saving.register_keras_serializable(package="rnnkit")
class TargetsLoss(keras.losses.Loss):
    """The weighted mean of the losses of several targets, each relative to its naive answer's.

    Of classes the loss is the cross-entropy, times the weight of the class where there are such; of
    numbers the squared error of standardised values. It is divided by what the naive answer gets
    in training: for classes their fractions there, for numbers the mean. So each target begins near
    1, whatever its unit and however many or rare its classes are, and 0.3 of it is the part of the
    naive loss that is left.

    L_i = sum_k v_k known_ik l_ik / (n_k r_k) / sum_k v_k, with the weights v of the targets, their
    naive losses n, and the fraction r of the examples of training that have them. A target that is
    not known (NaN) adds nothing, and those that are known make up for it by r.

    Args:
        types: List of `"classes"`, `"ordered"` or `"numbers"`, one for each target.
        sizes: List of the number of classes of each, 1 for numbers.
        scales: List of what each loss is multiplied with, v / (n r sum v).
        class_weights: List with the weights of the classes of each target, empty for none; or None.
        reduction, name, dtype: As in Keras.

    Call arguments:
        y_true: Class indices and standardised numbers `[batch, targets]`, NaN where not known.
        y_pred: Probabilities and numbers `[batch, sum(sizes)]`, side by side.

    Example:

    >>> loss = TargetsLoss(["classes", "numbers"], [2, 1], [1.0, 0.5])
    >>> truth, outputs = np.array([[0.0, 1.0]]), np.array([[0.5, 0.5, 3.0]])
    >>> round(float(loss(truth, outputs)), 4)  # log 2 + 2
    2.6931
    """

    def __init__(
        self,
        types,
        sizes,
        scales,
        class_weights=None,
        reduction="sum_over_batch_size",
        name="targets_loss",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.types, self.sizes, self.class_weights, self.scales = _checked(
            types, sizes, class_weights, scales=scales
        )

    @classmethod
    def of(cls, feature, balance=0.0):
        """The loss of a `rnnkit.features.Targets`.

        Args:
            feature: The adapted feature.
            balance: How much more rare classes weigh of its targets that are a `Detection`; see
                `Detection.weights`.
        """
        weights, class_weights, losses_of_naive = _parts(feature, balance)
        rows = zip(weights, losses_of_naive, feature.known, strict=True)
        scales = [weight / (of_naive * known) / sum(weights) for weight, of_naive, known in rows]
        return cls(feature.types, feature.sizes, scales, class_weights)

    def call(self, y_true, y_pred):
        parts = losses(y_true, y_pred, self.types, self.sizes, self.class_weights)
        return sum(scale * part for scale, (part, _) in zip(self.scales, parts, strict=True))

    def get_config(self):
        return {
            **super().get_config(),
            "types": self.types,
            "sizes": self.sizes,
            "scales": self.scales,
            "class_weights": self.class_weights,
        }


def losses(y_true, y_pred, types, sizes, class_weights=None):
    """The loss of each target, not divided by anything.

    Args:
        y_true, y_pred: As of `TargetsLoss`, `[batch, targets]` and `[batch, sum(sizes)]`.
        types, sizes, class_weights: Likewise.

    Returns:
        List of pairs: the losses `[batch]`, 0 where the target is not known, and where it is.
    """
    y_true = ops.cast(y_true, y_pred.dtype)
    start, found = 0, []
    for index, (of, size) in enumerate(zip(types, sizes, strict=True)):
        known, truth = _known(y_true[:, index])  # each [batch]
        part = y_pred[:, start : start + size]  # [batch, size]
        start += size
        if of == "numbers":
            # NaN must not reach the gradient, see `rnnkit.losses.masked.residuals`.
            values = ops.square(truth - part[:, 0])
        else:
            truth = ops.cast(truth, "int32")
            values = keras.losses.sparse_categorical_crossentropy(truth, part)
            if class_weights and class_weights[index]:
                weights = ops.convert_to_tensor(class_weights[index], y_pred.dtype)
                values = values * ops.take(weights, truth)
        found.append((ops.where(known, values, 0.0), known))
    return found


def naive(fractions, class_weights=()):
    """The loss of the naive answer to a target.

    Args:
        fractions: The fraction of each class in training, or empty for a standardised number,
            whose variance is 1.
        class_weights: The weight of each class, or empty for 1 each.

    Returns:
        -sum_c w_c f_c log q_c, with q_c = w_c f_c / sum w f, the best probabilities that are the
        same for all examples; 1 for numbers.

    Example:

    >>> round(naive([0.5, 0.5]), 4)
    0.6931
    """
    if not len(fractions):
        return 1.0
    mass = np.asarray(fractions, "float64") * (class_weights or 1.0)
    mass = mass[mass > 0]
    return max(float(-(mass * np.log(mass / mass.sum())).sum()), 1e-3)


@keras.saving.register_keras_serializable(package="rnnkit")
class TargetMetric(keras.metrics.Mean):
    """Accuracy of a target of classes, or the mean absolute error of a standardised number.

    Args:
        index: Which of the targets.
        of: Its type, `"classes"`, `"ordered"` or `"numbers"`.
        start: Where its outputs begin.
        size: How many they are.
        name: Name of the metric.
        dtype: Data type of its sums.

    Call arguments:
        y_true, y_pred: As in `TargetsLoss`; what is not known does not count.
        sample_weight: Weights `[batch]`, or None.

    Example:

    >>> metric = TargetMetric(1, "numbers", 2, 1)
    >>> metric.update_state([[0.0, 1.0], [1.0, float("nan")]], [[0.9, 0.1, 3.0], [0.5, 0.5, 9.0]])
    >>> float(metric.result())
    2.0
    """

    def __init__(self, index, of, start, size, name="target_metric", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.index = integer(index, "index", least=0)
        self.of = one_of(of, "of", TYPES)
        self.start, self.size = integer(start, "start", least=0), integer(size, "size")
        self._direction = "down" if of == "numbers" else "up"  # what Keras' own callbacks ask for

    @classmethod
    def all_of(cls, feature, balance=0.0):
        """Those of a `rnnkit.features.Targets`, in order: `label_accuracy`,
        `score_mean_absolute_error`, and the `RelativeLoss` of all together; arguments as of
        `TargetsLoss.of`."""
        found = []
        for index, (name, each, part) in enumerate(feature.parts):
            numbers = each.target_type == "numbers"
            called = f"{name}_{'mean_absolute_error' if numbers else 'accuracy'}"
            size = part.stop - part.start
            found.append(cls(index, each.target_type, part.start, size, called.replace("/", "_")))
        return [*found, RelativeLoss.of(feature, balance)]

    def update_state(self, y_true, y_pred, sample_weight=None):
        known, truth = _known(ops.cast(y_true, self.dtype)[:, self.index])  # each [batch]
        part = ops.cast(y_pred, self.dtype)[:, self.start : self.start + self.size]
        if self.of == "numbers":
            values = ops.abs(part[:, 0] - truth)
        else:
            values = ops.equal(ops.argmax(part, axis=-1), ops.cast(truth, "int64"))
        weights = ops.cast(known, self.dtype)
        if sample_weight is not None:
            weights = weights * ops.reshape(ops.cast(sample_weight, self.dtype), (-1,))
        super().update_state(ops.cast(values, self.dtype), weights)

    def get_config(self):
        config = {"name": self.name, "dtype": self.dtype, "index": self.index, "of": self.of}
        return {**config, "start": self.start, "size": self.size}


@keras.saving.register_keras_serializable(package="rnnkit")
class RelativeLoss(keras.metrics.Metric):
    """The part of the naive answers' losses that is left, of several targets together.

    As `TargetsLoss`, but a target that is answered worse than naively counts as one that is
    answered naively: sum_k v_k min(L_k / n_k, 1) / sum_k v_k, with the mean losses L of all
    examples that have the target, their naive losses n and the weights v. So a target that cannot
    be learned, whose loss only grows as training data is learned by heart, does not hide that
    others still improve: early stopping of recipes watches this.

    Args:
        types, sizes, class_weights: As of `TargetsLoss`.
        naive: List of the naive loss of each target.
        weights: List of the weight of each.
        name, dtype: As in Keras.

    Call arguments:
        y_true, y_pred: As of `TargetsLoss`; what is not known does not count.
        sample_weight: Weights `[batch]`, or None.

    Example:

    >>> metric = RelativeLoss(["numbers", "numbers"], [1, 1], naive=[1.0, 1.0], weights=[1.0, 1.0])
    >>> metric.update_state([[0.0, 0.0]], [[0.5, 3.0]])  # .25 of the naive loss, and 9 times it
    >>> float(metric.result())
    0.625
    """

    def __init__(
        self, types, sizes, naive, weights, class_weights=None, name="relative_loss", dtype=None
    ):
        super().__init__(name=name, dtype=dtype)
        self.types, self.sizes, self.class_weights, self.naive, self.weights_of_targets = _checked(
            types, sizes, class_weights, naive=naive, weights=weights
        )
        self._direction = "down"  # what Keras' own callbacks ask for
        self.total = self.add_weight(shape=(len(types),), initializer="zeros", name="total")
        self.count = self.add_weight(shape=(len(types),), initializer="zeros", name="count")

    @classmethod
    def of(cls, feature, balance=0.0):
        """That of a `rnnkit.features.Targets`; arguments as of `TargetsLoss.of`."""
        weights, class_weights, losses_of_naive = _parts(feature, balance)
        return cls(feature.types, feature.sizes, losses_of_naive, weights, class_weights)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.cast(y_pred, self.dtype)
        weights = ops.ones(ops.shape(y_pred)[:1], self.dtype)
        if sample_weight is not None:
            weights = ops.reshape(ops.cast(sample_weight, self.dtype), (-1,))
        parts = losses(y_true, y_pred, self.types, self.sizes, self.class_weights)
        total = [ops.sum(weights * part) for part, _ in parts]
        count = [ops.sum(weights * ops.cast(known, self.dtype)) for _, known in parts]
        self.total.assign_add(ops.stack(total))
        self.count.assign_add(ops.stack(count))

    def result(self):
        naive, weights = (
            ops.convert_to_tensor(each, self.dtype)
            for each in (self.naive, self.weights_of_targets)
        )
        weights = weights * ops.cast(self.count > 0, self.dtype)  # those that any example had
        left = ops.divide_no_nan(self.total, self.count) / naive
        return ops.divide_no_nan(ops.sum(weights * ops.minimum(left, 1.0)), ops.sum(weights))

    def get_config(self):
        config = {"name": self.name, "dtype": self.dtype, "types": self.types, "sizes": self.sizes}
        config |= {"naive": self.naive, "weights": self.weights_of_targets}
        return {**config, "class_weights": self.class_weights}


def _checked(types, sizes, class_weights, **numbers):
    """Types, sizes, weights of classes and lists of numbers of the targets, refused unless they are
    of as many targets each."""
    given = {"types": types, "sizes": sizes, **numbers}
    given |= {} if class_weights is None else {"class_weights": class_weights}
    require(
        all(isinstance(each, (list, tuple)) and len(each) == len(sizes) for each in given.values()),
        f"{', '.join(list(given)[:-1])} and {list(given)[-1]} must be lists of the same length",
        **given,
    )
    types = [one_of(each, "types", TYPES) for each in types]
    sizes = [integer(each, "sizes") for each in sizes]
    lists = [[number(each, name, above=0) for each in row] for name, row in numbers.items()]
    class_weights = class_weights and [
        [number(each, "class_weights", least=0) for each in row] for row in class_weights
    ]
    for row, size in zip(class_weights or (), sizes, strict=False):
        require(not row or len(row) == size, "class_weights must have each class", row=row)
    return types, sizes, class_weights, *lists


def _parts(feature, balance):
    """Of each target its weight, those of its classes (None if no target has any), and the loss of
    its naive answer."""
    class_weights = []
    for name in feature.names:
        target = feature.targets[name]
        detects = balance and hasattr(target, "positive")
        class_weights.append(target.weights(balance) if detects else [])
    weights = [float((feature.weights or {}).get(name, 1.0)) for name in feature.names]
    rows = zip(feature.fractions, class_weights, strict=True)
    return weights, class_weights if any(class_weights) else None, [naive(*row) for row in rows]


def _known(truth):
    """Which targets are known, and the targets with 0 where they are not."""
    known = ops.logical_not(ops.isnan(truth))
    return known, ops.where(known, truth, 0.0)
