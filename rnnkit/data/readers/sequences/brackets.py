"""Entities in brackets, as CoNLL-2005 and CoNLL-2012 have them: `(PERSON*`, `*`, `*)`, `(ORG)`."""

import re

# The columns of CoNLL-2012 that are the same in all sentences; a sentence has more, one a verb.
BEGIN = "#begin document"
WORD, TAG, ENTITY, COLUMNS = 3, 4, 10, 11
_CELL = re.compile(r"((?:\([^()*\s]+)*)(\*?)(\)*)")


def are_brackets(cells):
    """Whether the cells of a column are brackets of entities: all fit, and one opens.

    >>> are_brackets(["(PERSON*", "*)", "*"]), are_brackets(["*", "(", "."])
    (True, False)
    """
    found = set(cells)
    return any("(" in cell[:1] for cell in found) and all(map(_fits, found))


def tags_of(cells):
    """The cells of one sentence as tags that begin with B- and I-.

    Args:
        cells: List of cells of one column.

    Raises:
        ValueError: For brackets within others, or that do not match; the message has the number of
            the word in the sentence, from 1.

    >>> tags_of(["(PERSON*", "*)", "*", "(ORG)"])
    ['B-PERSON', 'I-PERSON', 'O', 'B-ORG']
    """
    tags, inside = [], None
    for number, cell in enumerate(cells, 1):
        opened, _, closed = _CELL.fullmatch(cell).groups()
        names = opened.split("(")[1:]
        if len(names) + (inside is not None) > 1 or len(closed) > 1:
            raise ValueError(
                f"word {number} of the sentence has {cell!r}, an entity within another: a word has "
                "one tag"
            )
        if names:
            (inside,) = names
        tags.append("O" if inside is None else f"{'B' if names else 'I'}-{inside}")
        if closed:
            if inside is None:
                raise ValueError(
                    f"word {number} of the sentence has {cell!r}, which closes nothing"
                )
            inside = None
    if inside is not None:
        raise ValueError(f"the entity ({inside} is not closed at the end of its sentence")
    return tags


def _fits(cell):
    match = _CELL.fullmatch(cell)
    return match is not None and (match[2] == "*" or bool(match[1] and match[3]))
