"""The embedded sentences with tags: the same everywhere, no leaks, and context that decides."""

import collections
import hashlib
import re

import pytest

from rnnkit.datasets import bulletins, wordclasses
from rnnkit.metrics import tags as tag_metrics
from rnnkit.metrics.tag_schemes import scheme_of

MODULES = [wordclasses, bulletins]
SPLITS = ("train", "validation", "test")
# SHA-256 of the first 100 sentences of each split; see test_embedded.py.
DIGESTS = {
    ("wordclasses", "train"): "fd2df891808fa11d12a66b1e4af604509790b124b9081d578248c3eb0b179a00",
    (
        "wordclasses",
        "validation",
    ): "e6a79efc70d9f0bcb641e7bd9e56bd7a2dfc41c2eea5bd250207b45050e904ad",
    ("wordclasses", "test"): "f2babaa1e5b0794a05d7e755c7cf1d8a34728488d56699bb80a064ca03637109",
    ("bulletins", "train"): "3e5f3466fb39e0db9827e618431d25137cdd06e74c394d48548e907e8f8a6ed3",
    ("bulletins", "validation"): "d22f84d412f5957eca39501b67f8529156c6a36df12be7a1c24b87dfb7f45164",
    ("bulletins", "test"): "d61ee76124b4c3b9bd0e3764cddd65ea95ca33222f0da258160a25e8071dd2a6",
}


def name_of(module):
    return module.__name__.rpartition(".")[2]


@pytest.fixture(scope="module")
def data():
    return {
        name_of(module): {split: list(module.generate(split)) for split in SPLITS}
        for module in MODULES
    }


@pytest.mark.parametrize("module", MODULES, ids=name_of)
@pytest.mark.parametrize("split", SPLITS)
def test_same_bytes_everywhere(data, module, split):
    rows = data[name_of(module)][split][:100]
    text = "\n".join(f"{' '.join(words)}\t{' '.join(tags)}" for words, tags in rows)
    assert hashlib.sha256(text.encode()).hexdigest() == DIGESTS[name_of(module), split]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_sentences(data, module):
    texts = []
    for split in SPLITS:
        rows = data[name_of(module)][split]
        assert len(rows) == module.SIZES[split]
        assert {tag for _, tags in rows for tag in tags} == set(module.TAGS)
        for words, tags in rows:
            assert len(words) == len(tags) and 4 <= len(words) <= 17
            assert not words[0][0].islower() and all(
                re.fullmatch(r"[\w.,?]+", word) for word in words
            )
        texts += [" ".join(words) for words, _ in rows]
    assert len(set(texts)) == len(texts)
    assert list(module.generate("validation", seed=1)) != data[name_of(module)]["validation"]


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_words_alone_do_not_decide(data, module):
    # What the card says of the most frequent tag of each word.
    counts = collections.defaultdict(collections.Counter)
    for words, tags in data[name_of(module)]["train"]:
        for word, tag in zip(words, tags, strict=True):
            counts[word.lower()][tag] += 1
    usual = "NOUN" if module is wordclasses else "O"
    best = collections.defaultdict(lambda: usual)
    best |= {word: found.most_common(1)[0][0] for word, found in counts.items()}
    sentences, truth = zip(*data[name_of(module)]["test"], strict=True)
    said = [[best[word.lower()] for word in words] for words in sentences]
    score = "accuracy" if module is wordclasses else "entity_f1"
    reached = getattr(tag_metrics, score)(truth, said)
    assert f"| {reached:.3f} |".replace("0.", ".") in module.CARD
    if module is bulletins:  # stretches begin as they should
        assert scheme_of(module.TAGS) == "bio"
        for tags in truth:
            for before, tag in zip(["O", *tags], tags, strict=False):
                assert tag[0] != "I" or before[2:] == tag[2:]
