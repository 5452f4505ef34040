"""Time series of numbers: tables, frames, arrays and TFDS examples as raw `(x, y)` in time order.

Of one series the first 70 % are for training, the next 10 % for validation and the last 20 % for
testing, unless the source says otherwise. Validation and test begin with up to 1,000 of the rows
before them, in which the targets are NaN: they warm a network up and are not scored.

Where the times show that rows are missing they are inserted, and values may be missing, as many as
there may be. As inputs they are interpolated, as targets they are NaN.

A table may hold several series, one below the other, which a column tells apart; see
`rnnkit.data.readers.series.panels`. Each is split in time by itself.
"""

import pathlib

import numpy as np

from rnnkit.data import splits, stretches
from rnnkit.data.readers import files
from rnnkit.data.readers.series import covariates, number_tables, panels
from rnnkit.data.readers.series.rows import Rows, from_array, sliced
from rnnkit.data.readers.series.splitting import columns_of, examples_of, from_parts, values_of
from rnnkit.data.readers.series.times import tell_of_zone
from rnnkit.formats.cells import numbers
from rnnkit.formats.tables import SUFFIXES
from rnnkit.formats.times import ISO_HINT, TIME_NAMES, find_time
from rnnkit.utils import memory
from rnnkit.utils.messages import listed

# Columns that only count the rows, under the names that spreadsheets and pandas give them.
COUNTERS = (
    *TIME_NAMES, "", "index", "unnamed: 0", "id", "no", "no.", "nr", "row", "t", "step", "hour",
)  # fmt: skip

AS_CATEGORIES = " (as categories texts can be static=... or future=...)"

# === Sources ===


def load(source, request):
    """One series of a user, in three parts.

    Args:
        source: A csv, tsv or jsonl file, a txt file of numbers, or a folder of splits; a pandas
            frame; an array `[time]` or `[time, columns]`; a pair `(x, y)` of arrays of equal
            length; or a dict of `train`, `validation`, `test` to these, one after the other in
            time.
        request: A `Request`; a column is a name, a position, several of them with commas, or a
            list.

    Returns:
        A `Data`; see `from_parts`. A warning tells of rows that are inserted.

    Raises:
        ValueError: For what cannot be read as one regular series of numbers; the message names
            the line.
    """
    names, tables, given = None, None, request.covariates()
    if isinstance(source, dict):
        parts, label = splits.named(source), "a dict"
        if all(hasattr(part, "columns") for part in parts.values()):
            tables = {
                split: number_tables.of_frame(part, request.decimal)
                for split, part in parts.items()
            }
        else:
            _no_columns(request)
            chains = [{split: _in_memory(part) for split, part in parts.items()}]
    elif isinstance(source, (str, pathlib.Path)):
        paths, label = files.find_splits(source, request.name, (*SUFFIXES, ".txt")), str(source)
        tables = {
            split: number_tables.read(
                at, request.encoding, request.header, request.separator, request.decimal
            )
            for split, at in paths.items()
        }
    elif hasattr(source, "columns"):
        tables, label = {"all": number_tables.of_frame(source, request.decimal)}, "a frame"
    else:
        _no_columns(request)
        chains, label = [{"all": _in_memory(source)}], "arrays"
    if tables is not None:
        tell_of_zone(next(iter(tables.values())))
        given |= _covariates(tables, request)
        columns, found = _apart(tables, request, given)
        names = (columns, list(found)) if columns else None
        memory.give_back()
        chains = [_by_split_column(found.pop(name)) for name in list(found)]
        memory.give_back()
    return from_parts(chains, given, label, names, request.split)


def _no_columns(request):
    for role in ("series", "static"):
        columns = {"series": request.series, "static": request.static}[role]
        if columns is not None:
            raise ValueError(
                f"{role} names a column of a table. Received: {role}={columns!r} with arrays, "
                "which have no named columns: pass a frame"
            )


