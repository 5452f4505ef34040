"""Forecasts that are distributions: how often intervals hold, counts, files, refusals."""

import functools
import json

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import stats

import recipes
import rnnkit
from rnnkit.cli.program import main
from rnnkit.features import Forecast, Series
from rnnkit.models import Forecaster
from rnnkit.models.forecast.distributions import quantile, quantile_graph
from tests.tiers import first, slow

MEAN, DISPERSION, STEPS, TRAIN = 4.0, 0.5, 1400, 700
LIKELIHOODS = ("normal", "student_t", "poisson", "negative_binomial")
TRUTH = {
    "normal": stats.norm(MEAN, 2.0),
    "student_t": stats.t(3.0, MEAN, 1.0),
    "poisson": stats.poisson(MEAN),
    "negative_binomial": stats.nbinom(1 / DISPERSION, 1 / (1 + DISPERSION * MEAN)),
}


def sampled(likelihood, steps=STEPS, seed=0):
    return TRUTH[likelihood].rvs(steps, random_state=seed).astype("float64")


def build(data, likelihood, relative=True, transform=None, **options):
    x = Series(transform=transform).adapt(data)
    y = Forecast(horizon=2, transform=transform).adapt(data)
    options = {"cell": "gru", "units": 2, "window": 80, "washout": 16, "seed": 1, **options}
    model = Forecaster(x, y, relative=relative, likelihood=likelihood, **options)
    model.compile(keras.optimizers.Adam(1e-2))
    return model


@pytest.fixture(scope="module")
def trained():
    """Function of a likelihood to a model that has learned from a series sampled from it."""

    @functools.cache
    def of(likelihood):
        data = sampled(likelihood)[:TRAIN]
        model = build(data, likelihood)
        model.fit(data, epochs=25, batch_size=4, verbose=0)
        return model

    return of


# === By known truth ===


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", first(LIKELIHOODS, ["negative_binomial"]))
def test_intervals_hold_as_often_as_they_say(trained, likelihood):
    """What comes is sampled, so it is known how often each interval holds, and which quantiles are
    right."""
    model, truth, data = trained(likelihood), TRUTH[likelihood], sampled(likelihood)
    report = model.backtest(data, start=TRAIN, origins=300, verbose=0)
    scores = report.scores["model"]
    below = report.lower - 1 if model.counts else report.lower
    expected = (truth.cdf(report.upper) - truth.cdf(below)).mean()
    assert scores["coverage"] == pytest.approx(expected, abs=0.05)
    assert 0.77 < expected < (0.93 if model.counts else 0.85)
    assert scores["coverage"] == pytest.approx(model.score(data[TRAIN:])["coverage"], abs=0.05)
    tails = (0.1, 0.9)
    for each, ends in zip(tails, (report.lower, report.upper), strict=True):
        assert ends.mean() == pytest.approx(truth.ppf(each), abs=0.8)
    assert report.forecast.mean() == pytest.approx(truth.mean(), abs=0.5)
    pairs = truth.rvs((2, 20_000), random_state=2)
    best = np.abs(report.truth[..., None] - pairs[0][:2000]).mean()  # of the truth itself
    best -= 0.5 * np.abs(pairs[0] - pairs[1]).mean()
    assert scores["crps"] == pytest.approx(best, rel=0.08 if model.counts else 0.2)
    rows = report.calibration()
    assert [row["level"] for row in rows] == sorted(row["level"] for row in rows)
    assert all(row["coverage"] > row["level"] - 0.06 for row in rows)


