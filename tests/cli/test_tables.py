"""`rnnkit infer` with tables: a prediction for each row, in a table or as JSON lines."""

import csv
import io
import json
import os
import sys

import numpy as np
import pytest

from rnnkit.cli import main, tables
from rnnkit.features import Audio, Image, Label, Nucleotides, Number, Tags, Text, Words
from rnnkit.formats import wav
from rnnkit.models import CTC, ManyToOne, OneToOne, Tagger
from tests import helpers

TEXTS, LABELS = helpers.presence(12)
ROWS = 'id,text,note\n7,"low, red","a\nb"\n8,high,\n9,"",é\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with small models of several kinds, and tables for them."""
    path = tmp_path_factory.mktemp("tables")
    rng = np.random.default_rng(0)

    def save(model, recipe):
        model.recipe = recipe
        model.save(path / f"{recipe}.keras")

    text, label = helpers.features(TEXTS, LABELS)
    small = {"units": 3, "seed": 1}
    save(OneToOne(text, label, **small), "spam")
    save(OneToOne(text, label, **small), "not_installed")
    save(OneToOne(text, Number().adapt([1.0, 3.0]), **small), "sentiment")
    save(ManyToOne(Nucleotides(), label, **small), "dna_classification")
    words, tags = [["They", "can", "fish", "."]], [["PRON", "AUX", "VERB", "PUNCT"]]
    save(Tagger(Words().adapt(words), Tags().adapt(tags), embedding_size=3, **small), "pos_tagging")
    clips = [(0.1 * rng.normal(size=900)).astype("float32") for _ in range(2)]
    sound = Audio(sampling_rate=8000, mels=4).adapt(clips)
    letters = Text(level="character").adapt(["ab"])
    save(CTC(sound, letters, **small), "speech_to_text")
    pixels = rng.integers(0, 255, (2, 8, 8), "uint8")
    save(OneToOne(Image().adapt(pixels), Label().adapt(LABELS), **small), "image_classification")
    (path / "rows.csv").write_text(ROWS, encoding="utf-8")
    (path / "files").mkdir()
    for index, (clip, picture) in enumerate(zip(clips, pixels, strict=True)):
        (path / "files" / f"{index}.wav").write_bytes(wav.write(clip, 8000))
        content = Image().to_tensor(picture[None]).numpy()[0]
        (path / "files" / f"{index}.png").write_bytes(content)
    return path


@pytest.fixture
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    return folder


def infer(*arguments):
    return main(["infer", *arguments])


def table(path, separator=","):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.slow
def test_all_columns_are_kept_and_two_added(here, capsys):
    assert infer("spam.keras", "rows.csv", "--out", "a.csv") == 0
    found = table("a.csv")
    assert list(found[0]) == ["id", "text", "note", "prediction", "probability"]
    assert [row["id"] for row in found] == ["7", "8", "9"]
    assert (found[0]["note"], found[2]["note"]) == ("a\nb", "é")
    assert infer("spam.keras", "low, red", "high", "") == 0
    expected = lines(capsys)
    for row, each in zip(found, expected, strict=True):
        assert row["prediction"] == each["label"]
        assert float(row["probability"]) == pytest.approx(each["probability"], abs=1e-6)
    assert infer("spam.keras", "rows.csv", "--input", "text") == 0  # as lines
    assert [each["label"] for each in lines(capsys)] == [each["label"] for each in expected]


def test_other_endings_and_columns(here):
    assert infer("spam.keras", "rows.csv", "--input", "note", "--out", "b.jsonl") == 0
    found = [json.loads(line) for line in (here / "b.jsonl").read_text("utf-8").splitlines()]
    assert [row["note"] for row in found] == ["a\nb", "", "é"]
    assert list(found[0]) == ["id", "text", "note", "prediction", "probability"]
    assert infer("spam.keras", "b.jsonl", "--out", "c.jsonl") == 2  # predictions are there already
    (here / "d.jsonl").write_text(
        '{"data": {"text": "low"}, "id": 1}\n{"data": {"text": "high"}}\n'
    )
    assert infer("spam.keras", "d.jsonl", "--input", "data.text", "--out", "e.csv") == 0
    assert [row["data"] for row in table("e.csv")] == ['{"text": "low"}', '{"text": "high"}']
    (here / "plain.csv").write_text("low;1\nhigh;2\n")
    options = ["--input", "0", "--no-header", "--separator", ";", "--out", "f.tsv"]
    assert infer("spam.keras", "plain.csv", *options) == 0
    assert [row["1"] for row in table("f.tsv", "\t")] == ["1", "2"]


def test_numbers_and_dna(here):
    assert infer("sentiment.keras", "rows.csv", "--out", "g.csv") == 0
    assert all(np.isfinite(float(row["prediction"])) for row in table("g.csv"))
    assert "probability" not in table("g.csv")[0]
    (here / "dna.csv").write_text("Sequence\nACGT\nacgnn\n")
    assert infer("dna_classification.keras", "dna.csv", "--out", "h.csv") == 0
    assert {row["prediction"] for row in table("h.csv")} <= {"no", "yes"}


