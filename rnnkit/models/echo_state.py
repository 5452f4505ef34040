"""The echo state network: a fixed reservoir, and a readout solved in closed form in one pass."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.features import Forecast, Label, Number, Series
from rnnkit.layers.readout import RidgeReadout
from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.stack import RecurrentStack
from rnnkit.layers.topology import Topology
from rnnkit.models import forecasting
from rnnkit.models.base import Model
from rnnkit.models.outputs import check_features
from rnnkit.models.reservoir import closed_loop
from rnnkit.models.reservoir.passes import Pass
from rnnkit.training.class_weights import class_weights
from rnnkit.training.stopping import BestKept, with_defaults
from rnnkit.utils.checks import integer, number
from rnnkit.utils.seeds import Seeds

# Ridge values to choose from.
RIDGES = tuple(10.0**power for power in range(-9, 5))


@keras.saving.register_keras_serializable(package="rnnkit")
class EchoStateNetwork(Model):
    """A series → a series, a label or a number, through a reservoir that is not trained.

    `fit` runs the reservoir once over the data and solves for the readout: a ridge regression of
    the targets on a constant, the inputs and the states. There are no epochs and no gradients.
    With `Forecast` as output it forecasts at every step; with horizon 1 it can also run freely on
    its own output (`forecast`).

    Args:
        input_feature: Adapted `Series`. Its dtype is that of the network: `"float64"` where a
            free run shall stay close to a chaotic system for long.
        output_feature: Adapted `Forecast` or `Series` (an output at each step), `Label` or
            `Number` (one output a series).
        units: Size of each reservoir layer and direction.
        num_layers: Reservoirs on top of each other; the states of all are read.
        bidirectional: Whether each layer also reads from the end (not for forecasts).
        spectral_radius: See `rnnkit.layers.ESNCell`, as for `leak_rate`, `input_scaling`,
            `bias_scaling`, `connectivity`, `degree`, `topology`, `activation` and `noise`.
        upper_scaling: Input scaling of the layers above the first, divided by the square root of
            how many states they hear.
        output_feedback: Whether the reservoir also hears the outputs of the step before: the
            targets in `fit`, its own outputs in `predict`.
        feedback_scaling: Input scaling of the outputs fed back.
        ridge: Regularisation, added to the diagonal of the Gram matrix: a number, or several to
            choose from by the error on validation data, or without such data by generalised
            cross-validation.
        washout: Steps at the start of each series that do not count, while the reservoir forgets
            that it started from zero; by default 100 for an output at each step, else 0.
        pooling: Which states are read for a label or number: `"last"` or `"mean"`.
        read_inputs: Whether the readout reads the inputs beside the states.
        skip: Whether the readout of a `Forecast` of columns that are among the inputs is shrunk
            towards persistence (the present values) instead of towards the mean, by the ridge.
            Needs `read_inputs`. Real series whose level drifts gain by it.
        ensemble: Number of reservoirs, drawn and solved independently, whose outputs are averaged.
        interval: Probability that the intervals of forecasts shall hold.
        seed: Integer that fixes the weights, or None.
        name: Name of the model.

    Example:

    >>> series = rnnkit.datasets.dynamics.mackey_glass(5_000)
    >>> x = rnnkit.features.Series().adapt(series)
    >>> y = rnnkit.features.Forecast().adapt(series)
    >>> model = rnnkit.models.EchoStateNetwork(x, y, units=400, leak_rate=0.3)
    >>> model.fit(series[:4_000], series[:4_000])
    >>> model.forecast(84, warm_up=series[3_000:4_000]).forecast.shape
    (84, 1)

    Reference:
        Jaeger, "The echo state approach to analysing and training recurrent neural networks",
        GMD report 148, 2001; Lukoševičius, "A practical guide to applying echo state networks",
        2012, https://doi.org/10.1007/978-3-642-35289-8_36.
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        units=500,
        num_layers=1,
        bidirectional=False,
        spectral_radius=0.9,
        leak_rate=1.0,
        input_scaling=1.0,
        upper_scaling=1.0,
        bias_scaling=0.2,
        connectivity=None,
        degree=None,
        topology=None,
        activation="tanh",
        noise=0.0,
        output_feedback=False,
        feedback_scaling=1.0,
        ridge=RIDGES,
        washout=None,
        pooling="last",
        read_inputs=True,
        skip=False,
        ensemble=1,
        interval=0.8,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        check_features(input_feature, output_feature, (Series, Forecast, Label, Number))
        if not isinstance(input_feature, Series):
            raise ValueError(
                "input_feature must be a Series; for other inputs use cell='esn' in another "
                f"pattern, such as ManyToOne. Received: {type(input_feature).__name__}"
            )
        stepwise = isinstance(output_feature, (Series, Forecast))
        if pooling not in ("last", "mean"):
            raise ValueError(f"pooling must be 'last' or 'mean'. Received: pooling={pooling!r}")
        forecasting.check_directions(bidirectional, output_feature, "reservoir")
        if output_feedback and (not stepwise or bidirectional):
            raise ValueError(
                "output_feedback needs an output at each step and one direction. Received: "
                f"output_feature={type(output_feature).__name__}, bidirectional={bidirectional}"
            )
        washout = (100 if stepwise else 0) if washout is None else washout
        integer(washout, "washout", least=0)
        integer(ensemble, "ensemble")
        if not 0 < number(interval, "interval", least=0, most=1) < 1:
            raise ValueError(f"interval must be between 0 and 1. Received: interval={interval}")
        try:
            ridges = np.atleast_1d(np.asarray(ridge, "float64"))
        except (TypeError, ValueError):
            ridges = np.empty(0)
        if ridges.ndim != 1 or not ridges.size or not (np.isfinite(ridges) & (ridges >= 0)).all():
            raise ValueError(
                "ridge must be a finite number that is not negative, or several. "
                f"Received: ridge={ridge!r}"
            )
        dtype = input_feature.dtype
        targets = output_feature.size if isinstance(output_feature, Label) else output_feature.width
        fed_back = targets if output_feedback else 0
        seeds = Seeds(seed)
        integer(num_layers, "num_layers")
        integer(units, "units")
        reservoir = {
            "units": units,
            "num_layers": num_layers,
            "bidirectional": bidirectional,
            "spectral_radius": spectral_radius,
            "leak_rate": leak_rate,
            "input_scaling": input_scaling,
            "upper_scaling": upper_scaling,
            "bias_scaling": bias_scaling,
            "connectivity": connectivity,
            "degree": degree,
            "topology": topology,
            "activation": activation,
            "noise": noise,
            "feedback_scaling": feedback_scaling,
        }

        # === Functional model ===
        inputs = keras.Input((None, input_feature.width + fed_back), dtype=dtype, name="series")
        members = []
        for member in range(ensemble):
            options = {**reservoir, "feedback_size": fed_back, "dtype": dtype}
            layer = recurrent("esn", return_sequences=True, seed=seeds.next, **options)
            layers = layer.layers if num_layers > 1 else [layer]
            settings = {"dtype": dtype, "name": f"reservoir_{member}"}
            stack = RecurrentStack(layers, read_all=True, **settings)
            x = stack(inputs)  # [batch, time, layers * units]
            if read_inputs:
                x = keras.ops.concatenate([inputs, x], axis=-1)  # [batch, time, read]
            if not stepwise:
                last = pooling == "last"
                x = x[:, -1] if last else keras.ops.mean(x[:, washout:], axis=1)  # [batch, read]
            readout = RidgeReadout(targets, dtype=dtype, name=f"readout_{member}")
            members.append(readout(x))  # [batch, (time,) targets]
        outputs = keras.ops.mean(keras.ops.stack(members), axis=0)  # [batch, (time,) targets]
        if isinstance(output_feature, Label):
            outputs = _probabilities(outputs, keras.ops)  # [batch, classes]
        super().__init__(
            inputs,
            outputs,
            input_feature=input_feature,
            output_feature=output_feature,
            seed=seed,
            name=name,
        )

        self._stream = None  # where the last series learned from ended: (steps, states)
        self._noise_count = 0

        # === Config ===
        self._arguments = {
            **reservoir,
            "leak_rate": np.asarray(leak_rate).tolist(),
            "input_scaling": np.asarray(input_scaling).tolist(),
            "output_feedback": output_feedback,
            "ridge": ridges.tolist() if np.ndim(ridge) else float(ridge),
            "washout": washout,
            "pooling": pooling,
            "read_inputs": read_inputs,
            "skip": skip,
            "ensemble": ensemble,
            "interval": interval,
        }
        for key, value in self._arguments.items():
            setattr(self, key, value)

    @property
    def stepwise(self):
        """Whether there is an output at each step, not one a series."""
        return isinstance(self.output_feature, (Series, Forecast))

    @property
    def readouts(self):
        """The readout layers of the members."""
        return [self.get_layer(f"readout_{member}") for member in range(self.ensemble)]

    @property
    def errors(self):
        """Root mean squared error of each output in training, or on validation data."""
        return np.mean([readout.numpy("error") for readout in self.readouts], axis=0)

    @property
    def fitted(self):
        """Whether `fit` or `partial_fit` has solved the readout."""
        return bool(self.readouts[0].numpy("count") > 0 or self.readouts[0].numpy("partly"))

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
        validation_batch_size=None,
        interrupted_path=None,
        initial_epoch=0,
        **kwargs,
    ):
        """Solves the readout in one pass over the data, anew each time it is called.

        Args:
            x: Raw series as in `Model.fit`: one array `[time, columns]`, a list of them, or a
                dataset of `(x, y)`.
            y: Raw targets, NaN where they are not known. If left out for a `Forecast` of columns
                of the input, they are those columns.
            batch_size: Series whose states are computed at a time.
            epochs: Not used: one pass is all there is to learn from.
            verbose: Whether a progress bar is shown.
            callbacks: Keras callbacks; they see one epoch.
            validation_split: As in `keras.Model.fit`.
            validation_data: Raw data by which the ridge value is chosen where there are several.
            shuffle: Not used.
            class_weight: Dict of weight by class.
            sample_weight: Weight of each series, or of each step `[series, time]`.
            validation_batch_size: As `batch_size`, for validation.
            interrupted_path: Where Ctrl-C leaves what could be learned from the data so far.
            initial_epoch: Not used.
            **kwargs: `steps_per_epoch` and the like are refused.

        Returns:
            The Keras `History` with `loss` and `val_loss`: mean squared errors in standardised
            units.

        Raises:
            ValueError: If no step counts (series shorter than the washout), or if the Gram matrix
                is singular.
        """
        if kwargs:
            raise ValueError(f"fit does not take {sorted(kwargs)} here: it makes one pass")
        own = y is None and not hasattr(x, "element_spec") and not isinstance(x, tuple)
        data, held_out = self._prepare_fit(
            x, y, sample_weight, validation_split, validation_data, own
        )
        weights = class_weights(class_weight, self.output_feature)
        callbacks = with_defaults(callbacks, self.optimizer, warmup=self.fit_defaults.get("warmup"))
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks = keras.callbacks.CallbackList(callbacks, add_history=True, model=self)
        callbacks.on_train_begin()
        callbacks.on_epoch_begin(0)
        with BestKept(self, path=interrupted_path):
            run = Pass(self, data, batch_size, verbose=verbose, class_weights=weights)
            self._stream = None
            try:
                equations = run.equations()
            except KeyboardInterrupt:
                with contextlib.suppress(ValueError):  # too few steps yet for a solution
                    self._solve(run.partial or [], None)
                raise
            self._stream = run.stream
            validation = None
            if held_out is not None:
                validation = Pass(self, held_out, validation_batch_size or batch_size).equations(
                    noise=False
                )
            logs = self._solve(equations, validation)
            callbacks.on_epoch_end(0, logs)
            callbacks.on_train_end(logs)
        return self.history

    def _solve(self, equations, validation, ridge=None):
        """Sets the readouts from their normal equations; returns the mean squared errors."""
        ridge = self.ridge if ridge is None else ridge
        solutions, start = [], self._persistence()
        beyond = [each.beyond(start) for each in equations]
        if isinstance(ridge, list):
            held_out = [None if validation is None else validation[m].beyond(start)
                        for m in range(self.ensemble)]  # fmt: skip
            paths = [each.path(ridge, held_out[member]) for member, each in enumerate(beyond)]
            # One value for all members and targets; each target counts by its own variance.
            scale = np.maximum(equations[0].mean_squares(), 1e-12)  # [targets]
            # A validation part shorter than the horizon does not know all leads.
            errors = np.nanmean([error / scale for _, error in paths], axis=(0, 2))  # [ridges]
            best = int(np.nanargmin(np.where(np.isfinite(errors), errors, np.inf)))
            ridge = ridge[best]
            solutions = [start + weights[best] for weights, _ in paths]
        else:
            solutions = [start + each.solve(ridge) for each in beyond]
        logs = {"loss": [], "val_loss": []}
        for member, (readout, weights) in enumerate(zip(self.readouts, solutions, strict=True)):
            if not np.isfinite(weights).all():
                raise ValueError(
                    "The readout has no finite solution: the states or targets are too large, or "
                    f"ridge={ridge} is too small"
                )
            error = equations[member].mean_squared_error(weights)
            logs["loss"].append(error.mean())
            if validation is not None:
                held_out = validation[member].mean_squared_error(weights)
                logs["val_loss"].append(np.nanmean(held_out))
                error = np.where(np.isnan(held_out), error, held_out)
            readout.learn(weights, equations[member], np.sqrt(error), ridge)
        return {key: float(np.mean(values)) for key, values in logs.items() if values}

    def _persistence(self):
        """The weights `[1 + features, targets]` of the persistence forecast; 0 without `skip`."""
        readout = self.readouts[0]
        weights = np.zeros((readout.gram.shape[0], readout.units))
        present = None
        if self.skip and self.read_inputs:
            present = forecasting.present_value(self.input_feature, self.output_feature)
        if present:
            width = len(present["columns"])
            for target, column in enumerate(present["columns"]):
                # Leads of a target are `width` apart; the constant comes before the inputs.
                weights[0, target::width] = present["offset"][target]
                weights[1 + column, target::width] = present["scale"][target]
        return weights

    def partial_fit(self, x, y=None, sample_weight=None, *, forgetting=1.0, continued=False):
        """Learns from more data: recursive least squares, a block of steps at a time.

        With `forgetting=1` the readout is the ridge solution on all data so far, that of `fit`
        included. The ridge value is the one that `fit` chose, or the only or middle one given.

        Args:
            x: Raw series as in `fit`, in order of time.
            y: Raw targets as in `fit`.
            sample_weight: As in `fit`.
            forgetting: Weight of the past after each step, above 0 and at most 1: steps count less
                the longer ago they were. With .999 about the last thousand count.
            continued: Whether the series goes on where that of the last call (or of `fit`) ended:
                the reservoir keeps its state, and the washout is not begun anew. One series at a
                time. For a `Forecast` the last `horizon` steps of each block have no target yet,
                and are not learned from.

        Returns:
            The model.

        Raises:
            ValueError: If targets are missing in some columns only, or if `continued` cannot be:
                several series, two directions, output feedback, or one output a series.

        Reference:
            Haykin, "Adaptive filter theory", chapter on recursive least squares; in information
            form, which does not drift.
        """
        if not 0 < number(forgetting, "forgetting", least=0, most=1):
            raise ValueError(f"forgetting must be above 0. Received: forgetting={forgetting}")
        data = self.prepare(x, y, sample_weight)
        if continued:
            self._check_continued(data)
        run = Pass(self, data, None, forgetting=forgetting, continued=continued)
        new = run.equations()
        self._stream = run.stream
        if continued and not run.rows:  # still within the washout, or nothing known
            return self
        equations = []
        for readout, fresh in zip(self.readouts, new, strict=True):
            if len(fresh.parts) > 1 or readout.numpy("partly"):
                raise ValueError(
                    "partial_fit needs targets that are known, or missing, in all columns together"
                )
            equations.append(readout.equations.scale(forgetting**run.rows).merge(fresh))
        if self.fitted:
            ridge = float(self.readouts[0].numpy("ridge"))
        else:
            ridge = self.ridge[len(self.ridge) // 2] if isinstance(self.ridge, list) else self.ridge
        self._solve(equations, None, ridge)
        return self

    def _check_continued(self, data):
        count = len(data) if isinstance(data, Encoded) else "a stream of"
        if not self.stepwise or self.bidirectional or self.output_feedback or count != 1:
            raise ValueError(
                "continued=True needs an output at each step, one direction, no output feedback, "
                f"and one series at a time. Received: {count} series, output_feature="
                f"{type(self.output_feature).__name__}, bidirectional={self.bidirectional}, "
                f"output_feedback={self.output_feedback}"
            )

    def fine_tune(self, x, y=None, **kwargs):
        """Learns from more data beside the old; see `partial_fit`."""
        kwargs = {key: kwargs[key] for key in ("sample_weight", "forgetting") if key in kwargs}
        return self.partial_fit(x, y, **kwargs)

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if targets and y is None and not hasattr(x, "element_spec"):
            y = forecasting.own_targets(self, x)
        if sample_weight is not None and not hasattr(x, "element_spec"):
            if forecasting.is_single(self.input_feature, x):
                sample_weight = np.reshape(sample_weight, (1, -1))  # the steps of one series
            elif any(np.ndim(each) for each in sample_weight):  # steps of series of any lengths
                rows = [np.asarray(each, "float32") for each in sample_weight]
                sample_weight = np.zeros((len(rows), max(map(len, rows))), "float32")
                for place, row in zip(sample_weight, rows, strict=True):
                    place[: len(row)] = row
        in_memory = isinstance(x, np.ndarray | list) and sample_weight is None
        if in_memory and targets == (y is not None):
            # All at once: to set up tf.data takes longer than the reservoir runs.
            features = (self.input_feature, self.output_feature)
            raw = [features[0].to_tensor(x)] + ([features[1].to_tensor(y)] if targets else [])
            sizes = {int(each.shape[0] or 0) for each in raw}
            if len(sizes) == 1 and 0 not in sizes:
                encoded = self.encode(*raw)
                self._check(raw, encoded)
                return Encoded(encoded, tuple(each.padding for each in features))
        return super().prepare(x, y, sample_weight, targets)

    def _check(self, raw, encoded):
        super()._check(raw, encoded)
        if self.stepwise and raw[1:]:
            lengths = [_lengths(values) for values in raw[:2]]
            wrong = np.flatnonzero(lengths[0] != lengths[1])
            if len(wrong):
                of_x, of_y = (int(each[wrong[0]]) for each in lengths)
                raise ValueError(
                    "x and y must have as many steps. Received: a series of "
                    f"{of_x:,} steps with targets at {of_y:,} (number {int(wrong[0])})"
                )

    # === Use ===

    def predict(self, x, batch_size=None, verbose=0, **kwargs):
        """Outputs for raw series, in standardised units.

        Args:
            x: Raw series as in `fit`.
            batch_size: Series computed at a time.

        Returns:
            NumPy array: `[series, time, targets]` with an output at each step, NaN after the end
            of a series (`[time, targets]` for one series given as an array of its own); else
            `[series, targets]`, for labels probabilities.
        """
        del verbose, kwargs
        data = self.prepare(x, targets=False)
        outputs = Pass(self, data, batch_size).outputs()
        single = self.stepwise and isinstance(x, np.ndarray) and x.ndim < 3
        return outputs[0] if single else outputs

    def states(self, x, batch_size=None):
        """States of the reservoirs under raw series, from a state of zero on.

        Args:
            x: Raw series as in `fit`.
            batch_size: Series computed at a time.

        Returns:
            A list of NumPy arrays, `[time, states]` for each series: the units of all layers, for
            two directions those of both, of all members of the ensemble. For one series given as
            an array of its own that array alone.

        Raises:
            ValueError: With output feedback, as the states depend on the outputs then.
        """
        if self.output_feedback:
            raise ValueError(
                "states are those under inputs alone, and the reservoir hears its outputs too. "
                "Received: a model with output_feedback=True"
            )
        found = Pass(self, self.prepare(x, targets=False), batch_size).states()
        return found[0] if isinstance(x, np.ndarray) and x.ndim < 3 else found

    def evaluate(
        self, x=None, y=None, batch_size=None, return_dict=False, sample_weight=None, **kwargs
    ):
        """Mean squared error on raw data, in standardised units, over targets that are known.

        That of an ensemble is the mean over its members, as in `fit`.
        """
        del kwargs
        data = self.prepare(x, y, sample_weight)
        equations = Pass(self, data, batch_size).equations(noise=False)
        errors = [
            np.nanmean(each.mean_squared_error(readout.solution()))
            for each, readout in zip(equations, self.readouts, strict=True)
        ]
        loss = float(np.mean(errors))
        return {"loss": loss} if return_dict else loss

    def infer(self, x, batch_size=None):
        """Raw in, readable out: forecasts with intervals after the end of each series, or labels.

        Args:
            x: Raw series as in `fit`.

        Returns:
            A list with what the output feature's `decode` gives for each series; for one series
            given as an array its result alone.
        """
        return forecasting.infer(self, x, batch_size)

    def score(self, x, y=None, batch_size=None, verbose=0):
        """The task's own scores; of forecasts, beside those of naive ones. See `forecasting`."""
        if self.stepwise:
            return forecasting.score(self, self.prepare(x, y), batch_size)
        return super().score(x, y, batch_size, verbose)

    def forecast(self, steps, warm_up, inputs=None, *, interval=None, samples=50, seed=None):
        """Runs freely: what the network gives at one step it hears at the next.

        Args:
            steps: How many steps ahead.
            warm_up: Raw series that lead up to the forecast, as in `fit`: one, or several that
                are run at once. Longer than the washout. With output feedback a pair `(x, y)` of
                inputs and targets.
            inputs: Raw inputs of the steps ahead, for columns that are not forecast: an array
                `[steps, columns]`, or one for each series. Values of forecast columns in it are
                not looked at.
            interval: Probability that each interval shall hold, such as 0.8; None gives none.
                Intervals come from free runs of every reservoir of the ensemble, to whose outputs
                normal noise of the size of the errors in training is added.
            samples: Free runs of each reservoir.
            seed: Integer that fixes that noise, or None.

        Returns:
            A `FreeRun` with `forecast`, `lower` and `upper`.

        Raises:
            ValueError: If the network cannot run freely: its horizon is not 1, or its inputs have
                columns that are neither forecast nor given.
        """
        return closed_loop.forecast(
            self, steps, warm_up, inputs, interval=interval, samples=samples, seed=seed
        )

    def get_config(self):
        topology = self.topology
        if isinstance(topology, Topology):
            topology = keras.saving.serialize_keras_object(topology)
        return {**super().get_config(), **self._arguments, "topology": topology}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        if isinstance(config.get("topology"), dict):
            config["topology"] = keras.saving.deserialize_keras_object(config["topology"])
        return super().from_config(config, custom_objects)


def _lengths(values):
    """Steps of each series of a batch, ragged or not, NumPy `[series]`."""
    if isinstance(values, tf.RaggedTensor):
        return values.row_lengths().numpy()
    return np.full(values.shape[0], values.shape[1])


def _probabilities(outputs, ops):
    """Outputs near 0 and 1 as probabilities `[batch, classes]`: cut at 0, and of sum 1."""
    positive = ops.maximum(outputs, 1e-6)
    return positive / ops.sum(positive, axis=-1, keepdims=True)
