"""Clauses of `rnnkit.datasets.phrases` about what somebody does: one method a kind."""

from rnnkit.datasets.phrases import lexicon
from rnnkit.datasets.phrases.forms import contract
from rnnkit.datasets.phrases.grammar import (
    MODALS,
    NEGATIONS,
    OBJECTS,
    PRONOUNS,
    Noun,
    Phrase,
    adjectives,
    both,
    clean,
    english,
    french,
    name,
    noun_phrase,
    nouns,
    verb,
)
from rnnkit.datasets.samples import Chooser, listed


def pairs(text: str) -> list[tuple[str, ...]]:
    return [tuple(entry.split("|")) for entry in listed(text, ",")]


_TIMES = {kind: pairs(text) for kind, text in lexicon.TIMES.items()}
PLACES = {kind: pairs(text) for kind, text in lexicon.PLACES.items()}
ACTIONS, EVENTS = pairs(lexicon.ACTIONS), pairs(lexicon.EVENTS)
INTRANSITIVE, _GIVING = pairs(lexicon.INTRANSITIVE), pairs(lexicon.GIVING)
# Modals of what is still to come.
_FUTURE = ("want", "can", "must", "should", "would like", "hope")
NUMBERS = pairs(lexicon.NUMBERS)
# Kinds of nouns that may do something.
AGENTS = "person person skilled"
BE, HAVE, GO, _COME = (
    verb(*pair) for pair in (("be", "être"), ("have had", "avoir"), ("go went", "aller"),
                             ("come came", "venir"))
)  # fmt: skip


def _others(subject: Phrase) -> list[str]:
    """The object pronouns that do not point back at the subject."""
    person = subject.person
    return [
        word
        for word, (*_, other) in OBJECTS.items()
        if {person, other} not in ({0}, {2}, {3}, {0, 2})
    ]


