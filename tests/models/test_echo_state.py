"""EchoStateNetwork: what `fit` finds against NumPy, and the life of the model.

Free runs are in test_closed_loop.py, forecasts and their scores in test_forecasting.py.
"""

import json
import zipfile

import keras
import numpy as np
import pytest
import sklearn.metrics
import tensorflow as tf

import rnnkit
from rnnkit.data import pipeline
from rnnkit.features import Forecast, Label, Number, Series, Text
from rnnkit.layers import reservoir_loops as loops
from rnnkit.models import EchoStateNetwork, reservoir_pass
from tests import helpers
from tests.models import plain_reservoir as plain

UNITS, WASHOUT, RIDGE = 20, 10, 0.01
NAN = np.nan


def toy(seed=0, lengths=(90, 150, 120)):
    """Series of two columns, and targets that follow both late and blurred, partly missing."""
    rng = np.random.default_rng(seed)
    series, targets = [], []
    for length in lengths:
        x = np.cumsum(rng.normal(size=(length, 2)), axis=0) * 0.1 + [3.0, -5.0]
        y = np.roll(x[:, :1] * x[:, 1:], 2, axis=0) + 0.05 * rng.normal(size=(length, 1))
        y[length // 2 : length // 2 + 7] = NAN
        series.append(x)
        targets.append(y)
    return series, targets


SERIES, TARGETS = toy()
X = {kind: Series(2, dtype=kind).adapt(SERIES) for kind in ("float32", "float64")}
Y = {kind: Series(missing=True, dtype=kind).adapt(TARGETS) for kind in ("float32", "float64")}


def build(dtype="float64", output=None, **options):
    options = {"units": UNITS, "washout": WASHOUT, "ridge": RIDGE, "seed": 3, **options}
    return EchoStateNetwork(X[dtype], output or Y[dtype], **options)


def solutions(model):
    return [readout.solution() for readout in model.readouts]


def same_solutions(first, second, close=1e-9):
    for a, b in zip(solutions(first), solutions(second), strict=True):
        np.testing.assert_allclose(a, b, atol=close)


@pytest.fixture(scope="module")
def fitted():
    model = build()
    model.fit(SERIES, TARGETS, verbose=0)
    return model


# === The solution ===


OPTIONS = {
    "as it comes": {},
    "no washout": {"washout": 0},
    "leaks": {"leak_rate": np.linspace(0.2, 1, UNITS), "input_scaling": [0.5, 2.0]},
    "states alone": {"read_inputs": False, "topology": "orthogonal"},
    "deep": {"num_layers": 2, "upper_scaling": 0.7, "leak_rate": 0.5},
    "both directions": {"bidirectional": True},
    "deep both directions": {"bidirectional": True, "num_layers": 2, "read_inputs": False},
    "ensemble": {"ensemble": 2},
    "feedback": {"output_feedback": True, "feedback_scaling": 0.3},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_fit_equals_numpy(name):
    model = build(**OPTIONS[name])
    history = model.fit(SERIES, TARGETS, verbose=0).history
    targets = plain.encoded_targets(model, TARGETS)
    errors, outputs = [], 0.0
    for member, found in enumerate(solutions(model)):
        x, y, *_ = plain.rows(model, member, SERIES, targets)
        expected = plain.ridge(x, y, RIDGE)
        np.testing.assert_allclose(found, expected, atol=1e-7)
        errors.append(np.mean((x @ expected - y) ** 2))
        outputs += x @ expected / model.ensemble
    assert history == {"loss": [pytest.approx(np.mean(errors))]}
    assert model.errors == pytest.approx(np.mean(np.sqrt(errors)))
    assert model.evaluate(SERIES, TARGETS) == pytest.approx(np.mean(errors))
    assert model.evaluate(SERIES, TARGETS, return_dict=True) == {"loss": history["loss"][0]}
    if model.output_feedback:
        return  # predict hears its own; see test_closed_loop
    predicted = model.predict(SERIES)
    assert predicted.shape == (3, 150, 1)
    found = [
        each[: len(target)][(np.arange(len(target)) >= model.washout) & ~np.isnan(target[:, 0])]
        for each, target in zip(predicted, targets, strict=True)
    ]
    np.testing.assert_allclose(np.concatenate(found), outputs, atol=1e-7)
    # Beyond the end there is nothing; and the Keras graph says the same as the compiled loops.
    assert np.isnan(predicted[0, 90:]).all() and np.isfinite(predicted[0, :90]).all()
    encoded = model.input_feature.scale(SERIES[0])
    graph = keras.ops.convert_to_numpy(model(encoded[None]))
    np.testing.assert_allclose(graph[0], predicted[0, :90], atol=1e-9)


def test_float32(fitted):
    model = build("float32")
    model.fit(SERIES, TARGETS, verbose=0)
    assert model.output.dtype == model.predict(SERIES[0]).dtype == np.float32
    assert fitted.predict(SERIES[0]).dtype == np.float64
    assert model.readouts[0].numpy("gram").dtype == np.float64
    np.testing.assert_allclose(model.predict(SERIES), fitted.predict(SERIES), atol=1e-3)
    graph = model(model.input_feature.scale(SERIES[0])[None].astype("float32"))
    np.testing.assert_allclose(graph[0], model.predict(SERIES[0]), atol=1e-5)


def test_one_series_in_every_form(fitted):
    x, y = SERIES[1], TARGETS[1]
    model = build()
    model.fit(x, y, verbose=0)
    a, b, *_ = plain.rows(model, 0, [x], plain.encoded_targets(model, [y]))
    np.testing.assert_allclose(solutions(model)[0], plain.ridge(a, b, RIDGE), atol=1e-7)
    pairs = tf.data.Dataset.from_tensors((x, y))
    for form in (([x], [y]), (x.tolist(), y), (pairs,), (pairs.batch(1),), (model.prepare(x, y),)):
        again = build()
        again.fit(*form, verbose=0)
        same_solutions(again, model)
    one = model.predict(x)
    assert one.shape == (150, 1)
    for form in ([x], x.tolist(), x[None], pairs, model.prepare(x, y)):
        np.testing.assert_array_equal(model.predict(form), one[None])


@pytest.mark.parametrize("options", [{}, {"bidirectional": True, "num_layers": 2}])
def test_pieces_and_batches_make_no_difference(options, monkeypatch):
    whole = build(**options)
    whole.fit(SERIES, TARGETS, verbose=0)
    predicted = whole.predict(SERIES)
    monkeypatch.setattr(loops, "LONGEST_PIECE", 64)  # now three pieces a series
    for size in (1, 2):
        model = build(**options)
        model.fit(SERIES, TARGETS, batch_size=size, verbose=0)
        same_solutions(model, whole)
        np.testing.assert_allclose(model.predict(SERIES, batch_size=size), predicted, atol=1e-9)
    for each, states in zip(SERIES, whole.states(SERIES), strict=True):
        encoded = whole.input_feature.scale(each)
        expected = plain.features(whole, 0, encoded)[:, 3:]
        np.testing.assert_allclose(states, expected, atol=1e-9)


def test_streamed_data(fitted, monkeypatch):
    def examples():
        yield from zip(SERIES, TARGETS, strict=True)

    spec = tuple(tf.TensorSpec((None, width), tf.float64) for width in (2, 1))
    dataset = tf.data.Dataset.from_generator(examples, output_signature=spec)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 10)
    model = build()
    model.fit(dataset, batch_size=2, verbose=0)
    same_solutions(model, fitted)
    expected = fitted.predict(SERIES)
    np.testing.assert_allclose(model.predict(dataset, batch_size=2), expected, atol=1e-9)


def test_targets_missing_in_some_columns():
    both = [
        np.concatenate([y, x[:, :1] ** 2], axis=1) for x, y in zip(SERIES, TARGETS, strict=True)
    ]
    both[2][30:80, 1] = NAN
    output = Series(2, missing=True, dtype="float64").adapt(both)
    model = build(output=output, washout=20)
    history = model.fit(SERIES, both, verbose=0).history
    x, y, *_ = plain.rows(model, 0, SERIES, plain.encoded_targets(model, both))
    expected = plain.ridge(x, y, RIDGE)
    np.testing.assert_allclose(solutions(model)[0], expected, atol=1e-7)
    errors = np.nanmean((x @ expected - y) ** 2, axis=0)
    assert history["loss"] == [pytest.approx(errors.mean())]
    assert model.errors == pytest.approx(np.sqrt(errors))
    with pytest.raises(ValueError, match="known, or missing, in all columns together"):
        model.partial_fit(SERIES, [each[:, [1, 1]] for each in SERIES])


def test_sample_weights():
    model = build(ensemble=2)
    per_series = [1.0, 2.0, 0.5]
    rng = np.random.default_rng(1)
    per_step = [rng.uniform(0, 2, len(each)) for each in SERIES]
    padded = np.zeros((3, 150))
    for place, each in zip(padded, per_step, strict=True):
        place[: len(each)] = each
    targets = plain.encoded_targets(model, TARGETS)
    for given in (per_series, per_step, padded):
        model.fit(SERIES, TARGETS, sample_weight=given, verbose=0)
        for member, found in enumerate(solutions(model)):
            x, y, which, times = plain.rows(model, member, SERIES, targets)
            weights = np.array(per_series)[which] if given is per_series else padded[which, times]
            expected = plain.ridge(x, y, RIDGE, weights)
            np.testing.assert_allclose(found, expected, atol=1e-5)  # weights are float32
    assert model.evaluate(SERIES, TARGETS, sample_weight=padded) != model.evaluate(SERIES, TARGETS)
    # The steps of one series.
    model.fit(SERIES[1], TARGETS[1], sample_weight=padded[1], verbose=0)
    again = build(ensemble=2)
    again.fit(SERIES[1:2], TARGETS[1:2], sample_weight=padded[1:2], verbose=0)
    same_solutions(again, model)


def test_noise_in_training_only():
    quiet, noisy = build(), build(noise=0.1)
    for model in (quiet, noisy):
        model.fit(SERIES, TARGETS, verbose=0)
        assert helpers.weights_equal(model.predict(SERIES[0]), model.predict(SERIES[0]))
    assert np.abs(noisy.states(SERIES[0]) - quiet.states(SERIES[0])).max() < 1e-12
    gram = [model.readouts[0].numpy("gram") for model in (quiet, noisy)]
    assert np.abs(gram[0] - gram[1])[3:, 3:].max() > 0.1  # states heard it, inputs did not
    np.testing.assert_array_equal(gram[0][:3, :3], gram[1][:3, :3])
    again = build(noise=0.1)
    again.fit(SERIES, TARGETS, verbose=0)
    same_solutions(again, noisy, 0)


# === The ridge value ===


def test_ridge_is_chosen_by_validation_data():
    ridges = [1e-8, 1e-4, 0.01, 1.0, 100.0]
    both = [np.concatenate([y, 9 * x[:, :1]], axis=1) for x, y in zip(SERIES, TARGETS, strict=True)]
    output = Series(2, missing=True, dtype="float64").adapt(both)
    held_out = toy(5, (100, 80))
    validation = [
        np.concatenate([y, 9 * x[:, :1] + 2], axis=1) for x, y in zip(*held_out, strict=True)
    ]
    model = build(output=output, ridge=ridges, ensemble=2, units=40)
    history = model.fit(SERIES, both, validation_data=(held_out[0], validation), verbose=0).history
    losses, scaled, paths = [], [], []
    for member in range(2):
        x, y, *_ = plain.rows(model, member, SERIES, plain.encoded_targets(model, both))
        a, b, *_ = plain.rows(model, member, held_out[0], plain.encoded_targets(model, validation))
        path = [plain.ridge(x, y, value) for value in ridges]
        errors = np.array([np.nanmean((a @ each - b) ** 2, axis=0) for each in path])
        losses.append(errors.mean(axis=1))
        scaled.append((errors / np.nanmean(y**2, axis=0)).mean(axis=1))
        paths.append(path)
    best = int(np.argmin(np.mean(scaled, axis=0)))
    assert 0 < best < len(ridges) - 1
    for readout, path in zip(model.readouts, paths, strict=True):
        assert readout.numpy("ridge") == ridges[best]
        np.testing.assert_allclose(readout.solution(), path[best], atol=1e-6)
    assert history["val_loss"] == [pytest.approx(np.mean(losses, axis=0)[best])]
    assert set(history) == {"loss", "val_loss"}


def test_ridge_is_chosen_by_generalised_cross_validation():
    ridges = [1e-6, 1e-3, 0.1, 10.0, 1e5]
    model = build(ridge=ridges, units=40)
    model.fit(SERIES, TARGETS, verbose=0)
    x, y, *_ = plain.rows(model, 0, SERIES, plain.encoded_targets(model, TARGETS))
    scores = []
    for ridge in ridges:
        hat = x @ np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T)
        scores.append(np.sum((y - hat @ y) ** 2) / (len(x) - np.trace(hat)) ** 2)
    best = int(np.argmin(scores))
    assert model.readouts[0].numpy("ridge") == ridges[best]
    np.testing.assert_allclose(solutions(model)[0], plain.ridge(x, y, ridges[best]), atol=1e-5)


