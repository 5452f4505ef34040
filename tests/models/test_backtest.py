"""Backtests: scores by hand, origins, naive forecasts, refits, files, the plot, the command."""

import json

import numpy as np
import pandas as pd
import pytest

import recipes
import rnnkit
from rnnkit.cli.program import main
from rnnkit.models.forecast.backtest import MODEL, Backtest, chosen_origins
from rnnkit.models.forecast.naive import naive_from

HORIZON, PERIOD = 4, 7


def stores(rows=120, mean=10):
    """Two stores with a week each and little noise, of very different levels."""
    rng, day = np.random.default_rng(0), np.arange(rows)
    return pd.concat([
        pd.DataFrame({
            "store": name, "date": pd.date_range("2024-01-01", periods=rows),
            "sales": level * (mean + np.sin(2 * np.pi * day / 7) + rng.normal(0, 0.1, rows)),
        })
        for name, level in (("a", 1.0), ("b", 100.0))
    ], ignore_index=True)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    table = stores()
    recipe = recipes.get("forecasting")
    data = recipe.data(table[table.date < "2024-04-06"], target="sales")
    model = recipe.train(data, horizon=HORIZON, units=5, seed=1, verbose=0)
    folder = tmp_path_factory.mktemp("backtest")
    model.save(folder / "m.keras")
    table.to_csv(folder / "sales.csv", index=False)
    return table, model, folder


# === By hand ===


def two_forecasts(**parts):
    """A report of two forecasts of two steps, one target; what came last is not known."""
    return Backtest(
        series=[None, None], origins=np.array([5, 6]), times=None, targets=["y"],
        truth=np.array([[[1.0], [2.0]], [[3.0], [np.nan]]]),
        forecast=np.array([[[2.0], [2.0]], [[0.0], [9.0]]]),
        lower=np.array([[[0.0], [1.0]], [[-1.0], [8.0]]]),
        upper=np.array([[[4.0], [3.0]], [[1.0], [10.0]]]), level=0.8, **parts,
    )  # fmt: skip


def test_scores_by_hand():
    """Two forecasts of two steps, one target; scales 2 (absolute) and 4 (squared)."""
    report = two_forecasts(
        naive={"persistence": np.array([[[1.0], [1.0]], [[2.0], [2.0]]])},
        scales=np.array([[[2.0], [2.0]], [[4.0], [4.0]]]),
    )
    scores = report.scores
    assert scores[MODEL]["mae"] == pytest.approx((1 + 0 + 3) / 3)
    assert scores[MODEL]["mase"] == pytest.approx((1 + 0 + 3) / 3 / 2)
    assert scores[MODEL]["rmsse"] == pytest.approx((np.sqrt(0.5) / 4 + 3 / 4) / 2)
    assert scores[MODEL]["smape"] == pytest.approx((200 / 3 + 0 + 200) / 3)
    assert scores[MODEL]["coverage"] == pytest.approx(2 / 3)
    assert scores[MODEL]["interval"] == pytest.approx((4 + 2 + (2 + 10 * 2)) / 3)
    assert scores["persistence"]["mae"] == scores["persistence"]["crps"] == pytest.approx(2 / 3)
    assert [lead[MODEL]["mae"] for lead in report.by_lead()] == [2.0, 0.0]
    assert report.better == "persistence"
    assert "The naive forecast 'persistence' is better than the model" in repr(report)
    frame = report.frame()
    names = "origin lead target truth forecast lower upper persistence"
    assert list(frame.columns) == names.split()
    assert frame.forecast.tolist() == [2, 2, 0, 9] and frame.lead.tolist() == [1, 2, 1, 2]


