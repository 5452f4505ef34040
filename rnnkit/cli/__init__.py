"""The command line: `rnnkit train`, `rnnkit infer` and the others, see `rnnkit --help`."""

from rnnkit.cli.program import main, make_parser

__all__ = ["main", "make_parser"]
