"""Prompts and replies for a small chatbot, made by templates whose slots the reply takes up.

Each prompt has exactly one reply, so that an exact match means something. Only the standard
library is used, so that the card can be printed without TensorFlow.
"""

import random
import re
from collections.abc import Callable, Iterator

from rnnkit.datasets.dialogues import lexicon
from rnnkit.datasets.samples import Chooser, generator, listed, tenth_of

SIZES = {"train": 6000, "validation": 500, "test": 500}

CARD = """\
# rnnkit_dialogues

English prompts, each with its one reply: 6,000 to train, 500 to validate, 500 to test. All of it
is synthetic: made offline by templates and word lists of our own, nothing copied. 1 to 14 words,
about 660 word types on both sides.

**What it teaches.** Eighteen kinds of talk (names, capitals, preferences, sums in words, opening
hours and prices of an invented town, trains, moods and their reasons, reminders, tables,
opposites, spelling, ...) and small talk. Most replies take up what the prompt said: a name, a
number of people, "I lost my keys" turned into "you lost your keys", what is liked more whatever
comes first. Each kind is asked in three to six ways, one prompt in five after an opening such as
"Excuse me,". No test prompt is in the training split. What a reply has to know (a capital, a
price) is learned there in other words; 90 % of the test replies occur in it, the others combine
what does. Small talk without slots is in the training split only.

| baseline | exact replies on test |
| --- | --- |
| the reply to the most similar training prompt (TF-IDF of words and pairs) | .44 |

**Limits.** One turn, one reply, tidy English, a closed world: no memory of what was said before,
and no knowledge beyond its tables.
"""


def number(value: int) -> str:
    """A number from 0 to 99 in words."""
    if value <= 20:
        return lexicon.NUMBERS[value]
    tens, ones = divmod(value, 10)
    return lexicon.TENS[tens - 2] + (f"-{lexicon.NUMBERS[ones]}" if ones else "")


def turned(text: str) -> str:
    """ "I lost my keys" as it is said to who lost them: "you lost your keys"."""
    words = {"I": "you", "me": "you", "my": "your", "am": "are", "we": "you", "our": "your"}
    return " ".join(words.get(word, word) for word in text.split())


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


# === Kinds of talk: each gives prompts that mean the same, with slashes between, and the reply ===


