"""Folders that one process works in at a time."""

import contextlib
import datetime
import errno
import json
import os
import socket
import time

try:
    import fcntl
except ImportError:  # Windows, where the file alone says that a folder is taken
    fcntl = None

# The file in the folder that says who works there.
NAME = ".lock"
# What a file system answers that has no locks: some that several machines share.
WITHOUT_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL}
# Seconds within which a process signs the file that it has locked.
SIGNED = 0.5


@contextlib.contextmanager
def held(folder, work):
    """Keeps a folder for this process while the block runs.

    Process, host and time stand in the file `.lock` of the folder, which the system itself keeps
    locked for as long as the process lives. What a dead process of this machine left behind is
    taken over. Whether one of another machine lives cannot be known: its lock is refused.

    Args:
        folder: Path of a folder that exists.
        work: What is done there, for the message, such as `"search"`.

    Raises:
        ValueError: If another process, or another part of this one, holds the folder; or if it
            cannot be written.
    """
    path = os.path.join(os.path.abspath(os.fspath(folder)), NAME)
    try:
        descriptor = _taken(path, work, folder)
    except OSError as error:
        raise ValueError(
            f"Cannot write the folder of the {work}: {error}. Received: directory={str(folder)!r}"
        ) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # as where the whole folder has been removed
            if _is_at(descriptor, path):
                os.unlink(path)
        os.close(descriptor)


def _taken(path, work, folder):
    """The descriptor of the lock's file, locked and with this process in it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            locked = _lock(descriptor)
            owner = _owner(descriptor, SIGNED if locked is False else 0)
            reason = _refusal(locked, owner, path)
            if reason:
                raise ValueError(
                    f"Another {work} runs in this folder: {reason}. "
                    f"Received: directory={str(folder)!r}"
                )
            # Its owner may have removed it after it was opened here.
            if _is_at(descriptor, path):
                _sign(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor):
    """Locks an open file: True, False if another has it locked, None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in WITHOUT_LOCKS:
            return None
        raise
    return True


def _owner(descriptor, patience=0):
    """Who signed the file, as a dict; empty where nobody did, or not within so many seconds."""
    deadline = time.monotonic() + patience
    while True:
        os.lseek(descriptor, 0, os.SEEK_SET)
        with contextlib.suppress(ValueError):
            found = json.loads(os.read(descriptor, 4096))
            return found if isinstance(found, dict) else {}
        if time.monotonic() >= deadline:
            return {}
        time.sleep(0.01)


def _sign(descriptor):
    now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
    text = json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": now})
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, text.encode())


def _refusal(locked, owner, path):
    """Why the folder cannot be had, or None."""
    here = owner.get("host") == socket.gethostname()
    if locked is not False and (not owner or (here and (locked or not _lives(owner)))):
        return None
    who = f"process {owner.get('process', 'unknown')} on the host {owner.get('host', 'unknown')}"
    who += f", since {owner.get('since', 'unknown')}"
    if locked is False:
        return f"{who}. Wait until it has ended, or name another folder"
    return f"{who}, says {path}. If that process has ended, remove that file"


def _lives(owner):
    """Whether the process of a lock lives, as far as it can be known."""
    if fcntl is None or not isinstance(owner.get("process"), int):
        return True
    try:
        os.kill(owner["process"], 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        pass
    return True


def _is_at(descriptor, path):
    """Whether an open file is the one of that path."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
