"""Text: standardisation, vocabulary and truncation against expectations written by hand."""

import collections

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from rnnkit.features import Text


def tokens(texts, **options):
    rows = Text(**options).tokens(tf.constant(texts)).to_list()
    return [[token.decode() for token in row] for row in rows]


# === Tokens ===


@pytest.mark.parametrize(
    "standardize, text, expected",
    [
        ("lower_and_split_punctuation", "It's GOOD, isn't it?", "it's good , isn't it ?"),
        ("lower_and_split_punctuation", "'tis the dogs' day", "' tis the dogs ' day"),
        ("lower_and_split_punctuation", "He said 'no'...", "he said ' no ' . . ."),
        ("lower_and_split_punctuation", "tab\tand\r\nline", "tab and line"),
        ("lower_and_split_punctuation", "Café DÉJÀ, naïve!", "café déjà , naïve !"),
        ("lower_and_split_punctuation", "Öl für Straße", "öl für straße"),
        ("lower_and_split_punctuation", "ПРИВЕТ, мир", "привет , мир"),
        ("lower_and_split_punctuation", "नमस्ते!", "नमस्ते !"),
        ("lower_and_split_punctuation", "日本", "日 本"),
        ("lower_and_split_punctuation", "so good😀😀", "so good 😀 😀"),
        ("lower_and_split_punctuation", "I❤️you", "i ❤️ you"),
        ("lower_and_split_punctuation", "no\u00a0break", "no break"),
        # Lower-case by Unicode's rule for all languages: a dotted capital I keeps its dot.
        ("lower_and_split_punctuation", "İstanbul IŞIK", "i\u0307stanbul işik"),
        ("lower_and_strip_punctuation", "It's GOOD, isn't it?", "its good isnt it"),
        ("lower_and_strip_punctuation", "Café — déjà_vu ❤️!", "café déjà_vu"),
        ("split_punctuation", "It's GOOD, ok?", "It's GOOD , ok ?"),
        ("lower", "It's GOOD, ok?", "it's good, ok?"),
        ("none", "It's GOOD, ok?", "It's GOOD, ok?"),
    ],
)
def test_standardizers_by_hand(standardize, text, expected):
    assert tokens([text], standardize=standardize) == [expected.split(" ")]


def test_words_are_lowered_and_characters_left_by_default():
    assert tokens(["Ab c!"]) == [["ab", "c", "!"]]
    assert tokens(["Ab 😀é"], level="character") == [["A", "b", " ", "😀", "é"]]


def test_ngrams_follow_the_single_words():
    assert tokens(["a b c", "d", ""], ngrams=3) == [
        ["a", "b", "c", "a b", "b c", "a b c"],
        ["d"],
        [],
    ]


# === Vocabulary ===


def vocabulary_in_python(texts, limit=None, min_count=1):
    counts = collections.Counter(word for text in texts for word in text.lower().split())
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return [word for word in ranked if counts[word] >= min_count][:limit]


TEXTS = ["b a b", "c b d", "a E", "Z d c"]


@pytest.mark.parametrize("limit", [None, 3, 4, 5, 100])
@pytest.mark.parametrize("min_count", [1, 2, 3])
def test_vocabulary_is_by_count_then_alphabet(limit, min_count):
    text = Text(vocabulary_size=limit, min_count=min_count).adapt(TEXTS)
    # Padding and unknown take two of the ids.
    expected = vocabulary_in_python(TEXTS, None if limit is None else limit - 2, min_count)
    assert text.vocabulary == expected
    assert text.vocabulary_size == len(expected) + 2
    ids = text.encode(tf.constant([" ".join(expected)])).to_list()
    assert ids == [list(range(2, len(expected) + 2))]


def test_ties_at_the_limit_fall_to_the_alphabet():
    # "a" to "d" are seen twice, and only three fit.
    assert Text(vocabulary_size=5).adapt(["d c b a", "a b c d"]).vocabulary == ["a", "b", "c"]


