"""Whether the first row of a table names its columns, told from what is below it."""

import functools

import numpy as np

from rnnkit.formats.cells import number
from rnnkit.utils.messages import shorten


def told(label, names=()):
    """A function that tells whether the first row is a header, and prints what it found.

    It is an example if one of its cells occurs again below in its column, as a label does. It is a
    header if none does and a column shows that it should: by values that repeat, by numbers below
    a word, or by a name from `names`. Where nothing shows it (as with two columns of texts that
    all differ), it is an example.

    Args:
        label: What to call the table in the printed line.
        names: Names that columns usually have, lower case.

    Returns:
        A function of the cells of the first row and what is below, by the column's number.

    Example:

    >>> told("a.csv")(["v1", "v2"], [["ham", "spam", "ham", "ham"], ["a", "b", "c", "d"]])
    a.csv: the first row, 'v1', 'v2', is a header, as 'v1' is no value of its column...
    True
    """
    return functools.partial(_tell, label, frozenset(names))


def _tell(label, names, first, below):
    if below is None:
        return True
    known = None
    for index, cell in enumerate(map(str.strip, first)):
        values = below[index]
        # Of long columns: by their hashes, which take little memory.
        hashes = np.fromiter((hash(v) for v in map(str.strip, values) if v), "int64")
        if not cell or not len(hashes):
            continue
        if (hashes == hash(cell)).any() and cell in map(str.strip, values):
            return _said(label, first, False, f"{shorten(cell, 40)!r} occurs again below it")
        repeated = 2 * len(np.unique(hashes)) <= len(hashes)
        if repeated or cell.lower() in names or _numbers(cell, values):
            known = known or cell
    if known is not None:
        return _said(label, first, True, f"{shorten(known, 40)!r} is no value of its column")
    return _said(label, first, False, "nothing shows that it names columns")


def _numbers(cell, values):
    """Whether numbers stand below what is none."""
    return number(cell) is None and all(number(each) is not None for each in values)


def _said(label, first, named, why):
    cells = shorten(", ".join(repr(cell) for cell in first if cell.strip()), 80)
    role = "a header" if named else "an example"
    print(f"{label}: the first row, {cells}, is {role}, as {why} (header={not named} otherwise)")
    return named
