"""Events: every number of a step worked by hand, and histories in whatever form."""

import json
import math
import re

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from rnnkit.features import Events

DAY = 86_400
HISTORY = [
    {"time": 0, "amount": 9.0, "shop": "a", "code": 7},
    {"time": 90, "amount": -2.5, "shop": "b", "code": 8},
    {"time": 15 * DAY + 6 * 3600, "amount": None, "shop": "a", "code": 7},
]
OTHER = [{"time": 7 * DAY, "amount": 0.0, "shop": "b", "code": 7}]


@pytest.fixture
def feature():
    return Events(categories=["shop", "code"]).adapt([HISTORY, OTHER])


def encoded(feature, *histories):
    values = feature.to_tensor(list(histories))
    result = feature.encode(values)
    feature.check(values, result)
    return result.to_list()


# === Encoding ===


def test_every_number_by_hand(feature):
    assert feature.amounts == ["amount"] and feature.vocabularies == [["a", "b"], ["7"]]
    assert feature.vocabulary_sizes == [4, 3] and feature.gaps_in == ["amount"]
    assert feature.cycles == [DAY, 7 * DAY] and feature.width == 9
    logs = np.array([math.log(10), -math.log(3.5), 0.0])
    gaps = np.log1p([90, 15 * DAY + 6 * 3600 - 90])
    scaled = (logs - logs.mean()) / logs.std()
    gap = (gaps - gaps.mean()) / gaps.std()
    first, second, third = encoded(feature, HISTORY)[0]
    # ids, amount, gap, flag, sin and cos of the day and the week; 8 was seen only once.
    small = [math.sin(2 * math.pi * 90 / c) for c in (DAY, 7 * DAY)]
    week = 2 * math.pi * 1.25 / 7
    expected = [
        [2, 2, scaled[0], 0, 0, 0, 1, 0, 1],
        [3, 1, scaled[1], gap[0], 0, small[0], 1, small[1], 1],
        [2, 2, 0, gap[1], 1, 1, 0, math.sin(week), math.cos(week)],
    ]
    np.testing.assert_allclose([first, second, third], expected, atol=1e-4)


def test_unseen_categories_and_empty_histories(feature):
    (unseen,), (empty,) = encoded(feature, [{**OTHER[0], "shop": "new", "code": None}], [])
    assert unseen[:2] == [1, 1]
    assert empty == [1, 1, 0, 0, 0, 0, 0, 0, 0]
    alone = encoded(feature, [])
    assert alone == [[empty]]


def test_an_empty_category_is_one_of_its_own():
    histories = [[{"time": t, "place": place} for t, place in enumerate(["x", "", None, "x"])]]
    feature = Events().adapt(histories)
    assert feature.vocabularies == [["", "x"]] and feature.amounts == []
    assert [row[0] for row in encoded(feature, *histories)[0]] == [3, 2, 2, 3]


@pytest.mark.slow
def test_the_graph_gives_the_same(feature):
    values = feature.to_tensor([HISTORY, [], OTHER])
    graph = tf.function(feature.encode)
    for part in (values, values[1:2]):
        found, expected = graph(part), feature.encode(part)
        np.testing.assert_array_equal(found.row_splits, expected.row_splits)
        np.testing.assert_allclose(found.flat_values, expected.flat_values, atol=1e-6)


def test_the_last_events_are_kept(feature):
    whole = encoded(feature, HISTORY, OTHER)
    feature.max_length = 2
    assert encoded(feature, HISTORY, OTHER) == [whole[0][1:], whole[1]]
    again = feature.truncate(feature.encode(feature.to_tensor([HISTORY]), truncate=False))
    assert again.to_list() == [whole[0][1:]]


def test_out_of_order_is_sorted_and_counted(feature):
    with pytest.warns(UserWarning, match="2 of 4 events, in 1 of 2 histories, stood after later"):
        found = encoded(feature, HISTORY[::-1], OTHER)
    assert found == encoded(feature, HISTORY, OTHER)
    twins = [{**OTHER[0], "shop": shop} for shop in "ba"]  # the same time: the order stays
    assert [row[0] for row in encoded(feature, twins)[0]] == [3, 2]


