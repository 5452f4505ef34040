"""The layers that take a step's columns apart, worked by hand."""

import keras
import numpy as np
import pytest

from rnnkit.layers import EventEmbedding, Strand


def test_ids_become_rows_of_their_tables():
    layer = EventEmbedding([3, 9], size=4, seed=1)
    x = np.array([[[2.0, 7.0, 0.25], [0.0, 1.0, -1.0]]], "float32")
    found = layer(x).numpy()
    first, second = (table.numpy() for table in layer.tables)
    assert (first.shape, second.shape) == ((3, 2), (9, 4))  # half the ids, or the size
    for step, (a, b, number) in enumerate(x[0]):
        expected = [*first[int(a)], *second[int(b)], number]
        np.testing.assert_array_equal(found[0, step], np.float32(expected))
    assert layer.compute_output_shape((None, 5, 3)) == (None, 5, 7)


def test_large_ids_stay_whole_in_half_precision():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        layer = EventEmbedding([5000], size=1, seed=1)
    finally:
        keras.config.set_dtype_policy("float32")
    found = layer(np.array([[[4097.0], [4098.0]]], "float32")).numpy()[0, :, 0]
    np.testing.assert_array_equal(found, layer.tables[0].numpy()[[4097, 4098], 0])


def test_strands_by_hand():
    x = np.arange(12.0, dtype="float32").reshape(1, 2, 6)  # two strands of two, and two shared
    assert Strand(2, 0, 2)(x).numpy().tolist() == [[[0, 1, 4, 5], [6, 7, 10, 11]]]
    assert Strand(2, 1, 2)(x).numpy().tolist() == [[[2, 3, 4, 5], [8, 9, 10, 11]]]


@pytest.mark.parametrize("layer", [EventEmbedding([3, 4], 2, seed=1), Strand(2, 1, 2)])
def test_shapes_masks_and_config(layer):
    inputs = keras.Input((None, 5))
    outputs = layer(inputs)
    shape = layer.compute_output_shape((None, None, 5))
    assert outputs.shape == shape and layer.supports_masking
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(
    "make",
    [
        lambda: EventEmbedding([]),
        lambda: EventEmbedding([0]),
        lambda: EventEmbedding([3], size=0),
        lambda: EventEmbedding([3, 3]).build((None, None, 1)),
        lambda: Strand(2, 2, 2),
        lambda: Strand(0, 0, 2),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(ValueError, match="Received"):
        make()
