"""Averages of the weights, by hand and after saving."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.training.optimizers import AveragedAdam


def test_averages_by_hand():
    variable = keras.Variable([0.0, 4.0])
    optimizer = AveragedAdam(0.5, ema_momentum=0.3)
    average = None
    for step in range(6):
        optimizer.apply([keras.ops.ones(2)], [variable])
        now = keras.ops.convert_to_numpy(variable)
        # 0 (the first weights alone), 1/10, 2/11, 3/12; then 4/13 and more are cut to 0.3.
        momentum = (0.0, 0.1, 2 / 11, 0.25, 0.3, 0.3)[step]
        average = now if average is None else momentum * average + (1 - momentum) * now
        kept = keras.ops.convert_to_numpy(optimizer._model_variables_moving_average[0])
        np.testing.assert_allclose(kept, average, rtol=1e-5)


def test_after_a_few_steps_the_average_is_near():
    variables = [keras.Variable([1.0]) for _ in range(2)]
    kinds = (AveragedAdam(0.1, ema_momentum=0.999), keras.optimizers.Adam(0.1, use_ema=True))
    for variable, optimizer in zip(variables, kinds, strict=True):
        for _ in range(30):
            optimizer.apply([keras.ops.ones(1)], [variable])
    ours, keras_own = (
        abs(float(optimizer._model_variables_moving_average[0][0] - variable[0]))
        for variable, optimizer in zip(variables, kinds, strict=True)
    )
    assert ours < keras_own / 2


@pytest.mark.parametrize("clipnorm", [None, 0.5])
@pytest.mark.parametrize("amsgrad", [False, True])
def test_weights_are_those_of_keras(clipnorm, amsgrad):
    options = {"learning_rate": 0.1, "clipnorm": clipnorm, "amsgrad": amsgrad}
    kinds = (AveragedAdam(**options), keras.optimizers.Adam(**options))
    table = keras.ops.reshape(keras.ops.arange(12.0), (4, 3))
    found = []
    for optimizer in kinds:
        variables = [keras.Variable([[1.0, -2.0], [0.5, 3.0]]), keras.Variable(table)]
        rng = np.random.default_rng(0)
        for _ in range(5):
            dense = tf.constant(rng.normal(size=(2, 2)), tf.float32)
            rows = tf.constant(rng.normal(size=(3, 3)), tf.float32)
            sparse = tf.IndexedSlices(rows, tf.constant([2, 0, 2]), tf.constant([4, 3]))
            optimizer.apply([dense, sparse], variables)
        found.append([each.numpy() for each in variables])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_config_and_file(tmp_path):
    optimizer = AveragedAdam(1e-3, ema_momentum=0.998, clipnorm=1.0)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is AveragedAdam and again.get_config() == optimizer.get_config()
    assert again.use_ema and again.ema_momentum == 0.998
