"""Loading, checked before anything is built, and writing that is never left half done."""

import json
import os
import zipfile

# The parts of a model file. Nothing else belongs in one.
PARTS = {"metadata.json", "config.json", "model.weights.h5"}
CONFIG_LIMIT = 256 * 2**20

# Serialised objects that a model file may name: rnnkit's own registered classes, and Keras' in
# these modules. Keras' modules that build layers, models or call files (`keras.layers`,
# `keras.utils`, ...) are admitted class by class.
KERAS_MODULES = {
    "keras",
    "keras.constraints",
    "keras.initializers",
    "keras.losses",
    "keras.metrics",
    "keras.optimizers",
    "keras.optimizers.schedules",
    "keras.regularizers",
}
KERAS_CLASSES = {
    "DTypePolicy",
    "GRUCell",
    "LSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
}
KERAS_FUNCTIONS = {"keras.activations", "keras.losses", "keras.metrics", "builtins"}
# Keras' classes above that call back into arbitrary functions or models.
REFUSED = {"Lambda", "LossFunctionWrapper", "MeanMetricWrapper", "SumOverBatchSizeMetricWrapper"}


def load_model(filepath, custom_objects=None):
    """Loads a model that rnnkit saved; it predicts the same and can be trained further.

    The file is checked before anything in it is built: it must be a local `.keras` archive, and
    every object it names must be rnnkit's or on a list of harmless Keras objects. No code from the
    file is run.

    Args:
        filepath: Path of a `.keras` file.
        custom_objects: Dict of registered name to class, for cells, layers or features of your
            own: they are trusted because you name them here.

    Returns:
        The model, with its features, weights and optimizer.

    Raises:
        ValueError: If the file is missing, damaged, no model file or names foreign objects.

    Example:

    >>> model = rnnkit.load_model("sentiment.keras")
    >>> model.infer("a delight from start to finish")["label"]
    'positive'
    """
    path = _local_path(filepath)
    custom_objects = dict(custom_objects or {})
    config = _read_config(path)

    import keras

    # Registers what a file may name.
    from rnnkit import features, layers, models  # noqa: F401

    _check_objects(config, path, custom_objects)
    if not str(config.get("registered_name", "")).startswith("rnnkit>") and (
        config.get("registered_name") not in custom_objects
        and config.get("class_name") not in custom_objects
    ):
        raise _refusal(path, f"it holds a {config.get('class_name')!r}, not a model of rnnkit")
    known = {
        name: value for name, value in keras.saving.get_custom_objects().items() if ">" in name
    }
    known |= custom_objects
    _check_size(config, path, known)
    with keras.saving.custom_object_scope(known):
        try:
            return keras.saving.load_model(path, safe_mode=True)
        except Exception as error:
            # Whatever Keras says, the cause is the file.
            raise _refusal(path, f"it could not be rebuilt ({_first_line(error)})") from error


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


def _refusal(path, reason):
    return ValueError(f"{path} was not loaded: {reason}.")


def _first_line(error):
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200] if text else ''}"


