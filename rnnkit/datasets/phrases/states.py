"""Clauses of `rnnkit.datasets.phrases` about how and where somebody or something is."""

from rnnkit.datasets.phrases import lexicon
from rnnkit.datasets.phrases.clauses import BE, GO, HAVE, NUMBERS, PLACES, Clauses, pairs
from rnnkit.datasets.phrases.forms import agree, contract
from rnnkit.datasets.phrases.grammar import (
    PRONOUNS,
    Phrase,
    adjectives,
    clean,
    english,
    french,
    name,
    noun_phrase,
    nouns,
    verb,
)

_COMPARED = {kind: pairs(text) for kind, text in lexicon.COMPARED.items()}
# Adjectives before the noun that may be said of it, and those without degrees.
TOLD = ("small", "big", "old", "beautiful", "pretty", "good", "bad", "young", "long")
ABSOLUTE = """red blue green yellow black white grey brown round wooden broken empty French Italian
    Spanish ripe new""".split()
ROOMY = ("in the kitchen", "in the garden", "near the window", "in front of the house",
          "in the street", "next to the church")  # fmt: skip
# What is described, and what is somewhere.
_DESCRIBED = """animal clothes vehicle house sight furniture container dish read fruit flower pairs
    small meal drink art"""
_PRESENT = """animal small dish furniture container read pastry fruit flower bread drink meal
    person"""
_LAID = ("on the table", "in the kitchen", "in the bag")
_YOUNG = ("child", "boy", "girl", " son", "daughter", "cousin")
_CHILDHOOD = ("five", "six", "eight", "eleven", "twelve", "fifteen")


