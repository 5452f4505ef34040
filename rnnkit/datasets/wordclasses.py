"""English sentences with the class of each word, made by a grammar of our own.

Many words are of several classes, and only the sentence says which. Nothing but Python is needed.
"""

import random
from collections.abc import Iterator

from rnnkit.datasets.samples import Chooser, generator, listed, split_of

SIZES = {"train": 4000, "validation": 500, "test": 1000}
TAGS = ("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "NOUN", "NUM", "PART", "PRON", "PUNCT",
        "SCONJ", "VERB")  # fmt: skip

CARD = """\
# rnnkit_wordclasses

English sentences with the class of every word (Universal POS tags): 4,000 to train, 500 to
validate, 1,000 to test. All of it is synthetic: made offline by a grammar and word lists of our
own, nothing copied. 4 to 17 words.

**What it teaches.** One word in three has a form that is of several classes: "the watches" and
"he watches", "can" as a verb, an auxiliary and a thing, "light" as a noun, a verb and an adjective,
"that", "her", "to", "like", "before". Their neighbours on both sides decide. One word in thirty is
invented and mostly occurs once; its ending tells its class, which is what looking at characters is
for. No sentence is in two splits.

| baseline, test split | accuracy |
| --- | --- |
| the most frequent class of each word, nouns otherwise | .857 |
| words and characters without memory (`--cell dense`) | .871 |
| the recipe `pos_tagging` (bidirectional LSTM), 5 epochs | .999 |

**Limits.** Tidy statements and questions of a closed world; of real text's ambiguity it has the
commonest kinds only.
"""


# === Words ===

# Nouns in the singular that are verbs in the infinitive; with -s, both again.
_BOTH = listed("""walk plan watch ship drink cook play park call visit order ring stamp work answer
    paint cover study water plant guard dream dance fish need promise question smile promise report
    test track film brush comb fence film gift heat iron joke knot lock mark name nail pack race""")
_NOUNS = listed("""garden teacher window river doctor table city horse farmer letter picture sister
    house boat engineer forest kitchen baker street tower village lamp bottle carpet piano
    ticket""")
_VERBS = listed("""bring hear find sell carry follow describe forget choose send enjoy admire borrow
    build""")
# Adjectives that are verbs too, and adjectives that are nouns too.
_ADJECTIVE_VERBS = listed("clean open dry warm empty clear slow calm cool free narrow light")
_ADJECTIVE_NOUNS = listed("light cold orange patient model future glass gold square human native")
_ADJECTIVES = listed("old small happy strange tall heavy famous quiet broken young wide")
_ADVERBS = listed("often never always gladly soon quietly again rarely")
_BOTH_ADVERBS = listed("early late hard fast straight daily")  # adjectives too
_AUXILIARIES = listed("can will might must should could may")
_NUMBERS = listed("two three four seven ten twelve 15 40")
_STEMS = listed("""bal cor dem fal gar hol jun kel lor mer nov pel quin ros sal tor vel wim zan bri
    clo dra fli gro pla sto tri""")
_ENDINGS = {
    "NOUN": ("ment", "ness", "ation", "ity", "ship"),
    "ADJ": ("ous", "ful", "less", "ible", "ish"),
    "ADV": ("ously", "fully", "ishly"),
    "VERB": ("ify", "ise"),
}


