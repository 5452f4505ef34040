"""Recurrent cells written as the equations of the literature, one line of code an equation.

They are for reading, for changing one equation, and for plotting what the gates do. To train at
full speed use `keras.layers.SimpleRNN`, `LSTM` and `GRU`: these cells hold the same weights, so
`set_weights(other.get_weights())` moves a network from one to the other, both ways.

The notation is the same in all three, with one example of the batch in each row:

    x_t      input of step t                             [batch, features]
    h_t      output, and the state that step t+1 reads   [batch, units]
    W, U, b  input weights, recurrent weights, bias      [features, units], [units, units], [units]
    *        product of two tensors element by element
    sigma    `recurrent_activation`: a sigmoid, so that a gate is between 0 (shut) and 1 (open)
    tanh     `activation`

The weights of the equations lie side by side in one `kernel` (all W), one `recurrent_kernel`
(all U) and one `bias` (all b), in the order in which the equations of a cell are listed.
"""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import integer


class _ReferenceCell(Configured, keras.layers.Layer):
    """What the cells share: arguments, weights, the first state, and the gates in the output.

    A subclass says in `_blocks` how many equations have weights and in `gate_names` what
    `return_gates=True` shows; its `call` has the equations.
    """

    _blocks = 1
    gate_names = ()

    def __init__(
        self,
        units,
        activation="tanh",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        bias_initializer="zeros",
        return_gates=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = integer(units, "units")
        self.activation = keras.activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.return_gates = return_gates
        self.state_size = self.units
        self.output_size = self.units * len(self.gate_names) if return_gates else self.units

    # === Weights ===

    def build(self, input_shape):
        width = self._blocks * self.units
        self.kernel = self.add_weight(
            shape=(input_shape[-1], width), name="kernel", initializer=self.kernel_initializer
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, width),
            name="recurrent_kernel",
            initializer=self.recurrent_initializer,
        )
        self.bias = None
        if self.use_bias:
            shape = self._bias_shape()
            self.bias = self.add_weight(shape=shape, name="bias", initializer=self._initial_bias)
        self.built = True

    def _bias_shape(self):
        return (self._blocks * self.units,)

    def _initial_bias(self, shape, dtype=None):
        return self.bias_initializer(shape, dtype=dtype)

    def _split(self, weights):
        """Cut weights that lie side by side into the `_blocks` of the equations."""
        return ops.split(weights, self._blocks, axis=-1)

    def _split_bias(self, bias):
        # Without a bias the equations stay as they are, with b = 0.
        return self._split(bias) if self.use_bias else [0.0] * self._blocks

    # === States and outputs ===

    def get_initial_state(self, batch_size=None):
        """Return the states before the first step: zeros."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    def _output(self, *gates):
        # `keras.layers.RNN` takes one tensor a step from a cell, so the gates share the last axis.
        return ops.concatenate(gates, axis=-1) if self.return_gates else gates[0]

    def split_gates(self, outputs):
        """Take the outputs of a cell with `return_gates=True` apart.

        Args:
            outputs: What `keras.layers.RNN` around this cell gave, of shape
                `(..., len(gate_names) * units)`: an array, a tensor or a symbolic tensor.

        Returns:
            Dict from each of `gate_names` to a tensor of shape `(..., units)`. The first,
            `"hidden"`, is what the cell gives without `return_gates`. A masked step repeats
            those of the step before, as with every output of a Keras RNN.
        """
        width = len(self.gate_names) * self.units
        if not self.return_gates or outputs.shape[-1] != width:
            raise ValueError(
                "Argument `outputs` must come from this cell made with `return_gates=True`, its "
                f"last axis {width} wide. Received: outputs.shape={tuple(outputs.shape)}, "
                f"return_gates={self.return_gates}"
            )
        gates = ops.split(outputs, len(self.gate_names), axis=-1)  # each [..., units]
        return dict(zip(self.gate_names, gates, strict=True))


@keras.saving.register_keras_serializable(package="rnnkit")
class ReferenceSimpleRNNCell(_ReferenceCell):
    """The simple recurrent network: the state is a layer that also sees its last output.

    Each step computes

        h_t = tanh(x_t W + h_{t-1} U + b)                                                  (1)

    Elman's "context units" hold h_{t-1}. The weights are those of `keras.layers.SimpleRNNCell`.

    Args:
        units: Positive integer, size of the state and of the output.
        activation: Activation of equation 1.
        use_bias: Whether there is a `b`.
        kernel_initializer: Initializer of `W`.
        recurrent_initializer: Initializer of `U`. The default, an orthogonal matrix, neither
            shrinks nor stretches the state, which helps gradients through many steps.
        bias_initializer: Initializer of `b`.
        return_gates: As in the other cells; this one has no gate, so it shows `"hidden"` alone.

    Call arguments:
        inputs: Tensor of one step.
        states: List of one tensor, h_{t-1}.

    Input shape:
        `(batch, features)`; through `keras.layers.RNN`, `(batch, time, features)`.

    Output shape:
        `(batch, units)`, and a list of one state of that shape.

    Example:

    ```python
    layer = keras.layers.RNN(ReferenceSimpleRNNCell(4), return_sequences=True)
    outputs = layer(np.zeros((2, 5, 3), "float32"))  # [2, 5, 4]
    ```

    Reference:
        Elman, "Finding structure in time", Cognitive Science 14(2), 1990.
    """

    gate_names = ("hidden",)

    def call(self, inputs, states):
        x, (h,) = inputs, states  # [batch, features], [batch, units]
        W, U, b = self.kernel, self.recurrent_kernel, self.bias if self.use_bias else 0.0

        h = self.activation(x @ W + h @ U + b)  # (1) [batch, units]
        return self._output(h), [h]


@keras.saving.register_keras_serializable(package="rnnkit")
class ReferenceLSTMCell(_ReferenceCell):
    """Long short-term memory: a state that is added to, behind gates, and so is not washed out.

    Beside h_t it keeps c_t, the cell. Each step computes

        i_t = sigma(x_t W_i + h_{t-1} U_i + b_i)    input gate: what is written            (1)
        f_t = sigma(x_t W_f + h_{t-1} U_f + b_f)    forget gate: what is kept              (2)
        g_t = tanh(x_t W_g + h_{t-1} U_g + b_g)     candidate: what could be written       (3)
        o_t = sigma(x_t W_o + h_{t-1} U_o + b_o)    output gate: what is shown             (4)
        c_t = f_t * c_{t-1} + i_t * g_t             the cell                               (5)
        h_t = o_t * tanh(c_t)                       the output                             (6)

    Equations 1, 3, 4 and 6, and 5 with f_t = 1, are from 1997; the forget gate, equation 2, was
    added in 2000. The weights are those of `keras.layers.LSTMCell`.

    Args:
        units: Positive integer, size of the states and of the output.
        activation: Activation of equations 3 and 6.
        recurrent_activation: Activation of the gates, equations 1, 2 and 4.
        use_bias: Whether there are `b`.
        kernel_initializer: Initializer of the `W`.
        recurrent_initializer: Initializer of the `U`; see `ReferenceSimpleRNNCell`.
        bias_initializer: Initializer of the `b`.
        unit_forget_bias: Whether `b_f` starts at one whatever `bias_initializer` says: a network
            that at first keeps its cell learns over long spans sooner.
        return_gates: Whether the output holds, side by side, the `gate_names` (`"hidden"` h,
            `"input"` i, `"forget"` f, `"candidate"` g, `"output"` o, `"cell"` c), to be taken
            apart with `split_gates`.

    Call arguments:
        inputs: Tensor of one step.
        states: List of two tensors, h_{t-1} and c_{t-1}.

    Input shape:
        `(batch, features)`; through `keras.layers.RNN`, `(batch, time, features)`.

    Output shape:
        `(batch, units)`, or `(batch, 6 * units)` with `return_gates`; and a list of two states
        of shape `(batch, units)`.

    Example:

    ```python
    cell = ReferenceLSTMCell(4, return_gates=True)
    layer = keras.layers.RNN(cell, return_sequences=True)
    gates = cell.split_gates(layer(np.zeros((2, 5, 3), "float32")))
    gates["forget"]  # [2, 5, 4]
    ```

    Reference:
        Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997.
        Gers, Schmidhuber and Cummins, "Learning to forget", Neural Computation 12(10), 2000.
    """

    _blocks = 4
    gate_names = ("hidden", "input", "forget", "candidate", "output", "cell")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        unit_forget_bias=True,
        **kwargs,
    ):
        super().__init__(units, activation=activation, use_bias=use_bias, **kwargs)
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def _initial_bias(self, shape, dtype=None):
        bias = self.bias_initializer(shape, dtype=dtype)  # [4 * units]
        if not self.unit_forget_bias:
            return bias
        b_i, b_f, b_g, b_o = self._split(bias)  # each [units]
        return ops.concatenate([b_i, ops.ones_like(b_f), b_g, b_o])

    def call(self, inputs, states):
        sigma, tanh = self.recurrent_activation, self.activation
        x, (h, c) = inputs, states  # [batch, features], each [batch, units]
        W_i, W_f, W_g, W_o = self._split(self.kernel)  # each [features, units]
        U_i, U_f, U_g, U_o = self._split(self.recurrent_kernel)  # each [units, units]
        b_i, b_f, b_g, b_o = self._split_bias(self.bias)  # each [units]

        i = sigma(x @ W_i + h @ U_i + b_i)  # (1) [batch, units]
        f = sigma(x @ W_f + h @ U_f + b_f)  # (2) [batch, units]
        g = tanh(x @ W_g + h @ U_g + b_g)  # (3) [batch, units]
        o = sigma(x @ W_o + h @ U_o + b_o)  # (4) [batch, units]
        c = f * c + i * g  # (5) [batch, units]
        h = o * tanh(c)  # (6) [batch, units]
        return self._output(h, i, f, g, o, c), [h, c]


@keras.saving.register_keras_serializable(package="rnnkit")
class ReferenceGRUCell(_ReferenceCell):
    """The gated recurrent unit: one state and two gates, with about the reach of an LSTM.

    Each step computes

        z_t = sigma(x_t W_z + h_{t-1} U_z + b_z)         update gate: what is kept         (1)
        r_t = sigma(x_t W_r + h_{t-1} U_r + b_r)         reset gate: what is looked at     (2)
        g_t = tanh(x_t W_g + (r_t * h_{t-1}) U_g + b_g)  candidate                         (3)
        h_t = z_t * h_{t-1} + (1 - z_t) * g_t            the output                        (4)

    which are equations 6, 5, 8 and 7 of Cho et al. (2014), in that order. With `reset_after=True`
    the reset gate comes after the matrix product, so that one product serves all three equations
    (what cuDNN computes), and the recurrent products have biases d of their own:

        z_t = sigma(x_t W_z + b_z + h_{t-1} U_z + d_z)                                    (1')
        r_t = sigma(x_t W_r + b_r + h_{t-1} U_r + d_r)                                    (2')
        g_t = tanh(x_t W_g + b_g + r_t * (h_{t-1} U_g + d_g))                             (3')

    Some texts let z_t and 1 - z_t in equation 4 change places. The weights are those of
    `keras.layers.GRUCell`; with `reset_after` the bias is `[b, d]`, of shape `(2, 3 * units)`.

    Args:
        units: Positive integer, size of the state and of the output.
        activation: Activation of equation 3.
        recurrent_activation: Activation of the gates, equations 1 and 2.
        use_bias: Whether there are `b` and `d`.
        kernel_initializer: Initializer of the `W`.
        recurrent_initializer: Initializer of the `U`; see `ReferenceSimpleRNNCell`.
        bias_initializer: Initializer of the `b` and `d`.
        reset_after: Whether equations 1' to 3' take the place of 1 to 3. True as in
            `keras.layers.GRU`; False is the paper's.
        return_gates: Whether the output holds, side by side, the `gate_names` (`"hidden"` h,
            `"update"` z, `"reset"` r, `"candidate"` g), to be taken apart with `split_gates`.

    Call arguments:
        inputs: Tensor of one step.
        states: List of one tensor, h_{t-1}.

    Input shape:
        `(batch, features)`; through `keras.layers.RNN`, `(batch, time, features)`.

    Output shape:
        `(batch, units)`, or `(batch, 4 * units)` with `return_gates`; and a list of one state
        of shape `(batch, units)`.

    Example:

    ```python
    layer = keras.layers.RNN(ReferenceGRUCell(4, reset_after=False))
    outputs = layer(np.zeros((2, 5, 3), "float32"))  # [2, 4]
    ```

    Reference:
        Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
        machine translation", EMNLP 2014, https://arxiv.org/abs/1406.1078.
    """

    _blocks = 3
    gate_names = ("hidden", "update", "reset", "candidate")

    def __init__(
        self,
        units,
        activation="tanh",
        recurrent_activation="sigmoid",
        use_bias=True,
        reset_after=True,
        **kwargs,
    ):
        super().__init__(units, activation=activation, use_bias=use_bias, **kwargs)
        self.recurrent_activation = keras.activations.get(recurrent_activation)
        self.reset_after = reset_after

    def _bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs, states):
        sigma, tanh = self.recurrent_activation, self.activation
        x, (h,) = inputs, states  # [batch, features], [batch, units]
        W_z, W_r, W_g = self._split(self.kernel)  # each [features, units]
        U_z, U_r, U_g = self._split(self.recurrent_kernel)  # each [units, units]

        if self.reset_after:
            b, d = ops.unstack(self.bias) if self.use_bias else (None, None)  # each [3 * units]
            b_z, b_r, b_g = self._split_bias(b)  # each [units]
            d_z, d_r, d_g = self._split_bias(d)  # each [units]
            z = sigma(x @ W_z + b_z + h @ U_z + d_z)  # (1') [batch, units]
            r = sigma(x @ W_r + b_r + h @ U_r + d_r)  # (2') [batch, units]
            g = tanh(x @ W_g + b_g + r * (h @ U_g + d_g))  # (3') [batch, units]
        else:
            b_z, b_r, b_g = self._split_bias(self.bias)  # each [units]
            z = sigma(x @ W_z + h @ U_z + b_z)  # (1) [batch, units]
            r = sigma(x @ W_r + h @ U_r + b_r)  # (2) [batch, units]
            g = tanh(x @ W_g + (r * h) @ U_g + b_g)  # (3) [batch, units]

        h = z * h + (1 - z) * g  # (4) [batch, units]
        return self._output(h, z, r, g), [h]
