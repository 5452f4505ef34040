"""Reservoirs run over whole series in loops compiled by XLA: driven by data, and in free run.

The functions here are compiled once for each shape and shared by all reservoirs of that shape,
whose weights are arguments.
"""

import typing

import numpy as np
import tensorflow as tf

from rnnkit.layers.reservoir.product import recurrent_product

# Bytes of states computed at a time, as calls cost too. Larger arrays are given back to the system
# after each call, and mapped anew page by page, which takes as long as to compute them.
PIECE_BYTES = 2**25
SHORTEST_PIECE, LONGEST_PIECE = 64, 16384


class Reservoir(typing.NamedTuple):
    """What the loops need of an `ESNCell`: tensors, and how to use them."""

    input_kernel: tf.Tensor  # [features, units]
    bias: tf.Tensor  # [units]
    leak: tf.Tensor  # [] or [units]
    weights: tuple  # see recurrent_product
    how: str
    activation: typing.Callable

    @classmethod
    def of(cls, cell, batch):
        """The reservoir of an `ESNCell` for a number of series computed at a time."""
        how, weights = cell.recurrent_weights(batch)
        return cls(
            tf.convert_to_tensor(cell.input_kernel.value),
            tf.convert_to_tensor(cell.bias.value),
            tf.constant(cell.leak_rate, cell.compute_dtype),
            tuple(weights),
            how,
            cell.activation,
        )

    @property
    def units(self):
        return int(self.bias.shape[0])

    @property
    def dtype(self):
        return self.bias.dtype

    @property
    def tensors(self):
        return self.input_kernel, self.bias, self.leak, self.weights


def piece_length(batch, units, itemsize, steps):
    """Steps computed at a time: a power of 4 times 64, so that few lengths are compiled."""
    most = PIECE_BYTES // (batch * units * itemsize)
    if steps > most:  # pieces that are put together are best still in the cache then
        most //= 2
    most = max(SHORTEST_PIECE, min(LONGEST_PIECE, most))
    length = SHORTEST_PIECE
    while length * 4 <= most and length < steps:
        length *= 4
    return length


_compiled = {}


def _run(function, tensors, *static):
    """Calls a function compiled by XLA, that for these shapes and static arguments.

    `tf.function` needs a millisecond a call to find it; of a short run that is the greater part.

    Args:
        function: What is compiled, of a nest of tensors and the static arguments.
        tensors: Nest of tensors whose structure follows from the static arguments.
        *static: Hashable arguments that are no tensors.
    """
    flat = [tf.convert_to_tensor(each) for each in tf.nest.flatten(tensors)]
    key = (function, static, *((each.dtype, *each.shape) for each in flat))
    if key not in _compiled:
        structure = tf.nest.map_structure(lambda _: None, tensors)  # no tensor is kept

        def packed(*flat):
            return function(*tf.nest.pack_sequence_as(structure, flat), *static)

        specs = [tf.TensorSpec(each.shape, each.dtype) for each in flat]
        compiled = tf.function(packed, jit_compile=True)
        _compiled[key] = compiled.get_concrete_function(*specs)
    return _compiled[key](*flat)


# === Driven ===


def _drive(inputs, steps, state, tensors, noise_seed, noise, how, activation):
    """States `[time, batch, units]` under inputs `[time, batch, features]`, and the last one."""
    input_kernel, bias, leak, weights = tensors
    driven = tf.tensordot(inputs, input_kernel, 1) + bias  # [time, batch, units]
    if tf.is_tensor(noise_seed):
        driven += noise * tf.random.stateless_normal(driven.shape, noise_seed, dtype=driven.dtype)
    length = inputs.shape[0]

    def body(t, state, states):
        total = driven[t] + recurrent_product(how, state, weights)  # [batch, units]
        state = (1 - leak) * state + leak * activation(total)
        return t + 1, state, states.write(t, state)

    states = tf.TensorArray(state.dtype, length, element_shape=state.shape)
    _, state, states = tf.while_loop(
        lambda t, *_: t < steps, body, (0, state, states), maximum_iterations=length
    )
    return states.stack(), state


