"""Padding moves no output, also where Keras passes no mask through recurrent layers.

Keras 3.16 sets `supports_masking = False` in `RNN`, `Bidirectional` and `TimeDistributed`: layers
after them get no mask. Here the three do so in any release.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit import features, models

# As Keras says of every layer that passes no mask on.
pytestmark = pytest.mark.filterwarnings("ignore:.*does not support masking")

STEPS, MORE = 5, 20
WORDS = "red green blue black white".split()
TEXTS = [" ".join(WORDS), " ".join(WORDS[::-1])]
SERIES = [np.random.default_rng(seed).normal(size=(STEPS, 2)) for seed in range(2)]
LABELS = ["yes", "no"]
TAGS = [["A", "B", "A", "C", "C"], ["C", "A", "B", "B", "A"]]


@pytest.fixture(autouse=True)
def no_masks_through_recurrent_layers(monkeypatch):
    never = property(lambda self: False, lambda self, value: None)
    for cls in (keras.layers.RNN, keras.layers.Bidirectional, keras.layers.TimeDistributed):
        monkeypatch.setattr(cls, "supports_masking", never)


def text():
    return features.Text().adapt(TEXTS)


def series():
    return features.Series(2).adapt(SERIES)


def label():
    return features.Label().adapt(LABELS)


def tags():
    return features.Tags().adapt(TAGS)


def randomise(model):
    """Weights so large that everything that is read can be seen in the outputs."""
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.5, size=weight.shape))
    return model


def encoded(model, x):
    return model.prepare(x, targets=False).tensors[0]


def padded(model, x, more=0):
    """The first of raw inputs as a tensor `[1, time, ...]`, with more steps of padding."""
    tensor = encoded(model, x)
    tensor = tensor.to_tensor() if isinstance(tensor, tf.RaggedTensor) else tensor
    tensor = tensor[:1].numpy()
    padding = np.nan if tensor.dtype.kind == "f" else 0
    widths = [(0, 0), (0, more)] + [(0, 0)] * (tensor.ndim - 2)
    return tf.constant(np.pad(tensor, widths, constant_values=padding))


def same(one, other, steps=None):
    one, other = np.asarray(one)[:, :steps], np.asarray(other)[:, :steps]
    assert one.shape == other.shape and np.isfinite(one).all() and np.abs(one).max() > 1e-3
    np.testing.assert_allclose(other, one, atol=1e-6)


# === Patterns ===

VECTORS = {
    "bag": (models.OneToOne, text, TEXTS, {}),
    **{
        f"many-to-one, {pooling}": (
            models.ManyToOne,
            series if pooling == "last" else text,
            SERIES if pooling == "last" else TEXTS,
            {"pooling": pooling, "bidirectional": True, "num_layers": layers},
        )
        for pooling, layers in {"last": 1, "mean": 1, "max": 2, "sum": 1, "mean_max": 2}.items()
    },
    "many-to-one, dense": (models.ManyToOne, series, SERIES, {"cell": "dense", "pooling": "max"}),
    "many-to-one, deep reservoir": (
        models.ManyToOne, text, TEXTS,
        {"cell": "esn", "num_layers": 2, "bidirectional": True, "pooling": "last"},
    ),
    "many-to-one, convolution and bag": (
        models.ManyToOne, text, TEXTS,
        {"filters": 3, "kernel_size": 3, "bag_of_words": True, "pooling": "max", "cell": "gru"},
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", VECTORS)
def test_one_output(name):
    cls, feature, x, options = VECTORS[name]
    options = {"units": 3, "seed": 1, **options}
    if cls is models.ManyToOne:
        options["embedding_size"] = 3
    model = randomise(cls(feature(), label(), **options))
    same(model(padded(model, x)), model(padded(model, x, MORE)))


STEPWISE = {
    "softmax": {"bidirectional": True, "num_layers": 2},
    "crf": {"bidirectional": True, "crf": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPWISE)
def test_tagger(name):
    words = features.Words(max_word_length=4).adapt(TEXTS)
    options = {"units": 3, "embedding_size": 3, "character_filters": 2, "seed": 1}
    model = randomise(models.Tagger(words, tags(), **options, **STEPWISE[name]))
    x = [text.split() for text in TEXTS]
    same(model(padded(model, x)), model(padded(model, x, MORE)), STEPS)
    losses = []
    for more in (0, MORE):
        inputs = padded(model, x, more)
        y = tf.constant([[0, 1, 0, 2, 2] + [-1] * more])
        losses.append(float(model.compute_loss(inputs, y, model(inputs))))
    np.testing.assert_allclose(*losses, atol=1e-6)


@pytest.mark.slow
def test_tags_found_beside_a_longer_sequence():
    words = features.Words(max_word_length=4).adapt(TEXTS)
    model = models.Tagger(words, tags(), units=3, embedding_size=3, crf=True, seed=1)
    alone, *_ = randomise(model).infer([WORDS, WORDS[::-1]], details=True)
    beside, _ = model.infer([WORDS, WORDS * 5], details=True)
    assert alone["tags"] == beside["tags"]
    np.testing.assert_allclose(alone["probabilities"], beside["probabilities"], atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_forecaster(cell):
    x = [each[:, :1] for each in SERIES]
    feature, ahead = features.Series().adapt(x), features.Forecast(horizon=2).adapt(x)
    model = randomise(models.Forecaster(feature, ahead, cell=cell, units=3, num_layers=2, seed=1))
    same(model(padded(model, x)), model(padded(model, x, MORE)), STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("attention", ["additive", "multiplicative"])
def test_encoder_decoder(attention):
    feature, x = (text(), TEXTS) if attention == "additive" else (series(), SERIES)
    model = models.EncoderDecoder(
        feature, text(), units=4, embedding_size=3, num_layers=2, bidirectional=True,
        attention=attention, seed=1,
    )  # fmt: skip
    randomise(model)
    target = tf.constant([[2, 3, 4, 5]])
    one, other = (model([padded(model, x, more), target]) for more in (0, MORE))
    same(one, other)
    # Padding of the target, too, which is read from its start.
    same(one, model([padded(model, x), tf.pad(target, [[0, 0], [0, MORE]])]), 4)


@pytest.mark.slow
@pytest.mark.parametrize("subsampling", [1, 2])
def test_ctc(subsampling):
    model = models.CTC(
        series(), features.Text(level="character").adapt(TEXTS), units=3, num_layers=2,
        subsampling=subsampling, seed=1, **({"filters": 3} if subsampling > 1 else {}),
    )  # fmt: skip
    randomise(model)
    one, other = (np.asarray(model(padded(model, SERIES, more))) for more in (0, MORE))
    same(one, other, one.shape[1])
    np.testing.assert_allclose(np.exp(other[:, one.shape[1] :, 0]), 1.0)  # the blank is certain


def test_generating_models():
    """Here padding is that of what is generated: it comes after all that counts."""
    tokens = tf.constant([[2, 3, 4, 3]])
    more = tf.pad(tokens, [[0, 0], [0, MORE]])
    options = {"units": 3, "embedding_size": 3, "num_layers": 2, "seed": 1}
    # Two, as a language model goes on from the states of the batch before.
    first, second = (randomise(models.LanguageModel(text(), **options)) for _ in range(2))
    same(first(tokens), second(more), 4)
    captioner = randomise(models.Captioner(label(), text(), **options))
    given = encoded(captioner, LABELS)[:1]
    same(captioner([given, tokens]), captioner([given, more]), 4)


def test_echo_state_network():
    model = models.EchoStateNetwork(
        series(), label(), units=20, washout=1, num_layers=2, pooling="mean", seed=1
    )
    model.fit(SERIES, LABELS, verbose=0)
    longer = np.concatenate([SERIES[1]] * 5)
    same(model.predict([SERIES[0]]), model.predict([SERIES[0], longer])[:1])
