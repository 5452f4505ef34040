"""The cells of a comparison: their names, and the units that give each the same size."""

import functools
import inspect
import itertools
import math

import keras

from rnnkit.layers.recurrent import cell_names
from rnnkit.utils.checks import nearest

BOTH_WAYS = "bidirectional "


class Cell:
    """A cell as a comparison names it.

    Args:
        given: Name of a cell, `"bidirectional "` (or `bidirectional_`, `bidirectional-`) before it
            where the sequence is read from both ends; or the class of a Keras RNN cell.

    Attributes:
        name: Its name in tables.
        cell: The argument `cell` of a model.
        bidirectional: Whether it reads both ways.

    Raises:
        ValueError: For an unknown name, naming the nearest.
    """

    def __init__(self, given):
        self.bidirectional = False
        self.cell = given
        if inspect.isclass(given) and issubclass(given, keras.layers.Layer):
            self.name = given.__name__
            return
        known = cell_names()
        if not isinstance(given, str):
            raise ValueError(
                "cells must be names of cells or classes of Keras RNN cells. "
                f"Received: {given!r} among them"
            )
        plain = " ".join(given.split())
        prefix = BOTH_WAYS.strip()
        if plain.startswith(prefix) and plain[len(prefix) : len(prefix) + 1] in ("_", "-", " "):
            self.bidirectional = True
            plain = plain[len(prefix) + 1 :]
        if plain not in known:
            names = [*known, *(BOTH_WAYS + name for name in known)]
            hint = nearest(given.lower(), names)
            raise ValueError(
                f"There is no cell {given!r}.{hint} Cells: {', '.join(known)}, each also as "
                f"'{BOTH_WAYS}...'. Received: cells with {given!r}"
            )
        self.cell = plain
        self.name = (BOTH_WAYS if self.bidirectional else "") + plain


def cells_of(given):
    """A list of `Cell`, from a list of names and classes, or a name alone.

    Raises:
        ValueError: If it is empty, has one twice or names an unknown one.
    """
    given = [given] if isinstance(given, str) or inspect.isclass(given) else given
    if not isinstance(given, (list, tuple)) or not given:
        raise ValueError(f"cells must be a list of at least one cell. Received: cells={given!r}")
    cells = [Cell(each) for each in given]
    names = [each.name for each in cells]
    if len(set(names)) < len(names):
        raise ValueError(f"cells must differ from each other. Received: cells={names}")
    return cells


def parameters_of(model):
    """The number of parameters of a model: those that are trained, and the fixed ones of a
    reservoir, without the indices of a sparse reservoir and counters.
    """
    return sum(
        math.prod(variable.shape)
        for variable in model.weights
        if str(variable.dtype).startswith(("float", "bfloat"))
    )


def fitting_units(count, wanted):
    """The units with which a model has about a wanted number of parameters.

    Args:
        count: Function from units to parameters, which builds the real model. It must grow.
        wanted: Parameters.

    Returns:
        The pair of the units whose count is nearest, at least 1, and that count.
    """
    step = 1
    try:
        count(1)
    except ValueError:  # even units alone, as where two directions share them
        step = 2
    at = functools.cache(lambda number: count(step * number))
    low, high = 1, 16
    while at(high) < wanted:
        low, high = high, 2 * high
    for turn in itertools.count():
        if high - low < 2:
            break
        # Between two counts the others lie close to a line; halving helps where they do not.
        fraction = (wanted - at(low)) / (at(high) - at(low)) if turn % 2 == 0 else 0.5
        middle = min(high - 1, max(low + 1, round(low + fraction * (high - low))))
        if at(middle) < wanted:
            low = middle
            if high - low > 1 and at(low + 1) >= wanted:
                high = low + 1
        else:
            high = middle
            if high - low > 1 and at(high - 1) < wanted:
                low = high - 1
    units = min((low, high), key=lambda each: abs(at(each) - wanted))
    return step * units, at(units)
