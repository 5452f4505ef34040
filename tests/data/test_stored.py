"""Columns in less memory than tensors give the same examples, and are split alike."""

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.data import stored
from rnnkit.data.partition import Partition
from rnnkit.data.splits import from_columns
from rnnkit.formats.texts import Texts

# More than two blocks, with copies, an empty text and an emoji.
TEXTS = [f"text 😀 {row % 60}" if row % 9 else "" for row in range(2 * stored.BLOCK + 9)]
LABELS = ["ab"[row % 2] for row in range(len(TEXTS))]
WORDS = [[f"w{row % 5}"] * (1 + row % 3) for row in range(len(TEXTS))]


def columns_of(kind):
    """The same inputs as a tensor and as a `Stored`."""
    if kind == "texts":
        return tf.constant(TEXTS), stored.Slices(Texts.of(TEXTS))
    codes, names = stored.numbered(word for each in WORDS for word in each)
    codes = tf.RaggedTensor.from_row_lengths(codes, list(map(len, WORDS)))
    return tf.ragged.constant(WORDS), stored.Numbered(codes, names)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["texts", "words"])
def test_the_same_examples_in_the_same_parts(kind, capsys):
    tensor, column = columns_of(kind)
    plain = from_columns({"all": (tensor, tf.constant(LABELS))})
    small = from_columns({"all": (column, stored.Numbered.of(LABELS))})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == said[1] and said[0].startswith("Split: ")
    assert plain.sizes == small.sizes and plain.digest() == small.digest()
    for part in ("train", "validation", "test"):
        one, other = getattr(plain, part), getattr(small, part)
        assert one.element_spec == other.element_spec
        assert int(other.cardinality()) == plain.sizes[part] > 0
        assert examples_equal(one, other)


def examples_equal(one, other):
    pairs = zip(one.as_numpy_iterator(), other.as_numpy_iterator(), strict=True)
    return all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in pairs)


def test_texts_that_are_targets_may_be_classes():
    """Few replies that occur often are in every part, as their tensors would be."""
    texts = [f"text {row}" for row in range(90)]
    replies = [("yes", "no", "well")[row % 3] for row in range(90)] + ["once"]
    texts.append("last")
    plain = Partition(tf.constant(texts), tf.constant(replies))
    small = Partition(*(stored.Slices(Texts.of(each)) for each in (texts, replies)))
    assert plain.rare == small.rare == {"once": 1}
    for part, rows in plain.rows.items():
        np.testing.assert_array_equal(rows, small.rows[part])


def test_long_texts_are_in_smaller_blocks():
    """A long text is not copied for each of its neighbours."""
    texts = ["a" * size for size in (3, 5, 2 * stored.MOST_BYTES, 7, stored.MOST_BYTES - 9, 3)]
    found = stored._ends([stored.Slices(Texts.of(texts))])
    assert found.tolist() == [0, 2, 3, 5, 6]
    made = stored.dataset((stored.Slices(Texts.of(texts)),))
    assert [x.decode() for (x,) in made.as_numpy_iterator()] == texts


def test_rows_are_taken_of_those_taken_before():
    column = stored.Slices(Texts.of(TEXTS)).take(np.array([5, 9, 50])).take(np.array([2, 0]))
    found = stored.dataset((column, tf.constant([1, 2])))
    assert [x.decode() for x, _ in found.as_numpy_iterator()] == [TEXTS[50], TEXTS[5]]
    none = stored.dataset((column.take(np.zeros(0, "int64")), tf.constant([], tf.int32)))
    assert list(none.as_numpy_iterator()) == [] and int(none.cardinality()) == 0
