"""EchoStateNetwork: what `fit` and `partial_fit` find against NumPy.

Its life beside that is in test_echo_state_life.py, free runs in test_closed_loop.py, forecasts and
their scores in test_forecasting.py.
"""

import keras
import numpy as np
import pytest
import sklearn.metrics
import tensorflow as tf

from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.features import Forecast, Label, Number, Series
from rnnkit.layers.reservoir import loops
from rnnkit.models import EchoStateNetwork
from tests import helpers
from tests.models import plain_reservoir as plain
from tests.tiers import first, slow

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


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", first(OPTIONS, ["leaks", "deep both directions", "ensemble", "feedback"])
)
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("options", [slow({}), {"bidirectional": True, "num_layers": 2}])
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
    for name, value in (("epochs", 3), ("freeze", "encoder"), ("learning_rate", 0.1),
                        ("validation_data", (SERIES, TARGETS)), ("callbacks", [])):  # fmt: skip
        with pytest.raises(
            ValueError, match=f"{name} must be left out: an echo state network adds"
        ):
            first.fine_tune(SERIES[1:], TARGETS[1:], **{name: value})
    same_solutions(first, whole, 1e-7)  # nothing was learned from what was refused
    unfitted = build(ridge=[1.0, RIDGE, 5.0]).partial_fit(SERIES, TARGETS)
    assert unfitted.readouts[0].numpy("ridge") == RIDGE  # the middle one


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begin", "options"),
    [
        ("partial_fit", {}),
        ("fit", {"num_layers": 2, "ensemble": 2}),
        slow("fit", {}),
        slow("partial_fit", {"num_layers": 2, "ensemble": 2}),
    ],
)
def test_partial_fit_of_a_series_in_blocks(begin, options):
    x, y = SERIES[1], TARGETS[1]
    whole, model = build(**options), build(**options)
    whole.fit(x, y, verbose=0)
    # The first block is shorter than the washout, the last has no known target.
    if begin == "fit":
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


@pytest.mark.parametrize("ensemble", [slow(1), 2])
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "pooling, options",
    [("last", {}), ("mean", {"washout": 5}), slow("mean", {"bidirectional": True})],
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
