"""Texts split into words in the graph: as in Python."""

import random

import pytest
import tensorflow as tf

from rnnkit.features.splitting import split_words, split_words_graph

SIGNS = [
    *"abAB019 .,:'-_@&/\u2019!?()#$%\"\t\n;+\u00e9\u6f22\u00df\u0663\u00bd\u00b2", "n't", "'s",
    "https://x.y", "www.", "@ab", "#tag", "a@b.co", "\u00a0", "\u200d", "\u0301", "\u2028", "\x1c",
    "\x85", "\x0b", "\U0001f642", "\u017f", "\u212a", "'LL", "\u2019re", "\x00",
]  # fmt: skip


def check(texts):
    found = split_words_graph(tf.constant([text.encode() for text in texts])).to_list()
    assert [[word.decode() for word in words] for words in found] == list(map(split_words, texts))


def test_signs_in_any_order():
    rng = random.Random(0)
    check(["".join(rng.choices(SIGNS, k=rng.randint(0, 14))) for _ in range(5000)])


@pytest.mark.slow
def test_every_character_of_the_first_ones():
    # Those that are younger than Python's tables are left out.
    codes = [code for code in range(1, 0x3000) if code not in (0xCF3, 0xECE)]
    check([f"a{chr(code)}b x{chr(code)} {chr(code)}1 @{chr(code)}" for code in codes])


@pytest.mark.parametrize("texts", [[], [""], [" ", ""]])
def test_nothing(texts):
    found = split_words_graph(tf.constant(texts, tf.string, shape=[len(texts)]))
    assert found.to_list() == [[]] * len(texts)
