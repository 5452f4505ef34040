"""Lists of words, as those of large files are kept: as numbers of words, which occur again."""

import array
import collections
import collections.abc
import itertools

import numpy as np


class Sentences(collections.abc.Sequence):
    """Lists of texts, of which few differ; it reads like a list of lists of `str`.

    Args:
        names: List of all different texts.
        codes: Which of them each text is, all lists in a row, integers `[texts]`.
        bounds: Where each list begins in these, and where the last ends, integers `[lists + 1]`.

    Example:

    >>> tags = Sentences(["O", "B-PER"], np.array([1, 0, 0]), np.array([0, 2, 3]))
    >>> tags[0], len(tags), tags
    (['B-PER', 'O'], 2, [['B-PER', 'O'], ['O']])
    """

    def __init__(self, names, codes, bounds):
        self.names = names
        self.codes = codes
        self.bounds = bounds

    def __len__(self):
        return len(self.bounds) - 1

    def __getitem__(self, row):
        """The list of a row, or a list of them for a slice."""
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        size = len(self)
        if not -size <= row < size:
            raise IndexError(row)
        row %= size
        codes = self.codes[self.bounds[row] : self.bounds[row + 1]]
        return [self.names[code] for code in codes.tolist()]

    def __eq__(self, other):
        if not isinstance(other, (list, Sentences)):
            return NotImplemented
        return len(self) == len(other) and all(map(list.__eq__, self, other))

    __hash__ = None

    def __repr__(self):
        return repr(list(self))

    def take(self, rows):
        """The `Sentences` of some rows."""
        bounds = np.concatenate([[0], np.cumsum(self.sizes()[rows])])
        pairs = [(self.bounds[row], self.bounds[row + 1]) for row in rows]
        codes = np.concatenate([self.codes[:0], *(self.codes[a:b] for a, b in pairs)])
        return Sentences(self.names, codes, bounds)

    def sizes(self):
        """Number of texts of each list."""
        return np.diff(self.bounds)

    def different(self):
        """The set of all texts."""
        return {self.names[code] for code in np.unique(self.codes).tolist()}


def numbered(texts):
    """What texts are numbers of: an int32 array `[texts]`, and the list of different texts."""
    numbers, codes = collections.defaultdict(itertools.count().__next__), array.array("i")
    codes.extend(map(numbers.__getitem__, texts))
    return np.frombuffer(codes, "int32"), list(numbers)
