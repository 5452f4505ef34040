"""Spaces around marks: learned shares counted by hand, and texts given back as they were."""

import pytest
import tensorflow as tf

from rnnkit.features import Text
from rnnkit.features.spacing import learn

ENGLISH = [
    'She said "yes, please" (twice).',
    'Well, "no" is a well-known answer; is it?',
    "It's the dogs' bowl, isn't it?",
    'He wrote: "maybe tomorrow".',
]
FRENCH = ["Où est-il ? Ici !", "Quoi ? Non : rien ; merci !"]
TOKENISED = ["two dogs , one black , play .", 'a man says " hi " .']
JAPANESE = ["猫は黒い。", "犬も黒い。"]


def round_trip(texts, more=(), **options):
    text = Text(standardize="split_punctuation", **options).adapt(texts)
    return text, text.decode(text.encode(tf.constant([*texts, *more])).to_list())


def test_shares_by_hand():
    found = learn(["a, b ,c", "(d) e", '"f" g'])
    # The first comma stands close to what is before it, the second to what follows.
    assert found[","] == [0.5, 0.5]
    assert found["("] == [0.0, 1.0]
    # At the end of `d)` a letter is before, a space after.
    assert found[")"] == [1.0, 0.0]
    # One opens at the start of the text (nothing is before it), one closes.
    assert found['"'] == [1.0, 0.5]


@pytest.mark.parametrize("texts", [ENGLISH, FRENCH, TOKENISED, JAPANESE])
def test_texts_come_back_as_they_were(texts):
    assert round_trip(texts)[1] == texts


def test_quotation_marks_open_and_close_in_new_texts():
    _, found = round_trip(ENGLISH, ['"please" is "yes".', '"well"'])
    assert found[-2:] == ['"please" is "yes".', '"well"']


@pytest.mark.parametrize("texts", [ENGLISH, FRENCH, TOKENISED, JAPANESE])
def test_the_graph_writes_the_same(texts):
    text, found = round_trip(texts)
    ids = text.encode(tf.constant(texts)).to_tensor()
    written = [each.decode() for each in text.decode_graph(ids)["text"].numpy()]
    assert written == found == texts


def test_replaced_tokens_keep_their_spaces():
    text, _ = round_trip(ENGLISH)
    ids = text.encode(tf.constant(["Well, Zoë."]))[0].numpy().tolist()
    assert ids[2] == 1
    assert text.restore(ids, {2: "Zoë"}) == "Well, Zoë."
    assert text.restore(ids, {}) == "Well, [UNK]."


def test_a_fresh_process_and_its_config_keep_them(feature_in_fresh_process):
    text, _ = round_trip(ENGLISH)
    copy = Text.from_config(text.get_config())
    assert copy.spacing == text.spacing != {}
    ids = text.encode(tf.constant(ENGLISH)).to_list()
    assert copy.decode(ids) == ENGLISH
    assert feature_in_fresh_process(text, ENGLISH) == ids


def test_nothing_is_learned_where_marks_are_not_split_off():
    for options in ({"standardize": "lower"}, {"standardize": "none", "level": "character"}):
        assert not Text(**options).adapt(ENGLISH).spacing
