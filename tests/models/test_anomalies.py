"""Anomalies and quantiles: by hand, how often they hold, spikes, levels, tables, refusals."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import rnnkit
from rnnkit.cli.program import main
from rnnkit.features import Forecast, Label, Series
from rnnkit.models import EchoStateForecaster, EchoStateNetwork, Forecaster
from rnnkit.models.forecast import intervals
from rnnkit.models.forecast.anomalies import Anomalies
from rnnkit.models.forecast.detecting import _earliest

HORIZON, ROWS = 4, 400


def season(rows, seed=0, level=10.0):
    noise = np.random.default_rng(seed).normal(size=rows)
    return level + 5 * np.sin(2 * np.pi * np.arange(rows) / 12) + noise


@pytest.fixture(scope="module")
def trained():
    """A model of a season in noise, and the series, which goes on for 2,000 steps."""
    series = season(ROWS + 2000)
    x = Series().adapt(series[:ROWS])
    y = Forecast(horizon=HORIZON, period=12).adapt(series[:ROWS])
    model = EchoStateForecaster(x, y, units=5, seed=1)
    model.fit(series[:ROWS], verbose=0)
    return model, series


# === Half widths at other levels ===


def test_quantiles_of_many_errors_are_read_off_them():
    """Of the errors 1 to 20,000 the quantile at .5 is 10,000, at .99 it is 19,800."""
    errors = np.random.default_rng(0).permutation(np.arange(1.0, 20_001.0))[:, None]
    found = intervals.multiples(errors / 16_000, np.ones(20_000), 0.8, 1e9)
    for level, wanted in ((0.1, 2_000), (0.5, 10_000), (0.9, 18_000), (0.99, 19_800)):
        index = intervals.LEVELS.index(level)
        assert found[index, 0] * 16_000 == pytest.approx(wanted, rel=1e-4)
        assert intervals.multiple_at(level, 0.8, found) == pytest.approx(wanted / 16_000, rel=1e-4)
    assert found[intervals.LEVELS.index(0.8)] == pytest.approx(1.0)


def test_few_errors_have_an_exponential_tail():
    """Of 20 errors the tail begins at the 10th: it goes on by the mean excess of ten, 5.5."""
    errors = np.arange(1.0, 21.0)[:, None] / 16  # 16 of 20 are within 1
    found = intervals.multiples(errors, np.ones(20), 0.8, 1e9)
    wanted = (10 + 5.5 * np.log(0.5 / 0.01)) / 16
    assert found[intervals.LEVELS.index(0.99), 0] == pytest.approx(wanted)
    assert (np.diff(found[:, 0]) >= 0).all()


def test_where_most_errors_are_nothing_higher_levels_are_not():
    """Of 2,000 errors 1,800 are 0 and 200 are 3."""
    errors = np.repeat([0.0, 3.0], [1800, 200])[:, None]
    constant = intervals.at_least(np.zeros(1), np.zeros(1), errors)
    found = intervals.multiples(errors / constant, np.ones(2000), 0.8, 1e9) * constant
    assert found[intervals.LEVELS.index(0.5), 0] < 1e-5
    assert found[intervals.LEVELS.index(0.95), 0] == pytest.approx(3.0)
    assert found[intervals.LEVELS.index(0.99), 0] == pytest.approx(3.0)
    assert intervals.at_least(np.ones(1), np.zeros(1), errors) == 1


def test_normal_errors_have_the_half_widths_of_a_normal_distribution():
    own = stats.norm.ppf(0.9)
    errors = np.abs(np.random.default_rng(1).normal(size=(900, 20))) / own
    found = intervals.multiples(errors, np.ones(900), 0.8, 1e9).mean(axis=1, keepdims=True)
    for level, most in ((0.3, 0.05), (0.5, 0.02), (0.95, 0.03), (0.99, 0.04), (0.999, 0.1)):
        wanted = stats.norm.ppf(0.5 + level / 2) / own
        assert intervals.multiple_at(level, 0.8, found) == pytest.approx(wanted, rel=most)


def test_between_levels_and_at_the_own_one():
    widths = np.array([[0.01 * index] for index in range(len(intervals.LEVELS))]) + 0.95
    assert intervals.multiple_at(0.85, 0.85, widths) == pytest.approx(1.0)
    low, high = (widths[intervals.LEVELS.index(each), 0] for each in (0.98, 0.99))
    at = (np.log(0.02) - np.log(0.015)) / (np.log(0.02) - np.log(0.01))
    found = intervals.multiple_at(0.985, 0.85, widths)
    assert found == pytest.approx(low + at * (high - low))
    last, before = widths[-1, 0], widths[-2, 0]  # .999 and .995, then .9998: as far again
    assert intervals.multiple_at(0.9998, 0.85, widths) == pytest.approx(2 * last - before)


# === Quantiles ===


def test_quantiles_meet_the_interval_and_the_forecast(trained):
    model, series = trained
    wanted = [0.5, 0.01, 0.1, 0.3, 0.7, 0.9, 0.99]
    result = model.infer(series, quantiles=wanted)
    found = result["quantiles"]
    assert list(found) == sorted(wanted)
    np.testing.assert_allclose(found[0.1], result["lower"], rtol=1e-9)
    np.testing.assert_allclose(found[0.9], result["upper"], rtol=1e-9)
    np.testing.assert_allclose(found[0.5], result["forecast"], rtol=1e-12)
    assert (np.diff([found[each] for each in sorted(wanted)], axis=0) > 0).all()
    assert "quantiles" not in model.infer(series)


@pytest.mark.slow
def test_quantiles_hold(trained):
    """Of the 2,000 steps that follow, so many lie below each quantile of the forecast before."""
    model, series = trained
    outputs, margins = model.with_margins(series)
    truth = model.output_feature.scale(series[ROWS:, None])[:, 0]
    for each in (0.05, 0.25, 0.75, 0.95):
        width = margins * np.sign(each - 0.5) * model.multiple_of(abs(2 * each - 1))
        ends = (outputs + width)[0, ROWS - 1 : -1, 0]
        assert np.mean(truth < ends) == pytest.approx(each, abs=0.04)


def test_quantiles_of_several_columns_and_of_other_models():
    values = np.stack([season(120), season(120, 1, 50)], axis=1)
    x = Series(["a", "b"]).adapt(values)
    y = Forecast(["a", "b"], horizon=2).adapt(values)
    model = EchoStateNetwork(x, y, units=10, washout=5, seed=1)
    model.fit(values, values, verbose=0)
    result = model.infer(values, quantiles=[0.1, 0.975])
    assert result["quantiles"][0.1] == [
        {name: pytest.approx(value) for name, value in lead.items()} for lead in result["lower"]
    ]
    deviation = np.reshape(model.errors, (2, 2)) * y.deviation
    forecast = np.array([list(lead.values()) for lead in result["forecast"]])
    upper = np.array([list(lead.values()) for lead in result["quantiles"][0.975]])
    np.testing.assert_allclose(upper, forecast + 1.959964 * deviation, rtol=1e-5)


@pytest.mark.parametrize("quantiles", [0.5, [], [0.0], [0.5, 1.0], ["a"], [0.1, 0.1], [True]])
def test_bad_quantiles(trained, quantiles):
    model, series = trained
    with pytest.raises(ValueError, match="quantiles"):
        model.infer(series, quantiles=quantiles)


def test_quantiles_of_what_is_no_forecast():
    values = season(60)
    x, y = Series().adapt(values), Series().adapt(values)
    model = EchoStateNetwork(x, y, units=5, washout=5, seed=1)
    model.fit(values, values, verbose=0)
    with pytest.raises(ValueError, match="quantiles are those of forecasts"):
        model.infer(values, quantiles=[0.5])


def test_quantiles_on_the_command_line(trained, tmp_path, capsys):
    model, series = trained
    model.save(tmp_path / "m.keras")
    pd.DataFrame({"0": series[:100]}).to_csv(tmp_path / "s.csv", index=False)
    call = ["infer", str(tmp_path / "m.keras"), str(tmp_path / "s.csv"),
            "--set", "quantiles=[0.1,0.975]"]  # fmt: skip
    assert main(call) == 0
    printed = json.loads(capsys.readouterr().out)
    expected = model.infer(series[:100], quantiles=[0.975])["quantiles"][0.975]
    assert printed["quantiles"]["0.975"] == pytest.approx(expected, rel=1e-5)
    assert main([*call, "--out", str(tmp_path / "f.csv")]) == 0
    table = pd.read_csv(tmp_path / "f.csv")
    assert table["quantile_0.975"].tolist() == pytest.approx(expected, rel=1e-5)
    assert main([*call[:-1], "quantiles=[2]"]) == 2


# === Anomalies ===


def test_a_report_by_hand():
    values = [np.array([[1.0, 9.0], [5.0, np.nan], [3.0, 7.0]])]
    nan = np.full(2, np.nan)
    ends = np.array([[nan, [3, 7], [2, 7]], [nan, [2, 5], [1, 7]], [nan, [4, 9], [3, 7]]])
    report = Anomalies.of(["s"], [np.array([0.0, 60.0, 120.0])], ["a", "b"], values, [ends], 0.9)
    table = report.table()
    assert table.step.tolist() == [1, 1, 2, 2] and table.target.tolist() == ["a", "b"] * 2
    assert table.anomaly.tolist() == [True, False, False, False]
    np.testing.assert_array_equal(table.score, [2.0, np.nan, 1.0, 0.0])
    (row,) = report.rows
    assert (row["series"], row["step"], row["value"], row["expected"]) == ("s", 1, 5.0, 3.0)
    assert row["time"].startswith("1970-01-01T00:01")
    assert "1 of 3 values (33.3%) outside their intervals of 0.9" in repr(report)
    assert "2" in repr(report.rows)


def test_the_first_of_marks_that_are_close():
    marks = np.zeros((10, 1), bool)
    marks[[0, 2, 5, 9]] = True
    assert np.flatnonzero(_earliest(marks, 3)).tolist() == [0, 9]


def test_about_one_in_a_hundred_of_what_goes_on_as_before(trained):
    model, series = trained
    report = model.anomalies(series)
    assert report.step.min() == 13  # the season before the first forecast is known
    later = report.step >= ROWS
    assert 0.003 < report.anomaly[later].mean() < 0.02
    wider = model.anomalies(series, level=0.8)
    # Some 240 errors decide how wide it is, so within .026 either way.
    assert wider.anomaly[later].mean() == pytest.approx(0.2, abs=0.06)
    # Where no value is far enough out to be replaced, these are the forecasts of `infer`.
    widest = model.anomalies(series[:100], level=0.9999)
    assert not widest.rows
    ends = model.infer(series[:99], quantiles=[0.00005, 0.5, 0.99995])["quantiles"].values()
    found = (widest.lower[-1], widest.expected[-1], widest.upper[-1])
    np.testing.assert_allclose(found, [each[0] for each in ends], rtol=1e-4)


def test_spikes_are_found_and_do_no_harm_to_what_follows(trained):
    model, series = trained
    spoiled = series.copy()
    at = np.arange(ROWS + 30, ROWS + 1970, 50)
    spoiled[at] += np.where(at % 100 == at[0] % 100, 10.0, -10.0)

    def outside(values):
        report = model.anomalies(values)
        result = np.zeros(len(values), bool)
        result[report.step] = report.anomaly
        return result

    found, before = outside(spoiled), outside(series)
    assert found[at].all()
    after = (at[:, None] + np.arange(1, 25)).ravel()
    # Of the steps after 39 spikes hardly more are outside than without spikes.
    assert found[after].mean() < before[after].mean() + 0.005


def test_a_new_level_is_found_once_where_the_model_follows_it():
    walk = np.random.default_rng(0).normal(size=700).cumsum()
    x, y = Series().adapt(walk[:400]), Forecast(horizon=HORIZON).adapt(walk[:400])
    model = EchoStateForecaster(x, y, units=5, seed=1)
    model.fit(walk[:400], verbose=0)
    before = {row["step"] for row in model.anomalies(walk).rows}
    walk[500:] += 30
    new = {row["step"] for row in model.anomalies(walk).rows} - before
    assert 500 in new and len(new) <= 4


@pytest.mark.slow
def test_tables_of_several_series_with_times_and_missing_values():
    rows = 150
    table = pd.concat([
        pd.DataFrame({"store": name, "date": pd.date_range("2024-01-01", periods=rows),
                      "sales": level * season(rows, seed)})
        for name, level, seed in (("a", 1.0, 0), ("b", 100.0, 1))
    ], ignore_index=True)  # fmt: skip
    x = Series(["sales"], time=True, cycles=[], series=["store"])
    raw = [np.stack([np.arange(rows) * 86400.0 + 1704067200, part.sales], axis=1)
           for _, part in table.groupby("store")]  # fmt: skip
    x.adapt(raw)
    y = Forecast(["sales"], horizon=HORIZON, period=12).adapt([each[:, 1:] for each in raw])
    model = EchoStateForecaster(x, y, units=5, seed=1)
    model.fit(raw, verbose=0)
    table.loc[140, "sales"] += 20
    table.loc[150 + 140, "sales"] = np.nan
    with pytest.warns(UserWarning, match="misses 1 of 150 values"):
        report = model.anomalies(table, level=0.999)
    assert [(row["series"], row["time"]) for row in report.rows] == [("a", "2024-05-20")]
    found = report.table().set_index(["series", "step"])
    assert np.isnan(found.loc[("b", 140), "value"]) and not found.loc[("b", 140), "anomaly"]
    axes = report.plot(series="b")
    assert len(axes.lines[0].get_xdata()) == rows - 48  # the first whole window: four seasons
    # An interval at once is about as wide as after a long history.
    with pytest.warns(UserWarning, match="misses 1 of"):
        short = model.anomalies(table[table.date >= "2024-02-20"], level=0.999).table()
    both = short.merge(report.table(), on=["series", "time"])
    ratio = (both.upper_x - both.lower_x) / (both.upper_y - both.lower_y)
    assert ratio.between(1 / 3, 3).all()
    with pytest.raises(ValueError, match="series must name one of the 2 series.*\\['"):
        report.plot()
    several = model.anomalies(raw)
    assert list(dict.fromkeys(several.series)) == ["0", "1"]


@pytest.mark.slow
def test_two_targets_are_judged_apart():
    values = np.stack([season(300), season(300, 1, 50)], axis=1)
    x = Series(["a", "b", "c"]).adapt(np.concatenate([values, values[:, :1]], axis=1))
    y = Forecast(["b", "a"], horizon=1, period=12).adapt(values[:, ::-1])
    model = Forecaster(x, y, cell="gru", units=4, window=60, washout=12, seed=1)
    wide = np.concatenate([values, values[:, :1]], axis=1)
    with pytest.raises(ValueError, match="anomalies needs a model that has learned"):
        model.anomalies(wide)
    model.fit(wide, values[:, ::-1], epochs=1, verbose=0)
    wide[200, 1] += 100
    report = model.anomalies(wide, level=0.9999)
    assert [(row["step"], row["target"]) for row in report.rows] == [(200, "b")]
    assert len(report.plot()) == 2


def test_what_cannot_be_judged(trained):
    model, series = trained
    for level in (0, 1, 1.5, -0.1, "x", np.nan, True):
        with pytest.raises(ValueError, match="level must be a number above 0 and below 1"):
            model.anomalies(series, level=level)
    fresh = type(model).from_config(model.get_config())
    with pytest.raises(ValueError, match="anomalies needs a model that has learned"):
        fresh.anomalies(series)
    x, y = Series(["a"]).adapt(series), Forecast(["b", "c"]).adapt(np.stack([series] * 2, 1))
    with pytest.raises(ValueError, match="not among the inputs"):
        EchoStateNetwork(x, y, units=5).anomalies(series)
    for other in (Label().adapt(["a", "b"]), Series().adapt(series)):
        with pytest.raises(ValueError, match="anomalies needs a model whose output is a Forecast"):
            EchoStateNetwork(x, other, units=5).anomalies(series)
    with pytest.raises(ValueError, match="There is no file"):
        model.anomalies("nowhere.csv")


def test_saved_and_loaded(trained, tmp_path):
    model, series = trained
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    pd.testing.assert_frame_equal(
        again.anomalies(series[:300]).table(), model.anomalies(series[:300]).table(), atol=1e-4
    )
