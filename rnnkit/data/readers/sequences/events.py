"""Histories of events with labels: from tables of events, and of labels beside them."""

import array
import os
import pathlib
import warnings

import numpy as np

from rnnkit.data.readers import examples, files, several_targets
from rnnkit.data.splits import SPLITS
from rnnkit.formats import event_text as events
from rnnkit.formats import tables, units
from rnnkit.formats.cells import missing
from rnnkit.formats.several_targets import Rows
from rnnkit.formats.texts import Texts

# Columns that say which part of the data a history is for.
MARKS = ("split", "fold")


def events_and_label(table, columns):
    """Raw tensors `(histories, labels)` of a table with a history in each row."""
    texts = events.texts_of(table.columns[columns["input"]])
    whole = tables.Table({**table.columns, columns["input"]: texts}, table.lines, table.source)
    return examples.text_and_label(whole, columns)


def load(source, request):
    """Histories of events with their labels.

    Args:
        source: A folder or file; a frame; or a pair of frames: of events, and of labels. A folder
            holds a table of events and one of labels, which share the column that names the
            history; or tables `train`, `validation` and `test` of events that carry the label. A
            file, or a frame alone, is a table of events that carries the label. Or a pair of
            lists, or a dict of splits.
        request: A `Request`; `"input"` is the column that names the history, `"target"` that of
            the label.

    Returns:
        A `Data`.

    Raises:
        ValueError: For tables that do not fit, and labels that differ within a history; the message
            names the column and the row.
    """
    if not are_frames(source) and not hasattr(source, "columns"):
        data = examples.in_memory(source, request, events_and_label)
        if data is not None:
            return data
        source = examples.path_of(source)
    found, label = _tables(source, request)
    found = {name: _with_points(found.pop(name), request) for name in list(found)}
    if "labels" in found:
        parts = {"all": _joined(found.pop("events"), found.pop("labels"), request)}
    else:
        parts = {split: _grouped(found.pop(split), request) for split in list(found)}
    columns = {"input": "history", "target": "label"}
    return examples.from_tables(parts, request, examples.text_and_label, label, columns)


def histories(table, key, wanted):
    """The histories of a table of events, in the order in which they first occur.

    Args:
        table: A `Table` with a row an event.
        key: The column that names the history.
        wanted: Names of the columns of a history, without its times.

    Returns:
        Dict of the name of each history to its text.

    Raises:
        ValueError: If one of these columns is missing, or a name.
    """
    there = events.others(table.columns, table.source)
    absent = [name for name in wanted if name not in there]
    if absent:
        raise ValueError(
            f"{table.source} has no column {absent[0]!r}. Columns found: {list(table.columns)}"
        )
    groups = _groups(table, key)
    columns = [name for name in there if name in wanted]
    return dict(zip(groups, _texts(table, list(groups.values()), columns), strict=True))


def are_frames(source):
    """Whether a source is a pair of frames."""
    pair = isinstance(source, (tuple, list)) and len(source) == 2
    return pair and all(hasattr(part, "columns") for part in source)


def _tables(source, request):
    """Tables by split, or `{"events": ..., "labels": ...}`; and what to call them."""
    if isinstance(source, (tuple, list)):
        pair = [units.refuse(tables.from_frame(frame)) for frame in source]
        return dict(zip(("events", "labels"), pair, strict=True)), "frames"
    if hasattr(source, "columns"):
        return {"all": units.refuse(tables.from_frame(source))}, "a frame"
    folder = pathlib.Path(source)
    if folder.is_dir() and request.name is None:
        paths = sorted(item for item in folder.iterdir() if item.suffix.lower() in tables.SUFFIXES)
        if len(paths) == 2 and not any(item.stem.lower() in SPLITS for item in paths):
            pair = [request.table(path) for path in paths]
            with_label = [bool(_targets(table, request)) for table in pair]
            if sum(with_label) != 1:
                raise ValueError(
                    f"the folder {os.fspath(source)!r} must hold a table of events and one of "
                    f"labels, of which one alone has the column of the target. Columns found: "
                    f"{[list(table.columns) for table in pair]}"
                )
            labels, rest = pair if with_label[0] else pair[::-1]
            return {"events": rest, "labels": labels}, str(source)
    paths = files.find_splits(source, request.name)
    found = {split: request.table(path) for split, path in paths.items()}
    return found, str(source)


def _targets(table, request):
    """The columns of the targets in a table, one or several; empty where it lacks them."""
    given = request.given.get("target")
    try:
        if given is None:
            return [request.column(table, "target")]
        return several_targets.given_columns(table, given)[0]
    except ValueError:
        return []


def _with_points(table, request):
    """A table of events whose amounts have decimal points."""
    return request.numbers(table, *_targets(table, request))


