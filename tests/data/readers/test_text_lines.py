"""Texts without targets: a text a line, or a row of a table."""

import gzip

import pytest

import recipes
from rnnkit.data.readers.request import Request
from rnnkit.data.readers.text.lines import load


def read(path, recipe="sentiment", **asked):
    return load(path, Request(recipes.get(recipe), **asked))


def test_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone two\r\n\r\n three\xc2\x85x \n")
    assert read(path) == ["one two", "three\x85x"]  # without the mark of the file
    path.write_bytes("café".encode("latin-1"))
    assert read(path, encoding="latin-1") == ["café"]
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress(b"one\ntwo"))
    assert read(packed) == ["one", "two"]


def test_tables(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id;review\n1;one, two\n2;3\n")
    assert read(path) == ["one, two", "3"]
    assert read(path, given={"input": "id"}) == ["1", "2"]
    rows = tmp_path / "a.jsonl"
    rows.write_text('{"words": ["New", "York"]}\n{"words": ["now"]}\n')
    assert read(rows, "pos_tagging", given={"input": "words"}) == [["New", "York"], ["now"]]
    with pytest.raises(ValueError, match="expected a text. Received: .*New"):
        read(rows, given={"input": "words"})
    words = tmp_path / "b.csv"
    words.write_text("sentence_id,word\n1,New\n1,York\n2,now\n")
    assert read(words, "pos_tagging", given={"input": "word"}) == [["New", "York"], ["now"]]


@pytest.mark.parametrize("name, text, message", [
    ("a.txt", " \n", "a file with a text a line. Received: .*without any"),
    ("a.conll", "New B-LOC\nYork I-LOC\n", "lines are words with tags"),
    ("a.txt", "New\tB-LOC\n\nYork\tI-LOC\n", "which has a tab in each line"),
    ("a.csv", "text\n", "a text a row. Received: .*without any|no rows|empty"),
    ("a.csv", "text,b\none,1\n,2\n", "line 3: .*(holds no text|expected a text)"),
])  # fmt: skip
def test_what_is_no_list_of_texts_is_refused(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read(path)
