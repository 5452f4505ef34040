"""What cells remember: known capacities, and what mitigations do to learning."""

import keras
import numpy as np
import pytest

from rnnkit import layers
from rnnkit.diagnostics import (
    gradient_flow,
    memory_capacity,
    mitigations,
    open_gates,
    recall_horizon,
)
from rnnkit.features import Label, Series
from rnnkit.models import ManyToOne

# === Capacity ===


def test_known_capacities_of_linear_reservoirs():
    """A delay line of N units holds the present input and N - 1 past ones; orthogonal weights
    share N among all delays (Jaeger)."""
    options = {"length": 3_000, "input_scaling": 0.01, "spectral_radius": 1.0}
    line = memory_capacity("esn", 12, topology="delay_line", **options)
    assert line.capacity == pytest.approx(11, abs=0.2) and line.states == 12
    np.testing.assert_allclose(line.by_delay[:11], 1, atol=1e-3)
    assert line.half == 11 and line.by_delay[11:].max() < 0.05
    options["spectral_radius"] = 0.95
    turned = memory_capacity("esn", 12, topology="orthogonal", **options)
    assert 10 < turned.capacity <= 12.1
    assert "orthogonal" not in repr(turned) and "esn, 12 units" in repr(turned)


def test_capacity_of_a_layer_with_its_own_weights():
    """h_t = 0.01 [u_t, u_{t-1}, u_{t-2}] holds two past inputs, and no more."""
    layer = keras.layers.SimpleRNN(3, activation="linear", use_bias=False)
    model = keras.Sequential([keras.Input((None, 1)), layer])
    layer.set_weights([np.array([[0.01, 0, 0]]), np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]])])
    found = memory_capacity(model, length=1_500)
    np.testing.assert_allclose(found.by_delay[:2], 1, atol=1e-6)
    assert found.by_delay[2:].max() < 0.05 and found.half == 2
    assert memory_capacity(layer, length=1_500).capacity == pytest.approx(found.capacity)


def test_capacity_of_any_cell():
    short = {"length": 800, "delays": 10, "seed": 3}
    lstm = memory_capacity("lstm", 4, **short)
    assert lstm.states == 8 and 0 < lstm.capacity < 8
    assert lstm.capacity == memory_capacity("lstm", 4, **short).capacity  # by the seed
    for cell in ("gru", "reference_gru", layers.ReferenceSimpleRNNCell):
        assert 0 < memory_capacity(cell, 4, **short).capacity < 5
    assert memory_capacity("dense", 4, **short).capacity < 0.3  # no memory
    wave = Series().adapt(np.arange(9.0))
    model = ManyToOne(wave, Label().adapt(["a", "b"]), units=3, bidirectional=True, seed=1)
    found = memory_capacity(model, layer="encoder backward", **short)
    assert found.states == 6 and "encoder backward of" in found.name


def test_capacities_that_cannot_be_measured():
    with pytest.raises(ValueError, match="must be one of"):
        memory_capacity("lstn")
    with pytest.raises(ValueError, match="layer is for models"):
        memory_capacity("lstm", layer="encoder")
    with pytest.raises(ValueError, match="must have at least .* rows"):
        memory_capacity("lstm", 50, length=100)
    with pytest.raises(ValueError, match="must be built"):
        memory_capacity(keras.layers.LSTM(3))
    wild = {"activation": "linear", "recurrent_initializer": keras.initializers.Identity(3.0)}
    with pytest.raises(ValueError, match="are not finite.*diverge"):
        memory_capacity("simple_rnn", 4, length=1_500, **wild)


# === Recall ===


def test_the_horizon_lies_where_learning_ends(monkeypatch, capsys):
    from rnnkit.diagnostics import recall

    def attempt(lag, accuracy, *budget, **options):
        known = lag <= 33
        score = 1.0 if known else 0.125
        return {"lag": lag, "accuracy": score, "updates": 50, "seconds": 0.1, "recalled": known}

    monkeypatch.setattr(recall, "_attempt", attempt)
    found = recall_horizon("gru", shortest=4, longest=300, verbose=1)
    assert 30 <= found.horizon <= 33 and not found.limited
    assert [row["lag"] for row in found.attempts[:5]] == [4, 8, 16, 32, 64]
    assert [row["lag"] for row in found.table()] == sorted(row["lag"] for row in found.attempts)
    assert "gru: recalls over" in repr(found) and "64" in found._repr_html_()
    assert "lag 64 not recalled" in capsys.readouterr().err
    assert recall_horizon("gru", shortest=40, longest=80, verbose=0).horizon == 0
    assert repr(recall_horizon("gru", longest=20, verbose=0)).endswith("over at least 20 steps")


