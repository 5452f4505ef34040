"""What a file of weights holds, found without trusting what it declares."""

import math

import h5py
import numpy as np

from rnnkit.formats.model_files import Refused

# More than any model of hundreds of layers has, its optimizer's state included.
MOST_OBJECTS, MOST_DEPTH, MOST_DIMENSIONS = 10_000, 32, 8
CHUNK = 2**20  # numbers looked at at a time


class Stored:
    """How much a file of weights holds.

    Attributes:
        numbers: How many numbers.
        arrays: How many arrays.
        optimizer: How many of them are the optimizer's.
    """

    def __init__(self):
        self.numbers = self.arrays = self.optimizer = 0


def inspect_weights(path):
    """Walks through a file of weights as Keras writes it, and checks all in it.

    It must be groups in groups with plain arrays of numbers in them: each kept whole in the file
    itself, as large as it declares, without links, filters or references to other files. No number
    may be NaN or infinite.

    Args:
        path: Path of an HDF5 file.

    Returns:
        `Stored`.

    Raises:
        Refused: With what is wrong.
    """
    stored = Stored()
    try:
        with h5py.File(path, "r") as file:
            _walk(file, stored)
    except (OSError, RuntimeError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise Refused(f"its weights are damaged ({_first_line(error)})") from None
    except (UnicodeError, MemoryError) as error:
        raise Refused(f"its weights are damaged ({type(error).__name__})") from None
    return stored


def _walk(file, stored):
    pending, seen, objects = [(file, 0)], set(), 0
    while pending:
        group, depth = pending.pop()
        if depth > MOST_DEPTH:
            raise Refused(f"its weights nest groups deeper than {MOST_DEPTH} levels")
        _check_attributes(group)
        objects += group.id.get_num_objs()
        if objects > MOST_OBJECTS:
            raise Refused(f"its weights hold more than {MOST_OBJECTS:,} groups and arrays")
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise Refused(f"its weights hold a link to elsewhere, {name[:80]!r}")
            item = group[name]
            about = h5py.h5o.get_info(item.id)
            if about.addr in seen:
                raise Refused(f"its weights hold {item.name[:80]!r} under two names")
            seen.add(about.addr)
            if isinstance(item, h5py.Group):
                pending.append((item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                _check_array(item)
                stored.arrays += 1
                stored.numbers += item.size
                stored.optimizer += item.name.startswith("/optimizer/")
            else:
                raise Refused(f"its weights hold a {type(item).__name__}, {item.name[:80]!r}")


def _check_attributes(item):
    if len(item.attrs) > 16:
        raise Refused(f"its weights describe {item.name[:80]!r} by {len(item.attrs):,} notes")
    for name in item.attrs:
        size = item.attrs.get_id(name).get_storage_size()
        if size > 4096:
            raise Refused(f"its weights describe {item.name[:80]!r} by {size:,} bytes")


def _check_array(array):
    name = array.name[:80]
    layout = array.id.get_create_plist()
    if array.shape is None or len(array.shape) > MOST_DIMENSIONS:
        raise Refused(f"its array {name!r} has no shape of at most {MOST_DIMENSIONS} dimensions")
    if layout.get_external_count():
        raise Refused(f"its array {name!r} lies in another file")
    if layout.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT) or layout.get_nfilters():
        raise Refused(f"its array {name!r} is not kept whole and plain")
    _check_attributes(array)
    half = array.dtype.kind == "V" and array.dtype.itemsize == 2  # bfloat16
    if half and array.attrs.get("dtype") not in ("bfloat16", b"bfloat16"):
        half = False
    if not half and array.dtype.kind not in "fiub":
        raise Refused(f"its array {name!r} holds {array.dtype}, not real numbers")
    declared = math.prod(array.shape) * array.dtype.itemsize
    if declared != array.id.get_storage_size():
        raise Refused(
            f"its array {name!r} declares {declared:,} bytes and holds "
            f"{array.id.get_storage_size():,}"
        )
    if half or array.dtype.kind == "f":
        _check_finite(array, half)


def _check_finite(array, half):
    rows = array.shape[0] if array.shape else 1
    step = max(1, CHUNK * rows // max(1, array.size))
    for start in range(0, rows, step):
        part = array[start : start + step] if array.shape else array[()]
        if half:
            import ml_dtypes

            part = np.asarray(part).view(ml_dtypes.bfloat16).astype("float32")
        if not np.isfinite(part).all():
            raise Refused(f"its array {array.name[:80]!r} holds numbers that are NaN or infinite")


def _first_line(error):
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200] if lines else ''}"
