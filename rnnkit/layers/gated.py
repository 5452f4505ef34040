"""Backpropagation through time, written out: what a recurrent layer computes in training on a CPU.

TensorFlow differentiates a loop by keeping every intermediate value of every step, and adds up the
gradient of each weight matrix step by step. Worked out by hand, the projection of the inputs and
the gradients of all weights are one product over all steps each, and what is left in the two loops
is one product and a few elementwise operations a step.

Everything here is time-major. Gates stand in Keras' order. A step that is masked changes no state.

Reference:
    Werbos, "Backpropagation through time: what it does and how to do it", Proc. IEEE 78, 1990.
"""

import tensorflow as tf


def simple_rnn(x, mask, state, kernel, recurrent_kernel, bias):
    """h_t = tanh(x_t W + h_(t-1) U + b).

    Args:
        x: `[time, batch, features]`.
        mask: Boolean `[time, batch, 1]`, or None.
        state: First state `[batch, units]`.
        kernel, recurrent_kernel, bias: Weights as those of `keras.layers.SimpleRNN`.

    Returns:
        The states `[time, batch, units]`, and a list of the last one `[batch, units]`.
    """
    inputs = _projected(x, kernel, bias)  # [time, batch, units]

    @tf.custom_gradient
    def run(inputs, state, recurrent):
        def forward(a, mask, hidden):
            after = _where(mask, tf.tanh(a + tf.matmul(hidden, recurrent)), hidden)
            return [after], [after]

        (states,), _ = _loop(forward, [inputs, mask], [state], 1)

        def gradient(upstream):
            turned = tf.transpose(recurrent)  # once: products with it are faster
            before = _before(states, state)  # [time, batch, units]
            slope = _where(mask, 1 - tf.square(states), 0.0)  # what is masked has no part in it

            def backward(dy, mask, slope, dh):
                dh += dy
                da = dh * slope  # [batch, units]
                return [_where(mask, tf.matmul(da, turned), dh)], [da]

            values, carried = [upstream, mask, slope], [tf.zeros_like(state)]
            (da,), (first,) = _loop(backward, values, carried, 1, backwards=True)
            return da, first, _of_weights(before, da, recurrent)

        return states, gradient

    states = run(inputs, state, recurrent_kernel)
    return states, [states[-1]]


def gru(x, mask, state, kernel, recurrent_kernel, bias):
    """The GRU of `keras.layers.GRU(reset_after=True)`.

    z, r = sigmoid(x W + b + h U + b'), n = tanh(x W_n + b_n + r * (h U_n + b'_n)),
    h_t = z * h_(t-1) + (1 - z) * n.

    Args:
        x: `[time, batch, features]`.
        mask: Boolean `[time, batch, 1]`, or None.
        state: First state `[batch, units]`.
        kernel, recurrent_kernel, bias: Weights as those of `keras.layers.GRU`.

    Returns:
        The states `[time, batch, units]`, and a list of the last one `[batch, units]`.
    """
    units = recurrent_kernel.shape[0]
    inputs = _projected(x, kernel, bias[0])  # [time, batch, 3 * units]
    if mask is not None:  # an update gate of 1 keeps the state as it is
        closed = tf.constant([float(inputs.dtype.max) / 2] * units + [0] * 2 * units, inputs.dtype)
        inputs = tf.where(mask, inputs, closed)

    @tf.custom_gradient
    def run(inputs, state, recurrent, bias):
        def forward(a, hidden):
            inner = tf.nn.bias_add(tf.matmul(hidden, recurrent), bias)  # [batch, 3 * units]
            gates = tf.sigmoid(a[:, : 2 * units] + inner[:, : 2 * units])
            update, reset = tf.split(gates, 2, axis=-1)
            asked = inner[:, 2 * units :]
            new = tf.tanh(a[:, 2 * units :] + reset * asked)
            after = update * hidden + (1 - update) * new
            return [after], [after, gates, new, asked]

        (states, gates, new, asked), _ = _loop(forward, [inputs], [state], 4)

        def gradient(upstream):
            turned = tf.transpose(recurrent)
            before = _before(states, state)  # [time, batch, units]
            update, reset = tf.split(gates, 2, axis=-1)
            # How much each pre-activation counts in the state that comes of it.
            of_update = (before - new) * update * (1 - update)
            of_new = (1 - update) * (1 - tf.square(new))
            of_reset = of_new * asked * reset * (1 - reset)
            inner = tf.stack([of_update, of_reset, of_new * reset], axis=2)

            def backward(dy, update, inner, dh):
                dh += dy
                da = tf.reshape(dh[:, None] * inner, [-1, 3 * units])  # [batch, 3 * units]
                return [dh * update + tf.matmul(da, turned)], [da, dh]

            values, carried = [upstream, update, inner], [tf.zeros_like(state)]
            (da, dh), (first,) = _loop(backward, values, carried, 2, backwards=True)
            outer = tf.concat([da[..., : 2 * units], dh * of_new], axis=-1)
            weights = _of_weights(before, da, recurrent)
            return outer, first, weights, tf.reduce_sum(da, [0, 1])

        return states, gradient

    states = run(inputs, state, recurrent_kernel, bias[1])
    return states, [states[-1]]


