"""The embedded datasets: the same everywhere, no leaks among splits, and as hard as they claim."""

import hashlib
import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from rnnkit.datasets import (
    bulletins,
    cards,
    dialogues,
    digits,
    dynamics,
    letters,
    morse,
    motifs,
    motions,
    phrases,
    reviews,
    scenes,
    sms,
    stories,
    wordclasses,
)

MODULES = [reviews, sms]
PAIRS = [phrases, dialogues]  # of texts, without labels
SIGNALS = [morse, letters]  # with texts; see test_morse.py and test_letters.py
PICTURES = [digits, motions, scenes]  # see test_images.py, test_clips.py, test_scenes.py
TEXTS = [stories]  # without targets; see test_stories.py
HIDDEN = [cards, motifs]  # what decides hides in the order; see test_cards.py, test_motifs.py
TAGGED = [wordclasses, bulletins]  # see test_tagged.py
EVERY = MODULES + PAIRS + SIGNALS + PICTURES + TEXTS + HIDDEN + TAGGED
SPLITS = ("train", "validation", "test")

# SHA-256 of the first 100 texts and labels of each split: a change of even one character, in
# whatever Python version, must come with a new VERSION of the builder.
DIGESTS = {
    ("reviews", "train"): "b1a178fbc3e559348a205b4a9d6e3bcedc95bc5cda9ab7746baa3a17d8a70dce",
    ("reviews", "validation"): "3fe4c2a77cc1fddea0abbc26f839005f104db5bf23650348f5a6169da1f04260",
    ("reviews", "test"): "c6f8b224bb7d7d38ac21f5e4f9c726816e3304d29fd3f2b63e484f05932aeb4d",
    ("sms", "train"): "4c73973860f87b19e198b32cf45e762c8a9d7f4b5910120354738442f81dc790",
    ("sms", "validation"): "027e03adb4c5b7c094768e30c8a2fe13074aa61e6b8bb9dff78b0b614fead28e",
    ("sms", "test"): "c59bc1088e615b920f5c03baefccbcd08b7b4c2dfce686d5a424d62473bd0889",
    ("phrases", "train"): "2271e77ce59c3683f8f3322a75dd1a0df111a10691d3ed7149efc393d3ac2d75",
    ("phrases", "validation"): "7d43a66c417b863ada859707135b513be798e9a54bb25331d1c469326a4c23b6",
    ("phrases", "test"): "30e168e8fa6f37d11f92fc7ef7e1bb92265ac6913457d876aa9891d8d4d7c572",
    ("dialogues", "train"): "cdeb49f53ae95352c42b3c76ffc055ad8e98b3fd312cffbcbfba95fa09732700",
    ("dialogues", "validation"): "3d72bb016e7f1a0ad496fca62b8cd44cacaa046ec5b4a7be8a4bcf6b501cea9e",
    ("dialogues", "test"): "7dacc988de2381be60800ae4e53259c3dbc46cc333b1d2717de6c213b0664d79",
}

# What one would write in five minutes: the rule a model has to beat.
KEYWORDS = re.compile(
    r"free|win|won|prize|claim|urgent|cash|congratulations|selected|£|www|http|\.example|\.test|"
    r"txt|text \w+ to",
    re.IGNORECASE,
)


def short_name(module):
    return module.__name__.rpartition(".")[2]


@pytest.fixture(scope="module")
def data():
    """{dataset: {split: [(text, label), ...]}}, generated once."""
    return {
        short_name(module): {split: list(module.generate(split)) for split in SPLITS}
        for module in MODULES + PAIRS
    }


def words(text):
    return re.findall(r"[\w'-]+", text.lower())


