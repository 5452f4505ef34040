"""Results that draw themselves; see `rnnkit.utils.pictures`."""

import subprocess
import sys

import pytest

from rnnkit.utils import pictures


def test_draws_by_name_with_all_arguments(monkeypatch):
    monkeypatch.setattr(pictures, "_drawing", {})
    pictures.register_plots("math")
    assert pictures.draw("hypot", 3, 4) == 5


def test_says_when_nothing_draws(monkeypatch):
    monkeypatch.setattr(pictures, "_drawing", {})
    with pytest.raises(RuntimeError, match="'memory' cannot be drawn"):
        pictures.draw("memory", None)


def test_a_result_draws_itself_in_a_process_that_imported_it_alone():
    script = """
import sys
from rnnkit.comparison.result import Comparison
assert "rnnkit.plots" not in sys.modules and "matplotlib" not in sys.modules
about = {"task": "t", "score": "mse", "direction": "min", "threshold": None, "baselines": {},
         "seeds": [0]}
run = {"cell": "lstm", "lag": 10, "score": 0.5, "seed": 0, "status": "finished", "solved": None}
import matplotlib
matplotlib.use("agg")
print(type(Comparison(about, [run]).plot()).__name__)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.strip() == "Axes", found.stderr
