"""Noun phrases and clauses of `rnnkit.datasets.phrases`, in English and French at once."""

import dataclasses
import functools
import re

from rnnkit.datasets.phrases import lexicon
from rnnkit.datasets.phrases.forms import (
    CONDITIONAL,
    REFLEXIVE_PRONOUNS,
    WITH_ETRE,
    agree,
    before_vowel,
    contract,
    english_plural,
    french_plural,
    imperfect,
    participle,
    past,
    present,
    progressive,
    third,
    vowel,
)
from rnnkit.datasets.samples import listed

# === Words ===


@dataclasses.dataclass(frozen=True)
class Noun:
    """A noun: English and French, singular and plural; gender; kind; whether it is uncountable."""

    en: str
    ens: str
    fr: str
    frs: str
    gender: str
    kind: str
    mass: bool = False


def _noun(entry: str, kind: str, mass: bool = False) -> Noun:
    english, french, gender = entry.split("|")
    en, _, ens = english.partition(" ")
    fr, _, frs = french.partition(" ")
    return Noun(en, ens or english_plural(en), fr, frs or french_plural(fr), gender, kind, mass)


@functools.cache
def nouns(kinds: str) -> tuple[Noun, ...]:
    """The nouns of some kinds, or single ones by their English word."""
    found = []
    for kind in kinds.split():
        for group, mass in ((lexicon.NOUNS, False), (lexicon.MASS, True)):
            if kind in group:
                found += [_noun(entry, kind, mass) for entry in listed(group[kind], ",")]
    known = {noun.en for noun in found}
    for name, text in (*lexicon.NOUNS.items(), *lexicon.MASS.items()):
        for entry in listed(text, ","):
            noun = _noun(entry, name, name in lexicon.MASS)
            if noun.en in kinds.split() and noun.en not in known:
                found.append(noun)
    return tuple(found)


@functools.cache
def adjectives(noun: Noun, text: str) -> tuple[tuple[str, str], ...]:
    """The adjectives of a lexicon text that fit a noun, as `(English, French)`."""
    found = []
    for entry in listed(text, ","):
        pair, _, kinds = entry.partition(": ")
        if noun.kind in kinds.split() or noun.en in kinds.split():
            found.append(tuple(pair.split("|")))
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class Verb:
    """A verb: English base, past, French infinitive, and whether that is reflexive."""

    en: str
    past: str
    fr: str
    reflexive: bool = False

    @property
    def with_etre(self) -> bool:
        return self.reflexive or self.fr in WITH_ETRE


@functools.cache
def verb(english: str, french: str, reflexive: bool = False) -> Verb:
    """A verb from `"eat ate"` and `"manger"`; words of the English verb are joined by `_`."""
    en, _, irregular = english.partition(" ")
    en = en.replace("_", " ")
    return Verb(en, past(en, irregular), french, reflexive)


# === Noun phrases ===


@dataclasses.dataclass(frozen=True)
class Phrase:
    """A noun phrase.

    Attributes:
        en: English.
        fr: French, before elision.
        gender: `"m"` or `"f"`.
        number: `"s"` or `"p"`.
        person: 0 to 4; see `phrases.forms`.
        pronoun: Whether it is a pronoun.
        negated: English after "not", English after "never" or "no longer", and French, where they
            differ from the affirmative; None where they do not.
        of: French after "de", where it is not the two side by side ("de pain", not "de du pain").
        negatable: Whether it can stand under a negation.
    """

    en: str
    fr: str
    gender: str
    number: str
    person: int
    pronoun: bool = False
    negated: tuple[str, str, str] | None = None
    of: str = ""
    negatable: bool = True

    def de(self) -> str:
        return self.of or contract("de", self.fr)


PRONOUNS = (
    Phrase("I", "je", "m", "s", 0, True), Phrase("he", "il", "m", "s", 1, True),
    Phrase("she", "elle", "f", "s", 1, True), Phrase("we", "nous", "m", "p", 2, True),
    Phrase("you", "vous", "m", "s", 3, True), Phrase("they", "ils", "m", "p", 4, True),
)  # fmt: skip
# Object pronouns: English -> French direct, indirect, gender, number, person.
OBJECTS = {
    "me": ("me", "me", "m", "s", 0), "him": ("le", "lui", "m", "s", 1),
    "her": ("la", "lui", "f", "s", 1), "us": ("nous", "nous", "m", "p", 2),
    "you": ("vous", "vous", "m", "s", 3), "them": ("les", "leur", "m", "p", 4),
}  # fmt: skip
POSSESSIVES = {
    "my": ("mon", "ma", "mes"), "his": ("son", "sa", "ses"), "her": ("son", "sa", "ses"),
    "our": ("notre", "notre", "nos"), "your": ("votre", "votre", "vos"),
    "their": ("leur", "leur", "leurs"),
}  # fmt: skip


