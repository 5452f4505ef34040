"""The command `rnnkit backtest`: a table in either place gives the same forecasts."""

import shlex

import numpy as np
import pandas as pd
import pytest

from rnnkit import features, models
from rnnkit.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a small forecaster and a table."""
    path = tmp_path_factory.mktemp("backtest")
    months = np.arange(90)
    sales = 50 + months + 9 * np.sin(2 * np.pi * months / 12)
    frame = pd.DataFrame({"sales": np.round(sales, 3)})
    frame.to_csv(path / "sales.csv", index=False)
    series = features.Series(["sales"]).adapt(frame.to_numpy())
    ahead = features.Forecast(horizon=3, period=12).adapt(frame.to_numpy())
    model = models.EchoStateForecaster(series, ahead, units=5, seed=1)
    model.fit(frame.to_numpy()[:70], verbose=0)
    model.save(path / "m.keras")
    return path


@pytest.mark.slow
def test_the_table_stands_after_the_model_or_after_data(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    options = ["--origins", "3", "--json"]
    said = []
    for table in (["sales.csv", *options], [*options, "sales.csv"], [*options, "--data=sales.csv"]):
        assert main(["backtest", "m.keras", *table]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == said[2] and '"mase"' in said[0]


@pytest.mark.slow
def test_forecasts_come_next(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    call = ["backtest", "m.keras", "sales.csv", "--origins", "3"]
    assert main(call) == 0
    assert "Try:" not in capsys.readouterr().out  # nobody looks
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(call) == 0
    then = capsys.readouterr().out.splitlines()[-1]
    assert then == "Try: rnnkit infer m.keras sales.csv --out forecasts.csv"
    assert main(shlex.split(then)[2:]) == 0
    assert len(pd.read_csv("forecasts.csv")) == 3
    assert main([*call, "--json"]) == 0
    assert "Try:" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tables", "received"),
    [([], "none"), (["a.csv", "--data", "b.csv"], "'a.csv' and --data 'b.csv'"),
     (["a.csv", "b.csv"], "'a.csv', 'b.csv'")],
    ids=["none", "both", "two"],
)  # fmt: skip
def test_no_table_or_two_are_refused(tables, received, capsys):
    assert main(["backtest", "m.keras", *tables]) == 2
    message = "backtest takes one table: rnnkit backtest MODEL FILE, or --data FILE. Received: "
    assert message + received + "\n" in capsys.readouterr().err
