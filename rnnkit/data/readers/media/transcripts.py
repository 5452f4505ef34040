"""TFDS datasets of recordings with their texts: which features are which, and as raw examples."""

import numpy as np
import tensorflow as tf

# Kinds of input that this is about.
INPUTS = ("audio", "strokes")


def choose(builder, data_type, given, name):
    """The features of a TFDS dataset that are the recording and its text.

    The dataset's supervised keys are taken where they fit, otherwise the only features that do.
    Classes count as texts where there is no text: the name of the class is what is said.

    Args:
        builder: TFDS builder.
        data_type: One of `INPUTS`.
        given: Dict of `"input"`, `"target"` to the name of a feature, or None.
        name: TFDS name, for messages.

    Returns:
        The pair of names.

    Raises:
        ValueError: If a feature is unknown, or none or several fit.
    """
    features, keys = builder.info.features, builder.info.supervised_keys or (None, None)
    chosen = []
    for role, usual, tests in (
        ("input", keys[0], _TESTS[data_type]),
        ("target", keys[1], (_is_text, _is_class, _is_classes)),
    ):
        found = {key: type(value).__name__ for key, value in features.items()}
        wish = (given or {}).get(role)
        if wish is not None and wish not in features:
            raise ValueError(f"{name} has no feature {wish!r} for the {role}. Found: {found}")
        key = wish if wish is not None else usual
        if isinstance(key, str) and key in features and any(fits(features[key]) for fits in tests):
            chosen.append(key)
            continue
        what = data_type if role == "input" else "text"
        if wish is not None:
            raise ValueError(f"{name}: the feature {wish!r} is no {what}. Found: {found}")
        fitting = next(
            (same for fits in tests if (same := [k for k, v in features.items() if fits(v)])), []
        )
        if len(fitting) != 1:
            many = "several features" if fitting else "no feature"
            hint = f": say which is the {role} with {role}={fitting[0]!r}" if fitting else ""
            raise ValueError(f"{name} has {many} of data type {what}{hint}. Found: {found}")
        chosen.append(fitting[0])
    return tuple(chosen)


def example(builder, x, y):
    """A function from a TFDS example to raw `(x, y)`: wav bytes or points, and the text."""
    features = builder.info.features
    sound, labels = features[x], features[y]
    rate = getattr(sound, "sample_rate", None)
    if _is_sound(sound) and not rate:
        raise ValueError(
            f"{builder.info.name} does not say at which sampling rate its feature {x!r} is: write "
            "its clips as wav files"
        )
    names = getattr(getattr(labels, "feature", labels), "names", None)
    names = None if names is None else tf.constant(names)

    def pair(row):
        value, text = row[x], row[y]
        if rate:
            samples = tf.cast(value, tf.float32)
            samples = samples if samples.shape.rank == 2 else samples[:, None]
            value = tf.audio.encode_wav(samples / 2**15, rate)
        if names is not None:
            text = tf.gather(names, text)
            text = tf.strings.reduce_join(text, separator=" ") if text.shape.rank else text
        return value, text

    return pair


def _is_sound(feature):
    import tensorflow_datasets as tfds

    return isinstance(feature, tfds.features.Audio)


def _is_wav(feature):
    return _is_plain(feature) and feature.shape == () and feature.np_dtype == np.object_


def _is_points(feature):
    numbers = np.issubdtype(feature.np_dtype, np.floating) if _is_plain(feature) else False
    return numbers and feature.shape == (None, 3)


def _is_plain(feature):
    import tensorflow_datasets as tfds

    return type(feature) is tfds.features.Tensor


def _is_text(feature):
    import tensorflow_datasets as tfds

    return isinstance(feature, tfds.features.Text)


def _is_class(feature):
    import tensorflow_datasets as tfds

    return isinstance(feature, tfds.features.ClassLabel)


def _is_classes(feature):
    import tensorflow_datasets as tfds

    return isinstance(feature, tfds.features.Sequence) and _is_class(feature.feature)


_TESTS = {"audio": (_is_sound, _is_wav), "strokes": (_is_points,)}
