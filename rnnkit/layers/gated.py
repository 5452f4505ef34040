"""Keras' recurrent layers, with a gradient of their own for training on a CPU."""

import keras
import tensorflow as tf

from rnnkit.layers import bptt


class _Trained:
    """What a layer computes in training where there is no cuDNN: the same, in less time.

    Only what the recurrence by hand covers: Keras' default activations, a bias, the GRU whose reset
    gate comes after the product. All else, and inference, is Keras' own.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        if not training or not self._covered():
            return super().inner_loop(sequences, initial_state, mask, training=training)
        states = list(initial_state) if keras.tree.is_nested(initial_state) else [initial_state]
        mask = mask[0] if keras.tree.is_nested(mask) else mask
        x = tf.transpose(sequences, [1, 0, 2])  # [time, batch, features]
        there = None
        if mask is not None:
            there = tf.transpose(tf.cast(mask, tf.bool))[..., None]  # [time, batch, 1]
        if self.go_backwards:
            x = tf.reverse(x, [0])
            there = None if there is None else tf.reverse(there, [0])
        outputs, states = self._run(x, there, states)  # [time, batch, units]
        if there is not None:
            shown = there
            if not self.zero_output_for_mask:  # in Keras zero until a step counts, then as before
                shown = tf.cumsum(tf.cast(there, tf.int32), axis=0) > 0
            outputs = tf.where(shown, outputs, tf.zeros_like(outputs))
        last = outputs[-1]  # [batch, units]
        if self.return_sequences:
            return last, tf.transpose(outputs, [1, 0, 2]), states
        return last, last[:, None], states

    def _covered(self):
        cell = self.cell
        return (
            keras.backend.backend() == "tensorflow"
            and cell.activation is keras.activations.tanh
            and getattr(cell, "recurrent_activation", None) in (None, keras.activations.sigmoid)
            and getattr(cell, "reset_after", True)
            and cell.use_bias
            and not (cell.dropout or cell.recurrent_dropout or self.unroll)
            and not tf.config.list_logical_devices("GPU")
        )

    def _weights(self):
        weights = (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        return [keras.ops.cast(each, self.compute_dtype) for each in weights]


@keras.saving.register_keras_serializable(package="rnnkit")
class SimpleRNN(_Trained, keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN`, which computes its gradient in less time on a CPU.

    Arguments, weights, masks and results are those of Keras' layer; see `rnnkit.layers.bptt`.

    Example:

    >>> SimpleRNN(8)(np.ones((2, 5, 3), "float32")).shape
    TensorShape([2, 8])
    """

    def _run(self, x, mask, states):
        return bptt.simple_rnn(x, mask, *states, *self._weights())


@keras.saving.register_keras_serializable(package="rnnkit")
class LSTM(_Trained, keras.layers.LSTM):
    """`keras.layers.LSTM`, which computes its gradient in less time on a CPU.

    Arguments, weights, masks and results are those of Keras' layer; see `rnnkit.layers.bptt`.

    Example:

    >>> LSTM(8)(np.ones((2, 5, 3), "float32")).shape
    TensorShape([2, 8])
    """

    def _run(self, x, mask, states):
        return bptt.lstm(x, mask, *states, *self._weights())


@keras.saving.register_keras_serializable(package="rnnkit")
class GRU(_Trained, keras.layers.GRU):
    """`keras.layers.GRU`, which computes its gradient in less time on a CPU.

    Arguments, weights, masks and results are those of Keras' layer; see `rnnkit.layers.bptt`.

    Example:

    >>> GRU(8)(np.ones((2, 5, 3), "float32")).shape
    TensorShape([2, 8])
    """

    def _run(self, x, mask, states):
        return bptt.gru(x, mask, *states, *self._weights())
