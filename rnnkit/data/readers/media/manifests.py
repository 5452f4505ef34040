"""Lists of recordings with their texts, as data sets of speech have them, and where files are."""

import os

from rnnkit.formats import bounds, compressed, wav
from rnnkit.formats.encodings import decode
from rnnkit.formats.tables import Table

# Folders beside a list that hold its files: those of LJSpeech, Common Voice and others.
FOLDERS = ("", "wavs", "clips", "wav", "audio")
ENDINGS = ("", *wav.SUFFIXES)


class Files:
    """The files of sound that a list in a folder names.

    Args:
        folder: The folder of the list.
    """

    def __init__(self, folder):
        self.folder = folder
        self._way = ("", "")

    def find(self, name):
        """The path of a file: as it is named, or in one of `FOLDERS`, or without its ending.

        Raises:
            ValueError: If the name leads out of the folder, or there is no such file.

        Returns:
            The path.
        """
        if not name.strip():
            raise ValueError("no path")
        path = bounds.inside(self.folder, name)
        if os.path.isfile(path):
            return path
        named = name.strip().lower().endswith(wav.SUFFIXES)
        ways = [(where, end) for where in FOLDERS for end in (("",) if named else ENDINGS)]
        for where, end in (self._way, *ways):
            found = bounds.inside(self.folder, os.path.join(where, name.strip() + end))
            if os.path.isfile(found):
                self._way = where, end
                return found
        return path  # the error names it

    def has(self, name):
        """Whether there is a file of this name."""
        try:
            return os.path.isfile(self.find(name))
        except ValueError:
            return False


def read(path, request):
    """A list with bars between its columns, `LJ001-0001|text|normalized text`, as a `Table`.

    It has no header and no quotes. The first column names files of sound, the last one is the text
    unless the user asks for another.

    Args:
        path: Path of the file.
        request: A `Request`.

    Returns:
        The table; None for a file that is no such list.
    """
    usual = request.separator in (None, "|") and request.header in (None, False)
    suffix = compressed.bare(path).suffix.lower()
    if not usual or suffix not in (".csv", ".txt", ".lst", ""):
        return None
    text = decode(path, request.encoding).replace("\r\n", "\n")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines or lines[0][1].count("|") not in (1, 2):
        return None
    if not Files(os.path.dirname(path)).has(lines[0][1].partition("|")[0]):
        return None
    width = lines[0][1].count("|") + 1
    for number, line in lines:
        if line.count("|") != width - 1:
            raise ValueError(
                f"{path}, line {number}: expected {width} columns between bars (|), as in line "
                f"{lines[0][0]}, but found {line.count('|') + 1}"
            )
    names = ("path", "text") if width == 2 else ("path", "second", "text")
    cells = zip(*(line.split("|") for _, line in lines), strict=True)
    columns = {
        name: [each.strip() for each in cell] for name, cell in zip(names, cells, strict=True)
    }
    if width == 3 and "target" not in request.given:
        print(
            f"{path}: the texts are those of the last column, such as {columns['text'][0][:40]!r} "
            f"(target=1 for those of the second, such as {columns['second'][0][:40]!r})"
        )
    return Table(columns, [number for number, _ in lines], str(path))
