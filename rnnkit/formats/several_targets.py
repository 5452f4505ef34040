"""Several targets of a row, each a class or a number: which is which, and what cells hold."""

from rnnkit.formats import several
from rnnkit.formats.cells import EMPTY, as_label, missing, number
from rnnkit.utils.messages import listed, shorten

TYPES = ("class", "ordered", "number")
# Rows from which on a class for each of them, or nearly so, is seen as no class.
MANY = 20


class Rows(list):
    """The targets of rows: a tuple of texts for each, empty where a target is not known.

    Args:
        rows: Iterable of tuples.
        types: Dict of the name of each target to `"class"`, `"ordered"` or `"number"`.
    """

    def __init__(self, rows, types):
        super().__init__(rows)
        self.types = types

    def take(self, rows):
        """The targets of some rows."""
        return Rows([self[row] for row in rows], self.types)


def told(columns, types, where):
    """What several columns of targets are.

    Args:
        columns: Dict of name to cells.
        types: Dict of name to `"class"`, `"ordered"` or `"number"`, as far as a user says it.
        where: Function from a row to where it came from, in words.

    Returns:
        Dict of name to type; None where all columns are of 0 and 1 (or false and true), which say
        whether an example has a label, and nobody says otherwise.

    Raises:
        ValueError: For columns that can be read in two ways; the message names both.

    Example:

    >>> told({"label": ["good", "bad"], "score": ["4.5", "1"]}, {}, "row {}".format)
    {'label': 'class', 'score': 'number'}
    >>> told({"rude": [0, 1], "loud": [1, 1]}, {}, "row {}".format)
    """
    columns = {str(name): cells for name, cells in columns.items()}
    if not types:
        error = _no_labels(columns, where)
        if error is None:
            return None
    found, doubts = {}, []
    for name, cells in columns.items():
        found[name], doubt = (types[name], None) if name in types else _type_of(name, cells, where)
        doubts += [doubt] if doubt else []
    if not doubts and not types and all(map(_says_whether, columns.values())):
        found = dict.fromkeys(found)
        doubts = [
            f"{next(iter(found))!r} holds words such as yes and no, which may be classes, or say "
            "as 1 and 0 do whether an example has a label"
        ]
    if not doubts:
        return found
    unsure = [name for name, each in found.items() if each is None]
    shown = {name: each or "class" for name, each in found.items()}
    said = (
        f"{doubts[0]}. Say what each is, such as target={shown}, or 'number' for "
        f"{listed(unsure, 5)} ('ordered' for classes that are grades)"
    )
    if types:
        raise ValueError(f"Of several targets {said}")
    raise ValueError(f"{error}. Or they are targets of several kinds, and then {said}")


def _no_labels(columns, where):
    """Why columns are not those of labels, or None if they are."""
    try:
        several.of_columns(columns, where)
    except ValueError as error:
        return str(error)
    return None


def _type_of(name, cells, where):
    """The type of a column, or None; and what is in doubt, in words, or None."""
    words, first, whole, seen = 0, None, True, set()
    filled = 0
    for row, cell in enumerate(cells):
        if _empty(cell):
            continue
        filled += 1
        truth = isinstance(cell, bool) or type(cell).__name__ == "bool_"
        value = None if truth or isinstance(cell, (list, tuple, dict)) else number(cell)
        if value is None:
            words += 1
            first = row if first is None else first
            seen.add(str(cell).strip())
        else:
            whole &= value.is_integer()
    if not words:
        kind = "whole numbers" if filled else "nothing"
        doubt = f"{name!r} holds {kind}, which may be classes or a number"
        return (None, doubt) if whole else ("number", None)
    if words < filled:
        shown = f"{shorten(repr(cells[first]), 60)}, {where(first)}"
        return None, f"{name!r} holds numbers, and what is none ({shown})"
    if all(number(each.replace(",", ".")) is not None for each in seen):
        return None, (
            f"{name!r} holds what may be classes, or numbers with a decimal comma, which are to be "
            "written with a point"
        )
    if filled >= MANY and 2 * len(seen) > filled:
        return None, (
            f"{name!r} holds {len(seen):,} different values in {filled:,} rows, which as classes "
            "would have an example or two each"
        )
    return "class", None


def _says_whether(cells):
    """Whether a column holds yes and no, or true and false, in words."""
    found = {str(cell).strip().lower() for cell in cells if not _empty(cell)}
    return found <= {"yes", "no", "y", "n", "true", "false", "t", "f", "0", "1"}


def _empty(cell):
    return missing(cell) or (isinstance(cell, str) and cell.strip().lower() in EMPTY)


def read(columns, types, where):
    """The targets in columns.

    Args:
        columns: Dict of name to cells.
        types: Dict of name to type, for each.
        where: As in `told`.

    Returns:
        `Rows`.

    Raises:
        ValueError: For a cell of a number that holds none, and a row without any target.
    """
    columns = {str(name): cells for name, cells in columns.items()}
    found = {
        name: [_text(cell, types[name], name, row, where) for row, cell in enumerate(cells)]
        for name, cells in columns.items()
    }
    rows = list(zip(*found.values(), strict=True))
    without = next((index for index, row in enumerate(rows) if not any(row)), None)
    if without is not None:
        raise ValueError(
            f"{where(without)}: the row has none of the targets {listed(list(columns))}. Expected "
            "at least one: others may be empty, and are left out of the loss and the scores"
        )
    return Rows(rows, {name: types[name] for name in columns})


def _text(cell, of, name, row, where):
    """A cell as a text: a class, or a number with all its digits; empty where not known."""
    nested = isinstance(cell, (list, tuple, dict))
    if of == "class" and not nested:
        empty = missing(cell) or str(cell).strip().lower() in ("", "nan")
        return "" if empty else str(as_label(str(cell)))  # 1.0 as in a file
    value = None if nested else number(cell)
    if value is None or value in (float("inf"), -float("inf")):
        raise ValueError(
            f"{where(row)}: the column {name!r} must hold "
            f"{'classes' if of == 'class' else 'finite numbers'}, as its target is "
            f"{'a class' if of == 'class' else of!r}. Received: {shorten(repr(cell), 60)}"
        )
    if value != value:
        return ""
    return repr(value) if of == "number" else str(as_label(str(cell).strip()))
