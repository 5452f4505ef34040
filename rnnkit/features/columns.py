"""What `Series` and `Forecast` share: named columns of numbers over time, standardised."""

import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import asserted, is_frame, is_pandas, rank_of
from rnnkit.features.moments import inverse
from rnnkit.features.transforms import Transforms, checked, kinds_of, power_of
from rnnkit.formats.times import find_time
from rnnkit.utils.checks import one_of

DTYPES = ("float32", "float64")


class Columns(Feature):
    """Named columns of numbers over time, standardised; see `Series` and `Forecast`."""

    sequence = True
    padding = float("nan")
    target_type = "values"
    decodes_in_graph = True
    missing = False
    learned = ("mean", "deviation", "power", "unit")

    def __init__(
        self, columns, normalize, dtype, mean, deviation, transform=None, power=None, unit=None
    ):
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
        self.columns = columns
        self.names = names
        self.size = len(names)
        self.normalize = bool(normalize)
        self.dtype = one_of(dtype, "dtype", DTYPES)
        for name, values in (("mean", mean), ("deviation", deviation)):
            if values is not None and np.asarray(values).dtype.kind not in "iuf":
                raise ValueError(
                    f"{name} must be None or a list of numbers. Received: {name}={values!r}"
                )
        self.mean = mean
        self.deviation = deviation
        self.transform = checked(transform, self.names)
        self.power, self.unit = (
            None if each is None else _numbers(each, name, self.size, most)
            for each, name, most in ((power, "power", 1), (unit, "unit", None))
        )

    @property
    def raw_width(self):
        """Numbers in a step of a raw series."""
        return self.size + self.time

    @property
    def daily(self):
        """Whether steps are a day or more apart; None where that is not known."""
        return None

    @property
    def raw_spec(self):
        return tf.TensorSpec((None, self.raw_width), tf.float64)

    @property
    def adapted(self):
        return (not self.normalize or self.mean is not None) and (
            self.transform is None or self.power is not None
        )

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
            rows, splits = flat_rows(values)
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
        if self.transform is not None:
            rows = self._learn_transform(rows, np.cumsum([0, *map(len, series)]))
        mean, deviation = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0)
        constant = deviation <= 1e-12 * np.maximum(1.0, np.abs(mean))
        self.mean = mean.tolist()
        self.deviation = np.where(constant, 1.0, deviation).tolist()

    def _learn_transform(self, rows, splits):
        """The rows `[steps, size]` transformed, after learning how."""
        kinds = kinds_of(self.transform, self.names)
        self.power = [1.0 if each is None else 0.0 for each in kinds]
        self._refuse_untaken(rows, splits)
        for column, kind in enumerate(kinds):
            values = rows[:, column]
            if kind == "box_cox":
                self.power[column] = power_of(values[np.isfinite(values)])
            elif isinstance(kind, float):
                self.power[column] = kind
        deviation = np.nanstd(rows, axis=0)
        self.unit = np.where(deviation > 0, deviation, 1.0).tolist()
        return self.transforms.forward(rows)

    # === Scaling ===

    @property
    def transforms(self):
        """The `rnnkit.features.transforms.Transforms` of the columns; None without any."""
        if self.transform is None:
            return None
        return Transforms(kinds_of(self.transform, self.names), self.power)

    def standardise(self, values):
        """Transformed values to standardised ones (NumPy, columns on the last axis)."""
        values = np.asarray(values, dtype="float64")
        return (values - self.mean) / self.deviation if self.normalize else values

    def unstandardise(self, values):
        """Standardised values to transformed ones (NumPy, columns on the last axis). Without a
        `transform` these are the values in their own units."""
        values = np.asarray(values, dtype="float64")
        return values * self.deviation + self.mean if self.normalize else values

    def scale(self, values):
        """Values in their own units to standardised ones (NumPy, columns on the last axis)."""
        values = np.asarray(values, dtype="float64")
        if self.transform is not None:
            values = self.transforms.forward(values)
        return self.standardise(values)

    def unscale(self, values):
        """Standardised values back to their own units (NumPy, columns on the last axis)."""
        values = self.unstandardise(values)
        return values if self.transform is None else self.transforms.back(values)

    def in_units(self, values):
        """Standardised outputs in standard deviations of the values in their own units: as they
        are without a `transform` (NumPy, `[..., size]` or for some leads `[..., leads * size]`)."""
        if self.transform is None:
            return values
        found = self.in_own_units(values.reshape(*values.shape[:-1], -1, self.size))
        return (found / (self.unit if self.normalize else 1.0)).reshape(values.shape)

    def in_own_units(self, values):
        """What people read of standardised outputs (NumPy, columns on the last axis)."""
        return self.unscale(values)

    def decode_graph(self, outputs):
        """Outputs `[..., size]` in their own units as TensorFlow operations, for export."""
        outputs = tf.cast(outputs, tf.float64)
        if self.normalize:
            outputs = outputs * tf.constant(self.deviation, tf.float64)
            outputs += tf.constant(self.mean, tf.float64)
        if self.transform is not None:
            outputs = self.transforms.back_graph(outputs)
        return {"value": outputs}

    def _standardised(self, values):
        """`scale` as TensorFlow operations, in float64."""
        if self.transform is not None:
            values = self.transforms.forward_graph(values)
        if not self.normalize:
            return values
        return (values - tf.constant(self.mean, tf.float64)) * inverse(self.deviation, "float64")

    # === Raw values ===

    def to_tensor(self, values):
        """Converts one series or several to a batch.

        Args:
            values: One series: an array or list `[time]` (for one column), an array, a list of
                rows or a frame `[time, columns]`, or a pandas Series. Or several: an array
                `[series, time, columns]` (of one column also `[series, time]`), or a list, or a
                column of pandas, of series of any lengths. Of a frame the
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
            return values.with_values(rows)
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
        rows = tf.constant(rows, tf.float64)
        return tf.RaggedTensor.from_row_lengths(rows, lengths, validate=False)

    def _several(self, values):
        """A list of single series out of whatever holds one or several."""
        if is_pandas(values):
            return (
                list(values.iloc[:, 0] if is_frame(values) else values)
                if _nested(values)
                else [values]
            )
        if isinstance(values, np.ndarray) and values.dtype != object:
            return list(values) if self._in_rows(values) else [values]
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            raise ValueError(
                f"{type(self).__name__} takes series of numbers. Received: {str(values)[:80]!r}"
            )
        values = list(values)
        if any(is_pandas(each) for each in values):
            return values
        ranks = {rank_of(each) for each in values}
        if ranks == {1} and self.raw_width == 1:
            # Rows of one number each are one series; anything longer is a series itself.
            return [values] if {len(each) for each in values} == {1} else values
        return values if ranks <= {2} or (ranks == {1, 2} and self.raw_width == 1) else [values]

    def holds_one(self, values):
        """Whether values are one series; see `to_tensor`."""
        if isinstance(values, (tf.data.Dataset, tf.RaggedTensor)):
            return False
        if is_pandas(values):
            return not _nested(values)
        if isinstance(values, (list, tuple)) or (
            isinstance(values, np.ndarray) and values.dtype == object
        ):
            return len(values) > 0 and self._several(values)[0] is not values[0]
        return not self._in_rows(values)

    def _in_rows(self, values):
        """Whether an array or a tensor holds several series, `[series, time, columns]`.

        `[series, time]` of one column could be `[time, columns]` as well, with a column too many.
        """
        return len(np.shape(values)) == 3

    def _one(self, values):
        """One series as a float64 array `[time, raw_width]`."""
        if is_pandas(values):
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
            f"columns {names}; for several series pass a list of them, or an array (series, time, "
            f"{self.raw_width}). Received: an array of shape {shape}"
        )

    def _frame(self, frame):
        """A pandas frame or Series as an array, its times as seconds since 1970."""
        if not hasattr(frame, "columns"):
            frame = frame.to_frame()
        columns = {str(name): frame[name] for name in frame.columns}
        if getattr(frame.index.dtype, "kind", "O") not in "iuf":  # no plain count
            columns = {str(frame.index.name or "date"): frame.index.to_series(), **columns}
        named = set(self.names) <= set(columns)
        kept = {n: c for n, c in columns.items() if not (named and n in self.names)}
        times, seconds = find_time(kept, lambda row: f"the frame, row {row}", self.daily)
        others = self.names if named else [name for name in columns if name not in times]
        parts = [self._floats(columns[name]) for name in others]
        if self.time and seconds is not None:
            parts.insert(0, seconds)
        elif self.time and named and len(kept) == 1:  # seconds, as nothing else is left
            parts.insert(0, self._floats(*kept.values()))
        elif self.time and named:
            raise ValueError(
                f"{type(self).__name__} needs the time of each step: a column or an index of dates "
                f"(see pandas.to_datetime). Received: the columns {list(columns)}"
            )
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
        rows, splits = flat_rows(values)
        self._refuse(np.isinf(rows), rows, splits)
        bad = np.isnan(rows)
        if self.missing:
            bad[:, int(self.time) :] = False  # a time must be known all the same
        self._refuse(bad, rows, splits)
        self._refuse_untaken(rows[:, int(self.time) :], splits)

    def _refuse_untaken(self, rows, splits):
        """Raises a ValueError that names the first value `[steps, size]` that the transform does
        not take, if there is one."""
        found = None if self.transform is None else self.transforms.refused(rows)
        if found is None:
            return
        step, column, message = found
        series = int(np.searchsorted(splits, step, side="right")) - 1
        row = step - int(splits[series])
        where = f"series {series}, row {row}, column {self.names[column]!r}"
        raise ValueError(message.format(where=where))

    def _refuse(self, bad, rows, splits):
        """Raises a ValueError that names the first bad number, if there is one."""
        if not bad.any():
            return
        index = int(np.argmax(bad.any(axis=1)))
        column = int(np.argmax(bad[index]))
        name = (["time"] * self.time + self.names)[column]
        series = int(np.searchsorted(splits, index, side="right")) - 1
        where = f"series {series}, row {index - int(splits[series])}, column {name!r}"
        if np.isnan(rows[index, column]):
            raise ValueError(
                f"A value is missing (NaN) at {where} ({int(bad.sum())} in all): fill it first, "
                "for example with pandas `frame.interpolate()`"
            )
        raise ValueError(
            f"The values of a series must be finite. Received: {rows[index, column]} at {where}"
        )

    def guard(self, encoded):
        rows = encoded.flat_values if isinstance(encoded, tf.RaggedTensor) else encoded
        bad = tf.math.is_inf(rows) if self.missing else ~tf.math.is_finite(rows)
        what = "infinite" if self.missing else "missing or infinite"
        message = f"The data holds a series with {what} values"
        if self.transform is not None:
            message += f", or with some that transform={self.transform!r} does not take"
        return asserted(encoded, ~bad, message)


def _numbers(values, name, size, most):
    """A list of so many numbers from 0 to `most`, checked."""
    array = np.asarray(values)
    fits = array.dtype.kind in "iuf" and array.shape == (size,)
    most = np.finfo("float64").max if most is None else most
    if not fits or not ((array >= 0) & (array <= most)).all():
        raise ValueError(
            f"{name} must be a list of {size} numbers, as adapt() learns them. "
            f"Received: {name}={values!r}"
        )
    return array.astype("float64").tolist()


def flat_rows(values):
    """Raw series as one array of rows, NumPy `[steps, raw_width]`, and where each begins."""
    if isinstance(values, tf.RaggedTensor):
        splits = values.row_splits.numpy()
        rows = values.flat_values.numpy()  # flat where the number of columns was not known
        return rows if rows.ndim == 2 else rows.reshape(int(splits[-1]), -1), splits
    values = np.asarray(values)
    return values.reshape(-1, values.shape[-1]), np.arange(len(values) + 1) * values.shape[1]


def _nested(values):
    """Whether a column of pandas holds a series in each cell."""
    column = values
    if is_frame(values):
        if values.shape[1] != 1:
            return False
        column = values.iloc[:, 0]
    return column.dtype == object and len(column) > 0 and rank_of(column.iloc[0]) > 0
