"""Arrays of objects, read a window at a time: the same rows as the whole text gives, or refused as
the whole text is."""

import json
import random

import pytest

from rnnkit.formats import json_rows

ODD = 'é\u2028\\😀"[{,}] \ud83d'


def anything(rng, depth=0):
    """A random value of JSON."""
    parts = range(rng.randrange(3) if depth < 3 else 0)
    kinds = [
        rng.random(), rng.randrange(-10, 10**9), ODD[: rng.randrange(9)], None, True,
        [anything(rng, depth + 1) for _ in parts],
        {f"k{index}": anything(rng, depth + 1) for index in parts},
    ]  # fmt: skip
    return rng.choice(kinds)


@pytest.mark.parametrize("window", [1, 3, 50, 2**20])
def test_rows_of_any_content(monkeypatch, window):
    monkeypatch.setattr(json_rows, "WINDOW", window)
    rng = random.Random(window)
    for count in range(1, 40):
        rows = [{"a": anything(rng), "b": anything(rng)} for _ in range(count)]
        text = json.dumps(rows, ensure_ascii=count % 2 == 0, indent=count % 3 or None)
        columns, numbers, unit = json_rows.read(
            text.encode("utf-8", "surrogatepass"), "the text", ".json"
        )
        assert list(columns["a"]) == [row["a"] for row in rows]
        assert list(columns["b"]) == [row["b"] for row in rows]
        assert (list(numbers), unit) == (list(range(1, count + 1)), "row")


@pytest.mark.parametrize("window", [4, 2**20])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}', "t.json: no valid JSON"),
        ('[{"a": 1},\n{"a": tru}]', "t.json: no valid JSON .*at line 2"),
        ('[{"a": 1}, 2]', "t.json, row 2: expected an object {...}, found 2"),
        ('[{"a": 1}]\n[{"a": 2}]', "t.json, line 1: expected an object"),
        ('[{"a": ' + "[" * 20 + "]" * 20 + "}]", "at most 20 levels"),
    ],
)
def test_refused_as_the_whole_is(monkeypatch, text, message, window):
    monkeypatch.setattr(json_rows, "WINDOW", window)
    with pytest.raises(ValueError, match=message):
        json_rows.read(text.encode(), "t.json", ".json")


def test_a_list_that_is_nested_as_deep_as_may_be():
    text = '[{"a": ' + "[" * 18 + "]" * 18 + "}]"
    columns, *_ = json_rows.read(text.encode(), "t.json", ".json")
    assert len(columns["a"]) == 1
