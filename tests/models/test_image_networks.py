"""Models whose pictures a network of `keras.applications` reads: frozen, trained, its weights."""

import json
import random
import socket
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import recipes
import rnnkit
from rnnkit.cli import main
from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.data.pipeline.encoded import Streamed
from rnnkit.data.pipeline.shared import Shared
from rnnkit.data.splits import Data
from rnnkit.features import Image, Label, Number, Tags, Text, Video
from rnnkit.layers import ImageNetwork
from rnnkit.layers.image_network import NETWORKS
from rnnkit.models import Captioner, OneToOne, Tagger
from rnnkit.models.inputs import network_weights
from rnnkit.training.plan import TrainingPlan
from tests.tiers import slow


def tiny(include_top, weights, input_shape):
    """A network like those of `keras.applications` that behaves otherwise in training, made in no
    time. It makes 5 numbers of each 16 x 16 pixels."""
    assert not include_top and weights is None
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(5, 16, strides=16, activation="tanh", name="convolution")(inputs)
    x = keras.layers.BatchNormalization(momentum=0.5, name="norm")(x)
    return keras.Model(inputs, keras.layers.Dropout(0.5, name="drop")(x))


@pytest.fixture
def small(monkeypatch, tmp_path):
    """`tiny` in place of `MobileNetV2`, and the path of weights for it."""
    monkeypatch.setattr(keras.applications, "MobileNetV2", tiny)
    network = tiny(False, None, (32, 48, 3))
    rng = np.random.default_rng(0)
    kernel, *others = network.weights
    kernel.assign(rng.normal(scale=0.02, size=kernel.shape))
    for weight in others:
        weight.assign(rng.uniform(0.5, 1, weight.shape))
    path = str(tmp_path / "tiny.weights.h5")
    network.save_weights(path)
    return network, path


