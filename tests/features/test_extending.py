"""Features that grow: what was learned first keeps its meaning."""

import inspect

import numpy as np
import pytest
import tensorflow as tf

from rnnkit import features
from rnnkit.features import Events, Label, Number, Subwords, Tags, Text, Words, WordVectors
from rnnkit.features.extending import adapted_beside, added, both_extended, extended


def vectors(names):
    return WordVectors(names, np.arange(2.0 * len(names), dtype="float32").reshape(-1, 2))


def test_new_words_stand_after_those_that_there_were():
    old = Text(max_length=9).adapt(["so far, so good", "so bad"])
    new = Text(max_length=5, min_count=2).adapt(["far better (better)", "far (worse)"])
    text = extended(old, new)
    assert text.vocabulary == [*old.vocabulary, "(", ")", "better"]
    assert text.max_length == 5 and text.min_count == 2  # these are as they are now
    assert text.spacing == {**new.spacing, **old.spacing} and set(text.spacing) == {",", "(", ")"}
    known = tf.constant(["so far, so good"])
    assert text.encode(known).to_list() == old.encode(known).to_list()
    assert added(old, text) == {"vocabulary": ["(", ")", "better"], "spacing": ["(", ")"]}
    copy = type(text).from_config(text.get_config())
    assert copy.encode(tf.constant(["better far"])).to_list() == [
        [len(old.vocabulary) + 4, 2 + old.vocabulary.index("far")]
    ]


def test_words_and_their_characters():
    old = Words(max_word_length=4).adapt([["a", "bat"]])
    words = extended(old, Words(max_word_length=4).adapt([["a", "cat"]]))
    assert words.vocabulary == ["a", "bat", "cat"]
    assert words.characters == [*old.characters, "c"]


def test_classes_and_tags_come_last_though_they_sort_first():
    label = extended(Label().adapt([2, 7]), Label().adapt([7, 1]))
    assert label.classes == [2, 7, 1]
    assert extended(Label().adapt([2, 7]), Label().adapt(["1", "7"])).classes == [2, 7, 1]
    old = Tags().adapt([["B-city", "I-city", "O"]])
    tags = extended(old, Tags().adapt([["B-art", "O"]]))
    assert tags.classes == ["B-city", "I-city", "O", "B-art", "I-art"][: len(tags.classes)]
    assert tags.scheme == "bio" and "B-art" in tags.classes


def test_a_single_new_class_will_do_beside_an_older_one():
    label = Label().adapt(["ham", "spam"])
    assert extended(label, adapted_beside(label, ["ad", "ad"])).classes == ["ham", "spam", "ad"]
    tags = Tags().adapt([["DET", "NOUN"]])
    assert extended(tags, adapted_beside(tags, [["VERB"]])).classes == ["DET", "NOUN", "VERB"]
    number = Number().adapt([1.0, 3.0])
    assert adapted_beside(number, [5.0, 9.0]) is number
    with pytest.raises(ValueError, match="at least two classes"):  # alone it tells nothing apart
        Label().adapt(["ad", "ad"])


def test_what_is_no_list_stays_as_it_was_learned():
    number = extended(Number().adapt([1.0, 3.0]), Number().adapt([5.0, 9.0]))
    assert (number.mean, number.deviation) == ([2.0], [1.0])
    old = Subwords(vocabulary_size=20).adapt(["low lower lowest"])
    new = Subwords(vocabulary_size=25, max_length=3).adapt(["new newer newest"])
    pieces = extended(old, new)
    assert pieces.model == old.model and pieces.max_length == 3
    assert extended(None, None) is None


def test_categories_of_events_stay_and_others_are_unknown():
    def history(shop, amount):
        return [{"time": time, "amount": amount, "shop": shop} for time in range(2)]

    old = Events().adapt([history("a", 1.0)])
    events = extended(old, Events(max_length=1).adapt([history("b", 5.0)]))
    assert (events.vocabularies, events.mean) == ([["a"]], old.mean) and events.max_length == 1
    assert [
        row[0] for row in events.encode(events.to_tensor([history("b", 1.0)])).to_list()[0]
    ] in (
        [1.0],
        [1.0, 1.0],
    )


def test_words_of_vectors_become_words_of_the_data():
    old = Text(vectors=vectors(["bat", "cat", "dog"])).adapt(["a bat"])
    assert old.vocabulary == ["a", "bat", "cat", "dog"] and old.vectors.beyond == 2
    text = extended(old, Text().adapt(["a cow", "a dog"]))
    assert text.vocabulary == ["a", "bat", "cow", "dog", "cat"]  # "dog" is one of the data now
    assert text.vectors.config == {"size": 2, "beyond": 1, "kept": "float16"}
    with pytest.raises(ValueError, match="vectors must be left out beside a base"):
        extended(Text().adapt(["a bat"]), Text(vectors=vectors(["bat"])).adapt(["a bat"]))


def test_one_feature_of_both_sides_stays_one():
    old, new = Text().adapt(["a b"]), Text().adapt(["b c"])
    first, second = both_extended((old, old), (new, new))
    assert first is second and first.vocabulary == ["a", "b", "c"]
    with pytest.raises(ValueError, match="the same, as here. Received: two that differ"):
        both_extended((old, Text().adapt(["d e"])), (new, new))


@pytest.mark.parametrize(("old", "new", "said"), [
    (lambda: Label().adapt(["a", "b"]), lambda: Tags().adapt([["a", "b"]]),
     "must be Tags, as here. Received: Label"),
    (lambda: Text(ngrams=2).adapt(["a b"]), lambda: Text().adapt(["a b"]),
     "as the one here does, ngrams=1. Received: ngrams=2. Give these here too"),
    (lambda: Label().adapt([1, 2]), lambda: Label().adapt(["a", "b"]),
     "classes must be whole numbers for data_type='integer'"),
    (lambda: Tags().adapt([["a", "b"]]), lambda: Tags().adapt([["B-a", "O"]]),
     "scheme='bio'. Received: scheme='plain'"),
    (lambda: None, lambda: Label().adapt(["a", "b"]), "must be Label, as here. Received: none"),
])  # fmt: skip
def test_what_means_something_else_is_refused(old, new, said):
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        extended(old(), new())


def test_each_feature_names_arguments_that_it_has():
    """And each learned argument is one that is saved, so that it can stay."""
    classes = [each for each in vars(features).values() if isinstance(each, type)]
    classes = [each for each in classes if issubclass(each, features.Feature)]
    assert len(classes) > 15
    for each in classes:
        known = inspect.signature(each).parameters
        named = (*each.entries, *each.learned, *each.adjustable)
        assert len({*named}) == len(named) and {*named} <= {*known}, each
