"""Texts for messages."""


def shorten(text, most=300):
    """A text on one line, cut where it is long.

    Args:
        text: Anything; `str` is taken of it.
        most: Most characters.

    Example:

    >>> shorten("out of\\n  paper")
    'out of paper'
    """
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 3] + "..."