class Clauses(Chooser):
    """Draws clauses from `rng`; each method gives a clause as `(English, French)`, before
    elision, without capitals and punctuation."""

    # === Phrases ===

    def described(
        self, noun: Noun, determiner: str, number: str = "s", rate=0.45, **more
    ) -> Phrase:
        """A noun phrase, with up to two adjectives that fit."""
        before = after = None
        if self.chance(rate):
            first, second = adjectives(noun, lexicon.BEFORE), adjectives(noun, lexicon.AFTER)
            both_sides = noun.kind not in AGENTS.split() and self.chance(0.25)
            if first and (both_sides or not second or self.chance(0.5)):
                before = self.pick(first)
            if second and (both_sides or not before):
                after = self.pick(second)
        return noun_phrase(noun, determiner, number, before, after, **more)

    def kin(self) -> Phrase:
        word, fr, gender = self.pick(pairs(lexicon.KIN))
        noun = Noun(word, "", fr, "", gender, "kin")
        return noun_phrase(noun, self.pick(["my", "his", "her", "our", "your", "their"]))

    def person(self) -> Phrase:
        """Somebody in particular, singular."""
        kind = self.rng.random()
        if kind < 0.3:
            gender = self.pick("mf")
            return name(self.pick(lexicon.NAMES[gender]), gender)
        if kind < 0.55:
            return self.kin()
        return self.described(self.pick(nouns(AGENTS)), self.pick(["the", "the", "this"]), rate=0.3)

    def people(self) -> Phrase:
        """Somebody or several, known to speaker and hearer."""
        kind = self.rng.random()
        if kind < 0.75:
            return self.person()
        if kind < 0.88:
            determiner = self.pick(["the", "the", "these", "several", "all", "number"])
            noun = self.pick(nouns(AGENTS))
            count = self.pick(pairs(lexicon.NUMBERS)) if determiner == "number" else None
            determiner = "this" if determiner == "these" else determiner
            return self.described(noun, determiner, "p", rate=0.2, count=count)
        return self.couple()

    def couple(self) -> Phrase:
        one, other = self.person(), self.person()
        while " " in one.en and " " in other.en or one.en == other.en:
            one, other = self.person(), self.person()
        if self.chance(0.5) and " " not in one.en:
            gender = self.pick("mf")
            other = name(self.pick([n for n in lexicon.NAMES[gender] if n != one.en]), gender)
        return both(one, other)

    def subject(self, pronouns: float = 0.4) -> Phrase:
        return self.pick(PRONOUNS) if self.chance(pronouns) else self.people()

    def thing(self, kinds: str, negative: bool = False) -> Phrase:
        """What is acted on: a noun phrase of one of some kinds; negatable if asked for."""
        noun = self.pick(nouns(kinds))
        plural = noun.kind == "pairs" or not noun.mass and self.chance(0.35)
        if noun.mass:
            choices = ["a", "a", "the", "the", "this"]
        elif plural:
            choices = ["the", "a", "a", "number", "this", "that"]
            choices += ["my", "his", "our"] if noun.kind in ("clothes", "pairs", "read") else []
            choices += [] if negative else ["many", "several", "a few", "all"]
        else:
            choices = ["the", "the", "a", "a", "this", "that"]
            if noun.kind in ("clothes", "vehicle", "small", "device", "read", "animal"):
                choices += ["my", "his", "her", "our", "your", "their"]
        odd = ("number",) if negative or noun.kind == "pairs" else ()
        determiner = self.pick([choice for choice in choices if choice not in odd])
        count = self.pick(pairs(lexicon.NUMBERS)) if determiner == "number" else None
        return self.described(noun, determiner, "p" if plural else "s", count=count)

    def when(self, kind: str, rate: float = 0.45) -> tuple[str, str]:
        return self.pick(_TIMES[kind]) if self.chance(rate) else ("", "")

    def where(self, kinds: str, rate: float = 0.4) -> tuple[str, str]:
        if kinds == "-" or not self.chance(rate):
            return "", ""
        return self.pick(PLACES[self.pick(kinds.split())])

    # === Clauses ===

    def tense(self, word, *, event=False, progressive=True) -> tuple[str, str]:
        """A tense and the kind of time that goes with it."""
        choices = ["past"] * 3 + ["future"] * 2
        if not event:
            # "read" is present and past alike: only forms that tell them apart are used.
            choices += ["progressive"] * 3 if progressive else []
            choices += [] if word.past == word.en else ["present"] * 3
        tense = self.pick(choices)
        times = {"past": "past", "future": "future", "progressive": "now", "present": "habit"}
        return tense, times[tense]

    def frame(self, subject, word, tense, time, tail=("", ""), *, negation="", place="-", **more):
        """A clause with place and time, and sometimes the time in front."""
        adverb = ("", "")
        if tense == "present" and not negation and self.chance(0.3):
            adverb = self.pick([("often", "souvent"), ("always", "toujours"),
                                ("sometimes", "parfois")])  # fmt: skip
        scoped = tense == "present" and (negation or adverb[0])
        when = ("", "") if scoped or not time else self.when(time)
        where = self.where(place, 1.0 if word.fr == "rester" else 0.35)
        clauses = []
        for index in (0, 1):
            parts = [tail[index], where[index], when[index]]
            if index == 0:
                clause = english(subject, word, tense, negation, adverb[0])
            else:
                clause = french(
                    subject, word, tense, NEGATIONS.get(negation, ""), adverb[1], **more
                )
            clauses.append(clean(" ".join([clause, *parts])))
        if when[0] and tense in ("past", "future") and time in _TIMES and self.chance(0.3):
            ends = [f"{when[i]}, {clauses[i].removesuffix(when[i]).strip()}" for i in (0, 1)]
            return tuple(ends)
        return tuple(clauses)

    def negation(self, subject: Phrase, tense: str, rate: float = 0.25) -> str:
        # "All the girls do not ..." can be read in two ways.
        if not subject.negatable or not self.chance(rate):
            return ""
        return self.pick(["not", "not", "never", "no longer"]) if tense == "present" else "not"

    def object_of(self, kinds: str, negation: str) -> tuple[str, str]:
        """A direct object in English and French, as the negation has it."""
        thing = self.thing(kinds, bool(negation))
        if negation and thing.negated:
            return thing.negated[0 if negation == "not" else 1], thing.negated[2]
        return thing.en, thing.fr

    def action(self, subject: Phrase | None = None):
        """Somebody does something with something."""
        event = self.chance(0.35)
        english_, french_, kinds, place = self.pick(EVENTS if event else ACTIONS)
        subject = subject or self.subject()
        word = verb(english_, french_)
        tense, time = self.tense(word, event=event)
        negation = self.negation(subject, tense)
        obj = self.object_of(kinds, negation)
        while obj[0].split()[-1].removesuffix("s") in subject.en:
            obj = self.object_of(kinds, negation)
        return self.frame(subject, word, tense, time, obj, negation=negation, place=place)

    def motion(self, subject: Phrase | None = None):
        """Somebody does something without an object."""
        english_, french_, place = self.pick(INTRANSITIVE)
        subject = subject or self.subject()
        word = verb(english_, french_)
        tense, time = self.tense(word)
        if tense != "past" and self.chance(0.2):
            time = "clock" if french_ in ("arriver", "partir", "revenir") else time
        return self.frame(
            subject, word, tense, time, negation=self.negation(subject, tense), place=place
        )

    def reflexive(self, subject: Phrase | None = None):
        subject = subject or self.subject()
        english_, french_ = self.pick(pairs(lexicon.REFLEXIVE))
        word = verb(english_, french_, True)
        tense, time = self.tense(word)
        if french_ in ("lever", "réveiller", "coucher") and self.chance(0.5):
            time = "clock"
        return self.frame(subject, word, tense, time, negation=self.negation(subject, tense))

    def modal(self, subject: Phrase | None = None):
        """Somebody wants to, can, must, ... do something."""
        subject = subject or self.subject()
        modal = self.pick([key for key in MODALS if key != "know"])
        negation = ""
        if modal in ("want", "can", "must", "should", "like"):
            negation = "not" if self.chance(0.3) and subject.negatable else ""
        kind = self.rng.random()
        if kind < 0.5:
            english_, french_, kinds, place = self.pick(ACTIONS)
            word, tail = verb(english_, french_), self.object_of(kinds, negation)
        elif kind < 0.75:
            english_, french_, place = self.pick(INTRANSITIVE)
            word, tail = verb(english_, french_), ("", "")
        elif kind < 0.9 and modal not in ("begin", "like"):
            english_, french_ = self.pick(pairs(lexicon.REFLEXIVE))
            word, tail, place = verb(english_, french_, True), ("", ""), "-"
        else:
            return self.skill(subject, modal)
        time = "future" if modal in _FUTURE and not negation else ""
        return self.frame(subject, word, modal, time, tail, negation=negation, place=place)

    def skill(self, subject: Phrase | None = None, modal: str = "know"):
        """ "knows how to swim", "is learning Spanish", "plays the piano"."""
        subject = subject or self.subject()
        kind = self.rng.random()
        if kind < 0.3 and modal == "know":
            language = self.pick(pairs(lexicon.LANGUAGES))
            speak = self.chance(0.5)
            word = verb("speak spoke", "parler") if speak else verb("learn learnt", "apprendre")
            tense = "present" if speak else self.pick(["progressive", "past", "future"])
            fr = language[1] if speak else f"le {language[1]}"
            negation = self.negation(subject, tense) if speak else ""
            time = {"past": "past", "future": "future"}.get(tense, "") if not speak else ""
            return self.frame(subject, word, tense, time, (language[0], fr), negation=negation)
        game = self.pick(pairs(lexicon.GAMES))
        (en, *en_tail), (fr, *fr_tail) = game[0].split(), game[1].split()
        word, tail = verb(en, fr), (" ".join(en_tail), " ".join(fr_tail))
        if modal == "know" and self.chance(0.5):
            tense, time = self.tense(word)
            return self.frame(
                subject, word, tense, time, tail, negation=self.negation(subject, tense)
            )
        if modal == "know" and self.chance(0.5):
            skills = [("swim", "nager"), ("dance", "danser"), ("cook", "cuisiner"),
                      ("sing", "chanter"), ("drive", "conduire"), ("read", "lire"),
                      ("write", "écrire")]  # fmt: skip
            word, tail = verb(*self.pick(skills)), ("", "")
        negative = modal == "know" and self.chance(0.3) and subject.negatable
        negation = "not" if negative else ""
        return self.frame(subject, word, modal, "", tail, negation=negation)

    def pronoun(self, subject: Phrase | None = None):
        """An object pronoun before the verb."""
        subject = subject or self.subject(0.5)
        chosen = self.pick(_others(subject))
        direct, indirect, gender, number, _ = OBJECTS[chosen]
        if self.chance(0.6):
            english_, french_ = self.pick(pairs(lexicon.DIRECT))
            clitic, agreement = direct, (gender, number)
            event = french_ in ("voir", "entendre", "rencontrer", "trouver", "inviter")
        else:
            english_, french_ = self.pick(pairs(lexicon.INDIRECT))
            clitic, agreement, event = indirect, ("m", "s"), False
        word = verb(english_, french_)
        stative = french_ in ("comprendre", "obéir", "répondre")
        if self.chance(0.25):
            tense = self.pick(["want", "can", "must", "should", "would like"])
            time = ""
        else:
            tense, time = self.tense(word, event=event, progressive=not stative)
        negation = self.negation(subject, tense)
        return self.frame(
            subject, word, tense, time, (chosen, ""), negation=negation, clitic=clitic,
            agreement=agreement,
        )  # fmt: skip

    def giving(self, subject: Phrase | None = None):
        """Somebody gives somebody something."""
        subject = subject or self.subject()
        english_, french_, kinds = self.pick(_GIVING)
        word = verb(english_, french_)
        tense, time = self.tense(word)
        negation = self.negation(subject, tense, 0.2)
        obj = self.object_of(kinds, negation)
        if self.chance(0.5):
            chosen = self.pick(_others(subject))
            tail = (f"{chosen} {obj[0]}", obj[1])
            more = {"clitic": OBJECTS[chosen][1]}
        else:
            receiver = self.person()
            while receiver.en == subject.en:
                receiver = self.person()
            tail = (f"{obj[0]} to {receiver.en}", f"{obj[1]} {contract('à', receiver.fr)}")
            more = {}
        return self.frame(subject, word, tense, time, tail, negation=negation, **more)

    def answering(self, subject: Phrase | None = None):
        """What takes "à" in French: "phones the doctor"."""
        subject = subject or self.subject()
        english_, french_ = self.pick(pairs(lexicon.INDIRECT))
        word, other = verb(english_, french_), self.person()
        while other.en in subject.en:
            other = self.person()
        tense, time = self.tense(word, progressive=french_ not in ("obéir", "répondre"))
        tail = (other.en, contract("à", other.fr))
        return self.frame(subject, word, tense, time, tail, negation=self.negation(subject, tense))

    def needing(self, subject: Phrase | None = None):
        """ "needs a car", in French with "de"."""
        subject = subject or self.subject()
        negation = self.pick(["", "", "not", "no longer"]) if subject.negatable else ""
        while True:
            thing = self.thing("vehicle small device container clothes bread meal drink fruit",
                               bool(negation))  # fmt: skip
            if not thing.fr.startswith(("beaucoup", "tous", "toutes", "plusieurs", "quelques")):
                break
        en = thing.negated[0] if negation and thing.negated else thing.en
        clause = english(subject, verb("need", ""), "present", negation)
        has = french(subject, HAVE, "present", NEGATIONS.get(negation, ""))
        return f"{clause} {en}", f"{has} besoin {thing.de()}"

    def having(self, subject: Phrase | None = None):
        """ "has a black cat", "no longer has a car"."""
        subject = subject or self.subject()
        negation = self.pick(["", "", "not", "no longer"]) if subject.negatable else ""
        noun = self.pick(nouns("animal vehicle house device small clothes furniture"))
        plural = self.chance(0.3)
        count = None if negation or not plural or self.chance(0.5) else self.pick(NUMBERS)
        thing = self.described(
            noun, "number" if count else "a", "p" if plural else "s", count=count
        )
        tail = (thing.negated[0], thing.negated[2]) if negation else (thing.en, thing.fr)
        before = not negation and self.chance(0.3)
        if before:
            clause = french(subject, HAVE, "was doing")
            return f"{subject.en} had {tail[0]}", f"{clause} {tail[1]}"
        return self.plain(subject, HAVE, "present", tail, negation)

    def plain(self, subject, word, tense, tail, negation="", french_word=None):
        """A clause without time and place; `french_word` where the French verb is another."""
        if not subject.negatable:
            negation = ""
        fr = french(subject, french_word or word, tense, NEGATIONS.get(negation, ""))
        return (
            clean(f"{english(subject, word, tense, negation)} {tail[0]}"),
            clean(f"{fr} {tail[1]}"),
        )
