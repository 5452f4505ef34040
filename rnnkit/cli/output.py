"""What the commands print, and how TensorFlow is kept from printing beside it."""

import contextlib
import gc
import os
import sys

from rnnkit.utils import start_up

# Characters of a line that is not for a person.
LONGEST = 10_000


def start_tensorflow():
    """Imports TensorFlow without its start-up notes, which drown what a person wants to read.

    See `rnnkit.utils.start_up`. Whatever level the user set, this process is a command of ours.
    """
    os.environ.setdefault(start_up.LEVEL, "1")
    if "tensorflow" in sys.modules:
        return
    # Half a million objects are made, and all of them stay: the search for garbage would go through
    # them again and again, a tenth of the time that this takes.
    gc.disable()
    try:
        with start_up.without_notes():
            import tensorflow  # noqa: F401

            start_up.settle()
        import rnnkit.models  # noqa: F401  with what it needs of Keras and scikit-learn
    finally:
        gc.freeze()
        gc.enable()


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
