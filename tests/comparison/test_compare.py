"""Comparisons of cells: sizes, scores, resuming, what does not go together, bad input."""

import csv
import json
import os
import statistics

import keras
import numpy as np
import pytest

import recipes
import rnnkit
from rnnkit.comparison import subjects
from rnnkit.comparison.cells import Cell, fitting_units, parameters_of
from rnnkit.comparison.result import Comparison
from rnnkit.comparison.tasks import base as memory_task
from rnnkit.comparison.tasks import standard as memory_tasks
from rnnkit.comparison.watch import Budget, Watch
from rnnkit.utils import locks

TINY = {"lags": [3], "budget": 20, "parameters": "own", "verbose": 0}


@pytest.fixture(scope="module", autouse=True)
def without_xla():
    """Compiling takes longer than a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_task, "_compiled", lambda: False)
        yield


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Two cells on a tiny task."""
    folder = tmp_path_factory.mktemp("compare")
    return rnnkit.compare(
        ["dense", "bidirectional gru"], "parity", lags=[3, 4], seeds=2, budget=12,
        parameters=150, batch_size=8, directory=folder, verbose=0,
    )  # fmt: skip


@pytest.fixture
def trained(monkeypatch):
    """Runs that train nothing: a list of the cells and seeds that were run. The score is told by
    cell, lag and seed; a cell in the set `trained.failing` fails, one in `trained.nan` diverges."""

    class Trained(list):
        failing, nan, last = set(), set(), None

    done = Trained()

    def run(self, budget, seed, **options):
        if len(done) == done.last:
            raise KeyboardInterrupt
        cell = options["cell"]
        done.append((cell, seed))
        if cell in done.failing:
            raise RuntimeError("out of [memory]")
        watch = Watch(budget)
        watch.updates, watch.durations = budget.updates, [0.002]
        watch.diverged = cell in done.nan
        score = float("nan") if watch.diverged else len(cell) + self.lag + seed / 10
        return watch, score, 100, False

    monkeypatch.setattr(subjects.OfTask, "run", run)
    return done


# === Results ===


@pytest.mark.slow
def test_rows_are_those_of_the_runs(result):
    assert [(row["cell"], row["lag"]) for row in result.records] == [
        (cell, lag) for cell in ("dense", "bidirectional gru") for lag in (3, 4)
    ]
    assert len(result.runs) == 8
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


@pytest.mark.slow
def test_sizes_are_as_equal_as_units_allow(result):
    for row in result.records:
        assert row["parameters"] == pytest.approx(150, rel=0.25)
    # By hand: each way three gates of 1 input, u states and two biases; then two tags.
    gru = result.records[-1]
    u = gru["units"]
    assert gru["parameters"] == 2 * 3 * (u * 1 + u * u + 2 * u) + 2 * 2 * u + 2


def test_a_size_that_cannot_be_had_is_said(trained, tmp_path):
    options = {"lags": [3], "budget": 5, "seeds": 1, "directory": tmp_path, "verbose": 0}
    # By hand: three gates of 1 input, 1 unit and two biases; then two tags of weight and bias.
    with pytest.warns(UserWarning, match="gru comes to parameters=5 on parity is 16, with units=1"):
        rnnkit.compare(["gru"], "parity", parameters=5, **options)
    rnnkit.compare(["gru"], "parity", parameters=16, **options)  # an error if it warned


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
        for word in ("parity", "bidirectional gru", "longest lag remembered", "parameters"):
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
    axes.figure.canvas.draw()
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1  # hides nothing
    with pytest.raises(ValueError, match="against must be one of"):
        rnnkit.plots.comparison(Comparison(ABOUT, runs), against="colour")


# === Resuming ===


def test_an_interrupted_comparison_goes_on(tmp_path, trained, capsys):
    call = {"task": "parity", "directory": tmp_path, **TINY}
    trained.last = 2
    with pytest.raises(KeyboardInterrupt):
        rnnkit.compare(["gru", "dense"], seeds=2, **call)
    assert "2 of 4 runs are in" in capsys.readouterr().err
    assert trained == [("gru", 1), ("gru", 2)]
    kept = {path: path.read_text() for path in tmp_path.iterdir()}
    assert len(kept) == 2
    trained.last = None
    whole = rnnkit.compare(["gru", "dense"], seeds=2, **call)
    assert trained[2:] == [("dense", 1), ("dense", 2)]
    assert [run["score"] for run in whole.runs] == [6.1, 6.2, 8.1, 8.2]
    assert all(path.read_text() == text for path, text in kept.items())
    # Other settings are other runs.
    for change in ({"budget": 21}, {"batch_size": 7}, {"options": {"learning_rate": 0.5}}):
        rnnkit.compare(["dense"], seeds=1, **{**call, **change})
    assert trained[4:] == [("dense", 1)] * 3
    rnnkit.compare(["gru"], seeds=[1], overwrite=True, **call)
    assert trained[7:] == [("gru", 1)]
    for path in tmp_path.iterdir():  # a file that is not whole is none
        path.write_text(path.read_text()[:40])
    rnnkit.compare(["gru"], seeds=[1], **call)
    assert trained[8:] == [("gru", 1)]