def _read_config(path):
    """The archive's `config.json`, after checking that the archive is whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if not names >= PARTS:
                missing = ", ".join(sorted(PARTS - names))
                raise _refusal(path, f"it is no complete Keras model (without {missing})")
            if names - PARTS:
                raise _refusal(path, f"it holds unexpected parts: {sorted(names - PARTS)[:5]}")
            if archive.getinfo("config.json").file_size > CONFIG_LIMIT:
                raise _refusal(path, "its configuration is larger than 256 MiB")
            broken = archive.testzip()
            if broken:
                raise _refusal(path, f"its part {broken} is damaged")
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise _refusal(
            path, f"it is truncated, damaged or no Keras model file ({_first_line(error)})"
        ) from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, NotImplementedError):
        raise _refusal(path, "its configuration is damaged") from None
    fits = isinstance(config, dict) and isinstance(config.get("config"), dict)
    if not fits or "class_name" not in config:
        raise _refusal(path, "its configuration does not describe a model")
    return config


def _check_objects(config, path, custom_objects):
    """Refuses a configuration that names anything but allowed objects."""
    import keras

    registered = keras.saving.get_custom_objects()
    pending = [config]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
            continue
        if not isinstance(node, dict):
            continue
        pending.extend(node.values())
        if "class_name" not in node or "config" not in node:
            if node.get("class_name") in ("__lambda__", "Lambda"):
                raise _refusal(path, "it holds a lambda, which is code")
            continue
        name, module = node["class_name"], node.get("module")
        full = node.get("registered_name")
        if name in ("__lambda__", "Lambda") or name in REFUSED:
            raise _refusal(path, f"it holds a {name}, which can run code")
        if name in custom_objects or full in custom_objects:
            continue
        if isinstance(full, str) and full.startswith("rnnkit>"):
            if full in registered and registered[full].__name__ == name:
                continue
        elif name == "function":
            if module in KERAS_FUNCTIONS and isinstance(node["config"], str):
                if hasattr(keras.activations, node["config"]) or hasattr(
                    keras.losses, node["config"]
                ):
                    continue
        elif module in KERAS_MODULES and full in (None, name):
            if module != "keras" or name in KERAS_CLASSES:
                continue
        elif module == "keras.layers" and name in KERAS_CLASSES and full in (None, name):
            continue
        raise _refusal(
            path,
            f"it names the object {full or name!r} of module {module!r}, which is not on the list "
            "of what a model file may hold. If it is your own, pass "
            f"custom_objects={{{(full or name)!r}: ...}}",
        )


def _check_size(config, path, custom_objects):
    """Refuses a configuration that declares more weights than the file holds.

    Layers allocate what their configuration declares before weights are read; a few bytes could
    otherwise ask for all memory.
    """
    import math

    import h5py

    from rnnkit.models.declared import declared_shapes

    with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as stream:
        stored, arrays = 0, 0
        try:
            with h5py.File(stream, "r") as weights:

                def count(_, item):
                    nonlocal stored, arrays
                    if isinstance(item, h5py.Dataset):
                        arrays += 1
                        # What is stored, not what is declared.
                        stored += min(item.size, max(item.id.get_storage_size(), 0))

                weights.visititems(count)
        except OSError as error:
            raise _refusal(path, f"its weights are damaged ({_first_line(error)})") from None
    largest = _largest_integer(config.get("config"))
    if largest > max(stored, 2**20):
        raise _refusal(path, f"it declares a size of {largest:,} but holds only {stored:,} numbers")
    counts = [config["config"].get(name, 1) for name in ("num_layers", "ensemble")]
    layers = math.prod(count for count in counts if isinstance(count, int))
    if layers > arrays:
        raise _refusal(path, f"it declares {layers:,} layers but holds only {arrays:,} arrays")
    try:
        declared, metrics = (
            sum(math.prod(shape) for shape in shapes)
            for shapes in declared_shapes(config, custom_objects)
        )
    except Exception as error:
        raise _refusal(path, f"it could not be rebuilt ({_first_line(error)})") from error
    if declared > stored:
        raise _refusal(
            path, f"it declares {declared:,} numbers as weights but holds only {stored:,}"
        )
    if metrics > 2**20:
        raise _refusal(path, f"its metrics need {metrics:,} numbers")


# Integers that are no sizes. Keras gives an object that is used twice an id.
_NO_SIZES = ("seed", "shared_object_id")


def _largest_integer(node):
    """The largest size a configuration declares."""
    if isinstance(node, dict):
        return max(
            (_largest_integer(value) for key, value in node.items() if key not in _NO_SIZES),
            default=0,
        )
    if isinstance(node, list):
        return max((_largest_integer(value) for value in node), default=0)
    return node if isinstance(node, int) and not isinstance(node, bool) else 0
