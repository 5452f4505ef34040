"""The layers with a gradient of their own against Keras' layers, differentiated by TensorFlow."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit import layers
from rnnkit.layers import gated
from tests.tiers import slow

by_hand = pytest.mark.skipif(
    bool(tf.config.list_physical_devices("GPU")),
    reason="with a GPU the layers are cuDNN's, which sum in another order and need right padding",
)
BATCH, TIME, FEATURES, UNITS = 4, 7, 3, 5
NAMES = ["SimpleRNN", "LSTM", "GRU"]
MASKS = {
    "none": None,
    "right": np.arange(TIME) < np.array([7, 3, 1, 5])[:, None],
    "holes": np.random.default_rng(1).random((BATCH, TIME)) < 0.5,
    "empty row": np.arange(TIME) < np.array([0, 7, 2, 4])[:, None],
}


def pair(name, units=UNITS, **options):
    """Ours and Keras' layer, of the same weights."""
    options = {"bias_initializer": "random_normal", **options}
    found = [getattr(place, name)(units, **options) for place in (layers, keras.layers)]
    for each in found:
        each.build((BATCH, TIME, FEATURES))
    found[0].set_weights(found[1].get_weights())
    return found


def states(name, rng):
    count = 2 if name == "LSTM" else 1
    return [tf.constant(rng.normal(size=(BATCH, UNITS)), tf.float32) for _ in range(count)]


def run(layer, x, initial, mask, weights):
    """Outputs of a training step, and the gradients of a weighted sum of them."""

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch([x, *initial])
            first = initial or None
            outputs = tf.nest.flatten(layer(x, initial_state=first, mask=mask, training=True))
            loss = sum(tf.reduce_sum(a * b) for a, b in zip(outputs, weights, strict=True))
        variables = [each.value for each in layer.trainable_variables]
        return outputs, tape.gradient(loss, [x, *initial, *variables])

    return tf.nest.flatten(step())


@pytest.mark.slow
@by_hand
@pytest.mark.parametrize(
    ("mask", "backwards"),
    [("holes", True), ("empty row", False), slow("none", True), slow("right", False)],
)
@pytest.mark.parametrize("name", NAMES)
def test_outputs_states_and_gradients_are_those_of_keras(name, mask, backwards):
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(BATCH, TIME, FEATURES)), tf.float32)
    initial = states(name, rng)
    mask = None if MASKS[mask] is None else tf.constant(MASKS[mask])
    shapes = [(BATCH, TIME, UNITS)] + [(BATCH, UNITS)] * len(initial)
    weights = [tf.constant(rng.normal(size=shape), tf.float32) for shape in shapes]
    options = {"return_sequences": True, "return_state": True, "go_backwards": backwards}
    ours, theirs = (run(each, x, initial, mask, weights) for each in pair(name, **options))
    assert len(ours) == len(shapes) + 1 + len(initial) + 3
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.slow
@by_hand
@pytest.mark.parametrize("mask", [slow("right"), "holes"])
@pytest.mark.parametrize("name", NAMES)
def test_two_directions_are_those_of_keras(name, mask):
    """`Bidirectional` asks its layers for outputs of 0 where a step is masked."""
    rng = np.random.default_rng(6)
    x = tf.constant(rng.normal(size=(BATCH, TIME, FEATURES)), tf.float32)
    weights = [tf.constant(rng.normal(size=(BATCH, TIME, 2 * UNITS)), tf.float32)]
    weights += states(name, rng) * 2
    options = {"return_sequences": True, "return_state": True}
    both = [keras.layers.Bidirectional(each) for each in pair(name, **options)]
    for each in both:
        each.build((BATCH, TIME, FEATURES))
    both[0].set_weights(both[1].get_weights())
    ours, theirs = (run(each, x, [], tf.constant(MASKS[mask]), weights) for each in both)
    assert len(ours) == len(weights) + 1 + 6
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_last_output_alone_and_no_initial_state(name):
    rng = np.random.default_rng(2)
    x = tf.constant(rng.normal(size=(BATCH, TIME, FEATURES)), tf.float32)
    weights = [tf.constant(rng.normal(size=(BATCH, UNITS)), tf.float32)]
    ours, theirs = (run(each, x, [], None, weights) for each in pair(name))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_one_unit_by_hand():
    """h_1 = tanh(0.5), h_2 = tanh(0.5 * h_1): the gradient of h_2 by the recurrent weight, by the
    chain rule, is (1 - h_2^2) * h_1, since h_1 does not depend on it."""
    x = tf.constant([[[0.5]], [[0.0]]])  # [time, batch, features]
    one, weight = tf.constant([[1.0]]), tf.constant([[0.5]])
    with tf.GradientTape() as tape:
        tape.watch(weight)
        found, _ = gated.run_simple_rnn(x, None, tf.zeros([1, 1]), one, weight, tf.zeros([1]))
        last = found[-1, 0, 0]
    first = np.tanh(0.5)
    second = np.tanh(0.5 * first)
    np.testing.assert_allclose(found[:, 0, 0], [first, second], rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(last, weight), [[(1 - second**2) * first]], rtol=1e-6)


