"""Training whose numbers are not finite any more: it stops, says why, and keeps what was good."""

import math
import os

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit import registry
from rnnkit.cli import main
from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.features import Forecast, Number, Series, Vectors
from rnnkit.models import Forecaster, OneToOne
from rnnkit.training import Diverged, diverging
from tests import helpers
from tests.training import toys

X, Y = np.linspace(-1, 1, 32), np.linspace(1, 3, 32)


class SetRate(keras.callbacks.Callback):
    """Sets the learning rate before a step."""

    def __init__(self, epoch, batch, rate):
        super().__init__()
        self.place, self.rate = (epoch, batch), rate

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.place:
            self.model.optimizer.learning_rate = self.rate


class AtEnds(keras.callbacks.Callback):
    """Keeps the weights that an epoch ended with."""

    def __init__(self):
        super().__init__()
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())


def network(optimizer=None, **options):
    model = OneToOne(Number().adapt(X), Number().adapt(Y), units=2, seed=1, **options)
    model.compile(optimizer or keras.optimizers.SGD(0.01))
    return model


@pytest.mark.parametrize("rate", [math.nan, math.inf, 1e30])
def test_a_rate_that_is_too_high_is_told_with_the_step(rate):
    model = network()
    before = model.get_weights()
    with pytest.raises(Diverged) as error:
        model.fit(X, Y, batch_size=8, callbacks=[SetRate(0, 1, rate)], verbose=0)
    text = str(error.value)
    assert text.startswith(("The loss became nan at step 3 of", "The loss became inf at step 3 of"))
    assert "of epoch 1 (update 3)" in text
    assert ("gradients are not limited" in text) == math.isfinite(rate)
    assert (
        "the learning rate is" in text
        or "the learning rate of 1e+30 is too high: try 1e+29" in text
    )
    assert helpers.weights_equal(model.get_weights(), before)
    assert "the weights it began with again" in text


def test_the_last_good_weights_come_back_and_train_on():
    model, ends = network(keras.optimizers.Adam(0.01, clipnorm=1.0)), AtEnds()
    callbacks = [SetRate(2, 1, math.nan), ends]
    with pytest.raises(Diverged, match="has the weights of its last whole epoch again") as error:
        model.fit(X, Y, batch_size=8, epochs=4, callbacks=callbacks, verbose=0)
    assert "limited" not in str(error.value)
    assert len(ends.weights) == 2 and helpers.weights_equal(model.get_weights(), ends.weights[1])
    assert all(np.isfinite(each.numpy()).all() for each in model.optimizer.variables[2:])
    model.optimizer.learning_rate = 0.01
    model.fit(X, Y, batch_size=8, verbose=0)
    assert np.isfinite(model.predict(X, verbose=0)).all()


def test_early_stopping_has_better_ones():
    model, ends = network(keras.optimizers.SGD(-0.01)), AtEnds()  # every epoch is worse
    model.fit_defaults = {"patience": 5, "monitor": "val_loss"}
    callbacks = [SetRate(2, 1, math.nan), ends]
    with pytest.raises(Diverged, match="has the weights of its best epoch again"):
        model.fit(
            X, Y, batch_size=8, epochs=4, callbacks=callbacks, validation_data=(X, Y), verbose=0
        )
    assert helpers.weights_equal(model.get_weights(), ends.weights[0])


@pytest.mark.slow
def test_weights_that_only_the_last_step_spoils_are_never_saved(tmp_path):
    path = str(tmp_path / "m.keras")
    save = keras.callbacks.ModelCheckpoint(path, monitor="val_loss", save_best_only=True)
    model = network()
    with pytest.raises(Diverged, match=r"Weights \(.*kernel\) are not finite after epoch 1"):
        model.fit(
            X, Y, batch_size=8, callbacks=[SetRate(0, 3, math.nan), save], validation_data=(X, Y),
            verbose=0,
        )  # fmt: skip
    assert not os.path.exists(path)


def test_the_validation_loss_counts_too(tmp_path):
    model = network()
    far = Y * 1e30  # squares beyond float32
    with pytest.raises(Diverged, match="The loss on the validation data is inf after epoch 1"):
        model.fit(X, Y, validation_data=(X, far), verbose=0)


