"""Which examples train, validate and test, and which form a fold, where rnnkit chooses."""

import hashlib
import itertools

import numpy as np
import pandas as pd
import tensorflow as tf

from rnnkit.data import stored

# Fixes which rows of a single file are set apart; not a setting, so that files split the same
# everywhere and always.
SPLIT_SEED = 20_240_229
LEAST = 10
FRACTIONS = (0.8, 0.1, 0.1)
PARTS = ("train", "validation", "test")


class Partition:
    """Rows of three parts.

    Copies of an input lie in one part, so that no test asks for what was learned by heart; so do
    the rows of a group. Classes have about the same fraction in each part, and one that has three
    different inputs is in all of them. Of several labels an example (`stored.Several`), its class
    is the one that is rarest in the data, and each label is in training; of several targets
    (`stored.Joint`) the classes are such labels.

    Args:
        inputs: Tensor of the inputs, examples on the first axis; may be ragged; or a
            `rnnkit.data.stored.Stored`.
        targets: The same of the targets. Where they are single values, of which there are few,
            they are classes.
        fractions: Of the examples that train, validate and test; a part of 0 gets none.
        groups: A value for each example; rows of equal ones stay together. None for none.

    Attributes:
        rows: Dict of part to sorted array of row numbers.
        copies: How many inputs occur more than once.
        together: Whether each of them is in one part. Where so few inputs differ that a part would
            be empty, they are not.
        rare: Dict of class to its number of rows, of those that are not in every part.

    Raises:
        ValueError: If there are too few examples.

    Example:

    >>> texts = tf.constant(["a", "a", *map(str, range(18))])
    >>> parts = Partition(texts, tf.constant(["x", "y"] * 10))
    >>> [len(parts.rows[name]) for name in ("train", "validation", "test")], parts.copies
    ([16, 2, 2], 1)
    """

    def __init__(self, inputs, targets, fractions=FRACTIONS, groups=None):
        size = stored.size(inputs)
        if size < LEAST:
            raise ValueError(
                f"The data has {size} examples, too few to set some apart: expected at least "
                f"{LEAST}, or files for train, validation and test"
            )
        targets = _classes_of(targets)
        same = _codes(inputs)
        self.copies = int((np.bincount(same) > 1).sum())
        blocks = _blocks(same, groups)
        classes, names = _classes(targets, size)
        members = _members(targets)
        asked = {i for i in range(3) if fractions[i]}
        ways = [(blocks, classes), (blocks, np.zeros_like(classes)), (np.arange(size), classes)]
        for blocks, kinds in ways:
            part = self._parts(blocks, kinds, fractions)  # [examples]
            for rows in members or ():  # a model must have seen what it is judged by
                if len(rows) and part[rows].all():
                    part[blocks == blocks[rows[0]]] = 0
            if set(part) == asked:
                break
        else:
            raise ValueError(
                f"The {size} examples cannot be parted by {fractions}: give files for each part"
            )
        alone = len(set(blocks.tolist())) == size
        self.together = not (alone and self.copies)
        if alone and groups is not None and len(set(map(str, groups))) < size:
            raise ValueError(
                "The examples are of too few groups to set some apart: expected at least 3 groups"
            )
        self.rows = {name: np.flatnonzero(part == i) for i, name in enumerate(PARTS)}
        if members is None:
            members = [np.flatnonzero(classes == index) for index in range(len(names))]
        else:
            names = targets.names
        self.rare = {
            name: len(rows)
            for name, rows in zip(names, members, strict=True)
            if len(set(part[rows])) < len(asked)
        }

    @staticmethod
    def _parts(blocks, classes, fractions):
        """The part of each example: 0, 1 or 2 as in `PARTS`."""
        rows, each = _by_class(blocks, classes)
        counts = np.array([rows[those].sum() for those in each])
        part = np.zeros(len(rows), "int64")
        for index in (2, 1):
            wanted = _rounded(counts * fractions[index])
            for those, count in zip(each, wanted, strict=True):
                left = those[part[those] == 0]
                # A class of three blocks is in all parts.
                least = int(bool(fractions[index]) and len(those) >= 3)
                taken = 0
                for number, block in enumerate(left[:-1]):
                    over = taken + rows[block] / 2 > count
                    if over and number >= least:
                        break
                    part[block] = index
                    taken += rows[block]
        return part[blocks]

    def __str__(self):
        sizes = ", ".join(
            f"{len(self.rows[name]):,} to {word}"
            for name, word in zip(PARTS, ("train", "validate", "test"), strict=True)
            if len(self.rows[name])
        )
        text = f"Split: {sizes}"
        if self.copies:
            plural = "inputs occur" if self.copies > 1 else "input occurs"
            where = "each on one side" if self.together else "too few others to keep them apart"
            text += f"; {self.copies:,} {plural} more than once, {where}"
        if self.rare:
            shown = ", ".join(f"{name!r} ({count})" for name, count in list(self.rare.items())[:5])
            text += f"; too rare for every part: {shown}"
            text += f" and {len(self.rare) - 5} more" if len(self.rare) > 5 else ""
        return text


