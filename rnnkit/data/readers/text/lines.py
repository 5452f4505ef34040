"""Texts without targets, of which each stands for itself: a text a line, or a row of a table."""

from rnnkit.data.readers.sequences.word_rows import gathered
from rnnkit.formats import compressed, tables
from rnnkit.formats.cells import as_text
from rnnkit.formats.encodings import decode

# Files whose lines are words with their tags.
TAGGED = (".conll", ".conllu", ".iob", ".bio")


def load(path, request):
    """The texts of a file.

    Args:
        path: Path of a text file with one a line, whose empty lines are left out; or of a table,
            whose column of inputs holds one a row. Either may be compressed.
        request: A `rnnkit.data.readers.request.Request`, whose recipe names the column.

    Returns:
        A list of texts. Of a recipe of words a table may have a row a word: then of lists of words.

    Raises:
        ValueError: For a file without texts, rows without one, and files that hold more than
            texts: words with their tags, or columns in a text file.
    """
    if tables.is_table(path):
        return _of_table(path, request)
    request.refuse(f"{path} is read as plain text", "separator", "header")
    if "input" in request.given:
        raise ValueError(
            f"{path} is read as plain text, a text a line, as its name is not that of a table: "
            f"leave out input. Received: input={request.given['input']!r}"
        )
    text = decode(path, request.encoding).replace("\r\n", "\n").replace("\r", "\n")
    found = [line.strip() for line in text.split("\n") if line.strip()]
    if not found:
        raise ValueError(f"texts must be a file with a text a line. Received: {path}, without any")
    tagged = compressed.bare(path).suffix.lower() in TAGGED
    if tagged or all("\t" in line for line in found):
        what = "whose lines are words with tags" if tagged else "which has a tab in each line"
        raise ValueError(
            "texts must be a file with a text a line, or a table that ends in .csv or .tsv. "
            f"Received: {path}, {what}: for the inputs of data with targets pass "
            "recipe.data(path).train"
        )
    return found


def _of_table(path, request):
    table = request.table(path)
    name = request.column(table, "input")
    words = request.recipe.data_types[0] == "words"
    if words:
        table = gathered(table, name, name)
    found = []
    for row, cell in enumerate(table.columns[name]):
        if words and isinstance(cell, list) and cell:
            found.append([str(word) for word in cell])
            continue
        try:
            text = as_text(cell).decode("utf-8", "replace").strip()
        except ValueError as error:
            raise ValueError(f"{table.where(row)}: {error}") from None
        if not text:
            raise ValueError(f"{table.where(row)}: the column {name!r} holds no text")
        found.append(text)
    if not found:
        raise ValueError(f"texts must be a table with a text a row. Received: {path}, without any")
    return found
