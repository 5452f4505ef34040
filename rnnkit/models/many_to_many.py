"""The many-to-many pattern: a sequence in, a sequence of the same length out."""

import functools

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline import Encoded, Streamed, batch
from rnnkit.features import Forecast, Series
from rnnkit.layers.missing import AddPresent, KnownErrors, MissingToZero
from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.topology import integer, number
from rnnkit.losses import MaskedMeanSquaredError, OutputErrors
from rnnkit.models import fitting, forecasting
from rnnkit.models.base import Model, Seeds, check_features

# Series that errors are measured on where the data does not end.
MEASURED = 64


@keras.saving.register_keras_serializable(package="rnnkit")
class ManyToMany(Model):
    """A sequence → a sequence of the same length: an output at each step, trained by gradient.

    For series of numbers: with `Forecast` as output the model forecasts at every step, with
    `Series` it gives numbers that belong to the step.

    Args:
        input_feature: Adapted `Series`.
        output_feature: Adapted `Forecast` or `Series`.
        cell: Name of a cell (`"lstm"`, `"gru"`, `"simple_rnn"`, `"dense"`, `"esn"`, a reference
            cell) or a Keras RNN cell; see `rnnkit.layers.recurrent`. `"dense"` has no memory.
        units: Size of the state, in each direction.
        num_layers: Recurrent layers on top of each other.
        bidirectional: Whether the sequence is also read from its end (not for forecasts).
        window: Steps of the pieces that long series are cut into, with which the network is
            trained and used; None takes series whole.
        washout: Steps at the start of each piece that warm the state up and do not count. Pieces
            overlap by them, so that every later step of a series counts exactly once.
        skip: Whether a `Forecast` of columns that are among the inputs starts from their present
            values, so that the network learns the change. Untrained it is then nearly the
            persistence forecast.
        dropout: Share of the features below each recurrent layer dropped in training.
        output_dropout: Share of the states dropped in training.
        recurrent_dropout: Share of the recurrent connections dropped in training; this loses the
            fused kernels.
        interval: Probability that the intervals of forecasts shall hold.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Attributes:
        errors: Root mean squared error of each output in standardised units: on the validation
            data of the last `fit`, or without such data in its last epoch.

    Example:

    >>> load = np.sin(np.arange(2_000) / 4)
    >>> series = rnnkit.features.Series().adapt(load)
    >>> ahead = rnnkit.features.Forecast(horizon=24).adapt(load)
    >>> model = rnnkit.models.ManyToMany(series, ahead, cell="lstm", window=168, washout=48)
    >>> model.fit(load, epochs=5)
    >>> model.infer(load[-200:])["forecast"]
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
        skip=True,
        dropout=0.0,
        output_dropout=0.0,
        recurrent_dropout=0.0,
        interval=0.8,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        check_features(input_feature, output_feature, (Series, Forecast))
        if not isinstance(input_feature, Series):
            raise ValueError(
                f"input_feature must be a Series. Received: {type(input_feature).__name__}"
            )
        forecasting.check_directions(bidirectional, output_feature, "layer")
        integer(washout, "washout", least=0)
        if window is not None:
            integer(window, "window")
            if window <= washout:
                raise ValueError(
                    "window must be longer than the washout, which does not count. Received: "
                    f"window={window}, washout={washout}"
                )
        interval = number(interval, "interval", least=0, most=1)
        seeds = Seeds(seed)

        # === Layers ===
        encoder = recurrent(
            cell,
            units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=True,
            seed=seeds.next(),
            name="encoder",
        )
        present = None
        if skip:
            present = forecasting.present_value(input_feature, output_feature)
        kind = keras.initializers.VarianceScaling
        output = keras.layers.Dense(
            output_feature.width,
            # Beside the present value, changes start near zero.
            kernel_initializer=kind(1e-4 if present else 1.0, "fan_avg", "uniform", seeds.next()),
            dtype="float32",  # also under mixed precision
            name="output",
        )

        # === Functional model ===
        inputs = keras.Input((None, input_feature.width), dtype=input_feature.dtype, name="series")
        x = MissingToZero(name="missing")(inputs)  # [batch, time, features]
        x = encoder(x)  # [batch, time, units]
        x = keras.layers.Dropout(output_dropout, seed=seeds.next(), name="output_dropout")(x)
        outputs = output(x)  # [batch, time, width]
        if present:
            outputs = AddPresent(**present, name="add_present")([inputs, outputs])
        outputs = KnownErrors(name="known_errors")(outputs)  # [batch, time, width]
        super().__init__(
            inputs,
            outputs,
            input_feature=input_feature,
            output_feature=output_feature,
            seed=seed,
            name=name,
        )

        # === Config ===
        self.cell = cell
        self.units = units
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.window = window
        self.washout = washout
        self.skip = skip
        self.dropout = dropout
        self.output_dropout = output_dropout
        self.recurrent_dropout = recurrent_dropout
        self.interval = interval

    # There is an output at each step; see `rnnkit.models.forecasting`.
    stepwise = True

    @property
    def errors(self):
        """Root mean squared error of each output, NumPy `[width]`."""
        return keras.ops.convert_to_numpy(self.get_layer("known_errors").errors)

    # === Compilation ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`; by default the mean squared error over the targets that are known,
        and the mean absolute one as metric."""
        if isinstance(loss, str) and loss == "auto":
            loss = MaskedMeanSquaredError()
        if isinstance(metrics, str) and metrics == "auto":
            metrics = [OutputErrors(self.output_feature.width)]
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)
        found = [item for item in tf.nest.flatten(metrics) if isinstance(item, OutputErrors)]
        # Past Keras, which would track the metric a second time.
        self.__dict__["_measure"] = found[0] if found else None

    # === Data ===

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if targets and y is None and not hasattr(x, "element_spec"):
            y = forecasting.own_targets(self, x)
        if getattr(x, "ndim", 3) < 3 and np.ndim(sample_weight) == 1:
            sample_weight = np.asarray(sample_weight)[None]  # the steps of one series
        return super().prepare(x, y, sample_weight, targets)

    def _batches(self, data, batch_size, shuffle=False, seed=None):
        return super()._batches(self._cut(data), batch_size, shuffle, seed)

    def _cut(self, data):
        """Encoded series as the pieces that the network is trained and used with."""
        if isinstance(data, Windows):
            return data
        if not isinstance(data, Streamed):
            nothing = functools.partial(forecasting.nothing_counts, self.output_feature)
            return Windows(data, self.window, self.washout, nothing)

        def encode(*raw):
            return cut(data.encode(*raw), self.window, self.washout)[0]

        dataset = data.dataset
        if dataset.cardinality() >= 0:  # of series; how many pieces they make is not known
            dataset = dataset.filter(_every)
        return Streamed(dataset, encode, data.padding)

    # === Training ===

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
        own = validation_split and y is None and forecasting.own_targets(self, x) is not None
        train, held_out = fitting.encoded(
            self, x, y, sample_weight, validation_split, validation_data, own
        )
        watched = self._measure is not None
        if isinstance(callbacks, keras.callbacks.CallbackList):
            watched = False
        else:
            callbacks = callbacks or []
            callbacks = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
            # First, so that the others keep and save the errors with the weights they belong to.
            callbacks = [_Measuring(), *callbacks] if watched else list(callbacks)
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
        if not watched:
            self._measured(held_out or train)
        return history

    def _learn_errors(self, errors):
        """Keeps root mean squared errors `[width]`, where they are known."""
        errors = np.where(np.isfinite(errors), errors, self.errors)
        self.get_layer("known_errors").errors.assign(errors)

    def _measured(self, data):
        """Measures the errors anew, where training did not."""
        if isinstance(data, Streamed):
            data = self.prepare(data.dataset.take(MEASURED))
        metric = OutputErrors(self.output_feature.width)
        data = self._cut(data)
        metric.update_state(data.tensors[1].to_tensor(np.nan), self._pieces(data, None, verbose=0))
        self._learn_errors(metric.root_mean_squares())

    # === Use ===

    def predict(self, x, batch_size=None, verbose=0, **kwargs):
        """Outputs for raw series, in standardised units.

        A long series is read in the pieces that the network was trained with, so that it is never
        further from the start of one than in training.

        Args:
            x: Raw series as in `fit`.
            batch_size: Pieces of series computed at a time.

        Returns:
            NumPy array `[series, time, width]`, NaN after the end of a series; `[time, width]` for
            one series given as an array of its own.
        """
        data = self.prepare(x, targets=False)
        if isinstance(data, Streamed):
            blocks = batch(data.dataset, self._batch_size(batch_size))
            parts = [
                self.predict(Encoded(data.encode(*raw), data.padding), batch_size, verbose)
                for raw in blocks
            ]
            steps = max(part.shape[1] for part in parts)
            gaps = [((0, 0), (0, steps - part.shape[1]), (0, 0)) for part in parts]
            padded = [
                np.pad(part, gap, constant_values=np.nan)
                for part, gap in zip(parts, gaps, strict=True)
            ]
            return np.concatenate(padded)
        pieces = self._cut(Encoded(data.tensors[:1], data.padding))
        outputs = self._pieces(pieces, batch_size, verbose=verbose, **kwargs)
        result = pieces.joined(outputs)  # [series, time, width]
        single = isinstance(x, np.ndarray) and x.ndim < 3
        return result[0] if single else result

    def _pieces(self, pieces, batch_size, **kwargs):
        """Outputs for cut data, in its order: `[pieces, time, width]`, padding included."""
        return super().predict(pieces, batch_size, **kwargs)

    def infer(self, x, batch_size=None):
        """Raw in, readable out: forecasts with intervals after the end of each series.

        Args:
            x: Raw series as in `fit`.

        Returns:
            A list with what the output feature's `decode` gives for each series; for one series
            its result alone.
        """
        return forecasting.infer(self, x, batch_size)

    def score(self, x, y=None, batch_size=None, verbose=0):
        """Scores of the outputs; of forecasts, beside those of naive ones. See `forecasting`."""
        return forecasting.score(self, self.prepare(x, y), batch_size)


