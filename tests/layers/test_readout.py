"""RidgeReadout: a dense layer that is solved, and keeps what it was solved from."""

import keras
import numpy as np
import pytest

from rnnkit.layers.readout import RidgeReadout
from rnnkit.layers.ridge import NormalEquations
from tests import helpers

FEATURES, UNITS = 4, 2
NAMES = ["kernel", "bias", "gram", "cross", "squares", "count", "error", "reach", "ridge", "partly"]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, FEATURES))
    return np.concatenate([np.ones((50, 1)), x], axis=1), rng.normal(size=(50, UNITS))


def solved(data, dtype="float64"):
    """A Keras model of one readout, solved on the data."""
    readout = RidgeReadout(UNITS, dtype=dtype, name="readout")
    inputs = keras.Input((None, FEATURES), dtype=dtype)
    model = keras.Model(inputs, readout(inputs))
    equations = NormalEquations(1 + FEATURES, UNITS).add(*data)
    weights = equations.solve(0.5)
    readout.learn(weights, equations, np.sqrt(equations.mean_squared_error(weights)), 0.5)
    return model, readout, weights


@pytest.mark.parametrize("dtype, close", [("float64", 1e-12), ("float32", 1e-5)])
def test_is_a_dense_layer_that_is_not_trained(data, dtype, close):
    _, readout, weights = solved(data, dtype)
    assert readout.trainable_weights == []
    assert [weight.name for weight in readout.weights] == NAMES
    kinds = {weight.name: weight.dtype for weight in readout.weights}
    assert kinds.pop("kernel") == kinds.pop("bias") == dtype
    assert set(kinds.values()) == {"float64"}  # sums are exact whatever the network is
    for shape in [(3, FEATURES), (3, 5, FEATURES)]:
        x = np.random.default_rng(1).normal(size=shape).astype(dtype)
        outputs = keras.ops.convert_to_numpy(readout(x))
        assert outputs.dtype == dtype
        assert outputs.shape == readout.compute_output_shape(shape) == (*shape[:-1], UNITS)
        np.testing.assert_allclose(outputs, x @ weights[1:] + weights[0], atol=close)
    np.testing.assert_allclose(readout.solution(), weights, atol=close)


def test_fresh_it_says_zero_and_knows_nothing():
    readout = RidgeReadout(UNITS)
    np.testing.assert_array_equal(readout(np.ones((2, FEATURES))), np.zeros((2, UNITS)))
    assert readout.equations.parts == {} and readout.equations.count == 0


def test_config():
    readout = RidgeReadout(UNITS, dtype="float64", name="readout")
    again = RidgeReadout.from_config(readout.get_config())
    assert again.get_config() == readout.get_config()
    assert (again.units, again.trainable, again.dtype) == (UNITS, False, "float64")


def test_keeps_its_sums(data):
    _, readout, weights = solved(data)
    x, y = data
    np.testing.assert_allclose(readout.numpy("gram"), x.T @ x)
    np.testing.assert_allclose(readout.numpy("cross"), x.T @ y)
    np.testing.assert_allclose(readout.numpy("squares"), (y**2).sum(axis=0))
    assert (readout.numpy("count"), readout.numpy("ridge"), readout.numpy("partly")) == (50, 0.5, 0)
    np.testing.assert_allclose(readout.numpy("error") ** 2, ((x @ weights - y) ** 2).mean(axis=0))
    np.testing.assert_array_equal(readout.numpy("reach"), np.abs(y).max(axis=0))
    # More data beside them: the solution on all, and the sums in the layer stay.
    more = readout.equations.add(2 * x, y)
    assert readout.equations.count == 50 and more.count == 100
    whole = NormalEquations(1 + FEATURES, UNITS).add(*(np.concatenate([a, b]) for a, b in
        ((x, 2 * x), (y, y))))  # fmt: skip
    np.testing.assert_allclose(more.solve(0.5), whole.solve(0.5))
    np.testing.assert_array_equal(more.largest, whole.largest)


def test_says_that_targets_were_known_in_part(data):
    x, y = data
    y = y.copy()
    y[:9, 0] = np.nan
    equations = NormalEquations(1 + FEATURES, UNITS).add(x, y)
    readout = RidgeReadout(UNITS)
    readout.build((None, FEATURES))
    readout.learn(equations.solve(1.0), equations, np.ones(UNITS), 1.0)
    assert readout.numpy("partly") == 1 and readout.numpy("count") == 41
    np.testing.assert_allclose(readout.numpy("gram"), x[9:].T @ x[9:])


def test_lives_on_in_its_file(data, fresh, tmp_path):
    model, readout, _ = solved(data)
    path, out = str(tmp_path / "readout.keras"), str(tmp_path / "out.npz")
    x = np.random.default_rng(2).normal(size=(2, 3, FEATURES))
    np.save(tmp_path / "x.npy", x)
    model.save(path)
    fresh.call("call", path=path, x=str(tmp_path / "x.npy"), out=out)
    with np.load(out) as found:
        np.testing.assert_array_equal(found["outputs"], model(x))
        weights = [found[key] for key in sorted(found.files) if key != "outputs"]
    assert helpers.weights_equal(weights, model.get_weights())
    loaded = keras.saving.load_model(path).get_layer("readout")
    np.testing.assert_array_equal(loaded.equations.solve(0.1), readout.equations.solve(0.1))
