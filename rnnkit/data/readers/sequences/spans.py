"""Entities as stretches of a text, such as [[0, 4, "PER"]], as words with their tags."""

import collections.abc
import json
import numbers

from rnnkit.features.splitting import split_words
from rnnkit.formats import json_rows
from rnnkit.formats.cells import missing
from rnnkit.formats.tables import Table
from rnnkit.formats.texts import Texts
from rnnkit.utils.messages import shorten

# What the parts of a span are called.
KEYS = (
    ("start", "start_offset", "begin"),
    ("end", "end_offset"),
    ("label", "type", "tag", "entity", "entity_group", "entity_type", "labels"),
)


def tagged(table, input_column, target_column):
    """A table of texts with spans as one of words with tags; others as they are.

    A span is a list `[start, end, label]` or a dict with these keys (or the usual others), in
    characters from 0, the end exclusive. Texts are taken apart as `Words` does it. The first word
    of a span gets the tag `B-label`, its others `I-label`, words outside `O`. Lists may be written
    as JSON, as tables of text hold them.

    Raises:
        ValueError: For spans that begin or end within a word, overlap, or reach out of the text;
            the message names the line.
    """
    cells = table.columns[target_column]
    if isinstance(cells, Texts) and not any(each.lstrip()[:1] == "[" for each in cells):
        return table
    cells = [_parsed(each, table, row) for row, each in enumerate(table.columns[target_column])]
    if not any(_is_spans(each) for each in cells):
        return table
    words, tags = [], []
    for row, (text, spans) in enumerate(zip(table.columns[input_column], cells, strict=True)):
        try:
            if not isinstance(text, str):
                raise ValueError(f"expected a text. Received: {shorten(repr(text), 80)}")
            if not (missing(spans) or spans == "" or _is_list(spans)):
                raise ValueError(f"expected a list of spans. Received: {shorten(repr(spans), 80)}")
            found = _words_and_tags(text, spans if _is_list(spans) else [])
        except ValueError as error:
            raise ValueError(f"{table.where(row)}: {error}") from None
        words.append(found[0])
        tags.append(found[1])
    columns = {**table.columns, input_column: words, target_column: tags}
    return Table(columns, list(table.lines), table.source)


def _parsed(cell, table, row):
    if isinstance(cell, str) and cell.strip().startswith(("[[", "[{")):
        return json_rows.parse(cell, table.where(row))
    return [] if isinstance(cell, str) and cell.strip() == "[]" else cell


def _is_list(cell):
    return isinstance(cell, collections.abc.Sequence) and not isinstance(cell, (str, bytes))


def _is_spans(cell):
    return (
        _is_list(cell)
        and len(cell) > 0
        and all(isinstance(each, dict) or (_is_list(each) and len(each) == 3) for each in cell)
    )


def _words_and_tags(text, spans):
    words, borders, position = split_words(text), [], 0
    for word in words:
        start = text.index(word, position)
        position = start + len(word)
        borders.append((start, position))
    starts = {start: index for index, (start, _) in enumerate(borders)}
    ends = {end: index for index, (_, end) in enumerate(borders)}
    tags = ["O"] * len(words)
    for span in spans:
        start, end, label = _parts(span)
        shown = f"{json.dumps([start, end, label], ensure_ascii=False)} of {shorten(repr(text))}"
        if not 0 <= start < end <= len(text) or not text[start:end].strip():
            raise ValueError(f"the span {shown} has no words in the text of {len(text)} characters")
        inside = text[start:end]
        end -= len(inside) - len(inside.rstrip())
        start += len(inside) - len(inside.lstrip())
        if start not in starts or end not in ends:
            near = [w for w, (a, b) in zip(words, borders, strict=True) if a < end and b > start]
            raise ValueError(
                f"the span {shown} is {inside!r}, which begins or ends within a word: the words "
                f"there are {near}. Move its ends, or pass words with their tags"
            )
        first, last = starts[start], ends[end]
        if any(tag != "O" for tag in tags[first : last + 1]):
            raise ValueError(f"the span {shown} overlaps another: a word has one tag")
        tags[first : last + 1] = [f"B-{label}"] + [f"I-{label}"] * (last - first)
    return words, tags


def _parts(span):
    """Start, end and label of a span."""
    if isinstance(span, dict):
        found = [next((span[key] for key in keys if key in span), None) for keys in KEYS]
    else:
        found = list(span)
    start, end, label = found
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    whole = all(
        isinstance(each, numbers.Integral) and not isinstance(each, bool) for each in (start, end)
    )
    if not whole or not isinstance(label, str) or not label.strip():
        raise ValueError(
            "a span must be [start, end, label] or a dict with start, end and label. Received: "
            f"{shorten(repr(span), 80)}"
        )
    return int(start), int(end), label.strip()
