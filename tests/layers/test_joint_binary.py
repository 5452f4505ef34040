"""The joint distribution of keys: probabilities over all states, and draws from them."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.layers import JointBinary

SIZE = 5
STATES = np.array(list(itertools.product([0, 1], repeat=SIZE)), "float32")  # [32, 5]


def layer(units=12, **options):
    """A layer with weights that matter, and a context for each state."""
    made = JointBinary(units, seed=1, **options)
    context = np.repeat(np.random.default_rng(0).normal(size=(1, 4)), len(STATES), axis=0)
    context = context.astype("float32")
    made([context, STATES])
    rng = np.random.default_rng(2)
    made.set_weights([rng.normal(size=weight.shape) for weight in made.get_weights()])
    return made, context


def probabilities(logits):
    share = 1 / (1 + np.exp(-np.asarray(logits, "float64")))
    return np.where(STATES > 0, share, 1 - share).prod(axis=1)


@pytest.mark.parametrize("descending", [True, False])
def test_the_probabilities_of_all_states_sum_to_one(descending):
    made, context = layer(descending=descending)
    found = probabilities(made([context, STATES]))
    assert found.sum() == pytest.approx(1.0, abs=1e-6)
    independent, context = layer(units=0)
    assert np.ptp(independent([context, STATES]).numpy(), axis=0).max() == 0.0


@pytest.mark.parametrize("descending", [True, False])
def test_a_logit_depends_on_what_was_chosen_before_alone(descending):
    made, context = layer(descending=descending)
    order = range(SIZE)[::-1] if descending else range(SIZE)
    base = made([context[:1], STATES[:1]]).numpy()[0]
    for place, index in enumerate(order):
        changed = STATES[:1].copy()
        changed[0, index] = 1
        moved = made([context[:1], changed]).numpy()[0] != base
        assert not moved[list(order)[: place + 1]].any()
        assert moved[list(order)[place + 1 :]].all()


@pytest.mark.parametrize("descending", [True, False])
def test_draws_have_the_probabilities(descending):
    made, context = layer(descending=descending)
    count = 20_000
    noise = np.random.default_rng(3).uniform(size=(count, SIZE)).astype("float32")
    drawn = made.sample(tf.constant(np.repeat(context[:1], count, axis=0)), tf.constant(noise))
    places = drawn.numpy() @ 2 ** np.arange(SIZE)[::-1]
    shares = np.bincount(places.astype(int), minlength=len(STATES)) / count
    np.testing.assert_allclose(shares, probabilities(made([context, STATES])), atol=0.012)
    # Cold enough, the likelier is drawn each time, as with noise of one half.
    cold = made.sample(tf.constant(context[:5]), tf.constant(noise[:5]), 1e-6)
    likely = made.sample(tf.constant(context[:5]), tf.fill([5, SIZE], 0.5))
    np.testing.assert_array_equal(cold, likely)


def test_saved_and_loaded(tmp_path):
    first, second = keras.Input((None, 4)), keras.Input((None, SIZE))
    model = keras.Model([first, second], JointBinary(7, dropout=0.2, seed=3)([first, second]))
    model.save(tmp_path / "a.keras")
    again = keras.saving.load_model(tmp_path / "a.keras")
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(2, 3, 4)), rng.integers(0, 2, size=(2, 3, SIZE))]
    np.testing.assert_array_equal(
        model.predict(inputs, verbose=0), again.predict(inputs, verbose=0)
    )
    assert model.output_shape == (None, None, SIZE)
