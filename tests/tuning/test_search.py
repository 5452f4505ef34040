"""The search: what it gives, and how it resumes; with tiny data and a recipe of its own."""

import io
import json
import pathlib
import signal
import subprocess
import sys
import threading

import keras
import keras_tuner
import matplotlib
import numpy as np
import pytest
from rich.console import Console

import rnnkit
from rnnkit.models import prepared
from tests.tuning.toys import count_calls, examples, make_recipe, records

# === What a search gives ===


@pytest.mark.slow
def test_result_and_that_data_is_prepared_once(tmp_path, monkeypatch, capsys):
    space = """{
            "units": hp.Int("units", 2, 9),
            "ngrams": hp.Choice("ngrams", [1, 2]),
            "learning_rate": hp.Float("learning_rate", 1e-3, 1e-1, sampling="log"),
            "batch_size": hp.Choice("batch_size", [8, 16]),
            "epochs": hp.Int("epochs", 1, 3),
        }"""
    recipe = make_recipe(tmp_path, space)
    data = recipe.data(examples())
    capsys.readouterr()  # how it was split
    adapted = count_calls(monkeypatch, recipe, "features")
    encoded = count_calls(monkeypatch, prepared, "prepare")
    fitted = count_calls(monkeypatch, keras.Model, "fit")
    built = count_calls(monkeypatch, recipe, "build")
    result = recipe.tune(data, tuner="random", max_trials=5, seed=0, directory=tmp_path / "s")
    assert len(adapted) == 2 and {call["ngrams"] for call in adapted} == {1, 2}
    assert len(encoded) == 4  # two splits for each of the two
    assert len(fitted) == 5

    table = result.table()
    assert [row["rank"] for row in table] == [1, 2, 3, 4, 5]
    assert sorted(row["trial"] for row in table) == [1, 2, 3, 4, 5]
    values = [row["objective"] for row in table]
    assert values == sorted(values) and np.isfinite(values).all()
    for row in table:
        # Epochs and learning rate reached the training.
        assert fitted[row["trial"] - 1]["epochs"] == row["options"]["epochs"] == row["epochs"]
        assert any(
            call["learning_rate"] == row["options"]["learning_rate"]
            and call["units"] == row["options"]["units"]
            for call in built
        )
        assert row["seconds"] > 0 and row["status"] == "completed" and row["error"] is None

    best = table[0]
    assert result.best_options() == best["options"]
    assert best["options"]["seed"] == 0
    recipe.check_options(
        {k: v for k, v in best["options"].items() if k not in ("epochs", "batch_size")}
    )
    model = result.best_model()
    assert model.recipe == "tiny" and model.score_names == ["accuracy"]
    assert model.fit_defaults["patience"] == 2
    assert model.fit_defaults["batch_size"] == best["options"]["batch_size"]
    judged = model.evaluate(data.validation, verbose=0, return_dict=True)
    assert judged["loss"] == pytest.approx(best["objective"], rel=1e-5)
    kept = rnnkit.load_model(tmp_path / "s" / "best.keras")
    np.testing.assert_allclose(
        kept.predict(["win tea"], verbose=0), model.predict(["win tea"], verbose=0), rtol=1e-6
    )
    model.save(tmp_path / "tuned.keras")
    assert model.infer("win cash")["label"] in ("ham", "spam")
    model.fit(data.train, epochs=1, verbose=0)  # its optimizer goes on

    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) == 5 and not err
    assert lines[0].startswith("Trial 1/5: val_loss ") and "(best " in lines[0]
    assert " epochs, " in lines[0] and "units=" in lines[0] and " s; " in lines[0]

    assert "tiny" not in repr(table) and "val_loss" in repr(table)
    assert "<td>1</td>" in table._repr_html_()
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table)
    assert "learning_rate=" in console.export_text()
    assert "5 completed" in repr(result)

    matplotlib.pyplot.switch_backend("agg")
    ax = result.plot()
    assert ax.get_xlabel() == "trial" and "val_loss (lower is better)" == ax.get_ylabel()
    drawn = {line.get_label(): line.get_ydata() for line in ax.lines}
    by_trial = [row["objective"] for row in sorted(table, key=lambda row: row["trial"])]
    np.testing.assert_allclose(drawn["trial"], by_trial)
    np.testing.assert_allclose(drawn["best so far"], np.minimum.accumulate(by_trial))
    assert result.plot(ax) is ax
    matplotlib.pyplot.close("all")


@pytest.mark.slow
def test_same_seed_same_search_and_silence(run, tmp_path, capfd):
    first = run(directory=tmp_path / "a", verbose=0)
    second = run(directory=tmp_path / "b", verbose=0)
    assert capfd.readouterr().out == ""
    results = [
        [(row["trial"], row["options"]["units"], row["objective"]) for row in result.table()]
        for result in (first, second)
    ]
    assert results[0] == results[1]


