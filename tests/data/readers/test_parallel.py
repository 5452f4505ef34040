"""Parallel text: pairs of files, folders of them, tables, and datasets of translations."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnkit
from rnnkit.data.readers import catalogue
from rnnkit.data.readers.text import parallel

SIZES = {"train": 24, "val": 3, "test2016": 4}


class Pairs(rnnkit.Recipe):
    name = "pairs"
    dataset = "rnnkit_phrases"
    data_types = ("text", "text")
    columns = {"input": ("source", "en", "prompt"), "target": ("target", "fr", "reply")}


@pytest.fixture
def recipe():
    return Pairs()


@pytest.fixture
def folder(tmp_path):
    def make(languages=("en", "fr", "de"), sizes=SIZES, ending="", folder="set"):
        path = tmp_path / folder
        path.mkdir(exist_ok=True)
        for stem, size in sizes.items():
            for language in languages:
                lines = [f"{language} {stem} {index}\n" for index in range(size)]
                (path / f"{stem}.{language}{ending}").write_text("".join(lines))
        return path

    return make


def examples(dataset):
    return [(x.decode(), y.decode()) for x, y in dataset.as_numpy_iterator()]


def write(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


# === Folders ===


@pytest.mark.parametrize(
    "given, languages",
    [
        ({}, ("en", "fr")),
        ({"target": "de"}, ("en", "de")),
        ({"input": "FR", "target": "en"}, ("fr", "en")),
        ({"input": "de"}, ("de", "fr")),
    ],
)
def test_languages_are_the_endings(recipe, folder, given, languages):
    data = recipe.data(folder(), **given)
    assert data.sizes == {"train": 24, "validation": 3, "test": 4}
    for split, stem in zip(("train", "validation", "test"), SIZES, strict=True):
        expected = [
            tuple(f"{language} {stem} {index}" for language in languages)
            for index in range(SIZES[stem])
        ]
        assert examples(getattr(data, split)) == expected


def test_three_languages_and_half_a_choice(recipe, folder):
    path = folder()
    with pytest.raises(ValueError, match=r"called de, en, fr: say which") as error:
        recipe.data(path, input="fr")
    call = f"recipe.data({str(path)!r}, input='fr', target='de')"
    assert call in str(error.value) and "--input fr --target de" in str(error.value)
    with pytest.raises(ValueError, match="has no 'it' for the target. Found: de, en, fr"):
        recipe.data(path, target="it")
    with pytest.raises(ValueError, match="input and target must differ"):
        recipe.data(path, input="de", target="de")


def test_two_languages_that_the_recipe_does_not_know(recipe, folder):
    path = folder(("pt", "ru"))
    with pytest.raises(ValueError, match="called pt, ru.*input='pt', target='ru'"):
        recipe.data(path)
    data = recipe.data(path, target="pt")
    assert examples(data.validation)[0] == ("ru val 0", "pt val 0")


def test_a_table_is_not_preferred_to_the_default_pair(recipe, folder):
    path = folder(("en", "fr"), ending=".txt")
    write(path / "notes.csv", "a,b\n1,2\n")
    assert examples(recipe.data(path).test)[0] == ("en test2016 0", "fr test2016 0")


def test_several_test_sets(recipe, folder):
    path = folder(sizes=SIZES | {"test2017": 5})
    with pytest.raises(ValueError, match="2 sets for test: test2016, test2017.*name='test2016'"):
        recipe.data(path)
    assert recipe.data(path, name="test2017").sizes["test"] == 5
    folder(sizes={"newstest": 6})
    assert recipe.data(path, name="newstest").sizes == {"train": 24, "validation": 3, "test": 6}
    with pytest.raises(ValueError, match="no set 'test2018'. Found: newstest, test2016"):
        recipe.data(path, name="test2018")
    with pytest.raises(ValueError, match="must be a test set.*name='train'"):
        recipe.data(path, name="train")


def test_several_sets_in_one_folder(recipe, folder):
    path = folder(sizes={"news_train": 20, "news_test": 2, "talks_train": 30})
    with pytest.raises(ValueError, match="2 sets: news, talks. Say which one: name='talks'"):
        recipe.data(path)
    assert recipe.data(path, name="news").sizes == {"train": 18, "validation": 2, "test": 2}


def test_several_training_sets(recipe, folder):
    data = recipe.data(folder(sizes=SIZES | {"train.tok": 30}))
    assert data.sizes["train"] == 24  # the plain one
    path = folder(sizes={"train.a": 20, "train.b": 20}, folder="other")
    with pytest.raises(ValueError, match="2 sets for train: train.a, train.b.*dict of pairs"):
        recipe.data(path)


def test_a_prefix_and_a_lone_pair(recipe, folder):
    path = folder()
    assert recipe.data(path / "train").sizes == {"train": 20, "validation": 2, "test": 2}
    lone = folder(sizes={"corpus": 20}, folder="lone")
    assert recipe.data(lone).sizes == {"train": 16, "validation": 2, "test": 2}


def test_a_language_that_is_missing_in_one_split(recipe, folder):
    path = folder()
    (path / "val.fr").unlink()
    with pytest.raises(ValueError, match=r"no val\.fr beside val\.\w\w"):
        recipe.data(path)


def test_folders_without_pairs(recipe, tmp_path, folder):
    write(tmp_path / "readme.md", "nothing here")
    with pytest.raises(ValueError, match="no pairs of texts.*train.en.*Found: readme.md"):
        recipe.data(tmp_path)
    path = folder(sizes={"val": 3})
    with pytest.raises(ValueError, match="no training part. Found: val"):
        recipe.data(path)
    with pytest.raises(ValueError, match="There is no file or folder"):
        recipe.data(tmp_path / "nowhere" / "train")


# === Pairs of files ===


def test_pairs_of_files(recipe, folder):
    path = folder()
    pair = (path / "train.de", str(path / "train.en"))
    expected = examples(recipe.data(pair).train)
    assert len(expected) == 20 and expected[0][0].startswith("de train")
    assert examples(recipe.data(",".join(map(str, pair))).train) == expected
    data = recipe.data({"train": pair, "val": [path / "val.de", path / "val.en"], "test": pair})
    assert data.sizes == {"train": 24, "validation": 3, "test": 24}


def test_one_side_alone(recipe, folder):
    path = folder() / "train.en"
    with pytest.raises(ValueError, match=r"one side alone.*train\.fr.*--data"):
        recipe.data(path)


def test_files_that_are_not_there(recipe, folder, tmp_path):
    with pytest.raises(ValueError, match="There is no file '.*nowhere.fr'"):
        recipe.data((folder() / "train.en", tmp_path / "nowhere.fr"))
    table = write(tmp_path / "a.csv", "en,fr\na,b\n")
    with pytest.raises(ValueError, match="line by line, but .*a.csv is a table"):
        recipe.data((table, table))


# === Bad input ===


def pair(tmp_path, first, second):
    return write(tmp_path / "a.en", first), write(tmp_path / "a.fr", second)


def test_misaligned(recipe, tmp_path):
    files = pair(tmp_path, "a\nb\nc\nd\n", "A\nB\n")
    message = r"not aligned: 4 and 2 lines. a.fr ends at line 2; line 3 of a.en is 'c'"
    with pytest.raises(ValueError, match=message):
        recipe.data(files)


def test_a_last_line_without_its_end(recipe, tmp_path):
    lines = "".join(f"{index}\r\n" for index in range(12))
    data = recipe.data(pair(tmp_path, lines.upper() + "x", lines.replace("\r", "") + "y\n"))
    found = sum((examples(part) for part in (data.train, data.validation, data.test)), [])
    assert ("x", "y") in found and ("3", "3") in found and len(found) == 13


def test_rare_characters_do_not_split_lines(tmp_path):
    files = pair(tmp_path, "a\x0cb\u2028c\n", "A\n")
    assert parallel.read_pair(*files).columns["input"] == ["a\x0cb\u2028c"]


def test_empty_lines(recipe, tmp_path):
    files = pair(tmp_path, "a\n \nc\n\n", "A\nB\nC\nD\n")
    with pytest.raises(ValueError, match=r"a\.en, line 2 is empty.*target there is 'B' \(2 such"):
        recipe.data(files)
    files = pair(tmp_path, "a\nb\nc\n", "A\nB\n\t\n")
    with pytest.raises(ValueError, match=r"a\.fr, line 3 is empty, but the input there is 'c'\. "):
        recipe.data(files)
    files = pair(tmp_path, "\n\n", "\n \n")
    with pytest.raises(ValueError, match="a.en is empty: expected one text a line"):
        recipe.data(files)


def test_lines_empty_on_both_sides_are_left_out(recipe, tmp_path):
    lines = [str(index) for index in range(12)]
    lines[4] = ""
    files = pair(tmp_path, "\n".join(lines) + "\n", "\n".join(f"{x}!" if x else x for x in lines))
    with pytest.warns(UserWarning, match=r"1 of 12 lines are left out.*first is line 5"):
        data = recipe.data(files)
    assert sum(data.sizes.values()) == 11


def test_undecodable_bytes(recipe, tmp_path):
    files = pair(tmp_path, "a\nb\n", "A\né\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.fr, line 2: the bytes b'\\xe9.*encoding='latin-1'"):
        recipe.data(files)
    with pytest.raises(ValueError, match="too few"):  # read, and too small to split
        recipe.data(files, encoding="latin-1")


def test_equal_sides(recipe, tmp_path):
    lines = "".join(f"{index}\n" for index in range(12))
    with pytest.warns(UserWarning, match="the same text in all 12 lines"):
        recipe.data(pair(tmp_path, lines, lines))


# === Tables, arrays, datasets ===


@pytest.mark.parametrize("suffix, mark", [("csv", ","), ("tsv", "\t")])
def test_tables(recipe, tmp_path, suffix, mark):
    rows = [mark.join(("english", "fr", "split"))]
    rows += [mark.join((f"e{i}", f"f{i}", "train" if i < 20 else "test")) for i in range(24)]
    path = write(tmp_path / f"t.{suffix}", "\n".join(rows))
    data = recipe.data(path, input="english")
    assert data.sizes["test"] == 4 and examples(data.test)[0] == ("e20", "f20")


def test_tables_with_gaps(recipe, tmp_path):
    path = write(tmp_path / "t.csv", "en,fr\na,A\nb,\n")
    message = r"the column 'fr' of .*t\.csv, line 3 is empty, but the input there is 'b'"
    with pytest.raises(ValueError, match=message):
        recipe.data(path)
    with pytest.raises(ValueError, match="'fr' cannot be input and target at once"):
        recipe.data(path, input="fr")
    path = write(tmp_path / "t.jsonl", '{"en": "a", "fr": null}\n')
    with pytest.raises(ValueError, match=r"line 1 is empty, but the input there is 'a'"):
        recipe.data(path)


@pytest.mark.parametrize("kind", [list, np.array, tf.constant])
def test_arrays_and_datasets(recipe, kind):
    x, y = [f"x{i}" for i in range(20)], [f"y{i}" for i in range(20)]
    data = recipe.data((kind(x), kind(y)))
    found = sum((examples(part) for part in (data.train, data.validation, data.test)), [])
    assert sorted(found) == sorted(zip(x, y, strict=True))
    rows = tf.data.Dataset.from_tensor_slices({"en": x, "fr": y})
    assert examples(recipe.data(rows).train)[0] == ("x0", "y0")


# === TFDS ===


@pytest.fixture
def mocked(monkeypatch):
    """Datasets of the catalogue with made-up texts: `language number`."""
    template = tfds.core.ShardedFileTemplate(
        data_dir="/nowhere", dataset_name="any", filetype_suffix="tfrecord"
    )
    splits = tfds.core.SplitDict(
        [
            tfds.core.SplitInfo(
                name=split, shard_lengths=[100], num_bytes=1, filename_template=template
            )
            for split in ("train", "validation", "test")
        ]
    )

    def rows(self, *_, **__):
        texts = {key: [f"{key} {index}" for index in range(5)] for key in self.info.features}
        return tf.data.Dataset.from_tensor_slices(texts)

    monkeypatch.setattr(tfds.core.DatasetInfo, "splits", splits)
    monkeypatch.setattr(catalogue, "_need_network", lambda name: None)
    with tfds.testing.mock_data(as_dataset_fn=rows):
        yield


@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, ("pt 0", "en 0")),  # the configuration's own direction
        ({"input": "en"}, ("en 0", "pt 0")),
        ({"target": "pt"}, ("en 0", "pt 0")),
        ({"input": "pt", "target": "en"}, ("pt 0", "en 0")),
    ],
)
def test_translations_of_the_catalogue(recipe, mocked, given, expected):
    data = recipe.data("ted_hrlr_translate/pt_to_en", **given)
    assert data.sizes == {"train": 100, "validation": 100, "test": 100}
    assert examples(data.test)[0] == expected
    assert data.source.startswith("ted_hrlr_translate/pt_to_en")


def test_catalogue_names_that_do_not_fit():
    with pytest.raises(
        ValueError, match="imdb_reviews has no two features of data type text. Found"
    ):
        catalogue.load("imdb_reviews", "text", "text")
    message = "ted_hrlr_translate/pt_to_en has no 'fr' for the target. Found: en, pt"
    with pytest.raises(ValueError, match=message):
        catalogue.load("ted_hrlr_translate/pt_to_en", "text", "text", given={"target": "fr"})
