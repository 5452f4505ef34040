"""The command that comes next: one that runs, shown where somebody looks, and nowhere else."""

import shlex

import pandas as pd
import pytest

import recipes
from rnnkit.cli import main, make_parser
from rnnkit.cli.arguments import recipe_options
from tests import helpers


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts, labels = helpers.presence(80)
    pd.DataFrame({"body": texts, "label": labels}).to_csv("mail.csv", index=False)
    return tmp_path


@pytest.fixture
def seen(monkeypatch):
    """Function that makes standard output a terminal."""
    return lambda: monkeypatch.setattr("sys.stdout.isatty", lambda: True)


def last(capsys):
    return capsys.readouterr().out.splitlines()[-1]


@pytest.mark.slow
def test_after_evaluate_the_same_table_is_labelled(here, seen, capsys):
    call = "train spam --data mail.csv --input body --set units=2 --epochs 1 --out m.keras"
    assert main(shlex.split(call)) == 0
    evaluate = "evaluate m.keras --data mail.csv --input body".split()
    assert main(evaluate) == 0
    assert last(capsys).endswith("(80 examples)")
    seen()
    assert main([*evaluate, "--json"]) == 0
    assert last(capsys).startswith("{")
    assert main(evaluate) == 0
    then = last(capsys)
    assert then == "Try: rnnkit infer m.keras mail.csv --input body --out predictions.csv"
    assert main(shlex.split(then)[2:]) == 0
    assert "prediction" in pd.read_csv("predictions.csv")
    assert capsys.readouterr().out == ""  # and after that nothing


@pytest.mark.slow
def test_after_compare_the_best_cell_is_trained(here, seen, capsys):
    compare = "compare sentiment --cells gru,simple_rnn --data mail.csv --input body --epochs 1"
    compare += " --parameters own --seeds 1 --set embedding_size=4 --set units=2"
    seen()
    assert main(shlex.split(compare)) == 0
    then = last(capsys)
    cell = "gru" if "--cell gru" in then else "simple_rnn"
    head = f"Try: rnnkit train sentiment --data mail.csv --input body --cell {cell}"
    assert then == f"{head} --set embedding_size=4 --set units=2"
    options = make_parser().parse_args(shlex.split(then)[2:])
    recipes.get("sentiment").check_options(recipe_options(options))
    assert main([*shlex.split(compare), "--json"]) == 0  # what is finished is not run again
    assert last(capsys).startswith("{")


def test_what_only_other_cells_have_is_left_out():
    import argparse
    import types

    from rnnkit.cli.arguments import add_data
    from rnnkit.cli.suggestions import after_compare

    parser = argparse.ArgumentParser()
    add_data(parser)
    options = parser.parse_args(["--data", "a b.csv", "--no-header", "--names", "x,y"])
    options.task, options.set = "forecasting", ["ridge=0.1", "horizon=3"]
    rows = [
        {"cell": cell, "status": status, "score": score, "units": 9}
        for cell, status, score in (("esn", "finished", 2.0), ("bidirectional lstm", "finished", 1),
                                    ("gru", "failed", None))
    ]  # fmt: skip
    recipe = recipes.get("forecasting")
    result = types.SimpleNamespace(records=rows, about={"direction": "min"})
    start = "rnnkit train forecasting --data 'a b.csv' --names x,y --no-header "
    assert after_compare(options, recipe, result) == (
        f"{start}--cell lstm --set horizon=3 --set units=9 --set bidirectional=True"
    )
    result.about["direction"] = "max"
    assert after_compare(options, recipe, result) == (
        f"{start}--cell esn --set ridge=0.1 --set horizon=3 --set units=9"
    )
    result.records = rows[1:]  # one is no comparison
    assert after_compare(options, recipe, result) == ""
