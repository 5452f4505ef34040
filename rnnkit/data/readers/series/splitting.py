"""Series in their three parts: columns chosen, gaps filled, validation and test after training."""

import contextlib
import dataclasses
import warnings

import numpy as np

from rnnkit.data import splits, stretches
from rnnkit.data.readers.series import times
from rnnkit.data.readers.series.rows import complete, filled, joined, line
from rnnkit.features.calendar import DAY
from rnnkit.features.holidays import on_holidays
from rnnkit.formats.tables import Table

LEAST = 20
# Of a series that train, validate and test.
FRACTIONS = (0.7, 0.1, 0.2)
# Rows from which on values without a calendar's season are asked for theirs.
SEASONAL = 100


def from_parts(chains, given=None, source=None, names=None, fractions=None):
    """Data from series in consecutive parts.

    Args:
        chains: List of dicts of `"train"`, `"validation"`, `"test"` to `Rows`, one dict a series;
            or of `"all"` or `"train"` alone. Missing parts are split off. It is emptied.
        given: Dict of `"input"`, `"target"` and `"future"` to the user's own columns.
        source: As in `Data`.
        names: The columns that tell series apart, and the name of each series; or None.
        fractions: Of the rows that train, validate and test, where there is one part alone; by
            default `FRACTIONS`.

    Returns:
        A `Data` of raw `(x, y)`: x float64 `[time, columns]`, with the time in front where it is
        known, and y float64 `[time, targets]` beside it. One example a series in each part.
    """
    columns, labels = names or (None, [None] * len(chains))
    given_chains, chains = chains, list(chains)
    given_chains.clear()
    if len(chains) > 1:
        chains, labels = _long_enough(chains, labels)
    whole = all(set(chain) <= {"all", "train"} for chain in chains)
    examples, info, kept = {}, None, [] if len(chains) > 1 else None
    for index, label in enumerate(labels):
        chain, chains[index] = chains[index], None  # let go of when it is done
        splits.refuse_parts(chain, source, fractions)
        with _collected(kept):
            made, about = examples_of(chain, given or {}, info, fractions, len(chains) == 1)
        del chain
        if info is None:
            info = about
        elif about["frequency"] != info["frequency"]:
            raise ValueError(
                f"{source}: the series {label!r} is {about['frequency']}, but {labels[0]!r} is "
                f"{info['frequency']}. One model reads series of one frequency: resample them, "
                "for example with pandas `frame.resample(...).mean()`"
            )
        for split, pair in made.items():
            examples.setdefault(split, []).append(pair)
    if kept:
        more = f" ({len(kept) - 1:,} more notes on other columns or series)" if kept[1:] else ""
        warnings.warn(f"{kept[0].message}{more}", stacklevel=2)
    if whole and len(labels) > 1 and not splits.undivided.get():
        parts = [f"{100 * part:.3g} %" for part in fractions or FRACTIONS]
        print(
            f"Split in time, each of {len(labels):,} series: the first {parts[0]} of its rows to "
            f"train, the next {parts[1]} to validate, the last {parts[2]} to test"
        )
    if columns:
        info |= {"series_columns": columns, "series": labels}
    return stretches.from_series(examples, source, info)


def _long_enough(chains, labels):
    """The series that are long enough to be read, and their names; a warning counts the others."""
    sizes = [sum(map(len, chain.values())) for chain in chains]
    kept = [index for index, size in enumerate(sizes) if size >= LEAST]
    if not kept:
        raise ValueError(
            f"The longest of {len(chains):,} series has {max(sizes)} rows: expected at least "
            f"{LEAST}, one row a time"
        )
    if len(kept) < len(chains):
        first = int(np.argmax(np.array(sizes) < LEAST))
        warnings.warn(
            f"{len(chains) - len(kept):,} of {len(chains):,} series have fewer than {LEAST} rows "
            f"and are left out of training, such as {labels[first]!r} with {sizes[first]}",
            stacklevel=2,
        )
    return [chains[index] for index in kept], [labels[index] for index in kept]


@contextlib.contextmanager
def _collected(kept):
    """Puts warnings into a list; with None leaves them alone."""
    if kept is None:
        yield
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    kept += caught


def examples_of(parts, given, known=None, fractions=None, said=False):
    """The three raw examples of one series, and the `info` of its data; how it is split is said.

    With the `info` of another series its columns are taken. `parts` is emptied.
    """
    given_parts = parts
    parts = {("train" if split == "all" else split): rows for split, rows in parts.items()}
    parts = {split: parts[split] for split in ("train", "validation", "test") if split in parts}
    rows = joined(list(parts.values()))
    sizes = {split: len(part) for split, part in parts.items()}
    given_parts.clear()
    parts.clear()
    if len(rows) < LEAST:
        raise ValueError(
            f"The series has {len(rows)} rows: expected at least {LEAST}, one row a time"
        )
    days = given.get("holidays")
    rows = with_holidays(rows, days)
    if known is None:
        inputs, targets = columns_of(rows, given)
    else:
        inputs, targets = known["columns"], known["targets"]
        lacking = next((name for name in inputs if name not in rows.names), None)
        if lacking is not None:
            why = rows.left_out.get(lacking, f"it has no column {lacking!r}")
            raise ValueError(
                f"{rows.where(0)}: a series begins that has no numbers in the column {lacking!r}, "
                f"which the others have: {why}"
            )
    step = name = period = None
    if rows.seconds is not None:
        times.check_order(rows.seconds, rows.where)
        step, name, period = times.frequency(rows.seconds)
        rows, sizes = complete(rows, step, name, sizes)
        if days and step > DAY:
            raise ValueError(
                f"holidays are days, and the series is {name}: give a column that says what falls "
                "into each row, with future=..."
            )
        rows = with_holidays(rows, days, again=True)  # of the rows that were missing, too
    ends = _ends(sizes, fractions)
    if said and set(sizes) == {"train"} and not splits.undivided.get():
        print(
            f"Split in time: the first {ends[0]:,} rows to train, the next {ends[1] - ends[0]:,} "
            f"to validate, the last {len(rows) - ends[1]:,} to test"
        )
    period = season(period, rows.seconds is not None, rows.column(targets[0])[: ends[0]])
    times_of = [] if rows.seconds is None else [rows.seconds]
    static = given.get("static", [])
    x, y = values_of(rows, inputs, targets, period, times_of, [*static, *(days or ())])
    info = {"columns": inputs, "targets": targets, "time": rows.seconds is not None}
    info |= {name: given[name] for name in ("static", "categories", "holidays") if given.get(name)}
    ahead = _ahead(rows, given)
    if ahead:
        info["future"] = ahead
    info |= {"step": step, "frequency": name, "period": period}
    del rows
    return stretches.in_time(x, y, ends), info


