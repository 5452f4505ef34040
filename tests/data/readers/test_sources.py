"""Sources: whatever a user passes to `recipe.data` becomes three parts of the same examples."""

import socket
import time

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import recipes
from rnnkit.data import Data
from rnnkit.data.readers import catalogue

TEXTS = [f"text {index}" for index in range(40)]
LABELS = [("ham", "spam")[index % 2] for index in range(40)]
PAIRS = dict(zip(TEXTS, LABELS, strict=True))


@pytest.fixture(scope="module")
def recipe():
    return recipes.get("spam")


@pytest.fixture
def table(tmp_path):
    def make(rows=None, name="data.csv", header="text,label"):
        rows = [f"{x},{y}" for x, y in PAIRS.items()] if rows is None else rows
        path = tmp_path / name
        path.write_text("\n".join([*([header] if header else []), *rows]) + "\n")
        return path

    return make


def examples(dataset):
    """A split as a list of Python pairs."""

    def text(value):
        return value.decode() if isinstance(value, bytes) else value

    return [(text(x), text(y)) for x, y in dataset.as_numpy_iterator()]


def parts(data):
    return {split: examples(getattr(data, split)) for split in ("train", "validation", "test")}


# === Every form ===


def frame():
    return pd.DataFrame({"text": TEXTS, "label": LABELS})


def rows():
    return tf.data.Dataset.from_tensor_slices({"text": TEXTS, "label": LABELS, "id": range(40)})


def pairs():
    return tf.data.Dataset.from_tensor_slices((TEXTS, LABELS))


FORMS = {
    "path": lambda table: str(table()),
    "pathlib": lambda table: table(),
    "frame": lambda table: frame(),
    "shuffled frame": lambda table: frame().sample(frac=1, random_state=1),
    "lists": lambda table: (TEXTS, LABELS),
    "list of lists": lambda table: [TEXTS, LABELS],
    "arrays": lambda table: (np.array(TEXTS), np.array(LABELS)),
    "tensors": lambda table: (tf.constant(TEXTS), tf.constant(LABELS)),
    "series": lambda table: (frame()["text"], frame()["label"]),
    "dataset": lambda table: pairs(),
    "batched dataset": lambda table: pairs().batch(7),
    "dataset of dicts": lambda table: rows(),
    "batched dataset of dicts": lambda table: rows().batch(7),
}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_lost_and_parts_are_disjoint(recipe, table, form):
    data = recipe.data(FORMS[form](table))
    found = parts(data)
    assert {split: len(rows) for split, rows in found.items()} == {
        "train": 32,
        "validation": 4,
        "test": 4,
    }
    everything = sum(found.values(), [])
    assert len(everything) == 40
    assert dict(everything) == PAIRS  # all texts, each beside its own label
    # The same rows again, in this process and in any other.
    assert parts(recipe.data(FORMS[form](table))) == found


def test_the_split_of_a_file_never_changes(recipe, table):
    # Kept from the first release on: a test score of today can be compared with a later one.
    found = parts(recipe.data(table()))
    assert [x for x, _ in found["validation"]] == ["text 15", "text 21", "text 26", "text 38"]
    assert [x for x, _ in found["test"]] == ["text 10", "text 16", "text 35", "text 39"]


DICTS = {
    "pairs": lambda: {"train": (TEXTS[:30], LABELS[:30]), "val": (TEXTS[30:35], LABELS[30:35]),
                      "test": (TEXTS[35:], LABELS[35:])},
    "frames": lambda: {"train": frame()[:30], "dev": frame()[30:35], "test": frame()[35:]},
    "datasets": lambda: {"train": pairs().take(30), "valid": pairs().skip(30).take(5),
                         "test": pairs().skip(35).batch(2)},
    "datasets of dicts": lambda: {"train": rows().take(30), "validation": rows().skip(30).take(5),
                                  "test": rows().skip(35)},
}  # fmt: skip


@pytest.mark.parametrize("form", DICTS)
def test_dicts_of_parts_stay_as_they_are(recipe, form):
    found = parts(recipe.data(DICTS[form]()))
    expected = list(PAIRS.items())
    assert found == {
        "train": expected[:30],
        "validation": expected[30:35],
        "test": expected[35:],
    }


def test_missing_parts_are_split_off_the_training_part(recipe):
    data = recipe.data({"train": (TEXTS[:30], LABELS[:30]), "test": (TEXTS[30:], LABELS[30:])})
    found = parts(data)
    assert found["test"] == list(PAIRS.items())[30:]
    assert len(found["validation"]) == 3
    assert dict(found["train"] + found["validation"]) == dict(list(PAIRS.items())[:30])


def test_a_data_object_is_given_back(recipe):
    data = Data(pairs(), pairs(), pairs())
    assert recipe.data(data) is data


