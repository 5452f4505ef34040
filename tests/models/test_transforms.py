"""Forecasts of transformed series: turned back exactly, and scored in own units."""

import functools
import json

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.cli.program import main
from rnnkit.features import Forecast, Series
from rnnkit.models import EchoStateForecaster, EchoStateNetwork, Forecaster
from tests.tiers import first, slow

HORIZON, PERIOD = 3, 4
CELLS = ("esn", "gru", "one step")


def skewed(rows=160, seed=0):
    """A positive series whose noise is log-normal, with a season."""
    rng = np.random.default_rng(seed)
    season = np.tile([0.0, 1.0, 2.0, 0.5], -(-rows // PERIOD))[:rows]
    return np.exp(1 + season + 0.4 * rng.normal(size=rows))


def build(cell, data, transform=None):
    horizon = 1 if cell == "one step" else HORIZON
    x = Series(transform=transform).adapt(data)
    y = Forecast(horizon=horizon, period=PERIOD, transform=transform).adapt(data)
    if cell == "esn":
        return EchoStateForecaster(x, y, units=5, transform="none", seed=1)
    if cell == "one step":
        return EchoStateNetwork(x, y, units=10, washout=8, seed=1)
    return Forecaster(x, y, "gru", 3, relative=True, washout=8, window=40, seed=1)


def fitted(cell, data, transform=None):
    model = build(cell, data, transform)
    later = None if cell == "esn" else (data[100:], data[100:])
    model.fit(data[:120], validation_data=later, verbose=0)
    return model


@pytest.fixture(scope="module")
def pairs():
    """Function of a cell to the model with `transform="log"`, and that of the logarithms."""
    data = skewed()
    return functools.cache(lambda cell: (fitted(cell, data, "log"), fitted(cell, np.log(data))))


@pytest.mark.slow
@pytest.mark.parametrize("cell", first(CELLS, ["esn", "one step"]))
def test_it_is_the_model_of_the_logarithms(pairs, cell):
    model, plain = pairs(cell)
    data = skewed(200, seed=3)
    found = model.infer(data, quantiles=[0.05, 0.5, 0.95])
    expected = plain.infer(np.log(data), quantiles=[0.05, 0.5, 0.95])
    for name in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(found[name], np.exp(expected[name]), rtol=1e-4)
    for each, values in expected["quantiles"].items():
        np.testing.assert_allclose(found["quantiles"][each], np.exp(values), rtol=1e-4)
    assert found["quantiles"][0.5] == found["forecast"]  # the median
    np.testing.assert_allclose(model.predict(data), plain.predict(np.log(data)), atol=1e-4)

    report = model.backtest(data, start=0.5, origins=12, verbose=0)
    other = plain.backtest(np.log(data), start=0.5, origins=12, verbose=0)
    np.testing.assert_allclose(report.truth, np.exp(other.truth))
    for name in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(getattr(report, name), np.exp(getattr(other, name)), rtol=1e-3)
    scores = report.scores["model"]
    assert scores["coverage"] == other.scores["model"]["coverage"]
    found = [row["coverage"] for row in report.calibration()]
    np.testing.assert_allclose(found, [row["coverage"] for row in other.calibration()], atol=0.02)
    assert 0 < scores["crps"] < scores["mae"]

    found, expected = model.anomalies(data, level=0.9), plain.anomalies(np.log(data), level=0.9)
    assert found.lower.min() > 0 and 0 < found.anomaly.sum() < len(found.step) / 3
    assert np.mean(found.anomaly == expected.anomaly) > 0.95


@pytest.mark.parametrize("cell", first(CELLS, ["esn", "one step"]))
def test_scores_are_in_own_units(pairs, cell):
    model, data = pairs(cell)[0], skewed(120, seed=4)
    scores = model.score(data)
    outputs = model.predict(data)
    horizon = model.output_feature.horizon
    forecasts = np.exp(outputs * np.log(skewed()).std() + np.log(skewed()).mean())
    errors = []
    first = max(model.washout, PERIOD - 1)
    for step in range(first, len(data) - horizon):
        errors.append(np.abs(forecasts[step] - data[step + 1 : step + 1 + horizon]))
    assert scores["mae"] == pytest.approx(np.mean(errors) / skewed().std(), rel=1e-3)
    last = [data[t + 1 : t + 1 + horizon] - data[t] for t in range(first, len(data) - horizon)]
    assert scores["persistence_mse"] == pytest.approx(
        np.mean(np.square(last)) / skewed().var(), rel=1e-3
    )


@pytest.mark.parametrize("cell", first(CELLS, ["one step"]))
def test_saved_and_served(pairs, cell, fresh, tmp_path):
    model, data = pairs(cell)[0], skewed(100, seed=5)
    model.save(tmp_path / "m.keras")
    expected = model.infer(data)
    found = fresh.call("infer", path=str(tmp_path / "m.keras"), x=data.tolist())
    for name in ("forecast", "lower", "upper"):  # as graphs of two processes round differently
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    assert rnnkit.load_model(tmp_path / "m.keras").output_feature.transform == "log"
    feature = model.input_feature
    codes = feature.encode(feature.to_tensor([data])).to_tensor(np.nan)
    served = tf.function(model.serve, autograph=False)(codes)
    for name, each in served.items():
        np.testing.assert_allclose(each[0, :, 0], expected[name], rtol=1e-4)


def test_learning_in_parts_and_free_runs(pairs):
    (model, plain), data = pairs("one step"), skewed(80, seed=6)
    run = model.forecast(6, data, interval=0.8, seed=1)
    other = plain.forecast(6, np.log(data), interval=0.8, seed=1)
    for name in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(getattr(run, name), np.exp(getattr(other, name)), rtol=1e-3)
    ours, theirs = build("one step", data, "log"), build("one step", np.log(data))
    for start in (0, 40):
        ours.partial_fit(data[start : start + 40], continued=True)
        theirs.partial_fit(np.log(data)[start : start + 40], continued=True)
    found, expected = (
        each.infer(values)["forecast"] for each, values in ((ours, data), (theirs, np.log(data)))
    )
    np.testing.assert_allclose(found, np.exp(expected), rtol=1e-3)


def test_targets_alone_and_several_series():
    rng = np.random.default_rng(0)
    names, data = ["sales", "heat"], []
    for seed in range(3):
        values = skewed(100, seed) * 10.0**seed
        data.append(np.stack([values, rng.normal(size=100)], axis=1))
    x = Series(names, transform={"sales": "log"}).adapt(data)
    y = Forecast(["sales"], HORIZON, transform="log", period=PERIOD)
    y.adapt([each[:, :1] for each in data])
    assert x.power == [0.0, 1.0] and x.mean[1] == pytest.approx(np.concatenate(data)[:, 1].mean())
    model = EchoStateForecaster(x, y, units=5, seed=1)
    assert [each.name for each in model.forecasts] == ["in_values", "in_own_scales"]
    model.fit(data, verbose=0)
    for seed, result in enumerate(model.infer(data)):
        assert 0.3 < np.mean(result["forecast"]) / (10.0**seed * skewed(100, seed).mean()) < 3
        assert 0 < min(result["lower"]) and (np.array(result["upper"]) > result["forecast"]).all()


@pytest.mark.parametrize("cell", CELLS)
def test_both_sides_must_be_transformed_alike(cell):
    data = skewed()
    y = Forecast(horizon=1 if cell == "one step" else 3, transform="log").adapt(data)
    x = Series().adapt(data)
    model = {"esn": EchoStateForecaster, "gru": Forecaster, "one step": EchoStateNetwork}[cell]
    with pytest.raises(ValueError, match="transform must be the same.*'0' transform=None"):
        model(x, y)
    other = Series(transform={"0": 0.5}).adapt(data)
    with pytest.raises(ValueError, match=r"power=\[0.5\] of the inputs"):
        model(other, y)
    with pytest.raises(ValueError, match="transform='log' takes values above 0.*row 3"):
        fine = build(cell, data, "log")
        fine.fit(np.where(np.arange(160) == 3, -1.0, data), verbose=0)


# === The recipe ===


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["esn", slow("gru")])
def test_the_option_of_the_recipe(cell):
    recipe = recipes.get("forecasting")
    frame = pd.DataFrame({"sales": skewed(), "heat": np.arange(160.0) % 7 - 3})
    data = recipe.data(frame, target="sales")
    options = {"horizon": HORIZON, "period": PERIOD, "units": 3, "seed": 1, "cell": cell}
    for name in ("auto", "none"):
        model = recipe.model(data, transform=name, **options)
        assert model.input_feature.transform is model.output_feature.transform is None
    model = recipe.model(data, transform="box_cox", **options)
    (power,) = model.output_feature.power
    assert 0 <= power < 0.4 and model.input_feature.power == [power, 1.0]
    model.fit(data.train, validation_data=data.validation, epochs=1, verbose=0)
    result = model.infer(frame)
    assert min(result["lower"]) > 0 and np.isfinite(result["upper"]).all()
    assert model.output_feature.transform == "box_cox"
    assert model.input_feature.transform == {"sales": "box_cox"}
    if cell == "gru":
        other = recipe.data(frame**2, target="sales")
        newer = recipe.model(other, base=model, transform="box_cox", **options)
        assert newer.output_feature.power == [power] == newer.input_feature.power[:1]
    with pytest.raises(ValueError, match="transform must be None, 'log', 'log1p', 'box_cox'"):
        recipe.model(data, transform="sqrt", **options)
    with pytest.raises(ValueError, match="transform='log' takes values above 0.*'heat'"):
        recipe.model(recipe.data(frame, target="heat"), transform="log", **options)


def test_a_transform_of_some_of_the_targets():
    recipe = recipes.get("forecasting")
    data = recipe.data(pd.DataFrame({"sales": skewed(), "heat": np.arange(160.0) % 7 - 3}))
    for kind in ("log", "box_cox", 0.5):
        series, forecast = recipe.features(data, transform={"sales": kind}, period=PERIOD)
        assert series.transform == forecast.transform == {"sales": kind}
        assert series.power == forecast.power and series.power[1] == 1.0
        rnnkit.models.EchoStateForecaster(series, forecast, units=3, transform="none")
    with pytest.raises(ValueError, match="transform='log' takes values above 0.*'heat'"):
        recipe.features(data, transform={"sales": "log", "heat": "log"})


@pytest.mark.slow
def test_on_the_command_line(tmp_path, capsys):
    pd.DataFrame({"sales": skewed()}).to_csv(tmp_path / "s.csv", index=False)
    path = str(tmp_path / "m.keras")
    settings = ["horizon=3", "period=4", "units=5", "transform=log"]
    call = ["train", "forecasting", "--data", str(tmp_path / "s.csv"), "--out", path, "--seed", "1"]
    assert main([*call, *(part for each in settings for part in ("--set", each))]) == 0
    capsys.readouterr()
    assert main(["infer", path, str(tmp_path / "s.csv")]) == 0
    assert min(json.loads(capsys.readouterr().out)["lower"]) > 0
