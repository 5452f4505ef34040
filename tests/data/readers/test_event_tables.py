"""Histories out of tables: joined with their labels, grouped, in folds, and what does not fit."""

import re

import pandas as pd
import pytest

import recipes

fraud = recipes.get("fraud_detection")
CARDS = [f"c{number}" for number in range(30)]
LABELS = pd.DataFrame(
    {
        "card_id": CARDS,
        "label": ["fraud" if number % 10 == 0 else "ok" for number in range(30)],
        "fold": [number % 3 for number in range(30)],
    }
)
EVENTS = pd.DataFrame(
    [
        {
            "card_id": card,
            "date": f"2024-01-{day:02}",
            "amount": day / 2,
            "shop": "ab"[day % 2],
            "place": f"p{number}",
        }
        for day in (1, 2, 3)
        for number, card in enumerate(CARDS)
    ]
)
FIRST = "time\tamount\tshop\n1704067200\t0.5\tb\n1704153600\t1\ta\n1704240000\t1.5\tb"


def examples(dataset):
    """Histories and labels; of the histories without the column in which all differ."""
    found = [(x.decode(), y.decode()) for x, y in dataset.as_numpy_iterator()]
    return [(re.sub(r"\t(place|p\d+)$", "", x, flags=re.MULTILINE), y) for x, y in found]


# Files have texts, frames have numbers.
WRITTEN = FIRST.replace("\t1\t", "\t1.0\t")


def folder(tmp_path, events=EVENTS, labels=LABELS):
    events.to_csv(tmp_path / "payments.csv", index=False)
    labels.to_csv(tmp_path / "cards.csv", index=False)
    return tmp_path


# === Tables ===


def test_two_tables_are_joined(tmp_path):
    for source in (folder(tmp_path), (EVENTS, LABELS)):
        data = fraud.data(source)
        assert data.sizes == {"train": 22, "validation": 4, "test": 4}  # a fraud in each
        found = sum((examples(part) for part in (data.train, data.validation, data.test)), [])
        assert {text for text, _ in found} <= {FIRST, WRITTEN}
        assert sum(label == "fraud" for _, label in found) == 3


def test_one_table_that_carries_the_label(tmp_path):
    whole = EVENTS.merge(LABELS, on="card_id")
    whole.drop(columns="fold").to_csv(tmp_path / "all.csv", index=False)
    for source in (tmp_path / "all.csv", tmp_path, whole.drop(columns="fold")):
        assert examples(fraud.data(source).test)[0][0] in (FIRST, WRITTEN)
    for split in ("train", "validation", "test"):
        whole.to_csv(tmp_path / f"set_{split}.csv", index=False)
    data = fraud.data(tmp_path, name="set")
    assert set(data.sizes.values()) == {30}


def test_other_names_are_given():
    events = EVENTS.rename(columns={"card_id": "who"})
    labels = LABELS.rename(columns={"card_id": "who", "label": "bad"})
    data = fraud.data((events, labels), target="bad")  # the shared column is found
    assert examples(data.test)[0][0] == FIRST
    data = fraud.data(events.merge(labels, on="who"), input="who", target="bad", fold=1)
    assert examples(data.test)[0][0] == FIRST


def test_folds():
    data = fraud.data((EVENTS, LABELS), fold=2)
    assert data.sizes == {"train": 10, "validation": 10, "test": 10}
    # Fold 2 has the frauds c20, and the one after it, 0, has c0.
    assert [label for _, label in examples(data.test)].count("fraud") == 1
    assert [label for _, label in examples(data.validation)][0] == "fraud"
    frame = pd.DataFrame({"text": list("abcdef"), "label": list("xyxyxy"), "fold": [10, 9, 2] * 2})
    found = recipes.get("sentiment").data(frame, fold=10)
    assert examples(found.test) == [("a", "x"), ("d", "y")]
    assert examples(found.validation) == [("c", "x"), ("f", "y")]  # 2 comes after 10
    assert examples(found.train) == [("b", "y"), ("e", "x")]


def test_histories_in_hand():
    histories = [[{"time": 1, "amount": 2.0}]] * 20
    data = fraud.data((histories, ["ok", "fraud"] * 10))
    assert examples(data.test)[0][0] == "time\tamount\n1\t2"


# === What is out of the ordinary ===


def test_what_is_left_out_or_empty_is_counted():
    with pytest.warns(UserWarning, match="1 of 30 histories in the frame have no label"):
        fraud.data((EVENTS, LABELS.drop(index=3)))
    with pytest.warns(UserWarning, match="1 of 30 labels have no events.*are empty"):
        data = fraud.data((EVENTS[EVENTS.card_id != "c3"], LABELS), fold=0)
    assert ("time\tamount\tshop", "ok") in examples(data.test)


def test_order_is_counted_once():
    with pytest.warns(UserWarning, match="60 of 90 events, in 30 of 30 histories") as found:
        data = fraud.data((EVENTS[::-1], LABELS))
    assert len(found) == 1 and examples(data.test)[0][0] == FIRST


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda e, n: (e.drop(columns="date"), n), "the frame has no column of times.*'date'"),
        (lambda e, n: (e.assign(date="soon"), n), "line 0: the column 'date' holds 'soon'"),
        (lambda e, n: (e.assign(card_id=None), n), "line 0: the column 'card_id' is empty"),
        (lambda e, n: (e, n.assign(label=None)), "line 0: the column 'label' holds no label"),
        (lambda e, n: (e, n.assign(card_id="c1")), "line 1: card_id 'c1' has a label already"),
        (lambda e, n: (e, n.assign(card_id=range(30))), "No card_id of the frame occurs in"),
        (lambda e, n: (e, n.drop(columns="card_id")), "must share a column that names the history"),
        (lambda e, n: (e, n.drop(columns="label")), "no column for the target"),
    ],
)
def test_tables_that_do_not_fit(change, message):
    with pytest.raises(ValueError, match=message):
        fraud.data(change(EVENTS, LABELS))


def test_labels_that_differ_within_a_history():
    whole = EVENTS.assign(label=["ok"] * 89 + ["fraud"])
    with pytest.raises(ValueError, match="line 89: the column 'label' holds 'fraud', but 'ok' in"):
        fraud.data(whole)


def test_folders_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="of which one alone has the column of the target"):
        fraud.data(folder(tmp_path, labels=EVENTS))


@pytest.mark.parametrize(
    "source, fold, message",
    [
        ((EVENTS, LABELS), 3, r"fold must be one of the folds.*fold=3. Folds found: \['0', '1'"),
        ((EVENTS, LABELS.drop(columns="fold")), 0, "needs a single table with a column 'fold'"),
        ((EVENTS, LABELS.assign(fold=0)), 0, "must be three or more"),
        ((EVENTS, LABELS.assign(fold=None)), 0, "the column 'fold' is empty"),
        (None, 0, "fold is for tables of examples"),
        ("imdb_reviews", 0, "fold is for tables of examples"),
    ],
)
def test_folds_that_are_none(source, fold, message):
    with pytest.raises(ValueError, match=message):
        fraud.data(source, fold=fold)
