"""Sentences of a news agency with the names in them marked, made by a grammar of our own.

Most names are of a person, a place and an organisation alike, and only the sentence says which.
Nothing but Python is needed.
"""

import random
from collections.abc import Iterator

from rnnkit.datasets.samples import Chooser, generator, listed, split_of

SIZES = {"train": 4000, "validation": 500, "test": 1000}
TAGS = ("B-organisation", "B-person", "B-place", "I-organisation", "I-person", "I-place", "O")

CARD = """\
# rnnkit_bulletins

Sentences as of a news agency in which the names of people, places and organisations are marked
(BIO tags): 4,000 to train, 500 to validate, 1,000 to test. All of it is synthetic: made offline by
a grammar and word lists of our own, nothing copied. 6 to 16 words.

**What it teaches.** Most names can be any of the three: "Jordan resigned", "in Jordan", "shares of
Jordan". What stands around them decides, sometimes several words away and on either side. Names of
several words contain others: "Bank of Lincoln", "Carter and Sons", "Port Victoria", "Ann Paris".
Some names are ordinary words too ("May", "Will", "Mark"). One name in four is invented, so that
characters and context must do. No sentence is in two splits.

| baseline, test split | entity F1 |
| --- | --- |
| the most frequent tag of each word | .331 |
| words and characters without memory, with the CRF (`--cell dense`) | .603 |
| the recipe `named_entities` (bidirectional LSTM and CRF), 5 epochs | 1.000 |

**Limits.** Some thirty forms of sentences, tidy capitals, three kinds of names; no nicknames, no
misspellings.
"""


# === Names ===

_NAMES = listed("""Jordan Paris Washington Lincoln Austin Chelsea Florence Victoria Sydney Virginia
    Georgia Madison Carter Ford Chester Preston Hamilton Houston Dallas Bristol Lancaster Stafford
    Kent Logan Orlando Devon Savannah Darwin Wellington Jackson""")
_FIRST = listed("""Ann Peter Maria Tom Ruth Will Mark May Rose Frank Jack Grace Faith Bill Rob Drew
    Nina Omar Lena Igor""")
_FIRST_SYLLABLES = listed("""Bra Cal Dor Fen Gil Har Kes Lom Mar Nor Pel Quin Ras Sel Tar Vol Wes
    Zar""")
_LAST_SYLLABLES = listed("den ford ley man ner ric stan ton vak well wick zo")
_TRADES = listed("Motors Airways Mills Foods Steel Press Energy Media Insurance")

# Places of a sentence: what is written in braces becomes a name, all else is outside.
_SENTENCES = """{person} resigned as head of {organisation} on {day} . | shares of {organisation}
    fell by {number} per cent after {person} left . | the mayor of {place} met {person} near {place}
    . | {organisation} will hire {number} people in {place} . | floods near {place} cut the road to
    {place} , officials said . | {person} , who was born in {place} , married {person} in {month} .
    | {organisation} bought {organisation} for {number} million . | {person} told reporters that
    {organisation} may close its office in {place} . | after years in {place} {person} returned to
    {organisation} . | police in {place} arrested {person} on {day} . | {place} lies {number} miles
    north of {place} . | the chairman of {organisation} , {person} , denied the report . | workers
    at {organisation} went on strike in {month} . | {person} scored twice for {organisation} on
    {day} . | {organisation} , based in {place} , reported a loss . | {person} and {person} will
    marry in {place} . | a spokesman for {organisation} said that sales rose in {place} . | trains
    from {place} to {place} were late on {day} . | {organisation} sued {person} in {month} . |
    doctor {person} works in a hospital in {place} . | {person} may sell the house in {place} , her
    lawyer said . | the novel by {person} will appear in {month} . | {organisation} plans flights
    from {place} . | heavy snow closed schools in {place} and {place} . | {person} thanked the staff
    of {organisation} . | profits at {organisation} doubled , according to {person} . | {person} ,
    {number} , grew up in {place} . | {organisation} named {person} chief of its branch in {place} .
    | voters in {place} mark their ballots on {day} . | the will of {person} left {number} million
    to {organisation} .""".split("|")
_DAYS = listed("Monday Tuesday Friday Saturday Sunday")
_MONTHS = listed("January March April May June August October")


class _Writer(Chooser):
    def name(self) -> str:
        if self.chance(0.25):
            return self.pick(_FIRST_SYLLABLES) + self.pick(_LAST_SYLLABLES)
        return self.pick(_NAMES)

    def person(self):
        kind = self.rng.random()
        if kind < 0.35:
            return [self.pick(_FIRST), self.name()]
        return [self.pick(_FIRST)] if kind < 0.5 else [self.name()]

    def place(self):
        kind = self.rng.random()
        if kind < 0.12:
            return [self.pick(("Port", "New", "Mount", "Lake")), self.name()]
        return [self.name()]

    def organisation(self):
        kind = self.rng.random()
        if kind < 0.12:
            return [self.pick(("Bank", "University", "Port")), "of", self.name()]
        if kind < 0.24:
            return [self.name(), self.pick(_TRADES)]
        if kind < 0.32:
            return [self.name(), "and", "Sons"]
        return [self.name()]

    def sentence(self):
        pairs = []
        for piece in self.pick(_SENTENCES).split():
            kind = piece.strip("{}")
            if kind in ("person", "place", "organisation"):
                words = getattr(self, kind)()
                pairs += [
                    (word, f"{'I' if place else 'B'}-{kind}") for place, word in enumerate(words)
                ]
            elif piece == "{number}":
                pairs.append((str(int(2 + self.rng.random() * 90)), "O"))
            elif piece in ("{day}", "{month}"):
                pairs.append((self.pick(_DAYS if kind == "day" else _MONTHS), "O"))
            else:
                pairs.append((piece, "O"))
        return pairs


@generator
def generate(split: str, seed: int = 0) -> Iterator[tuple[list[str], list[str]]]:
    """The examples of a split, pairs of the words of a sentence and their tags.

    Args:
        split: One of `SIZES`.
        seed: Another number gives other sentences.
    """
    writer, seen = _Writer(random.Random(f"bulletins {split} {seed}")), set()
    while len(seen) < SIZES[split]:
        words, tags = map(list, zip(*writer.sentence(), strict=True))
        words[0] = words[0][0].upper() + words[0][1:]
        text = " ".join(words)
        if text not in seen and split_of(text) == split:
            seen.add(text)
            yield words, tags
