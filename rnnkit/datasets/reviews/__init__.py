"""Synthetic film reviews in which the order of the words decides the sentiment.

On most sentiment corpora a bag of words comes close to a recurrent network. Here nearly half of
the texts have a mirrored counterpart of the other class ("The score is lovely, but the plot is
thin." against "The plot is thin, but the score is lovely."), so that a model has to read in order.

Only the standard library is used, so that the card can be printed without TensorFlow.
"""

import random
import re
import zlib
from collections.abc import Iterator

from rnnkit.datasets.reviews import lexicon
from rnnkit.datasets.samples import generator, listed

LABELS = ("negative", "positive")
SIZES = {"train": 8000, "validation": 1000, "test": 2000}

CARD = """\
# rnnkit_reviews

Film reviews of one to four sentences, labelled `negative` or `positive`: 8,000 to train, 1,000 to
validate, 2,000 to test, as many of each class; 4 to 53 words, 1,439 word types. All of it is
synthetic: made offline by templates and word lists of our own, nothing copied, no label noise.

**What it teaches.** Over half of the texts weigh a good word against a bad one (contrast,
concession, correction, disappointed hopes, comparison, quotation); 46 % of all have an exact mirror
image, the same words in another order with the other label. About 14 % negate once or twice, at a
distance; about 30 % are plain. What decides a text is in no other split, in whatever order; one
combination in six of an aspect and an adjective is kept for the test.

| model (keras, Adam 0.002, batch 64) | test accuracy |
| --- | --- |
| logistic regression on single words | .682 |
| logistic regression on words and pairs | .762 |
| averaged embeddings (64) and a dense layer, 10 epochs | .718, .726, .716 (seeds 0, 1, 2) |
| bidirectional LSTM (64), 5 epochs | .977, .973, .968 (seeds 0, 1, 2) |

**Limits.** A small grammar and tidy English: no irony, no slips, one verdict a text. A score here
shows that a model reads in order, not that it understands reviews.
"""


def _sides(text: str) -> tuple[list[str], list[str]]:
    """(negative, positive), to be indexed like LABELS; the text has the positive side first."""
    positive, negative = text.split("//")
    return listed(negative), listed(positive)


_CHOICES = {kind: listed(words) for kind, words in lexicon.WORDS.items()}
_SIDED = {
    "noun": _sides(lexicon.NOUNS),
    "reaction": _sides(lexicon.REACTIONS),
    **{"adjective " + kind: _sides(text) for kind, text in lexicon.ADJECTIVES.items()},
    **{"verb " + kind: _sides(text) for kind, text in lexicon.VERBS.items()},
}
# (noun, kind, is plural, is a person)
_ASPECT_LIST = [
    (noun.rstrip("*+"), kind, "*" in noun, "+" in noun)
    for kind, nouns in lexicon.ASPECTS.items()
    for noun in listed(nouns)
]
_FAMILIES = [listed(frames) for rate, frames in lexicon.RATES for _ in range(rate)]

# === Grammar ===


def _held_out(aspect: str, adjective: str) -> bool:
    """Whether an aspect is so described, one combination in six, in the test split only."""
    return zlib.crc32(f"{aspect}/{adjective}".encode()) % 6 == 0


def _be(plural: bool, past: bool) -> str:
    return ("were" if plural else "was") if past else ("are" if plural else "is")


def _singular(verb: str) -> str:
    """The third person singular: "miss the mark" gives "misses the mark"."""
    first, space, rest = verb.partition(" ")
    if first in ("fly", "try"):
        first = first[:-1] + "ie"
    return first + ("es" if first.endswith(("ss", "sh", "ch", "o")) else "s") + space + rest


def _sentences(text: str) -> str:
    """Puts capitals, articles and commas right."""
    text = " ".join(text.split())
    text = re.sub(r",(?=[.,;:?!])", "", text)  # an aside that ends where its sentence ends
    text = re.sub(r"\ba (?=[aeiou])(?!one-)", "an ", text, flags=re.IGNORECASE)
    return re.sub(r"(?:^|(?<=[.?!] ))'?[a-z]", lambda match: match.group().upper(), text)


