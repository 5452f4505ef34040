"""The file that says how far a training has come: plain arrays and JSON, checked when read."""

import contextlib
import io
import json
import os
import struct
import zipfile
import zlib

import numpy as np
import tensorflow as tf

from rnnkit.utils import replicas
from rnnkit.utils.writing import atomically, plain

FORMAT = "rnnkit training state 1"
HEADER = "state.json"
# Of a header: settings, and the curves of all epochs.
MOST_BYTES = 2**26
# All that a damaged file can make zipfile, NumPy and json raise.
FAULTS = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, KeyError,
    TypeError, NotImplementedError, RecursionError, OverflowError,
)  # fmt: skip


class StateFile:
    """The state of an unfinished training, in `m.keras.training` beside the `m.keras` it makes.

    It is a zip archive of a JSON header and arrays in NumPy's format, none of them compressed, and
    is complete at any time: a new state takes the place of the old one when all of it is written.
    Nothing in it is code. Of several machines that train together the chief alone has it.

    Args:
        out: Path of the model.
        strategy: `tf.distribute.Strategy` of the training; by default the one in use.

    Example:

    >>> state = StateFile("m.keras")
    >>> state.write({"epoch": 3}, {"model/0": np.zeros(2)})
    >>> state.header()["epoch"]
    3
    """

    ENDING = ".training"

    def __init__(self, out, strategy=None):
        self.path = os.fspath(out) + self.ENDING
        self.strategy = strategy or tf.distribute.get_strategy()
        self._received = None  # bytes of the chief's file, empty where it has none

    def receive(self):
        """Lets several machines read what the chief has; all of them must call it."""
        if replicas.on_several_machines(self.strategy):
            content = b""
            if replicas.is_chief(self.strategy) and self.exists():
                with open(self.path, "rb") as file:
                    content = file.read()
            self._received = replicas.from_chief(content, self.strategy)

    def exists(self):
        return os.path.exists(self.path) if self._received is None else bool(self._received)

    def remove(self):
        """Removes the file, where there is one."""
        if replicas.is_chief(self.strategy):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)

    def write(self, header, arrays):
        """Replaces the file.

        Args:
            header: Dict of plain values.
            arrays: Dict of name to array.

        Raises:
            OSError: If it cannot be written, as on a full disk; the old file stays.
        """
        text = json.dumps({"format": FORMAT, **header}, default=plain)
        self._received = None
        if not replicas.is_chief(self.strategy):
            return
        try:
            with atomically(self.path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
                archive.writestr(HEADER, text)
                for name, array in arrays.items():
                    with archive.open(name, "w", force_zip64=True) as part:
                        np.lib.format.write_array(part, _native(array), (1, 0), False)
        except OSError as error:
            reason = f"{error.strerror}: the state of the training could not be written"
            raise OSError(error.errno, reason, self.path) from error

    def header(self):
        """What `write` was given as header.

        Raises:
            ValueError: If the file is damaged or no such state.
        """
        try:
            with self._opened() as archive:
                found = json.loads(self._bytes(archive, HEADER, MOST_BYTES))
        except FAULTS as error:
            raise self._refusal(error) from None
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise self._refusal("it is of another format")
        return found

    def arrays(self, wanted):
        """The arrays, which must be just those that are wanted.

        Args:
            wanted: Dict of name to an array, or anything else with `shape` and `dtype`, as it has
                to be.

        Raises:
            ValueError: If the file is damaged, or holds others.
        """
        try:
            with self._opened() as archive:
                names = {*archive.namelist()} - {HEADER}
                if names != {*wanted}:
                    raise ValueError(f"it holds {len(names)} arrays where {len(wanted)} belong")
                return {name: self._array(archive, name, wanted[name]) for name in wanted}
        except FAULTS as error:
            raise self._refusal(error) from None

    def _opened(self):
        known = self._received
        return zipfile.ZipFile(self.path if known is None else io.BytesIO(known))

    def _array(self, archive, name, wanted):
        dtype, shape = np.dtype(wanted.dtype), tuple(wanted.shape)
        stored = _native(np.empty(0, dtype)).dtype
        size = stored.itemsize * int(np.prod(shape, dtype="int64"))
        if not size <= archive.getinfo(name).file_size <= size + 2**12:  # a head of text before
            raise ValueError(f"{name} is not of the shape {shape}")
        with archive.open(self._info(archive, name)) as part:
            version = np.lib.format.read_magic(part)
            head = np.lib.format.read_array_header_1_0(part) if version == (1, 0) else version
            if head != (shape, False, stored):
                raise ValueError(f"{name} is {head}, not {stored} of the shape {shape}")
            values = part.read(size + 1)  # reads to the end, where the check sum is compared
        count = size // stored.itemsize
        return np.frombuffer(values, stored, count).view(dtype).reshape(shape)

    def _bytes(self, archive, name, most):
        info = self._info(archive, name)
        if info.file_size > most:
            raise ValueError(f"{name} has {info.file_size:,} bytes")
        return archive.read(info)

    def _info(self, archive, name):
        info = archive.getinfo(name)
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name} is compressed")
        return info

    def _refusal(self, reason):
        return ValueError(
            f"{self.path} is damaged or no state of a training ({reason}). Remove it, or train "
            "without resume"
        )


def _native(array):
    """An array in C order of a type that NumPy writes by name: others as integers of that size."""
    array = np.ascontiguousarray(array).reshape(np.shape(array))
    return array if array.dtype.isbuiltin == 1 else array.view(f"u{array.dtype.itemsize}")
