"""Columns of raw examples in less memory than tensors of strings take, made tensors row by row.

A tensor of strings takes 24 bytes for each, and those that are longer than 22 bytes a block of
memory each. Long texts are kept in one string, of which each is a slice; words, tags and labels, of
which few differ, as numbers of them.
"""

import abc
import copy
import itertools

import numpy as np
import tensorflow as tf

from rnnkit.formats.sentences import numbered

# Examples that are made of numbers and slices at a time, as one by one takes long; and bytes of
# their texts, of which there is a copy for each of them meanwhile.
BLOCK, MOST_BYTES = 64, 2**14
# Bytes of which TensorFlow wants tensors to begin at a multiple.
ALIGNED = 64


class Stored(abc.ABC):
    """A column of examples.

    Attributes:
        size: Number of examples.
    """

    @abc.abstractmethod
    def take(self, rows):
        """The column of some rows."""

    def bytes_of_rows(self):
        """Bytes that each example has in a string of several, integers `[examples]`; or 0."""
        return 0

    @abc.abstractmethod
    def blocks(self, ends):
        """The examples in blocks.

        Args:
            ends: Where the blocks begin, and where the last ends.

        Returns:
            What `tf.data.Dataset.from_tensor_slices` gives a block of, and a function that makes
            its examples of that.
        """


class Slices(Stored):
    """Texts, each a scalar string tensor.

    Args:
        texts: `rnnkit.formats.texts.Texts` in UTF-8.
    """

    def __init__(self, texts):
        self._texts = texts
        self._rows = np.arange(len(texts))
        self.size = len(texts)

    def take(self, rows):
        taken = copy.copy(self)
        taken._rows = self._rows[rows]
        taken.size = len(taken._rows)
        return taken

    def keys(self):
        """A number for each text, the same for equal ones; see `Texts.keys`."""
        return self._texts.keys()[self._rows]

    def text(self, row):
        """The text of a row, `str`."""
        return self._texts[int(self._rows[row])]

    def bytes_of_rows(self):
        return self._texts.sizes()[self._rows]

    def blocks(self, ends):
        texts = self._texts.encoded(self._rows.tolist())
        joined = [b"".join(itertools.islice(texts, size)) for size in np.diff(ends).tolist()]
        joined = tf.constant(joined, tf.string, shape=[len(joined)])
        return (joined, _in_blocks(self.bytes_of_rows().astype("int32"), ends)), _apart


def _apart(block):
    """The texts `[rows]` of a block of them in one string."""
    text, sizes = block
    starts = tf.cumsum(sizes, exclusive=True)
    return tf.strings.substr(tf.fill(tf.shape(sizes), text), starts, sizes)


class Numbered(Stored):
    """Texts of which few differ, as numbers of them.

    Args:
        codes: Which of the names: int32 array `[examples]`, whose examples are scalar string
            tensors, or ragged tensor `[examples, (steps)]`, whose are `[steps]`.
        names: List of the names, `str`.
    """

    def __init__(self, codes, names):
        self.codes = codes
        self.names = names
        self.size = int(codes.shape[0])
        self._tensors = {}  # that of the names, once for all parts of a column

    @classmethod
    def of(cls, values):
        """Of an iterable of `str`."""
        return cls(*numbered(values))

    def take(self, rows):
        taken = copy.copy(self)
        ragged = isinstance(self.codes, tf.RaggedTensor)
        taken.codes = tf.gather(self.codes, rows) if ragged else self.codes[rows]
        taken.size = int(taken.codes.shape[0])
        return taken

    def blocks(self, ends):
        if "names" not in self._tensors:
            names = [name.encode("utf-8", "replace") for name in self.names]
            self._tensors["names"] = tf.constant(names, tf.string, shape=[len(names)])
        names = self._tensors["names"]
        return _in_blocks(self.codes, ends), lambda codes: tf.gather(names, codes)


