"""A stack is what Keras' layers are in a row, a deep reservoir too; a dense layer has no memory."""

import keras
import numpy as np
import pytest

from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.reservoir import ESN
from rnnkit.layers.stack import RecurrentStack, StepwiseDense
from tests.layers.test_recurrent import (
    BATCH,
    FEATURES,
    KERAS_LAYERS,
    NAMES,
    STATES,
    TIME,
    UNITS,
    randomise,
)
from tests.tiers import first, slow

# Keras reads variables with `np.array(variable)`, which numpy 2 wants to see written otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")


@pytest.fixture
def sequences():
    return np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES)).astype("float32")


@pytest.fixture
def mask():
    return np.arange(TIME)[None, :] < np.array([6, 4, 1])[:, None]


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


@pytest.mark.slow
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", ["lstm", "gru", slow("reference_lstm")])
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


@pytest.mark.slow
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
@pytest.mark.parametrize("name", first(NAMES, ["dense", "simple_rnn", "lstm", "esn"]))
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


@pytest.mark.slow
@pytest.mark.parametrize("bidirectional", [slow(False), True])
@pytest.mark.parametrize("name", first(NAMES, ["dense", "lstm", "esn", "reference_gru"]))
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
        with pytest.raises(ValueError, match="layers must be a list that ends.*Received: layers"):
            RecurrentStack(layers)


# === Reservoirs ===


def row_of_reservoirs(bidirectional):
    """Three layers by Keras alone, from the same seeds that a stack with seed 1 gives them.

    Those above the first hear inputs weaker by the square root of how many states there are.
    """
    stack = recurrent("esn", UNITS, num_layers=3, bidirectional=bidirectional, seed=1)
    row = []
    for layer in stack.layers:
        ways = [layer.forward_layer, layer.backward_layer] if bidirectional else [layer]
        settings = {"return_sequences": True}
        if row:
            settings["input_scaling"] = (UNITS * len(ways)) ** -0.5
        ways = [ESN(UNITS, seed=way.cell.seed, **settings) for way in ways]
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


@pytest.mark.slow
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


@pytest.mark.parametrize("bidirectional, width", [(False, UNITS), (True, 2 * UNITS)])
def test_only_the_first_reservoir_reads_inputs_and_feedback(bidirectional, width, sequences):
    options = {"input_scaling": [9.0, 9.0, 9.0], "upper_scaling": 0.5, "feedback_scaling": 7.0}
    settings = {"num_layers": 3, "bidirectional": bidirectional, "feedback_size": 1, "seed": 1}
    stack = recurrent("esn", UNITS, **options, **settings)
    stack(sequences)
    lower, *upper = [ways_of(layer) if bidirectional else [layer] for layer in stack.layers]
    for way in lower:
        largest = np.abs(way.cell.input_kernel.numpy()).max(axis=1)  # [features]
        assert (largest[:3] > 4.5).all() and largest[3] <= 7.0 < largest[:3].max()
    for way in (way for layer in upper for way in layer):
        kernel = np.abs(way.cell.input_kernel.numpy())
        assert kernel.shape == (width, UNITS)
        assert 0.9 * 0.5 * width**-0.5 < kernel.max() <= 0.5 * width**-0.5
    with pytest.raises(ValueError, match="upper_scaling must be a finite .*upper_scaling='a'"):
        recurrent("esn", UNITS, num_layers=2, upper_scaling="a")
    with pytest.raises(ValueError, match="upper_scaling is no option of the cell 'gru'"):
        recurrent("gru", UNITS, num_layers=2, upper_scaling=1.0)


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    with pytest.raises(ValueError, match="read_all needs directions .*Received: read_all=True"):
        recurrent("esn", UNITS, num_layers=2, **settings)
    assert recurrent("esn", UNITS, **settings).merge_mode == merge_mode
