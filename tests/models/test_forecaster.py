"""Forecaster: cut into windows, forecasting from the present, never counting padding."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.data.pipeline import encoded as pipeline
from rnnkit.features import Forecast, Label, Series
from rnnkit.layers import AddPresent, MissingToZero
from rnnkit.losses.masked import MaskedMeanSquaredError, OutputErrors
from rnnkit.models import Forecaster
from rnnkit.models.windows import cut
from tests import helpers

NAN = float("nan")
SMALL = {"units": 4, "seed": 1}


def wave(steps=120, seed=0, level=50.0):
    """A noisy wave around a level, float64 `[steps]`."""
    noise = np.random.default_rng(seed).normal(size=steps)
    return level + 10 * np.sin(np.arange(steps) / 3) + noise


def build(data, horizon=2, **options):
    series, ahead = Series().adapt(data), Forecast(horizon=horizon).adapt(data)
    return Forecaster(series, ahead, **{**SMALL, **options})


# === The one check ===

MODELS = {
    **{name: {"cell": name} for name in ("lstm", "gru", "esn", "dense", "reference_gru")},
    "windows": {"cell": "lstm", "window": 12, "washout": 4},
    "stack": {"cell": "simple_rnn", "num_layers": 2, "dropout": 0.1, "persistence_residual": False},
    "relative": {"cell": "gru", "relative": True},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


pending = {}  # what the fresh process still works on, by model


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_one_check_for_every_model(name, fresh, folder):
    x = [wave(30, seed)[:, None].tolist() for seed in range(8)]
    model = build(x, **MODELS[name])
    pending[name] = helpers.check_model(model, x, x, folder / f"{name}.keras", fresh)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_lives_on_in_its_file(name):
    if name not in pending:
        pytest.fail("the check before has not come this far")
    pending.pop(name)()


@pytest.mark.slow
def test_forecasts_and_errors_are_the_same_in_a_fresh_process(fresh, tmp_path):
    data = wave()
    model = build(data, window=40, washout=8)
    model.fit(data[:80], validation_data=(data[60:], data[60:]), epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    expected = model.infer(data)
    assert fresh.call("infer", path=str(tmp_path / "model.keras"), x=data.tolist()) == expected
    loaded = rnnkit.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.errors, model.errors)
    loaded.fit(data, verbose=0)
    assert not np.array_equal(loaded.errors, model.errors)


# === Windows ===


@pytest.mark.parametrize("window, washout", [(5, 0), (5, 2), (7, 6), (40, 3), (None, 2), (1, 0)])
def test_every_step_after_the_washout_is_a_target_once(window, washout):
    lengths = [1, 2, 3, 9, 23]
    steps = np.arange(sum(lengths), dtype="float32")[:, None]
    ragged = tf.RaggedTensor.from_row_lengths(steps, lengths)
    weights = tf.constant([0.0, 1.0, 2.0, 3.0, 4.0])
    (x, y, weight), first = cut((ragged, ragged + 100.0, weights), window, washout)
    assert x.row_lengths().numpy().max() <= (window or max(lengths))
    np.testing.assert_array_equal(x.row_splits, y.row_splits)
    seen = y.flat_values.numpy()[:, 0]
    wanted = [step for row in ragged.to_list() for (step,) in row[washout:]]
    np.testing.assert_array_equal(seen[~np.isnan(seen)], np.array(wanted) + 100)
    begins = [row[0][0] for row, begin in zip(x.to_list(), first.numpy(), strict=True) if begin]
    assert begins == [row[0][0] for row in ragged.to_list()]
    series = np.repeat(range(5), lengths)
    for row, each in zip(x.to_list(), weight.numpy(), strict=True):
        rows = [int(step) for (step,) in row]
        assert rows == list(range(rows[0], rows[-1] + 1))  # consecutive, and of one series
        assert {series[row] for row in rows} == {each}


@pytest.mark.slow
def test_outputs_of_windows_are_joined_in_order():
    data = [wave(50, 1), wave(23, 2), wave(3, 3)]
    model = build(data, window=12, washout=5)
    outputs = model.predict(data)
    assert outputs.shape == (3, 50, 2)
    assert [int(np.isfinite(each).all(-1).sum()) for each in outputs] == [50, 23, 3]
    assert np.isnan(outputs[1, 23:]).all()
    # Each step says what a window that begins where the step's does says alone.
    whole = build(data, window=None)
    whole.set_weights(model.get_weights())
    for step in (0, 4, 5, 11, 12, 18, 19, 49):
        begin = max(0, (step - 5) // 7 * 7)
        alone = whole.predict(data[0][begin : step + 1])[-1]
        np.testing.assert_allclose(outputs[0, step], alone, atol=1e-6)
    np.testing.assert_array_equal(model.predict(data[0]), outputs[0])
    np.testing.assert_allclose(model.predict(data, batch_size=1), outputs, atol=1e-6)


def test_windows_without_a_known_target_are_left_out():
    data = wave(100)
    model = build(data, window=20, washout=4)
    y = data.copy()
    y[:70] = NAN
    pieces = model.cut(model.prepare(data, y))
    assert len(pieces) == 2 and len(model.cut(model.prepare(data))) == 6
    known = np.isfinite(pieces.tensors[1].flat_values).sum()
    assert known == np.isfinite(model.prepare(data, y).tensors[1].flat_values).sum()


# === From the present on ===


def test_with_an_output_of_zero_the_forecast_is_persistence():
    data = np.stack([wave(40, 1), wave(40, 2, level=-3.0)], axis=1)
    series = Series(["load", "wind"]).adapt(data * 2 + 1)
    ahead = Forecast(["wind"], horizon=3).adapt(data[:, 1])
    model = Forecaster(series, ahead, **SMALL)
    for weight in model.get_layer("output").weights:
        weight.assign(np.zeros(weight.shape))
    outputs = ahead.unscale(model.predict(data).reshape(-1, 3, 1))[..., 0]
    np.testing.assert_allclose(outputs, np.tile(data[:, 1:], 3), atol=1e-4)
    scores = model.score(data, data[:, 1:])
    assert scores["mse"] == pytest.approx(scores["persistence_mse"], rel=1e-4)
    untrained = Forecaster(series, ahead, **SMALL).score(data, data[:, 1:])
    assert untrained["mse"] == pytest.approx(scores["mse"], rel=0.05)


def test_without_a_present_value_there_is_no_persistence_residual():
    data = np.stack([wave(40, 1), wave(40, 2)], axis=1)
    target = Forecast(["price"]).adapt(data[:, 0])
    model = Forecaster(Series(["load", "wind"]).adapt(data), target, **SMALL)
    assert not [layer for layer in model.layers if isinstance(layer, AddPresent)]
    with pytest.raises(ValueError, match="y is missing: the columns to forecast, .'price'."):
        model.fit(data)
    assert np.isfinite(model.fit(data, data[:, 0], verbose=0).history["loss"]).all()


# === Learning ===


@pytest.mark.slow
def test_it_learns_to_do_better_than_naive():
    data = np.sin(np.arange(600) / 3)
    model = build(data, horizon=4, units=12, window=60, washout=10)
    model.compile(optimizer=keras.optimizers.Adam(0.02, clipnorm=1.0))
    model.fit(data[:500], epochs=25, batch_size=4, verbose=0)
    scores = model.score(data[500:])
    assert scores["mse"] < 0.05 * scores["persistence_mse"]
    result = model.infer(data[:580])
    np.testing.assert_allclose(result["forecast"], data[580:584], atol=0.25)
    assert np.all(np.array(result["lower"]) < result["forecast"])


@pytest.mark.slow
def test_a_number_for_each_step_in_two_directions():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 1))
    y = np.concatenate([x[1:], [[0.0]]])  # only a layer that reads from the end can know
    model = Forecaster(
        Series().adapt(x), Series(missing=True).adapt(y), "gru", 8, bidirectional=True, seed=1
    )
    model.compile(optimizer=keras.optimizers.Adam(0.03))
    y[5:9] = NAN
    model.fit([x] * 8, [y] * 8, epochs=30, batch_size=2, verbose=0)
    scores = model.score(x, y)
    assert set(scores) == {"mse", "mae", "nrmse"} and scores["mse"] < 0.1
    (given,) = [model.infer(x)]
    assert given.shape == (300, 1)


@pytest.mark.slow
def test_errors_are_those_on_validation_data_at_the_best_weights():
    data = wave(200)
    model = build(data, window=30, washout=5, output_dropout=0.2)
    model.compile(optimizer=keras.optimizers.Adam(0.3))
    stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    model.fit(
        data[:150], validation_data=(data[120:], data[120:]), epochs=12, callbacks=[stop], verbose=0
    )

    def measured(part):
        truth = model.prepare(part).tensors[1].to_tensor(NAN).numpy()[0, 5:]
        return np.sqrt(np.nanmean(np.square(truth - model.predict(part)[5:]), axis=0))

    assert stop.best_epoch < stop.stopped_epoch
    np.testing.assert_allclose(model.errors, measured(data[120:]), rtol=1e-4)
    # So too where the metric that measures them is not compiled.
    model.compile(metrics=[])
    model.fit(data[:150], validation_data=(data[120:], data[120:]), verbose=0)
    np.testing.assert_allclose(model.errors, measured(data[120:]), rtol=1e-4)
    # Without validation data they are those in training, and the intervals of that size.
    model.fit(data[:150], verbose=0)
    np.testing.assert_allclose(model.errors, measured(data[:150]), rtol=1e-4)
    margin = np.array(model.infer(data)["upper"]) - model.infer(data)["forecast"]
    scale = model.output_feature.deviation[0]
    np.testing.assert_allclose(margin, 1.2815515655 * model.errors * scale, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["xla", "mixed"])
def test_compiled_and_in_half_precision(setting):
    data = wave(200)
    if setting == "mixed":
        keras.config.set_dtype_policy("mixed_float16")
    try:
        model = build(data, window=30, washout=5)
        model.compile(jit_compile=setting == "xla")
        history = model.fit([data, data[:77]], epochs=2, verbose=0).history
        outputs = model.predict(data)
    finally:
        keras.config.set_dtype_policy("float32")
    assert outputs.dtype == np.float32 and np.isfinite(outputs).all()
    assert np.isfinite(history["loss"]).all() and np.isfinite(model.errors).all()


# Keras says so of all data whose size is not known beforehand.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_data_that_streams(monkeypatch):
    data = [wave(50, 1), wave(31, 2), wave(44, 3)]
    model = build(data, window=12, washout=5)
    expected = model.predict(data)
    pairs = tf.data.Dataset.from_tensor_slices((model.input_feature.to_tensor(data),) * 2)
    loss = model.evaluate(pairs, verbose=0)
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 10)
    assert isinstance(model.prepare(pairs), pipeline.Streamed)
    outputs = model.predict(pairs, batch_size=2)
    np.testing.assert_allclose(outputs, expected, atol=1e-6)
    np.testing.assert_allclose(model.evaluate(pairs, verbose=0), loss, rtol=0.1)
    assert np.isfinite(model.fit(pairs, epochs=2, verbose=0).history["loss"]).all()


# === Padding and missing values ===


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "dense", "esn"])
def test_neighbours_in_a_batch_do_not_matter(cell):
    short, long = wave(20, 1), wave(90, 2)
    model = build([short, long], cell=cell)
    model.fit([short, long], verbose=0)
    together = model.predict([short, long], batch_size=2)
    np.testing.assert_allclose(together[0, :20], model.predict(short), atol=1e-6)
    loss = model.evaluate([short], verbose=0)
    x, y = (part.to_tensor().numpy() for part in model.prepare([short]).tensors)
    for padding in (1, 60):
        padded = [
            np.pad(part, ((0, 0), (0, padding), (0, 0)), constant_values=NAN) for part in (x, y)
        ]
        outputs = model(padded[0])
        np.testing.assert_allclose(outputs[0, :20], together[0, :20], atol=1e-6)
        assert float(model.loss(padded[1], outputs)) == pytest.approx(loss[0], rel=1e-5)
        metric = OutputErrors(2)
        metric.update_state(padded[1], outputs)
        assert float(metric.result()) == pytest.approx(loss[1], rel=1e-5)


@pytest.mark.slow
def test_missing_targets_do_not_count():
    data = wave(60)
    y = data.copy()
    y[20:30] = NAN
    model, other = build(data, horizon=1), build(data, horizon=1)
    model.fit(data, y, epochs=3, verbose=0)
    other.fit(data, np.where(np.isnan(y), 1e9, y), epochs=3, verbose=0, sample_weight=_kept(y))
    assert np.isfinite(model.get_weights()[0]).all()
    for mine, theirs in zip(model.get_weights()[:4], other.get_weights()[:4], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def _kept(y):
    """Weights of steps: 0 where the value ahead is unknown."""
    return np.append(np.isfinite(y[1:]), True).astype("float32")


def test_weights_of_steps_stay_with_the_series_they_belong_to():
    data = [wave(20, 1), wave(12, 2)]
    weights = [np.float32(np.arange(len(each)) % 3 > 0) for each in data]
    model = build(data, horizon=1, window=7)
    # A step without weight is one whose target, the value ahead, is not known.
    y = [np.append(x[0], np.where(w[:-1], x[1:], NAN)) for x, w in zip(data, weights, strict=True)]
    weighted = model.evaluate(data, sample_weight=weights, batch_size=8, verbose=0)
    np.testing.assert_allclose(weighted[0], model.evaluate(data, y, batch_size=8, verbose=0)[0])


def test_the_loss_and_the_metric_by_hand():
    truth = [[[1.0, NAN], [NAN, NAN]], [[2.0, 4.0], [0.0, NAN]]]
    outputs = [[[2.0, 9.0], [9.0, 9.0]], [[2.0, 1.0], [2.0, 9.0]]]
    loss, metric = MaskedMeanSquaredError(), OutputErrors(2)
    assert float(loss(truth, outputs)) == (1 + 0 + 9 + 4) / 4
    assert float(loss(truth, outputs, [3.0, 1.0])) == pytest.approx((3 + 0 + 9 + 4) / 6)
    assert float(loss(truth, outputs, [[1.0, 1.0], [0.0, 1.0]])) == (1 + 4) / 2
    assert float(loss(np.full((1, 2, 2), NAN), outputs[:1])) == 0
    metric.update_state(truth, outputs)
    assert float(metric.result()) == (1 + 0 + 3 + 2) / 4
    np.testing.assert_allclose(metric.root_mean_squares(), np.sqrt([(1 + 0 + 4) / 3, 9]))
    metric.reset_state()
    assert np.isnan(metric.root_mean_squares()).all() and float(metric.result()) == 0
    with tf.GradientTape() as tape:
        variable = tf.Variable(outputs)
        value = loss(truth, variable)
    gradient = tape.gradient(value, variable).numpy()
    np.testing.assert_allclose(gradient, [[[0.5, 0], [0, 0]], [[0, -1.5], [1, 0]]])


def test_missing_inputs_are_the_mean_and_not_masked():
    layer = MissingToZero()
    x = np.array([[[1.0], [NAN], [2.0], [NAN], [NAN]]], "float32")
    np.testing.assert_array_equal(layer(x)[0, :, 0], [1, 0, 2, 0, 0])
    np.testing.assert_array_equal(layer.compute_mask(x), [[True, True, True, False, False]])


# === Config and arguments ===


def test_config_has_every_argument():
    options = {
        "cell": "gru",
        "units": 3,
        "num_layers": 2,
        "bidirectional": False,
        "window": 9,
        "washout": 2,
        "persistence_residual": False,
        "relative": False,
        "dropout": 0.1,
        "output_dropout": 0.2,
        "recurrent_dropout": 0.3,
        "interval": 0.9,
        "seed": 7,
        "name": "mine",
    }
    model = build(wave(), **options)
    config = model.get_config()
    assert {key: config[key] for key in options} == options
    assert {key: getattr(model, key) for key in options} == options
    arguments = set(inspect.signature(Forecaster.__init__).parameters) - {"self"}
    assert set(config) == arguments | {"settings"}


GAPS = Series(missing=True).adapt([1.0, 2.0])
SERIES, AHEAD = Series().adapt([1.0, 2.0]), Forecast(horizon=4).adapt([1.0, 2.0])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"input_feature": Series()}, "input_feature has learned nothing yet: call its adapt"),
        ({"input_feature": AHEAD}, "input_feature must be a Series. Received: Forecast"),
        (
            {"output_feature": Label(["a", "b"])},
            "must be a Series or Forecast. Received: Label",
        ),
        ({"bidirectional": True}, "bidirectional must be False for a Forecast"),
        ({"window": 5, "washout": 5}, "window must be longer than the washout.*window=5"),
        ({"window": 0}, "window"),
        ({"washout": -1}, "washout"),
        ({"interval": 2}, "interval"),
        ({"relative": True, "persistence_residual": False}, "relative=True.*residual=False"),
        ({"relative": True, "input_feature": GAPS}, "relative=True.*missing=True"),
        ({"relative": True, "output_feature": SERIES}, "relative=True.*no Forecast of columns"),
        ({"cell": "lsmt"}, "Did you mean 'lstm'"),
        ({"seed": -1}, "seed must be None or an integer >= 0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Forecaster(**{"input_feature": SERIES, "output_feature": AHEAD, **arguments})


@pytest.mark.slow
def test_series_that_are_too_short_say_so():
    data = wave(40)
    model = build(data, horizon=4, washout=30, window=35)
    with pytest.raises(ValueError, match="No step counts: the longest series has 33 steps, of whi"):
        model.fit(data[:33])
    with pytest.raises(ValueError, match="longer than the horizon of 4 steps.*4 steps"):
        model.fit(data[:4])
    with pytest.raises(ValueError, match="longer than the washout of 30 steps.*30 steps"):
        model.infer(data[:30])
    with pytest.raises(ValueError, match="nothing to score.*washout of 30"):
        model.score(data[:33])
    with pytest.raises(ValueError, match=r"missing \(NaN\) at series 0, row 3"):
        model.fit(np.where(np.arange(40) == 3, NAN, data))
    with pytest.raises(ValueError, match="must be finite"):
        model.predict(np.where(np.arange(40) == 3, np.inf, data))
    with pytest.raises(ValueError, match="class_weight needs a Label"):
        model.fit(data, class_weight={0: 1.0}, verbose=0)
