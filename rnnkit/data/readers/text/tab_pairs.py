"""Pairs of texts between tabs in a plain text file, as collections of sentences are handed out."""

import re

from rnnkit.formats import headers, tables
from rnnkit.formats.encodings import content
from rnnkit.formats.texts import lines_of
from rnnkit.utils.messages import shorten

# What is in each cell of a column that says where its row comes from.
_ORIGIN = re.compile(r"\bCC[- ](BY|0)|licen[cs]e|attribution|copyright|©|https?://", re.IGNORECASE)


def read(path, request):
    """A file of pairs as a `Table` with the columns `input` and `target`.

    Its first two columns are the pairs, unless others are asked for by their position or by the
    name in a first row that is a header. A further column of attributions is left out.

    Args:
        path: Its path.
        request: A `Request`.

    Returns:
        The table; None if there is no tab in the first line that is not empty.

    Raises:
        ValueError: If lines differ in their number of columns, or it is open which are meant.
    """
    text = content(path, request.encoding)
    first = next((line for _, line in lines_of(text) if line), "")
    if "\t" not in first:
        return None
    names = {name for role in request.recipe.columns.values() for name in role}
    header = headers.told(path, names) if request.header is None else request.header
    table = tables.parse(text, str(path), ".tsv", header)
    columns = _chosen(table, request)
    pair = {role: table.columns[name] for role, name in columns.items()}
    return tables.Table(pair, table.lines, str(path))


def _chosen(table, request):
    """Which columns are `"input"` and `"target"`, as a dict."""
    chosen = {
        role: table.match(role, request.recipe.columns[role], column)
        for role, column in request.given.items()
    }
    texts = [name for name in table.columns if not _is_origin(table.columns[name])]
    if 0 not in table.columns and not chosen:  # it has a header
        return request.columns(table)
    rest = [name for name in texts if name not in chosen.values()]
    if len(chosen) + len(rest) != 2 and len(chosen) < 2:
        first = shorten(", ".join(repr(cells[0]) for cells in table.columns.values()), 200)
        raise ValueError(
            f"{table.source} has {len(texts)} columns of texts between tabs; expected two: say "
            f"which by position, input=0, target=1. The first row is {first}"
        )
    for role in ("input", "target"):
        if role not in chosen:
            chosen[role] = rest.pop(0)
    return chosen


def _is_origin(cells):
    """Whether a column says where its rows come from."""
    return all(_ORIGIN.search(cell) for cell in cells)