def linear_model_accuracy(splits, ngrams):
    """Test accuracy of logistic regression on counts of words, or of words and pairs."""
    (train, train_labels), (test, test_labels) = (
        zip(*splits[split], strict=True) for split in ("train", "test")
    )
    counts = CountVectorizer(ngram_range=(1, ngrams), token_pattern=r"[\w'£-]+")
    model = LogisticRegression(C=10, max_iter=2000).fit(counts.fit_transform(train), train_labels)
    return model.score(counts.transform(test), test_labels)


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES + PAIRS, ids=short_name)
@pytest.mark.parametrize("split", SPLITS)
def test_same_bytes_everywhere(data, module, split):
    first = data[short_name(module)][split][:100]
    digest = hashlib.sha256("\n".join(f"{label}\t{text}" for text, label in first).encode())
    assert digest.hexdigest() == DIGESTS[short_name(module), split]


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES + PAIRS, ids=short_name)
def test_generation_depends_on_the_seed_alone(data, module):
    again = list(module.generate("validation", seed=0))
    assert again == data[short_name(module)]["validation"]
    assert list(module.generate("validation", seed=1)) != again


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES, ids=short_name)
def test_sizes_and_labels(data, module):
    for split in SPLITS:
        examples = data[short_name(module)][split]
        assert len(examples) == module.SIZES[split]
        assert {label for _, label in examples} == set(module.LABELS)


def test_reviews_are_balanced_and_of_readable_length(data):
    for split in SPLITS:
        labels = [label for _, label in data["reviews"][split]]
        assert labels.count("positive") == labels.count("negative")
    lengths = [len(text.split()) for split in SPLITS for text, _ in data["reviews"][split]]
    assert min(lengths) >= 4 and max(lengths) <= 60
    types = {word for split in SPLITS for text, _ in data["reviews"][split] for word in words(text)}
    assert len(types) > 1000


def test_a_sixth_of_the_messages_is_spam(data):
    for split in SPLITS:
        labels = [label for _, label in data["sms"][split]]
        assert labels.count("spam") == pytest.approx(sms.SPAM_RATE * len(labels), abs=1)


@pytest.mark.parametrize("module", MODULES + PAIRS, ids=short_name)
def test_no_text_occurs_twice(data, module):
    texts = [text for split in SPLITS for text, _ in data[short_name(module)][split]]
    assert len(set(texts)) == len(texts)


def assert_disjoint(keys):
    """`keys`: one set per split."""
    train, validation, test = keys
    assert not (train & validation | train & test | validation & test)


def test_no_review_has_its_mirror_image_in_another_split(data):
    assert_disjoint(
        {" ".join(sorted(re.findall(r"[a-z'-]+", text.lower()))) for text, _ in data["reviews"][s]}
        for s in SPLITS
    )


def test_no_message_is_in_two_splits_with_other_digits(data):
    assert_disjoint(
        {re.sub(r"[\W\d]+", " ", text.lower()) for text, _ in data["sms"][s]} for s in SPLITS
    )


def test_reviews_show_no_slots_or_stray_marks(data):
    for split in SPLITS:
        for text, _ in data["reviews"][split]:
            assert not re.search(r"[{}|*+/]|  | [,.;:]|,[,.;:]|\ba [aeiou](?!ne-)", text), text
            assert text[0].isupper() or text[0] == "'"


def test_mirrored_reviews_leave_single_words_uninformative(data):
    # Only the plain texts can be told by their words; the card has what an LSTM reaches.
    assert linear_model_accuracy(data["reviews"], ngrams=1) < 0.75


def test_both_classes_of_reviews_use_the_neutral_words_alike(data):
    totals = {"positive": {}, "negative": {}}
    for text, label in data["reviews"]["train"]:
        for word in words(text):
            totals[label][word] = totals[label].get(word, 0) + 1
    for word in ("not", "but", "although", "never", "anything", "despite", "i", "the"):
        positive, negative = totals["positive"][word], totals["negative"][word]
        assert positive == pytest.approx(negative, rel=0.15), word


def test_keyword_rule_is_well_behind_a_linear_model_on_messages(data):
    test = data["sms"]["test"]
    rule = sum(bool(KEYWORDS.search(text)) == (label == "spam") for text, label in test) / len(test)
    model = linear_model_accuracy(data["sms"], ngrams=2)
    assert rule < 0.9
    assert model > 0.96
    assert model - rule > 0.08


