"""Finding what does not follow from what came before: steps outside their one-step intervals."""

import numpy as np

from rnnkit.features import Forecast
from rnnkit.models.forecast import given
from rnnkit.models.forecast.anomalies import Anomalies
from rnnkit.models.forecast.skewed import ends_of
from rnnkit.utils.checks import number

# Values so many half widths of the intervals of this level off, or of a higher one that is wanted,
# are kept from what is forecast next. Closer ones may be news that a forecast should follow.
FAR, CLEANED = 2.0, 0.99
# How often forecasts are made anew at most, without the values that stood out so far.
PASSES = 8
# Values in a row that are so far off, all on one side, that are a new level.
NEW_LEVEL = 3
# Steps after an outlier whose forecasts follow from it, where no season is known.
AFTER = 8


class Detecting:
    """The method `anomalies`, for the class `rnnkit.models.forecasting.Forecasting`."""

    def anomalies(self, x, level=0.99):
        """Steps whose values lie outside the interval that was forecast one step before.

        The intervals are those of `infer` for the first step, at another level: as wide as the
        errors of forecasts were, of an `EchoStateForecaster` those of later parts of the training
        data, of a `Forecaster` those of the validation data of `fit`; of other models, and without
        such data, those of a normal distribution with the size of the errors in training. On data
        that goes on as the training data did, about 1 of 100 values is outside at the level .99:
        measured .8 to 1.1 after learning from 600 steps, 1.0 to 2.1 from 120, 1.2 to 2.7 with the
        errors of an `EchoStateNetwork` in training, and 0 to 3.5 in the last fifth of six real
        series. Where fewer than ten errors lie beyond the level, an exponential tail stands in.

        An outlier does hardly any harm to the steps after it: where a value is more than two half
        widths of the interval of .99 (or of a higher `level`) off, the forecasts are made anew with
        its forecast in its place. Of the 24 steps after spikes of 8 standard deviations 1.3 of 100
        were outside, without the spikes 1.2, and 4.1 where the spikes stayed (simulated series,
        after learning from 120 and 600 steps; in hourly temperatures of a transformer 2.9 and .6).
        Three in a row on the same side are a new level; these values then count as they are, so
        that what follows is judged by the new level as soon as the model follows it. One that never
        saw the level change in training may not: it then goes on to say that values are outside.

        Args:
            x: Raw series as in `infer`: arrays, frames, or the path of a table, which may hold
                several. Its first steps, up to the season or the washout, or of a model of several
                series the first whole window, are not judged, nor, with columns known ahead, the
                last `horizon - 1`.
            level: Probability with which a value that goes on as before is inside.

        Returns:
            A `rnnkit.models.forecast.anomalies.Anomalies`: `rows`, `table()`, `plot()`.

        Raises:
            ValueError: For a model that has not learned, or whose targets are no inputs, and for
                another level.

        Example:

        >>> months = np.arange(120)
        >>> sales = 100 + 20 * np.sin(2 * np.pi * months / 12)
        >>> sales += np.random.default_rng(0).normal(size=120)
        >>> series = rnnkit.features.Series().adapt(sales)
        >>> ahead = rnnkit.features.Forecast(horizon=6, period=12).adapt(sales)
        >>> model = rnnkit.models.EchoStateForecaster(series, ahead, units=5, seed=1)
        >>> _ = model.fit(sales[:96])
        >>> sales[110] += 15
        >>> [row["step"] for row in model.anomalies(sales, level=0.999).rows]
        [110]

        Reference:
            Gelper, Fried and Croux, "Robust forecasting with exponential and Holt-Winters
            smoothing", 2010, https://doi.org/10.1002/for.1125, who clean values likewise.
        """
        if not isinstance(self.output_feature, Forecast):
            raise ValueError(
                "anomalies needs a model whose output is a Forecast. Received: a target of "
                f"{type(self.output_feature).__name__}"
            )
        number(level, "level", above=0, below=1)
        columns = [int(self.input_feature.time) + column for column in self.target_inputs]
        self._check_fitted("anomalies")
        names, found = self._histories(x)
        series, truths = given.as_read(self.input_feature, x, found)
        cleaned, judged = max(level, CLEANED), []
        if self.symmetric:
            narrower = (self.multiple_of(level) / self.multiple_of(cleaned))[: len(columns)]
        for raw, truth in zip(series, truths, strict=True):
            ends, without = _judged(self, raw, truth[:, columns], columns, cleaned)
            if self.symmetric:
                middle, _, upper = ends
                half = (upper - middle) * narrower
                lower = np.maximum(middle - half, self.output_feature.lowest)
                ends = middle, lower, middle + half
            elif level < cleaned:
                ends = _one_step(self, without, level)
            judged.append(tuple(ends))
        times = [raw[:, 0] for raw in series] if self.input_feature.time else None
        if names is None and len(series) > 1:
            names = [str(number) for number in range(len(series))]
        values = [truth[:, columns] for truth in truths]
        return Anomalies.of(names, times, self.output_feature.names, values, judged, level)

    @property
    def judged_after(self):
        """The first step of a series whose forecast is judged: the season before must be known."""
        return max(self.washout, self.output_feature.period or 0)

    def _check_fitted(self, method):
        """Raises a ValueError for a model that has not learned."""
        if not self.fitted:
            raise ValueError(f"{method} needs a model that has learned: call fit first")


