"""Progress of long work: a line on a terminal, and nothing anywhere else."""

import io
import re
import types

import pandas as pd
import pytest

import recipes
import rnnkit
from rnnkit import cli
from rnnkit.utils import progress
from tests import helpers


class Terminal(io.StringIO):
    """A stream that says that somebody looks at it."""

    def isatty(self):
        return True

    def lines(self):
        """What was shown one after the other, without blanks."""
        return [text.strip() for text in self.getvalue().split("\r") if text.strip()]

    def works(self):
        """The words before the colons, without numbers at their end."""
        return {line.split(":")[0] for line in self.lines()}


@pytest.fixture
def terminal(monkeypatch):
    """Standard error as a terminal, on which every line is shown at once."""
    made = Terminal()
    # Not that of the process, which pytest sets between a fixture and its test.
    monkeypatch.setattr(progress, "sys", types.SimpleNamespace(stderr=made))
    monkeypatch.setattr(progress, "FIRST", 0.0)
    monkeypatch.setattr(progress, "BETWEEN", 0.0)
    return made


def test_lines_tell_how_far_and_how_long(terminal, monkeypatch):
    now = iter([0.0, 10.0, 20.0, 30.0, 40.0])
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: next(now)))
    with progress.asked():
        assert list(progress.told("abcd", "Reading", 4)) == ["a", "b", "c", "d"]
    assert terminal.lines() == [
        "Reading: 25 %, 30 s left", "Reading: 50 %, 20 s left", "Reading: 75 %, 10 s left",
        "Reading: 100 %, 0 s left",
    ]  # fmt: skip
    # What is left at the end is an empty line, to write on.
    assert terminal.getvalue().endswith("\r") and not terminal.getvalue().split("\r")[-2].strip()
    assert "\n" not in terminal.getvalue()


def test_nothing_is_shown_unless_it_takes_long(terminal, monkeypatch):
    monkeypatch.setattr(progress, "FIRST", 2.0)
    with progress.asked():
        assert len(list(progress.told(range(100), "Reading"))) == 100
    assert terminal.getvalue() == ""


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nothing_is_shown_where_nobody_looks(stream, terminal, monkeypatch):
    progress.sys.stderr = stream
    with progress.always():
        assert list(progress.told("ab", "Reading")) == ["a", "b"]
    assert stream is None or stream.getvalue() == ""


def test_who_asks_for_lines(terminal):
    def wanted():
        with progress.Progress("Reading") as each:
            return each.wanted

    assert not wanted()
    for verbose, shown in ((None, True), (0, False), (False, False), (1, True), ("auto", True)):
        with progress.asked(verbose):
            assert wanted() is shown
            with progress.asked():  # what nothing says of itself is as around it
                assert wanted() is shown
    with progress.always(), progress.asked(0):
        assert wanted()
    assert not wanted()


def test_of_work_in_work_the_outer_is_told(terminal):
    with progress.asked():
        for _ in progress.told("ab", "Outside", 2):
            assert list(progress.told("cd", "Inside", 2)) == ["c", "d"]
    assert terminal.works() == {"Outside"}
    with pytest.raises(ZeroDivisionError), progress.asked(), progress.Progress("Failing"):
        1 / 0  # noqa: B018
    assert not progress._under_way


def test_a_line_makes_way_for_what_else_is_printed(terminal):
    with progress.asked():
        for number in progress.told(range(3), "Reading", 3):
            if number == 1:
                progress.clear()
                terminal.write("a note")
    *before, after = terminal.getvalue().split("a note")
    assert before[0].endswith(" \r") and not before[0].split("\r")[-2].strip()
    assert "Reading: 66 %" in after


