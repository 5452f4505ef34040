"""Files of word vectors: those of GloVe, word2vec (text and binary) and fastText."""

import codecs
import collections.abc
import os
import re
import warnings

import numpy as np

from rnnkit.formats import bounds, compressed, encodings, vector_lines
from rnnkit.formats.vector_lines import end_of, shown
from rnnkit.utils.messages import shorten

LONGEST = 10_000  # bytes of a word; where a binary word is longer, numbers are taken for letters
UNREADABLE = 0.01  # words that may be damaged, of all
_HEADER = re.compile(rb"[ \t]*(\d{1,18})[ \t]+(\d{1,18})[ \t]*\r?")
_latest = {}  # what was read last, by its file


class WordVectors:
    """Words and their vectors.

    Args:
        words: List of words, at least one. Of one that is there twice the first is kept.
        values: Array of finite numbers `[words, size]`.
        source: What to call them in messages, such as the path of their file.

    Attributes:
        words: List of the words, each once.
        values: Array of float32 `[words, size]`, which cannot be written to.
        source: What to call them in messages.
        size: Numbers in a vector.
        repeated: How many vectors were left out because their word was there before.
        unreadable: How many were left out because their word could not be decoded.

    Raises:
        ValueError: If the values are no table of finite numbers, or not as many as the words.

    Example:

    >>> vectors = WordVectors(["the", "cat", "the"], [[0.5, 1], [0.25, 2], [3, 4]])
    >>> vectors
    WordVectors(2 words, size 2, of the vectors)
    >>> vectors.words, vectors.repeated
    (['the', 'cat'], 1)
    >>> vectors.values.tolist()
    [[0.5, 1.0], [0.25, 2.0]]
    """

    def __init__(self, words, values, source="the vectors"):
        self.source = source
        self.words = _checked_words(words, source)
        self.values = _checked_values(values, self.words, source)
        first = {}
        for index, word in enumerate(self.words):
            first.setdefault(word, index)
        self.repeated = len(self.words) - len(first)
        self.unreadable = 0
        if self.repeated:
            self.words = list(first)
            self.values = self.values[list(first.values())]
            self.values.flags.writeable = False

    @property
    def size(self):
        return self.values.shape[1]

    def __len__(self):
        return len(self.words)

    def __repr__(self):
        return f"WordVectors({len(self):,} words, size {self.size}, of {shorten(self.source, 100)})"


def _checked_words(words, source):
    right = f"{source}: words must be a list of texts, at least one"
    if isinstance(words, (str, bytes)) or not isinstance(words, collections.abc.Iterable):
        raise ValueError(f"{right}. Received: {shorten(repr(words), 100)}")
    words = list(words)
    wrong = [word for word in words if not isinstance(word, str)]
    if wrong or not words:
        raise ValueError(f"{right}. Received: {shorten(repr(wrong[0]), 100) if wrong else words}")
    return words


def _checked_values(values, words, source):
    """An array that nobody writes to: a copy, unless it is one already."""
    right = f"{source}: values must be an array of numbers [words, size]"
    try:
        values = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{right}. Received: {shorten(error)}") from None
    if values.ndim != 2 or values.dtype.kind not in "fiu" or not values.shape[1]:
        raise ValueError(f"{right}. Received: {values.dtype} of shape {values.shape}")
    if len(values) != len(words):
        raise ValueError(f"{source}: {len(words):,} words have {len(values):,} rows of values")
    if values.dtype != np.float32 or values.flags.writeable:
        with np.errstate(over="ignore"):
            values = np.array(values, np.float32, order="C")
        values.flags.writeable = False
    bad = _first_not_finite(values)
    if bad is not None:
        raise ValueError(f"{right}, all finite in 32 bits. Those of {words[bad]!r} are not")
    return values


def _first_not_finite(values):
    """The first row in which a number is not finite, or None."""
    for start in range(0, len(values), 2**14):
        rows = np.isfinite(values[start : start + 2**14]).all(axis=1)
        if not rows.all():
            return start + int(rows.argmin())
    return None


# === Files ===