def test_validation_split_takes_the_end():
    x, y = SERIES[1], np.nan_to_num(TARGETS[1], nan=-15.0)
    model, other = build(ridge=[1e-4, 1.0]), build(ridge=[1e-4, 1.0])
    split = model.fit(x, y, validation_split=0.4, verbose=0).history
    given = other.fit(x[:90], y[:90], validation_data=(x[90:], y[90:]), verbose=0).history
    assert split == given and "val_loss" in split
    same_solutions(model, other, 0)
    own = build(output=Forecast(["0", "1"], normalize=False, dtype="float64"))
    split = own.fit(x, validation_split=0.4, verbose=0).history
    assert split == own.fit(x[:90], validation_data=x[90:], verbose=0).history
    with pytest.raises(ValueError, match="Pass validation_split or validation_data. Received: bo"):
        own.fit(x, validation_split=0.4, validation_data=x)


# === More data ===


def test_partial_fit_of_series_after_series(fitted):
    model = build()
    assert not model.fitted
    for x, y in zip(SERIES, TARGETS, strict=True):
        assert model.partial_fit(x, y) is model
    assert model.fitted
    same_solutions(model, fitted)
    # After fit, with the ridge value that it chose.
    first, whole = build(ridge=[1e-5, RIDGE]), build(ridge=RIDGE)
    first.fit(SERIES[:1], TARGETS[:1], validation_data=toy(5, (100, 80)), verbose=0)
    whole.ridge = float(first.readouts[0].numpy("ridge"))
    first.fine_tune(SERIES[1:], TARGETS[1:])
    whole.fit(SERIES, TARGETS, verbose=0)
    same_solutions(first, whole, 1e-7)
    unfitted = build(ridge=[1.0, RIDGE, 5.0]).partial_fit(SERIES, TARGETS)
    assert unfitted.readouts[0].numpy("ridge") == RIDGE  # the middle one


