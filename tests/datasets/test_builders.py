"""Embedded datasets that two processes prepare at once."""

import os
import subprocess
import sys
import time

import pytest

from rnnkit.data.readers import catalogue
from rnnkit.datasets import builders

NAME = "rnnkit_series/henon"


def prepare(folder, name):
    """Prepares a dataset in a folder once the other process has begun to; returns what is read."""
    make = builders.RnnkitSeries._generate_examples

    def waiting(self, series):
        (folder / name).touch()
        deadline = time.monotonic() + 60
        while len(list(folder.glob("process_*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        yield from make(self, series)

    builders.RnnkitSeries._generate_examples = waiting
    try:
        found = catalogue.load_series(NAME, data_dir=str(folder / "data"))
    finally:
        builders.RnnkitSeries._generate_examples = make
    return {
        split: sum(array.sum() for array in parts) for split, parts in found["examples"].items()
    }


@pytest.mark.slow
def test_two_processes_prepare_one_dataset(tmp_path):
    code = (
        "import pathlib, sys\n"
        "from tests.datasets.test_builders import prepare\n"
        "print(prepare(pathlib.Path(sys.argv[1]), 'process_2'))\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    found = prepare(tmp_path, "process_1")
    out, _ = other.communicate(timeout=60)
    assert other.returncode == 0 and out.strip() == str(found)
    # Nothing of the two attempts is left, and the next call reads what is there.
    versions = tmp_path / "data" / NAME
    assert [name for name in os.listdir(versions) if "incomplete" in name] == []
    assert prepare(tmp_path, "process_1") == found
