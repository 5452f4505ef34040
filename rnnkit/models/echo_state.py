"""The echo state network: a fixed reservoir, and a readout solved in closed form in one pass."""

import contextlib

import keras
import numpy as np

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.features import Forecast, Label, Number, Series
from rnnkit.layers.missing import bounded
from rnnkit.layers.readout import RidgeReadout
from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.reservoir.memory import StreamMemory
from rnnkit.layers.stack import RecurrentStack
from rnnkit.models import forecasting
from rnnkit.models.base import Model
from rnnkit.models.forecast import checks, naive
from rnnkit.models.outputs import check_features
from rnnkit.models.reservoir import solving
from rnnkit.models.reservoir.closed_loop import ClosedLoop
from rnnkit.models.reservoir.one_pass import OnePass
from rnnkit.models.reservoir.online import OnlineLearning
from rnnkit.models.reservoir.passes import Pass
from rnnkit.models.reservoir.states import NoiseSeeds, StreamEnd
from rnnkit.models.windows import as_ragged
from rnnkit.utils.checks import integer, one_of
from rnnkit.utils.config import given
from rnnkit.utils.seeds import Seeds

# Ridge values to choose from.
RIDGES = tuple(10.0**power for power in range(-9, 5))
# Blocks of time of the training data of which later ones choose the ridge value for the earlier.
BLOCKS = 4
# Of series this part at most is washout by default.
WASHED_OUT = 5
# The arguments that are those of the reservoir's layers; see `rnnkit.layers.recurrent`.
RESERVOIR = (
    "units", "num_layers", "bidirectional", "spectral_radius", "leak_rate", "input_scaling",
    "upper_scaling", "bias_scaling", "connectivity", "degree", "topology", "activation", "noise",
    "feedback_scaling",
)  # fmt: skip


