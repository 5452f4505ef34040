"""Targets of which an example may have several, or none: lists, texts with separators, columns."""

import collections

import numpy as np
import tensorflow as tf

from rnnkit.data import stored
from rnnkit.data.readers.sequences import listed
from rnnkit.formats import several
from rnnkit.formats.cells import as_label, missing
from rnnkit.formats.sentences import numbered
from rnnkit.formats.tables import Table
from rnnkit.formats.texts import Texts
from rnnkit.utils.messages import shorten

# Pairs of data types whose targets may be such.
DATA_TYPES = (("text", "label"), ("image", "label"))


def join(table, names):
    """Adds a column with a list of labels in each row, made of columns of 0 and 1.

    Args:
        table: A `Table`.
        names: Names of its columns, those of the labels.

    Returns:
        The name of the new column.
    """
    joined = " + ".join(map(str, names))
    table.columns[joined] = several.of_columns({n: table.columns[n] for n in names}, table.where)
    return joined


def of_frame(frame):
    """Lists of labels of a frame beside the inputs: a column a label."""
    columns = {name: list(frame[name]) for name in frame.columns}
    return several.of_columns(columns, Table(columns, range(len(frame)), "the frame").where)


def lists(table, column, separator):
    """The cells of a column of targets, as lists where examples may have several labels.

    Args:
        table: A `Table`.
        column: Name of its column.
        separator: What stands between labels in a text, as the user says; None for one label each,
            unless cells are lists already, or all are texts such as `["a", "b"]`.

    Returns:
        A list of lists, or the cells as they are.

    Raises:
        ValueError: For cells of both kinds, and a separator that no cell has.
    """
    cells = table.columns[column]
    are_lists = [] if isinstance(cells, Texts) else [several.is_list(cell) for cell in cells]
    if any(are_lists):
        if not all(are_lists):
            row = are_lists.index(False)
            raise ValueError(
                f"{table.where(row)}: the column {column!r} holds lists of labels in other rows. "
                f"Received: {shorten(repr(cells[row]), 80)}, expected a list, which may be empty"
            )
        if separator is not None:
            raise ValueError(
                "label_separator is for texts, and the column "
                f"{column!r} of {table.source} holds lists. Received: label_separator={separator!r}"
            )
        several.refuse_indicators(
            cells, "give a table whose columns are the labels, and target=[...] their names"
        )
        return [list(cell) for cell in cells]
    if separator is None:
        written = _written(cells)
        if written is None:
            return cells
        print(f"{table.source}: the column {column!r} holds lists: an example has several labels")
        several.refuse_indicators(written, "give each label a column of its own")
        return written
    texts = ["" if missing(cell) else str(cell) for cell in cells]
    if not any(separator in text for text in texts):
        raise ValueError(
            f"label_separator={separator!r} stands in no cell of the column {column!r} of "
            f"{table.source}, so that each has one label at most: leave it out, or say what stands "
            f"between labels. Received: {shorten(repr(texts[:3]), 120)}"
        )
    return [several.split(text, separator) for text in texts]


def _written(cells):
    """Lists that are written in cells of text, or None."""
    for cell in cells:
        if not isinstance(cell, str) or cell.strip()[:1] != "[":
            return None
    found = listed.column(list(cells))
    return None if found and isinstance(found[0], str) else found or None


def tell(classes, source):
    """Says which classes look like several labels with something between them, as parts of them
    occur in others too.

    Args:
        classes: Iterable of classes.
        source: What to call the table.
    """
    names = set(map(str, classes))
    for separator in several.SEPARATORS:
        inside = sorted(name for name in names if separator in name)
        counts = collections.Counter(
            part for name in names for part in several.split(name, separator)
        )
        if inside and any(counts[part] > 1 for part in several.split(inside[0], separator)):
            print(
                f"{source}: each label is read as one class, such as {shorten(inside[0], 60)!r}; "
                f"label_separator={separator!r} makes several labels of it"
            )
            return


def column(table, name):
    """Lists of labels as a column of raw targets.

    Returns:
        `rnnkit.data.stored.Several`.

    Raises:
        ValueError: For labels that are empty, or no texts or numbers; the message has the row.
    """
    flat, lengths, without = [], [], 0
    for row, labels in enumerate(table.columns[name]):
        found = {}
        for each in labels:
            each = each.item() if isinstance(each, np.generic) else each
            if missing(each) or not isinstance(each, (str, int, float)) or not str(each).strip():
                raise ValueError(
                    f"{table.where(row)}: the column {name!r} must hold lists of labels. "
                    f"Received: {shorten(repr(each), 60)} in {shorten(repr(labels), 80)}"
                )
            found[str(as_label(str(each)))] = None
        if len({isinstance(each, str) for each in labels}) > 1:
            raise ValueError(
                f"{table.where(row)}: texts and numbers in one list may be several labels, or "
                "targets of several kinds. For the first write all labels as texts, for the second "
                "give each target a column, in a table or in a frame of targets. Received: "
                f"{shorten(repr(labels), 80)} in the column {name!r}"
            )
        flat += found
        lengths.append(len(found))
        without += not found
    if without:
        print(f"{table.source}: {without:,} of {len(lengths):,} examples have no label")
    codes, names = numbered(flat)
    return stored.Several(tf.RaggedTensor.from_row_lengths(codes, lengths), names)


def info(request, table):
    """What `rnnkit.data.Data.info` says of the labels of a table, as a dict."""
    columns = request.label_columns(table)
    return {**of_request(request), **({"labels": list(map(str, columns))} if columns else {})}


def of_request(request):
    """The part of `info` that does not depend on a table."""
    separator = request.label_separator
    return {} if separator is None else {"label_separator": separator}


def split(dataset, separator):
    """A dataset of `(x, text)` as one of `(x, labels)`, strings `[labels]`."""

    def labels(x, text):
        parts = tf.strings.strip(tf.strings.split(text, separator))  # [labels]
        return x, tf.boolean_mask(parts, parts != "")

    if separator is None:
        return dataset
    spec = dataset.element_spec[1]
    if spec.shape.rank or spec.dtype != tf.string:
        raise ValueError(
            "label_separator is for targets that are texts. Received: "
            f"label_separator={separator!r} for targets of dtype {spec.dtype.name} and shape "
            f"{spec.shape}"
        )
    return dataset.map(labels)
