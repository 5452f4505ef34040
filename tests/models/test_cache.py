"""The cache of a language model: by plain loops, step by step as in one go, and where it lives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.features import Text
from rnnkit.models import LanguageModel
from rnnkit.models.generating.cache import Cache, calibrated
from rnnkit.models.generating.decoder import Source
from rnnkit.models.generating.likelihoods import TextLikelihood
from tests.tiers import slow

PLAY = "ANN: is it you?\nBOB: it is.\n" * 12


def build(size=8, texts=(PLAY,), **options):
    options = {
        "units": 6,
        "embedding_size": 5,
        "sequence_length": 10,
        "seed": 1,
        **({"cache_weight": 0.5, "cache_scale": 2.0} if size else {}),
    } | options
    text = Text(level="character").adapt(list(texts))
    return LanguageModel(text, cache_size=size, **options)


def plainly(model, tokens, size, weight, scale, barred=()):
    """Probability of each token by the equations, a step at a time."""
    decoder = model.decoder
    before = tf.constant([[decoder.head.start, *tokens[:-1]]])
    features = decoder.features(before, Source())[0][0].numpy().astype("float64")
    logits = decoder.whole(before, Source())[0][0].numpy()
    logits[:, list(barred)] = -1e9
    network = tf.nn.softmax(logits).numpy().astype("float64")
    found = []
    for step, token in enumerate(tokens):
        total = right = 0.0
        past = range(max(0, step - size), step)
        for each in past:
            value = np.exp(scale * features[step] @ features[each])
            total += value
            right += value * (tokens[each] == token)
        part = weight * len(past) / size
        cache = right / total if total else 0.0
        found.append((1 - part) * network[step, token] + part * cache)
    return np.array(found)


def encoded(model, text):
    return model.output_feature.encode(tf.constant([text])).to_list()[0]


# === The equations ===


@pytest.mark.slow
@pytest.mark.parametrize("size", [8, 200])
def test_nats_of_a_text_by_plain_loops(size):
    model = build(size)
    tokens = encoded(model, PLAY[:150])
    expected = -np.log(plainly(model, tokens, size, 0.5, 2.0))
    found = np.concatenate(list(TextLikelihood(model).nats(np.array(tokens), 4)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    nats = model.score([PLAY[:150]])["nats"]
    np.testing.assert_allclose(nats, expected.mean(), rtol=1e-4)


@pytest.mark.slow
def test_chunks_and_streams_are_one_text():
    model = build(30)
    tokens = np.array(encoded(model, PLAY * 3))  # over several chunks
    whole = np.concatenate(list(TextLikelihood(model).nats(tokens, 1)))
    expected = -np.log(plainly(model, tokens.tolist(), 30, 0.5, 2.0))
    np.testing.assert_allclose(whole, expected, rtol=1e-3, atol=1e-4)
    parts = TextLikelihood(model, stream=150, context=120).nats(tokens, 5)
    parts = np.concatenate(list(parts))
    assert len(parts) == len(whole)
    np.testing.assert_allclose(parts.sum(), whole.sum(), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "prompt", "cell"),
    [
        (5, "ANN: is it", "gru"),
        (300, "", "gru"),
        slow(300, "ANN: is it", "dense"),
        slow(5, "B", "dense"),
        slow(300, "B", "gru"),
    ],
)
def test_what_is_written_has_the_probability_that_score_says(size, prompt, cell):
    model = build(size, cell=cell)
    options = {"max_length": 12, "seed": 3, "details": True}
    # Beside a longer one, to which it is padded, and past what the cache holds.
    result, _ = model.infer([prompt, "ANN: is it you"], **options)
    tokens = encoded(model, prompt) if prompt else []
    whole = [*tokens, *result["tokens"]] + [model.decoder.head.end] * result["finished"]
    chances = plainly(model, whole, size, 0.5, 2.0, model.barred())[len(tokens) :]
    np.testing.assert_allclose(result["log_probability"], np.log(chances).sum(), rtol=1e-3)
    assert len(chances) > 5


@pytest.mark.slow
def test_every_beam_has_a_cache_of_its_own():
    model = build(20)
    tokens, barred = encoded(model, "ANN: is"), model.barred()
    beams = model.infer(["ANN: is"], beam_size=4, n_best=4, max_length=6)[0]
    assert len({tuple(each["tokens"]) for each in beams}) == 4
    for each in beams:
        written = each["tokens"] + [model.decoder.head.end] * each["finished"]
        chances = plainly(model, [*tokens, *written], 20, 0.5, 2.0, barred)[len(tokens) :]
        np.testing.assert_allclose(each["log_probability"], np.log(chances).sum(), rtol=1e-3)


def test_what_is_unknown_is_neither_remembered_nor_written():
    model = build(50, cache_weight=1.0)
    with pytest.warns(UserWarning, match="4 of 4 tokens"):
        text = model.infer(["@@@@"], max_length=20, seed=1, details=True)[0]
    assert not {0, 1, model.decoder.head.start} & set(text["tokens"])


# === How much it counts ===


def test_weight_and_scale_are_those_of_the_likeliest():
    # The cache is right at the second scale, and wrong at the first.
    network, full = np.full(10, 0.5), np.ones(10)
    right, wrong = np.full(10, 0.9), np.full(10, 0.1)
    assert calibrated([(network, np.stack([wrong, right], 1), full)], (1.0, 2.0)) == (0.4, 2.0)
    assert calibrated([(network, np.stack([wrong, wrong], 1), full)], (1.0, 2.0))[0] == 0
    # Half of the tokens in either way: log(.5 + .4 w) + log(.5 - .4 w) is greatest at 0.
    both = np.where(np.arange(10) % 2, 0.9, 0.1)[:, None]
    assert calibrated([(network, both, full)], (1.0,))[0] == 0


@pytest.mark.slow
def test_new_names_are_remembered(tmp_path, fresh):
    def text(names):
        return "".join(f"{name}: it is you.\n" for name in names * 20)

    train, other = text(["ANN", "BOB"]), text(["YUT", "SIO"])
    model = build(60, texts=[train + other], units=16, embedding_size=12, cache_weight=0.0)
    model.compile(keras.optimizers.Adam(1e-2))
    model.fit([train], epochs=15, batch_size=4, verbose=0)
    assert (model.cache_weight, model.cache_scale) == (0.0, 2.0)  # nothing to choose by
    before = model.score([other])["nats"]
    model.fit([train], validation_data=[other], epochs=1, batch_size=4, verbose=0)
    assert model.cache_weight > 0 and model.cache_scale in (0.25, 0.5, 1.0)
    after = model.score([other])["nats"]
    assert after < 0.8 * before
    path = tmp_path / "model.keras"
    model.save(path)
    found = fresh.call("infer", path=str(path), x=["YUT"], seed=1, max_length=30)
    again = rnnkit.load_model(path)
    assert again.cache.weight == model.cache_weight and again.cache.scale == model.cache_scale
    assert again.score([other]) == model.score([other])
    assert found == model.infer(["YUT"], seed=1, max_length=30)


@pytest.mark.slow
def test_the_best_of_a_search_has_what_was_chosen_for_it(tmp_path):
    recipe = recipes.get("text_generation")
    data = recipe.data({"train": [PLAY * 4], "validation": [PLAY], "test": [PLAY]})
    options = {"embedding_size": 8, "cache_size": 50, "dropout": 0.0, "num_layers": 1}
    result = recipe.tune(
        data, max_trials=1, epochs=2, seed=1, verbose=0, directory=tmp_path, options=options
    )
    model = result.best_model()
    tokens = model.prepare(data.validation).tokens
    chosen = (model.cache_weight, model.cache_scale)
    assert chosen == TextLikelihood(model).best_cache(tokens, 32)
    assert chosen != (0.1, 0.5)  # with which it was made


@pytest.mark.slow
def test_without_a_cache_nothing_is_other():
    plain, zero = build(0), build(9, cache_weight=0.0)
    zero.set_weights(plain.get_weights())
    assert plain.cache is None
    np.testing.assert_allclose(plain.score([PLAY])["nats"], zero.score([PLAY])["nats"], rtol=1e-5)
    options = {"seed": 2, "max_length": 30}
    assert plain.infer("BOB", **options) == zero.infer("BOB", **options)


@pytest.mark.slow
def test_in_half_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(10)
        assert np.isfinite(model.score([PLAY])["nats"])
        assert 0 < len(model.infer("BOB", max_length=5, seed=1)) <= 5
    finally:
        keras.config.set_dtype_policy("float32")


# === Bad input ===


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cache_size": -1}, "cache_size must be an integer of at least 0"),
        ({"cache_size": 1.5}, "cache_size must be an integer"),
        ({"cache_weight": 1.5}, "cache_weight must"),
        ({"cache_scale": -1}, "cache_scale must"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        LanguageModel(Text(level="character").adapt([PLAY]), **options)


def test_states_of_prompts_by_hand():
    cache = Cache(3, 0.1, 1.0)
    keys = tf.reshape(tf.range(10.0), [2, 5, 1])
    tokens = tf.constant([[7, 8, 9, 10, 11], [7, 0, 0, 0, 0]])
    kept, labels, last = cache.read(keys, tokens)
    assert labels.numpy().tolist() == [[8, 9, 10], [0, 0, 0]]
    assert kept[0, :, 0].numpy().tolist() == [1, 2, 3]
    assert last[:, 0].numpy().tolist() == [4, 5]
    # Never more places than the size, and no more than are needed.
    short = Cache(10, 0.1, 1.0).room(cache.read(keys, tokens), tf.constant(4))
    assert short[0].shape == (2, 7, 1) and short[1][0].numpy().tolist() == [0] * 4 + [8, 9, 10]
    assert cache.room([kept, labels, last], tf.constant(4))[1].shape == (2, 3)
