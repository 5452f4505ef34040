"""Clips: a csv file a sequence, frames as vectors or as pictures, with a label on every frame."""

import io

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.data.readers import catalogue
from rnnkit.datasets import motions


class Labeling(rnnkit.Recipe):
    name = "labeling"
    data_types = ("frames", "tags")
    dataset = "rnnkit_motions"
    columns = {"input": ("frame",), "target": ("label", "phase")}


def write(path, length=6, start=0, header="x,y,timestamp,phase"):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{start + i},{-i},{1000 + i},{'ab'[i % 2]}" for i in range(length)]
    path.write_text("\n".join([header, *rows]) + "\n")


def found(data):
    """Dict of split to the list of `(first column or pixel, labels)`."""
    return {
        split: [
            (x[(slice(None), *[0] * (x.ndim - 1))].tolist(), b"".join(y.tolist()).decode())
            for x, y in getattr(data, split).as_numpy_iterator()
        ]
        for split in ("train", "validation", "test")
    }


# === Vectors ===


def test_a_file_a_sequence(tmp_path):
    for index in range(20):
        write(tmp_path / f"{index:02}.csv", 4 + index % 3, 100 * index)
    data = Labeling().data(tmp_path)
    assert data.info == {"columns": ["x", "y"]}
    parts = found(data)
    assert [len(pairs) for pairs in parts.values()] == [16, 2, 2]
    pairs = sorted(pair for part in parts.values() for pair in part)
    assert pairs == [
        ([100.0 * i + step for step in range(4 + i % 3)], "ababab"[: 4 + i % 3]) for i in range(20)
    ]
    assert next(iter(data.train))[0].dtype == tf.float64


def test_a_few_long_sequences(tmp_path):
    for index in range(5):
        write(tmp_path / f"{index}.csv", 12, 100 * index)
    parts = found(Labeling().data(tmp_path))
    # The last file tests; the last sixth of the frames of the others validates.
    assert [x[0] for x, _ in parts["test"]] == [400.0]
    assert [len(x) for x, _ in parts["train"]] == [10] * 4
    ends = [[100.0 * index + 10, 100.0 * index + 11] for index in range(4)]
    assert [x for x, _ in parts["validation"]] == ends


@pytest.mark.parametrize("layout", ["folders", "names", "dict", "column"])
def test_parts(tmp_path, layout):
    mark = "/" if layout == "folders" else "_"
    train = [f"{layout}/train{mark}{index}.csv" for index in range(3)]
    test = f"{layout}/test{mark}9.csv"
    for index, name in enumerate(train):
        write(tmp_path / name, 12, 100 * index)
    write(tmp_path / test, 12, 900)
    source = tmp_path / layout
    if layout == "dict":
        source = {"train": [tmp_path / name for name in train], "test": tmp_path / test}
    if layout == "column":
        frames = [
            pd.read_csv(tmp_path / name).assign(clip=name, split=name.split("/")[1].split("_")[0])
            for name in (*train, test)
        ]
        source = pd.concat(frames)
    parts = found(Labeling().data(source))
    assert [x[0] for x, _ in parts["test"]] == [900.0]
    assert [len(x) for x, _ in parts["train"]] == [10] * 3
    assert [x[0] for x, _ in parts["validation"]] == [10.0, 110.0, 210.0]


def test_columns_can_be_chosen(tmp_path):
    write(tmp_path / "a.csv", 20)
    write(tmp_path / "b.csv", 20)
    data = Labeling().data(tmp_path, input="y", target="x")
    x, y = next(iter(data.train))
    assert x.shape[1] == 1 and y[3] == b"3"
    with pytest.raises(ValueError, match="no column 'z'"):
        Labeling().data(tmp_path, input="x,z")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7,0,1,", "line 4: the frame has no label in the column 'phase'"),
        ("7,,1,a", "line 4: the column 'y' must hold a number"),
        ("7,nan,1,a", "line 4: the column 'y' must hold a finite number"),
        ("7,0,a", "line 4: expected 4 fields"),
    ],
)
def test_frames_that_do_not_fit_are_named_with_their_line(tmp_path, line, message):
    write(tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join([*lines[:3], line, *lines[4:]]))
    with pytest.raises(ValueError, match=f"a.csv, {message}"):
        Labeling().data(tmp_path)


def test_files_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="holds no .csv"):
        Labeling().data(tmp_path)
    write(tmp_path / "a.csv", 12)
    write(tmp_path / "b.csv", 12, header="x,other,timestamp,phase")
    with pytest.raises(ValueError, match=r"b.csv has no numbers in the columns \['y'\]"):
        Labeling().data(tmp_path)
    write(tmp_path / "b.csv", 12, header="x,y,timestamp,other")
    with pytest.raises(ValueError, match="b.csv has no column for the target"):
        Labeling().data(tmp_path)
    write(tmp_path / "c" / "test_1.csv", 12)
    with pytest.raises(ValueError, match="no training part|one for train"):
        Labeling().data(tmp_path / "c")


# === Pictures ===


def test_frames_as_pictures(tmp_path):
    for clip in range(3):
        rows = ["frame,label"]
        for step in range(12):
            out = io.BytesIO()
            PIL.Image.new("L", (4, 3), 20 * step + clip).save(out, "PNG")
            (tmp_path / f"{clip}_{step}.png").write_bytes(out.getvalue())
            rows.append(f"{clip}_{step}.png,{'ab'[step % 2]}")
        (tmp_path / f"{clip}.csv").write_text("\n".join(rows))
    data = Labeling().data(tmp_path)
    x, y = next(iter(data.test))
    assert x.shape == (12, 3, 4, 1) and x.dtype == tf.uint8 and data.info == {}
    assert x[:, 0, 0, 0].numpy().tolist() == [20 * step + 2 for step in range(12)]
    assert b"".join(y.numpy()) == b"ab" * 6
    (tmp_path / "0_3.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match="0.csv, line 5: .*no PNG"):
        Labeling().data(tmp_path)


# === Arrays, datasets, TFDS ===


def test_arrays_and_datasets():
    rng = np.random.default_rng(0)
    x = [rng.integers(0, 256, (5 + i % 3, 4, 4)).astype("uint8") for i in range(12)]
    y = [["a", "b"] * 3 + ["a"] for _ in x]
    y = [labels[: len(clip)] for clip, labels in zip(x, y, strict=True)]
    data = Labeling().data((x, y))
    assert [len(pairs) for pairs in found(data).values()] == [10, 1, 1]
    again = Labeling().data(data.train)
    assert [len(pairs) for pairs in found(again).values()] == [8, 1, 1]
    y[3] = y[3][:-1]
    with pytest.raises(ValueError, match="5 frames and 4 labels at position 3"):
        Labeling().data((x, y))
    with pytest.raises(ValueError, match="pairs"):
        Labeling().data(tf.data.Dataset.range(20))


def test_the_embedded_clips(tmp_path, monkeypatch):
    monkeypatch.setattr(motions, "SIZES", {"train": 6, "validation": 2, "test": 2})
    data = catalogue.load("rnnkit_motions", "frames", "tags", data_dir=tmp_path)
    for split in ("train", "validation", "test"):
        for (x, y), (frames, labels) in zip(
            getattr(data, split).as_numpy_iterator(), motions.generate(split), strict=True
        ):
            np.testing.assert_array_equal(x, frames)
            assert tuple(each.decode() for each in y) == labels
