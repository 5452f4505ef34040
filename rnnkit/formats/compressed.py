"""Files that are compressed one by one: .gz, .bz2, .xz, and .zip with one file in it."""

import bz2
import gzip
import io
import lzma
import pathlib
import zipfile
import zlib

from rnnkit.formats import bounds
from rnnkit.utils.messages import listed

SUFFIXES = (".gz", ".bz2", ".xz", ".zip")
_OPEN = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_ERRORS = (OSError, EOFError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, RuntimeError)
HINT = "Unpack it first"


def bare(path):
    """A path without the ending of its compression.

    Example:

    >>> bare("folder/train.csv.gz").name, bare("train.csv").name
    ('train.csv', 'train.csv')
    """
    path = pathlib.Path(path)
    return path.with_suffix("") if path.suffix.lower() in SUFFIXES else path


def read(path, what="table"):
    """The bytes of a file, unpacked if its name says that it is compressed.

    Args:
        path: Its path.
        what: What the file should hold, for messages.

    Raises:
        ValueError: If it cannot be read, expands too far (see `rnnkit.formats.bounds`), or is a
            zip file that holds more than one file.
    """
    suffix = pathlib.Path(path).suffix.lower()
    raw = bounds.read(path)
    if suffix not in SUFFIXES:
        return raw
    most = max(bounds.FREE, bounds.RATIO * len(raw))
    with bounds.foreign(f"{path} cannot be unpacked", NotImplementedError, *_ERRORS):
        if suffix == ".zip":
            content = _of_zip(path, raw, most, what)
        else:
            with _OPEN[suffix](io.BytesIO(raw)) as file:
                content = file.read(most + 1)
    bounds.check(path, len(content), len(raw), hint=HINT)
    return content


def _of_zip(path, raw, most, what):
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        names = [
            item.filename
            for item in archive.infolist()
            if not item.is_dir() and "__MACOSX" not in item.filename
        ]
        if len(names) != 1:
            raise ValueError(
                f"{path} holds {len(names)} files; expected one {what}. "
                + (f"{HINT}, and pass the one that is meant. " if names else "")
                + f"Found: {listed(names)}"
            )
        with archive.open(names[0]) as file:
            return file.read(most + 1)
