"""Decoding of CTC against a sum over all alignments and a prefix beam search in plain Python."""

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.decoding.ctc import greedy, prefix_beam_search


def log_probabilities(*shape, seed=0, scale=1.5):
    values = scale * np.random.default_rng(seed).normal(size=shape)
    return values - np.log(np.exp(values).sum(-1, keepdims=True))


# === Independent implementations, of one sequence [frames, classes] ===


def collapsed(path):
    """What an alignment reads as: repeats merged, then blanks dropped."""
    return tuple(label for label, _ in itertools.groupby(path) if label != 0)


def all_labels(frames):
    """Log-probability of every label sequence, by going through every alignment."""
    found = {}
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        score = sum(frames[time, label] for time, label in enumerate(path))
        labels = collapsed(path)
        found[labels] = np.logaddexp(found.get(labels, -np.inf), score)
    return sorted(found.items(), key=lambda item: -item[1])


def plain_search(frames, beam_size):
    """Prefix beam search on probabilities, each prefix with those that end in blank or not."""
    beam = {(): (1.0, 0.0)}
    for frame in np.exp(frames):
        following = {}

        def add(prefix, blank, label, following=following):
            old = following.get(prefix, (0.0, 0.0))
            following[prefix] = (old[0] + blank, old[1] + label)

        for prefix, (blank, label) in beam.items():
            add(prefix, (blank + label) * frame[0], 0.0)
            for token in range(1, len(frame)):
                if prefix and token == prefix[-1]:
                    add(prefix, 0.0, label * frame[token])
                    add((*prefix, token), 0.0, blank * frame[token])
                else:
                    add((*prefix, token), 0.0, (blank + label) * frame[token])
        ranked = sorted(following.items(), key=lambda item: -sum(item[1]))
        beam = dict(ranked[:beam_size])
    return [(prefix, math.log(sum(both))) for prefix, both in beam.items()]


def found(decoded, row=0):
    """Decoded n-best of one input as a list of (labels, log-probability)."""
    tokens, lengths, scores = (part.numpy()[row] for part in decoded)
    assert all(not row[length:].any() for row, length in zip(tokens, lengths, strict=True))
    each = zip(tokens, lengths, scores, strict=True)
    return [(tuple(row[:length].tolist()), score) for row, length, score in each]


def same(results, expected, atol=1e-5):
    assert [labels for labels, _ in results] == [labels for labels, _ in expected]
    np.testing.assert_allclose([s for _, s in results], [s for _, s in expected], atol=atol)


# === Prefix beam search ===


@pytest.mark.parametrize("frames, classes", [(1, 3), (2, 2), (3, 4), (5, 3), (6, 3), (7, 2)])
def test_a_beam_wide_enough_is_exact(frames, classes):
    for seed in range(3):
        values = log_probabilities(1, frames, classes, seed=seed)
        expected = all_labels(values[0])[:4]
        same(found(prefix_beam_search(values, None, 3000, len(expected))), expected)


@pytest.mark.parametrize("beam_size", [2, 4, 8])
def test_a_narrow_beam_finds_what_plain_python_finds(beam_size):
    # Frames as a trained network gives them, mostly sure. What falls out of a full beam, and so
    # what the rest sums up to, is TensorFlow's choice, but never more than there is.
    values = log_probabilities(8, 20, 5, scale=5.0)
    decoded = prefix_beam_search(values, None, beam_size, 2)
    for row in range(8):
        (labels, score), second = found(decoded, row)
        assert labels == plain_search(values[row], beam_size)[0][0]
        exact = dict(plain_search(values[row], 300))[labels]
        assert math.log(0.5) < score - exact < 1e-4
        assert second[1] <= score


def test_prefixes_of_one_alignment_are_told_apart():
    # "11" needs a blank between: of 27 alignments of 3 frames only (1, 0, 1) reads so.
    frames = np.log([[[0.5, 0.4, 0.1], [0.3, 0.6, 0.1], [0.2, 0.7, 0.1]]])
    exact = dict(found(prefix_beam_search(frames, None, 50, 13)))
    assert exact[(1, 1)] == pytest.approx(math.log(0.4 * 0.3 * 0.7), abs=1e-5)


def test_a_beam_of_one_is_not_best_path_decoding():
    frames = np.log([[[0.6, 0.4], [0.6, 0.4]]])
    best = greedy(frames)
    assert best.lengths.numpy().tolist() == [0]
    assert float(best.log_probabilities[0]) == pytest.approx(math.log(0.36))
    # (1, 1), (1, 0) and (0, 1) all read as 1; a beam of 2 keeps what is needed to sum them.
    same(found(prefix_beam_search(frames, None, 2)), [((1,), math.log(0.64))])


