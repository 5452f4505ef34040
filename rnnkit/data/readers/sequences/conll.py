"""Tagged sentences in columns: a word a line with its tags, an empty line between sentences.

Also CoNLL-U, whose ten columns have names; CoNLL-2012, whose entities are in brackets; words with
their tags after a slash, a sentence a line; and comments after #.
"""

import pathlib
import re

from rnnkit.data.readers.sequences import brackets, misc
from rnnkit.formats import compressed, contents
from rnnkit.formats.encodings import decode
from rnnkit.formats.tables import FILES, Table
from rnnkit.metrics.tag_schemes import scheme_of

SUFFIXES = (".conll", ".conllu", ".iob", ".bio", ".txt", ".tsv")
# Names of the columns of CoNLL-U; what is not wanted as input or target has none here.
CONLLU = {"form": 1, "lemma": 2, "upos": 3, "xpos": 4, "feats": 5, "deprel": 7, "misc": misc.MISC}
DOCUMENT = "-DOCSTART-"


def read(path, data_type="tags", given=None, encoding="utf-8", text=None):
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
        text: Its text, where it is read already.

    Returns:
        A `Table` with the columns `words` and `tags`, a list for each sentence, and the line at
        which each sentence begins.

    Raises:
        ValueError: For a file without sentences, or a line with too few columns; the message
            names the line. Also where the first column holds numbers that may be words or not, or
            the last one no tags of entities: then say which columns they are.
    """
    path, given = pathlib.Path(path), given or {}
    # Not str.splitlines, which also splits at form feeds and other rare characters.
    text = decode(path, encoding) if text is None else text
    text = text.replace("\r\n", "\n")
    lines = text.split("\n" if "\n" in text else "\r")
    rows = [(number, line) for number, line in enumerate(lines, 1)]
    filled = [each for each in rows if each[1].strip() and not each[1].startswith(DOCUMENT)]
    # Comments may have tabs where words have spaces.
    words = [line for _, line in filled if not line.startswith("#")]
    tabs = any("\t" in line for line in words or lines)
    slashed = words and not tabs and not given
    if slashed and all("/" in each[1:-1] for line in words for each in line.split()):
        return _slashed(filled, path)
    named = _is_conllu(path, filled)
    documents = bool(filled) and filled[0][1].startswith(brackets.BEGIN)
    if named or documents:
        filled = [each for each in filled if not each[1].startswith("#")]
    shared = {}  # most cells are of few tags
    cells = {
        number: tuple(shared.setdefault(cell, cell) for cell in _cells(line, tabs))
        for number, line in filled
    }
    if not named and not documents:
        cells = _without_comments(cells, given.get("target"))
    if not cells:
        raise ValueError(f"{path} holds no sentence: expected a word and its tag in each line")
    if named:  # ranges (1-2) and words that are not written (1.1) have no tags of their own
        cells = {n: each for n, each in cells.items() if each[0].isdigit()}
    width = brackets.COLUMNS if documents else len(next(iter(cells.values())))
    for number, each in cells.items():
        if len(each) < max(width, 2) or len(each) != width and not documents:
            raise ValueError(
                f"{path}, line {number}: expected {max(width, 2)} columns "
                f"{'between tabs' if tabs else 'between spaces'}, as in the lines before, or an "
                f"empty line between sentences. Received: {lines[number - 1]!r}"
            )
    if named:
        cells, given = _with_attribute(cells, given, data_type == "entities", path)
    word = _column(given.get("input"), width, named, "input", path)
    tag = _column(given.get("target"), width, named, "target", path)
    first = 0  # what is before the words
    if documents:
        word = brackets.WORD if word is None else word
        wanted = brackets.TAG if data_type == "tags" else brackets.ENTITY
        tag = wanted if tag is None else tag
    if word is None:
        word = first = 1 if named else _first(cells, width, tag, path)
    if tag is None and named and data_type == "tags":
        tag = CONLLU["upos"]
    elif tag is None:
        tag = _target(list(cells.values()), word, first, data_type, path)
    if not 2 <= len({word, tag}):
        raise ValueError(f"{path}: input and target are the same column. Received: {given}")
    words, tags, starts, fresh = [], [], [], True
    for number, line in rows:
        if number in cells:
            if fresh:
                words.append([])
                tags.append([])
                starts.append(number)
                fresh = False
            if not cells[number][tag]:
                raise ValueError(
                    f"{path}, line {number}: the word {cells[number][word]!r} has no tag"
                )
            words[-1].append(cells[number][word])
            tags[-1].append(cells[number][tag])
        elif not line.strip() or line.startswith(DOCUMENT):
            fresh = True
    if brackets.are_brackets(each for sentence in tags for each in sentence):
        tags = [_opened(each, f"{path}, line {at}") for each, at in zip(tags, starts, strict=True)]
    return Table({"words": words, "tags": tags}, starts, str(path))


def looks_like(path, names, text):
    """Whether a file is one of columns rather than a table whose first line names `names`.

    Args:
        path: Path of the file. One with an unusual ending, or none, is of columns if each line has
            as many, between tabs or spaces, two or more.
        names: Dict of role to the lower-case column names taken for it.
        text: Its text.
    """
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


def _slashed(lines, path):
    """A `Table` of lines of words with their tags, `The/DT dog/NN`."""
    pairs = [[each.rpartition("/")[::2] for each in line.split()] for _, line in lines]
    words, tags = ([[pair[side] for pair in each] for each in pairs] for side in (0, 1))
    return Table({"words": words, "tags": tags}, [number for number, _ in lines], str(path))


def _opened(cells, where):
    try:
        return brackets.tags_of(cells)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _is_conllu(path, filled):
    if compressed.bare(path).suffix.lower() == ".conllu":
        return True
    plain = [line for _, line in filled if not line.startswith("# ")][:50]
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


def _without_comments(cells, target):
    """Lines without the comments between sentences; `#` may be a word with columns of its own.

    Args:
        cells: Dict of the number of each line that is not empty to its cells.
        target: Column of the tags that the user chose, or None.
    """
    # The first line of a block, or one after a comment, may be a comment.
    sure = [each for each in cells.values() if not each[0].startswith("#")]
    if not sure or len(sure) == len(cells):
        return cells
    width = len(sure[0])
    column = target if isinstance(target, int) and -width <= target < width else -1
    tags = {each[column] for each in sure if len(each) == width}
    kept, before, comment = {}, None, False
    for number, each in cells.items():
        between = before != number - 1 or comment
        before = number
        word = len(each) == width and (each[0] != "#" or each[column] in tags)
        comment = between and each[0].startswith("#") and not word
        if not comment:
            kept[number] = each
    return kept


def _first(cells, width, tag, path):
    """The column of the words where the user names none: the first, or the one after numbers that
    count the words."""
    if not all(re.fullmatch(r"\d+", each[0]) for each in cells.values()):
        return 0
    last, before, counts = None, None, len(cells) > 1
    for line, each in cells.items():
        value = int(each[0])
        goes_on = last is not None and value == last + 1
        counts &= goes_on or (value in (0, 1) and line - 1 != before)
        last, before = value, line
    words = any(not re.fullmatch(r"\d+", each[1]) for each in cells.values())
    if counts and words and width > 2 and tag != 1:
        return 1
    shown = " ".join(next(iter(cells.values())))
    raise ValueError(
        f"{path}: the first column holds numbers alone, which may be the words, or may number "
        f"words or sentences. First line of words: {shown!r}. Say which columns the words and the "
        "tags are: input=0, target=1 if the numbers are the words, input=1, target=2 if the words "
        "are in the column after them"
    )


def _with_attribute(cells, given, entities, path):
    """CoNLL-U whose tags are in an attribute of MISC: lines with these as their column MISC, and
    what is given with that as the target. Others as they are.

    Args:
        cells: Dict of the number of each line to its cells.
        given: As in `read`.
        entities: Whether tags of entities are wanted.
        path: What to call the file.
    """
    rows, target, tags = list(cells.values()), given.get("target"), None
    misc_cells = [each[misc.MISC] if len(each) > misc.MISC else "_" for each in rows]
    column = str(target).lower()
    if target is None and entities:
        columns = [each for each in range(2, len(rows[0])) if each != CONLLU["form"]]
        marked = [each for each in columns if _is_of_entities([row[each] for row in rows])]
        target, tags = misc.entities(rows, marked, path)
    elif column in ("misc", str(misc.MISC)):
        tags = misc.chosen(None, misc_cells, path, entities)
    elif isinstance(target, str) and column not in CONLLU:
        tags = misc.chosen(target, misc_cells, path, entities)
    if tags is None:
        return cells, {**given, "target": target}
    parts = zip(cells.items(), tags, strict=True)
    head = misc.MISC
    cells = {number: (*each[:head], tag, *each[head + 1 :]) for (number, each), tag in parts}
    return cells, {**given, "target": head}


def _target(rows, word, first, data_type, path):
    """The column of the tags where the user names none.

    Args:
        rows: Cells of each line.
        word: The column of the words.
        first: The first column that may hold words or tags.
        data_type: As in `read`.
        path: What to call the file.
    """
    others = [column for column in range(first, len(rows[0])) if column != word]
    if data_type == "tags" and others:
        return others[0]
    marked = [each for each in others if _is_of_entities([row[each] for row in rows])]
    if marked and marked[-1] == others[-1]:
        before = [str(each) for each in marked[:-1]]
        if before:
            print(
                f"{path}: the entities are those of the last column, as column {before[0]} has "
                f"such tags too (target={before[0]} takes those)"
            )
        return marked[-1]
    last = {row[others[-1]] for row in rows}
    # A text without entities; or with tags of which some have no mark, which are named later.
    if not marked and (last == {"O"} or any(each[:2] in ("B-", "I-") for each in last)):
        return others[-1]
    also = f", or {', '.join(f'target={each}' for each in marked)}" if marked else ""
    raise ValueError(
        f"{path} has no column of entity tags (B-..., I-..., O) at its end. First line of words: "
        f"{' '.join(rows[0])!r}. Say which it is with target=1, or the like{also}"
    )


def _is_of_entities(cells):
    """Whether the cells of a column are tags of entities, one or more."""
    found = set(cells)
    return scheme_of(found, entities=True) != "plain" or brackets.are_brackets(found)
