"""Sample weights of sequences and of steps, for tags and for forecasts."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Forecast, Series, Tags, Words
from rnnkit.models import EchoStateNetwork, Forecaster, ManyToOne, Tagger
from tests import helpers

SENTENCES = [["the", "can", "fell"], ["they", "run"], ["the", "dog", "ran", "off"]]
TAGS = [["D", "N", "V"], ["", "V"], ["D", "N", "V", "P"]]  # one is not known
STEPS = [[1.0, 2.0, 3.0], [1.0, 0.5], [0.0, 1.0, 2.0, 3.0]]
SERIES = [np.arange(12.0)[:, None] * 0.1, np.sin(np.arange(9.0))[:, None]]


@pytest.fixture(scope="module")
def tagger():
    """A tagger whose weights stay as they are."""
    words, tags = Words(max_word_length=5).adapt(SENTENCES), Tags().adapt(TAGS)
    model = Tagger(words, tags, units=4, embedding_size=4, character_filters=3, seed=1)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    return model


@pytest.fixture(scope="module")
def forecaster():
    x, y = Series(1).adapt(SERIES), Forecast(1, horizon=1).adapt(SERIES)
    model = Forecaster(x, y, units=3, seed=1)
    model.compile(optimizer=keras.optimizers.SGD(0.0))
    return model


def padded(rows):
    return np.array([[*row, *[9.0] * (4 - len(row))] for row in rows])


def dataset():
    def examples():
        yield from zip(SENTENCES, TAGS, STEPS, strict=True)

    parts = (tf.string, tf.string, tf.float32)
    specs = tuple(tf.TensorSpec((None,), part) for part in parts)
    return tf.data.Dataset.from_generator(examples, output_signature=specs)


@pytest.mark.slow
def test_tags_by_hand(tagger):
    """In every form, one after the other: what was traced for one form serves the others."""
    outputs, names = tagger.predict(SENTENCES), tagger.output_feature.names
    known = [(i, t) for i, row in enumerate(TAGS) for t, tag in enumerate(row) if tag]
    values = np.array([-np.log(outputs[i, t, names.index(TAGS[i][t])]) for i, t in known])

    def expected(weight):
        weights = np.array([weight(*each) for each in known])
        return pytest.approx((values * weights).sum() / weights.sum(), rel=1e-4)

    of_steps = expected(lambda i, t: STEPS[i][t])
    ragged = tf.ragged.constant(STEPS)
    for weights in (STEPS, [np.array(row) for row in STEPS], padded(STEPS), ragged):
        fitted = tagger.fit(SENTENCES, TAGS, sample_weight=weights, verbose=0)
        assert fitted.history["loss"][0] == of_steps
    of_sequences = expected(lambda i, t: (1.0, 2.0, 0.5)[i])
    fitted = tagger.fit(SENTENCES, TAGS, sample_weight=[1.0, 2.0, 0.5], verbose=0)
    assert fitted.history["loss"][0] == of_sequences
    for data in (dataset(), dataset().ragged_batch(2)):
        assert tagger.fit(data, verbose=0).history["loss"][0] == of_steps
    found = tagger.evaluate(SENTENCES, TAGS, sample_weight=STEPS, verbose=0)[0]
    assert found == of_steps


def test_forecasts_by_hand(forecaster):
    weights = [np.linspace(0, 2, len(each)) for each in SERIES]
    squares, total = 0.0, 0.0
    for series, outputs, each in zip(SERIES, forecaster.predict(SERIES), weights, strict=True):
        truth = forecaster.output_feature.encode(forecaster.output_feature.to_tensor([series]))
        errors = (outputs[: len(series) - 1] - truth[0].numpy()[:-1]) ** 2  # the last has none
        squares, total = squares + (errors[:, 0] * each[:-1]).sum(), total + each[:-1].sum()
    fitted = forecaster.fit(SERIES, sample_weight=weights, verbose=0)
    assert fitted.history["loss"][0] == pytest.approx(squares / total, rel=1e-4)


WRONG = "Received: {} weights for the {} steps of sequence {}"


@pytest.mark.parametrize(
    "weights, message",
    [
        ([[1, 2, 3], [1], [1, 2, 3, 4]], WRONG.format(1, 2, 1)),
        ([[1, 2, 3], [1, 2, 3], [1, 2, 3, 4]], WRONG.format(3, 2, 1)),
        (np.ones((3, 3)), WRONG.format(3, 4, 2)),
        ([[1, 2, 3], 1.0, 2.0], "must be a number for each example, or for each of its steps"),
        (["a", "b", "c"], "must be a number for each example, or for each of its steps"),
        ([[1, 2, float("nan")], [1, 2], [1, 2, 3, 4]], "1 are NaN or infinite"),
        ([1.0, 2.0], "equal lengths.*sample_weight: 2"),
    ],
)
def test_weights_that_do_not_fit(tagger, weights, message):
    with pytest.raises(ValueError, match=message):
        tagger.fit(SENTENCES, TAGS, sample_weight=weights, verbose=0)


def test_series_and_models_that_have_one_weight_an_example(tagger, forecaster):
    network = EchoStateNetwork(forecaster.input_feature, forecaster.output_feature, units=5)
    for model in (forecaster, network):
        with pytest.raises(ValueError, match=WRONG.format(8, 9, 1)):
            model.fit(SERIES, sample_weight=[np.ones(12), np.ones(8)])
        with pytest.raises(ValueError, match=WRONG.format(11, 12, 0)):
            model.fit(SERIES[0], sample_weight=np.ones(11))
    x, y = helpers.presence(6)
    label = ManyToOne(*helpers.features(x, y), units=2, embedding_size=2)
    with pytest.raises(ValueError, match="must be one number for each example of this model"):
        label.fit(x, y, sample_weight=np.ones((6, 3)))
