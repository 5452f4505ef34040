"""Training on what a model writes: the gradient against all sequences there are."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.features import Label, Series, Text
from rnnkit.models import Captioner, EncoderDecoder, LanguageModel
from rnnkit.training import rewards
from rnnkit.training.policy_gradient import PolicyGradient

LIMIT = 2


def writer(**options):
    """A class, of which texts of two letters are written, at most two of them."""
    x, y = ["p", "q", "p", "q"], ["ab", "ba", "ab", "bb"]
    options = {"units": 5, "embedding_size": 4, "seed": 1, **options}
    model = Captioner(Label().adapt(x), Text(level="character").adapt(y), **options)
    model.default_max_length = lambda: LIMIT
    return model, x, y


def pictures():
    """Two grey levels, each with four captions."""
    grey = np.array([0, 200], "uint8")[:, None, None] * np.ones((1, 8, 8), "uint8")
    words = [(name, word) for word in ("dark", "light") for name in ("it", "he", "she", "this")]
    return np.repeat(grey, 4, axis=0), [f"{name} is {word}" for name, word in words]


def expected_reward(model, source, references):
    """Mean over all sequences that can be drawn, each by its probability."""
    head, total = model.decoder.head, 0.0
    letters = [token for token in range(head.size) if token not in model.barred()]
    barred = tf.one_hot(model.barred(), head.size, -1e9, 0.0)
    for tokens in itertools.product(letters, repeat=LIMIT):
        if tokens[0] == head.end:
            if tokens[1] != letters[0]:  # the end is one sequence, whatever would come after it
                continue
            tokens = tokens[:1]
        before = tf.constant([[head.start, *tokens[:-1]]])
        logits = model((source, before), training=True) + tf.reduce_sum(barred, axis=0)
        logs = tf.gather(tf.nn.log_softmax(logits[0]), tokens, batch_dims=1)
        written = tf.constant([[[0 if t == head.end else t for t in tokens] + [0]]])
        reward = rewards.sentence_bleu(written, references, 2)[0, 0]
        total += tf.exp(tf.reduce_sum(logs)) * reward
    return total


@pytest.mark.slow
def test_the_gradient_is_that_of_the_expected_reward():
    model, x, y = writer()
    (source, before), target = next(iter(model._batches(model.prepare(x[:1], y[:1]), 1)))
    model.compile(keras.optimizers.SGD(1.0))
    found = PolicyGradient(model, "bleu2", 4000)
    references = tf.where(target == model.decoder.head.end, 0, target)[None]
    with tf.GradientTape() as tape:
        value = expected_reward(model, source, references)
    variables = model.trainable_variables
    expected = tape.gradient(value, [each.value for each in variables])
    earlier = [each.numpy() for each in variables]
    logs = tf.function(found.train_step)(((source, before), target))
    assert float(logs["reward"]) == pytest.approx(float(value), rel=0.1)
    moved = np.concatenate(
        [(v.numpy() - e).ravel() for v, e in zip(variables, earlier, strict=True)]
    )
    expected = np.concatenate([tf.convert_to_tensor(each).numpy().ravel() for each in expected])
    # 4,000 draws have an error of some 3 %.
    assert np.linalg.norm(moved - expected) < 0.15 * np.linalg.norm(expected)
    assert np.linalg.norm(expected) > 0.01


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* did not end within")
def test_what_is_rewarded_becomes_likelier(tmp_path, fresh):
    x, y = ["p", "q"] * 16, ["abba", "baab"] * 16
    options = {"units": 16, "embedding_size": 8, "seed": 1}
    model = Captioner(Label().adapt(x), Text(level="character").adapt(y), **options)
    model.fit_defaults = {"patience": 50, "monitor": "val_loss"}
    history = model.fine_tune(
        x, y, reward="bleu", epochs=30, batch_size=8, learning_rate=1e-2,
        validation_data=(x, y), verbose=0,
    ).history  # fmt: skip
    assert set(history) == {"reward", "val_reward"}
    assert history["reward"][0] < 0.3 and max(history["reward"]) > 0.6
    # The weights are those of the epoch that wrote best.
    written = model.predict(x[:2], beam_size=1)
    truth = model.prepare(x[:2], y[:2]).tensors[1][:, :-1].to_tensor(0)
    each = rewards.sentence_bleu(written[:, None], truth[:, None])
    assert np.mean(each) == pytest.approx(max(history["val_reward"]), rel=1e-5)
    # Nothing of it is left: losses, metrics and what stops early are the usual ones.
    assert set(model.fit(x, y, verbose=0).history) == {"loss", "token_accuracy"}
    assert len(model.evaluate(x, y, verbose=0)) == 2
    path = str(tmp_path / "m.keras")
    model.save(path)
    assert fresh.call("infer", path=path, x=x[:2]) == model.infer(x[:2])


@pytest.mark.slow
def test_callbacks_can_stop_it_and_the_same_seed_samples_the_same():
    results = []
    for _ in range(2):
        model, x, y = writer()
        stop = keras.callbacks.EarlyStopping("val_reward", mode="max", patience=0, baseline=2.0)
        history = model.fine_tune(
            x, y, reward="bleu", epochs=4, validation_data=(x, y), callbacks=[stop], verbose=0
        )
        assert stop.model is model and model.history is history and len(history.epoch) == 2
        results.append(history.history)
    assert results[0] == results[1]


@pytest.mark.slow
def test_validation_is_the_reward_of_greedy_decoding():
    model, x, y = writer()
    data = model.prepare(x, y)
    trainer = PolicyGradient(model, "bleu", 2)
    trainer.compile()
    found = trainer.evaluate(model._batches(data, 32), return_dict=True, verbose=0)
    written = model.predict(x, beam_size=1)
    truth = data.tensors[1][:, :-1].to_tensor(0)
    each = rewards.sentence_bleu(written[:, None], truth[:, None])
    assert found == {"reward": pytest.approx(float(np.mean(each)), rel=1e-6)}


@pytest.mark.slow
def test_of_a_user_and_for_sequences():
    x, y = ["a b", "b a a"] * 4, ["c", "d c"] * 4
    options = {"units": 4, "embedding_size": 4, "seed": 1}
    model = EncoderDecoder(Text().adapt(x), Text().adapt(y), **options)
    # Full of "c", whatever was asked for.
    token = model.output_feature.encode(tf.constant(["c"])).to_list()[0][0]

    def full(written, references):
        return tf.reduce_mean(tf.cast(written == token, tf.float32), axis=-1)

    model.compile(keras.optimizers.Adam(3e-2))
    history = model.fine_tune(x, y, reward=full, epochs=15, learning_rate=3e-2, verbose=0).history
    assert history["reward"][-1] > history["reward"][0] + 0.2


@pytest.mark.slow
def test_in_half_precision():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model, x, y = writer()
        history = model.fine_tune(x, y, reward="bleu", epochs=1, verbose=0).history
        assert np.isfinite(history["reward"]).all()
    finally:
        keras.config.set_dtype_policy(policy)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* did not end within")
def test_a_recipe_goes_on_with_rewards(tmp_path):
    recipe, (x, y) = recipes.get("image_captioning"), pictures()
    data = recipe.data({"train": (x, y), "validation": (x, y), "test": (x, y)})
    options = {"units": 4, "embedding_size": 4, "min_count": 1, "verbose": 0}
    path = tmp_path / "m.keras"
    model = recipe.train(data, epochs=1, out=path, **options)
    # The curves of both are there.
    assert recipe.training["reward_epochs"] == 1
    lengths = {name: len(values) for name, values in model.history.history.items()}
    once = ["loss", "reward", "token_accuracy"]
    assert lengths == dict.fromkeys([*once, *(f"val_{name}" for name in once)], 1)
    assert "reward" not in model.fit_defaults
    assert rnnkit.load_model(path).infer(x[[0, 4]]) == model.infer(x[[0, 4]])
    model = recipe.train(data, epochs=1, reward_epochs=0, **options)
    assert "reward" not in model.history.history


def test_recipes_refuse_wrong_epochs_of_rewards():
    with pytest.raises(ValueError, match="reward_epochs must be at least 0. Received: -1"):
        recipes.get("image_captioning").train(reward_epochs=-1)
    with pytest.raises(ValueError, match="'spam' has no reward to train by.*reward_epochs=1"):
        recipes.get("spam").train(reward_epochs=1)


def test_wrong_arguments():
    model, x, y = writer()
    with pytest.raises(ValueError, match="samples must be an integer of at least 2.*samples=1"):
        model.fine_tune(x, y, reward="bleu", samples=1)
    with pytest.raises(ValueError, match="reward must be one of .*Did you mean 'bleu1'"):
        model.fine_tune(x, y, reward="blue1")
    with pytest.raises(ValueError, match="learning_rate must be positive"):
        model.fine_tune(x, y, reward="bleu", learning_rate=0)
    alone = LanguageModel(Text().adapt(["a b"]), units=4, embedding_size=4)
    with pytest.raises(ValueError, match="reward is for models with an input.*without input"):
        alone.fine_tune(["a b"] * 50, reward="bleu")
    series = Series(1).adapt(np.zeros((2, 3, 1)))
    numbers = Captioner(Label().adapt(["a", "b"]), series, units=4, embedding_size=4)
    with pytest.raises(ValueError, match="that generate tokens.*generates Series"):
        numbers.fine_tune(["a", "b"], np.zeros((2, 3, 1)), reward="bleu")
