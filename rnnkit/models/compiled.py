"""Functions of the graph that a model keeps for the next time."""

import functools

import tensorflow as tf


class CompiledFunctions:
    """The functions that a model has compiled, each by a name and the options it was compiled with.

    Example:

    >>> functions = CompiledFunctions()
    >>> int(functions.get("double", lambda x: 2 * x, jit_compile=False)(tf.constant(3)))
    6
    """

    def __init__(self):
        self._kept = {}

    def get(self, name, function, **options):
        """The compiled function of that name, made of `function` the first time; see `compiled`."""
        key = (name, *sorted(options.items()))
        if key not in self._kept:
            self._kept[key] = compiled(function, **options)
        return self._kept[key]


def compiled(function, **options):
    """A `tf.function` that is traced once or twice, then serves batches of every shape.

    TensorFlow counts how often functions are traced by their code, and warns of "retracing". A
    function within a function has the same code for every model and setting, so that many of them
    would make it warn of each. A partial counts for itself.

    The code is taken as it is: no function of rnnkit lets Python's `if` or `for` depend on tensors,
    and AutoGraph, which would rewrite them all, takes longer than the tracing itself.

    Args:
        function: Function of tensors.
        **options: Of `tf.function`, such as `jit_compile`.
    """
    return tf.function(
        functools.partial(function), autograph=False, reduce_retracing=True, **options
    )