def test_a_second_comparison_in_the_folder_is_refused(tmp_path, trained):
    with locks.held(tmp_path, "comparison"):
        with pytest.raises(ValueError, match="Another comparison runs in this folder"):
            rnnkit.compare(["gru"], "parity", seeds=1, directory=tmp_path, **TINY)
    assert trained == []
    rnnkit.compare(["gru"], "parity", seeds=1, directory=tmp_path, **TINY)
    assert trained == [("gru", 1)] and locks.NAME not in os.listdir(tmp_path)


@pytest.mark.slow
def test_a_run_depends_on_its_settings_alone():
    def scores(seeds):
        subject = subjects.OfTask(memory_tasks.parity(lag=3), {}, 8)
        found = [subject.run(Budget(5), seed, cell="gru", units=4) for seed in seeds]
        return [(watch.best, score) for watch, score, *_ in found]

    first, second = scores([1, 2])
    assert scores([2, 1]) == [second, first]  # whatever the compiled model was trained on before
    assert first != second


# === Recipes, and what does not go together ===


def first_word_data():
    from tests.helpers import first_word

    return first_word(120)


@pytest.mark.slow
def test_a_recipe(tmp_path):
    from tests.helpers import first_word

    result = rnnkit.compare(
        ["gru", "bidirectional gru"], recipes.get("sentiment"), first_word(100), epochs=1,
        examples=64, seeds=1, options={"embedding_size": 4, "vocabulary_size": 50},
        parameters=700, directory=tmp_path, verbose=0,
    )  # fmt: skip
    assert [row["status"] for row in result.records] == ["finished"] * 2
    assert all(row["lag"] is None and row["solved"] is None for row in result.records)
    assert 0 <= result.records[0]["score"] <= 1
    one, two = result.records
    assert one["units"] > two["units"]  # two directions are twice as many parameters
    assert one["parameters"] == pytest.approx(two["parameters"], rel=0.15)
    assert one["updates"] == 8  # 64 examples in the batches of 8 that few of them have
    assert "longest lag" not in repr(result)
    with pytest.raises(ValueError, match="against must be one of"):
        result.plot("lag")


def test_what_cannot_be_compared_is_a_row_with_the_reason(tmp_path, trained, capsys):
    class OneWay(type(memory_tasks.parity(lag=3))):
        def build(self, series, target, *, cell="lstm", units=4, seed=None):
            if cell == "dense":
                raise ValueError("the cell 'dense' has no [state]")
            return super().build(series, target, cell=cell, units=units, seed=seed)

    cells = ["dense", "bidirectional gru", "lstm"]
    result = rnnkit.compare(cells, OneWay(lag=3), seeds=1, directory=tmp_path)
    dense, gru, lstm = result.records
    assert dense["status"] == gru["status"] == "incompatible" and dense["score"] is None
    assert dense["reason"] == "the cell 'dense' has no [state]"
    assert "has no option 'bidirectional'" in gru["reason"]
    assert lstm["status"] == "finished"
    assert "1/3 dense, lag 3: incompatible: the cell 'dense'" in capsys.readouterr().out
    assert "incompatible" in repr(result) and "[state]" in repr(result)
    assert len(list(tmp_path.iterdir())) == 1
    assert result.about["parameters"] == parameters_of(OneWay(lag=3).model(None))


@pytest.mark.slow
def test_recipes_without_memory_are_read_in_order(tmp_path):
    texts = [f"{first} {second} {first}" for first, second in [("a", "b"), ("b", "a")] * 40]
    result = rnnkit.compare(
        ["dense", "gru"], "spam", (texts, ["ham", "spam"] * 40), epochs=1, seeds=1,
        directory=tmp_path, verbose=0,
    )  # fmt: skip
    assert [row["status"] for row in result.records] == ["finished"] * 2
    dense, gru = result.records
    assert gru["parameters"] == pytest.approx(dense["parameters"], rel=0.3)
    recipe = recipes.get("image_classification")
    pictures = np.random.default_rng(1).integers(0, 255, (40, 5, 4, 1)).astype("uint8")
    data = rnnkit.data.Data(*(tf_examples(pictures),) * 3)
    subject = subjects.OfRecipe(recipe, data, {})
    model = subject.model(cell="gru", units=6, bidirectional=False, seed=1)
    assert model.get_layer("encoder").input.shape == (None, 5, 4)  # row by row
    # By hand: three gates with two biases, and two classes.
    assert parameters_of(model) == 3 * (6 * 4 + 6 * 6 + 2 * 6) + 6 * 2 + 2


