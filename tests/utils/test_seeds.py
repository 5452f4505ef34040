"""Where no seed is given, the random numbers follow `keras.utils.set_random_seed`, as Keras' do."""

import keras
import numpy as np
import pytest

import rnnkit
from rnnkit.layers import topology
from rnnkit.utils.seeds import drawn


def twice(make, seeds=(7, 7)):
    found = []
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        found.append(make())
    return found


def reservoir():
    layer = rnnkit.layers.ESN(20, noise=0.1)
    layer.build((None, 3, 2))
    return np.concatenate([np.ravel(weight) for weight in layer.get_weights()])


def links():
    return topology.RandomDegree(3).links(20)[1]


def generated():
    feature = rnnkit.features.Text(level="character").adapt(["abcdefgh"] * 3)
    model = rnnkit.models.LanguageModel(output_feature=feature, units=8, seed=1)
    return model.infer("a", sample=True, max_length=30, temperature=10.0)


MADE = [
    reservoir,
    links,
    lambda: topology.FullyConnected().matrix(4),
    lambda: topology.Orthogonal().matrix(4),
    drawn,
    generated,
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* did not end within")
@pytest.mark.parametrize("make", MADE)
def test_the_global_seed_fixes_what_has_none(make):
    first, second = twice(make)
    np.testing.assert_array_equal(first, second)
    first, second = twice(make, (7, 8))
    assert not np.array_equal(first, second)


def test_a_seed_of_its_own_is_kept():
    assert twice(lambda: drawn(3), (7, 8)) == [3, 3]
