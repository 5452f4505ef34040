"""Gradients of the loss with respect to states, against powers and loops written by hand."""

import io

import keras
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console

import rnnkit
from rnnkit import diagnostics
from rnnkit.diagnostics import gradient_flow
from rnnkit.features import Forecast, Label, Series, Text
from rnnkit.models import (
    CTC,
    EchoStateNetwork,
    EncoderDecoder,
    Forecaster,
    LanguageModel,
    ManyToOne,
)
from rnnkit.models import OneToOne as Dense

TEXTS = ["a good film", "bad", "not a bad film at all", "good good"]
LABELS = ["yes", "no", "yes", "yes"]
NUMBERS = np.random.default_rng(0)


def features():
    return Text().adapt(TEXTS), Label().adapt(LABELS)


def network(*layers, shape=(None, 3), loss="mse"):
    model = keras.Sequential([keras.Input(shape), *layers])
    model.compile(loss=loss)
    return model


def data(examples=2, time=5, width=3, outputs=1, stepwise=False):
    steps = (time,) if stepwise else ()
    x = NUMBERS.normal(size=(examples, time, width)).astype("float32")
    return x, NUMBERS.normal(size=(examples, *steps, outputs)).astype("float32")


# === Known powers ===


@pytest.mark.slow
@pytest.mark.parametrize("r, time, verdict", [
    (0.5, 40, "vanishing"), (0.95, 200, "vanishing"), (1.0, 150, "healthy"), (1.1, 150, "exploding")
])  # fmt: skip
def test_a_linear_network_of_r_times_the_identity(r, time, verdict):
    """J = r I, so that the gradient k steps before the end is r^k times the one there."""
    rnn = keras.layers.SimpleRNN(
        4, activation="linear", recurrent_initializer=keras.initializers.Identity(r)
    )
    model = network(rnn, keras.layers.Dense(1))
    flow = gradient_flow(model, data(2, time))
    norms = flow.layers[0].norms["hidden"]  # [examples, time]
    back = time - 1 - np.arange(time)
    np.testing.assert_allclose(norms / norms[:, -1:], np.broadcast_to(r**back, norms.shape), 1e-4)
    assert flow.layers[0].factor == pytest.approx(r, rel=1e-4)
    assert flow.layers[0].carried == pytest.approx(r ** (time - 1), rel=1e-3)
    assert flow.verdict == verdict == flow.layers[0].verdict
    np.testing.assert_allclose(flow.norms[0], norms.mean(axis=0))
    if r < 1:
        assert r ** flow.layers[0].reach == pytest.approx(0.01, rel=1e-3)


def test_the_factor_is_the_same_where_every_step_has_a_loss():
    """The norms do not fade there, but what each step says of earlier ones does."""
    rnn = keras.layers.SimpleRNN(
        4, activation="linear", return_sequences=True,
        recurrent_initializer=keras.initializers.Identity(0.7),
    )  # fmt: skip
    flow = gradient_flow(network(rnn, keras.layers.Dense(1)), data(2, 30, stepwise=True))
    assert flow.layers[0].factor == pytest.approx(0.7, rel=1e-4)
    assert flow.layers[0].mean()[0] > 0.1 * flow.layers[0].mean()[-1]


def test_the_last_gradient_by_hand():
    """dL/dh_T of L = mean of (h_T w - y)^2 is 2 (h_T w - y) w / examples."""
    rnn, dense = keras.layers.GRU(4), keras.layers.Dense(1, use_bias=False)
    model, (x, y) = network(rnn, dense), data(3)
    w = dense.kernel.numpy()[:, 0]
    gaps = np.asarray(model(x)) - y  # [examples, 1]
    wanted = np.abs(2 * gaps / 3)[:, 0] * np.linalg.norm(w)
    flow = gradient_flow(model, (x, y))
    np.testing.assert_allclose(flow.layers[0].norms["hidden"][:, -1], wanted, rtol=1e-5)
    assert flow.loss == pytest.approx(np.square(gaps).mean(), rel=1e-5)


# === A loop written by hand ===


def sigma(x):
    return 1 / (1 + np.exp(-x))


def lstm_by_hand(weights, x, w, y, shifts):
    """Loss of an LSTM in NumPy in which h and c of each step are shifted, `[time, 2, units]`."""
    kernel, recurrent, bias = weights
    units = recurrent.shape[0]
    h, c = np.zeros(units), np.zeros(units)
    for step, (dh, dc) in zip(x, shifts, strict=True):
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4)
        c = sigma(f) * c + sigma(i) * np.tanh(g) + dc
        h = sigma(o) * np.tanh(c) + dh
    return float((h @ w - y) ** 2)


