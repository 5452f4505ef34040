"""CRF: masks padded on either side, and its loss in plain Keras models."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.layers import CRF
from rnnkit.losses import CRFLoss
from tests.layers.test_crf import LENGTHS, STEPS, TAGS, batch, compiled, layer, sequences

# Four sequences of 4, 1, 3 and 2 steps: where they lie.
MASKS = {
    "right": np.arange(STEPS) < np.array(LENGTHS)[:, None],
    "left": np.arange(STEPS) >= STEPS - np.array(LENGTHS)[:, None],
    "between": np.array([[1, 1, 1, 1], [0, 0, 1, 0], [1, 1, 0, 1], [0, 1, 1, 0]], bool),
}


def placed(values, mask, fill):
    """Right-padded values `[batch, time, ...]` at the steps of a mask."""
    result = np.full_like(values, fill)
    for row, length in enumerate(LENGTHS):
        result[row, mask[row]] = values[row, :length]
    return result


def everything(crf, scores, tags, mask):
    partly = tf.where(tf.cumsum(tf.cast(mask, tf.int32), axis=1) % 2 == 1, tags, -1)
    known, unknown = (crf.log_likelihood(scores, each, mask) for each in (tags, partly))
    return known, unknown, crf.log_partition(scores, mask), *crf.decode(scores, mask)


@pytest.mark.slow
@pytest.mark.parametrize("side", ["left", "between"])
@pytest.mark.parametrize("how", ["graph", "xla"])
def test_any_side_against_all_sequences(side, how):
    crf, mask = layer(), MASKS[side]
    scores, tags = batch()[0], np.random.default_rng(2).integers(0, TAGS, (4, STEPS))
    there = placed(scores, mask, 77.0), placed(tags, mask, 2)
    known, _, total, best, score = compiled(lambda *each: everything(crf, *each), how)(
        *map(tf.constant, (*there, mask))
    )
    marginals = crf.marginals(there[0], mask).numpy()
    for row, length in enumerate(LENGTHS):
        paths, totals = map(np.array, zip(*sequences(crf, scores[row], length), strict=True))
        right = totals[(paths == tags[row, :length]).all(1)].item()
        np.testing.assert_allclose(total[row], np.log(np.exp(totals).sum()), rtol=1e-5)
        np.testing.assert_allclose(known[row], right - np.log(np.exp(totals).sum()), rtol=1e-4)
        assert best[row].numpy()[mask[row]].tolist() == paths[totals.argmax()].tolist()
        assert (best[row].numpy()[~mask[row]] == -1).all()
        np.testing.assert_allclose(score[row], totals.max(), rtol=1e-5)
        shares = np.exp(totals) / np.exp(totals).sum()
        expected = [[shares[paths[:, t] == y].sum() for y in range(TAGS)] for t in range(length)]
        np.testing.assert_allclose(marginals[row][mask[row]], expected, atol=1e-5)
        assert not marginals[row][~mask[row]].any()


def test_left_padding_is_right_padding():
    crf = layer()
    scores, tags = batch()[0], np.random.default_rng(2).integers(0, TAGS, (4, STEPS))
    found = {
        side: everything(crf, placed(scores, mask, 0.0), placed(tags, mask, -1), mask)
        for side, mask in MASKS.items()
    }
    for side in ("left", "between"):
        for number in (0, 1, 2, 4):
            np.testing.assert_allclose(found[side][number], found["right"][number], atol=1e-6)
        for row, length in enumerate(LENGTHS):
            best = found[side][3][row].numpy()[MASKS[side][row]]
            assert best.tolist() == found["right"][3][row, :length].numpy().tolist()


def test_a_sequence_without_steps():
    crf, nothing = layer(), np.zeros((4, STEPS), bool)
    scores, tags = batch()[0], np.zeros((4, STEPS), "int32")
    np.testing.assert_allclose(crf.log_likelihood(scores, tags, nothing), np.zeros(4), atol=1e-6)
    assert (crf.decode(scores, nothing)[0].numpy() == -1).all()


def test_outputs_tell_which_steps_there_are():
    """Without its mask, which Keras does not hand on."""
    crf, mask = layer(), MASKS["left"]
    scores = batch()[0]
    outputs = crf(scores, mask=mask)
    np.testing.assert_array_equal(outputs.numpy()[mask], scores[mask])
    tags, best = crf.decode(outputs)
    expected, score = crf.decode(scores, mask)
    np.testing.assert_array_equal(tags, expected)
    np.testing.assert_allclose(best, score, rtol=1e-6)
    np.testing.assert_allclose(crf.marginals(outputs), crf.marginals(scores, mask), atol=1e-6)


# === The loss ===


def test_loss_by_hand():
    crf, mask = layer(), MASKS["left"]
    scores, tags = batch()[0], np.random.default_rng(2).integers(0, TAGS, (4, STEPS))
    y = np.where(mask, tags, -1)
    values = -crf.log_likelihood(scores, tags, mask).numpy()
    loss = CRFLoss(crf)
    for outputs in (scores, crf(scores, mask=mask)):  # -1 says it, or the mask
        assert float(loss(y, outputs)) == pytest.approx(values.sum() / sum(LENGTHS), rel=1e-5)
    found = float(loss(tags, crf(scores, mask=mask)))
    assert found == pytest.approx(values.sum() / sum(LENGTHS), rel=1e-5)
    weights = np.array([1.0, 0.0, 2.0, 0.5])
    expected = (values * weights).sum() / (np.array(LENGTHS) * weights).sum()
    assert float(loss(y, scores, weights)) == pytest.approx(expected, rel=1e-5)
    # -1 between tags is a tag that is not known.
    partly = np.array([[0, -1, 2, 1]])
    value = -crf.log_likelihood(scores[:1], partly).numpy().item()
    assert float(loss(partly, scores[:1])) == pytest.approx(value / 3, rel=1e-5)
    # Weights of steps that are all alike.
    found = float(loss(y, scores, np.full((4, STEPS), 2.0)))
    assert found == pytest.approx(values.sum() / sum(LENGTHS), rel=1e-5)
    with pytest.raises(ValueError, match="crf must be a rnnkit.layers.CRF of the model"):
        CRFLoss("crf")


WORDS = np.array([[5, 7, 2, 0], [0, 9, 5, 7], [3, 4, 0, 0]] * 4)
RIGHT = np.array([[0, 1, 2, -1], [-1, 2, 0, 1], [1, 0, -1, -1]] * 4)


@pytest.mark.slow
def test_a_plain_model_learns_is_saved_and_learns_on(tmp_path):
    words = keras.Input((None,), dtype="int32")
    mask = keras.ops.not_equal(words, 0)
    x = keras.layers.Embedding(10, 8)(words)
    x = keras.layers.SimpleRNN(8, return_sequences=True)(x, mask=mask)
    crf = CRF(3, name="crf")
    model = keras.Model(words, crf(keras.layers.Dense(3)(x), mask=mask))
    model.compile(keras.optimizers.Adam(0.05), loss=CRFLoss(crf))
    model.fit(WORDS, RIGHT, epochs=15, batch_size=12, verbose=0)
    outputs = model.predict(WORDS, verbose=0)
    np.testing.assert_array_equal(crf.decode(outputs)[0], RIGHT)
    assert np.abs(crf.transitions.numpy()).max() > 0.05  # they learn too
    path = tmp_path / "tagger.keras"
    model.save(path)
    history = model.fit(WORDS, RIGHT, epochs=1, batch_size=12, shuffle=False, verbose=0).history
    for load in (rnnkit.load_model, keras.models.load_model):
        again = load(path)
        assert again.loss.layer() is again.get_layer("crf")
        np.testing.assert_allclose(again(WORDS), outputs, rtol=1e-6)
    found = again.fit(WORDS, RIGHT, epochs=1, batch_size=12, shuffle=False, verbose=0).history
    assert found["loss"] == pytest.approx(history["loss"], abs=1e-6)
    with pytest.raises(ValueError, match="crf must be the name of a CRF of the model. .*'other'"):
        CRFLoss.from_config({"name": "crf_loss", "crf": "other"})