@pytest.mark.parametrize("first", ["fit", "partial_fit"])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "ensemble": 2}])
def test_partial_fit_of_a_series_in_blocks(first, options):
    x, y = SERIES[1], TARGETS[1]
    whole, model = build(**options), build(**options)
    whole.fit(x, y, verbose=0)
    # The first block is shorter than the washout, the last has no known target.
    if first == "fit":
        model.fit(x[:60], y[:60], verbose=0)
        blocks = (60, 75, 82, 150)
    else:
        blocks = (0, 7, 60, 75, 82, 150)
    for start, end in zip(blocks, blocks[1:], strict=False):
        model.partial_fit(x[start:end], y[start:end], continued=True)
    same_solutions(model, whole)
    # Another series begins anew.
    model.partial_fit(SERIES[0], TARGETS[0])
    whole.partial_fit(SERIES[0], TARGETS[0])
    same_solutions(model, whole)
    model.partial_fit(SERIES[:2], TARGETS[:2])  # several: none that could be continued
    count = model.readouts[0].numpy("count")
    model.partial_fit(x[:40], y[:40], continued=True)
    assert model.readouts[0].numpy("count") == count + 40 - WASHOUT


@pytest.mark.parametrize("ensemble", [1, 2])
def test_forgetting_weighs_the_past_less(ensemble, monkeypatch):
    monkeypatch.setattr(loops, "LONGEST_PIECE", 64)
    forgetting, x, y = 0.98, SERIES[1], TARGETS[1]
    model = build(ensemble=ensemble)
    model.partial_fit(x[:70], y[:70], forgetting=forgetting)
    model.partial_fit(x[70:], y[70:], forgetting=forgetting, continued=True)
    for member, found in enumerate(solutions(model)):
        a, b, *_ = plain.rows(model, member, [x], plain.encoded_targets(model, [y]))
        weights = forgetting ** np.arange(len(a) - 1, -1, -1.0)
        np.testing.assert_allclose(found, plain.ridge(a, b, RIDGE, weights), atol=1e-9)
        assert model.readouts[member].numpy("count") == pytest.approx(weights.sum())


