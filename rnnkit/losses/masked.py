"""Means over the targets that are known: their base classes, and squared and absolute errors."""

import keras
from keras import ops

from rnnkit.utils import replicas


def weights_of(known, sample_weight, dtype):
    """Weight of each target, 0 where it is not known.

    Args:
        known: Which targets are known, `[batch, ...]`.
        sample_weight: Weights `[batch]`, `[batch, ...]` or None.
        dtype: Data type of the result.

    Returns:
        Tensor of the shape of `known`.
    """
    weights = ops.cast(known, dtype)
    if sample_weight is not None:
        sample_weight = ops.cast(sample_weight, dtype)
        while len(sample_weight.shape) < len(weights.shape):
            sample_weight = ops.expand_dims(sample_weight, -1)
        weights = weights * sample_weight
    return weights


def is_number(y_true):
    """Which targets are known where NaN stands for the others."""
    return ops.logical_not(ops.isnan(y_true))


def residuals(y_true, y_pred):
    """Differences to the targets that are known, 0 where a target is NaN."""
    y_true = ops.cast(y_true, y_pred.dtype)
    known = is_number(y_true)
    # NaN is replaced before the difference is taken: a NaN that is only masked afterwards would
    # still reach the gradient.
    difference = ops.where(known, y_pred, 0.0) - ops.where(known, y_true, 0.0)
    return ops.where(known, difference, 0.0)


def binary_nats(truth, logits):
    """Cross-entropy in nats of what is 0 or 1, for logits."""
    return ops.softplus(logits) - truth * logits


class MeanOfKnown(keras.losses.Loss):
    """Base of losses that are a mean over the targets that are known.

    A subclass defines `known`, and `values`, which gives a finite value for every target, known or
    not. All known targets of a batch count the same, in however many examples they are.

    Args:
        name: Name of the loss.
        dtype: Data type it is computed in.
    """

    def __init__(self, name, dtype=None):
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype=dtype)

    def known(self, y_true):
        """Which targets are known, a tensor of the shape of what `values` gives."""
        raise NotImplementedError(f"{type(self).__name__} must define known()")

    def values(self, y_true, y_pred):
        """The loss of each target, for outputs in the data type of the loss."""
        raise NotImplementedError(f"{type(self).__name__} must define values()")

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.cast(y_pred, self.dtype)
        values = self.values(y_true, y_pred)
        weights = weights_of(self.known(y_true), sample_weight, self.dtype)
        # Keras reduces the values and not the outputs, whose mask it would take into account: the
        # targets alone say what counts.
        return super().__call__(weights, values, weights) * replicas.share(ops.sum(weights))

    def call(self, y_true, y_pred):
        return y_pred

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


class MeanOfSteps(keras.metrics.Mean):
    """Base of metrics that are a mean over the steps that count, of all batches alike.

    A subclass defines `known` and `values` as for `MeanOfKnown`, of steps `[batch, time]`. Keras'
    own takes the mean over the time of each batch first, padding included, so that a step of a
    batch padded to twice the length would count half.
    """

    def known(self, y_true):
        """Which steps count, `[batch, time]`."""
        raise NotImplementedError(f"{type(self).__name__} must define known()")

    def values(self, y_true, y_pred):
        """The value of each step, `[batch, time]`."""
        raise NotImplementedError(f"{type(self).__name__} must define values()")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        values = ops.cast(self.values(y_true, y_pred), self.dtype)
        weights = weights_of(self.known(y_true), sample_weight, self.dtype)
        super().update_state(ops.reshape(values, (-1,)), ops.reshape(weights, (-1,)))


@keras.saving.register_keras_serializable(package="rnnkit")
class MaskedMeanSquaredError(MeanOfKnown):
    """Mean squared error over the targets that are not NaN.

    Every known target of a batch counts the same, in however many examples and steps they are.
    Padding has NaN as target, so it never counts.

    Call arguments:
        y_true: Targets `[batch, time, width]`, NaN where not known.
        y_pred: Outputs of the same shape.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None.

    Returns:
        A scalar; 0 where no target is known.

    Example:

    >>> loss = MaskedMeanSquaredError()
    >>> float(loss([[[1.0], [float("nan")]]], [[[3.0], [7.0]]]))
    4.0
    """

    def __init__(self, name="masked_mean_squared_error", dtype=None):
        super().__init__(name, dtype)

    def known(self, y_true):
        return is_number(y_true)

    def values(self, y_true, y_pred):
        return ops.square(residuals(y_true, y_pred))


@keras.saving.register_keras_serializable(package="rnnkit")
class OutputErrors(keras.metrics.Metric):
    """Mean absolute error over the targets that are not NaN; it keeps the squares by output too.

    Args:
        outputs: Numbers in a step of the outputs.
        name: Name of the metric.
        dtype: Data type of its sums.

    Example:

    >>> metric = OutputErrors(1)
    >>> metric.update_state([[[1.0], [float("nan")]]], [[[3.0], [7.0]]])
    >>> float(metric.result())
    2.0
    """

    def __init__(self, outputs, name="mean_absolute_error", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.outputs = int(outputs)
        self._direction = "down"  # less is better; what Keras' own callbacks ask for

        def sums(name):
            return self.add_variable((self.outputs,), "zeros", name=name)

        self.absolute, self.squares, self.count = sums("absolute"), sums("squares"), sums("count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        weights = weights_of(is_number(y_true), sample_weight, self.dtype)
        errors = residuals(y_true, ops.cast(y_pred, self.dtype))
        axes = tuple(range(len(errors.shape) - 1))
        for variable, values in (
            (self.absolute, weights * ops.abs(errors)),
            (self.squares, weights * ops.square(errors)),
            (self.count, weights),
        ):
            variable.assign_add(ops.sum(values, axis=axes))

    def result(self):
        return ops.divide_no_nan(ops.sum(self.absolute), ops.sum(self.count))

    def root_mean_squares(self):
        """Root mean squared error of each output, NumPy `[outputs]`, NaN where none was known."""
        squares, count = map(ops.convert_to_numpy, (self.squares, self.count))
        result = squares.astype("float64")
        result[count == 0] = float("nan")
        result[count > 0] = (result[count > 0] / count[count > 0]) ** 0.5
        return result

    def get_config(self):
        return {**super().get_config(), "outputs": self.outputs}
