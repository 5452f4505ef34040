"""The feature for time series: one or several numbers at each of many steps."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.calendar import DAY, WEEK, YEAR, following, seconds, written
from rnnkit.features.moments import inverse

# Cycles that `adapt` looks for, in seconds, and the longest step for each: at least two steps lie
# in a cycle, months have the year alone, and only dense data has the hour.
CYCLES = {3600.0: 300.0, DAY: DAY / 2, WEEK: DAY, YEAR: 31 * DAY}
DTYPES = ("float32", "float64")


class Columns(Feature):
    """What `Series` and `Forecast` share: named columns of numbers over time, standardised."""

    sequence = True
    padding = float("nan")
    target_type = "values"
    decodes_in_graph = True
    missing = False

    def __init__(self, columns, normalize, dtype, mean, deviation):
        if isinstance(columns, (int, np.integer)) and not isinstance(columns, bool):
            columns = int(columns)
            names = [str(index) for index in range(columns)]
        else:
            known = isinstance(columns, (list, tuple))
            columns = names = [str(name) for name in columns] if known else []
        if not names or len(set(names)) != len(names):
            raise ValueError(
                "columns must be a positive integer, or a list of names that differ. "
                f"Received: columns={columns!r}"
            )
        if dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {DTYPES}. Received: dtype={dtype!r}")
        self.columns = columns
        self.names = names
        self.size = len(names)
        self.normalize = bool(normalize)
        self.dtype = dtype
        self.mean = mean
        self.deviation = deviation

    @property
    def raw_width(self):
        """Numbers in a step of a raw series."""
        return self.size + self.time

    @property
    def raw_spec(self):
        return tf.TensorSpec((None, self.raw_width), tf.float64)

    @property
    def adapted(self):
        return not self.normalize or self.mean is not None

    # === Learning ===

    def adapt(self, data):
        """Learns each column's mean and standard deviation over all steps, NaN left out.

        Args:
            data: Raw series in any form; see `to_tensor`. Or a `tf.data.Dataset` of them.

        Returns:
            The feature itself.

        Raises:
            ValueError: For infinite values, and for a column without any value.
        """
        found = []
        for values in self.batches(data):
            rows, splits = _flat(values)
            self._refuse(np.isinf(rows), rows, splits)
            found += [rows[first:last] for first, last in zip(splits, splits[1:], strict=False)]
        self._learn(found)
        return self

    def _learn(self, series):
        """Sets what is learned from a list of raw series `[time, raw_width]`."""
        rows = np.concatenate([each[:, int(self.time) :] for each in series] or [np.empty((0, 1))])
        if len(rows) == 0:
            raise ValueError(f"{type(self).__name__}.adapt needs at least one step. Received: none")
        empty = np.isnan(rows).all(axis=0)
        if empty.any():
            name = self.names[int(np.argmax(empty))]
            raise ValueError(f"The column {name!r} holds no values to learn from, NaN alone")
        mean, deviation = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
        constant = deviation <= 1e-12 * np.maximum(1.0, np.abs(mean))
        self.mean = mean.tolist()
        self.deviation = np.where(constant, 1.0, deviation).tolist()

    # === Scaling ===

    def scale(self, values):
        """Values in their own units to standardised ones (NumPy, columns on the last axis)."""
        values = np.asarray(values, dtype="float64")
        return (values - self.mean) / self.deviation if self.normalize else values

    def unscale(self, values):
        """Standardised values back to their own units (NumPy, columns on the last axis)."""
        values = np.asarray(values, dtype="float64")
        return values * self.deviation + self.mean if self.normalize else values

    def decode_graph(self, outputs):
        """Outputs `[..., size]` in their own units as TensorFlow operations, for export."""
        outputs = tf.cast(outputs, tf.float64)
        if self.normalize:
            outputs = outputs * tf.constant(self.deviation, tf.float64)
            outputs += tf.constant(self.mean, tf.float64)
        return {"value": outputs}

    def _standardised(self, values):
        """`scale` as TensorFlow operations, in float64."""
        if not self.normalize:
            return values
        return (values - tf.constant(self.mean, tf.float64)) * inverse(self.deviation, "float64")

    # === Raw values ===

    def to_tensor(self, values):
        """Converts one series or several to a batch.

        Args:
            values: One series: an array or list `[time]` (for one column), an array, a list of
                rows or a frame `[time, columns]`, or a pandas Series. Or several: an array
                `[series, time, columns]`, or a list of series of any lengths. Of a frame the
                columns with the feature's names are taken where it has them; the time comes from
                its column, or index, of dates.

        Returns:
            RaggedTensor float64 `[series, (time), raw_width]`.

        Raises:
            ValueError: If the values are no numbers or have another number of columns.
        """
        if isinstance(values, tf.RaggedTensor):
            wide = values.shape.rank == 3
            fits = self.raw_width == 1 or (wide and values.shape[-1] in (None, self.raw_width))
            if values.shape.rank not in (2, 3) or not fits:
                self._refuse_shape(tuple(values.shape))
            rows = tf.reshape(tf.cast(values.flat_values, tf.float64), [-1, self.raw_width])
            return tf.RaggedTensor.from_row_splits(rows, values.row_splits, validate=False)
        if isinstance(values, tf.Tensor):
            values = values.numpy()
        series = [self._one(each) for each in self._several(values)]
        lengths = [len(each) for each in series]
        if 0 in lengths:
            raise ValueError(
                f"{type(self).__name__} takes series of at least one step. Received: an empty "
                f"series at position {lengths.index(0)}"
            )
        rows = np.concatenate(series) if series else np.empty((0, self.raw_width))
        return tf.RaggedTensor.from_row_lengths(tf.constant(rows, tf.float64), lengths)

    def _several(self, values):
        """A list of single series out of whatever holds one or several."""
        if _is_pandas(values):
            return [values]
        if isinstance(values, np.ndarray) and values.dtype != object:
            return list(values) if values.ndim == 3 else [values]
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise ValueError(
                f"{type(self).__name__} takes series of numbers. Received: {str(values)[:80]!r}"
            )
        values = list(values)
        if any(_is_pandas(each) for each in values):
            return values
        ranks = {_rank(each) for each in values}
        if ranks == {1} and self.raw_width == 1:
            # Rows of one number each are one series; anything longer is a series itself.
            return [values] if {len(each) for each in values} == {1} else values
        return values if ranks <= {2} or (ranks == {1, 2} and self.raw_width == 1) else [values]

    def holds_one(self, values):
        if isinstance(values, (tf.data.Dataset, tf.RaggedTensor)):
            return False
        if hasattr(values, "columns") or hasattr(values, "iloc"):  # of pandas
            return True
        if isinstance(values, (list, tuple)):
            return len(values) > 0 and self._several(values)[0] is not values[0]
        return np.ndim(values) < 3

    def _one(self, values):
        """One series as a float64 array `[time, raw_width]`."""
        if _is_pandas(values):
            values = self._frame(values)
        try:
            array = np.asarray(values, dtype="float64")
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{type(self).__name__} takes series of numbers. Received: {str(values)[:80]} "
                f"({error})"
            ) from None
        if array.ndim == 1 and self.raw_width == 1:
            array = array[:, None]
        if array.ndim != 2 or array.shape[1] != self.raw_width:
            self._refuse_shape(array.shape)
        return array

    def _refuse_shape(self, shape):
        names = ", ".join(["time"] * self.time + self.names)
        raise ValueError(
            f"{type(self).__name__} takes series of shape (time, {self.raw_width}), with the "
            f"columns {names}. Received: an array of shape {shape}"
        )

    def _frame(self, frame):
        """A pandas frame or Series as an array, its dates as seconds since 1970."""
        if not hasattr(frame, "columns"):
            frame = frame.to_frame()
        dated = [name for name in frame.columns if _is_date(frame[name])]
        others = [name for name in frame.columns if name not in dated]
        by_name = {str(name): name for name in frame.columns}
        if set(self.names) <= set(by_name):
            others = [by_name[name] for name in self.names]
        parts = [self._floats(frame[name]) for name in others]
        if self.time:
            if dated:
                parts.insert(0, seconds(frame[dated[0]].to_numpy(dtype="datetime64[ns]")))
            elif _is_date(frame.index):
                parts.insert(0, seconds(frame.index.to_numpy(dtype="datetime64[ns]")))
            elif len(others) == self.size:
                first = next((n for n in frame.columns if n not in others), None)
                if first is None:
                    raise ValueError(
                        f"{type(self).__name__} needs the time of each step: a column or an index "
                        f"of dates (see pandas.to_datetime). Received: the columns "
                        f"{list(frame.columns)}"
                    )
                parts.insert(0, self._floats(frame[first]))
        return np.stack(parts, axis=1) if parts else np.empty((len(frame), 0))

    def _floats(self, column):
        try:
            return column.to_numpy(dtype="float64", na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{type(self).__name__} takes numbers. Received: the column {column.name!r} "
                f"({error})"
            ) from None

    # === Checks ===

    def check(self, values, encoded):
        rows, splits = _flat(values)
        self._refuse(np.isinf(rows), rows, splits)
        bad = np.isnan(rows)
        if self.missing:
            bad[:, int(self.time) :] = False  # a time must be known all the same
        self._refuse(bad, rows, splits)

    def _refuse(self, bad, rows, splits):
        """Raises a ValueError that names the first bad number, if there is one."""
        if not bad.any():
            return
        index = int(np.argmax(bad.any(axis=1)))
        column = int(np.argmax(bad[index]))
        name = (["time"] * self.time + self.names)[column]
        series = int(np.searchsorted(splits, index, side="right")) - 1
        place = f"series {series}, row {index - int(splits[series])}, column {name!r}"
        if np.isnan(rows[index, column]):
            raise ValueError(
                f"A value is missing (NaN) at {place} ({int(bad.sum())} in all): fill it first, "
                "for example with pandas `frame.interpolate()`"
            )
        raise ValueError(
            f"The values of a series must be finite. Received: {rows[index, column]} at {place}"
        )

    def guard(self, encoded):
        rows = encoded.flat_values if isinstance(encoded, tf.RaggedTensor) else encoded
        bad = tf.math.is_inf(rows) if self.missing else ~tf.math.is_finite(rows)
        what = "infinite" if self.missing else "missing or infinite"
        test = tf.debugging.assert_equal(
            tf.reduce_any(bad), False, f"The data holds a series with {what} values"
        )
        with tf.control_dependencies([test]):
            return tf.identity(encoded)

    def get_config(self):
        return {
            "columns": self.columns,
            "normalize": self.normalize,
            "dtype": self.dtype,
            "mean": self.mean,
            "deviation": self.deviation,
        }


@keras.saving.register_keras_serializable(package="rnnkit")
class Series(Columns):
    """A time series: numbers in one or several columns at each step, standardised by column.

    With `time=True` a raw series has the time as its first column. The place of each step in the
    hour, day, week and year is then given to the model as well: the sine and cosine of each cycle
    that the data is dense and long enough for.

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

    Attributes:
        names: Names of the columns of values; `"0"`, `"1"`, ... where a number was given.
        size: Number of columns of values.
        width: Numbers in an encoded step: `size`, and two for each cycle.

    Raises:
        ValueError: From `adapt` and `check` for infinite values, and from `check` for NaN.

    Example:

    >>> series = Series().adapt([1.0, 3.0, 1.0, 3.0])
    >>> series.encode(series.to_tensor([3.0, 1.0, 2.0])).to_list()
    [[[1.0], [-1.0], [0.0]]]
    """

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
    ):
        super().__init__(columns, normalize, dtype, mean, deviation)
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

    @property
    def width(self):
        return self.size + 2 * len(self.cycles or [])

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
            gaps = np.concatenate([np.diff(each) for each in times])
            if len(gaps) == 0 or not np.median(gaps) > 0:
                raise ValueError(
                    "The times of a series must rise from step to step. Received: "
                    f"{len(gaps)} differences with the median "
                    f"{np.median(gaps) if len(gaps) else 'unknown'}"
                )
            self.step = float(np.median(gaps))
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
            parts = [self._standardised(raw[..., int(self.time) :])]  # [..., size]
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
        return written(following(last, count, self.step, self.frequency))

    def decode(self, values):
        """Outputs `[batch, time, size]` back in their own units: a list of float64 arrays."""
        return [self.unscale(each) for each in values]

    def get_config(self):
        names = ("time", "step", "frequency", "cycles", "missing")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _flat(values):
    """Raw series as one array of rows, NumPy `[steps, raw_width]`, and where each begins."""
    if isinstance(values, tf.RaggedTensor):
        splits = values.row_splits.numpy()
        rows = values.flat_values.numpy()  # flat where the number of columns was not known
        return rows if rows.ndim == 2 else rows.reshape(int(splits[-1]), -1), splits
    values = np.asarray(values)
    return values.reshape(-1, values.shape[-1]), np.arange(len(values) + 1) * values.shape[1]


def _is_pandas(values):
    return hasattr(values, "to_numpy") and hasattr(values, "index")


def _is_date(column):
    return getattr(column.dtype, "kind", None) == "M"


def _rank(values):
    """Dimensions of an array or a nested list, by its first entries."""
    if not isinstance(values, (list, tuple)):
        return np.ndim(values)
    return 1 + (_rank(values[0]) if len(values) else 0)
