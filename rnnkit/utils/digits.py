"""Numbers for people: with the digits that they are worth, so that they print short."""

# Significant digits, and digits after the first one of a unit.
DIGITS = 8
# Powers of ten up to this one are exact in double precision, and so are integers below the other.
EXACT_POWER, EXACT_INTEGER = 22, 2.0**53


def short(value):
    """A float that prints short: one of single precision with the digits that tell it from others,
    another one with eight.

    Example:

    >>> short(np.float32(0.9)), short(2 / 3)
    (0.9, 0.66666667)
    """
    import numpy as np  # not where numbers are only named

    with np.errstate(over="ignore"):
        single = np.float32(value)
    return float(str(single) if float(single) == value else f"{value:.{DIGITS}g}")


def shortened(scores):
    """A dict of name to number as one of floats that print short, see `short`."""
    return {name: short(value) for name, value in scores.items()}


def rounded(values, unit):
    """Numbers rounded to the eighth digit after the first one of a unit.

    Rounding by what is usual for a number keeps changes that are small beside its level.

    Args:
        values: Array of floats, of any shape.
        unit: Positive numbers that broadcast against it, such as standard deviations.

    Returns:
        The array, float64. What is too large or small to be rounded exactly is left as it is.

    Example:

    >>> rounded([1000000.0212345678, 0.1 + 0.2], 0.01).tolist()
    [1000000.0212345677, 0.3]
    >>> rounded([61.123456789123], 20.0).tolist()
    [61.1234568]
    """
    import numpy as np

    values = np.asarray(values, "float64")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        decimals = DIGITS - np.floor(np.log10(unit))
        decimals = np.nan_to_num(decimals, nan=EXACT_POWER, posinf=EXACT_POWER, neginf=0)
        scale = 10.0 ** np.clip(decimals, 0, EXACT_POWER)
        steps = np.round(values * scale)
        exact = (np.abs(steps) < EXACT_INTEGER) & (decimals <= EXACT_POWER)
        return np.where(exact, steps / scale, values)
