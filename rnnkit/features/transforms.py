"""What values of series become before they are standardised: logarithms and powers."""

import numpy as np
import tensorflow as tf

from rnnkit.utils.checks import number

KINDS = ("log", "log1p", "box_cox")
# Largest exponent: forecasts are finite, however far off a network is.
LARGEST = 700.0
# Powers of Box and Cox that `power_of` chooses among are apart by this.
STEP = 0.01


def checked(transform, names):
    """The argument `transform` of a feature, checked.

    Args:
        transform: None, one of `KINDS`, or a dict of column to one of these or to a power.
        names: Names of the columns.

    Returns:
        None, a name, or a dict of str to a name or a float.

    Raises:
        ValueError: For anything else.
    """
    if transform is None or (isinstance(transform, str) and transform in KINDS):
        return transform
    wanted = f"None, {', '.join(map(repr, KINDS))}, or a dict of column to one of these names"
    if not isinstance(transform, dict):
        raise ValueError(f"transform must be {wanted}. Received: transform={transform!r}")
    unknown = [name for name in map(str, transform) if name not in names]
    if unknown:
        raise ValueError(f"transform must name columns, {names}. Received: {unknown}")
    found = {}
    for name, each in transform.items():
        if isinstance(each, str) or each is None:
            if each not in KINDS:
                raise ValueError(f"transform must be {wanted}. Received: transform={transform!r}")
        else:
            each = number(each, f"transform of {str(name)!r}, a power,", least=0, most=1)
        found[str(name)] = each
    return found


def kinds_of(transform, names):
    """What `checked` gives as a list with one entry a column: a name, a power, or None."""
    if isinstance(transform, dict):
        return [transform.get(name) for name in names]
    return [transform] * len(names)


def power_of(values):
    """The power of Box and Cox, from 0 to 1, with which values are likeliest those of a normal
    distribution.

    Args:
        values: Positive numbers `[values]`.

    Reference:
        Box and Cox, "An analysis of transformations", 1964,
        https://doi.org/10.1111/j.2517-6161.1964.tb00553.x.
    """
    from scipy.stats import boxcox_llf

    powers = np.arange(0, 1 + STEP / 2, STEP).round(2)
    values = values / np.exp(np.log(values).mean())  # the unit does not matter
    with np.errstate(divide="ignore"):  # values that never change
        found = [boxcox_llf(power, values) for power in powers]
    return float(powers[int(np.argmax(found))]) if np.isfinite(found).any() else 1.0


class Transforms:
    """Columns to what they are standardised of, and back; columns on the last axis.

    The Box-Cox transform of the power p is (value ** p - 1) / p, and with the power 0 the
    logarithm. With `"log1p"` it is the logarithm of 1 + value.

    Args:
        kinds: What `kinds_of` gives.
        powers: The power of each column, a list of floats; 1 where there is no transform.

    Example:

    >>> transforms = Transforms(["log", "log1p", None, "box_cox"], [0.0, 0.0, 1.0, 0.5])
    >>> found = transforms.forward(np.array([1.0, 0.0, 5.0, 9.0]))
    >>> found.tolist()
    [0.0, 0.0, 5.0, 4.0]
    >>> transforms.back(found).round(9).tolist()
    [1.0, 0.0, 5.0, 9.0]
    """

    def __init__(self, kinds, powers):
        self.kinds = kinds
        self.some = np.array([each is not None for each in kinds])
        self.powers = np.where(self.some, powers, 1.0)
        self.shifts = np.array([1.0 if each == "log1p" else 0.0 for each in kinds])
        # What the powers are divided by, and which columns are logarithms.
        self.logs = self.powers == 0
        self.divisors = np.where(self.logs, 1.0, self.powers)

    def __eq__(self, other):
        return isinstance(other, Transforms) and self.as_tuples() == other.as_tuples()

    def as_tuples(self):
        """`(transformed, power, shift)` of each column."""
        parts = (self.some, self.powers, self.shifts)
        return list(zip(*(each.tolist() for each in parts), strict=True))

    def taken(self, values):
        """Which values there is something for, of the shape of NumPy values; NaN counts."""
        zero = self.shifts > 0  # whether it is among them
        return ~self.some | np.isnan(values) | (values > 0) | (zero & (values == 0))

    def forward(self, values):
        """Transformed values, NumPy; of what is below all that is taken, as of 0."""
        with np.errstate(divide="ignore"):
            base = np.maximum(values, 0.0) + self.shifts
            powers = (base**self.powers - 1) / self.divisors
            found = np.where(self.logs, np.log(base), powers)
        return np.where(self.some, found, values)

    def back(self, values):
        """Values from transformed ones, NumPy."""
        with np.errstate(divide="ignore"):
            powers = np.log(np.maximum(values * self.powers + 1, 0.0)) / self.divisors
        base = np.exp(np.minimum(np.where(self.logs, values, powers), LARGEST))
        return np.where(self.some, np.maximum(base - self.shifts, 0.0), values)

    def forward_graph(self, values):
        """`forward` as TensorFlow operations in float64; what is not taken is infinite."""
        base = values + self.shifts
        taken = (values > 0) | ((self.shifts > 0) & (values == 0))
        base = tf.where(taken, base, tf.ones_like(base))
        powers = (base**self.powers - 1) / self.divisors
        found = tf.where(self.logs, tf.math.log(base), powers)
        found = tf.where(taken, found, tf.constant(-np.inf, tf.float64))
        found = tf.where(tf.math.is_nan(values), values, found)
        return tf.where(self.some, found, values)

    def back_graph(self, values):
        """`back` as TensorFlow operations in float64."""
        powers = tf.math.log(tf.maximum(values * self.powers + 1, 0.0)) / self.divisors
        base = tf.exp(tf.minimum(tf.where(self.logs, values, powers), LARGEST))
        return tf.where(self.some, tf.maximum(base - self.shifts, 0.0), values)

    def refused(self, rows):
        """Where rows `[steps, columns]` hold what no transform takes, or None: the pair of the
        first step and column, and a message that goes on to say what to do."""
        bad = ~self.taken(rows)
        if not bad.any():
            return None
        step = int(np.argmax(bad.any(axis=1)))
        column = int(np.argmax(bad[step]))
        kind = self.kinds[column]
        least = "of at least 0" if kind == "log1p" else "above 0"
        value, count = rows[step, column], int(bad[:, column].sum())
        advice = 'leave the values of this column as they are: transform=None, "none" of a recipe'
        if value == 0 or (kind != "log1p" and not (rows[bad[:, column], column] < 0).any()):
            advice = f'give transform="log1p", which takes 0, or {advice}'
        message = (
            f"transform={kind!r} takes values {least}. Received: {value:g} at {{where}} ({count} "
            f"such in all): {advice}"
        )
        return step, column, message
