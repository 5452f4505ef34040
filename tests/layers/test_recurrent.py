"""`recurrent` gives the layers that it says, and its stack is what Keras' layers are in a row."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import rnnkit
from rnnkit.layers.recurrent import (
    RecurrentStack,
    StepwiseDense,
    cell_names,
    recurrent,
    register_cell,
)
from rnnkit.layers.reference import ReferenceGRUCell, ReferenceLSTMCell, ReferenceSimpleRNNCell
from rnnkit.layers.reservoir import ESN

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
    assert type(layer) is KERAS_LAYERS[name]
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


# === Dense ===


def test_dense_is_a_simple_rnn_whose_recurrent_weights_are_zero(sequences):
    settings = {"return_sequences": True, "bidirectional": True}
    dense, simple = (
        recurrent("dense", UNITS, **settings),
        recurrent("simple_rnn", UNITS, **settings),
    )
    simple(sequences)
    randomise(simple)
    forward, forward_u, forward_b, backward, backward_u, backward_b = simple.get_weights()
    zeros = np.zeros_like(forward_u)
    simple.set_weights([forward, zeros, forward_b, backward, zeros, backward_b])
    dense.build(sequences.shape)
    dense.set_weights([forward, forward_b, backward, backward_b])
    np.testing.assert_allclose(dense(sequences), simple(sequences), atol=1e-5)


def test_dense_takes_the_mean_of_the_steps_that_count(sequences):
    layer = recurrent("dense", UNITS)
    layer.build(sequences.shape)
    randomise(layer)
    kernel, bias = layer.get_weights()
    steps = np.tanh(sequences @ kernel + bias)
    np.testing.assert_allclose(layer(sequences), steps.mean(axis=1), atol=1e-5)
    mask = np.arange(TIME)[None, :] < np.array([6, 2, 0])[:, None]
    expected = np.stack([steps[0].mean(axis=0), steps[1, :2].mean(axis=0), np.zeros(UNITS)])
    np.testing.assert_allclose(layer(sequences, mask=mask), expected, atol=1e-5)


def test_dense_counts_past_what_half_precision_can():
    layer = StepwiseDense(1, activation=None, kernel_initializer="ones", dtype="mixed_float16")
    mean = layer(np.ones((1, 5000, 1), "float32"), mask=np.ones((1, 5000), bool))
    np.testing.assert_array_equal(mean, [[1.0]])


# === Stacks ===


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", ["lstm", "gru", "reference_lstm"])
def test_stack_equals_keras_layers_in_a_row(name, bidirectional, sequences, mask):
    stack = recurrent(
        name,
        UNITS,
        num_layers=2,
        bidirectional=bidirectional,
        dropout=0.5,
        return_sequences=True,
        return_state=True,
        merge_mode="sum",
    )
    plain = KERAS_LAYERS[name.removeprefix("reference_")]

    def row(units):
        layer = plain(units, return_sequences=True, return_state=True)
        return keras.layers.Bidirectional(layer, "sum") if bidirectional else layer

    lower, upper = row(UNITS), row(UNITS)
    middle, *lower_states = lower(sequences, mask=mask)
    upper(middle, mask=mask)
    randomise(lower, 1)
    randomise(upper, 2)
    stack.build(sequences.shape)
    lists = [layer.weights for layer in (lower, upper)]
    trained = [w.numpy() for weights in lists for w in weights if "seed" not in w.name]
    for weight, value in zip(stack.trainable_weights, trained, strict=True):
        weight.assign(value)

    middle, *lower_states = lower(sequences, mask=mask)
    last, *upper_states = upper(middle, mask=mask)
    expected = [last, *lower_states, *upper_states]
    results = stack(sequences, mask=mask)  # not training, so that dropout does nothing
    assert len(results) == 1 + 2 * STATES[name] * (1 + bidirectional)
    for mine, other in zip(results, expected, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)

    # States in: the same again, started where the sequences ended.
    count = len(lower_states)
    middle, *lower_states = lower(sequences, mask=mask, initial_state=expected[1 : 1 + count])
    last, *upper_states = upper(middle, mask=mask, initial_state=expected[1 + count :])
    again = stack(sequences, mask=mask, initial_state=list(results[1:]))
    assert not np.allclose(again[0], results[0], atol=1e-3)
    for mine, other in zip(again, [last, *lower_states, *upper_states], strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)


def test_states_continue_a_sequence_where_it_was_cut(sequences):
    stack = recurrent("gru", UNITS, num_layers=3, return_sequences=True, return_state=True)
    whole = stack(sequences)
    head = stack(sequences[:, :2])
    tail = stack(sequences[:, 2:], initial_state=head[1:])
    np.testing.assert_allclose(whole[0], np.concatenate([head[0], tail[0]], axis=1), atol=1e-5)
    for mine, other in zip(tail[1:], whole[1:], strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)


def test_states_and_mask_go_from_stack_to_stack_in_a_functional_model(sequences):
    settings = {"num_layers": 2, "bidirectional": True, "seed": 1}
    inputs = keras.Input((None, FEATURES))
    masked = keras.layers.Masking(mask_value=9.0)(inputs)
    encoder = recurrent("lstm", UNITS, return_state=True, dropout=0.1, **settings)
    decoder = recurrent("lstm", UNITS, return_sequences=True, **settings)
    _, *states = encoder(masked)
    model = keras.Model(inputs, decoder(masked, initial_state=states))
    padded = np.pad(sequences, ((0, 0), (0, 2), (0, 0)), constant_values=9.0)
    expected = decoder(sequences, initial_state=encoder(sequences)[1:])
    np.testing.assert_allclose(model(padded)[:, :TIME], expected, atol=1e-5)
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again(padded)[:, :TIME], expected, atol=1e-5)


def test_stateful_stack_continues_until_reset(sequences):
    stack = recurrent("lstm", UNITS, num_layers=2, dropout=0.1, stateful=True)
    first = np.array(stack(sequences))
    second = np.array(stack(sequences))
    stack.reset_state()
    np.testing.assert_allclose(stack(sequences), first, atol=1e-6)
    assert not np.allclose(first, second, atol=1e-3)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_masks_of_a_stack(name, bidirectional, return_sequences, sequences, mask):
    has_state = STATES[name] > 0
    stack = recurrent(
        name,
        UNITS,
        num_layers=2,
        bidirectional=bidirectional,
        return_sequences=return_sequences,
        return_state=has_state,
    )
    promised = stack.compute_output_shape(sequences.shape)
    results = stack(sequences, mask=mask)
    states = 2 * STATES[name] * (1 + bidirectional)
    steps = (TIME,) if return_sequences else ()
    read = 2 if name == "esn" else 1  # layers
    shape = (BATCH, *steps, UNITS * (1 + bidirectional) * read)
    if has_state:
        assert promised == (shape, *[(BATCH, UNITS)] * states)
        assert promised == tuple(tuple(result.shape) for result in results)
    else:
        assert promised == shape == tuple(results.shape)
    passed_on = stack.compute_mask(sequences, mask)
    passed_on, *of_states = passed_on if has_state else [passed_on]
    assert passed_on is (mask if return_sequences else None)
    assert of_states == [None] * states


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_padding_changes_nothing_through_an_embedding_mask(name, bidirectional):
    inputs = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(9, FEATURES, mask_zero=True)(inputs)
    x = recurrent(name, UNITS, num_layers=2, bidirectional=bidirectional, return_sequences=True)(x)
    model = keras.Model(inputs, recurrent(name, UNITS, bidirectional=bidirectional)(x))
    tokens = np.array([[3, 1, 4, 1]])
    short, long = model(tokens), model(np.pad(tokens, ((0, 0), (0, 3))))
    assert np.abs(short).max() > 1e-4
    np.testing.assert_allclose(short, long, atol=1e-6)


def test_stack_by_hand_and_config_round_trip(sequences):
    lower = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True))
    layers = [lower, keras.layers.Dropout(0.2, seed=1), keras.layers.LSTM(2)]
    stack = RecurrentStack(layers, name="mine")
    expected = layers[2](lower(sequences))
    np.testing.assert_allclose(stack(sequences), expected, atol=1e-6)
    assert [w.shape for w in stack.trainable_weights][-1] == (8,)
    config = stack.get_config()
    again = RecurrentStack.from_config(config)
    assert again.get_config() == config
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in layers]
    again.build(sequences.shape)
    again.set_weights(stack.get_weights())
    np.testing.assert_allclose(again(sequences), expected, atol=1e-6)


def test_bad_stacks():
    gru = keras.layers.GRU
    for layers in (
        [],
        [keras.layers.Dropout(0.1)],
        [gru(2), keras.layers.Dropout(0.1)],
        [gru(2), gru(2)],
        [gru(2, return_sequences=True, return_state=True), gru(2)],
    ):
        with pytest.raises(ValueError, match="`layers` must be a list that ends.*Received: layers"):
            RecurrentStack(layers)


# === Reservoirs ===


def row_of_reservoirs(bidirectional):
    """Three layers by Keras alone, from the same seeds that a stack with seed 1 gives them."""
    stack = recurrent("esn", UNITS, num_layers=3, bidirectional=bidirectional, seed=1)
    row = []
    for layer in stack.layers:
        ways = [layer.forward_layer, layer.backward_layer] if bidirectional else [layer]
        ways = [ESN(UNITS, seed=way.cell.seed, return_sequences=True) for way in ways]
        if bidirectional:
            backward = ESN.from_config({**ways[1].get_config(), "go_backwards": True})
            ways = [keras.layers.Bidirectional(ways[0], backward_layer=backward)]
        row += ways
    return row


def test_reservoir_is_the_layer(sequences):
    options = {"spectral_radius": 0.7, "leak_rate": 0.5, "degree": 2, "topology": "small_world"}
    layer = recurrent("esn", 7, return_state=True, name="mine", **options)
    assert type(layer) is ESN and layer.name == "mine" and layer.return_state
    config = layer.get_config()
    assert {key: config[key] for key in ("units", *options)} == {"units": 7, **options}
    layer(sequences)
    matrix = layer.cell.recurrent_matrix()
    assert np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(0.7, rel=1e-5)
    stack = recurrent("esn", 7, num_layers=2, bidirectional=True, **options)
    assert {way.cell.leak_rate for each in stack.layers for way in ways_of(each)} == {0.5}


def ways_of(layer):
    return [layer.forward_layer, layer.backward_layer]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_deep_reservoir_reads_all_layers(bidirectional, return_sequences, masked, sequences, mask):
    stack = recurrent(
        "esn",
        UNITS,
        num_layers=3,
        bidirectional=bidirectional,
        return_sequences=return_sequences,
        return_state=True,
        dropout=0.5,  # of an untrained layer's inputs, and not now
        seed=1,
    )
    assert stack.read_all
    mask = mask if masked else None
    outputs, *states = stack(sequences, mask=mask)
    width = UNITS * (1 + bidirectional)
    assert outputs.shape == (BATCH, *([TIME] if return_sequences else []), 3 * width)

    expected, below = [], sequences
    for layer in row_of_reservoirs(bidirectional):
        below = np.array(layer(below, mask=mask))  # [batch, time, width]
        expected.append(below)
    if not return_sequences:
        ends = mask.sum(axis=1) - 1 if masked else np.full(BATCH, TIME - 1)
        for index, each in enumerate(expected):
            last = each[np.arange(BATCH), ends]
            last[:, UNITS:] = each[:, 0, UNITS:]  # backward, where there is one
            expected[index] = last
    np.testing.assert_allclose(outputs, np.concatenate(expected, axis=-1), atol=1e-6)
    if not return_sequences:  # the states are what is read
        np.testing.assert_allclose(outputs, np.concatenate(states, axis=-1), atol=1e-6)


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_deep_reservoir_has_the_shapes_it_promises(bidirectional, return_sequences, sequences):
    settings = {"bidirectional": bidirectional, "return_sequences": return_sequences}
    stack = recurrent("esn", UNITS, num_layers=3, return_state=True, **settings)
    shapes = stack.compute_output_shape(sequences.shape)
    results = stack(sequences)
    assert shapes == tuple(tuple(each.shape) for each in results)
    assert len(shapes) == 1 + 3 * (1 + bidirectional)
    assert set(shapes[1:]) == {(BATCH, UNITS)}
    inputs = keras.Input((None, FEATURES))
    stack = recurrent("esn", UNITS, num_layers=3, **settings)
    model = keras.Model(inputs, stack(inputs))
    steps = (None,) if return_sequences else ()
    assert model.output_shape == (None, *steps, 3 * UNITS * (1 + bidirectional))
    assert model.predict(sequences, verbose=0).shape == results[0].shape


def test_deep_reservoir_continues_where_a_sequence_was_cut(sequences):
    stack = recurrent("esn", UNITS, num_layers=3, return_state=True, leak_rate=0.3, seed=1)
    whole, *_ = stack(sequences)
    _, *states = stack(sequences[:, :2])
    tail, *_ = stack(sequences[:, 2:], initial_state=states)
    np.testing.assert_allclose(tail, whole, atol=1e-6)


@pytest.mark.parametrize("padding", ["right", "left"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_read_all_finds_the_last_step_where_masked_ones_are_zero(
    bidirectional, padding, sequences, mask
):
    # As they are in cuDNN's kernels too. The last layer's output is Keras' own.
    mask = mask[:, ::-1] if padding == "left" else mask
    found = []
    for zero in (False, True):
        settings = {"return_sequences": True, "zero_output_for_mask": zero}
        layers = [keras.layers.GRU(UNITS, **settings) for _ in range(2)]
        layers.append(keras.layers.GRU(UNITS))
        if bidirectional:
            layers = [keras.layers.Bidirectional(layer) for layer in layers]
        stack = RecurrentStack(layers, read_all=True)
        stack(sequences)
        randomise(stack)
        found.append(np.array(stack(sequences, mask=mask)))
    np.testing.assert_allclose(*found, atol=1e-6)


def test_read_all_under_xla(sequences, mask):
    stack = recurrent("esn", UNITS, num_layers=2, bidirectional=True, seed=1)
    inputs = keras.Input((TIME, FEATURES))
    masked = keras.layers.Masking(mask_value=9.0)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(stack(masked)))
    model.compile("sgd", "mse", jit_compile=True)
    x = np.where(mask[..., None], sequences, 9.0).astype("float32")
    expected = np.array(model(x))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)
    history = model.fit(x, np.ones((BATCH, 1)), verbose=0).history
    assert history["loss"][0] == pytest.approx(np.mean((expected - 1) ** 2), rel=1e-4)


def test_reservoirs_of_one_seed_differ_between_layers_and_directions(sequences):
    def make(seed):
        stack = recurrent("esn", FEATURES, num_layers=3, bidirectional=True, seed=seed)
        outputs = np.array(stack(sequences))
        cells = [way.cell for layer in stack.layers for way in ways_of(layer)]
        return outputs, [cell.recurrent_matrix() for cell in cells]

    outputs, matrices = make(7)
    np.testing.assert_array_equal(make(7)[0], outputs)
    assert not np.allclose(make(8)[0], outputs, atol=1e-3)
    for drawn in (matrices, make(None)[1]):
        assert len({matrix.tobytes() for matrix in drawn}) == 6


def test_read_all_config_round_trip(sequences):
    lower = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True))
    stack = RecurrentStack([lower, keras.layers.Dropout(0.2), keras.layers.LSTM(2)], read_all=True)
    outputs = stack(sequences)
    assert outputs.shape == (BATCH, 8) == stack.compute_output_shape(sequences.shape)
    assert stack.get_config()["read_all"]
    again = RecurrentStack.from_config(stack.get_config())
    assert again.read_all and again.get_config() == stack.get_config()
    again.build(sequences.shape)
    again.set_weights(stack.get_weights())
    np.testing.assert_array_equal(again(sequences), outputs)
    assert not recurrent("gru", 3, num_layers=2).read_all
    old = {key: value for key, value in stack.get_config().items() if key != "read_all"}
    assert not RecurrentStack.from_config(old).read_all


@pytest.mark.parametrize("merge_mode", ["sum", "mul", "ave"])
def test_read_all_needs_directions_side_by_side(merge_mode):
    settings = {"bidirectional": True, "merge_mode": merge_mode}
    with pytest.raises(ValueError, match="`read_all` needs directions .*Received: read_all=True"):
        recurrent("esn", UNITS, num_layers=2, **settings)
    assert recurrent("esn", UNITS, **settings).merge_mode == merge_mode


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
    assert type(layer) is keras.layers.GRU
    assert layer.recurrent_dropout == 0.5 and layer.dropout == 0
    assert not np.allclose(layer(sequences, training=True), layer(sequences), atol=1e-3)
    layer = recurrent(keras.layers.LSTMCell(3), recurrent_dropout=0.25)
    assert layer.cell.recurrent_dropout == 0.25


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
    with pytest.raises(ValueError, match="`use_bias` is no option of the cell 'paper_gru'"):
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


RELOAD = """
import sys
import keras, numpy as np
import rnnkit.layers.recurrent
folder = sys.argv[1]
x = np.load(folder + "/x.npy")
for name in sys.argv[2:]:
    model = keras.saving.load_model(f"{folder}/{name}.keras")
    np.save(f"{folder}/{name}.after.npy", model(x))
