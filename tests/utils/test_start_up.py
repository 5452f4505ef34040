"""TensorFlow says nothing at its start that nobody can act on, and all else is heard."""

import os
import re
import subprocess
import sys

import pytest

from rnnkit.utils import start_up
from tests import helpers

USUAL = """
import os, sys
import rnnkit
rnnkit.models  # imports TensorFlow
import tensorflow as tf
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ
assert not any(type(each).__module__.startswith("rnnkit") for each in sys.meta_path)
# Devices can still be set up.
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
assert len(tf.config.list_logical_devices("CPU")) == 2
text = rnnkit.features.Text().adapt(["a b", "b"])
label = rnnkit.features.Label().adapt(["x", "y"])
model = rnnkit.models.ManyToOne(text, label, units=2, embedding_size=2)
model.fit(["a b", "b"], ["x", "y"], verbose=0)
os.write(2, b"heard")
"""
FAILING = """
import os, sys
import rnnkit

class Failing:
    def find_spec(self, name, *rest):
        if name == "tensorflow.python":
            os.write(2, b"W0000 a note\\nof somebody else\\n")
            raise RuntimeError("no such thing")

sys.meta_path.insert(0, Failing())
try:
    import tensorflow
except RuntimeError as error:
    print(error, file=sys.stderr)
os.write(2, b"heard")
"""


def heard(program, level=None):
    """What a program prints on standard error."""
    environment = {key: value for key, value in os.environ.items() if key != start_up.LEVEL}
    if level is not None:
        environment[start_up.LEVEL] = level
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=helpers.ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stderr


def test_a_script_hears_what_is_its_own():
    assert heard(USUAL) == "heard"


@pytest.mark.slow
def test_what_the_user_asks_for_is_heard():
    found = heard("import rnnkit; rnnkit.models", level="0")
    assert re.search(r"^[IE]\d{4} ", found, re.M), found


@pytest.mark.slow
def test_an_import_that_fails():
    assert heard(FAILING) == "of somebody else\nno such thing\nheard"


def test_nothing_is_lost(capfd):
    with start_up.without_notes():
        os.write(2, b"I0000 00:00:1 note\nsomething else\n")
    os.write(2, b"afterwards")
    assert capfd.readouterr().err == "something else\nafterwards"


def test_what_breaks_goes_on(capfd):
    with pytest.raises(KeyboardInterrupt), start_up.without_notes():
        os.write(2, b"before\n")
        raise KeyboardInterrupt
    os.write(2, b"after")
    assert capfd.readouterr().err == "before\nafter"