def test_an_lstm_against_finite_differences():
    time, units = 6, 3
    lstm, dense = keras.layers.LSTM(units), keras.layers.Dense(1, use_bias=False)
    model, (x, y) = network(lstm, dense), data(1, time)
    weights = [each.astype("float64") for each in lstm.get_weights()]
    w = dense.kernel.numpy()[:, 0].astype("float64")
    gradients, step = np.zeros((time, 2, units)), 1e-5
    for place in np.ndindex(time, 2, units):
        shifts = np.zeros((time, 2, units))
        shifts[place] = step
        up = lstm_by_hand(weights, x[0].astype("float64"), w, y[0, 0], shifts)
        down = lstm_by_hand(weights, x[0].astype("float64"), w, y[0, 0], -shifts)
        gradients[place] = (up - down) / (2 * step)
    wanted = np.linalg.norm(gradients, axis=2)  # [time, 2]
    layer = gradient_flow(model, (x, y)).layers[0]
    np.testing.assert_allclose(layer.norms["hidden"][0], wanted[:, 0], rtol=1e-3)
    np.testing.assert_allclose(layer.norms["cell"][0], wanted[:, 1], rtol=1e-3)


def test_the_factor_of_an_lstm_is_that_of_both_states_together():
    """Where only the last step has a loss, the factors multiply to the whole way."""
    lstm = keras.layers.LSTM(3)
    model, (x, y) = network(lstm, keras.layers.Dense(1)), data(1, 7)
    kernel, recurrent, bias = (tf.constant(each) for each in lstm.get_weights())
    start = tf.zeros([1, 6])
    states = [start]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(start)
        state = start
        for step in range(7):
            state = tf.identity(state)
            tape.watch(state)
            states.append(state)
            h, c = tf.split(state, 2, axis=1)
            i, f, g, o = tf.split(x[:, step] @ kernel + h @ recurrent + bias, 4, axis=1)
            c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
            state = tf.concat([tf.sigmoid(o) * tf.tanh(c), c], axis=1)
        last = tf.identity(state)
        tape.watch(last)
        loss = tf.reduce_mean((model.layers[-1](last[:, :3]) - y) ** 2)
    wanted = [float(tf.norm(tape.gradient(loss, each))) for each in [*states[2:], last]]
    factors = gradient_flow(model, (x, y)).layers[0].factors[0]
    np.testing.assert_allclose(factors, np.divide(wanted[:-1], wanted[1:]), rtol=1e-4)