# === Windows ===


class Windows(Encoded):
    """Encoded series, cut into pieces; see `cut`.

    With targets, pieces without a known one are left out.

    Args:
        data: `Encoded` series `(x[, y[, weight]])`.
        window: Steps of a piece, or None for whole series.
        washout: Steps at the start of each piece that do not count.
        nothing: Function from the washout and the steps of the longest series to what to say if
            no step counts.

    Raises:
        ValueError: If no target is known.
    """

    def __init__(self, data, window, washout, nothing):
        self._series = _ragged(data.tensors[0]).row_lengths().numpy()  # [series]
        self._longest, self._washout = int(self._series.max()), washout
        tensors, self._first = cut(data.tensors, window, washout)
        if len(tensors) > 1:
            finite = tensors[1].with_flat_values(
                tf.reduce_any(tf.math.is_finite(tensors[1].flat_values), axis=-1)
            )
            known = tf.where(tf.reduce_any(finite, axis=1))[:, 0]  # [pieces with a known target]
            if not len(known):
                raise ValueError(nothing(washout, self._longest))
            tensors = tuple(tf.gather(part, known) for part in tensors)
        super().__init__(tensors, data.padding)

    def joined(self, outputs):
        """Outputs of the pieces `[pieces, time, width]` as those of the series, NaN after their
        ends: `[series, time, width]`."""
        lengths = self.tensors[0].row_lengths().numpy()  # [pieces]
        times = np.arange(outputs.shape[1])
        start = np.where(self._first.numpy(), 0, self._washout)  # [pieces]
        new = (times >= start[:, None]) & (times < lengths[:, None])  # [pieces, time]
        shape = (len(self._series), self._longest, outputs.shape[2])
        result = np.full(shape, np.nan, outputs.dtype)
        # Pieces and steps are in the order of the series and of time.
        result[np.arange(self._longest) < self._series[:, None]] = outputs[new]
        return result


