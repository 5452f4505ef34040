"""States, gates and saturation, against the equations in NumPy."""

import keras
import numpy as np
import pytest

from rnnkit import layers
from rnnkit.diagnostics import gate_activations, saturation, state_trajectory
from rnnkit.features import Label, Series, Subwords, Tags, Text, Words
from rnnkit.models import EncoderDecoder, LanguageModel, ManyToOne, Tagger

TEXTS = ["a good film", "bad", "not a bad film at all", "good good"]
LABELS = ["yes", "no", "yes", "yes"]


def sigma(x):
    return 1 / (1 + np.exp(-x))


def lstm(weights, xs):
    kernel, recurrent, bias = weights
    h = c = np.zeros(recurrent.shape[0])
    rows = []
    for x in xs:
        i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
        rows.append([h, c, sigma(i), sigma(f), np.tanh(g), sigma(o)])
    names = ("hidden", "cell", "input", "forget", "candidate", "output")
    return {name: np.stack(each) for name, each in zip(names, zip(*rows, strict=True), strict=True)}


def gru(weights, xs, reset_after):
    kernel, recurrent, bias = weights
    h, rows = np.zeros(recurrent.shape[0]), []
    for x in xs:
        if reset_after:
            a, b = np.split(x @ kernel + bias[0], 3), np.split(h @ recurrent + bias[1], 3)
            z, r = sigma(a[0] + b[0]), sigma(a[1] + b[1])
            g = np.tanh(a[2] + r * b[2])
        else:
            a, u = np.split(x @ kernel + bias, 3), np.split(recurrent, 3, axis=1)
            z, r = sigma(a[0] + h @ u[0]), sigma(a[1] + h @ u[1])
            g = np.tanh(a[2] + (r * h) @ u[2])
        h = z * h + (1 - z) * g
        rows.append([h, z, r, g])
    names = ("hidden", "update", "reset", "candidate")
    return {name: np.stack(each) for name, each in zip(names, zip(*rows, strict=True), strict=True)}


