"""Forecasts of time series by a recurrent network that is trained by gradient."""

import keras
import numpy as np

from rnnkit.data.pipeline.encoded import Streamed
from rnnkit.features import Forecast, Series
from rnnkit.losses.masked import OutputErrors
from rnnkit.models import forecasting
from rnnkit.models.forecast import checks, naive
from rnnkit.models.forecast.blend import shares_of
from rnnkit.models.forecast.conformal import Conformal
from rnnkit.models.forecast.likely import Likely, check_likelihood
from rnnkit.models.heads.steps import Distributions, Numbers, RelativeNumbers
from rnnkit.models.inputs import sequences
from rnnkit.models.many_to_many import ManyToMany
from rnnkit.models.outputs import check_features
from rnnkit.models.windows import read_in_pieces
from rnnkit.utils.config import given
from rnnkit.utils.progress import asked

# Series that errors are measured on where the data does not end.
MEASURED = 64


@keras.saving.register_keras_serializable(package="rnnkit")
class Forecaster(Likely, Conformal, forecasting.Forecasting, ManyToMany):
    """A series → at each step its next values, or numbers that belong to the step.

    With `Forecast` as output the model forecasts at every step, and `infer` gives the forecast
    after the end of a series, with intervals. With `Series` as output it gives other numbers of
    the step.

    After a `fit` with validation data the intervals are conformal: as wide, at each lead, as the
    errors there were. Where errors grow with the forecast, or with `relative` with how much the
    series changes of late, so do they; which of these is decided by the interval scores of later
    and earlier parts of that data. Without validation data, or with too little (fewer than three
    horizons, or than 4 errors for intervals of 80 %), they are those of a normal distribution with
    the size of the errors.

    Args:
        input_feature: Adapted `Series`.
        output_feature: Adapted `Forecast` or `Series`.
        cell: Name of a cell (`"lstm"`, `"gru"`, `"simple_rnn"`, `"dense"`, `"esn"`, a reference
            cell) or a Keras RNN cell; see `rnnkit.layers.recurrent`. `"dense"` has no memory.
        units: Size of the state, in each direction.
        num_layers: Recurrent layers on top of each other.
        bidirectional: Whether the series is also read from its end (not for forecasts).
        window: Steps of the pieces that long series are cut into, with which the network is
            trained and used; None takes series whole.
        washout: Steps at the start of each piece that warm the state up and do not count. Pieces
            overlap by them, so that every later step of a series counts exactly once.
        persistence_residual: Whether a `Forecast` of columns that are among the inputs starts from
            their present values, so that the network learns the change. Untrained it is then
            nearly the persistence forecast.
        relative: Whether the network reads values relative to what they were, over how much they
            changed of late, and gives changes relative to the naive forecasts; see
            `rnnkit.layers.RunningScale`. So it learns nothing of levels and sizes, and a `fit` with
            validation data ends with a weighted mean of its forecast and the naive ones: each by
            the power -4 of its mean absolute error there. For a `Forecast` of columns of the input,
            without missing values.
        dropout: Fraction of the features below each recurrent layer dropped in training.
        output_dropout: Fraction of the states dropped in training.
        recurrent_dropout: Fraction of the recurrent connections dropped in training; this loses
            the fused kernels.
        ensemble: Number of networks of this kind, trained one after the other from seeds that count
            up from `seed`, whose outputs are averaged; see `rnnkit.models.members.Ensemble`.
        interval: Probability with which the intervals of forecasts are to hold.
        likelihood: Name of the distribution of forecasts whose parameters the network gives at each
            lead, trained by their log-likelihood: `"normal"`, `"student_t"`, and of counts
            `"poisson"` or `"negative_binomial"`; or None. The forecast is then its mean, and
            intervals and quantiles are its quantiles, of counts whole numbers, never below 0. Means
            of counts are multiples of the mean count of late (`rnnkit.layers.CountLevel`), so that
            series of all sizes share a network. Nothing is weighed beside naive forecasts or by
            validation data. Losses of two likelihoods do not compare: `score` and `backtest` do.
            With a `transform` of the targets the distribution is that of the transformed values.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Attributes:
        errors: Root mean squared error of each output in standardised units, NumPy `[width]`: on
            the validation data of the last `fit`, or without such data in its last epoch.

    Example:

    >>> load = np.sin(np.arange(2_000) / 4)
    >>> series = rnnkit.features.Series().adapt(load)
    >>> ahead = rnnkit.features.Forecast(horizon=24).adapt(load)
    >>> model = rnnkit.models.Forecaster(series, ahead, cell="lstm", window=168, washout=48)
    >>> model.fit(load, epochs=5)
    >>> model.infer(load[-200:])["forecast"]

    Counts, whose quantiles are whole numbers:

    >>> sold = np.random.default_rng(0).poisson(3.0, 200).astype("float64")
    >>> series = rnnkit.features.Series().adapt(sold)
    >>> ahead = rnnkit.features.Forecast(horizon=2).adapt(sold)
    >>> model = rnnkit.models.Forecaster(series, ahead, units=4, likelihood="poisson", seed=1)
    >>> _ = model.fit(sold, epochs=2, verbose=0)
    >>> [value % 1 for value in model.infer(sold)["upper"]]
    [0.0, 0.0]

    Reference:
        Salinas, Flunkert, Gasthaus and Januschowski, "DeepAR: probabilistic forecasting with
        autoregressive recurrent networks", 2020, https://doi.org/10.1016/j.ijforecast.2019.07.001,
        for `likelihood`; here each lead has its own distribution, and no paths are sampled.
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="lstm",
        units=64,
        num_layers=1,
        bidirectional=False,
        window=None,
        washout=0,
        persistence_residual=True,
        relative=False,
        dropout=0.0,
        output_dropout=0.0,
        recurrent_dropout=0.0,
        ensemble=1,
        interval=0.8,
        likelihood=None,
        seed=None,
        name=None,
    ):
        arguments = given(locals())
        check_features(input_feature, output_feature, (Series, Forecast))
        if not isinstance(input_feature, Series):
            raise ValueError(
                f"input_feature must be a Series. Received: {type(input_feature).__name__}"
            )
        checks.check_directions(bidirectional, output_feature, "layer")
        checks.check_future(input_feature, "Forecaster")
        checks.check_interval(interval)
        checks.check_transforms(input_feature, output_feature)
        check_likelihood(likelihood, output_feature, ensemble)
        present = naive.present_value(input_feature, output_feature)
        if relative:
            checks.check_relative(input_feature, present, persistence_residual)
            scaling = {
                "columns": input_feature.dynamic,
                "targets": present["columns"],
                "period": output_feature.period,
                **{name: each for name, each in present.items() if name != "columns"},
            }
        present = present if persistence_residual else None
        if likelihood is not None:
            level = naive.count_level(input_feature, output_feature) if present else None
            head = Distributions(
                output_feature, likelihood, present, scaling if relative else None, level
            )
        elif relative:
            head = RelativeNumbers(output_feature, **scaling)
        else:
            head = Numbers(output_feature, present)

        def read(seeds):
            inputs, (x,) = sequences.numbers(input_feature, None, seeds)
            return inputs, head.read(x) if relative else x

        super().__init__(read, head, **arguments)

    @property
    def errors(self):
        return keras.ops.convert_to_numpy(self.get_layer("known_errors").errors)

    @property
    def fitted(self):
        """Whether the model was trained, so that the size of its errors is known."""
        return bool((self.errors != 1).any())

    def read_served(self, codes, lengths):
        return self._read(lambda inputs: self(inputs, training=False), codes, lengths)

    def _read(self, compute, codes, lengths):
        """As `rnnkit.models.windows.read_in_pieces`, in those of the model."""
        return read_in_pieces(compute, codes, lengths, self.window, self.washout)

    # === Training ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`. By default the loss is the mean squared error over the targets that
        are known, and the metric the mean absolute one."""
        metrics = self.head.metrics(metrics)
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)
        found = [each for each in keras.tree.flatten(metrics) if isinstance(each, OutputErrors)]
        # In a callback: as an attribute of the model Keras would track the metric a second time.
        # Those of an ensemble are measured when all of it is trained.
        self._measuring = MeasureErrors(found[0]) if found and not self.members else None

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        **kwargs,
    ):
        """Trains on raw series; see `Model.fit`.

        Args:
            x: Raw series: one array `[time, columns]`, a list of them, or a dataset of `(x, y)`.
            y: Raw targets, NaN where they are not known. If left out for a `Forecast` of columns
                of the input, they are those columns.
            batch_size: Pieces of series in a step.
            sample_weight: Weight of each series, or of each step `[series, time]`.
            class_weight: Not for numbers: refused.

        Returns:
            The Keras `History`.

        Raises:
            ValueError: If no step counts (series shorter than the washout).
        """
        own = validation_split and y is None and self._own_targets(x) is not None
        with asked(verbose):
            train, held_out = self._prepare_fit(
                x, y, sample_weight, validation_split, validation_data, own
            )
        if self.weighs:  # in training the network alone counts
            self._share([1.0, 0.0, 0.0])
        measured = self._measuring is not None
        if isinstance(callbacks, keras.callbacks.CallbackList):
            measured = False
        elif measured:
            # First, so that the others keep and save the errors with the weights they belong to.
            callbacks = [self._measuring, *keras.tree.flatten(callbacks or [])]
        self.keep_intervals(None)
        history = super().fit(
            train,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            validation_data=held_out,
            shuffle=shuffle,
            class_weight=class_weight,
            **kwargs,
        )
        if not measured and held_out is None:
            self._measure_errors(*self._compared(self._pieces(train), batch_size))
        return history

    def combine(self):
        super().combine()
        if self.weighs and self.members:
            self._share([1.0, 0.0, 0.0])

    @property
    def weighs(self):
        """Whether `fit` ends with a mean of the network's forecast and the naive ones."""
        return self.relative and self.likelihood is None

    @property
    def calibrates(self):
        return True

    def calibrate(self, validation, batch_size=None):
        """Weighs the network beside the naive forecasts, and measures errors and intervals, on
        encoded validation data. `fit` calls it."""
        if validation is None:
            return
        pieces = self._pieces(validation)
        if self.weighs:
            self._weigh(pieces, batch_size)
        outputs, truth = self._compared(pieces, batch_size)
        self._measure_errors(outputs, truth)
        if isinstance(self.output_feature, Forecast) and self.likelihood is None:
            self.keep_intervals(self.intervals_of(pieces, outputs, truth))

    def _compared(self, pieces, batch_size):
        """Outputs and targets of some pieces, each NumPy `[pieces, time, width]`."""
        truth = pieces.tensors[1].to_tensor(np.nan).numpy()
        outputs = self._outputs_of(pieces, batch_size, verbose=0)
        return outputs[:, : truth.shape[1]], truth

    def _share(self, shares):
        """Sets the weights of the network and of the naive forecasts: `[3]`, or of each target
        `[3, targets]`."""
        shares = np.reshape(shares, (3, -1))
        for network in self.members or [self]:
            weights = network.get_layer("add_naive").shares
            weights.assign(np.tile(shares, weights.shape[1] // shares.shape[1]))

    def _weigh(self, pieces, batch_size):
        """Weighs the network and the naive forecasts by their errors on prepared data."""
        errors = []
        for one in np.eye(3):
            self._share(one)
            misses = np.abs(np.subtract(*self._compared(pieces, batch_size)))
            misses = misses.reshape(-1, self.output_feature.size)  # leads count alike
            errors.append(np.nanmean(misses, axis=0))
        errors = np.array(errors)  # [members, targets]
        known = np.isfinite(errors).all(axis=0)
        shares = np.array([shares_of(each) for each in np.where(known, errors, 1.0).T]).T
        self._share(np.where(known, shares, [[1.0], [0.0], [0.0]]))

    def _pieces(self, data):
        """Prepared data as the pieces that errors are measured on."""
        if isinstance(data, Streamed):
            data = self.prepare(data.dataset.take(MEASURED))
        return self.cut(data)

    def keep_errors(self, errors):
        """Keeps root mean squared errors `[width]` as `errors`, where they are not NaN."""
        errors = np.where(np.isfinite(errors), errors, self.errors)
        self.get_layer("known_errors").errors.assign(errors)

    def _measure_errors(self, outputs, truth):
        """Measures the errors of outputs `[pieces, time, width]`."""
        metric = OutputErrors(self.output_feature.width)
        metric.update_state(truth, outputs)
        self.keep_errors(metric.root_mean_squares())


class MeasureErrors(keras.callbacks.Callback):
    """Keeps the errors of each epoch, those on validation data where it knows the targets.

    Args:
        metric: The `OutputErrors` that a `Forecaster` is compiled with.
    """

    def __init__(self, metric):
        super().__init__()
        self.metric = metric
        self.trained = None

    def on_train_begin(self, logs=None):
        self.trained = None

    def on_test_begin(self, logs=None):
        self.trained = self.metric.root_mean_squares()  # before validation resets them

    def on_epoch_end(self, epoch, logs=None):
        errors = self.metric.root_mean_squares()
        if self.trained is not None:
            errors = np.where(np.isnan(errors), self.trained, errors)
        self.model.keep_errors(errors)
