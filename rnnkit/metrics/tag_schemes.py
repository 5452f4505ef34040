"""How tags mark stretches of words: BIO and BIOES. Nothing but Python is needed."""

import re

SCHEMES = ("plain", "bio", "bioes")
PARTS = re.compile(r"^([BIESLU])-(.+)$")  # the mark and the type of a tag


def scheme_of(classes):
    """Which of `SCHEMES` a set of tags is written in."""
    marks = [match[1] for match in map(PARTS.match, classes) if match]
    if not marks or not {"O"} >= {each for each in classes if not PARTS.match(each)}:
        return "plain"
    return "bio" if set(marks) <= set("BI") else "bioes"


def entities(tags):
    """Stretches marked by BIO or BIOES tags: a list of `(type, start, end)`, the end exclusive.

    >>> entities(["B-person", "I-person", "O", "I-city"])
    [('person', 0, 2), ('city', 3, 4)]
    """
    found, start, before = [], 0, "O"
    for index, tag in enumerate([*tags, "O"]):
        if not continues(before, tag):
            if PARTS.match(before):
                found.append((PARTS.match(before)[2], start, index))
            start = index
        before = tag
    return found


def continues(before, tag):
    """Whether a tag goes on with the stretch that the one before is in.

    >>> continues("B-city", "I-city"), continues("O", "I-city"), continues("E-city", "I-city")
    (True, False, False)
    """
    first, second = PARTS.match(before), PARTS.match(tag)
    if not first or not second or first[2] != second[2]:
        return False
    return first[1] in "BI" and second[1] in "IEL"
