"""Loss and metric of sequences of numbers that say themselves where they end."""

import keras
from keras import ops

from rnnkit.losses.masked import (
    MaskedMeanSquaredError,
    MeanOfKnown,
    OutputErrors,
    binary_nats,
    is_number,
)


class _EndCrossEntropy(MeanOfKnown):
    """Cross-entropy, in nats, of whether a step is the last."""

    def known(self, y_true):
        return is_number(y_true)

    def values(self, y_true, y_pred):
        y_true = ops.cast(y_true, y_pred.dtype)
        return binary_nats(ops.where(is_number(y_true), y_true, 0.0), y_pred)


@keras.saving.register_keras_serializable(package="rnnkit")
class ValuesAndEnd(keras.losses.Loss):
    """Loss of sequences of numbers that say themselves where they end.

    The mean squared error of the numbers plus the cross-entropy, in nats by step, of the last
    column: whether this step is the last. Each known number counts the same, and each step.

    Call arguments:
        y_true: Targets `[batch, time, width + 1]`, the last column 1 at the last step and 0 before;
            NaN where not known and after the end.
        y_pred: Numbers and, in the last column, the logit of the end, of the same shape.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None.

    Returns:
        A scalar.

    Example:

    >>> loss = ValuesAndEnd()
    >>> round(float(loss([[[1.0, 1.0]]], [[[3.0, 0.0]]])), 4)  # 4 + ln 2
    4.6931
    """

    def __init__(self, name="values_and_end", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.errors = MaskedMeanSquaredError(dtype=dtype)
        self.end = _EndCrossEntropy("end", dtype=dtype)

    def __call__(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        errors = self.errors(y_true[..., :-1], y_pred[..., :-1], sample_weight)
        return errors + self.end(y_true[..., -1:], y_pred[..., -1:], sample_weight)

    def get_config(self):
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(package="rnnkit")
class ValueErrors(OutputErrors):
    """As `OutputErrors`, of all columns but the last, which says where a sequence ends."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        super().update_state(y_true[..., :-1], y_pred[..., :-1], sample_weight)
