"""Checks of arguments, and the nearest name to one that does not exist.

Every message names the argument, what would be right and what was received.
"""

import difflib
import math
import numbers


def integer(value, name, least=1, most=None, optional=False):
    """An int from `least` to `most`.

    Args:
        value: What the user passed. Integers of NumPy count, bools do not.
        name: Name of the argument, for the message.
        least: Smallest value that is allowed.
        most: Largest value that is allowed, or None.
        optional: Whether None is allowed too.

    Returns:
        The value as an int, or None.

    Raises:
        ValueError: If it is none, or out of range.

    Example:

    >>> integer(3, "units")
    3
    """
    if optional and value is None:
        return None
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        upper = "" if most is None else f" and at most {most}"
        wanted = f"{'None or ' if optional else ''}an integer of at least {least}{upper}"
        raise ValueError(f"{name} must be {wanted}. Received: {name}={value!r}")
    return int(value)


def number(value, name, least=None, most=None, above=None, below=None, optional=False):
    """A finite float from `least` to `most`.

    Args:
        value: What the user passed.
        name: Name of the argument, for the message.
        least, most: Bounds that are allowed themselves, or None.
        above, below: Bounds that are not allowed themselves, or None.
        optional: Whether None is allowed too.

    Returns:
        The value as a float, or None.

    Raises:
        ValueError: If it is none, or out of range.

    Example:

    >>> number(0.5, "dropout", least=0, most=1)
    0.5
    """
    if optional and value is None:
        return None
    real = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    inside = (
        real
        and (above is None or value > above)
        and (least is None or value >= least)
        and (most is None or value <= most)
        and (below is None or value < below)
    )
    if not inside:
        found = (("above", above), ("at least", least), ("at most", most), ("below", below))
        bounds = " and ".join(f"{text} {bound}" for text, bound in found if bound is not None)
        wanted = "None or " * optional + (f"a number {bounds}" if bounds else "a finite number")
        raise ValueError(f"{name} must be {wanted}. Received: {name}={value!r}")
    return float(value)


def one_of(value, name, allowed):
    """A value that is among those allowed.

    Args:
        value: What the user passed.
        name: Name of the argument, for the message.
        allowed: Collection of what is allowed.

    Returns:
        The value.

    Raises:
        ValueError: If it is another one; the message has the nearest of the allowed names.

    Example:

    >>> one_of("max", "pooling", ("mean", "max"))
    'max'
    """
    if not isinstance(value, (str, int, float, type(None))) or value not in allowed:
        shown = ", ".join(map(repr, allowed))
        raise ValueError(
            f"{name} must be one of {shown}.{nearest(value, allowed)} Received: {name}={value!r}"
        )
    return value


def require(condition, text, **received):
    """Refuses arguments that do not go together.

    Args:
        condition: What must be true.
        text: What would be right, a sentence.
        **received: What the user passed, by name.

    Raises:
        ValueError: If the condition is not true.

    Example:

    >>> require(2 > 1, "left must be larger than right.", left=2, right=1)
    """
    if not condition:
        values = ", ".join(f"{name}={value!r}" for name, value in received.items())
        raise ValueError(f"{text} Received: {values}")


def nearest(name, known, cutoff=0.6):
    """The hint of an error message: which known name was probably meant.

    Args:
        name: The name that does not exist.
        known: Names that do.
        cutoff: How alike names must be, from 0 to 1.

    Returns:
        `" Did you mean 'units'?"`, or an empty string where no name is near.

    Example:

    >>> nearest("unit", ["units", "cell"])
    " Did you mean 'units'?"
    """
    names = [each for each in known if isinstance(each, str)]
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=cutoff)
    return f" Did you mean {close[0]!r}?" if close else ""
