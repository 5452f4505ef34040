"""Backtests: forecasts from many origins in the past, beside naive ones and what came."""

import dataclasses
import html

import keras
import numpy as np
from scipy import stats

from rnnkit.features.calendar import iso_texts
from rnnkit.metrics.forecasts import crps_normal, interval_score, naive_scale, smape
from rnnkit.models.forecast.naive import naive_from
from rnnkit.models.forecast.skewed import judged
from rnnkit.utils.pictures import draw
from rnnkit.utils.tables import ResultTable

MODEL = "model"
SCORES = ("mase", "rmsse", "smape", "mae", "crps", "interval", "coverage")
# Probabilities at which it is measured how often intervals hold, beside the model's own.
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def _score(name):
    return lambda row: format(row[name], ".3f") if name in row else ""


class ScoreTable(ResultTable):
    """Scores of the model and of naive forecasts, a method a row."""

    COLUMNS = {"method": "", **{name: _score(name) for name in SCORES}}
    WORDS = ("method",)


class CalibrationTable(ResultTable):
    """How often intervals held, a probability with which they were to hold a row."""

    COLUMNS = {"level": ".4g", "coverage": ".3f", "width": ".4g"}
    WORDS = ()


@dataclasses.dataclass
class Backtest:
    """Forecasts from several origins of one or several series.

    Scores are in the unit of the targets.

    Attributes:
        series: Name of the series of each forecast, a list; None where it has no name.
        origins: Rows of its series that each forecast knows, NumPy `[forecasts]`.
        times: Seconds since 1970 of each row that is forecast, `[forecasts, horizon]`, or None.
        targets: Names of the target columns.
        truth: What came, `[forecasts, horizon, targets]`, NaN where it is not known.
        forecast, lower, upper: Of the model, of that shape.
        naive: Dict of the name of a naive forecast to an array of that shape, NaN where the series
            is too young.
        scales: Mean absolute and root mean squared error of repeating the last season within the
            rows before the first origin, `[2, forecasts, targets]`.
        level: Probability with which the intervals are to hold.
        widths: Dict of another probability to how wide the intervals that are to hold with it are,
            over these: `[forecasts, horizon, targets]`, or `[1, horizon, targets]` for all.
        crps: Of the model where its distributions are not symmetric, `[forecasts, horizon,
            targets]`; else None.
        ends: Dict of another probability to the pair of the lower and the upper ends there, in
            place of `widths`; else None.
    """

    series: list
    origins: np.ndarray
    times: np.ndarray | None
    targets: list
    truth: np.ndarray
    forecast: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    naive: dict
    scales: np.ndarray
    level: float
    widths: dict = dataclasses.field(default_factory=dict)
    crps: np.ndarray | None = None
    ends: dict | None = None

    # === Scores ===

    @property
    def scores(self):
        """Dict of the name of a method (`"model"`, `"persistence"`, ...) to its scores.

        `mase` and `rmsse` are errors over those of repeating the last season before the first
        origin, below 1 where the forecast is better; `smape` in per cent of both values; `mae`,
        `crps` (of normal distributions as wide as the intervals; with a transform or a likelihood
        of the quantiles themselves) and `interval` (the mean interval
        score) in the targets' unit; `coverage` is the fraction of intervals that hold. All methods
        are scored on the rows that each of them can forecast.
        """
        return self._scores(slice(None), slice(None))

    def by_lead(self):
        """List over leads of dicts as `scores`."""
        return [self._scores(slice(None), [lead]) for lead in range(self.truth.shape[1])]

    def by_series(self):
        """Dict of the name of a series to a dict as `scores`."""
        names = np.array([str(name) for name in self.series])
        return {
            name: self._scores(np.flatnonzero(names == str(name)), slice(None))
            for name in dict.fromkeys(self.series)
        }

    def _scores(self, forecasts, leads):
        def part(array):
            return array[forecasts][:, leads]

        truth, known = part(self.truth), part(self._known)
        methods = {MODEL: part(self.forecast)}
        methods |= {name: part(each) for name, each in self.naive.items()}
        absolute, squared = (each[forecasts][:, None] for each in self.scales)
        lower, upper = part(self.lower), part(self.upper)
        middle = part(self.forecast)  # nearer to the lower end where that is the smallest value
        half = np.maximum(upper - middle, middle - lower)
        deviation = half / stats.norm.ppf(0.5 + self.level / 2)
        result = {}
        for name, values in methods.items():
            error = np.where(known, np.abs(values - truth), np.nan)
            with np.errstate(invalid="ignore"):
                square = np.nansum(np.square(error), axis=1, keepdims=True)
                square = square / known.sum(axis=1, keepdims=True)  # NaN where none is known
                found = {
                    "mase": _mean(error / absolute),
                    "rmsse": _mean(np.sqrt(square) / squared),
                    "smape": _mean(np.where(known, smape(truth, values), np.nan)),
                    "mae": _mean(error),
                }
            if name == MODEL:
                if self.crps is None:
                    crps = crps_normal(truth, values, deviation)
                else:
                    crps = part(self.crps)
                found["crps"] = _mean(np.where(known, crps, np.nan))
                scored = interval_score(truth, lower, upper, self.level)
                found["interval"] = _mean(np.where(known, scored, np.nan))
                inside = (lower <= truth) & (truth <= upper)
                found["coverage"] = float(np.mean(inside[known]))
            else:
                found["crps"] = found["mae"]
            result[name] = found
        return result

    @property
    def _known(self):
        """Where it is known what came and all methods forecast, `[forecasts, horizon, targets]`."""
        known = np.isfinite(self.truth)
        for each in self.naive.values():
            known = known & np.isfinite(each)
        return known

    def calibration(self):
        """How often intervals held, at several levels; drawn by `rnnkit.plots.calibration`.

        Returns:
            A list of dicts that shows as a table: `level`, the probability with which an interval
            is to hold; `coverage`, the fraction of them that held; and `width`, how wide they are
            on average, in the targets' unit.
        """
        half, known = (self.upper - self.lower) / 2, self._known
        error, rows = np.abs(self.truth - self.forecast), CalibrationTable()
        if self.ends is not None:
            ends = {**self.ends, self.level: (self.lower, self.upper)}
            for level, (lower, upper) in sorted(ends.items()):
                held = ((lower <= self.truth) & (self.truth <= upper))[known]
                rows.append({
                    "level": float(level),
                    "coverage": float(held.mean()) if held.size else float("nan"),
                    "width": _mean((upper - lower)[known]),
                })  # fmt: skip
            return rows
        for level, width in sorted({**self.widths, self.level: 1.0}.items()):
            own = half * width
            held = (error <= own)[known]
            rows.append({
                "level": float(level),
                "coverage": float(held.mean()) if held.size else float("nan"),
                "width": _mean(2 * own[known]),
            })  # fmt: skip
        return rows

    @property
    def better(self):
        """The naive forecast whose mean absolute scaled error is below the model's, or None."""
        scores = {name: each["mase"] for name, each in self.scores.items()}
        if not np.isfinite(scores[MODEL]):
            scores = {name: each["mae"] for name, each in self.scores.items()}
        best = min(scores, key=scores.get)
        return None if best == MODEL else best

    # === Showing ===

    def table(self):
        """The scores as a table, a method a row."""
        return ScoreTable({"method": name, **scores} for name, scores in self.scores.items())

    def plot(self, **options):
        """Errors by lead, and how often the intervals hold; see `rnnkit.plots.backtest`."""
        return draw("backtest", self, **options)

    def frame(self):
        """All forecasts as a pandas frame, one row a series, origin, lead and target."""
        import pandas

        count, horizon, width = self.truth.shape
        shape = (count, horizon, width)

        def spread(values, axis):
            index = [None] * 3
            index[axis] = slice(None)
            return np.broadcast_to(np.asarray(values)[tuple(index)], shape).ravel()

        columns = {
            "series": spread(np.array([str(name) for name in self.series], object), 0),
            "origin": spread(self.origins, 0),
            "lead": spread(np.arange(1, horizon + 1), 1),
            "target": spread(np.array(self.targets, object), 2),
        }
        if len(set(self.series)) == 1 and self.series[0] is None:
            del columns["series"]
        if self.times is not None:
            texts = np.array(iso_texts(self.times.ravel()), object).reshape(count, horizon)
            columns["time"] = np.broadcast_to(texts[..., None], shape).ravel()
        columns |= {
            name: getattr(self, name).ravel() for name in ("truth", "forecast", "lower", "upper")
        }
        columns |= {name: each.ravel() for name, each in self.naive.items()}
        return pandas.DataFrame(columns)

    @property
    def about(self):
        """The pair of sentences that stand before and after the scores; the second may be empty."""
        names = len(set(map(str, self.series)))
        series = f"{names:,} series, " if names > 1 else ""
        head = f"{series}{len(self.origins):,} forecasts of {self.truth.shape[1]} steps"
        better = self.better
        if better is None:
            return head, ""
        return head, f"The naive forecast {better!r} is better than the model: use that one."

    def __repr__(self):
        head, note = self.about
        return "\n".join(filter(None, (head, repr(self.table()), note)))

    def _repr_html_(self):
        head, note = map(html.escape, self.about)
        return f"<p>{head}</p>{self.table()._repr_html_()}<p>{note}</p>"


