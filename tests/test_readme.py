"""What the README says about the project is what the project says of itself."""

import pathlib
import re
import shlex

import numpy as np
import pandas as pd
import pytest

import recipes
import rnnkit
from rnnkit import cli
from tests import helpers
from tests.benchmarks import ledger

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "tests" / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")


# Where the ledger has a figure of the README: the row's figure, what its command holds, which
# number it is (0 the value, 1 the least, 2 the greatest), and digits after the point.
LEDGER = {
    ".818": ("sentiment, test: accuracy", "--name sst2 --seeds", 1, 3),
    ".833": ("sentiment, test: accuracy", "--name sst2 --seeds", 2, 3),
    ".823": ("linear model, sentiment, test: accuracy", "--name sst2", 0, 3),
    ".54": ("7 series, relative: geometric mean", "benchmarks.forecasting", 0, 2),
    ".994": ("spam, test: accuracy", "spam sms_spam --seeds", 1, 3),
    ".996": ("spam, test: accuracy", "spam sms_spam --seeds", 2, 3),
}


def differing(rows, figures=LEDGER):
    """The figures of which the rows of a ledger have another value, as a dict of one to the
    other, or to None where there is no row."""
    found = {}
    for figure, (name, words, which, digits) in figures.items():
        found[figure] = None
        for row in rows:
            if row["figure"] == name and words in row["command"]:
                numbers = [float(each) for each in re.findall(r"\d+(?:\.\d+)?", row["measured"])]
                told = f"{numbers[min(which, len(numbers) - 1)]:.{digits}f}".removeprefix("0")
                found[figure] = told
    return {figure: told for figure, told in found.items() if told != figure}


def blocks(language):
    return re.findall(rf"```{language}\n(.+?)```", README, re.S)


def test_it_is_short_and_its_figures_are_those_of_the_results():
    assert README.count("\n") <= 200
    quoted = README.split("[RESULTS.md]")[1].split("\n\n")[0]
    figures = re.findall(r"\d*\.\d+", quoted)
    # What each is a figure of: a line of the results that has both.
    about = {".818": "Stanford", ".833": "Stanford", ".823": "linear model on words",
             ".994": "SMS Spam", ".996": "SMS Spam", ".54": "`forecasting`"}  # fmt: skip
    assert sorted(figures) == sorted(about)
    for figure, what in about.items():
        lines = "\n".join(each for each in RESULTS.splitlines() if what in each)
        assert re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d])", lines), figure


def test_its_figures_are_those_of_the_ledger():
    assert differing(ledger.read()) == {}


def test_a_figure_that_is_not_in_the_ledger_is_told():
    figures = {figure: LEDGER[figure] for figure in (".818", ".833")}
    row = {"figure": "sentiment, test: accuracy", "measured": "0.8257 (0.8180 to 0.8330)"}
    command = "`python -m tests.benchmarks.recipe_scores sentiment sst --name sst2 --seeds 1 2`"
    assert differing([{**row, "command": command}], figures) == {}
    other = command.replace("sst2", "sst5")
    assert differing([{**row, "command": other}], figures) == {".818": None, ".833": None}
    row["measured"] = "0.8257 (0.8210 to 0.8330)"
    assert differing([{**row, "command": command}], figures) == {".818": ".821"}


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files that the README names, small, in the current folder."""
    monkeypatch.chdir(tmp_path)
    texts, labels = helpers.presence(80)
    table = pd.DataFrame({"text": texts, "label": labels})
    table.to_csv("reviews.csv", index=False)
    table.to_csv("mail.csv", index=False)
    rng, frames = np.random.default_rng(0), []
    for store in ("a", "b", "c"):
        promo = rng.random(134) < 0.3
        frames.append(pd.DataFrame({
            "store": store, "date": pd.date_range("2024-01-01", periods=134), "promo": promo * 1,
            "region": "north" if store == "a" else "south", "sales": 9 + promo + rng.random(134),
        }))  # fmt: skip
    pd.concat([each[:120] for each in frames]).to_csv("sales.csv", index=False)
    pd.concat([each[120:] for each in frames]).to_csv("ahead.csv", index=False)
    return texts, labels


@pytest.mark.slow
def test_its_python_runs(files, monkeypatch):
    import tensorflow as tf

    data, tune = rnnkit.Recipe.data, rnnkit.Recipe.tune

    def small(recipe, source=None, **options):
        if source is None:
            monkeypatch.setattr(rnnkit.Recipe, "data", data)
            found = helpers.small(recipe, (64, 16, 16))
            monkeypatch.setattr(rnnkit.Recipe, "data", small)
            return found
        return data(recipe, source, **options)

    monkeypatch.setattr(rnnkit.Recipe, "data", small)
    monkeypatch.setattr(
        rnnkit.Recipe, "tune",
        lambda recipe, *args, **options: tune(recipe, *args, **{**options, "max_trials": 2}),
    )  # fmt: skip
    texts, labels = files
    known = {"texts": texts, "labels": labels, "tf": tf}
    for block in blocks("python"):
        if "strategy" in block:
            known["recipe"] = recipes.get("spam")
            pathlib.Path("m.keras").unlink()
            block = block.replace("MultiWorkerMirroredStrategy()", 'MirroredStrategy(["CPU:0"])')
        exec(compile(block, "README.md", "exec"), known)
    assert pathlib.Path("served", "saved_model.pb").exists()
    assert known["model"].infer("some words")["label"] in ("ham", "spam")


@pytest.mark.slow
def test_its_commands_run(files, capsys):
    (commands,) = (block for block in blocks("bash") if "rnnkit evaluate" in block)
    for command in commands.strip().splitlines():
        assert not cli.main(shlex.split(command)[1:]), capsys.readouterr()
    assert len(pd.read_csv("predictions.csv")) == 80
    assert "class" in pathlib.Path("mine.py").read_text()


def test_the_table_of_recipes_is_complete():
    rows = re.findall(r"^\| `(\w+)` \| ([\w-]+) \| (.+?) \| `(\w+)` \| `([\w/]+)`", README, re.M)
    told = [
        (row["name"], row["pattern"], f"{row['input']} → {row['output']}", row["cell"],
         row["dataset"])
        for row in recipes.list()
    ]  # fmt: skip
    assert sorted(rows) == sorted(told)


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_commands_can_be_read_by_a_script():
    for name in ("try", "test", "test-slow"):
        assert re.search(rf"<!-- command: {name} -->\n```bash\n(.+?)\n```", README, re.S), name


def test_every_room_of_the_code_is_named():
    page = README.split("## How the code is laid out")[1].split("\n## ")[0]
    rooms = [path.name for path in (ROOT / "rnnkit").iterdir() if not path.name.startswith("_")]
    for room in (*rooms, "recipes", "tests"):
        assert f"`{room}" in page, room
    assert len(page.strip().splitlines()) <= 25
