"""Several labels of an example: in a text with a separator, in lists, in columns of 0 and 1."""

import numbers

import numpy as np

from rnnkit.formats.cells import missing
from rnnkit.utils.messages import listed, shorten

# What may stand between labels in a text, where nobody says what does.
SEPARATORS = ("|", ";", ",", "\t")
_TRUTHS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}


def told(texts):
    """The separator in texts that hold labels: the one of `SEPARATORS` that occurs; None for none.

    Args:
        texts: Iterable of `str`.

    Raises:
        ValueError: If several occur.

    Example:

    >>> told(["comedy|drama", "", "drama"])
    '|'
    """
    found = {}
    for text in texts:
        for each in SEPARATORS:
            if each in text:
                found.setdefault(each, text)
        if len(found) > 1:
            examples = ", ".join(f"{each!r} in {shorten(at, 60)!r}" for each, at in found.items())
            raise ValueError(
                "What stands between the labels of an example can be read in several ways: "
                f"{examples}. Say which with separator={next(iter(found))!r}"
            )
    return next(iter(found), None)


def split(text, separator):
    """The labels in a text, each once, without blanks around them.

    >>> split(" comedy | drama|", "|"), split("", "|")
    (['comedy', 'drama'], [])
    """
    parts = text.split(separator) if separator else [text]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def check_separator(value, name="separator"):
    """Raises a ValueError unless a value is a separator of labels, or None."""
    if value is not None and not (isinstance(value, str) and 0 < len(value) < 10):
        raise ValueError(
            f"{name} must be what stands between the labels of an example, such as '|', or None. "
            f"Received: {name}={value!r}"
        )


def is_list(cell):
    """Whether a cell is a list, rather than a text or a number."""
    return isinstance(cell, (list, tuple, set, frozenset)) or (
        isinstance(cell, np.ndarray) and cell.ndim == 1
    )


def refuse_indicators(rows, instead):
    """Raises a ValueError for lists that may be of the labels 0 and 1, or say which labels there
    are.

    Args:
        rows: The lists.
        instead: What to give instead where the second is meant, in words.
    """
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or lengths <= {0, 1}:
        return
    if all(truth(each) is not None for row in rows for each in row):
        raise ValueError(
            "Lists of 0 and 1 of one length can be read in two ways: as the labels 0 and 1, or as "
            f"{lengths.pop()} labels that an example has (1) or has not (0). For the first write "
            f"labels as words, for the second {instead}. Received: {shorten(list(rows[0]), 80)}"
        )


def truth(cell):
    """1 or 0 of a cell of a column that says whether an example has a label; None of others.

    >>> [truth(each) for each in (1, "0", 1.0, True, "yes", None)]
    [1, 0, 1, 1, None, None]
    """
    if isinstance(cell, str):
        return _TRUTHS.get(cell.strip().lower())
    if isinstance(cell, (numbers.Real, np.bool_)) and not missing(cell) and cell in (0, 1):
        return int(cell)
    return None


def of_columns(columns, where):
    """Lists of labels from columns of 0 and 1 that are called as the labels.

    Args:
        columns: Dict of a label to its cells.
        where: Function from a row to where it came from, in words.

    Returns:
        A list of labels for each row, in the order of the columns.

    Raises:
        ValueError: For cells that are neither; the message has the first.
    """
    names = [str(name) for name in columns]
    rows = []
    for row, cells in enumerate(zip(*columns.values(), strict=True)):
        found = [truth(cell) for cell in cells]
        if None in found:
            at = found.index(None)
            raise ValueError(
                f"{where(row)}: several columns as target are labels that an example has (1) or "
                f"has not (0), of the columns {listed(names, 5)}. Received: "
                f"{shorten(repr(cells[at]), 60)} in {names[at]!r}"
            )
        rows.append([name for name, each in zip(names, found, strict=True) if each])
    return rows
