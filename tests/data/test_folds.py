"""Data in folds: which examples are in which, by hand."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import recipes
from rnnkit.data.partition import Folds
from rnnkit.data.readers import data_types


def divided(recipe, data, count):
    return data_types.of(recipes.get(recipe)).into_folds(data, count)


def inputs(dataset):
    return [x.numpy() for x, _ in dataset]


@pytest.mark.slow
def test_each_example_validates_once_and_classes_are_spread():
    x = [f"text {i}" for i in range(60)]
    y = ["a" if i % 3 else "b" for i in range(60)]
    data = recipes.get("sentiment").data((x, y))
    whole = sorted(inputs(data.train) + inputs(data.validation))
    test = inputs(data.test)
    folds, said = divided("sentiment", data, 3)
    assert said == "Folds: 3, of 18, 18, 18 examples"
    judged = []
    for fold in folds:
        train, validation = inputs(fold.train), inputs(fold.validation)
        assert sorted(train + validation) == whole and inputs(fold.test) == test
        assert fold.sizes == {"train": 36, "validation": 18, "test": 6}
        labels = [label.numpy() for _, label in fold.validation]
        assert (labels.count(b"a"), labels.count(b"b")) == (12, 6)
        judged += validation
    assert sorted(judged) == whole


def test_copies_groups_and_classes_by_hand():
    # Rows 0 and 1 are copies; rows 1 and 2 are of one user.
    texts, users = list("aabcdef"), [1, 2, 2, 3, 4, 5, 6]
    found = Folds(tf.constant(texts), tf.zeros(7), 2, users)
    assert len(set(found.fold[:3])) == 1  # the block of three rows
    assert sorted(np.bincount(found.fold)) == [3, 4] and found.copies == 1
    # What only one block holds trains everywhere, together with its copies.
    labels = ["x", "x", "y", "x", "y", "x", "z", *"xxxxx"]
    texts += list("ghijk")
    found = Folds(tf.constant(texts), tf.constant(labels), 2)
    assert found.rare == {"z": 1} and found.fold[6] == -1 and set(found.fold) == {-1, 0, 1}
    assert set(found.fold[[2, 4]]) == {0, 1} and found.fold[0] == found.fold[1]
    assert "too rare to be judged, train in all: 'z' (1)" in str(found)


@pytest.mark.slow
def test_rows_of_a_group_and_of_a_column_fold_stay_together(tmp_path):
    rows = {"text": [f"t{i}" for i in range(40)], "label": ["a", "b"] * 20}
    frame = pd.DataFrame({**rows, "user": [i // 4 for i in range(40)]})
    data = recipes.get("spam").data(frame, group="user")
    folds, _ = divided("spam", data, 2)
    sides = [{int(x.decode()[1:]) // 4 for x in inputs(fold.validation)} for fold in folds]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 9  # of 10, one for testing
    with pytest.raises(ValueError, match="number of groups .* is 9. Received: folds=10"):
        divided("spam", data, 10)

    frame = pd.DataFrame({**rows, "fold": [i // 10 for i in range(40)]})
    data = recipes.get("spam").data(frame, fold=0)
    folds, _ = divided("spam", data, 3)
    sides = sorted(sorted({int(x.decode()[1:]) // 10 for x in inputs(f.validation)}) for f in folds)
    assert sides == [[1], [2], [3]]
    with pytest.raises(ValueError, match="number of groups .* is 3. Received: folds=4"):
        divided("spam", data, 4)


def test_a_validation_part_of_ones_own_is_divided_too():
    parts = {
        "train": (list("abcdef"), list("xyxyxy")),
        "validation": (list("ghij"), list("xyxy")),
        "test": (list("kl"), list("xy")),
    }
    folds, _ = divided("sentiment", recipes.get("sentiment").data(parts), 5)
    judged = [sorted(inputs(fold.validation)) for fold in folds]
    assert [len(each) for each in judged] == [2] * 5
    assert sorted(sum(judged, [])) == [bytes([c]) for c in b"abcdefghij"]


def test_too_few_inputs():
    x = [f"t{i // 5}" for i in range(20)]
    data = recipes.get("sentiment").data((x, ["a", "b"] * 10), split=(0.5, 0.25, 0.25))
    with pytest.raises(ValueError, match="different inputs in train and validation, which is 3"):
        divided("sentiment", data, 4)


def test_pieces_of_music_are_what_may_occur_twice():
    music = recipes.get("music_generation")
    notes = [f"C4:{1 + i // 2} D4:1" for i in range(40)]
    data = music.data((["march", "waltz", "waltz", "march"] * 10, notes), target="notes")
    folds, said = divided("music_generation", data, 3)
    pieces = [{y.numpy() for _, y in fold.validation} for fold in folds]
    assert not pieces[0] & pieces[1] | pieces[0] & pieces[2] | pieces[1] & pieces[2]
    assert "more than once" in said


# === tf.data ===


def test_datasets_are_divided_if_they_repeat_themselves():
    pairs = tf.data.Dataset.from_tensor_slices(([f"t{i}" for i in range(30)], ["a", "b"] * 15))
    data = recipes.get("sentiment").data(pairs)
    folds, _ = divided("sentiment", data, 2)
    judged = [x for fold in folds for x in inputs(fold.validation)]
    assert sorted(judged) == sorted(inputs(data.train) + inputs(data.validation))

    shuffled = recipes.get("sentiment").data(pairs.shuffle(30))
    with pytest.raises(ValueError, match="each time it is read.*reshuffle_each_iteration=False"):
        divided("sentiment", shuffled, 2)
    with pytest.raises(ValueError, match="never ends.*Leave out repeat"):
        recipes.get("sentiment").data(pairs.repeat())
    parts = {"train": pairs.repeat(), "validation": pairs, "test": pairs}
    with pytest.raises(ValueError, match="never ends.*folds=2"):
        divided("sentiment", recipes.get("sentiment").data(parts), 2)


# === Series and texts ===


def test_series_are_by_rolling_origins():
    data = recipes.get("forecasting").data(np.arange(100.0) % 7)
    folds, said = divided("forecasting", data, 3)
    assert said == "Rolling origins: training on the first 50, 60, 70 rows, judged by the next 10"
    for fold, origin in zip(folds, (50, 60, 70), strict=True):
        ((x, y),) = fold.train
        np.testing.assert_array_equal(x[:, 0], np.arange(origin) % 7)
        np.testing.assert_array_equal(x, y)
        ((x, y),) = fold.validation  # what came before is context, which is not scored
        np.testing.assert_array_equal(x[:, 0], np.arange(origin + 10) % 7)
        assert np.isnan(y[:origin]).all()
        np.testing.assert_array_equal(y[origin:], x[origin:])
        assert inputs(fold.test)[0].shape == inputs(data.test)[0].shape
    own = [inputs(part)[0] for part in (data.train, data.validation)]
    last = [inputs(part)[0] for part in (folds[-1].train, folds[-1].validation)]
    for mine, theirs in zip(own, last, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_more_origins_than_validation_parts_fit():
    data = recipes.get("forecasting").data(np.arange(100.0) % 7, split=(0.4, 0.4, 0.2))
    folds, said = divided("forecasting", data, 3)
    assert "first 20, 40, 60 rows, judged by the next 20" in said


def test_seasons_are_those_before_the_origin():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=60), np.arange(80) % 8])
    data = recipes.get("forecasting").data(values)
    assert data.info["period"] == 8 or data.info["period"] is None
    folds, _ = divided("forecasting", data, 3)
    first = {**folds[0].info, "period": None}
    assert first == {**data.info, "period": None}
    assert folds[0].info["period"] != 8


def test_many_series():
    frames = [
        pd.DataFrame({"store": name, "sales": np.arange(float(size)) % 5})
        for name, size in (("a", 100), ("b", 200), ("c", 20))
    ]
    data = recipes.get("forecasting").data(pd.concat(frames), series="store", target="sales")
    with pytest.warns(UserWarning, match="1 of 3 series.*2 rolling origins.*'c' with 16 rows"):
        folds, said = divided("forecasting", data, 2)
    assert [len(x) for x in inputs(folds[0].train)] == [60, 120]
    assert folds[0].info["series"] == ["a", "b"] and "of 2 series" in said


def test_what_cannot_be_divided():
    short = recipes.get("forecasting").data(np.arange(20.0) % 7)
    with pytest.raises(ValueError, match="16 rows to train and validate.*first 10.*folds=3"):
        divided("forecasting", short, 3)
    x = (np.arange(60.0) % 7)[:, None]
    pairs = tf.data.Dataset.from_tensors((x, x))
    apart = recipes.get("forecasting").data({"train": pairs, "validation": pairs, "test": pairs})
    with pytest.raises(ValueError, match="goes on from the training part.*folds=2"):
        divided("forecasting", apart, 2)
    tiny = recipes.get("text_generation").data(["a" * 40])
    with pytest.raises(ValueError, match="train and validation have 36. Received: folds=30"):
        divided("text_generation", tiny, 30)


def test_texts_are_divided_in_order():
    data = recipes.get("text_generation").data(["abcdefghij" * 10])
    folds, said = divided("text_generation", data, 3)
    text = ("abcdefghij" * 9).encode()
    assert said == "Folds: 3 pieces in a row, of 30 characters"
    for number, fold in enumerate(folds):
        piece = b"".join(fold.validation.as_numpy_iterator())
        assert piece == text[30 * number : 30 * (number + 1)]
        rest = b"".join(fold.train.as_numpy_iterator())
        assert rest == text[: 30 * number] + text[30 * (number + 1) :]


def test_beginning_and_end_of_a_clip_are_in_one_fold():
    clips = [np.full((12, 2), float(number)) for number in range(5)]
    data = recipes.get("video_labeling").data((clips, [["a", "b"] * 6] * 5))
    folds, _ = divided("video_labeling", data, 2)
    sides = [{float(x[0, 0]) for x in inputs(fold.validation)} for fold in folds]
    assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 4  # and one for testing
    with pytest.raises(ValueError, match="groups of rows that stay together.*is 4"):
        divided("video_labeling", data, 5)
