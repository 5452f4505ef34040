"""CRF: loss, decoding and marginals against the enumeration of all sequences."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.layers import CRF
from rnnkit.losses import CRFLoss

TAGS, STEPS = 3, 4
LENGTHS = [4, 1, 3, 2]


def layer(seed=0, **options):
    crf = CRF(TAGS, **options)
    crf.build((None, None, TAGS))
    rng = np.random.default_rng(seed)
    crf.set_weights([rng.normal(size=weight.shape) for weight in crf.get_weights()])
    return crf


def batch(seed=1):
    scores = np.random.default_rng(seed).normal(size=(4, STEPS, TAGS)).astype("float32")
    return scores, np.arange(STEPS) < np.array(LENGTHS)[:, None]


def sequences(crf, scores, length):
    """All sequences of a length and their scores, by the formula."""
    start, transitions, end = crf.get_weights()
    for path in itertools.product(range(TAGS), repeat=length):
        total = start[path[0]] + end[path[-1]] + sum(scores[t, y] for t, y in enumerate(path))
        yield path, total + sum(transitions[pair] for pair in itertools.pairwise(path))


def compiled(function, how):
    if how == "eager":
        return function
    return tf.function(function, jit_compile=how == "xla", autograph=False)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["eager", "graph", "xla"])
def test_against_all_sequences(how):
    crf = layer()
    scores, mask = batch()
    tags = np.random.default_rng(2).integers(0, TAGS, (4, STEPS))
    partly = np.where(np.arange(STEPS) % 2 == 0, tags, -1)  # every other tag is not known

    def everything(scores, mask):
        best = crf.decode(scores, mask)
        known, unknown = (crf.log_likelihood(scores, each, mask) for each in (tags, partly))
        return (known, unknown, crf.marginals(scores, mask), *best)

    found = compiled(everything, how)(tf.constant(scores), tf.constant(mask))
    for row, length in enumerate(LENGTHS):
        paths, totals = zip(*sequences(crf, scores[row], length), strict=True)
        paths, totals = np.array(paths), np.array(totals)
        shares = np.exp(totals) / np.exp(totals).sum()
        known, unknown, marginals, best, score = (part[row].numpy() for part in found)
        same = paths == tags[row, :length]
        np.testing.assert_allclose(known, np.log(shares[same.all(1)].item()), rtol=1e-4)
        agree = (same | (np.arange(length) % 2 == 1)).all(1)
        np.testing.assert_allclose(np.exp(unknown), shares[agree].sum(), rtol=1e-4)
        expected = [[shares[paths[:, t] == y].sum() for y in range(TAGS)] for t in range(length)]
        np.testing.assert_allclose(marginals[:length], expected, atol=1e-5)
        assert not marginals[length:].any()
        assert best[:length].tolist() == paths[totals.argmax()].tolist()
        assert (best[length:] == -1).all()
        np.testing.assert_allclose(score, totals.max(), rtol=1e-5)


@pytest.mark.parametrize("how", ["graph", "xla"])
def test_gradients_are_the_differences_of_expectations(how):
    # The derivative of log p by a transition: how often it is in the tags, less how often on
    # average over all sequences.
    crf = layer()
    scores, mask = batch()
    tags = np.random.default_rng(2).integers(0, TAGS, (4, STEPS))

    def slopes(scores, mask):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(crf.log_likelihood(scores, tags, mask))
        return tape.gradient(loss, [weight.value for weight in crf.trainable_variables])

    start, transitions, end = compiled(slopes, how)(tf.constant(scores), tf.constant(mask))
    wanted = [np.zeros(TAGS), np.zeros((TAGS, TAGS)), np.zeros(TAGS)]
    for row, length in enumerate(LENGTHS):
        paths, totals = zip(*sequences(crf, scores[row], length), strict=True)
        shares = np.exp(totals) / np.exp(totals).sum()
        truth = tuple(tags[row, :length])
        for path, share in zip((truth, *paths), (1.0, *-shares), strict=True):
            wanted[0][path[0]] += share
            wanted[2][path[-1]] += share
            for pair in itertools.pairwise(path):
                wanted[1][pair] += share
    for found, each in zip((start, transitions, end), wanted, strict=True):
        np.testing.assert_allclose(found, each, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["eager", "graph", "xla"])
def test_each_tag_given_those_before_it(how):
    """Shares of all sequences that agree up to each step, over those up to the one before."""
    crf = layer()
    scores, mask = batch()
    tags = np.random.default_rng(2).integers(0, TAGS, (4, STEPS))
    tags[0, 1] = -1  # is not known
    moved = np.roll(mask, 1, axis=1)  # what is left out comes first, or lies between
    moved[2] = [True, False, True, True]
    find = compiled(crf.step_log_likelihoods, how)
    for inside in (mask, moved):
        found = find(tf.constant(scores), tf.constant(tags), tf.constant(inside)).numpy()
        whole = crf.log_likelihood(scores, tags, inside)
        np.testing.assert_allclose(found.sum(axis=1), whole, rtol=1e-4, atol=1e-5)
        assert (found[~inside] == 0).all()
        for row in range(4):
            steps = np.flatnonzero(inside[row])
            paths, totals = zip(*sequences(crf, scores[row, steps], len(steps)), strict=True)
            shares, agree = np.exp(totals) / np.exp(totals).sum(), np.ones(len(totals), bool)
            for place, step in enumerate(steps):
                before = shares[agree].sum()
                if tags[row, step] >= 0:
                    agree &= np.array(paths)[:, place] == tags[row, step]
                expected = np.log(shares[agree].sum() / before)
                assert found[row, step] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_weights_of_steps_in_the_loss():
    """Weights of steps that are all alike are those of the sequence."""
    crf = layer()
    scores, mask = batch()
    tags = np.where(mask, np.random.default_rng(2).integers(0, TAGS, (4, STEPS)), -1)
    loss, weights = CRFLoss(crf), np.array([1.0, 2.0, 0.5, 3.0], "float32")
    by_step = np.repeat(weights[:, None], STEPS, axis=1)
    plain = loss(tags, crf(scores, mask), weights)
    assert float(loss(tags, crf(scores, mask), by_step)) == pytest.approx(float(plain), rel=1e-5)
    found = crf.step_log_likelihoods(scores, tags, mask)
    one = np.zeros((4, STEPS), "float32")
    one[0, 2], one[2, 0] = 1.0, 3.0
    expected = -(found[0, 2] + 3 * found[2, 0]) / 4
    assert float(loss(tags, crf(scores, mask), one)) == pytest.approx(float(expected), rel=1e-5)


def test_what_stands_at_masked_steps_does_not_matter():
    crf = layer()
    scores, mask = batch()
    other = np.where(mask[..., None], scores, 50.0).astype("float32")
    tags = np.where(mask, 1, -1)
    for function in (crf.log_partition, crf.marginals, lambda *each: crf.decode(*each)[0]):
        np.testing.assert_allclose(function(scores, mask), function(other, mask), atol=1e-5)
    np.testing.assert_allclose(
        crf.log_likelihood(scores, tags, mask), crf.log_likelihood(other, tags * 0 + 1, mask)
    )


def test_long_sequences_stay_finite():
    crf = layer()
    scores = 30 * np.random.default_rng(0).normal(size=(2, 500, TAGS)).astype("float32")
    found = tf.function(crf.log_likelihood)(scores, np.zeros((2, 500), "int32"))
    assert np.isfinite(found).all() and (found.numpy() < 0).all()


def test_only_allowed_sequences_are_decoded():
    starts, ends = [True, True, False], [True, False, True]
    pairs = [[True, True, False], [False, True, True], [True, False, False]]
    crf = layer(allowed=[starts, pairs, ends])
    scores, mask = batch(5)
    scores[:, :, 2] += 9.0  # the tag that may not come first nor after itself
    found, _ = crf.decode(scores, mask)
    for row, length in enumerate(LENGTHS):
        allowed = {
            path: total
            for path, total in sequences(crf, scores[row], length)
            if starts[path[0]]
            and ends[path[-1]]
            and all(pairs[a][b] for a, b in itertools.pairwise(path))
        }
        assert tuple(found[row, :length].numpy()) == max(allowed, key=allowed.get)


def test_in_a_model_in_a_fresh_process(fresh, tmp_path):
    inputs = keras.Input((None, TAGS))
    x = keras.layers.Masking()(inputs)
    model = keras.Model(inputs, CRF(TAGS, allowed=[[1, 1, 0], [[1, 1, 0]] * 3, [1, 1, 1]])(x))
    model.layers[-1].set_weights(layer().get_weights())
    scores, _ = batch()
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", scores)
    out = str(tmp_path / "out.npz")
    fresh.call("call", path=str(tmp_path / "model.keras"), x=str(tmp_path / "x.npy"), out=out)
    with np.load(out) as there:
        np.testing.assert_array_equal(there["outputs"], scores)
        weights = [there[key] for key in there.files if key.startswith("weight")]
    for found, expected in zip(weights, layer().get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
    again = CRF.from_config(model.layers[-1].get_config())
    assert again.get_config() == model.layers[-1].get_config()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: CRF(0), "tags must be an integer of at least 1.*tags=0"),
        (lambda: CRF(3, allowed=[[1], [[1]], [1]]), r"shapes \(3,\).*\(1,\)"),
        (lambda: CRF(3)(np.zeros((1, 2, 4), "float32")), "3 tags.*4"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_sequences_of_one_step():
    crf = layer()
    scores = batch()[0][:, :1]
    start, _, end = crf.get_weights()
    totals = scores[:, 0] + start + end
    tags, best = tf.function(crf.decode)(tf.constant(scores))
    assert tags[:, 0].numpy().tolist() == totals.argmax(-1).tolist()
    np.testing.assert_allclose(best, totals.max(-1), rtol=1e-5)
    shares = np.exp(totals) / np.exp(totals).sum(-1, keepdims=True)
    np.testing.assert_allclose(
        tf.function(crf.marginals)(tf.constant(scores))[:, 0], shares, atol=1e-5
    )
