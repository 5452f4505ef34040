"""`recurrent` gives the layers that it says, of any cell, the same from the same seed.

What it stacks is in test_stack.py.
"""

import importlib

import keras
import numpy as np
import pytest

from rnnkit.layers.recurrent import cell_names, recurrent, register_cell
from rnnkit.layers.reference import ReferenceGRUCell, ReferenceLSTMCell, ReferenceSimpleRNNCell

# By name: `rnnkit.layers` exports the function `recurrent` over the module of that name.
MODULE = importlib.import_module("rnnkit.layers.recurrent")

# Keras reads variables with `np.array(variable)`, which numpy 2 wants to see written otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

BATCH, TIME, FEATURES, UNITS = 3, 6, 4, 5
KERAS_LAYERS = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}
REFERENCE_CELLS = {
    "reference_simple_rnn": ReferenceSimpleRNNCell,
    "reference_lstm": ReferenceLSTMCell,
    "reference_gru": ReferenceGRUCell,
}
NAMES = ["dense", *KERAS_LAYERS, "esn", *REFERENCE_CELLS]
TRAINED = [name for name in NAMES if name != "esn"]
# States of one layer in one direction.
STATES = {name: 2 if "lstm" in name else 1 for name in NAMES} | {"dense": 0}


@pytest.fixture
def sequences():
    return np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES)).astype("float32")


@pytest.fixture
def mask():
    return np.arange(TIME)[None, :] < np.array([6, 4, 1])[:, None]


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(MODULE, "_BUILDERS", dict(MODULE._BUILDERS))


def randomise(layer, seed=1):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(0, 0.5, size=w.shape) for w in layer.get_weights()])


# === One layer ===


def test_names():
    assert cell_names() == NAMES


@pytest.mark.parametrize("name", KERAS_LAYERS)
def test_one_layer_is_keras_own(name):
    layer = recurrent(name, 7, return_sequences=True, return_state=True, name="mine", unroll=True)
    assert isinstance(layer, KERAS_LAYERS[name])
    assert layer.units == 7
    assert layer.return_sequences and layer.return_state and layer.unroll
    assert layer.name == "mine"
    plain = KERAS_LAYERS[name](7).get_config()
    for key, value in recurrent(name, 7).get_config().items():
        if key != "name":
            assert value == plain[key]


