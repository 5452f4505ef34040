"""What tells series apart and what days are: static columns, categories, holidays."""

import numpy as np
import pandas as pd
import pytest

import recipes
import rnnkit
from rnnkit.features import Series
from rnnkit.features.holidays import holidays_of, on_holidays
from rnnkit.layers.relative import RelativeForecast

HORIZON, ROWS, STORES = 3, 100, 8
DAYS = pd.date_range("2024-01-01", periods=ROWS + HORIZON)
HOLIDAYS = ["2024-01-20", "2024-02-03", "2024-02-22", "2024-03-09", "2024-03-28", "2024-04-11"]


def stores():
    """Sales of 50; a promotion adds 20 in the north and takes 10 in the south, a holiday adds 30;
    noise of .1."""
    rng, frames = np.random.default_rng(0), []
    holiday = np.isin(DAYS.strftime("%Y-%m-%d"), HOLIDAYS)
    for number in range(STORES):
        north = number % 2
        promo = rng.random(len(DAYS)) < 0.3
        sales = 50 + (20 if north else -10) * promo + 30 * holiday
        frames.append(pd.DataFrame({
            "store": f"s{number}", "day": DAYS, "sales": sales + rng.normal(0, 0.1, len(DAYS)),
            "promo": np.where(promo, "yes", "no"), "region": "north" if north else " south",
            "size": 10.0 * number,
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    frame, recipe = stores(), recipes.get("forecasting")
    past = frame[frame.day < DAYS[ROWS]]
    data = recipe.data(
        past, target="sales", series="store", future="promo", static=["region", "size"],
        holidays=HOLIDAYS,
    )  # fmt: skip
    model = recipe.train(data, horizon=HORIZON, units=5, seed=1, verbose=0)
    path = tmp_path_factory.mktemp("static") / "m.keras"
    model.save(path)
    ahead = frame[frame.day >= DAYS[ROWS]]
    return past, ahead, model, path


@pytest.mark.slow
def test_each_region_has_its_own_promotion_and_holidays_are_known(trained):
    past, ahead, model, _ = trained
    assert model.input_feature.names == [
        "sales", "promo=no", "promo=yes", "holiday", "region=north", "region=south", "size"
    ]  # fmt: skip
    assert HOLIDAYS[-1] == str(DAYS[ROWS + 1].date())  # the second day ahead
    found = model.infer(past, future=ahead[["store", "day", "promo"]])
    for each in found:
        truth = ahead[ahead.store == each["series"]].sales.to_numpy()
        np.testing.assert_allclose(each["forecast"], truth, atol=3.0)
    # A series that was not there in training, and one whose region is not known.
    new = past[past.store == "s1"].assign(store="new")
    rows = ahead[ahead.store == "s1"].assign(store="new")
    assert model.infer(new, future=rows)[0]["forecast"] == pytest.approx(found[1]["forecast"])
    other = model.infer(new.assign(region=None), future=rows)[0]["forecast"]
    assert other != pytest.approx(found[1]["forecast"]) and np.isfinite(other).all()
    # Every row of a past with gaps is a holiday or not by its own time.
    thinned = new[new.day != pd.Timestamp(HOLIDAYS[2])]
    with pytest.warns(UserWarning, match="missing rows"):
        raw = rnnkit.data.readers.series.recent.histories(thinned, model.input_feature)["new"]
    assert raw[:, 4].sum() == 5 and raw[52, 4] == 1  # the inserted row, too


@pytest.mark.slow
def test_saved_and_reloaded(trained, fresh):
    past, ahead, model, path = trained
    again = rnnkit.load_model(path)
    assert again.input_feature.get_config() == model.input_feature.get_config()
    expected = model.infer(past, future=ahead)[3]
    found = again.infer(past, future=ahead)[3]
    np.testing.assert_allclose(found["forecast"], expected["forecast"], rtol=1e-5)
    np.testing.assert_allclose(found["upper"], expected["upper"], rtol=1e-5)


def test_what_lacks_or_is_unknown_is_named(trained):
    past, ahead, model, _ = trained
    one = past[past.store == "s1"]
    rows = ahead[ahead.store == "s1"]
    with pytest.raises(ValueError, match=r"pass future=... with \['promo'\] of 3 rows"):
        model.infer(one)
    with pytest.raises(ValueError, match="'west', which is none of its categories in training"):
        model.infer(one.assign(region="west"), future=rows)
    with pytest.raises(ValueError, match="no column 'region', which the model needs"):
        model.infer(one.drop(columns="region"), future=rows)
    with pytest.raises(ValueError, match="no column 'size', which the model needs"):
        model.infer(one.drop(columns="size"), future=rows)
    with pytest.raises(ValueError, match="no column 'promo', which the model needs"):
        model.infer(one, future=rows.drop(columns="promo"))
    changed = one.assign(size=np.arange(len(one)))
    with pytest.raises(ValueError, match="row 1: the static column 'size' changes within a series"):
        model.infer(changed, future=rows)


@pytest.mark.slow
def test_holidays_that_are_past_ask_for_later_ones():
    frame = stores()
    one = frame[frame.store == "s0"][["day", "sales"]]
    recipe = recipes.get("forecasting")
    data = recipe.data(one[:90], holidays=HOLIDAYS[:4])
    model = recipe.train(data, horizon=HORIZON, units=5, seed=1, verbose=0)
    with pytest.raises(ValueError, match="last holiday that the model knows is 2024-03-09"):
        model.infer(one[:90])
    rows = pd.DataFrame({"day": DAYS[90:93], "holiday": [0, 1, 0]})
    without, with_one = (
        np.array(model.infer(one[:90], future=each)["forecast"])
        for each in (rows.assign(holiday=0), rows)
    )
    np.testing.assert_allclose(with_one - without, [0, 30, 0], atol=6)
    assert model.infer(one[:60])["time"][0] == "2024-03-01"  # the next one is known


@pytest.mark.slow
def test_gradient_cells_read_static_columns():
    frame = stores()
    recipe = recipes.get("forecasting")
    data = recipe.data(
        frame[["store", "day", "sales", "region"]], target="sales", series="store", static="region"
    )
    model = recipe.train(data, cell="gru", units=3, horizon=2, epochs=1, seed=1, verbose=0)
    assert model.input_feature.static == ["region=north", "region=south"]
    assert len(model.infer(frame)) == STORES


@pytest.mark.parametrize(
    "options, message",
    [
        ({"static": "size", "target": "size"}, "never changes needs no forecast"),
        ({"static": "promo", "future": "promo"}, "say static alone"),
        ({"static": "promo"}, "'promo' changes within a series"),
        ({"static": "colour"}, "no column 'colour' for the static"),
        ({"holidays": "2024-12-25"}, "must be a list of dates"),
        ({"holidays": ["25.12.2024"]}, "ISO 8601.*Received: '25.12.2024'"),
        ({"holidays": [20241225]}, "ISO 8601.*Received: 20241225"),
        ({"holidays": []}, "must be lists of dates"),
        ({"holidays": {"promo": ["2024-12-25"]}, "future": "size"}, None),
        ({"holidays": {"size": ["2024-12-25"]}}, r"names of their own.*\['size'\]"),
    ],
)
def test_refused(options, message):
    recipe = recipes.get("forecasting")
    given = {"target": "sales", "series": "store", **options}
    if message is None:  # texts that are no inputs leave their name free
        with pytest.warns(UserWarning, match="'promo' holds 'no', which is no number"):
            data = recipe.data(stores(), **given)
        assert data.info["holidays"] == {"promo": ["2024-12-25"]}
        return
    with pytest.raises(ValueError, match=message):
        recipe.data(stores(), **given)


def test_columns_by_position():
    """As on the command line: `--series 0 --future 3 --static 4,5`."""
    data = recipes.get("forecasting").data(
        stores(), target="sales", series="0", future="3", static="4,5"
    )
    assert data.info["future"] == ["promo=no", "promo=yes"]
    assert data.info["static"] == ["region=north", "region=south", "size"]
    assert data.info["series_columns"] == ["store"]


def test_refused_elsewhere():
    recipe, frame = recipes.get("forecasting"), stores()
    one = frame[frame.store == "s0"].drop(columns="store")
    with pytest.raises(ValueError, match="static names columns that tell how series differ"):
        recipe.data(one, target="sales", static="size")
    with pytest.raises(ValueError, match="static names a column of a table"):
        recipe.data(np.arange(100.0), static="size")
    with pytest.raises(ValueError, match="holidays are found by the times"):
        recipe.data(np.sin(np.arange(100.0)), holidays=HOLIDAYS)
    weekly = one.assign(day=pd.date_range("2020-01-05", periods=len(one), freq="W"))
    with pytest.raises(ValueError, match="holidays are days, and the series is weekly"):
        recipe.data(weekly, target="sales", input="sales", holidays=HOLIDAYS)
    many = frame.assign(code=[f"c{number % 60}" for number in range(len(frame))])
    with pytest.raises(ValueError, match="60 different texts.*at most 50 categories"):
        recipe.data(many, target="sales", series="store", future="code")
    with pytest.raises(ValueError, match="static is for series that are forecast"):
        recipes.get("spam").data(frame, static="size")


def test_days():
    assert holidays_of({"a": ["2024-05-02", pd.Timestamp("2024-05-01 08:00")]}) == {
        "a": ["2024-05-01", "2024-05-02"]
    }
    seconds = (
        pd.to_datetime(["2024-05-01T23:59", "2024-05-02T00:00"])
        .to_series()
        .map(pd.Timestamp.timestamp)
    )
    assert on_holidays(seconds, ["2024-05-01"]).tolist() == [1.0, 0.0]
    with pytest.raises(ValueError, match="static must name the last columns"):
        Series(["a", "b"], static=["a"])
    with pytest.raises(ValueError, match="holidays are columns that are known ahead"):
        Series(["a", "b"], holidays=["2024-05-01"])


def test_products_of_static_inputs():
    """Inputs: one column, two static ones, a calendar of one. Products by hand."""
    layer = RelativeForecast(1, [0], 1, window=2, reach=1, static=2, reservoir={"units": 2})
    x = np.array([[[1.0, 2.0, 3.0, 5.0], [4.0, 2.0, 3.0, 7.0]]], "float32")
    layer(x)
    *_, shared, _ = layer.parts(x)
    assert shared[0, 1, layer.slices["static"]].numpy().tolist() == [2.0, 3.0]
    assert shared[0, 1, layer.slices["calendar"]].numpy().tolist() == [7.0]
    assert shared[0, 1, layer.slices["by static"]].numpy().tolist() == [14.0, 21.0]
