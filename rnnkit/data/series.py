"""Time series of numbers: tables, frames, arrays and TFDS examples as raw `(x, y)` in time order.

Of one series the first 70 % are for training, the next 10 % for validation and the last 20 % for
testing, unless the source says otherwise. Validation and test begin with up to 1,000 of the rows
before them, in which the targets are NaN: they warm a network up and are not scored.

Where the times show that up to `LONGEST_GAP` rows in a row are missing, the rows are inserted, and
as many values in a row may be missing. As inputs they are interpolated, as targets they are NaN.
"""

import difflib
import pathlib
import warnings

import numpy as np

from rnnkit.data import files, splits, times
from rnnkit.data.tables import (
    SUFFIXES,
    Table,
    _csv_rows,
    _tsv_rows,
    decode,
    from_frame,
    read_table,
)
from rnnkit.data.times import ISO_HINT, LONGEST_GAP, TIME_NAMES, find_time, is_time, number

LEAST = 20
# Columns that only count the rows, under the names that spreadsheets and pandas give them.
COUNTERS = (*TIME_NAMES, "", "index", "unnamed: 0")


class Rows:
    """Rows of numbers in time order, and where each came from.

    Args:
        names: Names of the columns of values.
        values: Their values, float64 `[rows, columns]`, NaN where missing.
        spans: List of `(label, numbers)`: what to call the rows, and their numbers there.
        seconds: Time of each row in seconds since 1970 (UTC), or None.
        known: Names of all columns in their order, the others among them.
        left_out: Dict of name to the reason why a column holds no values.
        targets: Names of the columns that are targets by default, or None for all.
        inserted: Which rows were missing and are inserted, bool `[rows]`, or None. `spans` leaves
            them out.
    """

    def __init__(
        self,
        names,
        values,
        spans,
        seconds=None,
        known=None,
        left_out=None,
        targets=None,
        inserted=None,
    ):
        self.names = names
        self.values = values
        self.spans = spans
        self.seconds = seconds
        self.known = names if known is None else known
        self.left_out = left_out or {}
        self.targets = targets
        self.inserted = np.zeros(len(values), bool) if inserted is None else inserted

    def __len__(self):
        return len(self.values)

    def place(self, row):
        """Where a row came from, in words: `data.csv, line 7`."""
        inserted = " (a row inserted before it)" if self.inserted[row] else ""
        row -= int(self.inserted[:row].sum())  # of an inserted row: the next one that was there
        for label, numbers in self.spans:
            if row < len(numbers):
                return f"{label} {numbers[row]}{inserted}"
            row -= len(numbers)
        raise IndexError(row)

    def column(self, name):
        return self.values[:, self.names.index(name)]


# === Sources ===


def read(source, *, name=None, given=None, encoding="utf-8"):
    """One series of a user, in three parts.

    Args:
        source: A csv, tsv or jsonl file, a txt file of numbers, or a folder of splits; a pandas
            frame; an array `[time]` or `[time, columns]`; a pair `(x, y)` of arrays of equal
            length; or a dict of `train`, `validation`, `test` to these, one after the other in
            time.
        name: Which set of a folder.
        given: Dict of `"input"`, `"target"` to columns: a name, a position, several of them with
            commas, or a list.
        encoding: Character encoding of files.

    Returns:
        A `Data`; see `from_parts`. A warning tells of rows that are inserted.

    Raises:
        ValueError: For what cannot be read as one regular series of numbers; the message names
            the line.
    """
    if isinstance(source, dict):
        unknown = [key for key in source if key not in files.SPLITS]
        if unknown or "train" not in source:
            raise ValueError(
                "A dict of data must have the key 'train', and may have 'validation' and 'test'. "
                f"Received: keys {sorted(source)}"
            )
        parts = {files.SPLITS[key]: _in_memory(part) for key, part in source.items()}
        label = "a dict"
    elif isinstance(source, (str, pathlib.Path)):
        paths = files.find_splits(source, name, (*SUFFIXES, ".txt"))
        tables = {split: _read_table(path, encoding) for split, path in paths.items()}
        parts, label = _by_split_column(tables), str(source)
    elif hasattr(source, "columns"):
        parts, label = _by_split_column({"all": _frame_table(source)}), "a frame"
    else:
        parts, label = {"all": _in_memory(source)}, "arrays"
    return from_parts([parts], given, label)


