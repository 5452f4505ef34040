"""Tagged sentences from files of columns, tables, frames and arrays; bad lines are named."""

import json

import pandas as pd
import pytest
import tensorflow as tf

import recipes
from rnnkit.data.readers.sequences import conll

POS, NER = recipes.get("pos_tagging"), recipes.get("named_entities")
EXPECTED = [(["New", "York", "wins"], ["X", "X", "V"]), (["Ann", "sings"], ["X", "V"])]
ENTITIES = [["B-city", "I-city", "O"], ["B-person", "O"]]


def rows(dataset):
    return [
        tuple([each.decode() for each in part.tolist()] for part in pair)
        for pair in dataset.as_numpy_iterator()
    ]


def columns(separator):
    lines = ["-DOCSTART- -X- O", ""]
    for (words, tags), marks in zip(EXPECTED, ENTITIES, strict=True):
        lines += [separator.join(each) for each in zip(words, tags, marks, strict=True)] + ["", ""]
    return "\n".join(lines)


@pytest.mark.parametrize("separator", ["\t", " ", "   "])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_columns(tmp_path, separator, newline):
    path = tmp_path / "a.txt"
    path.write_bytes(columns(separator).replace("\n", newline).encode())
    for given, kind, tags in (
        ({}, "tags", [tags for _, tags in EXPECTED]),
        ({}, "entities", ENTITIES),
        ({"target": 2}, "tags", ENTITIES),
        ({"target": -2}, "entities", [tags for _, tags in EXPECTED]),
    ):
        table = conll.read(path, kind, given)
        assert table.columns == {"words": [words for words, _ in EXPECTED], "tags": tags}
        assert list(table.lines) == [3, 8]


def test_conllu(tmp_path):
    text = "# text = del mar\n1-2\tdel\t_\t_\t_\t_\t_\t_\t_\t_\n"
    for number, (word, upos, xpos) in enumerate([("de", "ADP", "IN"), ("el", "DET", "DT")], 1):
        text += f"{number}\t{word}\t_\t{upos}\t{xpos}\t_\t0\troot\t_\t_\n"
    text += "2.1\tx\t_\tX\tX\t_\t_\t_\t_\t_\n\n# next\n1\tmar\t_\tNOUN\tNN\t_\t0\troot\t_\t_\n"
    path = tmp_path / "a.conllu"
    path.write_text(text)
    assert conll.read(path).columns == {
        "words": [["de", "el"], ["mar"]],
        "tags": [["ADP", "DET"], ["NOUN"]],
    }
    assert conll.read(path, given={"target": "xpos"}).columns["tags"] == [["IN", "DT"], ["NN"]]


def write(folder, name, examples=EXPECTED):
    path = folder / name
    words, tags = ([" ".join(each) for each in side] for side in zip(*examples, strict=True))
    frame = pd.DataFrame({"text": words, "tags": tags})
    if name.endswith(".csv"):
        frame.to_csv(path, index=False)
    elif name.endswith(".tsv"):
        frame.to_csv(path, index=False, sep="\t")
    else:
        lists = [{"tokens": words, "tags": tags} for words, tags in examples]
        path.write_text("\n".join(map(json.dumps, lists)))
    return str(path)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_tables_are_split(tmp_path, name):
    data = POS.data(write(tmp_path, name, EXPECTED * 10))
    assert data.sizes == {"train": 16, "validation": 2, "test": 2}
    assert all(row in EXPECTED for row in rows(data.train))


def test_folder_of_splits(tmp_path):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text(columns("\t"))
    data = NER.data(tmp_path)
    wanted = [(words, marks) for (words, _), marks in zip(EXPECTED, ENTITIES, strict=True)]
    assert rows(data.train) == rows(data.validation) == rows(data.test) == wanted
    assert rows(NER.data(str(tmp_path), target=1).test) == EXPECTED


def test_arrays_frames_dicts_and_datasets():
    sides = list(zip(*(EXPECTED * 10), strict=True))
    frame = pd.DataFrame({"tokens": sides[0], "pos": sides[1]})
    ragged = tuple(tf.ragged.constant(list(side)) for side in sides)
    dataset = tf.data.Dataset.from_tensor_slices(ragged).map(lambda x, y: (x, y))
    parts = [POS.data(each).train for each in (tuple(sides), frame, dataset)]
    parts += [POS.data({"train": sides, "test": sides}).test]
    for part in parts:
        assert all(row in EXPECTED for row in rows(part))
        assert len(rows(part)) in (16, 20)


def test_the_embedded_samples_by_their_names():
    for recipe, kind in ((POS, "wordclasses"), (NER, "bulletins")):
        first = rows(recipe.data(f"rnnkit_{kind}").test.take(3))
        assert first == rows(recipe.data().test.take(3))
        assert all(len(words) == len(tags) for words, tags in first)


# === Bad input ===


@pytest.mark.parametrize(
    "text, given, message",
    [
        ("a\tX\nb\n", {}, r"line 2: expected 2 columns between tabs.*'b'"),
        ("a X\nb X Y\n", {}, r"line 2: expected 2 columns between spaces.*'b X Y'"),
        ("a\nb\n", {}, "line 1: expected 2 columns"),
        ("a\t\tX\nb\tY\tX\n", {}, "line 1: the word 'a' has no tag"),
        ("\n\n", {}, "no sentence"),
        ("a X\n", {"target": 5}, "no column 5 for the target: expected a number from 0 to 1"),
        ("a X\n", {"target": "pos"}, "no column 'pos'"),
    ],
)
def test_bad_lines(tmp_path, text, given, message):
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        conll.read(path, given=given)


def test_no_entities_among_the_columns(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("a X\nb Y\n")
    with pytest.raises(ValueError, match="no column of entity tags.*'a X'"):
        conll.read(path, "entities")


def test_rows_of_other_length(tmp_path):
    path = write(tmp_path, "a.csv", [*EXPECTED, (["one", "two"], ["X"])])
    with pytest.raises(ValueError, match=r"a.csv, line 4: a sentence of 2 words has 1 tags"):
        POS.data(path)
    with pytest.raises(ValueError, match="position 0: a sentence of 1 words has 2 tags"):
        POS.data(([["a"]], [["X", "Y"]]))


@pytest.mark.parametrize(
    "source, message",
    [
        ("nowhere.tsv", "There is no file"),
        (3, "source must be"),
        ({"training": 3, "rest": 4}, "must have the key 'train'"),
        (tf.data.Dataset.from_tensor_slices(["a"]), "must give pairs"),
    ],
)
def test_bad_sources(source, message):
    with pytest.raises(ValueError, match=message):
        POS.data(source)
