"""Forecasting: how does a time series go on?

    rnnkit train forecasting --data load.csv --target load --set horizon=24 --out load.keras
    rnnkit infer load.keras recent.csv
    rnnkit backtest load.keras --data load.csv

Own data: a csv, tsv or jsonl file with a row a time, with or without a column of times, and one or
several columns of numbers; a folder with `train`, `validation` and `test`; a pandas frame; or any
TFDS dataset with a series (`--data rnnkit_series/lorenz63`). The last fifth is for testing. A table
may hold several series, told apart by a column (`--series store`), and columns that are known ahead
(`--future promo`, which `rnnkit infer` then asks for, too), that tell how series differ (`--static
region`), and days known by their dates (`--holidays 2024-12-25,2025-01-01`). Days, months and so on
of a time zone are those of the zone; hours and less with an offset from UTC are read as UTC.

The cell is `"esn"`: readouts of past values and of a reservoir, solved in closed form, and blended
with each other and with the naive forecasts by how well they did on later data. `"lstm"`, `"gru"`
and the others are trained by gradient on changes relative to what was, and then weighed beside the
naive forecasts, too; each refuses the options that only the other has. Scores stand beside those of
naive forecasts: `persistence` repeats the last value, `seasonal` the last period; `skill`
below 0 says that one of them is better. `coverage` says how often the intervals hold: they are as
wide as the errors of forecasts of later data were. With `minimum=0`, for counts, nothing that is
forecast is below 0; targets that are below it are refused. Skewed series are forecast by their
logarithms or powers (`transform="log"`), which their forecasts are turned back from. The cells that
are trained by gradient also give whole distributions: with `likelihood="poisson"` or
`"negative_binomial"` the quantiles of counts are whole numbers, and series of all sizes share a
network; `"normal"` and `"student_t"` are for other numbers.

With `horizon=1` the cell `"esn"` is an echo state network that runs over the whole series, and can
run freely on its own output (`model.forecast`), as dynamical systems want it.
"""

import warnings

import rnnkit


