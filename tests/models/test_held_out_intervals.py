"""Intervals of gradient cells from validation errors: by hand, how often they hold, in files."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import rnnkit
from rnnkit.features import Forecast, Series
from rnnkit.models import Forecaster
from rnnkit.models.forecast import intervals
from rnnkit.models.forecast.held_out import beside, intervals_of, leads_beside

PERIOD, TRAIN, LATER, STEPS = 4, 300, 900, 2400
NAMES = ("forecast", "lower", "upper")


def loud(steps=STEPS, seed=0):
    """A season whose noise is eight times as large in one half of each 400 steps as in the other,
    and how large it is."""
    rng, t = np.random.default_rng(seed), np.arange(steps)
    size = np.where(t % 400 < 200, 0.25, 2.0)
    return np.array([0.0, 1.5, 0.5, -0.8])[t % PERIOD] + size * rng.normal(size=steps), size


def build(series, relative=True, **options):
    x = Series().adapt(series)
    y = Forecast(horizon=2, period=PERIOD).adapt(series)
    options = {"cell": "gru", "units": 2, "window": 60, "washout": 16, "seed": 1, **options}
    return Forecaster(x, y, relative=relative, **options)


@pytest.fixture(scope="module")
def trained():
    """A model, and the series, of which it saw the first 1,200 steps."""
    series, _ = loud()
    model = build(series[:TRAIN])
    later = series[TRAIN - 16 : TRAIN + LATER]
    model.fit(series[:TRAIN], validation_data=(later, later), epochs=2, verbose=0)
    return model, series


# === By hand ===


def of_errors(errors, level=0.8, scale=None, series=1, **options):
    """What is kept of errors `[rows, horizon]` of forecasts of 0."""
    errors = np.asarray(errors, "float64")
    feature = Forecast(horizon=errors.shape[1], normalize=False, **options)
    return intervals_of(feature, np.zeros_like(errors), errors, scale, level, series)


def test_the_quantile_of_few_errors_is_cautious():
    """Of 20 errors that overlap in pairs, 10 do not: the rank rises from 16 to 20 * .808, so 17."""
    errors = np.random.default_rng(0).permutation(np.arange(1.0, 21.0))
    found = of_errors(np.stack([errors, -2 * errors], axis=1))
    assert found["constant"].tolist() == [17.0, 34.0]
    assert found["fraction"].tolist() == found["scaled"].tolist() == [0.0, 0.0]
    assert found["multiples"].shape == (len(intervals.LEVELS), 2)
    assert found["multiples"][intervals.LEVELS.index(0.3)] == pytest.approx(7 / 17)
    # As many series as errors: all tell alike, the rank is 20 * .804, so 17 again; of one lead 17.
    assert of_errors(errors[:, None], series=20)["constant"].tolist() == [17.0]


def test_too_few_errors_keep_what_stands():
    """No quantile of 3 errors holds 4 times in 5: of 4 errors the largest does."""
    assert of_errors([[1.0], [3.0], [2.0]])["constant"].tolist() == [0.0]
    assert of_errors([[1.0], [3.0], [2.0], [4.0]])["constant"].tolist() == [4.0]
    assert of_errors([[1.0], [3.0], [2.0], [4.0]], level=0.9)["constant"].tolist() == [0.0]
    none = of_errors(np.full((5, 2), np.nan))
    assert not none["constant"].any() and np.isfinite(none["multiples"]).all()


def test_leads_with_few_errors_look_beside():
    assert leads_beside(np.array([20, 20, 20])) == 0
    assert leads_beside(np.array([20, 5, 20])) == 1
    assert leads_beside(np.array([1] * 12)) == 11
    rows = np.array([[1.0, 2.0, 3.0]])
    assert beside(rows, 1).tolist() == [[1, 1, 2], [1, 2, 3], [2, 3, 3]]
    padded = beside(rows, 1, constant_values=np.nan)
    np.testing.assert_array_equal(padded, [[np.nan, 1, 2], [1, 2, 3], [2, 3, np.nan]])
    # Of 10 rows each lead has 10 errors, with those beside 20 or 30, of which 17 or 25 are within.
    errors = np.stack([np.arange(1.0, 11), np.arange(11.0, 21), np.arange(21.0, 31)], axis=1)
    found = of_errors(errors, series=10)["constant"]
    assert found.tolist() == [17.0, 25.0, 27.0]  # of 20, of 30, and of the upper 20


def test_targets_that_are_not_known_do_not_count():
    errors = np.arange(1.0, 41.0)[:, None]
    errors[1::2] = np.nan  # 1, 3, ..., 39 are left: the 17th of them
    assert of_errors(errors, series=20)["constant"].tolist() == [33.0]


def test_intervals_that_grow_with_the_running_scale():
    """Errors of 1, 2 or 3 times the scale, which is between 1 and 100 in standardised units."""
    scale = np.geomspace(1, 100, 240)[:, None]
    errors = np.tile([[1.0], [-2.0], [3.0]], (80, 1)) * scale
    found = of_errors(errors, scale=scale)
    assert (found["constant"][0], found["fraction"][0]) == (0.0, 0.0)
    assert found["scaled"][0] == pytest.approx(3.0)
    feature = Forecast(horizon=1, mean=[5.0], deviation=[10.0])
    outputs = np.full((240, 1), -0.5)  # forecasts of 0
    found = intervals_of(feature, outputs, outputs + errors, scale, 0.8, 1)
    assert found["scaled"][0] == pytest.approx(3.0)
    widths = tuple(found[name] for name in ("constant", "fraction", "scaled"))
    margins = intervals.margins(feature, widths, outputs[:2], scale[:2])
    np.testing.assert_allclose(margins, 3 * scale[:2], rtol=1e-9)


def test_forecasts_that_overlap_tell_little():
    """Of 10 forecasts of 5 steps 2 do not overlap, of 15 there are 3; or those of 3 series."""
    assert not of_errors(np.full((10, 5), 8.0))["constant"].any()
    assert of_errors(np.full((15, 5), 8.0))["constant"].tolist() == [8.0] * 5
    assert of_errors(np.full((10, 5), 8.0), series=3)["constant"].tolist() == [8.0] * 5


def test_margins_by_hand():
    """Of 8 forecast (5 + 10 * .3): 1 + .5 * 8 in its own unit, so .5, and twice the scale of .1."""
    feature = Forecast(horizon=2, mean=[5.0], deviation=[10.0])
    widths = (np.array([1.0, 0.0]), np.array([0.5, 0.0]), np.array([2.0, 3.0]))
    found = intervals.margins(feature, widths, np.array([[0.3, 0.3]]), np.array([[0.1]]))
    np.testing.assert_allclose(found, [[0.7, 0.3]])


# === How often they hold ===


@pytest.mark.slow
def test_they_hold_in_calm_and_in_noisy_times(trained):
    model, series = trained
    layer = model.get_layer("known_errors")
    assert (layer.scaled.numpy() > 0).all()  # errors grow with the running scale
    _, size = loud()
    outputs, margins = (each[0] for each in model.with_margins([series]))
    truth = model.prepare([series]).tensors[1].to_tensor(np.nan).numpy()[0]
    inside = np.abs(truth - outputs) <= margins
    test = np.arange(len(series)) >= TRAIN + LATER
    test &= np.isfinite(truth).all(axis=1)
    for lead in range(2):
        assert np.mean(inside[test, lead]) == pytest.approx(0.8, abs=0.05)
        settled = np.arange(len(series)) % 200 >= 60  # the scale looks back over 16 steps
        for part in (size == 0.25, size == 2.0):
            assert np.mean(inside[test & part & settled, lead]) == pytest.approx(0.8, abs=0.1)
    # Of one width they would nearly always hold in one half, and too seldom in the other.
    one = np.quantile(np.abs(truth - outputs)[TRAIN : TRAIN + LATER], 0.8, axis=0)
    plain = np.abs(truth - outputs) <= one
    assert np.mean(plain[test & (size == 0.25)]) > 0.95
    assert np.mean(plain[test & (size == 2.0)]) < 0.7
    later = series[TRAIN + LATER - 60 :]
    assert model.score(later)["coverage"] == pytest.approx(0.8, abs=0.05)


@pytest.mark.slow
def test_quantiles_and_anomalies_follow_the_same_errors(trained):
    model, series = trained
    result = model.infer(series, quantiles=[0.1, 0.25, 0.5, 0.9, 0.995])
    found = result["quantiles"]
    np.testing.assert_allclose(found[0.1], result["lower"])
    np.testing.assert_allclose(found[0.9], result["upper"])
    np.testing.assert_allclose(found[0.5], result["forecast"])
    assert (np.diff(list(found.values()), axis=0) > 0).all()
    anomalies = model.anomalies(series[TRAIN + LATER :], level=0.99)
    assert 0.002 < anomalies.anomaly.mean() < 0.03


@pytest.mark.slow
def test_errors_in_proportion_to_the_level():
    """Without the running scale: a level that rises tenfold, with noise of a tenth of it."""
    rng, t = np.random.default_rng(1), np.arange(900)
    series = np.geomspace(10, 100, 900) * (1 + 0.1 * rng.normal(size=900))
    model = build(series, relative=False, washout=4, window=40)
    model.fit(series[t % 900 < 100], validation_data=(series, series), verbose=0)
    layer = model.get_layer("known_errors")
    assert (layer.fraction.numpy() > 0).all() and not layer.scaled.numpy().any()
    low, high = (model.infer(each) for each in (series[:60], series))
    assert high["upper"][0] - high["lower"][0] > 4 * (low["upper"][0] - low["lower"][0])


# === Life ===


@pytest.mark.slow
def test_without_validation_data_they_are_normal():
    series, _ = loud(200)
    model = build(series)
    for held_out in (False, True, False):
        later = {"validation_data": (series, series)} if held_out else {}
        model.fit(series, verbose=0, **later)
        layer = model.get_layer("known_errors")
        widths = layer.constant.numpy() + layer.scaled.numpy() + layer.fraction.numpy()
        assert (widths > 0).all() == held_out and widths.any() == held_out
    outputs, margins = model.with_margins([series])
    assert outputs.shape == margins.shape == (1, 200, 2)
    np.testing.assert_allclose(margins[0, 0], stats.norm.ppf(0.9) * model.errors, rtol=1e-6)
    wide = stats.norm.ppf(0.995) / stats.norm.ppf(0.9)
    np.testing.assert_allclose(model.multiple_of(0.99), wide, rtol=1e-9)


@pytest.mark.slow
def test_saved_and_served(trained, fresh, tmp_path):
    model, series = trained
    history = series[:321]
    model.save(tmp_path / "m.keras")
    expected = model.infer(history)
    assert fresh.call("infer", path=str(tmp_path / "m.keras"), x=history.tolist()) == expected
    loaded = rnnkit.load_model(tmp_path / "m.keras")
    levels = {"quantiles": [0.01, 0.6]}
    assert loaded.infer(history, **levels) == model.infer(history, **levels)
    feature = model.input_feature
    codes = feature.encode(feature.to_tensor([history, history[:200]])).to_tensor(np.nan)
    found = tf.function(model.serve, autograph=False)(codes)
    for name in NAMES:
        np.testing.assert_allclose(found[name][0, :, 0], expected[name], rtol=1e-4, atol=1e-4)
    assert found["lower"].shape == (2, 2, 1)


@pytest.mark.slow
def test_several_columns_each_as_wide_as_its_errors():
    series, _ = loud(400)
    both = np.stack([series, 100 * np.random.default_rng(2).normal(size=400)], axis=1)
    x, y = Series(["a", "b"]).adapt(both), Forecast(["b", "a"], horizon=3).adapt(both[:, ::-1])
    model = Forecaster(x, y, "gru", 2, relative=True, window=50, washout=10, seed=1)
    model.fit(both[:200], validation_data=[both[190:]], verbose=0)
    assert model.get_layer("known_errors").multiples.shape == (len(intervals.LEVELS), 6)
    result = model.infer(both)
    upper, lower = (
        np.array([[lead["b"], lead["a"]] for lead in result[end]]) for end in ("upper", "lower")
    )
    wide, narrow = (upper - lower).T
    assert wide.shape == (3,) and (150 < wide).all() and (wide < 600).all()
    assert (narrow < 40).all()
