"""The embedded translations: every rule of their grammar against sentences written by hand."""

import random
import re

import pytest

from rnnkit.datasets import phrases
from rnnkit.datasets.phrases import lexicon
from rnnkit.datasets.phrases.forms import (
    DOUBLED,
    GRAVE,
    IRREGULAR,
    agree,
    contract,
    elide,
    feminine,
    french_plural,
    imperfect,
    participle,
    past,
    present,
    progressive,
    third,
)
from rnnkit.datasets.phrases.frames import Writer
from rnnkit.datasets.phrases.grammar import (
    NEGATIONS,
    OBJECTS,
    PRONOUNS,
    both,
    english,
    french,
    name,
    noun_phrase,
    nouns,
    owned,
    verb,
)

SPLITS = ("train", "validation", "test")
JE, HE, SHE, WE, YOU, THEY = PRONOUNS
PAUL, ANNA, MARIE = name("Paul", "m"), name("Anna", "f"), name("Marie", "f")
LITTLE, OLD, NEW = ("little", "petit"), ("old", "vieux vieille"), ("new", "nouveau nouvelle")
BEAUTIFUL, BIG = ("beautiful", "beau belle"), ("big", "grand")
BLACK, WHITE, BROWN = ("black", "noir"), ("white", "blanc blanche"), ("brown", "marron=")


def n(word, determiner="the", number="s", before=None, after=None, count=None):
    """A noun phrase of one noun of the lexicon."""
    (noun,) = [noun for noun in nouns(word) if noun.en == word]
    return noun_phrase(noun, determiner, number, before, after, count)


def say(subject, en, fr, tense, thing="", negation="", reflexive=False, pronoun="", case=0):
    """A sentence with a noun phrase or a pronoun as its object."""
    word = verb(en, fr, reflexive)
    clitic, agreement, tail = "", None, ("", "")
    if pronoun:
        clitic = OBJECTS[pronoun][case]
        agreement = OBJECTS[pronoun][2:4] if case == 0 else ("m", "s")
        tail = (pronoun, "")
    elif isinstance(thing, tuple):
        tail = thing
    elif thing:
        tail = (thing.en, thing.fr)
        if negation and thing.negated:
            tail = (thing.negated[0 if negation == "not" else 1], thing.negated[2])
    left = f"{english(subject, word, tense, negation)} {tail[0]}".strip()
    right = french(
        subject, word, tense, NEGATIONS.get(negation, ""), clitic=clitic, agreement=agreement
    )
    return phrases.finish(f"{left} .", f"{right} {tail[1]}".strip() + " .")


EAT, SEE, HAVE = ("eat ate", "manger"), ("see saw", "voir"), ("have had", "avoir")
GO, UP, HELP = ("go went", "aller"), ("get_up got", "lever"), ("help", "aider")
TALK, BUY, BE = ("talk_to", "parler"), ("buy bought", "acheter"), ("be", "être")