# === Learning ===


def test_columns_are_told_apart():
    rows = [
        {"date": "2024-01-01", "fee": "1.5", "note": "1", "unit": "N/A"},
        {"date": "2024-01-02", "fee": "NaN", "note": "x", "unit": "2e3"},
    ]
    feature = Events().adapt([rows, rows])
    assert (feature.categories, feature.amounts) == (["note"], ["fee", "unit"])
    assert feature.gaps_in == ["fee", "unit"]
    assert feature.cycles == []  # two days show no week, and there is no clock
    named = Events(categories=["note"], amounts=["unit"]).adapt([rows, rows])
    assert named.width == 1 + 1 + 1 + 1  # without the fee
    again = Events.from_config(named.get_config())
    assert again.get_config() == named.get_config()


@pytest.mark.parametrize(
    "cells, message",
    [
        (["$1.50", "$2", "$12.50"], "as 3 of 3 cells are, or of categories, as '$1.50' is no"),
        (["1.50 EUR", "3 €", ""], "as 2 of 2 cells are"),
        (["5 %", "12 %", "7%"], "3 of 3 cells"),
        ([*map(str, range(20)), "?"], "as 20 of 21 cells are, or of categories, as '?' is no"),
        (["1", "2", "x"], None),  # codes
        (["12AB", "3CD", "4"], None),
    ],
)
def test_columns_that_may_be_amounts_or_categories(cells, message):
    history = [{"time": time, "amount": 1.0, "what": cell} for time, cell in enumerate(cells)]
    assert "what" in Events(categories=["what"], min_count=1).adapt([history]).categories
    if message is None:
        assert Events(min_count=1).adapt([history]).categories == ["what"]
        return
    with pytest.raises(ValueError, match=re.escape(message) + r".*categories=\['what', ...\]"):
        Events().adapt([history])


def test_vocabulary_limits():
    rows = [{"time": t, "shop": shop} for t, shop in enumerate("aaabbbccd")]
    assert Events().adapt([rows]).vocabularies == [["a", "b", "c"]]
    assert Events(min_count=1, vocabulary_size=4).adapt([rows]).vocabularies == [["a", "b"]]


def test_datasets_are_learned_from_and_columns_may_move(feature):
    values = feature.to_tensor([HISTORY, OTHER])
    learned = Events(categories=["shop", "code"]).adapt(tf.data.Dataset.from_tensor_slices(values))
    assert learned.get_config() == feature.get_config()
    text = "time\textra\tcode\tamount\tshop\n604800\tx\t7\t0\tb"
    assert encoded(feature, text) == encoded(feature, OTHER)
    raw = tf.constant([text])
    assert feature.encode(raw).to_list() == encoded(feature, OTHER)


# === Forms ===


def test_all_forms_are_the_same(feature, tmp_path):
    expected = encoded(feature, HISTORY)
    frame = pd.DataFrame(HISTORY)
    dated = frame.assign(time=pd.to_datetime(frame["time"], unit="s"))
    path = tmp_path / "history.csv"
    dated.to_csv(path, index=False)
    columns = {name: [row[name] for row in HISTORY] for name in HISTORY[0]}
    milliseconds = frame.assign(time=(frame["time"] + 1e9) * 1000)
    shifted = [{**row, "time": row["time"] + 1e9} for row in HISTORY]
    for form in (frame, dated, columns, json.dumps(HISTORY), str(path), path.read_text()):
        assert encoded(feature, form) == expected
    assert encoded(feature, milliseconds) == encoded(feature, shifted)
    for one in (frame, HISTORY):  # one history alone
        assert feature.encode(feature.to_tensor(one)).to_list() == expected
    texts = feature.to_tensor([HISTORY, OTHER])
    for many in (texts, texts.numpy(), pd.Series(texts.numpy())):
        assert feature.encode(feature.to_tensor(many)).to_list() == encoded(feature, HISTORY, OTHER)


