"""The search: with tiny data and a recipe of its own, in this process, in others and in several."""

import functools
import glob
import io
import json
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import types

import keras
import keras_tuner
import matplotlib
import numpy as np
import pytest
from rich.console import Console

import rnnkit
from rnnkit import registry, tuning, tuning_job, tuning_search
from rnnkit.models import base

RECIPE = """
import os, signal, time
import rnnkit


class Tiny(rnnkit.Recipe):
    name = "tiny"
    title = "Tell two kinds of line apart"
    pattern = "one_to_one"
    input, output, cell = "text", "label", "dense"
    training = {"epochs": 3, "batch_size": 16, "patience": 2, "monitor": "val_loss"}

    def features(self, data, *, ngrams=1):
        text = rnnkit.features.Text(ngrams=ngrams, unique=True)
        label = rnnkit.features.Label()
        text.adapt(data.train.map(lambda x, y: x))
        label.adapt(data.train.map(lambda x, y: y))
        return text, label

    def build(self, text, label, *, units=4, learning_rate=0.01, trouble="none", seed=None):
        import keras

        if trouble == "raise":
            raise OSError(f"out of paper [tray {units}]")
        if trouble == "die":
            print("last words", flush=True)
            os._exit(7)
        if trouble == "slow":
            time.sleep(0.5)
        if trouble == "nan":
            learning_rate = float("nan")
        model = rnnkit.models.OneToOne(text, label, units=units, seed=seed, name=self.name)
        model.compile(optimizer=keras.optimizers.Adam(learning_rate), run_eagerly=True)
        return model

    def search_space(self, hp):
        return {"units": hp.Int("units", 2, 9)}
"""


def make_recipe(folder, space=None):
    """A recipe from a file, its search space replaced by the source of a dict."""
    path = pathlib.Path(folder) / "tiny.py"
    source = RECIPE.replace('{"units": hp.Int("units", 2, 9)}', space) if space else RECIPE
    path.write_text(source)
    return registry.get(str(path))


def examples(count=60, word="win"):
    rng = np.random.default_rng(3)
    words = np.array(["cash", "home", "now", "tea", "late", "prize", "see", "you"])
    x, y = [], []
    for index in range(count):
        kind = index % 2
        lead = [word, "claim"] if kind else ["hello", "dear"]
        x.append(" ".join([*rng.choice(words, 4), *(lead[:1] if rng.random() < 0.8 else [])]))
        y.append(["ham", "spam"][kind])
    return x, y


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    # A third of a second a trial, in a process that has as much loaded as the tests.
    monkeypatch.setattr(tuning_search, "gc", types.SimpleNamespace(collect=lambda: 0))


@pytest.fixture
def recipe(tmp_path):
    return make_recipe(tmp_path)


@pytest.fixture
def data(recipe):
    return recipe.data(examples())


@pytest.fixture
def run(recipe, data, tmp_path):
    settings = {"tuner": "random", "max_trials": 2, "seed": 0, "directory": tmp_path / "search"}

    def call(recipe=recipe, data=data, **arguments):
        return recipe.tune(data, **{**settings, "epochs": 1, **arguments})

    return call


def count_calls(monkeypatch, owner, name):
    calls, original = [], getattr(owner, name)

    @functools.wraps(original)
    def counted(*args, **kwargs):
        calls.append(kwargs)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return calls


# === What a search gives ===


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
    adapted = count_calls(monkeypatch, recipe, "features")
    encoded = count_calls(monkeypatch, base, "prepare")
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


def test_same_seed_same_search_and_silence(run, tmp_path, capfd):
    first = run(directory=tmp_path / "a", verbose=0)
    second = run(directory=tmp_path / "b", verbose=0)
    assert capfd.readouterr().out == ""
    results = [
        [(row["trial"], row["options"]["units"], row["objective"]) for row in result.table()]
        for result in (first, second)
    ]
    assert results[0] == results[1]


