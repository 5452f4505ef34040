"""Tables as people really have them: headers, separators, stray quotes, labels from any reader."""

import bz2
import gzip
import json
import lzma
import zipfile

import pandas as pd
import pytest

import recipes
from rnnkit.formats.tables import read_table

TEXTS = [f"text {index}" for index in range(40)]
LABELS = [("ham", "spam")[index % 2] for index in range(40)]


@pytest.fixture(scope="module")
def recipe():
    return recipes.get("spam")


@pytest.fixture
def write(tmp_path):
    def make(text, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return make


def rows(data):
    """All examples of the three parts as a dict of text to label."""
    parts = (data.train, data.validation, data.test)
    found = [(x.decode(), y.decode()) for part in parts for x, y in part.as_numpy_iterator()]
    assert len(found) == len(dict(found))
    return dict(found)


def table(header="text,label", join=",", labels=LABELS, texts=TEXTS, end="\n"):
    lines = [header] * bool(header)
    lines += [f"{text}{join}{label}" for text, label in zip(texts, labels, strict=True)]
    return end.join(lines) + end


# === Headers and nameless columns ===


@pytest.mark.parametrize("columns", [{"input": "v2", "target": "v1"}, {"input": 1, "target": 0}])
def test_nameless_columns_and_headers(recipe, write, columns, capsys):
    lines = [f'{y},"{x}, costs £1",,,\r\n' for x, y in zip(TEXTS, LABELS, strict=True)]
    path = write("v1,v2,,,\r\n" + "".join(lines), encoding="latin-1")
    found = rows(recipe.data(path, encoding="latin-1", **columns))
    expected = {f"{x}, costs £1": y for x, y in zip(TEXTS, LABELS, strict=True)}
    assert found == expected
    said = [line for line in capsys.readouterr().out.splitlines() if "first row" in line]
    assert len(said) == (columns["input"] == 1)
    assert all("'v1', 'v2', is a header" in line and "header=False" in line for line in said)


def test_a_first_row_whose_label_occurs_below_is_an_example(recipe, write, capsys):
    found = rows(recipe.data(write(table(header="")), input=0, target=1))
    assert found == dict(zip(TEXTS, LABELS, strict=True))
    assert "is an example, as 'ham' occurs again below" in capsys.readouterr().out


def test_header_can_be_said(recipe, write, capsys):
    path = write(table())
    assert len(rows(recipe.data(path, input=0, target=1))) == 40
    assert rows(recipe.data(path, input=0, target=1, header=False))["text"] == "label"
    headless = write(table(header=""), "other.csv")
    assert len(rows(recipe.data(headless, input=0, target=1, header=True))) == 39
    assert capsys.readouterr().out.count("first row") == 1  # what is said is not said again


def test_headers_over_numbers_and_where_nothing_shows(recipe, write, capsys):
    numbers = write(table("a,b", labels=range(40)))
    with pytest.raises(ValueError, match="no column"):
        recipe.data(numbers, header=False)
    translation = recipes.get("translation")
    pairs = write(table("", "\t", [f"texte {n}" for n in range(40)]), "data.tsv")
    assert len(rows(translation.data(pairs, input=0, target=1))) == 40
    assert "is an example, as nothing shows" in capsys.readouterr().out
    pairs = write(table("source\ttarget", "\t", [f"texte {n}" for n in range(40)]), "data.tsv")
    assert len(rows(translation.data(pairs, input=0, target=1))) == 40


def test_positions_are_those_in_the_file(write):
    found = read_table(write(",text,,label,\n,a,,x,\n,b,z,y,\n"))
    assert list(found.columns) == ["text", "Unnamed: 2", "label"]
    assert found.match("input", (), 1) == "text" and found.match("target", (), 3) == "label"
    with pytest.raises(ValueError, match="the column 0 for the input has neither name nor content"):
        found.match("input", (), 0)


# === Separators ===


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_separators_are_told(write, separator, capsys):
    quoted = [f'"{text}{separator} or, so"' for text in TEXTS]
    path = write("\ufeff" + table(f"text{separator}label", separator, texts=quoted))
    found = read_table(path)
    assert found.columns["text"] == [f"{text}{separator} or, so" for text in TEXTS]
    assert found.columns["label"] == LABELS
    said = capsys.readouterr().out
    assert said.count("separated by") == 1 and "separator=" in said


def test_commas_are_not_mentioned(write, capsys):
    path = write(table(texts=[f"a; b {n}" for n in range(40)]))
    assert list(read_table(path).columns) == ["text", "label"]
    assert capsys.readouterr().out == ""


def test_separators_can_be_said(recipe, write):
    path = write(table("text:label", ":"))
    assert rows(recipe.data(path, separator=":")) == dict(zip(TEXTS, LABELS, strict=True))
    path = write("sep=;\r\n" + table("text;label", ";", end="\r\n"))
    found = read_table(path)
    assert found.columns["text"] == TEXTS and found.lines[0] == 3
    for separator in ("", ";;", '"', 3):
        with pytest.raises(ValueError, match="separator must be one character"):
            recipe.data(path, separator=separator)


def test_two_readings_are_refused(write):
    path = write("a,b;c\n1,2;3\n4,5;6\n")
    with pytest.raises(
        ValueError, match=r"\['a', 'b;c'\] by ',' or \['a,b', 'c'\] by ';'. .*separator=','"
    ):
        read_table(path)
    assert list(read_table(path, separator=";").columns) == ["a,b", "c"]


def test_rows_that_do_not_fit_other_separators(write):
    with pytest.raises(ValueError, match="line 3: expected 2 fields .text, label. but found 3"):
        read_table(write("text;label\na, b;x\nc, d;y;z\n"))


# === Stray quotes ===


def test_stray_quotes_are_refused_with_their_line(write):
    texts = [('"' if n in (7, 14) else "") + text for n, text in enumerate(TEXTS)]
    with pytest.raises(ValueError, match="after the quote that opens in line 9"):
        read_table(write(table(texts=texts)))
    texts = [('"' if n == 7 else "") + text for n, text in enumerate(TEXTS)]
    with pytest.raises(ValueError, match="after the quote that opens in line 9"):
        read_table(write(table(texts=texts)))


def test_stray_quotes_that_swallow_rows(write):
    texts = list(TEXTS)
    texts[7], texts[14] = '"' + texts[7], texts[14] + '"'
    with pytest.raises(ValueError, match="line 9: a quote opens here and closes in line 16"):
        read_table(write(table(texts=texts)))
    texts = [*TEXTS[:14], TEXTS[14] + '"', *TEXTS[15:]]
    texts[13] = '"' + texts[13]
    with pytest.raises(ValueError, match="line 15: a quote opens here and closes in line 16"):
        read_table(write(table(texts=texts)))


def test_texts_of_several_lines_and_quotes_within(write):
    texts = [f'"one, two\nthree, four\nfive {n}"' for n in range(38)]
    texts += ['6" tall', 'she said "no"']
    found = read_table(write(table(texts=texts)))
    assert found.size == 40 and found.columns["text"][0] == "one, two\nthree, four\nfive 0"
    assert found.columns["text"][38:] == ['6" tall', 'she said "no"']
    labelled = "label,text\n" + "".join(
        f'{y},"{x}\nmore"\n' for x, y in zip(TEXTS, LABELS, strict=True)
    )
    assert read_table(write(labelled)).size == 40


# === Labels ===


@pytest.mark.slow
def test_labels_are_equal_in_all_readers(recipe, write):
    path = write(table(labels=[float(n % 2) for n in range(40)]))
    expected = {text: str(n % 2) for n, text in enumerate(TEXTS)}
    assert rows(recipe.data(path)) == expected
    assert rows(recipe.data(pd.read_csv(path))) == expected
    frame = pd.read_csv(path)
    assert rows(recipe.data((frame["text"], frame["label"]))) == expected
    lines = frame.to_json(orient="records", lines=True)
    assert rows(recipe.data(write(lines, "data.jsonl"))) == expected


def test_blanks_around_labels_make_no_classes(recipe, write):
    padded = [f" {label}{' ' * (n % 3)}" for n, label in enumerate(LABELS)]
    path = write(table("text, label", labels=padded))
    expected = dict(zip(TEXTS, LABELS, strict=True))
    assert rows(recipe.data(path)) == expected
    assert rows(recipe.data(pd.read_csv(path))) == expected


# === Encodings ===


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("said", ["utf-8", "latin-1"])
def test_marks_say_the_encoding(write, encoding, said):
    lines = "text\tlabel\r\n" + '"é ""x"""\tpos\r\n' * 3
    found = read_table(write(lines, "data.tsv", encoding), said)
    assert found.columns == {"text": ['é "x"'] * 3, "label": ["pos"] * 3}


@pytest.mark.parametrize("mark", ["utf-16-be", "utf-32-be"])
def test_marks_of_the_other_order(write, mark):
    found = read_table(write("\ufefftext,label\né,x\n", encoding=mark))
    assert found.columns == {"text": ["é"], "label": ["x"]}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["hello", "é", "привет мир", "日本語です"])
