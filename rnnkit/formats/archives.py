"""Zip and npz files whose members are bounded by what their headers say, before they are read."""

import io
import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib

import numpy as np

from rnnkit.formats import bounds
from rnnkit.utils.messages import shorten

# Bytes of the table of contents: some 400,000 members with names of usual length.
CONTENTS = 32 * 2**20
# What a damaged file makes Python's zipfile raise.
ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError,
    IndexError, KeyError, OverflowError,
)  # fmt: skip
# What a header of an array makes Python's parser raise besides.
HEADER_ERRORS = (SyntaxError, TypeError, RecursionError, MemoryError, tokenize.TokenError)
_END, _END_64 = b"PK\5\6", b"PK\6\7"
_COMMENT = 2**17  # bytes in which the end is looked for: it may have a comment


class Archive:
    """A zip file whose members may be read, each and all together as `bounds.check` allows.

    Args:
        path: Path of the file.

    Attributes:
        path: As given.
        names: List of the names of all members but folders, with `/` between folders.

    Raises:
        ValueError: If it is no zip file that can be read, or a member is named as if it were
            outside of the file.
    """

    def __init__(self, path):
        self.path = os.fspath(path)
        if not os.path.isfile(self.path):
            raise ValueError(f"There is no file {self.path!r}")
        with bounds.foreign(f"{self.path} cannot be read as a zip file", *ERRORS):
            size = _contents(self.path)
        if size > CONTENTS:
            raise ValueError(
                f"{self.path} has a table of contents of {size:,} bytes; at most {CONTENTS:,} are "
                "allowed. Unpack it to a folder"
            )
        with bounds.foreign(f"{self.path} cannot be read as a zip file", *ERRORS):
            self._zip = zipfile.ZipFile(self.path)
            self._held = os.path.getsize(self.path)
        self._made = 0
        try:
            self._members = _members(self.path, self._zip.infolist())
        except ValueError:
            self._zip.close()
            raise
        self.names = list(self._members)

    def read(self, name):
        """The bytes of a member.

        Args:
            name: One of `names`.

        Raises:
            ValueError: If it is damaged, encrypted or too large for what is stored of it.
        """
        with self.open(name) as file, bounds.foreign(self._damaged(name), *ERRORS):
            return file.read()  # no more than the header says

    def open(self, name):
        """A member as a stream of bytes; `size` is counted first."""
        member = self._members[name]
        label = f"{self.path}, {shorten(name, 200)!r}"
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{label} is neither stored nor deflated: zip it in one of these ways")
        hint = bounds.UNCOMPRESSED
        bounds.check(label, member.file_size, min(member.compress_size, self._held), hint=hint)
        # Members may share bytes: together they are held to the size of the file.
        self._made += member.file_size
        bounds.check(self.path, self._made, self._held, hint=hint)
        with bounds.foreign(self._damaged(name), *ERRORS):
            return self._zip.open(member)

    def size(self, name):
        """Bytes of a member, as its header says."""
        return self._members[name].file_size

    def _damaged(self, name):
        return f"{self.path}, {shorten(name, 200)!r} cannot be read"

    def close(self):
        self._zip.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_npz(path):
    """The arrays of an npz file.

    The header of each array is checked against its member before the array is made.

    Args:
        path: Path of the file.

    Returns:
        Dict of name to array, of numbers, texts, times or truth values.

    Raises:
        ValueError: If it is no npz file that can be read, or an array is one of objects, or would
            take more than `bounds.check` allows.
    """
    arrays = {}
    with Archive(path) as archive:
        for name in archive.names:
            label = f"{archive.path}, {name.removesuffix('.npy')!r}"
            if not name.endswith(".npy"):
                raise ValueError(f"{label} is no array: expected what numpy.savez writes")
            with archive.open(name) as file:
                arrays[name.removesuffix(".npy")] = _array(file, archive.size(name), label)
    return arrays


def _array(file, size, label):
    """An array from a stream of an npy file."""
    reason = f"{label} cannot be read as an array of numpy"
    with bounds.foreign(reason, *ERRORS, *HEADER_ERRORS):
        head = file.read(np.lib.format.MAGIC_LEN)
        version = np.lib.format.read_magic(io.BytesIO(head))
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        if version not in readers:
            raise ValueError(f"version {version}; expected 1.0 or 2.0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a header that Python 2 wrote
            shape, fortran, dtype = readers[version](file)
        begin = file.tell()
    if dtype.hasobject or dtype.names or dtype.subdtype:
        raise ValueError(
            f"{label} is an array of {shorten(dtype, 100)}: expected numbers, texts, times or "
            "truth values, in rows of equal length"
        )
    needed = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or not dtype.itemsize or needed != size - begin:
        raise ValueError(
            f"{label} declares the shape {shorten(shape, 200)} of {dtype}, which does not fit the "
            f"{size - begin:,} bytes that it holds"
        )
    with bounds.foreign(reason, *ERRORS):
        content = file.read()
        if len(content) != needed:
            raise ValueError(f"{len(content):,} of {needed:,} bytes are there")
        array = np.frombuffer(content, dtype) if needed else np.zeros(0, dtype)
        return array.reshape(shape, order="F" if fortran else "C")


def _members(path, entries):
    """Dict of name to member; a ValueError for names that lead out of the file."""
    members = {}
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or name[1:3] == ":/":
            raise ValueError(
                f"{path}: the member {shorten(name, 200)!r} leads out of the file; expected paths "
                "inside of it"
            )
        if name in members:
            raise ValueError(f"{path} holds two members called {shorten(name, 200)!r}")
        if not name.endswith("/"):
            members[name] = entry
    return members


def _contents(path):
    """Bytes of a zip file's table of contents, as its end says."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, size - _COMMENT))
        tail = file.read()
        at = tail.rfind(_END)
        if at < 0:
            raise zipfile.BadZipFile("File is not a zip file")
        (found,) = struct.unpack_from("<L", tail, at + 12)
        if tail[max(0, at - 20) : at].startswith(_END_64):
            (where,) = struct.unpack_from("<Q", tail, at - 12)
            file.seek(min(where, start + at))
            (found,) = struct.unpack_from("<40xQ", file.read(56))
        return min(found, size)