def season(natural, timed, values):
    """Rows in a season of a series, or None.

    Args:
        natural: That of the calendar, or None.
        timed: Whether times are known.
        values: The target in the rows that train, float64 `[rows]`, with NaN.
    """
    if natural and 2 * natural <= len(values):
        return natural
    if timed and len(values) < SEASONAL or np.isnan(values).all():
        return None
    return times.dominant_period(line(values))


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


def columns_of(rows, given):
    """Names of the input and of the target columns."""
    if not rows.names:
        reasons = "; ".join(rows.left_out.values()) or "no columns but the time"
        raise ValueError(f"The data has no column of numbers: {reasons}")
    inputs = chosen(rows, "input", given.get("input"))
    targets = chosen(rows, "target", given.get("target"))
    if inputs is None:
        for why in rows.left_out.values():
            warnings.warn(f"A column is left out: {why}", stacklevel=2)
        inputs = rows.names
        if targets is None:
            targets = rows.targets or rows.names
    elif targets is None:
        targets = rows.targets or inputs
    ahead, static = _ahead(rows, given), given.get("static", [])
    both = [name for name in targets if name in ahead]
    if both and given.get("target") is None:
        targets = [name for name in targets if name not in ahead]
    elif both:
        raise ValueError(
            f"What is known ahead needs no forecast. Received: {both} as target and as future"
        )
    both = [name for name in targets if name in static]
    if both and given.get("target") is not None:
        raise ValueError(
            f"What never changes needs no forecast. Received: {both} as target and as static"
        )
    targets = [name for name in targets if name not in static]
    # What is forecast has to be seen, so that a forecast can go on from itself.
    inputs = dict.fromkeys([*inputs, *targets, *ahead])
    return [name for name in inputs if name not in static] + static, targets


def _ahead(rows, given):
    """Names of the columns that are known ahead, holidays among them."""
    return (chosen(rows, "future", given.get("future")) or []) + list(given.get("holidays") or ())


def with_holidays(rows, days, again=False):
    """Rows with a column for each kind of day, as `holidays_of` gives them; None for none.

    With `again` they have these columns, for which some rows are new.
    """
    if not days:
        return rows
    if rows.seconds is None:
        raise ValueError(
            "holidays are found by the times of a series. Received: holidays, and "
            f"{rows.where(0)} without a time"
        )
    kept = [name for name in rows.names if name not in days]
    if len(kept) < len(rows.names) and not again:
        raise ValueError(
            f"holidays and columns of the data must have names of their own. Received: both have "
            f"{[name for name in rows.names if name in days]}"
        )
    columns = [rows.column(name) for name in kept]
    columns += [on_holidays(rows.seconds, each) for each in days.values()]
    names = [*kept, *days]
    known = [*(name for name in rows.known if name not in days), *days]
    return dataclasses.replace(rows, names=names, values=np.stack(columns, axis=1), known=known)


def chosen(rows, role, given):
    """The names of the columns a user chose for a role, or None."""
    if given is None:
        return None
    table, names = Table(dict.fromkeys(rows.known, ())), []
    table.source = rows.spans[0][0].rsplit(",", 1)[0]
    for name in table.matches(role, given):
        if name not in rows.names:
            why = rows.left_out.get(name, f"{name!r} is the time")
            raise ValueError(
                f"The column {name!r} cannot be the {role}: {why}. Columns of numbers: {rows.names}"
            )
        names.append(name)
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{role} must name columns that differ. Received: {role}={given!r}")
    return names


def values_of(rows, inputs, targets, period=None, before=(), constant=()):
    """Inputs `[rows, inputs]` with their gaps filled, and targets `[rows, targets]` with NaN.

    Args:
        rows: `Rows`.
        inputs, targets: Names of the columns.
        period: As in `filled`.
        before: List of columns, float64 `[rows]`, that are put before the inputs.
        constant: Names of the columns that may be the same in all rows.
    """
    columns = [filled(rows, name, period) for name in inputs]
    for name, column in zip(inputs, columns, strict=True):
        if np.ptp(column) == 0 and name not in constant:
            warnings.warn(
                f"The column {name!r} never changes: it is {column[0]} in all rows", stacklevel=2
            )
    x, first = np.stack([*before, *columns], axis=1), len(before)
    whole = not np.isnan(rows.values).any()
    if whole and targets == inputs:  # the same numbers are there once
        return x, x[:, first:]
    return x, np.stack([rows.column(name) for name in targets], axis=1)