def test_partial_fit_goes_on_in_a_fresh_process(fresh, tmp_path):
    model = build()
    model.partial_fit(SERIES[0], TARGETS[0])
    path, out = str(tmp_path / "m.keras"), str(tmp_path / "out.npz")
    model.save(path)
    more = {"x": SERIES[1].tolist(), "y": TARGETS[1].tolist(), "forgetting": 0.999}
    ticket = fresh.begin("ask", path=path, calls=[["partial_fit", more]], out=out)
    model.partial_fit(SERIES[1], TARGETS[1], forgetting=0.999)
    fresh.end(ticket)
    with np.load(out) as found:
        weights = [found[key] for key in sorted(found.files)]
    assert helpers.weights_equal(weights, model.get_weights())


# === Labels and numbers ===


def waves(size=60, seed=0):
    """Series of 30 to 60 steps, slow or fast sines, and their frequencies."""
    rng = np.random.default_rng(seed)
    series, labels, speeds = [], [], []
    for index in range(size):
        speed = (0.2, 0.5)[index % 2] * rng.uniform(0.9, 1.1)
        times = np.arange(rng.integers(30, 61))
        noise = 0.1 * rng.normal(size=(len(times), 1))
        series.append(np.sin(speed * times + rng.uniform(0, 6))[:, None] + noise)
        labels.append(("slow", "fast")[index % 2])
        speeds.append(speed)
    return series, labels, speeds


