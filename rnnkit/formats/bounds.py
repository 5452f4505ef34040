"""What a file may ask for, checked before anything is expanded; and errors of other libraries.

Every reader of a user's files keeps to these rules. What a file expands to may be `FREE` bytes, or
`RATIO` times the bytes that are there, whichever is more: a large file is read whatever its size,
and a small one cannot ask for all memory. A refusal names the file, what was found and what is
allowed.
"""

import contextlib
import os

from rnnkit.utils.messages import shorten

# Bytes that anything may expand to, however small its file is.
FREE = 64 * 2**20
# How many times as large as its file something may become beyond that.
RATIO = 20
# The same for all that the rows of a table make of the files they name.
FREE_OF_ROWS = 256 * 2**20
# Bytes that an example takes beside its content.
PER_ROW = 1500
UNCOMPRESSED = "Save it without compression, or unpack it"


def check(label, needed, held, ratio=RATIO, free=FREE, hint=""):
    """Refuses what would expand too far.

    Args:
        label: What to call it in the message: the file, and where in it.
        needed: Bytes that it would take.
        held: Bytes that it has in its file.
        ratio: How many times as much it may become.
        free: Bytes that are always allowed.
        hint: What to do about it, a sentence.

    Raises:
        ValueError: If `needed` is more than both allow.

    Example:

    >>> check("a.npz", needed=2**20, held=100)
    >>> check("a.npz", needed=2**30, held=2**20)
    Traceback (most recent call last):
        ...
    ValueError: a.npz: 1,048,576 bytes would become 1,073,741,824; at most 67,108,864 are allowed...
    """
    most = max(free, ratio * held)
    if needed > most:
        raise ValueError(
            f"{label}: {held:,} bytes would become {needed:,}; at most {most:,} are allowed, "
            f"{ratio} times as many or {free // 2**20} MiB{'. ' * bool(hint)}{hint}"
        )


def check_rows(label, rows, size, held):
    """Refuses more examples than a file of arrays can be meant to hold.

    Args:
        label: The file.
        rows: Number of examples.
        size: Bytes of all of them.
        held: Bytes of the file.

    Raises:
        ValueError: If they would take too much; see `check`.
    """
    needed = rows * PER_ROW + size
    check(f"{label}: {rows:,} examples", needed, held, free=FREE_OF_ROWS, hint=UNCOMPRESSED)


class Made:
    """Counts what is made of files, so that one that is named in many rows is not made too often.

    Args:
        label: What to call all of it in messages: the table that names the files.
        what: What is made, such as `"pictures"`.
        ratio: How many times as much may be made as the different files hold.
    """

    def __init__(self, label, what, ratio=RATIO):
        self.label = label
        self.what = what
        self.ratio = ratio
        self._held = self._made = 0
        self._seen = set()

    def add(self, key, held, made):
        """Counts one more.

        Args:
            key: Which file it is.
            held: Bytes of the file.
            made: Bytes that are made of it in this row.

        Raises:
            ValueError: If it is too much by now; see `check`.
        """
        if key not in self._seen:
            self._seen.add(key)
            self._held += held
        self._made += made
        label = f"{self.label}: the {self.what} of {len(self._seen):,} files"
        check(label, self._made, self._held, self.ratio, FREE_OF_ROWS)


def read(path, most=None):
    """The bytes of a file.

    Args:
        path: Its path.
        most: Bytes that it may have, or None.

    Raises:
        ValueError: If there is no such file, it is larger or cannot be read.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise ValueError(f"there is no file {shorten(path)!r}")
    with foreign(f"{path} cannot be read", OSError):
        size = os.path.getsize(path)
        if most is not None and size > most:
            raise ValueError(f"{path} has {size:,} bytes; at most {most:,} are allowed")
        with open(path, "rb") as file:
            return file.read()


@contextlib.contextmanager
def foreign(message, *errors):
    """Turns errors of other libraries into a ValueError of ours.

    Args:
        message: What it says, without a full stop; the other library's reason follows.
        *errors: The classes of errors that are meant.

    Example:

    >>> with foreign("a.bin is no number", ValueError):
    ...     int("x")
    Traceback (most recent call last):
        ...
    ValueError: a.bin is no number (invalid literal for int() with base 10: 'x')
    """
    try:
        yield
    except errors as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ValueError(f"{message} ({shorten(reason, 200) or type(error).__name__})") from None


def inside(folder, name):
    """The path of a file that a table in a folder names: there or in a folder below.

    Args:
        folder: The folder of the table.
        name: What the table calls the file: a path from the folder, also as Windows writes it; or
            an absolute one, if it lies in the folder.

    Returns:
        The path, which may not exist.

    Raises:
        ValueError: If it lies elsewhere, also where a link leads there.

    Example:

    >>> inside("data", "../secret.png")
    Traceback (most recent call last):
        ...
    ValueError: the path '../secret.png' leads out of the folder 'data': a table may name files...
    """
    folder = os.fspath(folder)
    path = os.path.join(folder, name.strip().replace("\\", "/"))
    root, real = os.path.realpath(folder or "."), os.path.realpath(path.replace("\0", "?"))
    if os.path.splitdrive(root)[0] != os.path.splitdrive(real)[0] or (
        os.path.commonpath([root, real]) != root
    ):
        raise ValueError(
            f"the path {shorten(name, 200)!r} leads out of the folder {folder!r}: a table may name "
            "files in its own folder and those below it"
        )
    return path
