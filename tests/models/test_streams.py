"""Streams that an echo state network learns from row by row: against one call, saved, refused."""

import numpy as np
import pandas as pd
import pytest

import rnnkit
from rnnkit.features import Forecast, Label, Series
from rnnkit.models import EchoStateNetwork
from tests.models import plain_reservoir as plain
from tests.tiers import slow

ROWS, WASHOUT, RIDGE, NAN = 45, 10, 0.01, np.nan
VALUES = np.cumsum(np.random.default_rng(0).normal(size=(ROWS, 2)), axis=0) * 0.3 + [3.0, -5.0]


def build(horizon=3, **options):
    x = Series(["a", "b"], dtype="float64").adapt(VALUES)
    y = Forecast(["b"], horizon=horizon, dtype="float64").adapt(VALUES[:, 1:])
    options = {"units": 15, "washout": WASHOUT, "ridge": RIDGE, "seed": 3, **options}
    return EchoStateNetwork(x, y, **options)


def count(model):
    return float(model.readouts[0].numpy("count"))


def same(first, second):
    for a, b in zip(first.readouts, second.readouts, strict=True):
        np.testing.assert_allclose(a.solution(), b.solution(), rtol=1e-6, atol=1e-9)
        assert a.numpy("count") == pytest.approx(float(b.numpy("count")))


def push(model, first, last, **options):
    for row in range(first, last):
        model.partial_fit(VALUES[row : row + 1], VALUES[row : row + 1, 1:], continued=True,
                          **options)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("horizon", "options"),
    [
        (3, {"num_layers": 2, "ensemble": 2}),
        slow(1, {}),
        slow(7, {"read_inputs": False, "washout": 0}),
        slow(12, {"leak_rate": 0.3}),
    ],
)
def test_row_by_row_is_as_in_one_call(horizon, options):
    model, whole = build(horizon, **options), build(horizon, **options)
    push(model, 0, ROWS)
    whole.partial_fit(VALUES, VALUES[:, 1:])
    assert count(model) == ROWS - model.washout - horizon
    same(model, whole)
    # By hand: of each step from the washout on whose targets are all known.
    targets = model.output_feature.scale(VALUES[:, 1:])[:, 0]
    ahead = np.stack([targets[lead : ROWS - horizon + lead] for lead in range(1, horizon + 1)], 1)
    rows = slice(model.washout, ROWS - horizon)
    for member, readout in enumerate(model.readouts):
        read = plain.features(model, member, model.input_feature.scale(VALUES))
        wanted = plain.ridge(read[rows], ahead[rows], RIDGE)
        np.testing.assert_allclose(readout.solution(), wanted, rtol=1e-6, atol=1e-9)


def test_what_waits_is_taught_once_its_targets_have_come():
    model = build(washout=0)
    counts = []
    for row in range(6):
        push(model, row, row + 1)
        counts.append(count(model))
        assert model.fitted == (row >= 3)
    assert counts == [0, 0, 0, 1, 2, 3]
    end = model.stream_end
    assert end.steps == 3
    np.testing.assert_allclose(end.kept[0], model.input_feature.scale(VALUES[3:6]))
    np.testing.assert_allclose(end.kept[1], model.output_feature.scale(VALUES[3:6, 1:]))


def test_a_stream_goes_on_from_fit_in_blocks_of_any_length():
    model, whole = build(), build()
    model.fit(VALUES[:30], VALUES[:30, 1:], verbose=0)
    assert count(model) == 30 - WASHOUT - 3
    for first, last in ((30, 31), (31, 33), (33, 40), (40, 41), (41, ROWS)):
        # Targets that are columns of the input need not be said.
        model.partial_fit(VALUES[first:last], continued=True)
    whole.fit(VALUES, VALUES[:, 1:], verbose=0)
    same(model, whole)
    model.fit(VALUES[:30], VALUES[:30, 1:], verbose=0)  # anew
    push(model, 30, 31)
    assert count(model) == 31 - WASHOUT - 3


