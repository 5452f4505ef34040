"""The configuration of a layer, from the arguments of its constructor."""

import keras

from rnnkit.utils.config import arguments_of


def config_of(layer, cls):
    """What a class adds to the configuration of a layer: its arguments, ready to be saved.

    Args:
        layer: Layer with an attribute for each argument.
        cls: The class whose `__init__` is looked at.

    Returns:
        Dict of name to value; initializers and activations are serialized.
    """
    return {name: _plain(value) for name, value in arguments_of(layer, cls).items()}


def _plain(value):
    if isinstance(value, keras.initializers.Initializer):
        return keras.initializers.serialize(value)
    return keras.activations.serialize(value) if callable(value) else value
