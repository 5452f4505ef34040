"""The table that a benchmark prints."""

WIDTHS = (34, 44, 24, 30)


def header(*names):
    """Prints the head of a table: what, setting, measured, and what it is compared with."""
    print(_line(names or ("what", "setting", "measured", "target")), flush=True)
    print(_line("-" * width for width in WIDTHS), flush=True)


def row(*cells):
    """Prints a line of the table; later lines may take long."""
    print(_line(cells), flush=True)


def _line(cells):
    padded = (f"{cell!s:<{width}}" for cell, width in zip(cells, WIDTHS, strict=False))
    return " ".join(padded).rstrip()
