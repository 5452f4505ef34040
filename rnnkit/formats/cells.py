"""Cells of tables: which are missing, and which hold numbers, texts or labels."""

import re
import unicodedata

import numpy as np

from rnnkit.formats.texts import Texts
from rnnkit.utils.messages import shorten

EMPTY = ("", "na", "n/a", "nan", "null", "none")

# Characters without width that come with what is copied from pages.
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)\.0+")


def missing(value):
    """Whether a cell is empty: None, NaN, or what pandas puts there."""
    return (
        value is None
        or (isinstance(value, (float, np.floating)) and np.isnan(value))
        or type(value).__name__ in ("NAType", "NaTType")
    )


def as_text(cell):
    """A cell as the bytes of a text.

    Characters that UTF-8 does not have, halves of pairs that JSON may hold, become question marks.

    Raises:
        ValueError: For a cell that is empty, or holds a list or the like.
    """
    if isinstance(cell, bytes):
        return cell
    if missing(cell) or isinstance(cell, (list, tuple, dict)):
        raise ValueError(f"expected a text. Received: {shorten(repr(cell), 80)}")
    return str(cell).encode("utf-8", "replace")


def as_label(cell):
    """The label in a cell: without blanks and what cannot be seen around it, its letters composed
    (Unicode's form NFC), and a whole number without decimals.

    So a label is the same whether a file is read by rnnkit or by pandas, which makes floats of
    whole numbers, and whichever system wrote it, as some write é as e and an accent. Other values
    are given back as they are.

    Example:

    >>> [as_label(" spam "), as_label("1.0"), as_label(1), as_label("3.10")]
    ['spam', '1', 1, '3.10']
    """
    if not isinstance(cell, str):
        return cell
    cell = unicodedata.normalize("NFC", cell.strip().strip(_INVISIBLE).strip())
    return cell.partition(".")[0] if _WHOLE.fullmatch(cell) else cell


def number(cell):
    """A cell as a float, NaN where it is empty, or None if it holds no number."""
    if missing(cell):
        return np.nan
    if isinstance(cell, str):
        cell = cell.strip()
        if cell.lower() in EMPTY:
            return np.nan
        if "_" in cell:  # Python would read 1_000
            return None
    elif hasattr(cell, "dtype") and cell.dtype.kind not in "biuf":
        return None
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError):
        return None


def numbers(cells):
    """A column of cells as numbers.

    Args:
        cells: List of cells, an array of numbers, or `rnnkit.formats.texts.Texts`.

    Returns:
        The pair of float64 `[cells]`, NaN where a cell is empty or no number, and the row of the
        first cell that is no number, or None.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        return cells.astype("float64"), None
    values, bad, start = np.empty(len(cells)), None, 0
    blocks = cells.blocks() if isinstance(cells, Texts) else [cells]
    plain = isinstance(cells, Texts) and not cells.has("_")
    for block in blocks:
        found = (plain and _floats(block)) or [number(cell) for cell in block]
        values[start : start + len(found)] = found
        if bad is None and None in found:
            bad = start + found.index(None)
        start += len(found)
    return values, bad


def _floats(texts):
    """Numbers of texts, or None where one of them is empty or none."""
    try:
        return list(map(float, texts))
    except ValueError:
        return None
