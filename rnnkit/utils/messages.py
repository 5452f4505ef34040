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


def listed(names, most=20):
    """A list for a message, of the first names where there are many.

    Args:
        names: List of names, of any type.
        most: Most names.

    Example:

    >>> listed(["a", "b"])
    "['a', 'b']"
    >>> listed(range(30), most=2)
    '[0, 1] and 28 more'
    """
    names = list(names)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"[{', '.join(shorten(repr(name), 100) for name in names[:most])}]{more}"
