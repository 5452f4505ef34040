"""Files whose names do not say what they are: by their content, which is said, or refused."""

import io
import json
import zipfile

import pytest

import recipes

LABELS = [("ham", "spam")[i % 3 == 0] for i in range(40)]
EXPECTED = {f"go {i}, now": label for i, label in enumerate(LABELS)}
TABS = "".join(f"{label}\t{text}\n" for text, label in EXPECTED.items())
OBJECTS = [{"label": label, "text": text} for text, label in EXPECTED.items()]


@pytest.fixture
def load(tmp_path):
    def load(content, name, **options):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        data = recipes.get("spam").data(tmp_path / name, **options)
        return {
            x.decode(): y.decode()
            for part in (data.train, data.validation, data.test)
            for x, y in part.as_numpy_iterator()
        }

    return load


@pytest.mark.parametrize("name", ["SMSSpamCollection", "sms.txt", "sms.data"])
def test_tabs_without_a_header(load, name, capsys):
    assert load(TABS, name, input=1, target=0) == EXPECTED
    said = capsys.readouterr().out
    assert f"{name}: read as text with tabs, by its content" in said
    assert "is an example, as 'spam' occurs again below it" in said
    with pytest.raises(ValueError, match=r"which with input=.*Columns found: \[0, 1\]"):
        load(TABS, name)


@pytest.mark.parametrize(
    "content",
    [
        "label\ttext\n" + TABS,
        "label,text\n" + "".join(f'{label},"{text}"\n' for text, label in EXPECTED.items()),
        "".join(json.dumps(each) + "\n" for each in OBJECTS),
        json.dumps(OBJECTS, indent=1),
    ],
    ids=["tabs", "csv", "jsonl", "json"],
)
def test_names_of_columns_are_found(load, content):
    assert load(content, "data.txt") == EXPECTED


def test_a_zip_file_of_one_file_without_ending(load):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("SMSSpamCollection", TABS)
    assert load(file.getvalue(), "sms.zip", input=1, target=0) == EXPECTED


@pytest.mark.parametrize(
    "content, name, message",
    [
        ("Call me Ishmael.\nSome years ago, never mind\n" * 9, "novel.txt", "holds no table"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\1\2" * 9, "a.png", "of a type that is not read. Tables"),
        (b"PK\3\4\0\0" * 9, "a.xlsx", "of a type that is not read: save it as csv"),
        (TABS.encode("utf-16-le"), "wide", "looks like utf-16-le. Say how"),
        ("ham\tcaf\u00e9\n".encode("latin-1") * 9, "narrow", "line 1: .*encoding='latin-1'"),
        ("", "nothing", "is empty"),
    ],
)
def test_what_is_no_table_is_refused(load, content, name, message):
    with pytest.raises(ValueError, match=message):
        load(content, name)


def test_an_example_taken_for_a_header_is_explained(load):
    """Both readings: the name of a column is missing, or the first row names none."""
    with pytest.raises(ValueError, match="Columns found: .*'go 0'.*say header=False.*input=0"):
        load("".join(f"{text},{label}\n" for text, label in EXPECTED.items()), "a.csv")
