"""Comparisons of cells: sizes, scores, resuming, what does not go together, bad input."""

import csv
import json
import statistics

import keras
import numpy as np
import pytest

import recipes
import rnnkit
from rnnkit import comparison_subjects
from rnnkit.comparison_cells import Cell, fitting_units, parameters_of
from rnnkit.comparison_result import Comparison
from rnnkit.comparison_watch import Budget, Watch, direction_of
from rnnkit.data import memory_tasks

TINY = {"lags": [3], "budget": 20, "parameters": 150, "verbose": 0}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Three cells on a tiny task, one of which cannot be used."""
    folder = tmp_path_factory.mktemp("compare")
    return rnnkit.compare(
        ["dense", "gru", "bidirectional lstm"], "parity", lags=[3, 4], seeds=2, budget=12,
        parameters=150, batch_size=8, directory=folder, verbose=0,
    )  # fmt: skip


# === Results ===


def test_rows_are_those_of_the_runs(result):
    assert [(row["cell"], row["lag"]) for row in result.records] == [
        (cell, lag) for cell in ("dense", "gru", "bidirectional lstm") for lag in (3, 4)
    ]
    assert len(result.runs) == 12
    for row in result.records:
        runs = [r for r in result.runs if (r["cell"], r["lag"]) == (row["cell"], row["lag"])]
        scores = [run["score"] for run in runs]
        assert row["score"] == pytest.approx(sum(scores) / 2)
        assert row["spread"] == pytest.approx(abs(scores[0] - scores[1]) / 2**0.5)
        assert (row["least"], row["most"]) == (min(scores), max(scores))
        assert row["seconds"] == statistics.median(run["seconds"] for run in runs)
        assert row["milliseconds"] > 0 and row["updates"] <= 12 and row["status"] == "finished"
    # To say the bit is the best that a cell without memory can do.
    assert result.records[0]["most"] <= 2 / 3 + 0.03
    assert result.about["baselines"] == {"3": 2 / 3, "4": 5 / 8}


def test_sizes_are_as_equal_as_units_allow(result):
    for row in result.records:
        assert row["parameters"] == pytest.approx(150, rel=0.25)
    # By hand: three gates of 1 input, u states and two biases; then two tags.
    gru = next(row for row in result.records if row["cell"] == "gru")
    u = gru["units"]
    assert gru["parameters"] == 3 * (u * 1 + u * u + 2 * u) + 2 * u + 2


def test_forms(result, tmp_path):
    path = tmp_path / "rows.csv"
    result.to_csv(path)
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["score"]) for row in rows] == [row["score"] for row in result.records]
    whole = result.to_json(tmp_path / "all.json")
    assert json.loads((tmp_path / "all.json").read_text()) == json.loads(json.dumps(whole))
    again = Comparison(whole["about"], whole["runs"])
    assert again.records == result.records
    for text in (repr(result), result._repr_html_()):
        for word in ("parity", "bidirectional lstm", "longest lag remembered", "parameters"):
            assert word in text


def run(cell, lag, seed, score, **more):
    return {
        "cell": cell, "lag": lag, "seed": seed, "status": "finished", "reason": None,
        "score": score, "solved": score < 0.01, "units": 4, "parameters": 100,
        "milliseconds": 2.0, "updates": 10, "seconds": 1.0, "best_updates": 5,
        "best_seconds": 0.5, "validation": score, **more,
    }  # fmt: skip


ABOUT = {
    "task": "adding", "score": "mse", "direction": "min", "threshold": 0.01,
    "baselines": {"10": 1 / 6, "20": 1 / 6, "30": 1 / 6}, "budget": 10, "parameters": 100,
    "seeds": [1, 2, 3], "directory": "somewhere",
}  # fmt: skip


def test_the_longest_lag_needs_most_seeds_at_every_shorter_one():
    solved = {10: 3, 20: 1, 30: 3}
    runs = [
        run("lstm", lag, seed, 0.001 if seed <= count else 0.1)
        for lag, count in solved.items()
        for seed in (1, 2, 3)
    ]
    runs += [run("gru", lag, seed, 0.001 * seed) for lag in (10, 20) for seed in (1, 2)]
    runs += [run("simple_rnn", 10, 1, 0.001)]  # the other seeds failed
    runs += [
        {"cell": "simple_rnn", "lag": 10, "seed": seed, "status": "failed", "reason": "why"}
        for seed in (2, 3)
    ]
    result = Comparison(ABOUT, runs)
    assert {row["cell"]: row["longest_lag"] for row in result.records} == {
        "lstm": 10,
        "gru": 20,
        "simple_rnn": 0,
    }
    rnn = result.records[-1]
    assert (rnn["status"], rnn["reason"]) == ("partly failed", "why (seeds 2, 3)")


@pytest.mark.parametrize("against", [None, "lag", "parameters", "time", "step"])
def test_plots(against):
    runs = [run(cell, lag, 1, 0.01) for cell in ("lstm", "gru") for lag in (10, 20, 30)]
    runs.append({"cell": "esn", "lag": 10, "seed": None, "status": "failed", "reason": "why"})
    axes = Comparison(ABOUT, runs).plot(against)
    assert "mse" in axes.get_ylabel() and axes.get_xlabel()
    labels = axes.get_legend_handles_labels()[1]
    assert set(labels) == {"lstm", "gru", "without memory", "solved"}
    assert "esn" in axes.get_legend().get_title().get_text()
    with pytest.raises(ValueError, match="against must be one of"):
        rnnkit.plots.comparison(Comparison(ABOUT, runs), against="colour")


# === Resuming ===


def test_an_interrupted_comparison_goes_on(tmp_path, monkeypatch, capsys):
    train, trained = comparison_subjects.OfTask.run, []

    def stopped(self, budget, seed, **options):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append((options["cell"], seed))
        return train(self, budget, seed, **options)

    monkeypatch.setattr(comparison_subjects.OfTask, "run", stopped)
    with pytest.raises(KeyboardInterrupt):
        rnnkit.compare(["gru", "dense"], "parity", seeds=2, directory=tmp_path, **TINY)
    assert "2 of 4 runs are in" in capsys.readouterr().err
    assert trained == [("gru", 1), ("gru", 2)]
    kept = {path: path.read_text() for path in tmp_path.iterdir()}

    def going_on(self, budget, seed, **options):
        trained.append((options["cell"], seed))
        return train(self, budget, seed, **options)

    monkeypatch.setattr(comparison_subjects.OfTask, "run", going_on)
    whole = rnnkit.compare(["gru", "dense"], "parity", seeds=2, directory=tmp_path, **TINY)
    assert trained[2:] == [("dense", 1), ("dense", 2)]
    assert all(path.read_text() == text for path, text in kept.items())
    found = {(each["cell"], each["seed"]): each["score"] for each in whole.runs}
    kept = [json.loads(text)["result"] for text in kept.values()]
    assert all(found[each["cell"], each["seed"]] == each["score"] for each in kept)
    # Other settings are other runs; a file that is not whole is none.
    rnnkit.compare(["dense"], "parity", seeds=1, directory=tmp_path, **{**TINY, "budget": 21})
    assert trained[4:] == [("dense", 1)]
    for path in tmp_path.iterdir():
        path.write_text(path.read_text()[:40])
    again = rnnkit.compare(["gru"], "parity", seeds=[1], directory=tmp_path, **TINY)
    assert trained[5:] == [("gru", 1)]
    # The same settings give the same result, whatever was trained before with the same model.
    assert again.runs[0]["score"] == found["gru", 1]
    alone = rnnkit.compare(["gru"], "parity", seeds=[2], directory=tmp_path, overwrite=True, **TINY)
    assert alone.runs[0]["score"] == found["gru", 2]


# === Recipes, and what does not go together ===


def first_word_data():
    from tests.helpers import first_word

    return first_word(120)


def test_a_recipe_and_cells_that_do_not_fit(tmp_path):
    result = rnnkit.compare(
        ["gru", "bidirectional gru", "dense"], recipes.get("sentiment"), first_word_data(),
        epochs=2, seeds=1, options={"embedding_size": 4, "vocabulary_size": 50}, parameters=700,
        directory=tmp_path, verbose=0,
    )  # fmt: skip
    assert [row["status"] for row in result.records] == ["finished"] * 3
    assert all(row["lag"] is None and row["solved"] is None for row in result.records)
    assert 0 <= result.records[0]["score"] <= 1
    one, two = result.records[:2]
    assert one["units"] > two["units"]  # two directions are twice as many parameters
    assert "longest lag" not in repr(result)
    with pytest.raises(ValueError, match="against must be one of"):
        result.plot("lag")


def test_what_cannot_be_compared_is_a_row_with_the_reason(tmp_path, capsys):
    texts = [f"win {index}" for index in range(40)], ["spam", "ham"] * 20
    result = rnnkit.compare(["lstm", "dense"], "spam", texts, epochs=1, seeds=1, directory=tmp_path)
    lstm, dense = result.records
    assert lstm["status"] == "incompatible" and lstm["score"] is None
    assert "one-to-one" in lstm["reason"]
    assert dense["status"] == "finished"
    assert "lstm: incompatible: the recipe 'spam' is one-to-one" in capsys.readouterr().out
    assert "incompatible" in repr(result) and "takes no cell but its own" in repr(result)
    assert len(list(tmp_path.iterdir())) == 1


def test_failing_and_diverging_runs_are_rows(tmp_path, monkeypatch):
    train = comparison_subjects.OfTask.run

    def failing(self, budget, seed, **options):
        if options["cell"] == "gru":
            raise RuntimeError("out of [memory]")
        watch, _, *rest = train(self, budget, seed, **options)
        return watch, float("nan"), *rest

    monkeypatch.setattr(comparison_subjects.OfTask, "run", failing)
    result = rnnkit.compare(["gru", "lstm"], "parity", seeds=1, directory=tmp_path, **TINY)
    gru, lstm = result.records
    assert (gru["status"], gru["reason"]) == ("failed", "RuntimeError: out of [memory]")
    assert lstm["status"] == "diverged" and "20 updates" in lstm["reason"]
    assert gru["score"] is lstm["score"] is None
    json.dumps(result.to_json(), allow_nan=False)
    assert "[memory]" in repr(result)
    assert len(list(tmp_path.iterdir())) == 1  # what failed is tried again


def test_a_nan_loss_ends_the_training():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    watch = Watch(Budget(None), monitor="val_loss")
    x = np.full((64, 1), np.nan, "float32")
    model.fit(x, x, batch_size=8, epochs=3, verbose=0, callbacks=[watch])
    assert watch.diverged and watch.updates < 8 and watch.best is None


def test_the_budget_ends_the_training_and_the_best_weights_stay():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    seen = iter([3.0, 1.0, 2.0, 5.0])

    def judge(model, logs):
        score = next(seen)
        model.set_weights([np.array([[score]], "float32")])
        return score

    watch = Watch(Budget(7), judge=judge)
    x = np.ones((16, 1), "float32")
    model.fit(x, x, batch_size=8, epochs=9, verbose=0, callbacks=[watch])
    assert (watch.updates, watch.best, watch.best_updates) == (7, 1.0, 4)
    assert model.get_weights()[0][0, 0] == 1.0
    late = Watch(Budget("0.000001s"), monitor="loss")
    model.fit(x, x, batch_size=8, epochs=9, verbose=0, callbacks=[late])
    assert late.updates <= 3 and late.milliseconds > 0


# === Cells and sizes ===


def test_names_of_cells():
    for name in ("bidirectional lstm", "bidirectional_lstm", "bidirectional-lstm"):
        cell = Cell(name)
        assert (cell.name, cell.cell, cell.bidirectional) == ("bidirectional lstm", "lstm", True)
    assert Cell("reference_gru").cell == "reference_gru"
    assert Cell(keras.layers.GRUCell).name == "GRUCell"


@pytest.mark.parametrize(
    "count", [lambda u: 4 * (u * u + 3 * u) + u + 1, lambda u: 13 * u + 4, lambda u: u**3 + 7]
)
def test_units_are_those_of_the_nearest_count(count):
    for wanted in (1, 100, 1234, 30_000):
        units, found = fitting_units(count, wanted)
        best = min(range(1, 3000), key=lambda each: abs(count(each) - wanted))
        assert abs(found - wanted) == abs(count(best) - wanted) and found == count(units)


def test_parameters_of_a_reservoir_are_its_numbers():
    task = memory_tasks.parity(lag=3)
    model = task.model(None, cell="esn", units=20, seed=1)
    # Input weights, biases, ten links a unit, and the readout of two tags; no indices.
    assert parameters_of(model) == 20 + 20 + 10 * 20 + 20 * 2 + 2


def test_directions_of_scores():
    for name in recipes.list():
        score = recipes.get(name["name"]).scores[0]
        falling = score in ("mse", "cer", "wer", "nats", "bits", "perplexity", "log_loss")
        assert direction_of(score) == ("min" if falling else "max"), score


# === Bad input ===


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cells": ["lstn"]}, "There is no cell 'lstn'. Did you mean 'lstm'"),
        ({"cells": ["bidirectional gruu"]}, "Did you mean 'bidirectional gru'"),
        ({"cells": []}, "cells must be a list of at least one cell"),
        ({"cells": [3]}, "cells must be names of cells or classes"),
        ({"cells": ["gru", "gru"]}, "cells must differ"),
        ({"task": "parrity"}, "neither a memory task nor a recipe 'parrity'. Did you mean"),
        ({"task": "sentimant"}, "Did you mean 'sentiment'"),
        ({"task": 3}, "task must be the name of"),
        ({"lags": []}, "lags must be a list of at least one lag"),
        ({"lags": [0]}, "lag must be an integer >= 1"),
        ({"lags": [2, 2]}, "lags must be a list"),
        ({"seeds": 0}, "seeds must be how many"),
        ({"seeds": []}, "seeds must be how many"),
        ({"seeds": [1, 1]}, "seeds must be how many"),
        ({"budget": 0}, "budget must be a positive number of updates"),
        ({"budget": -5}, "budget must be"),
        ({"budget": "0s"}, "budget must be"),
        ({"budget": "soon"}, "Received: budget='soon'"),
        ({"budget": 2.5}, "budget must be"),
        ({"parameters": 0}, "parameters must be a positive integer or 'own'"),
        ({"options": {"unit": 3}}, "has no option 'unit'. Did you mean 'units'"),
        ({"options": {"cell": "gru"}}, "options must be without 'cell'"),
        ({"options": {"units": 3}, "parameters": 100}, "Pass parameters or options"),
        ({"data": [1, 2]}, "data must be left out for the memory task"),
        ({"epochs": 3}, "epochs must be left out"),
        ({"batch_size": 0}, "batch_size must be a positive integer"),
        ({"task": "spam", "lags": [3]}, "lags must be left out for the recipe 'spam'"),
    ],
)  # fmt: skip
def test_bad_input(change, message, tmp_path):
    call = {"cells": ["gru"], "task": "parity", "directory": tmp_path / "runs", **change}
    with pytest.raises(ValueError) as error:
        rnnkit.compare(**call)
    assert message in str(error.value)
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="Cannot write the folder of the comparison"):
        rnnkit.compare(["gru"], "parity", directory=tmp_path / "file", **TINY)
