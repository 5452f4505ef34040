"""Transforms of series: against scipy and by hand, there and back, and what they refuse."""

import json

import numpy as np
import pytest
import tensorflow as tf
from scipy import special, stats

from rnnkit.features import Forecast, Series
from rnnkit.features.transforms import Transforms, power_of

NAN = np.nan


def test_as_scipy_has_it_and_back_in_numpy_and_in_a_graph():
    rng = np.random.default_rng(0)
    values = rng.lognormal(size=(50, 5))
    transforms = Transforms(["log", "log1p", "box_cox", 0.5, None], [0.0, 0.0, 0.3, 0.5, 1.0])
    expected = [
        np.log(values[:, 0]), np.log1p(values[:, 1]), special.boxcox(values[:, 2], 0.3),
        special.boxcox(values[:, 3], 0.5), values[:, 4],
    ]  # fmt: skip
    found = transforms.forward(values)
    np.testing.assert_allclose(found, np.stack(expected, axis=1), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(transforms.back(found), values, rtol=1e-12)
    graph = tf.function(transforms.forward_graph)(tf.constant(values))
    np.testing.assert_allclose(graph, found, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(transforms.back_graph(graph), values, rtol=1e-12)


def test_what_lies_beyond_is_finite_and_never_below_0():
    transforms = Transforms(["log", "log1p", "box_cox"], [0.0, 0.0, 0.5])
    low, high = np.full(3, -1e4), np.full(3, 1e4)
    np.testing.assert_allclose(transforms.back(low), [0.0, 0.0, 0.0], atol=1e-300)
    assert np.isfinite(transforms.back(high)).all()
    np.testing.assert_allclose(transforms.back_graph(tf.constant(low)), transforms.back(low))
    np.testing.assert_allclose(transforms.back_graph(tf.constant(high)), transforms.back(high))
    rows = np.array([[NAN, NAN, NAN]])
    assert np.isnan(transforms.forward(rows)).all() and transforms.taken(rows).all()
    assert np.isnan(transforms.forward_graph(tf.constant(rows))).all()
    graph = transforms.forward_graph(tf.constant([[0.0, 0.0, -1.0]], tf.float64))
    assert graph.numpy().tolist() == [[-np.inf, 0.0, -np.inf]]


def test_the_power_is_the_likeliest():
    rng = np.random.default_rng(1)
    assert power_of(rng.lognormal(0, 1, 4000)) == pytest.approx(0.0, abs=0.03)
    assert power_of(rng.normal(20, 3, 4000) ** 2) == pytest.approx(0.5, abs=0.1)
    assert power_of(100 - rng.lognormal(0, 1, 4000)) == 1.0  # at most
    values = rng.gamma(3.0, size=500)
    _, best = stats.boxcox(values)
    assert 0 < best < 1 and power_of(values) == pytest.approx(best, abs=0.006)
    assert power_of(1e6 * values) == power_of(values)


def test_of_features():
    raw = [[1.0, -5.0], [np.e**2, 5.0]]
    series = Series(["a", "b"], transform={"a": "log"}).adapt(raw)
    assert series.power == [0.0, 1.0] and series.mean == [1.0, 0.0]
    assert series.deviation == [1.0, 5.0] and series.unit[0] == np.std([1.0, np.e**2])
    encoded = series.encode(series.to_tensor([[np.e, 10.0]]))
    np.testing.assert_allclose(encoded[0], [[0.0, 2.0]], atol=1e-7)
    np.testing.assert_allclose(series.unscale([[0.0, 2.0]]), [[np.e, 10.0]])
    np.testing.assert_allclose(series.scale([[np.e, 10.0]]), [[0.0, 2.0]], atol=1e-12)
    again = Series.from_config(json.loads(json.dumps(series.get_config())))
    assert again.get_config() == series.get_config() and again.adapted

    ahead = Forecast(horizon=2, transform="log1p", minimum=2).adapt([3.0, 7.0, 3.0, 7.0])
    middle, spread = np.log([4.0, 8.0]).mean(), np.log(2) / 2
    np.testing.assert_allclose([*ahead.mean, *ahead.deviation], [middle, spread])
    np.testing.assert_allclose(ahead.least, (np.log(3) - middle) / spread)
    (result,) = ahead.decode(np.array([[0.0, -9.0]]), np.array([[-1.0, -9.0]]))
    np.testing.assert_allclose(result["forecast"], [np.sqrt(32) - 1, 2.0])
    np.testing.assert_allclose(result["lower"], [3.0, 2.0])
    graph = ahead.decode_graph(tf.constant([[0.0, -9.0]]))["forecast"]
    np.testing.assert_allclose(graph[0, :, 0], result["forecast"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transform": "sqrt"}, "transform must be None, 'log', 'log1p', 'box_cox', or a dict"),
        ({"transform": True}, "transform must be None"),
        ({"transform": {"b": "log"}}, r"transform must name columns, \['a'\]. Received: \['b'\]"),
        ({"transform": {"a": None}}, "transform must be None"),
        ({"transform": {"a": 1.5}}, "transform of 'a', a power, must be a number"),
        ({"transform": "log", "power": [2.0]}, "power must be a list of 1 numbers"),
        ({"transform": "log", "unit": [1.0, 2.0]}, "unit must be a list of 1 numbers"),
    ],
)
@pytest.mark.parametrize("feature", [Series, Forecast])
def test_bad_options(feature, options, message):
    with pytest.raises(ValueError, match=message):
        feature(["a"], **options)


@pytest.mark.parametrize(
    ("transform", "values", "message"),
    [
        (
            "log",
            [1.0, 2.0, 0.0],
            "above 0. Received: 0 at series 0, row 2, column '0' .1 such .*log1p.*which takes 0",
        ),  # fmt: skip
        ("box_cox", [1.0, -2.0, 3.0], "above 0. Received: -2 at series 0, row 1.*transform=None"),
        ("log1p", [1.0, -0.5, 3.0], "of at least 0. Received: -0.5 at series 0, row 1"),
    ],
)
def test_what_it_does_not_take(transform, values, message):
    with pytest.raises(ValueError, match=message):
        Forecast(transform=transform).adapt(values)
    feature = Series(transform=transform).adapt([1.0, 2.0, 4.0])
    raw = feature.to_tensor(values)
    with pytest.raises(ValueError, match=message):
        feature.check(raw, feature.encode(raw))
    with pytest.raises(tf.errors.InvalidArgumentError, match="does not take"):
        tf.function(feature.guard)(feature.encode(raw))
