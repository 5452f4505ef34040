"""Every recipe's model takes its inputs in every form, and in their order and number.

Nothing is trained: what a form of the inputs is read as is compared with what the list is.
"""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import recipes
from rnnkit.data.pipeline.given import given, raw_tensor
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.features import Forecast, Series
from rnnkit.models import EchoStateNetwork
from tests import helpers
from tests.recipes.test_recipes import DECODING, INPUTS, ROWS

FAST = ("named_entities", "spam")  # the results of the others take minutes
NAMES = [
    name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in sorted(ROWS)
]
# What a list of strings means in a generator is not told by it: words or texts.
REFUSED = {("pos_tagging", "batches"): "words of one sentence or a batch of texts"}
# Rows of an array may be series, or the columns of one.
REFUSED |= dict.fromkeys(
    [("forecasting", "array"), ("forecasting", "tensor")], "for several series pass a list of them"
)
# Forms that NumPy or TensorFlow cannot make of inputs of different sizes.
UNEVEN = {"array", "tensor"}


class Batches(keras.utils.PyDataset):
    """Batches of two of equally long lists."""

    def __init__(self, *columns):
        super().__init__()
        self.columns = columns

    def __len__(self):
        first = self.columns[0]
        count = first.nrows() if isinstance(first, tf.RaggedTensor) else len(first)
        return -(-int(count) // 2)

    def __getitem__(self, index):
        return tuple(column[2 * index : 2 * index + 2] for column in self.columns)


def cells(values):
    """An object array with a value in each place."""
    array = np.empty(len(values), object)
    for index, value in enumerate(values):
        array[index] = value
    return array


def constant(x):
    array = np.array(x)
    return tf.constant(x, tf.float64 if array.dtype.kind == "f" else None)


def dataset(model, x):
    return tf.data.Dataset.from_tensor_slices(model.served_feature.to_tensor(x))


FORMS = {
    "tuple": lambda model, x: tuple(x),
    "array": lambda model, x: np.array(x),
    "object array": lambda model, x: cells(x),
    "series": lambda model, x: pd.Series(cells(x), index=range(7, 7 + len(x))),
    "frame": lambda model, x: pd.DataFrame({"input": cells(x)}),
    "tensor": lambda model, x: constant(x),
    "raw tensor": lambda model, x: model.served_feature.to_tensor(x),
    "dataset": dataset,
    "batched dataset": lambda model, x: dataset(model, x).ragged_batch(2),
    "generator": lambda model, x: (each for each in x),
    "batches": lambda model, x: (x[first : first + 2] for first in range(0, len(x), 2)),
    "PyDataset": lambda model, x: Batches(x),
}


def read(model, x):
    """What inputs are read as, as a tuple with one tensor of raw values."""
    return (raw_tensor(model.given(x)[0], model.served_feature),)


@pytest.fixture(scope="module")
def made():
    """Function of a recipe's name that gives a tiny model and a few raw examples of it."""
    known = {}

    def make(name):
        if name not in known:
            recipe = recipes.get(name)
            data = helpers.small(recipe, (24, 4, 4))
            options = {key: value for key, value in ROWS[name][0].items() if key != "learning_rate"}
            if recipe.cell == "esn":
                feature, target = Series(1).adapt(INPUTS[name]), Forecast(1, 8).adapt(INPUTS[name])
                model = EchoStateNetwork(feature, target, units=9, seed=1)
                model.fit(INPUTS[name])
            else:
                model = recipe.model(data, seed=1, **options)
            known[name] = model, data
        return known[name]

    return make


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # the inputs are odd, and nothing is trained
@pytest.mark.parametrize("name", sorted(ROWS))
def test_many_inputs(name, made):
    model, _ = made(name)
    x = INPUTS[name]
    expected = read(model, x)
    for form, make in FORMS.items():
        try:
            values = make(model, x)
        except ValueError:
            assert form in UNEVEN
            continue
        if name == "pos_tagging" and form == "tensor":  # a tensor of strings is one sentence
            with pytest.raises(ValueError, match="words with spaces"):
                model.infer(values)
            continue
        if (name, form) in REFUSED:
            with pytest.raises(ValueError, match=REFUSED[name, form]):
                model.infer(values)
            continue
        helpers.same_tensors(read(model, values), expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_results_are_in_the_order_of_the_inputs(name, made):
    model, _ = made(name)
    x, options = INPUTS[name], DECODING.get(name, {})
    expected = model.infer(x, **options)
    assert len(expected) == len(x)
    assert equal(model.infer(FORMS["generator"](model, x), **options), expected)
    assert equal(model.infer(dataset(model, x), **options), expected)
    once, again = (
        model.predict(each, verbose=0, **options) for each in (x, FORMS["generator"](model, x))
    )
    np.testing.assert_array_equal(again, once)
    assert len(once) == len(x)


# What a list of words is read as, see `rnnkit.features.Words`.
ONE = {"named_entities": "Jordan resigned ."}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", sorted(ROWS))
def test_one_input(name, made):
    model, _ = made(name)
    one = ONE.get(name, INPUTS[name][0])
    expected = read(model, [one])
    forms = [one]
    if name == "fraud_detection":
        forms += [pd.DataFrame(one)]
    else:
        forms += [np.array(one), constant(one)]
    if isinstance(one, str):
        forms += [one.encode()]
    for form in forms:
        assert model.given(form)[1]
        helpers.same_tensors(read(model, form), expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_one_input_has_its_result_alone(name, made):
    model, _ = made(name)
    one, options = ONE.get(name, INPUTS[name][0]), DECODING.get(name, {})
    (expected,) = model.infer([one], **options)
    assert equal(model.infer(one, **options), expected)
    assert len(model.predict(one, verbose=0, **options)) == 1


def equal(found, expected):
    """Whether results of `infer` are the same, numbers nearly."""
    if isinstance(expected, dict):
        return all(equal(found[key], expected[key]) for key in expected)
    if isinstance(expected, (list, tuple)):
        return len(found) == len(expected) and all(map(equal, found, expected))
    if isinstance(expected, float):
        return found == pytest.approx(expected, rel=1e-4)
    return found == expected


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"forecasting", "text_generation"}))
def test_examples(name, made):
    model, data = made(name)
    pairs = list(data.train.take(5))
    x, y = ([pair[part] for pair in pairs] for part in (0, 1))
    singly = ((a, b) for a, b in zip(x, y, strict=True))
    features = model.input_feature, model.output_feature
    inputs, targets = (
        raw_tensor(given(each, feature)[0], feature)
        for feature, each in zip(features, (x, y), strict=True)
    )
    if name == "fraud_detection":  # whose columns are put in the order of the feature's
        pairs = list(zip(inputs, targets, strict=True))
    in_batches = ((inputs[i : i + 2], targets[i : i + 2]) for i in range(0, 5, 2))
    for form in ((x, y), (cells(x), pd.Series(cells(y))), (singly,), (in_batches,),
                 (Batches(inputs, targets),)):  # fmt: skip
        given_y = form[1] if len(form) > 1 else None
        found = list(as_dataset(form[0], given_y, None, *features))
        assert len(found) == 5
        for pair, expected in zip(found, pairs, strict=True):
            helpers.same_tensors(pair, expected)
