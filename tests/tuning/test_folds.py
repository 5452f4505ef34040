"""The search by folds: means of trainings that see nothing of what judges them."""

import functools
import json
import statistics

import keras
import numpy as np
import pytest
from matplotlib.figure import Figure

import recipes
import rnnkit
from rnnkit.data.readers import data_types
from tests.tuning.toys import count_calls, examples, make_recipe, records


@pytest.fixture
def adapted(recipe, monkeypatch):
    """The inputs that features were adapted to, a set each time."""
    adapted, original = [], recipe.features

    @functools.wraps(original)
    def features(data, **options):
        adapted.append({x.numpy() for x, _ in data.train})
        return original(data, **options)

    monkeypatch.setattr(recipe, "features", features)
    return adapted


@pytest.mark.slow
def test_the_objective_is_the_mean_over_folds(
    adapted, run, recipe, data, tmp_path, monkeypatch, capsys
):
    result = run(folds=3)
    table = result.table()
    assert len(table) == 2
    for row in table:
        assert len(row["folds"]) == 3
        assert row["objective"] == pytest.approx(statistics.mean(row["folds"]))
        assert row["std"] == pytest.approx(statistics.stdev(row["folds"]))
    heading, first = str(table).splitlines()[:2]
    assert heading.split() == ["rank", "trial", "val_loss", "std", "epochs", "seconds", "options"]
    assert f"{table[0]['std']:.2g}" in first
    out = capsys.readouterr().out
    assert "Folds: 3, of 18, 18, 18 examples" in out
    assert f"val_loss {table[0]['objective']:.5g} ± {table[0]['std']:.2g} " in out

    # Features are adapted to what trains in each fold, once for all trials; then to all of train.
    whole = {x.numpy() for part in (data.train, data.validation) for x, _ in part}
    assert [len(each) for each in adapted] == [36, 36, 36, 48]
    assert set.union(*(whole - each for each in adapted[:3])) == whole

    # A value by hand: what a model says of the fold that it did not see.
    best = result.best_options()
    fold = data_types.of(recipe).into_folds(data, 3)[0][1]
    model = recipe.model(fold, units=best["units"], seed=best["seed"])
    history = model.fit(fold.train, validation_data=fold.validation, epochs=1, verbose=0).history
    assert history["val_loss"][0] == pytest.approx(table[0]["folds"][1], rel=1e-4)

    # The best model is trained on all of train, and lies in best.keras.
    model = result.best_model()
    saved = rnnkit.load_model(tmp_path / "search" / "best.keras")
    scores = [each.evaluate(data.test, verbose=0) for each in (model, saved)]
    np.testing.assert_allclose(*scores, rtol=1e-5)

    # The picture shows how far apart the folds are.
    (bars,) = result.plot(Figure().subplots()).containers
    heights = [np.diff(each[:, 1])[0] for each in bars.lines[2][0].get_segments()]
    by_trial = sorted(table, key=lambda row: row["trial"])
    np.testing.assert_allclose(heights, [2 * row["std"] for row in by_trial])

    # Nothing is trained again by the same call.
    fitted = count_calls(monkeypatch, keras.Model, "fit")
    assert run(folds=3).table() == table and not fitted
    assert len(run(folds=3, max_trials=3).table()) == 3 and len(fitted) in (3, 4)
    for folds in (2, None):
        with pytest.raises(ValueError, match=rf"folds \(3 before, {folds} now\).*overwrite=True"):
            run(folds=folds)


@pytest.mark.slow
def test_an_interrupted_search_resumes_with_the_trial_that_was_cut_off(run, tmp_path, capsys):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if records(tmp_path / "search"):  # in the second trial
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folds=2, callbacks=[Stop()])
    assert "No model yet. The same call resumes" in capsys.readouterr().err
    assert not (tmp_path / "search" / "best.keras").exists()
    table = run(folds=2).table()
    assert len(table) == 2 and (tmp_path / "search" / "best.keras").exists()
    again = run(folds=2, directory=tmp_path / "other").table()
    assert [row["objective"] for row in table] == [row["objective"] for row in again]


