"""What users give as inputs: one or many, in any form, as what can be read more than once.

What one input is, the feature says (`Feature.holds_one`); here is what follows from it.
"""

import collections.abc
import itertools

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.conversion import is_frame, is_pandas, without_axes

# Single examples of a generator that are converted together.
CHUNK = 256
# Bytes of what a generator gives that are read without `steps_per_epoch`; see `_size`.
LIMIT = 2**30


def given(x, feature):
    """Inputs in any form as a list, an array, a tensor or a dataset, and whether they are one.

    Args:
        x: One raw input or many, or prepared data. A generator or `keras.utils.PyDataset` is read
            to its end.
        feature: The feature that reads them.

    Returns:
        The pair of the inputs, one as a list of it, and whether there is only one.

    Raises:
        ValueError: For a frame whose columns cannot be one input each, and as `read`.
    """
    if is_lazy(x):
        return read(x, [feature]), False
    if isinstance(x, tf.data.Dataset):
        return x, False
    objects = isinstance(x, np.ndarray) and x.dtype == object and x.ndim == 1
    if objects or (is_pandas(x) and not is_frame(x) and not feature.holds_one(x)):
        x = list(x)
    if isinstance(x, (list, tuple)) and any(map(_is_array, x)):
        x = list(map(_plain, x))
    if feature.holds_one(x):
        return [_plain(x)], True
    return column(x, feature), False


def raw_tensor(x, feature):
    """Inputs as `given` gives them as one tensor of raw values."""
    if not isinstance(x, tf.data.Dataset):
        return feature.to_tensor(x)
    dataset = x.map(lambda first, *rest: first)
    parts = [feature.cast(values) for values in feature.raw_batches(dataset)]
    return tf.concat(parts, axis=0)


def column(values, feature):
    """Values, of which a frame of one column becomes a list of its cells."""
    spec = feature.raw_spec
    if not is_frame(values) or feature.holds_one(values):
        return values
    numbers = spec.shape.rank == 1 and spec.dtype != tf.string  # a row of them is a value
    if numbers or feature.reads_columns:
        return values
    if len(values.columns) == 1:
        return list(values.iloc[:, 0])
    names = list(values.columns)
    raise ValueError(
        f"{type(feature).__name__} takes one column, for example frame[{names[0]!r}]. "
        f"Received: a frame with columns {names}"
    )


def _is_array(x):
    """Whether a value is an array or tensor without axes."""
    return isinstance(x, (np.ndarray, tf.Tensor)) and without_axes(x)


def _plain(x):
    """A value without axes as Python has it; all else as it is."""
    return np.asarray(x).item() if _is_array(x) else x


# === Generators and keras.utils.PyDataset ===


def is_lazy(x):
    """Whether inputs are a generator, another iterator, or a `keras.utils.PyDataset`."""
    return isinstance(x, (collections.abc.Iterator, keras.utils.PyDataset))


def read(x, features):
    """Everything that a generator or a `PyDataset` gives, as a dataset of single raw examples.

    Args:
        x: A generator of inputs or of examples `(x, y[, weight])`, single ones or batches as the
            feature says; or a `PyDataset` of batches.
        features: The feature of the inputs, and where targets are wanted that of the targets.

    Returns:
        A `tf.data.Dataset` of tuples.

    Raises:
        ValueError: For what is neither, for what can be read in two ways, and for data without end.
    """
    parts, used = [], 0
    for tensors in _batches(x, features):
        parts.append(tensors)
        used += sum(map(_size, tensors))
        if used > LIMIT:
            raise ValueError(
                f"{_name(x)} gives more than {LIMIT / 2**30:g} GiB: if it has no end, pass "
                "steps_per_epoch to fit, and to other methods a part of it"
            )
    if not parts:
        raise ValueError(f"The data has no examples. Received: {_name(x)} that gives nothing")
    if len({len(tensors) for tensors in parts}) > 1:
        raise ValueError(f"{_name(x)} gives a weight for some examples alone")
    columns = [tf.concat(column, axis=0) for column in zip(*parts, strict=True)]
    return tf.data.Dataset.from_tensor_slices(tuple(columns))