class Folds:
    """Rows of several folds, each of which validates once, while the others train.

    As in `Partition`, copies of an input and rows of a group lie in one fold, and classes have
    about the same fraction in each. A class whose rows would all lie in one fold trains in all of
    them, as no model could be judged by a class that it never saw.

    Args:
        inputs, targets, groups: As in `Partition`.
        count: Number of folds.

    Attributes:
        fold: Which fold each example is in, integers `[examples]`; -1 where it trains in all.
        copies: How many inputs occur more than once.
        rare: Dict of class to its number of rows, of those that are not judged.

    Raises:
        ValueError: If there are fewer different inputs, or groups, than folds.

    Example:

    >>> folds = Folds(tf.constant(list("aabcdefg")), tf.constant(list("xxxxxxxy")), 2)
    >>> np.bincount(folds.fold + 1), folds.rare
    (array([1, 4, 3]), {'y': 1})
    """

    def __init__(self, inputs, targets, count, groups=None):
        targets = _classes_of(targets)
        same = _codes(inputs)
        self.copies = int((np.bincount(same) > 1).sum())
        blocks = _blocks(same, groups)
        classes, names = _classes(targets, len(same))
        rows, each = _by_class(blocks, classes)
        fold, total = np.full(len(rows), -1), [0] * count
        for those in each:
            inside = [0] * count  # rows of this class
            # The largest first, so that small ones even them out.
            for block in those[np.argsort(-rows[those], kind="stable")]:
                least = min(range(count), key=lambda each: (inside[each], total[each]))
                fold[block] = least
                inside[least] += rows[block]
                total[least] += rows[block]
        members = _members(targets)
        if members is None:
            members = [np.flatnonzero(classes == index) for index in range(len(names))]
        else:
            names = targets.names
        lone = [rows for rows in members if len(set(fold[blocks[rows]].tolist())) == 1]
        for rows in lone:
            fold[blocks[rows]] = -1
        self.fold = fold[blocks]
        self.rare = {
            name: len(rows)
            for name, rows in zip(names, members, strict=True)
            if len(rows) and (self.fold[rows] < 0).all()
        }
        if len(set(self.fold.tolist()) - {-1}) < count:
            what = "different inputs" if groups is None else "groups of rows that stay together"
            lone = ", ".join(map(repr, list(self.rare)[:5]))
            rare = (
                f"; what a class has in one of these alone is not judged ({lone})" if lone else ""
            )
            raise ValueError(
                f"folds must be at most the number of {what} in train and validation, which is "
                f"{len(rows):,}{rare}. Received: folds={count}"
            )

    def __str__(self):
        sizes = np.bincount(self.fold[self.fold >= 0])
        text = f"Folds: {len(sizes)}, of {', '.join(f'{size:,}' for size in sizes)} examples"
        if self.copies:
            plural = "inputs occur" if self.copies > 1 else "input occurs"
            text += f"; {self.copies:,} {plural} more than once, each in one fold"
        if self.rare:
            shown = ", ".join(f"{name!r} ({count})" for name, count in list(self.rare.items())[:5])
            more = f" and {len(self.rare) - 5} more" if len(self.rare) > 5 else ""
            text += f"; too rare to be judged, train in all: {shown}{more}"
        return text


def check_fractions(value):
    """Raises a ValueError unless a value is the fractions of three parts."""
    real = isinstance(value, (tuple, list)) and all(
        isinstance(each, (int, float)) and not isinstance(each, bool) for each in value
    )
    fits = real and len(value) == 3 and min(value) >= 0 and value[0] > 0
    if not fits or abs(sum(value) - 1) > 1e-6:
        raise ValueError(
            "split must be three fractions whose sum is 1, of the examples that train, validate "
            f"and test, such as (0.8, 0.1, 0.1). Received: split={value!r}"
        )


def _blocks(same, groups):
    """Numbers of what stays together: copies, and rows of a group."""
    return same if groups is None else _joined(same, _codes(np.asarray(groups, str)))


