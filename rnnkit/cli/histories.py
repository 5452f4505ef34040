"""Tables of events that `rnnkit infer` reads: one history, or one of each card or account."""

import json
import os

from rnnkit.cli import tables


def of_files(options, recipe, feature):
    """The histories of the tables in a call.

    A table of events is one history, unless a column says whose each event is: `--input`, or one
    that is called as the recipe calls it, such as `card_id`. Then it is one history for each of its
    values, in the order in which they first occur.

    Args:
        options: The options of the call.
        recipe: The recipe that names the columns, or None.
        feature: The `rnnkit.features.Events` of the model.

    Returns:
        List of `(path, column, name, history)`, with None for the column and the name of a table
        that is one history; None if the call does not name tables of events alone.

    Raises:
        ValueError: For a table that can be read in two ways, and cells that are empty; the message
            names them.
    """
    from rnnkit.formats.tables import is_table

    paths = options.inputs
    if not paths or not all(is_table(each) and os.path.isfile(each) for each in paths):
        return None
    found = []
    for path in paths:
        table = _table(path, options, recipe)
        if table is None:
            return None
        key = _key(table, options.input, recipe, feature)
        if key is None:
            found.append((path, None, None, path))
        else:
            named = _histories(table, key, feature)
            found += [(path, str(key).strip(), name, text) for name, text in named.items()]
    return found


def infer(model, options, found, chosen):
    """Writes or prints the prediction for each history.

    Args:
        model: A model of events.
        options: The options of the call.
        found: What `of_files` gives.
        chosen: Dict of the options of `model.infer`.
    """
    results = []
    for start in range(0, len(found), tables.CHUNK):
        part = [history for *_, history in found[start : start + tables.CHUNK]]
        results += model.infer(part, **chosen)
    several = len(options.inputs) > 1 or all(column is None for _, column, *_ in found)
    abouts = [
        ({"input": path} if several or not options.out else {})
        | ({} if column is None else {column: name})
        for path, column, name, _ in found
    ]
    if options.out:
        names = dict.fromkeys(name for about in abouts for name in about)
        columns = {name: [about.get(name) for about in abouts] for name in names}
        tables.write(options.out, columns, tables.predictions(results))
        return
    for about, result in zip(abouts, results, strict=True):
        result = result if isinstance(result, dict) else {"value": result}
        print(json.dumps({**about, **result}, ensure_ascii=False), flush=True)


def _table(path, options, recipe):
    """A file as a `Table`, or None if it has no column of times or its cells are histories."""
    from rnnkit.formats import decimals, event_text

    table = decimals.with_points(tables.table_of(path, options, recipe))
    try:
        event_text.time_column(table.columns)
    except ValueError:
        return None
    if options.input is not None:
        cells = table.columns[table.match("input", (), options.input)]
        if any(map(_is_history, cells)):
            return None
    return table


def _is_history(cell):
    """Whether a cell holds events, and is no name."""
    if not isinstance(cell, str):
        return isinstance(cell, (list, dict))
    return "\n" in cell.strip() or cell.strip()[:1] in ("[", "{")


def _key(table, given, recipe, feature):
    """The column that says whose each event is, or None for a table that is one history."""
    from rnnkit.formats import event_text

    if given is not None:
        return table.match("input", (), given)
    known = event_text.KEYS if recipe is None else (*recipe.columns["input"], *event_text.KEYS)
    free = event_text.others(table.columns, table.source)
    free = [name for name in free if name not in (*feature.categories, *feature.amounts)]
    columns = {str(name).strip(): cells for name, cells in table.columns.items()}
    values = {name: list(map(str, columns[name])) for name in free}
    several = {name: len(set(cells)) for name, cells in values.items() if len(set(cells)) > 1}
    keys = [name for name in several if name.lower() in known]
    if len({tuple(_numbered(values[name])) for name in keys}) > 1:
        raise ValueError(
            f"{table.source}: events can be told apart by {' and by '.join(map(repr, keys))}. Say "
            f"which with {' or '.join(f'--input {name}' for name in keys)}"
        )
    labels = () if recipe is None else recipe.columns["target"]
    unsure = [
        name
        for name, count in several.items()
        if count < table.size
        and event_text.tells_apart(name, values[name], table)
        and name.lower() not in labels
    ]
    if not keys and unsure:
        name = unsure[0]
        raise ValueError(
            f"{table.source} may be one history, or {several[name]} that the column {name!r} tells "
            f"apart. For an answer for each of its values add --input {name}; for one answer take "
            "the column out"
        )
    if not keys:
        return None
    return next(name for name in table.columns if str(name).strip() == keys[0])


def _numbered(values):
    """For each value its number among those that differ: equal for columns that say the same."""
    first = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return [first[value] for value in values]


def _histories(table, key, feature):
    """Dict of the name of each history to its text."""
    from rnnkit.data.readers.sequences import events

    wanted = [*feature.categories, *feature.amounts]
    return events.histories(table, key, wanted)
