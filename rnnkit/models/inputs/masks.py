"""Which steps of a sequence there are, from the encoded input alone."""

import keras
from keras import ops

from rnnkit.layers.missing import until_last


def present_steps(inputs):
    """Which steps of padded inputs there are.

    From release 3.16 on Keras passes no mask through recurrent layers and their wrappers. So a
    model hands this one to every layer that needs one.

    Args:
        inputs: Encoded inputs, a tensor or a Keras tensor: ids `[batch, time]`, or those of words
            followed by those of their characters `[batch, time, 1 + characters]`, padded with 0;
            or numbers `[batch, time, ...]`, which go on to the last step that is not all NaN.

    Returns:
        Boolean `[batch, time]`.
    """
    rank = len(inputs.shape)
    if "float" not in keras.backend.standardize_dtype(inputs.dtype):
        return ops.not_equal(inputs if rank == 2 else inputs[..., 0], 0)
    known = ops.logical_not(ops.isnan(inputs))
    return until_last(ops.any(known, axis=tuple(range(2, rank))))