@pytest.mark.parametrize("likelihood", [slow("poisson"), "negative_binomial"])
def test_counts_are_whole_and_never_below_0(trained, likelihood):
    model, data = trained(likelihood), sampled(likelihood, 200, seed=5)
    result = model.infer(data, quantiles=[0.001, 0.5, 0.999])
    ends = [result["lower"], result["upper"], *result["quantiles"].values()]
    assert all(each == int(each) >= 0 for part in ends for each in part)
    assert result["quantiles"][0.001][0] < result["quantiles"][0.5][0] < result["upper"][0]
    numbers = model.distributions([data])[0, -1:]
    np.testing.assert_allclose(result["forecast"], numbers[0, :2], rtol=1e-6)  # the mean
    size = [] if likelihood == "poisson" else [numbers[0, 2:]]
    np.testing.assert_array_equal(
        result["upper"], quantile(likelihood, [numbers[0, :2], *size], 0.9)
    )
    outputs = model.predict(data)
    feature = model.output_feature
    assert outputs.shape == (200, 2)
    np.testing.assert_allclose(feature.unscale(outputs[-1:].reshape(1, 2, 1)).ravel(),
                               result["forecast"], rtol=1e-5)  # fmt: skip
    streamed = model.predict(tf.data.Dataset.from_tensors(data[:, None]))
    np.testing.assert_allclose(streamed[0], outputs, atol=1e-5)
    found = model.anomalies(np.where(np.arange(200) == 150, 60.0, data), level=0.999)
    assert 150 in [row["step"] for row in found.rows] and found.lower.min() >= 0
    assert len(found.rows) < 5


@pytest.mark.slow
def test_series_of_all_sizes_share_a_network():
    """The mean is a multiple of the level, whatever that is."""
    rng = np.random.default_rng(0)
    rates = (0.2, 4.0, 3000.0)
    data = [rng.poisson(rate, 300).astype("float64") for rate in rates]
    model = build(data, "poisson")
    model.fit(data, epochs=6, batch_size=4, verbose=0)
    for rate, result in zip(rates, model.infer(data), strict=True):
        assert np.mean(result["forecast"]) == pytest.approx(rate, rel=0.75 if rate < 1 else 0.4)
        assert result["upper"][0] >= result["lower"][0] >= 0


@pytest.mark.slow
def test_quantiles_in_a_graph_are_scipys():
    rng = np.random.default_rng(0)
    mean, second = np.exp(rng.uniform(-6, 12, 200)), np.exp(rng.uniform(-6.9, 2, 200))
    parameters = {"normal": 2, "student_t": 3, "poisson": 1, "negative_binomial": 2}
    for likelihood, count in parameters.items():
        given = [mean, second, 2 + second][:count]
        for probability in (0.001, 0.1, 0.5, 0.9, 0.999):
            found = tf.function(quantile_graph)(likelihood, list(map(tf.constant, given)),
                                                probability)  # fmt: skip
            expected = quantile(likelihood, given, probability)
            np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


# === In files and elsewhere ===


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", first(LIKELIHOODS, ["negative_binomial"]))
def test_saved_and_served(trained, likelihood, fresh, tmp_path):
    model, data = trained(likelihood), sampled(likelihood, 100, seed=4)
    model.save(tmp_path / "m.keras")
    expected = model.infer(data)
    found = fresh.call("infer", path=str(tmp_path / "m.keras"), x=data.tolist())
    for name in ("forecast", "lower", "upper"):  # as graphs of two processes round differently
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4)
    loaded = rnnkit.load_model(tmp_path / "m.keras")
    assert loaded.likelihood == likelihood and loaded.loss.likelihood == likelihood
    assert loaded.evaluate(data, verbose=0)[0] == pytest.approx(model.evaluate(data, verbose=0)[0])
    loaded.fine_tune(data, verbose=0)
    feature = model.input_feature
    codes = feature.encode(feature.to_tensor([data])).to_tensor(np.nan)
    served = tf.function(model.serve, autograph=False)(codes)
    for name, each in served.items():
        np.testing.assert_allclose(each[0, :, 0], expected[name], rtol=1e-4)
    with pytest.raises(ValueError, match="onnx.*parameters of distributions"):
        model.export(str(tmp_path / "m.onnx"), format="onnx")


@pytest.mark.slow
def test_with_logarithms_it_is_log_normal():
    data = np.exp(sampled("normal", 400) / 4)
    model = build(data, "normal", transform="log")
    model.fit(data, epochs=2, verbose=0)
    plain = build(np.log(data), "normal")
    plain.set_weights(model.get_weights())
    found = model.infer(data, quantiles=[0.05])
    expected = plain.infer(np.log(data), quantiles=[0.05])
    for name in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(found[name], np.exp(expected[name]), rtol=1e-3)
    np.testing.assert_allclose(found["quantiles"][0.05], np.exp(expected["quantiles"][0.05]),
                               rtol=1e-3)  # fmt: skip
    assert 0 < model.score(data)["coverage"] <= 1


