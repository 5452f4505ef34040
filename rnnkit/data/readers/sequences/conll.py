"""Tagged sentences in columns: a word a line with its tags, an empty line between sentences.

Also CoNLL-U, whose ten columns have names, and comments after #.
"""

import pathlib

from rnnkit.formats.encodings import decode
from rnnkit.formats.tables import Table
from rnnkit.metrics.tag_schemes import scheme_of

SUFFIXES = (".conll", ".conllu", ".iob", ".bio", ".txt", ".tsv")
# Names of the columns of CoNLL-U; what is not wanted as input or target has none here.
CONLLU = {"form": 1, "lemma": 2, "upos": 3, "xpos": 4, "feats": 5, "deprel": 7}
DOCUMENT = "-DOCSTART-"


def read(path, data_type="tags", given=None, encoding="utf-8"):
    """Reads a file of columns.

    The columns are separated by tabs, or where the file has none by spaces. Words with a space
    inside are fine between tabs. Lines that begin with `-DOCSTART-` are left out.

    Args:
        path: Path of the file.
        data_type: What is wanted as target: `"tags"`, of which the first column after the word is
            taken, or `"entities"`, of which the last column with BIO tags is.
        given: Dict of `"input"`, `"target"` to the number of a column, from 0 (negative from the
            last), or for CoNLL-U its name. The word is in the first by default.
        encoding: Character encoding of the file.

    Returns:
        A `Table` with the columns `words` and `tags`, a list for each sentence, and the line at
        which each sentence begins.

    Raises:
        ValueError: For a file without sentences, or a line with too few columns; the message
            names the line.
    """
    path, given = pathlib.Path(path), given or {}
    # Not str.splitlines, which also splits at form feeds and other rare characters.
    lines = decode(path, encoding).replace("\r\n", "\n").split("\n")
    rows = [(number, line) for number, line in enumerate(lines, 1)]
    filled = [(n, line) for n, line in rows if line.strip() and not line.startswith(DOCUMENT)]
    tabs = any("\t" in line for _, line in filled)
    named = _is_conllu(path, filled)
    if named:
        filled = [(n, line) for n, line in filled if not line.startswith("#")]
    if not filled:
        raise ValueError(f"{path} holds no sentence: expected a word and its tag in each line")
    cells = {number: _cells(line, tabs) for number, line in filled}
    if named:  # ranges (1-2) and words that are not written (1.1) have no tags of their own
        cells = {n: each for n, each in cells.items() if each[0].isdigit()}
    width = len(next(iter(cells.values())))
    for number, each in cells.items():
        if len(each) < 2 or len(each) != width:
            raise ValueError(
                f"{path}, line {number}: expected {max(width, 2)} columns "
                f"{'between tabs' if tabs else 'between spaces'}, as in the lines before, or an "
                f"empty line between sentences. Received: {lines[number - 1]!r}"
            )
    word = _column(given.get("input"), width, named, "input", path)
    word = (1 if named else 0) if word is None else word
    tag = _column(given.get("target"), width, named, "target", path)
    if tag is None:
        tag = CONLLU["upos"] if named else _target(list(cells.values()), word, data_type, path)
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
    return Table({"words": words, "tags": tags}, starts, str(path))


def looks_like(path, names, encoding="utf-8"):
    """Whether a file is one of columns rather than a table whose first line names `names`.

    Args:
        path: Path of the file.
        names: Dict of role to the lower-case column names taken for it.
    """
    if pathlib.Path(path).suffix.lower() not in SUFFIXES:
        return False
    first = decode(path, encoding).partition("\n")[0].rstrip("\r").lower().split("\t")
    cells = {cell.strip() for cell in first}
    return not all(cells & {str(name) for name in taken} for taken in names.values())


def _is_conllu(path, filled):
    if path.suffix.lower() == ".conllu":
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
    known = f" or one of {', '.join(CONLLU)}" if named else ""
    raise ValueError(
        f"{path} has no column {chosen!r} for the {role}: expected a number from 0 to "
        f"{width - 1}{known}"
    )


def _target(rows, word, data_type, path):
    others = [column for column in range(len(rows[0])) if column != word]
    if data_type == "tags":
        return others[0]
    marked = [each for each in others if scheme_of({row[each] for row in rows}) != "plain"]
    if not marked:
        raise ValueError(
            f"{path} has no column of entity tags (B-..., I-..., O). First line of words: "
            f"{' '.join(rows[0])!r}. Say which it is with target=1, or the like"
        )
    return marked[-1]
