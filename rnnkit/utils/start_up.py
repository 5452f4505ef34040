"""TensorFlow starts without the notes that nobody who imports it can act on."""

import contextlib
import functools
import os
import re
import sys
import tempfile

from rnnkit.utils.imports import around

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Notes of TensorFlow's C++ code; a warning or an error of a start is of devices that are not there.
NOTE = re.compile(rb"^([IWE]\d{4} |WARNING: All log messages before|To enable the following)")
# What is there where an NVIDIA driver is.
NVIDIA = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/dxg")


def quiet_start():
    """Leaves out TensorFlow's start-up notes if it is not imported yet, whoever imports it.

    That its products may be rounded otherwise, which instructions of the processor it knows, and
    that there is no GPU. After the start it prints warnings and errors alone, as if
    `TF_CPP_MIN_LOG_LEVEL=1` had been set. A level that the user has set stays, and with 0 all is
    printed.
    """
    if os.environ.get(LEVEL) != "0":
        around("tensorflow", _starting)


@contextlib.contextmanager
def _starting():
    given = os.environ.get(LEVEL)
    # TensorFlow reads it once. Processes that this one starts have what the user gave.
    os.environ.setdefault(LEVEL, "1")
    try:
        with without_notes():
            yield
            if not any(os.path.exists(each) for each in NVIDIA):
                # Says that there is none, as the first operation would; starts no device.
                sys.modules["tensorflow"].config.list_physical_devices("GPU")
    finally:
        if given is None:
            os.environ.pop(LEVEL, None)


@functools.cache
def settle():
    """Runs a first function, so that what TensorFlow says of one once it says now, to nobody.

    On some processors it notes as an error that their integers are not oneDNN's to transpose, which
    reading ragged data does. This starts devices: call it where they are needed anyway.
    """
    if os.environ.get(LEVEL) == "0":
        return
    import tensorflow as tf

    with without_notes():
        tf.function(tf.transpose, autograph=False)(tf.ones([2, 2], "int64"))


@contextlib.contextmanager
def without_notes():
    """Keeps what is written to standard error by any code, and passes on all but TensorFlow's
    notes.

    They are written to the file descriptor before any setting of theirs applies, so that is a file
    for the while.
    """
    try:
        sys.stderr.flush()
        stderr = os.dup(2)
    except (AttributeError, OSError, ValueError):  # there is none, or it is closed
        yield
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            kept.seek(0)
            rest = b"".join(line for line in kept if not NOTE.match(line))
            sys.stderr.write(rest.decode("utf-8", "replace"))
