"""Decoding against exhaustive search and a plain implementation."""

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.decoding import Sampling, decode, length_penalty
from rnnkit.decoding.search import top_k
from tests.decoding import plain_search

START, END, SIZE = 0, 1, 6
NEVER = -1e9


class Chain:
    """A made-up network: the logits depend on the last two tokens, the step and the example."""

    def __init__(self, batch, seed=0, sharpness=2.0, size=SIZE):
        draw = np.random.default_rng(seed).normal
        self.size = size
        self.tables = draw(size=(batch, size, size, size)).astype("float32") * sharpness
        self.steps = draw(size=(32, size)).astype("float32")

    def step(self, tokens, states, index, rows):
        (before,) = states  # [live, beams, 1]
        previous = tf.cast(before[..., 0], tf.int32)
        rows = tf.tile(rows[:, None], [1, tokens.shape[1]])
        logits = tf.gather_nd(self.tables, tf.stack([rows, previous, tokens], axis=-1))
        logits += tf.gather(self.steps, index)
        attention = tf.one_hot(tokens, 4) + 0.0  # [batch, beams, 4]
        return logits, [tf.cast(tokens[..., None], tf.float32)], attention

    def run(self, beam_size=1, max_length=5, compiled=True, **options):
        batch = len(self.tables)
        states = [tf.fill([batch, beam_size, 1], float(START))]

        def run():
            return decode(
                self.step,
                states,
                batch,
                start=START,
                end=END,
                max_length=max_length,
                beam_size=beam_size,
                **options,
            )

        return tf.function(run)() if compiled else run()

    def logits_after(self, row):
        def logits(tokens):
            history = (START, START, *tokens)
            return self.tables[row][history[-2]][history[-1]] + self.steps[len(tokens)]

        return logits


def written(decoded, row, rank=0):
    length = int(decoded.lengths[row, rank])
    return tuple(decoded.tokens[row, rank, :length].numpy().tolist())


def test_length_penalty_by_hand():
    np.testing.assert_allclose(length_penalty(tf.constant([1, 7]), 1.0), [1.0, 2.0])
    np.testing.assert_allclose(length_penalty(tf.constant([7]), 2.0), [4.0])
    np.testing.assert_allclose(length_penalty(tf.constant([7]), 0.0), [1.0])


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_wide_beam_equals_exhaustive_search(alpha):
    chain = Chain(3, seed=1, size=4)
    decoded = chain.run(beam_size=300, n_best=5, max_length=4, alpha=alpha)
    for row in range(3):
        found = plain_search.every_sequence(chain.logits_after(row), END, 4, 4)
        found = [(total / plain_search.penalty(len(t), alpha), t, total) for t, total in found]
        found.sort(reverse=True)
        for rank in range(5):
            score, tokens, total = found[rank]
            assert written(decoded, row, rank) == tokens
            np.testing.assert_allclose(decoded.scores[row, rank], score, atol=1e-5)
            np.testing.assert_allclose(decoded.log_probabilities[row, rank], total, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("beam_size", [1, 2, 3, 7])
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
def test_beams_against_plain_python(beam_size, alpha):
    chain = Chain(8, seed=beam_size)
    decoded = chain.run(beam_size=beam_size, n_best=beam_size, max_length=7, alpha=alpha)
    for row in range(8):
        expected = plain_search.beam_search(chain.logits_after(row), END, 7, beam_size, alpha)
        for rank, (score, total, tokens, ended) in enumerate(expected):
            assert written(decoded, row, rank) == tokens
            assert bool(decoded.finished[row, rank]) == ended
            np.testing.assert_allclose(decoded.scores[row, rank], score, atol=1e-5)
            np.testing.assert_allclose(decoded.log_probabilities[row, rank], total, atol=1e-5)


def test_one_beam_is_greedy():
    chain = Chain(8, seed=3)
    decoded = chain.run(max_length=9)
    for row in range(8):
        tokens = ()
        while len(tokens) < 9 and (not tokens or tokens[-1] != END):
            tokens += (int(np.argmax(chain.logits_after(row)(tokens))),)
        assert written(decoded, row) == tokens


@pytest.mark.slow
def test_batch_equals_single():
    chain = Chain(6, seed=4)
    together = chain.run(beam_size=3, n_best=3, max_length=8, alpha=0.6)
    for row in range(6):
        alone = Chain(6, seed=4)
        alone.tables = chain.tables[row : row + 1]
        single = alone.run(beam_size=3, n_best=3, max_length=8, alpha=0.6)
        for rank in range(3):
            assert written(single, 0, rank) == written(together, row, rank)
        np.testing.assert_allclose(single.scores[0], together.scores[row], rtol=1e-6)


def test_attention_follows_the_beams():
    chain = Chain(6, seed=5)
    decoded = chain.run(beam_size=4, n_best=4, max_length=6, attends=True)
    assert decoded.attention.shape[:2] == (6, 4)
    for row in range(6):
        for rank in range(4):
            tokens = written(decoded, row, rank)
            before = (START, *tokens[:-1])  # attention is that of the step that read `before`
            expected = np.eye(4)[[t if t < 4 else 0 for t in before]]
            expected *= np.array([t < 4 for t in before])[:, None]
            np.testing.assert_array_equal(decoded.attention[row, rank, : len(tokens)], expected)


def test_eager_equals_compiled_and_without_attention():
    chain = Chain(2, seed=6)
    graph, eager = chain.run(beam_size=2), chain.run(beam_size=2, compiled=False)
    np.testing.assert_array_equal(graph.tokens, eager.tokens)
    assert graph.attention is None


def test_never_ending_is_bounded_and_flagged():
    chain = Chain(2, seed=7)
    chain.steps[:, END] = NEVER
    decoded = chain.run(beam_size=3, max_length=6)
    assert decoded.tokens.shape == (2, 1, 6) and not decoded.finished.numpy().any()
    assert (decoded.lengths.numpy() == 6).all()


def test_ended_beams_stay_as_they_are():
    chain = Chain(1, seed=8)
    chain.steps[0, END] = 20.0  # the end at once, nearly for sure
    decoded = chain.run(beam_size=2, n_best=2, max_length=6)
    assert written(decoded, 0) == (END,) and decoded.tokens[0, 0, 1:].numpy().sum() == 0


@pytest.mark.parametrize("size", [30, 900, 1000, 8003])
def test_top_k_is_that_of_tensorflow(size):
    logits = np.random.default_rng(size).permutation(6 * size).reshape(2, 3, size)
    logits = tf.constant(logits, tf.float32)
    for count in (1, 5):
        for found, expected in zip(top_k(logits, count), tf.math.top_k(logits, count), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_sequences_that_have_ended_leave_the_loop():
    chain, seen = Chain(4, seed=10), []
    step = chain.step
    chain.step = lambda tokens, states, index, rows: (
        seen.append(rows.numpy().tolist()), step(tokens, states, index, rows)
    )[1]  # fmt: skip
    decoded = chain.run(beam_size=2, n_best=2, max_length=9, compiled=False)
    ends = decoded.lengths.numpy().max(axis=1)
    expected = [[row for row in range(4) if ends[row] > step] for step in range(ends.max())]
    assert seen == expected and len(seen[-1]) < 4


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "n_best"), [(0.0, 1), (1.0, 1), (1.0, 2), (2.5, 1)])
def test_a_sequence_leaves_when_nothing_better_can_come(alpha, n_best):
    steps = {}
    for kept in (n_best, 5):  # all five hypotheses are searched to their ends
        chain, steps[kept] = Chain(40, seed=11), 0
        step = chain.step

        def counted(tokens, states, index, rows, kept=kept, step=step):
            steps[kept] += len(rows)
            return step(tokens, states, index, rows)

        chain.step = counted
        decoded = chain.run(beam_size=5, n_best=kept, max_length=14, alpha=alpha, compiled=False)
        if kept == n_best:
            found = decoded
    for row in range(40):
        for rank in range(n_best):
            assert written(found, row, rank) == written(decoded, row, rank)
            assert found.finished[row, rank] == decoded.finished[row, rank]
            np.testing.assert_allclose(found.scores[row, rank], decoded.scores[row, rank], 1e-6)
    # The greater the exponent, the more a longer one may hope for.
    assert steps[n_best] <= (0.9 if alpha <= 1 else 1) * steps[5]