class _Writer:
    """Fills frames with words sampled from `rng`; `split` says which combinations are allowed."""

    def __init__(self, rng: random.Random, split: str):
        self.rng = rng
        self.split = split

    def pick(self, kind: str, other_than: str = "") -> str:
        while (word := self.rng.choice(_CHOICES[kind])) == other_than:
            pass
        return word

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def name(self) -> str:
        return f"{self.pick('first')} {self.pick('last')}"

    def adjective(self, side: int, kind: str, aspect: str, other_than: str = "") -> str:
        while True:
            pool = "general" if self.chance(0.45) else kind
            word = self.rng.choice(_SIDED["adjective " + pool][side])
            allowed = self.split == "test" or not _held_out(aspect, word)
            if allowed and word != other_than:
                return word

    def opinion(self, side: int, past: bool, aspect: tuple[str, str, bool, bool]) -> dict[str, str]:
        """One opinion on one aspect, in the forms that frames ask for."""
        noun, kind, plural, person = aspect
        adjective = self.adjective(side, kind, noun)
        subject = "the " + noun
        if noun in ("villain", "detective") and self.chance(0.7):
            subject = f"{self.name()} as {subject}"
        elif not person and kind != "whole" and self.chance(0.12):
            subject += f", {self.pick('relative')},"
        adverb = self.pick("adverb") + " " if self.chance(0.3) else ""
        forms = {"ca": f"{subject} {_be(plural, past)} {adverb}{adjective}"}
        forms["c"] = forms["ca"]
        if self.chance(0.35):
            verb = self.rng.choice(_SIDED["verb " + kind][side])
            present, done = verb.split("/")
            forms["c"] = f"{subject} {done if past else present if plural else _singular(present)}"
        forms["n"] = f"its {adjective} {noun}"
        return forms

    def verdict(self, side: int, noun: str) -> dict[str, str]:
        """ "a dull western" or "a dud" (k), and always the second kind (kn)."""
        stress = self.pick("stress") + " " if self.chance(0.3) else ""
        forms = {"kn": f"a {stress}{self.rng.choice(_SIDED['noun'][side])}"}
        described = f"a {self.adjective(side, 'whole', 'film')} {noun}"
        return forms | {"k": described if self.chance(0.4) else forms["kn"]}

    def scene(self) -> dict[str, str]:
        """What both texts of a pair share and what carries no opinion."""
        kinds = "genre other critic company place time person deed number neutral".split()
        scene = {kind: self.pick(kind) for kind in kinds}
        title = f"The {self.pick('title_a')} {self.pick('title_b')}"
        films = ("the film", "the movie", "the picture", "this " + scene["genre"], title)
        return scene | {
            "title": title,
            "film": self.rng.choice(films),
            "name": self.name(),
            "name2": self.name(),
            "person2": self.pick("person", other_than=scene["person"]),
            "deed2": self.pick("deed", other_than=scene["deed"]),
            "minutes": str(self.rng.randrange(78, 176)),
            "year": str(self.rng.randrange(1890, 2060)),
            "aside": f", {self.pick('aside')}," if self.chance(0.6) else "",
        }

    def context(self, frame: str) -> tuple[str, str]:
        """Neutral sentences before and after, which share no slot with each other."""
        before = self.pick("neutral") if self.chance(0.4) else ""
        after = self.pick("neutral") if self.chance(0.3) else ""
        slots = [set(re.findall(r"{(\w+?)2?}", part)) for part in (frame, before, after)]
        if slots[0] & slots[1] or "{neutral}" in frame:
            before = ""
        if (slots[0] | slots[1]) & slots[2] or "{neutral}" in frame:
            after = ""
        return before, after

    def cores(self, frame: str) -> tuple[list[str], list[dict[str, str]]]:
        """The frame filled for both sides, negative first, and what the slots were filled with."""
        past = self.chance(0.5)
        asked = set(re.findall(r"{[wl](\w+?)2?}", frame))
        scene = self.scene()

        # What frames with two adjectives for one thing describe.
        noun, kind, plural, person = self.rng.choice(_ASPECT_LIST)
        subject = "the " + noun
        if person or self.chance(0.25) or "{s}" not in frame:
            noun, kind, plural, subject = "film", "whole", False, scene["film"]
        elif self.chance(0.2):
            subject += f", {self.pick('relative')},"
        scene |= {
            "s": subject,
            "sbe": _be(plural, past),
            "it": "them" if plural else "it",
            "be": _be(False, past),
        }
        aspects = self.aspects(whole="{l" not in frame and "n" not in asked)
        nouns = ["piece of work", "piece of filmmaking", "experience"]
        nouns += [] if scene["genre"] in scene["film"] else [scene["genre"]]
        sides = []
        for side in (0, 1):
            forms = self.verdict(side, nouns.pop(self.rng.randrange(len(nouns))))
            forms["a"] = self.adjective(side, kind, noun)
            forms["a2"] = self.adjective(side, kind, noun, other_than=forms["a"])
            forms["r"], forms["rp"] = self.rng.choice(_SIDED["reaction"][side]).split("/")
            if asked & {"c", "ca", "n"}:
                second = self.opinion(side, past, aspects[side + 2])
                forms |= self.opinion(side, past, aspects[side])
                forms |= {form + "2": text for form, text in second.items()}
            sides.append(forms)

        cores, slots = [], []
        for side, core in enumerate((frame.split(" // ") * 2)[1::-1]):
            words = scene | {"w" + form: text for form, text in sides[side].items()}
            words |= {"l" + form: text for form, text in sides[1 - side].items()}
            while "{" in core:  # the words filled in may hold slots of their own
                core = core.format_map(words)
            cores.append(_sentences(core))
            slots.append(words)
        return cores, slots

    def aspects(self, whole: bool) -> list[tuple[str, str, bool, bool]]:
        """Four different aspects; the film as a `whole` may be one where nothing outweighs it."""
        pool = _ASPECT_LIST + ([("film", "whole", False, False)] * 4 if whole else [])
        aspects: list[tuple[str, str, bool, bool]] = []
        while len(aspects) < 4:
            aspect = self.rng.choice(pool)
            if aspect not in aspects:
                aspects.append(aspect)
        return aspects


