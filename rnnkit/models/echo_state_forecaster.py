"""Forecasts by a reservoir, past values and smoothing, blended by how well they did."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.given import raw_tensor
from rnnkit.data.readers.series.ahead import rows_ahead
from rnnkit.features import Forecast, Series
from rnnkit.features.calendar import following
from rnnkit.layers.forecast_blend import ForecastBlend
from rnnkit.layers.missing import bounded
from rnnkit.layers.relative import RelativeForecast
from rnnkit.models import forecasting
from rnnkit.models.base import Model
from rnnkit.models.forecast import checks, given, intervals, naive
from rnnkit.models.forecast.learning import Learning
from rnnkit.models.forecast.rows import joined, parts_of
from rnnkit.models.forecast.running import STEPS, Running, one_by_one
from rnnkit.models.forecast.views import windows_of
from rnnkit.models.inputs.sequences import holds_one_sequence, in_memory
from rnnkit.models.outputs import check_features
from rnnkit.models.reservoir import solving
from rnnkit.models.reservoir.one_pass import OnePass
from rnnkit.models.windows import series_of
from rnnkit.utils import config
from rnnkit.utils.checks import integer, one_of
from rnnkit.utils.seeds import Seeds

# Ridge values to choose from, as fractions of the mean square of the features.
RIDGES = tuple(10.0**power for power in range(-7, 3))
RESERVOIR = (
    "units", "spectral_radius", "leak_rate", "input_scaling", "bias_scaling", "connectivity",
    "degree", "topology", "activation",
)  # fmt: skip
# What is blended; the last of these for several series alone.
LAYERS = ("in_values", "in_logarithms", "in_own_scales")
# Reservoirs run over as many steps of the window at most.
LONGEST_RUN = 100
# Recent values of all columns that are features of all targets, at most.
RECENT = 192


@keras.saving.register_keras_serializable(package="rnnkit")
class EchoStateForecaster(OnePass, forecasting.Forecasting, Model):
    """A series → at each step the forecast of its next values, with intervals.

    Every lead is forecast directly. The readouts see the window of the last values relative to the
    last of them, how far the level is from its mean, the calendar, and the states of a reservoir
    that ran over the window: none of this depends on how much came before, so that any history that
    is longer than the window gives the same forecast, and levels that training did not see do no
    harm.

    `fit` compares, by forecasts of later and later parts of the training data, ridge regressions on
    several of these features, shrunk towards the last value or the last season, in the values or
    (of positive series) in their logarithms, and forecasts of the kind of exponential smoothing.
    The best few and the naive forecasts are averaged, with weights that fall with the fourth power
    of their errors. All is then solved anew from all data. Without evidence for anything better the
    forecast is the naive one.

    Intervals are conformal, and become wider where forecasts become worse: at each lead they are
    multiples of the mean error of the last nine forecasts that can be judged by now, half a horizon
    apart, such as those of later parts needed. So a history should go on for some five horizons
    beyond the window; what it lacks, the errors in training stand in for.

    Several series learn together, whatever their sizes: beside the values and their logarithms
    there are changes over those within the window. Each series also has a readout of its own: a
    ridge regression on its last `lags` values, solved from the last 1,000 steps of its history
    alone when it is forecast, so that a series that training did not see has one too. As series
    differ, all these forecasts and the naive ones are weighed anew for each, by their errors in
    these last forecasts of it; for what its history lacks, all series together stand in.
    Static inputs, and their products with the calendar and with what is known ahead, are among the
    features that are compared.

    Args:
        input_feature: Adapted `Series`, which has the columns to forecast.
        output_feature: Adapted `Forecast`; its period is the season.
        units: Size of the reservoir.
        spectral_radius, leak_rate, input_scaling, bias_scaling: As in `rnnkit.layers.ESNCell`; the
            inputs are relative values over their standard deviation, and levels.
        connectivity, degree, topology, activation: As in `rnnkit.layers.ESNCell`.
        lags: Past values that the readout sees; by default two seasons, at least 16 and at most
            200. Of short series fewer are used.
        transform: `"auto"` for logarithms too where all values of a column are positive, or
            `"none"`. With a `transform` of the features there is nothing but that.
        ridge: Regularisation, as a fraction of the mean square of the features: a number, or
            several to choose from.
        interval: Probability with which the intervals are to hold.
        seed: Integer that fixes the reservoir, or None.
        name: Name of the model.

    Attributes:
        errors: Root mean squared error of each output in standardised units, NumPy `[width]`, of
            forecasts of later parts of the training data.

    Example:

    >>> months = np.arange(120)
    >>> sales = 100 + months + 20 * np.sin(2 * np.pi * months / 12)
    >>> series = rnnkit.features.Series().adapt(sales)
    >>> ahead = rnnkit.features.Forecast(horizon=6, period=12).adapt(sales)
    >>> model = rnnkit.models.EchoStateForecaster(series, ahead, units=20, seed=1)
    >>> _ = model.fit(sales)
    >>> [round(value) for value in model.infer(sales)["forecast"]]
    [220, 231, 239, 243, 241, 235]

    Reference:
        Jaeger, "The echo state approach to analysing and training recurrent neural networks",
        GMD report 148, 2001; Bates and Granger, "The combination of forecasts", 1969,
        https://doi.org/10.1057/jors.1969.103; Tashman, "Out-of-sample tests of forecasting
        accuracy", 2000, https://doi.org/10.1016/S0169-2070(00)00065-0.
    """

    stepwise = weighs_steps = True
    washout = 0
    # As ONNX the windows before the first whole one came out otherwise.
    beyond_network = "its windows begin before the series does"

    def __init__(
        self,
        input_feature,
        output_feature,
        units=100,
        spectral_radius=0.9,
        leak_rate=1.0,
        input_scaling=0.5,
        bias_scaling=0.3,
        connectivity=None,
        degree=None,
        topology=None,
        activation="tanh",
        lags=None,
        transform="auto",
        ridge=RIDGES,
        interval=0.8,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        arguments = config.given(locals())
        check_features(input_feature, output_feature, (Forecast,))
        if not isinstance(input_feature, Series):
            raise ValueError(
                f"input_feature must be a Series. Received: {type(input_feature).__name__}"
            )
        checks.check_known(input_feature)
        columns = naive.target_columns(input_feature, output_feature)
        if columns is None:
            raise ValueError(
                "The columns to forecast must be among the inputs, as forecasts start from their "
                f"last values. Received: targets {output_feature.names}, inputs "
                f"{input_feature.names}. Use EchoStateNetwork where they are not known"
            )
        known = input_feature.future or []
        both = [name for name in known if input_feature.names.index(name) in columns]
        if both:
            raise ValueError(
                f"What is known ahead needs no forecast. Received: {both} among the targets and in "
                "future of the input feature"
            )
        integer(units, "units")
        lags = integer(lags, "lags", least=2, optional=True)
        one_of(transform, "transform", ("auto", "none"))
        checks.check_interval(interval)
        checks.check_transforms(input_feature, output_feature)
        ridge = solving.ridge_values(ridge)
        arguments |= {
            "leak_rate": np.asarray(leak_rate).tolist(),
            "input_scaling": np.asarray(input_scaling).tolist(),
            "ridge": ridge,
        }

        # === Functional model ===
        seeds = Seeds(seed)
        sizes = windows_of(output_feature.period, lags)
        width = input_feature.dynamic
        recent = 0 if width == 1 else int(np.clip(RECENT // width, 1, sizes["lags"] - 1))
        dtype = input_feature.dtype
        inputs = keras.Input((None, input_feature.width), dtype=dtype, name="series")
        parts = []
        echo_seed = seeds.next()
        for kind in LAYERS:
            logarithm = kind == "in_logarithms"
            if logarithm and not _in_logarithms(transform, output_feature):
                continue
            layer = RelativeForecast(
                width, columns, output_feature.horizon, sizes["window"],
                min(sizes["lags"], LONGEST_RUN), recent, output_feature.period, logarithm,
                *_scaling(input_feature, width), *_scaling(output_feature),
                reservoir={option: arguments[option] for option in RESERVOIR},
                seed=echo_seed, known=[input_feature.names.index(name) for name in known],
                own_scale=kind == "in_own_scales", static=input_feature.size - width, dtype=dtype,
                name=kind,
            )  # fmt: skip
            parts.append(layer(inputs))
        blend = ForecastBlend(
            output_feature.horizon, output_feature.size, sizes["window"],
            sorted({1, sizes["period"] or 1, sizes["week"] or 1}), len(intervals.LEVELS),
            sizes["lags"], dtype=dtype, name="blend",
        )  # fmt: skip
        *_, (_, present, size) = parts
        forecasts = [forecast for forecast, *_ in parts]  # [batch, time, horizon * targets] each
        forecast, _ = blend(forecasts, present, size)
        forecast = bounded(output_feature.least, forecast)
        super().__init__(inputs, forecast, **arguments)

    @property
    def forecasts(self):
        """The layers that are blended."""
        logarithms = _in_logarithms(self.transform, self.output_feature)
        return [self.get_layer(name) for name in LAYERS if logarithms or "log" not in name]

    @property
    def mixture(self):
        """The layer that blends them and holds their errors."""
        return self.get_layer("blend")

    @property
    def errors(self):
        return self.mixture.errors.numpy()

    @property
    def fitted(self):
        """Whether `fit` has been called."""
        return bool(self.mixture.fitted.numpy() > 0)

    # === Training ===

    @property
    def learns_from_validation(self):
        return True

    def learn(self, data, held_out, **options):
        """As `OnePass.learn`; validation data that goes on from the training series is learned from
        like these, other is what forecasts are compared by first."""
        del options
        horizon = self.output_feature.horizon
        parts = parts_of(in_memory(data, "fit"), horizon)
        if held_out is not None:
            later = parts_of(in_memory(held_out, "fit"), horizon, held_out=True)
            parts = joined(parts, later)
        return Learning(self, parts).run()

    def fine_tune(self, x, y=None, **kwargs):
        """Refused: what is forecast with was chosen by all data there was."""
        raise ValueError(
            "EchoStateForecaster learns from all data at once: call fit with the old and the new "
            "data together"
        )

    # === Use ===

    def predict(self, x, batch_size=None, verbose=0):
        """Forecasts at every step of raw series, in standardised units.

        Args:
            x: Raw series as in `fit`.
            batch_size: Not used.

        Returns:
            NumPy array `[series, time, horizon * targets]`, NaN after the end of a series, and with
            columns known ahead at its last `horizon` steps, for which these are not known;
            `[time, horizon * targets]` for one series given as an array of its own.
        """
        del verbose
        result, _ = self.with_margins(x, batch_size)
        single = isinstance(x, np.ndarray) and holds_one_sequence(self.input_feature, x)
        return result[0] if single else result

    def evaluate(
        self, x=None, y=None, batch_size=None, return_dict=False, sample_weight=None, verbose=0
    ):
        """Mean squared and absolute errors on raw data, over targets that are known.

        Args:
            x, y, sample_weight: As in `fit`.
            batch_size, verbose: Not used.
            return_dict: Whether the result is a dict.

        Returns:
            Dict, or list, of `loss` and `mean_absolute_error`, in standardised units.
        """
        del verbose
        data = in_memory(self.prepare(x, y, sample_weight), "evaluate")
        truth, *weights = map(series_of, data.tensors[1:])
        outputs, errors, sizes = self.predict(data, batch_size), [], []
        for number, rows in enumerate(truth):
            errors.append(outputs[number, : len(rows)] - rows.astype("float64"))
            weight = weights[0][number][..., : len(rows)] if weights else 1.0
            sizes.append(np.broadcast_to(weight, len(rows)))
        errors = np.concatenate(errors)  # [steps, horizon * targets]
        known = np.isfinite(errors)
        if not known.any():
            raise ValueError("There is nothing to evaluate: no target is known in the data")
        sizes = np.broadcast_to(np.concatenate(sizes)[:, None], errors.shape)[known]
        found = {
            "loss": float(np.average(np.square(errors[known]), weights=sizes)),
            "mean_absolute_error": float(np.average(np.abs(errors[known]), weights=sizes)),
        }
        return found if return_dict else list(found.values())

    def with_margins(self, x, batch_size=None):
        del batch_size
        self._check_fitted("predict")
        data = in_memory(self.prepare(x, targets=False), "predict")
        series, run = one_by_one(data), Running(self)
        shape = (len(series), max(len(each) for each in series), self.output_feature.width)
        result, margins = (np.full(shape, np.nan, "float32") for _ in range(2))
        for number, each in enumerate(series):
            for start in range(0, len(each), STEPS):
                parts = run.steps(each, start, min(start + STEPS, len(each)))
                for rows, part in zip((result, margins), parts, strict=True):
                    rows[number, start : start + len(part)] = part
        return result, margins

    def served_ends(self, codes, lengths):
        outputs, errors = Running(self).blended(codes)
        last, errors = (
            tf.cast(tf.RaggedTensor.from_tensor(each, lengths)[:, -1:].values, tf.float64)
            for each in (outputs, errors)
        )  # [batch, ...]
        return last, Running(self).margins(last, errors)

    def multiple_of(self, level):
        return intervals.multiple_at(level, self.interval, self.mixture.multiples.numpy())

    @property
    def judged_after(self):
        whole = self.mixture.window - 1 if self.mixture.adaptive.numpy() > 0 else 0
        return max(super().judged_after, whole)  # intervals follow the size of changes in a window

    def infer(self, x, batch_size=None, future=None, quantiles=None):
        """Raw in, readable out: forecasts with intervals after the end of each series.

        Args:
            x: Raw series as in `fit`; or a frame, or the path of a table, which may hold several.
                What lies further back than the window does not change the forecast of a single
                series; intervals follow the errors of the five horizons before.
            batch_size: Not used.
            future: Of a model with columns that are known ahead: their values in the rows after the
                end of the series. A table with these columns and their times, or an array
                `[horizon, columns]`.
            quantiles: Probabilities such as `[0.1, 0.5, 0.9]`, of which the values are wanted too,
                below which the series will be with these; or None. Like the intervals they follow
                from the errors of forecasts of later parts of the training data; that of 0.5 is the
                forecast.

        Returns:
            A list with a dict for each series, with `"forecast"`, `"lower"` and `"upper"` and
            where times are known `"time"`, where they have names `"series"`, and if wanted
            `"quantiles"`: a dict of probability to what `"forecast"` is like; for one series its
            dict alone.

        Raises:
            ValueError: If rows of what is known ahead are missing; the message says which.
        """
        del batch_size
        self._check_fitted("infer")
        quantiles = given.checked_quantiles(quantiles)
        names, x = self._histories(x)
        x, single = self.given(x)
        longer = x
        if self.input_feature.future:
            x = raw_tensor(x, self.input_feature)  # [series, (time), raw_width]
            longer = self._with_future(x, future, names)
        elif future is not None:
            raise ValueError(
                "The model has no columns that are known ahead: name them with future=... in "
                "recipe.data, or in Series. Received: future with infer"
            )
        data = in_memory(self.prepare(longer, targets=False), "infer")
        results = self._readable(x, *Running(self).last(one_by_one(data)), quantiles)
        return results[0] if single else given.with_names(results, names)

    def _with_future(self, x, future, names):
        """Raw series that go on by what is known ahead; other columns repeat their last value."""
        feature, count = self.input_feature, self.output_feature.horizon
        series = [each.numpy() for each in x]
        ends = [each[-1, 0] if feature.time else None for each in series]
        ahead = rows_ahead(future, feature, ends, count, names)  # [series, horizon, known]
        columns = [int(feature.time) + feature.names.index(name) for name in feature.future]
        result = []
        for past, values, end in zip(series, ahead, ends, strict=True):
            rows = np.repeat(past[-1:], count, axis=0)
            if feature.time:
                rows[:, 0] = following(end, count, feature.step, feature.frequency)
            rows[:, columns] = values
            result.append(np.concatenate([past, rows]))
        return tf.ragged.stack([tf.constant(each) for each in result])

    def serve(self, codes, words=None, seed=None):
        if self.input_feature.future:
            raise ValueError(
                "A SavedModel reads the past alone, and this model also reads columns that are "
                f"known ahead: {self.input_feature.future}. Train one without future=... to export"
            )
        return super().serve(codes, words, seed)


def _in_logarithms(transform, output_feature):
    """Whether logarithms are looked at beside the values; see the argument `transform`."""
    return transform != "none" and output_feature.transform is None


def _scaling(feature, size=None):
    """Mean and deviation by which a feature standardises its first columns, as lists."""
    size = feature.size if size is None else size
    if not feature.normalize:
        return [0.0] * size, [1.0] * size
    return feature.mean[:size], feature.deviation[:size]