def read(path, encoding="utf-8"):
    """The vectors of a file.

    Which kind it is shows in what is in it: text of GloVe (a word and its numbers on each line),
    text of word2vec and `.vec` of fastText (the same below a line `count size`), or binary of
    word2vec. Each may be packed: `.gz`, `.bz2`, `.xz`, or `.zip` with one file in it. A word may
    have spaces in it: it is all that stands before the numbers, of which there are as many as the
    first line says, or as most lines have. A few words that cannot be decoded are left out, with
    a warning. What was read last is kept, and is returned when the same file is asked for again.

    Args:
        path: Its path.
        encoding: The character encoding of its words.

    Returns:
        `WordVectors`; don't change its list of words.

    Raises:
        ValueError: If there is no such file, or it is none of these kinds, cut short, or
            inconsistent: a line with another count of numbers, a first line that says another
            count of words, numbers that are not finite, one number a word.

    Example:

    >>> with open("small.txt", "w") as file:
    ...     _ = file.write("the 0.5 0.25 1\\n. . . 0.125 -2 3e-1\\n")
    >>> vectors = read("small.txt")
    >>> vectors
    WordVectors(2 words, size 3, of small.txt)
    >>> vectors.words
    ['the', '. . .']

    Reference:
        Pennington et al., "GloVe: Global vectors for word representation", 2014; Mikolov et al.,
        "Efficient estimation of word representations in vector space", 2013; Bojanowski et al.,
        "Enriching word vectors with subword information", 2017.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"path must be that of a file. Received: {shorten(repr(path))}")
    path = os.fspath(path)
    if not os.path.isfile(path):
        found = "a folder, no file" if os.path.isdir(path) else "not there"
        raise ValueError(f"the file of word vectors {shorten(path)!r} is {found}")
    with bounds.foreign(f"{path} cannot be read", OSError):
        state = os.stat(path)
    _check_encoding(encoding)
    key = (os.path.realpath(path), state.st_mtime_ns, state.st_size, encoding)
    found = _latest.get(key)
    if found is None:
        _latest.clear()
        try:
            found = _read(path, encoding)
        except MemoryError:
            raise ValueError(
                f"{path} is larger than the memory. Unpack it if it is packed, or cut it to its "
                "first lines: most files begin with the words that are used most"
            ) from None
        _latest[key] = found
    return found


def _read(path, encoding):
    content, encoding = _content(path, encoding)
    begin = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    if end_of(content, begin) == begin:
        raise ValueError(f"{path} is empty; expected words and their vectors")
    stop = content.find(b"\n", begin, begin + 100)
    stop = min(begin + 100, len(content)) if stop < 0 else stop
    header = _HEADER.fullmatch(content[begin:stop])
    said = tuple(map(int, header.groups())) if header else None
    start = stop + 1 if said else begin
    if said and vector_lines.is_binary(content, start):
        words, values = _binary(path, content, start, *said)
        unit, first = "word", 1
    else:
        if not said:
            vector_lines.check_text(path, content, encoding)
        words, values = vector_lines.read(path, content, start, said)
        unit, first = "line", 2 if said else 1
    del content
    texts, missing = _decoded(words, encoding)
    if missing:
        said = f"{path}: {len(missing):,} of {len(words):,} words are not {encoding}"
        if len(missing) > UNREADABLE * len(words):
            raise ValueError(
                f"{said}, the first {words[missing[0]][:40]!r} at {unit} {missing[0] + first:,}. "
                "Say how they are encoded, for example encoding='latin-1'"
            )
        warnings.warn(f"{said}; they are left out", stacklevel=3)
        values = np.delete(values, missing, axis=0)
    values.flags.writeable = False
    vectors = WordVectors(texts, values, path)
    vectors.unreadable = len(missing)
    return vectors


def _check_encoding(encoding):
    try:
        "0 ".encode(encoding)
    except (LookupError, TypeError, ValueError):
        raise ValueError(
            f"encoding must name a character encoding. Received: {encoding!r}"
        ) from None


def _content(path, encoding):
    """The bytes of a file, and the encoding of the words in it: one that keeps ASCII."""
    content = compressed.read(path, "file of word vectors")
    mark = next((mark for mark in encodings.MARKS if content.startswith(mark)), None)
    if mark == codecs.BOM_UTF8:
        return content, "utf-8"
    if mark or "0 ".encode(encoding) != b"0 ":
        del content
        return encodings.content(path, encoding), "utf-8"
    return content, encoding


def _decoded(words, encoding):
    """Words as texts, and the places of those that cannot be decoded, which are left out."""
    try:
        texts = b"\n".join(words).decode(encoding).split("\n")
        if len(texts) == len(words):
            return texts, []
    except UnicodeError:
        pass
    texts, missing = [], []
    for index, word in enumerate(words):
        try:
            texts.append(word.decode(encoding))
        except UnicodeError:
            missing.append(index)
    return texts, missing


# === Binary ===


def _binary(path, content, start, count, size):
    """Words as bytes, and their values."""
    said = f"{path}: the first line says {count:,} vectors of {size:,} numbers"
    if not count or size < 2:
        raise ValueError(f"{said}; expected at least 1 vector of 2 numbers")
    # At least a letter and a blank before the numbers; nothing is allocated for what isn't there.
    needed, held, width = count * (4 * size + 2), len(content) - start, 4 * size
    short = "the file is cut short, or that line is wrong"
    if needed > held:
        raise ValueError(f"{said}, at least {needed:,} bytes; {held:,} follow: {short}")
    words, values = [], np.empty((count, size), np.float32)
    for index in range(count):
        while content.startswith(b"\n", start):  # some write one after each vector
            start += 1
        stop = content.find(b" ", start, start + LONGEST)
        if stop < 0 and len(content) - start >= LONGEST or stop == start:
            found = "no word" if stop == start else f"no blank in {LONGEST:,} bytes"
            raise ValueError(f"{said}; where word {index + 1:,} should be there is {found}")
        if stop < 0 or stop + 1 + width > len(content):
            raise ValueError(f"{said}; {index:,} are there: {short}")
        words.append(content[start:stop])
        values[index] = np.frombuffer(content, "<f4", size, stop + 1)
        start = stop + 1 + width
    if end_of(content, start) > start:
        raise ValueError(f"{said}; {len(content) - start:,} bytes follow them: that line is wrong")
    bad = _first_not_finite(values)
    if bad is not None:
        word = shown(words[bad])
        raise ValueError(f"{path}: word {bad + 1:,}, {word}, has a number that is not finite")
    return words, values
