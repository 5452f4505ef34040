"""Zip files and arrays written by hand, so that their headers can say anything."""

import struct
import zlib

BLOCK = 2**20


def deflated(content):
    """What `zip_of` takes of a member: deflated bytes, the size and the checksum."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush(), len(content), zlib.crc32(content)


def zeros(name, size, start=b""):
    """A member of many zeros. Its checksum is wrong, which only shows at the end."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(start + bytes(BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.flush()
    return name, first + block * (size // BLOCK - 1) + last, size + len(start), 0


def zip_of(members, shared=False):
    """The bytes of a zip file.

    Args:
        members: Tuples of a name, deflated bytes, and the size and checksum that are declared.
        shared: Whether all members are the bytes of the first.
    """
    body, contents = b"", b""
    parts, at = [], 0
    for name, packed, size, checksum in members:
        facts = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0, checksum, len(packed), size)
        label = name.encode()
        lengths = struct.pack("<HH", len(label), 0)
        if not shared or not parts:
            offset = at
            parts.append(b"PK\3\4" + facts + lengths + label + packed)
            at += len(parts[-1])
        rest = struct.pack("<HHHII", 0, 0, 0, 0, offset)
        contents += b"PK\1\2" + struct.pack("<H", 20) + facts + lengths + rest + label
    body = b"".join(parts)
    count = min(len(members), 0xFFFF)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(contents), len(body), 0)
    return body + contents + b"PK\5\6" + end


def npy(shape, dtype):
    """The header of an array of NumPy's format; `shape` may be any text."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(64 - (10 + len(text) + 1) % 64 + len(text)) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()
