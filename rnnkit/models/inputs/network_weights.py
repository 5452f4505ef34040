"""Weights for networks of `keras.applications`: from ImageNet, or from a file."""

import contextlib
import os
import socket
import tempfile

import h5py
import keras
import numpy as np

from rnnkit.formats.model_files import WEIGHTS, ModelFile
from rnnkit.utils.messages import shorten

# Numbers in the weights of each network without its top, which tell what a file is of.
NUMBERS = {
    "DenseNet121": 7_037_504,
    "EfficientNetV2B0": 5_919_312,
    "MobileNet": 3_228_864,
    "MobileNetV2": 2_257_984,
    "MobileNetV3Large": 2_996_352,
    "MobileNetV3Small": 939_120,
    "ResNet50": 23_587_712,
    "ResNet50V2": 23_564_800,
    "VGG16": 14_714_688,
}
ENDINGS = (".weights.h5", ".keras", ".h5")
# Seconds to wait for an answer of the server: without a network nobody wants to wait for minutes.
PATIENCE = 10


def load(layer, network_weights):
    """Gives a network its first weights.

    Args:
        layer: A built `rnnkit.layers.ImageNetwork`.
        network_weights: `"imagenet"`, which Keras downloads once and keeps in `~/.keras/models`; or
            the path of a file with the weights of this network without its top: `.weights.h5`,
            `.keras` or `.h5`. Nothing but numbers is read of it.

    Raises:
        ValueError: If they cannot be downloaded, or the file is missing, damaged or of another
            network.
    """
    if network_weights == "imagenet":
        _download(layer)
        return
    if not isinstance(network_weights, (str, os.PathLike)):
        raise ValueError(
            "network_weights must be 'imagenet', the path of a file of weights, or None. "
            f"Received: network_weights={network_weights!r}"
        )
    path = os.fspath(network_weights)
    _check_path(path)
    with tempfile.TemporaryDirectory() as folder:
        try:
            file = _unpacked(path, folder) if path.endswith(".keras") else path
            arrays = _shapes(file)
        except Exception as error:  # there is no end of what is raised for damaged files
            raise ValueError(
                f"network_weights is no file of weights ({type(error).__name__}: "
                f"{shorten(error, 200)}). Received: network_weights={path!r}"
            ) from None
        wanted = sorted(tuple(weight.shape) for weight in layer.inner.weights)
        before = layer.inner.get_weights()
        try:
            if sorted(arrays) != wanted:
                raise ValueError(_differences(arrays, wanted))
            layer.inner.load_weights(file)
        except Exception as error:
            layer.inner.set_weights(before)
            raise ValueError(
                f"network_weights must be weights of {layer.network} without its top, as "
                f"`keras.applications.{layer.network}(include_top=False).save_weights(path)` "
                f"writes them. {_meant(arrays, layer.network)}Received: network_weights={path!r}: "
                f"{shorten(error)}"
            ) from None
    if not all(np.isfinite(weight).all() for weight in layer.inner.get_weights()):
        layer.inner.set_weights(before)
        raise ValueError(
            "network_weights holds numbers that are NaN or infinite. "
            f"Received: network_weights={path!r}"
        )


def _check_path(path):
    if not path.endswith(ENDINGS):
        raise ValueError(
            "network_weights must be 'imagenet' or a file that ends in "
            f"{', '.join(map(repr, ENDINGS))}. Received: network_weights={path!r}"
        )
    if not os.path.isfile(path):
        raise ValueError(f"network_weights names no file. Received: network_weights={path!r}")


def _unpacked(path, folder):
    """The weights within a model file, as a file of their own."""
    target = os.path.join(folder, WEIGHTS)
    with ModelFile(path) as file:
        file.unpack(WEIGHTS, target)
    return target


def _shapes(path):
    """Shapes of the arrays of the network in a file, without what an optimizer left there."""
    found = []

    def look(name, item):
        used = not name.startswith(("optimizer", "optimizer_weights"))
        if isinstance(item, h5py.Dataset) and used and item.dtype.kind == "f":
            found.append(tuple(item.shape))

    with h5py.File(path, "r") as file:
        file.visititems(look)
    return found


def _differences(arrays, wanted):
    numbers = sum(int(np.prod(shape)) for shape in arrays)
    if len(arrays) != len(wanted):
        right = sum(int(np.prod(shape)) for shape in wanted)
        return (
            f"it holds {len(arrays):,} arrays of {numbers:,} numbers, not {len(wanted):,} of "
            f"{right:,}"
        )
    missing = next(each for each in wanted if wanted.count(each) > arrays.count(each))
    return f"it holds as many arrays, but none of shape {missing} that is left"


def _meant(arrays, network):
    """Which network the file is of, where that can be told."""
    numbers = sum(int(np.prod(shape)) for shape in arrays)
    for name, count in NUMBERS.items():
        if numbers == count and name != network:
            return f"The file is of {name}: say network={name!r}. "
    if any(len(shape) == 2 and shape[1] == 1000 for shape in arrays):
        return "The file seems to be of a network with its top. "
    return ""


def _download(layer):
    make = getattr(keras.applications, layer.network)
    try:
        with _patience():
            found = make(include_top=False, weights="imagenet", input_shape=(224, 224, 3))
    except Exception as error:  # Keras raises a bare Exception
        raise ValueError(
            f"The weights of {layer.network} for network_weights='imagenet' are not on this "
            f"machine and could not be downloaded ({shorten(error)}). Give the path of a file with "
            "them: network_weights=PATH"
        ) from None
    layer.inner.set_weights(found.get_weights())


@contextlib.contextmanager
def _patience():
    """Limits how long connections that nobody set a limit for wait for an answer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