class Forecasting(rnnkit.Recipe):
    """Series → series.

    Options:
        period: Steps in a season; by default what the times or the values say.
        calendar: Whether the network also reads the time of day, week and year, where times are
            known.
        units: Integer; by default 100 for the cell `"esn"`, 500 with `horizon=1`, 64 for others.
        transform: Of the targets alone. With `"auto"` an echo state network with a horizon above 1
            weighs logarithms beside the values, where all are positive, by how well both did on
            later data, and other networks take values as they are; with `"none"` all do.
        leak_spread: Of the cell `"esn"`: its units are from fast to slow, for short and long
            memories. The fastest has `leak_rate`, the slowest so many times less; 1 makes all
            alike.
        input_scaling: By default 0.5, and 0.1 with `horizon=1`.
        ridge: By default chosen among several.
        washout: By default two seasons, at most 100 steps; 50 where no season is known.
    """

    # === Task ===

    name = "forecasting"
    title = "Forecast how a time series goes on"
    pattern = "many_to_many"
    input, output = "series", "series"
    cell = "esn"

    # === Data ===

    dataset = "rnnkit_series/mackey_glass_17"
    card = "rnnkit.datasets.dynamics"
    data_types = ("series", "series")
    columns = {"input": ("every column of numbers",), "target": ("those of the input",)}

    def features(
        self, data, *, horizon=24, period=None, calendar=True, minimum=None, transform="auto"
    ):
        import numpy as np

        about = dict(data.info)
        if not about:  # a tf.data.Dataset tells no more than its shapes
            x, y = next(iter(data.train))
            about = {"columns": x.shape[-1], "targets": y.shape[-1]}
        timed = about.get("time", False)
        transform = None if transform in ("auto", "none") else transform
        series = rnnkit.features.Series(
            about["columns"],
            time=timed,
            step=about.get("step"),
            frequency=about.get("frequency"),
            cycles=None if timed and calendar else [],
            series=about.get("series_columns"),
            future=about.get("future"),
            static=about.get("static"),
            categories=about.get("categories"),
            holidays=about.get("holidays"),
        )
        forecast = rnnkit.features.Forecast(
            about["targets"],
            horizon=horizon,
            period=period or about.get("period"),
            minimum=minimum,
            transform=transform,
        )
        if transform is None:
            series, forecast = self.adapt_features(data, series, forecast)
        else:
            series, forecast = self._adapt_transformed(data, series, forecast)
        known = np.concatenate([y.numpy() for _, y in data.train])  # [steps, targets]
        still = np.nanstd(known, axis=0) == 0
        if still.any():
            raise ValueError(
                f"The target {forecast.names[np.argmax(still)]!r} never changes in the training "
                "data, so there is nothing to forecast. Choose another column with target=..."
            )
        change, size = np.nanstd(known, axis=0), np.abs(np.nanmean(known, axis=0))
        tiny = (change <= 1e-12) & (change > 1e-12 * size)  # no rounding error of large values
        if tiny.any():
            index = int(np.argmax(tiny))
            raise ValueError(
                f"The target {forecast.names[index]!r} changes by {change[index]:.1g} only, too "
                "little to be told from rounding errors. Give it in a smaller unit, in which its "
                "numbers are larger"
            )
        counts = np.all(~((known < 0) | (known % 1 > 0)), axis=0)  # as far as they are known
        low = np.nanmin(known, axis=0) < np.nanstd(known, axis=0)
        free = np.isinf(forecast.lowest) & (transform is None)  # with a transform none is below 0
        for index in np.flatnonzero(counts & low & free):
            warnings.warn(  # which says it once, not for each trial of a search
                f"The target {forecast.names[index]!r} holds whole numbers, none below 0, and some "
                "near it. If they are counts, minimum=0 keeps forecasts and intervals from going "
                "below 0",
                stacklevel=2,
            )
        return series, forecast

    @staticmethod
    def _adapt_transformed(data, series, forecast):
        """The features adapted, with the transform of the targets where they are among the inputs
        too, and none of the other inputs."""
        from rnnkit.features.transforms import kinds_of
        from rnnkit.models.forecast.naive import target_columns

        forecast.adapt(data.train.map(lambda x, y: y))
        names = [series.names[column] for column in target_columns(series, forecast) or []]
        found = kinds_of(forecast.transform, forecast.names)
        kinds = {name: kind for name, kind in zip(names, found, strict=False) if kind is not None}
        # The power is that of the targets alone, whose values are not filled where they miss.
        known = dict(zip(names, forecast.power, strict=False))
        powers = {n: known[n] if kind == "box_cox" else kind for n, kind in kinds.items()}
        kinds = kinds or None
        series.transform = powers or None
        series.adapt(data.train.map(lambda x, y: x))
        series.transform = kinds
        return series, forecast

    def adapt(self, data, base=None, **options):
        with warnings.catch_warnings():
            if options.get("likelihood") in ("poisson", "negative_binomial"):  # none is below 0
                warnings.filterwarnings("ignore", "The target .* holds whole numbers")
            return super().adapt(data, base, **options)

    # === Model ===

    model_class = {
        None: "Forecaster", "esn": "EchoStateForecaster", "esn with horizon=1": "EchoStateNetwork",
    }  # fmt: skip
    defaults = {
        "units": None, "input_scaling": None, "bias_scaling": 0.3, "window": 168, "washout": None,
        "persistence_residual": True, "relative": True, "output_dropout": 0.2, "ridge": None,
    }  # fmt: skip
    without = {"esn": ("learning_rate",), None: ("leak_spread",)}
    unused = ("bidirectional", "pooling", "read_inputs", "output_feedback", "feedback_scaling")

    def build(self, series, forecast, *, leak_spread=20.0, **options):
        import numpy as np

        esn = options["cell"] == "esn"
        if forecast.transform is not None and "transform" in options:
            options["transform"] = "none"
        free = esn and forecast.horizon == 1
        if options["units"] is None:
            options["units"] = (500 if free else 100) if esn else 64
        if options["input_scaling"] is None:
            options["input_scaling"] = 0.1 if free else 0.5
        if options["ridge"] is None:
            del options["ridge"]
        if options["washout"] is None:
            options["washout"] = min(100, 2 * forecast.period) if forecast.period else 50
            if not esn and options["window"] is not None:
                options["washout"] = min(options["washout"], options["window"] // 3)
        if esn:
            rate = options["leak_rate"]
            if leak_spread < 1 or not 0 < rate <= 1:
                raise ValueError(
                    "leak_spread must be at least 1, and leak_rate above 0 and at most 1. "
                    f"Received: leak_spread={leak_spread}, leak_rate={rate}"
                )
            if leak_spread > 1:  # units from fast to slow, for short and long memories
                options["leak_rate"] = np.geomspace(rate / leak_spread, rate, options["units"])
        if free:
            options["cell"] = "esn with horizon=1"
        return super().build(series, forecast, **options)

    def compile(self, model, *, learning_rate=2e-3):
        solved = (rnnkit.models.EchoStateForecaster, rnnkit.models.EchoStateNetwork)
        if not isinstance(model, solved):
            super().compile(model, learning_rate=learning_rate)

    # === Scores and training ===

    scores = ("mse", "mae", "nrmse")
    training = {"epochs": 150, "batch_size": 8, "patience": 10, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        if hp.Fixed("cell", self.cell) == "esn":  # another one where the search is given it
            return {
                "spectral_radius": hp.Float("spectral_radius", 0.3, 1.2, step=0.1),
                "leak_rate": hp.Float("leak_rate", 0.1, 1.0, sampling="log"),
                "leak_spread": hp.Choice("leak_spread", [1.0, 5.0, 20.0]),
                "input_scaling": hp.Float("input_scaling", 0.03, 1.0, sampling="log"),
                "bias_scaling": hp.Float("bias_scaling", 0.0, 1.0, step=0.1),
            }
        return {
            "units": hp.Int("units", 16, 128, step=16),
            "window": hp.Choice("window", [96, 168, 336]),
            "output_dropout": hp.Float("output_dropout", 0.0, 0.4, step=0.1),
            "learning_rate": hp.Float("learning_rate", 5e-4, 1e-2, sampling="log"),
        }