def cut(tensors, window, washout):
    """Cuts encoded series into pieces that overlap by the washout.

    Args:
        tensors: `(x[, y[, weight]])`: ragged or dense tensors `[series, time, ...]`; weights also
            `[series]`.
        window: Steps of a piece, or None for whole series.
        washout: Steps at the start of each piece whose targets become NaN.

    Returns:
        The pair of such a tuple `[pieces, (time), ...]`, and of which pieces begin a series,
        boolean `[pieces]`. Every step of a series from the washout on has its target in exactly
        one piece.
    """
    splits = _ragged(tensors[0]).row_splits
    begins, lengths = splits[:-1], splits[1:] - splits[:-1]  # [series]
    if window is None:
        counts = tf.ones_like(lengths)
        size, stride = tf.maximum(tf.reduce_max(lengths), 1), tf.constant(1, lengths.dtype)
    else:
        size = tf.constant(window, lengths.dtype)
        stride = size - washout
        counts = tf.maximum(-((washout - lengths) // stride), 1)  # pieces of each series
    series = tf.repeat(tf.range(tf.shape(lengths, lengths.dtype)[0]), counts)  # [pieces]
    place = tf.ragged.range(counts).flat_values  # [pieces], number within the series
    start = place * stride
    stop = tf.minimum(start + size, tf.gather(lengths, series))
    begin = tf.gather(begins, series)
    rows = tf.ragged.range(begin + start, begin + stop)  # [pieces, (time)]
    times = tf.ragged.range(stop - start).flat_values  # [steps]
    results = []
    for index, part in enumerate(tensors):
        if not isinstance(part, tf.RaggedTensor) and part.shape.rank == 1:
            results.append(tf.gather(part, series))
            continue
        values = tf.gather(_ragged(part).flat_values, rows.flat_values)  # [steps, ...]
        if index == 1 and washout:
            early = tf.reshape(times < washout, [-1] + [1] * (values.shape.rank - 1))
            values = tf.where(early, tf.constant(np.nan, values.dtype), values)
        results.append(rows.with_flat_values(values))
    return tuple(results), place == 0


def _every(*_):
    return tf.constant(True)


def _ragged(tensor):
    return tensor if isinstance(tensor, tf.RaggedTensor) else tf.RaggedTensor.from_tensor(tensor)


class _Measuring(keras.callbacks.Callback):
    """Keeps the errors of each epoch, those on validation data where it knows the targets."""

    trained = None

    def on_test_begin(self, logs=None):
        self.trained = self.model._measure.root_mean_squares()  # before validation resets them

    def on_epoch_end(self, epoch, logs=None):
        errors = self.model._measure.root_mean_squares()
        if self.trained is not None:
            errors = np.where(np.isnan(errors), self.trained, errors)
        self.model._learn_errors(errors)
