"""Forms of French and English words: agreement, conjugation, elision, contraction.

What `rnnkit.datasets.phrases` builds its sentences with. Persons are numbered I 0, he or she 1, we
2, you 3 (the polite "vous", one man), they 4.
"""

import re

# === French: nouns and adjectives ===


def french_plural(word: str) -> str:
    """The plural of a noun or of a masculine adjective."""
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("eau", "eu")) and word != "bleu":
        return word + "x"
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word + "s"


def feminine(word: str) -> str:
    """The feminine singular of a regular adjective."""
    if word.endswith("e"):
        return word
    for ending, other in (("eux", "euse"), ("er", "ère"), ("f", "ve"), ("el", "elle")):
        if word.endswith(ending):
            return word[: -len(ending)] + other
    if word.endswith("en") or word.endswith("on"):
        return word + "ne"
    return word + "e"


def agree(adjective: str, gender: str, number: str) -> str:
    """An adjective in gender (`"m"`, `"f"`) and number (`"s"`, `"p"`).

    Args:
        adjective: `"vert"`, `"blanc blanche"` with its feminine, or `"marron="`, which never
            changes.
        gender: Of the noun.
        number: Of the noun.
    """
    if adjective.endswith("="):
        return adjective[:-1]
    masculine, _, other = adjective.partition(" ")
    if gender == "m":
        return french_plural(masculine) if number == "p" else masculine
    form = other or feminine(masculine)
    return form + "s" if number == "p" else form


def vowel(word: str) -> bool:
    """Whether a word begins with a vowel to the ear: one that others are elided before."""
    return bool(re.match(r"[aeiouyhàâäéèêëîïôöœùûAEIOUYHÀÂÉÈÊÎÔŒ]", word))


def before_vowel(adjective: str) -> str:
    """A masculine singular adjective before a vowel: "bel", "nouvel", "vieil"."""
    return {"beau": "bel", "nouveau": "nouvel", "vieux": "vieil"}.get(adjective, adjective)


def contract(preposition: str, noun_phrase: str) -> str:
    """ "à" or "de" before a noun phrase: "au", "aux", "du", "des" where its article is joined."""
    article, _, rest = noun_phrase.partition(" ")
    joined = {"à": {"le": "au", "les": "aux"}, "de": {"le": "du", "les": "des"}}[preposition]
    if article in joined and not (article == "le" and vowel(rest)):
        return f"{joined[article]} {rest}"
    return f"{preposition} {noun_phrase}"


def elide(text: str) -> str:
    """Puts in the apostrophes, and takes out the marks of the lexicon."""
    text = re.sub(r"\bsi (?=ils?\b)", "s'", text)
    text = re.sub(
        r"(?<![\w'-])(le|la|de|je|me|te|se|ne|que|ce|lorsque) (?=(\S+))",
        lambda match: match[1][:-1] + "'" if vowel(match[2]) else match[0],
        text,
    )
    return text.replace("*", "").replace("_", " ")


# === French: verbs ===

# Present of je, il, nous, vous, ils; participle.
IRREGULAR = {
    "être": ("suis est sommes êtes sont", "été"), "avoir": ("ai a avons avez ont", "eu"),
    "aller": ("vais va allons allez vont", "allé"),
    "faire": ("fais fait faisons faites font", "fait"),
    "vouloir": ("veux veut voulons voulez veulent", "voulu"),
    "pouvoir": ("peux peut pouvons pouvez peuvent", "pu"),
    "devoir": ("dois doit devons devez doivent", "dû"),
    "savoir": ("sais sait savons savez savent", "su"),
    "voir": ("vois voit voyons voyez voient", "vu"),
    "boire": ("bois boit buvons buvez boivent", "bu"),
    "lire": ("lis lit lisons lisez lisent", "lu"), "dire": ("dis dit disons dites disent", "dit"),
    "écrire": ("écris écrit écrivons écrivez écrivent", "écrit"),
    "prendre": ("prends prend prenons prenez prennent", "pris"),
    "comprendre": ("comprends comprend comprenons comprenez comprennent", "compris"),
    "apprendre": ("apprends apprend apprenons apprenez apprennent", "appris"),
    "connaître": ("connais connaît connaissons connaissez connaissent", "connu"),
    "conduire": ("conduis conduit conduisons conduisez conduisent", "conduit"),
    "peindre": ("peins peint peignons peignez peignent", "peint"),
    "suivre": ("suis suit suivons suivez suivent", "suivi"),
    "ouvrir": ("ouvre ouvre ouvrons ouvrez ouvrent", "ouvert"),
    "offrir": ("offre offre offrons offrez offrent", "offert"),
    "cueillir": ("cueille cueille cueillons cueillez cueillent", "cueilli"),
    "recevoir": ("reçois reçoit recevons recevez reçoivent", "reçu"),
    "dormir": ("dors dort dormons dormez dorment", "dormi"),
    "partir": ("pars part partons partez partent", "parti"),
    "sortir": ("sors sort sortons sortez sortent", "sorti"),
    "courir": ("cours court courons courez courent", "couru"),
    "venir": ("viens vient venons venez viennent", "venu"),
    "revenir": ("reviens revient revenons revenez reviennent", "revenu"),
    "rire": ("ris rit rions riez rient", "ri"),
    "sourire": ("souris sourit sourions souriez sourient", "souri"),
    "asseoir": ("assieds assied asseyons asseyez asseyent", "assis"),
}  # fmt: skip
# A grave accent, or a doubled consonant, where the ending is silent.
GRAVE = {
    "acheter": "achèt", "lever": "lèv", "promener": "promèn", "préférer": "préfèr",
    "espérer": "espèr",
}  # fmt: skip
DOUBLED = {"appeler": "appell", "jeter": "jett"}
WITH_ETRE = "aller venir revenir arriver partir sortir rester entrer rentrer tomber".split()
# "would like", "should".
CONDITIONAL = {
    "vouloir": "voudrais voudrait voudrions voudriez voudraient".split(),
    "devoir": "devrais devrait devrions devriez devraient".split(),
}
REFLEXIVE_PRONOUNS = ("me", "se", "nous", "vous", "se")


