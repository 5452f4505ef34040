"""The sentences of `rnnkit.datasets.phrases`: questions, orders, two clauses, and their shares."""

from rnnkit.datasets.phrases import lexicon
from rnnkit.datasets.phrases.clauses import ACTIONS, AGENTS, BE, EVENTS, HAVE, INTRANSITIVE, pairs
from rnnkit.datasets.phrases.forms import agree, present
from rnnkit.datasets.phrases.grammar import (
    NEGATIONS,
    PRONOUNS,
    Phrase,
    adjectives,
    clean,
    english,
    french,
    noun_phrase,
    nouns,
    owned,
    verb,
)
from rnnkit.datasets.phrases.states import ROOMY, TOLD, States

_ORDERS = [row for row in ACTIONS + EVENTS if row[1] in (
    "manger", "boire", "lire", "écrire", "acheter", "vendre", "laver", "nettoyer", "regarder",
    "écouter", "chercher", "attendre", "préparer", "photographier", "réparer", "traverser",
    "cueillir", "aider", "suivre", "prendre", "commander", "ouvrir", "fermer", "appeler", "inviter",
    "choisir", "visiter")]  # fmt: skip
_REASONS = {
    "home": "tired|fatigué, ill|malade, cold|froid, busy|occupé",
    "crying": "sad|triste, afraid|peur, hungry|faim, tired|fatigué, alone|seul, disappointed|déçu",
    "out": "tired|fatigué, ill|malade, cold|froid, afraid|peur, busy|occupé",
    "sleep": "hungry|faim, cold|froid, hot|chaud, worried|inquiet inquiète, thirsty|soif",
    "work": "tired|fatigué, lazy|paresseux, hungry|faim, hot|chaud",
    "hurrying": "late|en_retard=, cold|froid, hungry|faim, afraid|peur",
}
_KNOWN = {
    "clothes": "buy bought|acheter, wear wore|porter, choose chose|choisir, wash|laver",
    "pairs": "buy bought|acheter, wear wore|porter, choose chose|choisir, clean|nettoyer",
    "vehicle": "buy bought|acheter, sell sold|vendre, wash|laver, repair|réparer",
    "read": "buy bought|acheter, choose chose|choisir, read|lire, keep kept|garder",
    "house": "buy bought|acheter, sell sold|vendre, photograph|photographier, visit|visiter",
    "other": "eat ate|manger, buy bought|acheter, order|commander, share|partager",
}
# How often each kind of sentence comes, and its method.
_KINDS = [
    (18, "action"), (7, "motion"), (4, "reflexive"), (8, "modal"), (5, "skill"), (8, "pronoun"),
    (6, "giving"), (3, "answering"), (3, "needing"), (4, "having"), (3, "feeling"), (6, "state"),
    (5, "quality"), (2, "profession"), (5, "comparison"), (5, "existing"), (2, "weather"),
    (5, "going"), (4, "taste"), (2, "nothing"), (13, "question"), (4, "order"), (5, "reported"),
    (2, "because"), (3, "while_"), (3, "joined"), (4, "relative"), (4, "known_thing"),
    (2, "ownership"),
]  # fmt: skip


