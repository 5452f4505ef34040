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


def changes(before, now):
    """What differs between two sets of settings, a text each.

    Args:
        before, now: Dicts of plain values.

    Example:

    >>> changes({"units": 8, "seed": 1}, {"units": 9, "seed": 1})
    ['units (8 before, 9 now)']
    """
    return [
        f"{key} ({_change(before.get(key), now.get(key))})"
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key)
    ]


def _change(before, now):
    if isinstance(before, list) and isinstance(now, list):  # search spaces: name what differs
        items = [item for item in before + now if (item in before) != (item in now)]
        if all(isinstance(item, dict) and "config" in item for item in items):
            names = dict.fromkeys(item["config"]["name"] for item in items)
            return ", ".join(names) or "order"
    if isinstance(before, dict) and isinstance(now, dict):
        keys = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        return ", ".join(f"{k}: {_change(before.get(k), now.get(k))}" for k in keys)
    return f"{shorten(repr(before))[:80]} before, {shorten(repr(now))[:80]} now"