WAVES, LABELS, SPEEDS = waves()
WAVE, LABEL = Series(dtype="float64").adapt(WAVES), Label().adapt(LABELS)


def pooled(model, series):
    """What the readout reads of each series, `[series, 1 + read]`."""
    found = [plain.features(model, 0, WAVE.scale(each)) for each in series]
    if model.pooling == "last":
        return np.array([each[-1] for each in found])
    return np.array([each[model.washout :].mean(axis=0) for each in found])


@pytest.mark.parametrize(
    "pooling, options",
    [("last", {}), ("mean", {"washout": 5}), ("mean", {"bidirectional": True})],
)
def test_classification_equals_numpy(pooling, options, monkeypatch):
    options = {"units": 30, "ridge": 0.1, "pooling": pooling, "seed": 1, **options}
    model = EchoStateNetwork(WAVE, LABEL, **options)
    assert model.washout == options.get("washout", 0)
    monkeypatch.setattr(loops, "LONGEST_PIECE", 16)
    monkeypatch.setattr(loops, "SHORTEST_PIECE", 16)
    history = model.fit(WAVES, LABELS, batch_size=20, verbose=0).history
    x, classes = pooled(model, WAVES), np.array([LABEL.names.index(each) for each in LABELS])
    targets = np.eye(2)[classes]
    expected = plain.ridge(x, targets, 0.1)
    np.testing.assert_allclose(solutions(model)[0], expected, atol=1e-8)
    assert history["loss"] == [pytest.approx(np.mean((x @ expected - targets) ** 2))]
    outputs = np.maximum(x @ expected, 1e-6)
    outputs /= outputs.sum(axis=1, keepdims=True)
    predicted = model.predict(WAVES)
    np.testing.assert_allclose(predicted, outputs, atol=1e-8)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    graph = keras.ops.convert_to_numpy(model(WAVE.scale(WAVES[7])[None]))
    np.testing.assert_allclose(graph[0], predicted[7], atol=1e-9)
    # Raw in, readable out.
    accuracy = np.mean(outputs.argmax(axis=1) == classes)
    assert model.score(WAVES, LABELS)["accuracy"] == pytest.approx(accuracy)
    assert accuracy > 0.8
    results = model.infer(WAVES[:3])
    for row, result in zip(outputs, results, strict=False):
        assert result["label"] == LABEL.names[row.argmax()]
        assert result["probabilities"] == pytest.approx(dict(zip(LABEL.names, row, strict=True)))
    assert model.infer(WAVES[0])["probability"] == pytest.approx(outputs[0].max())


def test_class_and_sample_weights():
    options = {"units": 30, "ridge": 0.1, "pooling": "mean", "seed": 1}
    model = EchoStateNetwork(WAVE, LABEL, **options)
    x = pooled(model, WAVES)
    targets = np.eye(2)[[LABEL.names.index(each) for each in LABELS]]
    own = np.linspace(0.5, 2, len(WAVES))
    by_class = np.where(np.array(LABELS) == "fast", 3.0, 1.0)
    model.fit(WAVES, LABELS, class_weight={"fast": 3.0}, verbose=0)
    np.testing.assert_allclose(
        solutions(model)[0], plain.ridge(x, targets, 0.1, by_class), atol=1e-8
    )
    model.fit(WAVES, LABELS, class_weight={"fast": 3.0}, sample_weight=own, verbose=0)
    np.testing.assert_allclose(
        solutions(model)[0], plain.ridge(x, targets, 0.1, by_class * own), atol=1e-5
    )
    # Forgetting goes by the order of the series, not by their lengths.
    again = EchoStateNetwork(WAVE, LABEL, **options)
    for part in (slice(0, 40), slice(40, 60)):
        again.partial_fit(WAVES[part], LABELS[part], forgetting=0.9)
    fading = 0.9 ** np.arange(59, -1, -1.0)
    np.testing.assert_allclose(solutions(again)[0], plain.ridge(x, targets, 0.1, fading), atol=1e-8)


def test_regression_to_a_number():
    number = Number().adapt(SPEEDS)
    model = EchoStateNetwork(WAVE, number, units=30, ridge=0.1, pooling="mean", seed=1)
    model.fit(WAVES, SPEEDS, verbose=0)
    x, targets = pooled(model, WAVES), (np.array(SPEEDS)[:, None] - number.mean) / number.deviation
    expected = plain.ridge(x, targets, 0.1)
    np.testing.assert_allclose(solutions(model)[0], expected, atol=1e-6)  # targets are float32
    values = (x @ expected)[:, 0] * number.deviation + number.mean
    assert model.infer(WAVES) == pytest.approx(values.tolist(), abs=1e-6)
    assert model.infer(WAVES[3]) == pytest.approx(values[3], abs=1e-6)
    expected = sklearn.metrics.r2_score(SPEEDS, values)
    assert model.score(WAVES, SPEEDS)["r2"] == pytest.approx(expected, abs=1e-5)


