"""Recurrent layers run step by step, so that every state can be seen.

A recurrent layer is one call over the whole sequence, often one fused kernel, and returns its last
states only. Within `unrolled` the loop over time of some layers is replaced by another, which calls
the layer's own cell with its own weights, step by step, in eager mode. All around it (masks,
directions, what lies between layers, the loss) is the model's own. The first steps are compared
with those of the layer's own loop.
"""

import contextlib

import keras
import numpy as np
import tensorflow as tf

# Steps that are compared with the layer's own loop.
CHECKED = 8
# Difference allowed, as a fraction of the largest output: kernels round in their own ways.
TOLERANCE = {"float64": 1e-6, "float32": 2e-3}


class Run:
    """One call of a recurrent layer, step by step, in the order in which it reads.

    Attributes:
        name: Name of the layer; see `rnnkit.diagnostics.layer_names`.
        layer: The `keras.layers.RNN`.
        inputs: A tensor `[batch, features]` for each step.
        before: For each step the flat list of states `[batch, size]` that it reads.
        after: For each step the flat list of states that the cell gives.
        kept: The same where the mask counts; where not, those of the step before.
        outputs: For each step the output of the cell, `[batch, size]`.
        output_states: For each step the index of the state that is the output, or None.
        mask: Boolean `[batch, time]` in the order of reading, or None.
    """

    def __init__(self, name, layer):
        self.name, self.layer = name, layer
        self.inputs, self.before, self.after, self.kept = [], [], [], []
        self.outputs, self.output_states, self.mask = [], [], None

    @property
    def in_decoder(self):
        """Whether the layer belongs to a decoder, which reads targets."""
        return self.name.split("/")[0].split(" ")[0].endswith("decoder")

    @property
    def state_names(self):
        """The names of the states."""
        layer, count = self.layer, len(self.after[0])
        if count == 1:
            return ["hidden"]
        if count == 2 and "LSTM" in type(layer).__name__ + type(layer.cell).__name__:
            return ["hidden", "cell"]
        return [f"state {number}" for number in range(1, count + 1)]

    def in_time(self, steps):
        """An array `[batch, time, ...]` of one for each step, in the order of the input."""
        array = np.stack([np.asarray(each, "float64") for each in steps], axis=1)
        return array[:, ::-1] if self.layer.go_backwards else array

    @property
    def counted(self):
        """Which steps count: boolean NumPy `[batch, time]`, in the order of the input."""
        shape = (int(self.inputs[0].shape[0]), len(self.inputs))
        mask = np.ones(shape, bool) if self.mask is None else np.asarray(self.mask, bool)
        return mask[:, ::-1] if self.layer.go_backwards else mask


@contextlib.contextmanager
def unrolled(chosen, tape=None):
    """Within the block, the given layers run step by step when the model is called.

    Keras has no other way to see the states of a layer inside a model: the attribute `inner_loop`
    of each layer, which is the method that runs over time, is set to another function and deleted
    at the end. `use_cudnn`, which lets a `Bidirectional` run both layers in one kernel, is off
    meanwhile, but for the comparison with the layer's own loop.

    Args:
        chosen: List of `rnnkit.diagnostics.recurrent_layers.NamedLayer`.
        tape: `tf.GradientTape` that is to watch states and outputs, or None.

    Yields:
        A list that gets a `Run` for every call of one of the layers. The states of stateful
        layers are as before at the end.
    """
    runs, switches = [], contextlib.ExitStack()
    with switches:
        for name, layer, wrapper in chosen:
            own = layer.inner_loop
            if wrapper is not None and isinstance(layer, (keras.layers.LSTM, keras.layers.GRU)):
                own = _with_cudnn(layer, own)
                switches.callback(setattr, layer, "use_cudnn", layer.use_cudnn)
                layer.use_cudnn = False
            switches.callback(delattr, layer, "inner_loop")
            layer.inner_loop = _loop(name, layer, own, runs, tape)
            if layer.stateful and layer.states is not None:
                for state in keras.tree.flatten(layer.states):
                    switches.callback(state.assign, tf.identity(state))
        yield runs


