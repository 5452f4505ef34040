"""A dataset in three parts of raw examples."""

import array
import contextvars
import hashlib
import html

import numpy as np
import tensorflow as tf

from rnnkit.data import stored
from rnnkit.data.partition import FRACTIONS, PARTS, Partition
from rnnkit.formats.cells import missing
from rnnkit.formats.sentences import Sentences
from rnnkit.formats.several_targets import Rows
from rnnkit.formats.tables import Table
from rnnkit.formats.texts import Texts
from rnnkit.utils import memory
from rnnkit.utils.checks import integer, one_of

# What files, folders, dicts and columns call the three parts.
SPLITS = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation",
    "val": "validation", "dev": "validation", "test": "test", "testing": "test",
}  # fmt: skip
# Examples of each part that tell one set of data from another.
SAMPLE = 256


# Whether data is read to be scored as a whole: nothing is split off, and no part has to train.
undivided = contextvars.ContextVar("undivided", default=False)


class Data:
    """Raw examples in three parts.

    Args:
        train: `tf.data.Dataset` of raw `(x, y)`.
        validation: The same, for choosing among models and for stopping early.
        test: The same, for scores.
        source: Where the data comes from, as `recipe.data` was given it; None for embedded data.
        sizes: Dict of split to number of examples, where known.
        info: Dict with what else was learned about the data. Of series: `columns` and `targets`
            (names of the inputs and the targets), `time` (whether the first input column is the
            time), `step` (seconds, or None), `frequency` (such as `"hourly"`, or None) and
            `period` (rows in a season, or None). Of labels of which an example may have several:
            `labels`, the names of their columns, and `label_separator`, each if there is such. Of
            several targets of kinds of their own: `target_types`, a dict of name to `"class"`,
            `"ordered"` or `"number"`.
        groups: Dict of `"train"` and `"validation"` to a value for each of their examples, those of
            equal ones being in one fold where the data is divided in folds; None for none.

    Attributes:
        train, validation, test, source, sizes, info, groups: As given.
    """

    def __init__(self, train, validation, test, source=None, sizes=None, info=None, groups=None):
        self.train = train
        self.validation = validation
        self.test = test
        self.source = source
        self.sizes = sizes or {}
        self.info = info or {}
        self.groups = groups

    def digest(self):
        """Hash of the first examples to train and to validate, which tells data apart."""
        result = hashlib.sha256()
        for split in (self.train, self.validation):
            for example in split.take(SAMPLE):
                for tensor in tf.nest.flatten(example, expand_composites=True):
                    result.update(tf.io.serialize_tensor(tensor).numpy())
            result.update(b"|")
        return result.hexdigest()[:16]

    def peek(self, count=3, split="train"):
        """The first raw examples of a part, as a table that shows everywhere.

        Args:
            count: How many.
            split: `"train"`, `"validation"` or `"test"`.

        Returns:
            A list of dicts of `input` and `target`, as texts: long texts are cut, arrays shown by
            shape and first numbers.

        Raises:
            ValueError: For another part, or a count below 1.
        """
        from rnnkit.data.peek import peek

        one_of(split, "split", PARTS)
        return peek(getattr(self, split), integer(count, "count"))

    def _repr_html_(self):
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{self.peek()._repr_html_()}"

    def __repr__(self):
        counts = ", ".join(
            f"{split}: {self.sizes[split]:,}" if self.sizes.get(split) else split
            for split in ("train", "validation", "test")
        )
        return f"<Data from {self.source or 'the embedded sample'} ({counts})>"


def named(parts):
    """A dict of data with the usual names of its splits.

    Raises:
        ValueError: For other keys, and where there is nothing to train with.
    """
    unknown = [key for key in parts if key not in SPLITS]
    if unknown or not undivided.get() and "train" not in {SPLITS[key] for key in parts}:
        raise ValueError(
            "A dict of data must have the key 'train', and may have 'validation' and 'test'. "
            f"Received: keys {sorted(map(str, parts))}"
        )
    return {SPLITS[key]: part for key, part in parts.items()}


def from_columns(parts, source=None, fractions=None, groups=None, styles=False, info=None):
    """Data from columns of raw examples, missing parts split off from the others.

    It prints how it split, see `rnnkit.data.partition.Partition`.

    Args:
        parts: Dict of `"train"`, `"validation"`, `"test"` to tuples of columns: tensors with the
            examples on the first axis, or `rnnkit.data.stored.Stored`; or of `"all"` alone.
        source: As in `Data`.
        fractions: Of the examples that train, validate and test, where there is one part alone;
            four fifths, a tenth and a tenth by default. A missing part gets a tenth.
        groups: A value for each example of the part that is split; rows of equal ones stay
            together. None for none.
        styles: Whether an input is a class of which its targets are examples, as a style of music
            is: then the targets are what may occur twice.
        info: As in `Data`.

    Raises:
        ValueError: If there are too few examples to split, or fractions or groups are given for
            parts that the source has.
    """
    parts = dict(parts)
    memory.give_back()
    refuse_parts(parts, source, fractions, groups)
    size = stored.size(next(iter(parts.values()))[0])
    if groups is not None and len(groups) != size:
        raise ValueError(
            f"group needs all rows: {len(groups) - size:,} of {len(groups):,} of {source} are left "
            "out, as they are empty or cannot be read. Take them out of the file"
        )
    if "all" in parts:
        parts["train"] = parts.pop("all")
    lacking = [name for name in PARTS if name not in parts]
    if lacking and undivided.get():
        some = next(iter(parts.values()))
        none = tuple(stored.take(each, np.zeros(0, "int64")) for each in some)
        parts = {name: parts.get(name, none) for name in PARTS}
    elif lacking:
        chosen = fractions if fractions is not None and len(lacking) == 2 else FRACTIONS
        apart = [
            share if name in lacking else 0
            for name, share in zip(PARTS[1:], chosen[1:], strict=True)
        ]
        inputs, targets = parts["train"][:2][:: -1 if styles else 1]
        found = Partition(inputs, targets, (1 - sum(apart), *apart), groups)
        print(found)
        for name in (*lacking, "train"):
            parts[name] = tuple(stored.take(each, found.rows[name]) for each in parts["train"])
        if groups is not None:
            groups = {name: [groups[row] for row in found.rows[name]] for name in found.rows}
    datasets = {split: stored.dataset(columns) for split, columns in parts.items()}
    sizes = {split: stored.size(columns[0]) for split, columns in parts.items()}
    groups = groups if isinstance(groups, dict) else None
    return Data(**datasets, source=source, sizes=sizes, info=info, groups=groups)


