"""Lines of word vectors: a word and its numbers on each."""

import codecs
import collections
import csv
import io
import itertools
import os
import re

import numpy as np

from rnnkit.formats import encodings
from rnnkit.utils.messages import shorten
from rnnkit.utils.progress import Progress

SAMPLE = 500  # lines that tell how many numbers a vector has; fewer if these bytes hold fewer
SAMPLE_BYTES = 2**20
BLOCK = 4 * 2**20  # bytes of lines that are made into numbers at a time
_BLANKS = b" \t\r"
_NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
# What was meant to be a number: also one with a decimal comma, and one that is not finite.
_MEANT = re.compile(
    rb"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf|infinity)", re.IGNORECASE
)
_PACKED = {**encodings.PACKED, b"PK\3\4": ".zip"}
_FASTTEXT = b"\xba\x16\x4f\x2f"  # how its own model files begin
_RIGHT = (
    "Expected a word and its numbers on each line, such as 'the 0.1 -0.2 0.3', or word2vec's binary"
)


def end_of(content, begin):
    """Where what is not blank ends in bytes.

    Example:

    >>> end_of(b"the 0.5 \\r\\n\\n", 0)
    7
    """
    end, kept = len(content), b""
    while end > begin and not kept:
        block = content[max(begin, end - encodings.HEAD) : end]
        kept = block.rstrip(_BLANKS + b"\n")
        end -= len(block) - len(kept)
    return end


def shown(part):
    """Bytes as they stand in messages.

    Example:

    >>> shown(b"the")
    "'the'"
    """
    return repr(shorten(part.decode("utf-8", "replace"), 60))


def is_binary(content, start):
    """Whether bytes from a place on are no lines of word vectors, nor other text.

    Example:

    >>> is_binary(b"the 0.5 1", 0), is_binary(b"the \\0\\0\\0?\\xcd\\xcc\\xcc=", 0)
    (False, True)
    """
    if _looks_right(content, start):
        return False
    head = content[start : start + encodings.HEAD]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeError:
        return True
    return _has_controls(head)


def _looks_right(content, start):
    """Whether a line of word vectors begins at a place: half of its fields are numbers."""
    numbers = content[start : start + 2**20].partition(b"\n")[0].split()[1:]
    return len(numbers) > 0 and 2 * sum(map(bool, map(_MEANT.fullmatch, numbers))) >= len(numbers)


def _has_controls(head):
    return b"\0" in head or bool(encodings.CONTROL.intersection(head))


def check_text(path, content, encoding):
    """Refuses what is not text, and says what it is where that is known.

    Args:
        path: The file.
        content: Its bytes.
        encoding: The character encoding that it should have.

    Raises:
        ValueError: If it is not.
    """
    head = content[: encodings.HEAD]
    if _looks_right(content, 0) or not _has_controls(head):
        return
    for start, name in _PACKED.items():
        if head.startswith(start):
            raise ValueError(
                f"{path} is compressed, which its name does not say: name it with {name} at the end"
            )
    if b"\0" in head and not encodings.is_binary(path):
        encodings.content(path, encoding)  # refuses it, and says which encoding it seems to be
    known = "it is a model of fastText, whose vectors are in the file .vec beside it"
    hint = known if head.startswith(_FASTTEXT) else _RIGHT
    raise ValueError(f"{path} holds bytes that no text has: {hint}")


