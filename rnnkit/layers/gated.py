"""Keras' recurrent layers, with a gradient written by hand for training on a CPU.

TensorFlow differentiates a loop by keeping every intermediate value of every step, and adds up the
gradient of each weight matrix step by step. Worked out by hand, the projection of the inputs and
the gradient of each weight matrix are one product over all steps, and what is left in the loops
forward and backward is one product and a few elementwise operations a step.

The equations are time-major and have the gates in Keras' order. A masked step changes no state.

Reference:
    Werbos, "Backpropagation through time: what it does and how to do it", Proc. IEEE 78, 1990.
"""

import keras
import tensorflow as tf

from rnnkit.layers.time_loop import compiles, loop

_enabled = True


def handwritten_gradients(enabled):
    """Switches the hand-written gradients of `SimpleRNN`, `LSTM` and `GRU` on or off.

    They are on by default, and off these layers train exactly as Keras' own. A training step that
    has been traced keeps the gradient it was traced with: `compile` the model again.

    Args:
        enabled: Whether layers use them.

    Returns:
        Whether they did before.

    Example:

    >>> before = handwritten_gradients(False)
    >>> handwritten_gradients(before)
    False
    """
    global _enabled
    before, _enabled = _enabled, bool(enabled)
    return before


# === Layers ===


class _HandWritten:
    """A recurrent layer of Keras that trains by hand-written equations where they hold.

    They hold on a CPU, with Keras' default activations, with a bias, and without dropout. All else
    is Keras' own, and inference too where loops are not compiled.
    """

    use_cudnn = "auto"  # for `SimpleRNN`, which does not have the argument
    # Steps from which on a compiled loop is faster, by `tests.benchmarks.layer_speed`: of these
    # cells in long sequences alone, as they have few operations beside their product.
    compiled_from = 256

    def inner_loop(self, sequences, initial_state, mask, training=False):
        compiled = compiles(self.compute_dtype, self.compiled_from)
        if not (training or compiled) or not self._by_hand():
            return super().inner_loop(sequences, initial_state, mask, training=training)
        states = list(initial_state) if keras.tree.is_nested(initial_state) else [initial_state]
        mask = mask[0] if keras.tree.is_nested(mask) else mask
        x = tf.transpose(sequences, [1, 0, 2])  # [time, batch, features]
        valid = None
        if mask is not None:
            valid = tf.transpose(tf.cast(mask, tf.bool))[..., None]  # [time, batch, 1]
        if self.go_backwards:
            x = tf.reverse(x, [0])
            valid = None if valid is None else tf.reverse(valid, [0])
        cell = self.cell
        weights = [cell.kernel, cell.recurrent_kernel, cell.bias]
        weights = [keras.ops.cast(each, self.compute_dtype) for each in weights]
        # outputs: [time, batch, units]
        outputs, states = self._run(x, valid, *states, *weights, training, compiled)
        if valid is not None:
            shown = valid
            if not self.zero_output_for_mask:  # in Keras zero until a step counts, then as before
                shown = tf.cumsum(tf.cast(valid, tf.int32), axis=0) > 0
            outputs = tf.where(shown, outputs, tf.zeros_like(outputs))
        last = outputs[-1]  # [batch, units]
        if self.return_sequences:
            return last, tf.transpose(outputs, [1, 0, 2]), states
        return last, last[:, None], states

    def _by_hand(self):
        cell = self.cell
        return (
            _enabled
            and keras.backend.backend() == "tensorflow"
            and self.use_cudnn is not True  # which Keras refuses where there is no GPU
            and cell.activation is keras.activations.tanh
            and cell.use_bias
            and not (cell.dropout or cell.recurrent_dropout or self.unroll)
            and not tf.config.list_logical_devices("GPU")
        )


