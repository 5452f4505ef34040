"""Loading a model file, checked before anything in it is built."""

import os
import tempfile
import warnings

from rnnkit.formats.model_files import CONFIG, METADATA, WEIGHTS, ModelFile, Refused

UNBUILT = 2  # arrays of an optimizer before its first step: the step and the learning rate


def load_model(filepath, custom_objects=None):
    """Loads a model that rnnkit saved; it predicts the same and can be trained further.

    `keras.models.load_model` loads the same files after `import rnnkit`, without these checks.

    The file is checked before anything in it is built: it must be a local `.keras` archive whose
    parts unpack to what a model of that size takes, every object it names must be rnnkit's or on a
    list of harmless Keras objects, and no size it declares may exceed the weights it holds. No
    code from the file is run.

    Args:
        filepath: Path of a `.keras` file.
        custom_objects: Dict of registered name to class, for cells, layers or features of your
            own: they are trusted because you name them here. A cell that `register_cell` was given
            goes by its name, `{name: builder}`, a tokenizer by its registered name,
            `{name: function}`. Neither is needed where the program registers it before it loads
            the file; on the command line `--recipe file.py` names a file that does.

    Returns:
        The model, with its features, weights and optimizer. Of a file that Keras saved of a plain
        graph of layers (functional or `Sequential`), of rnnkit's and harmless ones of Keras, the
        Keras model.

    Raises:
        ValueError: If the file is missing, damaged, no model file or names foreign objects.

    Example:

    >>> model = rnnkit.load_model("sentiment.keras")
    >>> model.infer("a delight from start to finish")["label"]
    'positive'
    """
    path = _local_path(filepath)
    custom_objects = dict(custom_objects or {})
    try:
        config, stored = _read(path)
        return _build(path, config, stored, custom_objects)
    except Refused as refused:
        raise ValueError(f"{path} was not loaded: {refused}.") from refused.__cause__


def _local_path(filepath):
    path = os.fspath(filepath)
    if "://" in path or path.startswith("\\\\"):
        raise ValueError(
            f"load_model takes a local file; download it first. Received: filepath={path!r}"
        )
    if path.endswith((".h5", ".hdf5")):
        raise ValueError(
            "load_model takes '.keras' files; the old HDF5 format can hold code and is not "
            f"loaded. Received: filepath={path!r}"
        )
    if os.path.isdir(path):
        raise ValueError(f"load_model takes a '.keras' file. Received: the folder {path!r}")
    if not os.path.exists(path):
        raise ValueError(f"There is no file {path!r}. load_model takes a saved '.keras' file")
    if not path.endswith(".keras"):
        raise ValueError(
            f"load_model takes a file that ends in '.keras'. Received: filepath={path!r}"
        )
    return path


def _read(path):
    """The configuration of a file and what its weights hold, after all checks of the file."""
    from rnnkit.saving.weights import inspect_weights

    try:
        with ModelFile(path) as file, tempfile.TemporaryDirectory() as folder:
            file.read_json(METADATA)
            config = file.read_json(CONFIG)
            weights = os.path.join(folder, WEIGHTS)
            file.unpack(WEIGHTS, weights)
            stored = inspect_weights(weights)
    except Refused:
        raise
    except Exception as error:  # there is no end of what zipfile raises for damaged files
        what = "truncated, damaged or no Keras model file"
        raise Refused(f"it is {what} ({_first_line(error)})") from error
    fits = isinstance(config, dict) and isinstance(config.get("config"), dict)
    if not fits or not isinstance(config.get("class_name"), str):
        raise Refused("its configuration does not describe a model")
    return config, stored


def _build(path, config, stored, custom_objects):
    import keras

    # Registers what a file may name.
    from rnnkit import features, layers, models  # noqa: F401
    from rnnkit.saving.objects import check_objects
    from rnnkit.saving.sizes import check_sizes

    objects = check_objects(config, custom_objects)
    known = {
        name: value for name, value in keras.saving.get_custom_objects().items() if ">" in name
    }
    known |= custom_objects
    try:
        check_sizes(config, objects, stored, known)
        with keras.saving.custom_object_scope(known), warnings.catch_warnings():
            # Where Keras would leave weights as they were made. A model that was never trained is
            # saved with an optimizer that has none yet.
            warnings.filterwarnings("error", message="Skipping")
            if stored.optimizer <= UNBUILT:
                warnings.filterwarnings("ignore", message="Skipping variable loading for optim")
            return keras.saving.load_model(path, safe_mode=True)
    except Refused:
        raise
    except Exception as error:
        # Whatever Keras says, the cause is the file.
        raise Refused(f"it could not be rebuilt ({_first_line(error)})") from error


def _first_line(error):
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:400] if lines else ''}"