@pytest.mark.slow
@by_hand
@pytest.mark.parametrize("name", NAMES)
def test_one_unit_and_sizes_that_the_graph_does_not_know(name):
    """A graph may know neither batch nor time, nor how wide the states are that it begins with;
    a width of 1, unlike others, does not follow from sums with known ones."""
    rng = np.random.default_rng(4)
    x = tf.constant(rng.normal(size=(BATCH, TIME, FEATURES)), tf.float32)
    first = tf.constant(rng.normal(size=(BATCH, 1)), tf.float32)
    ours, theirs = pair(name, units=1, return_sequences=True)

    def gradients(layer):
        @tf.function(
            input_signature=[tf.TensorSpec([None, None, FEATURES]), tf.TensorSpec([None, None])]
        )
        def step(x, first):
            with tf.GradientTape() as tape:
                states = [first] * (2 if name == "LSTM" else 1)
                loss = tf.reduce_sum(tf.square(layer(x, initial_state=states, training=True)))
            return tape.gradient(loss, [each.value for each in layer.trainable_variables])

        return step(x, first)

    for a, b in zip(gradients(ours), gradients(theirs), strict=True):
        assert np.abs(b).max() > 0.01
        np.testing.assert_allclose(a, b, atol=2e-5)


@by_hand
@pytest.mark.parametrize("name", NAMES)
def test_what_is_masked_may_be_no_number(name):
    mask = tf.constant(MASKS["right"])
    rng = np.random.default_rng(3)
    clean = rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
    broken = np.where(MASKS["right"][..., None], clean, np.nan)
    layer = pair(name, return_sequences=True)[0]
    expected, found = (layer(x, mask=mask, training=True) for x in (clean, broken))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def count_calls(name, monkeypatch):
    """A list that gets longer whenever a layer trains by hand."""
    calls = []
    function = {"SimpleRNN": "run_simple_rnn"}.get(name, f"run_{name.lower()}")
    plain = getattr(gated, function)
    monkeypatch.setattr(gated, function, lambda *a: calls.append(1) or plain(*a))
    return calls


@pytest.mark.slow
@by_hand
@pytest.mark.parametrize("name", NAMES)
def test_training_is_by_hand_where_it_can_be(name, monkeypatch):
    calls = count_calls(name, monkeypatch)
    x = np.ones((BATCH, TIME, FEATURES), "float32")
    layer = getattr(layers, name)(UNITS)
    layer(x, training=False)
    assert not calls
    layer(x, training=True)
    assert calls == [1]
    keras.layers.Bidirectional(getattr(layers, name)(UNITS, return_sequences=True))(
        x, training=True
    )
    assert calls == [1, 1, 1]
    others = [{"activation": "relu"}, {"use_bias": False}, {"recurrent_dropout": 0.5}]
    others += [{"dropout": 0.5}, {"unroll": True}]
    others += [{"reset_after": False}] if name == "GRU" else []
    others += [] if name == "SimpleRNN" else [{"recurrent_activation": "hard_sigmoid"}]
    for options in others:
        getattr(layers, name)(UNITS, **options)(x, training=True)
    assert calls == [1, 1, 1]


@by_hand
@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_by_hand_can_be_switched_off(name, monkeypatch):
    calls = count_calls(name, monkeypatch)
    x = np.ones((BATCH, TIME, FEATURES), "float32")
    layer = getattr(layers, name)(UNITS)
    assert layers.handwritten_gradients(False) is True
    try:
        layer(x, training=True)
        assert not calls
    finally:
        assert layers.handwritten_gradients(True) is False
    layer(x, training=True)
    assert calls == [1]


@by_hand
@pytest.mark.parametrize("name", ["LSTM", "GRU"])
@pytest.mark.parametrize("training", [False, True])
def test_cudnn_without_a_gpu_is_refused_as_in_keras(name, training):
    x = np.ones((BATCH, TIME, FEATURES), "float32")
    for place in (keras.layers, layers):
        with pytest.raises(ValueError, match="use_cudnn=True was specified"):
            getattr(place, name)(UNITS, use_cudnn=True)(x, training=training)
    layer = getattr(layers, name)(UNITS, use_cudnn=False)  # which asks for nothing
    assert layer(x, training=training).shape == (BATCH, UNITS)


@pytest.mark.slow
@by_hand
@pytest.mark.parametrize(
    ("name", "dtype", "jit_compile"),
    [
        ("GRU", "mixed_float16", False),
        slow("GRU", "mixed_bfloat16", False),
        slow("LSTM", "mixed_float16", True),
    ],
)
def test_training_in_half_precision_and_under_xla(name, dtype, jit_compile):
    layer = getattr(layers, name)(UNITS, dtype=dtype, return_sequences=True)
    both = keras.layers.Bidirectional(layer)
    model = keras.Sequential([keras.layers.Masking(), both, keras.layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=jit_compile)
    x = np.random.default_rng(4).normal(size=(16, TIME, FEATURES)).astype("float32")
    x[:8, 4:] = 0.0  # masked
    y = x.sum(axis=2, keepdims=True)
    losses = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


@by_hand
@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_of_the_gradient(name):
    """As a penalty of gradients needs it; against Keras'."""
    x = tf.constant(np.random.default_rng(5).normal(size=(2, 3, FEATURES)), tf.float32)
    found = []
    for layer in pair(name):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(tf.square(layer(x, training=True)))
            slope = inner.gradient(total, x)
            penalty = tf.reduce_sum(tf.square(slope))
        found.append(outer.gradient(penalty, x))
    np.testing.assert_allclose(*found, atol=2e-5)
