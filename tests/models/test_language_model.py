"""One value to a sequence, and texts that go on: steps equal the whole, chunks one long text."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit import metrics
from rnnkit.data.pipeline.corpus import Corpus
from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.data.pipeline.shared import Shared
from rnnkit.features import Feature, Image, Label, Number, Series, Text
from rnnkit.models import OneToMany
from rnnkit.models.generating import likelihoods
from rnnkit.models.generating.decoder import Source
from tests import helpers
from tests.decoding import plain_search
from tests.models.test_encoder_decoder import sharpen

PLAY = "ANN: is it you?\nBOB: it is.\n" * 12


def language_model(texts=(PLAY,), **options):
    options = {"units": 6, "embedding_size": 5, "sequence_length": 10, "seed": 1, **options}
    return OneToMany(None, Text(level="character").adapt(list(texts)), **options)


def marches(size=120):
    """A class, and the same few letters in an order that the class decides."""
    x = ["up", "down"] * (size // 2)
    y = [{"up": "abcd", "down": "dcba"}[kind][: 3 + i // 2 % 2] for i, kind in enumerate(x)]
    return x, y


def conditional(x, y, **options):
    options = {"units": 16, "embedding_size": 8, "seed": 1, **options}
    model = OneToMany(Label().adapt(x), Text(level="character").adapt(y), **options)
    model.compile(keras.optimizers.Adam(1e-2, clipnorm=1.0))
    return model


@pytest.fixture(scope="module")
def learned():
    x, y = marches()
    model = conditional(x, y)
    model.fit(x, y, epochs=12, verbose=0)
    return model


def one_sequence(model, tokens):
    """Minus the log-probability of each token, all read as one sequence from its start."""
    before = tf.constant([[model.decoder.surface.start, *tokens[:-1]]])
    logits, _ = model.decoder.whole(before, Source())
    chosen = tf.gather(tf.nn.log_softmax(logits[0]), tokens, batch_dims=1)
    return -chosen.numpy()


# === Texts that go on ===


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


@pytest.mark.parametrize("cell", ["lstm", "reference_gru", "dense"])
def test_chunks_with_carried_states_equal_one_sequence(cell):
    model = language_model(cell=cell, num_layers=2)
    sharpen(model)
    data = model.prepare([PLAY])
    assert len(data.tokens) == len(PLAY)
    expected = one_sequence(model, data.tokens)
    # One stream, in chunks of ten, the last one shorter: Keras' own evaluation.
    loss = []
    for before, target in data.chunks(1, 10, model.decoder.surface.start):
        loss.append((float(model.test_on_batch(before, target)[0]), target.shape[1]))
        model.reset_metrics()
    mean = sum(value * count for value, count in loss) / sum(count for _, count in loss)
    np.testing.assert_allclose(mean, expected.mean(), rtol=1e-4)
    assert len(loss) == -(-len(PLAY) // 10)
    np.testing.assert_allclose(model.score([PLAY])["nats"], expected.mean(), rtol=1e-4)


def test_training_carries_its_own_states():
    """A step of training on the second chunk starts from the states at the end of the first, and
    evaluation in between changes nothing."""
    model = language_model(cell="gru")
    sharpen(model)
    model.compile(keras.optimizers.SGD(0.0))
    data = model.prepare([PLAY])
    batches = list(data.chunks(2, 10, model.decoder.surface.start))
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


def test_scores_in_several_streams_know_what_came_before():
    model = language_model(cell="lstm")
    sharpen(model)
    tokens = model.prepare([PLAY]).tokens
    expected = one_sequence(model, tokens)
    one = np.concatenate(list(likelihoods.surprises(model, tokens, 1)))
    np.testing.assert_allclose(one, expected, rtol=1e-3, atol=1e-4)
    several = list(likelihoods.surprises(model, tokens, 4, stream=60, context=60))
    assert sum(map(len, several)) == len(tokens)
    # Sixty tokens of context are all that this network remembers.
    np.testing.assert_allclose(np.concatenate(several).sum(), expected.sum(), rtol=1e-4)


def test_scores_by_hand():
    found = metrics.compute("likelihood", 6 * np.log(2), tokens=3, units=6)
    assert found == pytest.approx({"nats": np.log(2), "bits": 1.0, "perplexity": 4.0})
    with pytest.raises(ValueError, match="Unknown score of likelihood 'nat'.*Did you mean 'nats'"):
        metrics.compute("likelihood", 1.0, tokens=1, units=1, names=["nat"])


def test_it_learns_more_than_the_last_character():
    losses = {}
    for cell in ("gru", "dense"):
        model = language_model(cell=cell, units=32, embedding_size=16)
        model.compile(keras.optimizers.Adam(2e-2, clipnorm=1.0))
        model.fit(PLAY * 4, epochs=6, batch_size=8, verbose=0)
        losses[cell] = model.score(PLAY)["nats"]
    assert losses["gru"] < 0.2 < losses["dense"]


@pytest.mark.parametrize("cell", ["lstm", "gru", "esn", "dense"])
def test_a_prompt_goes_on_as_a_plain_loop_would(cell):
    model = language_model(cell=cell, num_layers=2, dropout=0.1)
    sharpen(model)
    feature, start = model.output_feature, model.decoder.surface.start
    prompts = ["ANN: is", "", "B"]
    found = model.infer(prompts, beam_size=1, max_length=6, details=True)
    for prompt, result in zip(prompts, found, strict=True):
        read = feature.encode(tf.constant([prompt])).to_list()[0] if prompt else []

        def logits_after(tokens, read=read):
            before = tf.constant([[start, *read, *tokens]])
            logits = model.decoder.whole(before, Source())[0][0, -1].numpy()
            logits[[0, 1, start]] = -1e9  # never written
            return logits

        expected = plain_search.beam_search(logits_after, model.decoder.surface.end, 6, 1, 1.0)
        _, total, tokens, ended = expected[0]
        assert tuple(result["tokens"]) == (tokens[:-1] if ended else tokens)
        np.testing.assert_allclose(result["log_probability"], total, atol=1e-4)


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


def test_words_go_on_with_their_space():
    text = "one two three four " * 10
    model = OneToMany(None, Text().adapt([text]), units=24, sequence_length=8, seed=1)
    model.compile(keras.optimizers.Adam(2e-2))
    model.fit(text, epochs=30, batch_size=2, shuffle=False, verbose=0)
    assert model.infer("one two", beam_size=1, max_length=2) == " three four"
    assert model.infer("", beam_size=1, max_length=2) == "one two"
    score = model.score("one two three four")
    np.testing.assert_allclose(score["nats"] * 18, np.log(score["perplexity"]) * 4, rtol=1e-4)


def test_between_texts_is_an_end():
    model = language_model(["ab", "b"], units=24)
    model.compile(keras.optimizers.Adam(2e-2))
    data = model.prepare(["ab", "", "b"])  # an empty one is none
    assert data.tokens.tolist() == [3, 2, model.decoder.surface.end, 2] and data.characters == 4
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


def test_compiled_by_xla():
    model = language_model(cell="gru", units=4, dropout=0.1)
    model.compile(jit_compile=True)
    history = model.fit([PLAY], validation_data=[PLAY[:60]], batch_size=4, verbose=0)
    assert np.isfinite([history.history["loss"], history.history["val_loss"]]).all()


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


# === One value to a sequence ===


def test_a_class_decides(learned):
    x, y = marches(4)
    assert learned.infer("up", prompt="a")[:1] == "b"
    assert [text[:1] for text in learned.infer(x[:2], prompt=["a", "d"])] == ["b", "c"]
    own = learned.log_likelihood(x, y)
    other = learned.log_likelihood(["down", "up"] * 2, y)
    assert own.shape == (4,) and (own > other).all()


@pytest.mark.parametrize("cell", ["simple_rnn", "gru", "dense"])
def test_steps_equal_the_whole(cell):
    """A search that only calls the graph of training finds the same."""
    x, y = marches(20)
    model = conditional(x, y, cell=cell, num_layers=2, units=6)
    sharpen(model)
    surface = model.decoder.surface

    def logits_after(tokens):
        before = tf.constant([[surface.start, *tokens]])
        logits = model([tf.constant([1]), before], training=False)[0, -1].numpy()
        logits[[0, 1, surface.start]] = -1e9
        return logits

    expected = plain_search.beam_search(logits_after, surface.end, 4, 2, 1.0)
    with pytest.warns(UserWarning, match="did not end") if not expected[0][3] else _nothing():
        found = model.infer(["up"], beam_size=2, n_best=2, max_length=4)[0]
    for result, (score, _, tokens, ended) in zip(found, expected, strict=True):
        assert tuple(result["tokens"]) == (tokens[:-1] if ended else tokens)
        np.testing.assert_allclose(result["score"], score, atol=1e-4)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_prompts_of_a_class_are_read_first():
    x, y = marches(20)
    model = conditional(x, y, cell="gru", units=6)
    sharpen(model)
    surface, read = model.decoder.surface, model.output_feature.encode(tf.constant(["ab"]))
    before = tf.constant([[surface.start, *read.to_list()[0]]])
    logits = model([tf.constant([1]), before], training=False)[0, -1].numpy()
    logits[[0, 1, surface.start]] = -1e9
    tokens = model.predict(["up", "down"], prompt=["ab", ""], max_length=1, verbose=0)
    best = int(logits.argmax())
    assert tokens[0].tolist() in ([best], []) and (best == surface.end) == (not tokens[0].any())


def test_likelihood_by_hand(learned):
    x, y = ["up", "down", "up"], ["ab", "d", "abcd"]
    found = learned.log_likelihood(x, y, batch_size=2)
    surface = learned.decoder.surface
    for kind, text, value in zip(x, y, found, strict=True):
        tokens = [*learned.output_feature.encode(tf.constant([text])).to_list()[0], surface.end]
        label = learned.input_feature.encode(tf.constant([kind]))
        logits = learned([label, tf.constant([[surface.start, *tokens[:-1]]])], training=False)
        expected = tf.reduce_sum(tf.gather(tf.nn.log_softmax(logits[0]), tokens, batch_dims=1))
        np.testing.assert_allclose(value, expected, rtol=1e-4)
    learned.score_names = ["perplexity", "exact_match"]
    try:
        score = learned.score(x, y)
    finally:
        learned.score_names = None
    assert score["perplexity"] == pytest.approx(np.exp(-found.sum() / 10), rel=1e-5)
    assert 0 <= score["exact_match"] <= 1


@pytest.mark.filterwarnings("ignore:.* did not end within")
def test_numbers_and_vectors_as_input(tmp_path, fresh):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    y = ["up" if row[0] > 0 else "no" for row in x]
    text = Text(level="character").adapt(y)
    model = OneToMany(Number(3).adapt(x), text, units=8, embedding_size=8, seed=1)
    model.compile(keras.optimizers.Adam(2e-2))
    model.fit(x, y, epochs=15, verbose=0)
    assert model.score(x, y)["exact_match"] > 0.9
    path = str(tmp_path / "m.keras")
    model.save(path)
    assert fresh.call("infer", path=path, x=x[:5].tolist()) == model.infer(x[:5])
    # To numbers, and from a single number.
    waves = [np.arange(4.0)[:, None] * size for size in (1.0, 2.0, 3.0)]
    model = OneToMany(Number().adapt([1.0, 2.0, 3.0]), Series(1).adapt(waves), units=4, seed=1)
    model.fit([1.0, 2.0, 3.0], waves, verbose=0)
    assert model.infer(1.5, max_length=3).shape[1:] == (1,)


@keras.saving.register_keras_serializable(package="tests")
class Grid(Feature):
    """Tiny grey pictures, as they are."""

    raw_spec = tf.TensorSpec((8, 8, 1), tf.float32)
    shape = (8, 8, 1)

    def encode(self, values, truncate=True):
        return tf.cast(values, tf.float32)


@pytest.mark.filterwarnings("ignore:.* did not end within")
@pytest.mark.parametrize("attention", ["additive", None])
def test_pictures_are_attended_to(attention):
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(20, 8, 8, 1)).astype("float32")
    text = Text().adapt(["a b", "b"])
    options = {"units": 4, "num_layers": 2, "embedding_size": 4, "seed": 1}
    model = OneToMany(Grid(), text, attention=attention, **options)
    model.fit(x, ["a b", "b"] * 10, verbose=0)
    result = model.infer(x[:2], details=True, max_length=3, prompt="a", beam_size=2)[0]
    assert ("attention" in result) == (attention is not None)
    if attention:
        assert result["attention"].shape == (len(result["tokens"]), 16)
        np.testing.assert_allclose(result["attention"].sum(-1), 1, atol=1e-5)
    again = OneToMany.from_config(model.get_config())
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    with pytest.raises(ValueError, match="network must be 'cnn'.*Did you mean 'MobileNetV2'"):
        OneToMany(Grid(), text, network="MobileNet2", **options)


# === Several texts of one picture ===


def captioned(**options):
    """Two grey levels, each with three texts, one picture with a fourth."""
    pictures = np.array([0, 200], "uint8")[:, None, None] * np.ones((1, 8, 8), "uint8")
    x = pictures[[0, 0, 0, 1, 1, 1, 1]]
    y = ["dark", "it is dark", "a dark one", "light", "it is light", "a light one", "light"]
    options = {"units": 8, "embedding_size": 6, "seed": 1, **options}
    model = OneToMany(Image().adapt(pictures), Text().adapt(y), **options)
    sharpen(model)
    return model, x, y


@pytest.mark.parametrize("attention", ["multiplicative", None])
def test_a_picture_read_once_for_all_its_texts_gives_the_same(attention):
    model, x, y = captioned(attention=attention)
    data = model.prepare(x, y)
    assert isinstance(data, Shared) and len(data.inputs) == 2
    alone = Encoded((data.each().tensors[0], data.tensors[1]), (0, 0))
    expected = model.log_likelihood(alone, batch_size=2)
    np.testing.assert_allclose(model.log_likelihood(data, batch_size=3), expected, rtol=1e-5)
    np.testing.assert_allclose(model.log_likelihood(x, y), expected, rtol=1e-5)
    weights = np.array([1, 0, 2, 1, 3, 0, 1], "float32")
    found = model.evaluate(x, y, sample_weight=weights, batch_size=100, verbose=0)[0]
    lengths = data.tensors[1].row_lengths().numpy()
    np.testing.assert_allclose(
        found, -(weights * expected).sum() / (weights * lengths).sum(), rtol=1e-4
    )
    # Every text for every picture.
    pairs = model.log_likelihoods(x[[0, 3]], y, batch_size=2)
    np.testing.assert_allclose(pairs[0, :3], expected[:3], rtol=1e-5)
    np.testing.assert_allclose(pairs[1, 3:], expected[3:], rtol=1e-5)
    assert pairs.shape == (2, 7)


@pytest.mark.filterwarnings("ignore:.* did not end within")
def test_scores_compare_with_all_texts_of_a_picture(monkeypatch):
    model, x, y = captioned()
    model.score_names = ["bleu1", "distinct"]
    written = model.infer(x[[0, 3]])
    expected = metrics.compute("texts", [y[:3], y[3:]], written, names=["bleu1", "distinct"])
    assert model.score(x, y) == model.score(model.prepare(x, y)) == expected
    assert model.score(tf.data.Dataset.from_tensor_slices((x[..., None], y)).map(
        lambda x, y: (tf.io.encode_png(x), y))) == expected  # fmt: skip
    one = metrics.compute("texts", [[y[0]], [y[3]]], written, names=["bleu1", "distinct"])
    assert model.score(x[[0, 3]], [y[0], y[3]]) == one
    # Other scores are of each row.
    model.score_names = ["exact_match"]
    every = metrics.exact_match(y, model.infer(x))
    assert model.score(x, y) == {"exact_match": every}
    model.score_names = ["bleu1", "perplexity"]
    assert list(model.score(x, y)) == ["bleu1", "perplexity"]


@pytest.mark.filterwarnings("ignore:.* did not end within")
def test_pictures_are_varied_and_their_words_foretold(tmp_path, fresh):
    options = {"augment": True, "flip": True, "foretell": 0.1}
    model, x, y = captioned(**options)
    plain, *_ = captioned()
    (source, before), _ = next(iter(model._batches(model.prepare(x, y), 8)))
    still, moved = (model([source, before], training=each) for each in (False, True))
    # Nothing of it counts outside training.
    np.testing.assert_allclose(plain([source, before]), still, rtol=1e-5, atol=1e-5)
    assert float(np.abs(still - moved).max()) > 0
    assert len(model.losses) == 1 and float(model.losses[0]) > 0
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "m.keras")
    found = fresh.call("infer", path=str(tmp_path / "m.keras"), x=x[[0, 3]].tolist(), max_length=3)
    assert found == model.infer(x[[0, 3]], max_length=3)
    with pytest.raises(ValueError, match="foretell is for targets of tokens.*foretell=0.1"):
        series = Series(1).adapt(np.zeros((2, 3, 1)))
        OneToMany(model.input_feature, series, foretell=0.1)


def test_networks_of_keras_by_name():
    image = Image(size=32, channels=3, normalize=False)
    options = {"units": 4, "embedding_size": 4, "network": "MobileNet", "seed": 1}
    model = OneToMany(image, Text().adapt(["a b"]), **options)
    assert model.get_layer("image_network").output_shape == (None, 1, 1, 1024)
    assert model.get_layer("grid").output.shape == (None, 1, 1024)
    again = OneToMany.from_config(model.get_config())
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


# === Bad input ===


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


def test_a_text_shorter_than_a_chunk():
    model = language_model(sequence_length=1000)
    model.fit(["BOB: it is.\n"], validation_data=["it"], batch_size=64, verbose=0)
    assert np.isfinite(model.score("it")["nats"])


def test_wrong_data():
    model, (x, y) = language_model(), marches(4)
    with pytest.raises(ValueError, match="y must be left out: a model without input"):
        model.fit([PLAY], [PLAY], verbose=0)
    pairs = tf.data.Dataset.from_tensor_slices((x, y))
    with pytest.raises(ValueError, match="learns from texts alone: map the dataset"):
        model.fit(pairs, verbose=0)
    with pytest.raises(ValueError, match="needs texts that end"):
        model.fit(tf.data.Dataset.from_tensors(PLAY).repeat(), verbose=0)
    with pytest.raises(ValueError, match="takes its prompts as x"):
        model.infer("ANN", prompt="B")
    with pytest.raises(ValueError, match="log_likelihood is for models with an input"):
        model.log_likelihood([PLAY])
    with pytest.raises(ValueError, match="without decoding. Received: temperature"):
        model.score([PLAY], temperature=0.5)


def test_wrong_inputs_of_a_class(learned):
    with pytest.raises(ValueError, match="that training did not: 'sideways'.*'down', 'up'"):
        learned.infer("sideways")
    with pytest.raises(ValueError, match="Received: 3 prompts for 1 inputs"):
        learned.infer(["up"], prompt=["a", "b", "c"])
    with pytest.raises(ValueError, match="pass sample=True"):
        learned.infer("up", temperature=0.5)


def test_wrong_arguments():
    x, y = marches(4)
    label, text = Label().adapt(x), Text().adapt(y)
    for options, message in (
        ({"attention": "cosine"}, "attention must be one of.*'cosine'"),
        ({"sequence_length": 0}, "sequence_length must be a positive integer.*=0"),
    ):
        with pytest.raises(ValueError, match=message):
            OneToMany(label, text, **options)
    with pytest.raises(ValueError, match="one value.*sequences are for EncoderDecoder.*Text"):
        OneToMany(text, text)
    with pytest.raises(ValueError, match="output_feature must give sequences.*Label"):
        OneToMany(label, label)
    with pytest.raises(ValueError, match="output_feature must be of tokens where there is no"):
        OneToMany(None, Series(1).adapt([np.zeros((3, 1)), np.ones((2, 1))]))
    with pytest.raises(ValueError, match="has learned nothing yet"):
        OneToMany(None, Text())
