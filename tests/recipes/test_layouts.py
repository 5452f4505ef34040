"""Four layouts of the field, from the file to a score that beats the simplest answer.

The files are made here: small, with the columns, encodings and oddities of the real ones, and with
a known rule between input and target.
"""

import collections
import csv
import json
import random

import pytest

import recipes
from rnnkit import metrics

pytestmark = pytest.mark.slow


def majority(dataset):
    """The accuracy of always giving the most frequent label of a dataset."""
    counts = collections.Counter(label for _, label in dataset.as_numpy_iterator())
    return max(counts.values()) / sum(counts.values())


def test_kaggle_spam(tmp_path):
    """`spam.csv`: v1, v2 and three nameless columns, latin-1, quotes around some texts."""
    rng, path = random.Random(0), tmp_path / "spam.csv"
    small = ["see you", "at home", "ok lor", "café later", "how are you", "call me", "tonight"]
    with path.open("w", encoding="latin-1", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["v1", "v2", "", "", ""])
        for index in range(300):
            spam = index % 6 == 0  # one in six, in the real one one in seven
            parts = rng.sample(small, 3) + (["win £1000 now, txt CLAIM"] if spam else [])
            rng.shuffle(parts)
            writer.writerow(["spam" if spam else "ham", ", ".join(parts), "", "", ""])
    recipe = recipes.get("spam")
    data = recipe.data(path, input="v2", target="v1", encoding="latin-1")
    count = sum(1 for part in (data.train, data.validation, data.test) for _ in part)
    assert count == 300
    model = recipe.train(data, epochs=8, seed=1, verbose=0, units=8)
    scores = model.score(data.test)
    assert scores["accuracy"] == 1.0 > majority(data.test)
    assert 0.7 < majority(data.test) < 0.95
    assert model.infer("café later, win £1000 now, txt CLAIM")["label"] == "spam"


def test_a_row_a_word(tmp_path):
    """`ner_dataset.csv`: Sentence #, Word, POS and Tag, latin-1, the number in first rows alone."""
    rng, path = random.Random(0), tmp_path / "ner_dataset.csv"
    people, places = ["Ann", "Zoë", "Bob", "Ray"], ["Paris", "Málaga", "Oslo", "Rome"]
    with path.open("w", encoding="latin-1", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Sentence #", "Word", "POS", "Tag"])
        for number in range(1, 161):
            who, where = rng.choice(people), rng.choice(places)
            rows = [(who, "NNP", "B-per"), ("Smith", "NNP", "I-per")][: rng.randint(1, 2)]
            rows += [
                ("went", "VBD", "O"),
                ("to", "TO", "O"),
                (where, "NNP", "B-geo"),
                (".", ".", "O"),
            ]
            for index, row in enumerate(rows):
                writer.writerow(["" if index else f"Sentence: {number}", *row])
    recipe = recipes.get("named_entities")
    data = recipe.data(path, encoding="latin-1")
    assert sum(1 for part in (data.train, data.validation, data.test) for _ in part) == 160
    small = {"units": 16, "embedding_size": 16, "character_filters": 8, "learning_rate": 1e-2}
    model = recipe.train(data, epochs=6, seed=1, verbose=0, **small)
    # To tag nothing finds no entity: an F1 of 0.
    assert model.score(data.test)["entity_f1"] > 0.95
    found = model.infer("Zoë Smith went to Málaga.", details=True)["entities"]
    assert [(each["type"], each["text"]) for each in found] == [
        ("per", "Zoë Smith"),
        ("geo", "Málaga"),
    ]


def test_anki_pairs(tmp_path):
    """`fra.txt`: source, target and attribution, with tabs between them and no header."""
    rng, path = random.Random(0), tmp_path / "fra.txt"
    who = {
        "I see": "Je vois",
        "You see": "Tu vois",
        "We see": "Nous voyons",
        "Tom sees": "Tom voit",
    }
    what = {"a cat": "un chat", "a dog": "un chien", "the sea": "la mer", "a tree": "un arbre"}
    when = {"": "", " now": " maintenant", " today": " aujourd'hui", " again": " encore"}
    lines = [
        f"{a} {b}{c}.\t{who[a]} {what[b]}{when[c]}.\tCC-BY 2.0 (France) Attribution: {a} #{index}"
        for index, (a, b, c) in enumerate((a, b, c) for a in who for b in what for c in when)
    ]
    rng.shuffle(lines)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    recipe = recipes.get("translation")
    data = recipe.data(path)
    x, y = zip(*((x.decode(), y.decode()) for x, y in data.test.as_numpy_iterator()), strict=True)
    assert all("CC-BY" not in text for text in (*x, *y)) and len(x) >= 6
    small = {"units": 48, "embedding_size": 32, "vocabulary_size": 60, "beam_size": 1}
    model = recipe.train(
        data, epochs=28, batch_size=8, seed=1, verbose=0, learning_rate=1e-2, **small
    )
    # The rule is word by word; the best single sentence shares a word or two with each.
    counts = collections.Counter(y.decode() for _, y in data.train.as_numpy_iterator())
    constant = metrics.compute("texts", y, [counts.most_common(1)[0][0]] * len(y), names=["chrf"])[
        "chrf"
    ]
    assert model.score(data.test)["chrf"] > max(60.0, 1.5 * constant)


def test_hugging_face_jsonl(tmp_path):
    """A folder of splits, an object a line with ids and nested texts, labels as whole numbers."""
    rng = random.Random(0)
    plain = ["the film", "was long", "an actor", "of the year", "in colour", "with music"]
    marks = {0: ["dull", "a bore"], 1: ["a delight", "superb"]}
    for split, size in (("train", 240), ("validation", 40), ("test", 60)):
        with (tmp_path / f"{split}.jsonl").open("w", encoding="utf-8") as file:
            for index in range(size):
                label = int(index % 3 > 0)
                parts = [*rng.sample(plain, 3), rng.choice(marks[label])]
                rng.shuffle(parts)
                row = {"id": f"{split}-{index}", "data": {"text": " ".join(parts)}, "label": label}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    recipe = recipes.get("sentiment")
    data = recipe.data(tmp_path, input="data.text")
    small = {"units": 12, "embedding_size": 12, "learning_rate": 1e-2}
    model = recipe.train(data, epochs=12, batch_size=16, seed=1, verbose=0, **small)
    accuracy = model.score(data.test)["accuracy"]
    assert majority(data.test) == pytest.approx(2 / 3, abs=0.01)
    assert accuracy > 0.95
    assert model.infer("an actor of the year superb")["label"] == "1"
