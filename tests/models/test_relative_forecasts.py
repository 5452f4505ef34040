"""Forecasts relative to what was: at any level, and weighed beside the naive ones."""

import numpy as np
import pytest

import rnnkit
from rnnkit.features import Forecast, Series
from rnnkit.layers import AddNaive, RunningScale
from rnnkit.models import Forecaster
from rnnkit.models.forecast.naive import naive_forecasts

HORIZON, PERIOD = 5, 4


def seasons(steps=120, noise=0.5, seed=0):
    """A rising season of four steps."""
    rng = np.random.default_rng(seed)
    t = np.arange(steps)
    return 20 + 0.1 * t + np.array([0.0, 6.0, 2.0, -3.0])[t % 4] + noise * rng.normal(size=steps)


def build(data, **options):
    series = Series().adapt(data)
    ahead = Forecast(horizon=HORIZON, period=PERIOD).adapt(data)
    return Forecaster(series, ahead, "gru", 4, relative=True, seed=1, **options)


def test_features_by_hand():
    """Of the last step: 5, from 3 before it and 4 a season before; seasonal changes of 1 each, and
    a tenth of the mean distance from the running mean, which is 0 or 1 of these steps."""
    layer = RunningScale(1, [0], [2.0], [1.0], leads=3, period=2)
    x = np.array([1.0, 3.0, 2.0, 4.0, 3.0, 5.0]) / 2
    features, last, season, size = layer(x.reshape(1, 6, 1))
    middle = np.array([1, 2, 2.5, 3, 3.5, 4]) / 2
    scale = 0.5 + 0.1 * np.abs(x - middle).mean() + 1e-4
    expected = [1 / scale, 0.5 / scale, 0.5 / scale, 2.0]  # the level 2.5 is cut off
    np.testing.assert_allclose(features[0, -1], expected, rtol=1e-5)
    np.testing.assert_allclose(last[0, -1], [6, 6, 6], rtol=1e-6)  # twice 2.5, and 1
    np.testing.assert_allclose(season[0, -1], [4, 6, 4], rtol=1e-6)
    np.testing.assert_allclose(size[0, -1], 2 * scale, rtol=1e-5)
    assert not features[0, 0, :3].numpy().any()  # there is nothing yet


def test_levels_and_sizes_do_not_matter():
    layer = RunningScale(1, [0], [1.0], [0.0], leads=2, period=PERIOD)
    x = seasons(60).reshape(1, -1, 1)
    near, far = (layer(each)[0][..., :3] for each in (x, 10 * x + 500))
    np.testing.assert_allclose(far[0, 8:], near[0, 8:], rtol=2e-3, atol=2e-3)


def test_naive_forecasts_are_those_of_the_scores():
    data = seasons()
    model = build(data)
    layer = model.get_layer("running_scale")
    x = model.input_feature.encode(model.input_feature.to_tensor(data)).to_tensor()
    _, last, season, _ = layer(x)
    expected = naive_forecasts(model.input_feature, model.output_feature, x.numpy())
    np.testing.assert_allclose(last, expected["persistence"], atol=1e-5)
    known = np.isfinite(expected["seasonal"])
    np.testing.assert_allclose(season.numpy()[known], expected["seasonal"][known], atol=1e-5)


def test_untrained_it_is_between_the_naive_forecasts():
    data = seasons()
    outputs = build(data).predict(data)
    naive = naive_forecasts(
        *(getattr(build(data), f"{side}_feature") for side in ("input", "output")),
        build(data).input_feature.scale(data)[None, :, None],
    )
    middle = (naive["persistence"] + naive["seasonal"])[0, 8:] / 2
    np.testing.assert_allclose(outputs[8:], middle, atol=0.02)


@pytest.mark.slow
def test_after_training_each_counts_by_its_errors_on_validation_data(fresh, tmp_path):
    data = seasons()
    train, later = data[:90], data[70:]
    model = build(train, washout=8)
    assert model.get_layer("add_naive").shares.numpy()[:, 0].tolist() == [1, 0, 0]
    model.fit(train, epochs=1, verbose=0)  # no evidence beside what was learned from
    assert model.get_layer("add_naive").shares.numpy()[:, 0].tolist() == [1, 0, 0]
    model.fit(train, validation_data=(later, later), epochs=15, verbose=0)
    shares = model.get_layer("add_naive").shares.numpy()
    assert (
        shares.sum(axis=0) == pytest.approx(np.ones(HORIZON)) and np.ptp(shares, axis=1).max() == 0
    )
    # The weights again, from the scores of the same data.
    scores = model.score(later)
    layer = model.get_layer("add_naive")
    layer.shares.assign(np.repeat([[1.0], [0.0], [0.0]], HORIZON, axis=1))
    alone = model.score(later)["mae"]
    layer.shares.assign(shares)
    errors = np.array([alone, scores["persistence_mae"], scores["seasonal_mae"]])
    assert shares[:, 0] == pytest.approx(errors**-4.0 / (errors**-4.0).sum(), rel=1e-3)
    assert scores["mae"] < min(scores["persistence_mae"], scores["seasonal_mae"])
    # Errors, and with them intervals, are those of the mean.
    assert np.sqrt(np.mean(model.errors**2)) == pytest.approx(scores["mse"] ** 0.5, rel=1e-3)
    path = tmp_path / "m.keras"
    model.save(path)
    expected = model.infer(data)
    assert fresh.call("infer", path=str(path), x=data.tolist()) == expected
    np.testing.assert_array_equal(
        rnnkit.load_model(path).get_layer("add_naive").shares.numpy(), shares
    )


@pytest.mark.slow
def test_a_level_never_seen():
    """The same seasons at ten times the level: the error is what it was, not ten times."""
    data = seasons(noise=0.1)
    model = build(data[:100], washout=8)
    model.fit(data[:80], validation_data=(data[60:100], data[60:100]), epochs=10, verbose=0)
    near = np.abs(np.array(model.infer(data[:110])["forecast"]) - data[110:115]).mean()
    far = np.abs(np.array(model.infer(data[:110] + 300)["forecast"]) - data[110:115] - 300).mean()
    assert far < 2 * near + 0.5


def test_the_weights_of_members_are_not_trained():
    layer = AddNaive()
    layer.build([(None, None, 4)] * 4)
    assert [each.name for each in layer.trainable_variables] == ["season"]
