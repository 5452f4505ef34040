"""What the commands print, and how TensorFlow is kept from printing beside it."""

import contextlib
import gc
import os
import re
import sys
import tempfile

# Characters of a line that is not for a person.
LONGEST = 10_000


def start_tensorflow():
    """Imports TensorFlow without its start-up notes, which drown what a person wants to read.

    They are written by C++ to the process' standard error before any setting of theirs applies, so
    that is kept in a file for the while, and what is no such note is passed on. Notes that come
    later are left out of this process alone, unless the user set a level; warnings and errors stay.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    if "tensorflow" in sys.modules:
        _import_quietly()
        return
    # Half a million objects are made, and all of them stay: the search for garbage would go through
    # them again and again, a tenth of the time that this takes.
    gc.disable()
    try:
        _import_quietly()
        import rnnkit.models  # noqa: F401  with what it needs of Keras and scikit-learn
    finally:
        gc.freeze()
        gc.enable()


def _import_quietly():
    note = re.compile(rb"^([IWE]\d{4} |WARNING: All log messages before|To enable the following)")
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            import tensorflow as tf

            tf.constant(0)  # looks for devices, and prints what it finds
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            kept.seek(0)
            rest = b"".join(line for line in kept if not note.match(line))
            sys.stderr.write(rest.decode("utf-8", "replace"))


@contextlib.contextmanager
def stdout_kept_for(json_wanted):
    """With `--json`, all else that is printed goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr) if json_wanted else contextlib.nullcontext():
        yield


def verbosity():
    """How much Keras prints: a bar for a person, else a line an epoch."""
    return 1 if sys.stdout.isatty() else 2


def print_table(table):
    """Prints a table: for a person as wide as the window, in a pipe as plain text, a line a row."""
    if sys.stdout.isatty():
        console().print(table)
    else:
        print(table)


def console():
    """The console of rich, in which lines are as long as they are where nobody looks at them."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self):  # not a failure: the program ends quietly
            raise BrokenPipeError

    return Output(highlight=False, width=None if sys.stdout.isatty() else LONGEST)


def line_of(scores):
    """Scores in a line."""
    return ", ".join(f"{name} {value:.4f}" for name, value in scores.items())
