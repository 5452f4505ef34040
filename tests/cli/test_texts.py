"""The command line with models that write texts."""

import io
import json
import sys

import pytest

from rnnkit.cli import main

SMALL = ["--set", "units=16", "--set", "embedding_size=16", "--set", "vocabulary_size=60"]


@pytest.fixture(scope="module")
def chatbot(tmp_path_factory):
    """A folder with a table of replies and a small model trained on it."""
    folder = tmp_path_factory.mktemp("chatbot")
    names = ("Ann", "Bob", "Cleo", "Dan", "Eve")
    rows = ["prompt\treply", *(f"I am {name}\thello {name}" for name in names * 8)]
    (folder / "talk.tsv").write_text("\n".join(rows), encoding="utf-8")
    model = str(folder / "chatbot.keras")
    status = main(
        ["train", "chatbot", "--data", str(folder / "talk.tsv"), "--epochs", "1", "--seed", "1",
         "--out", model, *SMALL]
    )  # fmt: skip
    assert status == 0
    return folder, model


def answers(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


pytestmark = pytest.mark.filterwarnings("ignore:.* did not end within")


@pytest.mark.slow
def test_texts_with_their_scores(chatbot, capsys, monkeypatch):
    _, model = chatbot
    assert main(["infer", model, "I am Ann", ""]) == 0
    first, second = answers(capsys)
    assert set(first) == {"input", "text", "score", "log_probability", "finished"}
    assert (first["input"], second["input"]) == ("I am Ann", "")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"I am Ann\n\n")))
    assert main(["infer", model]) == 0
    assert answers(capsys) == [first, second]
    assert main(["infer", model, "I am Ann"]) == 0
    # In another batch, the last bits may differ.
    numbers = {key: pytest.approx(first[key], rel=1e-6) for key in ("score", "log_probability")}
    assert answers(capsys) == [first | numbers]


@pytest.mark.slow
def test_options_of_decoding(chatbot, capsys):
    _, model = chatbot
    assert main(["infer", model, "I am Ann", "--set", "beam_size=3", "--set", "n_best=2"]) == 0
    (result,) = answers(capsys)
    assert len(result["outputs"]) == 2
    assert result["outputs"][0]["score"] >= result["outputs"][1]["score"]
    assert main(["infer", model, "I am Ann", "--set", "beam_size=0"]) == 2
    assert "beam_size must be an integer of at least 1" in capsys.readouterr().err


@pytest.mark.slow
def test_what_is_typed_is_answered_as_plain_text(chatbot, capsys, monkeypatch):
    _, model = chatbot

    class Terminal(io.TextIOWrapper):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO(b"I am Ann\nI am Bob\n")))
    assert main(["infer", model]) == 0
    said = capsys.readouterr()
    assert "Ctrl-D" in said.err and len(said.out.splitlines()) == 2
    assert not said.out.startswith("{")


@pytest.mark.slow
def test_options_of_the_scores(chatbot, capsys):
    folder, model = chatbot
    data = ["--data", str(folder / "talk.tsv"), "--json"]
    assert main(["evaluate", model, *data, "--set", "tokenize=none"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert set(scores) == {"exact_match", "bleu", "chrf"}
    assert main(["evaluate", model, *data, "--set", "tokenize=letters"]) == 2
    assert "tokenize must be one of" in capsys.readouterr().err


def test_misaligned_files_are_told_with_the_line(tmp_path, capsys):
    (tmp_path / "a.en").write_text("one\ntwo\nthree\n", encoding="utf-8")
    (tmp_path / "a.fr").write_text("un\ndeux\n", encoding="utf-8")
    pair = f"{tmp_path / 'a.en'},{tmp_path / 'a.fr'}"
    assert main(["train", "translation", "--data", pair]) == 2
    said = capsys.readouterr().err
    assert "3" in said and "2" in said and "line" in said
