"""One input for several sequences: rows repeated, and the words of all of them foretold."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.layers import BagOfTokens, RepeatRows


def test_rows_are_repeated_as_often_as_there_are_others():
    x = np.arange(12, dtype="float32").reshape(3, 2, 2)
    for times in (1, 4):
        found = RepeatRows()(x, np.zeros((3 * times, 5)))
        np.testing.assert_array_equal(found, np.repeat(x, times, axis=0))
    a, b = keras.Input((2, 2)), keras.Input((None,))
    model = keras.Model([a, b], RepeatRows()(a, b))
    assert model.output_shape == (None, 2, 2)
    compiled = tf.function(lambda x: model([x, tf.zeros([6, 3])]), jit_compile=True)
    np.testing.assert_array_equal(compiled(x), np.repeat(x, 2, axis=0))


def bag(**options):
    return BagOfTokens(6, special=[1, 5], dtype="float32", **options)


def test_the_loss_is_the_cross_entropy_of_shares():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2, 3)).astype("float32")
    # Two inputs with three sequences each; the last of the second is padding.
    tokens = np.array([[5, 2, 2], [5, 3, 0], [5, 2, 1], [5, 4, 0], [5, 4, 3], [5, 0, 0]])
    shares = np.array([[2 / 3, 1 / 3, 0], [0, 1 / 2, 1]])  # of the tokens 2, 3 and 4
    layer = bag(weight=0.5)
    passed = np.array([7.0], "float32")
    out = layer(passed, features, tokens, training=True)
    assert out.numpy().tolist() == [7.0]
    kernel, bias = (each.numpy() for each in layer.weights)
    forecast = 1 / (1 + np.exp(-(features @ kernel + bias)[:, 2:5]))
    values = -shares * np.log(forecast) - (1 - shares) * np.log(1 - forecast)
    np.testing.assert_allclose(layer.losses[0], 0.5 * values.sum(axis=1).mean(), rtol=1e-5)
    layer(passed, features, tokens, training=False)
    assert layer.losses == []
    # Longer padding changes nothing.
    layer(passed, features, np.pad(tokens, [(0, 0), (0, 4)]), training=True)
    np.testing.assert_allclose(layer.losses[0], 0.5 * values.sum(axis=1).mean(), rtol=1e-5)


def test_the_features_learn_from_it():
    x, tokens = keras.Input((2,)), keras.Input((None,), dtype="int32")
    out = keras.layers.Dense(3)(RepeatRows()(x, tokens))
    model = keras.Model([x, tokens], bag()(out, keras.layers.Dense(4)(x), tokens))
    model.compile("sgd", "mse")
    before = [w.numpy() for w in model.weights]
    data = [np.ones((2, 2), "float32"), np.array([[5, 2], [5, 3], [5, 4], [5, 0]])]
    model.train_on_batch(data, np.zeros((4, 3)))
    assert all((a != w.numpy()).any() for a, w in zip(before, model.weights, strict=True))


def test_lives_on_in_a_file_and_refuses(tmp_path):
    layer = bag(weight=0.25, kernel_initializer="zeros")
    again = BagOfTokens.from_config(layer.get_config())
    assert again.get_config() == layer.get_config() and again.special == [1, 5]
    with pytest.raises(ValueError, match="weight must be a number at least 0. Received: weight=-1"):
        bag(weight=-1)
