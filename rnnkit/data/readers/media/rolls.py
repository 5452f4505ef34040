"""Piano rolls in npz files: which keys are down in each step of a piece."""

import pathlib
import warnings

import numpy as np

from rnnkit.data.splits import SPLITS
from rnnkit.formats import archives, bounds
from rnnkit.formats.notation import KEYS, LOWEST

OFFSETS = ("_offset", "_offsets", "_starts")


def read_npz(path):
    """The pieces of an npz file by split.

    A split is an array `train` `[steps, keys]` of all its pieces in a row, with `train_offset`
    (where each begins, and perhaps where the last ends); or `[pieces, steps, keys]`, padded with
    silence. `validation` and `test` are the same, also under the names `valid`, `val` and `dev`.
    An array without the name of a split is a piece of its own, or all of them, if it is with an
    offset. There are 88 keys (A0 to C8) or 128 (MIDI numbers); a key is down where it is above 0.

    Args:
        path: Path of the file.

    Returns:
        Dict of split, or `"all"`, to a list of uint8 `[steps, 88]`.

    Raises:
        ValueError: If the file cannot be read, or its arrays are no piano rolls.
    """
    path = pathlib.Path(path)
    arrays = archives.read_npz(path)
    offsets = {}
    for key in list(arrays):
        ending = next((each for each in OFFSETS if key.lower().endswith(each)), None)
        name = key if ending is None else key[: -len(ending)]
        if key.lower() in ("offset", "offsets") and len(arrays) == 2:
            name = next(other for other in arrays if other != key)
        if name != key and name in arrays:
            offsets[name] = arrays.pop(key)
    found, held = {}, path.stat().st_size
    for key, array in arrays.items():
        where = f"{path}, {key!r}"
        split, offset = SPLITS.get(key.lower(), "all"), offsets.get(key)
        count = len(array) if array.ndim == 3 else 1 if offset is None else offset.size
        bounds.check_rows(where, count, array.size, held)
        found.setdefault(split, []).extend(_pieces(array, offset, where))
    if "all" in found and len(found) > 1:
        raise ValueError(
            f"{path}: expected the keys train, validation and test (with their offsets), or pieces "
            f"alone. Received: keys {sorted(arrays)}"
        )
    if "train" not in found and "all" not in found:
        raise ValueError(f"{path} has no array 'train'. Received: keys {sorted(arrays)}")
    return found


def _pieces(array, offset, where):
    """The pieces of an array as a list of uint8 `[steps, 88]`."""
    if array.ndim not in (2, 3) or array.shape[-1] not in (KEYS, 128):
        raise ValueError(
            f"{where}: expected a piano roll, [steps, 88] or [pieces, steps, 88] (128 for all MIDI "
            f"numbers). Received: shape {array.shape}"
        )
    if array.dtype.kind not in "biuf" or (array.dtype.kind == "f" and np.isnan(array).any()):
        raise ValueError(f"{where}: expected numbers. Received: {array.dtype}, or NaN among them")
    down = (array > 0).astype("uint8")
    if array.shape[-1] == 128:
        outside = int(down.sum()) - int(down[..., LOWEST : LOWEST + KEYS].sum())
        if outside:
            warnings.warn(
                f"{where}: {outside:,} keys are not on a piano, A0 to C8, and are left out",
                stacklevel=5,
            )
        down = down[..., LOWEST : LOWEST + KEYS]
    if down.ndim == 3:
        if offset is not None:
            raise ValueError(f"{where}: expected no offset beside pieces on an axis of their own")
        lengths = [int(np.flatnonzero(piece.any(axis=1)).max(initial=-1)) + 1 for piece in down]
        pieces = [piece[:length] for piece, length in zip(down, lengths, strict=True)]
    elif offset is None:
        pieces = [down]
    else:
        starts = np.asarray(offset).ravel()
        if starts.dtype.kind not in "iu" or not len(starts) or starts[0] != 0:
            raise ValueError(
                f"{where}: its offset must be whole numbers that begin with 0. Received: "
                f"{starts[:3].tolist()}"
            )
        if starts[-1] != len(down):
            starts = np.append(starts, len(down))
        if (np.diff(starts) < 0).any() or starts[-1] > len(down):
            raise ValueError(
                f"{where}: its offset must rise to its {len(down):,} steps at most. Received: "
                f"{starts[:5].tolist()} ... {starts[-2:].tolist()}"
            )
        pieces = [down[a:b] for a, b in zip(starts, starts[1:], strict=False)]
    empty = [index for index, piece in enumerate(pieces) if not len(piece)]
    if empty:
        raise ValueError(
            f"{where}: {len(empty)} pieces have no steps, the first is piece {empty[0]}"
        )
    return pieces
