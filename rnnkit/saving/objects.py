"""Which objects a model file may name."""

import inspect

import keras

from rnnkit.formats.model_files import Refused

# rnnkit's own registered classes, and Keras' in these modules. Keras' modules that build layers,
# models or call files (`keras.layers`, `keras.utils`, ...) are admitted class by class.
KERAS_MODULES = {
    "keras",
    "keras.constraints",
    "keras.initializers",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.regularizers",
}
KERAS_CLASSES = {
    "DTypePolicy",
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
}
# Layers whose configuration is numbers, names of functions, and layers of this list. Lambda is not
# among them, nor what else wraps functions, or reads files or vocabularies.
KERAS_LAYERS = {
    "Activation", "ActivityRegularization", "Add", "AdditiveAttention", "AlphaDropout", "Attention",
    "Average", "AveragePooling1D", "AveragePooling2D", "BatchNormalization", "Bidirectional",
    "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D", "Conv2DTranspose", "ConvLSTM1D",
    "ConvLSTM2D", "Cropping1D", "Cropping2D", "Dense", "DepthwiseConv1D", "DepthwiseConv2D", "Dot",
    "Dropout", "ELU", "EinsumDense", "Embedding", "Flatten", "GRU", "GaussianDropout",
    "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GroupNormalization", "GroupQueryAttention", "Identity", "InputLayer",
    "LSTM", "LayerNormalization", "LeakyReLU", "Masking", "MaxPooling1D", "MaxPooling2D", "Maximum",
    "Minimum", "MultiHeadAttention", "Multiply", "PReLU", "Permute", "RMSNormalization", "RNN",
    "ReLU", "RepeatVector", "Rescaling", "Reshape", "SeparableConv1D", "SeparableConv2D",
    "SimpleRNN", "Softmax", "SpatialDropout1D", "SpatialDropout2D", "Subtract", "TimeDistributed",
    "UnitNormalization", "UpSampling1D", "UpSampling2D", "ZeroPadding1D", "ZeroPadding2D",
}  # fmt: skip
# What makes masks of inputs in such a graph: comparisons, and "and", "or" and "not" of them.
KERAS_OPERATIONS = {"Equal", "LogicalAnd", "LogicalNot", "LogicalOr", "NotEqual"}
# Models that are graphs of layers, and where Keras says that they are.
KERAS_MODELS = {("keras.src.models.functional", "Functional"), ("keras", "Sequential")}
KERAS_TENSOR = "__keras_tensor__"  # a place in such a graph
KERAS_FUNCTIONS = {"keras.activations", "keras.losses", "keras.metrics", "builtins"}
# What may stand where a number is the default, beside lists of numbers: None for no limit, names.
BESIDE_NUMBERS = {
    ("rnnkit>Text", "vocabulary_size"): type(None),
    ("rnnkit>Series", "columns"): list,
    ("rnnkit>Forecast", "columns"): list,
    ("rnnkit>Vectors", "columns"): list,
    ("rnnkit>AveragedAdam", "learning_rate"): dict,  # a schedule
}
# Keras' classes above that call back into arbitrary functions or models.
REFUSED = {"Lambda", "LossFunctionWrapper", "MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"}


def check_objects(config, custom_objects):
    """Checks that a configuration names allowed objects alone, and a model outermost: one of
    rnnkit, or a graph of layers as Keras saves it.

    Args:
        config: The dict of `config.json`.
        custom_objects: Dict of registered name to class that the user trusts.

    Returns:
        How many objects it names.

    Raises:
        Refused: With what is wrong.
    """
    pending, count = [config], 0
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            pending.extend(node.values())
            count += _check(node, custom_objects)
    full, name = config.get("registered_name"), config["class_name"]
    ours = isinstance(full, str) and full.startswith("rnnkit>")
    plain = any(config.get("module") == where and name == each for where, each in KERAS_MODELS)
    if not (ours or plain or _among(custom_objects, full) or _among(custom_objects, name)):
        raise Refused(f"it holds a {name!r}, not a model of rnnkit or a graph of layers")
    return count


