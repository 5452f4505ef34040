"""Texts that go on: steps equal the whole, chunks one long text."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit import metrics
from rnnkit.data.pipeline.corpus import Corpus
from rnnkit.features import Series, Text
from rnnkit.models import LanguageModel
from rnnkit.models.generating.decoder import Source
from rnnkit.models.generating.likelihoods import TextLikelihood
from tests import helpers
from tests.decoding import plain_search
from tests.models.test_encoder_decoder import sharpen
from tests.tiers import slow

PLAY = "ANN: is it you?\nBOB: it is.\n" * 12


def language_model(texts=(PLAY,), **options):
    options = {"units": 6, "embedding_size": 5, "sequence_length": 10, "seed": 1, **options}
    return LanguageModel(Text(level="character").adapt(list(texts)), **options)


def one_sequence(model, tokens):
    """Minus the log-probability of each token, all read as one sequence from its start."""
    before = tf.constant([[model.decoder.head.start, *tokens[:-1]]])
    logits, _ = model.decoder.whole(before, Source())
    chosen = tf.gather(tf.nn.log_softmax(logits[0]), tokens, batch_dims=1)
    return -chosen.numpy()


def test_a_corpus_is_cut_into_streams_that_go_on():
    texts = [np.arange(2, 20, dtype="int32"), np.array([30, 31], "int32")]
    corpus = Corpus(texts, between=99)
    assert corpus.tokens.tolist() == [*range(2, 20), 99, 30, 31]
    batches = [(b.numpy(), t.numpy()) for b, t in corpus.chunks(2, 4, start=98)]
    before, target = (np.concatenate(parts, axis=1) for parts in zip(*batches, strict=True))
    assert [b.shape for b, _ in batches] == [(2, 4), (2, 4), (2, 3)]
    # Two streams of 11; behind the end there is padding.
    assert target.tolist() == [list(range(2, 13)), [*range(13, 20), 99, 30, 31, 0]]
    assert before[:, 0].tolist() == [98, 98]
    assert before[:, 1:].ravel()[:-1].tolist() == target[:, :-1].ravel()[:-1].tolist()
    # Fewer streams than rows where there is little, never none.
    assert Corpus(texts, 99).streams(64, 4) == 5 and Corpus(texts, 99).streams(64, 100) == 1


def test_shuffling_begins_elsewhere_and_loses_nothing():
    tf.random.set_seed(0)  # else the positions are of whatever ran before, at times one thrice
    corpus = Corpus([np.arange(2, 23, dtype="int32")], between=99)
    chunks = corpus.chunks(3, 4, start=98, shuffle=True, seed=1)
    epochs = [np.concatenate([t.numpy() for _, t in chunks], axis=1).ravel() for _ in range(3)]
    assert all(sorted(each) == list(range(2, 23)) for each in epochs)
    assert len({each[0] for each in epochs}) > 1
    # Still in order, all around.
    assert all(set(np.diff(each)) <= {1, -20} for each in epochs)


def test_in_training_a_tenth_of_the_chunks_begins_anew():
    tokens = np.random.default_rng(0).integers(2, 90, size=20_000).astype("int32")
    chunks = Corpus([tokens], between=99).chunks(20, 5, start=98, shuffle=True, seed=1)
    epochs = [[(b.numpy(), t.numpy()) for b, t in chunks] for _ in range(2)]
    anew = [np.stack([b[:, 0] == 98 for b, _ in epoch]) for epoch in epochs]  # [chunks, streams]
    assert anew[0][0].all() and anew[1][0].all()
    for each in anew:  # of 4,000 the deviation is 19
        assert abs(each[1:].mean() - 0.1) < 0.02
    assert (anew[0] != anew[1]).any()
    # Elsewhere a chunk goes on from the token before it.
    (_, one), (before, two) = epochs[0][3:5]
    goes_on = before[:, 0] != 98
    assert (before[goes_on, 0] == one[goes_on, -1]).all()
    assert (before[:, 1:] == two[:, :-1]).all()


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", slow("reference_gru"), slow("dense")])
def test_chunks_with_carried_states_equal_one_sequence(cell):
    model = language_model(cell=cell, num_layers=2)
    sharpen(model)
    data = model.prepare([PLAY])
    assert len(data.tokens) == len(PLAY)
    expected = one_sequence(model, data.tokens)
    # One stream, in chunks of ten, the last one shorter: Keras' own evaluation.
    loss = []
    for before, target in data.chunks(1, 10, model.decoder.head.start):
        loss.append((float(model.test_on_batch(before, target)[0]), target.shape[1]))
        model.reset_metrics()
    mean = sum(value * count for value, count in loss) / sum(count for _, count in loss)
    np.testing.assert_allclose(mean, expected.mean(), rtol=1e-4)
    assert len(loss) == -(-len(PLAY) // 10)
    np.testing.assert_allclose(model.score([PLAY])["nats"], expected.mean(), rtol=1e-4)


@pytest.mark.slow
def test_training_carries_its_own_states():
    """A step of training on the second chunk starts from the states at the end of the first, and
    evaluation in between changes nothing."""
    model = language_model(cell="gru")
    sharpen(model)
    model.compile(keras.optimizers.SGD(0.0))
    data = model.prepare([PLAY])
    batches = list(data.chunks(2, 10, model.decoder.head.start))
    losses = []
    for before, target in batches[:2]:
        losses.append(float(model.train_on_batch(before, target)[0]))
        model.reset_metrics()
        model.evaluate([PLAY[:50]], verbose=0)
        model.reset_metrics()
    before, target = (tf.concat(each, axis=1) for each in zip(*batches[:2], strict=True))
    logits, _ = model.decoder.whole(before, Source())
    values = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits).numpy()
    np.testing.assert_allclose(losses, [values[:, :10].mean(), values[:, 10:].mean()], rtol=1e-4)
    # A batch that begins anew forgets.
    again = float(model.train_on_batch(*batches[0])[0])
    np.testing.assert_allclose(again, losses[0], rtol=1e-4)


@pytest.mark.slow
def test_scores_in_several_streams_know_what_came_before():
    model = language_model(cell="lstm")
    sharpen(model)
    tokens = model.prepare([PLAY]).tokens
    expected = one_sequence(model, tokens)
    one = np.concatenate(list(TextLikelihood(model).nats(tokens, 1)))
    np.testing.assert_allclose(one, expected, rtol=1e-3, atol=1e-4)
    several = list(TextLikelihood(model, stream=60, context=60).nats(tokens, 4))
    assert sum(map(len, several)) == len(tokens)
    # Sixty tokens of context are all that this network remembers.
    np.testing.assert_allclose(np.concatenate(several).sum(), expected.sum(), rtol=1e-4)


def test_scores_by_hand():
    found = metrics.compute("likelihood", 6 * np.log(2), tokens=3, units=6)
    assert found == pytest.approx({"nats": np.log(2), "bits": 1.0, "perplexity": 4.0})
    with pytest.raises(ValueError, match="Unknown score of likelihood 'nat'.*Did you mean 'nats'"):
        metrics.compute("likelihood", 1.0, tokens=1, units=1, names=["nat"])


@pytest.mark.slow
def test_it_learns_more_than_the_last_character():
    losses = {}
    for cell in ("gru", "dense"):
        model = language_model(cell=cell, units=32, embedding_size=16)
        model.compile(keras.optimizers.Adam(2e-2, clipnorm=1.0))
        model.fit(PLAY * 4, epochs=6, batch_size=8, verbose=0)
        losses[cell] = model.score(PLAY)["nats"]
    assert losses["gru"] < 0.2 < losses["dense"]


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "esn", slow("gru"), slow("dense")])
def test_a_prompt_goes_on_as_a_plain_loop_would(cell):
    model = language_model(cell=cell, num_layers=2, dropout=0.1)
    sharpen(model)
    feature, start = model.output_feature, model.decoder.head.start
    prompts = ["ANN: is", "", "B"]
    found = model.infer(prompts, beam_size=1, max_length=6, details=True)
    for prompt, result in zip(prompts, found, strict=True):
        read = feature.encode(tf.constant([prompt])).to_list()[0] if prompt else []

        def logits_after(tokens, read=read):
            before = tf.constant([[start, *read, *tokens]])
            logits = model.decoder.whole(before, Source())[0][0, -1].numpy()
            logits[[0, 1, start]] = -1e9  # never written
            return logits

        expected = plain_search.beam_search(logits_after, model.decoder.head.end, 6, 1, 1.0)
        _, total, tokens, ended = expected[0]
        assert tuple(result["tokens"]) == (tokens[:-1] if ended else tokens)
        np.testing.assert_allclose(result["log_probability"], total, atol=1e-4)


@pytest.mark.slow
def test_sampling_is_the_default_and_follows_its_seed():
    model = language_model()
    sharpen(model)
    first = model.infer("ANN", max_length=40, seed=3)
    assert first == model.infer("ANN", max_length=40, seed=3) and len(first) > 0
    assert first != model.infer("ANN", max_length=40, seed=4)
    # The colder, the more like the likeliest.
    cold = model.infer("ANN", max_length=40, temperature=1e-3, seed=4)
    assert cold == model.infer("ANN", max_length=40, beam_size=1)
    assert len(model.infer(["ANN", "B"], n_best=3, max_length=5)[1]) == 3


@pytest.mark.slow
def test_words_go_on_with_their_space():
    text = "one two three four " * 10
    model = LanguageModel(Text().adapt([text]), units=24, sequence_length=8, seed=1)
    model.compile(keras.optimizers.Adam(2e-2))
    model.fit(text, epochs=30, batch_size=2, shuffle=False, verbose=0)
    assert model.infer("one two", beam_size=1, max_length=2) == " three four"
    assert model.infer("", beam_size=1, max_length=2) == "one two"
    score = model.score("one two three four")
    np.testing.assert_allclose(score["nats"] * 18, np.log(score["perplexity"]) * 4, rtol=1e-4)


@pytest.mark.slow
def test_between_texts_is_an_end():
    model = language_model(["ab", "b"], units=24)
    model.compile(keras.optimizers.Adam(2e-2))
    data = model.prepare(["ab", "", "b"])  # an empty one is none
    assert data.tokens.tolist() == [3, 2, model.decoder.head.end, 2] and data.characters == 4
    model.fit(["ab"] * 60, epochs=8, batch_size=2, verbose=0)
    result = model.infer(["a"], beam_size=1, details=True)[0]
    assert result["text"] == "b" and result["finished"]


@pytest.mark.parametrize("x", [PLAY, [PLAY], (PLAY,), np.array([PLAY])], ids=repr)
def test_texts_in_every_form(x):
    model = language_model()
    x = list(x) if isinstance(x, tuple) else x
    assert model.prepare(x).tokens.tolist() == model.prepare([PLAY]).tokens.tolist()
    dataset = tf.data.Dataset.from_tensor_slices([PLAY])
    assert model.prepare(dataset.batch(2)).characters == model.prepare(dataset).characters


def test_long_texts_are_encoded_in_pieces(monkeypatch):
    model = language_model(["a\u00e9\u4e00b\nc "])
    text = "a\u00e9\u4e00b\nc " * 9 + "\u4e00" * 20
    expected = model.prepare([text]).tokens.tolist()
    monkeypatch.setattr("rnnkit.models.generating.texts.PIECE", 16)
    assert model.prepare([text]).tokens.tolist() == expected and len(expected) == len(text)


@pytest.mark.slow
def test_a_language_model_lives_on_in_its_file(tmp_path, fresh):
    model = language_model(num_layers=2)
    model.fit([PLAY], epochs=1, batch_size=3, verbose=0)
    assert type(model).from_config(model.get_config()).get_config() == model.get_config()
    path = str(tmp_path / "m.keras")
    model.save(path)
    options = {"max_length": 12, "seed": 1}
    assert fresh.call("infer", path=path, x=["ANN", ""], **options) == model.infer(
        ["ANN", ""], **options
    )
    again = rnnkit.load_model(path)
    assert again.score([PLAY]) == model.score([PLAY])
    for each in (model, again):  # the optimizer goes on as well, streams of another number
        each.fit([PLAY], batch_size=4, shuffle=False, verbose=0)
    assert helpers.weights_equal(model.get_weights(), again.get_weights())
    again.fine_tune([PLAY], epochs=1, verbose=0)


@pytest.mark.slow
def test_compiled_by_xla():
    model = language_model(cell="gru", units=4, dropout=0.1)
    model.compile(jit_compile=True)
    history = model.fit([PLAY], validation_data=[PLAY[:60]], batch_size=4, verbose=0)
    assert np.isfinite([history.history["loss"], history.history["val_loss"]]).all()


@pytest.mark.slow
def test_in_half_precision():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = language_model()
        assert np.isfinite(model.fit([PLAY], verbose=0).history["loss"]).all()
        assert np.isfinite(model.score([PLAY])["nats"])
        assert isinstance(model.infer("ANN", max_length=4), str)
    finally:
        keras.config.set_dtype_policy(policy)


# === Bad input ===


@pytest.mark.slow
def test_unknown_characters_are_read_and_said():
    model = language_model()
    with pytest.warns(UserWarning, match="2 of 5 tokens of the prompts never occurred"):
        result = model.infer(["ANN\u6f22\u6f22"], max_length=3)
    assert "[UNK]" not in result[0]
    assert model.infer([]) == []


@pytest.mark.parametrize("text", ["", "a", []])
def test_too_little_to_learn_from(text):
    with pytest.raises(ValueError, match="at least two tokens|has no examples"):
        language_model().fit(text, verbose=0)


@pytest.mark.slow
def test_a_text_shorter_than_a_chunk():
    model = language_model(sequence_length=1000)
    model.fit(["BOB: it is.\n"], validation_data=["it"], batch_size=64, verbose=0)
    assert np.isfinite(model.score("it")["nats"])


def test_wrong_data():
    model, (x, y) = language_model(), (["up"], ["ab"])
    with pytest.raises(ValueError, match="y must be left out: a language model"):
        model.fit([PLAY], [PLAY], verbose=0)
    pairs = tf.data.Dataset.from_tensor_slices((x, y))
    with pytest.raises(ValueError, match="learns from texts alone: map the dataset"):
        model.fit(pairs, verbose=0)
    with pytest.raises(ValueError, match="needs texts that end"):
        model.fit(tf.data.Dataset.from_tensors(PLAY).repeat(), verbose=0)
    with pytest.raises(ValueError, match="infer has no option 'prompt'. Options: x, "):
        model.infer("ANN", prompt="B")


def test_wrong_arguments():
    with pytest.raises(ValueError, match="sequence_length must be an integer of at least 1.*=0"):
        language_model(sequence_length=0)
    with pytest.raises(ValueError, match="output_feature must be of tokens where there is no"):
        LanguageModel(Series(1).adapt([np.zeros((3, 1)), np.ones((2, 1))]))
    with pytest.raises(ValueError, match="has learned nothing yet"):
        LanguageModel(Text())