def _with_cudnn(layer, loop):
    """A layer's own loop, run with the layer's own `use_cudnn`."""
    allowed = layer.use_cudnn

    def run(*args, **kwargs):
        layer.use_cudnn = allowed
        try:
            return loop(*args, **kwargs)
        finally:
            layer.use_cudnn = False

    return run


def _loop(name, layer, original, runs, tape):
    """The loop that replaces `keras.layers.RNN.inner_loop`."""

    def watched(tensor):
        if tape is not None:
            tape.watch(tensor)
        return tensor

    def loop(sequences, initial_state, mask, training=False):
        if not tf.executing_eagerly():  # Keras only asks for shapes
            return original(sequences, initial_state, mask=mask, training=training)
        arguments = sequences, initial_state, mask
        structure = initial_state if isinstance(initial_state, (list, tuple)) else [initial_state]
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        steps = sequences.shape[1]
        if not steps:
            raise ValueError(f"x must have at least one step. Received: shape {sequences.shape}")
        order = range(steps - 1, -1, -1) if layer.go_backwards else range(steps)
        trains = "training" in layer.cell.call_signature_parameters
        options = {"training": training} if trains else {}
        run, results, result = Run(name, layer), [], None
        # Watched from the start: what the first step computes of them is recorded, too.
        states = [watched(tf.identity(each)) for each in keras.tree.flatten(structure)]
        if mask is not None:
            mask = tf.reshape(tf.cast(mask, tf.bool), [-1, steps])  # [batch, time]
            run.mask = tf.gather(mask, list(order), axis=1)
        for time in order:
            x = sequences[:, time]  # [batch, features]
            given = keras.tree.pack_sequence_as(structure, states)
            output, new = layer.cell(x, list(given), **options)
            new = keras.tree.flatten(new)
            # Each path from a state has a tensor of its own: to the output, to the next step.
            index = next((index for index, each in enumerate(new) if each is output), None)
            new = [watched(each) for each in new]
            output = watched(tf.identity(output if index is None else new[index]))
            kept = [tf.identity(each) for each in new]
            if mask is None:
                result = output
            else:
                result = _where(
                    mask[:, time], output, tf.zeros_like(output) if result is None else result
                )
                kept = [_where(mask[:, time], *pair) for pair in zip(kept, states, strict=True)]
            kept = [watched(each) for each in kept]
            run.inputs.append(x)
            run.before.append(states)
            run.after.append(new)
            run.kept.append(kept)
            run.outputs.append(output)
            run.output_states.append(index)
            results.append(result)
            states = kept
        if layer.zero_output_for_mask and mask is not None:
            results = [
                _where(mask[:, time], each, tf.zeros_like(each))
                for time, each in zip(order, results, strict=True)
            ]
        _compare(layer, original, results, *arguments, training)
        runs.append(run)
        whole = tf.stack(results, axis=1)  # [batch, time, size]
        return results[-1], whole, keras.tree.pack_sequence_as(list(structure), states)

    return loop


def _where(mask, new, old):
    shape = [-1] + [1] * (len(new.shape) - 1)
    return tf.where(tf.reshape(mask, shape), new, tf.cast(old, new.dtype))


def _compare(layer, original, results, sequences, initial_state, mask, training):
    """Raises an error unless the layer's own loop gives the same for the first steps."""
    count = min(CHECKED, len(results))
    part = slice(-count, None) if layer.go_backwards else slice(0, count)
    if mask is not None:
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        mask = mask[:, part]
        if not bool(tf.reduce_all(tf.reduce_any(tf.cast(mask, tf.bool), axis=1))):
            return  # a row without a step, which fused kernels do not take
    last = original(sequences[:, part], initial_state, mask=mask, training=training)[0]
    own, other = results[count - 1].numpy().astype("float64"), last.numpy().astype("float64")
    allowed = TOLERANCE.get(results[0].dtype.name, 5e-2) * max(1.0, np.abs(other).max(initial=0))
    if not np.allclose(own, other, rtol=0, atol=allowed, equal_nan=True):
        raise RuntimeError(
            f"The layer {layer.name!r} gives another output than its cell run step by step, so its "
            f"states cannot be shown. Largest difference: {np.abs(own - other).max():.2g}"
        )
