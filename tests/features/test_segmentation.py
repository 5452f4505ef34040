"""SentencePiece in the graph: the ids, the words and the texts of the library."""

import base64
import random

import pytest
import tensorflow as tf

from rnnkit.features import Subwords
from rnnkit.features.segmentation import Segmentation

WORDS = (
    "the cat sat on a mat lower newest widest Zo\u00e9 na\u00efve don't U.S.A. e-mail \u65e5\u672c"
    "\u8a9e \u6771\u4eac \ud55c\uad6d\uc5b4 \ufb01ne \uff46\uff55\uff4c\uff4c \uff11\uff12 \u00bd"
).split()
# What normalisation changes, takes away or joins, and what was never seen.
ODD = [
    *"  ab\u00a0\u3000\t\n\u6f22\u00e9\u0301\ufb01\u2122\u00bd\u00a8\u00b4\u309b\u200b\u200d\u00ad",
    *"\u2581\U0001f642\ufdfa\uac01\u1100\u1161\u11a8\uff76\uff9e\x00\x01\x7f\ufeff\ud55c",
]


def _texts():
    rng = random.Random(0)
    plain = [" ".join(rng.choices(WORDS, k=rng.randint(1, 12))) for _ in range(200)]
    odd = ["".join(rng.choices(ODD, k=rng.randint(0, 12))) for _ in range(600)]
    edges = ["", " ", "\u2581", "a" * 200, "x\u2581\u2581 ", "<unk> <s> <0x41>", "the cat " * 20]
    return plain, [*plain[:30], *odd, *edges]


PLAIN, TEXTS = _texts()
slow = pytest.mark.slow


@pytest.fixture(
    scope="module",
    params=[
        ("unigram", "nmt_nfkc", False),
        ("bpe", "nmt_nfkc", False),
        pytest.param(("unigram", "identity", False), marks=slow),
        pytest.param(("unigram", "nmt_nfkc_cf", False), marks=slow),
        pytest.param(("bpe", "nfkc", False), marks=slow),
        pytest.param(("unigram", "nmt_nfkc", True), marks=slow),
        pytest.param(("bpe", "nmt_nfkc", True), marks=slow),
    ],
    ids=lambda values: "-".join(map(str, values)),
)
def pair(request):
    """An adapted feature, and what computes the same in the graph."""
    kind, normalization, fallback = request.param
    feature = Subwords(
        vocabulary_size=400 if fallback else 150,
        model_type=kind,
        normalization=normalization,
        byte_fallback=fallback,
    ).adapt(PLAIN)
    assert feature.in_graph and feature.decodes_in_graph != fallback
    return feature, feature.segmentation


@pytest.mark.slow
def test_ids_are_those_of_the_library(pair):
    feature, segmentation = pair
    function = tf.function(
        segmentation.encode, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False
    )
    texts = tf.constant([text.encode() for text in TEXTS])
    expected = feature.encode(texts).to_list()
    assert function(texts).to_list() == expected
    assert function(texts[:0]).to_list() == []
    assert function(texts[:1]).to_list() == expected[:1]  # of any batch


@pytest.mark.slow
def test_words_to_copy(pair):
    feature, segmentation = pair
    if segmentation.falls_back:
        return  # nothing is unknown then
    found = segmentation.source_words(tf.constant([text.encode() for text in TEXTS])).to_list()
    expected = [feature.source_words(text) for text in TEXTS]
    assert [[word.decode() for word in words] for words in found] == expected


def test_texts_of_ids(pair):
    feature, segmentation = pair
    if segmentation.falls_back:
        return
    rng = random.Random(1)
    size = feature.vocabulary_size
    rows = [[rng.randrange(1, size) for _ in range(rng.randint(0, 9))] for _ in range(500)]
    ids = tf.ragged.constant(rows, dtype=tf.int32).to_tensor()
    assert [text.decode() for text in segmentation.decode(ids).numpy()] == feature.decode(rows)
    space = feature._processor.piece_to_id("\u2581")
    rows = [[rng.choice([1, 1, space, 5, 9]) for _ in range(rng.randint(1, 7))] for _ in range(500)]
    ids = tf.ragged.constant(rows, dtype=tf.int32).to_tensor()
    put = [
        {place: rng.choice(["w", "zoo"]) for place, index in enumerate(row) if index == 1}
        for row in rows
    ]
    words = [
        [each.get(i, "") for i in range(len(row))] for row, each in zip(rows, put, strict=True)
    ]
    found = segmentation.decode(ids, tf.ragged.constant(words).to_tensor(""))
    expected = [feature.restore(*each) for each in zip(rows, put, strict=True)]
    assert [text.decode() for text in found.numpy()] == expected


def test_models_of_another_kind_are_left_to_python():
    from sentencepiece import sentencepiece_model_pb2

    feature = Subwords(vocabulary_size=60).adapt(["low lower lowest", "new newer newest"])
    model = base64.b64decode(feature.model)
    for change, reason in (
        (lambda proto: setattr(proto.pieces[5], "type", 4), "symbols of its own"),
        (lambda proto: setattr(proto.trainer_spec, "model_type", 4), "another type"),
        (lambda proto: setattr(proto.normalizer_spec, "add_dummy_prefix", False), "spaces"),
        (lambda proto: setattr(proto.pieces[5], "piece", "a\u2581b"), "go across words"),
    ):
        proto = sentencepiece_model_pb2.ModelProto.FromString(model)
        change(proto)
        assert reason in Segmentation(proto.SerializeToString(), "?").reason
