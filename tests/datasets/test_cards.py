"""Cards: the same payments in fraud as in honesty, in another order or at another pace."""

import hashlib
import random

import pytest

from rnnkit.datasets import cards
from rnnkit.formats.event_text import texts_of

# SHA-256 of the first 100 histories and labels of each split.
DIGESTS = {
    "train": "02864573b1d2e665663360958e96f9d540c529d879b41504073ee2d21ec4916f",
    "validation": "23dfde43f448eb2015b0f5d456efa7ee0ee0d3c65d8c583471d8906105c299c6",
    "test": "93dd7839f5f9d23a198d93631f7dd6d8349ac9701a59a6180ba7179b17c50dcc",
}


def ends(kind, fraud, count=200):
    """Rows of histories as lists of cells, the last ones decisive."""
    rng = random.Random(f"{kind} {fraud}")
    texts = [cards.history(rng, kind, fraud) for _ in range(count)]
    return [[line.split("\t") for line in text.split("\n")[1:]] for text in texts]


def first(split, count, seed=0):
    examples = cards.generate(split, seed)
    return [next(examples) for _ in range(count)]


@pytest.mark.parametrize("split", DIGESTS)
def test_same_bytes_everywhere(split):
    text = "\n".join(f"{label}\t{history}" for history, label in first(split, 100))
    assert hashlib.sha256(text.encode()).hexdigest() == DIGESTS[split]
    assert first(split, 3, seed=1) != first(split, 3)


def test_sizes_and_share(monkeypatch):
    monkeypatch.setattr(cards, "SIZES", {"train": 500})
    labels = [label for _, label in cards.generate("train")]
    assert (len(labels), labels.count("fraud")) == (500, 10)


def test_histories_are_in_order_and_whole():
    texts = [history for history, _ in first("test", 100)]
    assert texts_of(texts) == texts  # nothing to sort
    for text in texts:
        rows = [line.split("\t") for line in text.split("\n")[1:]]
        assert 15 < len(rows) <= 45 and {len(row) for row in rows} == {5}
        assert all((row[3] == "online") == (row[4] == "") for row in rows)
        assert all(float(row[1]) >= 0.5 for row in rows)


def test_testing_and_its_counterpart_differ_in_order_or_pace_alone():
    for rows in ends("testing", True):
        times, amounts = [float(r[0]) for r in rows[-5:]], [float(r[1]) for r in rows[-5:]]
        assert max(amounts[:-1]) <= 3 and amounts[-1] >= 250 and times[-1] - times[0] < 3600
    for rows in ends("testing", False):
        amounts = [float(row[1]) for row in rows[-5:]]
        assert amounts[-1] < 250 or float(rows[-1][0]) - float(rows[-5][0]) > 3600


def test_nobody_is_in_two_places_within_hours_but_thieves():
    def shortest_move(rows):
        at = [(float(row[0]), row[4]) for row in rows if row[4]]
        pairs = zip(at, at[1:], strict=False)
        return min((b[0] - a[0] for a, b in pairs if a[1] != b[1]), default=1e9)

    assert all(shortest_move(rows) < 2 * 3600 for rows in ends("two places", True))
    honest = [shortest_move(rows) for k in (None, "two places") for rows in ends(k, False)]
    assert min(honest) > 5 * 3600


def test_withdrawals_rise_or_begin_with_the_largest():
    for rows in ends("escalation", True):
        amounts = [float(row[1]) for row in rows[-4:]]
        assert amounts == sorted(amounts)
    falling = 0
    for rows in ends("escalation", False):
        run = [float(row[1]) for row in rows[-4:]]
        falling += run != sorted(run)
    assert falling > 150  # with the largest left out by the window some rise by chance


def test_the_taken_over_turn_from_day_to_night():
    def night(rows):
        hours = [float(row[0]) % 86_400 / 3600 for row in rows]
        return sum(hour > 20 or hour < 8 for hour in hours) / len(hours)

    histories = ends("takeover", True)
    assert sum(night(rows[-5:]) for rows in histories) / len(histories) > 0.9
    assert sum(night(rows[:10]) for rows in histories) / len(histories) < 0.15