def _check(node, custom_objects):
    """Whether a dict stands for an object; raises if for one that is not allowed."""
    name, module = node.get("class_name"), node.get("module")
    full = node.get("registered_name")
    if not _among(("__lambda__", *REFUSED), name):
        if "class_name" not in node or "config" not in node or name == KERAS_TENSOR:
            return False
        if _allowed(node, name, module, full, custom_objects):
            if isinstance(full, str) and full.startswith("rnnkit>"):
                _check_types(full, node)
            return True
        raise Refused(
            f"it names the object {_short(full or name)} of module {_short(module)}, which is not "
            "on the list of what a model file may hold. If it is your own, pass "
            f"custom_objects={{{_short(full or name)}: ...}}"
        )
    if name == "__lambda__":
        raise Refused("it holds a lambda, which can run code")
    raise Refused(f"it holds a {name}, which can run code")


def _allowed(node, name, module, full, custom_objects):
    registered = keras.saving.get_custom_objects()
    if _among(custom_objects, name) or _among(custom_objects, full):
        return True
    if isinstance(full, str) and full.startswith("rnnkit>"):
        return full in registered and registered[full].__name__ == name
    if name == "function":
        function = node["config"]
        known = _among(KERAS_FUNCTIONS, module) and isinstance(function, str)
        return known and (hasattr(keras.activations, function) or hasattr(keras.losses, function))
    if full is not None and full != name:
        return False
    if any(module == where and name == each for where, each in KERAS_MODELS):
        return True
    if module == "keras.src.ops.numpy":
        return _among(KERAS_OPERATIONS, name)
    if _among(KERAS_MODULES, module) and isinstance(name, str):
        return module != "keras" or name in KERAS_CLASSES
    return module == "keras.layers" and _among(KERAS_CLASSES | KERAS_LAYERS, name)


def _check_types(full, node):
    """Refuses what is no truth value for an argument of a class of ours that takes one, what is no
    number where it takes one, and lists in which some numbers are None.

    Whether a value is in its bounds the classes check themselves.
    """
    config, made = node["config"], keras.saving.get_registered_object(full)
    if not isinstance(config, dict):
        raise Refused(f"it holds no dict as the configuration of its {full}")
    _check_arguments(full, made, config)
    if isinstance(node.get("compile_config"), dict):
        _check_arguments(full, keras.Model.compile, node["compile_config"])
    for name, value in config.items():
        moments = name in ("mean", "deviation") and value is not None
        if _has_gaps(value) or (moments and not _is_number(value)):
            raise _unfit(full, name, "a list of numbers", value)


def _check_arguments(full, function, given):
    """Checks those arguments whose defaults are truth values or numbers."""
    for name, argument in inspect.signature(function).parameters.items():
        if name not in given:
            continue
        value, default = given[name], argument.default
        if isinstance(default, bool) and not isinstance(value, (bool, type(None))):
            raise _unfit(full, name, "True or False", value)
        if _is_number(default) and not _is_number(value):
            if not isinstance(value, BESIDE_NUMBERS.get((full, name), ())):
                raise _unfit(full, name, "a number", value)


def _is_number(value):
    """Whether a value is a number, or a list of numbers, which many arguments may be."""
    if isinstance(value, dict) and value.get("class_name") == "__tuple__":
        value = value.get("items")
    if isinstance(value, list):
        return bool(value) and all(map(_is_number, value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _unfit(full, name, wanted, value):
    return Refused(
        f"its {full.removeprefix('rnnkit>')} does not fit: {name} must be {wanted}. "
        f"Received: {name}={_short(value)}"
    )


def _has_gaps(value):
    """Whether there is a list of numbers, also within others, in which some or all are None."""
    if not isinstance(value, list):
        return False
    numbers = all(each is None or isinstance(each, (int, float)) for each in value)
    return (numbers and None in value) or any(map(_has_gaps, value))


def _among(names, value):
    return isinstance(value, str) and value in names


def _short(value):
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
