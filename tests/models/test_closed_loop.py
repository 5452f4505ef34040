"""Free runs of echo state networks against a plain loop in NumPy."""

import numpy as np
import pytest

from rnnkit.features import Forecast, Label, Series
from rnnkit.layers.reservoir import loops
from rnnkit.models import EchoStateNetwork
from tests.models import plain_reservoir as plain
from tests.tiers import slow

UNITS, WASHOUT, STEPS = 20, 10, 30
HOUR, DAY, YEAR = 3600.0, 86_400.0, 31_556_952.0


def sines(steps, columns=2, noise=0.02, seed=0):
    """Noisy sines of different periods `[steps, columns]`, away from 0."""
    rng = np.random.default_rng(seed)
    times = np.arange(steps)[:, None] + rng.uniform(0, 100)
    periods = np.array([12.0, 17.0, 9.0])[:columns]
    waves = np.sin(2 * np.pi * times / periods) * [1.0, 5.0, 0.2][:columns]
    return waves + np.arange(columns) * 10 + noise * rng.normal(size=(steps, columns))


def build(series, names=("a", "b"), outputs=("a", "b"), normalize=True, raw=None, **options):
    options = {"units": UNITS, "washout": WASHOUT, "ridge": 1e-3, "seed": 1, **options}
    raw = {"columns": list(names), "normalize": normalize, "dtype": "float64", **(raw or {})}
    x = Series(**raw).adapt(series)
    y = Forecast(list(outputs), normalize=normalize, dtype="float64")
    value = series[:, x.time :]
    y.adapt(value[:, [list(names).index(name) for name in outputs]])
    return EchoStateNetwork(x, y, **options)


@pytest.fixture(scope="module")
def series():
    return sines(200)


@pytest.fixture(scope="module")
def fitted(series):
    model = build(series, spectral_radius=0.5, leak_rate=0.5, ridge=0.1)
    model.fit(series, verbose=0)
    return model


def looped(model, warm_up, steps, future):
    """The closed loop, a step at a time: `[steps, targets]` in the unit of the targets.

    Args:
        model: The network, without output feedback.
        warm_up: Raw series.
        steps: Steps ahead.
        future: Function of the step (1, 2, ...) and the outputs of the one before, in their unit,
            that gives the raw inputs.
    """
    feature, target = model.input_feature, model.output_feature
    encoded = feature.encode(feature.to_tensor(warm_up))[0].numpy()
    layers = [plain.cells(model, member) for member in range(model.ensemble)]
    states, results = [], []
    for cells in layers:
        heard, own = encoded, []
        for (cell,) in cells:
            heard = plain.drive(cell, heard)
            own.append(heard[-1])
        states.append(own)
    inputs = encoded[-1]
    for ahead in range(1, steps + 1):
        outputs = 0.0
        for member, readout in enumerate(model.readouts):
            read = [[1.0], inputs] if model.read_inputs else [[1.0]]
            outputs += np.concatenate([*read, *states[member]]) @ readout.solution()
        value = target.unscale(outputs / model.ensemble)
        results.append(value)
        inputs = feature.encode(feature.to_tensor([future(ahead, value)]))[0, 0].numpy()
        for member, cells in enumerate(layers):
            heard = inputs
            for index, (cell,) in enumerate(cells):
                heard = states[member][index] = plain.step(cell, states[member][index], heard)
    return np.array(results)


def same(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())


# === The loop ===


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        slow({}),
        slow({"normalize": False, "input_scaling": [0.5, 0.1]}),
        {"num_layers": 2, "leak_rate": 0.5},
        {"ensemble": 2, "read_inputs": False},
    ],
)
def test_equals_numpy(series, options):
    model = build(series, **options)
    model.fit(series, verbose=0)
    found = model.forecast(STEPS, warm_up=series[50:150])
    assert found.lower is None and found.upper is None
    same(found.forecast, looped(model, series[50:150], STEPS, lambda _, value: value))


@pytest.mark.slow
def test_follows_the_process(fitted, series):
    found = fitted.forecast(STEPS, warm_up=series[:170]).forecast
    error = np.sqrt(np.mean((found - series[170:]) ** 2, axis=0))
    assert (error < 0.4 * series.std(axis=0)).all()


def test_float32(series, fitted):
    model = build(series, spectral_radius=0.5, leak_rate=0.5, ridge=0.1, raw={"dtype": "float32"})
    model.fit(series, verbose=0)
    found = model.forecast(10, warm_up=series[50:150]).forecast
    assert found.dtype == np.float64
    expected = fitted.forecast(10, warm_up=series[50:150]).forecast
    np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("normalize", [True, slow(False)])
