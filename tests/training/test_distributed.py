"""Any number of replicas, in one process or several, learns what one device does.

`python -m tests.benchmarks.replicas` compares everything, in two processes too.
"""

import json
import os
import types

import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.training.state import StateFile
from rnnkit.utils import replicas
from tests.training.distributed import ROWS, differences, finish, start, start_machines

SECONDS = 1800
# Trained in two processes: examples, and streams of one long text.
TOGETHER = ("spam", "text_generation")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of what one device learned, and two in one process."""
    out = tmp_path_factory.mktemp("replicas")
    finish([start(how, out, ROWS) for how in ("alone", "mirrored")], SECONDS)
    return out


@pytest.fixture(scope="module")
def machines(trained):
    """The same folder once two processes have learned too."""
    finish(start_machines(trained, TOGETHER), SECONDS)
    return trained


def check_same(out, how, name):
    weights, history = differences(out, how, name)
    assert weights < 1e-5 and history < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_two_replicas(trained, name):
    check_same(trained, "mirrored", name)
    model = rnnkit.load_model(trained / "mirrored" / "models" / f"{name}.keras")
    with np.load(trained / "alone" / f"{name}.npz") as weights:
        for found, key in zip(model.get_weights(), weights.files, strict=True):
            np.testing.assert_allclose(found, weights[key], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", TOGETHER)
def test_two_processes(machines, name):
    for number in range(2):
        check_same(machines, f"machine{number}", name)


@pytest.mark.slow
def test_the_chief_alone_writes(machines):
    """Models, and the state with which a stopped training went on to the same weights."""
    chief, other = machines / "machine0", machines / "machine1"
    assert sorted(os.listdir(chief / "models")) == sorted(f"{name}.keras" for name in TOGETHER)
    assert json.loads((chief / "stopped.json").read_text()) == ["spam.keras", "spam.keras.training"]
    assert not os.listdir(other / "models")
    assert json.loads((other / "stopped.json").read_text()) == []
    history = json.loads((chief / "spam.json").read_text())
    assert len(history["loss"]) == 3  # it stopped early


# === Parts ===


def machine(chief):
    return types.SimpleNamespace(extended=types.SimpleNamespace(should_checkpoint=chief))


def test_other_machines_leave_no_file(tmp_path):
    for chief, found in ((False, []), (True, ["a.txt", "m.keras.training"])):
        with replicas.written(tmp_path / "a.txt", machine(chief)) as temporary:
            with open(temporary, "w") as file:
                file.write("a")
        StateFile(tmp_path / "m.keras", machine(chief)).write({}, {})
        assert sorted(os.listdir(tmp_path)) == found
    StateFile(tmp_path / "m.keras", machine(False)).remove()
    assert sorted(os.listdir(tmp_path)) == found
    StateFile(tmp_path / "m.keras", machine(True)).remove()
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_part_without_rows_has_one():
    assert replicas.with_a_row(tf.zeros([0, 2])).numpy().tolist() == [[1, 1]]
    assert replicas.with_a_row(tf.zeros([0], tf.int32), 7).numpy().tolist() == [7]
    assert replicas.with_a_row(tf.constant([[2, 3]])).numpy().tolist() == [[2, 3]]


def test_one_replica_is_the_whole():
    assert replicas.count() == 1 and replicas.share(tf.constant(3.0)) == 1.0
    assert float(replicas.mean(tf.constant(6.0), tf.constant(0.0))) == 0.0
    loss = tf.constant(2.0)
    assert replicas.whole(loss) is loss