def endless(x, features):
    """Examples that are read while a model is trained, as a dataset without a known end.

    Args:
        x: A generator, which is read once, or a `PyDataset`, which is read again and again, with
            its `on_epoch_end` in between.
        features: As in `read`.

    Returns:
        The pair of a `tf.data.Dataset` of single raw examples, and how many examples the first
        batch has; None where single ones are given.
    """
    batches = (
        _repeated(x, features) if isinstance(x, keras.utils.PyDataset) else _batches(x, features, 1)
    )
    first = next(batches, None)
    if first is None:
        raise ValueError(f"The data has no examples. Received: {_name(x)} that gives nothing")
    batches = itertools.chain([first], batches)
    specs = tuple(_spec(part) for part in first)
    dataset = tf.data.Dataset.from_generator(lambda: batches, output_signature=specs).unbatch()
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))
    size = int(first[0].shape[0])
    return dataset, None if size == 1 else size


def _repeated(x, features):
    while True:
        yield from _batches(x, features)
        x.on_epoch_end()


def _spec(tensor):
    shape = [None, *tensor.shape[1:]]
    if isinstance(tensor, tf.RaggedTensor):
        return tf.RaggedTensorSpec(shape, tensor.dtype, ragged_rank=1)
    return tf.TensorSpec(shape, tensor.dtype)


def _batches(x, features, chunk=CHUNK):
    """Tuples of tensors of raw values, batch by batch."""
    pending = []
    for index, item in enumerate(_items(x)):
        parts, one = _parts(x, index, item, features)
        if one:
            pending.append(parts)
        if pending and (not one or len(pending) == chunk):
            yield _tensors(list(zip(*pending, strict=True)), features, index)
            pending = []
        if not one:
            yield _tensors(parts, features, index)
    if pending:
        yield _tensors(list(zip(*pending, strict=True)), features, index)


def _items(x):
    if not isinstance(x, keras.utils.PyDataset):
        return x
    count = x.num_batches
    return (x[index] for index in (itertools.count() if count is None else range(count)))


def _parts(x, index, item, features):
    """The parts of an item as a tuple, and whether it is a single example."""
    feature, targets = features[0], len(features) > 1 and features[1] is not None
    where = f"{_name(x)}, item {index}"
    if isinstance(item, dict):
        raise ValueError(f"{where}: expected (x, y) tuples. Received: a dict of {sorted(item)}")
    if isinstance(item, tuple) and not targets and len(item) > 1 and feature.is_input(item):
        raise ValueError(
            f"{where}: a tuple may be one input, or (x, y). For an input give a list, or (x,); for "
            f"(x, y) leave y out. Received: {str(item)[:60]}"
        )
    parts = item if isinstance(item, tuple) else (item,)
    if not 1 + targets <= len(parts) <= 3:
        wanted = "(x, y) or (x, y, sample_weight)" if targets else "x, (x, y) or (x, y, weight)"
        raise ValueError(f"{where}: expected {wanted}. Received: {len(parts)} parts")
    parts = parts if targets else parts[:1]
    if not isinstance(x, keras.utils.PyDataset):
        return parts, feature.is_input(parts[0])
    if feature.holds_one(parts[0]):
        raise ValueError(
            f"{where}: a PyDataset gives batches, and this is one input of "
            f"{type(feature).__name__}: give a list, such as [x]"
        )
    return parts, False


def _tensors(parts, features, index):
    """The parts of a batch as tensors."""
    tensors = [
        feature.to_tensor(given(list(part) if isinstance(part, tuple) else part, feature)[0])
        for feature, part in zip(features, parts, strict=False)
    ]
    if len(parts) > 2:
        tensors.append(tf.convert_to_tensor(np.asarray(parts[2], "float32")))
    sizes = [int(tensor.shape[0]) for tensor in tensors]
    if len(set(sizes)) > 1:
        raise ValueError(
            f"x, y and sample_weight must have equal lengths. Received: {sizes} in the batch that "
            f"ends with item {index}"
        )
    return tuple(tensors)


def _size(tensor):
    """About how many bytes a tensor takes."""
    flat = tensor.flat_values if isinstance(tensor, tf.RaggedTensor) else tensor
    if flat.dtype == tf.string:
        return int(tf.reduce_sum(tf.strings.length(flat))) + 100 * int(tf.size(flat))
    return flat.dtype.size * int(tf.size(flat))


def _name(x):
    return type(x).__name__
