"""Targets of several columns, each a class or a number."""

import tensorflow as tf

from rnnkit.data import stored
from rnnkit.data.readers import several_labels
from rnnkit.formats import several_targets
from rnnkit.formats.sentences import numbered

# Pairs of data types whose targets may be such.
DATA_TYPES = (*several_labels.DATA_TYPES, ("events", "label"))


def given_columns(table, given):
    """The columns of a table that a user gave as targets.

    Args:
        table: A `Table`.
        given: As `Recipe.data` takes `target`.

    Returns:
        The pair of the names, a list, and a dict of those whose type is said to it.

    Raises:
        ValueError: For columns that are not there, or named twice.
    """
    known = {str(name).strip().lower() for name in table.columns}
    if isinstance(given, dict):
        parts = list(given.items())
    else:
        if isinstance(given, str) and given.strip().lower() not in known:
            given = [part.strip() for part in given.split(",")]
        parts = given if isinstance(given, (list, tuple)) else [given]
        parts = [_typed(part, known) for part in parts]
    names, types = [], {}
    for part, of in parts:
        (name,) = table.matches("target", [part])
        names.append(name)
        if of is not None:
            types[str(name)] = of
    if len(set(names)) < len(names):
        raise ValueError(f"target must name each column once. Received: target={given!r}")
    return names, types


def _typed(part, known):
    """A column and its type, from `"score:number"`; None of one without a type."""
    if isinstance(part, str) and part.strip().lower() not in known:
        name, _, of = part.rpartition(":")
        if of.strip() in several_targets.TYPES and name.strip():
            return name.strip(), of.strip()
    return part, None


def are_several(request, table):
    """Whether a user gave several columns as targets, for a recipe that may have such."""
    given = request.given.get("target")
    return (
        given is not None and request.may_have_targets and len(given_columns(table, given)[0]) > 1
    )


def refuse(request, why):
    """Raises a ValueError where the user says the types of several targets and there are none.

    Args:
        request: A `Request`.
        why: Why there are none, in words.
    """
    given = request.given.get("target")
    if isinstance(given, dict):
        raise ValueError(
            f"{why}: target as a dict of columns to types is for tables and frames. "
            f"Received: target={given!r}"
        )


def check_given(request):
    """Raises a ValueError for types of targets that are none, or of a recipe that has no labels."""
    given = request.given.get("target")
    if not isinstance(given, dict):
        return
    if len(given) < 2 or any(each not in several_targets.TYPES for each in given.values()):
        raise ValueError(
            "target as a dict must name at least two columns, each "
            f"{' or '.join(map(repr, several_targets.TYPES))}; one class alone is given by the "
            f"name of its column. Received: target={given!r}"
        )
    if tuple(request.recipe.data_types) not in DATA_TYPES:
        refuse(request, f"The targets of the recipe {request.recipe.name!r} are no labels")


def join(table, names, types, said):
    """Adds a column with the targets in each row, made of several.

    Args:
        table: A `Table`.
        names: Names of its columns.
        types: Dict of name to type.
        said: Whether a user said all types; else it is printed how the columns are read.

    Returns:
        The name of the new column.
    """
    joined = " + ".join(map(str, names))
    rows = several_targets.read({n: table.columns[n] for n in names}, types, table.where)
    if not said:
        shown = ", ".join(f"{name} ({of})" for name, of in types.items())
        print(f"{table.source}: an example has several targets: {shown}")
    for index, name in enumerate(types):
        lacking = sum(not row[index] for row in rows)
        if lacking:
            print(f"{table.source}: {lacking:,} of {len(rows):,} rows have no {name!r}")
    table.columns[joined] = rows
    return joined


def column(rows):
    """Targets as a column of raw ones.

    Args:
        rows: `rnnkit.formats.several_targets.Rows`.

    Returns:
        `rnnkit.data.stored.Joint`.
    """
    texts = [[text.encode("utf-8", "replace") for text in row] for row in rows]
    tensor = tf.constant(texts, tf.string, shape=[len(rows), len(rows.types)])
    return stored.Joint(tensor, labels_of(rows, rows.types))


def labels_of(rows, types):
    """The classes of rows, such as `label: good`, as several labels; None where none is a class.

    Args:
        rows: Lists of texts, one for each target, empty where not known.
        types: Dict of name to type.
    """
    classes = [(index, name) for index, (name, of) in enumerate(types.items()) if of != "number"]
    if not classes:
        return None
    found = [[f"{name}: {row[index]}" for index, name in classes if row[index]] for row in rows]
    codes, names = numbered(each for row in found for each in row)
    lengths = [len(row) for row in found]
    return stored.Several(tf.RaggedTensor.from_row_lengths(codes, lengths), names)


def info(request, table, column):
    """What `rnnkit.data.Data.info` says of the column of the targets of a table, as a dict."""
    cells = table.columns[column]
    if isinstance(cells, several_targets.Rows):
        return {"target_types": dict(cells.types)}
    return several_labels.info(request, table)


def merged(found):
    """The `info` of data in several tables, a list, as one.

    Raises:
        ValueError: Where the targets are of other types in one than in another.
    """
    types = [each.get("target_types") for each in found]
    for each in types:
        if each != types[0]:
            first, other = (shown or "labels, or one class" for shown in (types[0], each))
            raise ValueError(
                "The targets must be of the same types in each part of the data: say them, "
                "target={...} with 'class' or 'number' for each column. "
                f"Received: {first}, and {other}"
            )
    return {key: value for each in found for key, value in each.items()}