class Several(Numbered):
    """Labels of which an example may have several, or none: ragged codes `[examples, (labels)]`.

    Where examples are parted, each label is in each part, see `rnnkit.data.partition`.
    """

    def take(self, rows):
        taken = super().take(rows)
        return Several(taken.codes, taken.names)


class Joint(Stored):
    """Several targets of each example, classes and numbers, as texts.

    Args:
        tensor: String tensor `[examples, targets]`, empty where a target is not known.
        labels: `Several` of those that are classes, by which examples are parted; None without any.
    """

    def __init__(self, tensor, labels):
        self.tensor = tensor
        self.labels = labels
        self.size = int(tensor.shape[0])

    def take(self, rows):
        labels = None if self.labels is None else self.labels.take(rows)
        return Joint(tf.gather(self.tensor, rows), labels)

    def blocks(self, ends):
        return _in_blocks(self.tensor, ends), lambda block: block


class Plain(Stored):
    """A tensor as it is.

    Args:
        tensor: Tensor with the examples on the first axis; may be ragged.
    """

    def __init__(self, tensor):
        self.tensor = tensor
        self.size = int(tensor.shape[0])

    def take(self, rows):
        return Plain(tf.gather(self.tensor, rows))

    def blocks(self, ends):
        return _in_blocks(self.tensor, ends), lambda block: block


def _ends(columns):
    """Where the blocks of rows of some `Stored` begin, and where the last ends."""
    sizes = np.zeros(columns[0].size, "int64") + sum(each.bytes_of_rows() for each in columns)
    ends, total = [0], 0
    for row, size in enumerate(sizes.tolist()):
        if row - ends[-1] == BLOCK or (total + size > MOST_BYTES and row > ends[-1]):
            ends.append(row)
            total = 0
        total += size
    return np.array([*ends, len(sizes)] if len(sizes) else ends, "int64")


def _in_blocks(values, ends):
    """An array or tensor `[rows, ...]` as a ragged one `[blocks, (rows), ...]`."""
    return tf.RaggedTensor.from_row_splits(values, ends, validate=False)


def dataset(columns):
    """A `tf.data.Dataset` of the examples in columns, each a tensor or a `Stored`."""
    # The map at the end makes plain tensors of the rows of ragged ones.
    if not any(isinstance(each, Stored) for each in columns):
        return tf.data.Dataset.from_tensor_slices(tuple(columns)).map(lambda *row: row)
    columns = [each if isinstance(each, Stored) else Plain(each) for each in columns]
    ends = _ends(columns)
    parts, makers = zip(*(each.blocks(ends) for each in columns), strict=True)
    blocks = tf.data.Dataset.from_tensor_slices(parts)
    rows = blocks.map(lambda *block: tuple(map(_call, makers, block))).unbatch()
    size = tf.data.experimental.assert_cardinality(columns[0].size)
    return rows.map(lambda *row: row).apply(size)


def _call(make, block):
    return make(block)


def concatenated(arrays):
    """One tensor of several arrays of numbers.

    Of an array `tf.constant` makes two copies, both of which stay. Here there is one.
    """
    shape = (sum(map(len, arrays)), *arrays[0].shape[1:])
    dtype = np.result_type(*arrays)
    size = int(np.prod(shape)) * dtype.itemsize
    if not size:
        return tf.zeros(shape, dtype)
    block = np.empty(size + ALIGNED, "uint8")
    start = -block.ctypes.data % ALIGNED
    whole = block[start : start + size].view(dtype).reshape(shape)
    np.concatenate(arrays, out=whole)
    return tf.experimental.dlpack.from_dlpack(whole.__dlpack__())


def size(column):
    """Number of examples of a column, a tensor or a `Stored`."""
    return column.size if isinstance(column, Stored) else int(column.shape[0])


def take(column, rows):
    """Some rows of a column, a tensor or a `Stored`."""
    return column.take(rows) if isinstance(column, Stored) else tf.gather(column, rows)
