"""The program `rnnkit`: its commands, and what becomes of their errors.

Nothing here imports TensorFlow before a command needs it, so that help and lists answer at once.
"""

import argparse
import os
import sys
import warnings

import rnnkit
from rnnkit.cli import (
    backtesting,
    browsing,
    comparing,
    completion,
    inference,
    learning,
    pretraining,
)
from rnnkit.utils import progress
from rnnkit.utils.messages import shorten
from rnnkit.utils.signals import Terminated, terminable

# What shells report for Ctrl-C, and for SIGTERM.
INTERRUPTED, TERMINATED = 130, 143
MOST_CHARACTERS = 2000  # of a message
EXAMPLES = "examples:"


def main(arguments=None):
    """Runs the command line; returns the exit status.

    Args:
        arguments: List of strings; by default those of the process.

    Returns:
        0 if all went well, 2 for a wrong call or bad data, 130 after Ctrl-C, 143 after SIGTERM.
    """
    parser = make_parser()
    options = _parsed(parser, arguments)
    try:
        with terminable(), progress.always(), warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show_warning
            return options.run(options) or 0
    except KeyboardInterrupt as stop:
        print("rnnkit: stopped", file=sys.stderr)
        return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        sys.stdout = open(os.devnull, "w")
        return 0
    except (ValueError, TypeError, ImportError, OSError) as error:
        if os.environ.get("RNNKIT_TRACEBACK"):
            raise
        print(f"rnnkit: error: {_plain(error)}", file=sys.stderr)
        return 2


def _parsed(parser, arguments):
    """The options of a call. Inputs may also stand after options, where argparse has none."""
    options, more = parser.parse_known_args(arguments)
    if more and ("inputs" not in options or any(each.startswith("-") for each in more)):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if more:
        options.inputs = [*options.inputs, *more]
    return options


def _show_warning(message, category, filename, line, file=None, text=None):
    """Prints a warning as a note, without the line of code, which means nothing here."""
    progress.clear()
    print(f"rnnkit: note: {message}", file=sys.stderr)


def _plain(error):
    text = shorten(error, MOST_CHARACTERS) or type(error).__name__
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"


class _Help(argparse.HelpFormatter):
    """As argparse's own, but a line an example."""

    def _fill_text(self, text, width, indent):
        return text if text.startswith(EXAMPLES) else super()._fill_text(text, width, indent)


def make_parser():
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="rnnkit",
        description="Recipes for recurrent networks: train, evaluate, tune, compare and use them.",
        epilog="`rnnkit COMMAND --help` has examples. Set RNNKIT_TRACEBACK=1 to see "
        "where in the code an error arose.",
    )
    parser.add_argument("--version", action="version", version=f"rnnkit {rnnkit.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, run, text, description=None, examples=()):
        lines = "".join(f"\n  rnnkit {example}" for example in examples)
        sub = commands.add_parser(
            name,
            help=text,
            description=description or text,
            epilog=f"{EXAMPLES}{lines}" if lines else None,
            formatter_class=_Help,
        )
        sub.set_defaults(run=run)
        return sub

    for family in (browsing, learning, pretraining, inference, backtesting, comparing):
        family.add(command)
    completion.add(command, commands)
    return parser