def test_hyperband_trains_the_best_on(run):
    result = run(tuner="hyperband", epochs=3, max_trials=4)
    rows = sorted(result.table(), key=lambda row: row["trial"])
    assert [row["epochs"] for row in rows] == [1, 1, 1, 3]
    best = min(rows[:3], key=lambda row: row["objective"])
    assert rows[3]["options"] == best["options"]
    # It went on from the weights of that trial instead of starting anew.
    assert rows[3]["objective"] < best["objective"]
    assert "epochs" not in result.best_options()


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
from tests.test_tuning import examples
from rnnkit import registry
recipe = registry.get({recipe!r})
recipe.tune(recipe.data(examples()), tuner="random", max_trials=40, seed=0, epochs=2,
            options={{"trouble": "slow"}}, directory={directory!r})
"""


def test_interrupted_then_resumed_in_another_process(recipe, data, tmp_path):
    folder = tmp_path / "search"
    tests = str(pathlib.Path(__file__).parent.parent)
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
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert first.startswith("Trial  1/40: val_loss"), (first, err)
    assert process.returncode != 0 and "KeyboardInterrupt" in err
    path = folder / "best.keras"
    assert f"The best model so far is in {path}" in err
    assert rnnkit.load_model(path).infer("win cash")["label"] in ("ham", "spam")
    done = {row: json.loads(pathlib.Path(row).read_text()) for row in _records(folder)}
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


def _records(folder):
    return glob.glob(str(folder / "trial_*" / "record.json"))


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
    assert not _records(folder)
    rnnkit.load_model(folder / "best.keras")


# === Failures ===


def test_failed_trials_are_told_and_kept(tmp_path, data, capsys):
    recipe = make_recipe(
        tmp_path,
        '{"units": hp.Choice("units", [2, 3]), '
        '"trouble": hp.Choice("trouble", ["none", "raise", "nan"])}',
    )
    result = recipe.tune(data, tuner="grid", epochs=1, max_trials=10, directory=tmp_path / "s")
    table = result.table()
    assert [row["status"] for row in table] == ["completed"] * 2 + ["failed"] * 4
    assert [row["rank"] for row in table] == [1, 2, None, None, None, None]
    errors = {(row["options"]["trouble"], row["options"]["units"]): row["error"] for row in table}
    assert errors["raise", 2] == "OSError: out of paper [tray 2]"
    assert errors["nan", 3] == "val_loss is nan in every epoch"
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert len(err.splitlines()) == 4 and "failed: OSError: out of paper [tray 3]; " in err
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(table)
    assert "[tray 2]" in console.export_text() and "[tray 2]" in table._repr_html_()
    matplotlib.pyplot.switch_backend("agg")
    assert "failed" in [line.get_label() for line in result.plot().lines]
    matplotlib.pyplot.close("all")
    judged = result.best_model().evaluate(data.validation, verbose=0, return_dict=True)
    assert judged["loss"] == pytest.approx(table[0]["objective"], rel=1e-5)


def test_all_trials_failing_raises_the_first(tmp_path, data, monkeypatch):
    recipe = make_recipe(tmp_path, '{"units": hp.Int("units", 2, 9)}')
    settings = {"tuner": "random", "max_trials": 2, "seed": 1, "epochs": 1}
    original = type(recipe).network
    calls = []

    def broken(self, features, **options):
        calls.append(options)
        if len(calls) > 1:  # the first is the check before the search
            raise OSError(f"no ink for {options['units']} units")
        return original(self, features, **options)

    monkeypatch.setattr(type(recipe), "network", broken)
    with pytest.raises(RuntimeError, match="All 2 trials failed, the first with OSError") as error:
        recipe.tune(data, directory=tmp_path / "s", **settings)
    assert isinstance(error.value.__cause__, OSError)
    assert f"{calls[1]['units']} units" in str(error.value.__cause__)

    def same(self, features, **options):
        calls.append(options)
        if len(calls) > 1:
            raise OSError("no ink")
        return original(self, features, **options)

    calls.clear()
    monkeypatch.setattr(type(recipe), "network", same)
    with pytest.raises(RuntimeError, match="first 3 trials all failed with OSError: no ink"):
        recipe.tune(data, directory=tmp_path / "t", **{**settings, "max_trials": 50})
    assert len(calls) == 4


@pytest.mark.parametrize(
    "space, words",
    [
        ('{"unit": 3}', "no option 'unit'. Did you mean 'units'"),
        ("3", "must return a dict of options. Received: 3"),
        ('{"units": hp.Int("units", 2, 9), "batch_size": 0.5}', "batch_size must be a positive"),
        ('{"units": 3}', "nothing to search"),
        ('{"units": hp.Choice("units", ["many", "few"])}', "units"),
        ('{"units": hp.Int("units", 2, 9, stp=2)}', "stp"),
    ],
)
def test_faults_of_the_space_surface_at_once(tmp_path, data, monkeypatch, space, words):
    recipe = make_recipe(tmp_path, space)
    fitted = count_calls(monkeypatch, keras.Model, "fit")
    with pytest.raises((ValueError, TypeError), match=words):
        recipe.tune(data, directory=tmp_path / "s")
    assert not fitted and not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"tuner": "bayes"}, "Did you mean 'bayesian'? Received: tuner='bayes'"),
        ({"max_trials": 0}, "Received: max_trials=0"),
        ({"max_trials": 2.5}, "Received: max_trials=2.5"),
        ({"epochs": 0}, "Received: epochs=0"),
        ({"batch_size": "x"}, "Received: batch_size='x'"),
        ({"seed": -1}, "Received: seed=-1"),
        ({"objective": "val_acuracy"}, "Did you mean 'val_accuracy'?"),
        ({"objective": "accuracy"}, "Did you mean 'val_accuracy'?"),
        ({"objective": 3}, "Received: objective=3"),
        ({"options": {"unit": 3}}, "Did you mean 'units'?"),
        ({"options": 3}, "Received: options=3"),
        ({"data": [1, 2]}, "Received: list"),
        ({"workers": 1}, "Received: workers=1"),
        ({"workers": 2}, "Received: data from arrays"),
        ({"directory": "{tmp}/tiny.py"}, "Cannot write"),
        ({"directory": "{tmp}/tiny.py/x"}, "Cannot write"),
        ({"directory": "{tmp}"}, "new or empty"),
        ({"directory": "/proc/tuning"}, "Cannot write"),
    ],
)
def test_wrong_arguments(run, tmp_path, monkeypatch, arguments, words):
    fitted = count_calls(monkeypatch, keras.Model, "fit")
    if "directory" in arguments:
        arguments = {"directory": arguments["directory"].format(tmp=tmp_path)}
    with pytest.raises(ValueError) as error:
        run(**arguments)
    assert words in str(error.value)
    assert not fitted and not (tmp_path / "search").exists()


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_model_that_cannot_be_judged_untrained(recipe, data, verbose, monkeypatch, capsys):
    def evaluate(*args, **kwargs):
        raise OSError("out of\nink")

    monkeypatch.setattr(base.Model, "evaluate", evaluate)
    objective = keras_tuner.Objective("val_acuracy", "max")
    job = tuning_job.Job(recipe, data, "random", 2, objective, verbose=verbose)
    job.check()  # no error: the first trial will tell
    told = r"whether the models report 'val_acuracy': .*\(OSError: out of ink\)"
    out, err = capsys.readouterr()
    assert out == "" and bool(err) == bool(verbose)
    assert not verbose or re.search(told, err)


# === Several processes ===


@pytest.fixture
def table_file(tmp_path):
    path = tmp_path / "lines.csv"
    rows = [f"{text},{label}" for text, label in zip(*examples(), strict=True)]
    path.write_text("\n".join(["words,kind", *rows]))
    return str(path)


def _processes(folder):
    """Numbers of the processes that take part in a search."""
    found = []
    for name in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            words = pathlib.Path(name).read_bytes().decode().split("\0")
        except OSError:
            continue
        if str(folder / "workers.json") in words:
            found.append(int(name.split("/")[2]))
    return found


def test_workers(tmp_path, table_file, capsys):
    recipe = make_recipe(
        tmp_path,
        '{"units": hp.Int("units", 2, 9), '
        '"learning_rate": hp.Float("learning_rate", 1e-3, 1e-1, sampling="log")}',
    )
    columns = {"input": "words", "target": "kind"}
    data = recipe.data(table_file, **columns)
    folder = tmp_path / "search"
    settings = {
        "tuner": "random",
        "seed": 0,
        "epochs": 2,
        "directory": folder,
        "data_arguments": {"source": table_file, **columns},
    }

    # Begun in this process, then with workers until Ctrl-C: they end, and what is finished is kept.
    recipe.tune(data, max_trials=1, **settings)

    def interrupt():
        deadline = time.monotonic() + 60
        while len(_processes(folder)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        started.extend(_processes(folder))
        signal.raise_signal(signal.SIGINT)

    started = []
    thread = threading.Thread(target=interrupt)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            recipe.tune(data, max_trials=30, workers=2, **settings)
    finally:
        thread.join()
        signal.signal(signal.SIGINT, handler)
    assert len(started) == 3 and not _processes(folder)
    assert "best.keras" in capsys.readouterr().err
    done = {row: pathlib.Path(row).read_text() for row in _records(folder)}
    assert len(done) == 1

    # The search goes on with workers, and then in this process again.
    count = 4
    result = recipe.tune(data, max_trials=count, workers=2, **settings)
    assert not _processes(folder)
    out = capsys.readouterr().out
    assert len(result.table()) == count and f"/{count}: val_loss" in out
    for row, text in done.items():
        assert pathlib.Path(row).read_text() == text
    best = result.table()[0]
    for model in (result.best_model(), rnnkit.load_model(folder / "best.keras")):
        judged = model.evaluate(data.validation, verbose=0, return_dict=True)
        assert judged["loss"] == pytest.approx(best["objective"], rel=1e-5)
    table = recipe.tune(data, max_trials=count + 1, **settings).table()
    assert len(table) == count + 1
    points = {(row["options"]["units"], row["options"]["learning_rate"]) for row in table}
    assert len(points) == count + 1


def test_a_worker_that_dies_ends_the_search(tmp_path, table_file):
    recipe = make_recipe(
        tmp_path,
        '{"units": hp.Choice("units", [2, 3]), "trouble": hp.Choice("trouble", ["none", "die"])}',
    )
    columns = {"input": "words", "target": "kind"}
    data = recipe.data(table_file, **columns)
    folder = tmp_path / "search"
    with pytest.raises(RuntimeError, match=r"worker\d of the search ended early \(7\)") as error:
        recipe.tune(
            data, tuner="grid", epochs=1, directory=folder, workers=2, data_arguments=columns
        )
    assert "last words" in str(error.value)
    kept = [json.loads(pathlib.Path(name).read_text()) for name in _records(folder)]
    assert {row["options"]["trouble"] for row in kept} <= {"none"}
    assert not _processes(folder)


def test_workers_need_what_can_be_passed_on(run, tmp_path, table_file, recipe):
    data = recipe.data(table_file, input="words", target="kind")
    for arguments, words in (
        ({"callbacks": [keras.callbacks.TerminateOnNaN()]}, "callbacks cannot be passed on"),
        ({"options": {"learning_rate": object()}}, "options must be plain values"),
    ):
        with pytest.raises(ValueError, match=words):
            run(data=data, workers=2, **arguments)


def test_environment_of_several_machines_is_checked(run, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    with pytest.raises(ValueError, match="KERASTUNER_ORACLE_PORT must be set"):
        run()
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1234")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker1")
    with pytest.raises(ValueError, match="Received: both"):
        run(workers=2)


def test_a_call_in_a_worker_is_refused(run, monkeypatch):
    monkeypatch.setenv(tuning.tuning_worker.CHILD, "1")
    with pytest.raises(RuntimeError, match="__main__"):
        run()
