"""Saving: one file that lives on anywhere, and the files that are not opened."""

import json
import os
import pathlib
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

import rnnkit
from rnnkit.features import Label, Number, Series
from rnnkit.models import ManyToOne, OneToOne
from rnnkit.models.export import Export
from rnnkit.utils import writing
from tests import battery_models, helpers

X, Y = helpers.presence(40)
PARTS = ("metadata.json", "config.json", "model.weights.h5")


@pytest.fixture(scope="module")
def model():
    model = ManyToOne(
        *helpers.features([*X, "é😀"], Y), cell="lstm", units=4, embedding_size=4, seed=1, name="m"
    )
    model.fit(X, Y, verbose=0)
    model.recipe, model.score_names = "sentiment", ["accuracy"]
    model.fit_defaults = {"batch_size": 7, "patience": 1}
    return model


@pytest.fixture(scope="module")
def file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    model.save(path)
    return path


@pytest.fixture
def parts(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def forged(parts, tmp_path):
    """Function that writes a copy of the file with parts or settings changed."""

    def write(change=None, **changed):
        found = {**parts, **changed}
        if change is not None:
            config = json.loads(found["config.json"])
            change(config)
            found["config.json"] = json.dumps(config).encode()
        path = tmp_path / "forged.keras"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in found.items():
                archive.writestr(name, content)
        return path

    return write


# === A life after saving ===


@pytest.mark.slow
def test_nothing_is_lost(model, file, parts):
    assert set(parts) == set(PARTS)
    loaded = rnnkit.load_model(str(file))
    assert isinstance(loaded, ManyToOne)
    assert loaded.get_config() == model.get_config()
    for name in ("recipe", "score_names", "fit_defaults", "seed", "name"):
        assert getattr(loaded, name) == getattr(model, name)
    assert helpers.weights_equal(loaded.get_weights(), model.get_weights())
    assert [v.numpy().tolist() for v in loaded.optimizer.variables] == [
        v.numpy().tolist() for v in model.optimizer.variables
    ]
    assert int(loaded.optimizer.iterations) == 2  # 40 examples in batches of 32
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.slow
@pytest.mark.parametrize("with_keras", [False, True])
def test_a_fresh_process_predicts_the_same(model, file, fresh, with_keras, tmp_path):
    texts = [*X, "", "é 😀", "never seen"]
    out = str(tmp_path / "out.npz")
    fresh.call("continue", path=str(file), x=texts, y=None, out=out, with_keras=with_keras)
    np.testing.assert_array_equal(np.load(out)["predictions"], model.predict(texts, verbose=0))
    assert fresh.call("infer", path=str(file), x=texts) == model.infer(texts)


def test_the_forged_copy_without_changes_loads(forged, model):
    # Otherwise the refusals below would show nothing.
    loaded = rnnkit.load_model(forged(lambda config: None))
    assert helpers.weights_equal(loaded.get_weights(), model.get_weights())


@pytest.mark.slow
def test_compilation_is_kept(tmp_path):
    model = OneToOne(*helpers.features(X, Y), units=2)
    model.compile(
        optimizer=keras.optimizers.SGD(
            keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), momentum=0.5
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2, name="top")],
    )
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = rnnkit.load_model(tmp_path / "m.keras")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    results = loaded.evaluate(X, Y, verbose=0, return_dict=True)
    assert results == model.evaluate(X, Y, verbose=0, return_dict=True)
    assert set(results) == {"loss", "accuracy", "top"}


# === Writing ===


def test_a_failed_save_leaves_the_old_file(model, file, tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    path.write_bytes(file.read_bytes())

    def fail(self, where, **_):
        pathlib.Path(where).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keras.Model, "save", fail)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert path.read_bytes() == file.read_bytes()
    assert os.listdir(tmp_path) == ["model.keras"]


def test_saving_replaces_and_leaves_nothing_else(model, tmp_path):
    path = tmp_path / "model.keras"
    path.write_text("old")
    with pytest.raises(ValueError, match="model.keras exists: pass overwrite=True"):
        model.save(path, overwrite=False)
    assert path.read_text() == "old"
    model.save(path)
    assert rnnkit.load_model(path).name == "m"
    assert os.listdir(tmp_path) == ["model.keras"]


def test_places_that_cannot_be_written(model, tmp_path):
    with pytest.raises(ValueError, match="the folder .*none does not exist"):
        model.save(tmp_path / "none" / "model.keras")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(ValueError, match="folder.keras: it is a folder"):
        model.save(tmp_path / "folder.keras")
    assert os.listdir(tmp_path) == ["folder.keras"]


# === Files that are not opened ===


