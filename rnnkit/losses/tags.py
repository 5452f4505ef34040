"""Loss and accuracy of a tag for each step; padding and steps without a known tag do not count."""

import keras
from keras import ops

from rnnkit.losses.masked import MeanOfKnown
from rnnkit.losses.tokens import TokenAccuracy


@keras.saving.register_keras_serializable(package="rnnkit")
class TagCrossEntropy(MeanOfKnown):
    """Cross-entropy in nats by step, over the steps whose tag is known. All count the same.

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
        super().__init__(name, dtype)

    def known(self, y_true):
        return ops.greater_equal(y_true, 0)

    def values(self, y_true, y_pred):
        known = self.known(y_true)
        y_true = ops.cast(ops.where(known, y_true, 0), "int32")
        values = ops.sparse_categorical_crossentropy(y_true, y_pred)
        # Outputs after the end of a sequence are no probabilities.
        return ops.where(known, values, 0.0)


@keras.saving.register_keras_serializable(package="rnnkit")
class TagAccuracy(TokenAccuracy):
    """Fraction of the steps with the right tag, of those that have one.

    A tag that training did not have (-2) counts, and no output is right there.

    Example:

    >>> metric = TagAccuracy()
    >>> metric.update_state([[1, -1, -2]], [[[0.2, 0.8], [0.2, 0.8], [0.2, 0.8]]])
    >>> float(metric.result())
    0.5
    """

    padding = -1

    def __init__(self, name="accuracy", dtype=None):
        super().__init__(name, dtype)