def from_parts(chains, given=None, source=None):
    """Data from series in consecutive parts.

    Args:
        chains: List of dicts of `"train"`, `"validation"`, `"test"` to `Rows`, one dict a series;
            or of `"all"` or `"train"` alone. Missing parts are split off.
        given: As in `read`.
        source: As in `Data`.

    Returns:
        A `Data` of raw `(x, y)`: x float64 `[time, columns]`, with the time in front where it is
        known, and y float64 `[time, targets]` beside it. One example a series in each part.
    """
    examples, info = {}, None
    for chain in chains:
        made, about = _examples(chain, given or {})
        info = info or about
        for split, pair in made.items():
            examples.setdefault(split, []).append(pair)
    return splits.from_series(examples, source, info)


def _examples(parts, given):
    """The three raw examples of one series, and the `info` of its data."""
    parts = {("train" if split == "all" else split): rows for split, rows in parts.items()}
    parts = {split: parts[split] for split in ("train", "validation", "test") if split in parts}
    rows = _joined(list(parts.values()))
    sizes = {split: len(part) for split, part in parts.items()}
    if len(rows) < LEAST:
        raise ValueError(
            f"The series has {len(rows)} rows: expected at least {LEAST}, one row a time"
        )
    inputs, targets = _roles(rows, given)
    step = name = period = None
    if rows.seconds is not None:
        times.check_order(rows.seconds, rows.place)
        step, name, period = times.frequency(rows.seconds)
        rows, sizes = _complete(rows, step, name, sizes)
    ends = _ends(sizes)
    x, y = _values(rows, inputs, targets)
    if rows.seconds is None:
        period = times.dominant_period(x[: ends[0], inputs.index(targets[0])])
    else:
        period = period if period and 2 * period <= ends[0] else None
        x = np.column_stack([rows.seconds, x])
    info = {
        "columns": inputs,
        "targets": targets,
        "time": rows.seconds is not None,
        "step": step,
        "frequency": name,
        "period": period,
    }
    return splits.in_time(x, y, ends), info


def _ends(sizes):
    """Where train and validation end, in rows from the start of the series."""
    if set(sizes) == {"train"}:
        return sizes["train"] * 7 // 10, sizes["train"] * 8 // 10
    if "test" not in sizes or "train" not in sizes:
        raise ValueError(
            "A series in parts needs train and test (validation may be split off train). "
            f"Received: {sorted(sizes)}"
        )
    if "validation" in sizes:
        return sizes["train"], sizes["train"] + sizes["validation"]
    return sizes["train"] * 7 // 8, sizes["train"]


def _joined(parts):
    """Consecutive `Rows` as one."""
    first = parts[0]
    for part in parts[1:]:
        missing = [name for name in first.names if name not in part.names]
        if missing or (part.seconds is None) != (first.seconds is None):
            what = f"no numbers in the column {missing[0]!r}" if missing else "other times"
            raise ValueError(
                f"The parts of the data differ: {part.place(0)} has {what}. "
                f"Columns of the first part: {first.known}, of this one: {part.known}"
            )
    return Rows(
        first.names,
        np.concatenate(
            [part.values[:, [part.names.index(n) for n in first.names]] for part in parts]
        ),
        [span for part in parts for span in part.spans],
        None if first.seconds is None else np.concatenate([part.seconds for part in parts]),
        first.known,
        {name: why for part in reversed(parts) for name, why in part.left_out.items()},
        first.targets,
    )


