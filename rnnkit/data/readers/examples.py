"""Sources with an example in each row: tables, frames, arrays, and dicts of splits to these."""

import os
import warnings

import tensorflow as tf

from rnnkit.data import stored
from rnnkit.data.readers import several_labels, several_targets
from rnnkit.data.readers.files import class_folders, find_splits
from rnnkit.data.splits import by_split_column, fold_column, from_columns, named, take
from rnnkit.formats import units
from rnnkit.formats.cells import as_label, missing
from rnnkit.formats.several import is_list
from rnnkit.formats.several_targets import Rows, told
from rnnkit.formats.tables import Table, from_frame
from rnnkit.formats.texts import Texts
from rnnkit.utils.messages import listed, shorten


def load(source, request, to_tensors, read=None):
    """A user's examples as `Data`.

    Args:
        source: A file, folder or pattern (see `files.find_splits`), a folder a class, a pandas
            frame, a pair of arrays, or a dict of splits to the last two.
        request: A `Request`.
        to_tensors: Function `(table, columns) -> tuple of columns`, with `columns` a dict of role
            to column name.
        read: Function from a path to a `Table`; by default `request.table`.
    """
    data = in_memory(source, request, to_tensors)
    if data is not None:
        return data
    if hasattr(source, "columns"):
        return from_tables({"all": from_frame(source)}, request, to_tensors, "a frame")
    source = path_of(source)
    found = class_folders(source, request.encoding) if request.name is None else {}
    if found:
        request.refuse("Folders of texts say their classes", "label_separator")
        several_targets.refuse(request, "Folders of texts say their classes")
    if not found:
        paths = find_splits(source, request.name)
        found = {split: (read or request.table)(at) for split, at in paths.items()}
    return from_tables(found, request, to_tensors, source)


def in_memory(source, request, to_tensors):
    """A dict of splits or a pair of arrays as `Data`; None for other sources."""
    if isinstance(source, dict):
        parts, info = {}, []
        for split, value in named(source).items():
            if hasattr(value, "columns"):
                table = from_frame(value)
                columns = request.columns(table)
                info.append(several_targets.info(request, table, columns["target"]))
                units.refuse(table, columns["target"])
                parts[split] = to_tensors(request.classes(table, columns["target"]), columns)
            else:
                parts[split], found = _arrays(value, request, to_tensors)
                info.append(found)
        info = several_targets.merged(info)
        return from_columns(parts, "a dict", request.split, info=info)
    if isinstance(source, (tuple, list)):
        part, info = _arrays(source, request, to_tensors)
        return from_columns({"all": part}, "arrays", request.split, info=info)
    return None


def from_tables(found, request, to_tensors, source, columns=None):
    """`Data` of tables of examples.

    Args:
        found: Dict of split, or `"all"`, to `Table`; it is emptied.
        request, to_tensors: As in `load`.
        source: As in `Data`.
        columns: Dict of role to column name; by default `request` says which.
    """
    parts, groups, folds, info = {}, None, {}, []
    for split in list(found):
        table = found.pop(split)  # let go of before the examples are split
        names = columns or request.columns(table)
        units.refuse(table, names["target"])
        info.append(several_targets.info(request, table, names["target"]))
        table = request.classes(table, names["target"])
        if request.group is not None:
            groups = table.columns[table.match("group", (), request.group)]
        for part, rows in by_split_column(table, split, request.fold).items():
            parts[part] = to_tensors(take(table, rows), names)
            if request.fold is not None:
                folds[part] = take(table, rows).columns[fold_column(table)]
        del table
    info = several_targets.merged(info)
    data = from_columns(parts, source, request.split, groups, info=info)
    data.groups = folds or data.groups  # folds of a search keep to those of the table
    return data