# English, French: both written by hand; and how the grammar says it.
PAIRS = {
    # Agreement and place of adjectives.
    ("The little girl does not see the black cats.",
     "La petite fille ne voit pas les chats noirs."):
        lambda: say(n("girl", before=LITTLE), *SEE, "present", n("cat", number="p", after=BLACK),
                    "not"),
    ("I see a little black cat.", "Je vois un petit chat noir."):
        lambda: say(JE, *SEE, "present", n("cat", "a", before=LITTLE, after=BLACK)),
    ("He is buying the white dresses.", "Il achète les robes blanches."):
        lambda: say(HE, *BUY, "progressive", n("dress", number="p", after=WHITE)),
    ("He is buying some brown shoes.", "Il achète des chaussures marron."):
        lambda: say(HE, *BUY, "progressive", n("shoe", "a", "p", after=BROWN)),
    ("She saw an old tree.", "Elle a vu un vieil arbre."):
        lambda: say(SHE, *SEE, "past", n("tree", "a", before=OLD)),
    ("She saw a beautiful bird.", "Elle a vu un bel oiseau."):
        lambda: say(SHE, *SEE, "past", n("bird", "a", before=BEAUTIFUL)),
    ("She saw the beautiful birds.", "Elle a vu les beaux oiseaux."):
        lambda: say(SHE, *SEE, "past", n("bird", number="p", before=BEAUTIFUL)),
    ("We bought a new computer.", "Nous avons acheté un nouvel ordinateur."):
        lambda: say(WE, *BUY, "past", n("computer", "a", before=NEW)),
    ("We bought a new car.", "Nous avons acheté une nouvelle voiture."):
        lambda: say(WE, *BUY, "past", n("car", "a", before=NEW)),
    ("They have some old horses.", "Ils ont de vieux chevaux."):
        lambda: say(THEY, *HAVE, "present", n("horse", "a", "p", before=OLD)),
    ("They have some big houses.", "Ils ont de grandes maisons."):
        lambda: say(THEY, *HAVE, "present", n("house", "a", "p", before=BIG)),
    ("They have some white houses.", "Ils ont des maisons blanches."):
        lambda: say(THEY, *HAVE, "present", n("house", "a", "p", after=WHITE)),
    # Determiners.
    ("I see this man.", "Je vois cet homme."): lambda: say(JE, *SEE, "present", n("man", "this")),
    ("I see this hero.", "Je vois ce héros."): lambda: say(JE, *SEE, "present", n("hero", "this")),
    ("I see that woman.", "Je vois cette femme."):
        lambda: say(JE, *SEE, "present", n("woman", "that")),
    ("I see these men.", "Je vois ces hommes."):
        lambda: say(JE, *SEE, "present", n("man", "this", "p")),
    ("He lost my scarf.", "Il a perdu mon écharpe."):
        lambda: say(HE, "lose lost", "perdre", "past", n("scarf", "my")),
    ("He lost her key.", "Il a perdu sa clé."):
        lambda: say(HE, "lose lost", "perdre", "past", n("key", "her")),
    ("You have three apples.", "Vous avez trois pommes."):
        lambda: say(YOU, *HAVE, "present", n("apple", "number", "p", count=("three", "trois"))),
    ("You have many oranges.", "Vous avez beaucoup d'oranges."):
        lambda: say(YOU, *HAVE, "present", n("orange", "many", "p")),
    ("We see all the actresses.", "Nous voyons toutes les actrices."):
        lambda: say(WE, *SEE, "present", n("actress", "all", "p")),
    ("We see all the boys.", "Nous voyons tous les garçons."):
        lambda: say(WE, *SEE, "present", n("boy", "all", "p")),
    # Partitives and negation.
    ("Anna is drinking some water.", "Anna boit de l'eau."):
        lambda: say(ANNA, "drink drank", "boire", "progressive", n("water", "a")),
    ("Anna is drinking some cold milk.", "Anna boit du lait froid."):
        lambda: say(ANNA, "drink drank", "boire", "progressive",
                    n("milk", "a", after=("cold", "froid"))),
    ("He ate some soup.", "Il a mangé de la soupe."):
        lambda: say(HE, *EAT, "past", n("soup", "a")),
    ("He did not eat any soup.", "Il n'a pas mangé de soupe."):
        lambda: say(HE, *EAT, "past", n("soup", "a"), "not"),
    ("Anna does not have a dog.", "Anna n'a pas de chien."):
        lambda: say(ANNA, *HAVE, "present", n("dog", "a"), "not"),
    ("They do not have any oranges.", "Ils n'ont pas d'oranges."):
        lambda: say(THEY, *HAVE, "present", n("orange", "a", "p"), "not"),
    ("I no longer have a car.", "Je n'ai plus de voiture."):
        lambda: say(JE, *HAVE, "present", n("car", "a"), "no longer"),
    ("Paul never eats meat.", "Paul ne mange jamais de viande."):
        lambda: say(PAUL, *EAT, "present", n("meat", "a"), "never"),
    ("Paul does not eat the meat.", "Paul ne mange pas la viande."):
        lambda: say(PAUL, *EAT, "present", n("meat"), "not"),
    # Elision.
    ("I love the orange.", "J'adore l'orange."):
        lambda: say(JE, "love", "adorer", "present", n("orange")),
    ("I love the tree.", "J'adore l'arbre."):
        lambda: say(JE, "love", "adorer", "present", n("tree")),
    ("The man opens the window.", "L'homme ouvre la fenêtre."):
        lambda: say(n("man"), "open opened", "ouvrir", "present", n("window")),
    ("The hero opens the door.", "Le héros ouvre la porte."):
        lambda: say(n("hero"), "open opened", "ouvrir", "present", n("door")),
    # Past with avoir and être.
    ("She went out.", "Elle est sortie."): lambda: say(SHE, "go_out went", "sortir", "past"),
    ("They arrived.", "Ils sont arrivés."): lambda: say(THEY, "arrive", "arriver", "past"),
    ("Marie and Anna left.", "Marie et Anna sont parties."):
        lambda: say(both(MARIE, ANNA), "leave left", "partir", "past"),
    ("Marie and Paul left.", "Marie et Paul sont partis."):
        lambda: say(both(MARIE, PAUL), "leave left", "partir", "past"),
    ("You did not go to Paris.", "Vous n'êtes pas allé à Paris."):
        lambda: say(YOU, *GO, "past", ("to Paris", "à Paris"), "not"),
    ("The girls slept.", "Les filles ont dormi."):
        lambda: say(n("girl", number="p"), "sleep slept", "dormir", "past"),
    # Other tenses.
    ("We are going to eat the cake.", "Nous allons manger le gâteau."):
        lambda: say(WE, *EAT, "future", n("cake")),
    ("The boys were eating.", "Les garçons mangeaient."):
        lambda: say(n("boy", number="p"), *EAT, "was doing"),
    ("You were beginning.", "Vous commenciez."):
        lambda: say(YOU, "begin", "commencer", "was doing"),
    ("She wants to sleep.", "Elle veut dormir."):
        lambda: say(SHE, "sleep slept", "dormir", "want"),
    ("We cannot leave.", "Nous ne pouvons pas partir."):
        lambda: say(WE, "leave left", "partir", "can", "", "not"),
    ("They must not leave.", "Ils ne doivent pas partir."):
        lambda: say(THEY, "leave left", "partir", "must", "", "not"),
    ("I would like to see the castle.", "Je voudrais voir le château."):
        lambda: say(JE, *SEE, "would like", n("castle")),
    ("You should help the old man.", "Vous devriez aider le vieil homme."):
        lambda: say(YOU, *HELP, "should", n("man", before=OLD)),
    ("He does not know how to swim.", "Il ne sait pas nager."):
        lambda: say(HE, "swim swam", "nager", "know", "", "not"),
    ("They try to sing.", "Ils essaient de chanter."):
        lambda: say(THEY, "sing sang", "chanter", "try"),
    ("Anna begins to work.", "Anna commence à travailler."):
        lambda: say(ANNA, "work worked", "travailler", "begin"),
    # Pronouns before the verb.
    ("He sees me.", "Il me voit."): lambda: say(HE, *SEE, "present", pronoun="me"),
    ("I do not see them.", "Je ne les vois pas."):
        lambda: say(JE, *SEE, "present", negation="not", pronoun="them"),
    ("He saw her.", "Il l'a vue."): lambda: say(HE, *SEE, "past", pronoun="her"),
    ("She did not see them.", "Elle ne les a pas vus."):
        lambda: say(SHE, *SEE, "past", negation="not", pronoun="them"),
    ("You are going to help us.", "Vous allez nous aider."):
        lambda: say(YOU, *HELP, "future", pronoun="us"),
    ("I want to help her.", "Je veux l'aider."): lambda: say(JE, *HELP, "want", pronoun="her"),
    ("We talked to her.", "Nous lui avons parlé."):
        lambda: say(WE, *TALK, "past", pronoun="her", case=1),
    ("I am not talking to them.", "Je ne leur parle pas."):
        lambda: say(JE, *TALK, "progressive", negation="not", pronoun="them", case=1),
    # Reflexive verbs.
    ("I am getting up.", "Je me lève."): lambda: say(JE, *UP, "progressive", reflexive=True),
    ("We do not get up.", "Nous ne nous levons pas."):
        lambda: say(WE, *UP, "present", negation="not", reflexive=True),
    ("She got up.", "Elle s'est levée."): lambda: say(SHE, *UP, "past", reflexive=True),
    ("They did not get up.", "Ils ne se sont pas levés."):
        lambda: say(THEY, *UP, "past", negation="not", reflexive=True),
    ("You are going to get up.", "Vous allez vous lever."):
        lambda: say(YOU, *UP, "future", reflexive=True),
    ("Anna wants to get dressed.", "Anna veut s'habiller."):
        lambda: say(ANNA, "get_dressed got", "habiller", "want", reflexive=True),
    # Owners.
    ("Anna's horse sleeps.", "Le cheval d'Anna dort."):
        lambda: say(owned(ANNA, nouns("horse")[0]), "sleep slept", "dormir", "present"),
    ("The boy's car is white.", "La voiture du garçon est blanche."):
        lambda: say(owned(n("boy"), nouns("car")[0]), *BE, "present", ("white", "blanche")),
    ("The actress's hat is white.", "Le chapeau de l'actrice est blanc."):
        lambda: say(owned(n("actress"), next(x for x in nouns("hat"))), *BE, "present",
                    ("white", "blanc")),
}  # fmt: skip


