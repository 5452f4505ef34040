"""Texts with the places of their entities: tags of words, or a line that is named."""

import json

import pytest

import recipes

NER = recipes.get("named_entities")
TEXT = "Anna met Bob Ray in São Paulo."
SPANS = [[0, 4, "PER"], [9, 16, "PER"], [20, 29, "LOC"]]
WORDS = ["Anna", "met", "Bob", "Ray", "in", "São", "Paulo", "."]
TAGS = ["B-PER", "O", "B-PER", "I-PER", "O", "B-LOC", "I-LOC", "O"]


def write(folder, *rows, key="label"):
    path = folder / "a.jsonl"
    lines = [json.dumps({"text": text, key: spans}) + "\n" for text, spans in rows]
    path.write_text("".join(lines))
    return path


def rows(data):
    return [
        tuple([each.decode() for each in part.tolist()] for part in pair)
        for split in (data.train, data.validation, data.test)
        for pair in split.as_numpy_iterator()
    ]


DICTS = [{"start": start, "end": end, "label": label} for start, end, label in SPANS]
OFFSETS = [{"start_offset": a, "end_offset": b, "labels": [label]} for a, b, label in SPANS]


@pytest.mark.parametrize("key, spans", [("label", SPANS), ("entities", DICTS), ("spans", OFFSETS)])
def test_spans_become_tags(tmp_path, key, spans):
    path = write(tmp_path, *[(TEXT, spans)] * 19, ("No one.", []), key=key)
    found = rows(NER.data(path))
    assert found.count((WORDS, TAGS)) == 19
    assert found.count((["No", "one", "."], ["O", "O", "O"])) == 1


def test_spans_in_a_csv(tmp_path):
    path = tmp_path / "a.csv"
    cell = json.dumps(SPANS).replace('"', '""')
    path.write_text("text,entities\n" + f'{TEXT},"{cell}"\n' * 20, encoding="utf-8")
    assert rows(NER.data(path)) == [(WORDS, TAGS)] * 20


@pytest.mark.parametrize(
    "spans, message",
    [
        ([[0, 3, "PER"]], r"\[0, 3, \"PER\"\].*'Ann', which begins or ends within.*\['Anna'\]"),
        ([[20, 27, "LOC"]], "within a word"),
        ([[0, 99, "PER"]], "has no words in the text of 30 characters"),
        ([[4, 4, "PER"]], "has no words"),
        ([[0, 8, "PER"], [5, 16, "PER"]], "overlaps another"),
        ([{"from": 0, "end": 4, "label": "PER"}], "must be .start, end, label. or a dict"),
        ([["0", "4", "PER"]], "must be .start, end, label."),
    ],
)
def test_spans_that_do_not_fit_are_named(tmp_path, spans, message):
    path = write(tmp_path, *[(TEXT, SPANS)] * 3, (TEXT, spans))
    with pytest.raises(ValueError, match=f"a.jsonl, line 4: .*{message}"):
        NER.data(path)