def _joined(rows, labels, request):
    """A table with a row a history out of a table of events and one of labels."""
    target, key = request.target(labels), _key(rows, labels, request)
    groups = _groups(rows, key)
    names = [str(value).strip() for value in labels.columns[key]]
    first = {name: row for row, name in reversed(list(enumerate(names)))}
    twice = next((row for row, name in enumerate(names) if first[name] != row), None)
    if twice is not None:
        raise ValueError(
            f"{labels.where(twice)}: {key} {names[twice]!r} has a label "
            "already. Expected one row a history"
        )
    empty = sum(name not in groups for name in names)
    if empty == len(names):
        raise ValueError(
            f"No {key} of {labels.source} occurs in {rows.source}. Received: {names[:3]} and "
            f"{list(groups)[:3]}"
        )
    left_out = len(set(groups) - set(names))
    if left_out:
        warnings.warn(
            f"{left_out:,} of {len(groups):,} histories in {rows.source} have no label in "
            f"{labels.source} and are left out.",
            stacklevel=2,
        )
    if empty:
        warnings.warn(
            f"{empty:,} of {len(names):,} labels have no events in {rows.source}: their histories "
            "are empty.",
            stacklevel=2,
        )
    columns = [column for column in events.others(rows.columns, rows.source) if column != key]
    texts = _texts(rows, [groups.get(name, []) for name in names], columns)
    kept = {column: labels.columns[column] for column in _marks(labels)}
    return tables.Table(
        {**kept, "history": texts, "label": labels.columns[target]}, labels.lines, labels.source
    )


def _grouped(table, request):
    """A table with a row a history out of a table of events that carries the labels."""
    target, key = request.target(table), request.column(table, "input")
    groups = _groups(table, key)
    carried = {column: [] for column in [target, *_marks(table)]}
    for name, rows in groups.items():
        for column, values in carried.items():
            cells = table.columns[column]
            first = str(cells[rows[0]])
            other = next((row for row in rows if str(cells[row]) != first), None)
            if other is not None:
                raise ValueError(
                    f"{table.where(other)}: the column {column!r} holds "
                    f"{cells[other]!r}, but {cells[rows[0]]!r} in line {table.lines[rows[0]]} of "
                    f"the same history ({key} {name!r}). Expected one {column} a history: to judge "
                    "single events, let each have a history of its own that ends with it"
                )
            values.append(cells[rows[0]])
    apart = {key, *carried, *_targets(table, request)}
    columns = [n for n in events.others(table.columns, table.source) if n not in apart]
    texts = _texts(table, list(groups.values()), columns)
    labels = carried.pop(target)
    if isinstance(table.columns[target], Rows):
        labels = Rows(labels, table.columns[target].types)
    lines = [table.lines[rows[0]] for rows in groups.values()]
    return tables.Table({**carried, "history": texts, "label": labels}, lines, table.source)


def _marks(table):
    return [name for name in table.columns if str(name).strip().lower() in MARKS]


def _key(rows, labels, request):
    """The column that names the history, in both tables."""
    if "input" in request.given:
        return labels.match("input", (), rows.match("input", (), request.given["input"]))
    shared = [name for name in labels.columns if name in rows.columns]
    lowered = {str(name).strip().lower(): name for name in shared}
    for name in request.recipe.columns["input"]:
        if name in lowered:
            return lowered[name]
    unique = [name for name in shared if len(set(map(str, labels.columns[name]))) == labels.size]
    named = [name for name in unique if str(name).strip().lower().endswith("id")]
    for choice in (named, unique):
        if len(choice) == 1:
            return choice[0]
    raise ValueError(
        f"{rows.source} and {labels.source} must share a column that names the history, with a "
        f"value of its own in each row of labels (or say which with input=...). Columns found: "
        f"{list(rows.columns)} and {list(labels.columns)}"
    )


def _groups(table, key):
    """Row numbers of each history, by its name, in the order of the table."""
    groups = {}
    for row, value in enumerate(table.columns[key]):
        name = "" if missing(value) else str(value).strip()
        if not name:
            raise ValueError(
                f"{table.where(row)}: the column {key!r} is empty, so that "
                "the event belongs to no history"
            )
        if name not in groups:
            groups[name] = array.array("I")
        groups[name].append(row)
    return groups


def _texts(table, groups, columns):
    """Histories as texts, of groups of rows of one table."""
    seconds = events.seconds_of(table)
    cells = [table.columns[name] for name in table.columns if str(name).strip() in columns]
    late = []

    def texts():
        for rows in groups:
            rows = np.array(rows, int)
            order, disorder = events.sorting(seconds[rows])
            late.append(disorder)
            yield events.format_history(columns, seconds, cells, rows[order].tolist())

    found = Texts.of(texts())
    events.warn_of_disorder(late, table.size)
    return found