def present(verb: str, person: int) -> str:
    """The present tense of an infinitive."""
    if verb in IRREGULAR:
        return IRREGULAR[verb][0].split()[person]
    stem = verb[:-2]
    if verb.endswith("ir"):
        return stem + ("is", "it", "issons", "issez", "issent")[person]
    if verb.endswith("re"):
        return stem + ("s", "", "ons", "ez", "ent")[person]
    if person in (0, 1, 4):  # the ending is silent
        stem = GRAVE.get(verb) or DOUBLED.get(verb) or re.sub(r"(?<=[ou])y$", "i", stem)
        stem = re.sub(r"(?<=a)y$", "i", stem)
    elif person == 2:
        stem = re.sub(r"c$", "ç", re.sub(r"g$", "ge", stem))
    return stem + ("e", "e", "ons", "ez", "ent")[person]


def imperfect(verb: str, person: int) -> str:
    """The imperfect, from the stem of "nous" in the present."""
    stem = "ét" if verb == "être" else present(verb, 2)[:-3]
    if person in (2, 3):
        stem = re.sub(r"ç$", "c", re.sub(r"ge$", "g", stem))
    return stem + ("ais", "ait", "ions", "iez", "aient")[person]


def participle(verb: str) -> str:
    """The past participle, masculine singular."""
    if verb in IRREGULAR:
        return IRREGULAR[verb][1]
    return verb[:-2] + {"er": "é", "ir": "i", "re": "u"}[verb[-2:]]


# === English ===


def english_plural(word: str) -> str:
    """The plural of a regular noun."""
    if word.endswith(("s", "x", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"


def third(verb: str) -> str:
    """The third person singular: "goes out" of "go out"."""
    first, space, rest = verb.partition(" ")
    if first in ("be", "have"):
        first = {"be": "is", "have": "has"}[first]
    elif first in ("do", "go"):
        first += "es"
    else:
        first = english_plural(first)
    return first + space + rest


def past(verb: str, irregular: str = "") -> str:
    """The simple past; `irregular` is that of the first word, where it has one."""
    first, space, rest = verb.partition(" ")
    if irregular:
        first = irregular
    elif first.endswith("e"):
        first += "d"
    elif first.endswith("y") and first[-2] not in "aeiou":
        first = first[:-1] + "ied"
    else:
        first += "ed"
    return first + space + rest


# Verbs that double their last consonant.
_DOUBLING = "begin forget get run sit swim travel".split()


def progressive(verb: str) -> str:
    """The form in -ing."""
    first, space, rest = verb.partition(" ")
    if first in _DOUBLING:
        first += first[-1]
    elif first.endswith("e") and not first.endswith(("ee", "be")):
        first = first[:-1]
    return first + "ing" + space + rest


def article(text: str) -> str:
    """ "an" for "a" where it must be."""
    return re.sub(
        r"\b(a) (?=[aeiou]|hour)(?!uni|use|one\b|Eu)", r"\1n ", text, flags=re.IGNORECASE
    ).replace("_", " ")
