"""Music from files: styles, splits, both forms, and files that cannot be read."""

import numpy as np
import pytest
import tensorflow as tf

from recipes.one_to_many.music_generation import MusicGeneration
from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.data.pipeline.excerpts import excerpts
from rnnkit.data.readers.media import rolls
from rnnkit.formats import midi
from rnnkit.formats.midi import Note

RECIPE = MusicGeneration()


def tune(first, count=4, chord=False):
    notes = [Note(float(beat), beat + 1.0, first + beat) for beat in range(count)]
    return notes + [Note(0.0, float(count), first - 12)] * chord


@pytest.fixture
def folder(tmp_path):
    """MIDI files of two styles, six each."""
    for style in ("march", "waltz"):
        (tmp_path / style).mkdir()
        for number in range(6):
            midi.write_midi(tune(60 + number), tmp_path / style / f"{number}.mid")
    return tmp_path


def pairs(dataset):
    return [(x.decode(), y if y.ndim else y.item().decode()) for x, y in (
        (x, np.asarray(y)) for x, y in dataset.as_numpy_iterator()
    )]  # fmt: skip


def everything(data):
    return [pair for part in (data.train, data.validation, data.test) for pair in pairs(part)]


# === MIDI ===


def test_folders_of_styles(folder):
    data = RECIPE.data(str(folder))
    assert data.info == {"form": "notes"}
    found = everything(data)
    assert len(found) == 12
    assert sorted({style for style, _ in found}) == ["march", "waltz"]
    assert ("march", "C4:1 C#4:1 D4:1 D#4:1") in found
    style, notes = RECIPE.adapt(data)
    assert type(notes).__name__ == "Notes"


def test_folders_of_splits_and_one_file(folder):
    for split in ("train", "valid", "test"):
        (folder / split).mkdir()
    (folder / "march").rename(folder / "train" / "march")
    (folder / "waltz").rename(folder / "test" / "waltz")
    midi.write_midi(tune(50), folder / "valid" / "a.mid")
    data = RECIPE.data(str(folder))
    assert pairs(data.validation) == [("any", "D3:1 D#3:1 E3:1 F3:1")]
    assert data.sizes == {"train": 6, "validation": 1, "test": 6}
    midi.write_midi(tune(50), folder / "b.mid")
    with pytest.raises(ValueError, match="beside those in folders of splits.*b.mid"):
        RECIPE.data(str(folder))
    with pytest.raises(ValueError, match="1 examples, too few"):
        RECIPE.data(str(folder / "b.mid"))


def test_overlapping_notes_are_read_as_rolls(tmp_path):
    for number in range(12):
        midi.write_midi(tune(60 + number, chord=True), tmp_path / f"{number}.mid")
    data = RECIPE.data(str(tmp_path))
    assert data.info == {"form": "roll", "steps_per_beat": 4}
    style, piece = everything(data)[0]
    assert style == "any"
    assert (piece.shape, piece.dtype) == ((16, 88), np.uint8)
    assert (piece.sum(axis=1) == 2).all()
    _, roll = RECIPE.adapt(data)
    assert (type(roll).__name__, roll.steps_per_beat) == ("PianoRoll", 4)
    with pytest.warns(UserWarning, match="12 of 60 notes sound below others"):
        data = RECIPE.data(str(tmp_path), target="notes")
    assert data.info["form"] == "notes"
    assert everything(data)[0][1].count(":1") == 4


def test_files_that_cannot_be_read(folder):
    (folder / "march" / "bad.mid").write_bytes(b"no music")
    with pytest.raises(ValueError, match="1 of 13 MIDI files.*bad.mid.*skip_unreadable=True"):
        RECIPE.data(str(folder))
    with pytest.warns(UserWarning, match="1 of 13 MIDI files cannot be read and are left out"):
        data = RECIPE.data(str(folder), skip_unreadable=True)
    assert len(everything(data)) == 12
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no music: expected MIDI files"):
        RECIPE.data(str(folder / "empty"))
    with pytest.raises(ValueError, match="no file"):
        RECIPE.data(str(folder / "none.mid"))


# === Tables, arrays ===


def test_tables_of_paths_and_of_melodies(folder):
    lines = ["path\tstyle", *(f"{s}/{n}.mid\t{s}" for s in ("march", "waltz") for n in range(6))]
    (folder / "all.tsv").write_text("\n".join(lines) + "\n")
    assert len(everything(RECIPE.data(str(folder / "all.tsv")))) == 12
    table = folder / "melodies.csv"
    table.write_text("style,melody\n" + "".join(f"a,C4:1 D4:1/{n}\n" for n in range(1, 13)))
    data = RECIPE.data(str(table))
    assert ("a", "C4:1 D4:1/3") in everything(data)
    table.write_text("style,melody\na,C4:1\na,C4\n")
    with pytest.raises(ValueError, match="melodies.csv, line 3: A melody must be.*'C4' as note 1"):
        RECIPE.data(str(table))
    table.write_text("style,melody\na,R:1\n")
    with pytest.raises(ValueError, match="line 2: the melody has no notes"):
        RECIPE.data(str(table))
    table.write_text("style,melody\n,C4:1\n")
    with pytest.raises(ValueError, match="line 2: there is no style"):
        RECIPE.data(str(table))


