"""Pictures: class folders, tables beside pictures and zip files, npz files and TFDS sets."""

import io
import zipfile

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rnnkit
from rnnkit.data.readers import catalogue
from rnnkit.data.readers.media import images
from rnnkit.datasets import motions

ROLES = {"input": ("path", "image"), "target": ("label", "caption")}


class Pictures(rnnkit.Recipe):
    name = "pictures"
    data_types = ("image", "label")
    dataset = "rnnkit_digits"
    columns = ROLES


class Captions(Pictures):
    name = "captions"
    data_types = ("image", "text")


def png(value):
    out = io.BytesIO()
    PIL.Image.new("L", (3, 2), value).save(out, "PNG")
    return out.getvalue()


def write(folder, name, value):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(value))


def pixel(content):
    return int(np.asarray(PIL.Image.open(io.BytesIO(content)))[0, 0])


def found(data):
    """Dict of split to the list of `(pixel value, what belongs to it)`."""
    return {
        split: [(pixel(x), y.decode()) for x, y in getattr(data, split).as_numpy_iterator()]
        for split in ("train", "validation", "test")
    }


def everything(data):
    return sorted(pair for pairs in found(data).values() for pair in pairs)


# === Class folders ===


def test_class_folders(tmp_path):
    expected = []
    for index in range(40):
        kind = "cat" if index < 30 else "dog"
        write(tmp_path, f"{kind}/{index}.png", index)
        expected.append((index, kind))
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    data = Pictures().data(tmp_path)
    parts = found(data)
    assert everything(data) == expected
    # A tenth each, and of each class.
    assert [len(parts[split]) for split in ("train", "validation", "test")] == [32, 4, 4]
    for split in ("validation", "test"):
        assert sum(label == "dog" for _, label in parts[split]) == 1
    assert found(Pictures().data(tmp_path)) == parts


def test_class_folders_in_parts_and_in_a_zip_file(tmp_path):
    folder = tmp_path / "set"
    for index in range(24):
        part = "train" if index < 20 else "test"
        write(folder, f"{part}/{index % 2}/{index}.png", index)
    parts = found(Pictures().data(folder))
    assert sorted(parts["test"]) == [(index, str(index % 2)) for index in range(20, 24)]
    assert [len(pairs) for pairs in parts.values()] == [18, 2, 4]
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(tmp_path))
    assert found(Pictures().data(tmp_path / "set.zip")) == parts


def test_a_class_with_one_picture_is_left_to_training(tmp_path):
    for index in range(20):
        write(tmp_path, f"many/{index}.png", index)
    write(tmp_path, "single/99.png", 99)
    for index in (200, 201):
        write(tmp_path, f"pair/{index}.png", index)
    with pytest.warns(UserWarning, match="1 of 3 classes have one picture alone.*'single'"):
        data = Pictures().data(tmp_path)
    train = found(data)["train"]
    assert (99, "single") in train and "pair" in {label for _, label in train}
    assert len(everything(data)) == 23


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no pictures"),
        (["1.png", "a/2.png"], "no class for 1 of 2 pictures, the first is 1.png"),
        (["test/a/1.png", "test/b/2.png"], "no training part"),
        (["train/a/1.png", "b/2.png"], "pictures beside them, such as b/2.png"),
        (["a/1.png", "b/2.png", "b/3.png"], "2 pictures to set some apart"),
    ],
)
@pytest.mark.filterwarnings("ignore:1 of 2 classes")
def test_folders_that_do_not_fit(tmp_path, names, message):
    for name in names:
        write(tmp_path, name, 1)
    with pytest.raises(ValueError, match=message):
        Pictures().data(tmp_path)


# === Tables ===


def table(folder, name="table.csv", rows=None, header="path,label"):
    comma = "\t" if name.endswith("tsv") else ","
    text = "\n".join([header, *rows]) + "\n"
    (folder / name).write_text(text.replace(",", comma))


