"""Tables: what spreadsheets, scripts and people write, and what is wrong with a line."""

import csv
import json

import pandas as pd
import pytest

from rnnkit.formats.tables import Table, from_frame, read_table


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# === What is read ===


@pytest.mark.parametrize(
    "name, content, columns",
    [
        ("a.csv", "text,label\nhi,x\nyo,y\n", {"text": ["hi", "yo"], "label": ["x", "y"]}),
        ("a.CSV", "text,label\r\nhi,x\r\nyo,y", {"text": ["hi", "yo"], "label": ["x", "y"]}),
        ("a.csv", 'text,label\n"a, ""b""",x\n', {"text": ['a, "b"'], "label": ["x"]}),
        ("a.csv", 'text,label\n"two\nlines",x\n', {"text": ["two\nlines"], "label": ["x"]}),
        ("a.csv", "text,label\n,x\n\nhi,\n", {"text": ["", "hi"], "label": ["x", ""]}),
        ("a.csv", " text , label\nhi,x\n", {"text": ["hi"], "label": ["x"]}),
        ("a.csv", b"\xef\xbb\xbftext,label\nhi,x\n", {"text": ["hi"], "label": ["x"]}),
        ("a.csv", "text,label\né😀\u2028\x85,x\n", {"text": ["é😀\u2028\x85"], "label": ["x"]}),
        ("a.tsv", "text\tlabel\nhi, you\tx\n", {"text": ["hi, you"], "label": ["x"]}),
        ("a.tsv", "text\tlabel\r\nhi\tx\r\n\r\n", {"text": ["hi"], "label": ["x"]}),
        # A stray quote is a character; a field that a spreadsheet wrapped is unwrapped.
        ("a.tsv", 'text\tlabel\n"so" he said\tx\n', {"text": ['"so" he said'], "label": ["x"]}),
        (
            "a.tsv",
            'text\tlabel\n6" tall\tx\n"y\tz\n',
            {"text": ['6" tall', '"y'], "label": [*"xz"]},
        ),
        ("a.tsv", 'text\tlabel\n"a ""b"" c"\tx\n', {"text": ['a "b" c'], "label": ["x"]}),
        ("a.tsv", 'text\tlabel\n"yes" or "no"\tx\n', {"text": ['"yes" or "no"'], "label": ["x"]}),
        ("a.tsv", "text\tlabel\na\x0cb\u2028c\tx\n", {"text": ["a\x0cb\u2028c"], "label": ["x"]}),
        ("a.tsv", "\ufefftext\tlabel\n\tx\n", {"text": [""], "label": ["x"]}),
        (
            "a.jsonl",
            '{"text": "a\\nb", "label": 1}\n\n{"label": 2, "text": ""}\r\n',
            {"text": ["a\nb", ""], "label": [1, 2]},
        ),
        ("a.jsonl", '{"text": "a\u2028b\x85c"}\n', {"text": ["a\u2028b\x85c"]}),
    ],
)
def test_what_is_read(tmp_path, name, content, columns):
    assert read_table(write(tmp_path, name, content)).columns == columns


def test_what_python_writes_is_read_back(tmp_path):
    rows = [["plain", "a"], ['"quoted", twice', "b"], ["new\r\nline\n", "é"], ["", " "]]
    path = tmp_path / "rows.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "label"], *rows])
    table = read_table(path)
    assert [list(row) for row in zip(*table.columns.values(), strict=True)] == rows
    lines = "\n".join(json.dumps({"text": a, "label": b}, ensure_ascii=False) for a, b in rows)
    table = read_table(write(tmp_path, "rows.jsonl", lines))
    assert [list(row) for row in zip(*table.columns.values(), strict=True)] == rows


def test_lines_are_those_of_an_editor(tmp_path):
    table = read_table(write(tmp_path, "a.csv", 'text,label\n"two\nlines",x\n\nhi,y\n'))
    assert list(table.lines) == [2, 5]
    table = read_table(write(tmp_path, "a.csv", "\n\r\ntext,label\r\na,x\r\n\r\nb,y\r\n"))
    assert list(table.lines) == [4, 6] and table.columns["text"] == ["a", "b"]
    table = read_table(write(tmp_path, "a.tsv", "text\tlabel\nhi\tx\n\nyo\ty\n"))
    assert list(table.lines) == [2, 4]
    table = read_table(write(tmp_path, "a.jsonl", '\n{"a": 1}\n\n{"a": 2}\n'))
    assert list(table.lines) == [2, 4]


def test_long_fields(tmp_path):
    text = "word " * 50_000  # beyond csv's own limit of a field
    path = write(tmp_path, "a.csv", f"text,label\n{text},x\n")
    before = csv.field_size_limit()
    assert read_table(path).columns["text"] == [text]
    assert csv.field_size_limit() == before


