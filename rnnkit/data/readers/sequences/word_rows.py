"""Tables with a row a word, and a column that says where each sentence begins."""

import array
import numbers
import re

import numpy as np

from rnnkit.data.splits import take
from rnnkit.formats.cells import missing
from rnnkit.formats.sentences import Sentences, numbered
from rnnkit.formats.tables import Table
from rnnkit.utils.messages import listed, shorten

# What such columns are called, without spaces and signs: "Sentence #", sentence_id, sent, doc_id.
SENTENCE = re.compile(
    r"(?:sentence|sent|sentences|doc|docs|document|segment|utterance|tweet)"
    r"(?:id|ids|idx|index|no|nr|num|number)?"
)


def gathered(table, input_column, target_column):
    """A table with a row a word as one with a row a sentence; others as they are.

    Where no column says where sentences begin, rows that are empty part them, or empty lines of
    the file, and this is printed.

    A row stands for a word where a column such as `Sentence #`, `sentence_id`, `sent` or `doc` has
    the same value in the rows of a sentence, or one in the first row and nothing in the others. Of
    several such columns (`doc_id`, `sentence_id`) a sentence has the same values in all.

    Args:
        table: A `Table`.
        input_column, target_column: Names of the columns with words and tags.

    Returns:
        A `Table` whose words and tags are lists; of the other columns the value in the first row
        of a sentence is kept.

    Raises:
        ValueError: For a word a row without such a column, sentences whose rows are apart, and
            empty words; the message names the line.
    """
    words, tags = table.columns[input_column], table.columns[target_column]
    if not table.size or not all(map(_single, tags)) or not all(map(_text, words)):
        return table  # a row a sentence
    marks = [
        name
        for name in table.columns
        if name not in (input_column, target_column)
        and SENTENCE.fullmatch(re.sub(r"[^a-z]", "", str(name).lower()))
    ]
    starts = _starts(table, marks) if marks else None
    if not marks:
        table, starts = _parted(table, input_column, target_column)
        words, tags = table.columns[input_column], table.columns[target_column]
    if starts is None:
        if table.size > 1 and all(map(_single, words)):
            raise ValueError(_unknown(table, input_column, marks))
        return table
    for row, (word, tag) in enumerate(zip(words, tags, strict=True)):
        for name, value in ((input_column, word), (target_column, tag)):
            if _empty(value):
                raise ValueError(
                    f"{table.where(row)}: {name!r} is empty, where each row is a word with its "
                    "tag. pandas reads the words NA, null and nan so, unless it is told "
                    "keep_default_na=False"
                )
    columns, bounds = {}, np.append(starts, table.size)
    for name, values in table.columns.items():
        if name in (input_column, target_column):
            codes, names = numbered(str(each).strip() for each in values)
            columns[name] = Sentences(names, codes, bounds)
    others = {n: cells for n, cells in table.columns.items() if n not in (*columns, *marks)}
    firsts = take(Table(others, table.lines), starts.tolist())
    positions = [name if name not in marks else None for name in table.positions]
    return Table({**columns, **firsts.columns}, firsts.lines, table.source, positions)


def _parted(table, *names):
    """A table without its empty rows, and the rows after these, or after empty lines; or None."""
    cells = zip(*map(table.columns.get, names), strict=True)
    kept = array.array("q", (row for row, each in enumerate(cells) if not all(map(_empty, each))))
    lines = array.array("q", (table.lines[row] for row in kept))
    starts = np.flatnonzero(np.diff(lines, prepend=-2) != 1)
    if not 1 < len(starts) < len(kept) or table.unit != "line":
        return table, None
    print(f"{table.source}: a row is a word, and empty lines part {len(starts):,} sentences")
    return Table(take(table, kept).columns, lines, table.source), starts


def _starts(table, marks):
    """Rows at which sentences begin, or None where one would begin in every row."""
    columns = {}
    for name in marks:
        # Numbers of texts: most values occur in several rows.
        codes, texts = numbered(
            "" if _empty(cell) else str(cell).strip() for cell in table.columns[name]
        )
        columns[name] = codes, texts
        if "" in texts:
            columns[name] = _filled(table, name, codes, texts), None
    keys, *others = (codes for codes, _ in columns.values())
    if others:  # the same number for rows that are the same in all columns
        keys, _ = numbered(zip(*(codes for codes, _ in columns.values()), strict=True))
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    if len(starts) == len(keys) > 1:
        return None
    if len(np.unique(keys[starts])) == len(starts):
        return starts
    raise ValueError(_again(table, columns, keys, starts.tolist()))


def _again(table, columns, keys, starts):
    """What is said where a sentence begins whose values another one has already."""
    seen = {}
    for row, key in zip(starts, keys[starts].tolist(), strict=True):
        if key in seen:
            break
        seen[key] = row
    found = {name: (int(codes[row]), texts) for name, (codes, texts) in columns.items()}
    shown = ", ".join(
        f"{name}={code if texts is None else texts[code]!r}"
        for name, (code, texts) in found.items()
    )
    return (
        f"{table.where(row)}: a sentence with {shown} began in line {table.lines[seen[key]]} "
        "already, with others between. If they are one sentence, put its rows together; if they "
        "are two, give them different values"
    )


def _filled(table, name, codes, texts):
    """The numbers of the sentences that rows belong to, where a column is filled where one begins,
    with a number or a sign."""
    given = codes != texts.index("")
    if not given[0]:
        raise ValueError(
            f"{table.where(0)}: {name!r} is empty in the first row, where a sentence begins"
        )
    if 1 < len(texts) - 1 < np.count_nonzero(given):
        raise ValueError(
            f"{table.source}: {name!r} is filled in some rows and empty in others, and holds "
            "the same value twice: it must be filled in the first row of each sentence alone, "
            "or in every row"
        )
    return np.cumsum(given, dtype="int32")


def _unknown(table, column, marks):
    shown = shorten(", ".join(str(each) for each in table.columns[column][:3]))
    why = (
        f"{listed(marks)} differ in every row"
        if marks
        else "there is no column that says where a sentence begins, nor an empty line"
    )
    return (
        f"{table.source} has one word in each of {table.size:,} rows ({shown}, ...), and {why}. "
        "If a row is a word of a sentence, add a column sentence_id with the same value in all "
        "rows of a sentence; if each row is a sentence of one word, pass lists: "
        "([['word'], ...], [['tag'], ...])"
    )


def _empty(value):
    return missing(value) or (isinstance(value, str) and not value.strip())


def _text(value):
    return isinstance(value, (str, numbers.Number)) or missing(value)


def _single(value):
    """Whether a cell holds one word or tag, or none."""
    return _text(value) and len(str(value).split()) < 2