def test_folders(recipe, table, tmp_path):
    table(["a,x", "b,y"], "train.csv")
    table(["c,x"], "val.csv")
    table(["d,y", "e,x"], "test.csv")
    assert parts(recipe.data(tmp_path)) == {
        "train": [("a", "x"), ("b", "y")],
        "validation": [("c", "x")],
        "test": [("d", "y"), ("e", "x")],
    }
    assert recipe.data(tmp_path).sizes == {"train": 2, "validation": 1, "test": 2}
    assert repr(recipe.data(tmp_path)).endswith("(train: 2, validation: 1, test: 2)>")


def test_folders_of_classes(recipe, tmp_path):
    for index, (text, label) in enumerate(PAIRS.items()):
        path = tmp_path / "train" / label / f"{index}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert dict(sum(parts(recipe.data(tmp_path)).values(), [])) == PAIRS
    path.write_bytes(b"\xe9")
    with pytest.raises(ValueError, match="39.txt, line 1.*encoding='latin-1'"):
        recipe.data(tmp_path)
    everything = sum(parts(recipe.data(tmp_path, encoding="latin-1")).values(), [])
    assert ("é", "spam") in everything


def test_empty_texts_and_numbers_as_labels_are_fine(recipe):
    data = recipe.data(pd.DataFrame({"text": [""] * 20, "label": [0, 1] * 10}))
    assert set(sum(parts(data).values(), [])) == {("", "0"), ("", "1")}


# === Columns ===


def test_columns_by_other_names(recipe, table):
    rows = [f"{y},{x},{x} again" for x, y in PAIRS.items()]
    path = table(rows, header="CATEGORY,Message,Twice")
    assert dict(sum(parts(recipe.data(path)).values(), [])) == PAIRS
    data = recipe.data(path, input="twice", target="Category")
    assert examples(data.train)[0][0].endswith("again")
    frame = pd.DataFrame({"kind": LABELS, "words": TEXTS})
    assert len(examples(recipe.data(frame, input="words", target="kind").test)) == 4
    renamed = pairs().map(lambda x, y: {"words": x, "Kind": y})
    data = recipe.data(renamed, input="words", target="kind")
    assert dict(sum(parts(data).values(), [])) == PAIRS


def test_positions_alone_mean_no_header(recipe, table):
    path = table([f"{y},{x}" for x, y in PAIRS.items()], header=None)
    assert dict(sum(parts(recipe.data(path, input=1, target=0)).values(), [])) == PAIRS


def test_a_split_column_decides(recipe, table):
    words = ["train"] * 5 + ["Val", "dev"] + ["TEST"] * 3
    rows = [f"t{index},{'xy'[index % 2]},{word}" for index, word in enumerate(words)]
    found = parts(recipe.data(table(rows, header="text,label,Split")))
    assert [x for x, _ in found["train"]] == ["t0", "t1", "t2", "t3", "t4"]
    assert [x for x, _ in found["validation"]] == ["t5", "t6"]
    assert [x for x, _ in found["test"]] == ["t7", "t8", "t9"]


@pytest.mark.parametrize(
    "words, message",
    [
        (["train", "train", "tset"], "line 4: the column 'split' must hold one of.*'tset'"),
        (["train", "", "test"], "line 3: the column 'split' must hold one of"),
        (["test", "test", "dev"], r"marks no row as 'train'. Found: \['test', 'validation'\]"),
    ],
)
def test_a_split_column_with_other_words(recipe, table, words, message):
    path = table([f"t,x,{word}" for word in words], header="text,label,split")
    with pytest.raises(ValueError, match=message):
        recipe.data(path)


# === What does not fit ===


@pytest.mark.parametrize("label", ["", " ", "nan", "NaN"])
def test_missing_labels_are_named_with_their_line(recipe, table, label):
    rows = ["hi,x", '"two\nlines",y', f"yo,{label}"]
    with pytest.raises(ValueError, match="data.csv, line 5: the column 'label' holds no label"):
        recipe.data(table(rows))


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_missing_values_of_frames(recipe, missing):
    good = pd.DataFrame({"text": ["a", "b"], "label": ["x", "y"]}, dtype=object)
    for column, what in (("label", "no label"), ("text", "no text")):
        bad = good.copy()
        bad.loc[1, column] = missing
        with pytest.raises(ValueError, match=f"line 1: the column '{column}' holds {what}"):
            recipe.data(bad)


def test_a_frame_of_one_column_is_that_column(recipe):
    texts, labels = TEXTS, LABELS
    for x, y in ((pd.DataFrame({"t": texts}), labels), (texts, pd.DataFrame({"l": labels}))):
        found, wanted = recipe.data((x, y)), recipe.data((texts, labels))
        assert list(found.test.as_numpy_iterator()) == list(wanted.test.as_numpy_iterator())