def _by_class(blocks, classes):
    """Rows in each block, and the blocks of each class in random order.

    First come the blocks of several classes.
    """
    rows = np.bincount(blocks)
    _, first = np.unique(blocks, return_index=True)
    kind = classes[first] + 1
    kind[np.unique(blocks[classes != classes[first][blocks]])] = 0
    order = np.random.RandomState(SPLIT_SEED).permutation(len(rows))
    order = order[np.argsort(kind[order], kind="stable")]
    ends = np.cumsum(np.bincount(kind, minlength=classes.max() + 2))
    return rows, np.split(order, ends[:-1])


def _rounded(values):
    """Whole numbers near values whose sum is near theirs."""
    low = np.floor(values).astype("int64")
    more = int(round(values.sum())) - int(low.sum())
    low[np.argsort(low - values, kind="stable")[:more]] += 1
    return low


def _codes(values):
    """A whole number for each row of an array or tensor, equal for equal rows, from 0 on."""
    if isinstance(values, stored.Numbered):
        return _codes(values.codes)
    if isinstance(values, stored.Slices):
        return pd.factorize(values.keys())[0]
    if isinstance(values, tf.RaggedTensor):
        lengths = values.row_lengths().numpy()
        flat = _flat(values.flat_values) if values.ragged_rank == 1 else None
        if flat is None:
            keys = [_digest(row.to_list()) for row in values]
        else:
            # Python's hash, of 64 bits; see `Texts.keys`.
            bounds = itertools.pairwise([0, *np.cumsum(lengths).tolist()])
            found = (hash(flat[start:end].tobytes()) for start, end in bounds)
            keys = np.fromiter(found, "int64", len(lengths))
    else:
        array = np.asarray(values)
        if array.ndim == 1:
            keys = array
        elif array.dtype == object:
            keys = [_digest(row.tolist()) for row in array]
        else:
            keys = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in array]
    if not isinstance(keys, np.ndarray):
        found = np.empty(len(keys), dtype=object)
        found[:] = keys
        keys = found
    return pd.factorize(keys, use_na_sentinel=False)[0]


def _flat(values):
    """Flat values as numbers, equal for equal ones."""
    return values.numpy() if values.dtype.is_integer else _codes(values)


def _digest(row):
    return hashlib.blake2b(repr(row).encode(), digest_size=16).digest()


def _classes_of(targets):
    """Of several targets (`stored.Joint`) the classes among them, as several labels."""
    if not isinstance(targets, stored.Joint):
        return targets
    return targets.tensor if targets.labels is None else targets.labels


def _members(targets):
    """The rows that have each of several labels, a list of arrays; None where there is one."""
    if not isinstance(targets, stored.Several):
        return None
    rows, ids = targets.codes.value_rowids().numpy(), targets.codes.flat_values.numpy()
    order = np.argsort(ids, kind="stable")
    ends = np.cumsum(np.bincount(ids, minlength=len(targets.names)))
    return np.split(rows[order], ends[:-1]) if len(targets.names) else []


def _rarest(targets):
    """For each example its label that the fewest have, or one more where it has none; and names."""
    names = targets.names
    counts = np.bincount(targets.codes.flat_values.numpy(), minlength=len(names))
    rank = np.argsort(np.argsort(counts, kind="stable"))  # [labels], 0 for the rarest
    least = np.full(targets.size, len(names))
    ids = targets.codes.flat_values.numpy()
    np.minimum.at(least, targets.codes.value_rowids().numpy(), rank[ids])
    return np.append(np.argsort(rank), len(names))[least], [*names, "no label"]


def _classes(targets, size):
    """The class of each example and the names of all; one class where targets are no classes."""
    if isinstance(targets, stored.Several):
        return _rarest(targets)
    if isinstance(targets, stored.Numbered):
        codes, named = _classes(targets.codes, size)
        return codes, [targets.names[name] for name in named]
    if isinstance(targets, stored.Slices):
        codes, keys = pd.factorize(targets.keys())
        if len(keys) <= max(2, size // 4):
            return codes, [targets.text(row) for row in np.unique(codes, return_index=True)[1]]
    elif not isinstance(targets, tf.RaggedTensor):
        array = np.asarray(targets)
        if array.ndim == 1 and array.dtype.kind in "OSUib":
            codes, names = pd.factorize(array, use_na_sentinel=False)
            if len(names) <= max(2, size // 4):
                return codes, [n.decode() if isinstance(n, bytes) else n for n in names.tolist()]
    return np.zeros(size, "int64"), []


def _joined(first, second):
    """Numbers of blocks, such that rows that are equal in one of two codings share theirs."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    offset, size = first.max() + 1, first.max() + second.max() + 2
    links = coo_matrix((np.ones(len(first)), (first, second + offset)), shape=(size, size))
    return pd.factorize(connected_components(links, directed=False)[1][first])[0]
