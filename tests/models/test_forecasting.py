"""Forecasts of echo state networks: scores beside naive ones, results, export."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import stats

import rnnkit
from rnnkit.features import Forecast, Series
from rnnkit.metrics import nrmse
from rnnkit.models import EchoStateNetwork
from rnnkit.models.inputs.sequences import holds_one_sequence
from rnnkit.utils.digits import short
from tests.models import plain_reservoir as plain
from tests.tiers import slow

HOUR, DAY = 3600.0, 86_400.0
NAN = np.nan
RNG = np.random.default_rng(0)
TIMES = np.arange(150)[:, None]
WAVES = np.sin(2 * np.pi * TIMES / [12.0, 17.0]) * [1.0, 5.0] + [0.0, 20.0]
WAVES += 0.05 * RNG.normal(size=WAVES.shape)


def build(
    series=WAVES, names=("a", "b"), outputs=None, horizon=3, period=None, raw=None, **options
):
    options = {"units": 20, "washout": 10, "ridge": 1e-3, "seed": 1, **options}
    outputs = names if outputs is None else outputs
    x = Series(list(names), dtype="float64", **(raw or {})).adapt(series)
    y = Forecast(list(outputs), horizon=horizon, period=period, dtype="float64")
    places = [list(names).index(name) + x.time for name in outputs]
    return EchoStateNetwork(x, y.adapt(series[:, places]), **options)


@pytest.fixture(scope="module")
def fitted():
    model = build(period=12)
    model.fit(WAVES, verbose=0)
    return model


# === Naive forecasts and scores ===


def by_hand(columns=1, horizon=1, period=None, washout=0):
    """A network on raw units that has learned from a step of nothing: it forecasts 0."""
    x = Series(columns, normalize=False, dtype="float64")
    y = Forecast(columns, horizon=horizon, period=period, normalize=False, dtype="float64")
    model = EchoStateNetwork(x, y, units=3, washout=washout, seed=1)
    model.readouts[0].count.assign(1.0)
    return model


def test_naive_scores_by_hand():
    # Errors of persistence: 2, -1, 2, 0, and of the season of 2: 1, 1, 2.
    scores = by_hand().score([1.0, 3.0, 2.0, 4.0, 4.0])
    assert scores["persistence_mse"] == (4 + 1 + 4 + 0) / 4
    assert scores["persistence_mae"] == (2 + 1 + 2 + 0) / 4
    assert (scores["mse"], scores["mae"]) == ((9 + 4 + 16 + 16) / 4, (3 + 2 + 4 + 4) / 4)
    assert scores["nrmse"] == pytest.approx(np.sqrt(45 / 4) / np.std([3, 2, 4, 4]))
    assert scores["skill"] == 1 - (3 + 2 + 4 + 4) / (2 + 1 + 2 + 0) and scores["coverage"] == 0
    naive = {"persistence_mse", "persistence_mae"}
    assert set(scores) == {"mse", "mae", "nrmse", "coverage", "skill"} | naive
    # The seasonal forecast knows no season before the second step: all are scored from there on.
    scores = by_hand(period=2).score([1.0, 3.0, 2.0, 4.0, 4.0])
    assert scores["seasonal_mse"] == (1 + 1 + 4) / 3
    assert scores["seasonal_mae"] == short((1 + 1 + 2) / 3)
    assert scores["persistence_mse"] == short((1 + 4 + 0) / 3)
    assert (scores["mse"], scores["mae"]) == ((4 + 16 + 16) / 3, short((2 + 4 + 4) / 3))


def test_naive_scores_of_a_longer_horizon_than_the_season():
    # Leads 1, 2, 3 of a season of 2 repeat the steps -1, 0, -1 seen from now.
    values = [1.0, 2.0, 4.0, 7.0, 11.0, 16.0]
    scores = by_hand(horizon=3, period=2).score(values)
    errors = [[4 - 1, 7 - 2, 11 - 1], [7 - 2, 11 - 4, 16 - 2]]
    assert scores["seasonal_mae"] == pytest.approx(np.mean(errors))
    assert scores["seasonal_mse"] == pytest.approx(np.mean(np.square(errors)))
    errors = [[4 - 2, 7 - 2, 11 - 2], [7 - 4, 11 - 4, 16 - 4]]
    assert scores["persistence_mae"] == pytest.approx(np.mean(errors))
    assert scores["mae"] == pytest.approx(np.mean([[4, 7, 11], [7, 11, 16]]))


def test_all_are_scored_on_the_same_steps():
    series = [WAVES[:60], WAVES[40:80]]
    targets = [each.copy() for each in series]
    targets[0][30:33, 0] = NAN
    model = build(period=12, washout=5)
    model.fit(series, targets, verbose=0)
    scores = model.score(series, targets)
    outputs = model.predict(series)
    scale = model.output_feature.scale
    gaps = {"": [], "persistence_": [], "seasonal_": []}
    truth, found = [], []
    for x, y, output in zip(series, targets, outputs, strict=True):
        x, y = scale(x), scale(y)
        for now in range(11, len(x) - 3):  # 11 steps back lies the season of the first lead
            for lead in (1, 2, 3):
                for column in (0, 1):
                    actual = y[now + lead, column]
                    if np.isnan(actual):
                        continue
                    said = output[now].reshape(3, 2)[lead - 1, column]
                    gaps[""].append(said - actual)
                    gaps["persistence_"].append(x[now, column] - actual)
                    gaps["seasonal_"].append(x[now + lead - 12, column] - actual)
            if not np.isnan(y[now + 1 : now + 4]).any():
                truth.append(y[now + 1 : now + 4])
                found.append(output[now].reshape(3, 2))
    for name, errors in gaps.items():
        assert scores[f"{name}mse"] == pytest.approx(np.mean(np.square(errors)))
        assert scores[f"{name}mae"] == pytest.approx(np.mean(np.abs(errors)))
    expected = nrmse(np.concatenate(truth), np.concatenate(found))
    assert scores["nrmse"] == pytest.approx(float(expected))
    # A washout longer than a season counts too.
    model.washout = 30
    assert model.score(series, targets)["persistence_mse"] != scores["persistence_mse"]


def test_scores_of_data_in_other_forms(fitted):
    expected = fitted.score(WAVES)
    assert set(expected) >= {"mse", "nrmse", "persistence_mae", "seasonal_mse"}
    assert expected["mse"] < min(expected["persistence_mse"], expected["seasonal_mse"])
    dense = tf.data.Dataset.from_tensor_slices((WAVES[None], WAVES[None]))
    for form in ((WAVES, WAVES), ([WAVES],), (dense,), (dense.batch(1),), (fitted.prepare(WAVES),)):
        assert fitted.score(*form) == pytest.approx(expected)
    outputs, target = fitted.predict(WAVES), fitted.output_feature
    truth = target.encode(target.to_tensor(WAVES))[0].numpy()
    loss = np.nanmean((outputs - truth)[10:] ** 2)
    assert fitted.evaluate(WAVES) == pytest.approx(loss)


@pytest.mark.parametrize("outputs", [slow(("a", "b")), ("b",)])
def test_the_readout_is_shrunk_towards_persistence(outputs):
    model = build(outputs=outputs, ridge=0.5, persistence_residual=True)
    model.fit(WAVES, verbose=0)
    encoded = model.input_feature.scale(WAVES)
    now = np.tile(encoded[:, -len(outputs) :], 3)  # the present value, for each lead
    targets = plain.encoded_targets(model, [WAVES[:, -len(outputs) :]])
    x, y, _, times = plain.rows(model, 0, [WAVES], targets)
    beyond = plain.ridge(x, y - now[times], 0.5)
    np.testing.assert_allclose(x @ beyond + now[times], model.predict(WAVES)[times], atol=1e-7)
    # Nothing else is left at last; without `persistence_residual` the mean is.
    for kept in (True, False):
        model = build(outputs=outputs, ridge=1e15, persistence_residual=kept)
        model.fit(WAVES, verbose=0)
        np.testing.assert_allclose(model.predict(WAVES), now if kept else 0 * now, atol=1e-9)
    model = build(outputs=outputs, ridge=0.5)
    model.fit(WAVES, verbose=0)
    expected = x @ plain.ridge(x, y, 0.5)
    np.testing.assert_allclose(model.predict(WAVES)[times], expected, atol=1e-7)


def test_more_leads_than_can_be_told_apart_where_values_are_missing():
    series, gaps = WAVES[:, :1], WAVES[:, :1].copy()
    gaps[70] = NAN
    model = build(series, ("a",), horizon=70, ridge=0.5)
    model.fit(series, gaps[:, 0], verbose=0)
    # Each lead meets the gap at another step: only the steps 70 to 79 know all leads, and count.
    assert model.readouts[0].numpy("count") == 10
    assert np.isfinite(model.predict(series)).all()


def test_targets_of_the_input_need_not_be_said():
    model, again = build(outputs=("b",)), build(outputs=("b",))
    model.fit(WAVES, verbose=0)
    again.fit(WAVES, WAVES[:, 1:], verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.score(WAVES) == again.score(WAVES, WAVES[:, 1:])
    x = Series(["a", "b"], dtype="float64").adapt(WAVES)
    other = EchoStateNetwork(x, Forecast(["c"]).adapt(WAVES[:, 0]), units=5, washout=10)
    with pytest.raises(ValueError, match=r"columns to forecast, \['c'\], are not among the inputs"):
        other.fit(WAVES)
    other.fit(WAVES, WAVES[:, 0], verbose=0)
    found = other.score(WAVES, WAVES[:, 0])
    assert set(found) == {"mse", "mae", "nrmse", "coverage"}  # nothing naive


# === Results ===


def test_infer_equals_the_last_prediction(fitted):
    result = fitted.infer(WAVES)
    assert set(result) == {"forecast", "lower", "upper"}
    margin = stats.norm.ppf(0.9) * fitted.errors
    last = fitted.predict(WAVES)[-1]
    unscale = fitted.output_feature.unscale
    for key, values in (("forecast", last), ("lower", last - margin), ("upper", last + margin)):
        expected = unscale(values.reshape(3, 2))
        assert [list(lead) for lead in result[key]] == [["a", "b"]] * 3
        np.testing.assert_allclose([list(lead.values()) for lead in result[key]], expected)
    assert fitted.infer([WAVES]) == [result]
    assert fitted.infer(WAVES.tolist()) == result
    frame = pd.DataFrame(WAVES[:, ::-1], columns=["b", "a"])
    assert fitted.infer(frame) == result
    several = fitted.infer([WAVES[:50], frame, WAVES[:90]])
    assert len(several) == 3
    ends = [fitted.infer(WAVES[:50]), result, fitted.infer(WAVES[:90])]
    for found, expected in zip(several, ends, strict=True):
        assert found["forecast"][2] == pytest.approx(expected["forecast"][2])
    with pytest.raises(ValueError, match="longer than the washout of 10 steps.*series of 9 steps"):
        fitted.infer([WAVES, WAVES[:9]])


def test_intervals_hold_about_as_often_as_said():
    rng = np.random.default_rng(1)
    series = np.sin(np.arange(1500) / 4)[:, None] + 0.3 * rng.normal(size=(1500, 1))
    model = build(series[:800], ("a",), horizon=2, interval=0.8, units=30, ridge=0.1)
    model.fit(series[:800], verbose=0)
    ends = range(850, 1490, 8)
    results = model.infer([series[end - 60 : end] for end in ends])
    inside = [
        low <= actual <= high
        for end, result in zip(ends, results, strict=True)
        for low, high, actual in zip(
            result["lower"], result["upper"], series[end : end + 2, 0], strict=True
        )
    ]
    assert 0.65 < np.mean(inside) < 0.93
    # With validation data they have the size of the errors there.
    wide = model.errors.copy()
    worse = series[800:] + rng.normal(size=(700, 1))
    model.fit(series[:800], validation_data=worse, verbose=0)
    assert (model.errors > 2 * wide).all()
    assert model.errors.shape == (2,)


def test_one_column_and_outputs_at_each_step():
    model = build(WAVES[:, :1], ("a",), horizon=2)
    model.fit(WAVES[:, 0], verbose=0)
    one = model.infer(WAVES[:, 0])
    assert all(len(one[key]) == 2 for key in ("forecast", "lower", "upper"))
    both = model.infer([WAVES[:, 0], WAVES[::-1, 0]])  # of one length, and still two series
    assert len(both) == 2 and both[0]["forecast"] == pytest.approx(one["forecast"])
    feature = Series(["a", "b"], dtype="float64").adapt(WAVES)
    stepwise = EchoStateNetwork(feature, feature, units=5, washout=0, ridge=0.1)
    stepwise.fit(WAVES, WAVES[::-1].copy(), verbose=0)
    found = stepwise.infer([WAVES, WAVES[:50]])
    assert [each.shape for each in found] == [(150, 2), (50, 2)]
    np.testing.assert_allclose(found[0], feature.unscale(stepwise.predict(WAVES)))
    assert set(stepwise.score(WAVES, WAVES[::-1].copy())) == {"mse", "mae", "nrmse"}


@pytest.mark.parametrize(
    "frame_frequency, raw, expected",
    [
        ("h", {}, ["2000-01-07T06:00:00", "2000-01-07T07:00:00", "2000-01-07T08:00:00"]),
        slow("MS", {"frequency": "monthly"}, ["2012-07-01", "2012-08-01", "2012-09-01"]),
        ("ME", {"frequency": "monthly"}, ["2012-07-31", "2012-08-31", "2012-09-30"]),
        # 150 business days after the 3rd of January, a Monday.
        slow("B", {"frequency": "business daily"}, ["2000-07-31", "2000-08-01", "2000-08-02"]),
    ],
)
def test_times_of_forecasts(frame_frequency, raw, expected, tmp_path):
    index = pd.date_range("2000-01-01", periods=150, freq=frame_frequency)
    frame = pd.DataFrame(WAVES, index=index, columns=["a", "b"])
    x = Series(["a", "b"], time=True, dtype="float64", **raw).adapt(frame)
    y = Forecast(["a", "b"], horizon=3, dtype="float64").adapt(WAVES)
    model = EchoStateNetwork(x, y, units=20, washout=10, ridge=1e-3, seed=1)
    model.fit(frame, verbose=0)
    result = model.infer(frame)
    assert set(result) == {"forecast", "lower", "upper", "time"}
    assert result["time"] == expected
    assert model.infer([frame, frame[:50]])[0]["time"] == expected
    model.save(tmp_path / "m.keras")
    assert rnnkit.load_model(tmp_path / "m.keras").infer(frame) == result


# === Files ===


@pytest.mark.slow
def test_free_runs_live_on_in_a_fresh_process(fresh, tmp_path):
    model = build(horizon=1, ensemble=2)
    model.fit(WAVES, verbose=0)
    path, out = str(tmp_path / "m.keras"), str(tmp_path / "out.npz")
    model.save(path)
    warm_up = WAVES[50:].tolist()
    free = {"steps": 30, "warm_up": warm_up, "interval": 0.8, "samples": 5, "seed": 3}
    calls = [["forecast", free], ["predict", {"x": warm_up}], ["states", {"x": warm_up}]]
    ticket = fresh.begin("ask", path=path, calls=calls, out=out)
    here = model.forecast(**free)
    predicted = model.predict(warm_up)
    fresh.end(ticket)
    with np.load(out) as found:
        for index, part in enumerate(here):
            np.testing.assert_array_equal(found[f"forecast_{index}"], part)
        np.testing.assert_array_equal(found["predict_0"], predicted)
    assert fresh.call("infer", path=path, x=warm_up) == model.infer(warm_up)


@pytest.mark.slow
@pytest.mark.parametrize("raw", [slow({}), {"time": True, "cycles": [DAY]}])
def test_export_gives_forecasts_of_raw_series(raw, tmp_path):
    series = WAVES
    if raw:
        series = np.concatenate([TIMES * HOUR, WAVES], axis=1)
    model = build(series, outputs=("b",), raw=raw, ensemble=2)
    model.fit(series, verbose=0)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    batch = np.stack([series[:100], series[50:]])
    found = served.serve(tf.constant(batch))
    assert set(found) == {"forecast", "lower", "upper"}
    assert found["forecast"].shape == (2, 3, 1)
    for name, values in found.items():
        for each, result in zip(values.numpy(), model.infer(batch), strict=True):
            np.testing.assert_allclose(each[:, 0], result[name], atol=1e-9)


# === Bad input ===


def test_nothing_to_score(fitted):
    with pytest.raises(ValueError, match="nothing to score: no target is known after the washout"):
        fitted.score(WAVES[:12])
    with pytest.raises(ValueError, match="longer than the horizon of 3 steps"):
        fitted.score(WAVES[:3])
    endless = tf.data.Dataset.from_tensors((WAVES, WAVES)).repeat()
    with pytest.raises(ValueError, match="score needs data that ends"):
        fitted.score(endless)


def test_a_fit_without_targets_names_washout_and_horizon():
    model = build(horizon=24, washout=30)
    with pytest.raises(
        ValueError, match="has 50 steps, .* first 30 are washout and the last 24 have no target"
    ):
        model.fit(WAVES[:50])


def test_single_or_several():
    one, two = Series(1), Series(2)
    single = holds_one_sequence
    assert single(one, [1.0, 2.0]) and single(one, np.ones(3)) and single(one, np.ones((3, 1)))
    assert single(one, [[1.0], [2.0]]) and not single(one, [[1.0, 2.0], [3.0, 4.0]])
    assert not single(one, [np.ones(3), np.ones(3)]) and not single(one, [np.ones(3)])
    assert single(two, [[1.0, 2.0], [3.0, 4.0]]) and single(two, [np.ones(2), np.ones(2)])
    assert not single(two, [np.ones((3, 2))]) and not single(two, np.ones((1, 3, 2)))
    frame = pd.DataFrame({"0": [1.0]})
    assert single(one, frame) and single(one, frame["0"]) and not single(one, [frame])
    assert not single(one, tf.data.Dataset.from_tensors(1.0))