def drive(reservoir, inputs, state, noise=0.0, noise_seed=None):
    """Runs a reservoir over a piece of its inputs.

    Args:
        reservoir: `Reservoir`.
        inputs: NumPy array or tensor `[time, batch, features]`.
        state: Tensor `[batch, units]`.
        noise: Standard deviation of the noise inside the activation.
        noise_seed: Pair of integers; None adds no noise.

    Returns:
        States, NumPy `[time, batch, units]`, and the last one as a tensor.
    """
    steps, batch = inputs.shape[0], inputs.shape[1]
    room = piece_length(batch, reservoir.units, reservoir.dtype.size, steps)
    room = max(room, steps) if steps > room else room
    inputs = np.asarray(inputs, reservoir.dtype.as_numpy_dtype)
    if steps < room:  # computed only as far as asked
        inputs = np.pad(inputs, ((0, room - steps), (0, 0), (0, 0)))
    seed = () if noise_seed is None or not noise else tf.constant(noise_seed, tf.int32)
    tensors = inputs, tf.constant(steps), state, reservoir.tensors, seed
    noise = tf.constant(noise, reservoir.dtype)
    states, state = _run(_drive, (*tensors, noise), reservoir.how, reservoir.activation)
    return np.asarray(memoryview(states))[:steps], state  # not copied, so not writable


# === Free run ===


def _free_run(
    outputs, states, known, feedback, offset, noise, steps, tensors, readouts, hows, activations,
    read_inputs,
):  # fmt: skip
    """Outputs `[time, batch, targets]` of reservoirs that read their own; see `free_run`."""
    members = len(readouts)
    length = known.shape[0]

    def body(t, output, states, collected):
        inputs = known[t] + tf.matmul(output, feedback) + offset  # [batch, features]
        states, total = list(states), 0.0
        position = 0
        for member in range(members):
            read, below = [inputs] if read_inputs else [], inputs
            for layer, (input_kernel, bias, leak, weights) in enumerate(tensors[member]):
                state = states[position]
                driven = tf.matmul(below, input_kernel) + bias  # [batch, units]
                driven += recurrent_product(hows[member][layer], state, weights)
                state = (1 - leak) * state + leak * activations[member][layer](driven)
                states[position] = below = state
                read.append(state)
                position += 1
            kernel, bias = readouts[member]
            total += tf.matmul(tf.concat(read, axis=1), kernel) + bias  # [batch, targets]
        output = total / members + noise[t]
        return t + 1, output, tuple(states), collected.write(t, output)

    collected = tf.TensorArray(outputs.dtype, length, element_shape=outputs.shape)
    _, _, states, collected = tf.while_loop(
        lambda t, *_: t < steps, body, (0, outputs, tuple(states), collected),
        maximum_iterations=length,
    )  # fmt: skip
    return collected.stack(), states


def free_run(members, readouts, outputs, states, known, feedback, offset, noise, read_inputs):
    """Runs an ensemble in closed loop: its output at one step is its input at the next.

    The input of all members is the mean of their outputs, as if they were one network.

    Args:
        members: List over members of lists over layers of `Reservoir`.
        readouts: List over members of `(kernel, bias)`, `[read, targets]` and `[targets]`.
        outputs: `[batch, targets]`, the first input that is fed back.
        states: List over members and layers of `[batch, units]`.
        known: `[time, batch, features]`, inputs known ahead, 0 where outputs are fed back.
        feedback: `[targets, features]`, to which inputs and how strongly outputs are fed back.
        offset: `[features]`, added to the inputs.
        noise: `[time, batch, targets]`, added to the outputs.
        read_inputs: Whether the readouts read the inputs beside the states.

    Returns:
        Outputs, NumPy `[time, batch, targets]`.
    """
    dtype = members[0][0].dtype
    steps, batch = known.shape[0], known.shape[1]
    width = max(known.shape[2], noise.shape[2])
    room = piece_length(batch, width, dtype.size, steps)
    collected = []
    outputs = tf.cast(outputs, dtype)
    static = (
        tuple(tuple(layer.how for layer in member) for member in members),
        tuple(tuple(layer.activation for layer in member) for member in members),
        bool(read_inputs),
    )
    tensors = tuple(tuple(layer.tensors for layer in member) for member in members)
    readouts = tuple(tuple(tf.cast(part, dtype) for part in readout) for readout in readouts)
    for start in range(0, steps, room):
        count = min(room, steps - start)
        pad = ((0, room - count), (0, 0), (0, 0))
        values = (
            outputs, tuple(states),
            tf.constant(np.pad(known[start : start + count], pad), dtype),
            tf.constant(feedback, dtype), tf.constant(offset, dtype),
            tf.constant(np.pad(noise[start : start + count], pad), dtype),
            tf.constant(count), tensors, readouts,
        )  # fmt: skip
        piece, states = _run(_free_run, values, *static)
        collected.append(piece.numpy()[:count])
        outputs = piece[count - 1]
    return np.concatenate(collected)
