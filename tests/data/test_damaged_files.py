"""Damaged files are read or refused, by name, and bombs are refused before they expand.

Here a few of each kind; `python -m tests.benchmarks.battery` tries all.
"""

import pytest

from rnnkit.cli.program import main
from tests import battery_data
from tests.damaged.bombs import BOMBS
from tests.damaged.kinds import KINDS

FEW = 2


@pytest.mark.parametrize("kind", KINDS)
def test_valid_files_are_read(tmp_path, kind):
    recipe, source, _ = KINDS[kind](tmp_path)
    outcome = battery_data.attempt(kind, recipe, source, source.name)
    assert outcome.said == "read"


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files(kind):
    for outcome in battery_data.mutants(kind, FEW):
        assert outcome.held, outcome


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name):
    (outcome,) = battery_data.bombs([name])
    assert outcome.held, outcome


@pytest.mark.parametrize("name", ["npz of a gigabyte of zeros", "captions of a picture above"])
def test_the_command_line_refuses_in_one_message(tmp_path, capsys, name):
    recipe, source, damaged = BOMBS[name](tmp_path)
    assert main(["train", recipe, "--data", str(source), "--out", str(tmp_path / "m.keras")]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [line.startswith("rnnkit: error: ") for line in said].count(True) == 1
    assert damaged.name in said[-1] and not (tmp_path / "m.keras").exists()


def test_long_messages_are_cut_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "data.csv"
    path.write_text("text,label\n" + "x" * 10**6 + "\n")
    assert main(["train", "spam", "--data", str(path)]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "data.csv, line 2: expected 2 fields" in said and len(said) < 3000