def test_arrays_and_datasets():
    styles, texts = ["a", "b"] * 6, [f"C4:1 D4:1/{n}" for n in range(1, 13)]
    data = RECIPE.data((styles, texts))
    assert len(everything(data)) == 12
    array = np.zeros((3, 88), "uint8")
    array[:, 40] = 1
    data = RECIPE.data((styles, [array] * 12))
    assert data.info == {"form": "roll", "steps_per_beat": 1}
    pair = (["a"], [array])
    data = RECIPE.data({"train": pair, "val": pair, "test": pair})
    assert pairs(data.validation)[0][1].shape == (3, 88)
    data = RECIPE.data(tf.data.Dataset.from_tensor_slices((styles, texts)).batch(5))
    assert type(RECIPE.adapt(data)[1]).__name__ == "Notes"
    with pytest.raises(ValueError, match="must be of equal length. Received: 2 and 1"):
        RECIPE.data((["a", "b"], ["C4:1"]))
    with pytest.raises(ValueError, match="line 0: .*88 keys"):
        RECIPE.data((["a"], [np.zeros((3, 7))]))


# === Piano rolls ===


def test_npz_with_offsets(tmp_path):
    rng = np.random.default_rng(0)
    parts = {
        name: (rng.random((size, 88)) < 0.1).astype("uint8")
        for name, size in (("train", 9), ("valid", 4), ("test", 3))
    }
    path = str(tmp_path / "rolls.npz")
    np.savez(path, **parts, train_offset=[0, 2, 9], valid_offset=[0, 4], test_offset=[0, 1])
    data = RECIPE.data(path)
    assert data.info == {"form": "roll", "steps_per_beat": 1}
    assert data.sizes == {"train": 2, "validation": 1, "test": 2}
    np.testing.assert_array_equal(pairs(data.train)[1][1], parts["train"][2:])
    # The last offset may be left out; it ends with the steps.
    np.testing.assert_array_equal(pairs(data.test)[1][1], parts["test"][1:])
    with pytest.raises(ValueError, match="holds piano rolls, which are no notes"):
        RECIPE.data(path, target="notes")


def test_other_forms_of_npz(tmp_path):
    path = str(tmp_path / "rolls.npz")
    padded = np.zeros((2, 5, 88), bool)
    padded[0, :3, 10] = padded[1, 1:4, 20] = True
    np.savez(path, train=padded)
    assert [len(piece) for piece in rolls.read_npz(path)["train"]] == [3, 4]
    all_numbers = np.zeros((4, 128))
    all_numbers[:, 60] = 90
    np.savez(path, first=all_numbers, second=all_numbers[:2])
    found = rolls.read_npz(path)["all"]
    assert [piece.shape for piece in found] == [(4, 88), (2, 88)]
    assert found[0][:, 39].all()
    np.savez(path, roll=all_numbers, offset=[0, 1])
    assert [len(piece) for piece in rolls.read_npz(path)["all"]] == [1, 3]
    all_numbers[0, 5] = 1
    np.savez(path, train=all_numbers)
    with pytest.warns(UserWarning, match="1 keys are not on a piano"):
        rolls.read_npz(path)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"train": np.zeros((3, 60))}, r"expected a piano roll.*\(3, 60\)"),
        ({"train": np.zeros((3, 88)), "train_offset": [0, 9]}, "must rise to its 3 steps"),
        ({"train": np.zeros((3, 88)), "train_offset": [1, 3]}, "begin with 0"),
        ({"train": np.zeros((3, 88)), "train_offset": [0, 0, 3]}, "1 pieces have no steps"),
        ({"test": np.zeros((3, 88))}, "no array 'train'"),
        ({"train": np.zeros((3, 88)), "other": np.zeros((3, 88))}, "expected the keys train"),
        ({"train": np.full((3, 88), np.nan)}, "NaN among them"),
        ({"train": np.full((3, 88), "x")}, "expected numbers"),
        ({"train": np.array([None, 3], object)}, "an array of object: expected numbers"),
    ],
)
def test_npz_that_are_no_rolls(tmp_path, arrays, said):
    path = str(tmp_path / "rolls.npz")
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=said):
        rolls.read_npz(path)


def test_npz_files_that_are_none(tmp_path):
    with pytest.raises(ValueError, match="no file"):
        rolls.read_npz(tmp_path / "none.npz")
    (tmp_path / "a.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="a.npz cannot be read as a zip file"):
        rolls.read_npz(tmp_path / "a.npz")


# === Excerpts ===


def test_long_pieces_in_parts():
    lengths = [3, 10, 4]
    flat = tf.range(sum(lengths))[:, None]
    target = tf.RaggedTensor.from_row_lengths(flat, lengths)
    data = Encoded((tf.constant([7, 8, 9]), target), (0, -1))
    assert excerpts(data, 10, 2) is data
    styles, parts, weights = excerpts(data, 4, 2).tensors
    assert styles.numpy().tolist() == [7, 8, 8, 8, 8, 9]
    found = [part[:, 0].numpy().tolist() for part in parts]
    assert found[0] == [0, 1, 2] and found[-1] == [13, 14, 15, 16]
    assert found[1:5] == [[3, 4, 5, 6], [5, 6, 7, 8], [7, 8, 9, 10], [9, 10, 11, 12]]
    assert weights.to_list()[1:5] == [[1, 1, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]
    # Every step counts once, by the weight of its piece.
    weighted = Encoded((*data.tensors, tf.constant([1.0, 2.0, 3.0])), (0, -1, 0))
    weights = excerpts(weighted, 4, 2).tensors[2]
    assert float(tf.reduce_sum(weights)) == 3 * 1 + 10 * 2 + 4 * 3
