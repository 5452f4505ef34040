"""Tagged sentences in columns: a word a line with its tags, an empty line between sentences.

Also CoNLL-U, whose ten columns have names; CoNLL-2012, whose entities are in brackets; words with
their tags after a slash, a sentence a line; and comments after #.
"""

import array
import itertools
import pathlib
import re

import numpy as np

from rnnkit.data.readers.sequences import brackets, misc
from rnnkit.data.readers.sequences.numbered_rows import DOCUMENT, Rows
from rnnkit.formats import compressed, contents
from rnnkit.formats.encodings import content
from rnnkit.formats.tables import FILES, Table
from rnnkit.formats.texts import lines_of
from rnnkit.metrics.tag_schemes import scheme_of

SUFFIXES = (".conll", ".conllu", ".iob", ".bio", ".txt", ".tsv")
# Names of the columns of CoNLL-U; what is not wanted as input or target has none here.
CONLLU = {"form": 1, "lemma": 2, "upos": 3, "xpos": 4, "feats": 5, "deprel": 7, "misc": misc.MISC}


def read(path, data_type="tags", given=None, encoding="utf-8"):
    """Reads a file of columns.

    The columns are separated by tabs, or where the file has none by spaces. Words with a space
    inside are fine between tabs. Lines that begin with `-DOCSTART-` are left out, and so are
    comments: lines between sentences that begin with `#` and are no word with its tag, since
    they have other columns, or begin with `# ` and have a tag that no other line has.

    A first column that counts the words of each sentence, or of the file, is left out where there
    are two others. A file that begins with `#begin document` has the columns of CoNLL-2012. Tags
    in brackets are read as B- and I- tags. A file without tabs in which each word of each line has
    a slash inside is read as `word/tag`, a sentence a line.

    Args:
        path: Path of the file.
        data_type: What is wanted as target: `"tags"`, of which the first column after the word is
            taken, or `"entities"`, which are in the last column, however they are written (see
            `rnnkit.features.Tags`); of CoNLL-U in the one column or attribute of MISC (`NER=B-PER`)
            that holds such tags.
        given: Dict of `"input"`, `"target"` to the number of a column, from 0 (negative from the
            last), or for CoNLL-U its name or that of an attribute of MISC. The word is in the first
            by default, or in the second where the first one counts.
        encoding: Character encoding of the file.

    Returns:
        A `Table` with the columns `words` and `tags`, a list for each sentence, and the line at
        which each sentence begins.

    Raises:
        ValueError: For a file without sentences, or a line with too few columns; the message
            names the line. Also where the first column holds numbers that may be words or not, or
            the last one no tags of entities: then say which columns they are.
    """
    path, given = pathlib.Path(path), given or {}
    text = content(path, encoding)
    if b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    found = _parsed(text, path, given)
    if isinstance(found, Table):
        return found
    rows, tabs, named, documents = found
    if not named and not documents:
        rows = _without_comments(rows, given.get("target"))
    if not len(rows):
        raise ValueError(f"{path} holds no sentence: expected a word and its tag in each line")
    if named:  # ranges (1-2) and words that are not written (1.1) have no tags of their own
        rows = rows.where(np.array([word.isdigit() for word in rows.names])[rows.columns[0]])
    width = len(rows.columns)
    wrong = [row for row, cells in rows.odd.items() if not documents or cells < width]
    if wrong or width < 2:
        number = int(rows.lines[min(wrong, default=0)])
        line = next(line for at, line in lines_of(text) if at == number)
        raise ValueError(
            f"{path}, line {number}: expected {max(width, 2)} columns "
            f"{'between tabs' if tabs else 'between spaces'}, as in the lines before, or an "
            f"empty line between sentences. Received: {line!r}"
        )
    del text
    if named:
        rows, given = _with_attribute(rows, given, data_type == "entities", path)
    word = _column(given.get("input"), width, named, "input", path)
    tag = _column(given.get("target"), width, named, "target", path)
    first = 0  # what is before the words
    if documents:
        word = brackets.WORD if word is None else word
        wanted = brackets.TAG if data_type == "tags" else brackets.ENTITY
        tag = wanted if tag is None else tag
    if word is None:
        word = first = 1 if named else _first(rows, width, tag, path)
    if tag is None and named and data_type == "tags":
        tag = CONLLU["upos"]
    elif tag is None:
        tag = _target(rows, width, word, first, data_type, path)
    if not 2 <= len({word, tag}):
        raise ValueError(f"{path}: input and target are the same column. Received: {given}")
    if "" in rows.texts(tag):
        row = int(np.argmax(rows.columns[tag] == rows.names.index("")))
        shown = rows.names[rows.columns[word][row]]
        raise ValueError(f"{path}, line {rows.lines[row]}: the word {shown!r} has no tag")
    starts = rows.starts()
    words, tags = rows.sentences(word, starts), rows.sentences(tag, starts)
    lines = array.array("q", rows.lines[starts].tolist())
    if brackets.are_brackets(rows.texts(tag)):
        tags = [_opened(each, f"{path}, line {at}") for each, at in zip(tags, lines, strict=True)]
    return Table({"words": words, "tags": tags}, lines, str(path))