def pictures(count=20, channels=3):
    shape = (count, 32, 48, channels)
    x = np.random.default_rng(1).integers(0, 120, shape).astype("uint8")
    x[::2] += 120  # bright and dark
    return x, ["bright", "dark"] * (count // 2)


def classifier(path, channels=3, **options):
    x, y = pictures(channels=channels)
    options = {"network": "MobileNetV2", "network_weights": path, "units": 4, "seed": 1, **options}
    return OneToOne(Image().adapt(x), Label().adapt(y), **options), x, y


def clips():
    x, y = pictures(12)
    return [x[:5], x[5:12]], [y[:5], y[5:12]]


def tagger(path, **options):
    x, y = clips()
    options = {"frame_units": 3, "units": 4, "bidirectional": True, "window": 4, **options}
    names = {"network": "MobileNetV2", "network_weights": path}
    return Tagger(Video().adapt(x), Tags().adapt(y), seed=1, **names, **options), x, y


def captioner(path, **options):
    x, _ = pictures(4)
    text = ["a b", "b", "a c", "c a", "b b"]
    options = {"units": 4, "embedding_size": 3, "seed": 1, **options}
    names = {"network": "MobileNetV2", "network_weights": path}
    model = Captioner(Image().adapt(x), Text().adapt(text), **names, **options)
    return model, x[[0, 0, 1, 2, 3]], text


def same(one, two):
    for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def counting(model, monkeypatch):
    """A list to which the network of a model adds each time that it is run in a new shape."""
    seen, layer = [], model.image_network
    read = layer._read

    def counted(images, training):
        tf.py_function(lambda x: seen.append(len(x)), [images], [])
        return read(images, training)

    monkeypatch.setattr(layer, "_read", counted)
    return seen


# === What goes in ===


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("normalize", [True, False])
def test_the_network_is_given_what_it_was_trained_on(small, channels, normalize):
    network, path = small
    x, y = pictures(channels=channels)
    image = Image(normalize=normalize).adapt(x)
    names = {"network": "MobileNetV2", "network_weights": path}
    model = OneToOne(image, Label().adapt(y), units=4, **names, seed=1)
    pixels = np.repeat(x, 3, axis=-1) if channels == 1 else x
    expected = network(pixels / 127.5 - 1.0, training=False).numpy()  # as MobileNetV2 has it
    found = model.image_network(image.encode(image.to_tensor(x)))
    np.testing.assert_allclose(found[:, 0, 0], expected.mean(axis=(1, 2)), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "scaled"),
    [
        ("ResNet50", lambda x: x[..., ::-1] - [103.939, 116.779, 123.68]),
        ("DenseNet121", lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
        ("EfficientNetV2B0", lambda x: x),
    ],
)
def test_each_network_has_its_own_scaling(name, scaled, monkeypatch):
    monkeypatch.setattr(keras.applications, name, tiny)
    x = np.random.default_rng(0).uniform(size=(2, 32, 32, 3)).astype("float32")
    layer = ImageNetwork(name, seed=1, trainable=False)
    found = layer(x)
    expected = layer.inner(scaled(x.astype("float64") * 255).astype("float32"), training=False)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert found.shape == (2, 2, 2, 5)


# === Frozen, and trained ===


@pytest.mark.slow
@pytest.mark.parametrize("make", [classifier, slow(tagger), slow(captioner)])
def test_a_frozen_network_reads_each_picture_once(small, make, monkeypatch, capfd):
    network, path = small
    model, x, y = make(path)
    seen = counting(model, monkeypatch)
    assert not model.train_network and not any(v.trainable for v in model.image_network.weights)
    model.compile(keras.optimizers.Adam(0.05))
    result = model.fit(x, y, epochs=6, validation_data=(x, y), verbose=2, batch_size=3)
    read = sum(map(len, x)) if isinstance(x, list) else len({each.tobytes() for each in x})
    assert sum(seen) == 2 * read  # for training and for validation
    assert capfd.readouterr().err.count("MobileNetV2 reads the pictures, once") == 1
    same(model.image_network.inner, network)
    # It is the same model that takes pictures.
    again = model.evaluate(x, y, batch_size=3, verbose=0)
    assert sum(seen) > 2 * read
    assert again[0] == pytest.approx(result.history["val_loss"][-1], rel=1e-4)
    assert result.history["loss"][-1] < result.history["loss"][0]


@pytest.mark.slow
@pytest.mark.parametrize("make", [classifier, tagger, captioner])
def test_epochs_are_those_of_a_network_that_reads_every_time(small, make, monkeypatch):
    _, path = small
    (first, x, y), (second, *_) = make(path), make(path)
    first.fit(x, y, epochs=2, verbose=0, batch_size=3)
    monkeypatch.setattr(type(second), "_read_ahead", lambda self, *data: data[:-1])
    second.fit(x, y, epochs=2, verbose=0, batch_size=3)
    for one, two in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=2e-5)


def as_fit(model, x, y):
    model.fit(x, y, epochs=2, validation_data=(x[:6], y[:6]), batch_size=4)


def as_a_plan(model, x, y):
    files = model.input_feature.to_tensor(x)
    parts = [tf.data.Dataset.from_tensor_slices((files[:size], y[:size])) for size in (20, 6)]
    TrainingPlan(epochs=2, batch_size=4).fit(model, Data(parts[0], parts[1], parts[1]))


def as_a_warm_start(model, x, y):
    model.fine_tune(x, y, epochs=2, validation_data=(x[:6], y[:6]), batch_size=4)