CELLS = {
    "simple": lambda: keras.layers.SimpleRNN(3, return_sequences=True),
    "gru": lambda: keras.layers.GRU(3, return_sequences=True),
    "old gru": lambda: keras.layers.GRU(3, reset_after=False, return_sequences=True),
    "backwards": lambda: keras.layers.GRU(3, return_sequences=True, go_backwards=True),
    "reference": lambda: rnnkit.layers.recurrent("reference_lstm", 3, return_sequences=True),
    "reservoir": lambda: rnnkit.layers.ESN(3, return_sequences=True, seed=1),
    "gates": lambda: rnnkit.layers.recurrent(
        "reference_gru", 3, return_sequences=True, return_gates=True
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_any_cell_against_a_pause_in_the_layer(name):
    """The state after step t is fed to a layer that goes on from there: its gradient is asked."""
    layer, (x, y) = CELLS[name](), data(2, 6)
    model = network(layer, keras.layers.Lambda(lambda h: h[:, -1]), keras.layers.Dense(1))
    norms = gradient_flow(model, (x, y)).layers[0].norms["hidden"]
    assert np.isfinite(norms).all()
    order = x[:, ::-1] if layer.go_backwards else x
    cell, at = layer.cell, 2
    states = cell.get_initial_state(batch_size=2)
    states = list(states) if isinstance(states, (list, tuple)) else [states]
    for step in range(at + 1):
        _, states = cell(order[:, step], states)
        states = list(states) if isinstance(states, (list, tuple)) else [states]
    with tf.GradientTape() as tape:
        tape.watch(states[0])
        after = states
        for step in range(at + 1, 6):
            output, after = cell(order[:, step], after)
        loss = tf.reduce_mean((model.layers[-1](output) - y) ** 2)
    wanted = np.linalg.norm(tape.gradient(loss, states[0]), axis=1)
    place = 5 - at if layer.go_backwards else at
    if len(states) == 1:
        np.testing.assert_allclose(norms[:, place], wanted, rtol=1e-4)
    else:  # of an LSTM h_t is read by the next step alone
        np.testing.assert_allclose(norms[:, place], wanted, rtol=1e-4)


# === Masks, directions, stacks ===


def test_padding_never_counts():
    model = network(keras.layers.Masking(0.0), keras.layers.LSTM(3), keras.layers.Dense(1))
    x, y = data(1, 4)
    short = gradient_flow(model, (x, y)).layers[0]
    padded = np.concatenate([x, np.zeros((1, 3, 3), "float32")], axis=1)
    long = gradient_flow(model, (padded, y)).layers[0]
    for state in ("hidden", "cell"):
        np.testing.assert_allclose(long.norms[state][:, :4], short.norms[state], rtol=1e-5)
        assert np.isnan(long.norms[state][:, 4:]).all()
    assert long.factor == pytest.approx(short.factor, rel=1e-5)
    assert long.steps == short.steps == 3


def test_two_directions_are_in_the_order_of_time():
    forward = keras.layers.SimpleRNN(2, activation="linear")
    backward = keras.layers.SimpleRNN(2, activation="linear", go_backwards=True)
    both = keras.layers.Bidirectional(forward, backward_layer=backward, name="both")
    model = network(both, keras.layers.Dense(1))
    for each, r in ((both.forward_layer, 0.5), (both.backward_layer, 0.8)):
        each.set_weights([each.get_weights()[0], r * np.eye(2), np.zeros(2)])
    flow = gradient_flow(model, data(2, 6))
    assert [each.name for each in flow.layers] == ["both forward", "both backward"]
    one, other = flow.layers
    assert (one.factor, other.factor) == pytest.approx((0.5, 0.8), rel=1e-5)
    np.testing.assert_allclose(one.mean() / one.mean()[-1], 0.5 ** np.arange(5, -1, -1), 1e-5)
    np.testing.assert_allclose(other.mean() / other.mean()[0], 0.8 ** np.arange(6), 1e-5)
    assert flow["both backward"] is other and other.backwards
    with pytest.raises(KeyError, match="no layer 'both'"):
        flow["both"]


def test_lower_layers_get_their_gradient_through_the_upper_ones():
    """Of two linear layers of r I and s I: the sum over the ways of splitting k steps."""
    layers = [
        keras.layers.SimpleRNN(
            1, activation="linear", return_sequences=sequences, kernel_initializer="ones",
            recurrent_initializer=keras.initializers.Identity(r), name=name,
        )
        for r, sequences, name in ((0.5, True, "low"), (0.8, False, "high"))
    ]  # fmt: skip
    model = network(*layers, shape=(None, 1))
    flow = gradient_flow(model, (np.ones((1, 5, 1)), np.zeros((1, 1))))
    low, high = (flow[name].mean() for name in ("low", "high"))
    wanted = [sum(0.5**j * 0.8 ** (k - j) for j in range(k + 1)) for k in range(4, -1, -1)]
    np.testing.assert_allclose(low / low[-1], wanted, rtol=1e-5)
    np.testing.assert_allclose(high / high[-1], 0.8 ** np.arange(4, -1, -1), rtol=1e-5)
    assert (
        len(gradient_flow(model, (np.ones((1, 5, 1)), np.zeros((1, 1))), layer="low").layers) == 1
    )


def test_nothing_is_changed():
    layer = keras.layers.GRU(3, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(2, 5, 3)), layer, keras.layers.Dense(1)])
    model.compile(loss="mse")
    x, y = data(2)
    before, states = model.get_weights(), [each.numpy() for each in layer.states]
    gradient_flow(model, (x, y))
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(states[0], layer.states[0].numpy())
    assert "inner_loop" not in vars(layer)


# === Models of rnnkit ===


def test_raw_data_in_the_order_given():
    options = {"num_layers": 2, "bidirectional": True, "seed": 1}
    model = ManyToOne(*features(), cell="simple_rnn", units=4, **options)
    flow = gradient_flow(model, (TEXTS, LABELS))
    names = [f"encoder/{level} {way}" for level in (1, 2) for way in ("forward", "backward")]
    assert [each.name for each in flow.layers] == names == diagnostics.layer_names(model)
    lengths = [len(text.split()) for text in TEXTS]
    for layer in flow.layers:
        there = ~np.isnan(layer.norms["hidden"])
        np.testing.assert_array_equal(there.sum(axis=1), lengths)
        assert there[:, 0].all()
    dataset = tf.data.Dataset.from_tensor_slices((TEXTS, LABELS))
    again = gradient_flow(model, dataset, layer="encoder/2 forward", batch_size=2)
    assert again.layers[0].norms["hidden"].shape[0] == 2


def test_what_a_decoder_reads_back_to_the_encoder():
    model = EncoderDecoder(features()[0], features()[0], cell="lstm", units=4, seed=1)
    flow = gradient_flow(model, (TEXTS[:2], TEXTS[:2]))
    names = ["encoder forward", "encoder backward", "decoder", "upper_decoder"]
    assert [each.name for each in flow.layers] == names
    written = ~np.isnan(flow["decoder"].norms["hidden"])
    np.testing.assert_array_equal(written.sum(axis=1), [4, 2])  # each text and its end
    assert all(each.verdict in ("healthy", "vanishing") for each in flow.layers)