def test_wide_characters_without_mark(write, encoding, text):
    path = write(f"text,label\n{text},x\n" * 5, encoding=encoding)
    with pytest.raises(ValueError) as caught:
        read_table(path)
    assert f"encoding='{encoding}'" in str(caught.value) and "latin" not in str(caught.value)
    assert read_table(path, encoding).columns["text"][0] == text


def test_cut_off_characters(write, tmp_path):
    path = tmp_path / "cut.csv"
    path.write_bytes("text,label\na,x\nb,y".encode("utf-16")[:-1])
    with pytest.raises(ValueError, match=r"line 3: the bytes .* not utf-16.*cut off or damaged"):
        read_table(path)


# === JSON ===

ROWS = [{"text": x, "label": y} for x, y in zip(TEXTS, LABELS, strict=True)]


@pytest.mark.parametrize("name", ["data.json", "data.jsonl"])
@pytest.mark.parametrize("indent", [None, 2])
def test_arrays(recipe, write, name, indent):
    path = write(json.dumps(ROWS, indent=indent), name)
    assert rows(recipe.data(path)) == dict(zip(TEXTS, LABELS, strict=True))


def test_other_layouts_of_json(write):
    frame = pd.DataFrame(ROWS)
    texts = [
        json.dumps({"version": 1, "data": ROWS}),
        frame.to_json(),
        json.dumps(frame.to_dict("list"), indent=1),
        frame.to_json(orient="records", lines=True),
    ]
    for text in texts:
        assert read_table(write(text, "data.json")).columns == {"text": TEXTS, "label": LABELS}