def noun_phrase(noun, determiner, number="s", before=None, after=None, count=None) -> Phrase:
    """A noun with determiner and adjectives.

    Args:
        noun: A `Noun`.
        determiner: `"the"`, `"a"` (in the plural and of mass nouns "some"), `"this"`, `"that"`, a
            possessive, `"number"`, `"many"`, `"several"`, `"a few"`, `"all"` or `"every"`.
        number: `"s"` or `"p"`.
        before: Adjective before the noun in French, as `(English, French)`, or None.
        after: The same of one after the noun.
        count: `(English, French)` of the determiner `"number"`.
    """
    gender, plural = noun.gender, number == "p"
    french = noun.frs if plural else noun.fr
    english = noun.ens if plural else noun.en
    if before:
        word = agree(before[1], gender, number)
        if gender == "m" and not plural and vowel(french):
            word = before_vowel(word)
        french = f"{word} {french}"
    if after:
        french = f"{french} {agree(after[1], gender, number)}"
    english = " ".join([adjective[0] for adjective in (before, after) if adjective] + [english])
    soft = vowel(french)
    form = 2 if plural else int(gender == "f")
    the = ("le", "la", "les")[form]
    negated, of, negatable = None, "", True
    en, fr = {
        "the": ("the", the),
        "this": ("these" if plural else "this", ("ce", "cette", "ces")[form]),
        "that": ("those" if plural else "that", ("ce", "cette", "ces")[form]),
        "number": count,
        "many": ("many", "beaucoup de"),
        "several": ("several", "plusieurs"),
        "a few": ("a few", "quelques"),
        "all": ("all the", ("", "", "tous les" if gender == "m" else "toutes les")[form]),
        "every": ("every", "chaque"),
    }.get(determiner, (determiner, ""))
    if fr == "ce" and soft:
        fr = "cet"
    if determiner in POSSESSIVES:
        fr = POSSESSIVES[determiner][form]
        if fr in ("ma", "sa") and soft:
            fr = fr[0] + "on"
    if determiner == "a":
        if noun.mass:
            en, fr = "some", "de l'" if soft else contract("de", f"{the} {french}").split()[0]
            fr = "de la" if the == "la" and not soft else fr
            negated = (f"any {english}", english, f"de {french}")
            of = f"de {french}"
        elif plural:
            en, fr = "some", "de" if before else "des"
            negated = (f"any {english}", f"any {english}", f"de {french}")
            of = f"de {french}"
        else:
            en, fr = "a", ("un", "une")[form]
            negated = (f"a {english}", f"a {english}", f"de {french}")
    elif determiner in ("number", "several", "a few", "all", "every", "many"):
        negatable = False
    joint = "" if fr.endswith("'") else " "
    person = 4 if plural else 1
    english, french = f"{en} {english}", f"{fr}{joint}{french}"
    return Phrase(english, french, gender, number, person, False, negated, of, negatable)


def name(text: str, gender: str) -> Phrase:
    """A person's name."""
    return Phrase(text, text, gender, "s", 1)


def both(first: Phrase, second: Phrase) -> Phrase:
    """ "Paul and Marie"; feminine where both are."""
    gender = "f" if first.gender == second.gender == "f" else "m"
    english, french = f"{first.en} and {second.en}", f"{first.fr} et {second.fr}"
    both_negatable = first.negatable and second.negatable
    return Phrase(english, french, gender, "p", 4, negatable=both_negatable)


def owned(owner: Phrase, noun: Noun) -> Phrase:
    """ "Marie's dog", "le chien de Marie"."""
    the = "le" if noun.gender == "m" else "la"
    return Phrase(f"{owner.en}'s {noun.en}", f"{the} {noun.fr} {owner.de()}", noun.gender, "s", 1)


