"""Series of any lengths in parts that follow one another in time."""

import dataclasses

import numpy as np
import tensorflow as tf

from rnnkit.data import stored
from rnnkit.data.splits import Data
from rnnkit.utils import memory

# Rows before a part of a series that are given with it.
CONTEXT = 1000


@dataclasses.dataclass
class Stretch:
    """Some rows of a series, of which the first ones are there as context alone.

    Parts of a series are stretches of the same arrays, so that no row is kept twice.

    Args:
        x: Inputs of the whole series, float64 `[time, columns]`.
        y: Its targets, float64 `[time, targets]`.
        first: The first row.
        start: The first row whose targets count; before it they are NaN.
        end: The row after the last one.
    """

    x: np.ndarray
    y: np.ndarray
    first: int
    start: int
    end: int

    @classmethod
    def whole(cls, x, y):
        """All rows of a series."""
        return cls(x, y, 0, 0, len(x))


def in_time(x, y, ends):
    """The three parts of one series, with what came before the later ones as their context.

    Args:
        x: Inputs, float64 `[time, columns]`.
        y: Targets, float64 `[time, targets]`.
        ends: Rows from the start to the end of train, and to that of validation.

    Returns:
        Dict of split to `Stretch`. Validation and test begin with up to `CONTEXT` rows of context,
        whole in x and NaN in y, so that they are seen and not scored.
    """
    x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
    bounds = zip(("train", "validation", "test"), (0, *ends), (*ends, len(x)), strict=True)
    return {
        split: Stretch(x, y, max(0, start - CONTEXT), start, end) for split, start, end in bounds
    }


def from_series(parts, source=None, info=None):
    """Data from series of any lengths.

    Args:
        parts: Dict of `"train"`, `"validation"`, `"test"` to lists of `Stretch`; it is emptied.
        source: As in `Data`.
        info: As in `Data`.
    """
    sizes = {split: len(stretches) for split, stretches in parts.items()}
    return Data(**datasets(parts), source=source, sizes=sizes, info=info)


def datasets(parts):
    """A `tf.data.Dataset` of raw `(x, y)` for each part.

    Args:
        parts: Dict of split to list of `Stretch`; it is emptied.

    Returns:
        Dict of split to a dataset of pairs, float64 `[time, columns]` and `[time, targets]`.
    """
    series = {id(each.x): (each.x, each.y) for part in parts.values() for each in part}
    lengths = [len(x) for x, _ in series.values()]
    begins = dict(zip(series, np.cumsum([0, *lengths[:-1]]).tolist(), strict=True))
    bounds = {
        split: np.array(
            [begins[id(each.x)] + np.array([each.first, each.start, each.end]) for each in part]
        )
        for split, part in parts.items()
    }
    parts.clear()
    memory.give_back()
    x, y = (stored.concatenated(arrays) for arrays in zip(*series.values(), strict=True))
    return {split: _slices(x, y, *rows.T) for split, rows in bounds.items()}


def _slices(x, y, first, start, end):
    """A dataset of the rows from `first` to `end`, with targets from `start` on."""

    def stretch(first, start, end):
        counts = tf.range(first, end)[:, None] >= start  # [time, 1]
        return x[first:end], tf.where(counts, y[first:end], np.nan)

    def whole(first, start, end):
        del start
        return x[first:end], y[first:end]

    bounds = tf.data.Dataset.from_tensor_slices((first, start, end))
    return bounds.map(whole if np.array_equal(first, start) else stretch)