def _covariates(tables, request):
    """What is known ahead and what is static, as columns of numbers, which tables have then: a
    dict of `future`, `static` and `categories`.

    Args:
        tables: Dict of split to `Table`, which are changed.
        request: A `Request`.
    """
    first = next(iter(tables.values()))
    roles = {"future": request.future, "static": request.static}
    roles = {role: first.matches(role, given) for role, given in roles.items()}
    both = [name for name in roles["static"] if name in roles["future"]]
    if both:
        raise ValueError(
            f"What is static never changes, so it is known ahead. Received: {both} as static and "
            "as future: say static alone"
        )
    names = [*roles["future"], *roles["static"]]
    if not names:
        return {}
    categories = covariates.learned(list(tables.values()), names)
    kept = first.matches("series", request.series)
    for table in tables.values():
        covariates.expand(table, categories, kept)
    for name, texts in categories.items():
        role = next(role for role, own in roles.items() if name in own)
        print(f"{first.source}: {role} column {name!r}, categories: {listed(texts)}")
    found = {role: covariates.expanded(own, categories) for role, own in roles.items() if own}
    return found | {"categories": categories}


def _apart(tables, request, given):
    """The series in tables by split, which are emptied: their columns, and a dict of name to tables
    by split."""
    static = given.get("static", [])
    found, columns = {}, request.series
    source = next(iter(tables.values())).source
    for split in list(tables):
        table = tables.pop(split)
        used = [*request.used(table), *static]
        columns, pieces = panels.pieces(table, columns, used, "input" in request.given)
        for name, piece in pieces.items():
            found.setdefault(name, {})[split] = piece
    if columns and request.series is None:
        print(
            f"{source}: {len(found):,} series, told apart by "
            f"{', '.join(map(repr, columns))} (series= says otherwise)"
        )
    if static and not columns:
        raise ValueError(
            "static names columns that tell how series differ, of a table that holds several. "
            f"Received: static={request.static!r}, with one series: {source}"
        )
    pieces = [list(each.values()) for each in found.values()]
    covariates.settle(pieces, static, given.get("categories", {}))
    return columns, found


# === Tables ===


def _by_split_column(tables):
    """`Rows` by split, those of a single table by its `split` column if it has one."""
    split = next(iter(tables))
    table = tables[split]
    groups = splits.by_split_column(table, split) if len(tables) == 1 else {split: None}
    if groups.get(split, 0) is None:
        return {split: _from_table(table) for split, table in tables.items()}
    order = [row for split in ("train", "validation", "test") for row in groups.get(split, [])]
    if order != sorted(order):
        late, early = next((a, b) for a, b in zip(order, order[1:], strict=False) if a > b)
        raise ValueError(
            f"{table.source}: the parts of a series must be consecutive, first train, then "
            f"validation, then test. By its split column line {table.lines[early]} belongs to a "
            f"later part than line {table.lines[late]}, which it precedes"
        )
    rows, parts, start = _from_table(table), {}, 0
    for split in ("train", "validation", "test"):
        end = start + len(groups.get(split, []))
        if end > start:
            parts[split] = sliced(rows, start, end)
        start = end
    return parts


def _from_table(table):
    """The columns of a table, which is emptied, that hold numbers, and its times."""
    columns, label = number_tables.cells_of(table)
    times_of, seconds = find_time(columns, lambda row: f"{label} {table.lines[row]}")
    values, left_out = {}, {}
    for name, cells in columns.items():
        if name in times_of:
            continue
        array, bad = numbers(cells)
        if bad is not None:
            hint = f" ({ISO_HINT})" if name.lower() in TIME_NAMES else AS_CATEGORIES
            left_out[name] = (
                f"{label} {table.lines[bad]}: the column {name!r} holds {cells[bad]!r}, which is "
                f"no number{hint}"
            )
        elif np.isnan(array).all():
            left_out[name] = f"the column {name!r} is empty"
        elif name.lower() in COUNTERS and array[0] != array[-1] and np.ptp(np.diff(array)) == 0:
            left_out[name] = f"the column {name!r} only counts the rows"
        else:
            values[name] = array
    known = list(columns)
    columns.clear()
    table.columns.clear()
    del cells
    stacked = np.stack(list(values.values()), axis=1) if values else np.empty((table.size, 0))
    return Rows(list(values), stacked, [(label, table.lines)], seconds, known, left_out)