def refuse_parts(parts, source, fractions, groups=None):
    """Raises a ValueError where it is said how to split what is in parts already."""
    if (fractions is not None or groups is not None) and set(parts) != {"all"}:
        raise ValueError(
            f"split and group are for one table that is not in parts. Received: {source}, which "
            f"has {', '.join(sorted(parts))}"
        )


def from_dataset(dataset, source="a dataset"):
    """Data from one `tf.data.Dataset` of raw `(x, y)`: every tenth example for validation, every
    tenth for test; copies are not looked for, and this is printed. The dataset must give its
    examples in the same order each time, and end."""
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise ValueError(
            "The dataset never ends (repeat() without a count), so no part of it can be set apart. "
            "Leave out repeat(): epochs= says how often it is read"
        )
    if not undivided.get():
        print(
            "Split: of ten examples of the dataset one validates and one tests, also where inputs "
            "occur more than once. Lists, or a dict of train, validation and test, keep copies on "
            "one side"
        )
    numbered = dataset.enumerate()

    def part(keep):
        return numbered.filter(lambda index, _: keep(index % 10)).map(lambda _, example: example)

    return Data(
        part(lambda digit: digit < 8),
        part(lambda digit: tf.equal(digit, 8)),
        part(lambda digit: tf.equal(digit, 9)),
        source=source,
    )


def fold_column(table):
    """The name of a table's column of folds, or None."""
    return next((name for name in table.columns if str(name).strip().lower() == "fold"), None)


def _by_fold(table, split, fold):
    """Row numbers by split where one of several folds is the test."""
    column = fold_column(table)
    if split != "all" or column is None:
        raise ValueError(
            "fold needs a single table with a column 'fold'. Received: "
            f"fold={fold!r}, {table.source} with the columns {list(table.columns)}"
        )
    values = ["" if missing(value) else str(value).strip() for value in table.columns[column]]
    if "" in values:
        raise ValueError(f"{table.where(values.index(''))}: the column {column!r} is empty")
    known = sorted(set(values), key=lambda name: (len(name), name))  # 2 before 10
    if str(fold) not in known or len(known) < 3:
        raise ValueError(
            f"fold must be one of the folds of {table.source}, of which there must be three or "
            f"more. Received: fold={fold!r}. Folds found: {known[:20]}"
        )
    index = known.index(str(fold))
    role = {known[index]: "test", known[(index + 1) % len(known)]: "validation"}
    groups = {"train": [], "validation": [], "test": []}
    for row, value in enumerate(values):
        groups[role.get(value, "train")].append(row)
    return groups


def by_split_column(table, split, fold=None):
    """Row numbers by split: those of the `split` column of a single table, if it has one.

    Args:
        table: A `Table`.
        split: The split that the table is, or `"all"`.
        fold: Value of the column `fold` whose rows are the test; the fold after it (after the last
            the first) validates, all others train. None looks for the column `split`.
    """
    if fold is not None:
        return _by_fold(table, split, fold)
    column = next((name for name in table.columns if str(name).strip().lower() == "split"), None)
    if split != "all" or column is None:
        return {split: None}
    groups = {}
    for row, value in enumerate(table.columns[column]):
        word = str(value).strip().lower()
        if word not in SPLITS:
            raise ValueError(
                f"{table.where(row)}: the column {column!r} must hold one of "
                f"{sorted(SPLITS)}. Received: {value!r}"
            )
        groups.setdefault(SPLITS[word], []).append(row)
    if "train" not in groups and not undivided.get():
        raise ValueError(
            f"{table.source}: the column {column!r} marks no row as 'train'. "
            f"Found: {sorted(groups)}"
        )
    return groups


def take(table, rows):
    """The `Table` of some rows, or of all for None."""
    if rows is None:
        return table

    def taken(values):
        if isinstance(values, np.ndarray):
            return values[np.asarray(rows)]
        return values.take(rows) if isinstance(values, (Texts, Sentences, Rows)) else [
            values[row] for row in rows
        ]  # fmt: skip

    columns = {name: taken(values) for name, values in table.columns.items()}
    lines = array.array("q", [table.lines[row] for row in rows])
    return Table(columns, lines, table.source, table.positions, table.unit)
