"""The reference cells against the equations worked by hand, and against Keras' own layers."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.layers.reference import ReferenceGRUCell, ReferenceLSTMCell, ReferenceSimpleRNNCell
from tests.tiers import first

BATCH, TIME, FEATURES, UNITS = 3, 6, 4, 5

# Reference cell, Keras' layer, options for both.
PAIRS = [
    (ReferenceSimpleRNNCell, keras.layers.SimpleRNN, {}),
    (ReferenceSimpleRNNCell, keras.layers.SimpleRNN, {"use_bias": False, "activation": "relu"}),
    (ReferenceLSTMCell, keras.layers.LSTM, {}),
    (ReferenceLSTMCell, keras.layers.LSTM, {"use_bias": False, "unit_forget_bias": False}),
    (
        ReferenceLSTMCell,
        keras.layers.LSTM,
        {"activation": "softsign", "recurrent_activation": "hard_sigmoid"},
    ),
    (ReferenceGRUCell, keras.layers.GRU, {}),
    (ReferenceGRUCell, keras.layers.GRU, {"reset_after": False}),
    (ReferenceGRUCell, keras.layers.GRU, {"use_bias": False}),
    (ReferenceGRUCell, keras.layers.GRU, {"use_bias": False, "reset_after": False}),
    (
        ReferenceGRUCell,
        keras.layers.GRU,
        {"activation": "softsign", "recurrent_activation": "hard_sigmoid"},
    ),
]
CELLS = [ReferenceSimpleRNNCell, ReferenceLSTMCell, ReferenceGRUCell]


@pytest.fixture
def sequences():
    return np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES)).astype("float32")


def right_padded(*lengths):
    return np.arange(TIME)[None, :] < np.array(lengths)[:, None]


def random_weights(layer, seed=1):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(0, 0.5, size=w.shape) for w in layer.weights])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def run_by_hand(cell, weights, x):
    """Set the weights, run the steps in `x`, and return the outputs of one example, one unit."""
    layer = keras.layers.RNN(cell, return_sequences=True)
    layer.build((None, None, 1))
    layer.set_weights([np.array(w, "float32") for w in weights])
    return np.array(layer(np.array(x, "float32").reshape(1, -1, 1)))[0]


# === Worked by hand: one unit, one feature ===


def test_simple_rnn_by_hand():
    outputs = run_by_hand(ReferenceSimpleRNNCell(1), [[[0.5]], [[-0.3]], [0.1]], [1, -2, 3])
    h1 = math.tanh(1 * 0.5 + 0 * -0.3 + 0.1)
    h2 = math.tanh(-2 * 0.5 + h1 * -0.3 + 0.1)
    h3 = math.tanh(3 * 0.5 + h2 * -0.3 + 0.1)
    np.testing.assert_allclose(outputs[:, 0], [h1, h2, h3], atol=1e-6)


def test_lstm_by_hand():
    kernel, recurrent_kernel = [[0.5, -0.4, 0.9, 0.3]], [[0.2, 0.7, -0.6, 0.1]]
    bias = [0.05, 1.0, -0.1, 0.2]
    outputs = run_by_hand(ReferenceLSTMCell(1), [kernel, recurrent_kernel, bias], [1, -2])
    c1 = sigmoid(0.5 + 0.05) * math.tanh(0.9 - 0.1)  # nothing to forget yet
    h1 = sigmoid(0.3 + 0.2) * math.tanh(c1)
    i2 = sigmoid(-2 * 0.5 + h1 * 0.2 + 0.05)
    f2 = sigmoid(-2 * -0.4 + h1 * 0.7 + 1.0)
    g2 = math.tanh(-2 * 0.9 + h1 * -0.6 - 0.1)
    o2 = sigmoid(-2 * 0.3 + h1 * 0.1 + 0.2)
    h2 = o2 * math.tanh(f2 * c1 + i2 * g2)
    np.testing.assert_allclose(outputs[:, 0], [h1, h2], atol=1e-6)


@pytest.mark.parametrize("reset_after", [False, True])
def test_gru_by_hand(reset_after):
    kernel, recurrent_kernel = [[0.5, -0.4, 0.9]], [[0.2, 0.7, -0.6]]
    b, d = [0.05, 0.3, -0.1], [0.15, -0.25, 0.35]
    cell = ReferenceGRUCell(1, reset_after=reset_after)
    bias = [b, d] if reset_after else b
    outputs = run_by_hand(cell, [kernel, recurrent_kernel, bias], [1, -2])
    if not reset_after:
        d = [0, 0, 0]
    h, expected = 0.0, []
    for x in (1, -2):
        z = sigmoid(x * 0.5 + b[0] + h * 0.2 + d[0])
        r = sigmoid(x * -0.4 + b[1] + h * 0.7 + d[1])
        inner = r * (h * -0.6 + d[2]) if reset_after else (r * h) * -0.6
        h = z * h + (1 - z) * math.tanh(x * 0.9 + b[2] + inner)
        expected.append(h)
    np.testing.assert_allclose(outputs[:, 0], expected, atol=1e-6)


# === Against Keras ===


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cell_class, keras_class, options", PAIRS)
def test_equals_keras(cell_class, keras_class, options, masked, sequences):
    settings = {"return_sequences": True, "return_state": True}
    ours = keras.layers.RNN(cell_class(UNITS, **options), **settings)
    theirs = keras_class(UNITS, **options, **settings)
    mask = tf.constant(right_padded(6, 4, 1)) if masked else None
    x = tf.constant(sequences)

    def run(layer):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, *states = layer(x, mask=mask)
            # Powers and cosines make every output, and every state, count on its own.
            loss = tf.reduce_sum(outputs**3) + sum(tf.reduce_sum(tf.cos(s)) for s in states)
        weights = [w.value for w in layer.trainable_weights]
        return [outputs, *states, *tape.gradient(loss, [x, *weights])]

    theirs.build(x.shape)
    random_weights(theirs)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    results = list(zip(run(ours), run(theirs), strict=True))
    assert len(results) == 1 + len(ours.state_size) + 1 + len(theirs.weights)
    for mine, other in results:
        np.testing.assert_allclose(mine, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell_class, keras_class, options", PAIRS)
def test_weights_are_those_of_keras_both_ways(cell_class, keras_class, options, sequences):
    ours, theirs = keras.layers.RNN(cell_class(UNITS, **options)), keras_class(UNITS, **options)
    ours.build(sequences.shape)
    theirs.build(sequences.shape)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    random_weights(ours)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(sequences), theirs(sequences), atol=1e-5)


def test_forget_gate_starts_open():
    cell = ReferenceLSTMCell(2, bias_initializer=keras.initializers.Constant(0.25))
    cell.build((None, 3))
    np.testing.assert_array_equal(cell.bias, [0.25, 0.25, 1, 1, 0.25, 0.25, 0.25, 0.25])
    cell = ReferenceLSTMCell(2, unit_forget_bias=False)
    cell.build((None, 3))
    np.testing.assert_array_equal(cell.bias, np.zeros(8))


@pytest.mark.parametrize("cell_class", CELLS)
def test_recurrent_weights_start_orthogonal(cell_class):
    cell = cell_class(4)
    cell.build((None, 3))
    U = cell.get_weights()[1]  # [units, blocks * units]
    np.testing.assert_allclose(U @ U.T, np.eye(4), atol=1e-5)


# === Gates ===


def lstm_gates(x, kernel, U, b):
    h = c = np.zeros((len(x), UNITS))
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ U + b, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        yield {"hidden": h, "input": i, "forget": f, "candidate": g, "output": o, "cell": c}


def gru_gates(x, kernel, U, b):
    h = np.zeros((len(x), UNITS))
    for t in range(x.shape[1]):
        xz, xr, xg = np.split(x[:, t] @ kernel + b[0], 3, axis=1)
        hz, hr, hg = np.split(h @ U + b[1], 3, axis=1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        g = np.tanh(xg + r * hg)
        h = z * h + (1 - z) * g
        yield {"hidden": h, "update": z, "reset": r, "candidate": g}


def simple_rnn_gates(x, kernel, U, b):
    h = np.zeros((len(x), UNITS))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ kernel + h @ U + b)
        yield {"hidden": h}


GATES = list(zip(CELLS, [simple_rnn_gates, lstm_gates, gru_gates], strict=True))


@pytest.mark.parametrize("cell_class, by_numpy", GATES)
def test_gates_equal_numpy_in_a_functional_model(cell_class, by_numpy, sequences):
    cell = cell_class(UNITS, return_gates=True)
    inputs = keras.Input((None, FEATURES))
    outputs = keras.layers.RNN(cell, return_sequences=True)(inputs)
    model = keras.Model(inputs, cell.split_gates(outputs))
    random_weights(model)
    model = keras.Model.from_config(model.get_config())  # the split is part of the graph
    random_weights(model)
    gates = model.predict(sequences, verbose=0)
    expected = list(by_numpy(sequences, *model.get_weights()))
    assert list(gates) == list(expected[0]) == list(cell.gate_names)
    for name in gates:
        assert gates[name].shape == (BATCH, TIME, UNITS)
        by_step = np.stack([step[name] for step in expected], axis=1)
        np.testing.assert_allclose(gates[name], by_step, atol=1e-5)


def test_gates_of_masked_steps_repeat_the_last_that_counts(sequences):
    cell = ReferenceLSTMCell(UNITS, return_gates=True)
    layer = keras.layers.RNN(cell, return_sequences=True, return_state=True)
    mask = right_padded(6, 4, 1)
    outputs, h, c = layer(sequences, mask=mask)
    gates = cell.split_gates(np.array(outputs))
    for name, gate in gates.items():
        np.testing.assert_array_equal(gate[1, 4:], np.stack([gate[1, 3]] * 2), err_msg=name)
    np.testing.assert_array_equal(gates["hidden"][:, -1], h)
    np.testing.assert_array_equal(gates["cell"][:, -1], c)
    cut, *_ = layer(sequences[1:2, :4])
    np.testing.assert_allclose(outputs[1:2, :4], cut, atol=1e-6)


def test_split_gates_needs_gates():
    with pytest.raises(ValueError, match=r"return_gates=True.*Received.*return_gates=False"):
        ReferenceLSTMCell(4).split_gates(np.zeros((2, 24)))
    with pytest.raises(ValueError, match=r"last axis 24 wide. Received: outputs.shape=\(2, 23\)"):
        ReferenceLSTMCell(4, return_gates=True).split_gates(np.zeros((2, 23)))


# === Keras citizenship ===


@pytest.mark.parametrize(
    "cell_class, options",
    [
        (ReferenceSimpleRNNCell, {}),
        (ReferenceLSTMCell, {"unit_forget_bias": False, "recurrent_activation": "hard_sigmoid"}),
        (ReferenceGRUCell, {"reset_after": False, "recurrent_activation": "hard_sigmoid"}),
    ],
)
def test_config_round_trip(cell_class, options):
    common = {
        "units": 4,
        "activation": "relu",
        "use_bias": False,
        "kernel_initializer": keras.initializers.RandomNormal(stddev=0.5, seed=3),
        "recurrent_initializer": "identity",
        "bias_initializer": "ones",
        "return_gates": True,
        "name": "mine",
    }
    cell = cell_class(**common, **options)
    config = cell.get_config()
    assert {*common, *options} <= set(config)
    again = cell_class.from_config(config)
    assert again.get_config() == config
    for name in ("units", "use_bias", "return_gates", "output_size", *options):
        assert getattr(again, name) == getattr(cell, name)
    assert again.kernel_initializer.stddev == 0.5
    registered = keras.saving.get_registered_name(cell_class)
    assert registered == f"rnnkit>{cell_class.__name__}"


@pytest.mark.slow
@pytest.mark.parametrize("cell_class", first(CELLS, [ReferenceGRUCell]))
def test_jit_compiled_training_equals_uncompiled(cell_class, sequences):
    weights = []
    for jit in (False, True):
        model = keras.Sequential(
            [keras.Input((TIME, FEATURES)), keras.layers.RNN(cell_class(2)), keras.layers.Dense(1)]
        )
        random_weights(model)
        start = model.get_weights()
        model.compile("sgd", "mse", jit_compile=jit, run_eagerly=not jit)
        model.fit(sequences, np.ones((BATCH, 1)), epochs=2, verbose=0)
        weights.append(model.get_weights())
    for before, plain, compiled in zip(start, *weights, strict=True):
        assert not np.array_equal(before, plain)
        np.testing.assert_allclose(plain, compiled, atol=1e-5)


@pytest.mark.parametrize("cell_class", CELLS)
def test_mixed_precision(cell_class, sequences):
    policy = keras.DTypePolicy("mixed_float16")
    half = keras.layers.RNN(cell_class(UNITS, dtype=policy), dtype=policy, return_state=True)
    single = keras.layers.RNN(cell_class(UNITS), return_state=True)
    single(sequences)
    half.build(sequences.shape)
    half.set_weights(single.get_weights())
    assert {w.dtype for w in half.weights} == {"float32"}
    for mine, other in zip(half(sequences), single(sequences), strict=True):
        assert mine.dtype == "float16"
        np.testing.assert_allclose(mine, other, atol=5e-3)


def test_cells_stack_in_one_rnn(sequences):
    layer = keras.layers.RNN([ReferenceGRUCell(3), ReferenceLSTMCell(2)])
    lower = keras.layers.RNN(ReferenceGRUCell(3), return_sequences=True)
    upper = keras.layers.RNN(ReferenceLSTMCell(2))
    expected = upper(lower(sequences))
    layer.build(sequences.shape)
    layer.set_weights(lower.get_weights() + upper.get_weights())
    np.testing.assert_allclose(layer(sequences), expected, atol=1e-6)


@pytest.mark.parametrize("cell_class", CELLS)
@pytest.mark.parametrize("units", [0, -1, 2.0, "4", True, None])
def test_units_must_be_a_positive_integer(cell_class, units):
    with pytest.raises(ValueError, match="units must be an integer of at least 1.* units="):
        cell_class(units)
