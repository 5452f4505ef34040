"""Labelled sequences of frames as tensors, in three parts.

Where a source has no parts for validation and test: of ten sequences and more a tenth each is set
apart; of fewer, the last fifth of the sequences is for testing (of one or two, the last fifth of
the frames of each), and the last sixth of the frames of each other one validates.
"""

import numpy as np
import tensorflow as tf

from rnnkit.data.partition import SPLIT_SEED
from rnnkit.data.splits import Data, refuse_parts, undivided
from rnnkit.data.stored import concatenated

MANY = 10
WORDS = {"train": "train", "validation": "validate", "test": "test"}


def from_sequences(parts, columns=None, source=None, fractions=None):
    """Data from sequences of frames with their labels.

    Args:
        parts: Dict of `"train"`, `"validation"`, `"test"` to lists of pairs: an array
            `[time, ...]` and a list of labels of that length; or of `"all"` alone.
        columns: Names of the columns of vectors, or None.
        source: As in `Data`.
        fractions: Of the sequences that train, validate and test, where there is one part alone
            and at least as many sequences as `MANY`.

    Returns:
        A `Data`; parts that are missing are taken from the others, and it is printed.
    """
    refuse_parts(parts, source, fractions)
    made = [split for split in ("validation", "test") if split not in parts]
    whole = len(next(iter(parts.values()))) >= MANY
    if fractions is not None and not whole:
        raise ValueError(
            f"split is for {MANY} sequences or more; of fewer their ends are set apart. Received: "
            f"split={fractions!r} for {len(parts['all'])}"
        )
    test = fractions[2] if fractions else 0.1
    validate = fractions[1] / (1 - test) if fractions else 0.1  # of the rest
    parts = {("train" if split == "all" else split): pairs for split, pairs in parts.items()}
    if "test" not in parts:
        parts["train"], parts["test"] = _test(parts["train"], test)
    groups = None
    if "validation" not in parts:
        if len(parts["train"]) < MANY:  # beginning and end of each
            groups = dict.fromkeys(("train", "validation"), range(len(parts["train"])))
        parts["train"], parts["validation"] = _validation(parts["train"], validate)
    if made and not undivided.get():
        sizes = [f"{len(parts[split]):,} to {word}" for split, word in WORDS.items()]
        ends = "" if whole else "; where sequences are few, their ends are set apart"
        print(f"Split: {', '.join(sizes)}{ends}")
    arrays = [x for pairs in parts.values() for x, _ in pairs]
    if arrays[0].ndim == 4:
        sizes = sorted({array.shape[1:3] for array in arrays})
        if len(sizes) > 1:
            raise ValueError(
                f"The frames of all clips must be of one size. Received: {sizes[0]} and {sizes[1]} "
                "pixels. Resize them first"
            )
        wide = max(array.shape[3] for array in arrays)
        parts = {
            split: [(x if x.shape[3] == wide else np.repeat(x, wide, axis=3), y) for x, y in pairs]
            for split, pairs in parts.items()
        }

    def dataset(pairs):
        lengths = [len(y) for _, y in pairs]
        frames = concatenated([x for x, _ in pairs])
        x = tf.RaggedTensor.from_row_lengths(frames, lengths)
        y = tf.RaggedTensor.from_row_lengths(tf.constant([e for _, y in pairs for e in y]), lengths)
        pairs.clear()
        # The map makes plain tensors of the rows of ragged ones.
        return tf.data.Dataset.from_tensor_slices((x, y)).map(lambda x, y: (x, y))

    sizes = {split: len(pairs) for split, pairs in parts.items()}
    info = {"columns": columns} if columns and arrays[0].ndim == 2 else {}
    del arrays
    datasets = {split: dataset(pairs) for split, pairs in parts.items()}
    return Data(**datasets, source=source, sizes=sizes, info=info, groups=groups)


def _test(pairs, fraction):
    if len(pairs) >= MANY:
        return _apart(pairs, 0, fraction)
    if len(pairs) > 2:
        count = max(1, round(len(pairs) / 5))
        return pairs[:-count], pairs[-count:]
    return _ends(pairs, 5)


def _validation(pairs, fraction):
    return _apart(pairs, 1, fraction) if len(pairs) >= MANY else _ends(pairs, 6)


def _apart(pairs, seed, fraction):
    """Sequences without a random fraction of them, and these."""
    order = np.random.RandomState(SPLIT_SEED + seed).permutation(len(pairs))
    count = max(1, round(len(pairs) * fraction))
    apart = set(order[:count].tolist())
    kept = [pair for index, pair in enumerate(pairs) if index not in apart]
    return kept, [pairs[index] for index in sorted(apart)]


def _ends(pairs, parts):
    """Sequences without their ends, and the ends: one part in `parts`."""
    cuts = [len(y) - len(y) // parts for _, y in pairs]
    if any(cut == len(y) for cut, (_, y) in zip(cuts, pairs, strict=True)):
        raise ValueError(
            f"There are {len(pairs)} sequences, of {min(len(y) for _, y in pairs)} frames or more: "
            "too few to set some apart. Expected parts for train, validation and test"
        )
    begins = [(x[:cut], y[:cut]) for (x, y), cut in zip(pairs, cuts, strict=True)]
    return begins, [(x[cut:], y[cut:]) for (x, y), cut in zip(pairs, cuts, strict=True)]


def alike(arrays):
    """Pictures of one size as one array, with colours if any has them."""
    wide = max(array.shape[-1] for array in arrays)
    same = [a if a.shape[-1] == wide else np.repeat(a, wide, axis=-1) for a in arrays]
    return np.stack(same)
