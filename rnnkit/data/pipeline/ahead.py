"""Encoded examples whose inputs a network that stays as it is has read once, before training."""

import hashlib

import tensorflow as tf

from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.data.pipeline.encoded import Encoded, Streamed, as_written
from rnnkit.data.pipeline.shared import Shared

# Pictures that are read in one call.
BATCH = 32


def read_ahead(data, read, shared=False, shown=lambda pieces, count: pieces):
    """What a network makes of the inputs of encoded examples, in their place.

    Args:
        data: `Encoded`, `Shared` or `Streamed` examples `(x, y[, weight])`.
        read: Function from a batch of encoded inputs `[pictures, ...]` to what is made of them.
        shared: Whether `Shared` may be given back, for inputs that come several times in a stream.
        shown: Function of the batches, an iterable, and their number or None, that gives them back
            and may show how many have been read.

    Returns:
        `Encoded` or `Shared` examples; or None where they have no end, take more memory than is
        kept, or are cut into pieces already.
    """
    if isinstance(data, Streamed):
        return _stream(data, read, shared, shown)
    if type(data) not in (Encoded, Shared):
        return None
    first = data.inputs if isinstance(data, Shared) else data.tensors[0]
    pictures = first.flat_values if isinstance(first, tf.RaggedTensor) else first
    starts, parts, used = range(0, int(pictures.shape[0]), BATCH), [], 0
    for start in shown(starts, len(starts)):
        parts.append(read(pictures[start : start + BATCH]))
        used += pipeline._bytes(parts[-1])
        if used > pipeline.MEMORY_LIMIT:
            return None
    found = tf.concat(parts, axis=0)
    found = first.with_flat_values(found) if isinstance(first, tf.RaggedTensor) else found
    if isinstance(data, Shared):
        return Shared(found, data.tensors, data.padding)
    return Encoded((found, *data.tensors[1:]), data.padding)


def is_read(data, features):
    """Whether inputs of encoded examples are what a network made of them, by their last axis.

    Args:
        data: `Encoded`, `Shared` or `Streamed` examples.
        features: How many numbers the network gives; no picture has as many channels.
    """
    if type(data) not in (Encoded, Shared):
        return False
    first = data.inputs if isinstance(data, Shared) else data.tensors[0]
    return first.shape[-1] == features


def _stream(data, read, shared, shown):
    """As `read_ahead`, of examples that are encoded while they are read."""
    size = data.dataset.cardinality()
    if size == tf.data.INFINITE_CARDINALITY:
        return None
    encode = as_written(lambda *raw: (raw[0], data.encode(*raw)))
    batches = pipeline.batch(data.dataset, BATCH).map(encode, tf.data.AUTOTUNE).prefetch(2)
    batches = _telling(batches, data)
    indices, which, parts, others, used = {}, [], [], [], 0
    for raw, (inputs, *rest) in shown(batches, -(-int(size) // BATCH) if size > 0 else None):
        if shared:  # a picture with several texts is read once
            keys = [hashlib.blake2b(value, digest_size=16).digest() for value in raw.numpy()]
            new = [row for row, key in enumerate(keys) if key not in indices]
            new = [row for row in new if keys.index(keys[row]) == row]
            for row in new:
                indices[keys[row]] = len(indices)
            which += [indices[key] for key in keys]
            inputs = tf.gather(inputs, new)
        if isinstance(inputs, tf.RaggedTensor):
            frames = inputs.flat_values  # of clips, which are long
            count = int(frames.shape[0])
            found = [read(frames[start : start + BATCH]) for start in range(0, count, BATCH)]
            found = inputs.with_flat_values(tf.concat(found, axis=0))
        else:
            found = read(inputs)
        parts.append(found)
        others.append(rest)
        used += pipeline._bytes(found)
        if used > pipeline.MEMORY_LIMIT:
            return None
    if not parts:
        return None
    found = tf.concat(parts, axis=0)
    rest = [tf.concat(each, axis=0) for each in zip(*others, strict=True)]
    if len(which) > len(indices):
        return Shared(found, (tf.constant(which, tf.int32), *rest), data.padding)
    return Encoded((found, *rest), data.padding)


def _telling(batches, data):
    """Batches of a stream; where one cannot be used, an error that names the first bad example."""
    try:
        yield from batches
    except tf.errors.InvalidArgumentError:
        data.refuse()
        raise
