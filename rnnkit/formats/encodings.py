"""Bytes of a file as text: by its mark, or by the encoding that is said."""

import codecs
import re

from rnnkit.formats import compressed
from rnnkit.utils.messages import shorten

# The marks that a text may begin with; those of UTF-32 first, which begin as those of UTF-16 do.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be",
}  # fmt: skip
# How files that are compressed begin, and what their names end in.
PACKED = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ": ".xz"}
# Bytes in which zeros are looked for.
HEAD = 4096
_CONTROLS = re.compile("[\x80-\x84\x86-\x9f]")
# Bytes that are decoded at a time, to see whether they can be.
BLOCK = 2**20
# Bytes that no text has: control characters but those of white space.
CONTROL = frozenset(range(1, 32)) - {*b"\t\n\v\f\r\x1b\x1c\x1d\x1e\x1f"}


def content(path, encoding):
    """A file's text as bytes of UTF-8, without a mark; see `decode`.

    A `str` of a large file takes up to four times as much.
    """
    raw = compressed.read(path)
    mark = _mark(raw)
    if _is_utf8(MARKS.get(mark, encoding)) and _valid(raw, len(mark)):
        body = raw[len(mark) :] if mark else raw
        del raw
        if not mark:
            _refuse_wide(path, body, body[: 4 * HEAD].decode("utf-8", "ignore"), encoding)
        return body
    del raw
    return decode(path, encoding).encode("utf-8", "surrogatepass")


def _is_utf8(encoding):
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except (LookupError, TypeError, ValueError):
        return False  # said by decode


def _valid(raw, start):
    """Whether bytes are UTF-8 from a position on."""
    decoder, view = codecs.getincrementaldecoder("utf-8")(), memoryview(raw)
    try:
        for begin in range(start, len(raw), BLOCK):
            decoder.decode(view[begin : begin + BLOCK], begin + BLOCK >= len(raw))
    except UnicodeDecodeError:
        return False
    return True


def decode(path, encoding):
    """A file's text, unpacked if it is compressed.

    Args:
        path: Its path.
        encoding: Its character encoding. A mark at the start of the file, of UTF-8, UTF-16 or
            UTF-32, goes before it.

    Raises:
        ValueError: If it cannot be read; bytes that cannot be decoded are reported with their
            line.
    """
    raw = compressed.read(path)
    mark = _mark(raw)
    own = MARKS.get(mark, encoding)
    body = raw[len(mark) :] if mark else raw
    try:
        text = body.decode(own)
    except UnicodeDecodeError as error:
        line = len(body[: error.start].decode(own, "ignore").split("\n"))
        said = f"{path}, line {line}: the bytes {body[error.start : error.start + 4]!r} are not "
        raise ValueError(f"{said}{own}. {_advice(body, mark)}") from None
    except UnicodeError as error:
        raise ValueError(f"{path} is not {own} ({shorten(error)})") from None
    except LookupError:
        raise ValueError(
            f"encoding must name a character encoding. Received: {encoding!r}"
        ) from None
    if codecs.lookup(own).name == "iso8859-1" and (found := _CONTROLS.search(text)):
        # Many files that are read as latin-1 hold a few that nobody misses: they are kept.
        print(
            f"{path}: the byte 0x{ord(found[0]):02x} is a control character in {encoding}; if "
            "quotes or dashes look odd, say encoding='cp1252'"
        )
    if not mark:
        _refuse_wide(path, body, text, own)
    return text


def _mark(raw):
    """The mark that bytes begin with, or nothing."""
    return next((mark for mark in MARKS if raw.startswith(mark)), b"")


def _refuse_wide(path, body, text, own):
    # Letters of UTF-16 are those of UTF-8 with zeros between them.
    if 4 * text.count("\0", 0, HEAD) >= len(text[:HEAD]) > 0:
        raise ValueError(f"{path} is not {own}: it looks like {_wide(body)}. {_advice(body, b'')}")


def is_binary(path):
    """Whether a file holds no text: bytes of zero that are not those of an encoding."""
    raw = compressed.read(path)[:HEAD]
    if any(raw.startswith(mark) for mark in MARKS):
        return False
    return b"\0" in raw and (_wide(raw) is None or bool(CONTROL.intersection(raw)))


def _advice(body, mark):
    if mark:
        return "The mark at its start says that they should be: the file is cut off or damaged"
    for start, name in PACKED.items():
        if body.startswith(start):
            return f"It is compressed, which its name does not say: name it with {name} at the end"
    wide = _wide(body)
    # What Windows writes has letters where latin-1 has control characters.
    usual = "cp1252" if any(0x80 <= each < 0xA0 for each in body[:HEAD]) else "latin-1"
    return f"Say how the file is encoded, for example encoding={wide or usual!r}"


def _wide(body):
    """Which encoding of several bytes a character the zeros of a text show, or None."""
    head = body[: HEAD - HEAD % 4]
    zeros = [head[start::4].count(0) for start in range(4)]
    if not any(zeros):
        return None
    if sum(each > 0 for each in zeros) == 3 or min(sorted(zeros)[1:]) * 8 > len(head):
        return "utf-32-le" if zeros[0] < zeros[3] else "utf-32-be"
    return "utf-16-le" if zeros[0] + zeros[2] < zeros[1] + zeros[3] else "utf-16-be"