@pytest.mark.slow
def test_forgetting_and_weights():
    weights = np.random.default_rng(1).uniform(0.5, 2, ROWS)
    model, whole = build(), build()
    for row in range(ROWS):
        push(model, row, row + 1, forgetting=0.9, sample_weight=weights[row])
    whole.partial_fit(VALUES, VALUES[:, 1:], weights, forgetting=0.9)
    same(model, whole)
    model = build()
    model.partial_fit(VALUES[:20], VALUES[:20, 1:], weights[:20], continued=True)
    model.partial_fit(VALUES[20:], VALUES[20:, 1:], weights[20:], continued=True)
    whole = build().partial_fit(VALUES, VALUES[:, 1:], weights)
    same(model, whole)


def test_missing_targets_and_inputs_that_are_no_targets():
    """A row whose target is missing is the target of no step."""
    targets = VALUES[:, 1:].copy()
    targets[30] = NAN
    model, whole = build(horizon=1), build(horizon=1)
    for row in range(ROWS):
        model.partial_fit(VALUES[row : row + 1], targets[row : row + 1], continued=True)
    whole.partial_fit(VALUES, targets)
    same(model, whole)
    assert count(model) == ROWS - WASHOUT - 1 - 1


def test_outputs_at_the_same_step_wait_for_nothing():
    x = Series(2, dtype="float64").adapt(VALUES)
    y = Series(1, dtype="float64").adapt(VALUES[:, 1:] ** 2)
    models = [
        EchoStateNetwork(x, y, units=15, washout=WASHOUT, ridge=RIDGE, seed=3) for _ in range(2)
    ]
    for row in range(ROWS):
        models[0].partial_fit(VALUES[row : row + 1], VALUES[row : row + 1, 1:] ** 2,
                              continued=True)  # fmt: skip
    models[1].partial_fit(VALUES, VALUES[:, 1:] ** 2)
    same(*models)
    assert count(models[0]) == ROWS - WASHOUT


def test_frames_with_times_a_row_each():
    frame = pd.DataFrame(VALUES, columns=["a", "b"])
    frame.insert(0, "date", pd.date_range("2024-01-01", periods=ROWS, freq="h"))
    seconds = np.arange(ROWS) * 3600.0 + 1704067200
    x = Series(["a", "b"], time=True, dtype="float64").adapt(np.column_stack([seconds, VALUES]))
    y = Forecast(["b"], horizon=2, dtype="float64").adapt(VALUES[:, 1:])
    models = [
        EchoStateNetwork(x, y, units=15, washout=WASHOUT, ridge=RIDGE, seed=3) for _ in range(2)
    ]
    for row in range(ROWS):
        models[0].partial_fit(frame[row : row + 1], continued=True)
    models[1].fit(frame, verbose=0)
    same(*models)
    for rows in (frame[ROWS - 2 : ROWS - 1], frame[ROWS - 1 :]):  # these were there already
        with pytest.raises(ValueError, match="in order of time. Received: row 0 of 2024-01-02T"):
            models[0].partial_fit(rows, continued=True)
    same(*models)


