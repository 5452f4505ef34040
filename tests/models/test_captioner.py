"""One value to a sequence: steps equal the whole, pictures are read once for all their texts."""

import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.data.pipeline.shared import Shared
from rnnkit.features import Feature, Image, Label, Number, Series, Text
from rnnkit.models import Captioner
from rnnkit.utils.digits import short, shortened
from tests.decoding import plain_search
from tests.models.test_encoder_decoder import sharpen
from tests.tiers import slow


def marches(size=120):
    """A class, and the same few letters in an order that the class decides."""
    x = ["up", "down"] * (size // 2)
    y = [{"up": "abcd", "down": "dcba"}[kind][: 3 + i // 2 % 2] for i, kind in enumerate(x)]
    return x, y


def conditional(x, y, **options):
    options = {"units": 16, "embedding_size": 8, "seed": 1, **options}
    model = Captioner(Label().adapt(x), Text(level="character").adapt(y), **options)
    model.compile(keras.optimizers.Adam(1e-2, clipnorm=1.0))
    return model


@pytest.fixture(scope="module")
def learned():
    x, y = marches()
    model = conditional(x, y)
    model.fit(x, y, epochs=12, verbose=0)
    return model


@pytest.mark.slow
def test_a_class_decides(learned):
    x, y = marches(4)
    assert learned.infer("up", prompt="a")[:1] == "b"
    assert [text[:1] for text in learned.infer(x[:2], prompt=["a", "d"])] == ["b", "c"]
    own = learned.log_likelihood(x, y)
    other = learned.log_likelihood(["down", "up"] * 2, y)
    assert own.shape == (4,) and (own > other).all()


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", slow("simple_rnn"), slow("dense")])
def test_steps_equal_the_whole(cell):
    """A search that only calls the graph of training finds the same."""
    x, y = marches(20)
    model = conditional(x, y, cell=cell, num_layers=2, units=6)
    sharpen(model)
    head = model.decoder.head

    def logits_after(tokens):
        before = tf.constant([[head.start, *tokens]])
        logits = model([tf.constant([1]), before], training=False)[0, -1].numpy()
        logits[[0, 1, head.start]] = -1e9
        return logits

    expected = plain_search.beam_search(logits_after, head.end, 4, 2, 1.0)
    with pytest.warns(UserWarning, match="did not end") if not expected[0][3] else _nothing():
        found = model.infer(["up"], beam_size=2, n_best=2, max_length=4)[0]
    for result, (score, _, tokens, ended) in zip(found, expected, strict=True):
        assert tuple(result["tokens"]) == (tokens[:-1] if ended else tokens)
        np.testing.assert_allclose(result["score"], score, atol=1e-4)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.slow
def test_prompts_of_a_class_are_read_first():
    x, y = marches(20)
    model = conditional(x, y, cell="gru", units=6)
    sharpen(model)
    head, read = model.decoder.head, model.output_feature.encode(tf.constant(["ab"]))
    before = tf.constant([[head.start, *read.to_list()[0]]])
    logits = model([tf.constant([1]), before], training=False)[0, -1].numpy()
    logits[[0, 1, head.start]] = -1e9
    tokens = model.predict(["up", "down"], prompt=["ab", ""], max_length=1, verbose=0)
    best = int(logits.argmax())
    assert tokens[0].tolist() in ([best], []) and (best == head.end) == (not tokens[0].any())


@pytest.mark.slow
def test_a_file_holds_each_weight_once(learned, tmp_path):
    learned.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive, archive.open("model.weights.h5") as file:
        found = []
        h5py.File(file).visititems(lambda _, each: found.append(each))
        found = [each for each in found if isinstance(each, h5py.Dataset)]
        weights = [each for each in found if not each.name.startswith("/optimizer")]
    assert sorted(each.shape for each in weights) == sorted(tuple(w.shape) for w in learned.weights)


@pytest.mark.slow
def test_likelihood_by_hand(learned):
    x, y = ["up", "down", "up"], ["ab", "d", "abcd"]
    found = learned.log_likelihood(x, y, batch_size=2)
    head = learned.decoder.head
    for kind, text, value in zip(x, y, found, strict=True):
        tokens = [*learned.output_feature.encode(tf.constant([text])).to_list()[0], head.end]
        label = learned.input_feature.encode(tf.constant([kind]))
        logits = learned([label, tf.constant([[head.start, *tokens[:-1]]])], training=False)
        expected = tf.reduce_sum(tf.gather(tf.nn.log_softmax(logits[0]), tokens, batch_dims=1))
        np.testing.assert_allclose(value, expected, rtol=1e-4)
    learned.score_names = ["perplexity", "exact_match"]
    try:
        score = learned.score(x, y)
    finally:
        learned.score_names = None
    assert score["perplexity"] == pytest.approx(np.exp(-found.sum() / 10), rel=1e-5)
    written = learned.infer(x)
    right = np.mean([a == b for a, b in zip(y, written, strict=True)])
    assert score["exact_match"] == short(right)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* did not end within")
def test_numbers_and_vectors_as_input(tmp_path, fresh):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    y = ["up" if row[0] > 0 else "no" for row in x]
    text = Text(level="character").adapt(y)
    model = Captioner(Number(3).adapt(x), text, units=8, embedding_size=8, seed=1)
    model.compile(keras.optimizers.Adam(2e-2))
    model.fit(x, y, epochs=15, verbose=0)
    assert model.score(x, y)["exact_match"] > 0.9
    path = str(tmp_path / "m.keras")
    model.save(path)
    assert fresh.call("infer", path=path, x=x[:5].tolist()) == model.infer(x[:5])
    # To numbers, and from a single number.
    waves = [np.arange(4.0)[:, None] * size for size in (1.0, 2.0, 3.0)]
    model = Captioner(Number().adapt([1.0, 2.0, 3.0]), Series(1).adapt(waves), units=4, seed=1)
    model.fit([1.0, 2.0, 3.0], waves, verbose=0)
    assert model.infer(1.5, max_length=3).shape[1:] == (1,)


@keras.saving.register_keras_serializable(package="tests")
class Grid(Feature):
    """Tiny grey pictures, as they are."""

    raw_spec = tf.TensorSpec((8, 8, 1), tf.float32)
    shape = (8, 8, 1)

    def encode(self, values, truncate=True):
        return tf.cast(values, tf.float32)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* did not end within")
@pytest.mark.parametrize("attention", ["additive", slow(None)])
def test_pictures_are_attended_to(attention):
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(20, 8, 8, 1)).astype("float32")
    text = Text().adapt(["a b", "b"])
    options = {"units": 4, "num_layers": 2, "embedding_size": 4, "seed": 1}
    model = Captioner(Grid(), text, attention=attention, **options)
    model.fit(x, ["a b", "b"] * 10, verbose=0)
    result = model.infer(x[:2], details=True, max_length=3, prompt="a", beam_size=2)[0]
    assert ("attention" in result) == (attention is not None)
    if attention:
        assert result["attention"].shape == (len(result["tokens"]), 16)
        np.testing.assert_allclose(result["attention"].sum(-1), 1, atol=1e-5)
    again = Captioner.from_config(model.get_config())
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    with pytest.raises(ValueError, match="network must be one of 'cnn', .*mean 'MobileNetV2'"):
        Captioner(Grid(), text, network="MobileNet2", **options)


# === Several texts of one picture ===


def captioned(**options):
    """Two grey levels, each with three texts, one picture with a fourth."""
    pictures = np.array([0, 200], "uint8")[:, None, None] * np.ones((1, 8, 8), "uint8")
    x = pictures[[0, 0, 0, 1, 1, 1, 1]]
    y = ["dark", "it is dark", "a dark one", "light", "it is light", "a light one", "light"]
    options = {"units": 8, "embedding_size": 6, "seed": 1, **options}
    model = Captioner(Image().adapt(pictures), Text().adapt(y), **options)
    sharpen(model)
    return model, x, y


@pytest.mark.slow
@pytest.mark.parametrize("attention", ["multiplicative", slow(None)])
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


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* did not end within")
def test_scores_compare_with_all_texts_of_a_picture(monkeypatch):
    model, x, y = captioned()
    model.score_names = ["bleu1", "distinct"]
    written = model.infer(x[[0, 3]])
    expected = metrics.compute("texts", [y[:3], y[3:]], written, names=["bleu1", "distinct"])
    assert model.score(x, y) == model.score(model.prepare(x, y)) == shortened(expected)
    assert model.score(tf.data.Dataset.from_tensor_slices((x[..., None], y)).map(
        lambda x, y: (tf.io.encode_png(x), y))) == shortened(expected)  # fmt: skip
    one = metrics.compute("texts", [[y[0]], [y[3]]], written, names=["bleu1", "distinct"])
    assert model.score(x[[0, 3]], [y[0], y[3]]) == shortened(one)
    # Other scores are of each row.
    model.score_names = ["exact_match"]
    every = metrics.exact_match(y, model.infer(x))
    assert model.score(x, y) == {"exact_match": short(every)}
    model.score_names = ["bleu1", "perplexity"]
    assert list(model.score(x, y)) == ["bleu1", "perplexity"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* did not end within")
def test_pictures_are_varied_and_their_words_an_auxiliary_loss(tmp_path, fresh):
    options = {"augment": True, "flip": True, "auxiliary_loss": 0.1}
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
    with pytest.raises(ValueError, match="auxiliary_loss is for targets of tokens.*=0.1"):
        series = Series(1).adapt(np.zeros((2, 3, 1)))
        Captioner(model.input_feature, series, auxiliary_loss=0.1)


@pytest.mark.slow
def test_networks_of_keras_by_name():
    image = Image(size=32, channels=3, normalize=False)
    options = {"units": 4, "embedding_size": 4, "network": "MobileNet", "seed": 1}
    model = Captioner(image, Text().adapt(["a b"]), **options)
    assert model.get_layer("image_network").output.shape == (None, 1, 1, 1024)
    assert model.get_layer("grid").output.shape == (None, 1, 1024)
    again = Captioner.from_config(model.get_config())
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


# === Bad input ===


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
    with pytest.raises(ValueError, match="attention must be one of.*'cosine'"):
        Captioner(label, text, attention="cosine")
    with pytest.raises(ValueError, match="one value.*sequences are for EncoderDecoder.*Text"):
        Captioner(text, text)
    with pytest.raises(ValueError, match="output_feature must give sequences.*Label"):
        Captioner(label, label)