def path_of(source):
    """A source as a path; a ValueError says what else a source may be."""
    if not isinstance(source, (str, os.PathLike)):
        raise ValueError(
            "source must be a path, a TFDS name, a pandas frame, a tf.data.Dataset, a pair (x, y) "
            f"or a dict of splits. Received: {type(source).__name__}"
        )
    return os.fspath(source)


def pairs(dataset, request):
    """Single raw pairs of a `tf.data.Dataset` of pairs, of dicts, or of batches of them."""
    spec = dataset.element_spec
    if isinstance(spec, dict):
        table = Table({key: [] for key in spec}, source="the dataset")
        if several_targets.are_several(request, table):
            raise ValueError(
                "Several columns as target are for tables and frames: map the dataset to pairs of "
                f"an input and a list of labels. Received: target={request.given['target']!r}"
            )
        names = request.columns(table)
        dataset = dataset.map(lambda row: (row[names["input"]], row[names["target"]]))
        spec = dataset.element_spec
    pair = isinstance(spec, tuple) and len(spec) == 2
    if not pair or not all(isinstance(part, tf.TypeSpec) for part in spec):
        raise ValueError(f"The dataset must give pairs (x, y). Received: elements {spec}")
    # Single strokes are of rank 2; all else is of rank 0, but for targets of several labels.
    ranks = spec[0].shape.rank, spec[1].shape.rank
    colours = spec[0].dtype == tf.uint8 and ranks[0] == 3 and spec[0].shape[-1] in (1, 3, 4)
    batched = ranks == (1, 1) or ranks == (1, 2) or (ranks == (3, 1) and not colours)
    dataset = dataset.unbatch() if batched else dataset
    return several_labels.split(dataset, request.label_separator)


def text_and_label(table, columns):
    """Raw columns `(texts, labels)` of a table; a missing label is reported with its line."""
    labels = table.columns[columns["target"]]
    if isinstance(labels, Rows):
        return _texts(table, columns), several_targets.column(labels)
    if table.size and is_list(labels[0]):
        labels = several_labels.column(table, columns["target"])
        _tell_of_case(labels.names, table.source)
        return _texts(table, columns), labels
    known = {}  # labels by what cells hold: there are few
    for row, value in enumerate(labels):
        if type(value) is str and value in known:
            continue
        nested = isinstance(value, (list, dict))
        if nested or missing(value) or str(value).strip().lower() in ("", "nan"):
            raise ValueError(
                f"{table.where(row)}: the column {columns['target']!r} holds "
                f"no label. Received: {shorten(repr(value), 80)}"
            )
        if type(value) is str:
            known[value] = as_label(value)
    _tell_of_case(known.values(), table.source)
    several_labels.tell(known.values(), table.source)
    return _texts(table, columns), _labels(labels, known)


def _texts(table, columns):
    """The inputs of a table as a column; a missing text is reported with its line."""
    texts = table.columns[columns["input"]]
    if isinstance(texts, Texts):
        return column_of_texts(texts, "text")
    for row, value in enumerate(texts):
        if type(value) is not str and (missing(value) or isinstance(value, (list, dict))):
            raise ValueError(
                f"{table.where(row)}: the column {columns['input']!r} holds "
                f"no text (an empty text is fine). Received: {shorten(repr(value), 80)}"
            )
    return column_of_texts(texts, "text")


def _labels(cells, known):
    """Labels as a column; `known` has those of cells that are texts."""
    if isinstance(cells, Texts):
        return stored.Numbered.of(known[cell] for cell in cells)
    labels = [known[cell] if type(cell) is str else cell for cell in cells]
    return column_of_texts(labels, "label")


def column_of_texts(values, name):
    """A list of values, or `Texts`, as a column of strings for `splits.from_columns`."""
    from rnnkit.features.conversion import convert

    if isinstance(values, Texts) and values.is_utf8():
        return stored.Slices(values)
    return convert(values, tf.TensorSpec((), tf.string), name)


