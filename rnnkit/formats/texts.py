"""A column of texts in one block of memory, as those of large files are kept."""

import array
import collections.abc
import io
import itertools
import re

import numpy as np

# Rows that are made texts of at a time.
BLOCK = 4096
# Texts, which may be long, that are held as `str` at a time.
SOME = 256
# Halves of pairs of UTF-16, which JSON may hold and UTF-8 does not have.
_HALVES = re.compile(rb"\xed[\xa0-\xbf]")
_CODING = ("utf-8", "surrogatepass")


class Texts(collections.abc.Sequence):
    """Texts that are kept one after the other, in UTF-8; it reads like a list of `str`.

    A `str` of its own takes fifty bytes beside its characters, four for each character where one
    of them is an emoji: more than a cell of most tables. Here each takes two bytes more than its
    characters, or four where texts are long.

    Args:
        chunks: List of pairs of the bytes of `BLOCK` texts in a row, of fewer in the last, and
            integers `[texts + 1]`: where each text begins in them, and where the last ends.
        first: Number of texts at the start that are left out.

    Example:

    >>> column = Texts.of(["spam", "é", ""])
    >>> column[1], len(column), column
    ('é', 3, ['spam', 'é', ''])
    """

    def __init__(self, chunks, first=0):
        self._chunks = chunks
        self._first = first
        self._size = sum(len(bounds) - 1 for _, bounds in chunks) - first

    @classmethod
    def of(cls, texts):
        """Texts of an iterable of `str`."""
        texts, builder = iter(texts), Builder()
        while block := list(itertools.islice(texts, SOME)):
            builder.extend(block)
        return builder.done()

    def __len__(self):
        return self._size

    def __getitem__(self, row):
        """The text of a row, or a list of them for a slice."""
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(self._size))]
        if not -self._size <= row < self._size:
            raise IndexError(row)
        chunk, row = divmod(row % self._size + self._first, BLOCK)
        content, bounds = self._chunks[chunk]
        return str(content[bounds[row] : bounds[row + 1]], *_CODING)

    def __iter__(self):
        for block in self.blocks():
            yield from block

    def blocks(self):
        """The texts as lists of up to `BLOCK`."""
        for number, (content, bounds) in enumerate(self._chunks):
            pairs = _pairs(bounds)
            if content.isascii():
                text = content.decode("ascii")
                block = [text[a:b] for a, b in pairs]
            else:
                block = [str(content[a:b], *_CODING) for a, b in pairs]
            yield block if number else block[self._first :]

    def __eq__(self, other):
        if not isinstance(other, (list, Texts)):
            return NotImplemented
        return len(self) == len(other) and all(map(str.__eq__, self, other))

    __hash__ = None

    def __repr__(self):
        return repr(list(self))

    def below(self):
        """The `Texts` without the first one."""
        return Texts(self._chunks, self._first + 1)

    def encoded(self, rows):
        """The texts of some rows as bytes, one after the other.

        Args:
            rows: Iterable of row numbers.
        """
        first = end = 0  # rows of the chunk at hand
        for row in rows:
            row += self._first
            if not first <= row < end:
                content, bounds = self._chunks[row // BLOCK]
                bounds, first = bounds.tolist(), row - row % BLOCK
                end = first + BLOCK
            row -= first
            yield content[bounds[row] : bounds[row + 1]]

    def take(self, rows):
        """The `Texts` of some rows."""
        builder, texts = Builder(), self.encoded(rows)
        while block := list(itertools.islice(texts, BLOCK)):
            builder.extend_bytes(block)
        return builder.done()

    def sizes(self):
        """Number of bytes of each text."""
        sizes = [np.diff(bounds) for _, bounds in self._chunks]
        return np.concatenate([np.zeros(0, "int64"), *sizes])[self._first :]

    def has(self, mark):
        """Whether any text has a character, which is one of ASCII."""
        mark = mark.encode("ascii")
        return any(mark in content for content, _ in self._chunks)

    def keys(self):
        """A number for each text, int64, that is the same for equal ones.

        It is Python's hash, of 64 bits: that any two of a million texts have the same by accident
        is once in thirty million files.
        """
        found = [
            np.fromiter((hash(content[a:b]) for a, b in _pairs(bounds)), "int64", len(bounds) - 1)
            for content, bounds in self._chunks
        ]
        return np.concatenate([np.zeros(0, "int64"), *found])[self._first :]

    def is_utf8(self):
        """Whether the content is UTF-8 as others read it, without halves of pairs."""
        others = (content for content, _ in self._chunks if not content.isascii())
        return not any(map(_HALVES.search, others))


def _pairs(bounds):
    return itertools.pairwise(bounds.tolist())


def lines_of(content):
    """Pairs of number and line of a text in UTF-8, without the ends of lines.

    Lines end in `\\n` or `\\r\\n`, not at form feeds and other rare characters, as those of
    `str.splitlines` do.

    Example:

    >>> list(lines_of(b"a\\r\\n\\nb"))
    [(1, 'a'), (2, ''), (3, 'b')]
    """
    lines = io.TextIOWrapper(io.BytesIO(content), *_CODING, newline="\n")
    for number, line in enumerate(lines, 1):
        yield number, line.removesuffix("\n").removesuffix("\r")


class Builder:
    """Makes `Texts` block by block."""

    def __init__(self):
        self._chunks, self._parts, self._sizes = [], [], array.array("I")  # the latest chunk

    def extend(self, texts):
        """Appends a list of `str`."""
        room = BLOCK - len(self._sizes)
        for some in (texts[:room], *(texts[i : i + BLOCK] for i in range(room, len(texts), BLOCK))):
            joined = "".join(some)
            if joined.isascii():
                self._append(joined.encode("ascii"), map(len, some))
            else:
                self.extend_bytes([text.encode(*_CODING) for text in some])

    def extend_bytes(self, texts):
        """Appends a list of texts in UTF-8."""
        room = BLOCK - len(self._sizes)
        for some in (texts[:room], *(texts[i : i + BLOCK] for i in range(room, len(texts), BLOCK))):
            self._append(b"".join(some), map(len, some))

    def _append(self, content, sizes):
        """Appends what fits into the latest chunk."""
        self._parts.append(content)
        self._sizes.extend(sizes)
        if len(self._sizes) == BLOCK:
            self._close()

    def _close(self):
        content = b"".join(self._parts) if len(self._parts) > 1 else self._parts[0]
        size = len(content)
        kind = "uint16" if size < 2**16 else "uint32" if size < 2**32 else "uint64"
        bounds = np.zeros(len(self._sizes) + 1, kind)
        np.cumsum(np.frombuffer(self._sizes, "uint32"), out=bounds[1:])
        self._chunks.append((content, bounds))
        self._parts, self._sizes = [], array.array("I")

    def done(self):
        """The `Texts` so far; nothing can be appended after it."""
        if self._sizes:
            self._close()
        return Texts(self._chunks)


class Column:
    """Makes a column block by block: `Texts` where all cells are texts, else a list.

    Args:
        missing: Number of cells that are None before the first one.
    """

    def __init__(self, missing=0):
        self._cells = [None] * missing
        self._texts = None if missing else Builder()

    def extend(self, cells):
        """Appends a list of cells."""
        if self._texts is not None and set(map(type, cells)) <= {str}:
            self._texts.extend(cells)
            return
        if self._texts is not None:
            self._cells, self._texts = list(self._texts.done()), None
        self._cells += cells

    def done(self):
        """The column."""
        return self._cells if self._texts is None else self._texts.done()