@keras.saving.register_keras_serializable(package="rnnkit")
class SimpleRNN(_HandWritten, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, which computes its gradient in less time on a CPU.

    Arguments, weights, masks and results are those of Keras' layer; see `handwritten_gradients`.

    Example:

    >>> SimpleRNN(8)(np.ones((2, 5, 3), "float32")).shape
    TensorShape([2, 8])
    """

    def _run(self, *arguments):
        return run_simple_rnn(*arguments)


@keras.saving.register_keras_serializable(package="rnnkit")
class LSTM(_HandWritten, keras.layers.LSTM):
    """`keras.layers.LSTM`, which computes its gradient in less time on a CPU.

    Arguments, weights, masks and results are those of Keras' layer; see `handwritten_gradients`.

    Example:

    >>> LSTM(8)(np.ones((2, 5, 3), "float32")).shape
    TensorShape([2, 8])
    """

    compiled_from = 0  # it has the most operations a step

    def _by_hand(self):
        return super()._by_hand() and self.cell.recurrent_activation is keras.activations.sigmoid

    def _run(self, *arguments):
        return run_lstm(*arguments)


@keras.saving.register_keras_serializable(package="rnnkit")
class GRU(_HandWritten, keras.layers.GRU):
    """`keras.layers.GRU`, which computes its gradient in less time on a CPU.

    Arguments, weights, masks and results are those of Keras' layer; see `handwritten_gradients`.
    By hand is the default form alone, in which the reset gate comes after the product.

    Example:

    >>> GRU(8)(np.ones((2, 5, 3), "float32")).shape
    TensorShape([2, 8])
    """

    def _by_hand(self):
        cell = self.cell
        default = cell.reset_after and cell.recurrent_activation is keras.activations.sigmoid
        return default and super()._by_hand()

    def _run(self, *arguments):
        return run_gru(*arguments)


# === Equations ===


def run_simple_rnn(x, mask, state, kernel, recurrent_kernel, bias, learns=True, compiled=False):
    """h_t = tanh(x_t W + h_(t-1) U + b).

    Args:
        x: `[time, batch, features]`.
        mask: Boolean `[time, batch, 1]`, or None.
        state: First state `[batch, units]`.
        kernel, recurrent_kernel, bias: Weights as those of `keras.layers.SimpleRNN`.
        learns: Whether there is a gradient.
        compiled: Whether the loop is compiled.

    Returns:
        The states `[time, batch, units]`, and a list of the last one `[batch, units]`.
    """
    inputs = _project(x, kernel, bias)  # [time, batch, units]

    def run(inputs, state, recurrent):
        def forward(a, mask, hidden):
            after = _where(mask, tf.tanh(a + tf.matmul(hidden, recurrent)), hidden)
            return [after], [after]

        (states,), _ = loop(forward, [inputs, mask], [state], 1, compiled)

        def gradient(upstream):
            transposed = tf.transpose(recurrent)  # once: products with it are faster
            before = _before(states, state)  # [time, batch, units]

            def prepare(upstream, mask, states):
                # A masked step has no gradient.
                return [upstream, mask, _where(mask, 1 - tf.square(states), 0.0)]

            def backward(dy, mask, slope, dh):
                dh += dy
                da = dh * slope  # [batch, units]
                return [_where(mask, tf.matmul(da, transposed), dh)], [da]

            values, carried = [upstream, mask, states], [tf.zeros_like(state)]
            (da,), (first,) = loop(backward, values, carried, 1, compiled, True, prepare)
            return da, first, _weight_gradient(before, da, recurrent)

        return states, gradient

    states = _with_gradient(run, learns)(inputs, state, recurrent_kernel)
    return states, [states[-1]]


def run_gru(x, mask, state, kernel, recurrent_kernel, bias, learns=True, compiled=False):
    """The GRU of `keras.layers.GRU(reset_after=True)`.

    z, r = sigmoid(x W + b + h U + b'), n = tanh(x W_n + b_n + r * (h U_n + b'_n)),
    h_t = z * h_(t-1) + (1 - z) * n.

    Args:
        x: `[time, batch, features]`.
        mask: Boolean `[time, batch, 1]`, or None.
        state: First state `[batch, units]`.
        kernel, recurrent_kernel, bias: Weights as those of `keras.layers.GRU`.
        learns: Whether there is a gradient.
        compiled: Whether the loop is compiled.

    Returns:
        The states `[time, batch, units]`, and a list of the last one `[batch, units]`.
    """
    units = recurrent_kernel.shape[0]
    inputs = _project(x, kernel, bias[0])  # [time, batch, 3 * units]
    if mask is not None:  # an update gate of 1 keeps the state as it is
        closed = tf.constant([float(inputs.dtype.max) / 2] * units + [0] * 2 * units, inputs.dtype)
        inputs = tf.where(mask, inputs, closed)

    def run(inputs, state, recurrent, bias):
        def forward(a, hidden):
            product = tf.nn.bias_add(tf.matmul(hidden, recurrent), bias)  # [batch, 3 * units]
            gates = tf.sigmoid(a[:, : 2 * units] + product[:, : 2 * units])
            update, reset = tf.split(gates, 2, axis=-1)
            inner = product[:, 2 * units :]  # h U_n + b'_n
            new = tf.tanh(a[:, 2 * units :] + reset * inner)
            after = update * hidden + (1 - update) * new
            return [after], [after, gates, new, inner][: 4 if learns else 1]

        (states, *kept), _ = loop(forward, [inputs], [state], 4 if learns else 1, compiled)

        def gradient(upstream):
            transposed = tf.transpose(recurrent)
            before = _before(states, state)  # [time, batch, units]

            def prepare(upstream, before, gates, new, inner):
                update, reset = tf.split(gates, 2, axis=-1)
                # Derivatives of h_t by the pre-activations of z, n and r.
                by_update = (before - new) * update * (1 - update)
                by_new = (1 - update) * (1 - tf.square(new))
                by_reset = by_new * inner * reset * (1 - reset)
                slopes = tf.stack([by_update, by_reset, by_new * reset], axis=2)
                return [upstream, update, slopes, by_new]  # slopes: [time, batch, 3, units]

            def backward(dy, update, slopes, by_new, dh):
                dh += dy
                da = tf.reshape(dh[:, None] * slopes, [-1, 3 * units])  # [batch, 3 * units]
                return [dh * update + tf.matmul(da, transposed)], [da, dh * by_new]

            values, carried = [upstream, before, *kept], [tf.zeros_like(state)]
            (da, of_new), (first,) = loop(backward, values, carried, 2, compiled, True, prepare)
            by_inputs = tf.concat([da[..., : 2 * units], of_new], axis=-1)
            weights = _weight_gradient(before, da, recurrent)
            return by_inputs, first, weights, tf.reduce_sum(da, [0, 1])

        return states, gradient

    states = _with_gradient(run, learns)(inputs, state, recurrent_kernel, bias[1])
    return states, [states[-1]]


def run_lstm(x, mask, state, cell, kernel, recurrent_kernel, bias, learns=True, compiled=False):
    """i, f, o = sigmoid(...), g = tanh(...) of x W + h U + b; c_t = f * c_(t-1) + i * g,
    h_t = o * tanh(c_t).

    Args:
        x: `[time, batch, features]`.
        mask: Boolean `[time, batch, 1]`, or None.
        state, cell: First states h and c `[batch, units]`.
        kernel, recurrent_kernel, bias: Weights as those of `keras.layers.LSTM`.
        learns: Whether there is a gradient.
        compiled: Whether the loop is compiled.

    Returns:
        The states h `[time, batch, units]`, and a list of the last h and c `[batch, units]`.
    """
    units = recurrent_kernel.shape[0]
    inputs = _project(x, kernel, bias)  # [time, batch, 4 * units]

    def run(inputs, state, cell, recurrent):
        def forward(a, mask, hidden, cell):
            a += tf.matmul(hidden, recurrent)  # [batch, 4 * units]
            # One call for all, the third of which is not needed, takes less time than two.
            gates = tf.sigmoid(a)
            i, f, _, o = tf.split(gates, 4, axis=-1)
            g = tf.tanh(a[:, 2 * units : 3 * units])
            after = _where(mask, f * cell + i * g, cell)
            hidden = _where(mask, o * tf.tanh(after), hidden)
            return [hidden, after], [hidden, after, gates, g][: 4 if learns else 1]

        outputs = 4 if learns else 1
        (states, *kept), last = loop(forward, [inputs, mask], [state, cell], outputs, compiled)

        def gradient(upstream, last_upstream):
            cells, gates, g = kept
            transposed = tf.transpose(recurrent)

            def prepare(upstream, mask, cells, before, gates, g):
                i, f, _, o = tf.split(gates, 4, axis=-1)
                squashed = tf.tanh(cells)
                # Derivatives by the pre-activations: of c_t by those of i, f, g, of h_t by that
                # of o.
                slopes = tf.stack(
                    [
                        g * i * (1 - i),
                        before * f * (1 - f),
                        i * (1 - tf.square(g)),
                        squashed * o * (1 - o),
                    ],
                    axis=2,
                )  # [time, batch, 4, units]
                by_cell = o * (1 - tf.square(squashed))  # of h_t
                if mask is not None:  # a masked step has no gradient and keeps its cell
                    slopes = tf.where(mask[..., None], slopes, 0.0)
                    by_cell, f = tf.where(mask, by_cell, 0.0), tf.where(mask, f, 1.0)
                return [upstream, mask, f, slopes, by_cell]

            def backward(dy, mask, f, slopes, by_cell, dh, dc):
                dh += dy
                dc += dh * by_cell
                da = tf.reshape(tf.stack([dc, dc, dc, dh], axis=1) * slopes, [-1, 4 * units])
                return [_where(mask, tf.matmul(da, transposed), dh), dc * f], [da]

            values = [upstream, mask, cells, _before(cells, cell), gates, g]
            carried = [tf.zeros_like(state), last_upstream]
            (da,), firsts = loop(backward, values, carried, 1, compiled, True, prepare)
            return da, *firsts, _weight_gradient(_before(states, state), da, recurrent)

        return (states, last[1]), gradient

    states, last = _with_gradient(run, learns)(inputs, state, cell, recurrent_kernel)
    return states, [states[-1], last]


# === Parts of the equations ===


def _with_gradient(run, learns):
    """What `run` computes, with its gradient if there is one."""
    return tf.custom_gradient(run) if learns else lambda *arguments: run(*arguments)[0]


def _project(x, kernel, bias):
    """x W + b for all gates, `[time, batch, gates * units]`, in one product."""
    flat = tf.reshape(x, [-1, x.shape[-1]])
    product = tf.nn.bias_add(tf.matmul(flat, kernel), bias)
    return tf.reshape(product, tf.concat([tf.shape(x)[:2], [kernel.shape[-1]]], axis=0))


def _weight_gradient(before, da, kernel):
    """Gradient of a recurrent kernel: one product over all steps."""
    rows, columns = kernel.shape
    states, changes = tf.reshape(before, [-1, rows]), tf.reshape(da, [-1, columns])
    return tf.matmul(states, changes, transpose_a=True)


def _before(states, first):
    """The state before each step."""
    return tf.concat([first[None], states[:-1]], axis=0)


def _where(mask, new, old):
    return new if mask is None else tf.where(mask, new, old)
