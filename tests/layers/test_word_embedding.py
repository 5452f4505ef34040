"""Vectors of words that begin as given ones, against sums by hand."""

import keras
import numpy as np
import pytest

from rnnkit.layers import WordEmbedding

# Ids: padding, unknown, two words of the data with vectors, one without, two beyond the data.
VALUES = np.array([[0, 0], [0, 0], [1, 2], [3, 4], [0, 0], [5, 6], [7, 8]], "float16")
IDS = np.array([[2, 3, 4], [5, 1, 0]])


def begun(**options):
    layer = WordEmbedding(5, 2, beyond=2, seed=1, **options)
    layer.start_from(VALUES)
    return layer


def test_words_begin_as_their_vectors():
    found = begun()(IDS).numpy()
    np.testing.assert_array_equal(found[0, :2], VALUES[2:4])
    np.testing.assert_array_equal(found[1, 0], VALUES[5])
    assert (found[0, 2] != 0).all() and (found[1, 1] != 0).all()  # none of their own: at random


def test_words_without_a_vector_are_as_long_as_the_others():
    values = np.random.default_rng(0).normal(0.3, 0.5, (2_000, 4))
    values[:1_000] = 0
    layer = WordEmbedding(2_000, 4, seed=1)
    layer.start_from(values)
    rows = layer.embeddings.numpy()
    np.testing.assert_allclose(rows[:1_000].std(), rows[1_000:].std(), rtol=0.05)
    np.testing.assert_allclose(rows[1_000:], values[1_000:], rtol=1e-3)


@pytest.mark.parametrize(("trained", "moved"), [(True, [1, 2, 3, 4]), (False, [1, 4])])
def test_which_vectors_are_trained(trained, moved):
    layer = begun(trained=trained)
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, layer(inputs))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before = [weight.numpy() for weight in (layer.embeddings, layer.start)]
    model.train_on_batch(IDS, np.full((2, 3, 2), 100.0))
    after = [weight.numpy() for weight in (layer.embeddings, layer.start)]
    changed = np.flatnonzero((before[0] != after[0]).any(axis=1))
    assert changed.tolist() == ([0, *moved] if 0 in changed else moved)
    np.testing.assert_array_equal(before[1], after[1])


def test_the_pull_is_the_mean_squared_distance_of_the_words_that_began_somewhere():
    layer = begun(pull=0.5)
    rows = layer.embeddings.numpy()
    rows[2] += [1.0, 3.0]
    layer.embeddings.assign(rows)
    layer(IDS, training=True)
    # Of the words 2 and 3, that moved by (1, 3) and (0, 0); the others began nowhere, or stay.
    np.testing.assert_allclose(layer.losses[0], 0.5 * ((1 + 9) / 2 + 0) / 2)
    layer(IDS, training=False)
    assert layer.losses == []


def test_dropped_words_are_read_as_if_the_data_did_not_have_them():
    layer = begun(dropout=0.5)
    layer.embeddings.assign(layer.embeddings + 10.0)  # as if trained
    rows = layer.embeddings.numpy()
    ids = np.tile([[2, 4, 5, 0]], (500, 1))
    found = layer(ids, training=True).numpy()
    for column, (kept, dropped) in enumerate([(rows[2], VALUES[2]), (rows[4], rows[1])]):
        is_kept = (found[:, column] == kept).all(axis=1)
        assert 180 < is_kept.sum() < 320
        np.testing.assert_array_equal(found[~is_kept, column], np.tile(dropped, (500, 1))[~is_kept])
    np.testing.assert_array_equal(found[:, 2], np.tile(VALUES[5], (500, 1)))  # beyond the data
    assert (found[:, 3] == rows[0]).all()  # padding
    np.testing.assert_array_equal(layer(ids[:1])[0, :2], rows[[2, 4]])
    assert begun(dropout=0.5).get_config()["dropout"] == 0.5


def test_the_pull_is_of_words_that_are_dropped_too():
    layer = begun(pull=1.0, dropout=0.99)
    layer.embeddings.assign(layer.embeddings + 3.0)
    layer(np.full((1, 50), 2), training=True)
    np.testing.assert_allclose(layer.losses[0], 9.0, rtol=1e-5)


def test_padding_is_masked():
    layer = begun()
    np.testing.assert_array_equal(layer.compute_mask(IDS), IDS != 0)
    inputs = keras.Input((None,), dtype="int32")
    short, long = IDS[1:, :2], np.pad(IDS[1:, :2], [(0, 0), (0, 5)])
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling1D()(layer(inputs)))
    np.testing.assert_allclose(model(short), model(long), rtol=1e-6)


def test_mixed_precision_keeps_ids_and_starts():
    layer = begun(dtype="mixed_bfloat16")
    found = layer(IDS)
    assert found.dtype == "bfloat16" and layer.start.dtype == "float16"
    np.testing.assert_array_equal(np.array(found[0, :2], "float32"), VALUES[2:4])


@pytest.mark.parametrize("kept", ["float16", "float32"])
def test_lives_on_in_a_file(tmp_path, kept):
    layer, inputs = begun(kept=kept, pull=0.1, trained=False), keras.Input((None,), dtype="int32")
    keras.Model(inputs, layer(inputs)).save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(IDS), layer(IDS))
    assert again.layers[-1].get_config() == layer.get_config()
    assert again.layers[-1].start.dtype == kept


@pytest.mark.parametrize("options", [
    {"words": 1}, {"size": 0}, {"beyond": -1}, {"pull": -1.0}, {"dropout": 1.0}, {"kept": "int8"},
])  # fmt: skip
def test_what_is_refused(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} must be"):
        WordEmbedding(**{"words": 5, "size": 2, **options})


def test_values_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"values must have the shape \(5, 2\)"):
        WordEmbedding(5, 2).start_from(VALUES)
