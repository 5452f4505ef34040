"""Recurrent layers run step by step, so that every state can be seen.

A recurrent layer is one call over the whole sequence, often one fused kernel, and shows its last
states only. Inside `unrolled` the loop over time of given layers is written out: the layer's own
cell with its own weights, one call a step, in eager mode. All around it (masks, directions, what
lies between layers, the loss) is the model's own. The first steps are compared with what the
layer itself gives.
"""

import contextlib

import keras
import numpy as np
import tensorflow as tf

# Steps that are compared with the layer's own loop.
CHECKED = 8
# Difference allowed, as a share of the largest output: kernels round in their own ways.
TOLERANCE = {"float64": 1e-6, "float32": 2e-3}


class Run:
    """One call of a recurrent layer, step by step, in the order in which it reads.

    Attributes:
        place: The `rnnkit.diagnostics.recurrent_layers.Place`.
        inputs: A tensor `[batch, features]` for each step.
        before: For each step the flat list of states `[batch, size]` that it reads.
        written: For each step the flat list of states that the cell gives.
        kept: The same where the mask counts; where not, those of the step before.
        outputs: For each step the output of the cell, `[batch, size]`.
        shown: For each step the place among the states of the one that is the output, or None.
        mask: Boolean `[batch, time]` in the order of reading, or None.
    """

    def __init__(self, place):
        self.place = place
        self.inputs, self.before, self.written, self.kept = [], [], [], []
        self.outputs, self.shown, self.mask = [], [], None

    @property
    def state_names(self):
        """What the states are called."""
        layer, count = self.place.layer, len(self.written[0])
        if count == 1:
            return ["hidden"]
        if count == 2 and "LSTM" in type(layer).__name__ + type(layer.cell).__name__:
            return ["hidden", "cell"]
        return [f"state {number}" for number in range(1, count + 1)]

    def in_time(self, steps):
        """An array `[batch, time, ...]` of one for each step, in the order of the input."""
        array = np.stack([np.asarray(each, "float64") for each in steps], axis=1)
        return array[:, ::-1] if self.place.layer.go_backwards else array

    @property
    def counted(self):
        """Which steps count: boolean NumPy `[batch, time]`, in the order of the input."""
        shape = (int(self.inputs[0].shape[0]), len(self.inputs))
        mask = np.ones(shape, bool) if self.mask is None else np.asarray(self.mask, bool)
        return mask[:, ::-1] if self.place.layer.go_backwards else mask


@contextlib.contextmanager
def unrolled(places, tape=None):
    """Within the block, the given layers run step by step when the model is called.

    Args:
        places: List of `Place`.
        tape: `tf.GradientTape` that is to watch states and outputs, or None.

    Yields:
        A list that gets a `Run` for every call of one of the layers. The states of stateful
        layers are as before at the end.
    """
    runs, patched, kept = [], [], []
    try:
        for place in places:
            layer, wrapper = place.layer, place.wrapper
            patched.append((layer, "inner_loop"))
            layer.__dict__["inner_loop"] = _loop(place, runs, tape)
            if wrapper is not None:  # else it may run both directions in one kernel
                for name in ("_can_attempt_fused_lstm", "_can_attempt_fused_gru"):
                    patched.append((wrapper, name))
                    wrapper.__dict__[name] = lambda *args, **kwargs: False
            if layer.stateful and layer.states is not None:
                states = keras.tree.flatten(layer.states)
                kept += [(state, tf.identity(state)) for state in states]
        yield runs
    finally:
        for layer, name in patched:
            layer.__dict__.pop(name, None)
        for variable, value in kept:
            variable.assign(value)


def _loop(place, runs, tape):
    """What takes the place of `keras.layers.RNN.inner_loop`."""
    layer = place.layer
    original = layer.inner_loop

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
        trains = getattr(layer.cell, "_call_has_training_arg", False)
        options = {"training": training} if trains else {}
        run, results, output = Run(place), [], None
        # Watched from the start: what the first step computes of them is recorded, too.
        states = [watched(tf.identity(each)) for each in keras.tree.flatten(structure)]
        if mask is not None:
            mask = tf.reshape(tf.cast(mask, tf.bool), [-1, steps])  # [batch, time]
            run.mask = tf.gather(mask, list(order), axis=1)
        for time in order:
            x = sequences[:, time]  # [batch, features]
            given = keras.tree.pack_sequence_as(structure, states)
            said, new = layer.cell(x, list(given), **options)
            new = keras.tree.flatten(new)
            # Each path from a state has a tensor of its own: to the output, to the next step.
            shown = next((place for place, each in enumerate(new) if each is said), None)
            new = [watched(each) for each in new]
            said = watched(tf.identity(said if shown is None else new[shown]))
            result, following = said, [tf.identity(each) for each in new]
            if mask is not None:
                output = tf.zeros_like(said) if output is None else output
                result = _where(mask[:, time], said, output)
                following = [
                    _where(mask[:, time], *pair) for pair in zip(following, states, strict=True)
                ]
            following = [watched(each) for each in following]
            run.inputs.append(x)
            run.before.append(states)
            run.written.append(new)
            run.kept.append(following)
            run.outputs.append(said)
            run.shown.append(shown)
            output, states = result, following
            results.append(result)
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
            f"The layer {layer.name!r} gives something else than its cell run step by step, so "
            f"that its states cannot be told. Largest difference: {np.abs(own - other).max():.2g}"
        )