# === The life of a model ===


def test_seeds_and_config(fitted):
    again = build()
    first, *others = (each.get_layer("reservoir_0").get_weights() for each in (again, fitted))
    assert len(first) >= 3 and helpers.weights_equal(first, others[0])
    np.testing.assert_array_equal(again.states(SERIES[0]), fitted.states(SERIES[0]))
    other = build(seed=4)
    assert not np.array_equal(other.states(SERIES[0]), fitted.states(SERIES[0]))
    assert not np.array_equal(
        build(seed=None).states(SERIES[0]), build(seed=None).states(SERIES[0])
    )
    two = build(ensemble=2, num_layers=2, bidirectional=True)
    states = two.states(SERIES[0])
    assert states.shape == (90, 2 * 2 * 2 * UNITS)
    assert len({column.tobytes() for column in states.T}) == states.shape[1]  # all drawn apart
    for model in (two, build(leak_rate=np.linspace(0.1, 1, UNITS), input_scaling=(0.1, 1.0))):
        config = json.loads(json.dumps(model.get_config()))
        copy = EchoStateNetwork.from_config(config)
        assert copy.get_config() == model.get_config()
        np.testing.assert_array_equal(copy.states(SERIES[0]), model.states(SERIES[0]))


@pytest.mark.parametrize(
    "options",
    [
        {"ensemble": 2, "num_layers": 2, "bidirectional": True, "ridge": [0.01, 1.0]},
        {"topology": rnnkit.layers.topology.get("delay_line"), "leak_rate": [0.5] * UNITS},
    ],
)
def test_lives_on_in_a_fresh_process(options, fresh, tmp_path):
    model = build(seed=None, **options)
    model.fit(SERIES, TARGETS, verbose=0)
    model.recipe, model.score_names = "forecasting", ["mse"]
    path, out = str(tmp_path / "m.keras"), str(tmp_path / "out.npz")
    model.save(path)
    x, y = ([each.tolist() for each in part] for part in (SERIES, TARGETS))
    fit = {"sample_weight": [1.0, 2.0, 3.0]}
    ticket = fresh.begin("continue", path=path, x=x, y=y, out=out, fit=fit)
    expected = model.predict(SERIES)
    loaded = rnnkit.load_model(path)
    assert loaded.get_config() == model.get_config() and loaded.fitted
    assert helpers.weights_equal(loaded.get_weights(), model.get_weights())
    model.fit(SERIES, TARGETS, verbose=0, **fit)
    fresh.end(ticket)
    with np.load(out) as found:
        np.testing.assert_array_equal(found["predictions"], expected)
        weights = [found[key] for key in sorted(found.files) if key != "predictions"]
    assert helpers.weights_equal(weights, model.get_weights())


@pytest.mark.parametrize(
    "change, message",
    [
        ({"units": 10**5}, "declares"),
        ({"units": UNITS // 2}, "could not be rebuilt"),
        ({"num_layers": 10**5}, "declares"),
        ({"ensemble": 10**5}, "declares"),
        ({"ensemble": 2}, "declares"),
        ({"spectral_radius": -1}, "could not be rebuilt"),
        ({"ridge": "much"}, "could not be rebuilt"),
    ],
)
def test_a_tampered_file_is_refused(fitted, tmp_path, change, message):
    fitted.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    config["config"].update(change)
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "forged.keras", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=f"was not loaded: .*{message}"):
        rnnkit.load_model(tmp_path / "forged.keras")


def test_callbacks(tmp_path):
    model, seen = build(), []
    path = str(tmp_path / "best.keras")
    callbacks = [
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, logs))),
        keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(path, monitor="val_loss", save_best_only=True),
    ]
    history = model.fit(
        SERIES, TARGETS, validation_data=toy(5, (100, 80)), callbacks=callbacks, epochs=7, verbose=0
    )
    assert isinstance(history, keras.callbacks.History) and history is model.history
    assert history.epoch == [0]
    assert seen == [(0, {key: values[0] for key, values in history.history.items()})]
    same_solutions(rnnkit.load_model(path), model, 0)
    alone = build().fit(SERIES, TARGETS, callbacks=callbacks[0], verbose=0)
    assert set(alone.history) == {"loss"} and len(seen) == 2


