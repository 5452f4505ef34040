"""Forecasts of usual series beside repeating the last season: errors, intervals, time.

    python -m tests.benchmarks.forecasting /path/to/data [--seeds 3] [--cell esn] [--only ercot]

The folder holds `timeseries` and `forecasting`. The recipe `forecasting` gets the first 80 % of
each series, horizon and season, and nothing else: all settings are its defaults. It then forecasts
from up to 40 origins in the last fifth, from all that came before each, without learning more.

MASE is the mean absolute error over that of repeating the last season within the first 80 %
(Hyndman and Koehler, 2006, https://doi.org/10.1016/j.ijforecast.2006.03.001). `relative` is MASE
over that of repeating the last season from the same origins, `of better` that over the better of
repeating the last season and the last value. `coverage` is how often the 80 % intervals hold;
`interval` is the mean interval score in the unit of MASE (Gneiting and Raftery, 2007). With
`--split`, the recipe splits the first 80 % itself, and learns nothing from the last fifth of that.
With `--beside`, Theta (MSTL where the season is longer than 24) of statsforecast is in the same
table, fitted anew at each origin.
"""

import pathlib
import time
import warnings

import numpy as np
import pandas

import recipes
from tests.benchmarks import ledger, statistical

ORIGINS = 40
LEVEL = 0.8
# Name -> file, column, horizon, steps in a season, rows at most.
SERIES = {
    "airline": ("timeseries/airline_passengers.csv", "Passengers", 12, 12, None),
    "champagne": ("forecasting/monthly_champagne_sales.csv", "Sales", 12, 12, None),
    "sunspots": ("timeseries/monthly_sunspots.csv", "Sunspots", 12, 12, None),
    "temperature": ("timeseries/daily_min_temperatures.csv", "Temp", 14, 7, None),
    "taylor": ("timeseries/taylor_demand.csv", "Y", 48, 48, None),
    "ercot": ("forecasting/ercot_COAST.csv", "COAST", 24, 24, None),
    "etth1": ("timeseries/etth1.csv", "OT", 24, 24, 6_000),
}


def table(path, column, rows):
    """A file's times, where it has any, and one column, as a frame."""
    frame = pandas.read_csv(path).iloc[:rows]
    first = frame.columns[0]
    kept = {column: frame[column].astype("float64")}
    if first != column:
        kept = {first: pandas.to_datetime(frame[first], format="mixed"), **kept}
    return pandas.DataFrame(kept)


def repeated(values, origin, horizon, period):
    """The last season before an origin, as often as the horizon needs."""
    leads = np.arange(1, horizon + 1)
    return values[origin - 1 + leads - period * -(-leads // period)]


class Origins:
    """What is forecast of a series, and how its forecasts are judged."""

    def __init__(self, values, horizon, period):
        self.values, self.horizon, self.end = values, horizon, int(len(values) * 0.8)
        rows = np.linspace(self.end, len(values) - horizon, ORIGINS).astype(int)
        self.rows = np.unique(rows)
        self.truth = np.array([values[row : row + horizon] for row in self.rows])
        season = np.array([repeated(values, row, horizon, period) for row in self.rows])
        last = np.repeat(values[self.rows - 1][:, None], horizon, axis=1)
        self.of_season, self.of_last = (
            np.mean(np.abs(each - self.truth)) for each in (season, last)
        )
        self.scale = np.mean(np.abs(values[period : self.end] - values[: self.end - period]))

    def judged(self, forecast, lower, upper, seconds):
        """One row of the table, as a dict."""
        truth, error = self.truth, np.mean(np.abs(forecast - self.truth))
        beyond = np.maximum(lower - truth, 0) + np.maximum(truth - upper, 0)
        score = np.mean(upper - lower + 2 / (1 - LEVEL) * beyond)
        return {
            "mase": error / self.scale,
            "relative": error / self.of_season,
            "of better": error / min(self.of_season, self.of_last),
            "coverage": np.mean((lower <= truth) & (truth <= upper)),
            "interval": score / self.scale,
            "seconds": seconds,
        }


def measured(frame, column, horizon, period, seed, cell, split):
    """The row of the recipe."""
    origins = Origins(frame[column].to_numpy(), horizon, period)
    recipe = recipes.get("forecasting")
    given = {"train": frame.iloc[: origins.end], "test": frame.iloc[origins.end :]}
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = recipe.data(frame.iloc[: origins.end] if split else given, target=column)
        model = recipe.train(data, horizon=horizon, period=period, cell=cell, seed=seed, verbose=0)
    seconds = time.perf_counter() - started
    results = [model.infer(frame.iloc[:row]) for row in origins.rows]
    parts = (np.array([each[key] for each in results]) for key in ("forecast", "lower", "upper"))
    return origins.judged(*parts, seconds)


def beside(frame, column, horizon, period):
    """The row of the statistical method."""
    origins = Origins(frame[column].to_numpy(), horizon, period)
    started = time.perf_counter()
    histories = [origins.values[:row] for row in origins.rows]
    parts = statistical.forecasts(histories, horizon, period, LEVEL)
    return origins.judged(*parts, time.perf_counter() - started)


def summary(rows):
    """What the rows of all series come to, as text."""
    relative = np.exp(np.mean([np.log(row["relative"]) for row in rows]))
    means = [np.mean([row[key] for row in rows]) for key in ("coverage", "interval")]
    return (
        f"geometric mean of relative {relative:.3f}, worst of better "
        f"{max(row['of better'] for row in rows):.3f}, mean coverage {means[0]:.3f}, "
        f"mean interval score {means[1]:.3f}"
    )


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cell", default="esn")
    parser.add_argument("--only", nargs="+", default=list(SERIES), choices=list(SERIES))
    parser.add_argument("--split", action="store_true")
    parser.add_argument("--beside", action="store_true")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    found, others = [], []
    for name in options.only:
        file, column, horizon, period, rows = SERIES[name]
        frame = table(options.folder / file, column, rows)
        settings = (frame, column, horizon, period)
        each = [
            measured(*settings, seed, options.cell, options.split)
            for seed in range(1, options.seeds + 1)
        ]
        mean = {key: float(np.mean([row[key] for row in each])) for key in each[0]}
        if not found:
            print(f"{'series':<12}" + "".join(f"{key:>11}" for key in mean))
        print(f"{name:<12}" + "".join(f"{value:>11.3f}" for value in mean.values()), flush=True)
        found.append(mean)
        for key in ("mase", "relative", "of better", "coverage"):
            several = [row[key] for row in each]
            book.add(f"forecasts of {name}: {key}", mean[key], several, form=".3f")
        if options.beside:
            others.append(beside(*settings))
            row = "".join(f"{value:>11.3f}" for value in others[-1].values())
            print(f"{statistical.method(period):>11} {row}", flush=True)
    relative = np.exp(np.mean([np.log(row["relative"]) for row in found]))
    book.add(f"{len(found)} series, relative: geometric mean", relative, form=".3f")
    interval = float(np.mean([row["interval"] for row in found]))
    if others:
        bound = float(np.mean([row["interval"] for row in others]))
        book.add(f"{len(found)} series: interval score", interval, form=".3f", at_most=bound)
        print("Theta or MSTL:", summary(others))
    print(summary(found))


if __name__ == "__main__":
    main()
