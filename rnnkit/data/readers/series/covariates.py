"""Columns beside the values of series: texts as categories, and what is static within a series."""

import numpy as np

from rnnkit.formats.cells import as_label, missing, numbers
from rnnkit.utils.messages import listed, shorten

# Texts that a column of categories may hold.
MOST_CATEGORIES = 50


def learned(tables, names):
    """The texts in columns that do not hold numbers alone.

    Args:
        tables: List of `Table`.
        names: Columns of covariates.

    Returns:
        Dict of name to sorted texts, for those columns.

    Raises:
        ValueError: For too many texts, and for a column of texts and numbers.
    """
    found = {}
    for name in names:
        texts, mixed = set(), None
        for table in tables:
            cells = table.columns.get(name)
            if cells is None or numbers(cells)[1] is None:
                mixed = mixed or (cells is not None and len(cells) > 0 and table)
                continue
            texts.update(_texts(cells))
        if texts and mixed:
            texts.update(_texts(mixed.columns[name]))
        texts.discard("")
        if len(texts) > MOST_CATEGORIES:
            raise ValueError(
                f"{tables[0].source}: the column {name!r} holds {len(texts):,} different texts, "
                f"such as {shorten(min(texts), 40)!r}: expected numbers, or at most "
                f"{MOST_CATEGORIES} categories"
            )
        if texts:
            found[name] = sorted(texts)
    return found


def columns_of(name, categories):
    """Names of the columns of 0 and 1 that stand for one of categories."""
    return [f"{name}={each}" for each in categories[name]] if name in categories else [name]


def expanded(names, categories):
    """Names of columns of numbers for those of a table, as a list."""
    return [each for name in names for each in columns_of(name, categories)]


def expand(table, categories, kept=()):
    """Puts columns of 0 and 1 in place of those of categories.

    Args:
        table: A `Table`, which is changed.
        categories: As `learned` gives them.
        kept: Columns that stay beside them, as they tell series apart.

    Raises:
        ValueError: For a text that is none of the categories, which the message names; an empty
            cell is none of them, so that all its columns are 0.
    """
    lowered = {str(name).strip().lower(): name for name in table.columns}
    for name, known in categories.items():
        column = lowered.get(name.strip().lower())
        if column is None:
            raise ValueError(
                f"{table.source} has no column {name!r}, which the model needs. Columns found: "
                f"{listed(table.columns)}"
            )
        codes = {each: number for number, each in enumerate(known)}
        indicators = np.zeros((len(known), table.size))
        for row, text in enumerate(_texts(table.columns[column])):
            if not text:
                continue
            if text not in codes:
                raise ValueError(
                    f"{table.where(row)}: the column {name!r} holds {shorten(text, 40)!r}, which "
                    f"is none of its categories in training: {listed(known)}"
                )
            indicators[codes[text], row] = 1.0
        if column not in kept:
            del table.columns[column]
        table.columns.update(zip(columns_of(name, categories), indicators, strict=True))


def _texts(cells):
    """The texts of cells, empty ones `""`."""
    return ["" if missing(cell) else str(as_label(cell)).strip() for cell in cells]


def settle(pieces, names, categories, typical=None):
    """Gives static columns of numbers their one value in all rows of each series.

    Args:
        pieces: List of lists of `Table`, those of one series each, which are changed.
        names: The static columns.
        categories: As `learned` gives them.
        typical: Dict of name to the value of series where it is not known; by default the mean of
            the others.

    Raises:
        ValueError: Where a static column changes within a series, or is known for none.
    """
    for name in names:
        values, (own,) = [], plain([name], categories)
        for tables in pieces:
            known, first = np.nan, None
            for table in tables:
                cells, bad = numbers(table.columns[name])
                if bad is not None:
                    raise ValueError(
                        f"{table.where(bad)}: the static column {name!r} holds "
                        f"{table.columns[name][bad]!r}, which is no number"
                    )
                if first is None and np.isfinite(cells).any():
                    known, first = cells[int(np.argmax(np.isfinite(cells)))], table
                changes = np.isfinite(cells) & (cells != known)
                if changes.any():
                    row = int(np.argmax(changes))
                    raise ValueError(
                        f"{table.where(row)}: the static column {own!r} changes within a "
                        "series. If its values are known ahead say future=..., else input=..."
                    )
            values.append(known)
        if np.isnan(values).all() and typical is None:
            raise ValueError(f"The static column {name!r} is empty in all series: leave it out")
        default = np.nanmean(values) if typical is None else typical[name]
        for tables, value in zip(pieces, values, strict=True):
            for table in tables:
                value = default if np.isnan(value) else value
                table.columns[name] = np.full(table.size, value)


def plain(names, categories):
    """Names of the columns of a table for those of numbers, as a list."""
    sources = {each: name for name in categories for each in columns_of(name, categories)}
    return list(dict.fromkeys(sources.get(name, name) for name in names))