@pytest.mark.parametrize("module", EVERY, ids=short_name)
def test_unknown_split_says_which_there_are(module):
    with pytest.raises(ValueError, match="train, validation, test.*Received: split='dev'"):
        module.generate("dev")


@pytest.mark.parametrize("module", EVERY, ids=short_name)
def test_card_says_what_it_is(module):
    assert module.CARD.startswith(f"# rnnkit_{short_name(module)}\n")
    for said in ("synthetic", "Limits", *(f"{module.SIZES[split]:,}" for split in SPLITS)):
        assert said in module.CARD


def test_cards_need_no_tensorflow():
    code = (
        "import sys; from rnnkit.datasets import dialogues, phrases, reviews, sms; "
        "[next(each.generate('test')) for each in (dialogues, phrases, reviews)]; "
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("module", MODULES, ids=short_name)
def test_builder_round_trip(module, tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    import rnnkit.datasets.builders  # noqa: F401  registers

    monkeypatch.setattr(module, "SIZES", {"train": 60, "validation": 20, "test": 40})
    splits, info = tfds.load(
        f"rnnkit_{short_name(module)}", data_dir=tmp_path, as_supervised=True, with_info=True
    )
    assert info.features["label"].names == list(module.LABELS)
    assert str(info.version) == "1.0.0"
    for split in SPLITS:
        read = [(text.decode(), module.LABELS[y]) for text, y in tfds.as_numpy(splits[split])]
        assert read == list(module.generate(split))


@pytest.mark.parametrize("module", PAIRS, ids=short_name)
def test_builder_of_pairs_round_trip(module, tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    import rnnkit.datasets.builders  # noqa: F401  registers

    monkeypatch.setattr(module, "SIZES", {"train": 60, "validation": 20, "test": 40})
    splits, info = tfds.load(
        f"rnnkit_{short_name(module)}", data_dir=tmp_path, as_supervised=True, with_info=True
    )
    translation = isinstance(info.features, tfds.features.Translation)
    assert translation == (module is phrases)
    for split in SPLITS:
        read = [(x.decode(), y.decode()) for x, y in tfds.as_numpy(splits[split])]
        assert read == list(module.generate(split))


@pytest.mark.slow
@pytest.mark.parametrize("config", ["lorenz63", "narma10", "henon"])
def test_series_round_trip(config, tmp_path):
    import tensorflow_datasets as tfds

    import rnnkit.datasets.builders  # noqa: F401  registers

    splits, info = tfds.load(f"rnnkit_series/{config}", data_dir=tmp_path, with_info=True)
    expected = dynamics.splits(config)
    columns = dynamics.SETS[config].columns
    assert info.features["series"].shape == (None, len(columns))
    assert info.description.startswith("# rnnkit_series")
    assert set(splits) == set(SPLITS)
    for split in SPLITS:
        (example,) = tfds.as_numpy(splits[split])
        assert example["series"].dtype == np.float64
        assert np.array_equal(example["series"], expected[split])  # bit for bit


def test_configurations_of_the_series():
    import tensorflow_datasets as tfds

    from rnnkit.datasets.builders import RnnkitSeries

    assert list(RnnkitSeries.builder_configs) == [
        "mackey_glass_17", "mackey_glass_30", "lorenz63", "lorenz96", "rossler", "henon",
        "logistic", "narma10", "narma30", "superimposed_oscillators", "noisy_sines",
    ]  # fmt: skip
    assert tfds.builder("rnnkit_series").builder_config.name == "mackey_glass_17"
    chosen = tfds.builder("rnnkit_series/lorenz63").builder_config
    assert (chosen.columns, chosen.step, chosen.lyapunov) == (("x", "y", "z"), 0.02, 0.9056)
    assert tfds.builder("rnnkit_series/narma30").builder_config.lyapunov is None
