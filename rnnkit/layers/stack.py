"""Layers beside Keras' own: several recurrent layers as one, and one without memory."""

import keras
from keras import ops

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import require


@keras.saving.register_keras_serializable(package="rnnkit")
class StepwiseDense(Configured, keras.layers.Dense):
    """The recurrent layer without memory: one dense layer, applied to each step on its own.

    It computes tanh(x_t W + b): a simple recurrent network whose recurrent weights are zero. A
    comparison with a real one shows what memory adds.

    Args:
        units: Positive integer, size of the output.
        activation: Activation of each step.
        return_sequences: Whether to return every step; if not, the mean over the steps that
            are not masked (zeros where all are).
        return_state: Must be False: there is no state. `keras.layers.Bidirectional` needs it.
        go_backwards: Whether to return the steps last first, as `keras.layers.RNN` does.
        **kwargs: Other arguments of `keras.layers.Dense`.

    Call arguments:
        sequences: Tensor of steps.
        initial_state: Must be None: there is no state.
        mask: Boolean tensor `(batch, time)`, False at the steps that do not count.

    Input shape:
        `(batch, time, features)`.

    Output shape:
        `(batch, time, units)` with `return_sequences`, otherwise `(batch, units)`.

    Example:

    ```python
    outputs = StepwiseDense(4)(np.ones((2, 5, 3), "float32"))  # [2, 4]
    ```
    """

    state_size = ()

    def __init__(
        self,
        units,
        activation="tanh",
        return_sequences=False,
        return_state=False,
        go_backwards=False,
        **kwargs,
    ):
        text = "return_state must be False for the cell 'dense', which has no state."
        require(not return_state, text, return_state=return_state)
        super().__init__(units, activation=activation, **kwargs)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = False

    def call(self, sequences, initial_state=None, mask=None):
        text = "initial_state must be None for the cell 'dense', which has no state."
        require(initial_state is None, text, initial_state=initial_state)
        outputs = super().call(sequences)  # [batch, time, units]
        if self.return_sequences:
            return ops.flip(outputs, axis=1) if self.go_backwards else outputs
        # Half precision counts only to 2048, so the mean is taken in single.
        outputs = ops.cast(outputs, keras.backend.result_type(outputs.dtype, "float32"))
        counts = ops.ones_like(outputs[..., :1])  # [batch, time, 1]
        if mask is not None:
            counts = ops.cast(mask, outputs.dtype)[..., None]  # [batch, time, 1]
        mean = ops.sum(outputs * counts, axis=1) / ops.maximum(ops.sum(counts, axis=1), 1)
        return ops.cast(mean, self.compute_dtype)  # [batch, units]

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        steps = tuple(sequences_shape[1:-1]) if self.return_sequences else ()
        return (sequences_shape[0], *steps, self.units)

    def compute_mask(self, sequences, mask=None):
        return mask if self.return_sequences else None