def test_decode_gives_the_events_back(feature):
    values = feature.encode(feature.to_tensor([HISTORY, OTHER])).to_tensor(float("nan"))
    (first, second, third), (other,) = feature.decode(values.numpy())
    assert (first["shop"], first["code"], second["code"]) == ("a", "7", None)
    assert first["amount"] == pytest.approx(9) and second["amount"] == pytest.approx(-2.5)
    assert second["time since the event before"] == pytest.approx(90, rel=1e-4)
    assert other["amount"] == pytest.approx(0, abs=1e-5) and third["shop"] == "a"


def test_fresh_process(feature, feature_in_fresh_process):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(feature))
    assert again.get_config() == feature.get_config()
    assert feature_in_fresh_process(feature, [HISTORY, []]) == encoded(feature, HISTORY, [])


# === Bad input ===


@pytest.mark.parametrize(
    "history, message",
    [
        ([{"amount": 1.0, "shop": "a", "code": 7}], "history 0 has no column of times.*'date'"),
        ([{"time": 1, "shop": "a", "code": 7}], "history 0 has no column 'amount'"),
        ([{**OTHER[0], "time": "soon"}], "line 1: the column 'time' holds 'soon'.*no time"),
        ([{**OTHER[0], "time": None}], "line 1: the column 'time' holds None"),
        ("time,amount\n1", "history 0, line 2: expected 2 fields"),
        ("[{", "history 0: no valid JSON"),
        ("hello", "must be a csv text with a header, JSON, or the path"),
        ("nowhere.csv", "There is no file 'nowhere.csv'"),
        ([1, 2], "history 0 must be a list of dicts"),
        ({"time": [1], "amount": [1, 2]}, "history 0: a dict must have a list for each column"),
    ],
)
def test_bad_histories(feature, history, message):
    with pytest.raises(ValueError, match=message):
        feature.to_tensor([history])


@pytest.mark.parametrize(
    "text, message",
    [
        ("time\tshop\n1\ta", "History 0 must be a text with the columns.*'amount'"),
        ("time,shop,code,amount\n1,a,7,2", "History 0 must be a text with the columns"),
        ("time\tshop\tcode\tamount\n5\ta\t7\tmuch", "event 1: the amount 'amount' must.*'much'"),
        ("time\tshop\tcode\tamount\n5\ta\t7\t1\n4\ta\t7\t1", "event 2: times must.*'4'"),
    ],
)
def test_bad_raw_texts(feature, text, message):
    with pytest.raises(ValueError, match=message):
        feature.check(tf.constant([text]), None)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"max_length": 0}, "max_length must be None or an integer"),
        ({"vocabulary_size": 2}, "vocabulary_size must be an integer of at least 3"),
        ({"categories": "shop"}, "categories must be a list"),
        ({"categories": ["shop"], "amounts": ["shop"]}, "must be named once"),
        ({"categories": ["shoe"]}, "categories names the column 'shoe'.*'shop'"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        Events(**options).adapt([HISTORY])


def test_no_events_teach_nothing():
    with pytest.raises(ValueError, match="needs at least one event"):
        Events().adapt([[], []])


@pytest.mark.parametrize("change", [
    {"categories": None}, {"categories": []}, {"amounts": None}, {"gaps_in": None},
    {"mean": None}, {"mean": 1.0}, {"mean": [1.0]}, {"deviation": None}, {"cycles": None},
])  # fmt: skip
def test_what_is_learned_is_whole(change):
    history = [{"time": 0, "amount": 1.0, "shop": "a"}, {"time": 9, "amount": 2.0, "shop": "a"}]
    config = Events().adapt([history]).get_config()
    assert Events(**config).adapted
    with pytest.raises(ValueError, match="(vocabularies|mean|deviation) must be"):
        Events(**config | change)
