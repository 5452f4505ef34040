"""What all models share: raw data in, readable results out, and all of Keras in between."""

import keras
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
import tensorflow as tf

import rnnkit
from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.features import Label, Number, Text
from rnnkit.models import ManyToOne, OneToOne
from rnnkit.training import stopping
from tests import helpers

X, Y = helpers.presence(120)
TEXT, LABEL = helpers.features(X, Y)
SGD = keras.optimizers.SGD
CROSSENTROPY = "sparse_categorical_crossentropy"


def build(cls=OneToOne, **options):
    defaults = {"units": 4, "seed": 1}
    if cls is ManyToOne:
        defaults |= {"cell": "lstm", "embedding_size": 4}
    return cls(TEXT, LABEL, **{**defaults, **options})


@pytest.fixture(scope="module")
def still():
    """A model whose weights stay as they are: its learning rate is 0. Not to be compiled anew."""
    model = build()
    model.compile(optimizer=SGD(0.0))
    return model


def losses(model, x=X, y=Y):
    """The cross-entropy of each example, in NumPy."""
    outputs = model.predict(x, verbose=0)
    return -np.log(outputs[np.arange(len(y)), [LABEL.classes.index(label) for label in y]])


# === Repeatable ===


@pytest.mark.slow
def test_a_seed_fixes_weights_dropout_and_shuffling():
    def trained(seed):
        model = build(seed=seed, dropout=0.3, token_dropout=0.2)
        model.fit(X, Y, epochs=2, verbose=0)
        return model.get_weights()

    first = trained(1)
    assert helpers.weights_equal(trained(1), first)
    other = trained(2)
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_recurrent_weights_are_fixed_too():
    first, again, other = (build(ManyToOne, seed=seed).get_weights() for seed in (1, 1, 2))
    assert helpers.weights_equal(first, again)
    assert not helpers.weights_equal(first, other)


def test_without_a_seed_models_differ():
    assert not helpers.weights_equal(build(seed=None).get_weights(), build(seed=None).get_weights())


# === Weights of examples ===


def test_sample_weights_by_hand(still):
    weights = np.linspace(0.0, 3.0, len(X)).astype("float32")
    expected = (losses(still) * weights).mean()  # Keras divides by the number of examples
    history = still.fit(
        X, Y, sample_weight=weights, batch_size=len(X), shuffle=False, verbose=0
    ).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-4)
    data = tf.data.Dataset.from_tensor_slices((X, Y, weights))
    history = still.fit(data, batch_size=len(X), verbose=0).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-4)
    loss = still.evaluate(X, Y, batch_size=len(X), sample_weight=weights, verbose=0)[0]
    assert loss == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("weights", [{"yes": 5.0}, {1: 5.0}, {"no": 1, "yes": 5}])
def test_class_weights_by_name_or_index(still, weights):
    factors = np.where(np.array(Y) == "yes", 5.0, 1.0)
    history = still.fit(X, Y, class_weight=weights, batch_size=len(X), verbose=0).history
    assert history["loss"][0] == pytest.approx((losses(still) * factors).mean(), rel=1e-4)


# === Validation ===


def test_validation_split_takes_the_end(still):
    history = still.fit(X, Y, validation_split=0.25, verbose=0).history
    tail = losses(still, X[90:], Y[90:]).mean()
    assert history["val_loss"][0] == pytest.approx(tail, rel=1e-4)
    head = losses(still, X[:90], Y[:90])
    assert history["loss"][0] == pytest.approx(head.mean(), rel=1e-4)
    frame = pd.DataFrame({"x": X, "y": Y}, index=range(500, 620))
    again = still.fit(frame["x"], frame["y"], validation_split=0.25, verbose=0).history
    assert again["val_loss"][0] == pytest.approx(tail, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["lists", "dataset", "prepared"])
def test_validation_data_in_every_form(still, form):
    x, y = helpers.presence(40, seed=5)
    data = {
        "lists": (x, y),
        "dataset": tf.data.Dataset.from_tensor_slices((x, y)),
        "prepared": still.prepare(x, y),
    }[form]
    history = still.fit(X, Y, validation_data=data, verbose=0).history
    assert history["val_loss"][0] == pytest.approx(losses(still, x, y).mean(), rel=1e-4)


# === Callbacks ===


class Spoil(keras.callbacks.Callback):
    """From an epoch on puts other weights in, after noting those of each epoch."""

    def __init__(self, at, error=None):
        super().__init__()
        self.at, self.error, self.seen = at, error, []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(self.model.get_weights())

    def on_epoch_begin(self, epoch, logs=None):
        if epoch >= self.at:
            if self.error:
                raise self.error
            flip = [-3 * weight for weight in self.model.get_weights()]
            self.model.set_weights(flip)


