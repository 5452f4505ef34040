"""The pictures of a folder or a zip file, found by what a table calls them."""

import os
import pathlib

from rnnkit.formats import bounds, pictures
from rnnkit.formats.archives import Archive
from rnnkit.utils.messages import shorten


class Store:
    """The pictures of a folder and those below, in zip files at its top too; or of one zip file.

    Args:
        path: The folder, or the zip file.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self._index = self._by_name = None

    @property
    def index(self):
        """Dict of relative path (with `/`) to where a picture is: its file, or the pair of an
        `Archive` and a member."""
        if self._index is None:
            self._index = {}
            if self.path.is_dir():
                for file in sorted(self.path.rglob("*")):
                    if _is_picture(file.name) and file.is_file():
                        self._index[file.relative_to(self.path).as_posix()] = file
            zips = [self.path] if self.path.is_file() else sorted(self.path.glob("*.zip"))
            for file in zips:
                archive = Archive(file)
                for member in sorted(archive.names):
                    name = member.rpartition("/")[2]
                    if _is_picture(name) and "__MACOSX" not in member:
                        self._index.setdefault(member, (archive, member))
            self._by_name = {}
            for path in self._index:
                self._by_name.setdefault(path.rpartition("/")[2], []).append(path)
        return self._index

    def find(self, path):
        """The bytes of a picture that a table names, by its path here or its file name alone.

        Raises:
            ValueError: If there is no such picture, several of that file name, or it is not in the
                folder, also where a link leads out of it.
        """
        path = path.strip().replace("\\", "/").removeprefix("./")
        if not path:
            raise ValueError("no path")
        file = bounds.inside(self.path, path)
        if self.path.is_dir() and os.path.isfile(file):
            return bounds.read(file)
        if path not in self.index:
            same = self._by_name.get(path.rpartition("/")[2], [])
            if len(same) > 1:
                raise ValueError(
                    f"{str(self.path)!r} has no {shorten(path)!r}: several pictures are called so: "
                    f"{', '.join(same[:3])}"
                )
            if not same:
                raise ValueError(f"there is no picture {shorten(path)!r} in {str(self.path)!r}")
            path = same[0]
        found = self.index[path]
        if self.path.is_dir():
            file = found if isinstance(found, pathlib.Path) else pathlib.Path(found[0].path)
            bounds.inside(self.path, str(file.relative_to(self.path)))
        return self.read(path)

    def read(self, path):
        """The bytes of a picture of the index."""
        found = self.index[path]
        if isinstance(found, pathlib.Path):
            return bounds.read(found)
        archive, member = found
        return archive.read(member)

    def unnamed(self, named):
        """Pictures that no name of a table is for."""
        names = {name.strip().replace("\\", "/").removeprefix("./") for name in named}
        short = {name.rpartition("/")[2] for name in names}
        return [p for p in self.index if p not in names and p.rpartition("/")[2] not in short]


def _is_picture(name):
    return name.lower().endswith(pictures.SUFFIXES) and not name.startswith(".")
