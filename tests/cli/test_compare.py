"""`rnnkit compare`, as a person and as a program call it."""

import json
import subprocess
import sys

import pytest

from rnnkit.cli import main
from rnnkit.comparison.tasks import standard as memory_tasks

TINY = ("--cells", "gru,dense", "--lags", "3", "--seeds", "1", "--budget", "10")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_memory_task_as_json_and_csv(here, capsys):
    call = ["compare", "parity", *TINY, "--parameters", "100", "--csv", "rows.csv", "--json"]
    assert main(call) == 0
    shown = capsys.readouterr()
    result = json.loads(shown.out)  # nothing else is on standard output
    assert "1/2 gru, lag 3, seed 1" in shown.err
    assert [row["cell"] for row in result["records"]] == ["gru", "dense"]
    assert result["about"]["budget"] == 10 and result["about"]["seeds"] == [1]
    assert (here / "rows.csv").read_text().splitlines()[0].startswith("cell,lag,score")
    kept = {path: path.stat().st_mtime_ns for path in (here / "comparison" / "parity").iterdir()}
    assert len(kept) == 2
    assert main(call[:-1]) == 0  # what is finished is not run again
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    table = capsys.readouterr().out
    assert "longest" in table and "bidirectional" not in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["parrity"], "neither a memory task nor a recipe 'parrity'"),
        (["parity", "--cells", "lstn"], "Did you mean 'lstm'"),
        (["parity", "--cells", ","], "cells must be a list of at least one cell"),
        (["parity", "--lags", "ten"], "--lags takes whole numbers"),
        (["parity", "--budget", "0"], "budget must be a positive number of updates"),
        (["parity", "--budget", "soon"], "budget must be"),
        (["parity", "--seeds", "0"], "seeds must be how many"),
        (["spam", "--epochs", "0"], "--epochs must be at least 1"),
        (["spam", "--lags", "3"], "lags must be left out"),
        (["spam", "--data", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_wrong_calls_end_with_one_message(here, capsys, arguments, message):
    assert main(["compare", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len([line for line in error.splitlines() if line.startswith("rnnkit: error")]) == 1
    assert not list(here.iterdir())


def test_help_is_light_and_names_the_tasks():
    code = (
        "import sys, rnnkit.cli as cli\n"
        "try: cli.main(['compare', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    text = " ".join(run.stdout.split())
    assert all(name in text for name in memory_tasks.names())
