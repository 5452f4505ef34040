"""Encoded examples several of which have the same input, such as the captions of one picture.

An input is encoded and kept once, and the examples of one input stand together in a batch, so that
a network reads it once for all of them.
"""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.data.pipeline.raw import as_dataset, finite_weights


class Shared(Encoded):
    """Encoded examples `(x, y[, weight])` whose inputs are kept once.

    A batch has n inputs and k rows of targets for each, those of the first input first:
    `(inputs [n, ...], targets [n * k, ...][, weights [n * k]])`. Where an input has fewer than k,
    the rest is padding, of weight 0. An input with more rows than is usual (the median) is in
    several such groups.

    Args:
        inputs: Encoded inputs, tensor `[inputs, ...]`.
        tensors: Tuple of the index of each example's input, int32 `[examples]`, and the rest:
            targets and, where there are any, weights.
        padding: As in `Encoded`.
    """

    def __init__(self, inputs, tensors, padding=None):
        super().__init__(tensors, padding)
        self.inputs = inputs
        self.rows = rows_of(tensors[0].numpy(), int(inputs.shape[0]))
        usual = max(1, int(np.median([len(rows) for rows in self.rows])))
        groups = [
            (index, rows[first : first + usual])
            for index, rows in enumerate(self.rows)
            for first in range(0, len(rows), usual)
        ]
        self._usual = usual
        self._inputs = tf.constant([index for index, _ in groups], tf.int32)  # [groups]
        self._rows = tf.ragged.constant([rows for _, rows in groups], tf.int32)
        self._lengths = None  # of each group's longest target
        if self.lengths is not None:
            self._lengths = tf.reduce_max(tf.gather(self.lengths, self._rows), axis=1)

    def _all(self):
        return (self.inputs, self.tensors)

    def each(self):
        """The input of each example, as `Encoded` without targets."""
        return Encoded((tf.gather(self.inputs, self.tensors[0]),), self.padding)

    def once(self):
        """Each input once, as `Encoded` without targets."""
        return Encoded((self.inputs,), self.padding)

    def order(self, batch_size):
        """The example of each row of targets in the order of `batches`, -1 for padding."""
        lengths = None if self._lengths is None else self._lengths.numpy()
        groups, found = pipeline.in_order(len(self._inputs), lengths), []
        for first in range(0, len(groups), self._groups(batch_size)):
            chosen = groups[first : first + self._groups(batch_size)]
            found.append(tf.gather(self._rows, chosen).to_tensor(-1).numpy().ravel())
        return np.concatenate(found)

    def restored(self, results, batch_size):
        order = self.order(batch_size)
        indices = np.argsort(order, kind="stable")[(order < 0).sum() :]  # [examples]
        if isinstance(results, np.ndarray):
            return results[indices]
        return [results[index] for index in indices]

    def batches(self, batch_size, shuffle=False, seed=None, multiple=1):
        """As `Encoded.batches`, with about `batch_size` rows of targets in a batch."""

        def take(indices):
            rows = tf.reshape(tf.gather(self._rows, indices).to_tensor(-1), [-1])  # [n * k]
            rest = [tf.gather(each, tf.maximum(rows, 0)) for each in self.tensors[1:]]
            padding = (0,) * len(self.tensors) if self.padding is None else self.padding
            rest = pipeline.padded(tuple(rest), multiple, padding[1:])
            rest = [
                tf.where(_like(rows >= 0, each), each, tf.constant(fill, each.dtype))
                for each, fill in zip(rest, padding[1:], strict=False)
            ]
            return (tf.gather(self.inputs, tf.gather(self._inputs, indices)), *rest)

        return pipeline.in_batches(
            take, len(self._inputs), self._lengths, self._groups(batch_size), shuffle, seed
        )

    def _groups(self, batch_size):
        return max(1, batch_size // self._usual)


def prepare(model, x, y=None, sample_weight=None):
    """Encodes raw examples whose inputs are pictures, each picture once.

    Args:
        model: A model.
        x, y, sample_weight: As in `Model.fit`.

    Returns:
        A `Shared`; or None where nothing is shared: for inputs that are no pictures, or of which
        none has several examples, or that do not fit in memory or cannot be encoded, and under a
        strategy with several replicas, which each take a part of the rows of a batch. What
        `Model.prepare` does is right then.
    """
    if model.input_feature is None or model.input_feature.shape is None:
        return None
    if model.input_feature.raw_spec.dtype != tf.string:
        return None
    if isinstance(x, (Encoded, Streamed)):
        return None
    if model.distribute_strategy.num_replicas_in_sync > 1:
        return None
    dataset = as_dataset(x, y, sample_weight, model.input_feature, model.output_feature)
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        return None
    return _encoded(model, dataset)


def _encoded(model, dataset):
    x, y = model.input_feature, model.output_feature
    limit = pipeline.MEMORY_LIMIT // (4 * int(np.prod(x.shape)))
    indices, which, others = {}, [], []
    for values, *rest in pipeline.batch(dataset, pipeline.BLOCK):
        which += [indices.setdefault(value, len(indices)) for value in values.numpy().tolist()]
        others.append(rest)
        if len(indices) > limit:
            return None
    if len(indices) == len(which):
        return None
    rest = [tf.concat(parts, axis=0) for parts in zip(*others, strict=True)]
    rows = tf.data.Dataset.from_tensor_slices((tf.constant(which, tf.int32), *rest))
    alone = tf.data.Dataset.from_tensor_slices((tf.constant(list(indices)),))
    padding = (x.padding, y.padding, 0)

    def check(raw, encoded):
        y.check(raw[1], encoded[1])
        for weights in encoded[2:]:
            finite_weights(weights)

    try:
        inputs = pipeline.prepare(alone, lambda values: (x.encode(values),), padding=padding)
    except ValueError:  # it names the example when it is encoded with its target
        return None
    found = pipeline.prepare(
        rows,
        lambda which, values, *weights: (which, y.encode(values, truncate=False), *weights),
        check,
        model._truncate,
        padding=padding,
    )
    if not all(type(each) is Encoded for each in (inputs, found)):
        return None
    return Shared(inputs.tensors[0], found.tensors, padding)


def rows_of(which, count):
    """For each of so many inputs the list of the examples that have it.

    Args:
        which: Integers `[examples]`, the input of each.
        count: Number of inputs.
    """
    rows = [[] for _ in range(count)]
    for row, index in enumerate(np.asarray(which).tolist()):
        rows[index].append(row)
    return rows


def _like(flags, tensor):
    """Flags `[rows]` with as many further axes of length 1 as a tensor has."""
    return tf.reshape(flags, [-1] + [1] * (tensor.shape.rank - 1))
