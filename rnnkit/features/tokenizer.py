"""A user's own tokenizer: a registered function, which a model's file holds the name of."""

import inspect

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.conversion import text_of
from rnnkit.utils.messages import shorten

PROBE = "a b"


class Tokenizer:
    """A function of the user's that takes texts apart.

    Args:
        function: Function registered with `keras.saving.register_keras_serializable`, or its
            registered name. It takes a text and gives a list of its tokens; or, written in
            TensorFlow's operations, takes a string tensor `[batch]` and gives a RaggedTensor
            `[batch, (tokens)]`. Empty tokens are left out.

    Attributes:
        name: The registered name, which is saved.
        in_graph: Whether it is of TensorFlow's operations, so that a model can be exported.

    Raises:
        ValueError: For a function that is not registered, or a name that is not known.

    Example:

    >>> @keras.saving.register_keras_serializable("example")
    ... def by_commas(text):
    ...     return text.split(",")
    >>> Tokenizer(by_commas).split("a,b c")
    ['a', 'b c']
    """

    def __init__(self, function):
        self.name, self._function = _found(function)
        self.in_graph = _is_of_tensors(self._function)

    @classmethod
    def of(cls, value):
        """A `Tokenizer` of a function, a name, or a `Tokenizer`; None of None."""
        return value if value is None or isinstance(value, cls) else cls(value)

    def __call__(self, texts):
        """Tokens of texts, string `[batch]`, as a RaggedTensor `[batch, (tokens)]`."""
        if self.in_graph:
            tokens = self._function(texts)
            flat = tokens.flat_values
            return tf.ragged.boolean_mask(tokens, tokens.with_flat_values(flat != ""))
        tokens, lengths = tf.numpy_function(self._each, [texts], [tf.string, tf.int64])
        tokens.set_shape([None])
        lengths.set_shape([texts.shape[0]])
        return tf.RaggedTensor.from_row_lengths(tokens, lengths)

    def _each(self, texts):
        rows = [self.split(text_of(text)) for text in texts.tolist()]
        flat = [token.encode("utf-8", "replace") for row in rows for token in row]
        return np.array(flat, dtype=object), np.array([len(row) for row in rows], "int64")

    def split(self, text):
        """The tokens of one text, a list of strings."""
        if self.in_graph:
            return [text_of(each) for each in self(tf.constant([text]))[0].numpy().tolist()]
        try:
            tokens = list(self._function(text))
        except Exception as error:  # whatever a function of the user's raises
            raise ValueError(
                f"The tokenizer {self.name} failed for {shorten(repr(text))}: "
                f"{type(error).__name__}: {error}"
            ) from error
        for token in tokens:
            if not isinstance(token, str):
                raise ValueError(
                    f"The tokenizer {self.name} must give a list of strings. Received: "
                    f"{shorten(repr(token))} for {shorten(repr(text))}"
                )
        return [token for token in tokens if token]

    @property
    def not_served(self):
        """Why a model with it cannot be exported, or None."""
        if self.in_graph:
            return None
        return (
            f"its tokenizer {self.name} is Python, which a SavedModel cannot hold: write it in "
            "TensorFlow's operations, from a string tensor [batch] to a RaggedTensor"
        )


def _found(function):
    """The registered name and the function, of either."""
    if isinstance(function, str):
        found = keras.saving.get_registered_object(function)
        if not inspect.isfunction(found) or function.startswith(("rnnkit>", "keras")):
            raise ValueError(
                f"The tokenizer {function!r} is not known: import the module that registers it "
                "(keras.saving.register_keras_serializable) first, pass it as custom_objects="
                f"{{{function!r}: function}}, or on the command line name its file with --recipe"
            )
        return function, found
    if not inspect.isfunction(function):
        raise ValueError(
            "tokenizer must be a function, registered with "
            f"keras.saving.register_keras_serializable. Received: {shorten(repr(function))}"
        )
    name = keras.saving.get_registered_name(function)
    if keras.saving.get_registered_object(name) is not function:
        raise ValueError(
            f"The tokenizer {function.__name__} is not registered, so that no saved model would "
            "find it again: put @keras.saving.register_keras_serializable('mine') above it"
        )
    return name, function


def _is_of_tensors(function):
    """Whether a function takes a string tensor and gives a RaggedTensor."""
    try:
        found = function(tf.constant([PROBE]))
    except Exception:  # a function of Python texts fails in ways of its own
        return False
    return isinstance(found, tf.RaggedTensor) and found.dtype == tf.string
