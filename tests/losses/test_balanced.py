"""Cross-entropy weighted by class, by hand."""

import keras
import numpy as np
import pytest

from rnnkit.losses.balanced import BalancedCrossEntropy


def test_by_hand():
    truth = np.array([0, 1, 1])
    outputs = np.array([[0.9, 0.1], [0.5, 0.5], [0.8, 0.2]], "float32")
    expected = -(0.5 * np.log(0.9) + 10 * np.log(0.5) + 10 * np.log(0.2)) / 3
    assert float(BalancedCrossEntropy([0.5, 10.0])(truth, outputs)) == pytest.approx(expected)
    plain = keras.losses.SparseCategoricalCrossentropy()(truth, outputs)
    assert float(BalancedCrossEntropy([1.0, 1.0])(truth, outputs)) == pytest.approx(float(plain))


def test_config():
    loss = BalancedCrossEntropy([0.5, 10.0])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()
    with pytest.raises(ValueError, match="must not be negative"):
        BalancedCrossEntropy([-1.0, 1.0])
