"""Training and validation data in folds, each of which validates once while the others train."""

import hashlib

import numpy as np
import tensorflow as tf

from rnnkit.data.partition import Folds
from rnnkit.data.readers.several_targets import labels_of
from rnnkit.data.splits import Data
from rnnkit.data.stored import Several
from rnnkit.features.conversion import text_of
from rnnkit.formats.sentences import numbered


def by_rows(data, count, styles=False):
    """Data in folds of examples, divided as rnnkit splits them, see `rnnkit.data.partition.Folds`.

    The data is read twice, to see which examples are copies, and that they come in the same order
    each time. It is not copied.

    Args:
        data: A `Data`.
        count: Number of folds.
        styles: As in `rnnkit.data.splits.from_columns`.

    Returns:
        A list of a `Data` for each fold, whose test part is that of `data`, and a line about them.

    Raises:
        ValueError: If there are too few examples, they never end or come in another order each
            time.
    """
    parts = (data.train, data.validation)
    if any(part.cardinality() == tf.data.INFINITE_CARDINALITY for part in parts):
        raise ValueError(
            "Data that never ends (repeat() without a count) cannot be divided in folds. Received: "
            f"folds={count}, data from {data.source}"
        )
    both = data.train.concatenate(data.validation)
    keys, values = _keys(both)
    if not np.array_equal(keys, _keys(both)[0]):
        raise ValueError(
            "The data gives other examples, or others first, each time it is read, so that they "
            "cannot be divided in folds: shuffle it with reshuffle_each_iteration=False, or give "
            f"files, frames or lists. Received: folds={count}, data from {data.source}"
        )
    side = 1 if styles else 0
    inputs, targets = keys[:, side], values[1 - side]
    types = data.info.get("target_types")
    if types is not None:
        rows = [[text_of(each) for each in row] for row in _targets(both)]
        targets = labels_of(rows, types)
        targets = np.zeros(len(rows)) if targets is None else targets
    elif _holds_several(both.element_spec):
        rows = [np.asarray(labels).tolist() for labels in _targets(both)]
        codes, names = numbered(text_of(each) for row in rows for each in row)
        targets = Several(tf.RaggedTensor.from_row_lengths(codes, list(map(len, rows))), names)
    groups = data.groups
    if groups is not None:
        groups = [*groups["train"], *groups["validation"]]
    found = Folds(inputs, targets, count, groups)
    result = []
    for number in range(count):
        rows = {"train": found.fold != number, "validation": found.fold == number}
        datasets = {split: _some(both, chosen) for split, chosen in rows.items()}
        sizes = {split: int(chosen.sum()) for split, chosen in rows.items()}
        sizes["test"] = data.sizes.get("test")
        result.append(
            Data(**datasets, test=data.test, source=data.source, sizes=sizes, info=dict(data.info))
        )
    return result, str(found)


def _keys(dataset):
    """What tells inputs and targets apart, `[examples, 2]`, and both as `Folds` takes targets."""
    keys, values = [], ([], [])
    for example in dataset:
        keys.append([_digest(each) for each in example])
        for each, found in zip(example, values, strict=True):
            single = isinstance(each, tf.Tensor) and each.shape.rank == 0
            found.append(each.numpy() if single else 0.0)  # numbers with a point are no classes
    array = np.empty((len(keys), 2), object)
    array[:] = keys
    return array, [np.array(each) for each in values]


def _holds_several(spec):
    """Whether examples are a text or a file each, with a list of labels."""
    tensors = isinstance(spec, tuple) and all(isinstance(each, tf.TensorSpec) for each in spec)
    if not tensors or len(spec) != 2:
        return False
    x, y = spec
    return (x.dtype, x.shape.rank, y.dtype, y.shape.rank) == (tf.string, 0, tf.string, 1)


def _targets(dataset):
    return dataset.map(lambda x, y: y).as_numpy_iterator()


def _digest(value):
    result = hashlib.blake2b(digest_size=16)
    for tensor in tf.nest.flatten(value, expand_composites=True):
        result.update(tf.io.serialize_tensor(tensor).numpy())
    return result.digest()


def _some(dataset, chosen):
    """The examples of a dataset for which an array `[examples]` is true."""
    keep = tf.constant(chosen)
    rows = dataset.enumerate().filter(lambda index, _: tf.gather(keep, index))
    size = tf.data.experimental.assert_cardinality(int(chosen.sum()))
    return rows.map(lambda _, example: example).apply(size)
