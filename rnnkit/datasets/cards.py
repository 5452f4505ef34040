"""Histories of card payments, a few of which end in fraud that only their order shows.

Every pattern of fraud has a counterpart among the honest: the same payments at the same rate, in
another order or at another pace. Only Python is needed.
"""

import math
import random
from collections.abc import Iterator

from rnnkit.datasets.samples import generator

SIZES = {"train": 12_000, "validation": 4_000, "test": 6_000}
LABELS = ("genuine", "fraud")
FRAUD_SHARE = 0.02

CARD = """\
# rnnkit_cards

Histories of card payments, some of which end in fraud: 12,000 to train, 4,000 to validate, 6,000 to
test. All of it is synthetic: a simulator of card holders, made offline; 2 % of the histories are
fraud.

**Histories.** 16 to 40 payments, each with time, amount, shop (eleven kinds), channel (chip,
online, cash) and place (eight cities far apart; none online). Each holder has a home, shops, a
pace, hours and a purse of their own. Three in ten make a trip: a ticket, a day on the way, some
days abroad.

**Fraud** is what the last payments of a history are, in four kinds, each as frequent:

- testing: four to six tiny online payments minutes apart, then a large one. The honest do the same
  with the large one first and small extras after it, or with days between the payments.
- two places: chip payments in another city within the hour, then home again. The honest travel:
  the same, with hours on the way.
- escalation: four to six cash withdrawals an hour or two apart, each larger. The honest make as
  many at the same pace, the largest first.
- takeover: a holder of the day is all at once one of the night. The honest work in shifts, and are
  both in turns.

One honest history in three holds one such counterpart at its end, so that no single payment and no
count of payments tells fraud from honesty.

**Scores.** The recipe with default settings (GRU, seed 1) against the same with `cell="dense"`,
which knows each payment and the time since the one before, but no order, on the test split:

| cell | average precision | ROC AUC | recall at 0.1 % false alarms | at 1 % |
| --- | --- | --- | --- | --- |
| gru | 0.956 | 0.999 | 0.817 | 1.000 |
| dense | 0.065 | 0.792 | 0.000 | 0.050 |

**Limits.** Four kinds of fraud, all made by rule and at the end of a history; real fraud changes as
it is found, and real labels come late and with errors. A score here shows that a model reads the
order of events.
"""

_SHOPS = {  # kind: (typical amount, spread of its logarithm, channel)
    "groceries": (38.0, 0.6, "chip"), "fuel": (52.0, 0.3, "chip"),
    "restaurant": (31.0, 0.5, "chip"), "clothes": (64.0, 0.6, "chip"),
    "pharmacy": (17.0, 0.5, "chip"), "streaming": (11.0, 0.2, "online"),
    "electronics": (180.0, 0.8, "online"), "games": (6.0, 0.7, "online"),
    "books": (22.0, 0.5, "online"),
}  # fmt: skip
_CITIES = ("Arlen", "Bergau", "Corvo", "Dunmore", "Esker", "Falun", "Girona", "Hadley")
_HOUR, _DAY = 3600.0, 86_400.0
_HEADER = "time\tamount\tshop\tchannel\tplace"
_KINDS = ("testing", "two places", "escalation", "takeover")