@pytest.mark.slow
def test_hyperband_trains_the_best_on(run):
    result = run(tuner="hyperband", epochs=3, max_trials=4)
    rows = sorted(result.table(), key=lambda row: row["trial"])
    assert [row["epochs"] for row in rows] == [1, 1, 1, 3]
    best = min(rows[:3], key=lambda row: row["objective"])
    assert rows[3]["options"] == best["options"]
    # It went on from the weights of that trial instead of starting anew.
    assert rows[3]["objective"] < best["objective"]
    assert "epochs" not in result.best_options()


@pytest.mark.slow
def test_objective_to_be_maximised_and_fixed_options(tmp_path, data):
    recipe = make_recipe(
        tmp_path,
        '{"units": hp.Int("units", 2, 9), "ngrams": hp.Choice("ngrams", [1, 2])}',
    )
    result = recipe.tune(
        data,
        tuner="bayesian",
        objective="val_accuracy",
        max_trials=4,  # the fourth is the first that the Gaussian process proposes
        epochs=1,
        options={"ngrams": 2, "learning_rate": 0.03},
        batch_size=20,
        directory=tmp_path / "s",
    )
    values = [row["objective"] for row in result.table()]
    assert values == sorted(values, reverse=True)
    assert all(row["options"]["ngrams"] == 2 for row in result.table())
    assert result.best_options()["learning_rate"] == 0.03
    assert result.best_options()["batch_size"] == 20
    model = result.best_model()
    assert model.evaluate(data.validation, verbose=0, return_dict=True)[
        "accuracy"
    ] == pytest.approx(values[0])


@pytest.mark.slow
def test_grid_resumes_and_ends_with_the_space(tmp_path, data):
    recipe = make_recipe(
        tmp_path,
        '{"units": hp.Choice("units", [2, 3]), '
        '"learning_rate": hp.Choice("learning_rate", [0.01, 0.1, 0.02])}',
    )
    settings = {"tuner": "grid", "epochs": 1, "directory": tmp_path / "s"}
    assert len(recipe.tune(data, max_trials=2, **settings).table()) == 2
    assert len(recipe.tune(data, max_trials=3, **settings).table()) == 3
    table = recipe.tune(data, max_trials=50, **settings).table()
    points = {(row["options"]["units"], row["options"]["learning_rate"]) for row in table}
    assert len(table) == len(points) == 6


def test_conditions_are_all_explored(tmp_path, data):
    recipe = make_recipe(
        tmp_path,
        """self.branches(hp)

    def branches(self, hp):
        deep = hp.Choice("deep", [False, True])
        options = {"units": 3}
        with hp.conditional_scope("deep", [True]):
            if deep:
                options["units"] = hp.Int("deep_units", 5, 8)
                options["unit"] = 3
        return options""",
    )
    with pytest.raises(ValueError, match="no option 'unit'. Did you mean 'units'"):
        recipe.tune(data, directory=tmp_path / "s")
    assert not (tmp_path / "s").exists()


@pytest.mark.slow
def test_executions_of_a_trial(run, data, monkeypatch):
    fitted = count_calls(monkeypatch, keras.Model, "fit")
    result = run(executions_per_trial=2, max_trials=1)
    assert len(fitted) == 2
    record = result.table()[0]
    judged = result.best_model().evaluate(data.validation, verbose=0)
    assert judged[0] <= record["objective"] + 1e-6  # the best of the two, against their mean


def test_precision_is_kept(run):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        result = run(max_trials=1)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
        model = result.best_model()
        hidden = [layer for layer in model.layers if layer.name != "output" and layer.weights]
        assert {layer.compute_dtype for layer in hidden} == {"bfloat16"}
    finally:
        keras.config.set_dtype_policy("float32")
    with pytest.raises(ValueError, match="precision .*mixed_bfloat16.* before"):
        run(max_trials=2)


@pytest.mark.slow
def test_callbacks_are_copied_for_each_trial(run):
    class Count(keras.callbacks.Callback):
        seen = []

        def __init__(self):
            super().__init__()
            self.epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.epochs += 1
            self.seen.append(self.epochs)
            logs["val_own"] = 1.0 / (epoch + len(self.seen))

    callback = Count()
    result = run(callbacks=[callback], objective=keras_tuner.Objective("val_own", "min"))
    assert Count.seen == [1, 1] and callback.epochs == 0
    assert result.table()[0]["objective"] == 0.5
    with pytest.raises(ValueError, match="deepcopy"):
        run(callbacks=[threading.Lock()])


# === Resuming ===


