"""M4's 414 hourly series as one panel, forecast 48 hours ahead by one model.

    python -m tests.benchmarks.m4_hourly /path/to/forecasting [--seeds 1]

The folder holds `m4_hourly_train.csv` and `m4_hourly_test.csv`, tables with the columns series,
hour and value. The recipe `forecasting` gets all training series, horizon 48 and season 24, and
nothing else. MASE and sMAPE are those of the competition; `wql` is the mean weighted quantile loss
over the quantiles .1 to .9, of normal distributions as wide as the 80 % intervals. Published: MASE
.935 and wql .0211 (Chronos-Bolt-tiny, without training), 3.53 and .133 (DeepAR); sMAPE 9.33 (the
competition's winner).
"""

import pathlib
import time

import numpy as np
import pandas
from scipy import stats

import recipes
from rnnkit.metrics.forecasts import naive_scale, smape
from tests.benchmarks import ledger

HORIZON, SEASON, LEVEL = 48, 24, 0.8
QUANTILES = np.arange(1, 10) / 10


def quantile_loss(truth, forecast, deviation):
    """Weighted quantile losses `[quantiles]` over all series and steps."""
    found = []
    for level in QUANTILES:
        error = truth - (forecast + stats.norm.ppf(level) * deviation)
        found.append(2 * np.sum(np.maximum(level * error, (level - 1) * error)))
    return np.array(found) / np.abs(truth).sum()


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    book = ledger.Book(options.record)
    table, test = (
        pandas.read_csv(options.folder / f"m4_hourly_{part}.csv") for part in ("train", "test")
    )
    pasts = {name: part.value.to_numpy() for name, part in table.groupby("series", sort=False)}
    futures = {name: part.value.to_numpy() for name, part in test.groupby("series")}
    recipe = recipes.get("forecasting")
    for seed in range(1, options.seeds + 1):
        started = time.perf_counter()
        data = recipe.data({"train": table, "test": table.groupby("series").tail(200)})
        read = time.perf_counter() - started
        model = recipe.train(data, horizon=HORIZON, period=SEASON, seed=seed, verbose=0)
        trained = time.perf_counter() - started
        results = model.infer(table)
        done = time.perf_counter() - started
        names = [each["series"] for each in results]
        forecast, lower, upper = (
            np.array([each[key] for each in results]) for key in ("forecast", "lower", "upper")
        )
        came = np.array([futures[name] for name in names])
        scale = np.array([naive_scale(pasts[name], SEASON) for name in names])[:, None]
        naive = np.array([np.tile(pasts[name][-SEASON:], 2) for name in names])
        deviation = (upper - lower) / 2 / stats.norm.ppf(0.5 + LEVEL / 2)
        losses = quantile_loss(came, forecast, deviation)
        mase, percent = np.mean(np.abs(forecast - came) / scale), smape(came, forecast).mean()
        book.add(f"M4 hourly, seed {seed}: MASE", mase, form=".3f", at_most=0.935)
        book.add(f"M4 hourly, seed {seed}: sMAPE", percent, form=".2f", at_most=9.33)
        book.add(f"M4 hourly, seed {seed}: wql", losses.mean(), form=".4f", at_most=0.0211)
        print(
            f"seed {seed}: MASE {mase:.3f} "
            f"(seasonal naive {np.mean(np.abs(naive - came) / scale):.3f}), "
            f"sMAPE {percent:.2f} (naive {smape(came, naive).mean():.2f}), "
            f"wql {losses.mean():.4f}, coverage {np.mean((lower <= came) & (came <= upper)):.3f}; "
            f"read in {read:.0f} s, trained by {trained:.0f} s, forecast by {done:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
