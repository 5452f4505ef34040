"""Scores of texts against figures counted by hand, and against the libraries."""

import functools
import sys

import numpy as np
import pytest
import sacrebleu

from rnnkit.metrics import bleu, bleu_signature, cer, chrf, compute, distinct, exact_match, wer

TRUE = ["the cat sat on the mat", "a dog barked", "rain fell all day long"]
SAID = ["the cat sat on a mat", "a dog barked", "rain fell long"]
scores = functools.partial(compute, "texts")

# === Errors ===


def test_error_rates_are_of_the_whole_list():
    # 1 substitution of 6 words, 0 of 3, 2 deletions of 5; not the mean 17 %, 0 %, 40 %.
    assert wer(TRUE, SAID) == pytest.approx(3 / 14)
    assert cer(["abcd", "ab"], ["abxd", "ab"]) == pytest.approx(1 / 6)
    assert cer(["a b"], ["ab"]) == pytest.approx(1 / 3)  # spaces count
    assert wer(["a  b "], [" a b"]) == cer(["ab "], [" ab"]) == 0.0  # but not around a text
    assert wer(["a"], ["b c d"]) == 3.0  # 1 substitution and 2 insertions


def test_empty_texts():
    assert wer(["one two three", ""], ["one too three", "four"]) == pytest.approx(2 / 3)
    assert cer(["abc", ""], ["abc", "de"]) == pytest.approx(2 / 3)
    assert wer(["one two"], [""]) == cer(["one two"], [""]) == 1.0
    assert wer(["", ""], ["", ""]) == cer([""], [""]) == 0.0
    assert wer([""], ["word"]) == cer([""], ["w"]) == float("inf")


def test_error_rates_against_plain_edit_distance():
    def distance(a, b):
        row = np.arange(len(b) + 1)
        for i, left in enumerate(a, 1):
            last, row = row, np.full(len(b) + 1, i)
            for j, right in enumerate(b, 1):
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (left != right))
        return row[-1]

    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abc"), rng.integers(0, 7))) for _ in range(60)]
    pairs = list(zip(texts[:30], texts[30:], strict=True))
    for score, split in ((wer, str.split), (cer, list)):
        errors = sum(distance(split(a), split(b)) for a, b in pairs)
        total = sum(len(split(a)) for a, _ in pairs)
        assert score(texts[:30], texts[30:]) == pytest.approx(errors / total)


def test_exact_match():
    assert exact_match(TRUE, SAID) == pytest.approx(1 / 3)
    assert exact_match(["A  cat"], ["A cat "]) == 1.0
    assert exact_match(["A cat"], ["a cat"]) == 0.0
    assert exact_match(["A cat"], ["a cat"], lowercase=True) == 1.0


# === BLEU and chrF ===


def test_bleu_by_hand():
    # 1 to 4-grams found: 5 of 6, 3 of 5, 2 of 4, 1 of 3; lengths are equal.
    expected = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert bleu([TRUE[0]], [SAID[0]]) == pytest.approx(expected)
    # A prefix of 5 of 6 words has full precision; the brevity penalty is exp(1 - 6 / 5).
    assert bleu([TRUE[0]], [TRUE[0][:-4]]) == pytest.approx(100 * np.exp(-0.2))
    assert bleu(TRUE, TRUE) == pytest.approx(100.0)


def test_bleu_is_that_of_sacrebleu_and_says_how():
    for options in ({}, {"tokenize": "none"}, {"lowercase": True}, {"tokenize": "char"}):
        true, said = ["The cat, sat on the mat."], ["the cat, sat on a mat."]
        metric = sacrebleu.metrics.BLEU(**options)
        expected = metric.corpus_score(said, [true])
        assert bleu(true, said, **options) == expected.score
        assert bleu_signature(**options) == str(metric.get_signature())
    assert "tok:none" in bleu_signature("none") and "case:lc" in bleu_signature(lowercase=True)


