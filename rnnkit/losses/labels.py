"""The metric of several labels an example in training."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="rnnkit")
class MicroF1(keras.metrics.Metric):
    """F1 of all labels of all examples together: 2 tp / (2 tp + fp + fn).

    Probabilities count from one threshold on. Those that a `Labels` chose for each label count in
    `infer` and `score` alone.

    Args:
        threshold: Probability from which on an example has a label.
        name: Name of the metric.
        dtype: Data type of its sums.

    Call arguments:
        y_true: 1 or 0, `[batch, labels]`.
        y_pred: Probabilities `[batch, labels]`.
        sample_weight: Weights `[batch]`, or None.

    Example:

    >>> metric = MicroF1()
    >>> metric.update_state([[1, 0], [1, 1]], [[0.9, 0.8], [0.7, 0.1]])
    >>> round(float(metric.result()), 4)  # tp 2, fp 1, fn 1
    0.6667
    """

    def __init__(self, threshold=0.5, name="micro_f1", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.threshold = threshold
        self._direction = "up"  # what Keras' own callbacks ask for
        self.right = self.add_weight(shape=(), initializer="zeros", name="right")
        self.both = self.add_weight(shape=(), initializer="zeros", name="both")

    def update_state(self, y_true, y_pred, sample_weight=None):
        truth = ops.cast(y_true, self.dtype)  # [batch, labels]
        chosen = ops.cast(ops.convert_to_tensor(y_pred) >= self.threshold, self.dtype)
        right, both = truth * chosen, truth + chosen
        if sample_weight is not None:
            weights = ops.reshape(ops.cast(sample_weight, self.dtype), (-1, 1))  # [batch, 1]
            right, both = right * weights, both * weights
        self.right.assign_add(ops.sum(right))
        self.both.assign_add(ops.sum(both))

    def result(self):
        return ops.divide_no_nan(2 * self.right, self.both)

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}