class _Holder:
    """Someone with a card: where and when and on what it is used."""

    def __init__(self, rng: random.Random, shifts: str):
        self.rng = rng
        self.home = rng.choice(_CITIES)
        self.shops = rng.sample(sorted(_SHOPS), rng.randint(4, 7))
        self.purse = math.exp(rng.gauss(0.0, 0.4))
        self.pace = _DAY * rng.uniform(0.4, 1.5)  # mean time between payments
        self.time = float(rng.randint(0, 300) * int(_DAY))
        self.shifts = shifts  # "day", "night", or "both" in turns
        self.place = self.home
        self.rows: list[str] = []

    def hour(self) -> float:
        """Time of the day of the next payment, in seconds."""
        night = self.shifts == "night"
        if self.shifts == "both":
            night = int(self.time // (4 * _DAY)) % 2 == 1
        middle = 2.0 if night else 14.0
        return ((middle + self.rng.gauss(0.0, 2.2)) % 24) * _HOUR

    def add(self, shop: str, channel: str, amount: float) -> None:
        place = "" if channel == "online" else self.place
        amount = max(0.5, round(amount, 2))
        self.rows.append(f"{int(self.time)}\t{amount:g}\t{shop}\t{channel}\t{place}")

    def wait(self, seconds: float) -> None:
        self.time += max(1.0, seconds)

    def live(self, payments: int) -> None:
        """Ordinary payments, each at an hour that the holder is about."""
        for _ in range(payments):
            day = self.time // _DAY + self.rng.expovariate(_DAY / self.pace)
            later = math.floor(day) * _DAY + self.hour()
            while later <= self.time + 600:
                later += _DAY
            self.time = later
            self.pay()

    def pay(self) -> None:
        shop = self.rng.choice(self.shops)
        typical, spread, channel = _SHOPS[shop]
        if self.rng.random() < 0.1:
            self.add("cash", "cash", self.rng.choice((20, 40, 60, 80, 120)))
        else:
            self.add(shop, channel, typical * self.purse * math.exp(self.rng.gauss(0.0, spread)))

    # === The ends of histories ===

    def tiny_and_large(self, fraud: bool) -> None:
        rng, count = self.rng, self.rng.randint(4, 6)
        tiny = [("games", rng.uniform(0.5, 3.0)) for _ in range(count)]
        large = ("electronics", rng.uniform(250.0, 900.0))
        if fraud:
            payments, gaps = [*tiny, large], [rng.uniform(60, 600) for _ in range(count + 1)]
        elif rng.random() < 0.7:
            payments, gaps = [large, *tiny], [rng.uniform(60, 600) for _ in range(count + 1)]
        else:
            payments = [*tiny, large]
            gaps = [self.pace * rng.uniform(0.5, 1.5) for _ in range(count + 1)]
        for (shop, amount), gap in zip(payments, gaps, strict=True):
            self.wait(gap)
            self.add(shop, "online", amount)

    def another_place(self, fraud: bool) -> None:
        rng, stay = self.rng, self.rng.randint(1, 3)
        away = rng.choice([city for city in _CITIES if city != self.home])
        for place, payments in ((away, stay), (self.home, rng.randint(1, 2))):
            self.wait(rng.uniform(0.2, 1.0) * _HOUR if fraud else rng.uniform(9, 30) * _HOUR)
            self.place = place
            for number in range(payments):
                if number:
                    self.wait(rng.uniform(0.2, 1.0) * _HOUR)
                shop = rng.choice(("groceries", "restaurant", "clothes", "fuel"))
                typical, spread, channel = _SHOPS[shop]
                self.add(shop, channel, typical * self.purse * math.exp(rng.gauss(0.0, spread)))

    def withdrawals(self, fraud: bool) -> None:
        rng, count = self.rng, self.rng.randint(4, 6)
        amounts = sorted(rng.sample((20, 40, 60, 80, 120, 160, 240, 320), count))
        if not fraud:
            rng.shuffle(amounts)
            largest = amounts.pop(amounts.index(max(amounts)))
            amounts.insert(0, largest)
        for amount in amounts:
            self.wait(rng.uniform(0.7, 2.0) * _HOUR)
            self.add("cash", "cash", amount)

    def travel(self) -> None:
        """A trip in the middle of a history."""
        rng = self.rng
        self.add("tickets", "online", 120.0 * math.exp(rng.gauss(0.0, 0.4)))
        self.wait(rng.uniform(10, 30) * _HOUR)
        self.place = rng.choice([city for city in _CITIES if city != self.home])
        self.live(rng.randint(2, 5))
        self.wait(rng.uniform(10, 30) * _HOUR)
        self.place = self.home


def history(rng: random.Random, kind: str | None, fraud: bool) -> str:
    """One history as a text, see `rnnkit.formats.event_text`.

    Args:
        rng: Where chance comes from.
        kind: How it ends: one of the four kinds, or None for ordinary payments.
        fraud: Whether the end is fraud or its honest counterpart.
    """
    shifts = rng.choices(("day", "night", "both"), (6, 2, 2))[0]
    if kind == "takeover":
        shifts = "day" if fraud else "both"
    holder = _Holder(rng, shifts)
    holder.live(rng.randint(6, 14))
    if rng.random() < 0.3:
        holder.travel()
    tail = rng.randint(5, 9) if kind == "takeover" else 0
    while len(holder.rows) < 16 or (len(holder.rows) < 28 and rng.random() < 0.9):
        holder.live(1)
    if kind == "testing":
        holder.tiny_and_large(fraud)
    elif kind == "two places":
        holder.another_place(fraud)
    elif kind == "escalation":
        holder.withdrawals(fraud)
    elif kind == "takeover":
        if fraud:
            holder.shifts = "night"
        holder.live(tail)
    return "\n".join([_HEADER, *holder.rows])


@generator
def generate(split: str, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yields the histories of one split with their labels, in a mixed order.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        seed: Any integer; the same seed gives the same histories on every machine.

    Yields:
        `(history, label)` pairs, `label` being `"genuine"` or `"fraud"`.

    Raises:
        ValueError: If `split` is none of the three.

    Example:
        >>> text, label = next(generate("test"))
        >>> text.split("\\n")[0].split("\\t")
        ['time', 'amount', 'shop', 'channel', 'place']
    """
    rng = random.Random(f"rnnkit_cards/{seed}/{split}")
    size = SIZES[split]
    frauds = round(FRAUD_SHARE * size)
    ends: list[tuple[str | None, bool]] = [
        (_KINDS[index % len(_KINDS)], True) for index in range(frauds)
    ]
    for index in range(size - frauds):
        ends.append((_KINDS[index // 3 % len(_KINDS)] if index % 3 == 0 else None, False))
    for kind, fraud in sorted(ends, key=lambda _: rng.random()):
        yield history(rng, kind, fraud), LABELS[fraud]
