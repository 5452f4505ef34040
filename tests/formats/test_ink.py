"""Pen points as lists of strokes and as InkML: points by hand, and what is refused."""

import json

import numpy as np
import pytest

import recipes
from rnnkit.formats import inkml, points

HAND = recipes.get("handwriting")
STROKES = [[(0, 0), (1, 2), (2, 1)], [(5, 5), (6, 7)], [(8, 8)]]
ROWS = [[0, 0, 0], [1, 2, 0], [2, 1, 1], [5, 5, 0], [6, 7, 1], [8, 8, 1]]
XML = """<?xml version="1.0"?>
<ink xmlns="http://www.w3.org/2003/InkML">
  <annotation type="writer">7</annotation>
  <annotation type="truth"> word {} </annotation>
  <trace id="0">0 0, 1 2, 2 1</trace>
  <traceGroup><annotation type="truth">w</annotation><trace>
    5 5,6 7,</trace></traceGroup>
  <trace type="penUp">6 7, 8 8</trace>
  <trace>8 8</trace>
</ink>
"""


# === Strokes ===


@pytest.mark.parametrize(
    "value",
    [
        STROKES,
        [np.array(stroke) for stroke in STROKES],
        [np.transpose(stroke).tolist() for stroke in STROKES],
        json.dumps(STROKES),
        ROWS,
    ],
    ids=["points", "arrays", "x and y", "json", "rows"],
)
def test_strokes_as_lists(value):
    np.testing.assert_array_equal(points.parse(value), ROWS)


@pytest.mark.parametrize(
    "value, message",
    [
        ([[(0, 1), (2, 3)], [(4, 5), (6, 7)]], "may be two points .x, y., or both x and both y"),
        ([[(0, 1, 9), (2, 3, 9)], [(4, 5, 9)]], r"shape \(2, 3\) at stroke 0"),
        ([[(0, 1), (2,)]], "a stroke must be a list of points"),
        ([[{"x": 1, "y": 2}]], "three numbers each"),
        ([[(0, 0), (float("nan"), 1), (1, 1)]], "finite numbers.*at point 1"),
    ],
)
def test_strokes_that_cannot_be_told(value, message):
    with pytest.raises(ValueError, match=message):
        points.parse(value)


def test_drawings_in_lines_of_json(tmp_path):
    path = tmp_path / "a.ndjson"
    drawing = [[[0, 1, 2], [0, 2, 1]], [[5, 6], [5, 7]], [[8], [8]]]
    rows = [{"drawing": drawing, "word": f"w{i}"} for i in range(20)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    x, y = next(HAND.data(path).train.as_numpy_iterator())
    np.testing.assert_array_equal(x, ROWS)
    assert y == b"w0"


# === InkML ===


def test_ink_by_hand(tmp_path):
    path = tmp_path / "a.inkml"
    path.write_text(XML.format(3))
    strokes, truth = inkml.read(path)
    assert [stroke.tolist() for stroke in strokes] == [[list(p) for p in s] for s in STROKES]
    assert truth == "word 3"
    np.testing.assert_array_equal(points.parse(str(path)), ROWS)


def test_channels_are_taken_by_name(tmp_path):
    path = tmp_path / "a.inkml"
    names = "".join(f'<channel name="{name}" type="decimal"/>' for name in ("T", "Y", "X"))
    path.write_text(f"<ink><traceFormat>{names}</traceFormat><trace>9 1.5 2, 10 3 4</trace></ink>")
    strokes, truth = inkml.read(path)
    assert strokes[0].tolist() == [[2, 1.5], [4, 3]] and truth is None


@pytest.mark.parametrize(
    "text, message",
    [
        ("<ink><trace>0 0, 1 1</trace>", "a.inkml, line 1: no valid XML"),
        ("<html></html>", "expected <ink> at the top. Received: <html>"),
        ("<ink></ink>", "has no traces"),
        ("<ink>\n<trace>0 0, '1 1</trace></ink>", "line 2: expected the numbers X Y"),
        ("<ink><trace>0, 1</trace></ink>", "expected the numbers X Y of each point"),
        ("<ink><trace>0 0, nan 1</trace></ink>", "expected finite numbers"),
        ("<ink>" + "<a>" * 100 + "</a>" * 100 + "</ink>", "in one another, deeper than 50"),
        (
            '<!DOCTYPE ink [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><ink><trace>&b;</trace></ink>',
            "has a document type, which is not read",
        ),
        (
            '<!DOCTYPE ink SYSTEM "file:///etc/hostname"><ink><trace>0 0</trace></ink>',
            "has a document type",
        ),
    ],
)
def test_what_is_no_ink(tmp_path, text, message):
    path = tmp_path / "a.inkml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        inkml.read(path)


def folder(tmp_path, count=20):
    for i in range(count):
        (tmp_path / f"{i:02d}.inkml").write_text(XML.format(i))


def texts(data):
    parts = (data.train, data.validation, data.test)
    return [[y.decode() for _, y in part.as_numpy_iterator()] for part in parts]


def test_folders_and_tables_of_ink(tmp_path):
    folder(tmp_path / "train" if (tmp_path / "train").mkdir() is None else tmp_path)
    found = texts(HAND.data(tmp_path / "train"))
    assert sorted(sum(found, [])) == sorted(f"word {i}" for i in range(20))
    rows = "".join(f"train/{i:02d}.inkml,say {i}\n" for i in range(20))
    (tmp_path / "list.csv").write_text("points,text\n" + rows)
    found = texts(HAND.data(tmp_path / "list.csv"))
    assert sorted(sum(found, [])) == sorted(f"say {i}" for i in range(20))
    (tmp_path / "list.csv").write_text("points,text\n" + rows + "../up.inkml,x\n")
    with pytest.raises(ValueError, match="line 22: the path '../up.inkml' leads out"):
        HAND.data(tmp_path / "list.csv")


def test_ink_without_text_and_ink_that_cannot_be_read(tmp_path):
    folder(tmp_path)
    (tmp_path / "20.inkml").write_text("<ink><trace>0 0, 1 1</trace></ink>")
    with pytest.raises(ValueError, match="20.inkml does not say what is written.*20.txt beside"):
        HAND.data(tmp_path)
    (tmp_path / "20.txt").write_text("twenty\n")
    assert "twenty" in sum(texts(HAND.data(tmp_path)), [])
    (tmp_path / "20.inkml").write_text("<ink>")
    with pytest.raises(ValueError, match="1 of 21 pieces.*20.inkml.*no valid XML.*skip_unread"):
        HAND.data(tmp_path)
    with pytest.warns(UserWarning, match="1 of 21 pieces of writing cannot be read"):
        assert len(sum(texts(HAND.data(tmp_path, skip_unreadable=True)), [])) == 20
