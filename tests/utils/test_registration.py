"""Keras finds rnnkit's classes where only rnnkit is imported."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from rnnkit import features, layers, models  # noqa: F401  registers the classes
from rnnkit.utils.registration import NAMES
from tests import helpers

LOAD = """
import sys
{first}
{second}
import numpy as np
assert "rnnkit.models" not in sys.modules and "rnnkit.layers" not in sys.modules
assert not any(type(each).__module__.startswith("rnnkit") for each in sys.meta_path)
assert type(keras.__loader__).__module__ != "rnnkit.utils.registration"
plain = keras.models.load_model(sys.argv[1])
assert type(plain.layers[-1]).__module__ == "rnnkit.layers.pooling", plain.layers
text = keras.saving.load_model(sys.argv[2])
assert type(text).__name__ == "ManyToOne" and text.infer("high")["label"] in ("no", "yes")
# By the same name the class itself is found now.
assert keras.saving.get_registered_object("rnnkit>CRF").__module__ == "rnnkit.layers.crf"
x = np.load(sys.argv[3])
np.testing.assert_array_equal(rnnkit.load_model(sys.argv[1])(x), plain(x))
np.save(sys.argv[3], plain(x))
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A plain functional model and a model of rnnkit, as files, and the plain one itself."""
    folder = tmp_path_factory.mktemp("files")
    inputs = keras.Input((None, 3))
    states = layers.recurrent("gru", 4, bidirectional=True, return_sequences=True)(inputs)
    plain = keras.Model(inputs, layers.SequencePooling("mean")(states))
    plain.save(folder / "plain.keras")
    texts, labels = helpers.presence(8)
    text, label = helpers.features(texts, labels)
    models.ManyToOne(text, label, units=4, embedding_size=3).save(folder / "text.keras")
    return plain, folder / "plain.keras", folder / "text.keras"


def test_every_registered_class_has_a_placeholder():
    known = keras.saving.get_custom_objects()
    assert sorted(NAMES) == sorted(
        name.removeprefix("rnnkit>") for name in known if name.startswith("rnnkit>")
    )


@pytest.mark.parametrize(
    "first, second",
    [
        ("import rnnkit", "import keras"),
        pytest.param("import keras", "import rnnkit", marks=pytest.mark.slow),
        pytest.param(
            "import rnnkit", "import tensorflow as tf; import keras", marks=pytest.mark.slow
        ),
    ],
)
def test_either_order_of_imports(first, second, files, tmp_path):
    plain, *paths = files
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    subprocess.run(
        [sys.executable, "-c", LOAD.format(first=first, second=second), *paths, tmp_path / "x.npy"],
        check=True,
        cwd=helpers.ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        timeout=300,
    )
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), plain(x))
