"""The encoder-decoder: it learns, its steps equal the whole, it lives on in its file."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.features import Label, Series, Subwords, Text
from rnnkit.models import EncoderDecoder
from rnnkit.training.callbacks import LinearDecay
from tests import helpers
from tests.decoding import plain_search
from tests.tiers import slow

WORDS = ("red", "green", "blue", "black", "white")
# A model that has hardly learned may not end.
may_not_end = pytest.mark.filterwarnings("ignore:.* did not end within")


def reversals(size, seed=0, longest=5):
    """Texts, and the same with the words in reverse order."""
    rng = random.Random(seed)
    x = [" ".join(rng.choices(WORDS, k=rng.randint(1, longest))) for _ in range(size)]
    return x, [" ".join(reversed(text.split())) for text in x]


def small(x, y, **options):
    options = {"units": 8, "embedding_size": 6, "seed": 1, "beam_size": 2, **options}
    return EncoderDecoder(Text().adapt(x), Text().adapt(y), **options)


@pytest.fixture(scope="module")
def learned():
    """A model that has learned to reverse."""
    x, y = reversals(1200)
    model = small(x, y, units=48, embedding_size=24, beam_size=3)
    model.compile(optimizer=keras.optimizers.Adam(5e-3, clipnorm=1.0))
    # Small steps at the end: what is learned then hardly depends on the machine.
    model.fit(x, y, epochs=8, batch_size=32, verbose=0, callbacks=[LinearDecay()])
    return model


def plain_logits(model, text):
    """Function from tokens to the next logits, by the graph of training alone."""
    source = model.prepare([text], targets=False).tensors[0].to_tensor()
    barred = (0, model.decoder.head.start)

    def logits_after(tokens):
        before = tf.constant([[model.decoder.head.start, *tokens]], tf.int32)
        logits = model([source, before], training=False)[0, -1].numpy()
        logits[list(barred)] = -1e9
        return logits

    return logits_after


def sharpen(model):
    """Larger weights, drawn anew, so that what is not trained yet has opinions."""
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape, scale=0.6))


# === Learning and decoding ===


@pytest.mark.slow
def test_it_learns(learned):
    x, y = reversals(100, seed=7)
    assert learned.score(x, y)["exact_match"] > 0.95
    assert learned.infer("red blue green") == "green blue red"


@pytest.mark.slow
def test_attention_finds_the_words(learned):
    # The first word written is the last one read, and so on.
    result = learned.infer(["red blue green"], details=True)[0]
    assert result["attention"].shape == (3, 3) and result["finished"]
    np.testing.assert_allclose(result["attention"].sum(-1), 1, atol=1e-5)
    # The state of a bidirectional encoder tells of a neighbour too.
    places = result["attention"].argmax(-1)
    assert all(abs(int(found) - true) <= 1 for found, true in zip(places, [2, 1, 0], strict=True))


@pytest.mark.slow
@may_not_end
@pytest.mark.parametrize(
    "cell, attention",
    [
        ("lstm", "additive"),
        ("esn", "additive"),
        ("dense", "additive"),
        ("gru", "multiplicative"),
        slow("gru", None),
        *(slow(cell, "additive") for cell in ("simple_rnn", "gru", "reference_gru")),
    ],
)
def test_beam_search_against_plain_python(cell, attention):
    """The steps equal the whole sequence, for every cell: a search that only calls the graph of
    training finds the same."""
    x, y = reversals(40)
    model = small(x, y, cell=cell, attention=attention, units=6)
    sharpen(model)
    text = "red green white"
    found = model.infer([text], beam_size=3, n_best=3, max_length=4)[0]
    expected = plain_search.beam_search(
        plain_logits(model, text),
        model.decoder.head.end,
        4,
        3,
        1.0,
        (0, model.decoder.head.start),
    )
    for result, (score, total, tokens, ended) in zip(found, expected, strict=True):
        assert tuple(result["tokens"]) == (tokens[:-1] if ended else tokens)
        np.testing.assert_allclose(result["score"], score, atol=1e-4)
        np.testing.assert_allclose(result["log_probability"], total, atol=1e-4)
        assert result["finished"] == ended


@pytest.mark.slow
@may_not_end
@pytest.mark.parametrize(
    "options",
    [
        {"num_layers": 2, "decoder_layers": 3, "dropout": 0.2},
        slow({"decoder_layers": 1}),
        slow({"bidirectional": False, "cell": "lstm"}),
        {"bidirectional": False, "num_layers": 2, "attention": None},
        {"tied_output": False, "recurrent_dropout": 0.1, "token_dropout": 0.1},
    ],
)
def test_forms_of_the_network(options):
    x, y = reversals(40)
    model = small(x, y, **options)
    sharpen(model)
    text = "red green white"
    found = model.infer([text], beam_size=2, n_best=2, max_length=4)[0]
    expected = plain_search.beam_search(
        plain_logits(model, text),
        model.decoder.head.end,
        4,
        2,
        1.0,
        (0, model.decoder.head.start),
    )
    for result, (score, *_) in zip(found, expected, strict=True):
        np.testing.assert_allclose(result["score"], score, atol=1e-4)


def test_equal_states_need_no_bridge():
    x, y = reversals(10)
    names = [layer.name for layer in small(x, y, bidirectional=False, decoder_layers=1).layers]
    assert not any(name.startswith("bridge") for name in names)


@pytest.mark.slow
def test_batch_does_not_matter(learned):
    x, _ = reversals(30, seed=5)
    together = learned.infer(x, details=True, batch_size=30)
    alone = [learned.infer([text], details=True)[0] for text in x[:6]]
    for one, other in zip(alone, together, strict=False):
        assert one["tokens"] == other["tokens"]
        np.testing.assert_allclose(one["score"], other["score"], atol=1e-5)
        np.testing.assert_allclose(one["attention"], other["attention"], atol=1e-5)
    assert learned.infer(x, batch_size=7) == [each["text"] for each in together]


def test_padding_does_not_matter():
    """Neither the loss nor its gradient sees how long the longest of a batch is."""
    x, y = reversals(20)
    model = small(x, y)
    source, target = (part.to_tensor() for part in model.prepare(x, y).tensors)

    def loss(source, target):
        first = tf.fill([len(target), 1], model.decoder.head.start)
        before = tf.concat([first, target[:, :-1]], axis=1)
        with tf.GradientTape() as tape:
            value = model.loss(target, model([source, before]))
        return value, tape.gradient(value, [each.value for each in model.trainable_variables])

    value, gradient = loss(source, target)
    longer, further = loss(*(tf.pad(each, [[0, 0], [0, 4]]) for each in (source, target)))
    np.testing.assert_allclose(value, longer, rtol=1e-6)
    for one, other in zip(gradient, further, strict=True):
        np.testing.assert_allclose(
            tf.convert_to_tensor(one), tf.convert_to_tensor(other), atol=1e-6
        )


@pytest.mark.slow
@may_not_end
def test_sampling_options(learned):
    text = "red blue green"
    first = learned.infer([text], sample=True, seed=3, n_best=4)
    assert (
        first[0][0]["tokens"]
        == learned.infer([text], sample=True, seed=3, n_best=4)[0][0]["tokens"]
    )
    # The likeliest alone is greedy decoding.
    assert learned.infer([text], sample=True, top_k=1) == learned.infer([text], beam_size=1)


def test_predict_gives_tokens(learned):
    tokens = learned.predict(["red blue green", "red"], verbose=0)
    assert tokens.dtype == "int32" and tokens.shape == (2, 3)
    assert (tokens[1, 1:] == 0).all()
    assert learned.output_feature.decode(tokens) == ["green blue red", "red"]


# === Features ===


@pytest.mark.slow
@may_not_end
def test_shared_subwords_with_tied_embeddings():
    x, y = reversals(60)
    text = Subwords(vocabulary_size=40).adapt(x + y)
    for shared, tied, count in ((True, True, 1), (True, False, 1), (False, True, 2)):
        model = EncoderDecoder(
            text, text, units=8, embedding_size=6, shared_embedding=shared, tied_output=tied
        )
        size = text.vocabulary_size
        tables = [w for w in model.weights if w.shape in ((size + 2, 6), (size, 6))]
        assert len(tables) == count
        assert any(w.shape == (6, size + 2) for w in model.weights) != tied
    assert all(isinstance(each, str) for each in model.infer(x[:3], max_length=5))


@pytest.mark.slow
@may_not_end
def test_numbers_as_source():
    """Series in, words out: how often a series goes up."""
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(rng.integers(3, 9), 2)) for _ in range(30)]
    y = [" ".join(["up" if step > 0 else "down" for step in each[:, 0]]) for each in x]
    series = Series(2).adapt(x)
    model = EncoderDecoder(series, Text().adapt(y), units=8, embedding_size=6, seed=1)
    history = model.fit(x, y, verbose=0, epochs=2)
    assert history.history["loss"][1] < history.history["loss"][0]
    details = model.infer(x[:5], details=True, max_length=12)
    lengths = [each["attention"].shape[1] for each in details]
    assert lengths == [len(each) for each in x[:5]]


@may_not_end
def test_unknown_word_is_taken_from_the_source(learned):
    result = learned.infer(["zebra"], replace_unknown=False)[0]
    raw = learned.infer(["zebra"], details=True)[0]
    if 1 in raw["tokens"]:
        assert raw["text"] != result
    # By hand: an output that is unknown at one place, and looked at the second word there.
    found = [[{"tokens": [1], "attention": np.array([[0.1, 0.9]])}]]
    learned.decoding._copy_unknown(found, [b"red zebra"])
    assert found[0][0]["text"] == "zebra"


# === Loss ===


def test_label_smoothing_is_in_the_loss():
    x, y = reversals(10)
    assert small(x, y, label_smoothing=0.2).loss.label_smoothing == 0.2
    assert small(x, y).loss.label_smoothing == 0.0


@pytest.mark.slow
def test_streamed_data_trains():
    x, y = reversals(64)
    model = small(x, y)
    endless = tf.data.Dataset.from_tensor_slices((x, y)).repeat()
    model.fit(endless, steps_per_epoch=2, batch_size=16, verbose=0)
    assert model.longest_target is None
    with pytest.raises(ValueError, match="needs data that ends"):
        model.score(model.prepare(endless))


# === Files ===


@pytest.mark.slow
@may_not_end
def test_lives_on_in_its_file(tmp_path, fresh):
    x, y = reversals(60)
    text = Subwords(vocabulary_size=40).adapt(x + y)
    model = EncoderDecoder(text, text, units=8, embedding_size=6, shared_embedding=True, seed=1)
    model.fit(x, y, verbose=0)
    assert type(model).from_config(model.get_config()).get_config() == model.get_config()
    path = str(tmp_path / "m.keras")
    model.save(path)
    expected = model.infer(x[:20])
    assert fresh.call("infer", path=path, x=x[:20]) == expected
    again = rnnkit.load_model(path)
    assert (
        again.longest_target
        == model.longest_target
        == 1 + max(len(row) for row in text.encode(tf.constant(y)).to_list())
    )
    before = again.get_weights()
    again.fine_tune(x, y, epochs=1, freeze="encoder", verbose=0)
    changed = {
        weight.path
        for weight, old in zip(again.weights, before, strict=True)
        if not np.array_equal(weight, old)
    }
    assert changed and not any(path.startswith("encoder/") for path in changed)


@pytest.mark.slow
def test_compiled_by_xla():
    x, y = reversals(16)
    model = small(x, y, units=4, dropout=0.1, token_dropout=0.1)
    model.compile(jit_compile=True)
    history = model.fit(x, y, batch_size=16, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.slow
@may_not_end
def test_in_half_precision():
    x, y = reversals(16)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = small(x, y)
        history = model.fit(x, y, batch_size=16, verbose=0)
        assert np.isfinite(history.history["loss"]).all()
        assert len(model.infer(x[:3], max_length=4)) == 3
    finally:
        keras.config.set_dtype_policy(policy)


# === Bad input ===


def test_a_decoder_that_never_ends_is_bounded_and_said(learned):
    with pytest.warns(UserWarning, match="1 of 1 outputs did not end within 2 tokens"):
        result = learned.infer(["red blue green white"], max_length=2, details=True)[0]
    assert len(result["tokens"]) == 2 and not result["finished"]


@pytest.mark.slow
@may_not_end
def test_sources_beyond_the_limit_are_cut_and_said():
    x, y = reversals(20)
    model = EncoderDecoder(Text(max_length=3).adapt(x), Text().adapt(y), units=8, embedding_size=6)
    with pytest.warns(UserWarning, match="1 of 1 examples are longer than max_length"):
        model.infer(["red green blue white"], max_length=3)


def test_targets_beyond_the_limit_still_end():
    x, y = reversals(40)
    model = EncoderDecoder(Text().adapt(x), Text(max_length=2).adapt(y), units=8, embedding_size=6)
    with pytest.warns(UserWarning, match="longer than max_length"):
        data = model.prepare(x, y)
    rows = data.tensors[1].to_list()
    assert max(map(len, rows)) == 3 and all(row[-1] == model.decoder.head.end for row in rows)


@may_not_end
def test_odd_inputs(learned):
    assert learned.infer([]) == [] and learned.predict([]).shape == (0, 0)
    assert isinstance(learned.infer(""), str)
    assert isinstance(learned.infer(["漢字 \U0001f600"])[0], str)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"beam_size": 0}, "beam_size must be an integer of at least 1. Received: beam_size=0"),
        ({"beam_size": 100}, "beam_size must be at most 7, the number of tokens to choose from"),
        ({"beam_size": 2, "n_best": 3}, "n_best must be at most beam_size"),
        ({"top_k": 3}, "pass sample=True"),
        ({"temperature": 0, "sample": True}, "temperature must be positive"),
        ({"max_length": -1}, "max_length must be an integer of at least 1"),
        ({"n_best": 1.5}, "n_best must be an integer"),
    ],
)
def test_wrong_options(learned, options, message):
    with pytest.raises(ValueError, match=message):
        learned.infer(["red"], **options)


def test_wrong_features():
    x, y = reversals(10)
    text, label = Text().adapt(x), Label().adapt(y)
    with pytest.raises(ValueError, match="input_feature must give sequences.*Label"):
        EncoderDecoder(label, text)
    with pytest.raises(ValueError, match="output_feature must give sequences.*Label"):
        EncoderDecoder(text, label)
    with pytest.raises(ValueError, match="beam_size must be an integer of at least 1"):
        EncoderDecoder(text, text, beam_size=0)
    with pytest.raises(ValueError, match="length_penalty must be"):
        EncoderDecoder(text, text, length_penalty=-1.0)
    with pytest.raises(ValueError, match="attention must be one of.*'cosine'"):
        EncoderDecoder(text, text, attention="cosine")
    with pytest.raises(ValueError, match="one vocabulary"):
        EncoderDecoder(text, Text().adapt(["a b c d e f g h i"]), shared_embedding=True)
    with pytest.raises(ValueError, match="units must be even.*units=9"):
        EncoderDecoder(text, text, units=9)
    with pytest.raises(ValueError, match="attention must not be None for the cell 'dense'"):
        EncoderDecoder(text, text, cell="dense", attention=None)
    with pytest.raises(ValueError, match="has learned nothing yet"):
        EncoderDecoder(Text(), text)
    with pytest.raises(ValueError, match="class_weight names the token 0, which is not in the"):
        small(x, y).fit(x, y, class_weight={0: 1.0}, verbose=0)


@pytest.mark.slow
def test_same_data_in_every_form():
    x, y = reversals(20)
    model = small(x, y)
    prepared = model.prepare(x, y)
    pairs = tf.data.Dataset.from_tensor_slices((x, y))
    for form in ((np.array(x), np.array(y)), (pairs,), (pairs.batch(7),), (prepared,)):
        helpers.same_tensors(model.prepare(*form).tensors, prepared.tensors)
    assert model.score(pairs) == model.score(x, y)
