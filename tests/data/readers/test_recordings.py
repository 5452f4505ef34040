"""Recordings: manifests, folders, tables and TFDS sets become the same raw examples."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnkit
from rnnkit.data.readers import catalogue
from rnnkit.datasets import letters, morse
from rnnkit.formats import wav

TEXTS = [f"text {index}" for index in range(20)]


class Speech(rnnkit.Recipe):
    name = "speech"
    data_types = ("audio", "text")
    dataset = "rnnkit_morse"
    columns = {"input": ("path", "audio"), "target": ("text", "word")}


class Writing(rnnkit.Recipe):
    name = "writing"
    data_types = ("strokes", "text")
    dataset = "rnnkit_letters"
    columns = {"input": ("points",), "target": ("text", "word")}


class Reviews(rnnkit.Recipe):
    name = "reviews"


def samples(index):
    return np.full(50 + index, 100 * index, "int16")


@pytest.fixture
def folder(tmp_path):
    """A folder with a wav file a text, in a folder below."""
    (tmp_path / "clips").mkdir()
    for index in range(20):
        (tmp_path / "clips" / f"{index}.wav").write_bytes(wav.write(samples(index), 8000))
    return tmp_path


def manifest(folder, name, rows, header="path,text"):
    comma = "\t" if name.endswith("tsv") else ","
    lines = [header, *rows]
    (folder / name).write_text("\n".join(lines).replace(",", comma) + "\n")


def rows(indices=range(20)):
    return [f"clips/{index}.wav,{TEXTS[index]}" for index in indices]


def everything(data):
    """{text: clip} of all parts, and the number of examples in each."""
    found, counts = {}, []
    for split in ("train", "validation", "test"):
        pairs = list(getattr(data, split).as_numpy_iterator())
        counts.append(len(pairs))
        found |= {text.decode(): value for value, text in pairs}
    return found, counts


def assert_all_there(data, counts=(16, 2, 2)):
    found, sizes = everything(data)
    assert sizes == list(counts) and set(found) == set(TEXTS)
    for index, text in enumerate(TEXTS):
        values, rate = wav.read(found[text])
        assert rate == 8000
        np.testing.assert_array_equal(values[:, 0], samples(index))


# === Wav files ===


@pytest.mark.parametrize("name", ["manifest.csv", "clips.tsv", "all.jsonl"])
def test_a_manifest_beside_or_above_its_files(folder, name):
    if name.endswith("jsonl"):
        lines = [{"text": text, "path": f"clips/{n}.wav"} for n, text in enumerate(TEXTS)]
        (folder / name).write_text("\n".join(map(json.dumps, lines)))
    else:
        manifest(folder, name, rows())
    assert_all_there(Speech().data(folder / name))
    assert_all_there(Speech().data(str(folder)))
    data = Speech().data(folder)
    assert data.train.element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.string))


def test_manifests_by_split_and_a_split_column(folder):
    manifest(folder, "train.csv", rows(range(10)))
    manifest(folder, "dev.csv", rows(range(10, 13)))
    manifest(folder, "test.csv", rows(range(13, 20)))
    assert_all_there(Speech().data(folder), (10, 3, 7))
    split = ["train"] * 12 + ["validation"] * 3 + ["test"] * 5
    lines = [f"{row},{part}" for row, part in zip(rows(), split, strict=True)]
    manifest(folder / "clips", "one.csv", [line[6:] for line in lines], "audio,word,split")
    assert_all_there(Speech().data(folder / "clips" / "one.csv"), (12, 3, 5))


def test_absolute_paths_and_other_columns(folder):
    lines = [f"{TEXTS[n]},{folder}/clips/{n}.wav" for n in range(20)]
    manifest(folder, "m.csv", lines, "said,where")
    assert_all_there(Speech().data(folder / "m.csv", input="where", target="said"))
    with pytest.raises(ValueError, match="no column for the input: expected one of"):
        Speech().data(folder / "m.csv")


def test_frames_pairs_and_dicts(folder):
    paths = [str(folder / "clips" / f"{n}.wav") for n in range(20)]
    assert_all_there(Speech().data(pd.DataFrame({"path": paths, "text": TEXTS})))
    assert_all_there(Speech().data((paths, TEXTS)))
    clips = [(samples(n), 8000) for n in range(20)]
    assert_all_there(Speech().data((clips, TEXTS)))
    parts = {"train": (clips[:12], TEXTS[:12]), "val": (clips[12:16], TEXTS[12:16]),
             "test": (clips[16:], TEXTS[16:])}  # fmt: skip
    assert_all_there(Speech().data(parts), (12, 4, 4))
    raw = [wav.write(samples(n), 8000) for n in range(20)]
    dataset = tf.data.Dataset.from_tensor_slices((raw, TEXTS))
    assert_all_there(Speech().data(dataset))
    assert_all_there(Speech().data(dataset.batch(7)))
    with pytest.raises(ValueError, match=r"pass a pair \(samples, rate\)"):
        Speech().data(([samples(n) for n in range(20)], TEXTS))


def test_texts_beside_wav_files(folder):
    for index, text in enumerate(TEXTS):
        (folder / "clips" / f"{index}.txt").write_text(text + "\n")
    assert_all_there(Speech().data(folder))
    assert_all_there(Speech().data(folder / "clips"))
    (folder / "clips" / "7.txt").unlink()
    with pytest.raises(ValueError, match="1 of 20 wav files .*first is 7.wav: expected 7.txt"):
        Speech().data(folder)


def test_texts_of_librispeech(folder):
    for split, numbers in (("train-clean", range(12)), ("dev-clean", range(12, 15)),
                           ("test-clean", range(15, 20))):  # fmt: skip
        chapter = folder / split / "84" / "121123"
        chapter.mkdir(parents=True)
        for index in numbers:
            (folder / "clips" / f"{index}.wav").rename(chapter / f"84-121123-{index:04}.wav")
        lines = [f"84-121123-{index:04} {TEXTS[index]}" for index in numbers]
        (chapter / "84-121123.trans.txt").write_text("\n".join(lines) + "\n")
    assert_all_there(Speech().data(folder), (12, 3, 5))
    (folder / "train-other").mkdir()
    with pytest.raises(ValueError, match="two folders for train: train-clean and train-other"):
        Speech().data(folder)


def test_a_folder_a_word(folder):
    for index, text in enumerate(TEXTS):
        (folder / "words" / text).mkdir(parents=True)
        (folder / "clips" / f"{index}.wav").rename(folder / "words" / text / "a.wav")
    assert_all_there(Speech().data(folder / "words"))


def test_folders_without_any(tmp_path):
    with pytest.raises(ValueError, match="holds no data that is read here"):
        Speech().data(tmp_path)
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "a.wav").write_bytes(wav.write(samples(1), 8000))
    with pytest.raises(ValueError, match="no training part: expected a folder 'train'"):
        Speech().data(tmp_path)


# === What cannot be read ===


def test_unreadable_files_are_counted_and_named(folder):
    manifest(folder, "m.csv", rows())
    (folder / "clips" / "3.wav").write_bytes(b"no sound at all")
    (folder / "clips" / "5.wav").unlink()
    whole = (folder / "clips" / "8.wav").read_bytes()
    (folder / "clips" / "8.wav").write_bytes(whole[:60])
    message = (
        r"3 of 20 recordings cannot be read. The first is .*m.csv, line 5: .*3.wav: no wav file"
    )
    with pytest.raises(ValueError, match=message + ".*skip_unreadable=True"):
        Speech().data(folder)
    with pytest.warns(UserWarning, match="3 of 20 recordings cannot be read and are left out"):
        data = Speech().data(folder, skip_unreadable=True)
    found, counts = everything(data)
    assert set(found) == set(TEXTS) - {"text 3", "text 5", "text 8"} and sum(counts) == 17


def test_nothing_readable_and_missing_cells(folder):
    manifest(folder, "m.csv", [f"none/{n}.wav,a" for n in range(12)])
    with pytest.raises(
        ValueError, match="12 of 12 .*so that none is left.*line 2.*cannot be opened"
    ):
        Speech().data(folder, skip_unreadable=True)
    lines = [{"path": f"clips/{n}.wav", "text": None if n == 4 else "a"} for n in range(20)]
    (folder / "n.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ValueError, match="n.jsonl, line 5: the column 'text' holds no text"):
        Speech().data(folder / "n.jsonl")
    manifest(folder, "o.csv", [",a", *rows()])
    with pytest.raises(ValueError, match="1 of 21 .*o.csv, line 2: no path"):
        Speech().data(folder / "o.csv")
    with pytest.raises(ValueError, match="skip_unreadable is for recipes .*'reviews', of text"):
        Reviews().data(skip_unreadable=True)


# === Strokes ===


def points(index):
    return np.array([[0, 0, 0], [index, 1, 1], [index, 5, 0], [3, 0, 1]], "float32")


def written(index):
    return ";".join(f"{x:g} {y:g} {up:g}" for x, y, up in points(index))


def assert_all_written(data, counts=(16, 2, 2)):
    found, sizes = everything(data)
    assert sizes == list(counts) and set(found) == set(TEXTS)
    for index, text in enumerate(TEXTS):
        np.testing.assert_array_equal(found[text], points(index))


def test_tables_of_strokes(tmp_path):
    lines = [f"{n}\t{TEXTS[n]}\t{written(n)}" for n in range(20)]
    (tmp_path / "words.tsv").write_text("\n".join(["page\tword\tpoints", *lines]))
    data = Writing().data(tmp_path / "words.tsv")
    assert_all_written(data)
    assert data.train.element_spec == (
        tf.TensorSpec((None, 3), tf.float32),
        tf.TensorSpec((), tf.string),
    )
    rows = [{"points": points(n).tolist(), "text": TEXTS[n]} for n in range(20)]
    (tmp_path / "words.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert_all_written(Writing().data(tmp_path / "words.jsonl"))
    frame = pd.DataFrame({"points": [written(n) for n in range(20)], "word": TEXTS})
    assert_all_written(Writing().data(frame))
    pieces = [points(n) for n in range(20)]
    assert_all_written(Writing().data((pieces, TEXTS)))
    dataset = tf.data.Dataset.from_tensor_slices((np.stack(pieces), TEXTS))
    assert_all_written(Writing().data(dataset))
    assert_all_written(Writing().data(dataset.batch(6)))
    lines[6] = "6\ttext 6\t1 2 1"
    (tmp_path / "words.tsv").write_text("\n".join(["page\tword\tpoints", *lines]))
    with pytest.raises(ValueError, match="1 of 20 pieces of writing .*line 8: .*two points"):
        Writing().data(tmp_path / "words.tsv")
    with pytest.warns(UserWarning, match="left out"):
        data = Writing().data(tmp_path / "words.tsv", skip_unreadable=True)
    assert len(everything(data)[0]) == 19


# === TFDS ===


@pytest.fixture
def catalogued(tmp_path, monkeypatch):
    """Function `(kind, features, examples, ...)` that makes a TFDS dataset and loads it."""
    monkeypatch.setattr(catalogue, "_need_network", lambda name: None)
    places = (tmp_path / str(number) for number in itertools.count())

    def load(kind, features, examples, keys=None, **given):
        class Sounds(tfds.core.GeneratorBasedBuilder, skip_registration=True):
            VERSION = tfds.core.Version("1.0.0")

            def _info(self):
                return self.dataset_info_from_configs(
                    features=tfds.features.FeaturesDict(features), supervised_keys=keys
                )

            def _split_generators(self, dl_manager):
                return {"train": self._generate_examples()}

            def _generate_examples(self):
                yield from enumerate(examples)

        monkeypatch.setattr(
            tfds, "builder", lambda name, data_dir=None: Sounds(data_dir=next(places))
        )
        return catalogue.load("sounds", kind, "text", given=given)

    return load


def test_tfds_sounds_and_classes(catalogued):
    features = {
        "audio": tfds.features.Audio(file_format="wav", sample_rate=8000),
        "audio/filename": tfds.features.Text(),
        "label": tfds.features.ClassLabel(names=["zero", "one"]),
    }
    clips = [np.r_[samples(n), 2**15 - 1, -(2**15) + 1] for n in range(20)]
    examples = [
        {"audio": clip.astype("int64"), "audio/filename": f"{n}.wav", "label": n % 2}
        for n, clip in enumerate(clips)
    ]
    data = catalogued("audio", features, examples, keys=("audio", "label"))
    found = {}
    for split in (data.train, data.validation, data.test):
        for clip, text in split.as_numpy_iterator():
            values, rate = wav.read(clip)
            assert rate == 8000
            found[len(values)] = (values[:, 0], text.decode())
    for n, clip in enumerate(clips):
        np.testing.assert_array_equal(found[len(clip)][0], clip)
        assert found[len(clip)][1] == ("zero", "one")[n % 2]


@pytest.mark.slow
def test_tfds_texts_and_rows_of_classes(catalogued):
    sound = tfds.features.Audio(sample_rate=8000)
    clips = [samples(n).astype("int64") for n in range(20)]
    features = {"speech": sound, "text": tfds.features.Text(), "id": np.str_}
    examples = [{"speech": clip, "text": TEXTS[n], "id": "x"} for n, clip in enumerate(clips)]
    data = catalogued("audio", features, examples, target="text")
    assert set(everything(data)[0]) == set(TEXTS)
    labels = tfds.features.Sequence(tfds.features.ClassLabel(names=["no", "yes"]))
    examples = [{"audio": clip, "label": [n % 2, 1]} for n, clip in enumerate(clips)]
    data = catalogued("audio", {"audio": sound, "label": labels}, examples)
    assert set(everything(data)[0]) == {"no yes", "yes yes"}


def test_tfds_features_that_do_not_fit(catalogued):
    one = {"audio": np.zeros(5, "int64"), "text": "a"}
    sound, text = tfds.features.Audio(sample_rate=8000), tfds.features.Text()
    with pytest.raises(ValueError, match="no feature of data type audio .*Found: .*'text'"):
        catalogued("audio", {"text": text, "b": text}, [{"text": "a", "b": "b"}])
    with pytest.raises(ValueError, match="does not say at which sampling rate .*'audio'"):
        catalogued("audio", {"audio": tfds.features.Audio(), "text": text}, [one])
    both = {"audio": sound, "text": text, "other": text}
    with pytest.raises(ValueError, match="several features of data type text .*: say .*target='"):
        catalogued("audio", both, [{**one, "other": "b"}])
    with pytest.raises(ValueError, match="no feature 'words' for the target"):
        catalogued("audio", both, [{**one, "other": "b"}], target="words")
    with pytest.raises(ValueError, match="'text' is no audio"):
        catalogued("audio", both, [{**one, "other": "b"}], input="text", target="text")


@pytest.mark.parametrize("recipe, module", [(Speech, morse), (Writing, letters)])
def test_embedded_samples_through_tfds(recipe, module, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SIZES", {"train": 6, "validation": 2, "test": 3})
    kind = recipe.data_types[0]
    data = catalogue.load(recipe.dataset, kind, "text", data_dir=str(tmp_path))
    assert data.sizes == {"train": 6, "validation": 2, "test": 3}
    for split in ("train", "validation", "test"):
        made = list(module.generate(split))
        read = list(getattr(data, split).as_numpy_iterator())
        assert [text.decode() for _, text in read] == [text for _, text in made]
        for (one, _), (other, _) in zip(read, made, strict=True):
            np.testing.assert_array_equal(one, other)
    builder = tfds.builder(recipe.dataset, data_dir=tmp_path)
    assert builder.info.description == module.CARD.strip()