class Writer(States):
    """Draws whole sentences from `rng`."""

    # === Questions and orders ===

    def question(self):
        """A question, its mark included."""
        kind = self.rng.random()
        if kind < 0.3:
            return self.whether()
        if kind < 0.45:
            return self.where_is()
        return self.asking()

    def asked(self) -> Phrase:
        """Somebody to ask about: not oneself."""
        return self.pick(PRONOUNS[1:]) if self.chance(0.6) else self.people()

    def whether(self):
        """ "does she like cats ?", "est-ce qu'elle aime les chats ?"."""
        subject = self.asked()
        kind = self.rng.random()
        if kind < 0.6:
            english_, french_, kinds, _ = self.pick(ACTIONS + EVENTS)
            word = verb(english_, french_)
            event = (english_, french_, kinds, _) in EVENTS
            tense = self.pick(["past", "future"] if event else ["past", "future", "progressive"])
            tense = self.pick([tense, tense, "want", "can"])
            thing = self.thing(kinds)
            tail, word_fr = (thing.en, thing.fr), word
        elif kind < 0.8:
            en, fr = self.pick(pairs(lexicon.STATES))
            word, word_fr, tense = BE, BE, self.pick(["present", "was doing"])
            tail = (en.replace("_", " "), agree(fr, subject.gender, subject.number))
        else:
            word, word_fr, tense = BE, HAVE, "present"
            tail = self.pick(pairs(lexicon.FEELINGS))
        asked = english(subject, word, tense, question=True)
        return f"{asked} {tail[0]} ?", f"est-ce que {french(subject, word_fr, tense)} {tail[1]} ?"

    def where_is(self):
        """ "where is the cat ?", "où est le chat ?"."""
        if self.chance(0.25):
            subject = self.pick(PRONOUNS[1:])
            fr = f"{present('être', subject.person)}-{subject.fr}"
        else:
            number = self.pick("sp")
            noun = self.pick(nouns("animal small device container dish pairs clothes sight house"))
            determiner = "the" if noun.kind in ("sight", "house") else self.pick(
                ["the", "my", "your", "his", "her", "our"]
            )  # fmt: skip
            subject = self.described(noun, determiner, number, rate=0.4)
            subject = self.people() if self.chance(0.2) else subject
            fr = f"{present('être', subject.person)} {subject.fr}"
        return f"where {english(subject, BE, 'present', question=True)} ?", f"où {fr} ?"

    def asking(self):
        """ "what does he want to buy ?", "why ...", "when ...", "who ...", "how many ..."."""
        kind = self.pick(["what", "when", "where", "why", "who", "how many"])
        subject = self.asked()
        english_, french_, kinds, _ = self.pick(ACTIONS)
        word = verb(english_, french_)
        tense = self.pick(["past", "progressive", "future", "want"])
        if kind in ("when", "where"):
            placed = [row for row in ACTIONS if kind == "when" or row[3] != "-"]
            english_, french_, kinds, _ = self.pick(placed)
            tense = self.pick(["past", "future", "want"])
            if self.chance(0.5):
                placed = [row for row in INTRANSITIVE if kind == "when" or row[2] != "-"]
                placed = [row for row in placed if row[1] != "rester"]
                english_, french_, _ = self.pick(placed)
                kinds = ""
            word = verb(english_, french_)
        if kind == "who":
            thing = self.thing(kinds)
            someone = Phrase("who", "qui", "m", "s", 1)
            tense = self.pick(["past", "progressive", "future"])
            return (f"{english(someone, word, tense)} {thing.en} ?",
                    f"{french(someone, word, tense)} {thing.fr} ?")  # fmt: skip
        if kind == "how many":
            noun = self.pick(
                nouns("fruit pastry meal drink read clothes pairs small animal dish flower")
            )
            many = "much" if noun.mass else "many"
            word, tense = self.pick([(HAVE, "present"), (verb("want", "vouloir"), "present")])
            number = "s" if noun.mass else "p"
            thing = noun_phrase(noun, "a", number)
            counted = thing.negated[1].removeprefix("any ")
            asked, told = english(subject, word, tense, question=True), french(subject, word, tense)
            return (
                f"how {many} {counted} {asked} ?",
                f"combien {thing.negated[2]} est-ce que {told} ?",
            )
        asked, told = english(subject, word, tense, question=True), french(subject, word, tense)
        if kind == "what":
            while " " in word.en or word.fr in ("suivre", "porter", "traverser"):
                word = verb(*self.pick(ACTIONS)[:2])
            asked, told = english(subject, word, tense, question=True), french(subject, word, tense)
            return f"what {asked} ?", f"qu'est-ce que {told} ?"
        tail = ("", "")
        if kinds:
            thing = self.thing(kinds)
            tail = (thing.en, thing.fr)
        fr_word = {"when": "quand", "where": "où", "why": "pourquoi"}[kind]
        return clean(f"{kind} {asked} {tail[0]} ?"), clean(
            f"{fr_word} est-ce que {told} {tail[1]} ?"
        )

    def order(self):
        """An order to "you", with its mark."""
        _, french_, kinds, _ = row = self.pick(_ORDERS)
        word, thing = verb(row[0], french_), self.thing(kinds, True)
        tail = (thing.en, thing.fr)
        form = present(french_, 3)
        polite = self.pick([("", ""), (", please", ", s'il vous plaît")])
        negation = self.pick(["", "", "not", "never"])
        if negation:
            tail = (thing.negated[0], thing.negated[2]) if thing.negated else tail
            before = {"not": "do not", "never": "never"}[negation]
            if negation == "never" and thing.negated:
                tail = (thing.negated[1], thing.negated[2])
            return (
                f"{before} {word.en} {tail[0]} !",
                f"ne {form} {NEGATIONS[negation]} {tail[1]} !",
            )
        return f"{word.en} {tail[0]}{polite[0]} .", f"{form} {tail[1]}{polite[1]} ."

    # === Two clauses ===

    def simple(self, subject: Phrase | None = None):
        """Any clause about somebody."""
        kinds = [self.action, self.action, self.motion, self.state, self.having, self.feeling,
                 self.reflexive, self.pronoun, self.taste, self.going, self.modal]  # fmt: skip
        return self.pick(kinds)(subject)

    def reported(self):
        """ "I think that ...", "Marie says that ..."."""
        subject = self.subject(0.6)
        word = self.pick([verb("think thought", "penser"), verb("know knew", "savoir"),
                          verb("say said", "dire"), verb("hope", "espérer")])  # fmt: skip
        known = subject if subject.person in (0, 2, 3) else self.subject()
        clause = self.simple(known if self.chance(0.3) else self.subject())
        while "," in clause[0]:
            clause = self.simple(self.subject())
        start = self.plain(subject, word, "present", ("that", "que"))
        return f"{start[0]} {clause[0]}", f"{start[1]} {clause[1]}"

    def because(self):
        """A state or feeling as the reason of something present."""
        subject = self.subject(0.5)
        while not subject.negatable:
            subject = self.subject(0.5)
        again = subject if subject.pronoun else PRONOUNS[
            {"ms": 1, "fs": 2}.get(subject.gender + subject.number, 5)
        ]  # fmt: skip
        if not subject.pronoun and subject.number == "p" and subject.gender == "f":
            again = Phrase("they", "elles", "f", "p", 4, True)
        stay = verb("stay", "rester")
        start = self.pick([
            lambda: self.plain(subject, stay, "progressive", ("at home", "à la maison")),
            lambda: self.plain(subject, verb("cry", "pleurer"), "progressive", ("", "")),
            lambda: self.plain(subject, verb("go_out went", "sortir"), "want", ("", ""), "not"),
            lambda: self.plain(subject, verb("sleep", "dormir"), "can", ("", ""), "not"),
            lambda: self.plain(subject, verb("work", "travailler"), "want", ("", ""), "not"),
            lambda: self.plain(subject, verb("hurry", "dépêcher", True), "progressive", ("", "")),
        ])()  # fmt: skip
        reasons = _REASONS[start[0].split()[-1]]
        en, fr = self.pick(pairs(reasons))
        word = HAVE if en in dict(pairs(lexicon.FEELINGS)) else BE
        fr = agree(fr, again.gender, again.number) if word is BE else fr
        end = self.plain(again, BE, "present", (en.replace("_", " "), fr), "", word)
        return f"{start[0]} because {end[0]}", f"{start[1]} parce que {end[1]}"

    def while_(self):
        """ "was sleeping when the bus arrived": the imperfect beside the past."""
        subject, other = self.subject(), self.subject(0.2)
        while other.en in subject.en or subject.en in other.en:
            other = self.people()
        rows = [row for row in ACTIONS if row[0] not in ("wear wore",)]
        if self.chance(0.5):
            english_, french_, kinds, _ = self.pick(rows)
            thing = self.thing(kinds)
            tail = (thing.en, thing.fr)
        else:
            english_, french_, place = self.pick(
                [r for r in INTRANSITIVE if r[2] in ("home", "out", "home out", "water")]
            )
            tail = self.where(place, 0.6)
        one = self.plain(subject, verb(english_, french_), "was doing", tail)
        event = self.pick([verb("arrive", "arriver"), verb("come_back came", "revenir")])
        two = self.plain(other, event, "past", ("", ""))
        return f"{one[0]} when {two[0]}", f"{one[1]} quand {two[1]}"

    def joined(self):
        """Two clauses with "and" or "but"."""
        joint = self.pick([("and", "et"), ("but", "mais")])
        one, two = self.simple(self.subject()), self.simple(self.subject())
        while "," in one[0] + two[0] or len(one[0] + two[0]) > 75:
            one, two = self.simple(self.subject()), self.simple(self.subject())
        return f"{one[0]}, {joint[0]} {two[0]}", f"{one[1]}, {joint[1]} {two[1]}"

    def relative(self):
        """ "the woman who is singing knows my brother"."""
        noun = self.pick(nouns(AGENTS))
        number = self.pick("ssp")
        someone = self.described(noun, "the", number, rate=0.25)
        who = Phrase("who", "qui", someone.gender, number, 4 if number == "p" else 1)
        english_, french_, place = self.pick(
            [
                r
                for r in INTRANSITIVE
                if r[1] not in ("partir", "arriver", "revenir", "sortir", "rester")
            ]
        )
        inner = self.plain(who, verb(english_, french_), self.pick(["progressive", "was doing"]),
                           self.where(place, 0.8))  # fmt: skip
        whole = Phrase(
            f"{someone.en} {inner[0]}",
            f"{someone.fr} {inner[1]}",
            someone.gender,
            number,
            someone.person,
        )
        return self.pick([self.state, self.having, self.action, self.taste])(whole)

    def known_thing(self):
        """ "the soup is cold, and I do not want it": a pronoun in the gender of its noun."""
        noun = self.pick(nouns("clothes vehicle pastry fruit meal read pairs house"))
        fitting = adjectives(noun, lexicon.AFTER) + tuple(
            pair for pair in adjectives(noun, lexicon.BEFORE) if pair[0] in TOLD
        )
        verbs = _KNOWN[noun.kind if noun.kind in _KNOWN else "other"]
        if not fitting:
            return self.known_thing()
        plural = noun.kind == "pairs" or not noun.mass and self.chance(0.3)
        number = "p" if plural else "s"
        thing = noun_phrase(noun, self.pick(["the", "this"]), number)
        en, fr = self.pick(fitting)
        one = self.plain(thing, BE, "present", (en, agree(fr, noun.gender, number)))
        subject = self.subject(0.6)
        word = verb(*self.pick(pairs(verbs)))
        tense = self.pick(["past", "future", "want", "would like"])
        negation = "not" if self.chance(0.4) and tense != "would like" else ""
        clitic = "les" if plural else "le" if noun.gender == "m" else "la"
        two = (
            f"{english(subject, word, tense, negation)} {'them' if plural else 'it'}",
            french(subject, word, tense, NEGATIONS.get(negation, ""), clitic=clitic,
                   agreement=(noun.gender, number)),
        )  # fmt: skip
        joint = ("but", "mais") if negation else ("and", "et")
        return f"{one[0]}, {joint[0]} {two[0]}", f"{one[1]}, {joint[1]} {two[1]}"

    def ownership(self):
        """ "Marie's dog is black"."""
        owner = self.person()
        thing = owned(owner, self.pick(nouns(" ".join(lexicon.OWNED))))
        noun = next(
            noun for noun in nouns(" ".join(lexicon.OWNED)) if thing.en.endswith("'s " + noun.en)
        )
        fitting = adjectives(noun, lexicon.AFTER) + adjectives(noun, lexicon.BEFORE)
        fitting = [
            pair for pair in fitting if pair[0] not in ("good", "bad", "long", "little", "new")
        ]
        if noun.kind not in ("house", "place") and self.chance(0.3):
            known = ROOMY if noun.kind == "animal" else ("in the street", "in front of the house")
            spot = self.pick([spot for spot in pairs(lexicon.SPOTS) if spot[0] in known])
            return self.plain(thing, BE, self.pick(["present", "was doing"]), spot)
        en, fr = self.pick(fitting)
        negation = self.pick(["", "", "not"])
        return self.plain(thing, BE, "present", (en, agree(fr, noun.gender, "s")), negation)

    # === Whole sentences ===

    def sentence(self) -> tuple[str, str]:
        """A sentence of any kind, with its mark, before elision and without capitals."""
        left = self.rng.random() * sum(rate for rate, _ in _KINDS)
        for rate, kind in _KINDS:
            left -= rate
            if left < 0:
                english_, french_ = getattr(self, kind)()
                break
        if english_[-1] in ".?!":
            return english_, french_
        return f"{english_} .", f"{french_} ."
