"""Forecasts that start from the present: known values, intervals, files, refusals."""

import numpy as np
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.features import Forecast, Series
from rnnkit.models import EchoStateForecaster, EchoStateNetwork
from rnnkit.models.forecast.intervals import following, half_widths
from rnnkit.models.forecast.rows import spread
from rnnkit.models.forecast.smoothing import seasonal, smoothers
from tests.tiers import slow

HORIZON = 6
STEPS = np.arange(400)
SEASON = 5 * np.sin(2 * np.pi * STEPS / 12)
SINE = 10 + SEASON + np.random.default_rng(0).normal(size=400)


def build(series, horizon=HORIZON, period=None, names=("a",), targets=None, **options):
    targets = list(names) if targets is None else targets
    columns = np.reshape(series, (len(series), -1))
    x = Series(list(names)).adapt(columns)
    y = Forecast(targets, horizon=horizon, period=period)
    y.adapt(columns[:, [list(names).index(name) for name in targets]])
    return EchoStateForecaster(x, y, **{"units": 20, "seed": 1, **options})


def autoregressive(rows, seed):
    """An AR(1) process of .8, in units of its standard deviation, `[rows]`."""
    noise = np.random.default_rng(seed).normal(size=rows + 100)
    values = np.zeros(rows + 100)
    for step in range(1, rows + 100):
        values[step] = 0.8 * values[step - 1] + noise[step]
    return values[100:] * 0.6


def squared_error(model, series, start):
    """Of all forecasts from a step on, in the unit of the series."""
    outputs = model.output_feature.unscale(model.predict(series)[start:-HORIZON, :, None])[..., 0]
    truth = np.stack([series[start + lead : len(series) - HORIZON + lead]
                      for lead in range(1, HORIZON + 1)], axis=1)  # fmt: skip
    return np.mean(np.square(outputs - truth))


@pytest.fixture(scope="module")
def fitted():
    model = build(SINE[:320], period=12)
    model.fit(SINE[:320], verbose=0)
    return model


# === Forecasts ===


@pytest.mark.slow
def test_a_season_in_noise_whatever_the_history(fitted):
    exact = fitted.infer(SINE)
    for rows in (48, 49, 100, 250):  # four seasons are the window
        found = fitted.infer(SINE[-rows:])
        assert found["forecast"] == pytest.approx(exact["forecast"], rel=1e-6)
        if rows > 48 + 5 * HORIZON:  # intervals follow the errors of the last five horizons
            assert found["lower"] == pytest.approx(exact["lower"], rel=1e-6)
    truth = 10 + 5 * np.sin(2 * np.pi * np.arange(400, 400 + HORIZON) / 12)
    for rows in (14, 24, 36, 400):  # shorter ones are continued backwards by their first season
        forecast = np.array(fitted.infer(SINE[-rows:])["forecast"])
        assert np.mean(np.square(forecast - truth)) / SINE.var() < 0.03
    # Levels that training did not see.
    higher = np.array(fitted.infer(SINE + 50)["forecast"])
    assert np.mean(np.square(higher - 50 - truth)) / SINE.var() < 0.1


@pytest.mark.slow
def test_predictions_are_those_of_each_step(fitted):
    outputs = fitted.predict(SINE)
    assert outputs.shape == (400, HORIZON)
    unscale = fitted.output_feature.unscale
    for end in (60, 300, 400):
        last = unscale(outputs[end - 1][:, None])[:, 0]
        np.testing.assert_allclose(fitted.infer(SINE[:end])["forecast"], last, rtol=1e-4)
    several = fitted.predict([SINE[:100], SINE[:60]])
    np.testing.assert_allclose(several[1, :60], outputs[:60], atol=1e-5)
    assert np.isnan(several[1, 60:]).all()
    scores = fitted.score(SINE)
    assert scores["mse"] < 0.7 * scores["seasonal_mse"] and scores["skill"] > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("kind", [EchoStateForecaster, EchoStateNetwork])
