"""The blend that follows each series' own errors, against values worked by hand."""

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.layers import ForecastBlend
from rnnkit.layers.forecast_blend import OF_LATE

HORIZON, WINDOW = 4, 6


@pytest.fixture(scope="module")
def blend():
    layer = ForecastBlend(HORIZON, 1, WINDOW, repeats=[1, 3])
    layer.build([(None, None, HORIZON)], (None, None, 1), (None, None, 1))
    layer.weights_of_mean.assign([[0.5], [0.25], [0.25]])
    layer.typical.assign([[1.0], [2.0], [1.0]])
    layer.adaptive.assign(1.0)
    return layer


def test_steps_that_tell_of_late(blend):
    assert blend.back.tolist() == [0, *range(4, 4 + 2 * OF_LATE, 2)]
    assert ForecastBlend(1, 1, 2).back.tolist() == list(range(OF_LATE + 1))


def test_forecasts_that_repeat(blend):
    present = tf.reshape(tf.range(10, 20, dtype=tf.float32), [1, 10, 1])
    last, season = blend.repeated(present, tf.constant([9, 5]))
    np.testing.assert_array_equal(last[0, :, :, 0], [[19] * 4, [15] * 4])
    np.testing.assert_array_equal(season[0, :, :, 0], [[17, 18, 19, 17], [13, 14, 15, 13]])


def test_weights_by_hand():
    """Errors of 1 and 2 after nine forecasts, 3 and 3 typical: each counts as one more."""
    members = tf.reshape(tf.constant([10.0, 20.0, 99.0]), [3, 1, 1, 1, 1])
    errors = tf.reshape(tf.constant([1.0, 2.0, 0.0]), [3, 1, 1, 1])
    typical = tf.constant([[1.5], [1.5], [1.0]])
    used = tf.constant([[True], [True], [False]])
    forecast, error = ForecastBlend.combined(
        members, errors, tf.constant([9.0]), tf.constant([[[2.0]]]), typical, used
    )
    mixed = np.array([1.0, 2.0]) ** 0.9 * 3.0**0.1
    weights = mixed**-4 / np.sum(mixed**-4)
    assert float(tf.squeeze(forecast)) == pytest.approx(weights @ [10.0, 20.0], rel=1e-5)
    assert float(tf.squeeze(error)) == pytest.approx(weights @ mixed, rel=1e-5)


def test_without_forecasts_to_judge_all_is_typical():
    members = tf.reshape(tf.constant([10.0, 20.0]), [2, 1, 1, 1, 1])
    forecast, error = ForecastBlend.combined(
        members, tf.zeros([2, 1, 1, 1]), tf.constant([0.0]), tf.constant([[[5.0]]]),
        tf.constant([[1.0], [2.0]]), tf.ones([2, 1], "bool"),
    )  # fmt: skip
    assert float(tf.squeeze(forecast)) == pytest.approx((16 * 10 + 20) / 17, rel=1e-5)
    assert float(tf.squeeze(error)) == pytest.approx(5 * (16 * 1 + 2) / 17, rel=1e-5)


def test_all_steps_and_the_last_alone(blend):
    rng = np.random.default_rng(0)
    present = rng.normal(size=(2, 40, 1)).astype("float32").cumsum(axis=1)
    forecasts = present + rng.normal(size=(2, 40, HORIZON)).astype("float32")
    size = rng.uniform(1, 2, size=(2, 40, 1)).astype("float32")
    every, errors = blend([forecasts], present, size)
    at = np.maximum(39 - blend.back, 0)
    last, error = blend.adapted([forecasts[:, at]], present, size[:, at], back=True)
    np.testing.assert_allclose(last[:, 0], every[:, -1], rtol=1e-5)
    np.testing.assert_allclose(error[:, 0], errors[:, -1], rtol=1e-5)

    # The same by hand: nothing of the first five steps, and nothing that is not over.
    misses = [[np.abs(each[step] - present[1, step + 1 : step + 5, 0]).mean()
               for step in (35, 33, 31, 29, 27, 25, 23, 21, 19)] for each in (
                   forecasts[1], np.repeat(present[1], HORIZON, axis=1))]  # fmt: skip
    season = [np.abs(present[1, step + np.array([-2, -1, 0, -2]), 0]
                     - present[1, step + 1 : step + 5, 0]).mean()
              for step in (35, 33, 31, 29, 27, 25, 23, 21, 19)]  # fmt: skip
    late = np.mean([*misses, season], axis=1)
    mixed = late**0.9 * (np.array([1.0, 2.0, 1.0]) * size[1, -1, 0]) ** 0.1
    weights = mixed**-4 / np.sum(mixed**-4)
    own = np.stack([forecasts[1, 39], np.repeat(present[1, 39], HORIZON),
                    present[1, [37, 38, 39, 37], 0]])  # fmt: skip
    np.testing.assert_allclose(last[1, 0], weights @ own, rtol=1e-4)
    assert float(error[1, 0, 0]) == pytest.approx(weights @ mixed, rel=1e-4)


def test_fixed_weights(blend):
    """Errors of the mean itself: half of a forecast that is always 2 too high, at a level of 8."""
    blend.adaptive.assign(0.0)
    blend.typical_of_mean.assign([3.0])
    present = np.full((1, 40, 1), 8.0, "float32")
    forecasts = np.full((1, 40, HORIZON), 20.0, "float32")
    every, errors = blend([forecasts], present, np.ones((1, 40, 1), "float32"))
    np.testing.assert_allclose(every, 0.5 * forecasts)
    assert float(errors[0, 8, 0]) == pytest.approx(3.0)  # the first whole window was not judged yet
    # One forecast that can be judged counts four times as much as what is typical.
    assert float(errors[0, 9, 0]) == pytest.approx(2**0.8 * 3**0.2)
    part = (1 - 0.8**OF_LATE) / 0.2
    part /= part + 0.25
    assert float(errors[0, -1, 0]) == pytest.approx(2**part * 3 ** (1 - part), rel=1e-5)
    last, error = blend.fixed([forecasts[:, :10]], present, back=True)
    np.testing.assert_allclose(last[:, 0], every[:, -1])
    np.testing.assert_allclose(error[:, 0], errors[:, -1], rtol=1e-6)
    blend.least_late.assign([5.0])
    assert blend.fixed([forecasts[:, :10]], present, back=True)[1][0, 0, 0] == 5.0
    blend.least_late.assign([0.0])
    blend.adaptive.assign(1.0)


def test_newer_forecasts_of_a_single_series_count_more(blend):
    """Forecasts that were exact until of late: the last of nine is off by one."""
    present = np.zeros((1, 40, 1), "float32")
    forecasts = np.zeros((1, 40, HORIZON), "float32")
    forecasts[0, 35] = 1.0  # made a horizon before the last step
    members = forecasts.reshape(1, 1, 40, HORIZON, 1)
    found, count = blend.of_late(members, present, tf.range(40), False, 0.8)
    assert float(count[-1]) == pytest.approx((1 - 0.8**OF_LATE) / 0.2, rel=1e-6)
    assert float(found[0, 0, -1, 0]) == pytest.approx(1 / float(count[-1]), rel=1e-6)
