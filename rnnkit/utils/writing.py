"""Files that are written complete or not at all."""

import contextlib
import os
import tempfile


@contextlib.contextmanager
def atomically(path):
    """Gives a temporary name beside `path`; moves it to `path` when the block ends well.

    Args:
        path: Where the file or folder shall be. Its folder must exist and be writable.

    Raises:
        ValueError: If it cannot be written there.
    """
    path = os.path.abspath(os.fspath(path))
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        raise ValueError(f"Cannot write {path}: the folder {folder} does not exist")
    if os.path.isdir(path):
        raise ValueError(f"Cannot write {path}: it is a folder")
    if not os.access(folder, os.W_OK):
        raise ValueError(f"Cannot write {path}: no permission to write in {folder}")
    scratch = tempfile.mkdtemp(prefix=f".{name}.", dir=folder)
    temporary = os.path.join(scratch, name)
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            for leftover in os.listdir(scratch):
                os.unlink(os.path.join(scratch, leftover))
            os.rmdir(scratch)
