"""Rewards of single sequences, against sacrebleu and by hand."""

import numpy as np
import pytest
import sacrebleu
import tensorflow as tf

from rnnkit.training import rewards


def padded(rows, width=12):
    return [row + [0] * (width - len(row)) for row in rows]


def as_text(row):
    return " ".join(f"w{token}" for token in row)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_bleu_is_that_of_sacrebleu(order):
    # References of one length, of which the mean is that of the nearest.
    rng = np.random.default_rng(order)
    metric = sacrebleu.BLEU(
        smooth_method="add-k", smooth_value=1, max_ngram_order=order, tokenize="none", force=True
    )
    written, references, expected = [], [], []
    for _ in range(40):
        length = int(rng.integers(4, 10))
        several = rng.integers(2, 7, [3, length]).tolist()
        drawn = [rng.integers(2, 8, int(rng.integers(4, 12))).tolist() for _ in range(2)]
        texts = [as_text(row) for row in several]
        expected.append([metric.sentence_score(as_text(row), texts).score / 100 for row in drawn])
        written.append(padded(drawn))
        references.append(padded(several))
    found = rewards.sentence_bleu(tf.constant(written), tf.constant(references), order)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert 0.2 < np.mean(expected) < 0.9


def test_bleu_by_hand():
    written = tf.constant([[[5, 6, 7, 0], [5, 5, 5, 0], [8, 0, 0, 0], [0, 0, 0, 0]]])
    # Padding is no reference; the lengths 2 and 4 have the mean 3.
    references = tf.constant([[[5, 6, 0, 0], [5, 9, 5, 9], [0, 0, 0, 0]]])
    one = rewards.sentence_bleu(written, references, 1)
    # "5" counts twice, as often as in the second reference.
    np.testing.assert_allclose(one, [[2 / 3, 2 / 3, 0.0, 0.0]], rtol=1e-6)
    two = rewards.sentence_bleu(written[:, :2], references, 2)
    expected = [[np.sqrt(2 / 3 * 2 / 3), np.sqrt(2 / 3 * 1 / 3)]]
    np.testing.assert_allclose(two, expected, rtol=1e-6)
    short = rewards.sentence_bleu(tf.constant([[[5]]]), references, 1)
    np.testing.assert_allclose(short, [[np.exp(1 - 3 / 1)]], rtol=1e-6)


def test_names():
    written, references = tf.constant([[[5, 6]]]), tf.constant([[[5, 6]]])
    for name in rewards.ORDERS:
        np.testing.assert_allclose(rewards.reward(name)(written, references), [[1.0]])
    assert rewards.reward(len) is len
    with pytest.raises(ValueError, match=r"Did you mean 'bleu4'\?.*Received: reward='blue4'"):
        rewards.reward("blue4")