@pytest.mark.slow
def test_hyperband_trains_on_in_each_fold(run, tmp_path):
    result = run(tuner="hyperband", folds=2, epochs=3, max_trials=4, verbose=0)
    longer = [row for row in result.table() if row["epochs"] == 3]
    assert longer
    record = json.loads((tmp_path / "search" / f"trial_{longer[0]['trial'] - 1}" / "record.json")
                        .read_text())  # fmt: skip
    before = record["values"]["tuner/trial_id"]
    for fold in (1, 2):
        assert (tmp_path / "search" / f"trial_{before}" / f"fold{fold}.weights.h5").exists()
    assert result.best_model().infer("win cash")["label"] in ("ham", "spam")


@pytest.mark.slow
def test_a_trial_that_fails_says_in_which_fold(tmp_path, run, capsys):
    recipe = make_recipe(tmp_path, '{"units": 3, "trouble": hp.Choice("trouble", ["nan", "none"])}')
    result = run(recipe=recipe, tuner="grid", folds=2)
    failed = result.table()[-1]
    assert failed["status"] == "failed" and "(in fold 1 of 2)" in failed["error"]
    assert failed["std"] is None and failed["folds"] is None
    assert "failed" in str(result.table())


@pytest.mark.slow
def test_forecasts_are_judged_by_rolling_origins(tmp_path, capsys):
    rng = np.random.default_rng(2)
    recipe = recipes.get("forecasting")
    data = recipe.data(np.sin(np.arange(100) / 3) + rng.normal(size=100) / 10)
    options = {"horizon": 3, "units": 8}
    settings = {"tuner": "random", "max_trials": 2, "seed": 1, "directory": tmp_path / "s"}
    result = recipe.tune(data, folds=2, options=options, **settings)
    assert "training on the first 60, 70 rows, judged by the next 10" in capsys.readouterr().out
    best = result.table()[0]
    # Each is learned from what is before the origin alone, and judged by what is after it.
    for fold, value in zip(
        data_types.of(recipe).into_folds(data, 2)[0], best["folds"], strict=True
    ):
        model = recipe.model(fold, **result.best_options())
        model.fit(fold.train, verbose=0)
        ((_, truth),) = fold.validation
        later = model.prepare(fold.validation).tensors[1].to_tensor().numpy()
        errors = model.predict(fold.validation) - later
        assert len(truth) and value == pytest.approx(np.nanmean(np.square(errors)), rel=1e-4)
    assert len(result.best_model().infer(np.sin(np.arange(60) / 3))["forecast"]) == 3


@pytest.mark.parametrize("folds", [1, 0, -2, 2.5, True, "3"])
def test_folds_must_be_two_or_more(run, folds, tmp_path):
    with pytest.raises(ValueError, match="folds must be an integer of at least 2"):
        run(folds=folds)
    assert not (tmp_path / "search").exists()


def test_more_folds_than_examples_write_nothing(run, tmp_path):
    with pytest.raises(ValueError, match="at most the number of different inputs.*folds=55"):
        run(folds=55)
    assert not (tmp_path / "search").exists()


@pytest.mark.slow
def test_workers_divide_alike(tmp_path):
    recipe = make_recipe(tmp_path)
    path = tmp_path / "lines.csv"
    rows = [f"{text},{label}" for text, label in zip(*examples(), strict=True)]
    path.write_text("\n".join(["words,kind", *rows]))
    columns = {"input": "words", "target": "kind"}
    data = recipe.data(str(path), **columns)
    settings = {"tuner": "random", "max_trials": 3, "seed": 0, "epochs": 1, "folds": 2}
    found = [
        recipe.tune(data, directory=tmp_path / name, **settings, **more).table()
        for name, more in (
            ("alone", {}), ("workers", {"workers": 2, "data_arguments": columns}),
        )
    ]  # fmt: skip
    alone, together = (sorted((row["options"]["units"], *row["folds"]) for row in t) for t in found)
    assert len(alone) == len(together) == 3
    both = {row[0]: row[1:] for row in alone}
    for units, *values in together:
        if units in both:
            np.testing.assert_allclose(values, both[units], rtol=1e-4)
