"""Generators and `keras.utils.PyDataset` as data: for `fit`, for validation, and for results."""

import itertools

import keras
import numpy as np
import pytest

from rnnkit.data.pipeline import given
from rnnkit.features import Audio, Label, Series, Tags, Text, Words
from rnnkit.models import CTC, LanguageModel, ManyToOne, Tagger
from tests import helpers

X, Y = helpers.presence(24)


class Batches(keras.utils.PyDataset):
    """Batches of eight of `presence`, perhaps again and again."""

    def __init__(self, endless=False):
        super().__init__()
        self.endless, self.asked, self.epochs = endless, [], 0

    @property
    def num_batches(self):
        return None if self.endless else 3

    def __getitem__(self, index):
        self.asked.append(index)
        part = slice(8 * (index % 3), 8 * (index % 3) + 8)
        return X[part], np.array(Y[part])

    def on_epoch_end(self):
        self.epochs += 1


def model():
    return ManyToOne(*helpers.features(X, Y), units=4, embedding_size=4, seed=1)


def pairs():
    return zip(X, Y, strict=True)


def in_batches(size=6):
    for first in range(0, len(X), size):
        yield X[first : first + size], Y[first : first + size], [1.0] * len(X[first : first + size])


@pytest.fixture(scope="module")
def fitted():
    """What the list teaches."""
    made = model()
    made.fit(X, Y, epochs=2, verbose=0, validation_data=(X[:8], Y[:8]))
    return made


@pytest.mark.slow
@pytest.mark.parametrize("make", [pairs, in_batches, Batches, lambda: (each for each in pairs())])
def test_the_same_is_learned_from_all(make, fitted):
    made = model()
    validation = itertools.islice(pairs(), 8)
    history = made.fit(make(), epochs=2, verbose=0, validation_data=validation).history
    assert helpers.weights_equal(made.get_weights(), fitted.get_weights())
    assert len(history["val_loss"]) == 2
    assert made.evaluate(make(), verbose=0) == fitted.evaluate(X, Y, verbose=0)
    assert made.score(make()) == fitted.score(X, Y)


@pytest.mark.slow
def test_data_without_end_is_read_step_by_step():
    read = 0

    def forever():
        nonlocal read
        for pair in itertools.cycle(pairs()):
            read += 1
            yield pair

    made = model()
    made.fit(forever(), steps_per_epoch=3, epochs=2, batch_size=4, verbose=0)
    assert 24 <= read < 200
    assert int(made.optimizer.iterations) == 6


@pytest.mark.slow
@pytest.mark.parametrize("endless", [False, True])
def test_a_pydataset_is_asked_anew_with_steps_per_epoch(endless):
    data, made, sizes = Batches(endless), model(), []

    class Sizes(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            sizes.append(batch)

    made.fit(data, steps_per_epoch=3, epochs=3, verbose=0, callbacks=[Sizes()])
    assert len(sizes) == int(made.optimizer.iterations) == 9
    assert len(data.asked) >= 9  # of its own batches of eight
    assert data.epochs >= (0 if endless else 2)


def test_without_an_end_and_steps_it_is_refused(monkeypatch):
    monkeypatch.setattr(given, "LIMIT", 10_000)
    with pytest.raises(ValueError, match="cycle gives more than.*pass steps_per_epoch"):
        model().fit(itertools.cycle([(X[0], Y[0])]), verbose=0)
    with pytest.raises(ValueError, match="Batches gives more than.*steps_per_epoch"):
        model().fit(Batches(endless=True), verbose=0)


BAD = [
    (iter([]), "no examples"),
    (iter(X), r"item 0: expected \(x, y\) or \(x, y, sample_weight\). Received: 1 parts"),
    (iter([{"text": "a", "label": "b"}]), r"expected \(x, y\) tuples. Received: a dict"),
    (iter([(X[:3], Y[:2])]), r"equal lengths. Received: \[3, 2\]"),
    (iter([(X[:2], Y[:2]), (X[2:4], Y[2:4], [1.0, 1.0])]), "a weight for some examples alone"),
    (iter([(X[0], "perhaps")]), "'perhaps'"),
]


@pytest.mark.parametrize("data, message", BAD, ids=range(len(BAD)))
def test_bad_items_are_named(data, message):
    with pytest.raises(ValueError, match=message):
        model().fit(data, verbose=0)


def test_x_and_y_apart_are_refused():
    with pytest.raises(ValueError, match="y and sample_weight must be left out"):
        model().fit(iter(X), Y, verbose=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*clips")
def test_what_can_be_read_in_two_ways_is_refused():
    clips = [np.linspace(-0.5, 0.5, 900), np.linspace(0.5, -0.5, 900)]
    sound = Audio(sampling_rate=8000, mels=4).adapt(clips)
    ctc = CTC(sound, Text(level="character").adapt(["ab"]), units=3, seed=1)
    assert ctc.infer(each for each in clips) == ctc.infer(clips)
    with pytest.raises(ValueError, match=r"a tuple may be one input, or \(x, y\)"):
        ctc.infer((each, 8000) for each in clips)
    assert ctc.infer(((each, 8000),) for each in clips) == ctc.infer(clips)
    short = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    with pytest.raises(ValueError, match="3 lists of 2 numbers is the samples of one clip or"):
        ctc.infer(short)
    assert ctc.infer(np.array(short)) == ctc.infer([np.array(short)])[0]  # of two channels

    words, tags = [["Ann", "met", "Bob"], ["Ray"]], [["P", "O", "P"], ["P"]]
    tagger = Tagger(Words().adapt(words), Tags().adapt(tags), units=3, embedding_size=3, seed=1)
    expected = tagger.infer(words)
    assert tagger.infer(iter(words)) == expected
    assert tagger.infer(" ".join(each) for each in words) == expected
    assert tagger.infer(iter([words[:1], words[1:]])) == expected
    with pytest.raises(ValueError, match="words of one sentence or a batch of texts"):
        tagger.infer(iter([["Ann met Bob", "Ray"]]))
    with pytest.raises(ValueError, match=r"may be one input, or \(x, y\)"):
        tagger.infer(iter([("Ann", "met")]))
    tagger.fit(zip(words, tags, strict=True), verbose=0)
    endless = itertools.cycle(zip(words, tags, strict=True))
    tagger.fit(endless, steps_per_epoch=2, epochs=2, batch_size=2, verbose=0)


@pytest.mark.slow
def test_series_and_texts_alone():
    waves = [np.sin(np.arange(30.0) / (2 + i)) for i in range(4)]
    series = Series(1).adapt(waves)
    made = ManyToOne(series, Label().adapt(["a", "b"]), units=3, seed=1)
    assert made.infer(iter(waves)) == made.infer(waves)
    assert made.infer(np.array(waves)[..., None]) == made.infer(waves)
    assert made.infer(waves[0]) == made.infer(waves[:1])[0]
    made.fit(zip(waves, "abab", strict=True), verbose=0)
    text = LanguageModel(Text(level="character").adapt(X), units=3, embedding_size=3, seed=1)
    text.fit(iter(X), validation_data=(each for each in X[:4]), verbose=0)
    assert text.score(iter(X)) == text.score(X)
    with pytest.raises(ValueError, match="needs texts that end"):
        text.fit(itertools.cycle(X), steps_per_epoch=2, verbose=0)
