"""Loss and metric of sequences of piano keys, down or not, that say themselves where they end."""

import keras
from keras import ops

from rnnkit.losses.masked import MeanOfKnown, MeanOfSteps, binary_nats


def _nats(y_true, y_pred, dtype):
    """Cross-entropy of each column `[batch, time, columns]`, in nats."""
    return binary_nats(ops.cast(ops.maximum(y_true, 0), dtype), ops.cast(y_pred, dtype))


def _known(y_true):
    """Which steps are no padding `[batch, time]`: those whose columns are not -1."""
    return ops.greater_equal(y_true[..., 0], 0)


@keras.saving.register_keras_serializable(package="rnnkit")
class KeysAndEnd(MeanOfKnown):
    """Negative log-likelihood of a step in nats: of all its keys together, and of the end.

    Call arguments:
        y_true: Targets `[batch, time, keys + 1]`, 1 where a key is down, and in the last column at
            the last step; -1 after the end.
        y_pred: Logits of the same shape, those of each key given the ones chosen before it.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None.

    Returns:
        A scalar: the mean over the steps.

    Example:

    >>> loss = KeysAndEnd()
    >>> round(float(loss([[[1, 0, 1], [-1, -1, -1]]], [[[0.0] * 3, [9.0] * 3]])), 4)  # 3 ln 2
    2.0794
    """

    def __init__(self, name="keys_and_end", dtype=None):
        super().__init__(name, dtype)

    def known(self, y_true):
        return _known(y_true)

    def values(self, y_true, y_pred):
        return ops.sum(_nats(y_true, y_pred, self.dtype), axis=-1)  # [batch, time]


@keras.saving.register_keras_serializable(package="rnnkit")
class KeyNats(MeanOfSteps):
    """Negative log-likelihood of the keys of a step together, in nats, the end left out.

    Example:

    >>> metric = KeyNats()
    >>> metric.update_state([[[1, 0, 1]]], [[[0.0] * 3]])
    >>> round(float(metric.result()), 4)  # 2 ln 2
    1.3863
    """

    def __init__(self, name="nats", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._direction = "down"  # less is better; what Keras' own callbacks ask for

    def known(self, y_true):
        return _known(y_true)

    def values(self, y_true, y_pred):
        return ops.sum(_nats(y_true, y_pred, self.dtype)[..., :-1], axis=-1)  # [batch, time]
