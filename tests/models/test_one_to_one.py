"""OneToOne: a dense network on bags of words or on numbers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnkit.features import Image, Label, Number, Series, Text
from rnnkit.models import OneToOne
from tests import helpers


def labelled(size=64):
    return helpers.presence(size)


def numbers(size=64):
    rng = np.random.default_rng(0)
    return rng.normal(50, 10, size=(size, 3))


MODELS = {
    "text to label": lambda: (*labelled(), Text(ngrams=2, unique=True), Label(), {}),
    "deep": lambda: (*labelled(), Text(), Label(), {"units": [8, 4], "dropout": 0.2}),
    "text to number": lambda: (
        labelled()[0], [float(len(text)) for text in labelled()[0]], Text(), Number(), {},
    ),
    "numbers to label": lambda: (
        numbers(), (numbers()[:, 0] > 50).tolist(), Number(size=3), Label(), {"token_dropout": 0.1},
    ),
    "image to label": lambda: (
        numbers(128).reshape(64, 3, 2).astype("uint8"), (numbers()[:, 0] > 50).tolist(), Image(),
        Label(), {"augment": True},
    ),
    "numbers to numbers": lambda: (
        numbers(), numbers()[:, :2] * 7 + 1e6, Number(size=3), Number(size=2), {},
    ),
}  # fmt: skip


def build(x, y, first, second, options):
    return OneToOne(first.adapt(x), second.adapt(y), **{"units": 8, "seed": 1, **options})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


pending = {}  # what the fresh process still works on, by model


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_one_check_for_every_model(name, fresh, folder):
    x, y, *rest = MODELS[name]()
    model = build(x, y, *rest)
    x = x if isinstance(x, list) else x.tolist()
    y = y if isinstance(y, list) else y.tolist()
    pending[name] = helpers.check_model(model, x, y, folder / f"{name}.keras", fresh)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_lives_on_in_its_file(name):
    if name not in pending:
        pytest.fail("the check before has not come this far")
    pending.pop(name)()


def test_it_is_a_dense_layer_on_counts():
    x, y = ["a b b", "c", ""], ["no", "yes", "no"]
    model = OneToOne(Text().adapt(x), Label().adapt(y), units=5, activation="tanh", seed=1)
    rows, kernel, bias = model.get_weights()
    # Ids: padding, unknown, b, a, c; an empty text is one unknown token.
    counts = np.array([[0, 0, 2, 1, 0], [0, 0, 0, 0, 1], [0, 1, 0, 0, 0]])
    logits = np.tanh(counts @ rows) @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)


@pytest.mark.slow
def test_numbers_come_back_in_their_own_unit():
    rng = np.random.default_rng(1)
    x = rng.normal(size=300)
    y = 5000 + 300 * x
    model = OneToOne(Number().adapt(x), Number().adapt(y), units=16, seed=1)
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(x, y, epochs=15, verbose=0)
    inferred = np.array(model.infer(x))
    assert inferred.shape == (300,)
    assert np.abs(inferred - y).mean() < 30  # a tenth of the deviation
    scores = model.score(x, y)
    assert scores["mae"] == pytest.approx(np.abs(inferred - y).mean(), rel=1e-3)
    assert scores["rmse"] == pytest.approx(np.sqrt(np.square(inferred - y).mean()), rel=1e-3)
    assert scores["r2"] == pytest.approx(
        1 - np.square(inferred - y).sum() / np.square(y - y.mean()).sum(), abs=1e-4
    )
    # What Keras reports is in units of the deviation.
    loss = model.evaluate(x, y, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(np.square((inferred - y) / y.std()).mean(), rel=1e-3)


def test_config_has_every_argument():
    options = {
        "units": [4, 3],
        "activation": "tanh",
        "dropout": 0.1,
        "token_dropout": 0.2,
        "seed": 3,
        "name": "mine",
    }
    model = OneToOne(Text().adapt(["a"]), Label(["x", "y"]), **options)
    config = model.get_config()
    assert {key: config[key] for key in options} == options
    # 3 ids of 4 weights, 4 to 3, 3 to 2 classes.
    assert model.count_params() == 3 * 4 + (4 * 3 + 3) + (3 * 2 + 2)


@pytest.mark.parametrize("units", [0, [], [4, 0], [4, True], 2.5, "8"])
def test_bad_units(units):
    with pytest.raises((ValueError, TypeError), match="units|iterable"):
        OneToOne(Text().adapt(["a"]), Label(["x", "y"]), units=units)


def test_numbers_that_are_not_finite_are_refused():
    model = OneToOne(Number().adapt([1.0, 2.0]), Label(["x", "y"]), units=2)
    with pytest.raises(ValueError, match="finite; 1 of 2 are NaN or infinite.*at position 1"):
        model.predict([1.0, float("nan")])
    with pytest.raises(ValueError, match="finite; 1 of 2"):
        model.fit([1.0, float("inf")], ["x", "y"])


def test_an_image_is_a_dense_layer_on_its_pixels():
    x = np.random.default_rng(0).integers(0, 256, (6, 3, 2, 3)).astype("uint8")
    model = OneToOne(Image().adapt(x), Label(["a", "b"]), units=5, activation="tanh", seed=1)
    first, bias, second, last = model.get_weights()
    pixels = x / 255
    pixels = (pixels - pixels.mean(axis=(0, 1, 2))) / pixels.std(axis=(0, 1, 2))
    logits = np.tanh(pixels.reshape(6, -1) @ first + bias) @ second + last
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)


def test_images_are_varied_in_training_alone():
    x = np.random.default_rng(0).integers(0, 256, (6, 20, 20)).astype("uint8")
    image, options = Image().adapt(x), {"units": 5, "seed": 1}
    model = OneToOne(image, Label(["a", "b"]), augment=True, **options)
    seen = keras.Model(model.inputs, model.get_layer("pixels").output)
    pixels = image.encode(image.to_tensor(x))  # [6, 20, 20, 1]
    flat = pixels.numpy().reshape(6, -1)
    np.testing.assert_array_equal(seen(pixels, training=False), flat)
    one, two = (seen(pixels, training=True).numpy() for _ in range(2))
    assert np.abs(one - flat).max(axis=1).min() > 0.1 < np.abs(one - two).max(axis=1).min()
    # The edge is repeated, so that no value is outside what there was.
    assert flat.min() <= one.min() and one.max() <= flat.max()
    assert model.get_config()["augment"] is True
    with pytest.raises(ValueError, match="augment=True varies images.*Received: Text"):
        OneToOne(Text().adapt(["a"]), Label(["x", "y"]), augment=True)


def test_sequences_of_numbers_are_refused():
    with pytest.raises(ValueError, match="tokens, images or numbers.*Received: Series"):
        OneToOne(Series().adapt([1.0, 2.0]), Label(["a", "b"]))


def test_a_damaged_picture_in_a_dataset_is_named():
    x = np.random.default_rng(0).integers(0, 256, (4, 3, 2, 3)).astype("uint8")
    image = Image().adapt(x)
    model = OneToOne(image, Label(["a", "b"]), units=2)
    files = [*image.to_tensor(x).numpy(), b"no picture"]
    data = tf.data.Dataset.from_tensor_slices((files, ["a", "b", "a", "b", "a"]))
    with pytest.raises(ValueError, match="cannot be encoded. Received: example 4"):
        model.score(data)


def test_a_call_without_a_word_varies_no_picture():
    x = np.arange(72).reshape(4, 6, 3).astype("uint8") * 3
    model = build(x, ["a", "b"] * 2, Image(), Label(), {"augment": True})
    codes = model.prepare(x, targets=False).tensors[0]
    expected = model(codes, training=False).numpy()
    np.testing.assert_array_equal(model(codes).numpy(), expected)
    assert not np.array_equal(model(codes, training=True).numpy(), expected)
