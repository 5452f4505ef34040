"""EchoStateNetwork: its config, files, callbacks and interruptions, and what it refuses."""

import json
import zipfile

import keras
import numpy as np
import pytest

import rnnkit
from rnnkit.features import Forecast, Series, Text
from rnnkit.layers.reservoir import loops
from rnnkit.models import EchoStateNetwork
from rnnkit.models.reservoir import passes as reservoir_pass
from tests import helpers
from tests.models import plain_reservoir as plain
from tests.models.test_echo_state import (
    LABEL,
    LABELS,
    NAN,
    RIDGE,
    SERIES,
    TARGETS,
    UNITS,
    WASHOUT,
    WAVE,
    WAVES,
    Y,
    build,
    same_solutions,
    solutions,
    toy,
)
from tests.tiers import slow


@pytest.fixture(scope="module")
def fitted():
    model = build()
    model.fit(SERIES, TARGETS, verbose=0)
    return model


# === The life of a model ===


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"ensemble": 2, "num_layers": 2, "bidirectional": True, "ridge": [0.01, 1.0]},
        slow({"topology": rnnkit.layers.topology.get("delay_line"), "leak_rate": [0.5] * UNITS}),
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


@pytest.mark.parametrize("pieces", [slow(0), 5])
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
    assert loaded.fitted == (pieces > 0)
    if not pieces:
        with pytest.raises(ValueError, match="predict needs a model that has learned"):
            loaded.predict(SERIES[0])
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
        ({"pooling": "max"}, "pooling must be one of 'last', 'mean'. Received: pooling='max'"),
        (
            {"bidirectional": True, "output": Forecast(normalize=False)},
            "bidirectional must be Fals",
        ),
        ({"bidirectional": True, "output_feedback": True}, "output_feedback needs.*one direction"),
        ({"output": LABEL, "output_feedback": True}, "output_feedback needs an output at each st"),
        ({"output": Forecast()}, "output_feature has learned nothing yet"),
        (
            {"output": Text().adapt(["a"])},
            "output_feature must be a Series, Forecast, Label or Number. Received: Text",
        ),
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
        (
            lambda m: m.fit(SERIES, TARGETS, batch_size=0),
            "batch_size must be an integer of at leas",
        ),
        (lambda m: m.fit(SERIES, TARGETS, sample_weight=[1.0]), "sample_weight: 1"),
        (lambda m: m.predict(SERIES[1][:, :1]), r"shape \(time, 2\), with the columns 0, 1"),
        (lambda m: m.predict("series"), "There is no file 'series'"),
        (
            lambda m: m.partial_fit(SERIES, TARGETS, forgetting=0.0),
            "forgetting must be a number above 0",
        ),
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
        with pytest.raises(ValueError, match="inputs .* must not be missing.*fill it first"):
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
