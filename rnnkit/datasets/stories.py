"""Short stories with talk and a song, made by rule so that what comes later depends on what was.

Only the standard library is used, so that the card can be printed without TensorFlow.
"""

import random
from collections.abc import Iterator

from rnnkit.datasets.samples import Chooser, generator, listed, split_of

SIZES = {"train": 400, "validation": 40, "test": 60}

CARD = """\
# rnnkit_stories

English short stories: 400 to train (318,833 characters), 40 to validate, 60 to test. All of it is
synthetic: made offline by templates and word lists of our own, nothing copied. About 800 characters
each, of 56 kinds.

**What it teaches.** A model that writes well has to remember, over tens to hundreds of characters:
who the two people of a story are, which of them speaks next, who is *he* and who is *she*; the
thing that is looked for, its colour and where it is; the town; that a quotation or bracket is open
and how it ends (a question is *asked*, a statement *said*); which day comes next; how many coins
are left when some are given; and in the song how the line before ended, since lines rhyme in
pairs. The person, thing and town of a test story do not come together in training.

| baseline, by counts of the training split | nats a character on test |
| --- | --- |
| each character by its frequency | 3.15 |
| the last character: all that a memoryless model (`cell="dense"`) sees | 2.17 |
| the last five characters | 0.37 |
| the last eight characters, the best number of them | 0.29 |

**Limits.** A small closed world: one plot with variations, a few hundred words, tidy punctuation.
What is learned here says little about books.
"""


_WOMEN = listed("""Clara, Emma, Grace, Iris, Maria, Nora, Olga, Rosa, Wendy, Zoe, Diana, Alice""")
_MEN = listed("""Bruno, David, Felix, Henry, Hugo, Leo, Noah, Oscar, Paul, Sam, Victor, Jack""")
_JOBS = listed("""baker, sailor, painter, teacher, doctor, farmer, tailor, miller, singer, gardener,
    clockmaker, fisher""")
_TOWNS = listed("""Lisbon, Dublin, Vienna, Cairo, Oslo, Riga, Naples, Bruges, Malaga, Prague,
    Bergen, Tunis""")
_COLOURS = listed("red, green, blue, yellow, black, white, silver, golden")
_THINGS = listed("""key, ring, lamp, book, bell, hat, knife, mirror, violin, letter, coat, boat,
    clock, cup""")
_PLACES = listed("""in the box, under the bed, behind the door, on the roof, in the garden, beside
    the well, under the stairs, on the shelf""")
_DAYS = listed("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
_NUMBERS = listed("""no, one, two, three, four, five, six, seven, eight, nine, ten, eleven,
    twelve""")
_GIFTS = listed("a loaf of bread, a basket of apples, a warm shawl, a jar of honey, a bag of nuts")
_WEATHER = listed("it rained, it snowed, the wind blew, the sun shone, the fog was thick")
# Ends of lines that rhyme; each has a line that ends with it.
_RHYMES = [
    ("the wind is singing in the tree", "there is no land beyond the sea",
     "and no one waits for me"),
    ("the lamps are out, the moon is bright", "I lost my way in the night",
     "the road is long, the load is light"),
    ("the ships are sleeping in the bay", "the birds have flown away",
     "I count the hours of the day"),
    ("the snow lies deep upon the ground", "I looked for it and nothing found",
     "the bells have made no sound"),
    ("the rain is falling on the town", "the old king wears a paper crown",
     "the leaves come drifting down"),
    ("a candle burns on every hill", "the water turns the mill",
     "the house is dark and still"),
    ("the baker's fire is burning low", "I have a thousand miles to go", "the river answers no"),
    ("my mother told me as a child", "the sea is deep, the wind is wild",
     "the stranger only smiled"),
]  # fmt: skip


class _Teller(Chooser):
    """Draws the parts of one story after the other."""

    def two(self, choices):
        first = self.pick(choices)
        return first, self.pick([each for each in choices if each != first])

    def story(self):
        """A story and what it is about: `(text, key)`."""
        woman_first = self.rng.random() < 0.5
        people = [self.pick(_WOMEN), self.pick(_MEN)]
        words = [("she", "her"), ("he", "his")]
        if not woman_first:
            people.reverse()
            words.reverse()
        (hero, guest), ((he, his), (other, others)) = people, words
        job, trade = self.two(_JOBS)
        town, colour, thing, place = (
            self.pick(each) for each in (_TOWNS, _COLOURS, _THINGS, _PLACES)
        )
        day = int(self.rng.random() * 7)
        days = [_DAYS[(day + step) % 7] for step in range(3)]
        coins = 3 + int(self.rng.random() * 10)
        given = 1 + int(self.rng.random() * (coins - 1))
        what = f"{colour} {thing}"
        lines = [
            f"{hero} was a {job} in {town}. {he.capitalize()} had a {what}, and {he} kept it "
            f"{place}.",
            f"On {days[0]} {self.pick(_WEATHER)}, and {guest}, a {trade}, came to {his} door.",
            *self.talk(hero, guest, what, thing, place, town),
            f"{guest} had {self.coins(coins)}. {other.capitalize()} gave {hero} "
            f"{self.coins(given)} and kept {self.coins(coins - given)}.",
            f"The next day, on {days[1]}, {hero} brought {guest} {self.pick(_GIFTS)}, and {other} "
            f"sang {others} song:",
            *self.song(),
            f"On {days[2]} {guest} left {town} with the {what}, and {hero} the {job} looked "
            f"{self.pick(_PLACES)} (but nothing was there).",
        ]
        return "\n".join(lines) + "\n", f"{hero} {what} {town}"

    def coins(self, number):
        return f"{_NUMBERS[number]} coin{'' if number == 1 else 's'}"

    def talk(self, hero, guest, what, thing, place, town):
        """What the two say in turn: the guest asks, the hero answers."""
        turns = [
            (f"Where is the {what}?", f"The {thing} is {place}."),
            (f"Is the {what} for sale?", f"No, the {thing} is not for sale."),
            (f"How long have you lived in {town}?", f"I was born in {town}."),
            (f"Who made the {thing}?", f"A friend of mine made it here in {town}."),
            (f"May I see the {what}?", f"You may see it, {guest}."),
            ("What do you want for it?", f"Give me what you have, {guest}."),
        ]
        turns = sorted(turns, key=lambda _: self.rng.random())[: 2 + int(self.rng.random() * 3)]
        for question, answer in turns:
            yield f'"{question}" asked {guest}.'
            if self.rng.random() < 0.5:
                yield f'"{answer[:-1]}," said {hero}.'
            else:
                yield f'{hero} said, "{answer}"'

    def song(self):
        """Four lines that rhyme in pairs."""
        for rhymes in self.two(_RHYMES):
            for line, end in zip(self.two(list(rhymes)), ",.", strict=True):
                yield f"  {line[0].upper()}{line[1:]}{end}"


@generator
def generate(split: str, seed: int = 0) -> Iterator[str]:
    """Yields the stories of one split.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        seed: Any integer; the same seed gives the same stories on every machine.

    Yields:
        Stories, each of several lines that end with a line feed, all different.

    Raises:
        ValueError: If `split` is none of the three.

    Example:
        >>> story = next(generate("test"))
        >>> story.count('"') % 2
        0
    """
    teller, seen = _Teller(random.Random(f"rnnkit_stories/{seed}/{split}")), set()
    while len(seen) < SIZES[split]:
        story, key = teller.story()
        if split_of(key) == split and story not in seen:
            seen.add(story)
            yield story
