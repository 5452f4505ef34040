"""Layers for networks that read a sequence frame by frame, and know where it ends."""

import keras
from keras import ops

# Log-probability of what cannot be: its exponential is 0 in single precision, and sums of many
# stay finite.
IMPOSSIBLE = -1e4


@keras.saving.register_keras_serializable(package="rnnkit")
class MaskedConv1D(keras.layers.Conv1D):
    """A convolution over time that keeps the mask and reads padding as zeros.

    Frame t of the output is centred on step t * strides of the input, so that a sequence of T
    steps gives ceil(T / strides) frames. Masked steps are zero to the convolution, as is what lies
    beyond both ends: a sequence gives the same frames alone and padded in a batch.

    Args:
        filters: Features of the output.
        kernel_size: Steps that a frame is computed from.
        strides: Steps between two frames.
        **kwargs: Other arguments of `keras.layers.Conv1D`; `padding` is not one of them.

    Call arguments:
        sequences: Tensor of steps.
        mask: Boolean tensor `(batch, time)`, False at the steps that do not count.

    Input shape:
        `(batch, time, features)`.

    Output shape:
        `(batch, ceil(time / strides), filters)`.

    Example:

    >>> MaskedConv1D(4, kernel_size=3, strides=2)(keras.ops.ones((1, 5, 2))).shape
    TensorShape([1, 3, 4])
    """

    def __init__(self, filters, kernel_size, strides=1, **kwargs):
        if kwargs.setdefault("padding", "valid") != "valid":
            raise ValueError(
                "padding must be left out: it is always that of whole sequences. "
                f"Received: padding={kwargs['padding']!r}"
            )
        super().__init__(filters, kernel_size, strides, **kwargs)

    def call(self, sequences, mask=None):
        if mask is not None:
            sequences = ops.where(mask[..., None], sequences, ops.zeros_like(sequences))
        width = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        # "same" padding would shift the frames by the length of the longest in the batch.
        ends = [[0, 0], [width // 2, width - width // 2], [0, 0]]
        return super().call(ops.pad(sequences, ends))  # [batch, frames, filters]

    def compute_mask(self, sequences, mask=None):
        return None if mask is None else mask[:, :: self.strides[0]]  # [batch, frames]

    def compute_output_shape(self, input_shape):
        batch, steps, _ = input_shape
        frames = None if steps is None else -(-steps // self.strides[0])
        return (batch, frames, self.filters)


@keras.saving.register_keras_serializable(package="rnnkit")
class FrameLogProbabilities(keras.layers.Layer):
    """Log-probabilities of the classes at each frame; after the end class 0 is certain.

    Masked frames get log-probability 0 for class 0, the blank of connectionist temporal
    classification, and -10,000 for all others. They add nothing but blanks to every alignment, so
    loss and decoding of a padded sequence are those of the sequence alone, without its length. The
    outputs carry no mask.

    Input shape:
        Logits `(batch, frames, classes)`.

    Output shape:
        That of the inputs.

    Example:

    >>> outputs = FrameLogProbabilities()(keras.ops.zeros((1, 1, 2)))
    >>> keras.ops.exp(outputs).numpy().round(4).tolist()
    [[[0.5, 0.5]]]
    """

    def __init__(self, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)

    def call(self, logits, mask=None):
        values = ops.log_softmax(logits, axis=-1)  # [batch, frames, classes]
        if mask is None:
            return values
        after = after_end(logits.shape[-1])  # [classes]
        return ops.where(mask[..., None], values, ops.cast(ops.array(after), values.dtype))

    def compute_mask(self, logits, mask=None):
        return None

    def compute_output_shape(self, input_shape):
        return input_shape


def after_end(classes):
    """Log-probabilities of a frame after the end of its sequence, a list of floats."""
    return [0.0] + [IMPOSSIBLE] * (classes - 1)
