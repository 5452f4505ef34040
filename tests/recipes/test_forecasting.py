"""The recipe `forecasting`: what its options become, and series of all lengths."""

import numpy as np
import pytest
import tensorflow as tf

import recipes
from rnnkit.models import EchoStateForecaster, EchoStateNetwork, Forecaster

RECIPE = recipes.get("forecasting")


def table(rows, period=12, noise=0.1, seed=0):
    """A noisy cycle with a trend and without times, float64 `[rows]`."""
    rng = np.random.default_rng(seed)
    steps = np.arange(rows)
    return np.sin(2 * np.pi * steps / period) + steps / rows + noise * rng.normal(size=rows)


def hourly(rows):
    """The same as a frame with hourly times, and a second column."""
    import pandas as pd

    times = pd.date_range("2024-01-01", periods=rows, freq="h")
    return pd.DataFrame({"time": times, "load": table(rows, 24), "wind": table(rows, 7)})


def test_features_know_the_data():
    data = RECIPE.data(hourly(300), input="load,wind", target="wind")
    series, forecast = RECIPE.adapt(data, horizon=5)
    assert (series.names, forecast.names) == (["load", "wind"], ["wind"])
    assert (series.time, series.frequency, series.step) == (True, "hourly", 3600.0)
    assert series.cycles and (forecast.horizon, forecast.period) == (5, 24)
    series, _ = RECIPE.adapt(data, calendar=False)
    assert series.time and series.cycles == []


@pytest.mark.slow
def test_the_cell_decides_the_model():
    data = RECIPE.data(table(300))
    model = RECIPE.model(data, horizon=3, units=20)
    assert isinstance(model, EchoStateForecaster)
    assert (model.units, model.input_scaling, len(model.ridge)) == (20, 0.5, 10)
    np.testing.assert_allclose(model.leak_rate, np.geomspace(0.05, 1, 20))
    model = RECIPE.model(data, horizon=1, units=20)
    assert isinstance(model, EchoStateNetwork) and model.persistence_residual
    assert (model.units, model.input_scaling, model.washout) == (20, 0.1, 24)  # two seasons
    model = RECIPE.model(data, horizon=3, units=20, leak_rate=0.3, leak_spread=1.0, ridge=1e-3)
    assert (model.leak_rate, model.ridge) == (0.3, 1e-3)
    model = RECIPE.model(data, horizon=3, period=7, units=20)
    assert model.output_feature.period == 7
    model = RECIPE.model(data, horizon=3, cell="gru", learning_rate=0.02, window=30)
    assert isinstance(model, Forecaster) and model.cell == "gru"
    assert (model.units, model.window, model.washout) == (64, 30, 10)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)
    noise = RECIPE.data(np.random.default_rng(0).normal(size=90))
    assert RECIPE.model(noise, horizon=1).washout == 50


@pytest.mark.slow
def test_every_cell_learns_a_cycle_with_a_trend():
    data = RECIPE.data(table(400))
    for options in ({"cell": "esn", "units": 100}, {"cell": "lstm", "units": 16}):
        model = RECIPE.train(data, horizon=6, seed=1, verbose=0, **options)
        scores = model.score(data.test)
        assert list(scores)[:3] == list(RECIPE.scores)
        assert scores["mse"] < 0.3 * scores["persistence_mse"]
        assert model.fit_defaults["monitor"] in model.history.history


@pytest.mark.slow
def test_a_validation_part_shorter_than_the_horizon():
    data = RECIPE.data(table(120))  # of which 12 are for validation
    for cell in ("esn", "lstm"):
        # What is seen in training reaches two horizons.
        model = RECIPE.model(data, horizon=20, cell=cell, units=20, seed=1)
        model.fit(data.train, validation_data=data.validation, verbose=0)
        assert np.isfinite(model.errors).all() and (model.errors > 0).all()
        assert np.isfinite(model.history.history["val_loss"]).all()
        assert np.isfinite(list(model.score(data.test).values())).all()


@pytest.mark.slow
def test_horizons_beyond_the_patterns_that_are_told_apart():
    data = RECIPE.data(table(1_000))
    model = RECIPE.model(data, horizon=80, units=40, seed=1)
    model.fit(data.train, validation_data=data.validation)
    scores = model.score(data.test)
    assert scores["mse"] < scores["persistence_mse"]


