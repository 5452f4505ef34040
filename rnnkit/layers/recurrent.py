"""From the name of a cell to a layer: the one module of rnnkit that knows all cells."""

import inspect
import math

import keras
import numpy as np

from rnnkit.layers.gated import GRU, LSTM, SimpleRNN
from rnnkit.layers.reference import ReferenceGRUCell, ReferenceLSTMCell, ReferenceSimpleRNNCell
from rnnkit.layers.reservoir import ESN
from rnnkit.layers.stack import RecurrentStack, StepwiseDense, is_recurrent
from rnnkit.utils.checks import integer, nearest, number, one_of, require

# === Names of cells ===

_BUILDERS = {
    "dense": StepwiseDense,
    "simple_rnn": SimpleRNN,
    "lstm": LSTM,
    "gru": GRU,
    "esn": ESN,
    "reference_simple_rnn": ReferenceSimpleRNNCell,
    "reference_lstm": ReferenceLSTMCell,
    "reference_gru": ReferenceGRUCell,
}


def register_cell(name, builder):
    """Make `name` a cell that `recurrent` knows; a name that exists is replaced.

    A saved model holds the name alone. It is loaded after `register_cell` was called again; with
    `rnnkit.load_model(path, custom_objects={name: builder})`; and on the command line with
    `rnnkit infer model.keras --recipe file.py`, of which the file calls `register_cell`. Only names
    without ">" are taken from `custom_objects`.

    Args:
        name: The name.
        builder: Class or function, called as `builder(units, **cell_options)`, that makes a Keras
            RNN cell; or, if it has an argument `return_sequences`, a layer, which also takes
            `return_state`, `go_backwards`, `name` and in a call `initial_state` and `mask`. Only
            arguments with a name are options. `seed`, `*_initializer` and `recurrent_dropout`
            get the values of `recurrent`.

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
    if isinstance(cell, str) and ">" not in cell:  # one of custom_objects, which a user names
        builder = keras.saving.get_registered_object(cell)
        if builder is not None:
            return builder, _arguments(builder)
    if inspect.isclass(cell) and hasattr(cell, "call"):
        return cell, _arguments(cell)
    is_cell = all(hasattr(cell, name) for name in ("call", "state_size", "get_config"))
    if is_cell and not inspect.isclass(cell) and not is_recurrent(cell):
        config = cell.get_config()
        return lambda units, **options: type(cell).from_config({**config, **options}), config
    text = f"cell must be one of {cell_names()}, or a Keras RNN cell or its class."
    if isinstance(cell, str):
        text += " A name of your own must be known first: see register_cell."
    require(False, text + nearest(str(cell).lower(), _BUILDERS), cell=cell)


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
    if callable(seed):
        return seed()
    if seed is None:
        return None
    entropy = [seed, *"/".join(map(str, key)).encode()]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0]) >> 1  # 31 bits


def _seed_initializer(initializer, seed):
    # A copy even without a seed: one unseeded Keras initializer gives every layer the same numbers.
    initializer = keras.initializers.get(initializer)
    plain = not isinstance(initializer, keras.initializers.Initializer)  # a function
    config = {} if plain else initializer.get_config()
    if "seed" not in config:  # nothing random in it
        return initializer
    config["seed"] = seed if config["seed"] is None else config["seed"]
    return type(initializer).from_config(config)


def _scale_upper(options, index, width):
    """The options of one of several reservoirs on top of each other.

    The first has the input scaling and the feedback. The inputs of those above it are states, which
    are many, and would saturate them with the weights of an input.

    Args:
        options: Dict of options of `ESN`, and `upper_scaling`: the input scaling of the layers
            above the first, divided by the square root of the number of their inputs.
        index: Number of the layer from below.
        width: Number of states of the layer below.

    Returns:
        Dict of options of `ESN`.
    """
    options = dict(options)
    scaling = number(options.pop("upper_scaling", 1.0), "upper_scaling")
    if not index:
        return options
    for name in ("feedback_size", "feedback_scaling"):
        options.pop(name, None)
    return {**options, "input_scaling": scaling / math.sqrt(width)}


# === The function ===

_MERGE_MODES = ("concat", "sum", "mul", "ave")
_RNN_OPTIONS = {"unroll", "stateful", "zero_output_for_mask"}  # keras.layers.RNN's, not the cell's
_OWN = {"self", "units", "cell", "name", "dtype", "seed", "dropout", "recurrent_dropout"}
_OWN |= {"return_sequences", "return_state", "go_backwards"}  # set by `recurrent`, so no options


def recurrent(
    cell="lstm",
    units=64,
    *,
    num_layers=1,
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

    One layer without dropout is Keras' own layer (`keras.layers.LSTM`, ..., as a subclass that
    trains faster on a CPU); several are a `RecurrentStack`. Both are called, masked, saved and
    fused as Keras' own. By default recurrent weights start orthogonal and the forget gate of an
    LSTM starts open.

    Args:
        cell: One of `cell_names()`: `"dense"` (no memory, see `StepwiseDense`), `"simple_rnn"`,
            `"lstm"`, `"gru"` (Keras' layers, fused where Keras can), `"esn"` (a fixed reservoir,
            see `ESN`; of several layers all are read), `"reference_simple_rnn"`,
            `"reference_lstm"`, `"reference_gru"` (the same, written as equations). Or the class
            of a Keras RNN cell; or such a cell, which is copied through its config for each
            layer and direction, and keeps its own units. To be saved or made bidirectional, the
            class must be registered with Keras.
        units: Positive integer, size of the state of each layer and direction.
        num_layers: Positive integer, how many layers lie on top of each other.
        bidirectional: Whether each layer also reads backwards (`keras.layers.Bidirectional`).
        dropout: Fraction of input features dropped below every layer, the first included, the
            same ones at every step: as `keras.layers.LSTM(dropout=...)`, but in layers of its
            own. A series with one feature is dropped as a whole or not at all.
        recurrent_dropout: Fraction of the state dropped between steps. It is in the cell: cells
            that have none refuse it, and the fused kernel (cuDNN) is lost.
        return_sequences: Whether to return the output of every step, or of the last.
        return_state: Whether to return the last states too, as Keras does: `(output, *states)`,
            bottom layer first, forward before backward.
        merge_mode: How two directions become one output: `"concat"`, `"sum"`, `"mul"`, `"ave"`.
        seed: Integer from which every dropout, and every initializer without a seed of its own,
            gets one, different for each layer, direction and weight. Or a function that gives
            one after the other.
        name: Name of the layer.
        dtype: dtype or dtype policy; None is Keras' global one.
        **cell_options: Other arguments of the cell or layer, such as `activation`,
            `reset_after`, `kernel_regularizer`, `return_gates`, `unroll`, `stateful`. With
            `"esn"` the input scaling and the feedback are those of the first layer; layers above
            it have the input scaling `upper_scaling` (1 by default), divided by the square root
            of the number of their inputs.

    Returns:
        A Keras layer from `(batch, time, features)` to `(batch, time, width)` or
        `(batch, width)`. `width` is `units`, doubled by two directions that are concatenated.

    Example:

    ```python
    layer = recurrent("gru", 8, num_layers=2, bidirectional=True, dropout=0.2, seed=1)
    outputs = layer(np.ones((2, 5, 3), "float32"))  # [2, 16]
    ```

    Reference:
        Gal and Ghahramani, "A theoretically grounded application of dropout in recurrent neural
        networks", NeurIPS 2016, https://arxiv.org/abs/1512.05287.
    """
    builder, takes = _builder_of(cell)
    wraps = "return_sequences" not in takes  # a cell, for keras.layers.RNN
    if builder is ESN:
        takes = {**takes, "upper_scaling": 1.0}
    integer(units, "units")
    integer(num_layers, "num_layers")
    integer(0 if callable(seed) else seed or 0, "seed", least=0)
    number(dropout, "dropout", least=0, below=1)
    number(recurrent_dropout, "recurrent_dropout", least=0, below=1)
    one_of(merge_mode, "merge_mode", _MERGE_MODES)
    text = f"recurrent_dropout must be 0 for the cell {cell!r}, which has none."
    fits = not recurrent_dropout or "recurrent_dropout" in takes
    require(fits, text, recurrent_dropout=recurrent_dropout)
    options = sorted((takes.keys() | (_RNN_OPTIONS if wraps else set())) - _OWN)
    for key, value in cell_options.items():
        text = f"{key} is no option of the cell {cell!r}, which takes {options}."
        require(key in options, text, **{key: value})
    text = "num_layers must be 1 with return_gates: gates feed no layer above."
    require(num_layers == 1 or not cell_options.get("return_gates"), text, num_layers=num_layers)

    def one_way(index, direction, **settings):
        options = {"recurrent_dropout": recurrent_dropout} if recurrent_dropout else {}
        options |= cell_options
        for key in (key for key in takes if key.endswith("_initializer")):
            weight_seed = _derive_seed(seed, index, direction, key)
            options[key] = _seed_initializer(options.get(key, takes[key]), weight_seed)
        if "seed" in takes and seed is not None:
            options["seed"] = _derive_seed(seed, index, direction, "seed")
        if builder is ESN:
            options = _scale_upper(options, index, units * (2 if bidirectional else 1))
        if dtype is not None:
            settings["dtype"] = options["dtype"] = dtype
        if not wraps:
            return builder(units, **{**options, **settings})
        settings |= {key: options.pop(key) for key in _RNN_OPTIONS if key in options}
        return keras.layers.RNN(builder(units, **options), **settings)

    def one_layer(index, name):
        sequences = return_sequences or index < num_layers - 1
        settings = {"return_sequences": sequences, "return_state": return_state}
        if not bidirectional:
            return one_way(index, "forward", name=name, **settings)
        forward = one_way(index, "forward", **settings)
        settings |= {"go_backwards": True, "name": f"backward_{forward.name}"}
        backward = one_way(index, "backward", **settings)
        settings = {"backward_layer": backward, "name": name, "dtype": dtype}
        return keras.layers.Bidirectional(forward, merge_mode, **settings)

    if num_layers == 1 and not dropout:
        return one_layer(0, name)
    stack = []
    for index in range(num_layers):
        if dropout:
            settings = {"seed": _derive_seed(seed, index, "dropout"), "dtype": dtype}
            settings["noise_shape"] = (None, 1, None)  # the same features at every step
            stack.append(keras.layers.Dropout(dropout, **settings))
        stack.append(one_layer(index, None))
    # Untrained layers add features to those below rather than replace them.
    read_all = num_layers > 1 and cell == "esn"
    return RecurrentStack(stack, read_all=read_all, name=name, dtype=dtype)
