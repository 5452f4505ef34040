"""English sentences with their French translations, by a grammar of our own.

The grammar builds both sides at once from the same choices, so that each English sentence has
exactly one translation. Only the standard library is used, so that the card can be printed without
TensorFlow.
"""

import random
import re
from collections.abc import Iterator

from rnnkit.datasets.phrases.forms import article, elide
from rnnkit.datasets.phrases.frames import Writer
from rnnkit.datasets.samples import generator, tenth_of

SIZES = {"train": 12_000, "validation": 1000, "test": 1000}

CARD = """\
# rnnkit_phrases

English sentences and their French translations: 12,000 pairs to train, 1,000 to validate, 1,000 to
test, all different; 2 to 18 words, about 1,000 English and 1,600 French word types. All of it is
synthetic: made offline by a grammar and word lists of our own, nothing copied.

**What it teaches.** What makes translating more than looking words up: adjectives that agree in
gender and number and mostly move behind the noun ("the little black cat", "le petit chat noir");
bel, nouvel, vieil; elision and contraction (l', d', qu', au, aux, du, des); partitives, "de" after
a negation and before an adjective in the plural; negation around the verb (ne ... pas, plus,
jamais, rien, personne); object pronouns before it, their participles agreeing; reflexive verbs;
present, passé composé with avoir and être, imperfect, near future, modals; hunger, cold and age
with avoir; comparison; questions with est-ce que and inversion; orders; clauses with que, quand,
qui, parce que. A quarter of the sentences are negative, one in eleven is a question.

**Choices.** Each English sentence has exactly one translation: over 100,000 different sentences
drawn gave no two for one. "You" is always "vous", said politely to one man; "I" is a man; "we" and
"they" are masculine ("they" after two women by name is "elles"). "Friend", "teacher", "neighbour",
"child" and the like are masculine nouns, but professions after "to be" follow the subject. "His"
and "her" are both son, sa, ses. Present simple and progressive are both the present; "was" and
"had" are the imperfect, the other pasts are the passé composé. "Read" is never a plain present,
which its past could not be told from. A space stands before "?" and "!", as in French typography.

No test sentence is in the training split, whatever the seed.

| baseline | BLEU on test | exact |
| --- | --- | --- |
| the translation of the most similar training sentence (TF-IDF of words and pairs) | 26 | .00 |

**Limits.** Correct but small: some 400 words in their forms, everyday topics, one or two clauses,
and now and then an unlikely scene, for the grammar knows more about agreement than about the
world.
"""


def finish(english: str, french: str) -> tuple[str, str]:
    """Puts articles, elisions, capitals and the spaces before marks right."""
    english = re.sub(r" ([.?!])$", r"\1", article(english))
    french = re.sub(r" \.$", ".", elide(french))
    return english[0].upper() + english[1:], french[0].upper() + french[1:]


@generator
def generate(split: str, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yields the pairs of one split.

    A sentence belongs to one split only, whatever the seed: no test sentence is ever seen in
    training.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        seed: Any integer; the same seed gives the same sentences on every machine.

    Yields:
        `(english, french)` pairs, all different, in a mixed order.

    Raises:
        ValueError: If `split` is none of the three.

    Example:
        >>> english, french = next(generate("test"))
        >>> english[-1] in ".?!"
        True
    """
    writer = Writer(random.Random(f"rnnkit_phrases/{seed}/{split}"))
    seen: set[str] = set()
    while len(seen) < SIZES[split]:
        english, french = finish(*writer.sentence())
        fits = len(english.split()) <= 18
        if fits and english not in seen and tenth_of(english) == split:
            seen.add(english)
            yield english, french
