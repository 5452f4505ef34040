"""Entities of CoNLL-U: in a column, or in an attribute of MISC, `SpaceAfter=No|NER=B-PER`."""

from rnnkit.metrics.tag_schemes import scheme_of

MISC = 9
# Names of attributes that hold entities, also without marks (NER=PER).
NAMES = ("ner", "ne", "entity", "entities", "name", "ner_tag", "nertag", "named_entity")


def attributes(cells):
    """What the cells of MISC say, as a dict of lower-case name to a list with the value of each
    cell, None where a cell does not have it.

    >>> attributes(["SpaceAfter=No|NER=B-PER", "_"])
    {'spaceafter': ['No', None], 'ner': ['B-PER', None]}
    """
    found = {}
    for row, cell in enumerate(cells):
        for part in cell.split("|") if "=" in cell else ():
            name, _, value = part.partition("=")
            found.setdefault(name.strip().lower(), [None] * len(cells))[row] = value.strip()
    return found


def chosen(name, cells, path, entities):
    """The tags in an attribute of MISC that the user names.

    Args:
        name: Name of the attribute; None for the only one that holds entities.
        cells: Cells of the column.
        path: What to call the file.
        entities: Whether tags of entities are wanted: then a word without the attribute is in none.

    Returns:
        List of tags, `""` where a word has none; None if there is no such attribute, or with no
        name if the cells hold no attributes.

    Raises:
        ValueError: With no name, if none or several hold entities.
    """
    known = attributes(cells)
    if name is None:
        if not known:
            return None
        fitting = [each for each in known if _fits(each, known[each])]
        if len(fitting) != 1:
            raise ValueError(
                f"{path}: the column MISC holds {', '.join(f'{each}=' for each in known)} "
                f"{'and several have tags' if fitting else 'and none has tags'} of entities. Say "
                f"which it is, such as target={(fitting or list(known))[0]!r}"
            )
        name = fitting[0]
    values = known.get(str(name).lower())
    if values is None:
        return None
    return [("O" if entities else "") if each is None else each for each in values]


def entities(cells, first, marked, path):
    """Where the entities of a CoNLL-U file are, where the user does not say.

    Args:
        cells: Cells of the column MISC.
        first: Cells of the first line of words.
        marked: The columns that hold tags of entities.
        path: What to call the file.

    Returns:
        The pair of a column and a list of the tags that become its cells, None where they are.

    Raises:
        ValueError: If there are none, or they can be read in several ways; the message names them.
    """
    known = attributes(cells)
    fitting = [name for name in known if _fits(name, known[name])]
    readings = [f"target={column}" for column in marked]
    readings += [f"target={name!r} (in the column MISC)" for name in fitting]
    if len(readings) > 1:
        raise ValueError(
            f"{path}: entities can be read in {len(readings)} ways. Say which are meant: "
            f"{' or '.join(readings)}"
        )
    if marked:
        return marked[0], None
    if fitting:
        print(f"{path}: the entities are those of {fitting[0]}= in the column MISC")
        return MISC, chosen(fitting[0], cells, path, entities=True)
    brackets = [
        name for name in known if name in NAMES and any("(" in (v or "") for v in known[name])
    ]
    if brackets:
        value = next(each for each in known[brackets[0]] if each)
        raise ValueError(
            f"{path}: {brackets[0]}= in the column MISC holds brackets with what belongs together, "
            f"which may lie in each other and are not read. Write a tag a word instead, such as "
            f"NER=B-PER. Received: {value!r}"
        )
    raise ValueError(
        f"{path} has no column of entity tags (B-..., I-..., O), nor an attribute of MISC that "
        "holds them, such as NER=B-PER. UPOS and XPOS are parts of speech, which the "
        f"recipe pos_tagging learns. First line of words: {' '.join(first)!r}. If another column "
        "or attribute holds them, name it with target=4, or the like"
    )


def _fits(name, values):
    """Whether an attribute holds tags of entities."""
    tags = {"O" if each is None else each for each in values}
    if any("(" in each or ")" in each for each in tags):
        return False
    scheme = scheme_of(tags, entities=True)
    return scheme in ("bio", "bioes") or scheme == "bare" and name in NAMES
