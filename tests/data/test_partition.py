"""How rnnkit splits what comes in one piece."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import recipes
from rnnkit.data.partition import Folds, Partition
from rnnkit.data.stored import Several
from rnnkit.formats.sentences import numbered


def parts_of(inputs, targets, **options):
    found = Partition(tf.constant(inputs), tf.constant(targets), **options)
    every = np.sort(np.concatenate(list(found.rows.values())))
    np.testing.assert_array_equal(every, np.arange(len(inputs)))  # each row once
    return found


def test_classes_have_the_same_fractions():
    labels = ["rare"] * 20 + ["common"] * 180
    found = parts_of([f"text {i}" for i in range(200)], labels)
    sizes = {
        name: [sum(labels[i] == kind for i in rows) for kind in ("rare", "common")]
        for name, rows in found.rows.items()
    }
    assert sizes == {"train": [16, 144], "validation": [2, 18], "test": [2, 18]}
    assert str(found) == "Split: 160 to train, 20 to validate, 20 to test"


def test_a_rare_class_is_everywhere_or_named():
    labels = ["three"] * 3 + ["two"] * 2 + ["one"] + ["many"] * 194
    found = parts_of([f"text {i}" for i in range(200)], labels)
    for rows in found.rows.values():
        assert "three" in {labels[i] for i in rows}
    assert found.rare == {"two": 2, "one": 1}
    assert str(found).endswith("; too rare for every part: 'two' (2), 'one' (1)")


def test_copies_and_groups_stay_on_one_side():
    # 40 sentences, each with 4 translations.
    found = parts_of([f"sentence {i // 4}" for i in range(160)], [f"satz {i}" for i in range(160)])
    sides = [{i // 4 for i in rows} for rows in found.rows.values()]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert found.copies == 40 and [len(each) for each in sides] == [32, 4, 4]
    assert "40 inputs occur more than once, each on one side" in str(found)
    # Groups join copies: 0-1 by group, 1-2 as copies.
    users = [i // 2 for i in range(40)]
    inputs = [f"t{i}" for i in range(40)]
    inputs[1] = inputs[2]
    found = parts_of(inputs, ["a", "b"] * 20, groups=users)
    part = {row: name for name, rows in found.rows.items() for row in rows.tolist()}
    assert len({part[row] for row in range(4)}) == 1
    assert all(part[2 * user] == part[2 * user + 1] for user in range(20))


@pytest.mark.parametrize(
    "inputs",
    [
        tf.ragged.constant([["a", "b"], ["c"], ["a", "b"], *[[str(i)] for i in range(9)]]),
        tf.constant([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], *[[9.0, i] for i in range(9)]]),
        tf.ragged.constant(
            [[[1, 2], [3]], [[1], [2, 3]], [[1, 2], [3]], *[[[i]] for i in range(9)]]
        ),
    ],
)
def test_copies_in_every_form(inputs):
    found = Partition(inputs, tf.range(12))
    assert found.copies == 1
    assert any({0, 2} <= set(rows.tolist()) for rows in found.rows.values())


def test_where_all_are_copies_each_part_has_some():
    found = parts_of(["same"] * 20, ["a"] * 20)
    assert [len(rows) for rows in found.rows.values()] == [16, 2, 2]
    assert "1 input occurs more than once, too few others to keep them apart" in str(found)
    with pytest.raises(ValueError, match="too few groups.*at least 3 groups"):
        parts_of([f"t{i}" for i in range(20)], ["a"] * 20, groups=[0] * 10 + [1] * 10)


def several(rows):
    codes, names = numbered(each for row in rows for each in row)
    return Several(tf.RaggedTensor.from_row_lengths(codes, [len(row) for row in rows]), names)


def test_several_labels_have_the_same_fractions():
    rows = [["common"] * (i % 2) + ["rare"] * (i % 10 == 3) for i in range(200)]
    found = Partition(tf.constant([f"text {i}" for i in range(200)]), several(rows))
    sizes = {
        name: [sum(kind in rows[i] for i in part) for kind in ("rare", "common")]
        for name, part in found.rows.items()
    }
    assert sizes == {"train": [16, 80], "validation": [2, 10], "test": [2, 10]}
    assert found.rare == {}


@pytest.mark.parametrize("seed", range(5))
def test_each_of_several_labels_is_learned(seed):
    rng = np.random.default_rng(seed)
    rows = [[f"l{each}" for each in rng.choice(60, rng.integers(0, 4), False)] for _ in range(80)]
    found = Partition(tf.constant([f"text {i // 2}" for i in range(80)]), several(rows))
    learned = {each for i in found.rows["train"] for each in rows[i]}
    assert learned == {each for row in rows for each in row}
    sides = [{i // 2 for i in part} for part in found.rows.values()]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    for name, count in found.rare.items():
        assert count == sum(name in row for row in rows)
        assert not all(any(name in rows[i] for i in part) for part in found.rows.values())


def test_the_same_everywhere_and_too_few():
    inputs, labels = [f"t{i}" for i in range(50)], ["a", "b"] * 25
    first, second = parts_of(inputs, labels), parts_of(inputs, labels)
    assert all(np.array_equal(first.rows[name], second.rows[name]) for name in first.rows)
    with pytest.raises(ValueError, match="has 9 examples, too few.*at least 10"):
        parts_of(inputs[:9], labels[:9])


def test_of_a_recipe(capsys, tmp_path):
    frame = pd.DataFrame({
        "text": [f"t{i // 2}" for i in range(100)],
        "label": ["a", "a", "b", "b"] * 25,
        "user": [i // 10 for i in range(100)],
    })  # fmt: skip
    recipe = recipes.get("sentiment")
    data = recipe.data(frame, split=(0.6, 0.2, 0.2))
    assert data.sizes == {"train": 60, "validation": 20, "test": 20}
    assert "60 to train, 20 to validate, 20 to test; 50 inputs occur" in capsys.readouterr().out
    texts = {
        name: {x.numpy() for x, _ in getattr(data, name)}
        for name in ("train", "validation", "test")
    }
    assert not texts["train"] & texts["test"] and not texts["validation"] & texts["test"]
    frame.to_csv(tmp_path / "f.csv", index=False)
    data = recipe.data(tmp_path / "f.csv", group="user")
    assert data.sizes == {"train": 80, "validation": 10, "test": 10}
    for wrong, message in {
        (0.5, 0.5): "three fractions whose sum is 1",
        (0.5, 0.1, 0.1): "three fractions whose sum is 1",
        (0, 0.5, 0.5): "three fractions",
        "x": "three fractions",
    }.items():
        with pytest.raises(ValueError, match=message):
            recipe.data(frame, split=wrong)
    with pytest.raises(ValueError, match="no column 'usr' for the group. Did you mean 'user'"):
        recipe.data(frame, group="usr")
    with pytest.raises(ValueError, match="split is for files, frames and lists"):
        recipe.data(split=(0.8, 0.1, 0.1))
    with pytest.raises(ValueError, match="one table that is not in parts.*has test, train"):
        recipe.data(frame.assign(split=["train", "test"] * 50), group="user")


@pytest.mark.parametrize("seed", range(5))
def test_what_a_fold_judges_the_others_teach(seed):
    rng = np.random.default_rng(seed)
    rows = [[f"l{each}" for each in rng.choice(40, rng.integers(0, 4), False)] for _ in range(60)]
    folds = Folds(tf.constant([f"text {i}" for i in range(60)]), several(rows), 3)
    for number in range(3):
        judged = {each for i in np.flatnonzero(folds.fold == number) for each in rows[i]}
        taught = {each for i in np.flatnonzero(folds.fold != number) for each in rows[i]}
        assert judged <= taught
    alone = {name for row in rows for name in row if sum(name in each for each in rows) == 1}
    assert alone and alone <= set(folds.rare)
