"""How tags mark stretches of words: BIO, BIOES and the like. Nothing but Python is needed."""

import re

SCHEMES = ("plain", "bio", "bioes", "bare")
PARTS = re.compile(r"^([BIESLUM])-(.+)$")  # the mark and the type of a tag
# The ways in which tags are written, the usual one first: where mark and type stand, and how a tag
# is made of them.
NOTATIONS = (
    (PARTS, "{0}-{1}"),
    (re.compile(r"^([BIESLUM])_(.+)$"), "{0}_{1}"),
    (re.compile(r"^(?P<type>.+)-(?P<mark>[BIESLUM])$"), "{1}-{0}"),
    (re.compile(r"^(?P<type>.+)_(?P<mark>[BIESLUM])$"), "{1}_{0}"),
)
# The same with small marks: b-per, i-per, o.
SMALL = tuple(
    (re.compile(pattern.pattern.replace("BIESLUM", "bieslum")), form) for pattern, form in NOTATIONS
)


def notation_of(classes):
    """Which of `NOTATIONS` or `SMALL` all of a set of tags but `O` are written in, or None."""
    marked = {each for each in classes if each not in ("O", "")}
    for pattern, form in (*NOTATIONS, *SMALL):
        if (pattern, form) in SMALL and not {"o", "O"} <= {*classes}:
            marked.discard("o")
        found = [pattern.match(each) for each in marked]
        # N_S and V_S are no marks of single words: a stretch of several begins with B or I.
        usual_way = pattern is PARTS
        if found and all(found) and (usual_way or {_mark(each) for each in found} & {*"BI"}):
            return pattern, form
    return None


def beginning(notation, name):
    """The tag with which a stretch of a type begins, in a notation that `notation_of` gave.

    >>> beginning(notation_of(["i-city", "o"]), "city")
    'b-city'
    """
    return notation[1].format("b" if notation in SMALL else "B", name)


def scheme_of(classes, entities=False):
    """Which of `SCHEMES` a set of tags is written in.

    Args:
        classes: The tags.
        entities: Whether they are known to be of entities. Then tags without marks, of which one
            is `O`, are `"bare"`: a run of equal ones is one entity.

    >>> scheme_of(["B-city", "O"]), scheme_of(["city_B", "city_I", "O"]), scheme_of(["b-city", "o"])
    ('bio', 'bio', 'bio')
    >>> scheme_of(["city", "O"]), scheme_of(["city", "O"], entities=True)
    ('plain', 'bare')
    """
    found = notation_of(classes)
    if found is None:
        return "bare" if entities and "O" in classes and {*classes} - {"O", ""} else "plain"
    marks = {_mark(match) for match in map(found[0].match, classes) if match}
    return "bio" if marks <= set("BI") else "bioes"


def usual(classes, scheme):
    """The tags of a set as BIO and BIOES are mostly written, in the order of the set.

    Stretches are counted in these. A tag without marks is one inside of its type, so that a run of
    equal ones is one stretch.

    >>> usual(["city_B", "city_I", "O"], "bio"), usual(["city", "O"], "bare")
    (['B-city', 'I-city', 'O'], ['I-city', 'O'])
    """
    classes = list(classes)
    if scheme == "bare":
        return [each if each in ("O", "") else f"I-{each}" for each in classes]
    found = notation_of(classes)
    if scheme == "plain" or found is None:
        return classes
    matches = [found[0].match(each) for each in classes]
    outside = {"o": "O"} if found in SMALL else {}
    return [
        f"{_mark(match)}-{_type(match)}" if match else outside.get(each, each)
        for each, match in zip(classes, matches, strict=True)
    ]


def _mark(match):
    mark = match["mark"] if "mark" in match.re.groupindex else match[1]
    mark = mark.upper()
    return {"L": "E", "U": "S", "M": "I"}.get(mark, mark)  # BILOU and BMES as BIOES


def _type(match):
    return match["type"] if "type" in match.re.groupindex else match[2]


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
    return first[1] in "BIM" and second[1] in "IELM"