@pytest.mark.slow
@pytest.mark.parametrize("likelihood", ["normal", "negative_binomial"])
@pytest.mark.parametrize(
    ("relative", "residual"), [slow(True, True), slow(False, True), (False, False)]
)
def test_every_way_to_start_from(relative, residual, likelihood):
    data = sampled("poisson", 120)
    two = np.stack([data, data[::-1]], axis=1)
    x, y = Series(["a", "b"]).adapt(two), Forecast(["b", "a"], horizon=2).adapt(two[:, ::-1])
    model = Forecaster(
        x, y, "gru", 2, washout=4, relative=relative, persistence_residual=residual,
        likelihood=likelihood, seed=1,
    )  # fmt: skip
    model.fit(two, validation_data=(two, two[:, ::-1]), verbose=0)
    result = model.infer(two)
    assert [*result["forecast"][0]] == ["b", "a"]
    mean = np.array([[lead["b"], lead["a"]] for lead in result["forecast"]])
    assert np.isfinite(mean).all() and (likelihood == "normal" or (mean > 0).all())
    assert model.score(two)["coverage"] > 0.3


# === Refused ===


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-2.0, "whole numbers of at least 0. Received: -2 at series 0, row 17, column '0' .1 such"),
        (2.5, "Received: 2.5 at series 0, row 17.*likelihood='normal'"),
    ],
)
def test_what_is_no_count(value, message):
    data = sampled("poisson", 100)
    data[17] = value
    model = build(data, "poisson")
    with pytest.raises(ValueError, match=message):
        model.fit(data, verbose=0)
    with pytest.raises(ValueError, match=message):
        model.fit(sampled("poisson", 100), validation_data=(data, data), verbose=0)
    encoded = model.encode(*(each.to_tensor(data) for each in (model.input_feature,
                                                               model.output_feature)))  # fmt: skip
    with pytest.raises(tf.errors.InvalidArgumentError, match="is of counts"):
        model._guard(encoded)
    fine = sampled("poisson", 100) * 1000
    model = build(fine, "poisson")
    model._guard(model.encode(model.input_feature.to_tensor(fine),
                              model.output_feature.to_tensor(fine)))  # fmt: skip


def test_bad_options():
    data = sampled("poisson", 100)
    with pytest.raises(ValueError, match="likelihood must be one of.*'gamma'"):
        build(data, "gamma")
    with pytest.raises(ValueError, match="likelihood needs one network.*ensemble=2"):
        build(data, "poisson", ensemble=2)
    with pytest.raises(ValueError, match="takes them as they are.*transform='log1p'"):
        build(data, "poisson", transform="log1p")
    with pytest.raises(ValueError, match="whose output is a Forecast.*Series"):
        series = Series().adapt(data)
        Forecaster(series, series, likelihood="normal")
    with pytest.raises(ValueError, match="loss must be left out.*loss='mse'"):
        build(data, "poisson").compile(loss="mse")


# === The recipe ===


@pytest.mark.slow
def test_the_option_of_the_recipe(tmp_path, capsys, recwarn):
    recipe = recipes.get("forecasting")
    option = recipe.describe_options()["likelihood"]
    assert option.allowed == (*LIKELIHOODS, None) and option.default is None
    frame = pd.DataFrame({"sales": sampled("poisson", 160)})
    data = recipe.data(frame, target="sales")
    with pytest.raises(ValueError, match="'likelihood'.*is of cells other than 'esn'"):
        recipe.model(data, likelihood="poisson")
    model = recipe.model(data, cell="gru", likelihood="poisson", horizon=3)
    assert model.output_feature.minimum is None  # forecasts of counts are never below 0
    assert not [each for each in recwarn if "whole numbers" in str(each.message)]
    frame.to_csv(tmp_path / "s.csv", index=False)
    path = str(tmp_path / "m.keras")
    settings = ["cell=gru", "horizon=3", "units=3", "likelihood=negative_binomial"]
    call = ["train", "forecasting", "--data", str(tmp_path / "s.csv"), "--out", path, "--seed", "1"]
    call += ["--epochs", "2"]
    assert main([*call, *(part for each in settings for part in ("--set", each))]) == 0
    capsys.readouterr()
    assert main(["infer", path, str(tmp_path / "s.csv")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert all(each == int(each) >= 0 for each in [*result["lower"], *result["upper"]])
