"""What all tests share: a quiet TensorFlow, plots without a window, and a fresh process."""

import os

# Before TensorFlow and matplotlib are imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest

from tests import helpers


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
