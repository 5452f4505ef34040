"""Several labels a text: the recipes `sentiment` and `spam` beside a linear model, in one run.

    python -m tests.benchmarks.labels [--train 3000] [--seeds 1 2 3] [--recipes sentiment spam]

A text has one to four opinions in the words of `rnnkit_reviews`, each of an aspect of a film; its
labels are which of five kinds of aspects it praises and which it faults, ten in all. Half of the
adjectives are said of any aspect, so that a word tells the side and what stands before it the kind;
one combination in six of an aspect and an adjective is in the test alone. Default settings of the
recipes. The linear model is logistic regression, one label against the rest, on tf-idf of words and
pairs of words (scikit-learn); its strength is chosen on the validation part, where its thresholds
are chosen as ours are, or left at .5, whichever is better in the test.
"""

import random
import time

import numpy as np

import recipes
from rnnkit import metrics
from rnnkit.data import Data
from rnnkit.datasets import reviews
from rnnkit.features import Labels
from tests.benchmarks import ledger
from tests.benchmarks._table import header, row

KINDS = ("writing", "acting", "visual", "sound", "pace")
SIDES = ("bad", "good")
NAMES = [f"{kind} {side}" for kind in KINDS for side in SIDES]
SCORES = ["micro_f1", "macro_f1", "subset_accuracy"]
JOINED = (", and ", ", but ", "; ", ". ", " while ")


def examples(split, count):
    """Lists of texts and of their lists of labels."""
    rng = random.Random(f"labels {split}")
    writer, texts, targets = reviews._Writer(rng, split), [], []
    aspects = [each for each in reviews._ASPECT_LIST if each[1] in KINDS]
    while len(texts) < count:
        text, found = "", set()
        for aspect in rng.sample(aspects, rng.randint(1, 4)):
            side, past = rng.randint(0, 1), writer.chance(0.5)
            text += rng.choice(JOINED) if text else ""
            text += writer.opinion(side, past, aspect)["c"]
            found.add(f"{aspect[1]} {SIDES[side]}")
        texts.append(reviews._sentences(text.format_map(writer.scene()) + "."))
        targets.append(sorted(found))
    return texts, targets


def linear(train, validation, test):
    """Scores of the linear model."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    matrices = [words.fit_transform(train[0]), *map(words.transform, (validation[0], test[0]))]
    label = Labels(NAMES)
    truth = [label.encode(label.to_tensor(part[1])).numpy() for part in (train, validation, test)]
    best = None
    for strength in (1.0, 10.0, 100.0, 1000.0):
        model = OneVsRestClassifier(LogisticRegression(C=strength, max_iter=1000))
        model.fit(matrices[0], truth[0])
        outputs = [model.predict_proba(each) for each in matrices]
        score = metrics.micro_f1(truth[1], outputs[1])
        if best is None or score > best[0]:
            best = score, strength, outputs
    _, strength, outputs = best
    plain = metrics.scores(label, truth[2], outputs[2], SCORES)
    label.calibrate(truth[1], outputs[1])
    chosen = metrics.scores(label, truth[2], outputs[2], SCORES)
    return max(plain, chosen, key=lambda each: each["micro_f1"]), strength


def shown(scores):
    return ", ".join(f"{name} {value:.3f}" for name, value in scores.items())


def note(book, model, scores):
    for name in SCORES:
        book.add(f"several labels, {model}: {name}", scores[name], form=".3f")


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--train", type=int, default=3000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--recipes", nargs="+", default=["sentiment", "spam"])
    options = parser.parse_args()
    book = ledger.Book(options.record)
    sizes = (options.train, options.train // 4, options.train // 3)
    parts = list(map(examples, ("train", "validation", "test"), sizes))
    print(f"{np.mean([len(each) for each in parts[0][1]]):.2f} of {len(NAMES)} labels a text")
    header("model", "setting", "seconds", "test")
    began = time.perf_counter()
    scores, strength = linear(*parts)
    note(book, "linear", scores)
    row("linear", f"C={strength:g}", f"{time.perf_counter() - began:.0f}", shown(scores))
    for name in options.recipes:
        recipe = recipes.get(name)
        data = recipe.data(dict(zip(("train", "validation", "test"), parts, strict=True)))
        assert isinstance(data, Data)
        for seed in options.seeds:
            began = time.perf_counter()
            model = recipe.train(data, seed=seed, verbose=0)
            seconds = f"{time.perf_counter() - began:.0f}"
            found = model.score(data.test)
            note(book, f"{name}, seed {seed}", found)
            epochs = len(model.history.epoch)
            row(
                name, f"seed {seed}, {epochs} epochs", seconds, shown({s: found[s] for s in SCORES})
            )


if __name__ == "__main__":
    main()