def _parsed(text, path, given):
    """What a file in UTF-8 holds.

    Returns:
        A `Table` of a file with slashes; else a tuple of `Rows`, whether tabs part their cells,
        whether the columns have the names of CoNLL-U, and whether they are those of CoNLL-2012.
    """

    def filled():
        lines = (each for _, each in lines_of(text))
        return (line for line in lines if line.strip() and not line.startswith(DOCUMENT))

    def words():  # comments may have tabs where words have spaces
        return (line for line in filled() if not line.startswith("#"))

    some = next(words(), None) is not None
    tabs = b"\t" in text and (not some or any("\t" in line for line in words()))
    slashed = some and not tabs and not given
    if slashed and all("/" in each[1:-1] for line in words() for each in line.split()):
        return _slashed(text, path)
    documents = (next(filled(), None) or "").startswith(brackets.BEGIN)
    named = _is_conllu(path, filled())
    first = next(words(), None) or next(filled(), "")
    width = brackets.COLUMNS if documents else len(_cells(first, tabs))
    comments = not named and not documents
    return Rows.of(text, lambda line: _cells(line, tabs), width, comments), tabs, named, documents


def looks_like(path, names, text):
    """Whether a file is one of columns rather than a table whose first line names `names`.

    Args:
        path: Path of the file. One with an unusual ending, or none, is of columns if each line has
            as many, between tabs or spaces, two or more.
        names: Dict of role to the lower-case column names taken for it.
        text: Its text in UTF-8.
    """
    text = text[: 4 * contents.HEAD].decode("utf-8", "ignore")
    suffix = compressed.bare(path).suffix.lower()
    first = text.partition("\n")[0].rstrip("\r").lower().split("\t")
    cells = {cell.strip() for cell in first}
    if (
        suffix in FILES
        and suffix not in SUFFIXES
        or all(cells & {str(name) for name in taken} for taken in names.values())
    ):
        return False
    if suffix in SUFFIXES or text.startswith((brackets.BEGIN, DOCUMENT)):
        return True
    lines = [line for line in text[: contents.HEAD].split("\n") if not line.startswith("#")]
    lines = [line.rstrip("\r") for line in lines[:-1] or lines if line.strip()]
    widths = {len(_cells(line, any("\t" in line for line in lines))) for line in lines}
    return len(widths) == 1 and min(widths) > 1 and lines[0].lstrip()[0] not in "{["


def _slashed(text, path):
    """A `Table` of lines of words with their tags, `The/DT dog/NN`."""
    words, tags, numbers, shared = [], [], [], {}
    for number, line in lines_of(text):
        if not line.strip() or line.startswith(DOCUMENT):
            continue
        pairs = [each.rpartition("/")[::2] for each in line.split()]
        words.append([shared.setdefault(word, word) for word, _ in pairs])
        tags.append([shared.setdefault(tag, tag) for _, tag in pairs])
        numbers.append(number)
    return Table({"words": words, "tags": tags}, numbers, str(path))


def _opened(cells, where):
    try:
        return brackets.tags_of(cells)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _is_conllu(path, filled):
    if compressed.bare(path).suffix.lower() == ".conllu":
        return True
    plain = list(itertools.islice((line for line in filled if not line.startswith("# ")), 50))
    return bool(plain) and all(
        len(cells := line.split("\t")) == 10
        and cells[0].replace("-", "").replace(".", "").isdigit()
        for line in plain
    )


def _cells(line, tabs):
    if not tabs:
        return line.split()
    return [cell.strip() for cell in line.rstrip("\t \r").split("\t")]


def _column(chosen, width, named, role, path):
    """The number of a column that the user chose, or None."""
    if chosen is None:
        return None
    if named and str(chosen).lower() in CONLLU:
        return CONLLU[str(chosen).lower()]
    if isinstance(chosen, int) and -width <= chosen < width:
        return chosen % width
    known = f", one of {', '.join(CONLLU)}, or an attribute of MISC" if named else ""
    raise ValueError(
        f"{path} has no column {chosen!r} for the {role}: expected a number from 0 to "
        f"{width - 1}{known}"
    )


