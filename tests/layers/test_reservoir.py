"""The echo state network layer against a loop in NumPy, and as a citizen of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.layers import ESN, ESNCell
from rnnkit.layers import topology as topologies
from rnnkit.layers.reservoir.product import plan, recurrent_product
from rnnkit.layers.topology import TOPOLOGIES
from tests.tiers import slow

# Keras reads variables with `np.array(variable)`, which numpy 2 wants to see written otherwise.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

BATCH, TIME, FEATURES, UNITS = 3, 7, 4, 40

# One cell for each way to compute: (arguments, how).
PLANS = [
    ({"topology": "circulant", "degree": 3}, "shift"),
    ({"topology": "random", "degree": 3}, "gather"),
    ({"topology": "orthogonal"}, "dense"),
    ({"topology": "random", "degree": 30}, "dense"),
]


@pytest.fixture
def sequences():
    return np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES))


@pytest.fixture
def mask():
    return np.arange(TIME)[None, :] < np.array([7, 4, 1])[:, None]


# === In NumPy ===


def recurrent_of(cell):
    """The recurrent matrix from the weights as they are kept, one link at a time."""
    if hasattr(cell, "recurrent_kernel"):
        return cell.recurrent_kernel.numpy().astype("float64")
    indices, values = cell.recurrent_indices.numpy(), cell.recurrent_values.numpy()
    matrix = np.zeros((cell.units, cell.units))
    for k in range(len(indices)):
        for j in range(cell.units):
            matrix[indices[k, j], j] += values[k, j]
    return matrix


def run(cell, sequences, leak=1.0, f=np.tanh, state=None):
    """All states by the equation: `[batch, time, units]`."""
    kernel, bias = cell.input_kernel.numpy().astype("float64"), cell.bias.numpy()
    matrix, leak = recurrent_of(cell), np.asarray(leak, "float64")
    state = np.zeros((len(sequences), cell.units)) if state is None else state
    states = []
    for t in range(sequences.shape[1]):
        heard = sequences[:, t] @ kernel + state @ matrix + bias
        state = (1 - leak) * state + leak * f(heard)
        states.append(state)
    return np.stack(states, axis=1)


def close(mine, other, dtype="float64"):
    mine = np.asarray(mine)
    assert mine.dtype == dtype
    tolerance = {"float64": 1e-12, "float32": 1e-5, "float16": 5e-3}[str(dtype)]
    np.testing.assert_allclose(mine, other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_equals_numpy_with_every_topology(name, dtype, sequences):
    leaks = np.linspace(0.1, 1, UNITS).tolist()
    settings = {"topology": name, "bias_scaling": 0.5, "seed": 3, "dtype": dtype}
    for leak in (1.0, 0.3, leaks):
        layer = ESN(UNITS, leak_rate=leak, return_sequences=True, **settings)
        close(layer(sequences.astype(dtype)), run(layer.cell, sequences, leak), dtype)
        matrix = recurrent_of(layer.cell)
        np.testing.assert_array_equal(layer.cell.recurrent_matrix(), matrix)
        if not name.startswith("delay_line"):
            radius = np.abs(np.linalg.eigvals(matrix)).max()
            assert radius == pytest.approx(0.9, rel=1e-10 if dtype == "float64" else 1e-5)


@pytest.mark.parametrize(
    "activation, f",
    [("relu", lambda x: np.maximum(x, 0)), ("sigmoid", lambda x: 1 / (1 + np.exp(-x)))]
    + [("linear", lambda x: x), (keras.activations.tanh, np.tanh)],
)
def test_activation(activation, f, sequences):
    layer = ESN(UNITS, activation=activation, leak_rate=0.5, seed=1, dtype="float64")
    close(layer(sequences), run(layer.cell, sequences, 0.5, f)[:, -1])


def test_scalings(sequences):
    layer = ESN(
        2000,
        input_scaling=[0.1, 2.0, 0.0],
        bias_scaling=0.3,
        feedback_size=1,
        feedback_scaling=5.0,
        topology="ring",
        seed=1,
    )
    layer.build(sequences.shape)
    kernel, bias = layer.cell.input_kernel.numpy(), layer.cell.bias.numpy()
    scalings = [0.1, 2.0, 0.0, 5.0, 0.3]
    for row, scaling in zip([*kernel, bias], scalings, strict=True):
        assert np.abs(row).max() <= scaling * (1 + 1e-6)
        assert np.abs(row).max() >= 0.99 * scaling  # drawn evenly, so near the bounds too
        assert abs(row.mean()) <= 5 * scaling / np.sqrt(3 * 2000)
        assert row.std() == pytest.approx(scaling / np.sqrt(3), rel=0.05)
    one = ESN(2000, input_scaling=0.5, topology="ring", seed=1)
    one.build(sequences.shape)
    # The same draw, scaled otherwise: what is compared in a search is the scaling alone.
    np.testing.assert_allclose(one.cell.input_kernel[1] * 4, kernel[1], rtol=1e-6)
    assert not one.cell.bias.numpy().any()


def test_feedback_is_more_inputs(sequences):
    options = {"feedback_size": 2, "feedback_scaling": 0.2, "seed": 1, "dtype": "float64"}
    layer = ESN(UNITS, **options)
    close(layer(sequences), run(layer.cell, sequences)[:, -1])
    other = ESN(UNITS, **{**options, "feedback_scaling": 0.4})
    other.build(sequences.shape)
    ratio = other.cell.input_kernel.numpy() / layer.cell.input_kernel.numpy()
    np.testing.assert_allclose(ratio, np.repeat([[1], [1], [2], [2]], UNITS, axis=1), rtol=1e-9)
    only = ESN(UNITS, feedback_size=FEATURES, dtype="float64")
    close(only(sequences), run(only.cell, sequences)[:, -1])


# === As a recurrent layer of Keras ===


def test_cell_in_keras_rnn_is_the_layer(sequences):
    settings = {"leak_rate": 0.4, "bias_scaling": 0.1, "seed": 5, "dtype": "float64"}
    ours = ESN(UNITS, return_sequences=True, **settings)
    theirs = keras.layers.RNN(ESNCell(UNITS, **settings), return_sequences=True, dtype="float64")
    np.testing.assert_array_equal(ours(sequences), theirs(sequences))
    output, states = theirs.cell(sequences[:, 0], theirs.cell.get_initial_state(BATCH))
    close(output, run(ours.cell, sequences, 0.4)[:, 0])
    assert states[0] is output


def test_masked_steps_are_left_out(sequences, mask):
    settings = {"leak_rate": 0.4, "return_state": True, "seed": 1, "dtype": "float64"}
    last = ESN(UNITS, **settings)
    each = ESN(UNITS, return_sequences=True, **settings)
    output, state = last(sequences, mask=mask)
    outputs, _ = each(sequences, mask=mask)
    expected = run(last.cell, sequences, 0.4)
    for index, length in enumerate(mask.sum(axis=1)):
        close(output[index], expected[index, length - 1])
        close(state[index], expected[index, length - 1])
        close(outputs[index, :length], expected[index, :length])
        repeated = np.repeat(expected[index, length - 1 : length], TIME - length, axis=0)
        close(outputs[index, length:], repeated)
    hole = np.array([[True, False, True, True, False, True, True]] * BATCH)
    close(last(sequences, mask=hole)[0], run(last.cell, sequences[:, hole[0]], 0.4)[:, -1])


def test_backwards(sequences):
    layer = ESN(UNITS, go_backwards=True, return_sequences=True, dtype="float64")
    close(layer(sequences), run(layer.cell, sequences[:, ::-1]))


def test_states_in_and_out(sequences):
    layer = ESN(UNITS, return_sequences=True, return_state=True, leak_rate=0.4, dtype="float64")
    start = np.random.default_rng(1).normal(size=(BATCH, UNITS))
    outputs, state = layer(sequences, initial_state=start)
    expected = run(layer.cell, sequences, 0.4, state=start)
    close(outputs, expected)
    close(state, expected[:, -1])
    assert not np.allclose(expected, run(layer.cell, sequences, 0.4))


def test_stateful_layer_continues_until_reset(sequences):
    layer = ESN(UNITS, stateful=True, leak_rate=0.4, dtype="float64")
    first, second = layer(sequences[:, :3]), layer(sequences[:, 3:])
    expected = run(layer.cell, sequences, 0.4)
    close(first, expected[:, 2])
    close(second, expected[:, -1])
    layer.reset_state()
    close(layer(sequences[:, :3]), expected[:, 2])


def test_shapes(sequences):
    for settings, shape in (
        ({}, (BATCH, UNITS)),
        ({"return_sequences": True}, (BATCH, TIME, UNITS)),
        ({"unroll": True}, (BATCH, UNITS)),
    ):
        layer = ESN(UNITS, **settings)
        assert layer.compute_output_shape(sequences.shape) == shape
        assert layer(sequences.astype("float32")).shape == shape
    one = ESN(1, degree=1, seed=1)
    assert one(sequences.astype("float32")).shape == (BATCH, 1)


# === How the product is computed ===


def test_plans():
    def how(name, units, batch=1, **options):
        return plan(topologies.get(name, **options), units, batch)

    for name in ("dense", "orthogonal"):
        assert how(name, 10_000) == "dense"
    assert how("circulant", 1000) == how("circulant", 1000, batch=32) == "shift"
    assert how("random", 1000) == how("random", 1000, batch=32) == "gather"
    assert how("small_world", 1000) == how("cycle_jumps", 1000) == "gather"
    assert how("random_connectivity", 1000, connectivity=0.01) == "gather"
    for name in ("ring", "delay_line", "delay_line_feedback"):
        assert how(name, 100) == "shift"
    # Few units, or many links for each, make one matrix product the fastest.
    assert how("circulant", 20) == how("random", 50) == how("cycle_jumps", 25) == "dense"
    assert how("circulant", 1000, degree=900) == how("random", 1000, degree=200) == "dense"
    assert how("random_connectivity", 1000, connectivity=0.5) == "dense"
    # A batch shares the reading of the matrix.
    assert how("random", 150) == "gather" and how("random", 150, batch=32) == "dense"
    for units in range(1, 300):
        name = "circulant" if units % 2 else "random"
        plans = [how(name, units, batch, degree=min(units, 10)) for batch in (1, 2, 64)]
        assert plans[0] != "dense" or plans[1] == "dense"
        assert plans[1] == plans[2]


@pytest.mark.parametrize("name", [name for name, kind in TOPOLOGIES.items() if kind.sparse])
def test_plans_give_the_same_product(name):
    topology = topologies.get(name, seed=1)
    indices, values = map(tf.constant, topology.links(UNITS))
    state = np.random.default_rng(0).normal(size=(BATCH, UNITS))
    dense = recurrent_product("dense", tf.constant(state), (tf.constant(topology.matrix(UNITS)),))
    close(dense, state @ topology.matrix(UNITS))
    for how in ("gather", "shift") if topology.shifts else ("gather",):
        close(recurrent_product(how, tf.constant(state), (indices, values)), dense)


@pytest.mark.slow
@pytest.mark.parametrize("units", [40, 150])
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_weights_for_a_batch_give_the_same_product(name, units):
    cell = ESNCell(units, topology=name, seed=1, dtype="float64")
    cell.build((None, FEATURES))
    state = np.random.default_rng(0).normal(size=(BATCH, units))
    expected = state @ recurrent_of(cell)
    for batch in (None, 1, 64):
        how, weights = cell.recurrent_weights(batch)
        assert how == plan(cell._topology, units, batch or 1)
        assert cell.sparse == (how != "dense") or batch == 64
        close(recurrent_product(how, tf.constant(state), weights), expected)


@pytest.mark.parametrize("options, how", PLANS)
def test_gradients_are_those_of_a_plain_loop(options, how, sequences):
    leak = np.linspace(0.2, 1, UNITS)
    layer = ESN(UNITS, leak_rate=leak, return_sequences=True, seed=1, dtype="float64", **options)
    x = tf.constant(sequences)
    start = tf.constant(np.random.default_rng(1).normal(size=(BATCH, UNITS)))
    with tf.GradientTape() as tape:
        tape.watch([x, start])
        loss = tf.reduce_sum(tf.cos(3 * layer(x, initial_state=start)))
    assert layer.cell.recurrent_weights()[0] == how
    mine = tape.gradient(loss, [x, start])

    matrix = tf.constant(recurrent_of(layer.cell))
    kernel = tf.constant(layer.cell.input_kernel.numpy())
    with tf.GradientTape() as tape:
        tape.watch([x, start])
        state, loss = start, 0.0
        for t in range(TIME):
            new = tf.tanh(tf.matmul(x[:, t], kernel) + tf.matmul(state, matrix))
            state = (1 - leak) * state + leak * new
            loss += tf.reduce_sum(tf.cos(3 * state))
    for gradient, expected in zip(mine, tape.gradient(loss, [x, start]), strict=True):
        assert np.abs(expected).max() > 0.1
        close(gradient, expected)


# === Training ===


def model_with(layer, time=TIME):
    inputs = keras.Input((time, FEATURES))
    lower = keras.layers.Dense(FEATURES)(inputs)
    return keras.Model(inputs, keras.layers.Dense(1)(layer(lower)))


@pytest.mark.slow
@pytest.mark.parametrize("jit", [False, slow(True)])
@pytest.mark.parametrize("options, how", PLANS)
def test_training_leaves_the_reservoir_as_it_is(options, how, jit, sequences):
    layer = ESN(UNITS, bias_scaling=0.1, seed=1, **options)
    model = model_with(layer)
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) in (3, 4)
    assert len(model.trainable_weights) == 4
    before = [layer.get_weights(), model.get_weights()]
    model.compile("sgd", "mse", jit_compile=jit)
    model.fit(sequences, np.ones((BATCH, 1)), epochs=2, batch_size=BATCH, verbose=0)
    for weight, other in zip(layer.get_weights(), before[0], strict=True):
        np.testing.assert_array_equal(weight, other)
    # What lies below the reservoir learns through it, and takes the same steps as if eager.
    assert not np.allclose(model.get_weights()[0], before[1][0], atol=1e-5)
    eager = model_with(ESN.from_config(layer.get_config()))
    eager.set_weights(before[1])
    eager.compile("sgd", "mse", run_eagerly=True)
    eager.fit(sequences, np.ones((BATCH, 1)), epochs=2, batch_size=BATCH, verbose=0)
    for weight, other in zip(model.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(weight, other, rtol=0, atol=1e-5)


def test_made_trainable_it_still_has_nothing_to_train(sequences):
    layer = ESN(UNITS, trainable=True)
    layer.build(sequences.shape)
    layer.trainable = True
    assert layer.trainable_weights == [] and ESNCell(3).trainable_weights == []


@pytest.mark.slow
def test_jit_compiled_training_with_noise_and_a_mask(sequences, mask):
    layer = ESN(UNITS, noise=0.1, seed=1)
    inputs = keras.Input((TIME, FEATURES))
    hidden = layer(keras.layers.Masking(mask_value=9.0)(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
    model.compile("sgd", "mse", jit_compile=True)
    x = np.where(mask[..., None], sequences, 9.0).astype("float32")
    history = model.fit(x, np.ones((BATCH, 1)), epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


# === Noise and seeds ===


@pytest.mark.slow
@pytest.mark.parametrize("graph", [False, True])
def test_noise_is_in_training_only_and_of_its_deviation(graph):
    layer = ESN(
        500, noise=0.3, input_scaling=0, spectral_radius=0, activation="linear", seed=1,
        return_sequences=True,
    )  # fmt: skip
    x = np.zeros((4, 20, 2), "float32")
    call = (
        tf.function(lambda: layer(x, training=True)) if graph else lambda: layer(x, training=True)
    )
    assert not np.any(layer(x)) and not np.any(layer(x, training=False))
    noise = np.array(call())
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    assert abs(noise.mean()) < 5 * 0.3 / np.sqrt(noise.size)
    # No two series, steps, units or calls share theirs.
    assert len(np.unique(noise)) > 0.99 * noise.size
    other = np.array(call())
    assert abs(np.corrcoef(noise.ravel(), other.ravel())[0, 1]) < 0.05


def test_noise_is_inside_the_activation():
    layer = ESN(500, noise=50.0, input_scaling=0, spectral_radius=0, leak_rate=0.5, seed=1)
    states = np.array(layer(np.zeros((4, 1, 2), "float32"), training=True))
    assert np.abs(states).max() <= 0.5 and (np.abs(states) > 0.49).mean() > 0.8


@pytest.mark.slow
def test_seed_fixes_weights_and_noise(sequences):
    def draw(seed, layers=ESN):
        keras.utils.set_random_seed(int(np.random.default_rng().integers(1 << 30)))
        layer = layers(UNITS, bias_scaling=1.0, noise=0.1, seed=seed)
        layer(sequences.astype("float32"))
        return layer.get_weights(), np.array(layer(sequences.astype("float32"), training=True))

    weights, outputs = draw(7)
    same_weights, same_outputs = draw(7)
    np.testing.assert_array_equal(outputs, same_outputs)
    other_weights, other_outputs = draw(8)
    assert not np.allclose(outputs, other_outputs)
    for weight, same, other in zip(weights, same_weights, other_weights, strict=True):
        np.testing.assert_array_equal(weight, same)
        assert not np.array_equal(weight, other)
    # Without a seed every layer draws its own.
    (weights, outputs), (other_weights, other_outputs) = draw(None), draw(None)
    assert not np.allclose(outputs, other_outputs)
    for weight, other in zip(weights, other_weights, strict=True):
        assert not np.array_equal(weight, other)


def test_input_bias_and_links_are_independent_draws():
    cell = ESNCell(400, bias_scaling=1.0, topology="dense", seed=1)
    cell.build((None, 400))
    flat = [cell.input_kernel.numpy(), cell.recurrent_kernel.numpy()]
    assert abs(np.corrcoef(flat[0].ravel(), flat[1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(flat[0][0], cell.bias.numpy())[0, 1]) < 0.25


def test_a_topology_of_its_own_seed_keeps_it(sequences):
    topology = topologies.get("random", degree=4, seed=9)
    matrices = []
    for seed in (1, 2):
        cell = ESNCell(UNITS, topology=topology, spectral_radius=0.5, seed=seed, dtype="float64")
        cell.build((None, FEATURES))
        matrices.append(recurrent_of(cell))
    np.testing.assert_array_equal(*matrices)
    np.testing.assert_allclose(matrices[0], topology.matrix(UNITS) * 0.5 / 0.9, rtol=1e-12)
    assert topology.spectral_radius == 0.9
    other = ESNCell(UNITS, topology=topologies.get("random", degree=4), seed=1, dtype="float64")
    other.build((None, FEATURES))
    again = ESNCell(UNITS, topology="random", degree=4, seed=1, dtype="float64")
    again.build((None, FEATURES))
    np.testing.assert_array_equal(recurrent_of(other), recurrent_of(again))


def test_topology_by_default():
    assert type(ESNCell(100)._topology) is TOPOLOGIES["circulant"]
    assert ESNCell(100)._topology.in_degree(100) == 10 and ESNCell(4)._topology.in_degree(4) == 4
    cell = ESNCell(100, connectivity=0.2)
    assert type(cell._topology) is TOPOLOGIES["random_connectivity"]
    assert cell._topology.connectivity == 0.2
    assert ESNCell(100, topology="small_world", degree=6)._topology.in_degree(100) == 6


# === Half precision ===


@pytest.mark.parametrize("options, how", PLANS)
def test_mixed_precision(options, how, sequences):
    settings = {"leak_rate": 0.5, "bias_scaling": 0.2, "noise": 0.1, "seed": 1, **options}
    half = ESN(UNITS, return_state=True, dtype="mixed_float16", **settings)
    outputs, state = half(sequences)
    assert outputs.dtype == state.dtype == "float16"
    assert {w.dtype for w in half.weights} <= {"float32", "int32"}
    close(outputs, run(half.cell, sequences, 0.5)[:, -1], "float16")
    assert half(sequences, training=True)[0].dtype == "float16"


# === Config and files ===


CONFIGS = [
    {},
    {"topology": "small_world", "degree": 4, "leak_rate": [0.5] * UNITS, "input_scaling": [1, 2]},
    {"connectivity": 0.2, "activation": "relu", "feedback_size": 1, "feedback_scaling": 0.1},
    {"topology": topologies.SmallWorld(degree=6, rewire=0.3, seed=4), "noise": 0.1, "seed": 3},
    {"spectral_radius": 1.2, "bias_scaling": 0.4, "seed": 9, "dtype": "mixed_float16"},
]


@pytest.mark.parametrize("options", CONFIGS)
def test_config_round_trip(options):
    own = {"return_sequences": True, "go_backwards": True, "stateful": True, "unroll": True}
    for made in (
        ESNCell(UNITS, **options),
        ESN(UNITS, **own, zero_output_for_mask=True, **options),
    ):
        config = made.get_config()
        again = type(made).from_config(config)
        assert again.get_config() == config
        assert keras.saving.get_registered_name(type(made)) == f"rnnkit>{type(made).__name__}"
        loaded = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
        assert loaded.get_config() == config
        for key, value in options.items():
            if key not in ("topology", "dtype", "activation"):
                assert config[key] == value
        cells = [getattr(each, "cell", each) for each in (made, loaded)]
        assert cells[0]._topology.get_config().keys() == cells[1]._topology.get_config().keys()
        assert loaded.dtype_policy.name == made.dtype_policy.name == cells[1].dtype_policy.name
    assert {**config, **own, "zero_output_for_mask": True} == config


def test_bidirectional(sequences):
    layer = keras.layers.Bidirectional(ESN(UNITS, dtype="float64"), dtype="float64")
    forward, backward = layer.forward_layer.cell, layer.backward_layer.cell
    outputs = np.array(layer(sequences))
    close(outputs[:, :UNITS], run(forward, sequences)[:, -1])
    close(outputs[:, UNITS:], run(backward, sequences[:, ::-1])[:, -1])
    assert not np.allclose(recurrent_of(forward), recurrent_of(backward))


@pytest.mark.slow
def test_every_topology_lives_on_in_its_file(fresh, tmp_path, sequences):
    options = {"leak_rate": 0.5, "bias_scaling": 0.2}  # no seed: what is drawn again differs
    layers = [ESN(UNITS, topology=name, name=name, **options) for name in TOPOLOGIES]
    layers.append(ESN(UNITS, topology=topologies.RandomDegree(degree=4), noise=0.1))
    layers.append(ESN(UNITS, topology=topologies.Circulant(degree=3, seed=2), feedback_size=1))
    inputs = keras.Input((TIME, FEATURES))
    hidden = [layer(inputs) for layer in layers]
    model = keras.Model(inputs, keras.layers.Concatenate()(hidden))
    path, x, out = (str(tmp_path / name) for name in ("model.keras", "x.npy", "out.npz"))
    np.save(x, sequences.astype("float32"))
    model.save(path)
    ticket = fresh.begin("call", path=path, x=x, out=out)
    expected = np.array(model(np.load(x)))
    here = keras.saving.load_model(path)
    fresh.end(ticket)
    with np.load(out) as there:
        outputs, *weights = (there[key] for key in there.files)
    for found in (np.array(here(np.load(x))), outputs):
        np.testing.assert_array_equal(found, expected)
    assert any(weight.dtype == "int32" for weight in weights)
    for loaded in (here.get_weights(), weights):
        for weight, other in zip(loaded, model.get_weights(), strict=True):
            assert weight.dtype == other.dtype
            np.testing.assert_array_equal(weight, other)


# === Errors ===


@pytest.mark.parametrize("kind", [ESNCell, ESN])
@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"units": 0}, "units must be an integer of at least 1. Received: units=0"),
        ({"units": 2.5}, r"units must be .*units=2\.5"),
        ({"leak_rate": 0}, "leak_rate must be a number above 0.*Received: leak_rate=0"),
        ({"leak_rate": 1.2}, r"leak_rate must be .*at most 1.*leak_rate=1\.2"),
        ({"leak_rate": np.nan}, "leak_rate must be a finite number.*leak_rate=nan"),
        ({"leak_rate": "a"}, "leak_rate must be .*leak_rate='a'"),
        ({"leak_rate": [0.5, 0.5]}, r"leak_rate must be .*a list of 20, one.*=\[0\.5, 0\.5\]"),
        ({"leak_rate": [0.5] * 19 + [0.0]}, "leak_rate must be a number above 0"),
        ({"leak_rate": [[0.5] * 20]}, "leak_rate must be .*or a list"),
        ({"spectral_radius": -0.1}, r"spectral_radius must be .*=-0\.1"),
        ({"spectral_radius": None}, "spectral_radius must be .*=None"),
        ({"input_scaling": np.inf}, "input_scaling must be a finite number.*=inf"),
        ({"input_scaling": []}, r"input_scaling must be .*input_scaling=\[\]"),
        ({"bias_scaling": -1}, "bias_scaling must be .*bias_scaling=-1"),
        ({"noise": -1}, "noise must be .*noise=-1"),
        ({"feedback_size": -1}, "feedback_size must be an integer of at least 0.*=-1"),
        ({"feedback_scaling": "a"}, "feedback_scaling must be .*='a'"),
        ({"seed": -1}, "seed must be .*seed=-1"),
        ({"seed": 1.5}, r"seed must be .*seed=1\.5"),
        ({"degree": 21}, "degree must be at most the number of units, 20.*degree=21"),
        ({"degree": 0}, "degree must be an integer of at least 1.*degree=0"),
        ({"degree": 5, "topology": "small_world"}, "degree must be even.*degree=5"),
        ({"degree": 5, "topology": "ring"}, "degree does not fit topology='ring'"),
        ({"degree": 5, "connectivity": 0.1}, "degree does not fit topology='random_connectivity'"),
        ({"connectivity": 0}, "connectivity must be a number above 0"),
        ({"connectivity": 1.5}, r"connectivity must be .*=1\.5"),
        ({"connectivity": 0.1, "topology": "circulant"}, "connectivity does not fit"),
        ({"topology": "rnig"}, "topology must be one of .*Did you mean 'ring'.*topology='rnig'"),
        ({"topology": 3}, "topology must be one of .*topology=3"),
        ({"activation": "tahn"}, "tahn"),
    ],
)
def test_bad_arguments(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"units": 20, **arguments})


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"feedback_size": 5}, "feedback_size must be at most the number of inputs, 4.*=5"),
        ({"input_scaling": [1, 2, 3]}, r"input_scaling must be .*a list of 4, one.*\[1.*3"),
        ({"input_scaling": [1] * 4, "feedback_size": 1}, "input_scaling must be .*a list of 3"),
        ({"connectivity": 1e-6}, "no loop"),
    ],
)
def test_arguments_that_do_not_fit_the_inputs(arguments, message, sequences):
    with pytest.raises(ValueError, match=message):
        ESN(20, seed=1, **arguments)(sequences.astype("float32"))