def test_fitting_again_starts_anew(fitted):
    model = build()
    model.fit(SERIES[:1], TARGETS[:1], verbose=0)
    model.fit(SERIES, TARGETS, verbose=0)
    same_solutions(model, fitted, 0)
    model.partial_fit(SERIES, TARGETS)
    assert model.readouts[0].numpy("count") == 2 * fitted.readouts[0].numpy("count")


@pytest.mark.parametrize("pieces", [0, 5])
def test_an_interrupted_fit_leaves_what_it_learned(pieces, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(loops, "LONGEST_PIECE", 64)
    drive, calls = loops.drive, []

    def stop(*args):
        if len(calls) == pieces:
            raise KeyboardInterrupt
        calls.append(1)
        return drive(*args)

    model, path = build(), tmp_path / "half.keras"
    monkeypatch.setattr(loops, "drive", stop)
    with pytest.raises(KeyboardInterrupt):
        model.fit(SERIES, TARGETS, batch_size=1, interrupted_path=str(path), verbose=0)
    monkeypatch.setattr(loops, "drive", drive)
    assert f"Interrupted. The weights so far are in {path}" in capsys.readouterr().err
    loaded = rnnkit.load_model(path)
    assert np.isfinite(loaded.predict(SERIES[0])).all()
    assert loaded.fitted == (pieces > 0)
    if pieces:  # the first series, of two pieces, and the whole second, of two: sorted by length
        x, y, which, times = plain.rows(loaded, 0, SERIES, plain.encoded_targets(loaded, TARGETS))
        seen = (which == 0) | (which == 2) | ((which == 1) & (times < 64))
        expected = plain.ridge(x[seen], y[seen], RIDGE)
        np.testing.assert_allclose(solutions(loaded)[0], expected, atol=1e-7)


def test_progress_of_long_fits(monkeypatch, capsys):
    monkeypatch.setattr(reservoir_pass, "LONG", 2)
    model = build()
    model.fit(SERIES, TARGETS, batch_size=1)
    shown = capsys.readouterr().out
    assert "3/Unknown" in shown and shown.endswith("\n")
    model.fit(SERIES, TARGETS, batch_size=1, verbose=0)
    model.fit(SERIES, TARGETS)  # short
    assert capsys.readouterr().out == ""


# === Bad input ===


@pytest.mark.parametrize(
    "options, message",
    [
        ({"units": 0}, "units must be"),
        ({"num_layers": 0}, "num_layers must be"),
        ({"leak_rate": 0.0}, "leak_rate must be a number above 0 and at most 1.*Received: leak_ra"),
        ({"leak_rate": [0.5, 1.5]}, "leak_rate must be"),
        ({"spectral_radius": -0.5}, "spectral_radius must be.*-0.5"),
        ({"spectral_radius": NAN}, "spectral_radius must be"),
        ({"degree": UNITS + 1}, "degree must be.*21"),
        ({"input_scaling": [1.0, 2.0, 3.0]}, "input_scaling must be a number or a list of 2"),
        ({"ridge": -1.0}, "ridge must be a finite number that is not negative.*ridge=-1.0"),
        ({"ridge": [1.0, NAN]}, "ridge must be"),
        ({"ridge": []}, r"ridge must be.*ridge=\[\]"),
        ({"ridge": "much"}, "ridge must be.*ridge='much'"),
        ({"washout": -1}, "washout must be"),
        ({"ensemble": 0}, "ensemble must be"),
        ({"interval": 1.0}, "interval must be between 0 and 1. Received: interval=1.0"),
        ({"pooling": "max"}, "pooling must be 'last' or 'mean'. Received: pooling='max'"),
        (
            {"bidirectional": True, "output": Forecast(normalize=False)},
            "bidirectional must be Fals",
        ),
        ({"bidirectional": True, "output_feedback": True}, "output_feedback needs.*one direction"),
        ({"output": LABEL, "output_feedback": True}, "output_feedback needs an output at each st"),
        ({"output": Forecast()}, "output_feature has learned nothing yet"),
        ({"output": Text().adapt(["a"])}, "output_feature must be a Series or Forecast or Label"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_inputs_that_are_no_series():
    text = Text().adapt(["a b"])
    with pytest.raises(ValueError, match="input_feature must be a Series; .*cell='esn'.*: Text"):
        EchoStateNetwork(text, LABEL)
    with pytest.raises(ValueError, match="input_feature must be a feature"):
        EchoStateNetwork("series", LABEL)


def changed(column, value):
    x = SERIES[1].copy()
    x[40, column] = value
    return x


LONG = [NAN] * 150


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda m: m.fit(SERIES[1][:9], TARGETS[1][:9]),
            "has 9 steps, of which the first 10 are w",
        ),
        (lambda m: m.fit(SERIES[1], LONG), "No step counts.*or all targets are missing"),
        (lambda m: m.fit(changed(1, NAN), TARGETS[1]), "missing.*series 0, row 40, column '1'"),
        (lambda m: m.fit(changed(0, np.inf), TARGETS[1]), "finite. Received: inf at .* row 40"),
        (lambda m: m.fit(SERIES[1], [np.inf] * 150), "finite. Received: inf"),
        (lambda m: m.fit(SERIES[1][:, :1], TARGETS[1]), r"shape \(time, 2\).*\(150, 1\)"),
        (
            lambda m: m.fit(SERIES[1], TARGETS[1][:99]),
            "as many steps.*150 steps with targets at 99",
        ),
        (lambda m: m.fit(SERIES, TARGETS[:2]), "equal lengths. Received: x: 3, y: 2"),
        (lambda m: m.fit(SERIES[1]), "y is missing"),
        (lambda m: m.fit(SERIES, TARGETS, class_weight={0: 1}), "class_weight needs a Label"),
        (lambda m: m.fit(SERIES, TARGETS, steps_per_epoch=3), r"not take \['steps_per_epoch'\]"),
        (lambda m: m.fit(SERIES, TARGETS, batch_size=0), "batch_size must be a positive integer"),
        (lambda m: m.fit(SERIES, TARGETS, sample_weight=[1.0]), "sample_weight: 1"),
        (lambda m: m.predict(SERIES[1][:, :1]), r"shape \(time, 2\), with the columns 0, 1"),
        (lambda m: m.predict("series"), "takes series of numbers. Received: 'series'"),
        (lambda m: m.partial_fit(SERIES, TARGETS, forgetting=0.0), "forgetting must be above 0"),
        (lambda m: m.partial_fit(SERIES, TARGETS, forgetting=1.1), "forgetting must be"),
        (lambda m: m.partial_fit(SERIES, TARGETS, continued=True), "one series at a time.*: 3 ser"),
    ],
)
def test_bad_calls(fitted, call, message):
    before = solutions(fitted)
    with pytest.raises(ValueError, match=message):
        call(fitted)
    np.testing.assert_array_equal(solutions(fitted), before)


def test_missing_inputs_are_refused_also_by_a_feature_that_allows_them():
    feature = Series(2, missing=True, dtype="float64").adapt(SERIES)
    model = EchoStateNetwork(feature, Y["float64"], units=UNITS, washout=WASHOUT)
    row = SERIES[1].copy()
    row[70] = NAN
    for x in (changed(0, NAN), row):
        with pytest.raises(ValueError, match="cannot hear missing values.*fill it first"):
            model.fit(x, TARGETS[1])


@pytest.mark.parametrize("options", [{"bidirectional": True}, {"output_feedback": True}])
def test_what_cannot_be_continued(options):
    with pytest.raises(ValueError, match="continued=True needs .*one direction, no output feedb"):
        build(**options).partial_fit(SERIES[1], TARGETS[1], continued=True)
    with pytest.raises(ValueError, match="states are those under inputs alone"):
        build(output_feedback=True).states(SERIES[1])


def test_mean_pooling_needs_more_than_the_washout():
    model = EchoStateNetwork(WAVE, LABEL, units=UNITS, pooling="mean", washout=40, ridge=0.1)
    shortest = min(map(len, WAVES))
    with pytest.raises(ValueError, match=f"washout of 40 steps. Received: a series of {shortest}"):
        model.fit(WAVES, LABELS)


def test_a_singular_gram_matrix():
    model = build(units=200, ridge=0.0)
    with pytest.raises(ValueError, match="Gram matrix .* singular.* larger ridge.*ridge=0.0"):
        model.fit(SERIES[1], TARGETS[1], verbose=0)
    assert not model.fitted
    model = build(units=200, ridge=[0.0, 1.0])  # among several 0 is the shortest solution
    model.fit(SERIES[1], TARGETS[1], verbose=0)
    assert np.isfinite(model.predict(SERIES[1])).all()


def test_a_constant_series():
    flat = np.full((60, 2), 7.0)
    x, y = (kind(2, dtype="float64").adapt(flat) for kind in (Series, Forecast))
    model = EchoStateNetwork(x, y, units=UNITS, washout=WASHOUT, seed=1)
    model.fit(flat, verbose=0)
    result = model.infer(flat)
    assert result["forecast"] == [{"0": pytest.approx(7.0), "1": pytest.approx(7.0)}]
    np.testing.assert_allclose(model.forecast(5, warm_up=flat).forecast, np.full((5, 2), 7.0))
    with np.errstate(all="raise"):
        assert model.evaluate(flat) == pytest.approx(0, abs=1e-12)
