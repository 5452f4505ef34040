"""Parameters of distributions, and levels of counts, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.layers import AddPresent, CountLevel, DistributionParameters
from rnnkit.layers.distributions import COUNTS
from rnnkit.layers.running_scale import STEPS

NAN = np.nan


def test_levels_by_hand():
    counts = np.array([4.0, NAN, 0.0, 2.0, 9.0])
    x = np.stack([np.zeros(5), (counts - 3) / 2], axis=1)[None]
    layer = CountLevel([1], [2.0], [3.0], leads=2)
    sums, known = np.array([4, 4, 4, 6, 15]), np.array([1, 1, 2, 3, 4])
    found = layer(tf.constant(x, tf.float32)).numpy()
    assert found.shape == (1, 5, 2)
    np.testing.assert_allclose(found[0, :, 0], (sums + 0.5) / (known + 0.5), rtol=1e-5)
    np.testing.assert_array_equal(found[..., 0], found[..., 1])
    layer = CountLevel.from_config(CountLevel([0, 1], [1.0, 2.0], [0.0, 3.0], 1).get_config())
    zeros = np.concatenate([np.full((1, 40, 1), 5.0), np.full((1, 40, 1), -1.5)], axis=-1)
    found = layer(tf.constant(zeros, tf.float32)).numpy()[0, -1]
    np.testing.assert_allclose(found, [(5 * STEPS + 0.5) / (STEPS + 0.5), 0.5 / (STEPS + 0.5)])


def test_a_season_by_hand():
    counts = np.array([[1.0, 3.0, NAN, 5.0, 1.0, 7.0, 2.0, 3.0, 1.0, 5.0]])[..., None]
    layer = CountLevel([0], [1.0], [0.0], leads=3, period=2)
    # Levels of the last 8 steps, and of those one step before; counts of a step and 2, 4 and 6
    # before it, with the level then, over that.
    level, before = (5 + 1 + 7 + 2 + 3 + 1 + 5 + 0.5) / 7.5, (3 + 5 + 1 + 7 + 2 + 3 + 1 + 0.5) / 7.5
    odd, even = (5 + 3 + 7 + 5 + level) / 5 / level, (1 + 2 + 1 + before) / 4 / before
    layer(counts)
    for logit, power in ((0.0, 0.5), (50.0, 1.0), (-50.0, 0.0)):
        layer.season.assign([logit] * 3)
        found = layer(counts).numpy()[0, -1] / level
        expected = np.array([even, odd, even])
        np.testing.assert_allclose(found, expected**power, rtol=1e-5)


def test_nothing_later_matters():
    x = np.random.default_rng(0).poisson(2.0, (2, 50, 1)).astype("float32")
    layer = CountLevel([0], [1.0], [0.0], leads=1, period=3)
    whole = layer(x).numpy()
    np.testing.assert_allclose(layer(x[:, :20]).numpy(), whole[:, :20], rtol=1e-6)


@pytest.mark.parametrize(
    ("likelihood", "count"),
    [("normal", 2), ("student_t", 3), ("poisson", 1), ("negative_binomial", 2)],
)
def test_parameters(likelihood, count):
    layer = DistributionParameters.from_config(DistributionParameters(likelihood).get_config())
    size = np.full((1, 1, 2), 3.0, "float32")
    zeros = [np.zeros((1, 1, 2), "float32") for _ in range(count)]
    found = layer([zeros[0], size, *zeros[1:]]).numpy()
    assert found.shape == (1, 1, 2 * count)
    mean, *others = np.split(found[0, 0], count)
    expected = {
        "normal": [0.0, 3.003], "student_t": [0.0, 3.003, 2.001 + np.log1p(np.exp(3.0))],
        "poisson": [3.0], "negative_binomial": [3.0, (0.001 + np.log(2.0)) / 2],
    }  # fmt: skip
    np.testing.assert_allclose([mean[0], *(each[0] for each in others)], expected[likelihood],
                               rtol=1e-5)  # fmt: skip
    far = [np.full((1, 1, 2), -1e4, "float32") for _ in range(count)]
    parameters = np.split(layer([far[0], size, *far[1:]]).numpy()[0, 0], count)
    assert all((each > 0).all() for each in parameters[1:]) and np.isfinite(parameters).all()
    assert (parameters[0] > 0).all() == (likelihood in COUNTS)


def test_of_a_name_that_is_none():
    with pytest.raises(ValueError, match="likelihood must be one of.*'gamma'"):
        DistributionParameters("gamma")


@pytest.mark.parametrize("layer", [CountLevel, AddPresent])
@pytest.mark.parametrize("given", [([0, 1], [1.0], [0.0]), ([0], [1.0], []), ([], [], [])])
def test_each_target_has_a_column_and_a_scaling(layer, given):
    with pytest.raises(ValueError, match="must have one entry for each target"):
        layer(*given, leads=2)
