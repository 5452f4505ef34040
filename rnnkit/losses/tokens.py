"""Loss and accuracy of sequences of tokens: padding, id 0 among the targets, does not count."""

import keras
from keras import ops

from rnnkit.losses.masked import MeanOfKnown, MeanOfSteps


@keras.saving.register_keras_serializable(package="rnnkit")
class TokenCrossEntropy(MeanOfKnown):
    """Cross-entropy in nats by token, over the tokens that are no padding.

    With smoothing e the target is 1 - e for the true token plus e / V for each of the V tokens
    (Szegedy et al., section 7), which keeps probabilities away from 0 and 1; the loss no longer
    reaches 0 then. Every token of a batch counts the same.

    Args:
        label_smoothing: e, at least 0 and below 1.
        name: Name of the loss.
        dtype: Data type it is computed in.

    Call arguments:
        y_true: Token ids `[batch, time]`, 0 for padding.
        y_pred: Logits `[batch, time, vocabulary]`.
        sample_weight: Weights `[batch]` or `[batch, time]`, or None.

    Returns:
        A scalar; 0 for padding alone.

    Example:

    >>> loss = TokenCrossEntropy()
    >>> round(float(loss([[2, 0]], [[[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]]])), 4)
    1.0986

    Reference:
        Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016,
        https://arxiv.org/abs/1512.00567.
    """

    def __init__(self, label_smoothing=0.0, name="token_cross_entropy", dtype=None):
        super().__init__(name, dtype)
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                "label_smoothing must be at least 0 and below 1. "
                f"Received: label_smoothing={label_smoothing!r}"
            )
        self.label_smoothing = float(label_smoothing)

    def known(self, y_true):
        return ops.not_equal(y_true, 0)

    def values(self, y_true, y_pred):
        y_true = ops.cast(y_true, "int32")
        if not self.label_smoothing:
            return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        # A dense target costs less than the gradients of gathering and averaging logits.
        e, size = self.label_smoothing, y_pred.shape[-1]
        smoothed = ops.one_hot(y_true, size, dtype=self.dtype) * (1 - e) + e / size
        return ops.categorical_crossentropy(smoothed, y_pred, from_logits=True)

    def get_config(self):
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable(package="rnnkit")
class TokenAccuracy(MeanOfSteps):
    """Fraction of the tokens, padding left out, that are the likeliest given those before.

    Example:

    >>> metric = TokenAccuracy()
    >>> metric.update_state([[2, 0]], [[[0.0, 0.0, 1.0], [9.0, 0.0, 0.0]]])
    >>> float(metric.result())
    1.0
    """

    padding = 0

    def __init__(self, name="token_accuracy", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"  # more is better; what Keras' own callbacks ask for

    def known(self, y_true):
        return ops.not_equal(y_true, self.padding)

    def values(self, y_true, y_pred):
        return ops.equal(ops.cast(ops.argmax(y_pred, axis=-1), y_true.dtype), y_true)
