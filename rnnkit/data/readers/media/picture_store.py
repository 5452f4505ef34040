"""The pictures of a folder or a zip file, found by what a table calls them."""

import pathlib
import zipfile

from rnnkit.formats import pictures


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
        """Dict of relative path (with `/`) to where a picture is: its file, or the pair of a zip
        file and a member."""
        if self._index is None:
            self._index = {}
            if self.path.is_dir():
                for file in sorted(self.path.rglob("*")):
                    if _is_picture(file.name) and file.is_file():
                        self._index[file.relative_to(self.path).as_posix()] = file
            zips = [self.path] if self.path.is_file() else sorted(self.path.glob("*.zip"))
            for file in zips:
                archive = open_zip(file)
                for member in sorted(archive.namelist()):
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
            ValueError: If there is no such picture, or several of that file name.
        """
        path = path.strip().replace("\\", "/").removeprefix("./")
        if not path:
            raise ValueError("no path")
        if self.path.is_dir() and (self.path / path).is_file():
            return (self.path / path).read_bytes()
        if path in self.index:
            return self.read(path)
        same = self._by_name.get(path.rpartition("/")[2], [])
        if len(same) == 1:
            return self.read(same[0])
        if same:
            raise ValueError(
                f"{str(self.path)!r} has no {path!r}: several pictures are called so: "
                f"{', '.join(same[:3])}"
            )
        raise ValueError(f"there is no picture {path!r} in {str(self.path)!r}")

    def read(self, path):
        """The bytes of a picture of the index."""
        found = self.index[path]
        if isinstance(found, pathlib.Path):
            return found.read_bytes()
        try:
            return found[0].read(found[1])
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise ValueError(f"{found[1]} in {found[0].filename}: {error}") from None

    def unnamed(self, named):
        """Pictures that no name of a table is for."""
        names = {name.strip().replace("\\", "/").removeprefix("./") for name in named}
        short = {name.rpartition("/")[2] for name in names}
        return [p for p in self.index if p not in names and p.rpartition("/")[2] not in short]


def _is_picture(name):
    return name.lower().endswith(pictures.SUFFIXES) and not name.startswith(".")


def open_zip(path):
    """A zip file, open for reading; a ValueError if it is none."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as a zip file ({error})") from None