def _without_comments(rows, target):
    """Rows without the comments between sentences; `#` may be a word with columns of its own.

    Args:
        rows: `Rows` of the lines that are not empty.
        target: Column of the tags that the user chose, or None.
    """
    # The first line of a block, or one after a comment, may be a comment.
    marked = np.array([name.startswith("#") for name in rows.names], bool)
    marked = marked[rows.columns[0]] if len(rows) else marked[:0]
    if marked.all() or not marked.any():
        return rows
    width, even = len(rows.columns), np.ones(len(rows), bool)
    even[list(rows.odd)] = False
    column = target if isinstance(target, int) and -width <= target < width else -1
    tags = set(rows.columns[column][even & ~marked].tolist())
    comment = np.zeros(len(rows), bool)
    for row in np.flatnonzero(marked).tolist():
        after = row > 0 and rows.lines[row - 1] == rows.lines[row] - 1 and not comment[row - 1]
        named = rows.names[rows.columns[0][row]] != "#"
        word = even[row] and (named or rows.columns[column][row] in tags)
        comment[row] = not after and not word
    return rows.where(~comment)


def _first(rows, width, tag, path):
    """The column of the words where the user names none: the first, or the one after numbers that
    count the words."""
    if not all(re.fullmatch(r"\d+", each) for each in rows.texts(0)):
        return 0
    last, before, counts = None, None, len(rows) > 1
    for line, code in zip(rows.lines.tolist(), rows.columns[0].tolist(), strict=True):
        value = int(rows.names[code])
        goes_on = last is not None and value == last + 1
        counts &= goes_on or (value in (0, 1) and line - 1 != before)
        last, before = value, line
    words = any(not re.fullmatch(r"\d+", each) for each in rows.texts(1))
    if counts and words and width > 2 and tag != 1:
        return 1
    shown = " ".join(rows.row(0))
    raise ValueError(
        f"{path}: the first column holds numbers alone, which may be the words, or may number "
        f"words or sentences. First line of words: {shown!r}. Say which columns the words and the "
        "tags are: input=0, target=1 if the numbers are the words, input=1, target=2 if the words "
        "are in the column after them"
    )


def _with_attribute(rows, given, entities, path):
    """CoNLL-U whose tags are in an attribute of MISC: rows with these as their column MISC, and
    what is given with that as the target. Others as they are.

    Args:
        rows: `Rows`.
        given: As in `read`.
        entities: Whether tags of entities are wanted.
        path: What to call the file.
    """
    target, tags, width = given.get("target"), None, len(rows.columns)
    cells = rows.cells(misc.MISC) if width > misc.MISC else ["_"] * len(rows)
    column = str(target).lower()
    if target is None and entities:
        marked = [each for each in range(2, width) if _is_of_entities(rows.texts(each))]
        target, tags = misc.entities(cells, rows.row(0), marked, path)
    elif column in ("misc", str(misc.MISC)):
        tags = misc.chosen(None, cells, path, entities)
    elif isinstance(target, str) and column not in CONLLU:
        tags = misc.chosen(target, cells, path, entities)
    if tags is None:
        return rows, {**given, "target": target}
    return rows.with_cells(misc.MISC, tags), {**given, "target": misc.MISC}


def _target(rows, width, word, first, data_type, path):
    """The column of the tags where the user names none.

    Args:
        rows: `Rows`.
        width: Number of their columns.
        word: The column of the words.
        first: The first column that may hold words or tags.
        data_type: As in `read`.
        path: What to call the file.
    """
    others = [column for column in range(first, width) if column != word]
    if data_type == "tags" and others:
        return others[0]
    marked = [each for each in others if _is_of_entities(rows.texts(each))]
    if marked and marked[-1] == others[-1]:
        before = [str(each) for each in marked[:-1]]
        if before:
            print(
                f"{path}: the entities are those of the last column, as column {before[0]} has "
                f"such tags too (target={before[0]} takes those)"
            )
        return marked[-1]
    last = rows.texts(others[-1]) if others else set()
    # A text without entities; or with tags of which some have no mark, which are named later.
    if not marked and (last == {"O"} or any(each[:2] in ("B-", "I-") for each in last)):
        return others[-1]
    also = f", or {', '.join(f'target={each}' for each in marked)}" if marked else ""
    raise ValueError(
        f"{path} has no column of entity tags (B-..., I-..., O) at its end. First line of words: "
        f"{' '.join(rows.row(0))!r}. Say which it is with target=1, or the like{also}"
    )


def _is_of_entities(found):
    """Whether the different cells of a column are tags of entities, one or more."""
    return scheme_of(found, entities=True) != "plain" or brackets.are_brackets(found)
