"""Cross-entropy in which rare classes weigh more."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="rnnkit")
class BalancedCrossEntropy(keras.losses.Loss):
    """Cross-entropy of classes, each example weighted by its class: mean of -w[y] log p[y].

    Unlike `class_weight` of `fit`, the weights count in validation as well, and are saved with the
    model.

    Args:
        weights: Weight of each class, such as `Detection.weights` gives them.
        name: Name of the loss.
        dtype: Dtype it is computed in.

    Call arguments:
        y_true: Class indices `[batch]`.
        y_pred: Probabilities `[batch, classes]`.

    Example:

    >>> loss = BalancedCrossEntropy([0.5, 10.0])
    >>> round(float(loss(np.array([1]), np.array([[0.5, 0.5]]))), 4)  # -10 log(0.5)
    6.9315
    """

    def __init__(
        self,
        weights,
        reduction="sum_over_batch_size",
        name="balanced_cross_entropy",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.weights = [float(weight) for weight in weights]
        if not all(weight >= 0 for weight in self.weights):
            raise ValueError(f"weights must not be negative. Received: weights={weights}")

    def call(self, y_true, y_pred):
        y_true = ops.cast(ops.reshape(y_true, (-1,)), "int32")  # [batch]
        weights = ops.take(ops.convert_to_tensor(self.weights, y_pred.dtype), y_true)
        return weights * keras.losses.sparse_categorical_crossentropy(y_true, y_pred)  # [batch]

    def get_config(self):
        return {**super().get_config(), "weights": self.weights}
