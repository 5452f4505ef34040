"""From raw examples to batches of tensors of similar length.

Encoding is done once, ahead of training: data that fits in memory is kept as ragged tensors, from
which every epoch takes freshly shuffled batches with one gather each. Larger or endless data is
encoded while it streams.
"""

import hashlib
import itertools
import warnings

import numpy as np
import tensorflow as tf

from rnnkit.features.conversion import batch
from rnnkit.utils.progress import told

# Functions of tensors for tf.data that are taken as they are: AutoGraph would rewrite each of them
# and all they call, which takes seconds, and there is nothing to rewrite.
as_written = tf.autograph.experimental.do_not_convert
# Several machines each read all data and take their part of every batch. TensorFlow would rather
# give each some of the files, where it finds any, and so other batches than one machine has.
SHARING = tf.data.Options()
SHARING.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
# Encoded data up to this many bytes is kept in memory.
MEMORY_LIMIT = 2**30
# Raw examples encoded in one call.
BLOCK = 1024
# Batches among which examples are sorted by length: large pools waste least padding, small ones
# mix the batches best.
POOL = 50


class Encoded:
    """Encoded examples `(x, y[, weight])`, ready to be taken in batches.

    Args:
        tensors: Tuple of tensors or ragged tensors, all with the examples on the first axis.
        padding: Tuple with what fills the ends of shorter sequences in each of them; by default 0.
    """

    def __init__(self, tensors, padding=None):
        self.tensors = tensors
        self.padding = padding
        first = tf.nest.flatten(tensors)[0]
        self.size = int(first.nrows() if isinstance(first, tf.RaggedTensor) else first.shape[0])
        self.lengths = _lengths(tensors)

    def __len__(self):
        return self.size

    @property
    def steps(self):
        """Steps of all sequences together: of each example those of its longest; 0 without any."""
        if self.lengths is not None:
            return int(tf.reduce_sum(self.lengths))
        shapes = [each.shape for each in tf.nest.flatten(self.tensors) if each.shape.rank > 2]
        return self.size * max((int(shape[1]) for shape in shapes), default=0)

    def digest(self):
        """Hash of all that there is, which tells data apart."""
        result = hashlib.blake2b(digest_size=16)
        for tensor in tf.nest.flatten(self._all(), expand_composites=True):
            array = tensor.numpy()
            result.update(f"{array.dtype}{array.shape}".encode())
            result.update(np.ascontiguousarray(array).data)
        return result.hexdigest()

    def _all(self):
        return self.tensors

    def order(self, batch_size):
        """The order in which `batches(..., shuffle=False)` gives the examples: by length."""
        del batch_size
        return in_order(self.size, None if self.lengths is None else self.lengths.numpy())

    def restored(self, results, batch_size):
        """Results in the order of the examples.

        Args:
            results: Array or list, one for each example in the order of `batches`, not shuffled.
            batch_size: As in `batches`.

        Returns:
            An array or a list.
        """
        positions = np.argsort(self.order(batch_size))  # [examples]
        if isinstance(results, np.ndarray):
            return results[positions]
        return [results[position] for position in positions]

    def batches(self, batch_size, shuffle=False, seed=None, multiple=1):
        """Batches of similar length, padded to the longest of each.

        Args:
            batch_size: Examples in a batch.
            shuffle: Whether each epoch has other batches in another order.
            seed: Integer that fixes the shuffling, or None.
            multiple: Time axes are padded to a multiple of this. 1 wastes least; a larger one
                limits the number of shapes that XLA compiles.

        Returns:
            A `tf.data.Dataset` of batched tensors with known cardinality.
        """

        @as_written
        def take(indices):
            chosen = tf.nest.map_structure(lambda each: tf.gather(each, indices), self.tensors)
            return padded(chosen, multiple, self.padding)

        if not shuffle and self.size <= batch_size:
            return self._whole(take(self.order(batch_size)))
        return in_batches(take, self.size, self.lengths, batch_size, shuffle, seed)

    def _whole(self, batch):
        """A dataset of one batch, whose element says as little of its shape as that of many."""

        def spec(tensor, dense):
            free = 1 + getattr(tensor, "ragged_rank", 0)  # axes that differ from batch to batch
            return tf.TensorSpec([None] * free + dense.shape[free:].as_list(), dense.dtype)

        specs = tf.nest.map_structure(spec, self.tensors, batch)
        dataset = tf.data.experimental.to_variant(tf.data.Dataset.from_tensors(batch))
        return tf.data.experimental.from_variant(dataset, specs).with_options(SHARING)


def in_order(size, lengths):
    """The order of so many examples that are not shuffled, NumPy: by length, where it is known."""
    return np.arange(size) if lengths is None else np.argsort(lengths, kind="stable")