# === Sampling ===


def shares(sampling, logits, draws=20_000):
    """How often each token is drawn first."""

    def step(tokens, states, index, rows):
        return tf.tile(logits[None, None], [1, draws, 1]), states, None

    decoded = decode(
        step, [], 1, start=0, end=99, max_length=1, beam_size=draws, n_best=draws, sampling=sampling
    )
    drawn = decoded.tokens[0, :, 0].numpy()
    return np.bincount(drawn, minlength=len(logits)) / draws, decoded


LOGITS = np.log(np.array([0.05, 0.1, 0.15, 0.3, 0.4], "float32"))


def test_sampling_follows_the_probabilities():
    found, decoded = shares(Sampling(seed=(1, 2)), LOGITS)
    np.testing.assert_allclose(found, [0.05, 0.1, 0.15, 0.3, 0.4], atol=0.015)
    drawn = decoded.tokens[0, :, 0].numpy()
    np.testing.assert_allclose(decoded.log_probabilities[0], LOGITS[drawn], atol=1e-5)


def test_temperature_is_a_power_of_the_probabilities():
    found, _ = shares(Sampling(temperature=0.5, seed=(1, 2)), LOGITS)
    expected = np.exp(LOGITS) ** 2
    np.testing.assert_allclose(found, expected / expected.sum(), atol=0.015)


def test_top_k_and_top_p():
    found, _ = shares(Sampling(top_k=2, seed=(1, 2)), LOGITS)
    np.testing.assert_allclose(found, [0, 0, 0, 3 / 7, 4 / 7], atol=0.015)
    # .4 + .3 is less than .75, so the third is needed too.
    found, _ = shares(Sampling(top_p=0.75, seed=(1, 2)), LOGITS)
    np.testing.assert_allclose(found, [0, 0, 3 / 17, 6 / 17, 8 / 17], atol=0.015)
    found, _ = shares(Sampling(top_p=0.3, seed=(1, 2)), LOGITS)
    np.testing.assert_array_equal(found, [0, 0, 0, 0, 1])


def test_same_seed_same_draws():
    chain = Chain(4, seed=9)
    first, again, other = (
        chain.run(beam_size=3, n_best=3, sampling=Sampling(seed=(seed, 0))).tokens.numpy()
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()