@pytest.mark.parametrize("train", [as_fit, slow(as_a_plan), slow(as_a_warm_start)])
def test_the_members_of_an_ensemble_read_each_picture_once_together(
    small, train, monkeypatch, capfd
):
    model, x, y = classifier(small[1], ensemble=3)
    seen = [counting(member, monkeypatch) for member in model.members]
    train(model, x, y)
    # Also not for the loss of the whole, which is looked at when all members are trained.
    assert [sum(each) for each in seen] == [20 + 6, 0, 0]
    assert capfd.readouterr().err.count("MobileNetV2 reads the pictures, once") == 1
    alone, *_ = classifier(small[1], seed=2)
    if train is as_fit:
        train(alone, x, y)
        for one, two in zip(alone.get_weights(), model.members[1].get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.slow
def test_members_whose_networks_differ_read_each_picture_by_themselves(small, monkeypatch):
    model, x, y = classifier(small[1], ensemble=2)
    kernel = model.members[1].image_network.inner.weights[0]
    kernel.assign(2 * kernel)
    seen = [counting(member, monkeypatch) for member in model.members]
    model.fit(x, y, epochs=3, verbose=0)
    assert [sum(each) for each in seen] == [2 * 20, 2 * 20]  # to learn, and for the whole
    expected = np.mean([each.predict(x, verbose=0) for each in model.members], axis=0)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)


@pytest.mark.slow
def test_a_trained_network_is_run_in_training(small, monkeypatch):
    network, path = small
    model, x, y = classifier(path, train_network=True)
    seen = counting(model, monkeypatch)
    model.fit(x, y, epochs=2, verbose=0)
    assert sum(seen) == 2 * len(x)
    now = model.image_network.inner.get_weights()
    for weight, first in zip(now, network.get_weights(), strict=True):
        assert (weight != first).any()  # the statistics of batches too
    # Frozen again for the time of a call.
    model.fine_tune(x, y, freeze="encoder", epochs=2, verbose=0)
    assert sum(seen) == 3 * len(x)
    for weight, before in zip(model.image_network.inner.get_weights(), now, strict=True):
        np.testing.assert_array_equal(weight, before)
    assert model.get_config()["train_network"] is True


@pytest.mark.slow
def test_a_frozen_network_can_be_trained_later(small, tmp_path):
    _, path = small
    model, x, y = classifier(path)
    model.fit(x, y, verbose=0)
    before = model.image_network.inner.get_weights()[0]
    model.image_network.trainable = True
    model.fine_tune(x, y, epochs=1, verbose=0)
    assert (model.image_network.inner.get_weights()[0] != before).any()
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    assert again.train_network and len(again.trainable_variables) == len(model.trainable_variables)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_varied_pictures_are_read_every_time(small):
    model, x, y = captioner(small[1], augment=True)
    data = model.prepare(x, y)
    assert model._read_ahead(data) == (data, None)


@pytest.mark.slow
def test_a_stream_is_read_once_where_what_is_made_of_it_fits(small, monkeypatch):
    model, x, y = captioner(small[1])
    whole, _ = model._read_ahead(model.prepare(x, y))
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 3 * x[0].nbytes * 4)  # of four pictures
    data = model.prepare(x, y)
    assert isinstance(data, Streamed)
    read, _ = model._read_ahead(data)
    assert isinstance(read, Shared) and len(read.inputs) == 4
    np.testing.assert_allclose(read.inputs, whole.inputs, atol=1e-6)
    assert read.tensors[0].numpy().tolist() == whole.tensors[0].numpy().tolist() == [0, 0, 1, 2, 3]
    assert read.tensors[1].to_list() == whole.tensors[1].to_list()

    def unreadable():
        raise ValueError("example 3 cannot be decoded")

    bad = tf.data.Dataset.from_tensor_slices(([b"no picture"], ["a"]))
    with pytest.raises(ValueError, match="example 3 cannot be decoded"):
        model._read_ahead(Streamed(bad, data.encode, data.padding, unreadable))


@pytest.mark.slow
def test_what_does_not_fit_is_read_every_time(small, monkeypatch, capfd):
    model, x, y = classifier(small[1])
    seen = counting(model, monkeypatch)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 100)
    data = model.prepare(x, y)
    assert model._read_ahead(data, verbose=2) == (data, None)
    assert "it reads them every time" in capfd.readouterr().err
    endless = tf.data.Dataset.from_tensors((tf.io.encode_png(x[0]), "dark")).repeat()
    del seen[:]
    model.fit(endless, steps_per_epoch=3, batch_size=2, verbose=0)
    assert sum(seen) == 6