@pytest.mark.parametrize("rows, most", [(120, 1.0), slow(400, 0.9), (1600, 0.8)])
def test_an_autoregressive_process(kind, rows, most):
    series = autoregressive(rows + 3000, seed=3)
    x = Series().adapt(series[:rows])
    y = Forecast(horizon=HORIZON).adapt(series[:rows])
    model = kind(x, y, seed=1)
    model.fit(series[:rows], verbose=0)
    # The best possible is the mean of 1 - .8^(2 lead): .724.
    assert 0.6 < squared_error(model, series, rows) < most


@pytest.mark.slow
def test_logarithms_where_a_season_grows_with_its_level():
    steps = np.arange(144)
    series = np.exp(5 + 0.01 * steps + 0.3 * np.sin(2 * np.pi * steps / 12))
    errors = {}
    for transform in ("auto", "none"):
        model = build(series[:120], 12, 12, transform=transform)
        model.fit(series[:120], verbose=0)
        forecast = np.array(model.infer(series[:120])["forecast"])
        errors[transform] = np.mean(np.abs(forecast / series[120:132] - 1))
    assert errors["auto"] < 0.02 and errors["auto"] < errors["none"]


@pytest.mark.slow
def test_a_random_walk_is_left_where_it_is():
    gaps = []
    for seed in range(3):
        walk = np.random.default_rng(seed).normal(size=600).cumsum()
        model = build(walk[:300], units=10)
        model.fit(walk[:300], verbose=0)
        scores = model.score(walk[280:])
        gaps.append(scores["mae"] / scores["persistence_mae"])
    assert np.mean(gaps) < 1.1


@pytest.mark.slow
def test_several_columns_and_targets():
    rng = np.random.default_rng(2)
    driver = autoregressive(700, 5)
    follower = np.r_[rng.normal(size=3), driver[:-3]] + 0.1 * rng.normal(size=700)
    both = np.stack([driver, follower], axis=1)
    model = build(both[:600], 3, names=("driver", "follower"), targets=["follower"])
    model.fit(both[:600], both[:600, 1:], verbose=0)
    scores = model.score(both[550:], both[550:, 1:])
    assert scores["mse"] < 0.1 < scores["persistence_mse"]  # the driver tells it
    model = build(both[:600], 3, names=("driver", "follower"))
    model.fit(both[:600], verbose=0)
    result = model.infer(both)
    assert [list(lead) for lead in result["forecast"]] == [["driver", "follower"]] * 3
    outputs = model.predict(both[550:])[20:-3].reshape(-1, 3, 2)
    truth = model.output_feature.scale(np.stack([both[570 + lead : 697 + lead] for lead in
                                                 range(1, 4)], axis=1))  # fmt: skip
    assert np.mean(np.square(outputs - truth)[:, :, 1]) < 0.1


@pytest.mark.slow
def test_all_data_are_learned_from():
    # Validation data that goes on from training is data like that: equal to one series.
    whole, parts = build(SINE[:320], period=12), build(SINE[:320], period=12)
    whole.fit(SINE[:320], verbose=0)
    targets = SINE[200:320, None].copy()
    targets[:60] = np.nan
    parts.fit(
        SINE[:260, None], SINE[:260, None],
        validation_data=(SINE[None, 200:320, None], targets[None]), verbose=0,
    )  # fmt: skip
    np.testing.assert_allclose(whole.predict(SINE), parts.predict(SINE), atol=1e-5)
    assert whole.history.history.keys() == {"loss", "val_loss"}
    apart = build(SINE[:320], period=12)
    apart.fit(SINE[:260], validation_data=SINE[270:320], verbose=0)
    assert apart.score(SINE[320:])["skill"] > 0


# === Intervals ===


@pytest.mark.slow
def test_intervals_hold_as_often_as_said():
    series = autoregressive(4000, seed=7)
    model = build(series[:800], units=20)
    model.fit(series[:800], verbose=0)
    assert 0.75 < model.score(series[800:])["coverage"] < 0.85


