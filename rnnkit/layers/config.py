"""The configuration of a layer, from the arguments of its constructor."""

import keras

from rnnkit.utils.config import arguments_of


class Configured:
    """Mixin that stands before the Keras class: `get_config` follows from the arguments.

    Each argument of a constructor is an attribute of the same name. Those of base classes that
    have the mixin count too; initializers and activations are serialized.
    """

    def get_config(self):
        config = super().get_config()
        for cls in reversed(type(self).__mro__):
            if issubclass(cls, Configured) and "__init__" in vars(cls):
                config |= {key: _plain(value) for key, value in arguments_of(self, cls).items()}
        return config


def _plain(value):
    if isinstance(value, keras.initializers.Initializer):
        return keras.initializers.serialize(value)
    return keras.activations.serialize(value) if callable(value) else value