def test_clips_that_stream_are_read_once(small, monkeypatch):
    model, x, y = tagger(small[1])
    whole, _ = model._read_ahead(model.prepare(x, y))
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 3 * x[0].nbytes)
    data = model.prepare(x, y)
    assert isinstance(data, Streamed)
    read, _ = model._read_ahead(data)
    np.testing.assert_allclose(read.tensors[0].flat_values, whole.tensors[0].flat_values, atol=1e-6)
    assert read.tensors[0].row_lengths().numpy().tolist() == [5, 7]


def test_padding_of_clips_does_not_matter(small):
    model, x, _ = tagger(small[1], window=None)
    together = model.predict(x)
    for row, clip in zip(together, x, strict=True):
        np.testing.assert_allclose(row[: len(clip)], model.predict([clip])[0], atol=1e-5)


# === Weights ===


@pytest.fixture(scope="module")
def mobile(tmp_path_factory):
    """A MobileNetV3Small with weights of its own, and a folder with files of them."""
    folder = tmp_path_factory.mktemp("weights")
    network = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    rng = np.random.default_rng(0)
    network.set_weights([rng.uniform(0.01, 0.2, weight.shape) for weight in network.weights])
    network.save_weights(folder / "m.weights.h5")
    network.save(folder / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.save(folder / "m.h5")
    return network, folder


@pytest.mark.slow
def test_the_life_of_a_model(tmp_path, fresh):
    path = tmp_path / "mine.weights.h5"
    options = {"include_top": False, "weights": None, "input_shape": (32, 32, 3)}
    keras.applications.MobileNet(**options).save_weights(path)
    model, x, y = classifier(path, network="MobileNet")
    path.unlink()  # the model's own file holds all
    model.save(tmp_path / "m.keras")
    found = fresh.call("infer", path=str(tmp_path / "m.keras"), x=x[:3].tolist())
    for one, two in zip(found, model.infer(x[:3]), strict=True):
        assert one["probabilities"] == pytest.approx(two["probabilities"], abs=1e-5)


@pytest.mark.slow
def test_as_keras_loads_it_and_as_it_is_served(small, tmp_path):
    model, x, _ = classifier(small[1])
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    expected = model.predict(x, verbose=0)
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)
    assert again.network_weights is None and again.train_network is False
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served"))
    found = served.serve(tf.constant(x))["probabilities"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["m.weights.h5", slow("m.keras"), slow("m.h5")])
def test_each_kind_of_file_at_any_size(name, mobile):
    network, folder = mobile
    layer = ImageNetwork("MobileNetV3Small")
    layer.build((None, 64, 48, 1))
    network_weights.load(layer, str(folder / name))
    same(layer.inner, network)


def test_a_file_says_nothing_that_is_read(small, tmp_path):
    model, x, _ = classifier(small[1])
    config = {**model.get_config(), "network_weights": str(tmp_path / "elsewhere.weights.h5")}
    assert OneToOne.from_config(config).network == "MobileNetV2"
    with pytest.raises(ValueError, match="network must be one of"):
        OneToOne.from_config({**config, "network": "Sequential"})


