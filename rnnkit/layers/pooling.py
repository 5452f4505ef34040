"""Pooling over time that never counts padding."""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import one_of

MODES = ("mean", "max", "sum", "mean_max")


@keras.saving.register_keras_serializable(package="rnnkit")
class SequencePooling(Configured, keras.layers.Layer):
    """Reduces the time axis of a sequence, leaving masked steps out.

    Keras' `GlobalMaxPooling1D` ignores the mask; this layer does not.

    Args:
        mode: `"mean"`, `"max"`, `"sum"`, or `"mean_max"`: both, concatenated.

    Call arguments:
        inputs: Tensor `[batch, time, units]`.
        mask: Boolean tensor `[batch, time]`, or None. A row that is masked altogether gives zeros.

    Output shape:
        `[batch, units]`, or `[batch, 2 * units]` for `"mean_max"`.

    Example:

    >>> x = keras.ops.array([[[1.0], [5.0], [9.0]]])
    >>> SequencePooling("mean")(x, mask=keras.ops.array([[True, True, False]]))
    <tf.Tensor: shape=(1, 1), dtype=float32, numpy=array([[3.]], dtype=float32)>
    """

    def __init__(self, mode="mean", **kwargs):
        super().__init__(**kwargs)
        self.mode = one_of(mode, "mode", MODES)

    def call(self, inputs, mask=None):
        if mask is None:
            kept = ops.ones(ops.shape(inputs)[:2] + (1,), inputs.dtype)
        else:
            kept = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)  # [batch, time, 1]
        results = []
        if self.mode == "max" or self.mode == "mean_max":
            # The most negative number of the dtype instead of minus infinity, which would turn
            # an all-masked row into NaN gradients.
            lowest = -6e4 if inputs.dtype == "float16" else -1e30
            highest = ops.max(ops.where(kept > 0, inputs, lowest), axis=1)  # [batch, units]
            results.append(ops.where(ops.any(kept > 0, axis=1), highest, 0.0))
        if self.mode != "max":
            total = ops.sum(inputs * kept, axis=1)  # [batch, units]
            if self.mode != "sum":
                total = total / ops.maximum(ops.sum(kept, axis=1), 1.0)
            results.insert(0, total)
        return results[0] if len(results) == 1 else ops.concatenate(results, axis=-1)

    def compute_mask(self, inputs, mask=None):
        return None  # the time axis, and with it the mask, is gone

    def compute_output_shape(self, input_shape):
        width = input_shape[-1] * (2 if self.mode == "mean_max" else 1)
        return (input_shape[0], width)