def test_how_often_intervals_held_by_hand():
    """Errors 1, 0, 3 and half widths 2, 1, 1 at the level .8; one step is not known."""
    widths = {0.95: np.full((1, 2, 1), 4.0), 0.5: np.full((2, 2, 1), 0.4)}
    report = two_forecasts(naive={}, scales=np.ones((2, 2, 1)), widths=widths)
    rows = report.calibration()
    assert [row["level"] for row in rows] == [0.5, 0.8, 0.95]
    assert [row["coverage"] for row in rows] == pytest.approx([1 / 3, 2 / 3, 1])
    assert [row["width"] for row in rows] == pytest.approx([0.4 * 8 / 3, 8 / 3, 4 * 8 / 3])
    assert repr(rows).splitlines()[2].split() == ["0.8", "0.667", "2.667"]
    ax = rnnkit.plots.calibration({"one": report, "two": report})
    promised, one, two = ax.get_lines()
    assert one.get_xydata().tolist() == two.get_xydata().tolist()
    assert one.get_xydata().tolist() == [[row["level"], row["coverage"]] for row in rows]
    assert promised.get_xydata().tolist() == [[0, 0], [1, 1]]
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["as promised", "one", "two"]
    for wrong in ({}, rows, {"one": rows}):
        with pytest.raises(ValueError, match="must be what model.backtest gives.*Received"):
            rnnkit.plots.calibration(wrong)


def test_naive_forecasts_by_hand():
    values = np.array([[1.0], [5.0], [2.0], [7.0]])
    found = naive_from(values, np.array([2, 4]), 3, period=2)
    assert found["persistence"][..., 0].tolist() == [[5, 5, 5], [7, 7, 7]]
    assert found["seasonal"][..., 0].tolist() == [[1, 5, 1], [2, 7, 2]]
    assert found["drift"][..., 0].tolist() == [[9, 13, 17], [9, 11, 13]]
    assert "seasonal" not in naive_from(values, np.array([2]), 3, None)
    early = naive_from(values, np.array([1]), 2, period=2)["seasonal"][0, :, 0]
    assert np.isnan(early[0]) and early[1] == 1


@pytest.mark.parametrize(
    "size, start, count, expected",
    [
        (100, 0.8, 3, [80, 88, 96]), (100, 90, 40, [90, 91, 92, 93, 94, 95, 96]),
        (100, 0.8, 1, [80]), (10, 0.9, 5, []), (100, 0.0, 2, [5, 96]),
    ],
)  # fmt: skip
def test_origins(size, start, count, expected):
    assert chosen_origins(size, 4, start, count, least=5).tolist() == expected


# === Of a model ===


@pytest.mark.slow
def test_forecasts_are_those_of_infer(trained):
    table, model, _ = trained
    report = model.backtest(table, start=0.9, origins=3, verbose=0)
    assert report.series == ["a"] * 3 + ["b"] * 3
    assert report.origins.tolist() == [108, 112, 116] * 2
    for index, (name, origin) in enumerate(zip(report.series, report.origins, strict=True)):
        own = table[table.store == name].reset_index(drop=True)
        found = model.infer(own[:origin].drop(columns="store"))
        np.testing.assert_allclose(report.forecast[index, :, 0], found["forecast"], rtol=1e-4)
        np.testing.assert_allclose(report.upper[index, :, 0], found["upper"], rtol=1e-4)
        np.testing.assert_array_equal(report.truth[index, :, 0], own.sales[origin : origin + 4])
    frame = report.frame()
    rows = report.calibration()
    own = next(row["coverage"] for row in rows if row["level"] == model.interval)
    assert own == report.scores[MODEL]["coverage"]
    assert np.all(np.diff([row["width"] for row in rows]) >= 0)
    (found,) = model.infer(table[table.store == "b"][:116], quantiles=[0.05, 0.95])
    low, high = found["quantiles"].values()
    half = (report.upper - report.lower)[-1, :, 0] * report.widths[0.9][0, :, 0]
    np.testing.assert_allclose(half, np.subtract(high, low), rtol=1e-3)
    assert len(frame) == 6 * HORIZON
    assert frame.time[:2].tolist() == ["2024-04-18", "2024-04-19"]


@pytest.mark.slow
def test_every_store_is_forecast_about_as_well_as_can_be(trained):
    """Noise of .1 of a store's unit; repeating the last week has that of two days, .14."""
    table, model, _ = trained
    report = model.backtest(table, verbose=0)
    best = 0.1 * np.sqrt(2 / np.pi)  # mean absolute value of the noise
    for name, unit in (("a", 1.0), ("b", 100.0)):
        scores = report.by_series()[name]
        assert scores[MODEL]["mae"] < 1.35 * best * unit
        assert scores[MODEL]["mae"] < scores["seasonal"]["mae"] < scores["persistence"]["mae"]
    assert report.better is None and 0.6 < report.scores[MODEL]["coverage"] < 0.95