def test_fewer_label_sequences_than_asked_for():
    values = log_probabilities(1, 1, 3)
    decoded = prefix_beam_search(values, None, 8, 5)
    assert np.isfinite(decoded.log_probabilities.numpy()).tolist() == [[True] * 3 + [False] * 2]
    same(found(decoded)[:3], all_labels(values[0]))
    assert decoded.lengths.numpy()[0, 3:].tolist() == [0, 0]
    nothing = prefix_beam_search(np.zeros((1, 4, 3)), [0], 4, 3)
    assert found(nothing) == [((), 0.0), ((), -np.inf), ((), -np.inf)]


def test_labels_that_are_never_likely_may_be_left_out():
    values = log_probabilities(2, 6, 9)
    values[0, :, [2, 3, 5, 8]] -= 20.0
    values[1, :, [1, 4, 6, 7]] -= 20.0
    values -= np.log(np.exp(values).sum(-1, keepdims=True))
    whole, part = (prefix_beam_search(values, None, 20, 5, most) for most in (100, 4))
    for row in range(2):
        same(found(part, row), found(whole, row))
    # What the labels left out had of the probability is not given to the others.
    halved = np.log([[[0.5, 0.2, 0.2, 0.1]] * 2])
    expected = [((), math.log(0.5 * 0.5)), ((1,), math.log(0.2 * 0.2 + 2 * 0.5 * 0.2))]
    same(found(prefix_beam_search(halved, None, 50, 2, most_labels=1)), expected)


def test_bad_arguments():
    values = log_probabilities(1, 3, 3)
    with pytest.raises(ValueError, match="n_best must be at most beam_size.*n_best=3, beam_size=2"):
        prefix_beam_search(values, None, 2, 3)
    for name in ("beam_size", "n_best", "most_labels"):
        with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1.*{name}=0"):
            prefix_beam_search(values, **{name: 0})


# === Greedy ===


def test_greedy_reads_the_best_path():
    values = log_probabilities(20, 9, 3)
    decoded = greedy(values)
    for row, frames in enumerate(values):
        path = collapsed(frames.argmax(-1).tolist())
        assert tuple(decoded.tokens[row].numpy()[: len(path)]) == path
        assert not decoded.tokens[row].numpy()[len(path) :].any()
        assert decoded.lengths[row] == len(path)
    expected = values.max(-1).sum(-1)
    np.testing.assert_allclose(decoded.log_probabilities, expected, rtol=1e-5)


def test_logits_are_as_good():
    values = log_probabilities(2, 5, 4)
    for decode in (greedy, prefix_beam_search):
        for a, b in zip(decode(values), decode(values + 3.0), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


# === Ends ===


@pytest.mark.parametrize(
    "decode",
    [greedy, lambda values, ends=None: prefix_beam_search(values, ends, 300, 3)],
    ids=["greedy", "beam"],
)
def test_a_batch_is_its_rows_and_what_lies_beyond_the_end_is_nothing(decode):
    values, lengths = log_probabilities(4, 12, 4), [12, 3, 1, 7]
    together = decode(values, lengths)
    other = values.copy()
    for row, length in enumerate(lengths):
        other[row, length:] = np.nan  # whatever it is
    changed = decode(other, lengths)
    ended = values.copy()
    for row, length in enumerate(lengths):
        ended[row, length:] = [0.0, -1e4, -1e4, -1e4]  # as a model writes it
    marked = decode(ended)
    for row, length in enumerate(lengths):
        alone = decode(values[row : row + 1, :length])
        width = alone.tokens.shape[-1]
        for each in (together, changed, marked):
            np.testing.assert_array_equal(each.tokens[row][..., :width], alone.tokens[0])
            assert not each.tokens[row][..., width:].numpy().any()
            np.testing.assert_array_equal(each.lengths[row], alone.lengths[0])
            np.testing.assert_allclose(
                each.log_probabilities[row], alone.log_probabilities[0], atol=1e-5
            )


def test_in_a_graph_whose_sizes_are_not_known():
    spec = [tf.TensorSpec([None, None, None]), tf.TensorSpec([None], tf.int32)]
    for decode in (greedy, lambda *given: prefix_beam_search(*given, 4, 2)):
        values = log_probabilities(3, 6, 4).astype("float32")
        compiled = tf.function(decode, input_signature=spec)
        for a, b in zip(compiled(values, [6, 2, 4]), decode(values, [6, 2, 4]), strict=True):
            np.testing.assert_array_equal(a, b)
