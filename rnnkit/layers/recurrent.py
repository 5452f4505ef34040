"""From the name of a cell to a layer: the one place in rnnkit that knows which is which."""

import difflib
import inspect
import numbers

import keras
import numpy as np
from keras import ops

from rnnkit.layers.reference import ReferenceGRUCell, ReferenceLSTMCell, ReferenceSimpleRNNCell


def _check(condition, text, **received):
    if not condition:
        values = ", ".join(f"{name}={value!r}" for name, value in received.items())
        raise ValueError(f"{text} Received: {values}")


# === Layers ===


@keras.saving.register_keras_serializable(package="rnnkit")
class StepwiseDense(keras.layers.Dense):
    """The recurrent layer without memory: one dense layer, applied to each step on its own.

    It computes tanh(x_t W + b): a simple recurrent network whose recurrent weights are zero. Set
    beside a real one it shows what memory adds.

    Args:
        units: Positive integer, size of the output.
        activation: Activation of each step.
        return_sequences: Whether to return every step; if not, the mean over the steps that
            are not masked (zeros where all are).
        return_state: Must be False: there is no state. Here for `keras.layers.Bidirectional`.
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
        text = "Argument `return_state` must be False for the cell 'dense', which has no state."
        _check(not return_state, text, return_state=return_state)
        super().__init__(units, activation=activation, **kwargs)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = False

    def call(self, sequences, initial_state=None, mask=None):
        text = "Argument `initial_state` must be None for the cell 'dense', which has no state."
        _check(initial_state is None, text, initial_state=initial_state)
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

    def get_config(self):
        names = ("return_sequences", "return_state", "go_backwards")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


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

    Call arguments:
        sequences: Tensor of steps.
        initial_state: List of the first states of all layers, in the order of `return_state`.
        mask: Boolean tensor `(batch, time)`, False at the steps that do not count. By default
            the one that `sequences` carry, also beside `initial_state`, where Keras' own
            recurrent layers need it said.
        training: Whether dropout drops.
        sequences_mask: For Keras, which puts the mask that `sequences` carry here.

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

    def __init__(self, layers, **kwargs):
        found = [layer for layer in layers if _is_recurrent(layer)]
        fits = found and found[-1] is layers[-1] and all(low.return_sequences for low in found[:-1])
        text = (
            "Argument `layers` must be a list that ends with a recurrent layer; the recurrent ones "
            "below it must have `return_sequences=True`, and all the same `return_state`."
        )
        _check(fits and len({bool(each.return_state) for each in found}) == 1, text, layers=layers)
        super().__init__(**kwargs)
        self.layers = list(layers)
        self.return_sequences = layers[-1].return_sequences
        self.return_state = layers[-1].return_state
        self.supports_masking = True

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
        text = f"Argument `initial_state` must be a list of {count} states, those of all layers."
        _check(initial_state is None or len(first) == count, text, initial_state=initial_state)
        states = []
        for layer in self.layers:
            if not _is_recurrent(layer):
                sequences = layer(sequences)
                continue
            count = _count_states(layer)
            outputs = layer(sequences, initial_state=first[:count] or None, mask=mask)
            sequences, last = self._take_states(layer, outputs)
            first, states = first[count:], states + last
        return (sequences, *states) if self.return_state else sequences

    def _take_states(self, layer, outputs):
        if self.return_state and _is_recurrent(layer):
            return outputs[0], list(outputs[1:])
        return outputs, []

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        shape, states = sequences_shape, []
        for layer in self.layers:
            shape, last = self._take_states(layer, layer.compute_output_shape(shape))
            states += last
        return (shape, *states) if self.return_state else shape

    def compute_mask(self, sequences, mask=None):
        mask = mask if self.return_sequences else None
        return [mask] + [None] * sum(map(_count_states, self.layers)) if self.return_state else mask

    def reset_state(self):
        """Set the states of stateful layers back to zero."""
        for layer in self.layers:
            if getattr(layer, "stateful", False):
                layer.reset_state()

    def get_config(self):
        layers = [keras.saving.serialize_keras_object(layer) for layer in self.layers]
        return {**super().get_config(), "layers": layers}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        load = keras.saving.deserialize_keras_object
        layers = [load(layer, custom_objects=custom_objects) for layer in config["layers"]]
        return cls(**{**config, "layers": layers})


def _is_recurrent(layer):
    return hasattr(layer, "return_sequences")


def _count_states(layer):
    if not _is_recurrent(layer):
        return 0
    directions = 2 if isinstance(layer, keras.layers.Bidirectional) else 1
    return directions * len(getattr(layer, "forward_layer", layer).state_size)


# === Names of cells ===

_BUILDERS = {
    "dense": StepwiseDense,
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "reference_simple_rnn": ReferenceSimpleRNNCell,
    "reference_lstm": ReferenceLSTMCell,
    "reference_gru": ReferenceGRUCell,
}


def register_cell(name, builder):
    """Make `name` a cell that `recurrent` knows; a name that exists is replaced.

    Args:
        name: The name.
        builder: Class or function, called as `builder(units, **cell_options)`, that makes a Keras
            RNN cell; or, if it has an argument `return_sequences`, a layer, which also takes
            `return_state`, `go_backwards`, `name` and in a call `initial_state` and `mask`. Only
            arguments with a name are options. `seed`, `*_initializer` and `recurrent_dropout`
            get what `recurrent` was given.

    Example:

    ```python
    register_cell("paper_gru", lambda units: ReferenceGRUCell(units, reset_after=False))
    layer = recurrent("paper_gru", 4)
    ```
    """
    _BUILDERS[name] = builder


def cell_names():
    """Return the list of names that `recurrent` knows."""
    return list(_BUILDERS)


def _builder_of(cell):
    """Return what makes `cell`, and its named arguments with their defaults."""
    if isinstance(cell, str) and cell in _BUILDERS:
        return _BUILDERS[cell], _arguments(_BUILDERS[cell])
    if inspect.isclass(cell) and hasattr(cell, "call"):
        return cell, _arguments(cell)
    is_cell = all(hasattr(cell, name) for name in ("call", "state_size", "get_config"))
    if is_cell and not inspect.isclass(cell) and not _is_recurrent(cell):
        config = cell.get_config()
        return lambda units, **options: type(cell).from_config({**config, **options}), config
    near = difflib.get_close_matches(str(cell).lower(), _BUILDERS, n=1)
    text = f"Argument `cell` must be one of {cell_names()}, or a Keras RNN cell or its class."
    _check(False, text + (f" Did you mean {near[0]!r}?" if near else ""), cell=cell)


def _arguments(builder):
    # A class that passes `**kwargs` on takes what its base classes take, up to Keras' Layer.
    classes = builder.__mro__ if inspect.isclass(builder) else ()
    named = {}
    for function in [vars(c)["__init__"] for c in classes if "__init__" in vars(c)] or [builder]:
        if function is keras.layers.Layer.__init__:
            break
        parameters = inspect.signature(function).parameters.values()
        kinds = inspect.Parameter
        for each in parameters:
            if each.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY):
                named.setdefault(each.name, each.default)
        if all(each.kind is not kinds.VAR_KEYWORD for each in parameters):
            break
    return named


def _derive_seed(seed, *key):
    """Return the seed of the part of a network that `key` names; None stays None."""
    if seed is None:
        return None
    entropy = [seed, *"/".join(map(str, key)).encode()]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0]) >> 1  # 31 bits


def _seed_initializer(initializer, seed):
    # A copy even without a seed: one unseeded Keras initializer gives every layer the same numbers.
    initializer = keras.initializers.get(initializer)
    config = getattr(initializer, "get_config", dict)()
    if "seed" not in config:  # nothing random in it
        return initializer
    config["seed"] = seed if config["seed"] is None else config["seed"]
    return type(initializer).from_config(config)


# === The function ===

_MERGE_MODES = ("concat", "sum", "mul", "ave")
_RNN_OPTIONS = {"unroll", "stateful", "zero_output_for_mask"}  # keras.layers.RNN's, not the cell's
_OWN = {"self", "units", "cell", "name", "dtype", "seed", "dropout", "recurrent_dropout"}
_OWN |= {"return_sequences", "return_state", "go_backwards"}  # set by `recurrent`, so no options


def recurrent(
    cell="lstm",
    units=64,
    *,
    layers=1,
    bidirectional=False,
    dropout=0.0,
    recurrent_dropout=0.0,
    return_sequences=False,
    return_state=False,
    merge_mode="concat",
    seed=None,
    name=None,
    dtype=None,
    **cell_options,
):
    """Make a recurrent layer from the name of its cell.

    One layer without dropout is Keras' own layer (`keras.layers.LSTM`, ...); what needs several
    is a `RecurrentStack` of them. Both are called, masked, saved and fused as Keras' own. By
    default recurrent weights start orthogonal and the forget gate of an LSTM starts open.

    Args:
        cell: One of `cell_names()`: `"dense"` (no memory, see `StepwiseDense`), `"simple_rnn"`,
            `"lstm"`, `"gru"` (Keras' layers, fused where Keras can), `"reference_simple_rnn"`,
            `"reference_lstm"`, `"reference_gru"` (the same, written as equations). Or the class
            of a Keras RNN cell; or such a cell, which is copied through its config for each
            layer and direction, and keeps its own units. To be saved or made bidirectional, the
            class must be registered with Keras.
        units: Positive integer, size of the state of each layer and direction.
        layers: Positive integer, how many layers lie on top of each other.
        bidirectional: Whether each layer also reads backwards (`keras.layers.Bidirectional`).
        dropout: Fraction of input features dropped below every layer, the first included, the
            same ones at every step: as `keras.layers.LSTM(dropout=...)`, but in layers of its
            own. Of a series with one feature it drops all or nothing.
        recurrent_dropout: Fraction of the state dropped between steps. It is in the cell: cells
            that have none refuse it, and the fused kernel (cuDNN) is lost.
        return_sequences: Whether to return the output of every step, or of the last.
        return_state: Whether to return the last states too, as Keras does: `(output, *states)`,
            bottom layer first, forward before backward.
        merge_mode: How two directions become one output: `"concat"`, `"sum"`, `"mul"`, `"ave"`.
        seed: Integer from which every dropout, and every initializer without a seed of its own,
            gets one, different for each layer, direction and weight.
        name: Name of the layer.
        dtype: dtype or dtype policy; None is Keras' global one.
        **cell_options: Other arguments of the cell or layer, such as `activation`,
            `reset_after`, `kernel_regularizer`, `return_gates`, `unroll`, `stateful`.

    Returns:
        A Keras layer from `(batch, time, features)` to `(batch, time, width)` or
        `(batch, width)`. `width` is `units`, doubled by two directions that are concatenated.

    Example:

    ```python
    layer = recurrent("gru", 8, layers=2, bidirectional=True, dropout=0.2, seed=1)
    outputs = layer(np.ones((2, 5, 3), "float32"))  # [2, 16]
    ```

    Reference:
        Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent neural
        networks", NeurIPS 2016, https://arxiv.org/abs/1512.05287.
    """
    builder, takes = _builder_of(cell)
    wraps = "return_sequences" not in takes  # a cell, for keras.layers.RNN
    for key, value, least in (("units", units, 1), ("layers", layers, 1), ("seed", seed or 0, 0)):
        text = f"Argument `{key}` must be an integer that is at least {least}."
        fits = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        _check(fits and value >= least, text, **{key: value})
    for key, rate in (("dropout", dropout), ("recurrent_dropout", recurrent_dropout)):
        text = f"Argument `{key}` must be a number, at least 0 and below 1."
        _check(isinstance(rate, numbers.Real) and 0 <= rate < 1, text, **{key: rate})
    text = f"Argument `merge_mode` must be one of {_MERGE_MODES}."
    _check(merge_mode in _MERGE_MODES, text, merge_mode=merge_mode)
    text = f"Argument `recurrent_dropout` must be 0 for the cell {cell!r}, which has none."
    fits = not recurrent_dropout or "recurrent_dropout" in takes
    _check(fits, text, recurrent_dropout=recurrent_dropout)
    options = sorted((takes.keys() | (_RNN_OPTIONS if wraps else set())) - _OWN)
    for key, value in cell_options.items():
        text = f"Argument `{key}` is no option of the cell {cell!r}, which takes {options}."
        _check(key in options, text, **{key: value})
    text = "Argument `layers` must be 1 with `return_gates`: gates are no input for a layer above."
    _check(layers == 1 or not cell_options.get("return_gates"), text, layers=layers)

    def one_way(index, direction, **settings):
        options = {"recurrent_dropout": recurrent_dropout} if recurrent_dropout else {}
        options |= cell_options
        for key in (key for key in takes if key.endswith("_initializer")):
            weight_seed = _derive_seed(seed, index, direction, key)
            options[key] = _seed_initializer(options.get(key, takes[key]), weight_seed)
        if "seed" in takes and seed is not None:
            options["seed"] = _derive_seed(seed, index, direction, "seed")
        if dtype is not None:
            settings["dtype"] = options["dtype"] = dtype
        if not wraps:
            return builder(units, **{**options, **settings})
        settings |= {key: options.pop(key) for key in _RNN_OPTIONS if key in options}
        return keras.layers.RNN(builder(units, **options), **settings)

    def one_layer(index, name):
        sequences = return_sequences or index < layers - 1
        settings = {"return_sequences": sequences, "return_state": return_state}
        if not bidirectional:
            return one_way(index, "forward", name=name, **settings)
        forward = one_way(index, "forward", **settings)
        settings |= {"go_backwards": True, "name": f"backward_{forward.name}"}
        backward = one_way(index, "backward", **settings)
        settings = {"backward_layer": backward, "name": name, "dtype": dtype}
        return keras.layers.Bidirectional(forward, merge_mode, **settings)

    if layers == 1 and not dropout:
        return one_layer(0, name)
    stack = []
    for index in range(layers):
        if dropout:
            settings = {"seed": _derive_seed(seed, index, "dropout"), "dtype": dtype}
            settings["noise_shape"] = (None, 1, None)  # the same features at every step
            stack.append(keras.layers.Dropout(dropout, **settings))
        stack.append(one_layer(index, None))
    return RecurrentStack(stack, name=name, dtype=dtype)
