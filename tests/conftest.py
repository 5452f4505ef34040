"""What all tests share: a quiet TensorFlow, plots without a window, and a fresh process."""

import gc
import os
import random
import sys

# Before TensorFlow and matplotlib are imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest

from tests import helpers

# Files whose tests are long and share nothing: each test is a piece of work of its own.
LONG = ("test_notebooks.py", "test_recipes.py")


def pytest_collection_modifyitems(items):
    """Puts the longest work first, so that no process is left with it at the end."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is
def pytest_xdist_make_scheduler(config, log):
    """Gives the processes whole files, whose fixtures train models, and the long tests singly."""
    from xdist.scheduler import LoadFileScheduling

    class Pieces(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split("::")[0]
            return nodeid if file.endswith(LONG) else file

    return Pieces(config, log)


def pytest_collection_finish(session):
    """What has been imported stays: the search for garbage need not go through it time and again.

    Graphs are many small objects, so that Python's own thresholds make it search all the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 5)


def _seed():
    """Seeds what Keras' initializers and NumPy draw from.

    Not TensorFlow's global seed, on which what is seeded depends as well: processes that a test
    starts have none. What a test before set is taken back.
    """
    random.seed(1)
    np.random.seed(1)
    tf = sys.modules.get("tensorflow")
    if tf is not None and tf.compat.v1.get_seed(None)[0] is not None:
        tf.random.set_seed(None)


@pytest.fixture(autouse=True, scope="module")
def seeded_fixtures():
    """What a module's fixtures draw is the same whatever ran before it."""
    _seed()


@pytest.fixture(autouse=True)
def seeded(seeded_fixtures):
    """What a test draws is the same alone, after other tests, and on every machine."""
    _seed()


@pytest.fixture(scope="session")
def fresh():
    """A process that has trained nothing; see `helpers.Fresh`."""
    with helpers.Fresh() as process:
        yield process


@pytest.fixture
def feature_in_fresh_process(fresh):
    """Function `(feature, raw values) -> encoded list` that rebuilds the feature elsewhere."""
    import keras

    def encode(feature, values):
        config = keras.saving.serialize_keras_object(feature)
        return fresh.call("encode", config=config, values=values)

    return encode