def in_batches(take, size, lengths, batch_size, shuffle, seed):
    """A dataset of what `take` gives for batches of indices of similar length.

    Args:
        take: Function from indices, int32 `[batch]`, to tensors.
        size: Number of examples.
        lengths: int64 tensor `[size]`, or None.
        batch_size, shuffle, seed: As in `Encoded.batches`.
    """
    steps = -(-size // batch_size)
    if shuffle:

        @as_written
        def epoch(numbers):
            numbers = tf.cast(numbers, tf.int64)  # [2]
            mix = tf.random.experimental.stateless_shuffle
            order = mix(tf.range(size), numbers)  # [size]
            if lengths is not None:
                # Sort by length within pools only, so that batches differ in every epoch.
                pools = tf.range(size) // (batch_size * POOL)
                width = tf.reduce_max(lengths) + 1
                keys = tf.cast(pools, tf.int64) * width + tf.gather(lengths, order)
                order = tf.gather(order, tf.argsort(keys, stable=True))
            starts = mix(tf.range(0, size, batch_size), numbers + 1)  # [steps]
            return tf.data.Dataset.from_tensor_slices(starts).map(
                lambda start: order[start : start + batch_size]
            )

        # Two new numbers an epoch, the same ones again for the same seed.
        numbers = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
        indices = numbers.batch(2).take(1).flat_map(epoch)
    else:
        order = in_order(size, None if lengths is None else lengths.numpy()).astype("int32")
        indices = tf.data.Dataset.from_tensor_slices(order).batch(batch_size)
    dataset = indices.map(take, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(SHARING)


class Streamed:
    """Examples encoded while they are read, for data beyond the memory limit or without end.

    Args:
        dataset: `tf.data.Dataset` of raw examples.
        encode: Function from a batch of raw examples to a tuple of encoded tensors.
        padding: As in `Encoded`.
        checked: Function without arguments that gives an iterable over all of the data, which
            raises a ValueError at what cannot be used; or None.
    """

    # Examples that are mixed with each other by shuffling.
    BUFFER = 8 * BLOCK

    def __init__(self, dataset, encode, padding=None, checked=None):
        self.dataset = dataset
        self.encode = encode
        self.padding = padding
        self.checked = checked

    def refuse(self):
        """Reads the data again, up to 100 blocks, for the first example that cannot be used.

        Raises:
            ValueError: If there is one; the message names it, as that of an assertion in the graph
                cannot.
        """
        for _ in itertools.islice(self.checked() if self.checked else (), 100):
            pass

    def restored(self, results, batch_size):
        """As `Encoded.restored`: a stream keeps the order."""
        return results

    def batches(self, batch_size, shuffle=False, seed=None, multiple=1):
        """As `Encoded.batches`; shuffling mixes neighbourhoods of 8,192 examples."""
        dataset = self.dataset
        if shuffle:
            dataset = dataset.shuffle(self.BUFFER, seed=seed)
        blocks = batch(dataset, batch_size * POOL if shuffle else batch_size)
        encoded = blocks.map(as_written(self.encode), num_parallel_calls=tf.data.AUTOTUNE)
        fill = self.padding
        if shuffle:
            cut = as_written(lambda *each: _sorted_batches(each, batch_size, multiple, seed, fill))
            encoded = encoded.flat_map(cut)
        else:
            encoded = encoded.map(as_written(lambda *each: padded(each, multiple, fill)))
        size = int(self.dataset.cardinality())
        if size >= 0:  # told where known, so that progress shows how far an epoch is
            steps = tf.data.experimental.assert_cardinality(-(-size // batch_size))
            encoded = encoded.apply(steps)
        return encoded.prefetch(tf.data.AUTOTUNE).with_options(SHARING)


def prepare(
    dataset, encode, check=None, truncate=None, guard=None, memory_limit=None, padding=None
):
    """Encodes a dataset of raw examples, in memory where it fits.

    Args:
        dataset: `tf.data.Dataset` of raw examples `(x, y)` or `(x, y, weight)` or `(x,)`.
        encode: Function from a batch of raw examples to a tuple of encoded tensors. Runs in
            tf.data, in parallel.
        check: Function of the raw and the encoded batch that raises on bad data, or None.
        truncate: Function that cuts encoded tensors to their limits and counts how many examples
            it cut: `truncate(encoded) -> (encoded, cut)`, or None.
        guard: Function that adds to encoded tensors the assertions that stand in for `check` where
            data streams, or None.
        memory_limit: Bytes to keep in memory at most; `MEMORY_LIMIT` by default.
        padding: Tuple with what fills the ends of shorter sequences in each encoded part; by
            default 0.

    Returns:
        An `Encoded`, or a `Streamed` if the data is larger.

    Raises:
        ValueError: If the dataset is empty or `check` finds bad data.
    """
    memory_limit = MEMORY_LIMIT if memory_limit is None else memory_limit

    def shorten(*raw):
        encoded = encode(*raw)
        return truncate(encoded) if truncate else (encoded, tf.constant(0, tf.int64))

    def streamed(*raw):
        encoded = shorten(*raw)[0]
        return guard(encoded) if guard else encoded

    def checked():
        return _checked(_telling(_both(dataset, shorten), dataset, encode), check)

    total = int(dataset.cardinality())
    if total == tf.data.INFINITE_CARDINALITY:
        return Streamed(dataset, streamed, padding, checked)
    blocks, used, cut, seen = [], 0, 0, 0
    done = told(checked(), "Encoding", total if total > 0 else None, lambda block: block[0])
    for count, (encoded, shortened) in done:
        blocks.append(encoded)
        cut += int(shortened)
        seen += count
        used += sum(_bytes(tensor) for tensor in tf.nest.flatten(encoded))
        if used > memory_limit:
            return Streamed(dataset, streamed, padding, checked)
    if not blocks:
        raise ValueError("The data has no examples. Received: an empty dataset")
    if cut:
        warnings.warn(
            f"{cut:,} of {seen:,} examples are longer than max_length and were cut to it.",
            stacklevel=4,
        )
    joined = tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), *blocks)
    return Encoded(joined, padding)


def in_memory(data, method="score"):
    """Prepared data as it is.

    Args:
        data: `Encoded` or `Streamed`.
        method: What needs it in memory, for the message.

    Raises:
        ValueError: If the data does not end or does not fit in memory.
    """
    if isinstance(data, Streamed):
        raise ValueError(
            f"{method} needs data that ends and fits in memory: pass a part of it, such as "
            "`data.take(100_000)`. Received: a dataset that is endless or too large"
        )
    return data


def _both(dataset, encode):
    """Pairs of raw and encoded blocks. A single one is encoded at once: for so little, to trace a
    function takes longer than to run it."""
    blocks = batch(dataset, BLOCK)
    if 0 <= dataset.cardinality() <= BLOCK:
        return ((raw, encode(*raw)) for raw in blocks)
    both = blocks.map(
        as_written(lambda *raw: (raw, encode(*raw))), num_parallel_calls=tf.data.AUTOTUNE
    )
    return both.prefetch(tf.data.AUTOTUNE)


def _checked(blocks, check):
    """Encoded blocks, each with how many examples it has, checked one by one."""
    seen = 0
    for raw, encoded in blocks:
        if check:
            try:
                check(raw, encoded[0])
            except ValueError as error:
                if not seen:
                    raise
                raise ValueError(f"{error} (counted from example {seen:,} on)") from None
        count = int(tf.nest.flatten(raw)[0].shape[0] or 0)
        yield count, encoded
        seen += count


def _telling(blocks, dataset, encode):
    """Encoded blocks; where one cannot be encoded, an error that names the first bad example."""
    try:
        yield from blocks
    except tf.errors.InvalidArgumentError as error:
        reason = error
        for index, raw in enumerate(batch(dataset, 1)):
            try:
                encode(*raw)
            except tf.errors.InvalidArgumentError as error:
                reason = f"example {index}: {' '.join(error.message.split())[-200:]}"
                break
        raise ValueError(f"The data holds what cannot be encoded. Received: {reason}") from None


def padded(tensors, multiple, padding):
    """The parts of a batch as padded tensors, each with its own padding."""
    padding = (0,) * len(tensors) if padding is None else padding
    return tuple(
        tf.nest.map_structure(lambda tensor, fill=fill: _dense(tensor, multiple, fill), part)
        for part, fill in zip(tensors, padding, strict=False)
    )


def _dense(tensor, multiple, fill):
    """A padded tensor from a ragged one, its time axis a multiple of `multiple`."""
    if not isinstance(tensor, tf.RaggedTensor):
        return tensor
    fill = tf.constant(fill, tensor.dtype)
    tensor = tensor.to_tensor(fill)  # [batch, time, ...]
    if multiple > 1:
        gap = -tf.shape(tensor)[1] % multiple
        padding = [[0, 0], [0, gap]] + [[0, 0]] * (tensor.shape.rank - 2)
        tensor = tf.pad(tensor, padding, constant_values=fill)
    return tensor


def _lengths(tensors):
    """Length of each example's longest sequence, int64 `[examples]`, or None without any."""
    ragged = [t.row_lengths() for t in tf.nest.flatten(tensors) if isinstance(t, tf.RaggedTensor)]
    return tf.reduce_max(tf.stack(ragged), axis=0) if ragged else None


def _sorted_batches(tensors, batch_size, multiple, seed, padding):
    """Cuts a block of encoded examples into batches of similar length."""
    lengths = _lengths(tensors)
    if lengths is None:
        first = tf.nest.flatten(tensors)[0]
        order = tf.range(tf.shape(first)[0])
    else:
        order = tf.argsort(lengths, stable=True)
    starts = tf.random.shuffle(tf.range(0, tf.shape(order)[0], batch_size), seed=seed)

    def take(start):
        chosen = order[start : start + batch_size]
        picked = tf.nest.map_structure(lambda tensor: tf.gather(tensor, chosen), tensors)
        return padded(picked, multiple, padding)

    return tf.data.Dataset.from_tensor_slices(starts).map(take)


def _bytes(tensor):
    if isinstance(tensor, tf.RaggedTensor):
        return sum(_bytes(part) for part in (tensor.flat_values, *tensor.nested_row_splits))
    return tensor.dtype.size * int(tf.size(tensor))
