"""Free runs of echo state networks: the output of one step is the input of the next."""

import typing
import warnings

import numpy as np
import tensorflow as tf

from rnnkit.features import Forecast
from rnnkit.features.calendar import following
from rnnkit.layers.reservoir import loops
from rnnkit.models.forecast.checks import check_interval
from rnnkit.models.forecast.naive import target_columns
from rnnkit.models.inputs.sequences import holds_one_sequence
from rnnkit.models.reservoir.states import Reservoirs
from rnnkit.utils.checks import integer
from rnnkit.utils.seeds import drawn

# A closed loop has diverged beyond this many times the largest target seen in training.
DIVERGED = 10.0


class FreeRun(typing.NamedTuple):
    """What `EchoStateNetwork.forecast` gives, in the unit of the targets.

    Attributes:
        forecast: `[steps, targets]`, or `[series, steps, targets]` for several series.
        lower: Lower ends of the intervals, of the same shape, or None.
        upper: Upper ends of the intervals, or None.
    """

    forecast: np.ndarray
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None


class ClosedLoop:
    """An `EchoStateNetwork` whose outputs are its inputs at the next step.

    Args:
        model: The network, with an output at each step and one direction.
    """

    def __init__(self, model):
        self.model = model
        self.reservoirs = Reservoirs(model)
        # For each output the input column that continues it; with output feedback no column does.
        columns = target_columns(model.input_feature, model.output_feature) or []
        self.columns = [] if model.output_feedback else columns
        self.feedback, self.offset = self._feedback()

    def _feedback(self):
        """Where outputs enter: `feedback` `[targets, features]` and `offset` `[features]`.

        An output is turned from the standardised unit of the targets into that of the inputs.
        """
        feature, target = self.model.input_feature, self.model.output_feature
        size = self.model.readouts[0].units
        width = feature.width + (size if self.model.output_feedback else 0)
        feedback, offset = np.zeros((size, width)), np.zeros(width)
        own = [target.unstandardise(np.full(target.size, value)) for value in (0.0, 1.0)]
        for output, column in enumerate(self.columns):
            zero, one = (
                feature.standardise(np.full(feature.size, each[output]))[column] for each in own
            )
            feedback[output, column], offset[column] = one - zero, zero
        if self.model.output_feedback:
            feedback[:, feature.width :] = np.eye(size)
        return feedback, offset

    # === Free runs ===

    def forecast(self, steps, warm_up, inputs=None, *, interval=None, samples=50, seed=None):
        """See `EchoStateNetwork.forecast`."""
        model, feature, targets = self.model, self.model.input_feature, None
        integer(steps, "steps")
        integer(samples, "samples")
        if interval is not None:
            check_interval(interval)
        if model.output_feedback:
            if not isinstance(warm_up, tuple) or len(warm_up) != 2:
                raise ValueError(
                    "warm_up must be a pair (x, y) for a network with output feedback: the targets "
                    f"are inputs too. Received: {type(warm_up).__name__}"
                )
            warm_up, targets = warm_up
        raw = feature.to_tensor(warm_up)  # [series, (time), raw_width]
        lengths = raw.row_lengths().numpy()
        if lengths.min() <= model.washout:
            raise ValueError(
                f"warm_up must be longer than the washout of {model.washout} steps. Received: a "
                f"series of {int(lengths.min())} steps"
            )
        encoded = feature.encode(raw)
        feature.check(raw, encoded)
        x = encoded.to_tensor().numpy()  # [series, time, features]
        known = self._known(raw, steps, inputs)  # [steps, series, features]
        before = None if targets is None else self._outputs_before(targets, lengths, x.shape[1])
        states, first = self._warmed(x, lengths, before)
        if before is not None and not isinstance(model.output_feature, Forecast):
            # The output of the last step of the warm-up is its own target, which is known.
            last = before[np.arange(len(x)), lengths - 1]  # [series, targets]
            first, keep = [last] * len(first), slice(1, None)
            steps += 1
        else:
            known, keep = known[:-1], slice(None)
        everyone = range(model.ensemble)
        noise = np.zeros((steps - 1, len(x), first[0].shape[1]))
        outputs = self._run(everyone, np.mean(first, axis=0), states, known, noise)
        found = [self._watched(outputs[keep])]
        if interval is not None:
            rng = np.random.default_rng(drawn(seed))
            paths = self._paths(samples, first, states, known, keep.start or 0, rng)
            tail = (1 - interval) / 2
            found += [*np.quantile(paths[keep], [tail, 1 - tail], axis=2, method="nearest")]
        single = holds_one_sequence(feature, warm_up)
        parts = [model.output_feature.in_own_units(part.transpose(1, 0, 2)) for part in found]
        return FreeRun(*(part[0] if single else part for part in parts))

    def _paths(self, samples, first, states, known, exact, rng):
        """Noisy free runs of each member, `[steps, series, members * samples, targets]`.

        Args:
            samples: Runs of each member.
            first: List over members of the first outputs `[series, targets]`.
            states: Dict of member to its states before.
            known: Inputs known ahead `[steps - 1, series, features]`.
            exact: Number of steps at the start whose outputs are known, so have no noise.
            rng: NumPy generator.
        """
        steps, (batch, size) = len(known) + 1, first[0].shape
        paths = []
        for member, readout in enumerate(self.model.readouts):
            noise = rng.normal(size=(steps, samples * batch, size)) * readout.numpy("error")
            noise[:exact] = 0.0
            paths.append(
                self._run(
                    [member],
                    np.repeat(first[member], samples, axis=0) + noise[0],
                    {member: [tf.repeat(state, samples, axis=0) for state in states[member]]},
                    np.repeat(known, samples, axis=1),
                    noise[1:],
                ).reshape(steps, batch, samples, size)
            )
        paths = np.concatenate(paths, axis=2)
        return np.nan_to_num(paths, nan=np.inf, posinf=np.inf, neginf=-np.inf)

    def outputs(self, x, lengths):
        """Outputs of a network with output feedback, its own fed back.

        Args:
            x: `[series, time, features]`.
            lengths: Length of each series.

        Returns:
            NumPy `[series, time, targets]`.
        """
        targets = self.model.readouts[0].units
        known = np.concatenate(
            [x.transpose(1, 0, 2), np.zeros((x.shape[1], len(x), targets), x.dtype)], axis=-1
        )  # [time, series, features + targets]
        members = range(self.model.ensemble)
        states = {member: self.reservoirs.zeros(member, len(x)) for member in members}
        start, noise = np.zeros((len(x), targets)), np.zeros((len(known), len(x), targets))
        outputs = self._free(members, start, states, known, noise)
        outputs[np.arange(len(outputs))[:, None] >= lengths] = 0.0  # after the end of a series
        return self._watched(outputs, stacklevel=7).transpose(1, 0, 2)

    # === Parts ===

    def _known(self, raw, steps, inputs):
        """Encoded inputs of the steps ahead, 0 where outputs enter: `[steps, series, width]`."""
        feature = self.model.input_feature
        count = raw.shape[0]
        missing = [name for i, name in enumerate(feature.names) if i not in self.columns]
        if missing and inputs is None:
            raise ValueError(
                f"The input columns {missing} are not forecast: give their values ahead as inputs, "
                f"{steps} rows. Received: inputs=None"
            )
        if inputs is None:
            future = np.zeros((count, steps, feature.raw_width))
            if feature.time:
                last = raw.flat_values.numpy()[raw.row_limits().numpy() - 1, 0]  # [series]
                future[..., 0] = [
                    following(each, steps, feature.step, feature.frequency) for each in last
                ]
        else:
            future = feature.to_tensor(inputs).to_tensor().numpy()
            if future.shape[0] == 1 and count > 1:
                future = np.repeat(future, count, axis=0)
            if future.shape[:2] != (count, steps):
                raise ValueError(
                    f"inputs must hold {steps} rows for each of {count} series. Received: "
                    f"{future.shape[1]} rows for {future.shape[0]}"
                )
        encoded = feature.encode(tf.constant(future)).numpy().astype("float64")
        encoded[..., self.columns] = 0.0
        if not np.isfinite(encoded).all():
            raise ValueError("inputs must be finite in the columns that are not forecast")
        if self.model.output_feedback:
            own = np.zeros((*encoded.shape[:2], self.model.readouts[0].units))
            encoded = np.concatenate([encoded, own], axis=-1)
        return encoded.transpose(1, 0, 2)

    def _outputs_before(self, targets, lengths, steps):
        """Standardised targets of the warm-up, `[series, time, targets]`."""
        target = self.model.output_feature
        raw = target.to_tensor(targets)
        if raw.row_lengths().numpy().tolist() != lengths.tolist():
            raise ValueError(
                "The two parts of warm_up must have equal lengths. Received: "
                f"{lengths.tolist()} and {raw.row_lengths().numpy().tolist()} steps"
            )
        dense = raw.to_tensor(np.nan, shape=(None, steps, target.size)).numpy()
        return np.nan_to_num(target.scale(dense))  # 0 where not known, as in fit

    def _warmed(self, x, lengths, before=None):
        """States of each member after the warm-up, and the outputs it gives then.

        Args:
            x: Encoded inputs `[series, time, features]`.
            lengths: Length of each series.
            before: With output feedback the standardised targets `[series, time, targets]`.

        Returns:
            Dict of member to its layers' states `[series, units]`, and a list over members of
            outputs `[series, targets]`.
        """
        if before is not None:
            # At each step the output of the one before: for a Forecast that is the present value.
            if not isinstance(self.model.output_feature, Forecast):
                before = np.concatenate([np.zeros_like(before[:, :1]), before[:, :-1]], axis=1)
            x = np.concatenate([x, before.astype(x.dtype)], axis=-1)
        states, outputs = {}, []
        for member, readout in enumerate(self.model.readouts):
            last = self.reservoirs.last(member, x, lengths)  # [series, read]
            outputs.append(last @ readout.numpy("kernel") + readout.numpy("bias"))
            width = x.shape[2] if self.model.read_inputs else 0
            cells = [pair[0] for pair in self.reservoirs.cells[member]]
            cuts = width + np.cumsum([cell.units for cell in cells])[:-1]
            parts = np.split(last, [width, *cuts], axis=1)[1:]
            states[member] = [
                tf.constant(part, cell.compute_dtype)
                for part, cell in zip(parts, cells, strict=True)
            ]
        return states, outputs

    def _run(self, members, first, states, known, noise):
        """The first outputs and those of the loop after them: `[steps, series, targets]`."""
        if not len(known):
            return first[None]
        return np.concatenate([first[None], self._free(members, first, states, known, noise)])

    def _free(self, members, first, states, known, noise):
        readouts = self.model.readouts
        return loops.free_run(
            [[pair[0] for pair in self.reservoirs.of(m, known.shape[1])] for m in members],
            [(readouts[m].numpy("kernel"), readouts[m].numpy("bias")) for m in members],
            first,
            [state for m in members for state in states[m]],
            known,
            self.feedback,
            self.offset,
            noise,
            self.model.read_inputs,
        )

    def _watched(self, outputs, stacklevel=4):
        """Outputs with NaN from where a closed loop has diverged on, of which it warns."""
        reach = np.max([readout.numpy("reach") for readout in self.model.readouts], axis=0)
        with np.errstate(invalid="ignore"):
            wild = ~(np.abs(outputs) <= DIVERGED * np.maximum(reach, 1e-12)).all(axis=2)
        if wild.any():
            gone = np.logical_or.accumulate(wild, axis=0)  # [steps, series]
            first = np.argmax(gone, axis=0)[gone.any(axis=0)]
            warnings.warn(
                f"The closed loop diverged in {len(first)} of {outputs.shape[1]} series, first at "
                f"step {int(first.min()) + 1}: its output left {DIVERGED:g} times the range of the "
                "training targets, and is NaN from there on. A larger ridge, noise in training, a "
                "smaller spectral radius or more data help",
                stacklevel=stacklevel,
            )
            outputs = np.where(gone[..., None], np.nan, outputs)
        return outputs