class _Talker(Chooser):
    def name(self):
        name = self.pick(lexicon.NAMES)
        if self.rng.random() < 0.5:
            asked = (
                f"My name is {name}. What is yours? / I am {name}. Who are you? / "
                f"They call me {name}. And you? / I am called {name}. What is your name?"
            )
            return asked, f"Nice to meet you, {name}. My name is Robin."
        told = (
            f"My name is {name}. / I am {name}. / They call me {name}. / I am called {name}. / "
            f"Please call me {name}. / You can call me {name}."
        )
        return told, f"Nice to meet you, {name}."

    def capital(self):
        country = self.pick(lexicon.CAPITALS)
        city = lexicon.CAPITALS[country]
        if self.rng.random() < 0.35:
            asked = (
                f"{city} is the capital of which country? / What country is {city} in? / "
                f"Which country has {city} as its capital? / Where is {city}?"
            )
            return asked, f"{city} is the capital of {country}."
        asked = (
            f"What is the capital of {country}? / Which city is the capital of {country}? / "
            f"Tell me the capital of {country}. / Do you know the capital of {country}? / "
            f"What is the capital city of {country} called?"
        )
        return asked, f"The capital of {country} is {city}."

    def preference(self):
        things = self.pick([group for group in lexicon.THINGS for _ in group])
        one, other = self.pick(things), self.pick(things)
        while other == one:
            other = self.pick(things)
        told = (
            f"I like {one} more than {other}. / I prefer {one} to {other}. / "
            f"I like {other} less than {one}. / I do not like {other} as much as {one}. / "
            f"I like {one}, but not {other}. / I enjoy {other}, but {one} even more."
        )
        return told, f"So you prefer {one} to {other}."

    def sum(self):
        a, b = int(self.rng.random() * 21), int(self.rng.random() * 21)
        if self.rng.random() < 0.4 and a >= b:
            word, result = "minus", a - b
        elif a <= 9 and b <= 9:
            word, result = "times", a * b
        else:
            word, result = "plus", a + b
        said = f"{number(a)} {word} {number(b)}"
        asked = f"What is {said}? / How much is {said}? / Can you work out {said}?"
        return asked, f"{said.capitalize()} is {number(result)}."

    def hours(self):
        place, day = self.pick(lexicon.PLACES), self.pick(lexicon.DAYS)
        opens, closes, closed = lexicon.PLACES[place]
        kind = self.pick(["open", "close", "whether"])
        if kind == "whether":
            asked = (
                f"Is the {place} open on {day}? / Can I go to the {place} on {day}? / "
                f"Does the {place} open on {day}?"
            )
            if day == closed:
                return asked, f"No, the {place} is closed on {day}."
            return asked, f"Yes, the {place} is open on {day}."
        asked = (
            f"When does the {place} {kind} on {day}? / "
            f"What time does the {place} {kind} on {day}? / "
            f"At what time does the {place} {kind} on {day}?"
        )
        if day == closed:
            return asked, f"The {place} is closed on {day}."
        hour = opens if kind == "open" else closes
        return asked, f"The {place} {kind}s at {hour} on {day}."

    def price(self):
        item = self.pick(lexicon.PRICES)
        plural, price = lexicon.PRICES[item]
        count = self.pick(range(1, 10))
        noun = _a(item) if count == 1 else f"{number(count)} {plural}"
        euros = f"{number(price * count)} euro{'' if price * count == 1 else 's'}"
        be = "is" if count == 1 else "are"
        asked = (
            f"How much {be} {noun}? / What do I pay for {noun}? / I would like {noun}. / "
            f"What is the price of {noun}?"
        )
        return asked, f"That is {euros} for {noun}."

    def floor(self):
        item = self.pick(lexicon.FLOORS)
        asked = (
            f"Where can I find {item}? / Where do you have {item}? / I am looking for {item}. / "
            f"On which floor are the {item}? / Do you sell {item}? / Where are the {item}?"
        )
        return asked, f"You find {item} on the {lexicon.FLOORS[item]} floor."

    def train(self):
        city = self.pick(lexicon.TRAINS)
        hour, platform = lexicon.TRAINS[city]
        if self.rng.random() < 0.5:
            asked = (
                f"When does the train to {city} leave? / What time is the train to {city}? / "
                f"When can I take a train to {city}? / When is the next train to {city}?"
            )
            return asked, f"The train to {city} leaves at {hour}."
        asked = (
            f"Which platform is the train to {city}? / Where does the train to {city} leave? / "
            f"From which platform does the train to {city} leave? / "
            f"Where do I find the train to {city}?"
        )
        return asked, f"The train to {city} leaves from platform {platform}."

    def mood(self):
        good = self.rng.random() < 0.5
        mood = self.pick(lexicon.GOOD if good else lexicon.BAD)
        start = "I am glad that you are" if good else "I am sorry that you are"
        if self.rng.random() < 0.15:
            told = f"I am {mood}. / I feel {mood}. / I feel {mood} today. / I am very {mood} today."
            return told, f"{start} {mood}."
        news = self.pick(lexicon.GOOD_NEWS if good else lexicon.BAD_NEWS)
        start = "I am glad that" if good else "I am sorry that"
        said = news[0].upper() + news[1:]
        told = (
            f"I am {mood} because {news}. / {said}, so I am {mood}. / "
            f"I feel {mood} because {news}. / {said}, and now I feel {mood}."
        )
        return told, f"{start} {turned(news)}."

    def weather(self):
        weather, city = self.pick(lexicon.WEATHER), self.pick(lexicon.CITIES)
        said = weather[0].upper() + weather[1:]
        told = (
            f"{said} in {city}. / {said} in {city} today. / Today {weather} in {city}. / "
            f"I am in {city}, and {weather}."
        )
        return told, lexicon.WEATHER[weather].format(city)

    def relative(self):
        who = self.pick(lexicon.RELATIVES)
        if self.rng.random() < 0.5:
            city = self.pick(lexicon.CITIES)
            told = (
                f"My {who} lives in {city}. / My {who} has moved to {city}. / "
                f"{city} is where my {who} lives."
            )
            return told, f"Do you often visit your {who} in {city}?"
        job = self.pick(lexicon.JOBS)
        told = (
            f"My {who} is {_a(job)}. / My {who} works as {_a(job)}. / "
            f"My {who} has become {_a(job)}."
        )
        return told, f"Does your {who} like being {_a(job)}?"

    def pet(self):
        pet, name = self.pick(lexicon.PETS), self.pick(lexicon.NAMES)
        told = (
            f"I have {_a(pet)} called {name}. / My {pet} is called {name}. / "
            f"{name} is my {pet}. / The name of my {pet} is {name}."
        )
        return told, f"{name} is a nice name for {_a(pet)}."

    def opposite(self):
        words = (
            lexicon.OPPOSITES
            if self.rng.random() < 0.5
            else {v: k for k, v in lexicon.OPPOSITES.items()}
        )
        word = self.pick(words)
        if word == "light":
            word = "dark"
        answer = "light" if word == "dark" else lexicon.OPPOSITES.get(word) or words[word]
        asked = (
            f"What is the opposite of {word}? / Tell me the opposite of {word}. / "
            f"Do you know the opposite of {word}? / Which word is the opposite of {word}?"
        )
        return asked, f"The opposite of {word} is {answer}."

    def order(self):
        words = self.pick([lexicon.DAYS, lexicon.MONTHS])
        kind = "day" if words is lexicon.DAYS else "month"
        index, step = int(self.rng.random() * len(words)), self.pick([1, -1])
        side = "after" if step == 1 else "before"
        answer = words[(index + step) % len(words)]
        asked = (
            f"What {kind} comes {side} {words[index]}? / Which {kind} is {side} {words[index]}? / "
            f"Tell me the {kind} {side} {words[index]}. / "
            f"What is the {kind} {side} {words[index]}?"
        )
        return asked, f"{answer} comes {side} {words[index]}."

    def fact(self):
        if self.rng.random() < 0.5:
            animal = self.pick(lexicon.SOUNDS)
            asked = (
                f"What does a {animal} say? / What sound does a {animal} make? / "
                f"How does a {animal} sound? / Which sound do you hear from a {animal}?"
            )
            return asked, f"A {animal} says {lexicon.SOUNDS[animal]}."
        thing = self.pick(lexicon.COLOURS)
        asked = (
            f"What colour is {_a(thing)}? / Which colour does {_a(thing)} have? / "
            f"Do you know the colour of {_a(thing)}? / Tell me the colour of {_a(thing)}."
        )
        return asked, f"{_a(thing).capitalize()} is {lexicon.COLOURS[thing]}."

    def spelling(self):
        word = self.pick(lexicon.WORDS)
        asked = (
            f"How do you spell {word}? / Spell {word}. / Can you spell {word}? / "
            f"What are the letters of {word}? / How is {word} spelt?"
        )
        return asked, f"You spell {word} {' '.join(word)}."

    def reminder(self):
        task = self.pick(lexicon.TASKS)
        time = self.pick(
            [f"on {day}" for day in lexicon.DAYS] + [f"at {hour}" for hour in lexicon.NUMBERS[1:13]]
        )
        asked = (
            f"Remind me to {task} {time}. / Could you remind me to {task} {time}? / "
            f"Please remind me to {task} {time}. / I must not forget to {task} {time}. / "
            f"Do not let me forget to {task} {time}."
        )
        return asked, f"I will remind you to {turned(task)} {time}."

    def table(self):
        people, day = self.pick(lexicon.NUMBERS[2:11]), self.pick(lexicon.DAYS)
        hour = self.pick(lexicon.NUMBERS[6:11])
        asked = (
            f"Can I book a table for {people} on {day} at {hour}? / "
            f"I would like a table for {people} at {hour} on {day}. / "
            f"We are {people} and want to come on {day} at {hour}. / "
            f"Please keep a table on {day} at {hour} for {people}."
        )
        return asked, f"Your table for {people} on {day} at {hour} is booked."