def _complete(rows, step, name, sizes=None, learned=False):
    """`Rows` with the missing ones inserted, and the sizes of the parts with them.

    Rows that are missing between two parts are those of the later part.
    """
    steps = times.count_steps(rows.seconds, step, name, rows.place, learned)
    count = int(steps.sum()) + 1 - len(rows)
    if not count:
        return rows, sizes
    seconds, known = times.complete(rows.seconds, steps, name)
    values = np.full((len(seconds), rows.values.shape[1]), np.nan)
    values[known] = rows.values
    inserted = np.ones(len(seconds), bool)
    inserted[known] = False
    late = int(np.argmax(steps > 1)) + 1
    warnings.warn(
        f"{rows.place(late)}: the row for {times.written(seconds[np.argmax(inserted)])} is missing "
        f"before this one. It is the first of {count} missing rows, inserted among {len(rows)}. As "
        "inputs their values are filled by linear interpolation, as targets left out",
        stacklevel=2,
    )
    ends = known[np.cumsum(list((sizes or {}).values()), dtype=int) - 1] + 1
    sizes = dict(zip(sizes or {}, np.diff(ends, prepend=0).tolist(), strict=True))
    rest = rows.known, rows.left_out, rows.targets, inserted
    return Rows(rows.names, values, rows.spans, seconds, *rest), sizes


# === What a model reads ===


def history(source, feature, encoding="utf-8"):
    """The raw series that a feature takes, out of a table that holds it.

    Columns are taken by their names, others left out. Where the table or the feature has no names,
    they are taken by position, the time being the column of dates or else the first. Missing
    rows and values are filled as those of `read` are, values only if the feature takes no NaN.

    Args:
        source: Path of a file; a pandas frame; an array `[time]` or `[time, columns]`; an open
            text stream of csv rows, or their text.
        feature: A `rnnkit.features.Series`, adapted.
        encoding: Character encoding of a file.

    Returns:
        Float64 array `[time, raw_width]`; see `Series.to_tensor`.

    Raises:
        ValueError: For columns that are not there, and for rows that `read` would refuse or that
            have another step than the feature learned.
    """
    table = _any_table(source, encoding)
    cells, label = _cells(table)

    def place(row):
        return f"{label} {table.lines[row]}"

    names, seconds = _needed(cells, feature, table.source, place)
    values = []
    for name in names:
        numbers = [number(cell) for cell in cells[name]]
        if None in numbers:
            row = numbers.index(None)
            raise ValueError(
                f"{place(row)}: the column {name!r} holds {cells[name][row]!r}, which is no number"
            )
        values.append(np.array(numbers, "float64"))
    rows = Rows(names, np.stack(values, axis=1), [(label, table.lines)], seconds)
    if feature.time:
        times.check_order(seconds, place)
        if feature.frequency and feature.step:
            rows, _ = _complete(rows, feature.step, feature.frequency, learned=True)
    values = rows.values
    if not feature.missing:
        values = np.stack([_filled(rows, name) for name in names], axis=1)
    return np.column_stack([rows.seconds, values]) if feature.time else values


def _any_table(source, encoding):
    """Whatever `history` takes, as a `Table`."""
    if hasattr(source, "read"):
        label = getattr(source, "name", None)
        label = "standard input" if label == "<stdin>" else label or "the text"
        return _read_text(source.read(), str(label))
    if isinstance(source, str) and "\n" in source:
        return _read_text(source, "the text")
    if isinstance(source, (str, pathlib.Path)):
        if not pathlib.Path(source).is_file():
            raise ValueError(f"There is no file {str(source)!r}")
        return _read_table(source, encoding)
    if hasattr(source, "index") and hasattr(source, "to_numpy"):
        table = _frame_table(source)
    else:
        rows = _from_array(source)
        table = Table({name: rows.column(name) for name in rows.names}, source="the array")
        table.lines = range(table.size)
    if not table.size:
        raise ValueError(f"{table.source} holds no rows: expected one row a time")
    return table


