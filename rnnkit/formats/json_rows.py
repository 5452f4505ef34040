"""Rows of JSON: an object a line, an array of objects, or an object of columns."""

import array
import json
import os
import re

from rnnkit.formats import bounds
from rnnkit.formats.separated import check_columns
from rnnkit.formats.texts import BLOCK, Column
from rnnkit.utils.messages import listed, shorten
from rnnkit.utils.progress import told

# Lists within lists in a cell; pictures are three deep.
MOST_NESTED = 20
CELL = 8  # bytes of a cell that is missing
HEAD = 4096  # bytes that show whether an array begins
WINDOW = 2**20  # bytes of an array that are looked at, at first
_CODING = ("utf-8", "surrogatepass")
_DECODE = json.JSONDecoder().raw_decode
_BLANK = re.compile(r"[ \t\n\r]*")


def parse(text, label, most_nested=MOST_NESTED):
    """A text of JSON as a value.

    Args:
        text: The text.
        label: What to call it in messages.
        most_nested: Levels of lists and objects in one another.

    Raises:
        ValueError: If it is not valid, or nests lists deeper.

    Example:

    >>> parse('{"a": [1]}', "the text")
    {'a': [1]}
    """
    deep = f"{label}: lists and objects in one another; at most {most_nested} levels are allowed"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        at = f" at line {error.lineno}" if error.lineno > 1 else ""
        raise ValueError(f"{label}: no valid JSON ({error.msg}{at})") from None
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"{label}: no valid JSON ({shorten(error)})") from None
    except RecursionError:
        raise ValueError(deep) from None
    # As deep as that it has as many brackets.
    if text.count("[") + text.count("{") > most_nested and _deeper(value, most_nested):
        raise ValueError(deep)
    return value


def _deeper(value, levels):
    """Whether lists and dicts are nested in more levels."""
    if not isinstance(value, (list, dict)):
        return False
    items = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in items)


def read(text, label, suffix=".jsonl"):
    """The rows of a text of JSON.

    An array is of objects, one a row; one object is of columns: `{"text": [...], "label": [...]}`
    with as many values in each, or objects with the same keys, as pandas writes them; or has the
    array among what is said about it, as in `{"version": 1, "data": [...]}`. A key that a row
    lacks is None there.

    Args:
        text: The text in UTF-8.
        label: What to call it in messages.
        suffix: `".jsonl"` for an object a line (or an array); `".json"` for an array or one object
            (or an object a line).

    Returns:
        The columns, a dict of name to list of values, or to `Texts`; the number of each row; and
        what these count, `"line"` or `"row"`.

    Raises:
        ValueError: If it is no JSON of that kind; the message names the line or row.
    """
    begins = text[:HEAD].lstrip()[:1] == b"["
    if begins:
        try:
            return *_columns(_elements(text), label, "row"), "row"
        except _Other:  # said below
            pass
    if suffix == ".json" or begins:
        whole = text.decode(*_CODING)
        if not _by_lines(whole):
            value = parse(whole, label)
            if not isinstance(value, list):
                return _of_object(value, label)
            return *_columns(enumerate(value, 1), label, "row"), "row"
        del whole
    rows = (
        (line, _line(row, line, label)) for line, row in _lines(text) if row and not row.isspace()
    )
    return *_columns(rows, label, "line", text.count(b"\n")), "line"


class _Other(Exception):
    """Text is no array of objects, or not a valid one."""


