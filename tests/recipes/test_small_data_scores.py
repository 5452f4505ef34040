"""What recipes make of a few hundred examples, beside the simplest methods there are."""

import collections
import random
import time

import pytest

import recipes


def votes(size, seed):
    """Texts of nine of 45 words, each of which votes for one of two labels; most votes win."""
    rng = random.Random(seed)
    words = [a + b + a + c for a in "bdfgk" for b in "aei" for c in "aeo"]
    texts = [rng.choices(words, k=9) for _ in range(size)]
    return (
        [" ".join(text) for text in texts],
        ["yes" if sum(words.index(word) % 2 for word in text) > 4 else "no" for text in texts],
    )


def forms(size, seed):
    """Sentences in which an ending, or `the` or `they` before a word, tells what it is."""
    rng = random.Random(seed)
    stems = [a + b + c for a in "bdfgklm" for b in "aeiou" for c in "nrst"]
    both, sentences, tags = stems[:40], [], []
    for _ in range(size):
        words, of = [], []
        for _ in range(rng.randint(2, 4)):
            noun = rng.random() < 0.5
            words.append("the" if noun else "they")
            of.append("DET" if noun else "PRON")
            if rng.random() < 0.4:
                words.append(rng.choice(stems) + "ly")
                of.append("ADV")
            if rng.random() < 0.5:
                words.append(rng.choice(both))
            else:
                words.append(rng.choice(stems) + ("ness" if noun else "ize"))
            of.append("NOUN" if noun else "VERB")
        sentences.append(words)
        tags.append(of)
    return sentences, tags


def trained(name, made, sizes):
    """A model of a recipe's defaults, its data, and the seconds of a processor that it took."""
    recipe = recipes.get(name)
    parts = dict(zip(("train", "validation", "test"), sizes, strict=True))
    data = recipe.data({part: made(size, seed) for seed, (part, size) in enumerate(parts.items())})
    begun = time.process_time()
    model = recipe.train(data, seed=1, verbose=0)
    return model, data, time.process_time() - begun


@pytest.mark.slow
def test_few_texts_are_told_apart_as_by_a_linear_model():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    sizes = (300, 40, 500)
    model, data, seconds = trained("sentiment", votes, sizes)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2))
    (texts, labels), (new, true) = votes(sizes[0], 0), votes(sizes[2], 2)
    linear = LogisticRegression(C=10).fit(vectorizer.fit_transform(texts), labels)
    expected = linear.score(vectorizer.transform(new), true)
    assert expected > 0.75
    assert model.score(data.test)["accuracy"] > expected
    assert seconds < 120


@pytest.mark.slow
def test_few_tagged_sentences_say_more_than_the_most_frequent_tag():
    sizes = (150, 20, 200)
    model, data, seconds = trained("pos_tagging", forms, sizes)
    counts = collections.defaultdict(collections.Counter)
    for words, tags in zip(*forms(sizes[0], 0), strict=True):
        for word, tag in zip(words, tags, strict=True):
            counts[word][tag] += 1
    usual = sum(counts.values(), collections.Counter()).most_common(1)[0][0]
    pairs = [
        (counts[word].most_common(1)[0][0] if word in counts else usual, tag)
        for words, tags in zip(*forms(sizes[2], 2), strict=True)
        for word, tag in zip(words, tags, strict=True)
    ]
    frequent = sum(said == tag for said, tag in pairs) / len(pairs)
    assert frequent < 0.9 and model.score(data.test)["accuracy"] > 0.97
    assert seconds < 120
