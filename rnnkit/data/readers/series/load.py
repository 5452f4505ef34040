"""Time series of numbers: tables, frames, arrays and TFDS examples as raw `(x, y)` in time order.

Of one series the first 70 % are for training, the next 10 % for validation and the last 20 % for
testing, unless the source says otherwise. Validation and test begin with up to 1,000 of the rows
before them, in which the targets are NaN: they warm a network up and are not scored.

Where the times show that up to `LONGEST_GAP` rows in a row are missing, the rows are inserted, and
as many values in a row may be missing. As inputs they are interpolated, as targets they are NaN.
"""

import pathlib
import warnings

import numpy as np

from rnnkit.data import splits
from rnnkit.data.readers import files
from rnnkit.data.readers.series import number_tables, times
from rnnkit.data.readers.series.rows import Rows, complete, filled, from_array, joined, sliced
from rnnkit.data.readers.series.times import TIME_NAMES, find_time
from rnnkit.formats.cells import ISO_HINT, numbers
from rnnkit.formats.tables import SUFFIXES, Table

LEAST = 20
# Of a series that train, validate and test.
FRACTIONS = (0.7, 0.1, 0.2)
# Columns that only count the rows, under the names that spreadsheets and pandas give them.
COUNTERS = (*TIME_NAMES, "", "index", "unnamed: 0")


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
    if isinstance(source, dict):
        parts = {split: _in_memory(part) for split, part in splits.named(source).items()}
        label = "a dict"
    elif isinstance(source, (str, pathlib.Path)):
        paths = files.find_splits(source, request.name, (*SUFFIXES, ".txt"))
        tables = {
            split: number_tables.read(
                at, request.encoding, request.header, request.separator, request.decimal
            )
            for split, at in paths.items()
        }
        parts, label = _by_split_column(tables), str(source)
    elif hasattr(source, "columns"):
        parts, label = (
            _by_split_column({"all": number_tables.of_frame(source, request.decimal)}),
            "a frame",
        )
    else:
        parts, label = {"all": _in_memory(source)}, "arrays"
    return from_parts([parts], request.given, label, request.split)


def from_parts(chains, given=None, source=None, fractions=None):
    """Data from series in consecutive parts.

    Args:
        chains: List of dicts of `"train"`, `"validation"`, `"test"` to `Rows`, one dict a series;
            or of `"all"` or `"train"` alone. Missing parts are split off.
        given: Dict of `"input"`, `"target"` to the user's own columns.
        source: As in `Data`.
        fractions: Of the rows that train, validate and test, where there is one part alone; by
            default `FRACTIONS`.

    Returns:
        A `Data` of raw `(x, y)`: x float64 `[time, columns]`, with the time in front where it is
        known, and y float64 `[time, targets]` beside it. One example a series in each part.
    """
    examples, info = {}, None
    for chain in chains:
        splits.refuse_parts(chain, source, fractions)
        made, about = _examples(chain, given or {}, fractions, len(chains) == 1)
        info = info or about
        for split, pair in made.items():
            examples.setdefault(split, []).append(pair)
    return splits.from_series(examples, source, info)


def _examples(parts, given, fractions=None, said=False):
    """The three raw examples of one series, and the `info` of its data; how it is split is said."""
    parts = {("train" if split == "all" else split): rows for split, rows in parts.items()}
    parts = {split: parts[split] for split in ("train", "validation", "test") if split in parts}
    rows = joined(list(parts.values()))
    sizes = {split: len(part) for split, part in parts.items()}
    if len(rows) < LEAST:
        raise ValueError(
            f"The series has {len(rows)} rows: expected at least {LEAST}, one row a time"
        )
    inputs, targets = _roles(rows, given)
    step = name = period = None
    if rows.seconds is not None:
        times.check_order(rows.seconds, rows.where)
        step, name, period = times.frequency(rows.seconds)
        rows, sizes = complete(rows, step, name, sizes)
    ends = _ends(sizes, fractions)
    if said and set(sizes) == {"train"} and not splits.undivided.get():
        print(
            f"Split in time: the first {ends[0]:,} rows to train, the next {ends[1] - ends[0]:,} "
            f"to validate, the last {len(rows) - ends[1]:,} to test"
        )
    x, y = _values(rows, inputs, targets)
    if rows.seconds is None:
        period = times.dominant_period(x[: ends[0], inputs.index(targets[0])])
    else:
        period = period if period and 2 * period <= ends[0] else None
        x = np.column_stack([rows.seconds, x])
    info = {"columns": inputs, "targets": targets, "time": rows.seconds is not None}
    info |= {"step": step, "frequency": name, "period": period}
    return splits.in_time(x, y, ends), info


