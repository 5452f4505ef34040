"""`rnnkit pretrain`: texts without targets, and a training that starts from what it saved."""

import json
import shlex

import pytest

import rnnkit
from rnnkit.cli import main

CYCLE = ["one two three four five", "three four five one two", "five one two three four"] * 8


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.txt").write_text("\n".join(CYCLE))
    (tmp_path / "bare.csv").write_text("body\n" + "\n".join(CYCLE))
    rows = ["text,label", *(f"one two six {n},yes\nthree two one {n},no" for n in range(20))]
    (tmp_path / "few.csv").write_text("\n".join(rows))
    return tmp_path


def test_the_printed_command_starts_from_what_was_learned(here, capsys):
    call = "pretrain sentiment texts.txt --seed 1 --epochs 2 --cell gru --set learning_rate=0.01"
    assert main(shlex.split(f"{call} --set units=6 --set embedding_size=5")) == 0
    out = capsys.readouterr().out
    assert "Pretrained a model of " in out and "held out: nats 1." in out
    said, _, then = out.splitlines()[-1].partition(". Try: ")
    assert said == "Saved to sentiment-base.keras"
    program, *words = shlex.split(then)
    assert program == "rnnkit" and words == shlex.split(
        "train sentiment --base sentiment-base.keras --cell gru --set units=6 "
        "--set embedding_size=5"
    )
    assert main([*words, "--data", "few.csv", "--epochs", "1", "--out", "m.keras"]) == 0
    out = capsys.readouterr().out
    assert "Started from sentiment-base.keras: embedding, encoder; new: 2" in out


@pytest.mark.slow
def test_a_table_of_texts_and_json(here, capsys):
    call = ["pretrain", "sentiment", "bare.csv", "--epochs", "1", "--set", "units=3", "--json"]
    assert main(call) == 2  # which column?
    assert "no column for the input" in capsys.readouterr().err
    assert main([*call, "--input", "body", "--out", "base.keras"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result) == ["recipe", "scores", "options", "parameters", "seconds", "model"]
    assert result["options"]["units"] == 3 and result["options"]["dropout"] == 0.0
    assert result["model"] == "base.keras" and set(result["scores"]) == {"nats", "perplexity"}
    model = rnnkit.load_model("base.keras")
    assert model.count_params() == result["parameters"]
    assert set(model.input_feature.vocabulary) == {"one", "two", "three", "four", "five"}
    assert main([*call, "--input", "body", "--out", "base.keras"]) == 2
    assert "base.keras exists" in capsys.readouterr().err


@pytest.mark.parametrize("more, message", [
    (["--input", "body"], "is read as plain text, a text a line, as its name is not that of a"),
    (["--separator", ";"], "is read as plain text: leave out separator"),
    (["--encoding", "nosuch"], "encoding must name a character encoding"),
])  # fmt: skip
def test_what_means_nothing_for_a_text_file(here, capsys, more, message):
    assert main(["pretrain", "sentiment", "texts.txt", *more]) == 2
    assert message in capsys.readouterr().err