def test_a_line_fits_the_terminal(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    with progress.asked():
        list(progress.told("ab", "Reading a file with a long name", 2))
    assert all(len(line) < 20 for line in terminal.getvalue().split("\r"))


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts, labels = helpers.presence(90)
    pd.DataFrame({"text": texts, "label": labels}).to_csv("mail.csv", index=False)
    quoted = [f'{text}, "so" {number}' for number, text in enumerate(texts * 25)]
    pd.DataFrame({"text": quoted, "label": labels * 25}).to_csv("quoted.csv", index=False)
    pd.DataFrame({"text": texts, "label": labels}).to_json(
        "mail.jsonl", orient="records", lines=True
    )
    (tmp_path / "words.conll").write_text("a DT\nb NN\n\n" * 30)
    (tmp_path / "vectors.txt").write_text("\n".join(f"{word} 0.5 0.25 1" for word in helpers.WORDS))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The file of a small model."""
    path = tmp_path_factory.mktemp("model") / "m.keras"
    texts, labels = helpers.presence(60)
    recipe = recipes.get("spam")
    recipe.train(recipe.data((texts, labels)), epochs=1, out=path, verbose=0)
    return str(path)


@pytest.mark.parametrize(
    ("name", "file"),
    [("spam", "mail.csv"), ("spam", "quoted.csv"), ("spam", "mail.jsonl"),
     ("pos_tagging", "words.conll")],
)  # fmt: skip
def test_reading(name, file, files, terminal):
    recipes.get(name).data(file)
    reading = "Reading lines" if file.endswith("conll") else f"Reading {file}"
    assert reading in terminal.works()


@pytest.mark.slow
def test_training_and_its_silence(files, terminal):
    recipe = recipes.get("spam")
    data = recipe.data("mail.csv")
    recipe.train(data, epochs=1, verbose=2, vectors="vectors.txt", ngrams=1)
    assert {"Text learns from the data", "Encoding", "Reading vectors.txt"} <= terminal.works()
    before = terminal.getvalue()
    recipe.train(data, epochs=1, verbose=0)
    rnnkit.features.Text().adapt(data.train.map(lambda x, y: x))
    assert terminal.getvalue() == before


@pytest.mark.slow
def test_within_a_trial_and_a_comparison(files, terminal, capsys):
    recipe = recipes.get("spam")
    data = recipe.data("mail.csv")
    settings = {"tuner": "random", "max_trials": 1, "epochs": 2, "options": {"units": 4}}
    recipe.tune(data, **settings)
    assert [line for line in terminal.lines() if line.startswith("Trial 1/1: 50 %, ")]
    rnnkit.compare(["dense"], recipe, data, seeds=1, epochs=2)
    assert [line for line in terminal.lines() if line.startswith("1/1 dense, seed 1: 50 %, ")]
    rnnkit.compare(["dense"], "adding", lags=[4], seeds=1, budget=20)
    assert [line for line in terminal.lines() if line.startswith("1/1 dense, seed 1: 100 %")]
    before = terminal.getvalue()
    recipe.tune(data, **settings, verbose=0, directory="quiet")
    rnnkit.compare(["dense"], recipe, data, seeds=1, epochs=1, verbose=0, directory="quiet too")
    assert terminal.getvalue() == before


def test_making_the_embedded_data(tmp_path, terminal, monkeypatch):
    import tensorflow_datasets as tfds

    from rnnkit.datasets import builders, digits  # noqa: F401  registers them

    monkeypatch.setattr(digits, "SIZES", {"train": 10, "validation": 10, "test": 10})
    builder = tfds.builder("rnnkit_digits", data_dir=tmp_path)
    with progress.asked():
        builder.download_and_prepare()
    assert {f"Making rnnkit_digits, {split}" for split in digits.SIZES} <= terminal.works()


def test_the_command_line_shows_it_where_results_are_elsewhere(files, model, terminal, capsys):
    assert not cli.main(["infer", model, "mail.csv", "--out", "found.csv"])
    assert {"Reading mail.csv", "Encoding", "Computing"} <= terminal.works()
    assert not re.search("Reading|Encoding|Computing", capsys.readouterr().out)


def test_beam_search(terminal):
    from rnnkit.models.progress import shown

    with progress.always():
        assert list(shown(range(3), 3, verbose=0)) == [0, 1, 2]
    assert terminal.works() == {"Computing"}
