"""Tables of events on the command line: an answer for each card, or for the one history."""

import csv
import json
import os

import numpy as np
import pandas as pd
import pytest

from rnnkit.cli import main
from rnnkit.features import Detection, Events
from rnnkit.models import ManyToOne

SHOPS = ["fuel", "food", "toys"]
CARDS = ["b", "a", "c"]  # in the order in which they occur


def events(cards=CARDS, key="card_id", **more):
    """A table with four events of each card, mixed in time."""
    rows = [
        {key: card, "time": 10 * step + index, "amount": index + step / 2, "shop": SHOPS[step % 3]}
        for step in range(4)
        for index, card in enumerate(cards)
    ]
    return pd.DataFrame(rows).assign(**more)


def alone(card):
    """The events of a card without its name."""
    whole = events()
    return whole[whole["card_id"] == card].drop(columns="card_id")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model and the folder where it lies."""
    folder = tmp_path_factory.mktemp("events")
    feature = Events().adapt([alone(card) for card in CARDS])
    label = Detection(positive="fraud").adapt(["fraud", "ok"])
    model = ManyToOne(feature, label, units=3, embedding_size=2, pooling="max", seed=1)
    model.recipe = "fraud_detection"
    model.save(folder / "m.keras")
    return model, folder


@pytest.fixture
def here(made, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return made


def infer(here, *arguments):
    return main(["infer", str(here[1] / "m.keras"), *arguments])


def expected(model, cards=CARDS):
    return [model.infer(alone(card))["probability"] for card in cards]


def written(path="out.csv"):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_an_answer_for_each_card_in_order(here, capsys):
    events().to_csv("all.csv", index=False)
    found = expected(here[0])
    assert len(set(found)) == 3  # they can be told apart
    assert infer(here, "all.csv") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["card_id"] for line in lines] == CARDS
    assert [line["input"] for line in lines] == ["all.csv"] * 3
    np.testing.assert_allclose([line["probability"] for line in lines], found, rtol=1e-5)
    assert infer(here, "all.csv", "--out", "out.csv") == 0
    rows = written()
    assert list(rows[0]) == ["card_id", "prediction", "probability"]
    assert [row["card_id"] for row in rows] == CARDS
    np.testing.assert_allclose([float(row["probability"]) for row in rows], found, rtol=1e-5)


def test_names_that_are_numbers_labels_beside_and_decimal_commas(here):
    table = events(cards=[7, 11], label="ok").rename(columns={"card_id": "Account"})
    table["amount"] = table["amount"].map("{:.1f}".format).str.replace(".", ",")
    table.to_csv("all.csv", index=False, sep=";")
    assert infer(here, "all.csv", "--out", "out.csv") == 0
    rows = written()
    assert [row["Account"] for row in rows] == ["7", "11"]
    found = [float(row["probability"]) for row in rows]
    np.testing.assert_allclose(found, expected(here[0], CARDS[:2]), rtol=1e-5)


def test_several_files(here):
    alone("b").to_csv("one.csv", index=False)
    events(CARDS).query("card_id != 'b'").to_csv("two.csv", index=False)
    assert infer(here, "one.csv", "two.csv", "--out", "out.csv") == 0
    rows = written()
    assert [(row["input"], row["card_id"]) for row in rows] == [
        ("one.csv", ""), ("two.csv", "a"), ("two.csv", "c"),
    ]  # fmt: skip
    found = [float(row["probability"]) for row in rows]
    np.testing.assert_allclose(found, expected(here[0]), rtol=1e-5)


@pytest.mark.slow
def test_one_history(here, capsys):
    alone("a").to_csv("one.csv", index=False)
    alone("a").assign(card_id="a").to_csv("named.csv", index=False)
    for name in ("one.csv", "named.csv"):
        assert infer(here, name) == 0
        (line,) = capsys.readouterr().out.splitlines()
        assert json.loads(line)["probability"] == pytest.approx(expected(here[0], "a")[0])
        assert infer(here, name, "--out", "out.csv", "--overwrite") == 0
        assert len(written()) == 1


def test_another_column_is_named_or_refused(here, capsys):
    events(key="user").to_csv("all.csv", index=False)
    assert infer(here, "all.csv") == 2
    said = capsys.readouterr().err
    assert "may be one history, or 3 that the column 'user' tells apart" in said
    assert "--input user" in said
    assert infer(here, "all.csv", "--input", "user", "--out", "out.csv") == 0
    assert [row["user"] for row in written()] == CARDS
    # Of any name, where times start again with each value.
    table = events(key="kunde").sort_values("kunde", kind="stable")
    table.to_csv("sorted.csv", index=False)
    assert infer(here, "sorted.csv") == 2
    assert "the column 'kunde' tells apart" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_no_name_of_a_history(here, capsys):
    events(CARDS[:1]).drop(columns="card_id").assign(
        id=range(4), note=["x", "y", "x", "y"], label="ok"
    ).to_csv("one.csv", index=False)
    assert infer(here, "one.csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_two_columns_that_differ(here, capsys):
    table = events().assign(
        customer_id=lambda table: table["card_id"].map({"a": 1, "b": 1, "c": 2})
    )
    table.to_csv("all.csv", index=False)
    assert infer(here, "all.csv") == 2
    said = capsys.readouterr().err
    assert "'card_id' and by 'customer_id'" in said
    assert "--input card_id or --input customer_id" in said
    assert infer(here, "all.csv", "--input", "customer_id", "--out", "out.csv") == 0
    assert [row["customer_id"] for row in written()] == ["1", "2"]
    # Two names for the same.
    events().assign(customer=lambda table: table["card_id"].str.upper()).to_csv("same.csv")
    assert infer(here, "same.csv", "--out", "out.csv", "--overwrite") == 0
    assert [row["card_id"] for row in written()] == CARDS


def test_bad_tables(here, capsys):
    table = events()
    table.loc[5, "card_id"] = None
    table.to_csv("all.csv", index=False)
    assert infer(here, "all.csv") == 2
    assert "all.csv, line 7: the column 'card_id' is empty" in capsys.readouterr().err
    events().drop(columns="shop").to_csv("all.csv", index=False)
    assert infer(here, "all.csv", "--out", "out.csv") == 2
    assert "has no column 'shop'" in capsys.readouterr().err
    assert not os.path.exists("out.csv")


def test_in_python_several_cards_are_no_history(here):
    """Where one history is wanted, the events of several cards are refused."""
    model = here[0]
    events().to_csv("all.csv", index=False)
    for given in (events(), "all.csv", events().to_csv(index=False), events().to_dict("records")):
        with pytest.raises(
            ValueError, match=r"events of 3 values of 'card_id'.*groupby\('card_id'\)"
        ):
            model.infer(given)
    parts = [part for _, part in events().groupby("card_id")]
    found = [each["probability"] for each in model.infer(parts)]
    np.testing.assert_allclose(found, expected(model, ["a", "b", "c"]), rtol=1e-5)
