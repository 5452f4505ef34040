"""What kind of table a text is, where the name of its file does not say."""

import json

from rnnkit.formats import separators

WORDS = {
    ".tsv": "text with tabs", ".csv": "csv", ".jsonl": "an object of JSON a line", ".json": "JSON",
}  # fmt: skip
# Files that are tables for other programs.
OTHERS = (".xlsx", ".xls", ".ods", ".parquet", ".feather", ".arrow", ".orc", ".pkl", ".pickle")
# Characters that are looked at.
HEAD = 100_000


def kind_of(text, label):
    """The ending that a file of this content usually has; None for what is no table.

    Args:
        text: The text.
        label: What to call it in messages.

    Raises:
        ValueError: If columns may be separated in two ways; see `separators.of`.

    Example:

    >>> kind_of('{"text": "a", "label": "b"}\\n', "reviews"), kind_of("a\\tb\\n", "reviews")
    ('.jsonl', '.tsv')
    >>> kind_of("Call me Ishmael.\\nSome years ago\\n", "reviews") is None
    True
    """
    lines = [line for line in text[:HEAD].splitlines() if line.strip()]
    if len(text) > HEAD and len(lines) > 1:
        del lines[-1]  # it may be cut
    if not lines:
        return None
    if lines[0].lstrip()[0] in "{[":
        try:
            first = json.loads(lines[0])
        except (ValueError, RecursionError):
            return ".json" if text.rstrip()[-1] in "}]" else None
        row = isinstance(first, dict) and not any(isinstance(v, list) for v in first.values())
        return ".jsonl" if row or (isinstance(first, dict) and len(lines) > 1) else ".json"
    if len({line.count("\t") for line in lines}) == 1 and "\t" in lines[0]:
        return ".tsv"
    sizes = {len(row) for row in separators.rows(text, separators.of(text, label, told=False))}
    return ".csv" if len(sizes) == 1 and sizes != {1} else None
