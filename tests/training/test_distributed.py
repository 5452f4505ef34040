"""Any number of replicas, in one process or several, learns what one device does."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

import rnnkit
from tests.training.distributed import MORE, ROWS

pytestmark = pytest.mark.slow
SECONDS = 900


def start(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.distributed", *map(str, arguments)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(processes):
    try:
        for process in processes:
            said, _ = process.communicate(timeout=SECONDS)
            assert process.returncode == 0, said[-5000:]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of what one device learned, and two in one process."""
    out = tmp_path_factory.mktemp("replicas")
    finish([start("mirrored", out, *ROWS, *MORE)])
    return out


@pytest.fixture(scope="module")
def machines(trained):
    """What two processes learned: a folder of each within that folder."""
    sockets = [socket.socket() for _ in range(2)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    processes = []
    for number in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
        processes.append(start("machines", trained, TF_CONFIG=json.dumps(task)))
    finish(processes)
    return trained


def check_same(one, other):
    """Raises unless two trainings ended with the same weights after the same course."""
    with np.load(one.with_suffix(".npz")) as a, np.load(other.with_suffix(".npz")) as b:
        assert a.files == b.files
        for key in a.files:
            np.testing.assert_allclose(a[key], b[key], atol=1e-5, rtol=1e-5)
    a, b = (json.loads(path.with_suffix(".json").read_text()) for path in (one, other))
    assert a.keys() == b.keys() and all(len(a[key]) == len(b[key]) for key in a)
    for key in a:
        np.testing.assert_allclose(a[key], b[key], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", [*ROWS, *MORE])
def test_two_replicas(trained, name):
    check_same(trained / f"alone_{name}", trained / f"mirrored_{name}")
    model = rnnkit.load_model(trained / f"mirrored_{name}.keras")
    with np.load(trained / f"alone_{name}.npz") as weights:
        for found, key in zip(model.get_weights(), weights.files, strict=True):
            np.testing.assert_allclose(found, weights[key], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ROWS)
def test_two_processes(machines, name):
    for number in "01":
        check_same(machines / f"alone_{name}", machines / number / f"machines_{name}")
    # The chief alone writes the model.
    assert rnnkit.load_model(machines / "0" / f"machines_{name}.keras").recipe == name
    assert not (machines / "1" / f"machines_{name}.keras").exists()