@pytest.mark.parametrize("count, most", [(40_000, 20_000), (3_000, 300), (290_000, 20_000)])
def test_some_rows_are_of_all_phases(count, most):
    """Every second hour of a day, as a stride takes, would never forecast from the others."""
    chosen = spread(count, most)
    assert 0.95 * most <= len(chosen) <= most and np.diff(chosen).max() <= 4 * count / most
    assert np.array_equal(spread(5, 9), np.arange(5))
    for period in (2, 7, 12, 24, 48):
        phases = np.bincount(chosen % period, minlength=period)
        assert phases.min() > 0.5 * len(chosen) / period


def test_half_widths_that_follow_by_hand():
    """Errors of exactly twice those of late; then errors that have nothing to do with these."""
    late, groups = np.linspace(1.0, 3.0, 100), np.arange(100) % 2
    scaled, least = following(2 * late[:, None], late, 0.8, 1e9, groups)
    assert least == 0.0 and scaled[0] == pytest.approx(2.0)
    errors = np.tile([1.0, 2.0], 50)[:, None]
    scaled, least = following(errors, late, 0.8, 1e9, np.arange(100) // 50)
    assert least == pytest.approx(2.0) and scaled[0] * 3.0 > 2.0


def test_intervals_become_wider_where_a_series_becomes_wilder():
    rng = np.random.default_rng(5)
    series = np.concatenate([rng.normal(size=400), 3 * rng.normal(size=600)])
    model = build(series[:400])
    model.fit(series[:400], verbose=0)
    outputs, margins = model.with_margins(series)
    truth = np.stack(
        [series[499 + lead : 999 - HORIZON + lead] for lead in range(1, HORIZON + 1)], 1
    )
    feature = model.output_feature
    middle = feature.unscale(outputs[0, 499 : -HORIZON - 1, :, None])[..., 0]
    width = margins[0, 499 : -HORIZON - 1] * feature.deviation[0]
    held = np.mean(np.abs(truth - middle) <= width)
    assert 0.72 < held < 0.88  # with the width of the training data it would be .33


def test_half_widths_by_hand():
    forecasts, groups = np.zeros((10, 1)), np.zeros(10, int)
    truth = np.arange(-5.0, 5.0)[:, None]  # absolute errors 0, 1, 1, 2, 2, 3, 3, 4, 4, 5
    constant, fraction, scaled = half_widths(forecasts, truth, 0.8, 1e9, groups)
    assert (constant[0], fraction[0]) == (4.0, 0.0)  # 8 of 10 are at most 4, 7 at most 3
    assert scaled[0] == 0.0
    # Later groups weigh more: of the weights 1 and 2 the first fold has a third.
    groups = np.arange(10) // 5
    constant, *_ = half_widths(forecasts, truth, 0.8, 1e9, groups)
    assert constant[0] == 3.0 + 0.0 or constant[0] == 4.0
    # Errors in proportion to the level.
    forecasts = np.geomspace(1, 1000, 200)[:, None]
    truth = forecasts * (1 + 0.1 * np.random.default_rng(0).uniform(-1, 1, (200, 1)))
    constant, fraction, _ = half_widths(forecasts, truth, 0.8, 200.0, np.arange(200) % 2)
    assert constant[0] == 0 and 0.07 < fraction[0] < 0.09


def test_smoothing_by_hand():
    np.testing.assert_array_equal(
        np.arange(8) @ seasonal(8, 5, 4), [4, 5, 6, 7, 4]
    )  # the season before, twice
    found = dict(smoothers(12, 4, 4))
    for weights in found.values():
        np.testing.assert_allclose(weights.sum(axis=0), 1)
    trend = 3.0 * np.arange(12)
    last = found[("smoothing", 0, 1.0, 1.0)]
    np.testing.assert_allclose(trend @ last, [36, 39, 42, 45])
    season = np.tile([1.0, 5.0, 2.0, 0.0], 3)
    for rate in (1.0, 0.1):
        weights = found[("seasonal smoothing", 2, rate, 0.0)]
        np.testing.assert_allclose(season @ weights, season[:4], atol=1e-12)
        np.testing.assert_allclose((season + 7) @ weights, season[:4] + 7)


# === Files ===


@pytest.mark.slow
def test_a_saved_model_is_equal_in_a_fresh_process(fitted, fresh, tmp_path):
    path = str(tmp_path / "m.keras")
    fitted.save(path)
    assert fresh.call("infer", path=path, x=SINE.tolist()) == fitted.infer(SINE)
    again = rnnkit.load_model(path)
    assert again.fitted and again.interval == fitted.interval
    assert again.score(SINE) == fitted.score(SINE)


@pytest.mark.slow
def test_export_gives_forecasts_of_raw_series(fitted, tmp_path):
    fitted.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    found = served.serve(tf.constant(SINE[None, :, None]))["forecast"]
    assert found.shape == (1, HORIZON, 1)
    np.testing.assert_allclose(found[0, :, 0], fitted.infer(SINE)["forecast"], rtol=1e-4)


# === Bad input ===


def test_an_unfitted_model_refuses():
    for call in ("infer", "predict", "score"):
        with pytest.raises(ValueError, match="call fit first"):
            getattr(build(SINE), call)(SINE)
    x, y = Series().adapt(SINE), Forecast(horizon=2).adapt(SINE)
    with pytest.raises(ValueError, match="infer needs a model that has learned: call fit first"):
        EchoStateNetwork(x, y, units=5).infer(SINE)


def test_what_cannot_be_forecast():
    with pytest.raises(ValueError, match="target 'a' never changes"):
        build(SINE).fit(np.full(100, 3.0), verbose=0)
    with pytest.raises(ValueError, match="two horizons.*Received: 11 values.*at most 5"):
        build(SINE).fit(SINE[:11], verbose=0)
    gaps = Series(missing=True).adapt([1.0, 2.0])
    with pytest.raises(ValueError, match="series without gaps.*missing=True.*Or use Forecaster"):
        EchoStateForecaster(gaps, Forecast(horizon=2).adapt([1.0, 2.0]))
    with pytest.raises(ValueError, match="must be among the inputs"):
        EchoStateForecaster(Series(["a", "b"]).adapt(np.stack([SINE, SINE], 1)),
                            Forecast(["c"]).adapt(SINE))  # fmt: skip
    with pytest.raises(
        ValueError,
        match="class_weight needs a Label, Tags or tokens as target.* for a target of Forecast",
    ):
        build(SINE).fit(SINE, class_weight={0: 1.0})
    with pytest.raises(ValueError, match="call fit with the old and the new"):
        build(SINE).fine_tune(SINE)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"lags": 1}, "lags must be None or an integer of at least 2"),
        ({"transform": "box"}, "transform must be one of"),
        ({"interval": 1.0}, "interval must be between 0 and 1"),
        ({"units": 0}, "units must be an integer"),
        ({"ridge": -1.0}, "ridge must be a finite number"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(SINE, **options)


@pytest.mark.slow
def test_evaluate_is_over_targets_that_are_known():
    recipe = recipes.get("forecasting")
    data = recipe.data(np.sin(np.arange(100) / 3))
    model = recipe.model(data, horizon=3, units=8, seed=1)
    model.fit(data.train, verbose=0)
    loss, error = model.evaluate(data.validation)
    truth = model.prepare(data.validation).tensors[1].to_tensor().numpy()
    residuals = model.predict(data.validation) - truth
    assert loss == pytest.approx(np.nanmean(np.square(residuals)))
    assert error == pytest.approx(np.nanmean(np.abs(residuals)))
    with pytest.raises(ValueError, match="no target is known"):
        model.evaluate(np.zeros((1, 10, 1)), np.full((1, 10, 1), np.nan))