def test_some_columns_in_another_order_and_inputs_known_ahead(normalize):
    series = sines(230, 3)
    model = build(
        series[:200], ("a", "b", "c"), ("c", "a"), normalize, input_scaling=[0.5, 0.1, 0.5]
    )
    model.fit(series[:200], verbose=0)
    known = series[200:230]

    def future(ahead, value):
        return [value[1], known[ahead - 1, 1], value[0]]

    # The last known inputs are those of step `STEPS`, which no forecast hears.
    expected = looped(model, series[100:200], STEPS, future)
    found = model.forecast(STEPS, warm_up=series[100:200], inputs=known).forecast
    same(found, expected)
    # Values of the forecast columns are not looked at.
    blind = known.copy()
    blind[:, [0, 2]] = np.nan
    again = model.forecast(STEPS, warm_up=series[100:200], inputs=blind).forecast
    np.testing.assert_array_equal(again, found)
    # For several series at once, one for all or one for each.
    warm_up = [series[100:200], series[20:90]]
    both = model.forecast(STEPS, warm_up=warm_up, inputs=[known, known]).forecast
    same(both[0], found)
    np.testing.assert_array_equal(
        model.forecast(STEPS, warm_up=warm_up, inputs=known).forecast, both
    )
    for inputs, message in [
        (None, r"columns \['b'\] are not forecast.*30 rows. Received: inputs=None"),
        (known[:20], "30 rows for each of 1 series. Received: 20 rows"),
        ([known, known], "Received: 30 rows for 2"),
        (np.where(np.arange(3) == 1, np.nan, known), "inputs must be finite in the columns that a"),
        (known[:, :2], r"shape \(time, 3\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.forecast(STEPS, warm_up=series[100:200], inputs=inputs)


@pytest.mark.parametrize(
    "step, frequency, cycles", [(HOUR, None, [DAY]), (31 * DAY, "monthly", [YEAR])]
)
def test_time_goes_on(step, frequency, cycles):
    times = np.arange(200) * step
    if frequency:
        months = np.arange("2000-01", "2016-09", dtype="datetime64[M]")
        times = months.astype("datetime64[s]").astype("int64").astype("float64")[:200]
        after = months.astype("datetime64[s]").astype("int64").astype("float64")[150:180]
    else:
        after = np.arange(150, 180) * step
    series = np.concatenate([times[:, None], sines(200)], axis=1)
    raw = {"time": True, "step": step, "frequency": frequency, "cycles": cycles}
    model = build(series, raw=raw)
    model.fit(series, verbose=0)
    found = model.forecast(STEPS, warm_up=series[50:150]).forecast
    same(found, looped(model, series[50:150], STEPS, lambda i, value: [after[i - 1], *value]))
    given = np.concatenate([after[:, None], np.zeros((STEPS, 2))], axis=1)
    again = model.forecast(STEPS, warm_up=series[50:150], inputs=given).forecast
    np.testing.assert_array_equal(again, found)


@pytest.mark.slow
def test_many_at_once_and_in_pieces(fitted, series, monkeypatch):
    warm_ups = [series[:100], series[40:170], series[:60]]
    single = [fitted.forecast(150, warm_up=each).forecast for each in warm_ups]
    monkeypatch.setattr(loops, "LONGEST_PIECE", 64)
    for form in (warm_ups, [each.tolist() for each in warm_ups]):
        found = fitted.forecast(150, warm_up=form).forecast
        assert found.shape == (3, 150, 2)
        for one, each in zip(found, single, strict=True):
            same(one, each)
    assert fitted.forecast(1, warm_up=series).forecast.shape == (1, 2)
    assert fitted.forecast(1, warm_up=[series]).forecast.shape == (1, 1, 2)
    assert fitted.forecast(2, warm_up=np.stack([series, series])).forecast.shape == (2, 2, 2)


@pytest.mark.slow
def test_one_column_alone_or_in_lists():
    series = sines(200, 1)[:, 0]
    model = build(series[:, None], ("a",), ("a",))
    model.fit(series, verbose=0)
    one = model.forecast(4, warm_up=series).forecast
    assert one.shape == (4, 1)
    np.testing.assert_array_equal(model.forecast(4, warm_up=series.tolist()).forecast, one)
    # Two series of one length are two, not one of two columns.
    both = model.forecast(4, warm_up=[series[:100], series[100:]]).forecast
    assert both.shape == (2, 4, 1)
    same(both[1], model.forecast(4, warm_up=series[100:]).forecast)


# === Intervals ===


@pytest.mark.slow
def test_intervals_hold_as_often_as_said():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=2400)
    process = np.zeros(2400)
    for t in range(1, 2400):
        process[t] = 0.9 * process[t - 1] + noise[t]
    model = build(process[:1200, None], ("a",), ("a",), ensemble=2)
    model.fit(process[:1200], verbose=0)
    starts = np.arange(1200, 2380, 10)
    warm_ups = [process[start - 40 : start] for start in starts]
    found = model.forecast(8, warm_up=warm_ups, interval=0.8, samples=40, seed=1)
    assert found.lower.shape == found.upper.shape == found.forecast.shape == (len(starts), 8, 1)
    truth = np.stack([process[start : start + 8, None] for start in starts])
    inside = (found.lower <= truth) & (truth <= found.upper)
    for steps in (slice(0, 2), slice(6, 8)):  # near and far
        assert 0.65 < inside[:, steps].mean() < 0.93
    assert (found.lower <= found.upper).all()
    assert ((found.lower < found.forecast) & (found.forecast < found.upper)).mean() > 0.99
    # Uncertainty grows as it does for the process: by the square root of 1 + .81 + ...
    width = (found.upper - found.lower).mean(axis=(0, 2))
    expected = 2 * 1.2816 * np.sqrt(np.cumsum(0.81 ** np.arange(8)))
    np.testing.assert_allclose(width, expected, rtol=0.15)
    few = {"warm_up": warm_ups[0], "interval": 0.8, "samples": 40}
    first, again, other = (model.forecast(8, **few, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.lower, again.lower)
    assert (first.upper != other.upper).all()
    np.testing.assert_array_equal(first.forecast, other.forecast)
    narrow = model.forecast(8, warm_up=warm_ups[0], interval=0.2, samples=40, seed=1)
    assert (narrow.upper - narrow.lower < first.upper - first.lower).all()


# === Output feedback ===


def fed(output, series, **options):
    """A network that hears its outputs, beside an input that is a switch."""
    x = Series(["switch"], normalize=False, dtype="float64")
    y = output(["a", "b"], dtype="float64").adapt(series)
    options = {"units": 40, "washout": WASHOUT, "ridge": 1e-4, "seed": 2, **options}
    return EchoStateNetwork(x, y, output_feedback=True, feedback_scaling=0.5, **options)


def own_loop(model, switch, first, states):
    """Outputs `[time, targets]`, standardised, of a network that hears its own."""
    outputs, found = first, []
    for each in switch:
        inputs, total = np.concatenate([each, outputs]), 0.0
        for member, readout in enumerate(model.readouts):
            ((cell,),) = plain.cells(model, member)
            states[member] = plain.step(cell, states[member], inputs)
            total += np.concatenate([[1.0], inputs, states[member]]) @ readout.solution()
        outputs = total / model.ensemble
        found.append(outputs)
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("ensemble", [1, 2])
def test_predict_hears_its_own_outputs(series, ensemble):
    series = series.copy()
    series[60:62] = np.nan  # heard as 0, the mean
    model = fed(lambda *a, **k: Series(*a, missing=True, **k), series, ensemble=ensemble)
    switch = (np.arange(200) % 40 < 20)[:, None].astype(float)
    model.fit(switch, series, verbose=0)
    # Teacher forcing: see test_echo_state. Now its own.
    states = [np.zeros(40) for _ in range(ensemble)]
    expected = own_loop(model, switch, np.zeros(2), states)
    found = model.predict([switch, switch[:50]])
    np.testing.assert_allclose(found[0], expected, atol=1e-8)
    np.testing.assert_allclose(found[1, :50], expected[:50], atol=1e-8)
    assert np.isnan(found[1, 50:]).all()
    # A free run after a warm-up with the true outputs.
    warm = model.output_feature.scale(series[:150])
    before = np.nan_to_num(np.concatenate([np.zeros((1, 2)), warm[:-1]]))
    heard = np.concatenate([switch[:150], before], axis=1)
    states = [plain.drive(*plain.cells(model, m)[0], heard)[-1] for m in range(ensemble)]
    expected = own_loop(model, switch[150:180], warm[-1], states)
    free = {"warm_up": (switch[:150], series[:150]), "inputs": switch[150:180]}
    found = model.forecast(STEPS, **free)
    np.testing.assert_allclose(model.output_feature.scale(found.forecast), expected, atol=1e-8)
    wide = model.forecast(STEPS, **free, interval=0.9, samples=20, seed=0)
    assert (wide.lower < wide.upper).all()
    # What is known at the start is known without error: the first step has one error alone.
    first = (wide.upper - wide.lower)[0] / model.output_feature.deviation
    assert (first < 2 * 2.5 * model.errors).all()


def test_a_forecast_with_feedback_hears_the_present_value(series):
    model = fed(Forecast, series)
    switch = np.ones((200, 1))
    model.fit(switch, series, verbose=0)
    now = model.output_feature.scale(series[:150])
    ((cell,),) = plain.cells(model, 0)
    state = plain.drive(cell, np.concatenate([switch[:150], now], axis=1))[-1]
    first = np.concatenate([[1.0, 1.0], now[-1], state]) @ model.readouts[0].solution()
    rest = own_loop(model, switch[:29], first, [state])
    found = model.forecast(STEPS, warm_up=(switch[:150], series[:150]), inputs=switch[:30])
    scaled = model.output_feature.scale(found.forecast)
    np.testing.assert_allclose(scaled, [first, *rest], atol=1e-8)
    assert np.abs(found.forecast - series[150:180])[:10, 0].max() < 0.5


# === Divergence and bad input ===


def wild():
    """A linear network whose own loop grows without bound."""
    rng = np.random.default_rng(0)
    series = 1.2 ** np.arange(40.0)[:, None] + rng.normal(size=(40, 1))
    model = build(series, ("a",), ("a",), activation="linear", ridge=1e-8, units=5)
    model.fit(series, verbose=0)
    return model, series


def test_divergence_is_said():
    model, series = wild()
    with pytest.warns(UserWarning, match="diverged in 2 of 2 series, first at step .*NaN") as said:
        found = model.forecast(60, warm_up=[series, series[:38]], interval=0.5).forecast
    assert len(said) == 1 and said[0].filename == __file__
    for each in found[..., 0]:
        begin = int(np.argmax(np.isnan(each)))
        assert 5 < begin < 30
        assert np.isfinite(each[:begin]).all() and np.isnan(each[begin:]).all()
        scaled = model.output_feature.scale(each[:begin, None])
        assert np.abs(scaled).max() <= 10 * model.readouts[0].numpy("reach").max()


def test_divergence_of_predictions_is_said():
    rng = np.random.default_rng(0)
    y = 1.3 ** np.arange(40.0)[:, None]
    x = rng.normal(size=(40, 1))
    feature = Series(normalize=False, dtype="float64")
    model = EchoStateNetwork(
        feature, feature, units=5, activation="linear", ridge=1e-3, washout=0, seed=1,
        output_feedback=True, feedback_scaling=0.1,
    )  # fmt: skip
    model.fit(x, y, verbose=0)
    with pytest.warns(UserWarning, match="closed loop diverged in 1 of 1") as said:
        found = model.predict(np.tile(x, (10, 1)))
    assert said[0].filename == __file__
    assert np.isnan(found[-1]).all() and np.isfinite(found[:5]).all()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m, x: m.forecast(0, warm_up=x), "steps must be"),
        (lambda m, x: m.forecast(3, warm_up=x[:10]), "longer than the washout of 10.*of 10 steps"),
        (lambda m, x: m.forecast(3, warm_up=[x, x[:4]]), "Received: a series of 4 steps"),
        (lambda m, x: m.forecast(3, warm_up=np.where(x > 10, np.nan, x)), "missing"),
        (lambda m, x: m.forecast(3, warm_up=np.where(x > 10, np.inf, x)), "finite"),
        (lambda m, x: m.forecast(3, warm_up=x[:, :1]), r"shape \(time, 2\), with the columns a, b"),
        (lambda m, x: m.forecast(3, warm_up=x, interval=1.0), "interval must be between 0 and 1"),
        (lambda m, x: m.forecast(3, warm_up=x, interval=80), "interval must be"),
        (lambda m, x: m.forecast(3, warm_up=x, interval=0.8, samples=0), "samples must be"),
    ],
)
def test_bad_calls(fitted, series, call, message):
    with pytest.raises(ValueError, match=message):
        call(fitted, series)


