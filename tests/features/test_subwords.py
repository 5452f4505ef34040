"""Subwords: exact spacing, unknown characters, limits, saving, bad input."""

import base64

import pytest
import sentencepiece
import tensorflow as tf

from rnnkit.features import Subwords

TEXTS = [
    "the low tower is lower than the lowest tower",
    "the new tower is newer than the newest tower",
    "a slow show , and a new one .",
    "don't throw the tower !",
] * 3


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def subwords(request):
    return Subwords(vocabulary_size=60, model_type=request.param).adapt(TEXTS)


def test_texts_come_back_with_their_spaces(subwords):
    texts = [*TEXTS, "lower and newest", "slow,slow!", "o"]
    assert subwords.decode(subwords.encode(tf.constant(texts)).to_list()) == texts


def test_ids_are_those_of_the_library(subwords):
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(base64.b64decode(subwords.model))
    ids = subwords.encode(tf.constant(TEXTS[:4])).to_list()
    assert ids == processor.encode(TEXTS[:4])
    assert 0 not in {index for row in ids for index in row}
    assert subwords.vocabulary_size == processor.get_piece_size() <= 60


def test_frequent_words_are_shorter(subwords):
    assert len(subwords.pieces("the tower")) < len(subwords.pieces("xylophones")) / 2
    assert "".join(subwords.pieces("the tower")) == "\u2581the\u2581tower"


def test_unknown_empty_and_padding(subwords):
    assert 1 in subwords.encode(tf.constant(["the 漢 tower"])).to_list()[0]
    assert subwords.encode(tf.constant([""])).to_list() == [[1]]
    ids = subwords.encode(tf.constant(["a tower"])).to_list()[0]
    assert subwords.decode([[*ids, 0, 0]]) == ["a tower"]


def test_byte_fallback_writes_every_character():
    subwords = Subwords(vocabulary_size=330, byte_fallback=True, normalization="identity")
    subwords.adapt(TEXTS)
    texts = ["the 漢 tower ½", "naïve"]
    assert subwords.decode(subwords.encode(tf.constant(texts)).to_list()) == texts


def test_unknown_pieces_are_replaced_by_words(subwords):
    text = "the 漢字 tower"
    ids = subwords.encode(tf.constant([text])).to_list()[0]
    words = subwords.source_words(text)
    assert len(words) == len(ids) and words[ids.index(1)] == "漢字"
    restored = subwords.restore(ids, {ids.index(1): "XY"})
    assert restored == "the XY tower"
    assert subwords.restore([1, *ids[-1:]], {0: "XY"}).startswith("XY")


def test_limit_cuts(subwords):
    short = Subwords(vocabulary_size=60, max_length=3).adapt(TEXTS)
    assert len(short.encode(tf.constant(TEXTS[:1])).to_list()[0]) == 3
    assert len(short.encode(tf.constant(TEXTS[:1]), truncate=False).to_list()[0]) > 3


def test_normalization():
    lower = Subwords(vocabulary_size=60, normalization="nmt_nfkc_cf").adapt(TEXTS)
    ids = lower.encode(tf.constant(["The\u00a0TOWER", "the tower"])).to_list()
    assert ids[0] == ids[1]


def test_one_vocabulary_for_several_datasets():
    parts = [tf.data.Dataset.from_tensor_slices(TEXTS), tf.data.Dataset.from_tensor_slices(["zzz"])]
    subwords = Subwords(vocabulary_size=60).adapt(parts)
    assert 1 not in subwords.encode(tf.constant(["z tower"])).to_list()[0]


def test_same_in_a_fresh_process(subwords, feature_in_fresh_process):
    values = ["the lowest tower", "漢", ""]
    expected = subwords.encode(tf.constant(values)).to_list()
    assert feature_in_fresh_process(subwords, values) == expected


def test_wrong_arguments():
    with pytest.raises(ValueError, match="model_type.*'unigram', 'bpe'.*'word'"):
        Subwords(model_type="word")
    with pytest.raises(ValueError, match="vocabulary_size.*at least 3.*2"):
        Subwords(vocabulary_size=2)
    with pytest.raises(ValueError, match="normalization.*'upper'"):
        Subwords(normalization="upper")
    with pytest.raises(ValueError, match="only empty texts"):
        Subwords().adapt(["", " "])
    with pytest.raises(ValueError, match="vocabulary_size=5"):
        Subwords(vocabulary_size=5).adapt(TEXTS)
    with pytest.raises(ValueError, match="base64.*Received: 4 characters"):
        Subwords(model="????")
    with pytest.raises(ValueError, match="SentencePiece model"):
        Subwords(model=base64.b64encode(b"no model").decode())