def test_what_keras_has_for_it_is_left_to_it():
    model, seen = network(), AtEnds()
    callbacks = [SetRate(0, 1, math.nan), keras.callbacks.TerminateOnNaN(), seen]
    history = model.fit(X, Y, batch_size=8, epochs=3, callbacks=callbacks, verbose=0)
    assert len(history.epoch) == 1 and math.isnan(history.history["loss"][0])


def test_float16_is_a_likely_reason():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = network(keras.optimizers.SGD(1e30, clipnorm=1.0))
        with pytest.raises(Diverged, match="float16 ends at 65,504: use mixed_bfloat16") as error:
            model.fit(X, Y, batch_size=4, epochs=9, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    assert "limited" not in str(error.value)  # by the optimizer within the one that scales


# === The data ===


def test_what_is_wrong_with_the_data_is_told_with_its_place():
    number, text = Number().adapt(X), None
    vectors = Vectors(2, normalize=False)
    found = diverging.flaws(
        Encoded((tf.constant([[1.0], [np.inf]]), tf.constant([[1e5], [2.0]]))), (number, number)
    )
    infinite = "The inputs of example 1 hold NaN or infinite numbers"
    assert found == [infinite, "The targets reach 1e+05: scale them"]
    ragged = vectors.encode(vectors.to_tensor([[[1.0, 2.0]], [[3.0, 4.0], [5.0, np.inf]]]))
    weights = tf.constant([1.0, np.nan])
    found = diverging.flaws(Encoded((ragged, tf.constant([0, 1]), weights)), (vectors, text))
    assert found[0] == infinite
    assert found[1:] == ["The sample weights of example 1 hold NaN or infinite numbers"]
    # What is missing is known to the network.
    series = Series(1, normalize=False, missing=True)
    gaps = series.encode(series.to_tensor([[[1.0], [np.nan]]]))
    assert diverging.flaws(Encoded((gaps,)), (series, None)) == []


def test_missing_values_that_are_known_to_be_so_are_no_fault():
    t = np.arange(60.0)
    gaps = np.where(t % 7 == 0, np.nan, np.sin(t))[:, None]
    series = Series(1, missing=True).adapt([gaps])
    model = Forecaster(series, Forecast(1, horizon=1).adapt([gaps]), units=2, washout=2, seed=1)
    model.fit([gaps], [gaps], verbose=0)
    assert np.isfinite(model.get_weights()[0]).all()


# === Recipes and the command line ===


@pytest.fixture(scope="module")
def recipe():
    return registry.get(toys.__file__)


@pytest.fixture(scope="module")
def data(recipe):
    texts, labels = helpers.presence(40)
    return recipe.data((texts, labels))


@pytest.mark.slow
def test_a_recipe_keeps_the_best_model_and_no_state(recipe, data, tmp_path):
    path, ends = tmp_path / "m.keras", AtEnds()
    callbacks = [ends, Spoil(2)]
    with pytest.raises(Diverged, match="of epoch 3"):
        recipe.train(data, out=path, verbose=0, callbacks=callbacks)
    assert os.listdir(tmp_path) == ["m.keras"]
    saved = rnnkit.load_model(path).get_weights()
    assert any(helpers.weights_equal(saved, each) for each in ends.weights)


class Spoil(keras.callbacks.Callback):
    """Makes the weights NaN at the beginning of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.set_weights([each * np.nan for each in self.model.get_weights()])


def test_the_command_line_says_it_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    texts, labels = helpers.presence(40)
    rows = [f"{text},{label}" for text, label in zip(texts, labels, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["text,label", *rows]))
    (tmp_path / "m.keras").write_text("an old model")
    call = ["train", toys.__file__, "--data", "data.csv", "--out", "m.keras", "--overwrite"]
    assert main([*call, "--set", "learning_rate=1e38"]) == 2
    error = capsys.readouterr().err
    assert "rnnkit: error: The loss became" in error and "Traceback" not in error
    assert (tmp_path / "m.keras").read_text() == "an old model"
    assert sorted(os.listdir()) == ["data.csv", "m.keras"]
