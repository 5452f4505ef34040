"""The search: trials that fail, faults of the space, wrong arguments."""

import io
import os
import re

import keras
import keras_tuner
import matplotlib
import pytest
from rich.console import Console

from rnnkit.models import base
from rnnkit.tuning.job import Job
from rnnkit.tuning.run import _objective
from rnnkit.utils import locks
from tests.tuning.toys import count_calls, make_recipe


@pytest.mark.slow
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
    assert errors["nan", 3].startswith("The loss became nan at step 2 of epoch 1 (update 2). ")
    assert errors["nan", 3].endswith("Likely: the learning rate is nan")
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
        (
            '{"units": hp.Int("units", 2, 9), "batch_size": 0.5}',
            "batch_size must be an integer of at least 1",
        ),
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


def test_the_better_way_of_an_objective(tmp_path):
    recipe = make_recipe(tmp_path)
    for name in ("val_nats", "val_bits", "val_wer", "val_cer", "val_perplexity", "val_loss"):
        assert _objective(name, recipe).direction == "min"
    assert _objective("val_entity_f1", recipe).direction == "max"
    assert _objective(None, recipe) == keras_tuner.Objective("val_loss", "min")
    recipe.training = {**recipe.training, "monitor": "val_own", "mode": "max"}
    assert _objective(None, recipe) == keras_tuner.Objective("val_own", "max")


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
        ({"objective": "val_own"}, "pass keras_tuner.Objective('val_own', 'min')"),
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


def test_a_second_search_in_the_folder_is_refused(run, tmp_path):
    (tmp_path / "search").mkdir()
    with locks.held(tmp_path / "search", "search"):
        for arguments in ({}, {"overwrite": True}):
            with pytest.raises(ValueError, match=f"Another search .* process {os.getpid()} on"):
                run(**arguments)
        assert os.listdir(tmp_path / "search") == [locks.NAME]
    assert len(run(max_trials=1).table()) == 1
    assert locks.NAME not in os.listdir(tmp_path / "search")


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_model_that_cannot_be_judged_untrained(recipe, data, verbose, monkeypatch, capsys):
    def evaluate(*args, **kwargs):
        raise OSError("out of\nink")

    monkeypatch.setattr(base.Model, "evaluate", evaluate)
    objective = keras_tuner.Objective("val_acuracy", "max")
    job = Job(recipe, data, "random", 2, objective, verbose=verbose)
    job.check()  # no error: the first trial will tell
    told = r"whether the models report 'val_acuracy': .*\(OSError: out of ink\)"
    out, err = capsys.readouterr()
    assert out == "" and bool(err) == bool(verbose)
    assert not verbose or re.search(told, err)