def tf_examples(pictures):
    import tensorflow as tf

    pngs = [tf.io.encode_png(picture).numpy() for picture in pictures]
    return tf.data.Dataset.from_tensor_slices((pngs, ["a", "b"] * (len(pngs) // 2)))


def test_failing_and_diverging_runs_are_rows(tmp_path, trained):
    trained.failing, trained.nan = {"gru"}, {"lstm"}
    cells = ["gru", "lstm", "dense"]
    result = rnnkit.compare(cells, "parity", seeds=1, directory=tmp_path, **TINY)
    gru, lstm, dense = result.records
    assert (gru["status"], gru["reason"]) == ("failed", "RuntimeError: out of [memory]")
    assert lstm["status"] == "diverged" and "20 updates" in lstm["reason"]
    assert gru["score"] is lstm["score"] is None and dense["score"] == 8.1
    json.dumps(result.to_json(), allow_nan=False)
    assert "[memory]" in repr(result)
    trained.clear()
    rnnkit.compare(cells, "parity", seeds=1, directory=tmp_path, **TINY)
    assert trained == [("gru", 1)]  # what failed is tried again


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


def test_steps_that_are_made_together_are_counted_one_by_one():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.0), "mse", steps_per_execution=4)
    watch = Watch(Budget(12), monitor="loss")
    x = np.ones((64, 1), "float32")
    model.fit(x, x, batch_size=8, epochs=9, verbose=0, callbacks=[watch])
    assert (watch.updates, model.optimizer.iterations.numpy()) == (12, 12)
    assert len(watch.durations) == 1 and watch.seconds == pytest.approx(8 * watch.durations[0])


@pytest.mark.slow
@pytest.mark.parametrize("budget", [205, 20, 7])
def test_a_memory_task_makes_as_many_updates_as_it_may(budget):
    subject = subjects.OfTask(memory_tasks.TASKS["adding"](2), {}, 2)
    watch = subject.run(Budget(budget), 1, cell="dense", units=2)[0]
    assert (watch.updates, subject._model.optimizer.iterations.numpy()) == (budget, budget)


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


@pytest.mark.slow
def test_units_of_a_recipe_that_takes_even_ones_alone(tmp_path):
    result = rnnkit.compare(
        ["gru"], "chatbot", budget=1, seeds=1, examples=8, parameters=30_000, verbose=0,
        options={"vocabulary_size": 300, "embedding_size": 16}, directory=tmp_path,
    )  # fmt: skip
    (row,) = result.records
    assert (row["status"], row["units"] % 2) == ("finished", 0)
    assert row["parameters"] == pytest.approx(30_000, rel=0.1)


def test_parameters_of_a_reservoir_are_its_numbers():
    task = memory_tasks.parity(lag=3)
    model = task.model(None, cell="esn", units=100, seed=1)
    # Input weights, biases, ten links a unit, and the readout of two tags; no indices.
    assert parameters_of(model) == 100 + 100 + 10 * 100 + 100 * 2 + 2


# === Options of some cells ===


@pytest.mark.slow
def test_options_that_only_some_cells_have(tmp_path, capsys):
    """They are given to these, and it is said who does without."""
    call = {"budget": 1, "seeds": 1, "examples": 24, "parameters": "own", "directory": tmp_path}
    options = {"ngrams": 1, "vocabulary_size": 60}
    result = rnnkit.compare(["dense", "gru"], "spam", options=options, **call)
    assert [row["status"] for row in result.records] == ["finished"] * 2
    said = capsys.readouterr().out
    assert "ngrams=1 is for dense: gru has no such option" in said
    assert "vocabulary_size" not in said  # which all have
    rnnkit.compare(["dense"], "spam", options=options, **call)
    assert "ngrams" not in capsys.readouterr().out


def test_of_forecasts(capsys):
    recipe = recipes.get("forecasting")
    subject = subjects.OfRecipe(recipe, None, {"ridge": 0.1, "output_dropout": 0.5, "horizon": 24})
    assert subject.ignored_by(Cell("esn")) == ["output_dropout"]
    assert subject.ignored_by(Cell("gru")) == ["ridge"]
    with pytest.raises(ValueError, match="upper_scaling' .* no effect with num_layers=1"):
        subjects.OfRecipe(recipe, None, {"upper_scaling": 2.0})


@pytest.mark.parametrize(
    "cells, task, options, message",
    [
        (["gru", "lstm"], "forecasting", {"ridge": 0.1}, "'ridge', which none of the cells"),
        (["gru"], "spam", {"ngrams": 1}, "'ngrams', which none of the cells compared has"),
        (["dense"], "text_generation", {"cache_size": 10}, "'cache_size', which none"),
        (["gru"], "sentiment", {"kernel_size": 9}, "no effect with filters=0"),
    ],
)
def test_options_that_no_cell_has_are_refused(cells, task, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        rnnkit.compare(cells, task, options=options, directory=tmp_path / "runs", examples=8)
    assert not (tmp_path / "runs").exists()


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
        ({"lags": [0]}, "lag must be an integer of at least 1"),
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
        ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
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