@pytest.mark.parametrize("expected", PAIRS, ids=lambda pair: pair[0])
def test_sentences_written_by_hand(expected):
    assert PAIRS[expected]() == expected


# Kind of sentence -> sentences written by hand that it gives, sooner or later.
FRAMES = {
    "where_is": {"Where is she?": "Où est-elle ?", "Where are they?": "Où sont-ils ?"},
    "whether": {
        "Is she hungry?": "Est-ce qu'elle a faim ?",
        "Are you tired?": "Est-ce que vous êtes fatigué ?",
    },
    "feeling": {
        "She is not thirsty.": "Elle n'a pas soif.",
        "We were not lucky.": "Nous n'avions pas de chance.",
        "I am afraid.": "J'ai peur.",
        "He is twenty-one years old.": "Il a vingt et un ans.",
    },
    "state": {
        "They are at home.": "Ils sont à la maison.",
        "She is very proud.": "Elle est très fière.",
    },
    "going": {
        "He no longer lives in Japan.": "Il n'habite plus au Japon.",
        "She lives in the United States.": "Elle habite aux États-Unis.",
        "He went to the cinema.": "Il est allé au cinéma.",
        "She is coming back from the museum.": "Elle revient du musée.",
    },
    "nothing": {
        "I saw nobody.": "Je n'ai vu personne.",
        "They ate nothing.": "Ils n'ont rien mangé.",
    },
    "weather": {"It is snowing in Canada.": "Il neige au Canada."},
    "taste": {
        "I like cheese.": "J'aime le fromage.",
        "She hates dogs.": "Elle déteste les chiens.",
    },
    "skill": {
        "They play the piano.": "Ils jouent du piano.",
        "We play chess.": "Nous jouons aux échecs.",
        "I know how to swim.": "Je sais nager.",
    },
    "profession": {"She is a lawyer.": "Elle est avocate."},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FRAMES)