# How often each kind of talk comes; small ones run out and leave room to the others.
_RATES = {
    "name": 3, "capital": 5, "preference": 8, "sum": 6, "hours": 6, "price": 5, "floor": 2,
    "train": 3, "mood": 7, "weather": 5, "relative": 6, "pet": 5, "opposite": 2, "order": 3,
    "fact": 2, "spelling": 2, "reminder": 7, "table": 6,
}  # fmt: skip
# What may stand before a question, and before anything else.
_OPENINGS = {
    True: ("Excuse me, ", "Hello, ", "Please tell me, "),
    False: ("Hello, ", "By the way, "),
}


def _opened(prompt: str, opening: str) -> str:
    """A prompt after an opening, its first letter small where the word is."""
    first = re.match(r"\w+", prompt).group()
    small = first.lower() if first.lower() in _SMALL else first
    return opening + small + prompt[len(first) :]


# First words that are capital at the start only.
_SMALL = frozenset(listed("""
    what, which, where, when, how, who, is, are, can, could, does, do, tell, from, at, on, my, the,
    it, they, you, we, today, remind, please, spell"""))  # fmt: skip


@generator
def generate(split: str, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yields the pairs of one split.

    A prompt belongs to one split only, whatever the seed; what it asks for (the capital of a
    country, a price) is in the training split in other words.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        seed: Any integer; the same seed gives the same pairs on every machine.

    Yields:
        `(prompt, reply)` pairs, the prompts all different, in a mixed order.

    Raises:
        ValueError: If `split` is none of the three.

    Example:
        >>> prompt, reply = next(generate("test"))
        >>> reply[-1] in ".?"
        True
    """
    rng = random.Random(f"rnnkit_dialogues/{seed}/{split}")
    talker = _Talker(rng)
    kinds: list[Callable] = [getattr(talker, kind) for kind, n in _RATES.items() for _ in range(n)]
    pairs: dict[str, str] = {}
    if split == "train":
        for prompts, reply in lexicon.FIXED.items():
            pairs.update((prompt, reply) for prompt in prompts.split(" / "))
    while len(pairs) < SIZES[split]:
        prompts, reply = talker.pick(kinds)()
        prompt = talker.pick(prompts.split(" / "))
        if rng.random() < 0.2:
            prompt = _opened(prompt, talker.pick(_OPENINGS[prompt[-1] == "?"]))
        if prompt not in pairs and prompt not in _SAID and tenth_of(prompt) == split:
            pairs[prompt] = reply
    # Sorting by random keys shuffles with nothing but random(), the same in every Python version.
    yield from sorted(list(pairs.items())[: SIZES[split]], key=lambda _: rng.random())


_SAID = frozenset(prompt for prompts in lexicon.FIXED for prompt in prompts.split(" / "))