@pytest.mark.slow
def test_keras_arguments_and_callbacks_pass_through():
    model = build()
    epochs = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    history = model.fit(X, Y, batch_size=10, epochs=5, initial_epoch=2, callbacks=note, verbose=0)
    assert epochs == [2, 3, 4] == history.epoch
    assert int(model.optimizer.iterations) == 3 * 12
    model.compile(optimizer=SGD(0.1), loss=CROSSENTROPY, metrics=[CROSSENTROPY])
    endless = tf.data.Dataset.from_tensor_slices((X, Y)).repeat()
    history = model.fit(endless, batch_size=10, steps_per_epoch=3, epochs=2, verbose=0).history
    assert set(history) == {"loss", CROSSENTROPY} and len(history["loss"]) == 2
    assert int(model.optimizer.iterations) == 6
    result = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert set(result) == {"loss", CROSSENTROPY}


@pytest.mark.slow
def test_the_step_of_training_is_traced_once(monkeypatch):
    traced = []
    step = ManyToOne.train_step
    monkeypatch.setattr(ManyToOne, "train_step", lambda *data: traced.append(1) or step(*data))
    model = build(ManyToOne)
    model.fit(X, Y, epochs=2, verbose=0)
    assert len(traced) == 1  # Keras alone traces it again, as its first trace makes variables
    model.fine_tune(X, Y, epochs=1, verbose=0)
    assert len(traced) == 2


@pytest.mark.slow
def test_early_stopping_restores_the_best_weights():
    model, spoil = build(), Spoil(at=2)
    model.fit_defaults = {"patience": 2, "monitor": "val_loss"}
    history = model.fit(X, Y, validation_data=(X, Y), epochs=9, callbacks=[spoil], verbose=0)
    assert len(history.epoch) == 4  # two good epochs, and two of patience
    assert helpers.weights_equal(model.get_weights(), spoil.seen[1])
    # Without validation data there is nothing to stop on; a user's own callback comes first.
    assert len(model.fit(X, Y, epochs=3, verbose=0).epoch) == 3
    own = keras.callbacks.EarlyStopping(monitor="val_loss", patience=0, min_delta=1e9)
    history = model.fit(X, Y, validation_data=(X, Y), epochs=9, callbacks=[own], verbose=0)
    assert len(history.epoch) == 2


def test_early_stopping_on_a_metric_of_ones_own():
    stop = stopping.early_stopping({"patience": 2, "monitor": "val_own", "mode": "max"})
    assert (stop.monitor, stop.mode) == ("val_own", "max")
    assert stopping.early_stopping({"patience": 2, "monitor": "val_nats"}).mode == "min"
    with pytest.raises(ValueError, match="not known of 'val_own'.*mode='min'"):
        stopping.early_stopping({"patience": 2, "monitor": "val_own"})


@pytest.mark.slow
@pytest.mark.parametrize("patience", [5, None])
def test_an_interruption_leaves_the_best_weights(patience, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    model, spoil = build(name="toy"), Spoil(at=2)
    stop = Spoil(at=3, error=KeyboardInterrupt)
    model.fit_defaults = {"patience": patience} if patience else {}
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, validation_data=(X, Y), epochs=9, callbacks=[stop, spoil], verbose=0)
    saved = tmp_path / "toy-interrupted.keras"
    assert str(saved) in capfd.readouterr().err
    loaded = rnnkit.load_model(saved)
    expected = spoil.seen[1] if patience else spoil.seen[2]  # the best known, or the last
    assert helpers.weights_equal(loaded.get_weights(), expected)
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]
    loaded.fit(X, Y, verbose=0)


def test_an_interruption_saves_where_it_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, stop = build(), Spoil(at=0, error=KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, callbacks=[stop], interrupted_path="here.keras", verbose=0)
    assert helpers.weights_equal(rnnkit.load_model("here.keras").get_weights(), model.get_weights())


# === Fine-tuning ===


class Rates(keras.callbacks.Callback):
    """Notes the learning rate of each epoch."""

    def on_train_begin(self, logs=None):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


@pytest.mark.slow
def test_freezing_the_encoder(tmp_path):
    model = build(ManyToOne)
    rate = float(model.optimizer.learning_rate)
    before = {layer.name: layer.get_weights() for layer in model.layers}
    rates = Rates()
    model.fine_tune(X, Y, freeze="encoder", epochs=1, verbose=0, callbacks=[rates])
    assert rates.seen == pytest.approx([rate / 3])
    assert float(model.optimizer.learning_rate) == rate  # its own again
    for layer in model.layers:
        same = helpers.weights_equal(layer.get_weights(), before[layer.name])
        assert same == (layer.name != "output" or not layer.weights), layer.name
    assert all(layer.trainable for layer in model.layers)
    # Afterwards everything trains again.
    model.fit(X, Y, verbose=0)
    assert not helpers.weights_equal(model.get_layer("encoder").get_weights(), before["encoder"])