"""


def test_saved_models_reload_equal_in_a_fresh_process(tmp_path, sequences):
    settings = {"num_layers": 2, "bidirectional": True, "dropout": 0.3}
    models = {name: build_model(name, **settings) for name in NAMES}
    gates = recurrent("reference_gru", 3, return_gates=True)
    models["gates"] = keras.Sequential([keras.Input((TIME, FEATURES)), gates])
    np.save(tmp_path / "x.npy", sequences)
    for seed, (name, model) in enumerate(models.items()):
        for weight in model.trainable_weights:  # not what the seeds alone would give back
            weight.assign(np.random.default_rng(seed).normal(0, 0.5, size=weight.shape))
        np.save(tmp_path / f"{name}.before.npy", model(sequences))
        model.save(tmp_path / f"{name}.keras")
    root = str(Path(rnnkit.__file__).parents[1])
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    subprocess.run(
        [sys.executable, "-c", RELOAD, str(tmp_path), *models],
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    for name in models:
        before, after = (np.load(tmp_path / f"{name}.{when}.npy") for when in ("before", "after"))
        assert np.abs(before).max() > 1e-3
        np.testing.assert_array_equal(before, after, err_msg=name)


# === Errors ===


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"cell": "lstn"},
            r"must be one of \['dense', .*Did you mean 'lstm'\? Received: cell='lstn'",
        ),
        ({"cell": "LSTM"}, r"Did you mean 'lstm'\? Received: cell='LSTM'"),
        ({"cell": "transformer"}, r"or its class\. Received: cell='transformer'"),
        ({"cell": None}, r"`cell` must be one of .*Received: cell=None"),
        ({"cell": dict}, r"`cell` must be one of .*Received: cell=<class 'dict'>"),
        ({"cell": keras.layers.LSTM(3)}, r"`cell` must be one of .*Received: cell=<LSTM"),
        ({"units": 0}, r"`units` must be an integer that is at least 1. Received: units=0"),
        ({"units": 2.5}, r"`units` must be .*Received: units=2.5"),
        ({"units": True}, r"`units` must be .*Received: units=True"),
        ({"units": [8, 8]}, r"`units` must be .*Received: units=\[8, 8\]"),
        (
            {"num_layers": 0},
            r"`num_layers` must be an integer .* at least 1. Received: num_layers=0",
        ),
        ({"seed": -1}, r"`seed` must be an integer that is at least 0. Received: seed=-1"),
        ({"seed": "a"}, r"`seed` must be .*Received: seed='a'"),
        ({"dropout": 1.0}, r"`dropout` must be .* below 1. Received: dropout=1.0"),
        ({"dropout": -0.1}, r"`dropout` must be .*Received: dropout=-0.1"),
        ({"dropout": "a"}, r"`dropout` must be .*Received: dropout='a'"),
        ({"recurrent_dropout": 2}, r"`recurrent_dropout` must be .*Received: recurrent_dropout=2"),
        ({"merge_mode": None}, r"`merge_mode` must be one of .*Received: merge_mode=None"),
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
            r"`reset_after` is no option of the cell 'lstm', which takes \['activation', .*"
            r"'unit_forget_bias'.*Received: reset_after=True",
        ),
        ({"go_backwards": True}, r"`go_backwards` is no option of the cell 'lstm'"),
        (
            {"cell": keras.layers.GRUCell(3), "reset": 1},
            r"`reset` is no option .*'reset_after'.*Received: reset=1",
        ),
        (
            {"cell": "reference_gru", "num_layers": 2, "return_gates": True},
            r"`num_layers` must be 1 with `return_gates`.*Received: num_layers=2",
        ),
        (
            {"cell": "dense", "return_state": True},
            r"`return_state` must be False for the cell 'dense'.*Received: return_state=True",
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
