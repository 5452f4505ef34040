"""Words: taken apart, looked up lower-cased, spelled as they are written."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Words
from rnnkit.features.splitting import split_words

SENTENCES = [["The", "cat", "ran", "12", "km"], ["the", "Zoo", "ran"], ["the", "\u00e9t\u00e9"]]


def words(**options):
    return Words(**{"max_word_length": 4, **options}).adapt(SENTENCES)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Don't pay $3.50, it's free!", "Do n't pay $ 3.50 , it 's free !"),
        ("e-mail me@some.org (now).", "e-mail me@some.org ( now ) ."),
        ("see http://a.org/b?c=1, @you #now", "see http://a.org/b?c=1 , @you #now"),
        ("l'\u00e9t\u00e9 \u2014 \u00ab oui \u00bb", "l'\u00e9t\u00e9 \u2014 \u00ab oui \u00bb"),
        ("\u0915\u093f\u0924\u093e\u092c...", "\u0915\u093f\u0924\u093e\u092c . . ."),
        ("  ", ""),
    ],
)
def test_sentences_are_taken_apart(text, expected):
    assert split_words(text) == expected.split()


def test_ids_by_hand():
    feature = words()
    # By frequency, then by the alphabet; the digits are 0.
    assert feature.vocabulary == ["the", "ran", "00", "cat", "km", "zoo", "\u00e9t\u00e9"]
    found = feature.encode(feature.to_tensor([["THE", "cow"], ["77"]])).to_list()
    assert [[word[0] for word in row] for row in found] == [[2, 1], [4]]
    character = {each: place for place, each in enumerate(feature.characters, 2)}
    spelled = [[character.get(each, 1) for each in word] for word in ("THE", "cow", "77")]
    assert [word[1:] for row in found for word in row] == [
        each + [0] * (4 - len(each)) for each in spelled
    ]
    assert feature.vocabulary_size == 9
    assert feature.alphabet_size == len(set("".join(sum(SENTENCES, [])))) + 2


def test_of_long_words_start_and_end_are_kept():
    feature = words()
    long, short = feature.encode(feature.to_tensor([["thxxxxxan", "than"]])).to_list()[0]
    assert long[1:] == short[1:]
    assert (
        words(max_word_length=1).encode(tf.constant([["tx", "ty"]])).to_list()[0][0][1:]
        == (words(max_word_length=1).encode(tf.constant([["t"]])).to_list()[0][0][1:])
    )


def test_what_is_rare_or_empty_is_unknown():
    feature = words(min_count=2, max_word_length=0)
    assert feature.vocabulary == ["the", "ran"]
    raw = feature.to_tensor([["cat", ""], [], ["ran"]])
    assert feature.encode(raw).to_list() == [[[1], [1]], [[1]], [[3]]]


@pytest.mark.parametrize(
    "form",
    [
        lambda: SENTENCES,
        lambda: [" ".join(row) for row in SENTENCES],
        lambda: tf.ragged.constant(SENTENCES),
        lambda: [np.array(row) for row in SENTENCES],
        lambda: [[word.encode() for word in row] for row in SENTENCES],
    ],
)
def test_forms_of_sentences(form):
    assert Words().adapt(form()).get_config() == Words().adapt(SENTENCES).get_config()
    assert words().raw(form()) == SENTENCES


def test_datasets_teach_the_same():
    data = tf.data.Dataset.from_tensor_slices(tf.ragged.constant(SENTENCES))
    for each in (data, data.map(lambda row: row + ""), data.ragged_batch(2)):
        assert Words().adapt(each).get_config() == Words().adapt(SENTENCES).get_config()


def test_config_makes_an_equal_feature_in_a_fresh_process(feature_in_fresh_process):
    feature = words(lower=False, digits=True)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(feature))
    assert again.get_config() == feature.get_config()
    expected = feature.encode(feature.to_tensor(SENTENCES)).to_list()
    assert feature_in_fresh_process(feature, SENTENCES) == expected


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Words(min_count=0), "min_count must be.*min_count=0"),
        (lambda: Words(max_word_length=1.5), "max_word_length must be"),
        (lambda: Words().adapt("a text"), "not one: pass"),
        (lambda: Words().adapt([1, 2]), "a list of words or a text. Received: 1 at position 0"),
        (lambda: Words().adapt([["a", None]]), "sentence 0, met a missing value at position 1"),
        (lambda: Words().adapt([[], []]), "at least one word"),
        (lambda: Words(min_count=9).adapt(SENTENCES), "seen 3 times.*min_count=9"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
