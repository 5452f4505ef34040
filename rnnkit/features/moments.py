"""Mean and standard deviation of rows that come in batches."""

import numpy as np


class Moments:
    """Mean and standard deviation of columns, in float64 and one pass.

    The first row is taken from all: that keeps the squares of large, close numbers exact.

    Attributes:
        count: Rows so far.

    Example:

    ```python
    moments = Moments()
    moments.add(np.array([[1.0, 5.0], [3.0, 5.0]]))
    mean, deviation = moments.found()  # [2.0, 5.0] and [1.0, 0.0]
    ```
    """

    def __init__(self):
        self.count = 0
        self._origin, self._total, self._squares = None, 0.0, 0.0

    def add(self, rows):
        """Counts rows in, NumPy `[rows, columns]`."""
        if not len(rows):
            return
        rows = rows.astype("float64")
        if self._origin is None:
            self._origin = rows[0]
        shifted = rows - self._origin  # [rows, columns]
        self.count += len(rows)
        self._total = self._total + shifted.sum(axis=0)
        self._squares = self._squares + np.square(shifted).sum(axis=0)

    def found(self):
        """The pair `(mean, deviation)`, each `[columns]`, of at least one row."""
        mean = self._total / self.count
        deviation = np.sqrt(np.maximum(self._squares / self.count - np.square(mean), 0.0))
        return mean + self._origin, deviation


def check_moments(mean, deviation, size):
    """Refuses learned means and deviations that are not as many numbers as there are columns.

    Args:
        mean, deviation: Lists of floats, or both None before anything is learned.
        size: Number of columns.
    """
    if mean is None and deviation is None:
        return
    for name, values in (("mean", mean), ("deviation", deviation)):
        array = np.asarray(values)
        if array.dtype.kind not in "iuf" or array.shape != (size,):
            raise ValueError(
                f"{name} must be a list of {size} numbers, as adapt() learns them. "
                f"Received: {name}={values!r}"
            )


def inverse(deviation, dtype="float32"):
    """1 / deviation, a number or `[columns]`, to multiply by.

    In a graph TensorFlow makes a product of a division by a constant, which may differ from it in
    the last bit. Written as a product, an encoding is the same in a graph and out of it.
    """
    return 1 / np.asarray(deviation, dtype)
