"""Columns that are known ahead: at the right row, through save and reload, and when they lack."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import recipes
import rnnkit
from rnnkit.features import Forecast, Series

HORIZON, ROWS = 3, 160


def sales(rows=ROWS, level=50.0, seed=0):
    """Sales of 50, 20 more on days with a promotion, and noise of .1."""
    rng = np.random.default_rng(seed)
    promo = (rng.random(rows) < 0.3).astype(float)
    noise = rng.normal(0, 0.1, rows)
    return pd.DataFrame({
        "date": pd.date_range("2024-01-01", periods=rows), "sales": level + 20 * promo + noise,
        "promo": promo,
    })  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    frame = sales()
    recipe = recipes.get("forecasting")
    data = recipe.data(frame[:120], target="sales", future="promo")
    model = recipe.train(data, horizon=HORIZON, units=5, seed=1, verbose=0)
    path = tmp_path_factory.mktemp("ahead") / "m.keras"
    model.save(path)
    return frame, model, path


@pytest.mark.slow
def test_a_promotion_moves_its_own_day(trained):
    """The truth of each day is 50 or 70, and the noise .1: a row late would be wrong by 20."""
    frame, model, _ = trained
    for origin in (120, 131, 150):
        ahead = frame[["date", "promo"]]
        found = model.infer(frame[:origin], future=ahead)
        truth = 50 + 20 * frame.promo[origin : origin + HORIZON]
        np.testing.assert_allclose(found["forecast"], truth, atol=1.0)
        assert found["time"][0] == str(frame.date[origin].date())
        rows = ahead.promo[origin : origin + HORIZON].to_numpy()
        for other in (rows, rows[:, None], rows[None, :, None], ahead[origin : origin + HORIZON]):
            assert model.infer(frame[:origin], future=other) == found
    # The day that is changed is the day that moves.
    without, with_one = (
        np.array(model.infer(frame[:120], future=rows)["forecast"])
        for rows in (np.zeros(3), np.array([0.0, 1.0, 0.0]))
    )
    np.testing.assert_allclose(with_one - without, [0, 20, 0], atol=1.0)


@pytest.mark.slow
def test_scores_know_what_is_ahead_and_outputs_end_before_it(trained):
    frame, model, _ = trained
    assert model.score(frame[100:])["mae"] < 0.15  # in standard deviations, of some 9
    outputs = model.predict(frame)
    assert outputs.shape[-2:] == (ROWS, HORIZON)
    known = np.isfinite(outputs).all(axis=-1).reshape(-1)
    assert known[:-HORIZON].all() and not known[-HORIZON:].any()


@pytest.mark.slow
def test_steps_computed_in_pieces_are_those_of_the_whole(trained, monkeypatch):
    frame, model, _ = trained
    whole = model.predict(frame)
    monkeypatch.setattr("rnnkit.models.echo_state_forecaster.STEPS", 40)
    np.testing.assert_allclose(model.predict(frame), whole, atol=1e-4)


@pytest.mark.slow
def test_what_is_known_ahead_is_saved(trained):
    frame, model, path = trained
    expected = model.infer(frame[:120], future=frame[120:123][["date", "promo"]])["forecast"]
    loaded = rnnkit.load_model(path)
    assert loaded.input_feature.future == ["promo"]
    found = loaded.infer(frame[:120], future=frame[120:123][["date", "promo"]])
    np.testing.assert_allclose(found["forecast"], expected, rtol=1e-5)


MISSING = {
    r"pass future=... with \['promo'\] of 3 rows \(2024-04-30 to 2024-05-02\)": lambda f: None,
    "lacks 2 of the 3 rows after 2024-04-29, the first is that of 2024-05-01": (
        lambda f: f[120:121]),
    "no column 'promo', which the forecast needs ahead": lambda f: f[["date", "sales"]],
    "row 121: the column 'promo' holds no finite number": (
        lambda f: f.assign(promo=f.promo.where(f.index != 121))),
    "row 0: the column 'promo' holds 'x', which is no number": (
        lambda f: f.assign(promo="x")),
    "row 159: the time 2024-05-02 occurs twice, first at the frame, row 122 with other values": (
        lambda f: f.assign(date=f.date.where(f.index < 159, f.date[122]),
                           promo=f.promo.where(f.index < 159, 1 - f.promo[122]))),
    r"future must have 3 rows .* of 1 series.*\['promo'\]. Received: an array of shape \(2,\)": (
        lambda f: [0, 1]),
    "future must hold finite numbers": lambda f: [0, 1, np.nan],
    "future must be a table with the columns": lambda f: ["yes", "no", "no"],
}  # fmt: skip


@pytest.mark.parametrize("message", MISSING)
def test_rows_that_lack_are_named(trained, message):
    frame, model, _ = trained
    with pytest.raises(ValueError, match=message):
        model.infer(frame[:120], future=MISSING[message](frame))


@pytest.mark.slow
def test_several_series_have_their_own_future():
    frames = [sales(60, level, seed).assign(store=name)
              for name, level, seed in (("a", 50.0, 0), ("b", 500.0, 1))]  # fmt: skip
    table = pd.concat(frames, ignore_index=True)
    past = table[table.date < "2024-02-25"]
    recipe = recipes.get("forecasting")
    data = recipe.data(past, target="sales", future="promo")
    assert data.info["series"] == ["a", "b"]
    model = recipe.train(data, horizon=2, units=5, seed=1, verbose=0)
    found = model.infer(past, future=table.sample(frac=1, random_state=3))
    assert [each["series"] for each in found] == ["a", "b"]
    for each, frame, level in zip(found, frames, (50.0, 500.0), strict=True):
        ahead = frame.promo[frame.date >= "2024-02-25"][:2]
        np.testing.assert_allclose(each["forecast"], level + 20 * ahead, atol=5)
    with pytest.raises(ValueError, match="the frame has no rows of the series 'b'"):
        model.infer(past, future=frames[0])
    options = {"future": table, "history": 5, "ax": Figure().subplots()}
    ax = rnnkit.plots.forecast(model, past, frames[1].sales[-5:], name="b", **options)
    shown = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    np.testing.assert_allclose(shown["forecast"], found[1]["forecast"])
    np.testing.assert_allclose(shown["past"], past.sales[past.store == "b"][-5:])
    assert len(shown["actual"]) == 2
    with pytest.raises(ValueError, match=r"name must say.*\['a', 'b'\]. Received: name=None"):
        rnnkit.plots.forecast(model, past, **options)
    with pytest.raises(ValueError, match="1 of them and name='b', of series without names"):
        rnnkit.plots.forecast(model, np.ones((30, 3)), name="b")


def test_who_cannot_look_ahead():
    frame = sales(60)
    recipe = recipes.get("forecasting")
    data = recipe.data(frame, target="sales", future="promo")
    for options in ({"cell": "lstm"}, {"horizon": 1}):
        with pytest.raises(ValueError, match="does not read what is known ahead.*'promo'"):
            recipe.model(data, **options)
    with pytest.raises(ValueError, match="needs no forecast. Received: .'promo'. as target"):
        recipe.data(frame, target="promo", future="promo")
    with pytest.raises(ValueError, match="no column 'promos' for the future. Did you mean 'promo'"):
        recipe.data(frame, future="promos")
    with pytest.raises(ValueError, match="future is for series that are forecast.*'spam'"):
        recipes.get("spam").data(frame, future="promo")
    plain = Series(["sales"]).adapt(frame[["sales"]])
    ahead = Forecast(["sales"], horizon=2).adapt(frame[["sales"]])
    model = rnnkit.models.EchoStateForecaster(plain, ahead, units=5).fit(frame[["sales"]]).model
    with pytest.raises(ValueError, match="no columns that are known ahead"):
        model.infer(frame[["sales"]], future=[1, 2])
    with pytest.raises(ValueError, match="future must name columns of the series"):
        Series(["a"], future=["b"])
    with pytest.raises(ValueError, match=r"needs no forecast. Received: \['sales'\] among the tar"):
        rnnkit.models.EchoStateForecaster(Series(["sales"], future=["sales"]).adapt([1, 2]), ahead)
