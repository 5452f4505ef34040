"""What users have (lists, arrays, columns of pandas) as tensors of raw values, and back as text."""

import os

import numpy as np
import tensorflow as tf


def without_axes(values):
    """Whether a value is a text, bytes, a path, a number, or an array or tensor without axes."""
    if isinstance(values, (np.ndarray, tf.Tensor)):
        return len(values.shape) == 0
    return isinstance(values, os.PathLike) or np.isscalar(values)


def rank_of(values):
    """Axes of an array, a tensor or a nested list, by its first entries; 0 of a text."""
    if isinstance(values, (list, tuple)):
        return 1 + (rank_of(values[0]) if len(values) else 0)
    return len(values.shape) if isinstance(values, (tf.Tensor, np.ndarray)) else np.ndim(values)


def shape_of_numbers(values):
    """Shape of an array, a tensor or a nested list of numbers; None of anything else.

    A list of arrays is None: it holds several things, however they are shaped.
    """
    if isinstance(values, tf.Tensor):
        return tuple(values.shape) if values.dtype.is_floating or values.dtype.is_integer else None
    if isinstance(values, (list, tuple)):
        inside = values
        while isinstance(inside, (list, tuple)) and len(inside):
            inside = inside[0]
        if not isinstance(inside, (bool, int, float, np.number)):
            return None
        try:
            values = np.asarray(values)
        except ValueError:  # of several shapes
            return None
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf":
        return None
    return values.shape


def is_frame(values):
    """Whether values are a frame of pandas."""
    return hasattr(values, "columns") and hasattr(values, "to_numpy")


def is_pandas(values):
    """Whether values are a frame or a Series of pandas."""
    return hasattr(values, "to_numpy") and hasattr(values, "index")


def batch(dataset, size):
    """`Dataset.batch`, or `ragged_batch` where examples differ in shape."""
    ragged = any(
        None in spec.shape.as_list() if spec.shape.rank is not None else True
        for spec in tf.nest.flatten(dataset.element_spec)
    )
    return dataset.ragged_batch(size) if ragged else dataset.batch(size)


def convert(values, spec, name):
    """A batch of raw values as one tensor of `spec`'s dtype; see `Feature.to_tensor`."""
    if isinstance(values, (str, bytes)):
        raise ValueError(
            f"{name} takes a list of texts, not one text: pass [text]. Received: {values!r}"
        )
    if isinstance(values, (tf.Tensor, tf.RaggedTensor)):
        if spec.dtype == tf.string and values.dtype != tf.string:
            values = values.numpy()
        else:
            return values if values.dtype == spec.dtype else tf.cast(values, spec.dtype)
    if is_frame(values):
        columns = list(values.columns)
        if len(columns) != 1 and spec.shape.rank == 0:
            raise ValueError(
                f"{name} takes one column, for example frame[{columns[0]!r}]. "
                f"Received: a frame with columns {columns}"
            )
        values = values.to_numpy()
        values = values[:, 0] if spec.shape.rank == 0 else values
    if spec.dtype == tf.string:
        array = strings(np.asarray(values, dtype=object), name)
    else:
        try:
            array = np.asarray(values).astype(spec.dtype.as_numpy_dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{name} takes numbers. Received: {str(values)[:80]} ({error})"
            ) from None
    if array.ndim == 2 and array.shape[1] == 1 and spec.shape.rank == 0:
        array = array[:, 0]  # one column
    if not spec.shape.is_compatible_with(array.shape[1:]):
        raise ValueError(
            f"{name} takes values of shape {spec.shape}, so an array of shape "
            f"{(None, *spec.shape)}. Received: an array of shape {array.shape}"
        )
    return tf.constant(array)


def strings(array, name):
    """An object array as byte strings of UTF-8; numbers become their shortest text."""
    flat = []
    for index, value in enumerate(array.ravel().tolist()):
        if type(value) is str:  # nearly all are
            # Lone surrogates cannot be encoded: they mark undecodable bytes in the source.
            flat.append(value.encode("utf-8", "replace"))
            continue
        if isinstance(value, (np.ndarray, tf.Tensor)) and without_axes(value):
            value = np.asarray(value).item()
        missing = value is None or (isinstance(value, float) and np.isnan(value))
        if missing or type(value).__name__ in ("NAType", "NaTType"):
            raise ValueError(
                f"{name} met a missing value at position {index}: drop it, or write '' for an "
                f"empty text. Received: {value!r}"
            )
        if isinstance(value, bytes):
            flat.append(value)
        elif isinstance(value, float) and value.is_integer():
            flat.append(str(int(value)).encode())  # a class 1 read as 1.0
        elif isinstance(value, (str, bool, int, float, np.generic)):
            flat.append(str(value).encode("utf-8", "replace"))
        else:
            raise ValueError(
                f"{name} takes texts. Received: {value!r} of type {type(value).__name__} at "
                f"position {index}"
            )
    return np.array(flat, dtype=object).reshape(array.shape)


def refuse_single(values, name, items, item):
    """Raises a ValueError for one text, path or file where a list of `items` is taken."""
    if isinstance(values, (str, bytes)):
        raise ValueError(
            f"{name} takes a list of {items}, not one: pass [{item}]. Received: {values[:40]!r}"
        )


def read_each(values, read, failure, first=0):
    """A list of what a function makes of each value.

    Args:
        values: Iterable of what users have.
        read: Function of one.
        failure: What a ValueError of it begins with, such as `"Audio cannot read clip"`; the
            position in `values` follows.
        first: Position of the first value.
    """
    found = []
    for index, value in enumerate(values, first):
        try:
            found.append(read(value))
        except ValueError as error:
            raise ValueError(f"{failure} {index}: {error}") from None
    return found


def asserted(encoded, sound, message):
    """Encoded tensors with an assertion in the graph that all of `sound` is true."""
    test = tf.debugging.assert_equal(tf.reduce_all(sound), True, message)
    with tf.control_dependencies([test]):
        return tf.identity(encoded)


def text_of(value):
    """A string from bytes or from what a user has; bytes that are no UTF-8 are replaced."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def free_token(names):
    """A token for what is unknown that is no name itself."""
    token = "[UNK]"
    while token in names:
        token += "_"
    return token