@pytest.mark.slow
def test_a_cell_learns_to_recall_over_two_steps():
    options = {"units": 12, "shortest": 2, "longest": 2, "verbose": 0, "learning_rate": 0.03}
    found = recall_horizon("simple_rnn", **options, updates=300)
    assert found.horizon == 2 and found.limited and found.attempts[0]["accuracy"] >= 0.9
    assert found.attempts[0]["updates"] in range(50, 301, 50)


@pytest.mark.parametrize("name, value", [
    ("shortest", 0), ("longest", 3), ("updates", 0), ("units", 1.5), ("accuracy", 0.1)
])  # fmt: skip
def test_arguments_out_of_range(name, value):
    with pytest.raises(ValueError, match=f"{name} must be .*Received:"):
        recall_horizon("gru", **{name: value})


# === Mitigations ===


def test_gates_open_for_a_span():
    for layer in (
        keras.layers.LSTM(500),
        keras.layers.RNN(layers.ReferenceLSTMCell(500)),
        keras.layers.GRU(500),
        keras.layers.GRU(500, reset_after=False),
    ):
        model = keras.Sequential([keras.Input((None, 2)), layer])
        assert open_gates(model, 100, seed=1) is model
        bias = layer.get_weights()[2]
        kept = bias[500:1000] if bias.shape == (2000,) else bias.reshape(-1)[:500]
        times = np.exp(kept)  # 1 / (1 - f) - 1 of f = sigma(b)
        assert times.min() >= 1 and times.max() <= 99
        assert times.mean() == pytest.approx(50, rel=0.1)  # evenly spread
        if bias.shape == (2000,):
            np.testing.assert_allclose(bias[:500], -kept)


def test_open_gates_keep_the_gradient():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.LSTM(16), keras.layers.Dense(1)])
    model.compile(loss="mse")
    data = np.random.default_rng(0).normal(size=(4, 30, 3)), np.ones((4, 1))
    before = gradient_flow(model, data).layers[0]
    after = gradient_flow(open_gates(model, 30), data).layers[0]
    assert after.carried > 100 * before.carried


def test_gates_that_cannot_be_opened():
    simple = keras.Sequential([keras.Input((None, 2)), keras.layers.SimpleRNN(2)])
    with pytest.raises(ValueError, match="layers of LSTM or GRU cells.*SimpleRNNCell"):
        open_gates(simple, 10)
    bare = keras.Sequential([keras.Input((None, 2)), keras.layers.GRU(2, use_bias=False)])
    with pytest.raises(ValueError, match="with a bias. Received: use_bias=False"):
        open_gates(bare, 10)
    with pytest.raises(ValueError, match="span must be an integer of at least 3. Received: span=2"):
        open_gates(bare, 2)


@pytest.mark.slow
def test_mitigations_make_the_difference():
    """One network learns at lag 10 what another, without the mitigation, does not."""
    found = mitigations(lag=10, updates=200, units=24, only=["orthogonal weights"], verbose=0)
    (row,) = found
    assert row["without"] < 0.3 and row["with"] > 0.9 and row["score"] == "accuracy"
    assert row["factor without"] < 0.5 < row["factor with"]
    assert "orthogonal weights" in repr(found) and "accuracy" in repr(found)
    with pytest.raises(ValueError, match="only must name some of .*Received: 'x'"):
        mitigations(only=["x"])


def test_training_that_diverges_is_said():
    from rnnkit.diagnostics.measured_mitigations import MitigationTable

    row = {"mitigation": "a", "task": "b", "cell": "c", "score": "mse", "factor without": 1.0}
    row |= {"factor with": 1.0, "without": float("nan"), "with": 0.01}
    assert "diverged" in repr(MitigationTable([row]))