@pytest.mark.slow
def test_resumes_continues_and_refuses_changes(run, recipe, data, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "search"
    before = run().table()
    fitted = count_calls(monkeypatch, keras.Model, "fit")
    assert run().table() == before and not fitted
    after = run(max_trials=3).table()
    assert len(fitted) == 1
    assert [row for row in after if row["trial"] != 3] == [
        {**row, "rank": new["rank"]}
        for row, new in zip(before, [row for row in after if row["trial"] != 3], strict=True)
    ]
    assert "Resumed: 2 trials are done, best val_loss" in capsys.readouterr().out

    other = make_recipe(tmp_path, '{"units": hp.Int("units", 2, 5)}')
    named = make_recipe(tmp_path)
    named.name = "other"
    changed = {
        r"tuner \('random' before, 'grid' now\)": {"tuner": "grid"},
        "objective": {"objective": "val_accuracy"},
        r"options \(learning_rate": {"options": {"learning_rate": 0.5}},
        r"search space \(units\)": {"recipe": other},
        r"recipe \(name": {"recipe": named},
        r"data \(examples": {"data": recipe.data(examples(word="won"))},
        r"data \(examples: .*sizes": {"data": recipe.data(examples(50))},
        "seed": {"seed": 1},
        "epochs": {"epochs": 2},
    }
    for words, arguments in changed.items():
        with pytest.raises(ValueError, match=f"{words}.*overwrite=True.*another directory"):
            run(**arguments)
    assert run(max_trials=3).table() == after

    (folder / "notes.txt").write_text("mine")
    restarted = run(tuner="grid", overwrite=True)
    assert len(restarted.table()) == 2
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.slow
def test_a_search_killed_at_a_bad_moment_resumes(run, tmp_path, monkeypatch):
    folder = tmp_path / "search"
    before = run().table()

    def forget(number, record):
        """As if killed between what is written for a trial."""
        state = json.loads((folder / "oracle.json").read_text())
        path = folder / f"trial_{number}" / "trial.json"
        trial = json.loads(path.read_text())
        trial |= {"status": "RUNNING", "score": None}
        path.write_text(json.dumps(trial))
        if not record:
            path.with_name("record.json").unlink()
        for key in ("start_order", "end_order"):
            state[key].remove(str(number))
        (folder / "oracle.json").write_text(json.dumps(state))

    fitted = count_calls(monkeypatch, keras.Model, "fit")
    forget(0, record=True)
    assert run().table() == before and not fitted
    forget(1, record=False)
    again = run().table()
    assert len(fitted) == 1
    assert [row["objective"] for row in again] == [row["objective"] for row in before]


SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, {tests!r})
from tests.tuning.toys import examples
from rnnkit import registry
recipe = registry.get({recipe!r})
recipe.tune(recipe.data(examples()), tuner="random", max_trials=40, seed=0, epochs=2,
            options={{"trouble": "slow"}}, directory={directory!r})
"""


@pytest.mark.slow
def test_interrupted_then_resumed_in_another_process(recipe, data, tmp_path):
    folder = tmp_path / "search"
    tests = str(pathlib.Path(__file__).parents[2])
    script = SCRIPT.format(tests=tests, recipe=str(tmp_path / "tiny.py"), directory=str(folder))
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        first = process.stdout.readline()
        if first.startswith("Split"):  # what the data says before
            first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert first.startswith("Trial  1/40: val_loss"), (first, err)
    assert process.returncode != 0 and "KeyboardInterrupt" in err
    path = folder / "best.keras"
    assert f"The best model so far is in {path}" in err
    assert rnnkit.load_model(path).infer("win cash")["label"] in ("ham", "spam")
    done = {row: json.loads(pathlib.Path(row).read_text()) for row in records(folder)}
    assert 1 <= len(done) < 40

    count = len(done) + 1
    result = recipe.tune(
        data,
        tuner="random",
        max_trials=count,
        seed=0,
        epochs=2,
        options={"trouble": "slow"},
        directory=folder,
    )
    assert len(result.table()) == count
    for row, content in done.items():
        assert json.loads(pathlib.Path(row).read_text()) == content
    kept = rnnkit.load_model(path).evaluate(data.validation, verbose=0, return_dict=True)
    assert kept["loss"] == pytest.approx(result.table()[0]["objective"], rel=1e-5)


@pytest.mark.slow
def test_interrupted_in_its_first_trial_in_the_default_folder(
    recipe, data, tmp_path, monkeypatch, capfd
):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        recipe.tune(data, callbacks=[Stop()], tuner="random", epochs=5)
    folder = tmp_path / "tuning" / "tiny"
    assert f"The best model so far is in {folder / 'best.keras'}" in capfd.readouterr().err
    assert not records(folder)
    rnnkit.load_model(folder / "best.keras")