@pytest.mark.slow
def test_files_that_a_table_names(here, capsys):
    for name, ending, column in (("speech_to_text", "wav", "path"),
                                 ("image_classification", "png", "image")):  # fmt: skip
        names = [f"files/{index}.{ending}" for index in (1, 0)]
        (here / "named.csv").write_text("\n".join([column, *names]) + "\n")
        out = f"{name}.csv"
        assert infer(f"{name}.keras", "named.csv", "--out", out) == 0
        assert infer(f"{name}.keras", *names) == 0
        expected = [
            each.get("label", each.get("text", each.get("value"))) for each in lines(capsys)
        ]
        assert [row["prediction"] for row in table(out)] == expected
        (here / "named.csv").write_text("\n".join([column, names[0], f"files/none.{ending}"]))
        assert infer(f"{name}.keras", "named.csv", "--out", "none.csv") == 2
        assert "named.csv, line 3" in capsys.readouterr().err
        (here / "named.csv").write_text("\n".join([column, "../secret"]))
        assert infer(f"{name}.keras", "named.csv", "--out", "none.csv") == 2
        assert "leads out of the folder" in capsys.readouterr().err
        assert not os.path.exists("none.csv")


@pytest.mark.slow
def test_tags(here, capsys, monkeypatch):
    (here / "words.csv").write_text("Sentence #,Word\n1,They\n,can\n,fish\n2,They\n,.\n3,fish\n")
    assert infer("pos_tagging.keras", "words.csv", "--out", "i.csv") == 0
    found = table("i.csv")
    assert [row["Word"] for row in found] == ["They", "can", "fish", "They", ".", "fish"]
    assert infer("pos_tagging.keras", "They can fish", "They .", "fish") == 0
    tags = [tag for each in lines(capsys) for tag in each["tags"]]
    assert [row["prediction"] for row in found] == tags
    (here / "texts.csv").write_text("text\nThey can fish.\nThey\n")
    assert infer("pos_tagging.keras", "texts.csv", "--out", "j.csv") == 0
    first, second = table("j.csv")
    assert first["words"] == "They can fish ." and len(first["prediction"].split()) == 4
    assert second["words"] == "They"
    # Words without quotes may be one sentence; a line each is a sentence each.
    assert infer("pos_tagging.keras", "They", "can", "fish") == 2
    said = capsys.readouterr().err
    assert "'They can fish'" in said and "standard input" in said
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"They\ncan\n")))
    assert infer("pos_tagging.keras") == 0
    assert [each["words"] for each in lines(capsys)] == [["They"], ["can"]]


def test_texts_of_a_word_are_answers_each(here, capsys):
    assert infer("spam.keras", "low", "high") == 0
    assert [each["input"] for each in lines(capsys)] == ["low", "high"]
    assert infer("spam.keras", "low", "high", "--out", "k.csv") == 0
    assert [row["input"] for row in table("k.csv")] == ["low", "high"]


BAD = [
    (["rows.csv"], "add --input COLUMN or --out"),
    (["rows.csv", "--out", "rows.csv", "--overwrite"], "the file that is read"),
    (["rows.csv", "--out", "there.csv"], "pass --overwrite"),
    (["rows.csv", "--out", "l.xlsx"], "must end in .csv, .tsv or .jsonl"),
    (["rows.csv", "--out", "nowhere/l.csv"], "does not exist"),
    (["rows.csv", "--out", "l.tsv"], "a tsv file cannot hold"),
    (["rows.csv", "--out", "l.csv", "--input", "txt"], "no column 'txt'"),
    (["none.csv", "--out", "l.csv"], "There is no file 'none.csv'"),
    (["rows.csv", "rows.csv", "--out", "l.csv"], "one is read at a time"),
    (["low", "--input", "text"], "one is read at a time"),
    (["other.csv", "--out", "l.csv"], "no column for the input"),
    (["holes.jsonl", "--out", "l.csv"], "holes.jsonl, line 2"),
]


@pytest.mark.parametrize("call, message", BAD, ids=range(len(BAD)))
def test_bad_calls_leave_nothing(here, capsys, call, message):
    (here / "there.csv").write_text("precious")
    (here / "other.csv").write_text("prose\nlow\n")
    (here / "holes.jsonl").write_text('{"text": "low"}\n{"text": null}\n')
    before = sorted(os.listdir(here))
    assert infer("spam.keras", *call) == 2
    assert message in capsys.readouterr().err
    assert sorted(os.listdir(here)) == before
    assert (here / "rows.csv").read_text("utf-8") == ROWS
    assert (here / "there.csv").read_text() == "precious"


def test_a_recipe_that_is_not_installed(here, capsys):
    assert infer("not_installed.keras", "rows.csv", "--out", "m.csv") == 2
    assert "--recipe" in capsys.readouterr().err
    assert infer("not_installed.keras", "rows.csv", "--out", "m.csv", "--recipe", "spam") == 0
    assert infer("not_installed.keras", "rows.csv", "--out", "n.csv", "--input", "text") == 0
    assert table("m.csv") == table("n.csv")
    assert main(["evaluate", "not_installed.keras", "--data", "rows.csv"]) == 2
    assert "--recipe" in capsys.readouterr().err


def test_forecasts_are_a_row_a_lead(tmp_path):
    ahead = {"forecast": [1.5, 2.0], "lower": [1.0, 1.0], "upper": [2.0, 3.0], "time": ["d1", "d2"]}
    tables.write(tmp_path / "one.csv", tables.forecasts([("a.csv", ahead)]), {})
    assert table(tmp_path / "one.csv")[1] == {
        "lead": "2", "forecast": "2.0", "lower": "1.0", "upper": "3.0", "time": "d2",
    }  # fmt: skip
    several = {"forecast": [{"x": 1.0, "y": 2.0}]}
    columns = tables.forecasts([("a.csv", ahead), ("b.csv", several)])
    assert columns["input"] == ["a.csv", "a.csv", "b.csv"]
    assert columns["lead"] == [1, 2, 1]
    assert columns["x_forecast"] == [None, None, 1.0]
    assert columns["time"] == ["d1", "d2", None]
