"""The feature for what is asked for: a class that is given, not told apart."""

import keras

from rnnkit.features.label import Label


@keras.saving.register_keras_serializable(package="rnnkit")
class Style(Label):
    """A class as an input, such as the style of music to compose.

    As `Label`, but one class alone will do: there is nothing to tell apart.

    Example:

    >>> style = Style().adapt(["march", "march"])
    >>> style.names
    ['march']
    """

    least = 1
