"""Numbers for people."""

import json

import numpy as np
import pytest

import rnnkit
from rnnkit.utils.digits import rounded, short


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.1), "0.1"),
        (float(np.float32(0.9)), "0.9"),
        (2 / 3, "0.66666667"),
        (0.029177718832891247, "0.029177719"),
        (1.0, "1.0"),
        (123456789.6, "123456790.0"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        (-np.inf, "-inf"),
    ],
)
def test_short_prints_few_digits(value, text):
    found = short(value)
    assert type(found) is float and repr(found) == text


def test_rounded_keeps_small_changes_of_a_large_level():
    values = 1e9 + np.array([0.01, 0.02, 0.03])
    assert rounded(values, 0.01).tolist() == values.tolist()
    assert repr(rounded([61.123456789123], [20.0]).tolist()) == "[61.1234568]"


def test_rounded_leaves_what_it_cannot_round():
    values = [1e300, -1e300, 1e-300, 0.0, np.nan, np.inf]
    np.testing.assert_array_equal(rounded(values, np.abs(values)), values)


def test_results_print_short():
    label = rnnkit.features.Label(["ham", "spam"])
    found = label.decode(np.array([[0.9, 0.1]], "float32"))[0]
    assert json.dumps(found["probabilities"]) == '{"ham": 0.9, "spam": 0.1}'
    number = rnnkit.features.Number().adapt([1.0, 2.0, 4.0])
    assert repr(number.decode(np.array([[np.float32(0.1)]]))) == "[2.45805525]"


def test_forecasts_are_rounded_and_never_below_the_minimum():
    feature = rnnkit.features.Forecast(horizon=1, minimum=0.1)
    feature.adapt([np.array([[1e9], [3e9], [9e9]])])
    low = feature.decode(np.array([[-5.0]]))[0]["forecast"]
    assert low == [0.1]


def test_scores_of_a_model_print_short():
    texts, labels = ["good", "bad", "fine"], ["yes", "no", "no"]
    text = rnnkit.features.Text().adapt(texts)
    model = rnnkit.models.OneToOne(text, rnnkit.features.Label().adapt(labels), units=2, seed=1)
    model.compile()
    found = model.score(texts, labels)
    assert all(type(value) is float and len(repr(value)) <= 12 for value in found.values())
    assert found["accuracy"] in (0.0, 0.33333333, 0.66666667, 1.0)


def test_a_forecast_that_is_off_by_rounding_alone_is_right():
    feature = rnnkit.features.Forecast(horizon=1)
    feature.adapt([np.array([[0.0], [10.0], [20.0]])])
    assert feature.readable(np.array([1e-10, 5.0 + 1e-12])).tolist() == [0.0, 5.0]
    small = np.array([1.23e-3])  # but not what is small beside others
    np.testing.assert_array_equal(feature.readable(small), small)