def test_fine_tuning_takes_layers_and_a_rate():
    model = build(units=[4, 4])
    names = [layer.name for layer in model.layers if layer.weights]
    before = {layer.name: layer.get_weights() for layer in model.layers}
    frozen = [names[0], names[-1]]
    rates = Rates()
    model.fine_tune(X, Y, freeze=frozen, epochs=1, learning_rate=0.5, verbose=0, callbacks=[rates])
    assert rates.seen == [0.5]
    changed = [
        name
        for name in names
        if not helpers.weights_equal(model.get_layer(name).get_weights(), before[name])
    ]
    assert changed == names[1:-1]
    with pytest.raises(ValueError, match="freeze must name 'encoder' or layers.*Did you mean 'enc"):
        model.fine_tune(X, Y, freeze="encodr")
    with pytest.raises(ValueError, match="learning_rate must be positive. Received: -1"):
        model.fine_tune(X, Y, learning_rate=-1)
    assert all(layer.trainable for layer in model.layers)


# === Results ===


def test_infer_one_many_and_none(still):
    many = still.infer(["red high", "low", ""])
    assert len(many) == 3 and set(many[0]) == {"label", "probability", "probabilities"}
    one = still.infer("red high")
    assert one["label"] == many[0]["label"]
    assert one["probability"] == pytest.approx(many[0]["probability"], abs=1e-6)
    assert still.infer(b"red high") == one
    assert still.infer([]) == []
    assert still.predict([]).shape == (0, 2)
    outputs = still.predict(["red high", "low", ""], verbose=0)
    for row, result in zip(outputs, many, strict=True):
        assert result["probabilities"] == pytest.approx({"no": row[0], "yes": row[1]})
        assert result["label"] == ("no", "yes")[row.argmax()]


@pytest.fixture(scope="module")
def one_by_one(still):
    return np.stack([still.predict([text], verbose=0)[0] for text in X[:20]])


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_order_of_inputs_is_kept_whatever_the_batches(
    still, one_by_one, batch_size, monkeypatch
):
    expected = one_by_one
    found = still.predict(X[:20], batch_size=batch_size, verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 10)  # now it streams
    streamed = still.predict(X[:20], batch_size=batch_size, verbose=0)
    np.testing.assert_allclose(streamed, expected, atol=1e-6)


FORMS = {
    "tuple": lambda x: tuple(x),
    "array": np.array,
    "bytes": lambda x: [text.encode() for text in x],
    "tensor": tf.constant,
    "series": lambda x: pd.Series(x, index=range(7, 7 + len(x))),
    "frame": lambda x: pd.DataFrame({"any": x}),
    "dataset": tf.data.Dataset.from_tensor_slices,
}


@pytest.mark.parametrize("form", FORMS)
def test_inputs_in_every_form(still, form):
    expected = still.predict(X[:9], verbose=0)
    np.testing.assert_array_equal(still.predict(FORMS[form](X[:9]), verbose=0), expected)


@pytest.mark.slow
def test_score_equals_sklearn():
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(0.05))
    model.fit(X, Y, epochs=4, verbose=0)
    x, y = helpers.presence(60, seed=4)
    y[:20] = ["yes"] * 20  # wrong on purpose, so that no score is 0 or 1
    outputs = model.predict(x, verbose=0)
    said = [result["label"] for result in model.infer(x)]
    expected = {
        "accuracy": sklearn.metrics.accuracy_score(y, said),
        "f1": sklearn.metrics.f1_score(y, said, average="macro"),
        "mcc": sklearn.metrics.matthews_corrcoef(y, said),
    }
    assert 0 < expected["mcc"] < 1
    assert model.score(x, y) == pytest.approx(expected)
    assert model.score(tf.data.Dataset.from_tensor_slices((x, y)).batch(9)) == pytest.approx(
        expected
    )
    assert model.evaluate(x, y, verbose=0)[1] == pytest.approx(expected["accuracy"])
    model.score_names = ["log_loss", "roc_auc"]
    assert model.score(x, y) == pytest.approx(
        {
            "log_loss": sklearn.metrics.log_loss(y, outputs),
            "roc_auc": sklearn.metrics.roc_auc_score(np.array(y) == "yes", outputs[:, 1]),
        },
        rel=1e-5,
    )


# === How it is computed ===


@pytest.mark.slow
def test_mixed_precision_gives_float32():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        model = build(ManyToOne, pooling="mean_max")
        history = model.fit(X, Y, verbose=0).history
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    assert model.get_layer("encoder").compute_dtype == "float16"
    outputs = model.predict(X, verbose=0)
    assert outputs.dtype == np.float32 and np.isfinite(history["loss"]).all()
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-6)