def series():
    wave = np.sin(np.arange(60) / 4)
    return wave, Series().adapt(wave)


@pytest.mark.slow
def test_series_and_reservoirs(monkeypatch):
    wave, x = series()
    model = Forecaster(x, Forecast().adapt(wave), cell="gru", units=3, window=15, seed=1)
    assert gradient_flow(model, wave).layers[0].norms["hidden"].shape == (4, 15)
    reservoir = EchoStateNetwork(x, Forecast().adapt(wave), units=10, washout=5, seed=1)
    with pytest.raises(ValueError, match="must be fitted first"):
        gradient_flow(reservoir, (wave, wave))
    reservoir.fit(wave, verbose=0)
    monkeypatch.setattr("rnnkit.diagnostics.batches.LONGEST", 40)
    flow = gradient_flow(reservoir, (wave, wave))
    assert flow.layers[0].norms["hidden"].shape == (1, 40)  # not all 60
    assert flow.layers[0].cell == "ESNCell" and 0 < flow.layers[0].factor < 1
    assert "not trained" in flow.advice
    clips = CTC(x, Text(level="character").adapt(["ab"]), units=3, num_layers=1, seed=1)
    assert gradient_flow(clips, ([wave[:20]], ["ab"])).layers[0].norms["hidden"].shape == (1, 20)


def test_a_language_model_and_what_it_carries():
    model = LanguageModel(features()[0], units=3, sequence_length=6, seed=1)
    carried = [each.numpy() for each in model.carried.kept[False]]
    flow = gradient_flow(model, TEXTS)
    assert flow.layers[0].norms["cell"].shape[1] == 6
    for one, other in zip(carried, model.carried.kept[False], strict=True):
        np.testing.assert_array_equal(one, other.numpy()[: len(one)])


# === What is said ===


def test_verdict_and_table():
    rnn = keras.layers.SimpleRNN(2, activation="linear", name="memory")
    model = network(rnn, keras.layers.Dense(1))
    rnn.set_weights([np.ones((3, 2)), 3.0 * np.eye(2), np.zeros(2)])
    flow = gradient_flow(model, data(2, 12))
    assert flow.verdict == "exploding" and "clipnorm" in flow.advice
    (row,) = flow.table()
    assert row["factor"] == pytest.approx(3.0) and row["verdict"] == "exploding"
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(flow)
    for text in (repr(flow), flow._repr_html_(), console.export_text()):
        assert "memory" in text and "exploding" in text and "clip" in text
    single = gradient_flow(model, data(2, 1))
    assert single.verdict == "none" and "two steps" in single.advice


def test_a_loss_of_ones_own():
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(2)])  # not compiled
    x, _ = data(2, 4)
    flow = gradient_flow(model, x, loss=lambda y, outputs: tf.reduce_sum(outputs))
    np.testing.assert_allclose(flow.layers[0].norms["hidden"][:, -1], np.sqrt(2), rtol=1e-6)


def test_what_cannot_be_measured():
    model, (x, y) = network(keras.layers.LSTM(2, name="memory"), keras.layers.Dense(1)), data()
    stepwise = network(keras.layers.GRU(1, return_sequences=True))
    cases = [
        ((model, (x, y), "memry"), "one of the model's .*'memory'.*Did you mean 'memory'"),
        ((model, (x[:0], y[:0])), "must hold examples. Received: none"),
        ((model, (x, y[:1])), "equal lengths. Received: .2, 1."),
        ((model, x), "the loss needs targets"),
        ((model, None), "batch must be .x, y."),
        ((model, (x[..., :2], y)), "x does not fit the model.*Received: .*2, 5, 2"),
        ((stepwise, (x, np.ones((2, 4, 1)))), "y does not fit the outputs.*2, 5, 1.*2, 4, 1"),
        ((keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), (x, y)), "recurrent layer"),
        ((Dense(*features(), units=2), (TEXTS, LABELS)), "without memory.*Received: OneToOne"),
        ((ManyToOne(*features(), cell="dense", units=2), (TEXTS, LABELS)), "cell 'dense'"),
        ((3, (x, y)), "must be a Keras model.*int"),
    ]
    for arguments, message in cases:
        with pytest.raises(ValueError, match=message):
            gradient_flow(*arguments)
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1"):
        gradient_flow(model, (x, y), batch_size=0)
    with pytest.raises(ValueError, match="compiled with a loss, or loss must be given"):
        gradient_flow(keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(1)]), (x, y))
    with pytest.raises(ValueError, match="no examples"):
        gradient_flow(ManyToOne(*features(), units=2), ([], []))