def _judged(model, raw, truth, columns, level):
    """What was to be expected at each step of a series, by the step before.

    Args:
        model: The model.
        raw: The series `[time, raw_width]`.
        truth: Its targets `[time, targets]`, NaN where not known.
        columns: Columns of the targets in the series.
        level: Probability with which intervals are to hold.

    Returns:
        The pair of `(expected, lower, upper)`, each `[time, targets]`, NaN where there is no
        forecast, and of the series with forecasts in place of what stood out.
    """
    cleaned = raw.copy()
    after = model.output_feature.period or AFTER
    settled = np.zeros(truth.shape, bool)  # whether it is decided that a value stays, or not
    replaced = np.zeros(truth.shape, bool)
    for _ in range(PASSES):
        ends = _one_step(model, cleaned, level)
        expected, lower, upper = ends
        above = below = FAR * (upper - expected)
        if not model.symmetric:
            below = FAR * (expected - lower)
        side = (truth > expected + above).astype(int) - (truth < expected - below)
        restored = replaced & (side == 0)  # it stood out by what came before it alone
        outside = _earliest((side != 0) & ~settled, after)
        if not restored.any() and not outside.any():
            return ends, cleaned
        for step, target in np.argwhere(restored):
            cleaned[step, columns[target]] = raw[step, columns[target]]
        replaced &= ~restored
        for step, target in np.argwhere(outside):
            column, before = columns[target], slice(max(step - NEW_LEVEL + 1, 0), step)
            run = side[before, target] * replaced[before, target]
            if len(run) == NEW_LEVEL - 1 and (run == side[step, target]).all():
                cleaned[before, column] = raw[before, column]
                replaced[before, target] = False
                settled[step : step + after, target] = True
            else:
                cleaned[step, column] = expected[step, target]
                replaced[step, target] = settled[step, target] = True
    return _one_step(model, cleaned, level), cleaned


def _one_step(model, raw, level):
    """The forecasts of each step from the one before, and the ends of their intervals."""
    feature, horizon = model.output_feature, model.output_feature.horizon
    first = model.judged_after
    result = np.full((3, len(raw), feature.size), np.nan)
    if not model.symmetric:
        numbers = model.distributions([raw])[0, :-1]
        ends = (model.quantile_of(numbers, 0.5), *ends_of(model, numbers, level))
        for row, each in zip(result, ends, strict=True):
            row[1:] = each[:, 0]
        result[:, : first + 1] = np.nan
        return result
    outputs, margins = model.with_margins([raw])
    shape = (len(raw), horizon, feature.size)
    widths = (margins[0] * model.multiple_of(level)).reshape(shape)[:-1, 0].astype("float64")
    middle = outputs[0].reshape(shape)[:-1, 0].astype("float64")  # [time - 1, targets]
    for row, each in zip(result, (middle, middle - widths, middle + widths), strict=True):
        row[1:] = feature.in_own_units(each)
    result[:, : first + 1] = np.nan
    return result


def _earliest(marks, after):
    """Of marks `[time, targets]` those before which there is none within so many steps."""
    result = np.zeros_like(marks)
    for target, column in enumerate(marks.T):
        steps = np.flatnonzero(column)
        alone = np.diff(steps, prepend=-after - 1) > after
        result[steps[alone], target] = True
    return result
