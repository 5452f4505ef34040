"""Loss and accuracy of a tag a step: what has no known tag, padding among it, does not count."""

import keras
from keras import ops

from rnnkit.losses.masked import MeanOfKnown, MeanOfSteps, step_weights


@keras.saving.register_keras_serializable(package="rnnkit")
class TagCrossEntropy(MeanOfKnown):
    """Cross-entropy in nats a step, over the steps whose tag is known. All count the same.

    Call arguments:
        y_true: Ids of the tags `[batch, time]`; below 0 where not known.
        y_pred: Probabilities `[batch, time, tags]`.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None.

    Returns:
        A scalar; 0 where no tag is known.

    Example:

    >>> loss = TagCrossEntropy()
    >>> round(float(loss([[1, -1]], [[[0.5, 0.5], [0.9, 0.1]]])), 4)
    0.6931
    """

    def __init__(self, name="tag_cross_entropy", dtype=None):
        super().__init__(name=name, reduction="sum_over_batch_size", dtype=dtype)

    def call(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        known = y_true >= 0
        values = ops.sparse_categorical_crossentropy(ops.where(known, y_true, 0), y_pred)
        weights = step_weights(known, sample_weight, self.dtype)
        total = ops.sum(weights)
        # Outputs after the end of a sequence are no probabilities.
        values = ops.where(known, ops.cast(values, self.dtype), 0.0)
        return ops.sum(values * weights) / ops.where(total > 0, total, 1.0)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(package="rnnkit")
class TagAccuracy(MeanOfSteps):
    """Share of steps with the right tag, of those that have one.

    A tag that training did not have (-2) counts, and no output is right there.

    Example:

    >>> metric = TagAccuracy()
    >>> metric.update_state([[1, -1, -2]], [[[0.2, 0.8], [0.2, 0.8], [0.2, 0.8]]])
    >>> float(metric.result())
    0.5
    """

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        right = ops.equal(ops.cast(ops.argmax(y_pred, axis=-1), "int32"), y_true)  # [batch, time]
        weights = step_weights(ops.not_equal(y_true, -1), sample_weight, self.dtype)
        self.add(ops.cast(right, self.dtype), weights)
