"""Word vectors that features bring along: which words get which, by hand."""

import keras
import numpy as np
import pytest

from rnnkit.features import Text, Words, WordVectors

WORDS = ["the", "The", "paris", "London", "0.5", "rome", "don't"]
VALUES = np.arange(1, 15, dtype="float32").reshape(7, 2)
SENTENCES = [["The", "Paris", "pie"], ["pie", "1.5"]]


def vectors():
    return WordVectors(WORDS, VALUES, "cities.txt")


def rows_of(feature):
    """The vectors of a feature by word; of words without one None."""
    return {
        word: row.tolist() if row.any() else None
        for word, row in zip(feature.vocabulary, feature.vectors.values[2:], strict=True)
    }


def test_words_are_those_of_the_data_and_then_those_of_the_vectors(capsys):
    words = Words(vectors=vectors()).adapt(SENTENCES)
    assert rows_of(words) == {
        "pie": None, "0.0": [9, 10], "paris": [5, 6], "the": [1, 2],  # spelled so, not The
        "london": [7, 8], "rome": [11, 12], "don't": [13, 14],
    }  # fmt: skip
    assert words.vocabulary_size == 9 and words.vectors.beyond == 3
    assert (
        "cities.txt: vectors of 2 numbers for 3 of 4 words (60.0 % of the"
        in capsys.readouterr().out
    )
    # Only the characters of the data are known.
    assert set(words.characters) == set("".join("".join(each) for each in SENTENCES))
    encoded = words.encode(words.to_tensor([["LONDON", "9.9", "nowhere"]]))
    assert encoded[0, :, 0].numpy().tolist() == [6, 3, 1]


@pytest.mark.parametrize(("most", "beyond"), [(0, []), (1, ["london"]), (2, ["london", "rome"])])
def test_how_many_words_beyond_the_data(most, beyond):
    words = Words(vectors=vectors(), vector_words=most).adapt(SENTENCES)
    assert words.vocabulary[4:] == beyond and words.vectors.beyond == len(beyond)


def test_without_a_change_of_case_or_digits_words_are_taken_as_they_are():
    words = Words(vectors=vectors(), lower=False, digits=True).adapt(SENTENCES)
    assert rows_of(words) == {
        "pie": None, "1.5": None, "Paris": None, "The": [3, 4], "the": [1, 2], "paris": [5, 6],
        "London": [7, 8], "0.5": [9, 10], "rome": [11, 12], "don't": [13, 14],
    }  # fmt: skip


def test_texts_take_what_is_a_single_token():
    text = Text(vectors=vectors()).adapt(["The pie, Paris!"])
    assert rows_of(text) == {  # 0.5 is three tokens
        "!": None, ",": None, "paris": [5, 6], "pie": None, "the": [1, 2],
        "london": [7, 8], "rome": [11, 12], "don't": [13, 14],
    }  # fmt: skip
    assert text.decode(text.encode(["London, rome!"]).to_list()) == ["london, rome!"]


def test_rare_words_of_the_data_are_among_those_of_the_vectors():
    text = Text(vectors=vectors(), min_count=2).adapt(["pie rome", "pie the"])
    assert text.vocabulary == ["pie", "the", "paris", "london", "rome", "don't"]
    assert text.vectors.beyond == 5


@pytest.mark.parametrize(("factor", "kept"), [(1, "float16"), (1e5, "float32"), (1e-7, "float32")])
def test_sixteen_bits_where_they_do(factor, kept):
    given = WordVectors(WORDS, VALUES * np.float32(factor))
    text = Text(vectors=given).adapt(["the"])
    assert text.vectors.kept == kept == text.vectors.values.dtype
    np.testing.assert_allclose(text.vectors.values[2], VALUES[0] * np.float32(factor), rtol=1e-3)


@pytest.mark.parametrize("make", [
    lambda: Words(vectors=vectors()).adapt(SENTENCES),
    lambda: Text(vectors=vectors()).adapt(["The pie, Paris!"]),
])  # fmt: skip
def test_a_saved_feature_holds_no_numbers_and_encodes_the_same(make, feature_in_fresh_process):
    feature = make()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(feature))
    assert again.get_config() == feature.get_config()
    assert again.vectors.values is None and again.vectors.beyond == feature.vectors.beyond
    values = ["London pie is rome"]
    expected = feature.encode(feature.to_tensor(values)).to_list()
    assert feature_in_fresh_process(feature, values) == expected


def test_learned_anew_it_begins_from_the_same_vectors():
    words = Words(vectors=vectors()).adapt([["rome"]]).adapt(SENTENCES)
    assert rows_of(words) == rows_of(Words(vectors=vectors()).adapt(SENTENCES))
    loaded = Words(**words.get_config())
    with pytest.raises(ValueError, match="learns anew has the vocabulary of word vectors without"):
        loaded.adapt(SENTENCES)


def test_a_model_file_has_no_file_read(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("the 1 2\npie 3 4\n")
    config = Text().adapt(["the pie"]).get_config()
    with pytest.raises(ValueError, match="vectors are given before a feature learns"):
        Text(**{**config, "vectors": str(path)})


@pytest.mark.parametrize(("options", "message"), [
    ({"vectors": 3}, "vectors must be the path.*Received: int"),
    ({"vectors": {"size": 2}}, "vectors must have 'size', 'beyond' and 'kept'"),
    ({"vectors": {"size": 0, "beyond": 1, "kept": "float16"}}, "size of vectors must be"),
    ({"vectors": {"size": 2, "beyond": -1, "kept": "float16"}}, "words beyond the data must be"),
    ({"vectors": {"size": 2, "beyond": 1, "kept": "int8"}}, "kept must be"),
    ({"vectors": "a.txt", "ngrams": 2}, "level='word' and ngrams=1. Received: .*ngrams=2"),
    ({"vectors": "a.txt", "level": "character"}, "Received: level='character'"),
    ({"vector_words": -1}, "vector_words must be"),
])  # fmt: skip
def test_what_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Text(**options)


def test_no_word_in_common_and_no_file():
    with pytest.raises(ValueError, match="cities.txt has no word of the data. Words of the data"):
        Text(vectors=vectors()).adapt(["zug wagen"])
    with pytest.raises(ValueError, match="no-such.txt"):
        Text(vectors="no-such.txt").adapt(["the pie"])