class _Writer(Chooser):
    """Draws sentences: each method gives a list of `(word, tag)`."""

    def invented(self, tag: str, ending: str = "") -> str:
        return self.pick(_STEMS) + self.pick("aeiou") + self.pick(_STEMS) + self.pick(_ENDINGS[tag])

    # === Phrases ===

    def noun(self, plural: bool):
        if self.chance(0.05):
            word = self.invented("NOUN")
        else:
            pools = [_BOTH, _BOTH, _BOTH, _NOUNS, _NOUNS]
            if not plural:
                pools += [_ADJECTIVE_NOUNS, ["can", "will", "might", "saw", "duck", "left", "past"]]
            word = self.pick(self.pick(pools))
        return [(_with_s(word) if plural else word, "NOUN")]

    def adjective(self):
        if self.chance(0.08):
            return [(self.invented("ADJ"), "ADJ")]
        pools = (_ADJECTIVES, _ADJECTIVE_VERBS, _ADJECTIVE_NOUNS, _BOTH_ADVERBS)
        return [(self.pick(self.pick(pools)), "ADJ")]

    def thing(self, plural: bool):
        """A noun with what stands before it."""
        kind = self.rng.random()
        if plural and kind < 0.25:
            start = [(self.pick(_NUMBERS), "NUM")]
        elif kind < 0.6:
            start = [("the", "DET")]
        elif kind < 0.8:
            start = [(self.pick(("my", "her", "his", "their")), "PRON")]
        else:
            start = [("those" if plural else self.pick(("that", "this", "every")), "DET")]
        middle = self.adjective() if self.chance(0.4) else []
        return start + middle + self.noun(plural)

    def subject(self):
        """Words, and whether their verb has no -s."""
        if self.chance(0.35):
            many = self.chance(0.5)
            words = ("they", "we", "you", "i") if many else ("he", "she", "it")
            return [(self.pick(words), "PRON")], many
        many = self.chance(0.45)
        return self.thing(many), many

    def object(self):
        if self.chance(0.25):
            return [(self.pick(("her", "him", "them", "it", "that", "us")), "PRON")]
        return self.thing(self.chance(0.4))

    def verb(self, many: bool):
        if self.chance(0.06):
            word = self.invented("VERB")
        else:
            word = self.pick(self.pick((_BOTH, _BOTH, _VERBS, _ADJECTIVE_VERBS, ["like", "duck"])))
        return [(word if many else _with_s(word), "VERB")]

    def place(self):
        word = self.pick(("near", "behind", "before", "after", "past", "like", "to", "in", "down"))
        return [(word, "ADP")] + self.thing(self.chance(0.3))

    def adverb(self):
        if self.chance(0.2):
            return [(self.invented("ADV"), "ADV")]
        return [(self.pick(_ADVERBS), "ADV")]

    # === Clauses ===

    def clause(self):
        subject, many = self.subject()
        kind = self.rng.random()
        if kind < 0.2:
            middle = [(self.pick(_AUXILIARIES), "AUX")]
            middle += [("not", "PART")] if self.chance(0.2) else []
            verb = middle + self.verb(True)
        elif kind < 0.32:
            verb = self.verb(many) + [("to", "PART")] + self.verb(True)
        elif kind < 0.45:
            be = [("are" if many else "is", "AUX")]
            return subject + be + self.adjective() + (self.place() if self.chance(0.4) else [])
        elif kind < 0.55:
            report = self.pick(("say", "hope", "think"))
            report = report if many else _with_s(report)
            return subject + [(report, "VERB"), ("that", "SCONJ")] + self.short()
        else:
            verb = self.adverb() if self.chance(0.2) else []
            verb = verb + self.verb(many)
        end = self.place() if self.chance(0.3) else []
        if not end and self.chance(0.25):
            end = [(self.pick(_BOTH_ADVERBS), "ADV")]
        return subject + verb + self.object() + end

    def short(self):
        subject, many = self.subject()
        return subject + self.verb(many) + self.object()

    def sentence(self):
        kind = self.rng.random()
        if kind < 0.12:
            words = [(self.pick(("before", "after", "while")), "SCONJ")] + self.short()
            words += [(",", "PUNCT")] + self.short()
        elif kind < 0.24:
            words = self.short() + [(self.pick(("and", "but", "or")), "CCONJ")] + self.short()
        elif kind < 0.36:
            auxiliary = [(self.pick(_AUXILIARIES), "AUX")]
            subject, _ = self.subject()
            return auxiliary + subject + self.verb(True) + self.object() + [("?", "PUNCT")]
        elif kind < 0.44:
            words = self.verb(True) + self.object() + self.place()  # an order
        else:
            words = self.clause()
        return words + [(".", "PUNCT")]


def _with_s(word: str) -> str:
    if word.endswith(("s", "sh", "ch", "x")):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeou":
        return word[:-1] + "ies"
    return word + "s"


@generator
def generate(split: str, seed: int = 0) -> Iterator[tuple[list[str], list[str]]]:
    """The examples of a split, pairs of the words of a sentence and their tags.

    Args:
        split: One of `SIZES`.
        seed: Another number gives other sentences.
    """
    writer, seen = _Writer(random.Random(f"wordclasses {split} {seed}")), set()
    while len(seen) < SIZES[split]:
        words, tags = map(list, zip(*writer.sentence(), strict=True))
        words[0] = words[0].capitalize()
        words = ["I" if word == "i" else word for word in words]
        text = " ".join(words)
        if text not in seen and split_of(text) == split:
            seen.add(text)
            yield words, tags
