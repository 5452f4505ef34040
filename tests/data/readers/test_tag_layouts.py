"""Tagged words in the layouts of the field: numbers with names, lists as texts, CoNLL-2012."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest

import recipes
from rnnkit.data.readers.sequences import conll

POS, NER = recipes.get("pos_tagging"), recipes.get("named_entities")
NAMES = ["O", "B-PER", "I-PER", "B-ORG"]
NUMBERS = [1, 2, 0, 3]
TAGS = ["B-PER", "I-PER", "O", "B-ORG"]
SENTENCES = [[f"Anna{i}", "Lee", "joined", "IBM"] for i in range(20)]
EXPECTED = [(words, TAGS) for words in SENTENCES]


def rows(data):
    """All sentences with their tags, in the order of the data."""
    found = [
        tuple([each.decode() for each in side] for side in pair)
        for part in (data.train, data.validation, data.test)
        for pair in part.as_numpy_iterator()
    ]
    return sorted(found, key=lambda pair: int(pair[0][0].removeprefix("Anna")))


def jsonl(**columns):
    each = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return "".join(json.dumps(row) + "\n" for row in each)


# === Numbers of classes ===

NUMBERED = {
    "jsonl": lambda write: write(jsonl(tokens=SENTENCES, ner_tags=[NUMBERS] * 20), "a.jsonl"),
    "frame": lambda write: pd.DataFrame(
        {"tokens": SENTENCES, "ner_tags": [np.array(NUMBERS)] * 20}
    ),
    "pair": lambda write: (SENTENCES, [NUMBERS] * 20),
    "csv": lambda write: write(
        "tokens,ner_tags\n" + "".join(f'"{words}","{NUMBERS}"\n' for words in SENTENCES)
    ),
}


@pytest.mark.parametrize("kind", NUMBERED)
def test_numbers_are_classes_by_their_names(write, kind, capsys):
    """Entities are refused without names; for other tags the numbers are labels, and it is said."""
    source = NUMBERED[kind](write)
    assert rows(NER.data(source, names=NAMES)) == EXPECTED
    with pytest.raises(ValueError, match="the tags are numbers .*'0', '1', '2', '3'.*names="):
        NER.data(source)
    chosen = {} if kind == "pair" else {"target": "ner_tags"}
    assert rows(POS.data(source, **chosen))[0][1] == ["1", "2", "0", "3"]
    assert "the tags are numbers; names=[...]" in capsys.readouterr().out


def test_numbers_of_labels_have_names_too(write):
    path = write(jsonl(text=[f"t {i}" for i in range(20)], label=[0, 1] * 10), "a.jsonl")
    data = recipes.get("sentiment").data(path, names=["neg", "pos"])
    assert {y.decode() for _, y in data.train.as_numpy_iterator()} == {"neg", "pos"}


@pytest.mark.parametrize(
    "names, message",
    [
        (["O", "B-PER"], "a.jsonl, line 1: expected the number of a class, from 0 to 1.*'2'"),
        ("O,B-PER", "names must be a list"),
        (["O", "O", "A", "B"], "names must differ"),
    ],
)
def test_names_that_do_not_fit(write, names, message):
    with pytest.raises(ValueError, match=message):
        NER.data(NUMBERED["jsonl"](write), names=names)


def test_names_are_for_classes():
    with pytest.raises(ValueError, match="names is for files.*'translation'"):
        recipes.get("translation").data((["a"] * 20, ["b"] * 20), names=["a", "b"])


# === Tables ===


@pytest.mark.parametrize(
    "words, tags",
    [
        ("['Anna{}', 'Lee', 'joined', 'IBM']", str(TAGS)),
        ('[""Anna{}"", ""Lee"", ""joined"", ""IBM""]', json.dumps(TAGS).replace('"', '""')),
        ("['Anna{}' 'Lee'\n 'joined' 'IBM']", "['B-PER' 'I-PER'\n 'O' 'B-ORG']"),
        ("Anna{} Lee joined IBM", "B-PER,I-PER,O,B-ORG"),
    ],
    ids=["python", "json", "numpy", "commas"],
)
def test_lists_that_a_csv_file_holds_as_texts(write, words, tags):
    lines = "".join(f'"{words.format(i)}","{tags}"\n' for i in range(20))
    assert rows(NER.data(write("tokens,tags\n" + lines))) == EXPECTED


@pytest.mark.parametrize("end", ["\n", ",\n", "frame"])
def test_a_row_a_word_with_empty_lines_between_sentences(write, end, capsys):
    lines = [
        f"{word},{tag}\n" for words in SENTENCES for word, tag in zip(words, TAGS, strict=True)
    ]
    each = "".join("".join(lines[i : i + 4]) + end for i in range(0, 80, 4))
    source = write("word,tag\n" + each)
    if end == "frame":
        source = write("word,tag\n" + each.replace("frame", ",\n"))
        source = pd.read_csv(source, keep_default_na=True)
    assert rows(NER.data(source)) == EXPECTED
    assert "a row is a word, and empty lines part 20 sentences" in capsys.readouterr().out


def test_spans_beside_tokens_and_in_pairs(write):
    text, spans = "Anna Lee joined IBM", [(0, 8, "PER"), (16, 19, "ORG")]
    wanted = [(text.split(), TAGS)] * 20
    pairs = [(text, {"entities": spans})] * 20
    tokens = [{"text": "Anna", "start": 0, "end": 4}]
    found = [{"start": a, "end": b, "label": name} for a, b, name in spans]
    path = write(jsonl(text=[text] * 20, tokens=[tokens] * 20, spans=[found] * 20), "a.jsonl")
    for source in (pairs, path):
        data = NER.data(source)
        each = [tuple([w.decode() for w in s] for s in p) for p in data.train.as_numpy_iterator()]
        assert each == wanted[: len(each)] and data.sizes["train"] == 16


@pytest.mark.parametrize(
    "tags, message",
    [
        (["B-PER", "PER", "O"], "position 0: the tag 'PER' has no mark B- or I- as others have"),
        (["B/PER", "I/PER", "O"], "the tag 'B/PER' has a mark that is not read"),
        (["b-per", "x", "o"], "the tag 'b-per' is of no entity, and none is O"),
    ],
)
def test_tags_that_cannot_be_told(tags, message):
    with pytest.raises(ValueError, match=message):
        NER.data(([["a", "b", "c"]] * 20, [tags] * 20))


# === Files of columns ===


def conll2003(number=20):
    lines = "".join(
        "".join(f"{word} X B-NP {tag}\n" for word, tag in zip(words, TAGS, strict=True)) + "\n"
        for words in SENTENCES[:number]
    )
    return "-DOCSTART- -X- O O\n\n" + lines


@pytest.mark.parametrize("name", ["eng.train", "ner", "a.dat", "a.conll.gz", "a.bmes.bz2"])
def test_files_by_their_content(tmp_path, name, capsys):
    import bz2

    pack = {".gz": gzip.compress, ".bz2": bz2.compress}.get(name[name.rfind(".") :], bytes)
    (tmp_path / name).write_bytes(pack(conll2003().encode()))
    assert rows(NER.data(tmp_path / name)) == EXPECTED
    assert "column 2 has such tags too (target=2" in capsys.readouterr().out
    with pytest.raises(ValueError, match="read as columns of words and tags: leave out header"):
        NER.data(tmp_path / name, header=False)


@pytest.mark.parametrize(
    "names",
    [("eng.train", "eng.testa", "eng.testb"), ("train", "dev", "test"), ("train.bio", "dev", "x")],
)
def test_folders_of_files_with_unusual_endings(tmp_path, names):
    for name, number in zip(names, (20, 15, 12), strict=True):
        (tmp_path / name).write_text(conll2003(number))
    sizes = NER.data(tmp_path).sizes
    if names[0] == "train.bio":  # the only one with a usual ending
        assert sizes == {"train": 16, "validation": 2, "test": 2}
    else:
        assert sizes == {"train": 20, "validation": 15, "test": 12}


def conll2012():
    found = []
    for i, words in enumerate(SENTENCES):
        found.append(f"#begin document (bc/a_{i}); part 000\n")
        cells = ["NNP (PERSON*", "NNP *)", "VBD *", "NNP (ORG)"]
        for k, (word, cell) in enumerate(zip(words, cells, strict=True)):
            pos, entity = cell.split()
            verbs = "  *" * (i % 3)  # a column a verb
            found.append(f"bc/a_{i} 0 {k} {word} {pos} * - - - Speaker#1 {entity}{verbs} (0\n")
        found.append("\n#end document\n")
    return "".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.v4_gold_conll", "a.conll", "a_gold_conll", "a.txt"])
def test_conll_2012(tmp_path, name):
    (tmp_path / name).write_text(conll2012())
    named = ["B-PERSON", "I-PERSON", "O", "B-ORG"]
    assert rows(NER.data(tmp_path / name)) == [(words, named) for words in SENTENCES]
    pos = ["NNP", "NNP", "VBD", "NNP"]
    assert rows(POS.data(tmp_path / name)) == [(words, pos) for words in SENTENCES]


@pytest.mark.parametrize(
    "cells, message",
    [
        (["(A*", "(B*)", "*)"], r"line 1: word 2 .*'\(B\*\)', an entity within another"),
        (["(A*", "*", "*"], r"line 1: the entity \(A is not closed"),
        (["*", "*)", "(B)"], r"line 1: word 2 .* closes nothing"),
    ],
)
def test_brackets_that_do_not_match(tmp_path, cells, message):
    path = tmp_path / "a.conll"
    path.write_text("".join(f"w {cell}\n" for cell in cells))
    with pytest.raises(ValueError, match=message):
        conll.read(path, "entities")


def test_comments_with_tabs_above_words_with_spaces(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("# id 5b8\tdomain=en\nanna _ _ B-PER\nsaw _ _ O\n\n" * 2)
    table = conll.read(path, "entities")
    assert table.columns == {"words": [["anna", "saw"]] * 2, "tags": [["B-PER", "O"]] * 2}


def test_words_with_their_tags_after_a_slash(tmp_path):
    path = tmp_path / "brown.txt"
    path.write_text("The/at jury/nn 1/2/cd\nIt/pps ran/vbd\n")
    assert conll.read(path).columns == {
        "words": [["The", "jury", "1/2"], ["It", "ran"]],
        "tags": [["at", "nn", "cd"], ["pps", "vbd"]],
    }


def test_a_text_without_entities_can_be_scored(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("nothing NN O\nhappened VB O\n")
    assert conll.read(path, "entities").columns["tags"] == [["O", "O"]]