FORMS = {
    "list": lambda texts: texts,
    "tuple": tuple,
    "bytes": lambda texts: [text.encode() for text in texts],
    "array <U": np.array,
    "array of objects": lambda texts: np.array(texts, dtype=object),
    "column array": lambda texts: np.array(texts)[:, None],
    "Series": lambda texts: pd.Series(texts, index=range(5, 5 + len(texts))),
    "frame": lambda texts: pd.DataFrame({"any": texts}),
    "tensor": tf.constant,
    "dataset": tf.data.Dataset.from_tensor_slices,
    "batched dataset": lambda texts: tf.data.Dataset.from_tensor_slices(texts).batch(3),
    "one large batch": lambda texts: tf.data.Dataset.from_tensors(tf.constant(texts)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_data_teaches_the_same(form):
    texts = [*TEXTS, "", "é 😀"]
    text = Text().adapt(FORMS[form](texts))
    assert text.vocabulary == vocabulary_in_python(texts)


def test_adapting_again_forgets():
    assert Text().adapt(["a"]).adapt(["b"]).vocabulary == ["b"]


# === Encoding ===


def test_ids_by_hand():
    text = Text().adapt(["good film", "a good day"])  # good 2, a 3, day 4, film 5
    assert text.encode(tf.constant(["A good film!", "", "day"])).to_list() == [
        [3, 2, 5, 1],
        [1],  # an empty text is one unknown token
        [4],
    ]
    assert text.encode(tf.constant(["", " \n"])).to_list() == [[1], [1]]
    assert text.encode(tf.constant([], tf.string)).to_list() == []
    assert text.encode(tf.constant(["a"])).dtype == tf.int32


@pytest.mark.parametrize(
    "keep, limit, expected",
    [
        ("start", 4, "abcd"),
        ("end", 4, "efgh"),
        ("both", 4, "afgh"),  # a quarter from the start, the rest from the end
        ("both", 8, "abcdefgh"),
        ("both", 7, "adefgh"[:1] + "cdefgh"),
        ("both", 1, "h"),
        ("start", 1, "a"),
        ("start", 9, "abcdefgh"),
    ],
)
def test_truncation_keeps_what_it_says(keep, limit, expected):
    text = Text(level="character", max_length=limit, keep=keep).adapt(["abcdefgh"])
    short = "abc"[:limit]
    ids = text.encode(tf.constant(["abcdefgh", short, ""]))
    assert text.decode(ids.to_list()[:2]) == [expected, short]
    assert ids.to_list()[2] == [1]
    whole = text.encode(tf.constant(["abcdefgh"]), truncate=False)
    assert whole.to_list() == [list(range(2, 10))]


def test_unique_keeps_the_first_of_each():
    text = Text(unique=True, ngrams=2).adapt(["a b a b"])  # a 2, a b 3, b 4, b a 5
    assert text.vocabulary == ["a", "a b", "b", "b a"]
    rows = text.encode(tf.constant(["b a b b", "x y x", "", "a"])).to_list()
    assert rows == [[4, 2, 5, 3, 1], [1], [1], [2]]


def test_decode_leaves_padding_out():
    text = Text().adapt(["good film"])
    assert text.decode(np.array([[3, 2, 0, 0], [1, 2, 3, 0]])) == ["good film", "[UNK] film good"]
    letters = Text(level="character").adapt(["ab"])
    assert letters.decode([[3, 2, 2, 0]]) == ["baa"]


def test_undecodable_bytes_are_unknown_and_leave_their_neighbours():
    raw = tf.constant([b"good caf\xe9 film", b"\xff\xfe"])
    text = Text().adapt(raw)
    assert set(text.vocabulary) == {"good", "caf", "film"}
    first, second = text.encode(raw).to_list()
    assert first[0] == text.vocabulary.index("good") + 2
    assert first[-1] == text.vocabulary.index("film") + 2
    assert set(second) == {1}
    letters = Text(level="character").adapt(tf.constant([b"a\xe9b"]))
    assert letters.vocabulary == ["a", "b"]
    assert letters.encode(tf.constant([b"a\xe9b"])).to_list() == [[2, 1, 3]]


def test_lone_surrogates_are_taken():
    text = Text().adapt(["a b"])
    broken = b"a \xff b".decode("utf-8", "surrogateescape")
    assert text.encode(text.to_tensor([broken])).to_list() == [[2, 1, 3]]


# === Config ===


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"level": "character", "max_length": 3, "keep": "both"},
        {"vocabulary_size": 6, "ngrams": 2, "unique": True, "min_count": 2},
        {"vocabulary_size": None, "standardize": "none"},
    ],
)
def test_config_makes_an_equal_feature_in_a_fresh_process(options, feature_in_fresh_process):
    texts = ["Good film é 😀", "a good, good day", "good"]
    text = Text(**options).adapt(texts)
    assert set(text.get_config()) >= set(options)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(text))
    assert again.get_config() == text.get_config()
    expected = text.encode(tf.constant([*texts, ""])).to_list()
    assert again.encode(tf.constant([*texts, ""])).to_list() == expected
    assert feature_in_fresh_process(text, [*texts, ""]) == expected


# === Bad input ===


@pytest.mark.parametrize(
    "options, message",
    [
        ({"level": "words"}, "level must be one of 'word', 'character'.*'words'"),
        ({"keep": "middle"}, "keep must be one of.*'middle'"),
        ({"standardize": "upper"}, "standardize must be one of.*'upper'"),
        ({"vocabulary_size": 2}, "None or an integer of at least 3. Received: vocabulary_size=2"),
        ({"max_length": 0}, "at least 1. Received: max_length=0"),
        ({"max_length": 2.5}, "Received: max_length=2.5"),
        ({"ngrams": None}, "ngrams must be an integer of at least 1 and at most 16. Received: ngr"),
        ({"ngrams": 17}, "ngrams must be an integer of at least 1 and at most 16"),
        ({"min_count": True}, "Received: min_count=True"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Text(**options)


@pytest.mark.parametrize(
    "data, message",
    [
        ("one text", r"list of texts.*pass \[text\].*'one text'"),
        ([], "at least one word"),
        (["", " "], "only empty texts"),
        (["a", None], "missing value at position 1"),
        (["a", float("nan")], "missing value at position 1"),
        (pd.Series(["a", pd.NA], dtype="string"), "missing value at position 1"),
        (["a", {"b": 1}], "takes texts.*dict at position 1"),
        ([["a"], ["b", "c"]], "takes texts.*list at position 0"),
        ([["a", "b"], ["c", "d"]], r"values of shape \(\).*shape \(2, 2\)"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), r"one column.*\['a', 'b'\]"),
        (tf.data.Dataset.from_tensor_slices([1, 2]), "takes string values.*int32"),
        (tf.data.Dataset.from_tensor_slices((["a"], ["b"])), r"map\(lambda x, y: x\)"),
        (tf.data.Dataset.from_tensors([[["a"]]]), r"shape \(1, 1, 1\)"),
    ],
)
def test_bad_data(data, message):
    with pytest.raises(ValueError, match=message):
        Text().adapt(data)


def test_nothing_often_enough():
    with pytest.raises(ValueError, match="seen 2 times. Received: min_count=3"):
        Text(min_count=3).adapt(["a a b"])