def _needed(cells, feature, source, place):
    """Names of a table's columns for those of a feature, and the time of each row or None."""
    lowered = {name.lower(): name for name in cells}
    names = [name if name in cells else lowered.get(name.lower()) for name in feature.names]
    time = seconds = None
    if feature.time or None in names or any(name.isdigit() for name in names):
        time, seconds = find_time(cells, place)
    if feature.time and time is None:
        if len(cells) != feature.raw_width or not all(name.isdigit() for name in cells):
            raise ValueError(
                f"{source} has no column of times, which the model needs: expected one that is "
                f"called {', '.join(TIME_NAMES[:4])} or so, or dates in the first column "
                f"({ISO_HINT}). Columns found: {list(cells)}"
            )
        time, first = next(iter(cells.items()))
        seconds = first if isinstance(first, np.ndarray) else times.parse_times(first, True)
        if seconds is None or not np.isfinite(seconds).all():
            row = 0 if seconds is None else int(np.argmin(np.isfinite(seconds)))
            raise ValueError(f"{place(row)}: {str(first[row])!r} is no time: {ISO_HINT}")
    others = [name for name in cells if name != time]
    by_position = all(name.isdigit() for name in others) or all(
        name.isdigit() for name in feature.names
    )
    if by_position and (None in names or time in names):
        if len(others) != feature.size:
            raise ValueError(
                f"{source} must have {feature.size} columns of numbers "
                f"({', '.join(feature.names)}){' beside the time' if time else ''}, or name its "
                f"columns in its first row. Columns found: {list(cells)}"
            )
        names = others
    missing = [each for each, name in zip(feature.names, names, strict=True) if name is None]
    if missing:
        close = difflib.get_close_matches(missing[0], others, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"{source} has no column {', '.join(map(repr, missing))}, which the model needs.{hint} "
            f"Columns found: {list(cells)}"
        )
    return names, seconds


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
    filled = [_filled(rows, name) for name in inputs]
    for name, column in zip(inputs, filled, strict=True):
        if np.ptp(column) == 0:
            warnings.warn(
                f"The column {name!r} never changes: it is {column[0]} in all rows", stacklevel=2
            )
    return np.stack(filled, axis=1), np.stack([rows.column(name) for name in targets], axis=1)


def _filled(rows, name):
    """A column with short gaps filled by linear interpolation."""
    column = rows.column(name)
    if np.isinf(column).any():
        row = int(np.argmax(np.isinf(column)))
        raise ValueError(
            f"{rows.place(row)}: the column {name!r} holds {column[row]}; expected a finite "
            "number, or an empty cell where it is not known"
        )
    missing = np.isnan(column)
    if not missing.any():
        return column
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(int)))
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if end - first > LONGEST_GAP or missing.all():
            raise ValueError(
                f"{rows.place(first)}: the column {name!r} misses {end - first} values in a "
                f"row from here on; up to {LONGEST_GAP} are filled. Fill them first, for "
                "example with pandas `frame.interpolate()`, or cut the series here"
            )
    empty = missing & ~rows.inserted
    if empty.any():
        warnings.warn(
            f"{rows.place(int(np.argmax(empty)))}: the column {name!r} misses {empty.sum()} of "
            f"{(~rows.inserted).sum()} values, here for the first time. As inputs they are filled "
            "by linear interpolation, as targets left out",
            stacklevel=2,
        )
    known = np.flatnonzero(~missing)
    return np.interp(np.arange(len(column)), known, column[known])


# === Tables ===


def _read_table(path, encoding):
    """A file as a `Table`; without a header the columns are called 0, 1, ..."""
    path = pathlib.Path(path)
    suffix, header = path.suffix.lower(), True
    if suffix == ".txt":
        return _read_numbers(path, encoding)
    if suffix in (".csv", ".tsv") and path.is_file():
        text = decode(path, encoding)
        first = next(_csv_rows(path, text) if suffix == ".csv" else _tsv_rows(text), None)
        header = first is None or _is_header(first[1])
    return read_table(path, encoding, header)


def _read_text(text, label):
    """Rows of csv as a `Table`, as `_read_table`."""
    rows = list(_csv_rows(label, text.removeprefix("\ufeff")))
    names = []
    if rows:
        names = [str(index) for index in range(len(rows[0][1]))]
        if _is_header(rows[0][1]):
            names = [name.strip() for name in rows.pop(0)[1]]
    if not rows:
        raise ValueError(f"{label} holds no rows: expected csv, one row a time")
    if len(set(names)) != len(names):
        raise ValueError(f"{label} names a column twice. Columns found: {names}")
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(
                f"{label}, line {line}: expected {len(names)} fields ({', '.join(names)}) but "
                f"found {len(row)}"
            )
    columns = {name: [row[index] for _, row in rows] for index, name in enumerate(names)}
    return Table(columns, [line for line, _ in rows], label)


def _is_header(cells):
    """Whether the first row of a file names its columns: not all of it are numbers and dates."""
    return not all(number(cell) is not None or is_time(cell) for cell in cells)