def test_frames_written_by_hand(kind):
    draw, found = getattr(Writer(random.Random(5)), kind), {}
    for _ in range(20_000):
        left, right = draw()
        mark = "" if left[-1] == "?" else " ."
        left, right = phrases.finish(left + mark, right + mark)
        if left in FRAMES[kind]:
            found[left] = right
        if len(found) == len(FRAMES[kind]):
            break
    assert found == FRAMES[kind]


def test_comparison():
    writer, found = Writer(random.Random(5)), 0
    for _ in range(3000):
        left, right = phrases.finish(*(side + " ." for side in writer.comparison()))
        names = re.match(r"(\w+) is (older|not as old|as old) (?:than|as) (.+)\.$", left)
        if names and names[1] in lexicon.NAMES["f"] and names[3] in sum(lexicon.NAMES.values(), []):
            found += 1
            than = f"qu'{names[3]}" if names[3][0] in "AEI" else f"que {names[3]}"
            middle = {"older": "est plus", "as old": "est aussi", "not as old": "n'est pas aussi"}
            assert right == f"{names[1]} {middle[names[2]]} âgée {than}."
    assert found >= 3


# === Forms ===


def test_conjugation():
    rows = {
        "manger": "mange mange mangeons mangez mangent",
        "commencer": "commence commence commençons commencez commencent",
        "acheter": "achète achète achetons achetez achètent",
        "préférer": "préfère préfère préférons préférez préfèrent",
        "appeler": "appelle appelle appelons appelez appellent",
        "nettoyer": "nettoie nettoie nettoyons nettoyez nettoient",
        "essayer": "essaie essaie essayons essayez essaient",
        "choisir": "choisis choisit choisissons choisissez choisissent",
        "vendre": "vends vend vendons vendez vendent",
        "cueillir": "cueille cueille cueillons cueillez cueillent",
    }
    for infinitive, forms in rows.items():
        assert [present(infinitive, person) for person in range(5)] == forms.split()
    assert [imperfect("manger", p) for p in (0, 2)] == ["mangeais", "mangions"]
    assert [imperfect("être", p) for p in (1, 4)] == ["était", "étaient"]
    assert [imperfect("étudier", 2), imperfect("boire", 3)] == ["étudiions", "buviez"]
    assert [participle(x) for x in ("attendre", "nourrir", "peindre")] == [
        "attendu", "nourri", "peint",
    ]  # fmt: skip


def test_nouns_and_adjectives():
    plurals = "chat chats, gâteau gâteaux, cheval chevaux, bus bus, bleu bleus, souris souris"
    for pair in plurals.split(", "):
        one, many = pair.split()
        assert french_plural(one) == many
    feminines = (
        "heureux heureuse, cher chère, italien italienne, grand grande, rouge rouge, bon bonne"
    )
    for pair in feminines.split(", "):
        masculine, other = pair.split()
        assert feminine(masculine) == other
    assert agree("vieux vieille", "f", "p") == "vieilles"
    assert agree("nouveau nouvelle", "m", "p") == "nouveaux"
    assert agree("gris", "m", "p") == "gris" and agree("gris", "f", "p") == "grises"


