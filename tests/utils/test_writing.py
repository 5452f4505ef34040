"""Files that are whole or not there, and what a killed process leaves behind."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from rnnkit.utils import writing
from tests import helpers

KILLED = """
import os, sys
from rnnkit.utils.writing import atomically
with atomically(sys.argv[1]) as temporary:
    open(temporary, "w").write("half")
    print(os.listdir(os.path.dirname(sys.argv[1])), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path):
    """A process that is in the middle of writing `a.txt`."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "a.txt")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=helpers.ROOT,
    )
    assert ".a.txt." in process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def write(path, text):
    with writing.atomically(path) as temporary, open(temporary, "w") as file:
        file.write(text)


def test_what_a_killed_process_left_is_removed_by_the_next(writer, tmp_path):
    path = tmp_path / "a.txt"
    (left,) = os.listdir(tmp_path)
    assert re.fullmatch(rf"\.a\.txt\.[0-9a-f]{{8}}-{writer.pid}\.\w{{8}}", left)
    write(path, "whole")
    assert sorted(os.listdir(tmp_path)) == sorted([left, "a.txt"])  # its process is at work
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    write(tmp_path / "b.txt", "other")
    assert left in os.listdir(tmp_path)  # of another file
    write(path, "again")
    assert sorted(os.listdir(tmp_path)) == ["a.txt", "b.txt"] and path.read_text() == "again"


def test_what_others_may_need_stays(tmp_path):
    host, mine = writing._host(), os.getpid()
    kept = [
        f".a.{host}-{os.getppid()}.abcd1234",  # of a process that runs
        ".a.00000000-999999999.abcd1234",  # of another machine
        f".a.{host}-999999999.abc",  # no name of ours
        f".ab.{host}-999999999.abcd1234",
        ".a.abcd1234",
    ]
    gone = [f".a.{host}-999999999.abcd1234", f".a.{host}-{mine}.abcd1234"]  # a number used again
    for name in kept + gone:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("half")
    with writing.atomically(tmp_path / "a") as temporary:
        inside = os.path.basename(os.path.dirname(temporary))
        write(tmp_path / "a", "meanwhile")  # the same path, in this process
        assert sorted(os.listdir(tmp_path)) == sorted([*kept, inside, "a"])
        with open(temporary, "w") as file:
            file.write("whole")
    assert (tmp_path / "a").read_text() == "whole"
    assert sorted(os.listdir(tmp_path)) == sorted([*kept, "a"])


def test_a_whole_folder_is_cleared_of_them(tmp_path):
    host = writing._host()
    for name in (f".a.json.{host}-999999999.abcd1234", f".b.{host}-{os.getppid()}.abcd1234", ".c"):
        (tmp_path / name).mkdir()
    with writing.scratch_beside(tmp_path / "d") as mine:
        writing.remove_left_behind(tmp_path)
        assert os.path.isdir(mine) and len(os.listdir(tmp_path)) == 3


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    write(tmp_path / "a", "old")
    with pytest.raises(RuntimeError), writing.atomically(tmp_path / "a") as temporary:
        with open(temporary, "w") as file:
            file.write("half")
        raise RuntimeError
    assert os.listdir(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old"


@pytest.mark.slow
def test_a_full_folder_does_not_slow_it(tmp_path):
    for number in range(2000):
        (tmp_path / f"{number}.csv").touch()
    begun = time.perf_counter()
    for _ in range(10):
        write(tmp_path / "a", "x")
    assert time.perf_counter() - begun < 1
