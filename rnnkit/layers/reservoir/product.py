"""The product of states with the recurrent weights of a reservoir, in its fastest form."""

import tensorflow as tf

# Entries of a dense product that take as long as one link that is gathered, measured on CPU under
# XLA: for one series, and for a batch. A link of a shift takes a third of a gathered one's time.
DENSE_PER_LINK = {1: 9, None: 20}


def plan(topology, units, batch=1):
    """How the recurrent product of a reservoir is computed fastest.

    Args:
        topology: A `Topology`.
        units: Number of units.
        batch: Series computed at a time.

    Returns:
        `"dense"` (matrix product), `"shift"` (contiguous slices) or `"gather"` (by index).
    """
    if not topology.sparse:
        return "dense"
    cost = topology.in_degree(units) * DENSE_PER_LINK[1 if batch == 1 else None]
    if topology.shifts:
        return "shift" if cost < 3 * units else "dense"
    return "gather" if cost < units else "dense"


@tf.custom_gradient
def _shifted(state, indices, values):
    """Recurrent product where every row of links is a shift.

    The state is concatenated with itself, so that its rotation is a slice that starts at
    `indices[k, 0]`, the input of unit 0.

    Args:
        state: `[batch, units]`.
        indices: int32 `[degree, units]`.
        values: `[degree, units]`.

    Returns:
        `[batch, units]`. Its gradient with respect to the state is the product with the opposite
        shifts.
    """
    units = state.shape[-1]

    def rotated(tensor, start):
        twice = tf.concat([tensor, tensor], axis=1)  # [batch, 2 * units]
        return tf.slice(twice, [0, start], [-1, units])  # [batch, units]

    def gradient(upstream):
        total = 0.0
        for k in range(indices.shape[0]):
            total += rotated(upstream * values[k], (units - indices[k, 0]) % units)
        return total, None, None

    twice = tf.concat([state, state], axis=1)  # [batch, 2 * units]
    total = 0.0
    for k in range(indices.shape[0]):
        total += values[k] * tf.slice(twice, [0, indices[k, 0]], [-1, units])  # [batch, units]
    return total, gradient


def _gathered(state, indices, values):
    total = 0.0
    for k in range(indices.shape[0]):
        total += values[k] * tf.gather(state, indices[k], axis=1)  # [batch, units]
    return total


def recurrent_product(how, state, weights):
    """The product of a state with the recurrent weights.

    Args:
        how: What `plan` gave.
        state: `[batch, units]`.
        weights: `(kernel,)`, `[units, units]`, for `"dense"`; else `(indices, values)`.

    Returns:
        `[batch, units]`.
    """
    if how == "dense":
        return tf.matmul(state, *weights)
    return _shifted(state, *weights) if how == "shift" else _gathered(state, *weights)