@keras.saving.register_keras_serializable(package="rnnkit")
class RecurrentStack(keras.layers.Layer):
    """Recurrent layers on top of each other, with what lies between them, used as one layer.

    Each layer reads the whole output sequence of the one below. `recurrent` makes a stack where
    one layer is not enough; it can also be made by hand, of layers that differ.

    Args:
        layers: List of layers, bottom first: recurrent ones (`keras.layers.RNN` and its
            subclasses, `keras.layers.Bidirectional`, `StepwiseDense`) and, below or between
            them, ones that leave shape and mask as they are, such as `keras.layers.Dropout`.
            The last must be recurrent and decides `return_sequences`; the recurrent ones below
            it must return sequences, and all have the same `return_state`.
        read_all: Whether the output holds, side by side, the outputs of all recurrent layers,
            bottom first, instead of the last one's alone: a deep reservoir is read this way.

    Call arguments:
        sequences: Tensor of steps.
        initial_state: List of the first states of all layers, in the order of `return_state`.
        mask: Boolean tensor `(batch, time)`, False at the steps that do not count. By default
            the one that `sequences` carry, also beside `initial_state`.
        training: Whether dropout is applied.
        sequences_mask: For Keras, which passes the mask that `sequences` carry by this name.

    Input shape:
        `(batch, time, features)`.

    Output shape:
        That of the last layer. With `return_state`, followed by the last states of all layers
        in one flat tuple, bottom first, and in each layer forward before backward.

    Example:

    ```python
    lower, upper = keras.layers.GRU(8, return_sequences=True), keras.layers.GRU(4)
    stack = RecurrentStack([lower, keras.layers.Dropout(0.2), upper])
    outputs = stack(np.ones((2, 5, 3), "float32"))  # [2, 4]
    ```
    """

    def __init__(self, layers, read_all=False, **kwargs):
        found = [layer for layer in layers if is_recurrent(layer)]
        fits = found and found[-1] is layers[-1] and all(low.return_sequences for low in found[:-1])
        text = (
            "layers must be a list that ends with a recurrent layer; the recurrent ones below it "
            "must have `return_sequences=True`, and all the same `return_state`."
        )
        require(fits and len({bool(each.return_state) for each in found}) == 1, text, layers=layers)
        super().__init__(**kwargs)
        text = (
            "read_all needs directions that are concatenated (`merge_mode='concat'`) to find their "
            "last outputs."
        )
        modes = {each.merge_mode if is_bidirectional(each) else "concat" for each in found}
        require(not read_all or modes == {"concat"}, text, read_all=read_all)
        self.layers = list(layers)
        self.read_all = read_all
        self.return_sequences = layers[-1].return_sequences
        self.return_state = layers[-1].return_state

    def build(self, sequences_shape, initial_state_shape=None):
        for layer in self.layers:
            if not layer.built:
                layer.build(sequences_shape)
            shapes = layer.compute_output_shape(sequences_shape)
            sequences_shape, _ = self._take_states(layer, shapes)
        self.built = True

    # Beside a second tensor, `initial_state`, Keras puts the mask that `sequences` carry into an
    # argument of that name, and into `mask` no more. It hands `training` on to the layers itself.
    def call(self, sequences, initial_state=None, mask=None, training=False, sequences_mask=None):
        mask = sequences_mask if mask is None else mask
        first = [] if initial_state is None else initial_state
        first = list(first) if isinstance(first, (list, tuple)) else [first]
        count = sum(map(_count_states, self.layers))
        text = f"initial_state must be a list of {count} states, those of all layers."
        require(initial_state is None or len(first) == count, text, initial_state=initial_state)
        states, read = [], []
        for layer in self.layers:
            if not is_recurrent(layer):
                sequences = layer(sequences)
                continue
            count = _count_states(layer)
            outputs = layer(sequences, initial_state=first[:count] or None, mask=mask)
            sequences, last = self._take_states(layer, outputs)
            first, states = first[count:], states + last
            read.append(sequences)
        if self.read_all:
            if not self.return_sequences:
                pairs = zip(self._recurrent, read, strict=True)
                read = [_last(layer, each, mask) for layer, each in pairs]
            sequences = ops.concatenate(read, axis=-1)  # [batch, (time,) sum of widths]
        return (sequences, *states) if self.return_state else sequences

    @property
    def _recurrent(self):
        return [layer for layer in self.layers if is_recurrent(layer)]

    def _take_states(self, layer, outputs):
        if self.return_state and is_recurrent(layer):
            return outputs[0], list(outputs[1:])
        return outputs, []

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        shape, states, width = sequences_shape, [], 0
        for layer in self.layers:
            shape, last = self._take_states(layer, layer.compute_output_shape(shape))
            states += last
            width += shape[-1] if is_recurrent(layer) else 0
        if self.read_all:
            shape = (*shape[:-1], width)
        return (shape, *states) if self.return_state else shape

    def compute_mask(self, sequences, mask=None):
        mask = mask if self.return_sequences else None
        return [mask] + [None] * sum(map(_count_states, self.layers)) if self.return_state else mask

    def reset_state(self):
        """Set the states of stateful layers back to zero."""
        for layer in self.layers:
            if is_recurrent(layer) and layer.stateful:
                layer.reset_state()

    def get_config(self):
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        return {**super().get_config(), "layers": layers, "read_all": self.read_all}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        load = keras.saving.deserialize_keras_object
        layers = [load(layer, custom_objects=custom_objects) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})


def is_recurrent(layer):
    """Whether a layer follows Keras' protocol of recurrent layers, which is not a class."""
    return hasattr(layer, "return_sequences")


def is_bidirectional(layer):
    """Whether a layer reads both ways."""
    return isinstance(layer, keras.layers.Bidirectional)


def _last(layer, outputs, mask):
    """The output of each direction's last step that counts."""
    if outputs.ndim == 2:  # the last layer returns it alone
        return outputs
    flipped = None if mask is None else ops.flip(mask, axis=1)
    if is_bidirectional(layer):
        forward, backward = ops.split(outputs, 2, axis=-1)  # each [batch, time, units]
        ends = [_end(forward, mask), _end(ops.flip(backward, axis=1), flipped)]
        return ops.concatenate(ends, axis=-1)  # [batch, 2 * units]
    return _end(outputs, flipped if layer.go_backwards else mask)


# Masked steps repeat the output before them, but not in cuDNN or with `zero_output_for_mask`.
def _end(outputs, mask):
    if mask is None:
        return outputs[:, -1]  # [batch, units]
    steps = ops.arange(ops.shape(outputs)[1])
    last = ops.max(ops.where(mask, steps, 0), axis=1)  # [batch]
    return ops.take_along_axis(outputs, last[:, None, None], axis=1)[:, 0]  # [batch, units]


def _count_states(layer):
    if not is_recurrent(layer):
        return 0
    if is_bidirectional(layer):
        return 2 * len(layer.forward_layer.state_size)
    return len(layer.state_size)
