"""Memory tasks: targets recomputed by hand, baselines by formula, the same draws for a seed."""

import math

import keras
import numpy as np
import pytest

from rnnkit.comparison.tasks import standard as memory_tasks

QUICK = [name for name in memory_tasks.names() if name != "sequential_pixels"]  # needs pictures


@pytest.mark.parametrize("name", QUICK)
def test_draws_depend_on_seed_and_split_alone(name):
    task = memory_tasks.get(name, lag=7)
    x, y = task.draw(20, seed=3)
    again = task.draw(20, seed=3)
    np.testing.assert_array_equal(x, again[0])
    np.testing.assert_array_equal(y, again[1])
    assert x.shape == (20, task.steps, task.columns_of_input) and x.dtype == "float32"
    for other in (task.draw(20, seed=4), task.draw(20, seed=3, split="test")):
        assert not np.array_equal(x, other[0])


def test_adding_sums_the_two_marked():
    x, y = memory_tasks.adding(lag=9).draw(500, seed=1)
    for steps, total in zip(x, y, strict=True):
        marked = np.flatnonzero(steps[:, 1])
        assert len(marked) == 2 and marked[0] < 4 <= marked[1]
        assert total[0] == pytest.approx(sum(steps[place, 0] for place in marked))
    assert set(np.unique(x[..., 1])) == {0, 1}
    assert np.square(y - 1).mean() == pytest.approx(1 / 6, rel=0.1)  # saying 1
    assert memory_tasks.adding(lag=9).baseline == pytest.approx(0.167, abs=5e-4)


def test_copy_memory_says_the_letters_again():
    task = memory_tasks.copy_memory(lag=5)
    x, y = task.draw(50, seed=1)
    codes = x.argmax(axis=-1)  # [examples, steps]
    assert x.shape == (50, 25, 10) and (x.sum(axis=-1) == 1).all()
    assert (codes[:, :10] < 8).all()
    assert (codes[:, 10:14] == 8).all() and (codes[:, 15:] == 8).all()  # blanks
    assert (codes[:, 14] == 9).all()  # the sign: lag steps after the last letter
    np.testing.assert_array_equal(y[:, 15:], codes[:, :10])
    assert (y[:, :15] == 8).all()
    assert task.loss_baseline == pytest.approx(10 * math.log(8) / 25)


def test_delayed_recall_asks_for_the_first():
    x, y = memory_tasks.delayed_recall(lag=6).draw(50, seed=1)
    assert x.shape == (50, 7, 10)
    np.testing.assert_array_equal(y[:, 6], x[:, 0, :8].argmax(axis=-1))
    assert (y[:, :6] == -1).all()
    assert (x[:, 0, 8] == 1).all() and (x[:, 1:, 8] == 0).all()  # the mark
    assert (x[:, 6, 9] == 1).all() and (x[:, 6, :8] == 0).all()  # the question


def test_parity_counts_the_ones():
    task = memory_tasks.parity(lag=8)
    x, y = task.draw(2000, seed=1)
    for bits, odd in zip(x[:50, :, 0].astype(int).tolist(), y.tolist(), strict=False):
        assert odd == [sum(bits[: step + 1]) % 2 for step in range(8)]
    assert (x[..., 0] == y).mean() == pytest.approx(task.baseline, abs=0.02)  # to say the bit
    assert task.baseline == 9 / 16


def test_sequential_pixels_cut_the_same_picture(monkeypatch):
    pictures = np.arange(800, dtype="float32").reshape(2, 400)
    digits = np.array([3, 7])
    monkeypatch.setattr(memory_tasks, "_digits", lambda split: (pictures, digits))
    for lag, columns in ((400, 1), (20, 20), (150, 3), (1000, 1)):
        x, y = memory_tasks.sequential_pixels(lag=lag).draw(5, seed=1)
        assert x.shape == (5, lag, columns)
        for example, digit in zip(x, y, strict=True):
            flat = example.ravel()
            np.testing.assert_array_equal(flat[:400], pictures[0 if digit == 3 else 1])
            assert not flat[400:].any()


@pytest.mark.parametrize("name", QUICK)
def test_raw_data_is_what_is_drawn(name):
    task = memory_tasks.get(name, lag=4, examples=10, seed=2)
    data = task.data()
    model = task.model(data, units=2, seed=1)
    x, y = (part for part in model.prepare(data.train).tensors)
    drawn = task.draw(10, seed=2)
    x, y = (each.to_tensor() if hasattr(each, "to_tensor") else each for each in (x, y))
    np.testing.assert_allclose(x, drawn[0])
    np.testing.assert_allclose(y, drawn[1])


@pytest.mark.slow
def test_a_task_is_a_recipe_and_is_solved():
    task = memory_tasks.delayed_recall(lag=3)
    model = task.model(None, cell="gru", units=16, learning_rate=0.02, seed=1)
    x, y = task.draw(200, split="test")
    assert task.measure(model, x, y) == pytest.approx(task.baseline, abs=0.15)
    batches = task.batches(32, seed=1)
    history = keras.Model.fit(
        model, batches, steps_per_epoch=60, epochs=5, verbose=0, shuffle=False
    )
    assert history.history["loss"][0] < 1.2 * task.loss_baseline
    score = task.measure(model, x, y)
    assert task.solved(score) and not task.solved(0.9)
    # The score of the model itself is the same: only what is asked counts.
    data = task.data()
    assert model.score(data.test)["accuracy"] == pytest.approx(score, abs=0.01)


def test_measures_by_hand():
    task = memory_tasks.copy_memory(lag=1)
    y = np.array([[8] * 11 + list(range(8)) + [0, 1]])
    outputs = np.eye(9)[np.array([[0] * 11 + list(range(8)) + [7, 7]])]
    assert task._score(y, outputs) == 0.8  # of the ten recalled; blanks do not count
    adding = memory_tasks.adding(lag=4)
    wrong = np.array([[1.1], [0.5]], "float32")
    assert adding._score(np.array([[1.0], [0.5]], "float32"), wrong) == pytest.approx(0.005)
    assert adding.solved(0.005) and not adding.solved(0.011)


def test_bad_input():
    with pytest.raises(ValueError, match="no memory task 'ading'. Did you mean 'adding'"):
        memory_tasks.get("ading")
    with pytest.raises(ValueError, match="lag must be an integer of at least 2. Received: lag=1"):
        memory_tasks.adding(lag=1)
    with pytest.raises(ValueError, match="lag must be an integer of at least 1. Received: lag=2.5"):
        memory_tasks.parity(lag=2.5)
    with pytest.raises(ValueError, match="split must be one of"):
        memory_tasks.parity().draw(3, split="dev")
    with pytest.raises(ValueError, match="data must be left out"):
        memory_tasks.parity().data("file.csv")
    with pytest.raises(ValueError, match="examples must be an integer of at least 1"):
        memory_tasks.parity().draw(0)
