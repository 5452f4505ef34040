"""Scores of tags: by hand, and at their edges."""

import pytest

from rnnkit import metrics
from rnnkit.features import Tags
from rnnkit.features.tagged import Tagged

TRUE = [["B-a", "I-a", "O", "B-b"], ["O", "B-a", "B-b"]]
SAID = [["B-a", "I-a", "B-b", "B-b"], ["O", "B-a", "I-a"]]


def test_entities_by_hand():
    # True: a(0-2), b(3-4); a(1-2), b(2-3). Said: a(0-2), b(2-3), b(3-4); a(1-3). Two are right.
    found = metrics.scores(Tags(["B-a", "I-a", "B-b", "O"]), TRUE, SAID)
    assert found == {
        "entity_f1": 0.5,
        "entity_precision": 0.5,
        "entity_recall": 0.5,
        "accuracy": pytest.approx(5 / 7),
    }
    kinds = metrics.tags.by_type(TRUE, SAID)
    assert kinds["a"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "count": 2}
    assert kinds["b"]["recall"] == 0.5 and set(kinds) == {"a", "b"}


def test_accuracy_and_macro_f1_by_hand():
    true, said = [["x", "x", "y"], ["z"]], [["x", "y", "y"], ["z"]]
    assert metrics.compute("tags", true, said) == {
        "accuracy": 0.75,
        "f1": pytest.approx((2 / 3 + 2 / 3 + 1) / 3),
    }


def test_the_scheme_chooses_the_scores():
    found = metrics.scores(Tags(["B-a", "O"]), TRUE, SAID)
    assert tuple(found) == metrics.DEFAULTS["entities"]
    assert list(metrics.scores(Tags(["x", "y"]), [["x"]], [["x"]])) == ["accuracy", "f1"]
    assert metrics.scores(Tags(["x", "y"]), [["x"]], [["x"]], ["accuracy"]) == {"accuracy": 1.0}


def test_no_entities_at_all():
    assert metrics.tags.entity_f1([["O"]], [["O"]]) == 0.0
    assert metrics.tags.by_type([["O"]], [["O"]]) == {}
    assert metrics.tags.entity_precision([["B-a"]], [["O"]]) == 0.0


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: metrics.compute("tags", TRUE, SAID, names=["entity_f2"]),
            "mean 'entity_f1'",
        ),
        (lambda: metrics.tags.accuracy([["a"]], [["a", "b"]]), "same lengths.*1 and 2 steps"),
        (lambda: metrics.tags.accuracy([[]], [[]]), "nothing to score"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_display():
    marked = Tagged([("in", "O"), ("New", "B-city"), ("<b>", "I-city"), ("now", "O")])
    assert marked.line() == "in [New <b>: city] now"
    shown = marked._repr_html_()
    assert "New &lt;b&gt;<sub" in shown and shown.count("<span") == 1
    assert Tagged([("a", "O"), ("b", "O")]).line() == "a b"
    assert Tagged([]).line() == "" and list(marked)[0] == ("in", "O")
