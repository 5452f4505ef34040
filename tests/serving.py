"""A process with TensorFlow alone, that loads exported models and serves them.

Run as a script, this file reads a call a line and answers each, as `tests.helpers` does.
"""

import sys

sys.modules["rnnkit"] = sys.modules["keras"] = None  # not to be had

import helpers  # noqa: E402  of the same folder


def _serve(path, values, dtype, seed=None, ragged=False):
    """What the exported model gives for values, as lists."""
    import tensorflow as tf

    served = tf.saved_model.load(path)
    if ragged:
        inputs = tf.ragged.constant(values, dtype, ragged_rank=1)
    else:
        inputs = tf.constant(values, dtype)
    found = served.serve(inputs) if seed is None else served.serve(inputs, seed)
    return {name: _plain(each.numpy().tolist()) for name, each in found.items()}


def _plain(value):
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    helpers.ANSWERS = {"serve": _serve}
    helpers.answer()
