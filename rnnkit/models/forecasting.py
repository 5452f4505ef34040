"""What models of numbers over time share: targets from the input, scores, readable forecasts."""

import typing

import numpy as np
import tensorflow as tf
from scipy import stats

from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.data.pipeline.given import is_lazy, raw_tensor
from rnnkit.features import Forecast
from rnnkit.metrics import nrmse
from rnnkit.models.inputs.masks import present_steps
from rnnkit.models.inputs.sequences import in_memory
from rnnkit.models.windows import as_ragged
from rnnkit.utils.checks import number


class Comparison(typing.NamedTuple):
    """Forecasts and what they are compared with, for the same steps, in standardised units.

    Attributes:
        outputs: Of the model, NumPy `[series, time, width]`.
        truth: The targets, NaN at steps that do not count.
        naive: Dict of name to naive forecasts.
    """

    outputs: np.ndarray
    truth: np.ndarray
    naive: dict


class Forecasting:
    """Methods of models whose outputs are numbers over time, for a class beside `Model`.

    The class has the attributes `washout`, `interval`, `errors` and `stepwise`. With `stepwise`
    False, of a label or a number a series, the methods are those of `Model`.
    """

    # === Data ===

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if targets and y is None and not isinstance(x, tf.data.Dataset):
            y = self._own_targets(x)
        return super().prepare(x, y, sample_weight, targets)

    def _prepared_at_once(self, x, y, targets):
        """Raw series in memory as `Encoded`, or None where they are not as many as targets.

        To set up tf.data takes longer than to encode them, or to run a reservoir.
        """
        if targets and y is None:
            y = self._own_targets(x)
        features = (self.input_feature, self.output_feature)
        raw = [f.to_tensor(part) for f, part in zip(features, (x, y), strict=True)
               if part is not None]  # fmt: skip
        sizes = {int(each.shape[0] or 0) for each in raw}
        if len(raw) != 1 + targets or len(sizes) != 1 or 0 in sizes:
            return None
        encoded = self.encode(*raw)
        self._check(raw, encoded)
        return Encoded(encoded, tuple(each.padding for each in features))

    def _own_targets(self, x):
        """The targets of a forecast of columns of the input, from the input alone; or None.

        Raises:
            ValueError: If the targets are no columns of the input.
        """
        feature, target = self.input_feature, self.output_feature
        pairs = isinstance(x, (Encoded, Streamed, tuple)) or is_lazy(x)  # of (x, y)
        if x is None or pairs or not isinstance(target, Forecast):
            return None
        columns = target_columns(feature, target)
        if columns is None:
            raise ValueError(
                f"y is missing: the columns to forecast, {target.names}, are not among the "
                f"inputs, {feature.names}"
            )
        raw = feature.to_tensor(x)  # [series, (time), raw_width]
        columns = [int(feature.time) + column for column in columns]
        return raw.with_values(tf.gather(raw.flat_values, columns, axis=1))

    # === Scores ===

    def compare(self, data, batch_size=None):
        """Forecasts beside what came and beside naive forecasts, all for the same steps.

        Args:
            data: What `prepare` gives, in memory.
            batch_size: Series computed at a time.

        Returns:
            A `Comparison`.
        """
        x, truth = (
            (part.to_tensor(np.nan) if isinstance(part, tf.RaggedTensor) else part)
            .numpy()
            .astype("float64")
            for part in data.tensors[:2]
        )  # [series, time, ...]
        truth[:, : self.washout] = np.nan
        outputs = np.asarray(self.predict(data, batch_size), "float64")
        naive = naive_forecasts(self.input_feature, self.output_feature, x)
        for forecast in naive.values():
            # All are scored on the same steps: those that the youngest forecast knows.
            truth[np.isnan(forecast).any(axis=-1)] = np.nan
        return Comparison(outputs, truth, naive)

    def score(self, x, y=None, batch_size=None, verbose=0):
        """Scores of the outputs, and those of naive forecasts of the same steps.

        Args:
            x: Raw data as in `fit`, or prepared data. Targets that are NaN and the washout do not
                count.
            y: Raw targets, if `x` is not a dataset; see `fit`.
            batch_size: Series computed at a time.

        Returns:
            Dict of floats: `mse` and `mae` in standardised units (as the literature on long
            horizons gives them), `nrmse` by the standard deviation of what is scored (not where a
            column never changes there); and with targets among the inputs `persistence_mse`,
            `persistence_mae`, and with a period `seasonal_mse`, `seasonal_mae`. Of a `Forecast`
            also `coverage`, the fraction of the intervals that hold, and where there are naive
            forecasts `skill`: 1 - `mae` / that of the better naive forecast. Below 0 that naive
            forecast is better.
        """
        if not self.stepwise:
            return super().score(x, y, batch_size, verbose)
        data = in_memory(self.prepare(x, y), "score")
        outputs, truth, naive = self.compare(data, batch_size)
        known = np.isfinite(truth)
        if not known.any():
            raise ValueError(
                "There is nothing to score: no target is known after the washout of "
                f"{self.washout} steps. Give longer series"
            )

        def errors(forecast):
            residuals = (forecast - truth)[known]
            return float(np.mean(np.square(residuals))), float(np.mean(np.abs(residuals)))

        result = dict(zip(("mse", "mae"), errors(outputs), strict=True))
        rows = known.all(axis=-1)
        shape = (-1, self.output_feature.size)  # leads of a column are one column
        true, predicted = truth[rows].reshape(shape), outputs[rows].reshape(shape)
        if len(true) and (np.ptp(true, axis=0) > 0).all():
            result["nrmse"] = float(nrmse(true, predicted))
        for name, forecast in naive.items():
            result[f"{name}_mse"], result[f"{name}_mae"] = errors(forecast)
        if isinstance(self.output_feature, Forecast):
            inside = np.abs(outputs - truth) <= self.margins(outputs)
            result["coverage"] = float(np.mean(inside[known]))
            best = min((result[f"{name}_mae"] for name in naive), default=0.0)
            if best > 0:
                result["skill"] = 1 - result["mae"] / best
        return result

    # === Results ===

    def infer(self, x, batch_size=None):
        """Raw in, readable out: forecasts with intervals after the end of each series.

        The intervals are those of a normal distribution with the size of the errors in training.

        Args:
            x: Raw series as in `fit`.
            batch_size: Series computed at a time; results do not depend on it.

        Returns:
            A list with what the output feature's `decode` gives for each series; for one series
            its result alone.
        """
        x, single = self.given(x)
        data = self.prepare(x, targets=False)
        outputs = self.predict(data, batch_size)
        if not self.stepwise:
            results = self.output_feature.decode(outputs)
        elif isinstance(self.output_feature, Forecast):
            results = self._forecasts(x, in_memory(data, "infer"), outputs)
        else:
            ends = [each[~np.isnan(each).all(axis=-1)] for each in outputs]
            results = self.output_feature.decode(ends)
        return results[0] if single else results

    def _forecasts(self, x, data, outputs):
        """Readable forecasts from the last outputs of each series."""
        lengths = as_ragged(data.tensors[0]).row_lengths().numpy()
        if lengths.min() <= self.washout:
            raise ValueError(
                f"A forecast needs a series longer than the washout of {self.washout} steps. "
                f"Received: a series of {int(lengths.min())} steps"
            )
        return self._readable(x, outputs[np.arange(len(outputs)), lengths - 1])

    def _readable(self, x, last):
        """Readable forecasts from the outputs `[series, width]` after the end of raw series."""
        feature, target = self.input_feature, self.output_feature
        last = last.astype("float64")
        margin = self.margins(last)
        times = None
        if feature.time:
            raw = raw_tensor(x, feature)  # [series, (time), raw_width]
            ends = raw.flat_values.numpy()[raw.row_limits().numpy() - 1, 0]
            times = [feature.times_after(end, target.horizon) for end in ends]
        return target.decode(last, lower=last - margin, upper=last + margin, times=times)

    def margins(self, outputs):
        """Half widths of the intervals of outputs `[..., width]`, in their unit.

        Those of a normal distribution with the size of the errors in training.
        """
        return np.broadcast_to(
            stats.norm.ppf(0.5 + self.interval / 2) * self.errors, np.shape(outputs)
        )

    def serve(self, codes, words=None, seed=None):
        """As `Model.serve`: what `infer` gives, but the times."""
        if self._feeds_back:
            raise ValueError(f"A SavedModel reads a series once, and {self.beyond_network}")
        if not self.stepwise:
            return super().serve(codes, words, seed)
        lengths = tf.reduce_sum(tf.cast(present_steps(codes), tf.int64), axis=1)  # [batch]
        outputs = self.read_served(codes, lengths)  # [batch, (time), width]
        target = self.output_feature
        if not isinstance(target, Forecast):
            found = target.decode_graph(outputs.to_tensor(np.nan))
            return {**found, "lengths": tf.cast(lengths, tf.int32)}
        message = f"A forecast needs a series longer than the washout of {self.washout} steps"
        longer = tf.debugging.assert_greater(lengths, tf.cast(self.washout, tf.int64), message)
        with tf.control_dependencies([longer]):
            last = tf.cast(outputs[:, -1:].values, tf.float64)  # [batch, width]
        margin = self.margins_served(last)
        ends = {"forecast": last, "lower": last - margin, "upper": last + margin}
        return {name: target.decode_graph(each)["forecast"] for name, each in ends.items()}

    def margins_served(self, outputs):
        """As `margins`, for outputs `[batch, width]` as a tensor of float64."""
        with tf.init_scope():  # numbers, in a graph too
            margins = stats.norm.ppf(0.5 + self.interval / 2) * self.errors  # [width]
        return tf.broadcast_to(tf.cast(margins, tf.float64), tf.shape(outputs))

    @property
    def _feeds_back(self):
        """Whether the network reads its own outputs beside the inputs."""
        return self.inputs[0].shape[-1] != self.input_feature.width

    @property
    def beyond_network(self):
        if not self._feeds_back:
            return None
        return "output_feedback=True gives the network back what it said, step by step"

    def read_served(self, codes, lengths):
        """Outputs at each step for `serve`, ragged `[batch, (time), width]`."""
        return tf.RaggedTensor.from_tensor(self(codes, training=False), lengths)