def _elements(text):
    """Pairs of number and object of an array of objects, of which a window is decoded at a time.

    Raises:
        _Other: If it is anything else; what was given before does not count then.
    """
    window, at, start, size, number = "", 0, text.index(b"[") + 1, WINDOW, 0
    while True:
        at, mark = _BLANK.match(window, at).end(), ""
        try:
            value, end = _DECODE(window, at)
            after = _BLANK.match(window, end).end()
            mark = window[after : after + 1]
        except ValueError:  # perhaps as the window ends within it
            pass
        except RecursionError:
            raise _Other from None
        if not mark:
            if start >= len(text):
                raise _Other
            stop = min(start + size, len(text))
            while stop < len(text) and text[stop] & 0xC0 == 0x80:  # within a character
                stop -= 1
            window, at = window[at:] + text[start:stop].decode(*_CODING), 0
            start, size = stop, 2 * size
            continue
        brackets = window.count("[", at, end) + window.count("{", at, end)
        if not isinstance(value, dict) or (
            brackets >= MOST_NESTED and _deeper(value, MOST_NESTED - 1)
        ):
            raise _Other
        number, size = number + 1, WINDOW
        yield number, value
        if mark == "]" and not window[after + 1 :].strip() and not text[start:].strip():
            return
        if mark != ",":
            raise _Other
        at = after + 1


def _line(row, line, label):
    if row.count("[") + row.count("{") <= MOST_NESTED:
        bare = row.strip()
        try:
            value, end = _DECODE(bare)
        except (ValueError, RecursionError):  # said below
            end = None
        if end == len(bare):
            return value
    return parse(row, f"{label}, line {line}")


def _by_lines(text):
    """Whether more follows the first value: a value a line."""
    try:
        json.JSONDecoder().decode(text.strip())
    except json.JSONDecodeError as error:
        return error.msg == "Extra data"
    except (ValueError, RecursionError):
        return False
    return False


def _of_object(value, label):
    if not isinstance(value, dict):
        raise ValueError(f"{label}: expected an array of objects. Found: {shorten(repr(value))}")
    parts = list(value.values())
    tables = [part for part in parts if isinstance(part, list) and part]
    tables = [part for part in tables if all(isinstance(row, dict) for row in part)]
    if len(tables) == 1:  # what is around the rows, such as {"version": 1, "data": [...]}
        return *_columns(enumerate(tables[0], 1), label, "row"), "row"
    if parts and all(isinstance(part, dict) and part.keys() == parts[0].keys() for part in parts):
        value = {name: list(part.values()) for name, part in value.items()}
        parts = list(value.values())
    alike = parts and all(isinstance(part, list) for part in parts)
    if not alike or len({len(part) for part in parts}) != 1:
        raise ValueError(
            f"{label}: expected an array of objects, [{{...}}, ...], an object a line, or lists of "
            f"equal length by name. Found an object with the keys {listed(list(value))}"
        )
    check_columns(len(value), label)
    return value, list(range(1, len(parts[0]) + 1)), "row"


def _columns(rows, label, unit, total=None):
    """Columns and numbers of rows, pairs of number and object, of which there are `total`."""
    found, block, numbers, given = {}, {}, array.array("q"), 0  # block: the latest cells
    for number, row in told(rows, f"Reading {os.path.basename(label)}", total):
        if not isinstance(row, dict):
            raise ValueError(
                f"{label}, {unit} {number}: expected an object {{...}}, found "
                f"{json.dumps(row)[:40]}"
            )
        given += len(row)
        if row.keys() != block.keys():
            new = [name for name in row if name not in block]
            check_columns(len(block) + len(new), label)
            if new:  # what the latest rows lack has its place in the column
                _append(found, block)
                found |= {name: Column(len(numbers)) for name in new}
                block |= {name: [] for name in new}
            hint = "Leave out keys that few rows have"
            bounds.check(label, CELL * (len(numbers) + 1) * len(block), CELL * given, hint=hint)
        for name, cells in block.items():
            cells.append(row.get(name))
        numbers.append(number)
        if len(numbers) % BLOCK == 0:
            _append(found, block)
    _append(found, block)
    return {name: found.pop(name).done() for name in list(found)}, numbers


def _append(columns, block):
    for name, cells in block.items():
        columns[name].extend(cells)
        cells.clear()


def _lines(text):
    """Pairs of number and line. Not by str.splitlines: JSON strings may hold the rare characters it
    also splits at."""
    number, start = 1, 0
    while start <= len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        yield number, text[start:end].decode(*_CODING)
        number, start = number + 1, end + 1
