"""A row of units below the header is refused, and what only looks like one is read."""

import pandas as pd
import pytest

import recipes
import rnnkit

HOURS = [f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00" for i in range(60)]


def series(first):
    return "time,load\n" + first + "".join(f"{t},{i % 7}.5\n" for i, t in enumerate(HOURS))


@pytest.mark.parametrize("first", ["h,MW\n", "yyyy-mm-dd,MW\n", ",MW\n"])
def test_a_series_with_units(tmp_path, first):
    path = tmp_path / "load.csv"
    path.write_text(series(first))
    cells = ", ".join(map(repr, first.strip().split(",")))
    message = f"line 2: {cells} looks like a row of units, or a second header.*'time', 'load'"
    with pytest.raises(ValueError, match=message):
        recipes.get("forecasting").data(path)
    with pytest.raises(ValueError, match="the frame, row 0: .*looks like a row of units"):
        recipes.get("forecasting").data(pd.read_csv(path))


def test_events_and_labels_with_units(tmp_path):
    rows = [f"{i // 4},2024-01-{1 + i % 4:02d},{i % 9}.5,s{i % 3},{i // 4 % 2}" for i in range(160)]
    path = tmp_path / "events.csv"
    path.write_text("\n".join(["card,time,amount,shop,label", "no,date,EUR,name,class", *rows]))
    with pytest.raises(ValueError, match="line 2: 'no', 'date', 'EUR'.*row of units"):
        recipes.get("fraud_detection").data(path)
    path = tmp_path / "texts.csv"
    path.write_text(
        "\n".join(["text,label", "string,class", *(f"t{i},{i % 2}" for i in range(40))])
    )
    with pytest.raises(ValueError, match="line 2: 'string', 'class' looks.*\\['label'\\]"):
        recipes.get("spam").data(path)
    with pytest.raises(ValueError, match="'string', 'class' looks"):
        recipes.get("spam").data(pd.read_csv(path))


def test_what_is_no_row_of_units(tmp_path):
    texts = {"text": [f"t{i}" for i in range(40)], "label": ["a", "b"] * 20}
    frame = pd.DataFrame({**texts, "user": ["anna", *map(str, range(39))]})
    assert recipes.get("spam").data(frame).sizes["train"] == 32
    frame = pd.DataFrame({"text": ["twelve", *map(str, range(39))], "label": [0, 1] * 20})
    assert recipes.get("spam").data(frame).sizes["train"] == 32
    path = tmp_path / "load.csv"
    path.write_text(series("2023-12-31 23:00,n/a\n"))  # a gap
    with pytest.warns(UserWarning, match="'load' misses 1 of 61 values"):
        assert recipes.get("forecasting").data(path).sizes["train"] == 1


@pytest.mark.slow
def test_how_columns_are_separated_is_said_once(tmp_path, capsys):
    rows = "\n".join(["text;label", *(f"t{i};{'ab'[i % 2]}" for i in range(40))])
    for name in ("a.csv", "b.txt", "c"):
        (tmp_path / name).write_text(rows)
        recipes.get("spam").data(tmp_path / name)
        assert capsys.readouterr().out.count("separated by ';'") == 1, name
    path = tmp_path / "load.csv"
    path.write_text(series("").replace(",", ";"))
    recipe = recipes.get("forecasting")
    data = recipe.data(path)
    model = recipe.model(data, horizon=2, units=4, seed=1)
    model.fit(data.train, verbose=0)
    capsys.readouterr()
    model.backtest(path, start=0.8, origins=2, verbose=0)
    assert capsys.readouterr().out.count("separated by") == 1
    assert rnnkit.models.EchoStateForecaster is type(model)
