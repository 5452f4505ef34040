"""Lists of words or tags that tables of text hold as a text: `["a", "b"]`, `['a', 'b']`."""

import ast
import json
import re

# A text in quotes, or a number: what Python, JSON and NumPy write of lists.
_ITEM = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[+-]?\d+")
_BETWEEN = re.compile(r"\s*,\s*|\s+")


def column(cells):
    """A column whose texts are all written lists, as lists; another as it is.

    Example:

    >>> column(["['Anna', 'met']", '["Bob"]', "[1 0]", "[]"])
    [['Anna', 'met'], ['Bob'], ['1', '0'], []]
    >>> column(["[ Anna met", "Bob ]"])
    ['[ Anna met', 'Bob ]']
    """
    if not cells or not all(isinstance(cell, str) for cell in cells):
        return cells
    found = []
    for cell in cells:
        items = _items(cell.strip())
        if items is None:
            return cells
        found.append(items)
    return found


def _items(text):
    """The items of a written list as texts, or None."""
    if text[:1] != "[" or text[-1:] != "]":
        return None
    position, items, inside = 0, [], text[1:-1].strip()
    while position < len(inside):
        if items:
            between = _BETWEEN.match(inside, position)
            if between is None:
                return None
            position = between.end()
        match = _ITEM.match(inside, position)
        if match is None:
            return None
        position = match.end()
        items.append(_value(match.group()))
    return items


def _value(item):
    if item[0] not in "'\"":
        return item
    if item[0] == '"':
        try:
            return json.loads(item)
        except ValueError:  # as Python writes it
            pass
    try:
        return ast.literal_eval(item)  # one text
    except (ValueError, SyntaxError):
        return item[1:-1]
