"""Loss and accuracy of sequences of tokens: padding, id 0 among the targets, does not count."""

import keras
from keras import ops

from rnnkit.losses.masked import MeanOfKnown, MeanOfSteps, step_weights


def _mean(values, weights):
    total = ops.sum(weights)
    return ops.sum(values * weights) / ops.where(total > 0, total, 1.0)


@keras.saving.register_keras_serializable(package="rnnkit")
class TokenCrossEntropy(MeanOfKnown):
    """Cross-entropy in nats a token, over the tokens that are no padding.

    With smoothing e the target is 1 - e for the true token plus e / V for each of the V tokens
    (Szegedy et al., section 7), which keeps a network from being too sure; the loss then no longer
    reaches 0. Every token of a batch counts the same.

    Args:
        label_smoothing: e, at least 0 and below 1.
        name: Name of the loss.
        dtype: Dtype it is computed in.

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
        super().__init__(name=name, reduction="sum_over_batch_size", dtype=dtype)
        if not 0 <= label_smoothing < 1:
            raise ValueError(
                "label_smoothing must be at least 0 and below 1. "
                f"Received: label_smoothing={label_smoothing!r}"
            )
        self.label_smoothing = float(label_smoothing)

    def call(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.cast(y_true, "int32"), ops.cast(y_pred, self.dtype)
        if self.label_smoothing:
            # A dense target costs less than the gradients of gathering and averaging logits.
            e, size = self.label_smoothing, y_pred.shape[-1]
            smoothed = ops.one_hot(y_true, size, dtype=self.dtype) * (1 - e) + e / size
            values = ops.categorical_crossentropy(smoothed, y_pred, from_logits=True)
        else:
            values = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)
        return _mean(values, step_weights(ops.not_equal(y_true, 0), sample_weight, self.dtype))

    def get_config(self):
        return {"label_smoothing": self.label_smoothing, "name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(package="rnnkit")
class TokenAccuracy(MeanOfSteps):
    """Share of tokens, padding left out, that are the likeliest given those before.

    Example:

    >>> metric = TokenAccuracy()
    >>> metric.update_state([[2, 0]], [[[0.0, 0.0, 1.0], [9.0, 0.0, 0.0]]])
    >>> float(metric.result())
    1.0
    """

    def __init__(self, name="token_accuracy", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(y_true, "int32")
        right = ops.equal(ops.argmax(y_pred, axis=-1), y_true)  # [batch, time]
        weights = step_weights(ops.not_equal(y_true, 0), sample_weight, self.dtype)
        self.add(ops.cast(right, self.dtype), weights)
