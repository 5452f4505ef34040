"""Counts: forecasts, intervals, quantiles and all that is made of them are not below a minimum."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.cli.program import main
from rnnkit.features import Forecast, Series
from rnnkit.layers import AtLeast
from rnnkit.models import EchoStateForecaster, EchoStateNetwork, Forecaster
from tests import helpers

ROWS, HORIZON, PERIOD = 160, 3, 4
CELLS = ("esn", "gru", "one step")


def counts(rows=ROWS, seed=0):
    """Sales of a thing that is seldom bought, with a season."""
    rate = np.tile([0.1, 0.3, 2.0, 0.5], -(-rows // PERIOD))[:rows]
    return np.random.default_rng(seed).poisson(rate).astype("float64")


def build(cell, minimum=0, data=None):
    data = counts() if data is None else data
    x = Series().adapt(data)
    horizon = 1 if cell == "one step" else HORIZON
    y = Forecast(horizon=horizon, period=PERIOD, minimum=minimum).adapt(data)
    if cell == "esn":
        return EchoStateForecaster(x, y, units=5, seed=1)
    if cell == "one step":
        return EchoStateNetwork(x, y, units=10, washout=8, seed=1)
    return Forecaster(x, y, "gru", 3, relative=True, washout=8, window=40, seed=1)


def fitted(cell, minimum=0):
    model, data = build(cell, minimum), counts()
    later = None if cell == "esn" else (data[100:], data[100:])
    model.fit(data[:120], validation_data=later, verbose=0)
    return model


@pytest.fixture(scope="module")
def models():
    return {cell: fitted(cell) for cell in CELLS}


# === By hand ===


def test_values_below_are_the_minimum():
    feature = Forecast(["a", "b"], horizon=2, minimum={"a": 1}, mean=[4.0, 0.0],
                       deviation=[2.0, 1.0])  # fmt: skip
    assert feature.lowest.tolist() == [1.0, -np.inf]
    assert feature.least.tolist() == [-1.5, -np.inf] * 2
    rounded = np.float32(-1.5) + np.float32(2e-7)
    assert feature.in_own_units(np.array([rounded, 0.0])).tolist() == [1.0, 0.0]
    (result,) = feature.decode(np.array([[-2.0, -9.0, 0.0, 1.0]]))
    assert result["forecast"] == [{"a": 1.0, "b": -9.0}, {"a": 4.0, "b": 1.0}]
    found = feature.decode_graph(tf.constant([[-2.0, -9.0, 0.0, 1.0]]))["forecast"]
    assert found.numpy().tolist() == [[[1.0, -9.0], [4.0, 1.0]]]
    again = Forecast.from_config(json.loads(json.dumps(feature.get_config())))
    assert again.minimum == {"a": 1.0} and again.get_config() == feature.get_config()
    assert Forecast(minimum=0).lowest.tolist() == [0.0]
    assert Forecast().lowest.tolist() == [-np.inf] and Forecast().minimum is None


def test_outputs_are_bounded_but_not_in_training():
    layer, x = AtLeast([0.0, -9.0]), tf.constant([[-1.0, -2.0], [3.0, 4.0], [np.nan, -1.0]])
    np.testing.assert_array_equal(layer(x), [[0.0, -2.0], [3.0, 4.0], [np.nan, -1.0]])
    np.testing.assert_array_equal(layer(x, training=True), x)
    assert AtLeast.from_config(layer.get_config()).minimum == [0.0, -9.0]


@pytest.mark.slow
def test_of_one_column_alone(tmp_path):
    data = np.stack([counts(), counts(seed=1) - 3], axis=1)
    x, y = Series(["a", "b"]).adapt(data), Forecast(["a", "b"], horizon=2, minimum={"a": 0})
    model = Forecaster(x, y.adapt(data), "gru", 2, washout=4, seed=1)
    model.fit(data, verbose=0)
    model.save(tmp_path / "m.keras")
    result = rnnkit.load_model(tmp_path / "m.keras").infer(data)
    assert result == model.infer(data)
    assert min(lead["a"] for lead in result["lower"]) == 0 > result["lower"][0]["b"]


# === All that comes out ===


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_nothing_that_comes_out_is_below(models, cell):
    model, data = models[cell], counts(400, seed=3)
    free = fitted(cell, minimum=None)
    assert (np.array(free.infer(data[:151])["lower"]) < 0).any()  # without it they would be
    result = model.infer(data[:151], quantiles=[0.01, 0.3, 0.99])
    ends = [result["forecast"], result["lower"], result["upper"], *result["quantiles"].values()]
    assert min(map(min, ends)) == min(result["lower"]) == 0
    assert min(result["upper"]) > 0
    least = model.output_feature.least.astype("float32")
    outputs = model.predict(data)
    assert not (outputs < least).any() and np.isfinite(outputs).any()
    assert (free.predict(data) < least).any() or cell != "esn"
    scores = model.score(data)
    assert 0.6 < scores["coverage"] <= 1 and scores["mse"] <= free.score(data)["mse"] * 1.05
    report = model.backtest(data, start=0.5, origins=20, verbose=0)
    assert min(report.forecast.min(), report.lower.min()) == 0 and report.upper.min() > 0
    found = model.anomalies(data, level=0.9)
    assert min(found.expected.min(), found.lower.min()) == 0
    inside = found.score <= 1
    np.testing.assert_array_equal(inside, ~found.anomaly)
    assert 0.7 < inside.mean() < 1


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
def test_saved_and_served(models, cell, fresh, tmp_path):
    model, data = models[cell], counts(100, seed=4)
    model.save(tmp_path / "m.keras")
    expected = model.infer(data)
    found = fresh.call("infer", path=str(tmp_path / "m.keras"), x=data.tolist())
    assert found.keys() == expected.keys() and found["lower"][0] == 0
    for name in ("forecast", "lower", "upper"):  # as graphs of two processes round differently
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
    loaded = rnnkit.load_model(tmp_path / "m.keras")
    assert loaded.output_feature.minimum == 0
    assert helpers.weights_equal(loaded.get_weights(), model.get_weights())
    feature = model.input_feature
    codes = feature.encode(feature.to_tensor([data])).to_tensor(np.nan)
    served = tf.function(model.serve, autograph=False)(codes)
    for name, each in served.items():
        np.testing.assert_allclose(each[0, :, 0], expected[name], atol=1e-4)
        assert each.numpy().min() >= 0
    least = model.output_feature.least.astype("float32")
    assert not (model(codes, training=False).numpy() < least).any()


@pytest.mark.slow
def test_free_runs(models):
    run = models["one step"].forecast(12, counts(60, seed=5), interval=0.8, seed=1)
    assert min(run.forecast.min(), run.lower.min()) == 0 and run.upper.max() > 0


def test_several_series_together():
    data = [counts(120, seed) for seed in range(3)]
    x = Series().adapt(data)
    y = Forecast(horizon=HORIZON, period=PERIOD, minimum=0).adapt(data)
    model = EchoStateForecaster(x, y, units=5, seed=1)
    model.fit(data, verbose=0)
    results = model.infer(data)
    assert min(min(each["lower"] + each["forecast"]) for each in results) == 0


# === Refused ===


def test_targets_below_are_refused_by_their_row():
    data = counts()
    data[17] = -2
    with pytest.raises(ValueError, match="minimum=0.*-2 at series 0, row 17, column '0'"):
        Forecast(minimum=0).adapt(data)
    model = build("gru")
    with pytest.raises(ValueError, match="minimum=0.*-2 at series 0, row 17"):
        model.fit(data, verbose=0)
    with pytest.raises(ValueError, match="minimum=0.*-2 at series 0, row 17"):
        model.fit(counts(), validation_data=(data, data), verbose=0)
    with pytest.raises(ValueError, match="-2 at series 1, row 17, column 'b'"):
        pair = np.stack([counts(), data], axis=1)
        Forecast(["a", "b"], minimum=0).adapt([pair[20:], pair])
    Forecast(["a", "b"], minimum={"a": 0}).adapt(pair)
    feature = Forecast(minimum=0).adapt(counts())
    feature.guard(feature.encode(feature.to_tensor(counts())))
    with pytest.raises(tf.errors.InvalidArgumentError, match="below minimum=0"):
        feature.guard(feature.encode(feature.to_tensor(data)))


@pytest.mark.parametrize("minimum", ["0", True, float("nan"), [0], {"c": 0}, {"a": None}])
def test_bad_minimum(minimum):
    with pytest.raises(ValueError, match="minimum"):
        Forecast(["a", "b"], minimum=minimum)


# === The recipe ===


@pytest.mark.slow
def test_the_option_of_the_recipe():
    recipe = recipes.get("forecasting")
    frame = pd.DataFrame({"sales": counts()})
    data = recipe.data(frame, target="sales")
    options = {"horizon": HORIZON, "period": PERIOD, "units": 5, "seed": 1}
    with pytest.warns(UserWarning, match="'sales' holds whole numbers, none below 0.*minimum=0"):
        assert recipe.model(data, **options).output_feature.minimum is None
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*minimum")
        assert recipe.model(data, minimum=0, **options).output_feature.minimum == 0
        for other in (frame - 1, frame + 0.5, frame + 100):  # below 0, no counts, far from 0
            recipe.model(recipe.data(other, target="sales"), **options)
    with pytest.raises(ValueError, match="minimum=0.*row"):
        recipe.model(recipe.data(frame - 1, target="sales"), minimum=0, **options)


@pytest.mark.slow
def test_on_the_command_line(tmp_path, capsys):
    frame = pd.DataFrame({"sales": counts()})
    frame.to_csv(tmp_path / "s.csv", index=False)
    path = str(tmp_path / "m.keras")
    settings = ["horizon=3", "period=4", "units=5", "minimum=0"]
    call = ["train", "forecasting", "--data", str(tmp_path / "s.csv"), "--out", path, "--seed", "1"]
    assert main([*call, *(part for each in settings for part in ("--set", each))]) == 0
    capsys.readouterr()
    assert main(["infer", path, str(tmp_path / "s.csv")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert min(result["lower"]) == 0 <= min(result["forecast"])
