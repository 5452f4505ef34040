"""Many series, one forecaster: of all sizes alike, each by what it did of late."""

import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.features import Forecast, Series
from rnnkit.layers.own_readouts import MEMORY
from rnnkit.models import EchoStateForecaster
from rnnkit.models.forecast import running, views
from rnnkit.models.forecast.panel import less_of_the_largest

HORIZON, SEASON = 6, 12


def seasonal(number, rows=240):
    rng = np.random.default_rng(number)
    steps = np.arange(rows)
    pattern = rng.normal(size=SEASON)
    return (pattern[steps % SEASON] + 0.1 * rng.normal(size=rows))[:, None]


def walk(number, rows=240):
    return np.random.default_rng(100 + number).normal(size=(rows, 1)).cumsum(axis=0)


@pytest.fixture(scope="module")
def panel():
    """Ten series with a season and ten without, of sizes from .01 to 1,000."""
    sizes = 10.0 ** np.linspace(-2, 3, 10)
    return [size * kind(number) for kind in (seasonal, walk) for number, size in enumerate(sizes)]


@pytest.fixture(scope="module")
def model(panel):
    before = [each[:-HORIZON] for each in panel]
    x = Series(["a"]).adapt(before)
    y = Forecast(["a"], horizon=HORIZON, period=SEASON).adapt(before)
    result = EchoStateForecaster(x, y, units=10, seed=1)
    result.fit(before, verbose=0)
    return result


@pytest.mark.slow
def test_near_the_best_of_each_kind(panel, model):
    """The season alone errs by .1 in the one kind, the last value as little as can be in the
    other; no fixed weights do well in both."""
    found = model.infer([each[:-HORIZON] for each in panel])
    errors = []
    for each, result in zip(panel, found, strict=True):
        past, came = each[:-HORIZON, 0], each[-HORIZON:, 0]
        naive = min(
            np.abs(came - past[-1]).mean(), np.abs(came - past[-SEASON : HORIZON - SEASON]).mean()
        )
        errors.append(np.abs(came - result["forecast"]).mean() / naive)
    assert np.mean(errors[:10]) < 1.0  # below .14, what a season before gives
    assert np.mean(errors[10:]) < 1.3


@pytest.mark.slow
def test_size_and_level_do_not_matter(panel, model):
    past = panel[3][:-HORIZON]
    found, other = model.infer([past, 1000 * past + 5])
    for key in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(other[key], 1000 * np.array(found[key]) + 5, rtol=1e-2, atol=0.5)


def test_intervals_follow_each_series(panel, model):
    found = model.infer([each[:-HORIZON] for each in panel])
    widths = np.array([np.mean(np.subtract(each["upper"], each["lower"])) for each in found])
    sizes = np.tile(10.0 ** np.linspace(-2, 3, 10), 2)
    ratios = widths / sizes
    assert ratios[:10].max() < 0.7 and 0.2 < ratios[:10].min()  # noise of .1: 2 * 1.28 * .1 = .26
    assert ratios[10:].min() > 2.0  # a walk: 2 * 1.28 * sqrt(3.5) = 4.8
    inside = model.score(panel)["coverage"]
    assert 0.7 < inside < 0.9


def test_the_last_step_alone_and_all_steps(panel, model):
    found = model.infer(panel[:2])
    every = model.predict(panel[:2])
    unscaled = model.output_feature.unscale(every[:, -1].reshape(2, HORIZON, 1))[..., 0]
    np.testing.assert_allclose([each["forecast"] for each in found], unscaled, rtol=1e-3, atol=1e-4)


def test_what_lies_before_the_memory_does_not_matter(model):
    long = seasonal(1, MEMORY + int(model.mixture.back[-1]))
    longer = np.concatenate([long[:50] + 7, long])
    found, again = (model.infer([each])[0] for each in (long, longer))
    np.testing.assert_allclose(again["forecast"], found["forecast"], rtol=1e-4)
    later = np.concatenate([long[:50], long[50:100] + 7, long[100:]])
    other = model.infer([later])[0]
    assert np.abs(np.subtract(other["forecast"], found["forecast"])).max() > 1e-3