def lstm(x, mask, state, cell, kernel, recurrent_kernel, bias):
    """i, f, o = sigmoid(...), g = tanh(...) of x W + h U + b; c_t = f * c_(t-1) + i * g,
    h_t = o * tanh(c_t).

    Args:
        x: `[time, batch, features]`.
        mask: Boolean `[time, batch, 1]`, or None.
        state, cell: First states h and c `[batch, units]`.
        kernel, recurrent_kernel, bias: Weights as those of `keras.layers.LSTM`.

    Returns:
        The states h `[time, batch, units]`, and a list of the last h and c `[batch, units]`.
    """
    units = recurrent_kernel.shape[0]
    inputs = _projected(x, kernel, bias)  # [time, batch, 4 * units]

    @tf.custom_gradient
    def run(inputs, state, cell, recurrent):
        def forward(a, mask, hidden, cell):
            a += tf.matmul(hidden, recurrent)  # [batch, 4 * units]
            # One call for all, the third of which is not needed, takes less time than two.
            gates = tf.sigmoid(a)
            taken, kept, _, shown = tf.split(gates, 4, axis=-1)
            new = tf.tanh(a[:, 2 * units : 3 * units])
            after = _where(mask, kept * cell + taken * new, cell)
            hidden = _where(mask, shown * tf.tanh(after), hidden)
            return [hidden, after], [hidden, after, gates, new]

        (states, cells, gates, new), last = _loop(forward, [inputs, mask], [state, cell], 4)

        def gradient(upstream, of_last):
            turned = tf.transpose(recurrent)
            taken, kept, _, shown = tf.split(gates, 4, axis=-1)
            squashed = tf.tanh(cells)
            # How much each pre-activation counts in the cell, the last in the state.
            slopes = tf.stack(
                [
                    new * taken * (1 - taken),
                    _before(cells, cell) * kept * (1 - kept),
                    taken * (1 - tf.square(new)),
                    squashed * shown * (1 - shown),
                ],
                axis=2,
            )  # [time, batch, 4, units]
            through = shown * (1 - tf.square(squashed))
            if mask is not None:  # what is masked has no part in it, and keeps its cell
                slopes = tf.where(mask[..., None], slopes, 0.0)
                through, kept = tf.where(mask, through, 0.0), tf.where(mask, kept, 1.0)

            def backward(dy, mask, kept, slopes, through, dh, dc):
                dh += dy
                both = dc + dh * through
                parts = tf.stack([both, both, both, dh], axis=1) * slopes
                da = tf.reshape(parts, [-1, 4 * units])  # [batch, 4 * units]
                return [_where(mask, tf.matmul(da, turned), dh), both * kept], [da]

            values = [upstream, mask, kept, slopes, through]
            carried = [tf.zeros_like(state), of_last]
            (da,), firsts = _loop(backward, values, carried, 1, backwards=True)
            return da, *firsts, _of_weights(_before(states, state), da, recurrent)

        return (states, last[1]), gradient

    states, last = run(inputs, state, cell, recurrent_kernel)
    return states, [states[-1], last]


# === Parts ===


def _projected(x, kernel, bias):
    """What the inputs give to all gates, `[time, batch, gates * units]`, in one product."""
    flat = tf.reshape(x, [-1, x.shape[-1]])
    product = tf.nn.bias_add(tf.matmul(flat, kernel), bias)
    return tf.reshape(product, tf.concat([tf.shape(x)[:2], [kernel.shape[-1]]], axis=0))


def _of_weights(before, da, kernel):
    """Gradient of a recurrent kernel: one product over all steps."""
    rows, columns = kernel.shape
    states, changes = tf.reshape(before, [-1, rows]), tf.reshape(da, [-1, columns])
    return tf.matmul(states, changes, transpose_a=True)


def _before(states, first):
    """The states that the steps began with."""
    return tf.concat([first[None], states[:-1]], axis=0)


def _where(mask, new, old):
    return new if mask is None else tf.where(mask, new, old)


def _loop(function, values, carried, outputs, backwards=False):
    """Runs over time.

    Args:
        function: From a step of each of the values, then what is carried, to a pair of lists: what
            is carried on, and what is written.
        values: List of tensors `[time, batch, ...]`; None stays None.
        carried: List of tensors `[batch, ...]`.
        outputs: How many tensors are written.
        backwards: Whether the last step comes first.

    Returns:
        The pair of what was written, a list of tensors `[time, batch, ...]`, and what is carried
        at the end.
    """
    steps, dtype = tf.shape(values[0])[0], carried[0].dtype
    read = [
        None if each is None else tf.TensorArray(each.dtype, steps).unstack(each) for each in values
    ]
    shapes = [None if each is None else each.shape[1:] for each in values]
    widths = []

    def body(index, carried, written):
        place = steps - 1 - index if backwards else index
        now = [
            None if array is None else tf.ensure_shape(array.read(place), shape)
            for array, shape in zip(read, shapes, strict=True)
        ]
        after, results = function(*now, *carried)
        widths[:] = [each.shape[1:] for each in results]
        written = [array.write(place, each) for array, each in zip(written, results, strict=True)]
        after = [tf.ensure_shape(a, b.shape) for a, b in zip(after, carried, strict=True)]
        return index + 1, after, written

    written = [tf.TensorArray(dtype, steps) for _ in range(outputs)]
    _, carried, written = tf.while_loop(
        lambda index, *_: index < steps, body, (0, list(carried), written)
    )
    found = [
        tf.ensure_shape(array.stack(), [values[0].shape[0], carried[0].shape[0], *width])
        for array, width in zip(written, widths, strict=True)
    ]
    return found, carried
