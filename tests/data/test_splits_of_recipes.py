"""Splits of every kind of data: copies on one side, fractions and groups, and what is printed."""

import re

import numpy as np
import pandas as pd
import pytest

import recipes
from rnnkit.formats import wav

HALVES = (0.5, 0.25, 0.25)


def parts(data):
    return [list(part.as_numpy_iterator()) for part in (data.train, data.validation, data.test)]


def key(x):
    return repr(x.tolist()) if isinstance(x, np.ndarray) else x


def check_copies(data, sizes):
    """That parts have these sizes, and no input is in two."""
    found = [[key(x) for x, _ in part] for part in parts(data)]
    assert [len(part) for part in found] == list(sizes)
    assert sum(len(set(part)) for part in found) == len(set(sum(found, [])))


def clip(number):
    return wav.write(np.full(400, number, "int16"), 8000)


def writing(number):
    return [[0, 0, 0], [1, number, 0], [2, 3, 1]]


# 40 examples of each, of which every two have the same input.
TWICE = [i // 2 for i in range(40)]
PAIRS = {
    "translation": ([f"I see {i}" for i in TWICE], [f"je vois {i}" for i in range(40)]),
    "named_entities": ([["Anna", str(i)] for i in TWICE], [["B-PER", "O"]] * 40),
    "speech_to_text": ([clip(i) for i in TWICE], [f"say {i}" for i in range(40)]),
    "handwriting": ([writing(i) for i in TWICE], [f"w{i}" for i in range(40)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_copies_of_an_input_stay_on_one_side(name, capsys):
    check_copies(recipes.get(name).data(PAIRS[name]), (32, 4, 4))
    check_copies(recipes.get(name).data(PAIRS[name], split=HALVES), (20, 10, 10))
    assert "20 to train, 10 to validate, 10 to test; 20 inputs occur" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["translation", "handwriting"])
def test_rows_of_a_group_stay_on_one_side(name, tmp_path):
    x, y = PAIRS[name]
    roles = {"translation": ("en", "fr")}.get(name, ("points", "text"))
    frame = pd.DataFrame({roles[0]: x, roles[1]: y, "user": [i // 2 % 10 for i in range(40)]})
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    for source in (frame, tmp_path / "a.jsonl"):
        found = parts(recipes.get(name).data(source, group="user"))
        numbers = [[int(re.sub(r"\D", "", y.decode())) for _, y in part] for part in found]
        assert sorted(sum(numbers, [])) == list(range(40))
        owners = [{number // 2 % 10 for number in each} for each in numbers]
        assert sum(map(len, owners)) == 10


def test_series_are_split_in_time(capsys):
    values = np.arange(100.0)
    recipe = recipes.get("forecasting")

    def scored(data):
        return [y[~np.isnan(y)].tolist() for ((_, y),) in parts(data)]

    assert scored(recipe.data(values)) == [*map(list, np.split(values, [70, 80]))]
    assert "the first 70 rows to train, the next 10 to validate, the last 20 to test" in (
        capsys.readouterr().out
    )
    assert scored(recipe.data(values, split=HALVES)) == [*map(list, np.split(values, [50, 75]))]
    with pytest.raises(ValueError, match="has test, train"):
        recipe.data({"train": values, "test": values}, split=HALVES)


def test_texts_without_targets_are_split_in_order(capsys):
    data = recipes.get("text_generation").data(["a" * 50 + "b" * 25 + "c" * 25], split=HALVES)
    found = [
        b"".join(part.as_numpy_iterator()) for part in (data.train, data.validation, data.test)
    ]
    assert found == [b"a" * 50, b"b" * 25, b"c" * 25]
    said = "Split in order: 50 characters to train, 25 to validate, 25 to test"
    assert said in capsys.readouterr().out


def test_clips_are_split_as_a_whole(capsys):
    clips = [np.full((5, 2), i, float) for i in range(20)]
    recipe, labels = recipes.get("video_labeling"), [["x", "y", "x", "y", "x"]] * 20
    data = recipe.data((clips, labels), split=HALVES)
    assert [len(part) for part in parts(data)] == [10, 5, 5]
    assert "Split: 10 to train, 5 to validate, 5 to test" in capsys.readouterr().out
    with pytest.raises(ValueError, match="split is for 10 sequences or more"):
        recipe.data((clips[:4], labels[:4]), split=HALVES)
    with pytest.raises(ValueError, match="each part needs some of the data"):
        recipe.data((clips, labels), split=(0.5, 0.5, 0))


@pytest.mark.parametrize(
    "name, source, options, message",
    [
        ("forecasting", pd.DataFrame({"a": [1.0]}), {"group": "a"}, "a series is split in time"),
        ("text_generation", pd.DataFrame({"text": ["a"]}), {"group": "text"}, "split in order"),
        ("video_labeling", pd.DataFrame({"a": [1]}), {"group": "a"}, "frames of a clip stay"),
        ("sentiment", (["a"] * 20, ["b"] * 20), {"group": "user"}, "tables with a row an example"),
        ("translation", None, {"split": HALVES}, "split is for files, frames and lists"),
        ("sentiment", "rnnkit_reviews", {"split": HALVES}, "split is for files, frames and lists"),
        (
            "sentiment",
            {"train": pd.DataFrame({"text": ["a"], "label": ["b"]})},
            {"split": HALVES},
            "not in parts.*has train",
        ),
    ],
)
def test_where_nothing_is_split_or_grouped(name, source, options, message):
    with pytest.raises(ValueError, match=message):
        recipes.get(name).data(source, **options)


def test_lines_of_pairs_of_files_have_no_groups(tmp_path):
    for end in ("en", "fr"):
        (tmp_path / f"a.{end}").write_text("".join(f"{end} {i}\n" for i in range(40)))
    recipe = recipes.get("translation")
    check_copies(recipe.data(tmp_path, split=HALVES), (20, 10, 10))
    with pytest.raises(ValueError, match="has no columns but the pairs: leave out group"):
        recipe.data(tmp_path, group="user")
    with pytest.raises(ValueError, match="are read line by line: leave out separator"):
        recipe.data(tmp_path, separator=";")


def test_groups_need_all_rows(tmp_path):
    rows = [f"{i % 5},0 0 0;1 {i} 1,w{i}\n" for i in range(20)]
    (tmp_path / "a.csv").write_text("user,points,text\n" + "".join(rows) + "1,0 0 9,x\n")
    with (
        pytest.warns(UserWarning, match="1 of 21"),
        pytest.raises(ValueError, match="group needs all rows: 1 of 21"),
    ):
        recipes.get("handwriting").data(tmp_path / "a.csv", group="user", skip_unreadable=True)


def test_a_dataset_is_split_by_position_and_it_is_said(capsys):
    import tensorflow as tf

    recipes.get("sentiment").data(tf.data.Dataset.from_tensor_slices((["a"] * 20, ["b"] * 20)))
    assert "of ten examples of the dataset one validates" in capsys.readouterr().out