class States(Clauses):
    """Adds to `Clauses`: being, comparing, weather, ways, tastes."""

    def feeling(self, subject: Phrase | None = None):
        """What one "has" in French: hunger, cold, years."""
        subject = subject or self.subject()
        if self.chance(0.3):
            subject = self.person() if not subject.pronoun else subject
            ages = pairs(lexicon.AGES)
            if not subject.pronoun and " " in subject.en:
                youth = any(word in subject.en for word in _YOUNG)
                ages = [age for age in ages if (age[0] in _CHILDHOOD) == youth]
            en, fr = self.pick(ages)
            tail, negation = (f"{en} years old", fr), "not" if self.chance(0.2) else ""
            return self.plain(subject, BE, "present", tail, negation, HAVE)
        tail = self.pick(pairs(lexicon.FEELINGS))
        negation = self.pick(["", "", "not", "no longer"]) if subject.negatable else ""
        if tail[0] in ("right", "wrong", "lucky") and negation == "no longer":
            negation = "not"
        if tail[0] == "lucky" and negation:
            tail = ("lucky", "de chance")
        tense = self.pick(["present", "present", "was doing"])
        negation = "not" if negation and tense == "was doing" else negation
        return self.plain(subject, BE, tense, tail, negation, HAVE)

    def state(self, subject: Phrase | None = None):
        """How somebody is: "is very tired", "were not ready"."""
        subject = subject or self.subject()
        en, fr = self.pick(pairs(lexicon.STATES))
        fr = agree(fr, subject.gender, subject.number)
        tense = self.pick(["present", "present", "was doing", "future"])
        negation = self.pick(["", "", "not", "never"])
        negation = "not" if negation == "never" and tense != "present" else negation
        if not negation and en in lexicon.GRADED and self.chance(0.5):
            degrees = [("very", "très"), ("too", "trop")]
            degree = self.pick(degrees + [("a little", "un peu")] * (en in lexicon.SLIGHT))
            en, fr = f"{degree[0]} {en}", f"{degree[1]} {fr}"
        time = self.when({"present": "now", "future": "future"}.get(tense, "past"), 0.35)
        time = ("", "") if negation == "never" else time
        tail = (f"{en} {time[0]}".replace("_", " "), f"{fr} {time[1]}")
        return self.plain(subject, BE, tense, tail, negation)

    def quality(self):
        """How a thing or an animal is: "the old bridge is not very beautiful"."""
        while True:
            noun = self.pick(nouns(_DESCRIBED))
            fitting = adjectives(noun, lexicon.AFTER)
            fitting += tuple(pair for pair in adjectives(noun, lexicon.BEFORE) if pair[0] in TOLD)
            if fitting:
                break
        number = "p" if not noun.mass and self.chance(0.35) else "s"
        choices = ["the", "the", "this", "my", "our", "your", "his", "her", "their"]
        if noun.kind in ("sight", "fruit", "flower", "meal", "drink", "animal"):
            choices = ["the", "the", "this"]
        subject = noun_phrase(noun, self.pick(choices), number)
        en, fr = self.pick(fitting)
        fr = agree(fr, subject.gender, number)
        negation = self.pick(["", "", "not"])
        if en not in ABSOLUTE and self.chance(0.4):
            degree = self.pick([("very", "très"), ("too", "trop")])
            en, fr = f"{degree[0]} {en}", f"{degree[1]} {fr}"
        return self.plain(subject, BE, self.pick(["present", "present", "was doing"]), (en, fr),
                          negation)  # fmt: skip

    def profession(self):
        """ "my sister is a lawyer", in French without an article."""
        subject = self.pick(PRONOUNS[:3]) if self.chance(0.3) else self.kin()
        while subject.en.endswith(("teacher", "doctor")):
            subject = self.kin()
        if self.chance(0.4):
            gender = self.pick("mf")
            subject = name(self.pick(lexicon.NAMES[gender]), gender)
        en, fr = self.pick(pairs(lexicon.PROFESSIONS))
        fr = fr.split()[subject.gender == "f"]
        negation = self.pick(["", "", "", "not", "no longer"])
        if not negation and self.chance(0.25):
            return self.plain(subject, verb("want to be", "vouloir"), "present",
                              (f"a {en}", f"être {fr}"))  # fmt: skip
        return self.plain(subject, BE, "present", (f"a {en}", fr), negation)

    def comparison(self):
        """ "is older than", "is not as tall as", "is less expensive than", "is the tallest"."""
        kind = self.pick(["person", "person", *_COMPARED])
        english_, french_ = self.pick(_COMPARED[kind])
        base, _, longer = english_.partition(" ")
        if kind == "person":
            one, other = self.person(), self.person()
            while other.en == one.en:
                other = self.person()
        else:
            first, second = self.pick(nouns(kind)), self.pick(nouns(kind))
            one = noun_phrase(first, self.pick(["the", "this", "my", "your", "his", "her"]))
            other = noun_phrase(second, self.pick(["the", "that", "our", "their"]))
            while second == first:
                second = self.pick(nouns(kind))
                other = noun_phrase(second, self.pick(["the", "our", "their"]))
        fr = agree(french_, one.gender, one.number)
        degree = self.pick(["more", "more", "as", "not as"])
        en = {"more": f"{longer or 'more ' + base} than"}.get(degree, f"as {base} as")
        fr = f"{'plus' if degree == 'more' else 'aussi'} {fr} que"
        negation = "not" if degree == "not as" else ""
        return self.plain(one, BE, "present", (f"{en} {other.en}", f"{fr} {other.fr}"), negation)

    # === Things, weather, ways ===

    def existing(self):
        """ "there is", "il y a"."""
        noun = self.pick(nouns(_PRESENT))
        plural = not noun.mass and self.chance(0.5)
        determiner = self.pick(["a", "many", "number", "several"]) if plural else "a"
        count = self.pick(NUMBERS) if determiner == "number" else None
        thing = self.described(noun, determiner, "p" if plural else "s", count=count)
        spot = self.pick(pairs(lexicon.SPOTS))
        big = noun.kind in ("furniture", "person", "animal", "flower")
        food = noun.kind in ("bread", "drink", "meal", "fruit", "pastry")
        while big and spot[0] not in ROOMY or food and spot[0] not in _LAID or noun.en in spot[0]:
            spot = self.pick(pairs(lexicon.SPOTS))
        before, negation = self.chance(0.25), bool(thing.negated) and self.chance(0.35)
        be = ("were" if before else "are") if plural else ("was" if before else "is")
        has = "avait" if before else "a"
        if negation:
            en = thing.negated[1].removeprefix("any ").removeprefix("a ")
            return (
                f"there {be} no {en} {spot[0]}",
                f"il ne y {has} pas {thing.negated[2]} {spot[1]}",
            )
        return f"there {be} {thing.en} {spot[0]}", f"il y {has} {thing.fr} {spot[1]}"

    def weather(self):
        now_en, now_fr, past_en, past_fr = self.pick(pairs(lexicon.WEATHER))
        where = self.pick(PLACES[self.pick(["city", "country"])])
        if self.chance(0.5):
            time = self.when("past", 1.0)
            while "ago" in time[0] or "last" in time[0] and now_en == "it is dark":
                time = self.when("past", 1.0)
            return clean(f"{past_en} {where[0]} {time[0]}"), clean(
                f"{past_fr} {where[1]} {time[1]}"
            )
        adverb = self.pick([("", ""), ("now", "maintenant"), ("today", "aujourd'hui"),
                            ("this morning", "ce matin")])  # fmt: skip
        return clean(f"{now_en} {where[0]} {adverb[0]}"), clean(f"{now_fr} {where[1]} {adverb[1]}")

    def going(self, subject: Phrase | None = None):
        """ "goes to Paris", "comes back from school", "lives in Japan"."""
        subject = subject or self.subject()
        to_en, to_fr, from_en, from_fr = self.pick(pairs(lexicon.GOALS))
        kind = self.rng.random()
        if kind < 0.2:
            place = self.pick(PLACES[self.pick(["city", "country"])])
            negation = self.pick(["", "", "not", "no longer"])
            return self.plain(subject, verb("live", "habiter"), "present", place, negation)
        going = kind < 0.65
        word = GO if going else verb("come_back came", "revenir")
        tense, time = self.tense(word)
        if tense == "future" and going:
            tense = "want"
        tail = (to_en, to_fr) if going else (from_en, from_fr)
        return self.frame(subject, word, tense, time, tail, negation=self.negation(subject, tense))

    def taste(self, subject: Phrase | None = None):
        """ "loves old films", in French with the definite article; "prefers tea to coffee"."""
        subject = subject or self.subject()

        def liked():
            noun = self.pick(nouns("animal fruit vegetable pastry meal drink read flower"))
            number = "s" if noun.mass else "p"
            rate = 0.35 if noun.kind in ("animal", "flower", "read") else 0.0
            phrase = self.described(noun, "the", number, rate=rate)
            return phrase.en.removeprefix("the "), phrase.fr, noun

        one, other = liked(), liked()
        if self.chance(0.3):
            while other[2].kind != one[2].kind or other[2] == one[2]:
                one, other = liked(), liked()
            tail = (f"{one[0]} to {other[0]}", f"{one[1]} {contract('à', other[1])}")
            return self.plain(subject, verb("prefer", "préférer"), "present", tail)
        word = verb(*self.pick(pairs(lexicon.TASTES)))
        negative = word.fr == "aimer" and subject.negatable
        negation = self.pick(["", "not", "no longer"]) if negative else ""
        return self.plain(subject, word, "present", (one[0], one[1]), negation)

    def nothing(self, subject: Phrase | None = None):
        """ "eats nothing", "saw nobody"."""
        subject = subject or self.subject()
        body = self.chance(0.5)
        words = "see saw|voir, hear heard|entendre, understand understood|comprendre"
        things = ", eat ate|manger, drink drank|boire, buy bought|acheter, find found|trouver"
        people = ", help|aider, meet met|rencontrer, invite|inviter"
        word = verb(*self.pick(pairs(words + (people if body else things))))
        tense = self.pick(["past", "past", "present"])
        if body:  # after the participle
            fr = french(subject, word, tense, "~").replace(" ~", "") + " personne"
        else:
            fr = french(subject, word, tense, "rien")
        return f"{english(subject, word, tense)} {'nobody' if body else 'nothing'}", fr
