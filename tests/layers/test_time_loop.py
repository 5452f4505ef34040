"""Loops over time that are compiled, against Keras' layers, differentiated by TensorFlow."""

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.layers import time_loop
from tests.layers.test_gated import BATCH, FEATURES, MASKS, TIME, UNITS, by_hand, pair, states
from tests.tiers import slow


@pytest.fixture
def pieces(monkeypatch):
    """Pieces of 3 steps; a list of how many loops were compiled."""
    monkeypatch.setattr(time_loop, "PIECE", 3)
    calls, plain = [], time_loop._in_pieces
    monkeypatch.setattr(time_loop, "_in_pieces", lambda *a: calls.append(1) or plain(*a))
    return calls


def step(layer, rows, x, initial, mask, weights, known):
    """Outputs of a training step and the gradients of a weighted sum of them, and the outputs of
    inference; `known`: whether the graph knows how many rows and steps there are."""
    free = [None if known else tf.TensorSpec([None, *each.shape[1:]]) for each in initial]

    def compute(x, *initial):
        with tf.GradientTape() as tape:
            tape.watch([x, *initial])
            first = list(initial)
            with time_loop.compiled_loops(rows and (rows, 1000)):
                outputs = tf.nest.flatten(layer(x, initial_state=first, mask=mask, training=True))
                loss = sum(tf.reduce_sum(a * b) for a, b in zip(outputs, weights, strict=True))
                variables = [each.value for each in layer.trainable_variables]
                gradients = tape.gradient(loss, [x, *initial, *variables])
        with time_loop.compiled_loops(rows and (rows, 1000)):
            rest = layer(x, initial_state=first, mask=mask, training=False)
        return outputs, gradients, rest

    signature = None if known else [tf.TensorSpec([None, None, FEATURES]), *free]
    return tf.nest.flatten(tf.function(compute, signature, autograph=False)(x, *initial))


@pytest.mark.slow
@by_hand
@pytest.mark.parametrize(
    ("mask", "backwards", "rows", "known"),
    [
        ("holes", True, 6, False),
        slow("none", False, BATCH, True),
        slow("empty row", False, 2, False),
    ],
)
@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
def test_outputs_states_and_gradients_are_those_of_keras(
    name, mask, backwards, rows, known, pieces
):
    """Of 7 steps in pieces of 3, of 4 rows where 6, 4 or 2 are compiled."""
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(BATCH, TIME, FEATURES)), tf.float32)
    initial = states(name, rng)
    mask = None if MASKS[mask] is None else tf.constant(MASKS[mask])
    shapes = [(BATCH, TIME, UNITS)] + [(BATCH, UNITS)] * len(initial)
    weights = [tf.constant(rng.normal(size=shape), tf.float32) for shape in shapes]
    options = {"return_sequences": True, "return_state": True, "go_backwards": backwards}
    ours, theirs = pair(name, **options)
    found = step(ours, rows, x, initial, mask, weights, known)
    assert len(pieces) == 3  # forward, backward and in inference
    expected = step(theirs, None, x, initial, mask, weights, True)
    assert len(pieces) == 3
    for a, b in zip(found, expected, strict=True):
        assert np.abs(b).max() > 0.01
        np.testing.assert_allclose(a, b, atol=2e-5)


@by_hand
def test_one_compilation_serves_every_length(pieces, monkeypatch):
    """What XLA is given has the same shape for 2, 7 and 12 steps, and for fewer rows."""
    traced, layer = [], pair("GRU")[0]
    plain = time_loop._steps

    def count(function, values, *rest):
        traced.append([each.shape.as_list()[0] for each in values])
        return plain(function, values, *rest)

    monkeypatch.setattr(time_loop, "_steps", count)

    @tf.function(input_signature=[tf.TensorSpec([None, None, FEATURES])], autograph=False)
    def run(x):
        with time_loop.compiled_loops((BATCH, 1000)):
            return layer(x, training=True)

    rng = np.random.default_rng(1)
    for rows, steps in ((BATCH, 2), (BATCH, 7), (2, 12)):
        x = tf.constant(rng.normal(size=(rows, steps, FEATURES)), tf.float32)
        np.testing.assert_allclose(run(x), layer(x, training=True), atol=1e-6)
    in_graph = [each for each in traced if each[0] == 3]
    assert in_graph and all(set(each) == {3} for each in in_graph)


@by_hand
def test_half_precision_and_what_runs_at_once_are_not_compiled(pieces):
    x = tf.ones([BATCH, TIME, FEATURES])
    layer = pair("GRU", dtype="mixed_float16")[0]
    plain = pair("GRU")[0]
    with time_loop.compiled_loops((BATCH, 1000)):
        tf.function(lambda: layer(x, training=True), autograph=False)()
        plain(x, training=True)
    assert not pieces


@pytest.mark.slow
@by_hand
@pytest.mark.parametrize(("name", "steps"), [("GRU", 255), ("SimpleRNN", 255), ("LSTM", 1)])
def test_cells_of_few_operations_are_compiled_for_long_sequences_alone(name, steps, pieces):
    layer = pair(name)[0]
    for size in ((BATCH, steps), (BATCH, 256)):
        with time_loop.compiled_loops(size):
            tf.function(lambda: layer(tf.ones([BATCH, 2, FEATURES])), autograph=False)()
    assert len(pieces) == (2 if name == "LSTM" else 1)