def test_a_table_beside_pictures(tmp_path):
    for index in range(20):
        write(tmp_path, f"pictures/{index}.png", index)
    rows = [f"pictures/{index}.png,{index % 2}" for index in range(20)]
    table(tmp_path, rows=rows)
    expected = [(index, str(index % 2)) for index in range(20)]
    assert everything(Pictures().data(tmp_path)) == expected
    assert everything(Pictures().data(tmp_path / "table.csv")) == expected
    # The file name alone will do, and paths as Windows writes them.
    short = [row.replace("pictures/", "") for row in rows[::2]]
    table(tmp_path, rows=short + [row.replace("/", "\\") for row in rows[1::2]])
    assert everything(Pictures().data(tmp_path)) == expected


def captions(folder, count=20):
    """A table of two texts a picture, and a zip file of the pictures."""
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for index in range(count):
            archive.writestr(f"{index}.png", png(index))
    rows = [f"{i}.png,text {i} {word}" for i in range(count) for word in ("one", "two")]
    table(folder, "captions.tsv", rows, "image,caption")
    return sorted((i, f"text {i} {word}") for i in range(count) for word in ("one", "two"))


def test_several_texts_of_a_picture_stay_in_one_part(tmp_path):
    expected = captions(tmp_path)
    data = Captions().data(tmp_path)
    assert everything(data) == expected
    parts = [{value for value, _ in pairs} for pairs in found(data).values()]
    assert [len(part) for part in parts] == [16, 2, 2] and len(set.union(*parts)) == 20


def test_a_column_of_parts(tmp_path):
    captions(tmp_path)
    lines = (tmp_path / "captions.tsv").read_text().splitlines()
    parts = ["split", *["train"] * 30, *["dev"] * 6, *["test"] * 4]
    text = "\n".join(f"{part}\t{line}" for part, line in zip(parts, lines, strict=True))
    (tmp_path / "captions.tsv").write_text(text)
    assert [len(pairs) for pairs in found(Captions().data(tmp_path)).values()] == [30, 6, 4]


def test_pictures_without_a_text_are_counted(tmp_path):
    expected = captions(tmp_path)
    write(tmp_path, "extra/lonely.png", 7)
    with pytest.warns(UserWarning, match="1 of 21 pictures.*no text.*extra/lonely.png"):
        assert everything(Captions().data(tmp_path)) == expected


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("3.png,", "line 42: the column 'caption' holds no text. Received: ''"),
        ("3.png,  ", "line 42: the column 'caption' holds no text"),
        ("none.png,a text", "1 of 41 pictures cannot be read. The first is .*line 42: there is no"),
    ],
)
def test_rows_without_a_text_or_a_picture_are_named_with_their_line(tmp_path, row, message):
    captions(tmp_path)
    with (tmp_path / "captions.tsv").open("a") as file:
        file.write(row.replace(",", "\t"))
    with pytest.raises(ValueError, match=message):
        Captions().data(tmp_path)


@pytest.mark.filterwarnings("ignore:1 of 2 classes")
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("missing.png,1", "line 12: there is no picture 'missing.png'"),
        ("broken.png,1", "line 12: .*damaged"),
        (",1", "line 12: no path"),
        ("0.png,", "line 12: the column 'label' holds no label"),
    ],
)
def test_rows_that_do_not_fit_are_named_with_their_line(tmp_path, row, message):
    for index in range(10):
        write(tmp_path, f"{index}.png", index)
    (tmp_path / "broken.png").write_bytes(png(3)[:50])
    table(tmp_path, rows=[*(f"{index}.png,{index % 2}" for index in range(10)), row])
    with pytest.raises(ValueError, match=message):
        Pictures().data(tmp_path / "table.csv")
    if "label" in message:
        return
    with pytest.warns(UserWarning, match="1 of 11 pictures cannot be read and are left out"):
        data = Pictures().data(tmp_path / "table.csv", skip_unreadable=True)
    assert len(everything(data)) == 10


# === Arrays ===


def test_npz_files(tmp_path):
    x = np.arange(20, dtype="uint8")[:, None, None] * np.ones((1, 3, 2), "uint8")
    y = np.arange(20) % 2
    np.savez(tmp_path / "one.npz", x=x, y=y)
    assert everything(Pictures().data(tmp_path / "one.npz")) == [(i, str(i % 2)) for i in range(20)]
    np.savez(tmp_path / "two.npz", x_train=x[:15], y_train=y[:15], x_test=x[15:], y_test=y[15:])
    assert len(found(Pictures().data(tmp_path / "two.npz"))["test"]) == 5
    np.savez(tmp_path / "none.npz", a=x)
    with pytest.raises(ValueError, match="must have the arrays x and y"):
        Pictures().data(tmp_path / "none.npz")
    np.savez(tmp_path / "odd.npz", x=x, y=y[:3])
    with pytest.raises(ValueError, match="one label each"):
        Pictures().data(tmp_path / "odd.npz")


