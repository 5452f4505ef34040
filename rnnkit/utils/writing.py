"""Files that are written complete or not at all."""

import contextlib
import json
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


def write_json(path, value):
    """Writes JSON so that the file is whole at any time; objects as `plain` gives them."""
    with atomically(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, default=plain)


def plain(value):
    """What stands in JSON for an object: its class and configuration.

    Args:
        value: A NumPy scalar, a Keras object or anything else, as `json.dumps` hands it to its
            argument `default`.

    Example:

    >>> import json, numpy
    >>> json.dumps({"units": numpy.int64(3)}, default=plain)
    '{"units": 3}'
    """
    if hasattr(value, "get_config"):
        return [type(value).__name__, value.get_config()]
    return value.item() if hasattr(value, "item") else type(value).__name__
