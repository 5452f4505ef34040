"""Lines of words with their tags as numbers of their cells, of which few differ."""

import array
import collections
import itertools

import numpy as np

from rnnkit.formats.sentences import Sentences
from rnnkit.formats.texts import lines_of
from rnnkit.utils.progress import told

# What a line begins with that stands between documents.
DOCUMENT = "-DOCSTART-"
# Lines that are turned into columns at a time.
BLOCK = 65_536


class Rows:
    """Lines that have cells.

    Args:
        names: List of all different cells.
        columns: List of integer arrays `[lines]`: which of the names each cell is.
        lines: Their numbers in the file, `[lines]`.
        fresh: Whether an empty line, or the start of a document, is before each, bool `[lines]`.
        odd: Dict of row to the number of its cells, of those that have more or fewer. Their
            further cells are left out, and those that are missing are empty.
    """

    def __init__(self, names, columns, lines, fresh, odd):
        self.names = names
        self.columns = columns
        self.lines = lines
        self.fresh = fresh
        self.odd = odd

    @classmethod
    def of(cls, text, cells, width, comments):
        """The rows of a text.

        Args:
            text: The text in UTF-8.
            cells: Function from a line to the list of its cells.
            width: How many cells they have.
            comments: Whether lines that begin with `#` are rows too.
        """
        numbers = collections.defaultdict(itertools.count().__next__)
        parts, block, odd = [[] for _ in range(width)], array.array("i"), {}
        lines, fresh = array.array("i"), bytearray()
        number_of, after, size = numbers.__getitem__, True, width * BLOCK
        for at, line in told(lines_of(text), "Reading lines", text.count(b"\n")):
            if not line.strip() or line.startswith(DOCUMENT):
                after = True
            elif comments or not line.startswith("#"):
                found = cells(line)
                if len(found) != width:
                    odd[len(lines)] = len(found)
                    found = (found + [""] * width)[:width]
                block.extend(map(number_of, found))
                lines.append(at)
                fresh.append(after)
                after = False
                if len(block) == size:
                    _append(parts, block)
        _append(parts, block)
        for column in range(width):  # one after the other, so that little is there twice
            parts[column] = np.concatenate(parts[column])
        lines, fresh = np.asarray(lines, "int32"), np.frombuffer(fresh, bool)
        return cls(list(numbers), parts, lines, fresh, odd)

    def __len__(self):
        return len(self.lines)

    def where(self, kept):
        """The rows that are kept, a bool array `[lines]`."""
        if kept.all():
            return self
        columns = [column[kept] for column in self.columns]
        fresh = np.diff(np.cumsum(self.fresh)[kept], prepend=0) > 0
        places = np.cumsum(kept) - 1
        odd = {int(places[row]): width for row, width in self.odd.items() if kept[row]}
        return Rows(self.names, columns, self.lines[kept], fresh, odd)

    def row(self, row):
        """The cells of a row."""
        return [self.names[column[row]] for column in self.columns]

    def cells(self, column):
        """The cells of a column."""
        return [self.names[code] for code in self.columns[column].tolist()]

    def with_cells(self, column, cells):
        """Rows that have other cells in a column."""
        numbers = {name: number for number, name in enumerate(self.names)}
        columns = list(self.columns)
        columns[column] = np.array([numbers.setdefault(each, len(numbers)) for each in cells])
        return Rows(list(numbers), columns, self.lines, self.fresh, self.odd)

    def texts(self, column):
        """The set of different cells of a column."""
        return {self.names[code] for code in np.unique(self.columns[column]).tolist()}

    def starts(self):
        """The rows at which sentences begin."""
        return np.flatnonzero(self.fresh)

    def sentences(self, column, starts):
        """A column as `Sentences`."""
        return Sentences(self.names, self.columns[column], np.append(starts, len(self)))


def _append(parts, block):
    """Appends a block of rows, which is emptied, to the columns."""
    codes = np.array(block, "int32").reshape(-1, max(1, len(parts)))
    kind = np.min_scalar_type(codes.max(initial=0))
    for column, part in enumerate(parts):
        part.append(codes[:, column].astype(kind))
    del block[:]