def test_arrays_and_datasets():
    x = np.arange(20, dtype="uint8")[:, None, None] * np.ones((1, 3, 2), "uint8")
    y = [str(index % 2) for index in range(20)]
    expected = [(index, str(index % 2)) for index in range(20)]
    assert everything(Pictures().data((x, y))) == expected
    dataset = tf.data.Dataset.from_tensor_slices((x[..., None], y))
    assert everything(Pictures().data(dataset)) == expected
    assert everything(Pictures().data(dataset.batch(6))) == expected
    parts = {"train": dataset, "validation": dataset.take(2), "test": dataset.take(3)}
    assert [len(pairs) for pairs in found(Pictures().data(parts)).values()] == [20, 2, 3]


# === TFDS ===


def test_tfds_sets_of_pictures(monkeypatch):
    template = tfds.core.ShardedFileTemplate(
        data_dir="/none", dataset_name="any", filetype_suffix="tfrecord"
    )
    parts = [
        tfds.core.SplitInfo(name=name, shard_lengths=[100], num_bytes=1, filename_template=template)
        for name in ("train", "test")
    ]
    monkeypatch.setattr(tfds.core.DatasetInfo, "splits", tfds.core.SplitDict(parts))
    monkeypatch.setattr(catalogue, "_need_network", lambda name: None)
    with tfds.testing.mock_data(num_examples=4):
        data = catalogue.load("mnist", "image", "label")
        x, y = next(iter(data.train))
        assert tf.io.decode_png(x).shape == (28, 28, 1) and y.numpy() in b"0123456789"
        assert next(iter(catalogue.load("cifar10", "image", "label").test))[0].dtype == tf.string
        with pytest.raises(ValueError, match="no feature of data type image"):
            catalogue.load("imdb_reviews", "image", "label")


def test_the_embedded_digits(tmp_path, monkeypatch):
    from rnnkit.datasets import digits

    monkeypatch.setattr(digits, "SIZES", {"train": 12, "validation": 10, "test": 10})
    data = catalogue.load("rnnkit_digits", "image", "label", data_dir=tmp_path)
    for split in ("train", "validation", "test"):
        for (x, y), (pixels, label) in zip(
            getattr(data, split).as_numpy_iterator(), digits.generate(split), strict=True
        ):
            np.testing.assert_array_equal(tf.io.decode_png(x), pixels)
            assert y.decode() == label


def test_digits_are_what_the_card_says():
    from rnnkit.datasets import digits

    one, two = digits.draw("3", seed=1), digits.draw("3", seed=2)
    assert one.shape == (20, 20, 1) and one.dtype == np.uint8 and (one != two).any()
    np.testing.assert_array_equal(one, digits.draw("3", seed=1))
    still = digits.draw("3", seed=1, noise=0.0).astype(float)
    assert 0 < np.abs(one - still).mean() < 30
    with pytest.raises(ValueError, match="digit must be one of 0 to 9"):
        digits.draw("x", seed=1)
    with pytest.raises(ValueError, match="`noise` must be 0 or more"):
        digits.generate("test", noise=-1)


def test_motions_do_what_their_labels_say():
    for seed in range(20):
        frames, labels = motions.draw(seed, noise=0.0)
        assert len(frames) == len(labels) and 20 <= len(frames) <= 40
        change = np.abs(np.diff(frames.astype(float), axis=0)).max(axis=(1, 2, 3))
        for step, label in enumerate(labels[1:]):
            assert (change[step] == 0) == (label == "rest"), (seed, step, label)


def test_stores_find_pictures_by_name(tmp_path):
    for name in ("a/1.png", "b/1.png", "b/2.png"):
        write(tmp_path, name, 5)
    store = images.Store(tmp_path)
    assert store.find("2.png") == store.find("./b/2.png") == png(5)
    with pytest.raises(ValueError, match="several pictures are called so: a/1.png, b/1.png"):
        store.find("1.png")