CELLS = {
    "lstm": (lambda: keras.layers.LSTM(4, bias_initializer="normal"), lstm),
    "gru": (
        lambda: keras.layers.GRU(4, bias_initializer="normal"),
        lambda weights, xs: gru(weights, xs, True),
    ),
    "old gru": (
        lambda: keras.layers.GRU(4, reset_after=False, bias_initializer="normal"),
        lambda weights, xs: gru(weights, xs, False),
    ),
    "reference lstm": (lambda: keras.layers.RNN(layers.ReferenceLSTMCell(4)), lstm),
    "reference gru": (
        lambda: keras.layers.RNN(layers.ReferenceGRUCell(4)),
        lambda weights, xs: gru(weights, xs, True),
    ),
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("backwards", [False, True])
def test_states_and_gates_against_numpy(name, backwards):
    make, by_hand = CELLS[name]
    layer = make()
    layer.go_backwards = backwards
    model = keras.Sequential([keras.Input((None, 3)), layer, keras.layers.Dense(1)])
    x = np.random.default_rng(1).normal(size=(6, 3)).astype("float32")
    wanted = by_hand(layer.get_weights(), x[::-1] if backwards else x)
    found = {**state_trajectory(model, x), **gate_activations(model, x[None])}
    assert set(found) == set(wanted)
    for key, values in wanted.items():
        np.testing.assert_allclose(
            found[key], values[::-1] if backwards else values, rtol=1e-4, atol=1e-5
        )
    shares = {row["what"]: row for row in saturation(model, x[None])}
    assert set(shares) == set(wanted)
    for key, row in shares.items():
        values = np.tanh(wanted[key]) if key == "cell" else wanted[key]
        tanh = key in ("hidden", "cell", "candidate")
        low, high = (values < (-0.95 if tanh else 0.05)).mean(), (values > 0.95).mean()
        assert (row["low"], row["high"]) == pytest.approx((low, high))
        assert row["mean"] == pytest.approx(values.mean(), abs=1e-5)


def test_saturated_units_are_counted_without_padding():
    layer = keras.layers.SimpleRNN(3)
    model = keras.Sequential([keras.Input((None, 1)), keras.layers.Masking(), layer])
    # Units at 1, at -1 and at 0, whatever they read.
    layer.set_weights([np.zeros((1, 3)), np.zeros((3, 3)), np.array([5.0, -5.0, 0.0])])
    x = np.ones((2, 4, 1))
    x[1, 2:] = 0
    (row,) = saturation(model, x)
    assert (row["low"], row["high"], row["saturated"]) == pytest.approx((1 / 3, 1 / 3, 2 / 3))
    assert row["always"] == pytest.approx(2 / 3) and row["mean"] == pytest.approx(0, abs=1e-6)
    assert "33.3%" in repr(saturation(model, x))
    linear = keras.Sequential(
        [keras.Input((None, 1)), keras.layers.SimpleRNN(2, activation="linear")]
    )
    assert saturation(linear, x) == []


def test_words_stand_beside_the_states():
    model = ManyToOne(Text().adapt(TEXTS), Label().adapt(LABELS), units=4, seed=1)
    trace = gate_activations(model, "not a good film")
    assert trace.words == ["not", "a", "good", "film"] and trace["forget"].shape == (4, 4)
    assert (trace.layer, trace.cell, trace.backwards) == ("encoder", "LSTMCell", False)
    # The last state is the one that is judged.
    encode = keras.Model(model.inputs, model.get_layer("encoder").output)
    ids = model.input_feature.encode(model.input_feature.to_tensor(["not a good film"]))
    last = encode(ids.to_tensor())[0]
    np.testing.assert_allclose(
        state_trajectory(model, "not a good film")["hidden"][-1], last, rtol=1e-5
    )
    assert "forget [4, 4]" in repr(trace)


def test_words_of_taggers_and_what_has_none():
    tags = [["X" if word == "bad" else "Y" for word in text.split()] for text in TEXTS]
    words = Words().adapt([text.split() for text in TEXTS])
    options = {"cell": "simple_rnn", "units": 2, "bidirectional": True, "seed": 1}
    model = Tagger(words, Tags().adapt(tags), character_filters=0, **options)
    trace = state_trajectory(model, "It isn't bad.", layer="encoder backward")
    assert trace.words == ["It", "is", "n't", "bad", "."] and trace.backwards
    assert state_trajectory(model, ["not", "bad"]).words == ["not", "bad"]
    with pytest.raises(ValueError, match="whose cell has gates.*SimpleRNNCell"):
        gate_activations(model, ["not", "bad"])


def test_what_a_decoder_reads():
    pieces = Subwords(vocabulary_size=40).adapt(TEXTS)
    options = {"cell": "gru", "units": 4, "bidirectional": False, "attention": None, "seed": 1}
    model = EncoderDecoder(Text().adapt(TEXTS), pieces, decoder_layers=1, **options)
    trace = gate_activations(model, "a film", layer="decoder", y="good film")
    (ids,) = pieces.encode(pieces.to_tensor(["good film"])).to_list()
    assert trace.words == ["(start)", *pieces.tokens_of(ids)]
    assert gate_activations(model, "a film", layer="encoder", y="bad").words == ["a", "film"]
    alone = LanguageModel(Text().adapt(TEXTS), units=3, seed=1)
    assert state_trajectory(alone, "a good film").words == ["(start)", "a", "good", "film"]


@keras.saving.register_keras_serializable(package="test_activations")
class Gated(keras.layers.Layer):
    """A cell of one's own, with a gate that it shows."""

    state_size = output_size = 2

    def call(self, inputs, states):
        kept = self.gates(inputs, states)["keep"]
        new = kept * states[0] + (1 - kept) * inputs
        return new, [new]

    def gates(self, inputs, states):
        return {"keep": keras.ops.sigmoid(inputs)}


def test_a_cell_of_ones_own_shows_its_gates():
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.RNN(Gated())])
    x = np.array([[0.0, 1.0], [-1.0, 2.0]])
    np.testing.assert_allclose(gate_activations(model, x)["keep"], sigma(x), rtol=1e-6)


def test_what_cannot_be_shown():
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(2, name="memory")])
    with pytest.raises(ValueError, match="one example. Received: 2"):
        state_trajectory(model, np.ones((2, 4, 3)))
    with pytest.raises(ValueError, match="Did you mean 'memory'.*Received: layer='memori'"):
        gate_activations(model, np.ones((4, 3)), layer="memori")
    with pytest.raises(ValueError, match="x does not fit"):
        state_trajectory(model, np.ones((4, 5)))
    wave = ManyToOne(Series().adapt(np.arange(9.0)), Label().adapt(LABELS), units=2, seed=1)
    assert state_trajectory(wave, np.arange(5.0))["cell"].shape == (5, 2)
