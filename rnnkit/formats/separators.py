"""What stands between the columns of csv: told from the first rows, or said."""

import csv
import itertools
import re

NAMES = {",": "','", ";": "';'", "|": "'|'", "\t": "a tab"}
# Rows that are looked at.
HEAD = 50
# Characters of them at most.
MOST_CHARACTERS = 100_000
_DECLARED = re.compile(r"sep=(.)\r?\n")


def check(separator):
    """Refuses what cannot stand between columns."""
    if not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n':
        raise ValueError(
            "separator must be one character, such as ';', '|' or '\\t' (a tab). Received: "
            f"{separator!r}"
        )


def declared(text):
    """The text and the separator that its first line names as Excel writes it, `sep=;`, or None.

    That line is then empty, so that the others keep their numbers.

    Example:

    >>> declared("sep=;\\na;b\\n")
    ('\\na;b\\n', ';')
    """
    found = _DECLARED.match(text)
    return (text, None) if found is None else ("\n" + text[found.end() :], found[1])


def of(text, label, told=True):
    """The separator of a text of csv, told from its first rows.

    It is what is in the first row, and as often in all the others.

    Args:
        text: The text.
        label: What to call it in messages.
        told: Whether one that is no comma is printed.

    Raises:
        ValueError: If several are: the message shows the readings.

    Example:

    >>> of("text;label\\nyes, well;good\\n", "a.csv")
    a.csv: the columns are separated by ';' (separator= says otherwise)
    ';'
    """
    head = text.lstrip("\r\n")[:MOST_CHARACTERS]
    first = head.partition("\n")[0]
    within = [separator for separator in NAMES if separator in first]
    if within in ([], [","]):
        return ","
    found = {separator: rows(text, separator) for separator in within}
    fits = [each for each in within if found[each] and len(set(map(len, found[each]))) == 1]
    fits = [each for each in fits if len(found[each][0]) > 1]
    if len(fits) > 1:
        readings = " or ".join(f"{found[each][0]!r} by {NAMES[each]}" for each in fits)
        raise ValueError(
            f"{label} could be separated by {' or by '.join(NAMES[each] for each in fits)}: its "
            f"first row would be {readings}. Say which: separator={fits[0]!r} or {fits[-1]!r}"
        )
    if fits:
        chosen = fits[0]
    elif len(within) == 1 and len(set(map(len, rows(text, ",")))) != 1:
        chosen = within[0]  # a row does not fit, and is named later
    else:
        chosen = ","
    if told and chosen != ",":
        print(f"{label}: the columns are separated by {NAMES[chosen]} (separator= says otherwise)")
    return chosen


def rows(text, separator):
    """The first rows of a text as lists of fields; empty ones are left out."""
    head = text.lstrip("\r\n")[:MOST_CHARACTERS]
    cut = len(head) == MOST_CHARACTERS
    lines = head.splitlines(keepends=True)
    limit = csv.field_size_limit(2**31 - 1)
    try:
        found = list(itertools.islice(filter(None, csv.reader(lines, delimiter=separator)), HEAD))
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(limit)
    return found[:-1] if cut and 1 < len(found) < HEAD else found