# === Clauses ===

# Negations: English with an auxiliary or before the verb, French.
NEGATIONS = {"not": "pas", "never": "jamais", "no longer": "plus"}
# What goes before an infinitive: English base (or auxiliary), French verb and preposition.
MODALS = {
    "want": ("want to", "vouloir", ""), "can": ("can", "pouvoir", ""),
    "must": ("must", "devoir", ""), "should": ("should", "devoir+", ""),
    "would like": ("would", "vouloir+", ""), "know": ("know how to", "savoir", ""),
    "hope": ("hope to", "espérer", ""), "try": ("try to", "essayer", "de"),
    "begin": ("begin to", "commencer", "à"), "like": ("like to", "aimer", ""),
    "prefer": ("prefer to", "préférer", ""),
}  # fmt: skip
_AUXILIARIES = ("can", "must", "should", "would like")


def _be(person: int, before: bool = False) -> str:
    if before:
        return "was" if person in (0, 1) else "were"
    return ("am", "is", "are", "are", "are")[person]


def english_verb(subject: Phrase, verb: Verb, tense: str) -> tuple[str, str, str]:
    """The finite verb: auxiliary (for negation and questions), the rest after it, and the plain
    form where the affirmative has no auxiliary (else empty)."""
    person = subject.person
    do = "does" if person == 1 else "do"

    def inflected(text):
        return third(text) if person == 1 else text

    if verb.en == "be" and tense in ("present", "was doing"):
        return _be(person, tense == "was doing"), "", ""
    if tense == "present":
        return do, verb.en, inflected(verb.en)
    if tense == "progressive":
        return _be(person), progressive(verb.en), ""
    if tense == "was doing":
        return _be(person, True), progressive(verb.en), ""
    if tense == "past":
        return "did", verb.en, verb.past
    if tense == "future":
        return _be(person), f"going to {verb.en}", ""
    english = MODALS[tense][0]
    if tense in _AUXILIARIES:
        return english, ("like to " if english == "would" else "") + verb.en, ""
    return do, f"{english} {verb.en}", f"{inflected(english)} {verb.en}"


def english(subject, verb, tense, negation="", adverb="", question=False) -> str:
    """Subject and verb in English."""
    auxiliary, rest, plain = english_verb(subject, verb, tense)
    if question:
        return f"{auxiliary} {subject.en} {rest}".strip()
    if negation == "not":
        return f"{subject.en} {auxiliary} not {rest}".replace("can not", "cannot").strip()
    words = [subject.en, "" if plain else auxiliary, negation or adverb, plain or rest]
    return " ".join(word for word in words if word)


def french(subject, verb, tense, negation="", adverb="", clitic="", agreement=None) -> str:
    """Subject and verb in French.

    Args:
        subject: A `Phrase`.
        verb: A `Verb`.
        tense: As in `english_verb`.
        negation: Second part of the negation ("pas"), or empty.
        adverb: Short adverb after the verb, or empty.
        clitic: Object pronoun before the verb, or empty.
        agreement: `(gender, number)` of a direct object before the verb, or None.
    """
    person = subject.person
    if verb.reflexive:
        clitic = REFLEXIVE_PRONOUNS[person]
    ne, last = ("ne" if negation else ""), ""
    if tense in ("present", "progressive"):
        words = [ne, clitic, present(verb.fr, person), negation, adverb]
    elif tense == "was doing":
        words = [ne, clitic, imperfect(verb.fr, person), negation, adverb]
    elif tense == "past":
        gender, number = agreement or (
            (subject.gender, subject.number) if verb.with_etre else ("m", "s")
        )
        auxiliary = present("être" if verb.with_etre else "avoir", person)
        last = agree(participle(verb.fr), gender, number)
        words = [ne, clitic, auxiliary, negation, adverb, last]
    else:
        finite, preposition = "aller", ""
        if tense != "future":
            _, finite, preposition = MODALS[tense]
        if finite.endswith("+"):
            finite = CONDITIONAL[finite[:-1]][person]
        else:
            finite = present(finite, person)
        words = [ne, finite, negation, adverb, preposition, clitic, verb.fr]
    return " ".join(word for word in [subject.fr, *words] if word)


def clean(text: str) -> str:
    """White space put right."""
    return re.sub(r" (?=,)", "", " ".join(text.split()))
