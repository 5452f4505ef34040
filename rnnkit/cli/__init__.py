"""The command line: `rnnkit list | show | train | evaluate | infer | tune | compare | copy`."""

from rnnkit.cli.program import main, make_parser

__all__ = ["main", "make_parser"]
