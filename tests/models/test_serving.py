"""Models that write, exported: the same without rnnkit."""

import random

import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Audio, PianoRoll, Series, Style, Subwords, Tags, Text, Words
from rnnkit.formats import wav
from rnnkit.models import CTC, Composer, EncoderDecoder, LanguageModel, Tagger

may_not_end = pytest.mark.filterwarnings("ignore:.* did not end within")
X = [" ".join(random.Random(i).choices("abcd", k=1 + i % 4)) for i in range(24)]
Y = [" ".join(reversed(text.split())) for text in X]


def served(model, tmp_path):
    model.export(tmp_path / "served", verbose=False)
    return tf.saved_model.load(tmp_path / "served")


@pytest.mark.slow
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


@pytest.mark.slow
@may_not_end
def test_unknown_tokens_become_words_of_the_input(tmp_path):
    source, target = Text().adapt(X), Text(vocabulary_size=3).adapt(Y)
    model = EncoderDecoder(source, target, units=8, embedding_size=6, beam_size=1, seed=1)
    texts = ["a zebra, b", "new words alone", "a", ""]
    expected = model.infer(texts, max_length=20)
    assert any(word in " ".join(expected) for word in ("zebra", "new", "words", "alone"))
    there = served(model, tmp_path)  # held, as its functions do not hold its variables
    found = there.serve(tf.constant(texts))
    # Without a limit it goes on for longer.
    for text, known in zip(found["text"].numpy(), expected, strict=True):
        assert text.decode().startswith(known)


@pytest.mark.slow
@may_not_end
def test_what_needs_python_is_left_to_the_caller(tmp_path):
    # Characters that are unknown are bytes, of which no text is made in graphs.
    text = Subwords(vocabulary_size=300, byte_fallback=True).adapt(X)
    model = EncoderDecoder(text, text, units=8, embedding_size=6, shared_embedding=True, seed=1)
    there = served(model, tmp_path)
    found = there.serve(tf.constant(X[:4]))
    expected = model.predict(X[:4], verbose=0)
    np.testing.assert_array_equal(found["tokens"][:, : expected.shape[1]], expected)
    assert "text" not in found
    assert text.decode(found["tokens"].numpy()) == model.infer(X[:4])


@pytest.mark.slow
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


@pytest.mark.slow
def test_tags_of_long_sequences_and_of_several_forms(tmp_path):
    words, tags = [["a", "b"], ["c", "a", "b", "a", "c"], []], ["X", "Y"]
    feature = Words(max_word_length=3).adapt(words)
    model = Tagger(feature, Tags().adapt([tags]), units=4, window=3, washout=1, seed=1)
    expected = model.infer(words, details=True)
    there = served(model, tmp_path)
    assert {"serve", "serve_text", "serving_default"} == set(there.signatures)
    padded = [each + [""] * (5 - len(each)) for each in words]
    texts = [" ".join(each) for each in words]
    for form in (tf.constant(padded), tf.ragged.constant(words), tf.constant(texts)):
        found = {name: each.numpy() for name, each in there.serve(form).items()}
        assert found["lengths"].tolist() == [2, 5, 0]
        for row, (length, result) in enumerate(zip([2, 5, 0], expected, strict=True)):
            assert [tag.decode() for tag in found["tags"][row, :length]] == result["tags"]
            np.testing.assert_allclose(
                found["probabilities"][row, :length], result["probabilities"], rtol=1e-5
            )
            assert [word.decode() for word in found["words"][row, :length]] == words[row]
        assert (found["tags"][0, 2:] == b"").all()
    named = there.signatures["serve_text"](values=tf.constant(texts))
    np.testing.assert_array_equal(named["tags"], found["tags"])


@pytest.mark.slow
def test_sound_as_samples_and_as_files(tmp_path):
    rng = np.random.default_rng(0)
    clips = [(0.3 * rng.normal(size=size)).astype("float32") for size in (4000, 3000)]
    audio = Audio(sampling_rate=8000, mels=10, stack=2).adapt(clips)
    model = CTC(audio, Text(level="character").adapt(Y[:8]), units=8, seed=1)
    there, expected = served(model, tmp_path), model.infer(clips)
    padded = np.full((2, 4000), np.nan, "float32")
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = clip
    files = audio.to_tensor(clips)
    for form in (tf.constant(padded), files, tf.ragged.constant([c.tolist() for c in clips])):
        found = there.serve(form)
        assert [text.decode() for text in found["text"].numpy()] == expected
    with pytest.raises(tf.errors.InvalidArgumentError, match="not at 8000 Hz"):
        there.serve(tf.constant([wav.write(clips[0], 16_000)]))


@pytest.mark.slow
@may_not_end
def test_what_is_sampled_has_a_seed(tmp_path):
    text = Text(level="character").adapt(X)
    model = LanguageModel(text, units=8, embedding_size=6, seed=1)
    there, prompts = served(model, tmp_path), ["a b", "", "c"]
    for seed in (1, 2):
        found = there.serve(tf.constant(prompts), tf.constant(seed))["text"].numpy()
        assert [text.decode() for text in found] == model.infer(prompts, seed=seed)
    first, second = (there.serve(tf.constant(prompts))["tokens"].numpy() for _ in range(2))
    assert first.shape != second.shape or (first != second).any()


@pytest.mark.slow
def test_steps_of_keys(tmp_path):
    style, roll = Style().adapt(["x"]), PianoRoll().adapt(["C4+E4 C4 R", "G3 R"])
    model = Composer(style, roll, units=6, embedding_size=4, seed=1)
    model.longest_target = 4
    there = served(model, tmp_path)
    found = there.serve(tf.constant(["x", "x"]), tf.constant(3))["text"].numpy()
    assert [text.decode() for text in found] == [
        str(each) for each in model.infer(["x"] * 2, seed=3)
    ]


@pytest.mark.slow
def test_labels_in_order(tmp_path):
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(20 + 2 * i, 2)) for i in range(8)]
    model = CTC(Series(2).adapt(x), Text(level="character").adapt(Y[:8]), units=8, seed=1)
    there = served(model, tmp_path)
    for each, text in zip(x, model.infer(x), strict=True):
        assert there.serve(tf.constant(each[None]))["text"].numpy()[0].decode() == text