def test_other_encodings(tmp_path):
    path = write(tmp_path, "a.csv", "text,label\ncafé,x\n".encode("latin-1"))
    assert read_table(path, encoding="latin-1").columns["text"] == ["café"]


def test_without_header(tmp_path):
    table = read_table(write(tmp_path, "a.tsv", "ham\thi\nspam\tyo\n"), header=False)
    assert table.columns == {0: ["ham", "spam"], 1: ["hi", "yo"]}
    assert table.match("input", ("text",), 1) == 1


def test_frames():
    table = from_frame(pd.DataFrame({"Text": ["a", "b"], "n": [1, 2]}, index=[4, 9]))
    assert table.columns == {"Text": ["a", "b"], "n": [1, 2]}
    assert table.size == 2


# === Columns by role ===


@pytest.mark.parametrize(
    "columns, given, expected",
    [
        (["label", "text"], None, "text"),
        (["Label", " TEXT "], None, " TEXT "),
        (["message", "text"], None, "text"),  # the first name wins, not the first column
        (["message", "body"], None, "message"),
        (["message", "text"], "message", "message"),
        (["Message", "text"], "mESSage", "Message"),
        (["message", "text"], 0, "message"),
    ],
)
def test_columns_are_found(columns, given, expected):
    table = Table({name: [""] for name in columns})
    assert table.match("input", ("text", "message"), given) == expected


@pytest.mark.parametrize(
    "given, message",
    [
        (None, r"no column for the input: expected one of \['text', 'sms'\] .*input=.*'mesage'"),
        ("message", r"no column 'message' for the input. Did you mean 'mesage'\?.*'other'"),
        ("zzz", r"no column 'zzz' for the input. Columns found: \['mesage', 'other'\]"),
        (2, "no column 2 for the input"),
        (-1, "no column -1 for the input"),
    ],
)
def test_columns_that_are_missing(given, message):
    table = Table({"mesage": [""], "other": [""]}, source="f.csv")
    with pytest.raises(ValueError, match=f"f.csv has {message}"):
        table.match("input", ("text", "sms"), given)


# === What is wrong with a file ===


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("a.csv", "", "a.csv is empty: expected a header and at least one row"),
        ("a.csv", " \n\n", "is empty"),
        ("a.tsv", b"\xef\xbb\xbf", "is empty"),
        ("a.csv", "text,label\n", r"header but no rows. Columns found: \['text', 'label'\]"),
        (
            "a.csv",
            "text,label\nhi,x\na,b,c\n",
            r"line 3: expected 2 fields \(text, label\).*found 3",
        ),
        ("a.csv", 'text,label\n"a\nb",x\nhi\n', "line 4: expected 2 fields.*found 1"),
        ("a.tsv", "text\tlabel\nhi\tx\n\nhi\n", "line 4: expected 2 fields.*found 1"),
        ("a.csv", "text,label,text\nhi,x,y\n", "names a column twice.*'text', 'label', 'text'"),
        ("a.csv", 'text,label\n"a"b,x\n', "line 2: no valid csv.*must be doubled"),
        ("a.csv", 'text,label\nhi,x\n"open,x\nmore,y\n', "no valid csv"),
        (
            "a.csv",
            b"text,label\nhi,x\ncaf\xe9,y\n",
            r"line 3: the bytes b'\\xe9,y\\n' are not utf-8",
        ),
        ("a.jsonl", b'{"text": "a"}\n{"text": "\xff"}\n', "line 2: the bytes.*encoding='latin-1'"),
        ("a.jsonl", '{"text": "a"}\n{"text": \n', r"line 2: no valid JSON \("),
        ("a.jsonl", '{"text": "a"}\n[1]\n', r"line 2: expected an object .*found \[1\]"),
        ("a.jsonl", "\n\n", "is empty"),
        ("a.txt", "hi", "holds no table.*Tables end in .csv, .tsv, .jsonl"),
        ("a", "hi", "holds no table"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, name, content, message):
    with pytest.raises(ValueError, match=message):
        read_table(write(tmp_path, name, content))


def test_no_file_and_no_encoding(tmp_path):
    with pytest.raises(ValueError, match="There is no file.*none.csv"):
        read_table(tmp_path / "none.csv")
    path = write(tmp_path, "a.csv", "text,label\nhi,x\n")
    with pytest.raises(ValueError, match="must name a character encoding. Received: 'latin-99'"):
        read_table(path, encoding="latin-99")


def test_frames_with_a_column_twice():
    frame = pd.DataFrame([["a", "b"]], columns=["text", "text"])
    with pytest.raises(ValueError, match="names a column twice.*'text', 'text'"):
        from_frame(frame)