@pytest.mark.slow
def test_weights_that_do_not_fit(mobile, tmp_path, monkeypatch):
    _, folder = mobile

    def refused(path, message):
        layer = ImageNetwork("MobileNet", seed=1)
        layer.build((None, 32, 32, 3))
        before = layer.inner.get_weights()
        with pytest.raises(ValueError, match=message):
            network_weights.load(layer, path)
        for one, two in zip(before, layer.inner.get_weights(), strict=True):
            np.testing.assert_array_equal(one, two)

    monkeypatch.setattr(keras.applications, "MobileNet", tiny)
    missing = str(tmp_path / "none.weights.h5")
    refused(missing, f"network_weights names no file. Received: network_weights='{missing}'")
    refused("weights.bin", "ends in '.weights.h5', '.keras', '.h5'. Received.*'weights.bin'")
    refused(3, "must be 'imagenet', the path of a file.*network_weights=3")
    (tmp_path / "text.weights.h5").write_text("no weights")
    refused(tmp_path / "text.weights.h5", "is no file of weights")
    (tmp_path / "text.keras").write_text("no weights")
    refused(tmp_path / "text.keras", "is no file of weights")
    refused(
        folder / "m.h5",
        "must be weights of MobileNet without.*is of MobileNetV3Small: say network='MobileNetV3S.*"
        "holds 206 arrays of 939,120 numbers, not 6",
    )
    other = tiny(False, None, (32, 32, 3))
    other.get_layer("norm").gamma.assign(np.full(5, np.nan))
    other.save_weights(tmp_path / "nan.weights.h5")
    refused(tmp_path / "nan.weights.h5", "holds numbers that are NaN")
    layers = keras.layers
    wide = keras.Sequential([layers.Input((6,)), layers.Dense(1000)])
    wide.save_weights(tmp_path / "top.weights.h5")
    refused(tmp_path / "top.weights.h5", "seems to be of a network with its top")


def test_numbers_of_weights_are_those_of_the_networks(mobile):
    assert network_weights.NUMBERS.keys() == NETWORKS.keys()
    assert network_weights.NUMBERS["MobileNetV3Small"] == mobile[0].count_params()


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network(name, tmp_path):
    x, y = pictures(4)
    model = OneToOne(Image().adapt(x), Label().adapt(y), units=4, network=name, seed=1)
    assert model.image_network.inner.count_params() == network_weights.NUMBERS[name]
    model.save(tmp_path / "m.keras")
    again = rnnkit.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    same(OneToOne(Image().adapt(x), Label().adapt(y), units=4, network=name, seed=1), model)


def test_without_a_network_it_is_said_at_once(monkeypatch, tmp_path):
    def unreachable(*_, **__):
        assert socket.getdefaulttimeout() == network_weights.PATIENCE
        raise Exception("URL fetch failure on https://...: Name or service not known")

    monkeypatch.setattr(keras.applications, "MobileNetV2", tiny)
    layer = ImageNetwork("MobileNetV2")
    layer.build((None, 32, 32, 3))
    monkeypatch.setattr(keras.applications, "MobileNetV2", unreachable)
    with pytest.raises(ValueError, match="MobileNetV2.*could not be downloaded.*not known.*=PATH"):
        network_weights.load(layer, "imagenet")
    assert socket.getdefaulttimeout() is None


def test_weights_of_imagenet_are_taken_as_keras_gives_them(small, monkeypatch):
    network, _ = small

    def downloaded(include_top, weights, input_shape):
        assert not include_top
        return network if weights == "imagenet" else tiny(False, None, input_shape)

    monkeypatch.setattr(keras.applications, "MobileNetV2", downloaded)
    model, *_ = classifier("imagenet")
    same(model.image_network.inner, network)


def test_the_seed_fixes_random_weights(small):
    state = random.getstate()
    one, two, other = (classifier(None, seed=seed)[0].get_weights() for seed in (1, 1, 2))
    assert random.getstate() == state
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))


# === Recipes ===


@pytest.mark.slow
def test_captions_of_a_frozen_network_are_not_of_varied_pictures(small):
    recipe = recipes.get("image_captioning")
    x, _ = pictures(20)
    data = recipe.data((x, ["a b"] * 20))
    options = {"units": 4, "embedding_size": 4, "network": "MobileNetV2", "min_count": 1}
    frozen = recipe.model(data, network_weights=small[1], **options)
    assert (frozen.augment, frozen.train_network) == (False, False)
    for more in ({"network_weights": small[1], "train_network": True}, {}):
        model = recipe.model(data, **options, **more)
        assert (model.augment, model.train_network) == (True, True)
    with pytest.raises(ValueError, match="give augment=True too. Received: flip=True"):
        recipe.model(data, network_weights=small[1], flip=True, **options)