# === Arrays ===


def _in_memory(part):
    """`Rows` of a frame, an array, or a pair `(x, y)` of these."""
    if isinstance(part, tuple) and len(part) == 2 and np.ndim(part[0]) > 0:
        return _pair(*part)
    if hasattr(part, "index") and hasattr(part, "to_numpy"):
        return _from_table(number_tables.of_frame(part))
    return from_array(part)


def _pair(x, y):
    """A pair of inputs and targets as `Rows` that hold both."""
    rows = _in_memory(x)
    if y is x:
        return rows
    if hasattr(y, "index") and hasattr(y, "to_numpy"):
        other = _in_memory(y)
    else:
        other = from_array(y, lambda n: ["y"] if n == 1 else [f"y{index}" for index in range(n)])
    if len(rows) != len(other):
        raise ValueError(
            f"x and y must be of equal length. Received: {len(rows):,} and {len(other):,}"
        )
    if rows.seconds is not None and other.seconds is not None:
        if not np.array_equal(rows.seconds, other.seconds):
            raise ValueError("x and y must have the same times. Received: indices that differ")
    if np.array_equal(rows.values, other.values, equal_nan=True):
        return rows
    for name in set(rows.names) & set(other.names):
        if not np.array_equal(rows.column(name), other.column(name), equal_nan=True):
            raise ValueError(
                f"x and y both have a column {name!r}, with different values: rename one of them"
            )
    added = [name for name in other.names if name not in rows.names]
    return Rows(
        [*rows.names, *added],
        np.column_stack([rows.values, *(other.column(name) for name in added)]),
        rows.spans,
        other.seconds if rows.seconds is None else rows.seconds,
        [*rows.known, *added],
        {**other.left_out, **rows.left_out},
        other.names,
    )


def from_examples(examples, names, given=None, source=None, in_order=True):
    """Data from the examples of a TFDS dataset.

    Args:
        examples: Dict of split to list of float64 arrays `[time, columns]`. Where all splits have
            as many, example i of validation follows example i of train, and so on; else each
            example is a series of its own. A split alone has each of its series cut in three.
        names: Names of the columns.
        given: As in `from_parts`.
        source: As in `Data`.
        in_order: Whether the examples of a split come in an order that means something.
    """
    parts = {
        split: [
            Rows(names, array, [(f"{source}, {split}, example {number}, row", range(len(array)))])
            for number, array in enumerate(arrays)
        ]
        for split, arrays in examples.items()
    }
    counts = {split: len(each) for split, each in parts.items()}
    follow = set(counts.values()) == {1} or (in_order and len(set(counts.values())) == 1)
    if follow or len(parts) == 1:
        chains = [
            dict(zip(parts, chain, strict=True)) for chain in zip(*parts.values(), strict=True)
        ]
        return from_parts(chains, given, source)
    if len(parts) < 3:
        raise ValueError(
            f"{source} must have train, validation and test, or as many examples in each split. "
            f"Found: {counts}"
        )
    pairs = {
        split: [
            stretches.Stretch.whole(*values_of(rows, *columns_of(rows, given or {})))
            for rows in each
        ]
        for split, each in parts.items()
    }
    first = parts["train"][0]
    _, info = examples_of({"all": first}, given or {})
    return stretches.from_series(pairs, source, info)


def pairs(dataset, request):
    """A dataset of single raw `(x, y)`, each `[time, columns]`; a ValueError says what others
    hold."""
    spec = getattr(dataset, "element_spec", None)
    pair = isinstance(spec, tuple) and len(spec) == 2
    if not pair or not all(getattr(part, "shape", None) is not None for part in spec):
        raise ValueError(f"The dataset must give pairs (x, y) of series. Received: {spec}")
    ranks = {part.shape.rank for part in spec}
    if ranks not in ({2}, {3}):
        raise ValueError(
            "The series of a dataset must be pairs (x, y) of shapes (time, columns) and (time, "
            f"targets), or batches of them. Received: shapes {[part.shape for part in spec]}"
        )
    return dataset.unbatch() if ranks == {3} else dataset