def test_optional_keys(recipe, write):
    found = [{**row, **({"source": "a"} if n % 3 else {})} for n, row in enumerate(ROWS)]
    path = write("".join(json.dumps(row) + "\n" for row in found), "data.jsonl")
    assert rows(recipe.data(path)) == dict(zip(TEXTS, LABELS, strict=True))
    assert read_table(path).columns["source"][:3] == [None, "a", "a"]
    del found[4]["label"]
    path = write("".join(json.dumps(row) + "\n" for row in found), "data.jsonl")
    with pytest.raises(ValueError, match="line 5: the column 'label' holds no label"):
        recipe.data(path)
    with pytest.raises(ValueError, match="data.json, row 5: the column 'label' holds no label"):
        recipe.data(write(json.dumps(found), "data.json"))


def test_nested_keys(recipe, write):
    found = [
        {"data": {"text": x}, "meta": {"a": {"label": y}}}
        for x, y in zip(TEXTS, LABELS, strict=True)
    ]
    path = write("".join(json.dumps(row) + "\n" for row in found), "data.jsonl")
    expected = dict(zip(TEXTS, LABELS, strict=True))
    assert rows(recipe.data(path, input="data.text", target="meta.a.label")) == expected
    frame = pd.DataFrame(found)
    assert rows(recipe.data(frame, input="data.text", target="meta.a.label")) == expected
    with pytest.raises(ValueError, match="Columns found: .*'data.text', 'meta.a'"):
        recipe.data(path)
    with pytest.raises(ValueError, match=r"no column 'data.txt'.*mean 'data.text'\?"):
        recipe.data(path, input="data.txt", target="meta.a.label")


@pytest.mark.parametrize(
    "text, message",
    [
        ('[{"a": 1}, 2]', r"data.json, row 2: expected an object .*found 2"),
        ('[{"a": 1},\n {"a" 2}]', r"data.json: no valid JSON \(.* at line 2\)"),
        ('{"a": [1, 2], "b": [1]}', "lists of equal length.*keys .'a', 'b'"),
        ("3", "expected an array of objects. Found: 3"),
        ("[]", "header but no rows"),
        ('[{"a": ' + "[" * 30 + "]" * 30 + "}]", "at most 20 levels"),
    ],
)
def test_what_is_no_table_of_json(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_table(write(text, "data.json"))


@pytest.mark.slow
def test_keys_that_few_rows_have_are_bounded(write):
    text = "".join(json.dumps({f"key{n}": 1}) + "\n" for n in range(10_000))
    with pytest.raises(ValueError, match="would become .*Leave out keys that few rows have"):
        read_table(write(text, "data.jsonl"))


# === Compressed files ===

PACK = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name + ".csv", content)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("suffix", PACK)
def test_compressed_tables(recipe, tmp_path, suffix):
    expected = dict(zip(TEXTS, LABELS, strict=True))
    path = tmp_path / f"data.csv{suffix}"
    path.write_bytes(PACK[suffix](table().encode()))
    assert rows(recipe.data(path)) == expected
    assert rows(recipe.data(str(tmp_path))) == expected
    path.rename(tmp_path / f"train.csv{suffix}")
    assert rows(recipe.data(tmp_path)) == expected


def test_zip_files(recipe, tmp_path):
    path = zipped(tmp_path / "data.csv.zip", data=table())
    assert rows(recipe.data(path)) == dict(zip(TEXTS, LABELS, strict=True))
    with pytest.raises(ValueError, match="holds 2 files; expected one table. Unpack.*'b.csv'"):
        recipe.data(zipped(path, a=table(), b=table()))


@pytest.mark.slow
def test_compressed_files_are_bounded_and_checked(tmp_path):
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 2**25))
    with pytest.raises(ValueError, match="data.csv.gz: .* bytes would become .*Unpack it first"):
        read_table(path)
    for suffix, pack in PACK.items():
        path = tmp_path / f"data.csv{suffix}"
        for content in (b"text,label\na,b\n", pack(table().encode())[:-20]):
            path.write_bytes(content)
            with pytest.raises(ValueError, match=rf"data.csv{suffix} cannot be unpacked"):
                read_table(path)
    path = tmp_path / "data.csv.zip"
    path.write_bytes(b"PK no zip")
    with pytest.raises(ValueError, match="data.csv.zip cannot be unpacked"):
        read_table(path)


def test_json_beside_a_table_is_no_data(recipe, write, tmp_path):
    write(table())
    write('{"license": "mit"}', "dataset_info.json")
    assert len(rows(recipe.data(tmp_path))) == 40