@pytest.mark.slow
def test_a_strong_ridge_leaves_persistence_or_the_mean():
    data = RECIPE.data(table(400))
    for kept, naive in ((True, "persistence_mse"), (False, None)):
        model = RECIPE.model(
            data, horizon=1, units=20, persistence_residual=kept, ridge=1e15, seed=1
        )
        model.fit(data.train)
        scores = model.score(data.test)
        if naive:
            assert scores["mse"] == pytest.approx(scores[naive], rel=1e-6)
        else:
            assert np.nanmax(np.abs(model.predict(table(100)))) < 1e-6
    # Where the ridge is weak it makes no difference.
    outputs = []
    for kept in (True, False):
        model = RECIPE.model(
            data, horizon=1, units=20, persistence_residual=kept, ridge=1e-9, seed=1
        )
        model.fit(data.train)
        outputs.append(model.predict(table(100)))
    np.testing.assert_allclose(*outputs, atol=1e-4)


@pytest.mark.slow
def test_a_short_series_has_a_forecast():
    rng = np.random.default_rng(1)
    litres = 400 + 3 * np.arange(36) + 20 * rng.normal(size=36)
    data = RECIPE.data(litres)
    model = RECIPE.model(data, horizon=4, units=20, seed=1)
    model.fit(data.train, validation_data=data.validation, verbose=0)
    result = model.infer(litres)
    forecast, lower, upper = (np.array(result[key]) for key in ("forecast", "lower", "upper"))
    assert len(forecast) == 4 and (lower < forecast).all() and (forecast < upper).all()
    assert (np.abs(forecast - 510) < 60).all()  # the trend ends there
    model = RECIPE.model(data, horizon=20, units=20)
    with pytest.raises(ValueError, match="at least two horizons.*horizon of at most 14"):
        model.fit(data.train, validation_data=data.validation, verbose=0)


@pytest.mark.slow
def test_a_season_that_grows_is_not_cut_off():
    steps = np.arange(108)
    noise = np.exp(np.random.default_rng(1).normal(0, 0.02, 108))
    values = 100 * np.exp(0.03 * steps) * (1 + 0.8 * np.sin(2 * np.pi * steps / 12)) * noise
    options = {"horizon": 12, "period": 12, "transform": "none", "units": 30, "seed": 1}
    found = RECIPE.train(RECIPE.data(values[:96]), **options, verbose=0).infer(values[:96])
    forecast = np.array(found["forecast"])
    # The next peak is higher than the last one by more than the series has ever spanned.
    assert np.mean(np.abs(forecast / values[96:] - 1)) < 0.035
    assert len(set(forecast)) == 12


@pytest.mark.slow
def test_the_search_is_about_the_cell(tmp_path):
    data = RECIPE.data(table(200))
    assert "spectral_radius" in RECIPE.describe_search()
    search = {"tuner": "random", "max_trials": 2, "epochs": 1, "seed": 1, "verbose": 0}
    for cell, option in (("esn", "spectral_radius"), ("gru", "learning_rate")):
        result = RECIPE.tune(
            data, directory=tmp_path / cell, options={"horizon": 2, "cell": cell}, **search
        )
        first, second = (row["options"][option] for row in result.table())
        assert first != second and result.best_options()["cell"] == cell
        assert result.best_model().infer(table(60))["forecast"]


def test_a_dataset_without_a_word_about_it():
    x = table(200)[:, None]
    pairs = tf.data.Dataset.from_tensors((x, x))
    data = RECIPE.data({"train": pairs, "validation": pairs, "test": pairs})
    model = RECIPE.model(data, horizon=3, units=20)
    model.fit(data.train, validation_data=data.validation)
    assert model.score(data.test)["mse"] < 0.1


def test_a_series_that_never_changes():
    with pytest.warns(UserWarning, match="never changes"):
        data = RECIPE.data(np.full(60, 7.0))
    with pytest.raises(ValueError, match="target '0' never changes in the training data"):
        RECIPE.model(data)


def test_a_series_that_hardly_changes():
    data = RECIPE.data(np.arange(60) % 7 * 1e-14)
    with pytest.raises(ValueError, match="'0' changes by 2e-14 only.*in a smaller unit"):
        RECIPE.model(data)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"leak_spread": 0.5}, "leak_spread must be at least 1.*leak_spread=0.5"),
        ({"leak_rate": 0.0}, "leak_rate above 0.*leak_rate=0.0"),
        ({"horizon": 0}, "horizon must be an integer of at least 1"),
        ({"unit": 3}, "Did you mean 'units'"),
        ({"cell": "lstn"}, "Did you mean 'lstm'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        RECIPE.model(RECIPE.data(table(100)), **options)
