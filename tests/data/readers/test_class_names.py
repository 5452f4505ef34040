"""Names of classes that the data has as numbers: the same option for every recipe with labels."""

import collections

import numpy as np
import pandas as pd
import pytest

import recipes
from rnnkit import registry
from rnnkit.cli.program import make_parser
from rnnkit.formats import pictures

NAMES = ["left", "right", "up"]
NUMBERS = [index % 3 for index in range(36)]
EXPECTED = collections.Counter(NAMES[each] for each in NUMBERS)


def labels(data):
    """How often each label occurs, of steps each."""
    found = collections.Counter()
    for part in (data.train, data.validation, data.test):
        for _, y in part.as_numpy_iterator():
            found.update(each.decode() for each in np.atleast_1d(y).tolist())
    return found


# === Pictures ===


def picture(index):
    return np.full((4, 4, 1), index * 7, "uint8")


def in_folders(folder):
    for index, number in enumerate(NUMBERS):
        path = folder / str(number) / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pictures.to_bytes(picture(index)))
    return folder


def beside_a_table(folder):
    rows = ["path,label"]
    for index, number in enumerate(NUMBERS):
        (folder / f"{index}.png").write_bytes(pictures.to_bytes(picture(index)))
        rows.append(f"{index}.png,{number}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder


def in_arrays(folder):
    x = np.stack([picture(index)[..., 0] for index in range(36)])
    np.savez(folder / "some.npz", x=x, y=NUMBERS)
    return folder / "some.npz"


def as_pair(folder):
    del folder
    return [picture(index) for index in range(36)], NUMBERS


def as_frame(folder):
    del folder
    return pd.DataFrame(
        {"image": [picture(i) for i in range(36)], "label": np.array(NUMBERS, "f4")}
    )


@pytest.mark.parametrize("source", [in_folders, beside_a_table, in_arrays, as_pair, as_frame])
def test_pictures(source, tmp_path):
    recipe, source = recipes.get("image_classification"), source(tmp_path)
    assert labels(recipe.data(source, names=NAMES)) == EXPECTED
    assert labels(recipe.data(source)) == {str(i): 12 for i in range(3)}
    with pytest.raises(ValueError, match="expected the number of a class, from 0 to 1, as names"):
        recipe.data(source, names=NAMES[:2])


# === Frames ===


def clips(folder):
    for clip in range(12):
        rows = [f"{clip},{step},{NUMBERS[3 * clip + step]}" for step in range(3)]
        (folder / f"{clip}.csv").write_text("\n".join(["x,y,label", *rows]) + "\n")
    return folder


def clips_as_frame(folder):
    del folder
    return pd.DataFrame({"clip": np.repeat(range(12), 3), "x": np.arange(36.0), "label": NUMBERS})


def clips_as_arrays(folder):
    del folder
    return [np.ones((3, 2)) * i for i in range(12)], np.array(NUMBERS).reshape(12, 3)


@pytest.mark.parametrize("source", [clips, clips_as_frame, clips_as_arrays])
def test_frames(source, tmp_path):
    recipe, source = recipes.get("video_labeling"), source(tmp_path)
    assert labels(recipe.data(source, names=NAMES)) == EXPECTED
    with pytest.raises(ValueError, match="from 0 to 1, as names says. Received: .*2"):
        recipe.data(source, names=NAMES[:2])


# === Events ===


def events(folder):
    rows = [f"c{card},{time},{card + time},{card % 2}" for card in range(36) for time in range(2)]
    (folder / "all.csv").write_text("\n".join(["card_id,time,amount,fraud", *rows]) + "\n")
    return folder / "all.csv"


def two_tables(folder):
    table = pd.read_csv(events(folder))
    return table.drop(columns="fraud"), table.groupby("card_id").first()[["fraud"]].reset_index()


def histories(folder):
    del folder
    return [f"time,amount\n0,{card}" for card in range(36)], [card % 2 for card in range(36)]


@pytest.mark.parametrize("source", [events, two_tables, histories])
def test_events(source, tmp_path):
    recipe, source = recipes.get("fraud_detection"), source(tmp_path)
    assert labels(recipe.data(source, names=["ok", "fraud"])) == {"ok": 18, "fraud": 18}
    with pytest.raises(ValueError, match="from 0 to 1, as names says"):
        folder = tmp_path / "other"
        folder.mkdir()
        (folder / "all.csv").write_text("card_id,time,amount,fraud\na,1,1,2\nb,1,1,0\n")
        recipe.data(folder / "all.csv", names=["ok", "fraud"])


# === Every recipe ===


def test_who_takes_names(tmp_path):
    """Where labels or tags may be numbers it is taken, elsewhere refused with the reason."""
    path = tmp_path / "some.csv"
    path.write_text("a,b\n1,2\n")
    takes = set()
    for name in registry.names():
        recipe = recipes.get(name)
        with pytest.raises(ValueError) as raised:
            recipe.data(str(path), names=NAMES)
        if "names is for" not in str(raised.value):
            takes.add(name)
        else:
            assert f"the recipe is {name!r}" in str(raised.value)
        with pytest.raises(ValueError, match="names is for files, frames and lists"):
            recipe.data(names=NAMES)  # the embedded sample has its names
    assert takes == {
        "dna_classification", "fraud_detection", "image_classification", "named_entities",
        "pos_tagging", "sentiment", "spam", "video_labeling",
    }  # fmt: skip


def test_on_the_make_parser():
    given = make_parser().parse_args(
        ["train", "image_classification", "--data", "x", "--names", "left,right,up"]
    )
    assert given.names == NAMES
