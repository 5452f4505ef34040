"""Columns of texts and of lists of words that take little memory."""

import numpy as np
import pytest

from rnnkit.formats.sentences import Sentences, numbered
from rnnkit.formats.texts import BLOCK, Builder, Column, Texts, lines_of

# More than two blocks, in which an emoji, half of a pair and empty texts lie on either side.
TEXTS = [f"{'é😀'[row % 2] if row % 7 == 0 else 'a'} {row}" * (row % 3) for row in range(2 * BLOCK)]
TEXTS[BLOCK - 1 : BLOCK + 1] = ["", "half \ud83d"]
TEXTS += ["last"]


def test_texts_read_like_a_list():
    column = Texts.of(TEXTS)
    assert list(column) == TEXTS and column == TEXTS and len(column) == len(TEXTS)
    assert column[BLOCK] == "half \ud83d" and column[-1] == "last" and column[-2:] == TEXTS[-2:]
    assert column.index("last") == 2 * BLOCK and "none" not in column
    assert column != TEXTS[:-1] and column != [*TEXTS[:-1], "first"]
    for row in (len(TEXTS), -len(TEXTS) - 1):
        with pytest.raises(IndexError):
            column[row]


def test_texts_in_pieces():
    """However they come, in blocks of any sizes."""
    builder, start = Builder(), 0
    for size in (0, 1, BLOCK - 2, 3 * BLOCK // 2, len(TEXTS)):
        builder.extend(TEXTS[start : start + size])
        start += size
    assert builder.done() == TEXTS
    assert Texts.of([]) == [] and list(Texts.of([]).blocks()) == []


def test_texts_of_some_rows():
    column = Texts.of(TEXTS)
    below = column.below()
    assert below == TEXTS[1:] and below[BLOCK - 1] == TEXTS[BLOCK] and below[0] == TEXTS[1]
    rows = [2 * BLOCK - 1, 3, 3, BLOCK]
    assert below.take(rows) == [TEXTS[row + 1] for row in rows]
    same = [TEXTS.index(text) for text in TEXTS]
    assert np.unique(column.keys(), return_inverse=True)[1].max() == len(set(same)) - 1
    assert not column.is_utf8() and column.take([0, 7]).is_utf8()
    assert column.has("a") and not column.has("#")


def test_a_column_of_other_cells_is_a_list():
    column = Column(missing=2)
    column.extend(["a"])
    assert column.done() == [None, None, "a"]
    column = Column()
    column.extend(["a", "b"])
    column.extend([1, "c"])
    assert column.done() == ["a", "b", 1, "c"]


def test_lines_end_at_line_ends_alone():
    text = "a\x0cb\u2028c\r\n\r\nd\re\n".encode()
    assert list(lines_of(text)) == [(1, "a\x0cb\u2028c"), (2, ""), (3, "d\re")]


def test_sentences_read_like_lists():
    lists = [["a", "b", "a"], [], ["b"]]
    codes, names = numbered(text for each in lists for text in each)
    sentences = Sentences(names, codes, np.array([0, 3, 3, 4]))
    assert sentences == lists and sentences[-1] == ["b"] and sentences[:2] == lists[:2]
    assert sentences.take([2, 0]) == [["b"], ["a", "b", "a"]] and sentences.take([]) == []
    assert sentences.sizes().tolist() == [3, 0, 1] and sentences.different() == {"a", "b"}
    with pytest.raises(IndexError):
        sentences[3]
