"""Functions of the graph that a model keeps for the next time."""

import functools

import tensorflow as tf


def compiled(function):
    """A `tf.function` that is traced once or twice, then serves batches of every shape.

    TensorFlow counts how often functions are traced by their code, and warns of "retracing". A
    function within a function has the same code for every model and setting, so that many of them
    would make it warn of each. A partial counts for itself.

    Args:
        function: Function of tensors.
    """
    return tf.function(functools.partial(function), reduce_retracing=True)
