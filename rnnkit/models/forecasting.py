"""What models of numbers over time share: targets from the input, scores, readable forecasts."""

import typing

import numpy as np
import tensorflow as tf
from scipy import stats

from rnnkit.data.pipeline.encoded import Encoded, Streamed
from rnnkit.data.pipeline.given import is_lazy, raw_tensor
from rnnkit.features import Forecast
from rnnkit.metrics import nrmse
from rnnkit.models.forecast import backtest, given
from rnnkit.models.forecast.detecting import Detecting
from rnnkit.models.forecast.naive import naive_forecasts, target_columns
from rnnkit.models.forecast.skewed import Quantiles
from rnnkit.models.inputs.masks import present_steps
from rnnkit.models.inputs.sequences import in_memory
from rnnkit.models.reservoir.one_pass import OnePass
from rnnkit.models.windows import as_ragged
from rnnkit.utils.checks import integer, number
from rnnkit.utils.digits import shortened


class Comparison(typing.NamedTuple):
    """Forecasts and what they are compared with, for the same steps, in standardised units: of
    the values themselves, with a transform of the targets too.

    Attributes:
        outputs: Of the model, NumPy `[series, time, width]`.
        inside: Whether the intervals hold, boolean, the same; None where there are none.
        truth: The targets, NaN at steps that do not count.
        naive: Dict of name to naive forecasts.
    """

    outputs: np.ndarray
    inside: np.ndarray | None
    truth: np.ndarray
    naive: dict


# Mean absolute error, in standard deviations, of a naive forecast that is right but for rounding.
EXACT = 1e-7


