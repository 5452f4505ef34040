"""The catalogue: which parts a dataset of TFDS is made of."""

import os

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from rnnkit.data.readers import catalogue


def builder(name, splits, features=None):
    """A TFDS builder, registered under a name, with `{split: labels}`."""
    features = features or {
        "text": tfds.features.Text(),
        "label": tfds.features.ClassLabel(names=["no", "yes"]),
    }

    def info(self):
        return self.dataset_info_from_configs(features=tfds.features.FeaturesDict(features))

    def make(self, split):
        for index, label in enumerate(splits[split]):
            yield index, {"text": f"{split} {index}", "label": label}

    def split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in splits}

    return type(
        name,
        (tfds.core.GeneratorBasedBuilder,),
        {
            "__module__": __name__,
            "VERSION": tfds.core.Version("1.0.0"),
            "pkg_dir_path": None,
            "_info": info,
            "_generate_examples": make,
            "_split_generators": split_generators,
        },
    )


@pytest.fixture
def load(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "_need_network", lambda name: None)

    def load(name, **arguments):
        return catalogue.load(name, "text", "label", data_dir=str(tmp_path), **arguments)

    return load


def texts(dataset):
    return {x.decode() for x, _ in dataset.as_numpy_iterator()}


LABELS = [0, 1] * 50
for camel, parts in {
    "ToyComplete": {"train": LABELS, "validation": [0, 1], "test": [1, 0]},
    "ToyTrain": {"train": LABELS},
    "ToyDev": {"train": LABELS, "dev": [0, 1]},
    "ToyTest": {"train": LABELS, "test": [0, 1]},
    "ToyWithheld": {"train": LABELS, "validation": [0, 1], "test": [-1, -1, -1]},
    "ToyOdd": {"everything": LABELS},
}.items():
    globals()[camel] = builder(camel, parts)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, sizes",
    [
        ("toy_complete", {"train": 100, "validation": 2, "test": 2}),
        ("toy_train", {"train": 80, "validation": 10, "test": 10}),
        ("toy_dev", {"train": 90, "validation": 10, "test": 2}),
        ("toy_test", {"train": 90, "validation": 10, "test": 2}),
        # Labels that are kept secret are no test: validation takes its place.
        ("toy_withheld", {"train": 90, "validation": 10, "test": 2}),
    ],
)
def test_missing_parts_are_split_off(load, name, sizes, capsys):
    data = load(name)
    assert data.sizes == sizes
    found = {split: texts(getattr(data, split)) for split in sizes}
    assert {split: len(each) for split, each in found.items()} == sizes
    assert not found["train"] & found["validation"]
    assert not found["train"] & found["test"]
    assert not found["test"] & found["validation"]
    labels = {y for _, y in data.test.as_numpy_iterator()}
    assert labels == {b"no", b"yes"}  # names, not numbers
    assert "Downloading" in capsys.readouterr().out
    load(name)  # is there now
    assert "Downloading" not in capsys.readouterr().out


def test_without_a_training_part(load):
    with pytest.raises(ValueError, match=r"toy_odd has no split 'train'. Found: \['everything'\]"):
        load("toy_odd")


def test_a_folder_that_cannot_be_written(load, monkeypatch):
    def fail(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(ValueError, match="toy_train could not be written.*TFDS_DATA_DIR"):
        load("toy_train")


@pytest.mark.parametrize(
    "name, expected",
    [
        ("imdb_reviews", True),
        ("glue/sst2", True),
        ("imdb_reviews/plain_text:1.0.0", True),
        ("ted_hrlr_translate/pt_to_en", True),
        ("./imdb_reviews", False),
        ("/data/imdb_reviews", False),
        ("My Folder", False),
        ("folder/set_*", False),
        ("a/b/c", False),
        ("", False),
    ],
)
def test_names(name, expected):
    assert catalogue.is_name(name) is expected


@pytest.mark.slow
def test_embedded_datasets_say_nothing(capfd, tmp_path):
    data = catalogue.load("rnnkit_sms", "text", "label", data_dir=str(tmp_path))
    assert data.sizes["train"] >= 2000
    x, y = next(iter(data.train))
    assert isinstance(x.numpy(), bytes) and y.dtype == tf.string
    assert np.isin(y.numpy(), [b"ham", b"spam"])
    assert capfd.readouterr().out == ""


def test_what_a_killed_preparation_left_is_removed(tmp_path):
    folder = tmp_path / "rnnkit_digits"
    kept = ["incomplete.ABC123_1.0.0", "incomplete.ABC123_1.0.1", "1.0.0.backup"]
    for name in [*kept, "incomplete.XYZ789_1.0.0"]:
        (folder / name).mkdir(parents=True)
        (folder / name / "part").touch()
        if name != kept[0]:  # which somebody is still writing to
            for path in (folder / name / "part", folder / name):
                os.utime(path, (1e9, 1e9))
    catalogue._remove_left_behind(folder / "1.0.0")
    assert sorted(os.listdir(folder)) == sorted(kept)


def test_what_tfds_logs_of_its_own_code_is_kept_away(caplog):
    import logging

    from rnnkit.data.readers.catalogue import _rows

    class Builder:
        def as_dataset(self, split, **options):
            for level in (logging.WARNING, logging.ERROR):
                logging.getLogger("absl").log(level, "of %s", split)
            return tf.data.Dataset.range(3)

    logger = logging.getLogger("absl")
    before, propagate = logger.level, logger.propagate
    logger.propagate = True
    try:
        assert len(list(_rows(Builder(), "train"))) == 3
    finally:
        logger.propagate = propagate
    assert logger.level == before
    assert [each.levelname for each in caplog.records if each.name == "absl"] == ["ERROR"]
