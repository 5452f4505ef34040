"""What users have as several targets of examples, as a column of texts for each."""

import collections.abc

import numpy as np
import tensorflow as tf

from rnnkit.features.conversion import is_frame, strings, text_of
from rnnkit.formats import cells, several
from rnnkit.utils.messages import listed, shorten


def columns_of(values, names):
    """Targets in any form as a dict of name to a list of cells, in the order of the names.

    Args:
        values: A frame or a dict of columns, a list with a dict or a list of values for each
            example, or an array or tensor `[examples, targets]`.
        names: List of the names of the targets.

    Raises:
        ValueError: For what does not fit; the message has the position of the example.
    """
    if isinstance(values, tf.Tensor):
        values = values.numpy()
    if is_frame(values):
        found = {str(name): values[name].tolist() for name in values.columns}
        return _named(found, names, "The frame")
    if isinstance(values, collections.abc.Mapping):
        found = {name: list(column) for name, column in values.items()}
        if len({len(column) for column in found.values()}) > 1:
            sizes = {name: len(column) for name, column in found.items()}
            raise ValueError(f"Targets must have columns of equal lengths. Received: {sizes}")
        return _named(found, names, "The dict")
    wanted = (
        f"Targets takes the targets {listed(names)} of each example, as a dict or a list of values "
        "in that order"
    )
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise ValueError(f"{wanted}. Received: {values!r}")
    rows = []
    for index, row in enumerate(values):
        if isinstance(row, tf.Tensor):
            row = row.numpy()
        if isinstance(row, collections.abc.Mapping):
            row = list(_named(row, names, f"Example {index}").values())
        elif isinstance(row, (str, bytes)) or not hasattr(row, "__len__"):
            raise ValueError(f"{wanted}. Received: {row!r} at position {index}")
        if len(row) != len(names):
            raise ValueError(f"{wanted}. Received: {shorten(repr(row), 80)} at position {index}")
        rows.append(list(row))
    found = zip(*rows, strict=True) if rows else [()] * len(names)
    return {name: list(column) for name, column in zip(names, found, strict=True)}


def _named(found, names, what):
    lacking = [name for name in names if name not in found]
    if lacking:
        raise ValueError(f"{what} lacks the targets {listed(lacking)}. Found: {listed([*found])}")
    return {name: found[name] for name in names}


def texts_of(column, name, numbers):
    """Cells of a target as a list of byte strings, empty where it is not known.

    Args:
        column: List of cells.
        name: Name of the target, for messages.
        numbers: Whether it is a number.
    """
    found = []
    for index, cell in enumerate(column):
        cell = cell.item() if isinstance(cell, np.generic) else cell
        if cells.missing(cell) or (isinstance(cell, (str, bytes)) and not cell.strip()):
            found.append(b"")
            continue
        if not numbers:
            where = f"The target {name!r}, example {index}"
            found.append(strings(np.array([cell], object), where)[0].strip())
            continue
        value = cells.number(text_of(cell) if isinstance(cell, bytes) else cell)
        if value is None or np.isinf(value):
            raise ValueError(
                f"The target {name!r} takes finite numbers. Received: {cell!r} at position {index}"
            )
        found.append(b"" if np.isnan(value) else repr(value).encode())
    return found


def is_one(values):
    """Whether values are the targets of one example: a dict of single values."""
    if not isinstance(values, collections.abc.Mapping):
        return False
    return not any(
        several.is_list(each) or (hasattr(each, "__len__") and hasattr(each, "dtype"))
        for each in values.values()
    )