@pytest.mark.slow
def test_it_goes_on_in_a_fresh_process(fresh, tmp_path):
    """80 rows after a reload teach 80."""
    values = np.sin(np.arange(200.0))[:, None]
    x, y = Series().adapt(values), Forecast(horizon=3).adapt(values)
    model = EchoStateNetwork(x, y, units=15, washout=100, ridge=RIDGE, seed=3)
    for row in range(101):
        model.partial_fit(values[row : row + 1], continued=True)
    assert not model.fitted  # all is washout, or waits
    path, out = str(tmp_path / "m.keras"), str(tmp_path / "out.npz")
    model.save(path)
    calls = [
        ["partial_fit", {"x": values[row : row + 1].tolist(), "continued": True}]
        for row in range(101, 181)
    ]
    ticket = fresh.begin("ask", path=path, calls=calls, out=out)
    loaded = rnnkit.load_model(path)
    for row in range(101, 181):
        loaded.partial_fit(values[row : row + 1], continued=True)
    fresh.end(ticket)
    assert count(loaded) == 181 - 100 - 3
    whole = EchoStateNetwork(x, y, units=15, washout=100, ridge=RIDGE, seed=3)
    whole.partial_fit(values[:181])
    same(loaded, whole)
    with np.load(out) as found:
        weights = [found[key] for key in sorted(found.files)]
    for a, b in zip(weights, loaded.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
    # Saved after learning: again the next row is one more.
    loaded.save(path)
    again = rnnkit.load_model(path)
    again.partial_fit(values[181:182], continued=True)
    assert count(again) == count(loaded) + 1


ROW = VALUES[:1]


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        (ROW * NAN, ROW[:, 1:], {}, r"missing \(NaN\) at series 0, row 0"),
        (ROW * np.inf, ROW[:, 1:], {}, "must be finite. Received: inf at series 0, row 0"),
        (ROW, ROW[:, 1:] * np.inf, {}, "must be finite. Received: -inf at series 0, row 0"),
        (ROW[:, :1], ROW[:, 1:], {}, r"series of shape \(time, 2\)"),
        (ROW, VALUES[:2, 1:], {}, "x and y must have as many steps. Received: a series of 1 step"),
        (ROW, [VALUES[:2, 1:]] * 2, {}, "y must be one series, as x is. Received: 2"),
        (ROW[:0], ROW[:0, 1:], {}, "at least one step"),
        ([ROW, ROW], [ROW[:, 1:]] * 2, {}, "one series at a time.*Received: 2 series"),
        (ROW, ROW[:, 1:], {"sample_weight": -1.0}, "sample_weight must be a finite number"),
        (ROW, ROW[:, 1:], {"sample_weight": [1.0, 2.0]}, "or one for each of the 1 rows"),
        (ROW, ROW[:, 1:], {"sample_weight": "x"}, "sample_weight must be"),
        (ROW, ROW[:, 1:], {"forgetting": 2}, "forgetting must be"),
    ],
)
def test_bad_rows_change_nothing(streaming, x, y, options, message):
    before = streaming.get_weights()
    with pytest.raises(ValueError, match=message):
        streaming.partial_fit(x, y, continued=True, **options)
    for a, b in zip(before, streaming.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def streaming():
    model = build()
    model.partial_fit(VALUES[:20], VALUES[:20, 1:], continued=True)
    return model


def test_what_has_no_stream_or_no_targets():
    x = Series(2).adapt(VALUES)
    label = EchoStateNetwork(x, Label().adapt(["a", "b"]), units=5)
    with pytest.raises(ValueError, match="continued=True needs an output at each step"):
        label.partial_fit(VALUES, ["a"], continued=True)
    other = EchoStateNetwork(x, Series(1).adapt(VALUES[:, :1]), units=5)
    with pytest.raises(ValueError, match="y is missing"):
        other.partial_fit(ROW, continued=True)


def test_a_solution_that_fails_leaves_the_stream_where_it_was():
    model = build(ridge=0.0)
    push(model, 0, WASHOUT + 3)  # nothing to solve yet
    for _ in range(2):
        with pytest.raises(ValueError, match="singular"):
            push(model, WASHOUT + 3, WASHOUT + 4)
        assert model.stream_end.steps == WASHOUT
    model.partial_fit(VALUES[WASHOUT + 3 :], VALUES[WASHOUT + 3 :, 1:], continued=True)
    assert count(model) == ROWS - WASHOUT - 3


def test_an_unfitted_model_refuses_to_answer():
    model = build()
    push(model, 0, 3)
    calls = {
        "predict": lambda: model.predict(VALUES),
        "evaluate": lambda: model.evaluate(VALUES),
        "infer": lambda: model.infer(VALUES),
        "anomalies": lambda: model.anomalies(VALUES),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError, match=f"{name} needs a model that has learned: call fit"):
            call()
    for call in (lambda: model.score(VALUES), lambda: model.backtest(VALUES, verbose=0)):
        with pytest.raises(ValueError, match="needs a model that has learned: call fit"):
            call()