def _third(core: str) -> int:
    """One of three parts, the same for all cores of the same words, whatever their order."""
    return zlib.crc32(" ".join(sorted(re.findall(r"[a-z'-]+", core.lower()))).encode()) % 3


@generator
def generate(split: str, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yields the reviews of one split.

    The sentence that decides a text belongs to one split only, in whatever order its words come:
    no test sentence, nor its mirror image, is ever seen in training.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        seed: Any integer; the same seed gives the same texts on every machine.

    Yields:
        `(text, label)` pairs, `label` being `"negative"` or `"positive"`, in a mixed order.

    Raises:
        ValueError: If `split` is none of the three.

    Example:
        >>> text, label = next(generate("test"))
        >>> label in ("negative", "positive")
        True
    """
    rng = random.Random(f"rnnkit_reviews/{seed}/{split}")
    writer = _Writer(rng, split)
    third = list(SIZES).index(split)
    examples: dict[str, str] = {}
    while len(examples) < SIZES[split]:
        frame = rng.choice(rng.choice(_FAMILIES))
        for _ in range(50):  # keeps to the frame, so that the rates of the families are kept
            cores, slots = writer.cores(frame)
            if all(_third(core) == third for core in cores):
                break
        else:
            continue
        before, after = writer.context(frame)
        texts = [
            _sentences(f"{before} {core} {after}".format_map(words))
            for core, words in zip(cores, slots, strict=True)
        ]
        if all(4 <= len(text.split()) <= 60 and text not in examples for text in texts):
            examples.update(zip(texts, LABELS, strict=True))
    # Sorting by random keys shuffles with nothing but random(), the same in every Python version.
    yield from sorted(examples.items(), key=lambda _: rng.random())
