"""The feature for time series: one or several numbers at each of many steps."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.calendar import DAY, WEEK, YEAR, following, iso_texts
from rnnkit.features.columns import Columns
from rnnkit.features.holidays import holidays_of

# Cycles that `adapt` looks for, in seconds, and the longest step for each: at least two steps lie
# in a cycle, months have the year alone, and only dense data has the hour.
CYCLES = {3600.0: 300.0, DAY: DAY / 2, WEEK: DAY, YEAR: 31 * DAY}


@keras.saving.register_keras_serializable(package="rnnkit")
class Series(Columns):
    """A time series: numbers in one or several columns at each step, standardised by column.

    With `time=True` a raw series has the time as its first column. Where each step lies
    in the hour, day, week and year is then given to the model as well: the sine and cosine of each
    cycle that the data is dense and long enough for.

    Args:
        columns: Number of columns of values, or their names.
        time: Whether the first column of a raw series is the time, in seconds since 1970 (UTC).
        step: Seconds between two steps; by default `adapt` learns the median.
        frequency: Name of the frequency where a calendar decides what comes next; see
            `rnnkit.features.calendar.following`.
        cycles: Lengths of the cycles in seconds, largest last; by default `adapt` chooses among an
            hour, a day, a week and a year. An empty list gives none.
        normalize: Whether values are standardised with what `adapt` learned. A column that never
            changes is only centred.
        dtype: `"float32"` or `"float64"`: what `encode` gives.
        missing: Whether values may be NaN: not known, so left out of learning and of scores.
        mean: Learned means, list of floats.
        deviation: Learned standard deviations, list of floats.
        series: Names of the columns that tell the series of a table apart, such as `["store"]`;
            None where a table holds one series.
        future: Names of the columns that are known ahead, such as `["promo"]`; None for none.
        static: Names of the columns that do not change within a series, such as `["size"]`; they
            are the last ones. None for none.
        categories: Dict of a column of a table that holds texts to the texts it may hold. Its
            columns here are called such as `"region=north"`, 1 where it holds that text and else 0.
        holidays: Days that are known ahead, as a dict of the name of a column to ISO dates; the
            column, which is among those of `future`, is 1 on these days and else 0.
        transform: What values become before they are standardised; as in `Forecast`, which has to
            have the same for a column that is forecast.
        power: Learned powers of the transform, list of floats.
        unit: Learned standard deviations of the values before the transform, list of floats.

    Attributes:
        names: Names of the columns of values; `"0"`, `"1"`, ... where a number was given.
        size: Number of columns of values.
        dynamic: Number of columns that are not static.
        width: Numbers in an encoded step: `size`, and two for each cycle.

    Raises:
        ValueError: From `adapt` and `check` for infinite values, and from `check` for NaN.

    Example:

    >>> series = Series().adapt([1.0, 3.0, 1.0, 3.0])
    >>> series.encode(series.to_tensor([3.0, 1.0, 2.0])).to_list()
    [[[1.0], [-1.0], [0.0]]]
    """

    learned = ("mean", "deviation", "power", "unit", "cycles")

    def __init__(
        self,
        columns=1,
        time=False,
        step=None,
        frequency=None,
        cycles=None,
        normalize=True,
        dtype="float32",
        missing=False,
        mean=None,
        deviation=None,
        series=None,
        future=None,
        static=None,
        categories=None,
        holidays=None,
        transform=None,
        power=None,
        unit=None,
    ):
        super().__init__(columns, normalize, dtype, mean, deviation, transform, power, unit)
        if not time and (step is not None or cycles):
            raise ValueError(
                "step and cycles need the time of each step: pass time=True. "
                f"Received: time={time}, step={step}, cycles={cycles}"
            )
        for name, lengths in (("step", [] if step is None else [step]), ("cycles", cycles or [])):
            if not all(isinstance(each, (int, float)) and each > 0 for each in lengths):
                raise ValueError(f"{name} must be positive seconds. Received: {name}={lengths}")
        self.time = bool(time)
        self.step = None if step is None else float(step)
        self.frequency = frequency
        self.cycles = None if cycles is None else [float(cycle) for cycle in cycles]
        self.missing = bool(missing)
        self.series = None if series is None else [str(name) for name in series]
        self.future = None if future is None else [str(name) for name in future]
        if not set(self.future or []) <= set(self.names):
            raise ValueError(
                f"future must name columns of the series. Received: future={self.future}, columns "
                f"{self.names}"
            )
        self.static = None if static is None else [str(name) for name in static]
        self.dynamic = self.size - len(self.static or [])
        if self.names[self.dynamic :] != (self.static or []) or not self.dynamic:
            raise ValueError(
                "static must name the last columns of the series, in their order, and not all of "
                f"them. Received: static={self.static}, columns {self.names}"
            )
        self.categories = None if categories is None else _of_texts(categories)
        self.holidays = None if holidays is None else holidays_of(holidays)
        if not set(self.holidays or []) <= set(self.future or []) or (self.holidays and not time):
            raise ValueError(
                "holidays are columns that are known ahead, of a series with times. Received: "
                f"holidays={list(self.holidays)}, future={self.future}, time={time}"
            )

    @property
    def width(self):
        return self.size + 2 * len(self.cycles or [])

    @property
    def daily(self):
        return None if self.step is None else self.step >= DAY

    @property
    def adapted(self):
        return super().adapted and not (self.time and self.cycles is None)

    def _learn(self, series):
        super()._learn(series)
        if not self.time:
            return
        times = [each[:, 0] for each in series]
        if not all(np.isfinite(each).all() for each in times):
            raise ValueError("The time of each step must be known. Received: NaN in the column")
        if self.step is None:
            intervals = np.concatenate([np.diff(each) for each in times])
            if len(intervals) == 0 or not np.median(intervals) > 0:
                raise ValueError(
                    "The times of a series must rise from step to step. Received: "
                    f"{len(intervals)} differences with the median "
                    f"{np.median(intervals) if len(intervals) else 'unknown'}"
                )
            self.step = float(np.median(intervals))
        if self.cycles is None:
            ends = [(each[0], each[-1]) for each in times if len(each)]
            span = max(last for _, last in ends) - min(first for first, _ in ends) + self.step
            self.cycles = [
                cycle
                for cycle, longest in CYCLES.items()
                if self.step <= longest and span >= 2 * cycle
            ]

    def encode(self, values, truncate=True):
        """Raw series `[batch, (time), raw_width]`, ragged or not, to `[batch, (time), width]`.

        The standardised columns come first, then for each cycle the sine and the cosine.
        """
        del truncate

        def rows(raw):  # [..., raw_width]
            raw = tf.cast(raw, tf.float64)
            columns = raw[..., 1:] if self.time else raw  # [..., size]
            parts = [self._standardised(columns)]
            for cycle in self.cycles or []:
                angle = 2 * np.pi * tf.math.floormod(raw[..., :1], cycle) / cycle  # [..., 1]
                parts += [tf.sin(angle), tf.cos(angle)]
            return tf.cast(tf.concat(parts, axis=-1), self.dtype)  # [..., width]

        if not isinstance(values, tf.RaggedTensor):
            return rows(values)
        return values.with_values(rows(tf.reshape(values.flat_values, [-1, self.raw_width])))

    def times_after(self, last, count):
        """Times of the steps that follow one, as ISO 8601 strings.

        Args:
            last: Time of that step, in seconds since 1970.
            count: Number of steps.
        """
        return iso_texts(following(last, count, self.step, self.frequency))

    def decode(self, values):
        """Outputs `[batch, time, size]` back in their own units: a list of float64 arrays."""
        return [self.unscale(each) for each in values]


def _of_texts(categories):
    """A dict of columns to lists of texts, checked."""
    if not isinstance(categories, dict):
        raise ValueError(
            f"categories must be a dict of columns to their texts. Received: {categories!r}"
        )
    return {str(name): [str(each) for each in texts] for name, texts in categories.items()}