@pytest.mark.slow
def test_on_the_command_line(small, tmp_path, capsys):
    x, y = pictures(40)
    np.savez(tmp_path / "p.npz", x_train=x, y_train=y, x_test=x[:8], y_test=y[:8])
    call = ["train", "image_classification", "--data", str(tmp_path / "p.npz"), "--epochs", "1"]
    options = ["network=MobileNetV2", f"network_weights={small[1]}", "units=4"]
    for each in options:
        call += ["--set", each]
    path = str(tmp_path / "m.keras")
    assert main([*call, "--seed", "1", "--out", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["options"]["train_network"] is None
    assert main(["evaluate", path, "--data", str(tmp_path / "p.npz"), "--json"]) == 0
    assert main([*call, "--set", "filters=[4]", "--out", path, "--overwrite"]) == 2
    assert "filters are of convolutions" in capsys.readouterr().err


# === Bad arguments ===


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"network": "MobileNet2"}, "network must be one of.*Did you mean 'MobileNetV2'"),
        ({"network": None}, "'network_weights' of OneToOne has no effect with network=None"),
        ({"network": None, "network_weights": None, "train_network": True}, "'train_network' of"),
        ({"network_weights": None, "train_network": False}, "must begin with weights.*=False"),
        ({"train_network": 1}, "train_network must be True, False or None.*=1"),
        ({"filters": [4]}, r"where no network reads them. Received: filters=\[4\], network='Mob"),
    ],
)
def test_wrong_arguments(small, options, message):
    with pytest.raises(ValueError, match=message):
        classifier(small[1], **options)


def test_what_is_no_picture_or_too_small(small):
    names = {"network": "MobileNetV2", "network_weights": small[1]}
    number, label = Number(size=3).adapt(np.zeros((2, 3))), Label(["a", "b"])
    with pytest.raises(ValueError, match="reads pictures, of an Image or a Video.*'Number'"):
        OneToOne(number, label, **names)
    with pytest.raises(ValueError, match="filters are of convolutions over images.*Number"):
        OneToOne(number, label, filters=[4])
    image = Image(size=(28, 40), channels=1, normalize=False)
    with pytest.raises(ValueError, match="at least 32 x 32.*by size=32. Received: 28 x 40"):
        OneToOne(image, label, **names)
    with pytest.raises(ValueError, match=r"frame_filters=\[4\], network='MobileNetV2'"):
        tagger(small[1], frame_filters=[4])
    with pytest.raises(ValueError, match="reads pictures, of an Image or a Video.*'Label'"):
        Captioner(label, Text().adapt(["a"]), **names)


def test_convolutions_against_a_plain_loop():
    x = np.random.default_rng(0).integers(0, 255, (3, 5, 4, 1)).astype("uint8")
    image, label = Image(normalize=False).adapt(x), Label(["a", "b"])
    model = OneToOne(image, label, units=[3], filters=[2], activation="tanh", seed=1)
    kernel, bias, *dense = model.get_weights()
    padded = np.pad(x[..., 0] / 255.0, [(0, 0), (1, 1), (1, 1)])
    found = np.empty((3, 3, 2, 2))
    for row in range(0, 5, 2):
        for column in range(0, 4, 2):
            values = [
                np.tensordot(padded[:, r : r + 3, c : c + 3], kernel[:, :, 0], 2) + bias
                for r in range(row, min(row + 2, 5))
                for c in range(column, column + 2)
            ]
            found[:, row // 2, column // 2] = np.tanh(np.max(values, axis=0))
    hidden = np.tanh(found.reshape(3, -1) @ dense[0] + dense[1])
    logits = hidden @ dense[2] + dense[3]
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)
    again = OneToOne.from_config(model.get_config())
    assert again.filters == [2] and again.count_params() == model.count_params()
