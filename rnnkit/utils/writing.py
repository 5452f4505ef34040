"""Files that are written complete or not at all."""

import contextlib
import json
import os
import re
import shutil
import socket
import tempfile
import zlib

# Scratch folders of this process that are in use.
_in_use = set()


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
    with scratch_beside(path) as scratch:
        temporary = os.path.join(scratch, name)
        yield temporary
        os.replace(temporary, path)


@contextlib.contextmanager
def scratch_beside(path):
    """Gives a new folder beside `path` for what is not complete yet; it is removed at the end.

    A process that is killed leaves its folder behind: the next that writes the same path removes
    it. The name of a folder says whose it is.

    Args:
        path: What is to be written; its folder must exist.
    """
    folder, name = os.path.split(os.path.abspath(os.fspath(path)))
    head = f".{name[:180]}."
    _remove(folder, re.escape(head))
    scratch = tempfile.mkdtemp(prefix=f"{head}{_host()}-{os.getpid()}.", dir=folder)
    _in_use.add(scratch)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        _in_use.discard(scratch)


def _host():
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def remove_left_behind(folder):
    """Removes the scratch folders in a folder whose processes, on this machine, are no more."""
    _remove(folder, r"\..+\.")


def _remove(folder, head):
    pattern = re.compile(head + _host() + r"-(\d+)\.\w{8}")
    found = ((entry.path, pattern.fullmatch(entry.name)) for entry in os.scandir(folder))
    for path in [path for path, match in found if match and not _runs(int(match[1]))]:
        if path not in _in_use:
            shutil.rmtree(path, ignore_errors=True)


def _runs(process):
    """Whether another process of a number runs."""
    if process == os.getpid():
        return False
    if os.name != "posix":  # elsewhere nothing can be asked without harm
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another user's, or no number of a process
        return True
    return True


def write_json(path, value):
    """Writes JSON so that the file is whole at any time; objects as `plain` gives them."""
    with atomically(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, default=plain)


def plain(value):
    """What stands in JSON for an object: its class and configuration.

    Args:
        value: A NumPy scalar or array, a Keras object or anything else, as `json.dumps` hands it to
            its argument `default`.

    Example:

    >>> import json, numpy
    >>> json.dumps({"units": numpy.int64(3)}, default=plain)
    '{"units": 3}'
    """
    if isinstance(value, type):
        return value.__name__
    if hasattr(value, "get_config"):
        return [type(value).__name__, value.get_config()]
    return value.tolist() if hasattr(value, "tolist") else type(value).__name__
