"""Which features of a TFDS dataset are the input and the target."""

import numpy as np
import tensorflow as tf

from rnnkit.data.readers.text.parallel import choose as choose_names

# Recordings, whose targets are texts, or classes that are read as texts.
RECORDINGS = ("audio", "strokes")


def choose(builder, input_type, target_type, given=None, name=None):
    """The names of the features that are input and target.

    Args:
        builder: TFDS builder.
        input_type, target_type: Data types, such as `"text"` and `"label"`.
        given: Dict of `"input"`, `"target"` to the user's own choice, or None.
        name: TFDS name, for messages.

    Raises:
        ValueError: If a feature is unknown, or none or several fit.
    """
    given, usual = given or {}, (None, None)
    if input_type == "words":
        targets = {"tags": ("tags", "upos", "pos"), "entities": ("entities", "ner", "tags")}
        names = {"input": ("words", "tokens"), "target": targets[target_type]}
        return tuple(_sequence(builder, role, given.get(role), names[role], name) for role in names)
    if input_type == target_type:
        return _pair(builder, input_type, given, name)
    if input_type in RECORDINGS:
        usual, target_type = builder.info.supervised_keys or usual, "transcript"
    wanted = zip(("input", "target"), (input_type, target_type), usual, strict=True)
    return tuple(one(builder, what, role, given.get(role), name, key) for role, what, key in wanted)


def one(builder, data_type, role, wish, name, usual=None):
    """The name of the feature of one data type.

    Args:
        builder, name: As in `choose`.
        data_type: A data type.
        role: `"input"` or `"target"`.
        wish: The user's own choice, or None.
        usual: The name that is taken where it fits, or None.
    """
    features, tests = builder.info.features, _tests(data_type)
    found = {key: type(value).__name__ for key, value in features.items()}
    what = {"transcript": "text", "frames": "video", "tags": "labels"}.get(data_type, data_type)
    if wish is not None:
        if wish not in features:
            raise ValueError(f"{name} has no feature {wish!r} for the {role}. Found: {found}")
        free = data_type in ("text", "label", "image", "events", "series")  # read as it comes
        if not free and not any(fits(features[wish]) for fits in tests):
            raise ValueError(f"{name}: the feature {wish!r} is no {what}. Found: {found}")
        return wish
    if (
        isinstance(usual, str)
        and usual in features
        and any(fits(features[usual]) for fits in tests)
    ):
        return usual
    fitting = [[key for key, value in features.items() if fits(value)] for fits in tests]
    fitting = next(filter(None, fitting), [])
    if len(fitting) == 1:
        return fitting[0]
    many = "several features" if fitting else "no feature"
    hint = f": say which with {role}={fitting[0]!r}" if fitting else ""
    raise ValueError(f"{name} has {many} of data type {what} for the {role}{hint}. Found: {found}")


def named(feature):
    """A function from the classes of a feature to their names; other values stay as they are."""
    names = getattr(feature, "names", None)
    if names is None:
        return lambda value: value
    table = tf.constant(names, tf.string)
    return lambda value: tf.gather(table, value)


def _pair(builder, data_type, given, name):
    """Which two features of one data type are input and target: as given, or as the dataset has it.

    The sides of a `Translation` are features by the names of their languages.
    """
    features, keys = builder.info.features, builder.info.supervised_keys
    (fits,) = _tests(data_type)
    found = [key for key, value in features.items() if fits(value)]
    if len(found) < 2:
        known = {key: type(value).__name__ for key, value in features.items()}
        raise ValueError(f"{name} has no two features of data type {data_type}. Found: {known}")
    usual = {}
    if keys is not None and len(keys) == 2 and all(key in found for key in keys):
        usual = {role: (key,) for role, key in zip(("input", "target"), keys, strict=True)}
    return choose_names(found, usual, given, name, name)


def _sequence(builder, role, wish, names, name):
    """The feature with a sequence that has one of some names, or the name that was wished for."""
    features = builder.info.features
    found = {key: type(value).__name__ for key, value in features.items()}
    if wish is not None and wish not in features:
        raise ValueError(f"{name} has no feature {wish!r} for the {role}. Found: {found}")
    key = wish or next((each for each in names if each in features), None)
    if key is None or not hasattr(features[key], "feature"):
        raise ValueError(
            f"{name} has no sequence for the {role}: expected one of {names} (or say which "
            f"with {role}=...). Found: {found}"
        )
    return key


def _tests(data_type):
    """Functions that say whether a feature is of a data type, the best ones first."""
    from tensorflow_datasets import features as kit

    def plain(feature):
        return type(feature) is kit.Tensor

    def is_a(connector):
        return lambda feature: isinstance(feature, connector)

    def wav(feature):
        return plain(feature) and feature.shape == () and feature.np_dtype == np.object_

    def points(feature):
        numbers = plain(feature) and np.issubdtype(feature.np_dtype, np.floating)
        return numbers and feature.shape == (None, 3)

    def classes(feature):
        return isinstance(getattr(feature, "feature", None), kit.ClassLabel)

    def clip(feature):
        shape = feature.shape if plain(feature) else ()
        pixels = len(shape) == 4 and feature.np_dtype == np.uint8 and None not in shape[1:]
        return isinstance(feature, kit.Video) or pixels

    def series(feature):
        shape = feature.shape if type(feature) in (kit.Tensor, kit.Sequence) else ()
        flat = isinstance(shape, tuple) and len(shape) in (1, 2)
        return flat and np.issubdtype(feature.np_dtype, np.floating)

    return {
        "text": (is_a(kit.Text),),
        "events": (is_a(kit.Text),),
        "label": (is_a(kit.ClassLabel),),
        "image": (is_a(kit.Image),),
        "audio": (is_a(kit.Audio), wav),
        "strokes": (points,),
        "transcript": (is_a(kit.Text), is_a(kit.ClassLabel), classes),
        "frames": (clip,),
        "tags": (classes,),
        "series": (series,),
    }[data_type]