def _tell_of_case(labels, source):
    """Says which classes differ in nothing but their case."""
    found = {}
    for label in sorted(set(map(str, labels))):
        found.setdefault(label.casefold(), []).append(label)
    alike = [" and ".join(map(repr, each)) for each in found.values() if len(each) > 1]
    if alike:
        print(f"{source}: classes that differ in case alone are kept apart: {listed(alike, 5)}")


def leave_out(bad, total, what, skip, level=3):
    """Warns of examples that cannot be read, or raises a ValueError.

    Args:
        bad: List of messages, one for each example that cannot be read.
        total: Number of examples.
        what: What they are, such as `"pictures"`.
        skip: Whether they may be left out, as long as some are left.
        level: Whose call the warning is about, as `stacklevel` of `warnings.warn` counted from
            the caller.
    """
    if not bad:
        return
    count = f"{len(bad)} of {total} {what} cannot be read"
    if not skip:
        raise ValueError(
            f"{count}. The first is {bad[0]}. To leave them out pass skip_unreadable=True"
        )
    if len(bad) == total:
        raise ValueError(f"{count}, so that none is left. The first is {bad[0]}")
    warnings.warn(f"{count} and are left out. The first is {bad[0]}", stacklevel=level + 1)


def _arrays(pair, request, to_tensors):
    """Columns of a pair `(x, y)`, and what `Data.info` says of them."""
    if pair and all(isinstance(each, dict) for each in pair):
        raise ValueError(
            "Rows are passed as a frame: pandas.DataFrame(rows). Received: a "
            f"{type(pair).__name__} of {len(pair):,} dicts"
        )
    if len(pair) != 2:
        raise ValueError(f"Arrays are passed as a pair (x, y). Received: {len(pair)} parts")
    info = several_labels.of_request(request)
    (x, y), given = pair, request.given.get("target")
    if isinstance(given, dict) and not hasattr(y, "columns"):
        raise ValueError(
            "target as a dict of columns to types needs a frame of targets, or a table. "
            f"Received: target={given!r} beside targets of type {type(y).__name__}"
        )
    if request.may_have_targets and hasattr(y, "columns") and len(y.columns) > 1:
        y, info = _of_frame(y, given if isinstance(given, dict) else {}, request, info)
    x, y = (_column(part, name) for name, part in (("x", x), ("y", y)))
    if len(x) != len(y):
        raise ValueError(f"x and y must be of equal length. Received: {len(x):,} and {len(y):,}")
    table = Table({"input": x, "target": y}, range(len(x)), "arrays")
    columns = {"input": "input", "target": "target"}
    return to_tensors(request.classes(table, "target"), columns), info


def _column(part, name):
    """Half of a pair `(x, y)` as a list, or `Rows` as they are."""
    if isinstance(part, dict) or (hasattr(part, "columns") and len(part.columns) != 1):
        columns = list(part) if isinstance(part, dict) else list(part.columns)
        raise ValueError(
            f"{name} of a pair (x, y) must be one column. Received: a {type(part).__name__} with "
            f"{listed(columns, 5)}. Pass a frame of all columns, and say which with input=... and "
            "target=..."
        )
    if hasattr(part, "columns"):
        return list(part.iloc[:, 0])
    if isinstance(part, Rows):
        return part
    return list(part.numpy()) if isinstance(part, tf.Tensor) else list(part)


def _of_frame(frame, types, request, info):
    """Targets in the columns of a frame beside the inputs, labels or of kinds of their own; and
    what `Data.info` says of them."""
    table = from_frame(frame)
    names = list(table.columns)
    if types:
        names, types = several_targets.given_columns(table, types)
    found = told({name: table.columns[name] for name in names}, types, table.where)
    if found is None and request.may_have_several:
        return several_labels.of_frame(frame), {**info, "labels": list(map(str, frame.columns))}
    if found is None:
        return frame, info
    joined = several_targets.join(table, names, found, bool(types))
    return table.columns[joined], {**info, "target_types": found}