def test_paths_that_are_no_local_model_file(file, tmp_path):
    (tmp_path / "folder.keras").mkdir()
    (tmp_path / "model.zip").write_bytes(file.read_bytes())
    (tmp_path / "old.h5").write_bytes(b"\x89HDF")
    for path, message in {
        tmp_path / "none.keras": "There is no file '.*none.keras'",
        tmp_path / "folder.keras": "Received: the folder",
        tmp_path / "model.zip": "ends in '.keras'. Received: .*model.zip",
        tmp_path / "old.h5": "old HDF5 format can hold code",
        tmp_path / "old.hdf5": "old HDF5 format",
        "https://example.org/model.keras": "takes a local file; download it first",
        "hf://user/model.keras": "takes a local file",
        "gs://bucket/model.keras": "takes a local file",
    }.items():
        with pytest.raises(ValueError, match=message):
            rnnkit.load_model(path)


def test_damaged_files(file, forged, parts, tmp_path):
    path = tmp_path / "text.keras"
    path.write_text("this is a text")
    with pytest.raises(ValueError, match="truncated, damaged or no Keras model file"):
        rnnkit.load_model(path)
    raw = bytearray(file.read_bytes())
    middle = raw.index(parts["model.weights.h5"][:64]) + len(parts["model.weights.h5"]) // 2
    raw[middle] ^= 255
    path.write_bytes(raw)
    with pytest.raises(ValueError, match="text.keras was not loaded: .*damaged"):
        rnnkit.load_model(path)
    for content in (b"", b"{", b"[]", b'"a"', b"\xff", b"{}", b"[" * 100_000):
        with pytest.raises(ValueError, match="was not loaded: its configuration"):
            rnnkit.load_model(forged(**{"config.json": content}))
    with pytest.raises(ValueError, match="was not loaded: its weights are damaged"):
        rnnkit.load_model(forged(**{"model.weights.h5": b"no weights"}))


@pytest.mark.parametrize("missing", PARTS)
def test_missing_parts(file, parts, tmp_path, missing):
    path = tmp_path / "part.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name in set(PARTS) - {missing}:
            archive.writestr(name, parts[name])
    with pytest.raises(ValueError, match=f"no complete Keras model \\(without {missing}\\)"):
        rnnkit.load_model(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("assets/vocabulary.txt", "unexpected parts.*assets/vocabulary.txt"),
        ("../out.txt", "no Keras model file .*the member '../out.txt' leads out of the file"),
        ("code.py", "unexpected parts.*code.py"),
    ],
)
def test_further_parts(forged, name, reason):
    with pytest.raises(ValueError, match=reason):
        rnnkit.load_model(forged(**{name: b"x"}))


def test_plain_keras_models(tmp_path):
    inputs = keras.Input((None, 3))
    x = keras.layers.Conv1D(4, 3, padding="same", activation="relu")(inputs)
    x = rnnkit.layers.recurrent("lstm", 4, bidirectional=True, return_sequences=True)(x)
    x = keras.layers.Concatenate()([x, x])
    outputs = keras.layers.Dense(2, "softmax")(rnnkit.layers.SequencePooling("max")(x))
    functional = keras.Model(inputs, outputs)
    functional.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    sequential = keras.Sequential([inputs, rnnkit.layers.GRU(3), keras.layers.Dense(1)])
    nested = keras.Model(inputs, functional(inputs))
    data = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    for plain in (functional, sequential, nested):
        plain.save(tmp_path / "plain.keras")
        loaded = rnnkit.load_model(tmp_path / "plain.keras")
        assert type(loaded) is type(plain)
        np.testing.assert_array_equal(loaded(data), plain(data))


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Lambda(lambda x: x),
        keras.layers.StringLookup(vocabulary=["a"]),
        keras.layers.TextVectorization(vocabulary=["a"]),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_plain_keras_models_with_layers_that_call_or_read(layer, tmp_path):
    dtype = "float32" if isinstance(layer, keras.layers.Lambda) else "string"
    plain = keras.Sequential([keras.Input((1,), dtype=dtype), layer])
    plain.save(tmp_path / "plain.keras")
    with pytest.raises(ValueError, match=f"plain.keras was not loaded: .*{type(layer).__name__}"):
        rnnkit.load_model(tmp_path / "plain.keras")


def test_a_plain_keras_model_that_asks_for_much(tmp_path):
    plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    plain.save(tmp_path / "plain.keras")
    forger = battery_models.Forger(tmp_path / "plain.keras")

    def grow(config):
        config["config"]["layers"][1]["config"]["units"] = 10**6

    forger.with_config(grow)(tmp_path / "large.keras")
    with pytest.raises(ValueError, match="declares 3,000,000 numbers as weights but holds only 3"):
        rnnkit.load_model(tmp_path / "large.keras")


