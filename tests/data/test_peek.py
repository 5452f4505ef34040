"""Raw examples are shown as a person reads them."""

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.data import Data


def data_of(*columns):
    part = tf.data.Dataset.from_tensor_slices(tuple(map(tf.constant, columns)))
    return Data(part, part.take(1), part.take(0), source="own", sizes={"train": 4})


def test_texts_words_numbers_and_pictures():
    assert data_of(["a  <b>", "c", "d", "e"], ["x"] * 4).peek() == [
        {"input": "a <b>", "target": "x"},
        {"input": "c", "target": "x"},
        {"input": "d", "target": "x"},
    ]
    words = data_of([["Anna", "met", "Bob"]], [["B-PER", "O", "B-PER"]])
    assert words.peek(1) == [{"input": "Anna met Bob", "target": "B-PER O B-PER"}]
    numbers = data_of(np.arange(16.0).reshape(2, 4, 2), [1, 2])
    assert numbers.peek(1) == [
        {"input": "float64 [4, 2]: 0 1 2 3 4 5 ...", "target": "1"},
    ]
    assert data_of([b"\x89PNG\xff"], [0.25]).peek() == [{"input": "5 bytes", "target": "0.25"}]


def test_of_a_part_and_in_a_notebook():
    data = data_of(["a <b>", "c"], ["x", "y"])
    assert len(data.peek(5, "validation")) == 1 and data.peek(split="test") == []
    page = data._repr_html_()
    assert "Data from own (train: 4" in page and "<td>a &lt;b&gt;</td><td>x</td>" in page


def test_texts_without_targets():
    part = tf.data.Dataset.from_tensors("once upon a time")
    assert Data(part, part, part).peek() == [{"input": "once upon a time", "target": ""}]


@pytest.mark.parametrize("given, word", [({"count": 0}, "count"), ({"split": "all"}, "split")])
def test_what_there_is_not(given, word):
    with pytest.raises(ValueError, match=f"{word} must be .*Received: {word}="):
        data_of(["a"], ["x"]).peek(**given)
