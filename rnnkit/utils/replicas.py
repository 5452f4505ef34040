"""Training shared out by `tf.distribute`: what several replicas must agree on.

Each replica computes a part of every batch. Keras adds up their gradients, each scaled by the
number of replicas, which is the gradient of the whole batch only where all parts weigh the same:
the last batch of an epoch is smaller, sequences differ in length, and targets may be unknown. What
is here makes the parts weigh what they hold, so that any number of replicas learns the same.
"""

import contextlib
import os
import random
import tempfile

import keras
import numpy as np
import tensorflow as tf

from rnnkit.utils.writing import atomically

# Bytes that one message between machines holds; a multiple of 4.
PIECE = 2**26


def count():
    """Number of replicas of the strategy that is in use, 1 without one."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def rows(tensors):
    """How many rows a part of a batch has, int32; of a nest of tensors, those of the first."""
    return tf.shape(tf.nest.flatten(tensors)[0])[0]


def with_a_row(tensor, value=1):
    """A tensor `[rows, ...]`; where it has no rows, one row of a value."""
    missing = tf.maximum(1 - tf.shape(tensor)[0], 0)
    paddings = [[0, missing]] + [[0, 0]] * (tensor.shape.rank - 1)
    padded = tf.pad(tensor, paddings, constant_values=tf.cast(value, tensor.dtype))
    return tf.ensure_shape(padded, [None, *tensor.shape[1:]])


def share(weight):
    """How much the part of this replica weighs, relative to the mean over the replicas.

    A mean over the part, times its share, is what the replicas' mean is made of that is the mean
    over the whole batch.

    Args:
        weight: Scalar tensor: what the mean over the part was divided by.

    Returns:
        A scalar tensor; 1 where there is one replica, or the replicas are not running.

    Example:

    >>> share(tf.constant(3.0))
    1.0
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return 1.0
    weight = tf.cast(weight, tf.float32)
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, weight)
    return tf.math.divide_no_nan(weight * context.num_replicas_in_sync, total)


def mean(total, weight):
    """The part of this replica in a mean over the whole batch, in Keras' scale of a loss.

    Args:
        total: Scalar tensor: the sum over the part.
        weight: Scalar tensor: the sum of the weights in it.

    Returns:
        A scalar tensor; 0 where nothing counts. The parts of all replicas add up to the mean.

    Example:

    >>> float(mean(tf.constant(6.0), tf.constant(3.0)))
    2.0
    """
    return tf.math.divide_no_nan(total, weight) * share(weight) / count()


def whole(loss):
    """The loss of the whole batch in each replica's scale, with the gradient of its own part.

    Args:
        loss: Scalar tensor: the part of this replica. The parts add up to the loss of the batch.

    Returns:
        A scalar tensor.
    """
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return loss
    part = tf.stop_gradient(loss)
    total = context.all_reduce(tf.distribute.ReduceOp.SUM, part)
    return loss + (total / context.num_replicas_in_sync - part)


def clippable(optimizer, gradients):
    """Gradients of all replicas as an optimizer has to be given them that clips.

    An optimizer of Keras clips what each replica hands in, then adds it up. What is clipped is the
    gradient of the whole batch if one replica hands in the sum and the others zeros.

    Args:
        optimizer: Keras optimizer. Where it does not clip, nor ask whether they are finite, the
            gradients stay as they are.
        gradients: List of tensors or `tf.IndexedSlices`; None where there is no gradient.
    """
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    inner = optimizer.inner_optimizer if scales else optimizer
    bounds = (inner.clipnorm, inner.clipvalue, inner.global_clipnorm)
    if count() == 1 or (not scales and all(bound is None for bound in bounds)):
        return gradients
    context = tf.distribute.get_replica_context()
    known = [each for each in gradients if each is not None]
    sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, known))
    first = tf.equal(context.replica_id_in_sync_group, 0)

    def kept(gradient):  # infinity times 0 is NaN, so that all replicas see what is not finite
        if isinstance(gradient, tf.IndexedSlices):
            values = gradient.values * tf.cast(first, gradient.values.dtype)
            return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
        return gradient * tf.cast(first, gradient.dtype)

    return [None if each is None else kept(next(sums)) for each in gradients]


def on_several_machines(strategy):
    """Whether a strategy's replicas are in several processes."""
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return several and strategy.num_replicas_in_sync > len(strategy.extended.worker_devices)


def is_chief(strategy):
    """Whether this process is the one that writes files."""
    return strategy.extended.should_checkpoint


@contextlib.contextmanager
def written(path, strategy):
    """Gives a name to write to: in the chief, of what is moved to `path` once it is complete.

    In the other processes what is written is dropped. They must write too, as the replicas read
    together some of what is saved.

    Args:
        path: Where the file shall be.
        strategy: A `tf.distribute.Strategy`.

    Raises:
        ValueError: If it cannot be written there.
    """
    if is_chief(strategy):
        with atomically(path) as temporary:
            yield temporary
        return
    with tempfile.TemporaryDirectory() as scratch:
        yield os.path.join(scratch, os.path.basename(path))


def from_chief(content, strategy):
    """What the chief of several machines has, in all of them.

    Args:
        content: Bytes. Those of the other machines are not looked at.
        strategy: A `tf.distribute.Strategy` whose replicas are in several processes. All of them
            must call this.
    """
    own = content if is_chief(strategy) else b""
    length = int(_sum(np.int64(len(own)), strategy))
    parts = []
    for start in range(0, length, PIECE):
        part = np.zeros(min(PIECE, length - start), "uint8")
        if own:
            part[:] = np.frombuffer(own, "uint8", len(part), start)
        padded = np.pad(part, (0, -len(part) % 4)).view("int32")
        parts.append(_sum(padded, strategy).tobytes()[: len(part)])
    return b"".join(parts)


def _sum(array, strategy):
    """The sum of an array over all processes of a strategy."""
    return strategy.reduce(tf.distribute.ReduceOp.SUM, tf.constant(array), axis=None).numpy()


def agreed_seed(strategy):
    """A seed that is the same in all processes of a strategy, sampled by the chief."""
    own = random.randrange(2**31) if is_chief(strategy) else 0
    return int(_sum(np.int32(own), strategy))