@pytest.mark.parametrize("name", REFERENCE_CELLS)
def test_reference_name_is_an_rnn_around_the_cell(name, sequences):
    layer = recurrent(name, UNITS, return_sequences=True, stateful=True, use_bias=False)
    assert type(layer) is keras.layers.RNN
    assert type(layer.cell) is REFERENCE_CELLS[name]
    assert layer.stateful and not layer.cell.use_bias
    fused = recurrent(name.removeprefix("reference_"), UNITS, return_sequences=True, use_bias=False)
    fused(sequences)
    layer.build(sequences.shape)
    layer.set_weights(fused.get_weights())
    np.testing.assert_allclose(layer(sequences), fused(sequences), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_dtype(name, sequences):
    layer = recurrent(
        name, UNITS, num_layers=2, bidirectional=True, dropout=0.1, dtype="mixed_float16"
    )
    assert layer(sequences).dtype == "float16"
    assert {w.dtype for w in layer.trainable_weights} <= {"float32"}


# === Dropout and seeds ===


def test_dropout_drops_the_same_features_at_every_step_of_every_layer():
    stack = recurrent("lstm", 50, num_layers=2, dropout=0.3, seed=3)
    lower_drop, lower, upper_drop, upper = stack.layers
    for drop in (lower_drop, upper_drop):
        dropped = np.array(drop(np.ones((4, 5, 200), "float32"), training=True))
        assert (dropped == dropped[:, :1]).all()
        assert not (dropped[0] == dropped[1]).all()
        np.testing.assert_allclose(np.unique(dropped), [0, 1 / 0.7], rtol=1e-6)
        assert 0.2 < (dropped == 0).mean() < 0.4
    # The cells drop nothing themselves, which is what lets Keras use its fused kernels.
    assert lower.dropout == upper.dropout == lower.recurrent_dropout == 0


def test_dropout_works_in_training_only(sequences):
    for layers in (1, 2):
        stack = recurrent("gru", UNITS, num_layers=layers, dropout=0.5, seed=3)
        still = stack(sequences)
        np.testing.assert_array_equal(stack(sequences, training=False), still)
        assert not np.allclose(stack(sequences, training=True), still, atol=1e-3)


def test_recurrent_dropout_goes_to_the_cell(sequences):
    layer = recurrent("gru", UNITS, recurrent_dropout=0.5, seed=1)
    assert isinstance(layer, keras.layers.GRU)
    assert layer.recurrent_dropout == 0.5 and layer.dropout == 0
    assert not np.allclose(layer(sequences, training=True), layer(sequences), atol=1e-3)
    layer = recurrent(keras.layers.LSTMCell(3), recurrent_dropout=0.25)
    assert layer.cell.recurrent_dropout == 0.25


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_seed_fixes_weights_and_dropout(name, sequences):
    def make(seed):
        keras.utils.set_random_seed(int(np.random.default_rng().integers(1 << 30)))
        stack = recurrent(
            name,
            FEATURES,
            num_layers=3,
            bidirectional=True,
            merge_mode="sum",
            dropout=0.4,
            seed=seed,
        )
        return np.array(stack(sequences[:, :2], training=True)), stack.trainable_weights

    outputs, weights = make(7)
    same_outputs, same_weights = make(7)
    other_outputs, other_weights = make(8)
    np.testing.assert_array_equal(outputs, same_outputs)
    assert not np.allclose(outputs, other_outputs, atol=1e-3)
    drawn = [w for w in weights if "kernel" in w.name]
    assert len(drawn) == 3 * 2 * (1 if name == "dense" else 2)
    for weight, same, other in zip(weights, same_weights, other_weights, strict=True):
        np.testing.assert_array_equal(weight, same)
        if "kernel" in weight.name:
            assert not np.allclose(weight, other)
    # All layers and directions have weights of the same shapes, and no two are equal.
    for i, one in enumerate(drawn):
        for two in drawn[:i]:
            assert one.shape != two.shape or not np.allclose(one, two)


@pytest.mark.parametrize("seed", [None, 1])
def test_unseeded_initializer_is_not_shared(seed, sequences):
    layer = recurrent(
        "simple_rnn",
        4,
        bidirectional=True,
        seed=seed,
        kernel_initializer=keras.initializers.RandomNormal(),
    )
    layer(sequences)
    forward, backward = layer.get_weights()[0], layer.get_weights()[3]
    assert not np.allclose(forward, backward)


def test_given_initializers_stay():
    layer = recurrent(
        "lstm",
        4,
        seed=1,
        kernel_initializer=keras.initializers.RandomNormal(seed=5),
        recurrent_initializer="identity",
        bias_initializer="ones",
        unit_forget_bias=False,
    )
    layer.build((None, None, 3))
    expected = keras.initializers.RandomNormal(seed=5)((3, 16))
    for mine, other in zip(
        layer.get_weights(), [expected, np.eye(4, 16), np.ones(16)], strict=True
    ):
        np.testing.assert_array_equal(mine, other)


# === Cells that are not names ===


@pytest.mark.parametrize("cell", [keras.layers.GRUCell(3), ReferenceGRUCell(3)])
def test_cell_instance_is_copied(cell, sequences):
    stack = recurrent(cell, num_layers=2, bidirectional=True, seed=1, use_bias=False)
    assert stack(sequences).shape == (BATCH, 6)
    copies = [
        way.cell for layer in stack.layers for way in (layer.forward_layer, layer.backward_layer)
    ]
    assert {type(copy) for copy in copies} == {type(cell)}
    assert len({id(copy) for copy in [cell, *copies]}) == 5
    assert all(copy.units == 3 and not copy.use_bias for copy in copies)
    assert cell.use_bias and not cell.built
    assert len({copy.get_weights()[1].tobytes() for copy in copies}) == 4


def test_cell_class(sequences):
    class Widened(keras.layers.LSTMCell):
        def __init__(self, *args, extra=1, **kwargs):
            super().__init__(*args, **kwargs)
            self.extra = extra

    layer = recurrent(Widened, 3, extra=2, activation="relu", zero_output_for_mask=True)
    assert type(layer) is keras.layers.RNN and layer.zero_output_for_mask
    assert (layer.cell.units, layer.cell.extra) == (3, 2)
    assert layer.cell.activation is keras.activations.relu
    assert layer(sequences).shape == (BATCH, 3)


def test_registered_cells(registry, sequences):
    def paper_gru(units, seed=None):
        return ReferenceGRUCell(units, reset_after=False, name=f"seed_{seed}")

    register_cell("paper_gru", paper_gru)
    register_cell("twin", keras.layers.LSTM)
    assert cell_names() == [*NAMES, "paper_gru", "twin"]
    layer = recurrent("paper_gru", 3)
    assert not layer.cell.reset_after and layer.cell.name == "seed_None"
    names = {recurrent("paper_gru", 3, seed=seed).cell.name for seed in (1, 1, 2)}
    assert len(names) == 2 and "seed_None" not in names
    assert type(recurrent("twin", 3)) is keras.layers.LSTM
    with pytest.raises(ValueError, match="use_bias is no option of the cell 'paper_gru'"):
        recurrent("paper_gru", 3, use_bias=False)


def test_gates_come_out_of_a_dropout_stack(sequences):
    stack = recurrent("reference_lstm", UNITS, dropout=0.2, return_gates=True, return_state=True)
    outputs, h, c = stack(sequences)
    assert stack.compute_output_shape(sequences.shape)[0] == (BATCH, 6 * UNITS) == outputs.shape
    gates = stack.layers[-1].cell.split_gates(outputs)
    np.testing.assert_array_equal(gates["hidden"], h)
    np.testing.assert_array_equal(gates["cell"], c)


# === Running and saving ===


def build_model(name, **settings):
    inputs = keras.Input((TIME, FEATURES))
    x = recurrent(name, UNITS, return_sequences=True, seed=1)(inputs)
    return keras.Model(inputs, recurrent(name, UNITS, seed=2, **settings)(x))


@pytest.mark.slow
def test_jit_compiled_training_equals_uncompiled(sequences):
    results = []
    for jit in (False, True):
        # Without dropout: XLA draws other random numbers from the same seed.
        layer = recurrent("gru", UNITS, num_layers=2, bidirectional=True, seed=1)
        model = keras.Sequential([keras.Input((TIME, FEATURES)), layer])
        start = model.get_weights()
        model.compile("sgd", "mse", jit_compile=jit, run_eagerly=not jit)
        model.fit(sequences, np.ones((BATCH, 2 * UNITS)), epochs=2, verbose=0)
        results.append([w.numpy() for w in model.trainable_weights])
    assert not np.allclose(start[0], results[0][0])
    for plain, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(plain, compiled, atol=1e-5)


@pytest.mark.slow
def test_saved_models_reload_equal_in_a_fresh_process(tmp_path, sequences, fresh):
    settings = {"num_layers": 2, "bidirectional": True, "dropout": 0.3}
    models = {name: build_model(name, **settings) for name in NAMES}
    gates = recurrent("reference_gru", 3, return_gates=True)
    models["gates"] = keras.Sequential([keras.Input((TIME, FEATURES)), gates])
    np.save(tmp_path / "x.npy", sequences)
    for seed, (name, model) in enumerate(models.items()):
        for weight in model.trainable_weights:  # not what the seeds alone would give back
            weight.assign(np.random.default_rng(seed).normal(0, 0.5, size=weight.shape))
        path, out = str(tmp_path / f"{name}.keras"), str(tmp_path / "out.npz")
        model.save(path)
        ticket = fresh.begin("call", path=path, x=str(tmp_path / "x.npy"), out=out)
        before = model(sequences)
        fresh.end(ticket)
        assert np.abs(before).max() > 1e-3
        with np.load(out) as after:
            np.testing.assert_array_equal(before, after["outputs"], err_msg=name)


# === Errors ===


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"cell": "lstn"},
            r"must be one of \['dense', .*Did you mean 'lstm'\? Received: cell='lstn'",
        ),
        ({"cell": "LSTM"}, r"Did you mean 'lstm'\? Received: cell='LSTM'"),
        ({"cell": "transformer"}, r"or its class\. .*register_cell\. Received: cell='transformer'"),
        ({"cell": None}, r"cell must be one of .*Received: cell=None"),
        ({"cell": dict}, r"cell must be one of .*Received: cell=<class 'dict'>"),
        ({"cell": keras.layers.LSTM(3)}, r"cell must be one of .*Received: cell=<LSTM"),
        ({"units": 0}, r"units must be an integer of at least 1. Received: units=0"),
        ({"units": 2.5}, r"units must be .*Received: units=2.5"),
        ({"units": True}, r"units must be .*Received: units=True"),
        ({"units": [8, 8]}, r"units must be .*Received: units=\[8, 8\]"),
        (
            {"num_layers": 0},
            r"num_layers must be an integer of at least 1. Received: num_layers=0",
        ),
        ({"seed": -1}, r"seed must be an integer of at least 0. Received: seed=-1"),
        ({"seed": "a"}, r"seed must be .*Received: seed='a'"),
        ({"dropout": 1.0}, r"dropout must be .* below 1. Received: dropout=1.0"),
        ({"dropout": -0.1}, r"dropout must be .*Received: dropout=-0.1"),
        ({"dropout": "a"}, r"dropout must be .*Received: dropout='a'"),
        ({"recurrent_dropout": 2}, r"recurrent_dropout must be .*Received: recurrent_dropout=2"),
        ({"merge_mode": None}, r"merge_mode must be one of .*Received: merge_mode=None"),
        (
            {"cell": "reference_gru", "recurrent_dropout": 0.1},
            r"must be 0 for the cell 'reference_gru', which has none. Received: recurrent_dropout=",
        ),
        (
            {"cell": "esn", "recurrent_dropout": 0.1},
            r"must be 0 for the cell 'esn', which has none. Received: recurrent_dropout=0.1",
        ),
        ({"cell": "esn", "use_bias": True}, r"no option of the cell 'esn', which takes .*'degree'"),
        ({"cell": "esn", "leak_rate": 1.5}, r"leak_rate must be .*Received: leak_rate=1.5"),
        (
            {"reset_after": True},
            r"reset_after is no option of the cell 'lstm', which takes \['activation', .*"
            r"'unit_forget_bias'.*Received: reset_after=True",
        ),
        ({"go_backwards": True}, r"go_backwards is no option of the cell 'lstm'"),
        (
            {"cell": keras.layers.GRUCell(3), "reset": 1},
            r"reset is no option .*'reset_after'.*Received: reset=1",
        ),
        (
            {"cell": "reference_gru", "num_layers": 2, "return_gates": True},
            r"num_layers must be 1 with return_gates.*Received: num_layers=2",
        ),
        (
            {"cell": "dense", "return_state": True},
            r"return_state must be False for the cell 'dense'.*Received: return_state=True",
        ),
    ],
)
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        recurrent(**arguments)


def test_errors_of_calls(sequences):
    state = np.zeros((BATCH, UNITS), "float32")
    with pytest.raises(ValueError, match="must be a list of 4 states.*Received: initial_state"):
        recurrent("lstm", UNITS, num_layers=2)(sequences, initial_state=[state, state])
    with pytest.raises(ValueError, match="must be None for the cell 'dense'.*Received: initial_st"):
        recurrent("dense", UNITS)(sequences, initial_state=[state])
