"""The ledger of the benchmarks: what scripts write into RESULTS.md with `--record`."""

import datetime
import importlib
import pathlib
import re
import subprocess
import sys

import pytest

from tests.benchmarks import ledger

PAGE = f"""# Results

Prose, with | a bar.

{ledger.BEGIN}

| {" | ".join(ledger.COLUMNS)} |
| --- | --- | --- | --- | --- | --- | --- | --- |
| speed | 1 | | | `python -m tests.benchmarks.old` | abc | 2020-01-01 | a machine |

{ledger.END}

Prose | after | it.
"""
# Modules of the folder that measure nothing by themselves.
PARTS = {
    "__init__", "_table", "journey", "ledger", "statistical", "torch_twin",
    "translation_loops", "translation_profile", "translation_twin",
}  # fmt: skip
SCRIPTS = sorted({path.stem for path in ledger.RESULTS.parent.glob("*.py")} - PARTS)


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "RESULTS.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_a_figure_becomes_a_row(page, monkeypatch, tmp_path):
    given = ["/somewhere/tests/benchmarks/narma.py", str(tmp_path), "--record", "--seeds", "3"]
    monkeypatch.setattr(sys, "argv", given)
    book = ledger.Book(True, page)
    shown = book.add("error | NARMA", 0.05, [0.04, 0.07], form=".3f", unit="nats", at_most=0.1)
    assert shown == "0.050 (0.040 to 0.070) nats"
    old, new = ledger.read(page)
    assert old["figure"] == "speed" and old["commit"] == "abc"
    command = f"`python -m tests.benchmarks.narma {tmp_path.name} --seeds 3`"
    assert new["figure"] == r"error \| NARMA" and new["measured"] == shown
    assert (new["bound"], new["met"], new["command"]) == ("at most 0.1", "yes", command)
    assert datetime.date.fromisoformat(new["date"])
    assert re.fullmatch(r"\d+ cores?, \d+ GB, .+", new["machine"])
    text = page.read_text(encoding="utf-8")
    before, after = PAGE.split(ledger.BEGIN)[0], PAGE.split(ledger.END)[1]
    assert text.startswith(before + ledger.BEGIN) and text.endswith(ledger.END + after)
    assert str(tmp_path) not in text.replace(tmp_path.name, "")
    assert [path.name for path in tmp_path.iterdir()] == ["RESULTS.md"]


def test_the_same_figure_of_the_same_command_replaces_its_row(page, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["old.py", "--record"])
    book = ledger.Book(True, page)
    book.add("speed", 2, at_least=3)
    book.add("other", 5)
    (row, other) = ledger.read(page)
    assert (row["measured"], row["met"], other["figure"], other["met"]) == ("2", "no", "other", "")
    book.command += " --seed 2"
    book.add("speed", float("nan"), at_least=3)
    assert [each["met"] for each in ledger.read(page)] == ["no", "", "no"]


def test_nothing_is_written_unless_asked_for(page):
    assert ledger.Book(False, page).add("speed", 1.23456, form=".1f") == "1.2"
    assert page.read_text(encoding="utf-8") == PAGE


@pytest.mark.parametrize("mark", [ledger.BEGIN, ledger.END])
def test_marks_that_are_missing_or_twice_are_refused_before_anything_runs(page, mark):
    for text in (PAGE.replace(mark, ""), PAGE + mark):
        page.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match="between one line <!-- ledger -->.*Received"):
            ledger.Book(True, page)
        assert page.read_text(encoding="utf-8") == text
    page.write_text(PAGE.replace("| a machine |", "|"), encoding="utf-8")
    with pytest.raises(ValueError, match="has 8 cells. Received"):
        ledger.Book(True, page)
    with pytest.raises(ValueError, match="one bound. Received: figure='x'"):
        ledger.Book(False).add("x", 1, at_least=1, at_most=2)


def test_commands_name_files_without_the_folders_of_the_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "glove.txt").touch()
    given = ["x/multi30k.py", "/data/m30k/", "here/glove.txt", "--set=vectors=/a/b/g.txt", "a/b",
             "--set", "units=[1, 2]"]  # fmt: skip
    assert ledger.command(given) == (
        "python -m tests.benchmarks.multi30k m30k glove.txt --set=vectors=g.txt a/b "
        "--set 'units=[1, 2]'"
    )


def test_a_commit_says_whether_files_were_changed(monkeypatch):
    def answers(status):
        return lambda root, what, *rest: "1a2b3c4\n" if what == "rev-parse" else status

    own = " M tests/benchmarks/RESULTS.md\n"
    for status, told in (
        ("", "1a2b3c4"), (own, "1a2b3c4"), (own + "?? notes.txt\n", "1a2b3c4"),
        (own + " M setup.cfg\n", "1a2b3c4+"), ("?? tests/benchmarks/new.py\n", "1a2b3c4+"),
    ):  # fmt: skip
        monkeypatch.setattr(ledger, "_git", answers(status))
        assert ledger.commit() == told, status

    def without(*arguments):
        raise subprocess.CalledProcessError(128, "git")

    monkeypatch.setattr(ledger, "_git", without)
    assert ledger.commit() == "unknown"


def test_the_rows_of_the_results_are_whole():
    for row in ledger.read():
        bound = re.fullmatch(r"at (least|most) (\S+)", row["bound"])
        assert bool(bound) == (row["met"] in ("yes", "no")) and bool(bound) == bool(row["bound"])
        if bound:
            value, limit = float(row["measured"].split()[0].replace(",", "")), float(bound[2])
            # What is shown is rounded: right at the bound both may be true.
            if value != limit:
                met = value > limit if bound[1] == "least" else value < limit
                assert row["met"] == ("yes" if met else "no"), row
        script = re.match(r"`python -m tests\.benchmarks\.(\w+)", row["command"])
        assert script and script[1] in SCRIPTS, row
        assert row["figure"] and row["machine"] and datetime.date.fromisoformat(row["date"])


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_can_record(name, monkeypatch, capsys):
    text = pathlib.Path(ledger.RESULTS.with_name(f"{name}.py")).read_text(encoding="utf-8")
    assert "book.add(" in text or "measure(" in text
    module = importlib.import_module(f"tests.benchmarks.{name}")
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0 and "--record" in capsys.readouterr().out
