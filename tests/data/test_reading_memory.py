"""Memory that large files take to read; `tests.benchmarks.reading` measures more of it."""

import sys

import pytest

from tests.benchmarks import reading

# Rows of each file, and how many times as large as the file the process may grow while it is read.
# The first is read in a fresh process; the other has what that one left as well.
ROWS = 40_000
MOST = {"csv": 3.5, "tagged": 3.5}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux counts the memory of a process")
def test_memory_is_a_few_times_the_file(tmp_path):
    for kind in MOST:
        reading.write(kind, tmp_path, ROWS)
    found = reading.measure(list(MOST), tmp_path)
    ratios = {kind: each["peak"] / each["size"] for kind, each in found.items()}
    print(ratios)
    assert all(ratios[kind] < most for kind, most in MOST.items()), ratios
    assert found["csv"]["sizes"] == {"train": 32_000, "validation": 4_000, "test": 4_000}
