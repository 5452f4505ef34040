"""Functions of the graph that a model keeps for the next time."""

import functools

import tensorflow as tf


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