def test_a_foreign_model(forged):
    path = forged(lambda config: config.update(battery_models.node("evil", "Model", "evil>Model")))
    with pytest.raises(ValueError, match="'evil>Model' of module 'evil'.*custom_objects="):
        rnnkit.load_model(path)
    # A feature of ours is no model.
    text = keras.saving.serialize_keras_object(Number(normalize=False))
    with pytest.raises(ValueError, match="was not loaded"):
        rnnkit.load_model(forged(lambda config: config.update(text)))


# === Export ===

SERVE = """
import json, sys
import tensorflow as tf
assert not any(name.startswith("rnnkit") for name in sys.modules)
served = tf.saved_model.load(sys.argv[1])
result = served.serve(tf.constant(json.loads(sys.argv[2])))
print(json.dumps({
    "label": [value.decode() for value in result["label"].numpy().tolist()],
    "probability": result["probability"].numpy().tolist(),
    "probabilities": result["probabilities"].numpy().tolist(),
}))
"""


@pytest.mark.slow
def test_a_served_model_takes_texts_and_gives_labels(model, tmp_path):
    path = tmp_path / "served"
    model.export(path, verbose=False)
    assert os.listdir(tmp_path) == ["served"]
    texts = ["red high", "", "low é 😀", "never seen before " * 9]
    run = subprocess.run(
        [sys.executable, "-c", SERVE, str(path), json.dumps(texts)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    served, expected = json.loads(run.stdout), model.infer(texts)
    assert served["label"] == [result["label"] for result in expected]
    np.testing.assert_allclose(
        served["probability"], [result["probability"] for result in expected], atol=1e-6
    )
    np.testing.assert_allclose(served["probabilities"], model.predict(texts, verbose=0), atol=1e-6)
    with pytest.raises(ValueError, match="served exists: export to another name, or remove it"):
        model.export(path)


def test_a_failed_export_leaves_nothing(model, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError("No space left")

    monkeypatch.setattr(type(keras.export.ExportArchive()), "write_out", fail)
    with pytest.raises(OSError, match="No space left"):
        model.export(tmp_path / "served", verbose=False)
    assert os.listdir(tmp_path) == []


def test_the_extra_for_onnx_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ImportError, match="pip install tf2onnx onnx"):
        model.export(tmp_path / "model.onnx", format="onnx")
    with pytest.raises(ValueError, match="format must be one of 'tf_saved_model', 'onnx'.*'pdf'"):
        Export(model).write(tmp_path / "model.pdf", format="pdf")


def test_writing_in_steps(tmp_path):
    path = tmp_path / "out.txt"
    with writing.atomically(path) as temporary:
        pathlib.Path(temporary).write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["out.txt"]


@pytest.mark.parametrize(
    "cell, options",
    [
        ("gru", {}),
        pytest.param("lstm", {}, marks=pytest.mark.slow),
        pytest.param("simple_rnn", {}, marks=pytest.mark.slow),
        pytest.param("dense", {}, marks=pytest.mark.slow),
        pytest.param("lstm", {"bidirectional": True, "num_layers": 2}, marks=pytest.mark.slow),
    ],
)
def test_onnx_of_each_kind_of_cell(cell, options, tmp_path):
    import onnxruntime

    rng = np.random.default_rng(0)
    x = [rng.normal(size=(length, 2)) for length in (5, 9, 2)]
    series, label = Series(2).adapt(x), Label().adapt(["a", "b"])
    model = ManyToOne(series, label, cell=cell, units=4, seed=1, **options)
    model.export(tmp_path / "model.onnx", format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (given,), (found,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape, given.type) == (
        "series",
        ["batch", "time", 2],
        "tensor(float)",
    )
    assert (found.name, found.shape) == ("outputs", ["batch", 2])
    codes = series.encode(series.to_tensor(x)).to_tensor(np.nan).numpy()
    outputs = session.run(["outputs"], {"series": codes})[0]
    np.testing.assert_allclose(outputs, model.predict(x, verbose=0), atol=1e-6)
    # Padding changes nothing.
    codes = np.pad(codes, [(0, 0), (0, 3), (0, 0)], constant_values=np.nan)
    np.testing.assert_allclose(session.run(None, {"series": codes})[0], outputs, atol=1e-6)


@pytest.mark.slow
def test_onnx_computes_the_same(model, tmp_path):
    import onnxruntime

    path = tmp_path / "model.onnx"
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path)
    (tokens,) = session.get_inputs()
    codes = model.input_feature.encode(np.array(X[:8], dtype=object)).to_tensor().numpy()
    (outputs,) = session.run(None, {tokens.name: codes})
    np.testing.assert_allclose(outputs, model.predict(X[:8], verbose=0), atol=1e-6)
