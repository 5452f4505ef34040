"""The feature for forecasts: at each step of a series, its next values."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.columns import Columns, flat_rows
from rnnkit.features.conversion import asserted
from rnnkit.utils.checks import integer, number
from rnnkit.utils.digits import rounded

# Of a standard deviation; single precision holds a few standard deviations to this.
ROUNDING = 1e-6


@keras.saving.register_keras_serializable(package="rnnkit")
class Forecast(Columns):
    """The next values of a series, as the target of every step.

    A raw value is the series itself: row t holds the values at time t, aligned with the input,
    and NaN where they are not known or not to be scored. Encoded, step t holds the values at
    t+1, ..., t+horizon.

    Args:
        columns: Number of columns to forecast, or their names.
        horizon: Steps ahead.
        period: Steps in a season, for the seasonal naive forecast that scores are set beside; None
            where there is none.
        minimum: Smallest value that targets can have, such as 0 for counts: no forecast, end of an
            interval or quantile is below it. A number, or a dict of column to number for some of
            the columns; None where there is none.
        normalize: Whether values are standardised with what `adapt` learned.
        dtype: `"float32"` or `"float64"`: what `encode` gives.
        mean: Learned means, list of floats.
        deviation: Learned standard deviations, list of floats.
        transform: What values become before they are standardised, and forecasts are turned back
            from: `"log"`, logarithms, for positive values whose size varies in per cent; `"log1p"`,
            those of 1 + value, which take 0; `"box_cox"`, a power between the logarithm (0) and
            the value (1), which `adapt` chooses by the likelihood of a normal distribution; or
            None. A dict of column to one of these, or to the power itself, leaves the other columns
            as they are. Values that it does not take are refused.
        power: Learned powers of the transform, list of floats.
        unit: Learned standard deviations of the values before the transform, list of floats.

    With a transform a point forecast is turned back as it is, so that it is about the median of
    what may come, below the mean of a skewed distribution; and the ends of intervals and the
    quantiles are exactly those of the transformed values, turned back. Losses are of transformed
    values, `score` and `backtest` of the values themselves: models are compared by these.

    Attributes:
        names: Names of the columns; `"0"`, `"1"`, ... where a number was given.
        size: Number of columns.
        width: Numbers in an encoded step: `horizon * size`.
        lowest: Smallest value of each column, NumPy `[size]`, `-inf` where there is none.
        least: Smallest encoded value of each number in a step, NumPy `[width]`.

    Raises:
        ValueError: From `adapt` and `check` for infinite values, those below the `minimum` and
            those that the `transform` does not take, and from `check` for a series that is not
            longer than the horizon.

    Example:

    >>> forecast = Forecast(horizon=2, normalize=False)
    >>> forecast.encode(forecast.to_tensor([1.0, 2.0, 3.0, 4.0])).to_list()
    [[[2.0, 3.0], [3.0, 4.0], [nan, nan], [nan, nan]]]
    """

    target_type = "forecasts"
    missing = True

    def __init__(
        self,
        columns=1,
        horizon=1,
        normalize=True,
        dtype="float32",
        period=None,
        mean=None,
        deviation=None,
        minimum=None,
        transform=None,
        power=None,
        unit=None,
    ):
        super().__init__(columns, normalize, dtype, mean, deviation, transform, power, unit)
        self.horizon = integer(horizon, "horizon")
        self.period = integer(period, "period", optional=True)
        self.minimum = self._checked_minimum(minimum)

    def _checked_minimum(self, minimum):
        if isinstance(minimum, dict):
            unknown = [name for name in map(str, minimum) if name not in self.names]
            if unknown:
                raise ValueError(
                    f"minimum must name columns to forecast, {self.names}. Received: {unknown}"
                )
            return {str(name): number(each, "minimum") for name, each in minimum.items()}
        return None if minimum is None else number(minimum, "minimum")

    @property
    def width(self):
        return self.horizon * self.size

    # === The smallest value ===

    @property
    def lowest(self):
        given = self.minimum if isinstance(self.minimum, dict) else {}
        if self.minimum is not None and not given:
            given = dict.fromkeys(self.names, self.minimum)
        return np.array([given.get(name, -np.inf) for name in self.names])

    @property
    def least(self):
        return np.tile(self.scale(self.lowest), self.horizon)

    def in_own_units(self, values):
        """Standardised values back in their own units, none below the minimum (NumPy, columns on
        the last axis). What is above it by rounding alone is the minimum."""
        found = self.unscale(values)
        unit = np.asarray(self.deviation if self.normalize else 1.0)
        if self.transform is not None:
            unit = np.where(self.transforms.some, np.abs(self.lowest), unit)
            unit = np.where(np.isfinite(unit), unit, 1.0)
        return np.where(found - self.lowest < ROUNDING * unit, self.lowest, found)

    def readable(self, values):
        """Values in own units without digits that mean nothing, none below the minimum (NumPy,
        columns on the last axis)."""
        usual = self.normalize and self.transform is None
        values = rounded(values, self.deviation if usual else np.abs(values))
        return np.maximum(values, self.lowest)

    def _refuse_low(self, rows, splits):
        """Raises a ValueError that names the first value below the minimum, if there is one."""
        if self.minimum is None:
            return
        low = rows < self.lowest  # [steps, size]
        if low.any():
            index = int(np.argmax(low.any(axis=1)))
            column = int(np.argmax(low[index]))
            series = int(np.searchsorted(splits, index, side="right")) - 1
            raise ValueError(
                f"minimum={self.lowest[column]:g} says that no target is below it. Received: "
                f"{rows[index, column]:g} at series {series}, row {index - int(splits[series])}, "
                f"column {self.names[column]!r} ({int(low.sum())} such values in all). Give a "
                "smaller minimum, or none"
            )

    def _learn(self, series):
        super()._learn(series)
        self._refuse_low(np.concatenate(series), np.cumsum([0, *map(len, series)]))

    # === Tensors ===

    def encode(self, values, truncate=True):
        """Raw series `[batch, (time), size]`, ragged or not, to `[batch, (time), width]`.

        A step's values are ordered by lead, so that `reshape(horizon, size)` gives a row a lead.
        Values that are not known are NaN; where the series ends before the last lead, the whole
        step is NaN.
        """
        del truncate
        if not isinstance(values, tf.RaggedTensor):
            encoded = self.encode(tf.RaggedTensor.from_tensor(values))
            return encoded.to_tensor(shape=(*values.shape[:2], self.width))
        rows = tf.reshape(tf.cast(values.flat_values, tf.float64), [-1, self.size])  # [steps, size]
        rows = self._standardised(rows)
        steps = tf.size(rows, tf.int64) // self.size
        index = tf.expand_dims(tf.range(steps), 1)  # [steps, 1]
        leads = index + tf.range(1, self.horizon + 1, dtype=tf.int64)  # [steps, horizon]
        ahead = tf.gather(rows, tf.minimum(leads, steps - 1))  # [steps, horizon, size]
        ahead = tf.reshape(ahead, [-1, self.width])  # [steps, width]
        ends = tf.expand_dims(_row_ends(values.row_splits), 1)  # [steps, 1]
        inside = index + self.horizon < ends  # [steps, 1]
        ahead = tf.where(inside, ahead, tf.constant(np.nan, tf.float64))
        return values.with_values(tf.cast(ahead, self.dtype))

    def check(self, values, encoded):
        super().check(values, encoded)
        rows, splits = flat_rows(values)
        self._refuse_low(rows, splits)
        lengths = np.diff(splits)
        if (lengths <= self.horizon).any():
            raise ValueError(
                f"A series must be longer than the horizon of {self.horizon} steps. Received: a "
                f"series of {int(lengths.min())} steps (number {int(np.argmin(lengths))})"
            )

    def guard(self, encoded):
        encoded = super().guard(encoded)
        if self.minimum is None:
            return encoded
        rows = encoded.flat_values if isinstance(encoded, tf.RaggedTensor) else encoded
        least = self.least
        least = np.where(np.isfinite(least), least - 1e-5 * (1 + np.abs(least)), least)
        low = rows < tf.constant(least, rows.dtype)  # but for what rounding did
        return asserted(encoded, ~low, f"The data holds targets below minimum={self.minimum}")

    def decode(self, values, lower=None, upper=None, times=None, quantiles=None):
        """Outputs back in their own units.

        Args:
            values: Array `[batch, horizon * size]` of standardised values.
            lower: Array of the same shape with the lower ends of intervals, or None.
            upper: The same with the upper ends.
            times: For each example a list of its times, or None.
            quantiles: Dict of probability to an array of that shape, or None.

        Returns:
            A list of dicts, one an example, with `"forecast"` and where given `"lower"`,
            `"upper"`, `"time"` and `"quantiles"`, a dict again. A forecast is a list with one
            entry a lead: a float for a single column, else a dict of name to float.
        """
        quantiles = {each: self._leads(part) for each, part in (quantiles or {}).items()}
        lower, upper = (None if part is None else self._leads(part) for part in (lower, upper))
        return self.listed(self._leads(values), lower, upper, times, quantiles)

    def listed(self, values, lower=None, upper=None, times=None, quantiles=None):
        """As `decode`, of arrays `[batch, horizon, size]` that are in their own units already."""
        results = [{"forecast": each} for each in self._lists(values)]
        for key, part in (("lower", lower), ("upper", upper)):
            if part is not None:
                for result, each in zip(results, self._lists(part), strict=True):
                    result[key] = each
        if times is not None:
            for result, each in zip(results, times, strict=True):
                result["time"] = list(each)
        for probability, part in (quantiles or {}).items():
            for result, each in zip(results, self._lists(part), strict=True):
                result.setdefault("quantiles", {})[probability] = each
        return results

    def decode_graph(self, outputs):
        """The forecast of each step `[..., horizon, size]` as TensorFlow operations."""
        shape = tf.concat([tf.shape(outputs)[:-1], [self.horizon, self.size]], axis=0)
        values = super().decode_graph(tf.reshape(outputs, shape))["value"]
        return {"forecast": tf.maximum(values, tf.constant(self.lowest, tf.float64))}

    def _leads(self, values):
        """Outputs `[batch, horizon * size]` in own units `[batch, horizon, size]`."""
        values = np.asarray(values, dtype="float64")
        if values.ndim < 2 or values[0].size != self.width:
            raise ValueError(
                f"values must have the shape (batch, {self.width}): {self.horizon} leads of "
                f"{self.size} columns. Received: an array of shape {values.shape}"
            )
        return self.in_own_units(values.reshape(-1, self.horizon, self.size))

    def _lists(self, values):
        """Values `[batch, horizon, size]` as lists with one entry a lead."""
        values = self.readable(values)
        if self.size == 1:
            return values[..., 0].tolist()
        return [
            [dict(zip(self.names, lead, strict=True)) for lead in leads]
            for leads in values.tolist()
        ]


def _row_ends(splits):
    """For each step where its series ends, int64 `[steps]`, from the splits of ragged rows."""
    if tf.executing_eagerly():  # where each of TensorFlow's dozen operations costs
        splits = splits.numpy()
        return tf.constant(np.repeat(splits[1:], np.diff(splits)), tf.int64)
    return tf.cast(tf.repeat(splits[1:], splits[1:] - splits[:-1]), tf.int64)
