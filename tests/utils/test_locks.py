"""Folders that one process works in at a time."""

import json
import os
import socket
import subprocess
import sys

import pytest

from rnnkit.utils import locks

HOLD = """
import sys
from rnnkit.utils import locks
with locks.held(sys.argv[1], "search"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process, which holds the folder until it is told to end, or dies."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_another_process_is_named_until_it_ends(holder, tmp_path):
    with pytest.raises(ValueError) as error, locks.held(tmp_path, "search"):
        pass
    for text in ("Another search", f"process {holder.pid}", socket.gethostname(), str(tmp_path)):
        assert text in str(error.value)
    assert os.listdir(tmp_path) == [locks.NAME]  # it still holds the folder
    holder.communicate("")
    assert os.listdir(tmp_path) == []
    with locks.held(tmp_path, "search"):
        assert json.loads((tmp_path / locks.NAME).read_text())["process"] == os.getpid()
    assert os.listdir(tmp_path) == []


def test_what_a_dead_process_left_is_taken_over(holder, tmp_path):
    holder.kill()
    holder.wait()
    assert json.loads((tmp_path / locks.NAME).read_text())["process"] == holder.pid
    with locks.held(tmp_path, "search"):
        pass
    assert os.listdir(tmp_path) == []


def test_one_process_holds_a_folder_once(tmp_path):
    with locks.held(tmp_path, "comparison"):
        with pytest.raises(ValueError, match=f"Another comparison .* process {os.getpid()}"):
            with locks.held(tmp_path, "comparison"):
                pass
        assert os.listdir(tmp_path) == [locks.NAME]
    with pytest.raises(KeyError), locks.held(tmp_path, "comparison"):
        raise KeyError
    assert os.listdir(tmp_path) == []


def test_another_machine_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / locks.NAME
    text = json.dumps({"process": 7, "host": "elsewhere", "since": "2026-01-02 03:04:05+00:00"})
    path.write_text(text)
    with pytest.raises(ValueError) as error, locks.held(tmp_path, "search"):
        pass
    for part in ("process 7 on the host elsewhere", "2026-01-02 03:04:05", f"says {path}"):
        assert part in str(error.value)
    assert "remove that file" in str(error.value) and path.read_text() == text
    path.unlink()
    with locks.held(tmp_path, "search"):
        pass


@pytest.mark.parametrize("text", ["", "{", "[1]", "\0" * 9])
def test_a_file_that_nobody_signed(tmp_path, text):
    (tmp_path / locks.NAME).write_text(text)
    with locks.held(tmp_path, "search"):
        assert json.loads((tmp_path / locks.NAME).read_text())["host"] == socket.gethostname()


def test_without_locks_of_the_system_the_process_counts(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(locks.errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(locks.fcntl, "flock", refuse)
    with locks.held(tmp_path, "search"):
        with pytest.raises(ValueError, match="If that process has ended, remove that file"):
            with locks.held(tmp_path, "search"):
                pass
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    owner = {"process": dead.pid, "host": socket.gethostname(), "since": ""}
    (tmp_path / locks.NAME).write_text(json.dumps(owner))
    with locks.held(tmp_path, "search"):
        pass
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="Cannot write the folder of the search"):
        with locks.held(tmp_path / "missing", "search"):
            pass
