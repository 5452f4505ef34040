"""Files: which of them are the splits of a dataset, and what to pass where it is not clear."""

import pytest

from rnnkit.data.readers.files import class_folders, find_splits


@pytest.fixture
def folder(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"text of {name}")
        return tmp_path

    return make


def found(splits):
    return {split: path.name for split, path in splits.items()}


@pytest.mark.parametrize(
    "names, expected",
    [
        (["train.csv"], {"train": "train.csv"}),
        (
            ["train.csv", "validation.tsv", "test.jsonl"],
            {"train": "train.csv", "validation": "validation.tsv", "test": "test.jsonl"},
        ),
        (["train.csv", "val.csv"], {"train": "train.csv", "validation": "val.csv"}),
        (["train.csv", "valid.csv"], {"train": "train.csv", "validation": "valid.csv"}),
        (["Train.CSV", "DEV.csv"], {"train": "Train.CSV", "validation": "DEV.csv"}),
        (["training.csv", "testing.csv"], {"train": "training.csv", "test": "testing.csv"}),
        (["a_train.csv", "a_test.csv"], {"train": "a_train.csv", "test": "a_test.csv"}),
        (["a.b-train.csv", "a.b-dev.csv"], {"train": "a.b-train.csv", "validation": "a.b-dev.csv"}),
        (["only.csv"], {"all": "only.csv"}),
        (["only.csv", "README.md", "labels.txt"], {"all": "only.csv"}),
        (["train.csv", "extra.csv"], {"train": "train.csv"}),
        (["strain.csv"], {"all": "strain.csv"}),  # no split, only ends like one
    ],
)
def test_folders(folder, names, expected):
    root = folder(*names)
    assert found(find_splits(root)) == expected
    assert found(find_splits(str(root))) == expected


def test_one_file(folder):
    root = folder("train.csv", "test.csv")
    assert find_splits(root / "train.csv") == {"all": root / "train.csv"}


TWO_SETS = ("a_train.csv", "a_test.csv", "b_train.tsv", "b_dev.tsv")


def test_two_sets_ask_which(folder):
    root = folder(*TWO_SETS)
    with pytest.raises(ValueError, match="holds 2 sets: a, b. .*name='a'.*--name a"):
        find_splits(root)
    assert found(find_splits(root, name="b")) == {"train": "b_train.tsv", "validation": "b_dev.tsv"}
    with pytest.raises(ValueError, match=r"no set 'c'. Sets found: \['a', 'b'\]"):
        find_splits(root, name="c")


@pytest.mark.parametrize("pattern", ["b", "b_", "b_*", "b*.tsv", "[b]_*"])
def test_prefixes_and_patterns(folder, pattern):
    root = folder(*TWO_SETS)
    expected = {"train": "b_train.tsv", "validation": "b_dev.tsv"}
    assert found(find_splits(f"{root}/{pattern}")) == expected


def test_signs_of_patterns_in_a_folder_name(folder):
    root = folder("x[1]/a_train.csv")
    assert found(find_splits(root / "x[1]")) == {"train": "a_train.csv"}


@pytest.mark.parametrize(
    "names, source, message",
    [
        (
            [],
            "",
            r"no data that is read here: expected train.*\.csv, \.tsv, \.jsonl.*\.txt",
        ),
        (["a.txt"], "", "no data that is read here"),
        ([], "none", "There is no file or folder '.*none'"),
        (["a.csv"], "b*.csv", "There is no file or folder"),
        (["test.csv", "dev.csv"], "", "no training part. Files found: dev.csv, test.csv"),
        (["train.csv", "train.tsv"], "", "two files for train: train.csv and train.tsv"),
        (["val.csv", "dev.csv", "train.csv"], "", "two files for validation: dev.csv and val.csv"),
        (["a.csv", "b.csv"], "", "2 files and none is called train: a.csv, b.csv. Pass one file"),
    ],
)
def test_what_does_not_fit(folder, names, source, message):
    root = folder(*names)
    with pytest.raises(ValueError, match=message):
        find_splits(root / source)


# === A folder a class ===


def test_class_folders(folder):
    root = folder("pos/1.txt", "pos/2.txt", "neg/1.txt", "neg/notes.md")
    tables = class_folders(root)
    assert list(tables) == ["all"]
    assert tables["all"].columns == {
        "text": ["text of neg/1.txt", "text of pos/1.txt", "text of pos/2.txt"],
        "label": ["neg", "pos", "pos"],
    }


def test_class_folders_in_splits_without_the_unlabelled(folder):
    # The layout of the IMDB reviews.
    root = folder(
        "README", "train/labeledBow.feat", "train/pos/0_9.txt", "train/neg/0_1.txt",
        "train/unsup/0_0.txt", "test/pos/0_10.txt", "test/neg/0_2.txt",
    )  # fmt: skip
    tables = class_folders(root)
    assert {split: table.columns["label"] for split, table in tables.items()} == {
        "test": ["neg", "pos"],
        "train": ["neg", "pos"],
    }
    assert tables["train"].columns["text"][1] == "text of train/pos/0_9.txt"


def test_tables_come_before_folders(folder):
    root = folder("train.csv", "docs/a.txt", "more/b.txt")
    assert class_folders(root) == {}
    assert found(find_splits(root)) == {"train": "train.csv"}


def test_class_folders_elsewhere(folder):
    assert class_folders(folder("train.csv")) == {}
    assert class_folders(folder() / "none") == {}
    assert class_folders(folder("train.csv") / "train.csv") == {}


def test_class_folders_without_training_part(folder):
    with pytest.raises(ValueError, match=r"no training part.*'train'. Found: \['test'\]"):
        class_folders(folder("test/pos/1.txt", "test/neg/1.txt"))


def test_class_folders_with_other_bytes(folder):
    root = folder("pos/1.txt", "neg/1.txt")
    (root / "pos/1.txt").write_bytes(b"first\ncaf\xe9\n")
    with pytest.raises(ValueError, match=r"1.txt, line 2: the bytes b'\\xe9\\n' are not utf-8"):
        class_folders(root)
    assert class_folders(root, "latin-1")["all"].columns["text"][1] == "first\ncafé\n"