class Forecasting(Quantiles, Detecting):
    """Methods of models whose outputs are numbers over time, for a class beside `Model`.

    The class has the attributes `washout`, `interval`, `errors` and `stepwise`. With `stepwise`
    False, of a label or a number a series, the methods are those of `Model`.
    """

    # === Data ===

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if y is None:
            _, x = self._histories(x)
        if targets and y is None and not isinstance(x, tf.data.Dataset):
            y = self._own_targets(x)
        return super().prepare(x, y, sample_weight, targets)

    def _histories(self, x):
        """Raw input without frames and paths: the pair of the names of its series, or None, and x.

        Frames and files are read as `recipe.data` reads them: times by their names and forms,
        missing rows inserted, missing values filled, series apart.
        """
        return given.histories_of(self.input_feature, x)

    def _prepared_at_once(self, x, y, targets):
        """Raw series in memory as `Encoded`, or None where they are not as many as targets.

        To set up tf.data takes longer than to encode them, or to run a reservoir.
        """
        features = (self.input_feature, self.output_feature)
        if targets and y is None:
            x = features[0].to_tensor(x)
            y = self._own_targets(x)
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
        feature, inside = self.output_feature, None
        if isinstance(feature, Forecast):
            outputs, inside = self.forecasts_and_held(data, truth, batch_size)
        else:
            outputs = np.asarray(self.predict(data, batch_size), "float64")
        naive = naive_forecasts(self.input_feature, feature, x)
        for forecast in naive.values():
            # All are scored on the same steps: those that the youngest forecast knows.
            truth[np.isnan(forecast).any(axis=-1)] = np.nan
        if feature.transform is not None:
            outputs, truth = feature.in_units(outputs), feature.in_units(truth)
            naive = {name: feature.in_units(each) for name, each in naive.items()}
        return Comparison(outputs, inside, truth, naive)

    def forecasts_and_held(self, data, truth, batch_size=None):
        """Forecasts at each step, and whether their intervals hold the truth.

        Args:
            data: Prepared data.
            truth: What came, standardised, `[series, time, width]`.
            batch_size: Series computed at a time.

        Returns:
            Two NumPy arrays of the shape of the truth: float64, standardised, and boolean.
        """
        outputs, margins = self.with_margins(data, batch_size)
        outputs = np.asarray(outputs, "float64")
        return outputs, np.abs(outputs - truth) <= margins

    def score(self, x, y=None, batch_size=None, verbose=0):
        """Scores of the outputs, and those of naive forecasts of the same steps.

        Args:
            x: Raw data as in `fit`, or prepared data. Targets that are NaN and the washout do not
                count.
            y: Raw targets, if `x` is not a dataset; see `fit`.
            batch_size: Series computed at a time.

        Returns:
            Dict of floats: `mse` and `mae` in standardised units (as the literature on long
            horizons gives them; with a `transform` of the targets in standard deviations of the
            values themselves), `nrmse` by the standard deviation of what is scored (not where a
            column never changes there); and with targets among the inputs `persistence_mse`,
            `persistence_mae`, and with a period `seasonal_mse`, `seasonal_mae`. Of a `Forecast`
            also `coverage`, the fraction of the intervals that hold, and where there are naive
            forecasts that are not exact `skill`: 1 - `mae` / that of the better one. Below 0 that
            naive forecast is better.
        """
        if not self.stepwise:
            return super().score(x, y, batch_size, verbose)
        data = in_memory(self.prepare(x, y), "score")
        outputs, inside, truth, naive = self.compare(data, batch_size)
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
            result["coverage"] = float(np.mean(inside[known]))
            best = min((result[f"{name}_mae"] for name in naive), default=0.0)
            if best > EXACT:
                result["skill"] = 1 - result["mae"] / best
        return shortened(result)

    @property
    def target_inputs(self):
        """For each target the input column that holds its present value.

        Raises:
            ValueError: If a target is no input.
        """
        columns = target_columns(self.input_feature, self.output_feature)
        if columns is None:
            raise ValueError(
                f"The columns to forecast, {self.output_feature.names}, are not among the inputs, "
                f"{self.input_feature.names}"
            )
        return columns

    def backtest(self, x, start=0.8, origins=40, refit=False, verbose="auto"):
        """Forecasts from many origins in the past, beside naive ones and what came.

        Args:
            x: Raw series as in `infer`: a frame, the path of a table, or arrays. With columns that
                are known ahead these are taken from the rows after each origin.
            start: Where the first forecast begins: a fraction of the rows of each series, or a
                number of rows. It should come after what the model was trained on.
            origins: How many forecasts of each series at most, evenly spread up to the end.
            refit: Whether the model learns anew from what comes before each origin. For models
                that learn in one pass.
            verbose: 0 for no progress bar.

        Returns:
            A `rnnkit.models.forecast.backtest.Backtest`: `scores`, `by_lead()`, `by_series()`,
            `table()`, `plot()`, `frame()`.

        Raises:
            ValueError: For a model without a `Forecast`, and series that are too short.

        Example:

        >>> months = np.arange(120)
        >>> sales = 100 + months + 20 * np.sin(2 * np.pi * months / 12)
        >>> series = rnnkit.features.Series().adapt(sales)
        >>> ahead = rnnkit.features.Forecast(horizon=6, period=12).adapt(sales)
        >>> model = rnnkit.models.EchoStateForecaster(series, ahead, units=5, seed=1)
        >>> _ = model.fit(sales[:96])
        >>> scores = model.backtest(sales, start=0.8, verbose=0).scores
        >>> scores["model"]["mase"] < scores["seasonal"]["mase"]
        True

        Reference:
            Tashman, "Out-of-sample tests of forecasting accuracy", 2000,
            https://doi.org/10.1016/S0169-2070(00)00065-0.
        """
        if not isinstance(self.output_feature, Forecast):
            raise ValueError(
                "backtest needs a model whose output is a Forecast. Received: a target of "
                f"{type(self.output_feature).__name__}"
            )
        if refit and not isinstance(self, OnePass):
            raise ValueError(
                f"refit=True is for models that learn in one pass: {type(self).__name__} is "
                "trained by gradient. Backtest it as it is, after training on the rows before start"
            )
        integer(origins, "origins")
        if isinstance(start, float):
            number(start, "start", least=0, most=1)
        else:
            integer(start, "start")
        names, found = self._histories(x)
        series, truths = given.as_read(self.input_feature, x, found)
        return backtest.run(self, series, truths, names, start, origins, refit, verbose)

    # === Results ===

    def infer(self, x, batch_size=None, quantiles=None):
        """Raw in, readable out: forecasts with intervals after the end of each series.

        The intervals are those of a normal distribution with the size of the errors in training; of
        a `Forecaster` that was given validation data they follow from the errors there, and with a
        `likelihood` they are those of its distributions. With a `transform` of the targets they are
        those of the transformed values, turned back, and the forecast is about the median.

        Args:
            x: Raw series as in `fit`.
            batch_size: Series computed at a time; results do not depend on it.
            quantiles: Of a `Forecast`: probabilities such as `[0.1, 0.5, 0.9]`, of which the values
                are wanted too, below which the series will be with these; or None.

        Returns:
            A list with what the output feature's `decode` gives for each series; for one series
            its result alone.
        """
        quantiles = given.checked_quantiles(quantiles)
        if quantiles and not (self.stepwise and isinstance(self.output_feature, Forecast)):
            raise ValueError(
                "quantiles are those of forecasts, of a model whose output is a Forecast. "
                f"Received: a target of {type(self.output_feature).__name__}"
            )
        names, x = self._histories(x)
        x, single = self.given(x)
        data = self.prepare(x, targets=False)
        if self.stepwise and isinstance(self.output_feature, Forecast):
            results = self._forecasts(x, in_memory(data, "infer"), batch_size, quantiles)
        else:
            outputs = self.predict(data, batch_size)
            if self.stepwise:
                outputs = [each[~np.isnan(each).all(axis=-1)] for each in outputs]
            results = self.output_feature.decode(outputs)
        return results[0] if single else given.with_names(results, names)

    def _forecasts(self, x, data, batch_size, quantiles):
        """Readable forecasts after the end of each series."""
        outputs, margins = self.with_margins(data, batch_size)
        ends = self._ends(data)
        return self._readable(x, outputs[ends], margins[ends], quantiles)

    def _ends(self, data):
        """Where the last outputs of each series are."""
        lengths = as_ragged(data.tensors[0]).row_lengths().numpy()
        if lengths.min() <= self.washout:
            raise ValueError(
                f"A forecast needs a series longer than the washout of {self.washout} steps. "
                f"Received: a series of {int(lengths.min())} steps"
            )
        return np.arange(len(lengths)), lengths - 1

    def _readable(self, x, last, margin, quantiles=None):
        """Readable forecasts from the outputs `[series, width]` after the end of raw series, and
        the half widths of their intervals."""
        last, margin = last.astype("float64"), margin.astype("float64")
        ends = None
        if quantiles:  # of intervals of another level, the lower or the upper end
            ends = {
                each: last + np.sign(each - 0.5) * margin * self.multiple_of(abs(2 * each - 1))
                for each in quantiles
            }
        times = self._times_after(x)
        return self.output_feature.decode(last, last - margin, last + margin, times, ends)

    def _times_after(self, x):
        """Times of the leads after the end of each raw series, or None."""
        feature = self.input_feature
        if not feature.time:
            return None
        raw = raw_tensor(x, feature)  # [series, (time), raw_width]
        ends = raw.flat_values.numpy()[raw.row_limits().numpy() - 1, 0]
        return [feature.times_after(end, self.output_feature.horizon) for end in ends]

    def multiple_of(self, level):
        """Half widths of the intervals that are to hold with another probability, over those of the
        model's own: NumPy `[width]`. Here those of a normal distribution."""
        own, other = (stats.norm.ppf(0.5 + each / 2) for each in (self.interval, level))
        return np.full(self.output_feature.width, other / own)

    def with_margins(self, x, batch_size=None):
        """Forecasts at every step, and half widths of their intervals.

        These are of a normal distribution with the size of the errors in training.

        Args:
            x: As in `predict`.
            batch_size: As there.

        Returns:
            Two NumPy arrays `[series, time, width]`, in standardised units.
        """
        outputs = np.asarray(self.predict(x, batch_size))
        width = stats.norm.ppf(0.5 + self.interval / 2) * self.errors  # [width]
        return outputs, np.broadcast_to(width, outputs.shape)

    def serve(self, codes, words=None, seed=None):
        """As `Model.serve`: what `infer` gives, but the times."""
        if self._feeds_back:
            raise ValueError(f"A SavedModel reads a series once, and {self.beyond_network}")
        if not self.stepwise:
            return super().serve(codes, words, seed)
        lengths = tf.reduce_sum(tf.cast(present_steps(codes), tf.int64), axis=1)  # [batch]
        target = self.output_feature
        if not isinstance(target, Forecast):
            outputs = self.read_served(codes, lengths)  # [batch, (time), width]
            found = target.decode_graph(outputs.to_tensor(np.nan))
            return {**found, "lengths": tf.cast(lengths, tf.int32)}
        message = f"A forecast needs a series longer than the washout of {self.washout} steps"
        longer = tf.debugging.assert_greater(lengths, tf.cast(self.washout, tf.int64), message)
        with tf.control_dependencies([longer]):
            return self.serve_forecasts(codes, lengths)

    def serve_forecasts(self, codes, lengths):
        """The forecasts after the end of each series and the ends of their intervals, for `serve`:
        a dict of tensors `[batch, horizon, targets]`."""
        last, margin = self.served_ends(codes, lengths)  # [batch, width]
        ends = {"forecast": last, "lower": last - margin, "upper": last + margin}
        decode = self.output_feature.decode_graph
        return {name: decode(each)["forecast"] for name, each in ends.items()}

    def served_ends(self, codes, lengths):
        """Outputs at the last step of each series and half widths of their intervals, for `serve`:
        tensors of float64 `[batch, width]`."""
        last = tf.cast(self.read_served(codes, lengths)[:, -1:].values, tf.float64)
        with tf.init_scope():  # numbers, in a graph too
            margins = stats.norm.ppf(0.5 + self.interval / 2) * self.errors  # [width]
        return last, tf.broadcast_to(tf.cast(margins, tf.float64), tf.shape(last))

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
