"""Single steps of recurrent layers, for decoders that feed their outputs back."""

import keras

from rnnkit.layers.stack import RecurrentStack, StepwiseDense, is_recurrent


def state_sizes(layer):
    """Sizes of the states of a recurrent layer or stack of one direction, bottom first.

    Args:
        layer: What `rnnkit.layers.recurrent` makes.

    Returns:
        A list with a list of sizes for each layer: `[[units]]` for one GRU, `[[units, units]]`
        for one LSTM, `[[]]` for a layer without memory.
    """
    if isinstance(layer, RecurrentStack):
        return [sizes for each in layer.layers if is_recurrent(each) for sizes in state_sizes(each)]
    return [list(layer.state_size)]


def step(layer, inputs, states):
    """One step of a recurrent layer, as in inference: its loop over time, left out.

    Args:
        layer: What `rnnkit.layers.recurrent` makes, of one direction.
        inputs: Tensor `[batch, features]`.
        states: List of tensors `[batch, size]`, in the order of `state_sizes`.

    Returns:
        The pair of outputs `[batch, units]` and the list of new states.
    """
    if isinstance(layer, RecurrentStack):
        left, new, read = list(states), [], []
        for each in layer.layers:
            if not is_recurrent(each):
                inputs = each(inputs[:, None], training=False)[:, 0]  # dropout, at rest
                continue
            count = len(state_sizes(each)[0])
            inputs, after = step(each, inputs, left[:count])
            left, new = left[count:], new + after
            read.append(inputs)
        return (keras.ops.concatenate(read, -1) if layer.read_all else inputs), new
    if isinstance(layer, StepwiseDense):
        return layer(inputs[:, None])[:, 0], []
    outputs, states = layer.cell(inputs, list(states), training=False)
    return outputs, list(states) if isinstance(states, (list, tuple)) else [states]
