"""FrameNetwork: every frame on its own, against a plain loop; padding; the way through a file."""

import keras
import numpy as np
import pytest

from rnnkit.layers import FrameNetwork


def clips(batch=2, time=3, side=5, channels=2):
    return np.random.default_rng(0).normal(size=(batch, time, side, side, channels)).astype("f")


def plain(frame, kernel, bias):
    """A 3 x 3 convolution with stride 2 and as many zeros around as Keras' "same" adds."""
    side = frame.shape[0]
    count = -(-side // 2)
    total = max((count - 1) * 2 + 3 - side, 0)
    frame = np.pad(frame, [(total // 2, total - total // 2)] * 2 + [(0, 0)])
    rows = [
        [np.tensordot(frame[2 * i : 2 * i + 3, 2 * j : 2 * j + 3], kernel, 3) for j in range(count)]
        for i in range(count)
    ]
    return np.maximum(np.array(rows) + bias, 0)


@pytest.mark.parametrize("filters", [[], [3], [3, 2]])
def test_each_frame_against_a_plain_loop(filters):
    x = clips()
    layer = FrameNetwork(filters, units=4, seed=1)
    found = keras.ops.convert_to_numpy(layer(x))
    *pairs, kernel, bias = layer.get_weights()
    for batch, time in np.ndindex(2, 3):
        frame = x[batch, time]
        for level in range(len(filters)):
            frame = plain(frame, *pairs[2 * level : 2 * level + 2])
        expected = np.maximum(frame.reshape(-1) @ kernel + bias, 0)
        np.testing.assert_allclose(found[batch, time], expected, atol=1e-5)


def test_differences_are_further_channels():
    x = clips()
    change = np.concatenate([np.zeros_like(x[:, :1]), np.diff(x, axis=1)], axis=1)
    layer = FrameNetwork([3], units=4, differences=True)
    found, plainly = layer(x), FrameNetwork([3], units=4)
    plainly.build((None, None, 5, 5, 4))
    plainly.set_weights(layer.get_weights())
    np.testing.assert_allclose(found, plainly(np.concatenate([x, change], axis=-1)), atol=1e-6)


def test_padding_is_masked_and_changes_nothing():
    x = clips(time=4)
    x[1, 2:] = np.nan
    layer = FrameNetwork([3], units=4, seed=1)
    np.testing.assert_array_equal(layer.compute_mask(x), [[True] * 4, [True, True, False, False]])
    found, alone = layer(x), layer(x[1:, :2])
    np.testing.assert_allclose(found[1, :2], alone[0], atol=1e-6)
    assert np.isfinite(found).all()


def test_the_seed_fixes_the_weights_and_the_config_all_else():
    layer = FrameNetwork((3, 2), units=4, kernel_size=5, differences=True, seed=1)
    again = FrameNetwork.from_config(layer.get_config())
    for each in (layer, again):
        each.build((None, None, 6, 6, 1))
    for a, b in zip(layer.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert layer.compute_output_shape((None, None, 6, 6, 1)) == (None, None, 4)


@pytest.mark.parametrize(
    "options", [{"filters": 3}, {"filters": [0]}, {"units": 0}, {"kernel_size": 1.5}]
)
def test_settings_that_do_not_fit(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be"):
        FrameNetwork(**options)


def test_the_same_in_a_fresh_process(tmp_path, fresh):
    x = clips()
    x[1, 2:] = np.nan
    inputs = keras.Input((None, 5, 5, 2))
    model = keras.Model(inputs, FrameNetwork([3], units=4)(inputs))
    path = tmp_path / "model.keras"
    model.save(path)
    np.save(tmp_path / "x.npy", x)
    fresh.call("call", path=str(path), x=str(tmp_path / "x.npy"), out=str(tmp_path / "out.npz"))
    with np.load(tmp_path / "out.npz") as there:
        np.testing.assert_array_equal(there["outputs"], model(x))
