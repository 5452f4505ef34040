"""How tags mark stretches of words: BIO and BIOES. Nothing but Python is needed."""

import re

SCHEMES = ("plain", "bio", "bioes")
PARTS = re.compile(r"^([BIESLU])-(.+)$")  # the mark and the kind of a tag


def scheme_of(classes):
    """Which of `SCHEMES` a set of tags is written in."""
    marks = [match[1] for match in map(PARTS.match, classes) if match]
    if not marks or not {"O"} >= {each for each in classes if not PARTS.match(each)}:
        return "plain"
    return "bio" if set(marks) <= set("BI") else "bioes"


def entities(tags):
    """Stretches marked by BIO or BIOES tags: a list of `(kind, start, end)`, the end exclusive.

    >>> entities(["B-person", "I-person", "O", "I-city"])
    [('person', 0, 2), ('city', 3, 4)]
    """
    found, kind, start = [], None, 0
    for place, tag in enumerate([*tags, "O"]):
        match = PARTS.match(tag)
        mark, here = match.groups() if match else ("O", None)
        goes_on = kind is not None and mark in "IEL" and here == kind
        if kind is not None and not goes_on:
            found.append((kind, start, place))
            kind = None
        if here is not None and not goes_on:
            kind, start = here, place
        if kind is not None and mark in "ELSU":
            found.append((kind, start, place + 1))
            kind = None
    return found