def test_bleu_of_several_references_by_hand():
    several = [["the cat is on the mat", "there is a cat on the mat"]]
    # Papineni et al., example 2: "the" counts twice, as in the first reference.
    assert bleu(several, ["the the the the the the the"], order=1) == pytest.approx(100 * 2 / 7)
    said = ["a cat is on the mat"]  # pairs: a-cat, cat-is, is-on, on-the, the-mat, all of either
    assert bleu(several, said, order=2) == pytest.approx(100.0)
    # Triples: cat is on, is on the, on the mat; not a cat is. Length 6 is that of the first.
    assert bleu(several, said, order=3) == pytest.approx(100 * (3 / 4) ** (1 / 3))
    # The reference nearest in length decides: 4 words beside 6 and 7.
    assert bleu(several, ["on the mat a"], order=1) == pytest.approx(100 * np.exp(1 - 6 / 4))


def test_bleu_of_references_that_are_not_as_many():
    several = [["a b c", "a b d", "x"], ["c d e"]]
    said = ["a b d", "c d f"]
    columns = [["a b c", "c d e"], ["a b d", None], ["x", None]]
    for order in (1, 2, 3, 4):
        metric = sacrebleu.metrics.BLEU(max_ngram_order=order, force=True)
        expected = metric.corpus_score(said, columns).score
        assert bleu(several, said, order=order) == expected
        assert scores(several, said, names=[f"bleu{order}"]) == {f"bleu{order}": expected}
    assert bleu([[text] for text in TRUE], SAID) == bleu(TRUE, SAID)


def test_distinct():
    assert distinct(TRUE, ["a b", "a  b ", "a c"]) == pytest.approx(2 / 3)
    assert distinct([["x", "y"], ["z"]], ["A", "a"]) == 1.0
    assert distinct(["x", "y"], ["A", "a"], lowercase=True) == 0.5


def test_chrf():
    assert chrf(TRUE, TRUE) == pytest.approx(100.0)
    assert chrf(TRUE, SAID) == sacrebleu.corpus_chrf(SAID, [TRUE]).score
    # Unigrams, bigrams and trigrams found: 2 of 3, 1 of 2, 0 of 1, for precision and recall alike.
    assert chrf(["abc"], ["abd"]) == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3)
    assert chrf(["ABC"], ["abc"], lowercase=True) == pytest.approx(100.0)


# === By name ===


def test_scores_by_name():
    found = scores(TRUE, SAID, names=["cer", "wer", "chrf", "bleu", "exact_match"])
    assert list(found) == ["cer", "wer", "chrf", "bleu", "exact_match"]
    assert all(isinstance(value, float) for value in found.values())
    assert found["bleu"] == bleu(TRUE, SAID)
    assert set(scores(TRUE, SAID)) == {"bleu", "exact_match"}
    assert scores(["A b"], ["a b"], names=["wer"], lowercase=True) == {"wer": 0.0}
    assert scores(["a, b c d"], ["a , b c d"], names=["bleu"])["bleu"] == pytest.approx(100.0)
    assert scores(["a, b c d"], ["a , b c d"], names=["bleu"], tokenize="none")["bleu"] < 99


def test_bad_arguments():
    with pytest.raises(ValueError, match="Unknown score of texts 'were'; known: .*mean 'wer'"):
        scores(TRUE, SAID, names=["were"])
    with pytest.raises(ValueError, match="as many.*3 references and 2 hypotheses"):
        wer(TRUE, SAID[:2])
    with pytest.raises(ValueError, match="at least one. Received: 0 references"):
        bleu([], [])
    with pytest.raises(ValueError, match="references must be a list of texts.*'a text'"):
        cer("a text", "a text")
    with pytest.raises(ValueError, match="hypotheses must be texts.*None.*position 1"):
        exact_match(["a", "b"], ["a", None])
    with pytest.raises(ValueError, match="tokenize must be one of .*'13a'.*tokenize='14a'"):
        bleu(TRUE, SAID, tokenize="14a")
    with pytest.raises(ValueError, match="order must be 1, 2, 3 or 4. Received: order=5"):
        bleu(TRUE, SAID, order=5)
    with pytest.raises(ValueError, match=r"references must be texts. Received: \[\] .*position 0"):
        bleu([[], ["a"]], ["a", "b"])
    with pytest.raises(ValueError, match="references must be texts.*list at position 0"):
        wer([["a", "b"]], ["a"])


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(ImportError, match="needs jiwer: pip install jiwer"):
        wer(["a"], ["a"])
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(ImportError, match="needs sacrebleu: pip install sacrebleu"):
        bleu(["a"], ["a"])
