"""Memory that is free again given back to the system."""

import ctypes
import functools


@functools.cache
def _trim():
    """The C library's function that gives back what is free, or None where it has none."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not of GNU, or Windows
        return None


def give_back():
    """Gives what the process has let go of back to the system, where the C library keeps it.

    It keeps the many small blocks that a file was read into, so that the large arrays made of them
    would come on top. This takes milliseconds, and does nothing where the C library is not GNU's.
    """
    trim = _trim()
    if trim is not None:
        trim(0)
