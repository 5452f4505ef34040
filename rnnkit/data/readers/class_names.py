"""Names of classes for data that has their numbers, as Hugging Face's datasets do."""

import numbers

from rnnkit.formats.cells import as_label, missing
from rnnkit.utils.messages import shorten


def check(names):
    """Raises a ValueError unless a value is a list of names of classes, or None."""
    if names is None:
        return
    listed = isinstance(names, (list, tuple)) and len(names) > 1
    if not listed or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError(
            "names must be a list of the names of classes, in the order of their numbers from 0 "
            f"on, such as ['O', 'B-PER', 'I-PER']. Received: names={shorten(repr(names), 100)}"
        )
    if len(set(names)) != len(names):
        raise ValueError(f"names must differ. Received: names={shorten(repr(names), 200)}")


def number(value):
    """The whole number that a cell holds, also as a text, or None.

    >>> number(3), number("3"), number("3.0"), number("B-PER"), number(True)
    (3, 3, 3, None, None)
    """
    if isinstance(value, bool) or missing(value):
        return None
    if isinstance(value, numbers.Real):
        return int(value) if float(value).is_integer() else None
    value = as_label(value)
    digits = value.removeprefix("-") if isinstance(value, str) else ""
    return int(value) if digits.isdecimal() and len(digits) < 10 else None


def names_of(cell, names, where):
    """The name of a class, or the names in a list of several; see `name_of`."""
    if isinstance(cell, (list, tuple)):
        return [name_of(each, names, where) for each in cell]
    return name_of(cell, names, where)


def name_of(value, names, where):
    """The name of a class.

    Args:
        value: Its number.
        names: The names, in the order of the numbers.
        where: Where it stands, in words.

    Raises:
        ValueError: If it is no number of a class.

    >>> name_of(1, ["O", "B-PER"], "a.jsonl, line 1")
    'B-PER'
    """
    found = number(value)
    if found is None or not 0 <= found < len(names):
        raise ValueError(
            f"{where}: expected the number of a class, from 0 to {len(names) - 1}, as names says. "
            f"Received: {shorten(repr(value), 80)}"
        )
    return names[found]