def test_elision_and_contraction():
    assert elide("que il ne y a pas de eau") == "qu'il n'y a pas d'eau"
    assert elide("le *haricot de le homme") == "le haricot de l'homme"
    assert (
        elide("parce que elle se habille si ils aiment") == "parce qu'elle s'habille s'ils aiment"
    )
    assert contract("à", "le roi") == "au roi" and contract("de", "les rois") == "des rois"
    assert contract("de", "la reine") == "de la reine" and contract("à", "Paul") == "à Paul"
    assert elide(contract("à", "le homme")) == "à l'homme"
    assert contract("de", "le *héros") == "du *héros"


def test_english_forms():
    assert [third(x) for x in ("go out", "watch", "carry", "play", "have")] == [
        "goes out", "watches", "carries", "plays", "has",
    ]  # fmt: skip
    assert [past(x) for x in ("carry", "arrive", "look for")] == [
        "carried", "arrived", "looked for",
    ]  # fmt: skip
    assert [progressive(x) for x in ("get up", "write", "see", "travel", "be")] == [
        "getting up", "writing", "seeing", "travelling", "being",
    ]  # fmt: skip


def test_every_verb_of_the_lexicon_has_forms():
    """A missing irregular verb would be conjugated as a regular one of its ending."""
    lists = (lexicon.REFLEXIVE, lexicon.INDIRECT, lexicon.DIRECT, lexicon.TASTES, lexicon.ACTIONS)
    lists += (lexicon.EVENTS, lexicon.INTRANSITIVE, lexicon.GIVING)
    verbs = {entry.split("|")[1].strip() for entry in ",".join(lists).split(",")}
    regular = "choisir nourrir obéir vendre attendre entendre perdre répondre".split()
    odd = {word for word in verbs if not word.endswith("er")} - set(IRREGULAR) - set(regular)
    assert len(verbs) > 70 and not odd
    assert {word for word in verbs if re.search("[eé][^aeiouéè]er$", word)} <= {
        *GRAVE, *DOUBLED,
    }  # fmt: skip


# === The dataset ===


@pytest.fixture(scope="module")
def data():
    return {split: list(phrases.generate(split)) for split in SPLITS}


@pytest.mark.slow
def test_one_translation_a_sentence(data):
    writer, known = Writer(random.Random(3)), dict(sum(data.values(), []))
    assert len(known) == sum(phrases.SIZES.values())  # all different, in all splits
    for _ in range(20_000):
        left, right = phrases.finish(*writer.sentence())
        assert known.setdefault(left, right) == right


@pytest.mark.slow
def test_french_keeps_its_rules(data):
    vowel = "[aeiouéèêàâîôùœ]"
    for left, right in sum(data.values(), []):
        assert left[0].isupper() and right[0].isupper()
        assert re.search(r"\w[.?!]$", left) and re.search(r"(\w\.| [?!])$", right), right
        assert not re.search(r"  |[_*{}|]", left + right)
        assert not re.search(rf"\b(le|la|de|je|me|se|ne|que) {vowel}", right.lower()), right
        assert not re.search(r"\b(à|de) les?\b|\bde du\b|\bde des\b", right), right
        assert not re.search(rf"\b(ma|sa|ce) {vowel}", right), right
        assert not re.search(rf"\b(beau|nouveau) (?!et |en |à |aux? |aujourd){vowel}", right), right
        # "ne" comes with its other half.
        if re.search(r"\bne\b|\bn'", right.lower()):
            assert re.search(r"\b(pas|plus|jamais|rien|personne)\b", right), right
        assert not re.search(r"\ba [aeiou](?!ni)|\ban [^aeiouEIAOUh]", left), left


def test_no_test_sentence_in_training_whatever_the_seed(data):
    test = {left for left, _ in data["test"]}
    other = [left for left, _ in phrases.generate("validation", seed=1)]
    assert not test & {left for left, _ in data["train"]} and not test & set(other)
    assert other != [left for left, _ in data["validation"]]


def test_words_of_the_test_are_known(data):
    def words(split, side):
        return {w for pair in data[split] for w in re.findall(r"[\w-]+", pair[side].lower())}

    for side in (0, 1):
        assert len(words("test", side) - words("train", side)) < 25
