"""F1 of entities counted in the graph, against seqeval and by hand."""

import keras
import numpy as np
import pytest
import seqeval.metrics
import tensorflow as tf

from rnnkit.features import Tags, Words
from rnnkit.losses.entity_f1 import EntityF1
from rnnkit.models import Tagger

BIO = ["B-a", "B-b", "I-a", "I-b", "O"]
BIOES = [f"{mark}-{kind}" for kind in "ab" for mark in "BIES"] + ["O"]


def measured(metric, batches, tags):
    metric.reset_state()
    update = tf.function(metric.update_state)
    for true, said in batches:
        update(tf.constant(true, tf.int32), tf.one_hot(said, tags))
    return float(metric.result())


@pytest.mark.slow
@pytest.mark.parametrize("classes", [BIO, BIOES], ids=["bio", "bioes"])
@pytest.mark.parametrize("right", [0.5, 0.8, 0.95])
def test_equals_seqeval_on_sequences_of_any_kind(classes, right):
    random = np.random.default_rng(3)
    batches, references, hypotheses = [], [], []
    for time in (1, 7, 12):
        true = random.integers(0, len(classes), (40, time))
        said = np.where(
            random.random(true.shape) < right, true, random.integers(0, len(classes), true.shape)
        )
        for row, other, length in zip(true, said, random.integers(1, time + 1, 40), strict=True):
            references.append([classes[each] for each in row[:length]])
            hypotheses.append([classes[each] for each in other[:length]])
            row[length:] = -1  # what is said of padding does not count
        batches.append((true, said))
    found = measured(EntityF1(classes), batches, len(classes))
    expected = seqeval.metrics.f1_score(references, hypotheses)
    assert 0.05 < expected < 0.99
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_by_hand():
    metric = EntityF1(BIO)
    b_a, b_b, i_a, i_b, out = range(5)
    true = [[b_a, i_a, out, b_b], [b_a, b_a, i_a, -1]]  # four stretches
    said = [[b_a, i_a, i_a, b_b], [b_a, b_b, i_a, b_a]]  # b_b i_a are two: five
    # Right are the b of the first and the a that begins the second.
    np.testing.assert_allclose(measured(metric, [(true, said)], 5), 2 * 2 / (4 + 5), rtol=1e-6)
    # A stretch goes on over no end of a sequence.
    assert measured(metric, [([[out, b_a], [i_a, out]], [[out, b_a], [i_a, out]])], 5) == 1
    # A tag that training did not have is in no stretch.
    assert measured(metric, [([[-2, b_a]], [[b_b, b_a]])], 5) == 1


def test_is_0_where_there_is_nothing():
    assert measured(EntityF1(BIO), [([[4, 4]], [[4, 4]])], 5) == 0


def test_is_made_again_from_its_config():
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(EntityF1(BIO))
    )
    assert isinstance(again, EntityF1) and again.classes == BIO


@pytest.mark.slow
@pytest.mark.parametrize("crf", [False, True])
def test_is_what_score_says(crf):
    words = [["to", "New", "York"], ["Ann", "left", "Rome"], ["in", "Old", "York", "Ann"]] * 3
    tags = [["O", "B-c", "I-c"], ["B-p", "O", "B-c"], ["O", "B-c", "I-c", "B-p"]] * 3
    model = Tagger(
        Words().adapt(words), Tags().adapt(tags), units=4, crf=crf, seed=2, embedding_size=4
    )
    model.compile(keras.optimizers.Adam(0.02))
    history = model.fit(
        words, tags, validation_data=(words, tags), epochs=12, batch_size=4, verbose=0
    ).history["val_entity_f1"]
    score = model.score(words, tags)["entity_f1"]
    assert 0 < score
    np.testing.assert_allclose(history[-1], score, rtol=1e-5)


def test_tags_that_mark_nothing_have_none():
    words, tags = [["a", "b"]], [["x", "y"]]
    model = Tagger(Words().adapt(words), Tags().adapt(tags), units=2)
    model.compile()
    assert "entity_f1" not in model.evaluate(words, tags, return_dict=True, verbose=0)
