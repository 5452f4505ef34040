"""Plain texts: read in order, split in order, nothing lost."""

import numpy as np
import pytest
import tensorflow as tf

import recipes
from rnnkit.data.readers.text import plain as plain_text

RECIPE = recipes.get("text_generation")
TEXT = "".join(f"line {number} \u00e9.\n" for number in range(100))


def texts(data):
    parts = (data.train, data.validation, data.test)
    return [[each.decode() for each in part.as_numpy_iterator()] for part in parts]


def joined(data):
    return "".join("".join(part) for part in texts(data))


def test_a_file_is_split_in_order(write):
    data = RECIPE.data(write(TEXT, "play.txt"))
    (train,), (validation,), (test,) = texts(data)
    assert train + validation + test == TEXT
    assert len(train) == int(0.85 * len(TEXT)) and len(test) == len(TEXT) - int(0.9 * len(TEXT))
    assert data.info["characters"] == {
        "train": len(train), "validation": len(validation), "test": len(test)
    }  # fmt: skip


def test_a_folder_of_files(write):
    paths = [write(f"{name} {TEXT}", f"book/{name}.txt") for name in "cab"]
    data = RECIPE.data(paths[0].rpartition("/")[0])
    assert joined(data) == "".join(f"{name} {TEXT}" for name in "abc")
    assert len(texts(data)[0]) == 3  # the third is cut
    write("not text", "book/picture.bin")
    assert joined(RECIPE.data(paths[0].rpartition("/")[0])) == joined(data)


def test_files_and_folders_of_splits(write):
    folder = write("train it", "a/train.txt").rpartition("/")[0]
    write("try it", "a/val.txt")
    write("test it", "a/test.txt")
    assert texts(RECIPE.data(folder)) == [["train it"], ["try it"], ["test it"]]
    folder = write("one" * 20, "b/train/1.txt").rpartition("/train")[0]
    write("two", "b/train/2.txt")
    write("end", "b/test/1.txt")
    data = RECIPE.data(folder)
    assert (
        texts(data)[2] == ["end"] and "".join(texts(data)[0] + texts(data)[1]) == "one" * 20 + "two"
    )


def test_tables_and_their_split_column(write):
    table = write("text,split\nabc,train\ndef,dev\nghi,test\njkl,train\n")
    assert texts(RECIPE.data(table)) == [["abc", "jkl"], ["def"], ["ghi"]]
    table = write("a,b\n" + "\n".join(f"{i},word {i}" for i in range(20)), "c.csv")
    assert joined(RECIPE.data(table, target="b")) == "".join(f"word {i}" for i in range(20))
    with pytest.raises(ValueError, match="no column for the target: expected one of.*'text'"):
        RECIPE.data(table)


def test_texts_in_python():
    lines = TEXT.splitlines()
    for source in (lines, tf.data.Dataset.from_tensor_slices(lines), {"train": lines}):
        assert joined(RECIPE.data(source)) == "".join(lines)
    data = RECIPE.data({"train": TEXT, "val": "ab", "test": ["cd"]})
    assert texts(data) == [[TEXT], ["ab"], ["cd"]]
    assert RECIPE.data(data) is data


def test_line_ends_are_one(write):
    path = write("", "dos.txt")
    with open(path, "wb") as file:
        file.write(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())
    assert joined(RECIPE.data(path)) == TEXT


def test_a_catalogue_name_gives_texts():
    data = RECIPE.data()
    assert next(iter(data.train)).dtype == tf.string and data.source is None


@pytest.mark.parametrize(
    "text, message",
    [
        (" \n", "is empty: expected text"),
        ("short", "too few characters for.*needs at least 40"),
    ],
)
def test_nothing_to_learn_from(write, text, message):
    with pytest.raises(ValueError, match=message):
        RECIPE.data(write(text, "a.txt"))


def test_what_cannot_be_read(write, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("caf\u00e9 ".encode("latin-1") * 50)
    with pytest.raises(ValueError, match="line 1: the bytes.*not utf-8.*encoding='latin-1'"):
        RECIPE.data(path)
    assert joined(RECIPE.data(path, encoding="latin-1")) == "caf\u00e9 " * 50
    with pytest.raises(ValueError, match="There is no file or folder"):
        RECIPE.data("nowhere/play.txt")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match="holds no data"):
        RECIPE.data(empty)
    with pytest.raises(ValueError, match="must give texts alone"):
        RECIPE.data(tf.data.Dataset.from_tensor_slices((["a"], ["b"])))
    with pytest.raises(ValueError, match="source must be a path.*Received: int"):
        RECIPE.data(3)
    with pytest.raises(ValueError, match="Texts must be strings. Received: 3 at position 1"):
        RECIPE.data(["a", 3])
    with pytest.raises(ValueError, match="must have the key 'train'"):
        RECIPE.data({"test": "abc"})


def test_a_cut_loses_nothing():
    rng = np.random.default_rng(0)
    for _ in range(50):
        parts = ["x" * rng.integers(1, 9) for _ in range(rng.integers(1, 6))]
        size = int(rng.integers(0, sum(map(len, parts)) + 1))
        first, rest = plain_text._cut(parts, size)
        assert sum(map(len, first)) == size and "".join(first + rest) == "".join(parts)