def read(path, content, start, said=None):
    """Words and vectors of lines.

    Args:
        path: What to call the file in messages.
        content: Its bytes, in an encoding that keeps ASCII.
        start: Where the first of these lines begins.
        said: How many words, and numbers of each, a line before them says, or None.

    Returns:
        The words as bytes; and an array of float32 `[words, size]`.

    Raises:
        ValueError: If a line is wrong, or they are not as many as said.

    Example:

    >>> read("a.txt", b"the 0.5 1\\n. . 0.25 -2", 0)
    ([b'the', b'. .'], array([[ 0.5 ,  1.  ],
           [ 0.25, -2.  ]], dtype=float32))
    """
    end = end_of(content, start)
    if end <= start:
        raise ValueError(
            f"{path}: the first line says {said[0]:,} vectors of {said[1]:,} numbers, and nothing "
            f"follows it. {_RIGHT}"
        )
    stop = content.find(b"\n", start + SAMPLE_BYTES, end)
    size = _size(path, content[start : end if stop < 0 else stop].split(b"\n", SAMPLE)[:SAMPLE])
    count = content.count(b"\n", start, end) + 1
    if said:
        _check_said(path, said, count, size)
    lines = _Lines(path, size, "the first line says" if said else "most lines have")
    first = 2 if said else 1
    words = []
    # No more rows than there are bytes for: where lines are more, one of them is refused as short.
    values = np.empty((min(count, (end - start) // (2 * size) + 1), size), np.float32)
    with Progress(f"Reading {os.path.basename(path)}", count) as progress:
        while start < end:
            stop = content.find(b"\n", start + BLOCK, end)
            stop = end if stop < 0 else stop
            found, part = lines.read(content[start:stop].split(b"\n"), first + len(words))
            values[len(words) : len(words) + len(found)] = part
            words += found
            start = stop + 1
            progress.at(len(words))
    return words, values


def _check_said(path, said, count, size):
    message = f"{path}: the first line says {said[0]:,} vectors of {said[1]:,} numbers;"
    if said[1] != size:
        raise ValueError(f"{message} most lines below it have {size:,}")
    if said[0] != count:
        cut = ": the file is cut short, or that line is wrong" if count < said[0] else ""
        raise ValueError(f"{message} {count:,} lines follow it{cut}")


def _size(path, lines):
    """How many numbers most lines have after their word."""
    counts = collections.Counter(map(_ending, lines))
    size = counts.most_common(1)[0][0]
    if size < 2:
        line = next(line for line in lines if _ending(line) == size)
        said = f"{path}: most lines, such as {shown(line)}, "
        marks = [mark for mark in ",;|" if mark.encode() in line]
        seems = f"It seems to be a table separated by {marks[0]!r}. " if marks else ""
        if size == 1 and not marks:
            seems = "It seems to be a list of words and how often they are there. "
        raise ValueError(f"{said}end in {['no number', 'one number'][size]}. {seems}{_RIGHT}")
    return size


def _ending(line):
    """How many numbers a line ends in, after its first field."""
    count = 0
    for field in reversed(line.split()[1:]):
        if not _MEANT.fullmatch(field):
            break
        count += 1
    return count


class _Lines:
    """Lines of text to words and numbers; what is wrong is told with its line.

    Args:
        path: What to call the file.
        size: How many numbers each has.
        why: Who says that they should be as many.
    """

    def __init__(self, path, size, why):
        self.path, self.size = path, size
        self.expected = f"expected {size:,}, as {why}"

    def read(self, lines, first):
        """Words as bytes, and their values, of lines of which the number of the first is said."""
        words, rests = [], []
        for number, line in enumerate(lines, first):
            word, _, rest = line.strip(_BLANKS).partition(b" ")
            if not word or rest.count(b" ") != self.size - 1:  # not as most files are written
                word, rest = self._split(line, number)
            words.append(word)
            rests.append(rest)
        values = _numbers(rests, self.size)
        if values is None:
            pairs = [self._split(line, number) for number, line in enumerate(lines, first)]
            words = [word for word, _ in pairs]
            rows = zip(pairs, lines, itertools.count(first), strict=False)
            values = np.stack([self._row(rest, line, at) for (_, rest), line, at in rows])
        for number, word in enumerate(words, first):
            self._check_ends(word, number)
        return words, values

    def _split(self, line, number):
        """The word of a line, all that stands before its last numbers; and these."""
        fields = line.rsplit(None, self.size)
        if len(fields) <= self.size:
            self._refuse(line, number)
        word, *numbers = fields
        word = word.strip(_BLANKS)
        self._check_ends(word, number)
        extra = [_NUMBER.fullmatch(field) is not None for field in word.split()[1:]]
        if extra and (extra[-1] or sum(extra) >= self.size):
            raise ValueError(
                f"{self.path}, line {number:,}: before the last {self.size:,} numbers stands "
                f"{shown(word)}: a word with blanks, or one with numbers too many; {self.expected}"
            )
        return word, b" ".join(numbers)

    def _check_ends(self, word, number):
        if b"\r" in word:
            raise ValueError(
                f"{self.path}, line {number:,}: a carriage return stands within it; expected a "
                "line feed at the end of each line"
            )

    def _row(self, rest, line, number):
        fields = rest.split(b" ")
        if not all(map(_NUMBER.fullmatch, fields)):
            self._refuse(line, number)
        with np.errstate(over="ignore"):
            row = np.array([float(field) for field in fields]).astype(np.float32)
        if not np.isfinite(row).all():
            field = fields[int(np.isfinite(row).argmin())]
            raise ValueError(
                f"{self.path}, line {number:,}: {shown(field)} is too large for a 32-bit number"
            )
        return row

    def _refuse(self, line, number):
        fields, at = line.split(), f"{self.path}, line {number:,}"
        if not fields:
            raise ValueError(f"{at} is blank; expected a word and {self.size:,} numbers")
        count = _ending(line)
        if line[:1] in b" \t" and _MEANT.fullmatch(fields[0]) and count + 1 == self.size:
            raise ValueError(f"{at} has {self.size:,} numbers and no word before them")
        wrong = [each for each in fields[1:][-self.size :] if not _NUMBER.fullmatch(each)]
        if wrong and _MEANT.fullmatch(wrong[-1]):
            what = "has a decimal comma; expected a point" if b"," in wrong[-1] else "is not finite"
            raise ValueError(f"{at}: {shown(wrong[-1])} {what}")
        what = f", after {shown(wrong[-1])}, which is none" if wrong else ""
        raise ValueError(
            f"{at}, {shown(fields[0])}: it ends in {count:,} number{'s' * (count != 1)}{what}; "
            f"{self.expected}"
        )


def _numbers(rests, size):
    """Numbers with one blank between them as `[lines, size]`; None where something is wrong.

    They are those of `float`, rounded to 32 bits.
    """
    import pandas as pd

    # From 3.1 on the usual way is exact, and naming it is deprecated.
    exact = tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1)
    options = {} if exact else {"float_precision": "round_trip"}
    try:
        with np.errstate(over="ignore"):
            values = pd.read_csv(
                io.BytesIO(b"\n".join(rests)), sep=" ", header=None, dtype=np.float32,
                na_filter=False, quoting=csv.QUOTE_NONE, engine="c", **options
            ).to_numpy()  # fmt: skip
    except ValueError:
        return None
    if values.shape != (len(rests), size) or not np.isfinite(values).all():
        return None
    return np.ascontiguousarray(values)