@keras.saving.register_keras_serializable(package="rnnkit")
class EchoStateNetwork(OnePass, OnlineLearning, forecasting.Forecasting, Model):
    """A series → a series, a label or a number, through a reservoir that is not trained.

    `fit` runs the reservoir once over the data and solves for the readout: a ridge regression of
    the targets on a constant, the inputs and the states. There are no epochs and no gradients.
    With `Forecast` as output it forecasts at every step; with horizon 1 it can also run freely on
    its own output (`forecast`).

    Args:
        input_feature: Adapted `Series`. Its dtype is that of the network: `"float64"` where a
            free run is to stay close to a chaotic system for long.
        output_feature: Adapted `Forecast` or `Series` (an output at each step), `Label` or
            `Number` (one output a series).
        units: Size of each reservoir layer and direction.
        num_layers: Reservoirs on top of each other; the states of all are read.
        bidirectional: Whether each layer also reads from the end (not for forecasts).
        spectral_radius, leak_rate, input_scaling, bias_scaling: As in `rnnkit.layers.ESNCell`.
        connectivity, degree, topology, activation, noise: As in `rnnkit.layers.ESNCell`.
        upper_scaling: Input scaling of the layers above the first, divided by the square root of
            how many states are their inputs. No effect with `num_layers=1`.
        output_feedback: Whether the outputs of the step before are inputs of the reservoir too:
            the targets in `fit`, its own outputs in `predict`.
        feedback_scaling: Input scaling of the outputs fed back.
        ridge: Regularisation, added to the diagonal of the Gram matrix: a number, or several to
            choose from by the error on validation data. Without such data they are chosen by later
            parts of the training data for a `Forecast` of several leads, whose errors hang
            together, and else by generalised cross-validation.
        washout: Steps at the start of each series that do not count, while the reservoir forgets
            that it started from zero; by default 100 for an output at each step, but of short
            series a fifth; else 0.
        pooling: Which states are read for a label or number: `"last"` or `"mean"`.
        read_inputs: Whether the readout reads the inputs beside the states.
        persistence_residual: Whether the readout of a `Forecast` of columns that are among the
            inputs is shrunk towards persistence (the present values) instead of towards the mean,
            by the ridge. Needs `read_inputs`. Real series whose level drifts gain by it.
        ensemble: Number of reservoirs, sampled and solved independently, whose outputs are
            averaged.
        interval: Probability with which the intervals of forecasts are to hold.
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
        persistence_residual=False,
        ensemble=1,
        interval=0.8,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        arguments = given(locals())
        check_features(input_feature, output_feature, (Series, Forecast, Label, Number))
        if output_feature.target_type == "ordered":
            raise ValueError(
                "output_feature must be a Label or a Number here: a linear readout knows no order "
                f"of classes. Received: {type(output_feature).__name__}"
            )
        if not isinstance(input_feature, Series):
            raise ValueError(
                "input_feature must be a Series; for other inputs use cell='esn' in another "
                f"pattern, such as ManyToOne. Received: {type(input_feature).__name__}"
            )
        stepwise = isinstance(output_feature, (Series, Forecast))
        one_of(pooling, "pooling", ("last", "mean"))
        checks.check_directions(bidirectional, output_feature, "reservoir")
        checks.check_future(input_feature, "EchoStateNetwork")
        checks.check_transforms(input_feature, output_feature)
        if output_feedback and (not stepwise or bidirectional):
            raise ValueError(
                "output_feedback needs an output at each step and one direction. Received: "
                f"output_feature={type(output_feature).__name__}, bidirectional={bidirectional}"
            )
        self_chosen = washout is None and stepwise
        washout = (100 if stepwise else 0) if washout is None else washout
        integer(washout, "washout", least=0)
        integer(ensemble, "ensemble")
        checks.check_interval(interval)
        ridge = solving.ridge_values(ridge)
        dtype = input_feature.dtype
        targets = output_feature.size if isinstance(output_feature, Label) else output_feature.width
        fed_back = targets if output_feedback else 0
        seeds = Seeds(seed)
        integer(num_layers, "num_layers")
        integer(units, "units")
        options = {name: arguments[name] for name in RESERVOIR}
        options |= {"feedback_size": fed_back, "dtype": dtype}

        # === Functional model ===
        inputs = keras.Input((None, input_feature.width + fed_back), dtype=dtype, name="series")
        members = []
        for member in range(ensemble):
            layer = recurrent("esn", return_sequences=True, seed=seeds.next, **options)
            layers = layer.layers if num_layers > 1 else [layer]
            settings = {"dtype": dtype, "name": f"reservoir_{member}"}
            stack = RecurrentStack(layers, read_all=True, **settings)
            x = stack(inputs)  # [batch, time, layers * units]
            if read_inputs:
                x = keras.ops.concatenate([inputs, x], axis=-1)  # [batch, time, read]
            if not stepwise:
                # [batch, read]
                x = x[:, -1] if pooling == "last" else keras.ops.mean(x[:, washout:], axis=1)
            readout = RidgeReadout(targets, dtype=dtype, name=f"readout_{member}")
            members.append(readout(x))  # [batch, (time,) targets]
        outputs = keras.ops.mean(keras.ops.stack(members), axis=0)  # [batch, (time,) targets]
        if isinstance(output_feature, Label):
            # Outputs near 0 and 1 become probabilities `[batch, classes]`.
            outputs = keras.ops.maximum(outputs, 1e-6)
            outputs = outputs / keras.ops.sum(outputs, axis=-1, keepdims=True)
        if isinstance(output_feature, Forecast):
            outputs = bounded(output_feature.least, outputs)
        if stepwise and not bidirectional and not output_feedback:
            rows = output_feature.horizon if isinstance(output_feature, Forecast) else 1
            sizes = (ensemble, num_layers * units, rows, input_feature.width, output_feature.size)
            outputs = StreamMemory(*sizes, dtype=dtype, name="stream")(outputs)
        arguments |= {
            "leak_rate": np.asarray(leak_rate).tolist(),
            "input_scaling": np.asarray(input_scaling).tolist(),
            "ridge": ridge,
            "washout": washout,
        }
        super().__init__(inputs, outputs, **arguments)
        self.noise_seeds = NoiseSeeds(seed)
        self._washes_out = self_chosen  # whether `fit` may shorten the washout

    averages_members = False  # the reservoirs are layers of one graph, solved in one pass

    @property
    def stepwise(self):
        """Whether there is an output at each step, not one a series."""
        return isinstance(self.output_feature, (Series, Forecast))

    @property
    def weighs_steps(self):
        return self.stepwise

    @property
    def readouts(self):
        """The readout layers of the members."""
        return [self.get_layer(f"readout_{member}") for member in range(self.ensemble)]

    def cells(self, member=0):
        """The cells of a member's reservoir: for each layer one, or two for two directions."""
        return [
            [layer.forward_layer.cell, layer.backward_layer.cell]
            if isinstance(layer, keras.layers.Bidirectional)
            else [layer.cell]
            for layer in self.get_layer(f"reservoir_{member}").layers
        ]

    @property
    def errors(self):
        """Root mean squared error of each output in training, or on validation data."""
        return np.mean([readout.numpy("error") for readout in self.readouts], axis=0)

    @property
    def fitted(self):
        """Whether `fit` or `partial_fit` has solved the readout."""
        return bool(self.readouts[0].numpy("count") > 0 or self.readouts[0].numpy("partly"))

    # === Training ===

    def learn(self, data, held_out, *, batch_size, validation_batch_size, verbose):
        if self._washes_out and isinstance(data, Encoded):
            longest = int(as_ragged(data.tensors[0]).row_lengths().numpy().max())
            self.washout = min(100, longest // WASHED_OUT)
        run = Pass(self, data, batch_size, verbose=verbose)
        try:
            equations = run.equations(blocks=BLOCKS if self._rolls(held_out) else 0)
        except KeyboardInterrupt:
            with contextlib.suppress(ValueError):  # too few steps yet for a solution
                self._solve(run.partial)
            self.stream_end = StreamEnd()
            raise
        validation = None
        if held_out is not None:
            validation = Pass(self, held_out, validation_batch_size).equations(noise=False)
        folds = run.folds() if run.blocks else None
        logs = self._solve(equations, validation, folds=folds)
        self.stream_end = run.end
        return logs

    def _rolls(self, held_out):
        """Whether the ridge value is chosen by later parts of the training data."""
        horizon = self.output_feature.horizon or 1
        return held_out is None and isinstance(self.ridge, list) and horizon > 1

    def _solve(self, equations, validation=None, ridge=None, folds=None):
        """Sets the readouts from their normal equations; returns the mean squared errors."""
        present = None
        if self.persistence_residual and self.read_inputs:
            present = naive.present_value(self.input_feature, self.output_feature)
        towards = solving.persistence(self.readouts[0], present)
        ridge = self.ridge if ridge is None else ridge
        return solving.solve(self.readouts, equations, ridge, towards, validation, folds)

    # === Data ===

    def _check(self, raw, encoded):
        super()._check(raw, encoded)
        if self.stepwise and raw[1:]:
            lengths = [as_ragged(values).row_lengths().numpy() for values in raw[:2]]
            wrong = np.flatnonzero(lengths[0] != lengths[1])
            if len(wrong):
                of_x, of_y = (int(each[wrong[0]]) for each in lengths)
                raise ValueError(
                    "x and y must have as many steps. Received: a series of "
                    f"{of_x:,} steps with targets at {of_y:,} (number {int(wrong[0])})"
                )

    # === Use ===

    def predict(self, x, batch_size=None, verbose=0):
        """Outputs for raw series, in standardised units, of a model that has learned.

        Args:
            x: Raw series as in `fit`.
            batch_size: Series computed at a time.

        Returns:
            NumPy array: `[series, time, targets]` with an output at each step, NaN after the end
            of a series (`[time, targets]` for one series given as an array of its own); else
            `[series, targets]`, for labels probabilities.
        """
        del verbose
        self._check_fitted("predict")
        data = self.prepare(x, targets=False)
        outputs = Pass(self, data, batch_size).outputs()
        single = isinstance(x, np.ndarray) and self.input_feature.holds_one(x)
        return outputs[0] if self.stepwise and single else outputs

    def infer(self, x, batch_size=None, quantiles=None):
        """Raw in, readable out: what the last outputs of each series say.

        Args:
            x: Raw series as in `fit`.
            batch_size: Series computed at a time; results do not depend on it.
            quantiles: As in `Forecaster.infer`.

        Returns:
            A list with what the output feature's `decode` gives for each series (forecasts with
            intervals); for one series its result alone.

        Raises:
            ValueError: If `fit` has not been called.
        """
        self._check_fitted("infer")
        return super().infer(x, batch_size, quantiles)

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
                "states are those under inputs alone, and the outputs are inputs of the reservoir "
                "too. Received: a model with output_feedback=True"
            )
        found = Pass(self, self.prepare(x, targets=False), batch_size).states()
        single = isinstance(x, np.ndarray) and self.input_feature.holds_one(x)
        return found[0] if single else found

    def evaluate(
        self, x=None, y=None, batch_size=None, return_dict=False, sample_weight=None, verbose=0
    ):
        """Mean squared error on raw data, in standardised units, over targets that are known.

        That of an ensemble is the mean over its members, as in `fit`.
        """
        del verbose
        self._check_fitted("evaluate")
        data = self.prepare(x, y, sample_weight)
        equations = Pass(self, data, batch_size).equations(noise=False)
        errors = [
            np.nanmean(each.mean_squared_error(readout.solution()))
            for each, readout in zip(equations, self.readouts, strict=True)
        ]
        loss = float(np.mean(errors))
        return {"loss": loss} if return_dict else loss

    def forecast(self, steps, warm_up, inputs=None, *, interval=None, samples=50, seed=None):
        """Runs freely: the output of one step is the input of the next.

        Args:
            steps: How many steps ahead.
            warm_up: Raw series that lead up to the forecast, as in `fit`: one, or several that
                are run at once. Longer than the washout. With output feedback a pair `(x, y)` of
                inputs and targets.
            inputs: Raw inputs of the steps ahead, for columns that are not forecast: an array
                `[steps, columns]`, or one for each series. Values of forecast columns in it are
                not looked at.
            interval: Probability with which each interval is to hold, such as 0.8; None gives none.
                Intervals come from free runs of every reservoir of the ensemble, to whose outputs
                normal noise of the size of the errors in training is added.
            samples: Free runs of each reservoir.
            seed: Integer that fixes that noise, or None.

        Returns:
            A `FreeRun` with `forecast`, `lower` and `upper`; none is below the target's `minimum`.

        Raises:
            ValueError: If the network cannot run freely: its horizon is not 1, or its inputs have
                columns that are neither forecast nor given.
        """
        feature = self.output_feature
        if not self.stepwise or self.bidirectional:
            raise ValueError(
                "forecast needs an output at each step and one direction. Received: a model with "
                f"output_feature={type(feature).__name__}, bidirectional={self.bidirectional}"
            )
        if feature.horizon not in (None, 1):
            raise ValueError(
                "forecast runs in a closed loop of single steps: make the model with "
                f"Forecast(horizon=1). Received: horizon={feature.horizon}"
            )
        self._check_fitted("forecast")
        return ClosedLoop(self).forecast(
            steps, warm_up, inputs, interval=interval, samples=samples, seed=seed
        )