@pytest.mark.slow
def test_xla_trains_and_predicts_the_same():
    plain, fast = build(), build()
    fast.compile(jit_compile=True)
    np.testing.assert_allclose(fast.predict(X, verbose=0), plain.predict(X, verbose=0), atol=1e-6)
    for model in (plain, fast):
        model.fit(X, Y, batch_size=60, shuffle=False, verbose=0)
    for a, b in zip(plain.get_weights(), fast.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    widths = {ids.shape[1] for ids, _ in fast._batches(fast.prepare(X, Y), 10)}
    assert widths == {16}


def test_cut_texts_are_said_once():
    model = OneToOne(Text(max_length=2).adapt(["a b c"]), LABEL, units=2)
    with pytest.warns(UserWarning, match="1 of 2 examples are longer than max_length") as caught:
        cut = model.predict(["a b c", "a"], verbose=0)
    assert len(caught) == 1
    np.testing.assert_array_equal(cut[0], model.predict(["a b"], verbose=0)[0])


# === Bad input ===


def dataset(*parts):
    return tf.data.Dataset.from_tensor_slices(parts)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda m: m.fit(X, ["maybe", *Y[1:]]),
            "label that training did not: 'maybe'.*'no', 'yes'",
        ),
        (
            lambda m: m.evaluate(X[:2], ["maybe", "never"]),
            r"'maybe', 'never' \(2 of 2 examples, first that of 0\)",
        ),
        (lambda m: m.score(dataset(X[:1], ["maybe"])), "'maybe'.*Known classes: 'no', 'yes'"),
        (lambda m: m.fit(X), "y is missing.*dataset of"),
        (lambda m: m.fit(X, Y[:-1]), "equal lengths. Received: x: 120, y: 119"),
        (lambda m: m.fit(X, Y, sample_weight=[1.0]), "sample_weight: 1$"),
        (lambda m: m.fit(dataset(X, Y), Y), "y and sample_weight must be left out"),
        (lambda m: m.fit([], []), "no examples. Received: an empty list"),
        (lambda m: m.fit(dataset(X, Y).take(0)), "no examples. Received: an empty dataset"),
        (lambda m: m.fit(dataset(X)), r"must give \(x, y\)"),
        (lambda m: m.fit(dataset(X, Y).map(lambda x, y: {"x": x, "y": y})), r"keys \['x', 'y'\]"),
        (lambda m: m.fit(X, [None, *Y[1:]]), "missing value at position 0"),
        (lambda m: m.predict([None]), "missing value at position 0"),
        (lambda m: m.predict([3j]), "takes texts.*complex"),
        (lambda m: m.predict(dataset([1, 2])), "takes string values.*int32"),
        (
            lambda m: m.fit(X, Y, batch_size=0),
            "batch_size must be an integer of at least 1",
        ),
        (lambda m: m.fit(X, Y, batch_size=1.5), "at least 1. Received: batch_size=1.5"),
        (
            lambda m: m.fit(X, Y, class_weight={"maybe": 2}),
            "names the class 'maybe'. Known classes",
        ),
        (lambda m: m.fit(X, Y, validation_split=1.5), "between 0 and 1. Received: 1.5"),
        (
            lambda m: m.fit(X[:1], Y[:1], validation_split=0.1),
            "leaves one side of 1 examples empty",
        ),
        (lambda m: m.fit(dataset(X, Y), validation_split=0.1), "needs x and y as arrays"),
        (lambda m: m.fit(X, Y, validation_split=0.1, validation_data=(X, Y)), "Received: both"),
        (lambda m: m.fit(X, Y, validation_data=(X, Y, Y, Y)), "Received: 4 parts"),
        (lambda m: m.score(dataset(X, Y).repeat()), "data that ends.*take"),
        (lambda m: m.save("model.h5"), "must end in '.keras'. Received: filepath='model.h5'"),
    ],
)
def test_bad_calls(still, call, message):
    with pytest.raises(ValueError, match=message):
        call(still)


def test_one_text_is_one_input(still):
    one, listed = still.predict("one text", verbose=0), still.predict(["one text"], verbose=0)
    np.testing.assert_array_equal(one, listed)


def test_class_weights_of_numbers():
    model = OneToOne(Number(normalize=False), Number(normalize=False), units=2)
    with pytest.raises(ValueError, match="class_weight needs a Label"):
        model.fit([1.0], [1.0], class_weight={0: 1})


def test_labels_that_are_numbers_by_value():
    model = OneToOne(TEXT, Label().adapt([3, 7]), units=2)
    model.compile(optimizer=SGD(0.0))
    assert model.infer("high")["label"] in (3, 7)
    one = model.fit(X, [3, 7] * 60, class_weight={7: 4.0}, batch_size=120, verbose=0).history
    two = model.fit(X, [3.0, 7.0] * 60, class_weight={1: 4.0}, batch_size=120, verbose=0).history
    assert one["loss"] == pytest.approx(two["loss"])