def _mean(values):
    """The mean of what is finite, NaN where nothing is."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else float("nan")


# === Origins ===


def chosen_origins(size, horizon, start, count, least):
    """Rows that forecasts begin from, of one series.

    Args:
        size: Rows of the series.
        horizon: Leads.
        start: The first: a fraction of the rows, or a number of rows.
        count: How many at most, evenly spread.
        least: Rows that must precede.

    Returns:
        Rising integers, each the number of rows that are known; empty where the series is too
        short.
    """
    first = int(size * start) if isinstance(start, float) else start
    first = max(first, least)
    if size - horizon < first:
        return np.empty(0, int)
    return np.unique(np.linspace(first, size - horizon, count).astype(int))


def scales_of(values, first, period):
    """The scales of `Backtest` of one series, `[2, targets]`, from the rows before an origin."""
    return np.array(
        [[naive_scale(column[:first], period, power) for column in values.T] for power in (1, 2)]
    )


# === Running ===


def run(model, series, truths, names, start, count, refit, verbose):
    """The `Backtest` of a model; see `rnnkit.models.forecasting.Forecasting.backtest`.

    Args:
        model: The model.
        series: List of raw series `[time, raw_width]`, without NaN.
        truths: Those with NaN where a value was missing.
        names: Name of each series, or None.
        start, count, refit, verbose: As there.
    """
    feature, target = model.input_feature, model.output_feature
    horizon, width = target.horizon, target.size
    columns = [int(feature.time) + column for column in model.target_inputs]
    least = max(model.washout + 1, 2)
    origins = [chosen_origins(len(each), horizon, start, count, least) for each in series]
    if not any(map(len, origins)):
        longest = max(map(len, series))
        raise ValueError(
            f"No forecast of {horizon} steps fits after start={start}: the longest series has "
            f"{longest:,} rows, of which {least} come first. Give longer series, or an earlier "
            "start"
        )
    total = sum(map(len, origins)) if refit else len(series)
    bar = keras.utils.Progbar(total, verbose=verbose, unit_name="fit" if refit else "series")
    found, widths, skewed = [], [], []
    for number, (raw, rows) in enumerate(zip(series, origins, strict=True)):
        for learner, seen, some in _learners(model, raw, rows, refit):
            if model.symmetric:
                outputs, margins = learner.with_margins([seen])
                widths += [_widths(learner)] if refit else []
                for origin in some:
                    last, margin = (
                        each[0, origin - 1].astype("float64") for each in (outputs, margins)
                    )
                    ends = (last, last - margin, last + margin)
                    parts = [target.in_own_units(each.reshape(horizon, width)) for each in ends]
                    found.append((number, origin, *parts))
            else:
                ahead = truths[number][:, columns][some[:, None] + np.arange(horizon)]
                *parts, crps, ends = judged(learner, seen, some, ahead, LEVELS)
                found += [(number, *each) for each in zip(some, *parts, strict=True)]
                skewed.append((crps, ends))
            bar.add(int(refit))
        bar.add(int(not refit))
    numbers, at, *parts = map(np.array, zip(*found, strict=True))
    forecast, lower, upper = map(target.readable, parts)  # as `infer` gives them
    truth, naive, scales, times = [], {}, [], []
    for number, rows in enumerate(origins):
        if not len(rows):
            continue
        values = series[number][:, columns]
        ahead = rows[:, None] + np.arange(horizon)  # [origins, horizon]
        truth.append(truths[number][:, columns][ahead])
        times.append(series[number][ahead, 0])
        for name, each in naive_from(values, rows, horizon, target.period).items():
            naive.setdefault(name, []).append(each)
        scale = scales_of(truths[number][:, columns], rows[0], target.period)
        scales.append(np.repeat(scale[:, None], len(rows), axis=1))
    return Backtest(
        [names[number] if names else None if len(series) == 1 else str(number)
         for number in numbers],
        at,
        np.concatenate(times) if feature.time else None,
        target.names,
        np.concatenate(truth),
        forecast,
        lower,
        upper,
        {name: np.concatenate(each) for name, each in naive.items()},
        np.concatenate(scales, axis=1),
        model.interval,
        **_distributions(model, widths, skewed),
    )  # fmt: skip


def _learners(model, raw, rows, refit):
    """Yields a model, the rows of a series that it is given, and the origins of its forecasts."""
    if not refit:
        if len(rows):
            yield model, raw, rows
        return
    for origin in rows:
        learner = type(model).from_config(model.get_config())
        learner.fit([raw[:origin]], verbose=0)
        yield learner, raw[: origin + model.output_feature.horizon], np.array([origin])


def _distributions(model, widths, skewed):
    """What a `Backtest` knows of intervals at other levels, as its arguments."""
    if model.symmetric:
        widths = np.stack(widths or [_widths(model)], axis=1)
        return {"widths": dict(zip(LEVELS, widths, strict=True))}
    crps, ends = (np.concatenate(each, axis=-3) for each in zip(*skewed, strict=True))
    return {"crps": crps, "ends": dict(zip(LEVELS, ends, strict=True))}


def _widths(model):
    """Half widths of a model's intervals at `LEVELS`, over those at its own level: `[levels,
    horizon, targets]`."""
    target = model.output_feature
    widths = np.array([model.multiple_of(level) for level in LEVELS])
    return widths.reshape(len(LEVELS), target.horizon, target.size)