# === Checks ===


def check_directions(bidirectional, output_feature, layer):
    """Refuses two directions for forecasts.

    Args:
        bidirectional: Whether the sequence is also read from its end.
        output_feature: The model's.
        layer: What reads it, in a word.
    """
    if bidirectional and isinstance(output_feature, Forecast):
        raise ValueError(
            f"bidirectional must be False for a Forecast: a {layer} that reads from the end has "
            "as input what it is to forecast. Received: bidirectional=True"
        )


def check_interval(interval):
    """Raises a ValueError unless the probability of intervals is between 0 and 1."""
    if not 0 < number(interval, "interval", least=0, most=1) < 1:
        raise ValueError(f"interval must be between 0 and 1. Received: interval={interval}")


# === Persistence and other naive forecasts ===


def target_columns(feature, target):
    """For each target the input column that holds its present value, or None if one lacks it."""
    if set(target.names) <= set(feature.names):
        return [feature.names.index(name) for name in target.names]
    return list(range(feature.size)) if len(target.names) == feature.size else None


def present_value(feature, target):
    """How a target's present value follows from the inputs, for a forecast of their columns.

    Returns:
        The arguments of `rnnkit.layers.AddPresent` as a dict; None for other outputs.
    """
    columns = target_columns(feature, target)
    if not isinstance(target, Forecast) or columns is None:
        return None
    # Both scalings are linear: what 0 and 1 become tells all.
    zero, one = (
        target.scale(feature.unscale(np.full(feature.size, value))[columns]) for value in (0.0, 1.0)
    )
    return {
        "columns": columns,
        "scale": (one - zero).tolist(),
        "offset": zero.tolist(),
        "leads": target.horizon,
    }


def naive_forecasts(feature, target, x):
    """Naive forecasts at each step, in standardised units of the targets.

    Persistence repeats the present value. The seasonal naive forecast repeats what was seen one
    period before, as often as the horizon needs; its period is the output feature's.

    Args:
        feature: The input feature, a `Series`.
        target: The output feature.
        x: Encoded inputs `[series, time, features]`.

    Returns:
        Dict of name to `[series, time, horizon * targets]`, NaN where the series is too young.
        Empty if the output is no `Forecast`, or the targets are not among the inputs.
    """
    columns = target_columns(feature, target)
    if columns is None or not isinstance(target, Forecast):
        return {}
    present = feature.unscale(x[..., : feature.size])[..., columns]  # [series, time, targets]
    present = target.scale(present)
    result = {"persistence": np.tile(present, target.horizon)}
    period = target.period
    if period:
        leads = []
        for lead in range(1, target.horizon + 1):
            back = period * -(-lead // period) - lead  # steps before the present
            shifted = np.full_like(present, np.nan)
            if back < present.shape[1]:
                shifted[:, back:] = present[:, : present.shape[1] - back]
            leads.append(shifted)
        result["seasonal"] = np.concatenate(leads, axis=-1)
    return result
