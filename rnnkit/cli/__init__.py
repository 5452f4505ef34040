"""The command line: `rnnkit list | show | train | evaluate | infer | tune | compare | copy`."""

from rnnkit.cli.commands import main, make_parser

__all__ = ["main", "make_parser"]
