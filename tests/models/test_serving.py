"""Models that write, exported: the same without rnnkit."""

import random

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Series, Subwords, Text
from rnnkit.models import CTC, EncoderDecoder

may_not_end = pytest.mark.filterwarnings("ignore:.* did not end within")
X = [" ".join(random.Random(i).choices("abcd", k=1 + i % 4)) for i in range(24)]
Y = [" ".join(reversed(text.split())) for text in X]


def served(model, tmp_path):
    model.export(tmp_path / "served", verbose=False)
    return tf.saved_model.load(tmp_path / "served")


@may_not_end
def test_text_to_text(tmp_path):
    model = EncoderDecoder(Text().adapt(X), Text().adapt(Y), units=16, embedding_size=8, seed=1)
    model.fit(X, Y, epochs=2, verbose=0)
    there = served(model, tmp_path)
    found = there.serve(tf.constant(X[:6]))
    assert [text.decode() for text in found["text"].numpy()] == model.infer(X[:6])
    expected = model.predict(X[:6], verbose=0)
    np.testing.assert_array_equal(found["tokens"][:, : expected.shape[1]], expected)
    np.testing.assert_array_equal(found["lengths"], (expected != 0).sum(axis=1))
    with pytest.raises(ValueError, match="decoding is a loop around it.*EncoderDecoder"):
        model.export(tmp_path / "model.onnx", format="onnx")


@may_not_end
def test_what_needs_python_is_left_to_the_caller(tmp_path):
    text = Subwords(vocabulary_size=20).adapt(X)
    model = EncoderDecoder(text, text, units=8, embedding_size=6, shared_embedding=True, seed=1)
    ids = text.encode(tf.constant(X[:4])).to_tensor()
    there = served(model, tmp_path)
    found = there.serve(ids)
    expected = model.predict(X[:4], verbose=0)
    np.testing.assert_array_equal(found["tokens"][:, : expected.shape[1]], expected)
    assert "text" not in found
    assert text.decode(found["tokens"].numpy()) == model.infer(X[:4])


@may_not_end
def test_numbers_are_in_their_own_unit(tmp_path):
    y = [np.full((1 + i % 3, 2), 100.0 + i) for i in range(len(X))]
    model = EncoderDecoder(Text().adapt(X), Series(2).adapt(y), units=8, embedding_size=6, seed=1)
    model.fit(X, y, epochs=1, verbose=0)
    there = served(model, tmp_path)
    found = there.serve(tf.constant(X[:4]))
    for row, length, values in zip(
        found["values"], found["lengths"], model.infer(X[:4]), strict=True
    ):
        np.testing.assert_allclose(row[:length], values, rtol=1e-5)


def test_labels_in_order(tmp_path):
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(20 + 2 * i, 2)) for i in range(8)]
    model = CTC(Series(2).adapt(x), Text(level="character").adapt(Y[:8]), units=8, seed=1)
    there = served(model, tmp_path)
    for each, text in zip(x, model.infer(x, beam_size=1), strict=True):
        assert there.serve(tf.constant(each[None]))["text"].numpy()[0].decode() == text