def test_networks_that_cannot_run_freely(series):
    with pytest.raises(ValueError, match="forecast needs a model that has learned: call fit first"):
        build(series).forecast(3, warm_up=series)
    x = Series(2).adapt(series)
    far = EchoStateNetwork(x, Forecast(2, horizon=24).adapt(series), units=5)
    with pytest.raises(ValueError, match=r"Forecast\(horizon=1\). Received: horizon=24"):
        far.forecast(3, warm_up=series)
    label = EchoStateNetwork(x, Label().adapt(["a", "b"]), units=5)
    with pytest.raises(ValueError, match="output at each step and one direction.*Label"):
        label.forecast(3, warm_up=series)
    both = EchoStateNetwork(x, Series(2).adapt(series), units=5, bidirectional=True)
    with pytest.raises(ValueError, match="bidirectional=True"):
        both.forecast(3, warm_up=series)


def test_bad_warm_up_of_feedback(series):
    model = fed(Forecast, series)
    switch = np.ones((200, 1))
    model.fit(switch, series, verbose=0)
    with pytest.raises(ValueError, match=r"warm_up must be a pair \(x, y\).*Received: ndarray"):
        model.forecast(3, warm_up=switch, inputs=switch[:3])
    with pytest.raises(ValueError, match=r"equal lengths. Received: \[100\] and \[90\] steps"):
        model.forecast(3, warm_up=(switch[:100], series[:90]), inputs=switch[:3])
    with pytest.raises(ValueError, match=r"columns \['switch'\] are not forecast"):
        model.forecast(3, warm_up=(switch[:100], series[:100]))