@pytest.mark.slow
def test_saved_and_served(panel, model, tmp_path):
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    past = [each[-150:] for each in panel[:3]]
    found = model.infer(past)
    # A layer differs by a step of single precision with shapes that its function has met before.
    step = np.finfo("float32").eps * model.output_feature.deviation[0]
    for first, second in zip(found, again.infer(past), strict=True):
        for key in ("forecast", "lower", "upper"):
            np.testing.assert_allclose(second[key], first[key], atol=step, rtol=1e-6)
    again.export(tmp_path / "served", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "served"))
    served = loaded.serve(tf.constant(np.array(past)))
    for key in ("forecast", "lower", "upper"):
        expected = np.array([each[key] for each in found])
        np.testing.assert_allclose(served[key][..., 0], expected, rtol=1e-3, atol=1e-4)


def test_few_windows_do_not_rule():
    change = np.ones((100, 2))
    change[::2, 1] = np.nan
    change[:4] = 50.0
    weights = less_of_the_largest(change)
    np.testing.assert_allclose(weights[:4], 1 / 2500)
    np.testing.assert_array_equal(weights[4:], 1.0)


def test_too_short_to_compare_is_naive():
    series = [size * np.arange(1.0, 14.0)[:, None] ** 0.5 for size in (1.0, 100.0)]
    x, y = Series(["a"]).adapt(series), Forecast(["a"], horizon=6).adapt(series)
    short = EchoStateForecaster(x, y, units=5, seed=1)
    short.fit(series, verbose=0)
    for each, result in zip(series, short.infer(series), strict=True):
        assert np.isfinite(result["forecast"]).all()
        assert np.abs(np.array(result["forecast"]) - each[-1, 0]).max() < each[-1, 0]


def test_a_series_that_single_precision_loses_beside_others():
    series = [1e7 * walk(0), 0.1 * walk(1)]
    x, y = Series(["a"]).adapt(series), Forecast(["a"], horizon=6).adapt(series)
    with pytest.raises(ValueError, match="series number 1.*single precision"):
        EchoStateForecaster(x, y, units=5, seed=1).fit(series, verbose=0)


@pytest.mark.slow
def test_many_series_are_computed_alike(panel, monkeypatch):
    some = [each[:60] for each in panel[2:5]]
    found = []
    for many in (100, 2):
        for module in (views, running):
            monkeypatch.setattr(module, "MANY", many)
        x, y = Series(["a"]).adapt(some), Forecast(["a"], horizon=3, period=4).adapt(some)
        model = EchoStateForecaster(x, y, units=5, seed=1)
        model.fit(some, verbose=0)
        of_all = [each["forecast"] for each in model.infer([*some, panel[5][:57]])]
        found.append((model.predict(some), of_all))
    for one_by_one, together in zip(*found, strict=True):
        np.testing.assert_allclose(together, one_by_one, rtol=1e-4, atol=1e-5)


def test_a_series_of_zeros_leaves_the_intervals_of_others_alone():
    """Its errors are rounding errors, over changes of nothing."""
    noise = 0.3 * np.random.default_rng(0).normal(size=63)
    every = [(np.arange(63) % 7 + 1 + noise)[:, None], np.zeros((63, 1))]
    x = Series(["a"]).adapt(every)
    y = Forecast(["a"], horizon=7, period=7).adapt(every)
    model = EchoStateForecaster(x, y, units=5, seed=1)
    model.fit(every, verbose=0)
    alive, still = (
        np.mean(np.subtract(each["upper"], each["lower"])) for each in model.infer(every)
    )
    assert 0.5 < alive < 2.0  # 80 % of the noise lie within .77
    assert still < 1e-6