@pytest.mark.slow
def test_a_small_series_counts_as_much_as_a_large_one():
    """Values around 0 have no logarithms, by which the levels would not matter."""
    table = stores(mean=0)
    recipe = recipes.get("forecasting")
    data = recipe.data(table[table.date < "2024-04-06"], target="sales")
    model = recipe.train(data, horizon=HORIZON, units=5, seed=1, verbose=0)
    for scores in model.backtest(table, verbose=0).by_series().values():
        assert scores[MODEL]["mae"] < scores["seasonal"]["mae"]


def test_missing_values_do_not_count(trained):
    table, model, _ = trained
    gone = table.assign(sales=table.sales.where((table.index % 120) != 119))
    with pytest.warns(UserWarning, match="misses 1 of 120 values"):
        report = model.backtest(gone, start=0.9, origins=3, verbose=0)
    assert np.isnan(report.truth[[2, 5], -1]).all() and np.isfinite(report.forecast).all()
    assert np.isfinite(report.scores[MODEL]["mase"])


@pytest.mark.slow
def test_learning_anew_before_each_origin(trained):
    table, model, _ = trained
    own = table[table.store == "a"].drop(columns="store")
    report = model.backtest(own, start=110, origins=2, refit=True, verbose=0)
    learner = type(model).from_config(model.get_config())
    learner.fit([own[:110]], verbose=0)
    np.testing.assert_allclose(
        report.forecast[0, :, 0], learner.infer(own[:110])["forecast"], rtol=1e-3
    )
    still = model.backtest(own, start=110, origins=2, verbose=0)
    assert not np.allclose(still.forecast, report.forecast, rtol=1e-6)
    assert report.widths[0.5].shape == (2, HORIZON, 1) and still.widths[0.5].shape[0] == 1
    assert 0 <= report.calibration()[0]["coverage"] < report.calibration()[-1]["coverage"] <= 1


def test_what_cannot_be_backtested(trained):
    table, model, _ = trained
    with pytest.raises(ValueError, match="No forecast of 4 steps fits after start=118"):
        model.backtest(table, start=118)
    for start in (1.5, -1, "x"):
        with pytest.raises((ValueError, TypeError), match="start must be"):
            model.backtest(table, start=start)
    with pytest.raises(ValueError, match="origins must be"):
        model.backtest(table, origins=0)
    series = rnnkit.features.Series().adapt(np.arange(30.0))
    ahead = rnnkit.features.Forecast(horizon=2).adapt(np.arange(30.0))
    gradient = rnnkit.models.Forecaster(series, ahead, cell="gru", units=2)
    with pytest.raises(ValueError, match="refit=True is for models that learn in one pass"):
        gradient.backtest(np.arange(30.0), refit=True)


def test_plot(trained):
    table, model, _ = trained
    report = model.backtest(table, origins=5, verbose=0)
    above, below = report.plot(score="mae")
    leads = report.by_lead()
    np.testing.assert_allclose(above.lines[0].get_ydata(), [each[MODEL]["mae"] for each in leads])
    assert below.lines[0].get_xdata().tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="score must be one of"):
        report.plot(score="loss")


@pytest.mark.slow
def test_the_command(trained, capsys):
    table, model, folder = trained
    call = ["backtest", str(folder / "m.keras"), "--data", str(folder / "sales.csv")]
    out, picture = folder / "all.csv", folder / "p.png"
    more = ["--origins", "3", "--out", str(out), "--plot", str(picture), "--json"]
    assert main([*call, *more]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["n"] == 6
    expected = model.backtest(table, origins=3, verbose=0).scores
    assert printed["scores"][MODEL]["mase"] == pytest.approx(expected[MODEL]["mase"], rel=1e-4)
    assert pd.read_csv(out).series.unique().tolist() == ["a", "b"]
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert main([*call, "--origins", "2"]) == 0
    said = capsys.readouterr().out
    assert "2 series, 4 forecasts of 4 steps" in said and "seasonal" in said
    assert main([*call, "--start", "x"]) == 2
    assert "--start must be a fraction such as 0.8" in capsys.readouterr().err
    assert main([*call[:2], "--data", "none.csv"]) == 2
    assert "There is no file or folder 'none.csv'" in capsys.readouterr().err