def _read_numbers(path, encoding):
    """A txt file of numbers between spaces or line ends: a line is a row."""
    lines = [(line, row.split()) for line, row in enumerate(decode(path, encoding).split("\n"), 1)]
    lines = [(line, row) for line, row in lines if row and not row[0].startswith("#")]
    if not lines:
        raise ValueError(f"{path} is empty: expected numbers, one row a line")
    if len(lines) == 1:
        lines = [(lines[0][0], [cell]) for cell in lines[0][1]]
    width = len(lines[0][1])
    for line, row in lines:
        if len(row) != width:
            raise ValueError(
                f"{path}, line {line}: expected {width} numbers as in the lines before but found "
                f"{len(row)}"
            )
        for cell in row:
            if number(cell) is None:
                raise ValueError(
                    f"{path}, line {line}: expected numbers between spaces but found {cell!r}. "
                    "Tables with names or dates are read from .csv files"
                )
    columns = {index: [row[index] for _, row in lines] for index in range(width)}
    return Table(columns, [line for line, _ in lines], str(path))


def _frame_table(frame):
    """A pandas frame or Series as a `Table`, an index that is no plain count as a column."""
    if not hasattr(frame, "columns"):
        frame = frame.to_frame("0" if frame.name is None else frame.name)
    table = from_frame(frame)
    index = getattr(frame, "index", None)
    if index is not None and getattr(index.dtype, "kind", "O") not in "iuf":
        name = "date" if index.name is None else str(index.name)
        if name not in map(str, table.columns):
            table.columns = {name: list(index), **table.columns}
    return table


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
            parts[split] = _slice(rows, start, end)
        start = end
    return parts


def _slice(rows, start, end):
    (label, numbers), *_ = rows.spans
    return Rows(
        rows.names,
        rows.values[start:end],
        [(label, numbers[start:end])],
        None if rows.seconds is None else rows.seconds[start:end],
        rows.known,
        rows.left_out,
        rows.targets,
    )


def _cells(table):
    """Dict of name to cells without the `split` column, and what to call the rows."""
    label = f"{table.source}, {'row' if table.source in ('the frame', 'the array') else 'line'}"
    columns = {str(name).strip(): cells for name, cells in table.columns.items()}
    return {name: cells for name, cells in columns.items() if name.lower() != "split"}, label


def _from_table(table):
    """The columns of a table that hold numbers, and its times."""
    columns, label = _cells(table)
    time, seconds = find_time(columns, lambda row: f"{label} {table.lines[row]}")
    values, left_out = {}, {}
    for name, cells in columns.items():
        if name == time:
            continue
        numbers = [number(cell) for cell in cells]
        bad = next((row for row, number in enumerate(numbers) if number is None), None)
        array = None if bad is not None else np.array(numbers, "float64")
        if bad is not None:
            hint = f" ({ISO_HINT})" if name.lower() in TIME_NAMES else ""
            left_out[name] = (
                f"{label} {table.lines[bad]}: the column {name!r} holds {cells[bad]!r}, which is "
                f"no number{hint}"
            )
        elif np.isnan(array).all():
            left_out[name] = f"the column {name!r} is empty"
        elif name.lower() in COUNTERS and np.ptp(np.diff(array)) == 0 and array[0] != array[-1]:
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
        return _from_table(_frame_table(part))
    return _from_array(part)


def _from_array(values, names=None):
    try:
        array = np.asarray(values, dtype="float64")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"A series is an array of numbers (time,) or (time, columns), or a pair (x, y) of "
            f"them. Received: {str(values)[:60]} ({error})"
        ) from None
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            "A series is an array of shape (time,) or (time, columns). "
            f"Received: an array of shape {np.shape(values)}"
        )
    names = names(array.shape[1]) if names else [str(index) for index in range(array.shape[1])]
    return Rows(names, array, [("the array, row", range(len(array)))])


def _pair(x, y):
    """A pair of inputs and targets as `Rows` that hold both."""
    rows = _in_memory(x)
    if y is x:
        return rows
    if hasattr(y, "index") and hasattr(y, "to_numpy"):
        other = _in_memory(y)
    else:
        other = _from_array(y, lambda n: ["y"] if n == 1 else [f"y{index}" for index in range(n)])
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
        given: As in `read`.
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