def test_composed_letters_in_labels_are_alike(recipe):
    labels = ["caf\u00e9", "cafe\u0301"] * 20
    data = recipe.data((TEXTS, labels))
    assert {y for _, y in data.train.as_numpy_iterator()} == {"caf\u00e9".encode()}


SOURCES = {
    "neither a file nor a TFDS dataset. Did you mean 'imdb_reviews'": lambda: "imdb_review",
    "neither a file nor a TFDS dataset": lambda: "no_such_folder",
    "TFDS has no 'glue/sst3'": lambda: "glue/sst3",
    "There is no file or folder './none.csv'": lambda: "./none.csv",
    "There is no file or folder 'none.csv'": lambda: "none.csv",
    "source must be a path.*Received: int": lambda: 3,
    r"pair \(x, y\). Received: 3 parts": lambda: (TEXTS, LABELS, LABELS),
    "equal length. Received: 40 and 39": lambda: (TEXTS, LABELS[:-1]),
    "9 examples, too few to set some apart: expected at least 10": lambda: (TEXTS[:9], LABELS[:9]),
    r"must give pairs \(x, y\)": lambda: pairs().map(lambda x, y: x),
    r"must give pairs \(x, y\).": lambda: pairs().map(lambda x, y: ((x, x), y)),
    "dataset has no column for the input: expected one of .*'text'.*'id'": lambda: rows().map(
        lambda row: {"id": row["id"], "label": row["label"]}
    ),
    r"must have the key 'train'.*Received: keys \['test'\]": lambda: {"test": (TEXTS, LABELS)},
    r"Received: keys \['tests', 'train'\]": lambda: {"train": (TEXTS, LABELS), "tests": ()},
    r"Datasets must have train.*Missing: \['test'\]": lambda: {"train": pairs(), "val": pairs()},
    "frame has no column for the target": lambda: frame()[["text"]],
}


@pytest.mark.parametrize("message", SOURCES)
def test_what_does_not_fit(recipe, message):
    with pytest.raises(ValueError, match=message):
        recipe.data(SOURCES[message]())


# === The catalogue ===


@pytest.fixture
def mocked(monkeypatch):
    """The catalogue without a network: made-up examples, and two splits in each dataset."""
    monkeypatch.setattr(catalogue, "_need_network", lambda name: None)
    template = tfds.core.ShardedFileTemplate(
        data_dir="/none", dataset_name="any", filetype_suffix="tfrecord"
    )
    splits = tfds.core.SplitDict(
        [
            tfds.core.SplitInfo(
                name=split, shard_lengths=[100], num_bytes=1, filename_template=template
            )
            for split in ("train", "test")
        ]
    )
    monkeypatch.setattr(tfds.core.DatasetInfo, "splits", splits)
    with tfds.testing.mock_data(num_examples=30):
        yield


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, given, classes",
    [
        ("imdb_reviews", {}, {"neg", "pos"}),
        ("glue/sst2", {}, {"negative", "positive"}),
        (
            "ag_news_subset",
            {"input": "description"},
            {"World", "Sports", "Business", "Sci/Tech"},
        ),
    ],
)
def test_a_name_of_the_catalogue(recipe, mocked, name, given, classes):
    data = recipe.data(name, **given)
    assert data.sizes == {"train": 90, "validation": 10, "test": 100}
    assert data.source.startswith(name)
    for part in (data.train, data.validation, data.test):
        found = examples(part)
        assert len(found) == 30 and all(isinstance(x, str) for x, _ in found)
        assert {y for _, y in found} <= classes


def test_several_features_that_fit(recipe, mocked):
    with pytest.raises(
        ValueError, match="several features of data type text .*input='.*'title': 'T"
    ):
        recipe.data("ag_news_subset")


def test_a_dataset_of_another_kind(recipe):
    with tfds.testing.mock_data(num_examples=5):
        with pytest.raises(
            ValueError, match="mnist has no feature of data type text for the input.*Im"
        ):
            recipe.data("mnist")
        with pytest.raises(ValueError, match="no feature 'words' for the input. Found:.*'text'"):
            recipe.data("imdb_reviews", input="words")


def test_without_a_network_it_fails_in_seconds(recipe, monkeypatch, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setattr(catalogue, "PROBE", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path))
    start = time.monotonic()
    with pytest.raises(ValueError, match="yelp_polarity_reviews is not on this .*no network"):
        recipe.data("yelp_polarity_reviews")
    assert time.monotonic() - start < 8


def test_a_list_of_rows_is_told_to_be_a_frame():
    rows = [{"text": "a", "label": "x"}] * 80
    with pytest.raises(ValueError, match=r"pandas\.DataFrame\(rows\).*a list of 80 dicts"):
        recipes.get("spam").data(rows)