def _ends(sizes, fractions=None):
    """Where train and validation end, in rows from the start of the series."""
    if set(sizes) == {"train"}:
        size, (train, validate, _) = sizes["train"], fractions or FRACTIONS
        # Rounded first: .7 + .1 is a little less than .8.
        return int(round(size * train, 6)), int(round(size * (train + validate), 6))
    if "test" not in sizes or "train" not in sizes:
        raise ValueError(
            "A series in parts needs train and test (validation may be split off train). "
            f"Received: {sorted(sizes)}"
        )
    if "validation" in sizes:
        return sizes["train"], sizes["train"] + sizes["validation"]
    return sizes["train"] * 7 // 8, sizes["train"]


# === Columns ===


def _roles(rows, given):
    """Names of the input and of the target columns."""
    if not rows.names:
        reasons = "; ".join(rows.left_out.values()) or "no columns but the time"
        raise ValueError(f"The data has no column of numbers: {reasons}")
    inputs = _chosen(rows, "input", given.get("input"))
    targets = _chosen(rows, "target", given.get("target"))
    if inputs is None:
        for why in rows.left_out.values():
            warnings.warn(f"A column is left out: {why}", stacklevel=2)
        inputs = rows.names
        if targets is None:
            targets = rows.targets or rows.names
    elif targets is None:
        targets = rows.targets or inputs
    # What is forecast has to be seen, so that a forecast can go on from itself.
    return [*inputs, *(name for name in targets if name not in inputs)], targets


def _chosen(rows, role, given):
    """The names of the columns a user chose for a role, or None."""
    if given is None:
        return None
    if isinstance(given, str) and given.strip().lower() not in map(str.lower, rows.known):
        given = [part.strip() for part in given.split(",")]
    table, names = Table(dict.fromkeys(rows.known, ())), []
    table.source = rows.spans[0][0].rsplit(",", 1)[0]
    for item in given if isinstance(given, (list, tuple)) else [given]:
        if isinstance(item, str) and item.isdigit() and item not in rows.known:
            item = int(item)
        name = table.match(role, (), item)
        if name not in rows.names:
            why = rows.left_out.get(name, f"{name!r} is the time")
            raise ValueError(
                f"The column {name!r} cannot be the {role}: {why}. Columns of numbers: {rows.names}"
            )
        names.append(name)
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{role} must name columns that differ. Received: {role}={given!r}")
    return names


def _values(rows, inputs, targets):
    """Inputs `[rows, inputs]` with short gaps filled, and targets `[rows, targets]` with NaN."""
    columns = [filled(rows, name) for name in inputs]
    for name, column in zip(inputs, columns, strict=True):
        if np.ptp(column) == 0:
            warnings.warn(
                f"The column {name!r} never changes: it is {column[0]} in all rows", stacklevel=2
            )
    return np.stack(columns, axis=1), np.stack([rows.column(name) for name in targets], axis=1)


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
    """The columns of a table that hold numbers, and its times."""
    columns, label = number_tables.cells_of(table)
    time, seconds = find_time(columns, lambda row: f"{label} {table.lines[row]}")
    values, left_out = {}, {}
    for name, cells in columns.items():
        if name == time:
            continue
        array, bad = numbers(cells)
        if bad is not None:
            hint = f" ({ISO_HINT})" if name.lower() in TIME_NAMES else ""
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
    stacked = np.stack(list(values.values()), axis=1) if values else np.empty((table.size, 0))
    return Rows(list(values), stacked, [(label, table.lines)], seconds, list(columns), left_out)


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
        split: [_values(rows, *_roles(rows, given or {})) for rows in each]
        for split, each in parts.items()
    }
    first = parts["train"][0]
    _, info = _examples({"all": first}, given or {})
    return splits.from_series(pairs, source, info)


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
