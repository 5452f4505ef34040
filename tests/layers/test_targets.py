"""The outputs of several targets, by hand."""

import keras
import numpy as np
import pytest

from rnnkit.layers import OrderedClasses, TargetActivations

TYPES, SIZES = ["classes", "ordered", "numbers"], [2, 3, 1]


def test_outputs_by_hand():
    layer = TargetActivations(TYPES, SIZES)
    sums = np.array([[1.0, 3.0, 0.5, -7.0]], "float32")
    outputs = np.array(layer(sums))
    assert outputs.shape == (1, 6) == tuple(layer.compute_output_shape((1, 4)))
    chance = np.exp(3) / (np.exp(1) + np.exp(3))
    np.testing.assert_allclose(outputs[0, :2], [1 - chance, chance], rtol=1e-6)
    ordered = np.array(OrderedClasses(3)(sums[:, 2:3]))
    np.testing.assert_allclose(outputs[0, 2:5], ordered[0], rtol=1e-6)
    assert outputs[0, 5] == -7.0
    assert TargetActivations.width(TYPES, SIZES) == 4


def test_weights_of_ordered_classes_live_on(tmp_path):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, TargetActivations(TYPES, SIZES)(inputs))
    assert [tuple(each.shape) for each in model.weights] == [(1,), (1,)]
    model.set_weights([np.array([-2.0]), np.array([1.0])])
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    x = np.array([[1.0, 3.0, 0.5, -7.0]], "float32")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    "types, sizes, message",
    [
        (["classes"], [2, 1], "lists of the same length"),
        ([], [], "lists of the same length"),
        ("classes", [2], "must be lists"),
        (["tags"], [2], "types must be one of"),
        (["ordered"], [1], "size must be an integer of at least 2"),
    ],
)
def test_refused(types, sizes, message):
    with pytest.raises(ValueError, match=message):
        TargetActivations(types, sizes)
