"""The states of an echo state network's reservoirs under series, computed a piece at a time."""

import dataclasses

import numpy as np
import tensorflow as tf

from rnnkit.layers.reservoir import loops


@dataclasses.dataclass
class StreamEnd:
    """Where the last series ended that a network has learned from.

    Its last rows, whose targets are still to come, are kept to be learned from later.

    Attributes:
        steps: Number of its steps before the rows kept.
        states: Dict of member to the states `[1, units]` of its layers after these steps.
        kept: Inputs `[rows, features]`, encoded targets `[rows, targets]` and weights `[rows]` of
            the rows kept; None for no rows.
        time: Seconds since 1970 of the last row; 0 where it is not known.
    """

    steps: int = 0
    states: dict = dataclasses.field(default_factory=dict)
    kept: tuple | None = None
    time: float = 0.0

    @classmethod
    def of(cls, model, steps, time, states, *kept):
        """From what `rnnkit.layers.StreamMemory` gives, for a model's reservoirs."""
        found = {}
        for member, row in enumerate(states):
            layers = [pair[0] for pair in model.cells(member)]
            parts = np.split(row[None], np.cumsum([cell.units for cell in layers])[:-1], axis=1)
            found[member] = [
                tf.constant(part, cell.compute_dtype)
                for part, cell in zip(parts, layers, strict=True)
            ]
        return cls(steps, found, kept, time)

    def with_rows(self, targets, time):
        """The same with the last of some targets `[time, targets]` for its rows, and a time."""
        inputs, _, weights = self.kept
        kept = inputs, targets[len(targets) - len(inputs) :], weights
        return dataclasses.replace(self, kept=kept, time=time)

    def arrays(self, model):
        """What `rnnkit.layers.StreamMemory` keeps of it."""
        memory = model.get_layer("stream")
        states = np.zeros((memory.members, memory.units))
        for member, layers in self.states.items():
            states[member] = np.concatenate([np.asarray(each)[0] for each in layers])
        kept = self.kept
        if kept is None:
            kept = np.empty((0, memory.features)), np.empty((0, memory.targets)), np.empty(0)
        return self.steps, self.time, states, *kept


class NoiseSeeds:
    """A new seed for the noise of each piece in training, all fixed by one.

    Args:
        seed: Integer, or None for 0.
    """

    def __init__(self, seed):
        self.seed = seed or 0
        self.count = 0

    def next(self, member, layer):
        self.count += 1
        return (self.seed + 1000 * member + layer) % 2**31, self.count


class Reservoirs:
    """The reservoirs of an `EchoStateNetwork`, driven by batches of series.

    Args:
        model: The `EchoStateNetwork`.
        begin: Dict of member to the states of its layers to begin from; by default zero.
        tick: Function called after each piece, or None.
        kept: How many steps before the last one `ends` are.

    Attributes:
        cells: For each member, for each layer its cells: one, or two for two directions.
        ends: Dict of member to the states of its layers near the end of the last batch, if that is
            a single series.
    """

    def __init__(self, model, begin=None, tick=None, kept=0):
        self.model = model
        self.begin = begin or {}
        self.tick = tick or (lambda: None)
        self.kept = kept
        self.cells = [model.cells(member) for member in range(model.ensemble)]
        self.ends = {}

    def of(self, member, batch):
        """What the loops need of a member's cells, for series computed together."""
        return [[loops.Reservoir.of(cell, batch) for cell in pair] for pair in self.cells[member]]

    def zeros(self, member, batch):
        """States of zero of a member's layers, a list of `[series, units]`."""
        return [
            tf.zeros((batch, pair[0].units), pair[0].compute_dtype) for pair in self.cells[member]
        ]

    def features(self, member, x, lengths, noise=False, with_inputs=None):
        """Yields `(start, features)`: what the readout of a member reads, piece after piece.

        Args:
            member: Number of the member.
            x: `[series, time, features]`.
            lengths: Length of each series.
            noise: Whether the reservoir's noise is added.
            with_inputs: Whether the inputs stand before the states; by default as the readout has
                it.

        Yields:
            The first step of the piece, and NumPy `[time, series, read]`.
        """
        with_inputs = self.model.read_inputs if with_inputs is None else with_inputs
        batch, steps = x.shape[:2]
        inputs = np.ascontiguousarray(x.transpose(1, 0, 2))  # [time, series, features]
        reservoirs = self.of(member, batch)
        first = reservoirs[0][0]
        length = loops.piece_length(batch, first.units, first.dtype.size, steps)
        if len(reservoirs[0]) == 2:
            yield 0, self._both_ways(reservoirs, inputs, lengths, length, with_inputs)
            return
        states = list(self.begin.get(member) or self.zeros(member, batch))
        end = max(int(lengths.max()) - self.kept, 0)  # after so many steps
        if not end:
            self.ends[member] = list(states)
        amount = self.model.noise if noise else 0.0
        for start in range(0, steps, length):
            x = inputs[start : start + length]
            read = [x] if with_inputs else []
            for layer, (reservoir,) in enumerate(reservoirs):
                seed = self.model.noise_seeds.next(member, layer) if amount else None
                x, states[layer] = loops.drive(reservoir, x, states[layer], amount, seed)
                read.append(x)
            if start < end <= start + len(x):
                layers = read[int(with_inputs) :]
                self.ends[member] = [tf.constant(each[end - 1 - start]) for each in layers]
            self.tick()
            yield start, read[0] if len(read) == 1 else np.concatenate(read, axis=-1)

    def _both_ways(self, reservoirs, inputs, lengths, length, with_inputs):
        """Features `[time, series, read]` of two directions, which need the whole series."""
        read, x = [inputs] if with_inputs else [], inputs
        for forward, backward in reservoirs:
            ahead = self._whole(forward, x, length)
            behind = self._whole(backward, _reversed(x, lengths), length)
            x = np.concatenate([ahead, _reversed(behind, lengths)], axis=-1)
            read.append(x)
        return np.concatenate(read, axis=-1)

    def _whole(self, reservoir, inputs, length):
        state = tf.zeros((inputs.shape[1], reservoir.units), reservoir.dtype)
        found = []
        for start in range(0, len(inputs), length):
            piece, state = loops.drive(reservoir, inputs[start : start + length], state)
            found.append(piece)
            self.tick()
        return np.concatenate(found)

    def last(self, member, x, lengths, noise=False):
        """The features at the last step of each series: `[series, read]`."""
        result = None
        for start, features in self.features(member, x, lengths, noise):
            inside = (lengths > start) & (lengths <= start + len(features))
            if result is None:
                result = np.zeros(features.shape[1:], features.dtype)
            result[inside] = features[lengths[inside] - 1 - start, np.flatnonzero(inside)]
        return result

    def pooled(self, member, x, lengths, noise=False):
        """The last features of each series, or their mean after the washout: `[series, read]`."""
        washout = self.model.washout
        if self.model.pooling == "last":
            return self.last(member, x, lengths, noise)
        short = lengths <= washout
        if short.any():
            raise ValueError(
                f"A series must be longer than the washout of {washout} steps. Received: a series "
                f"of {int(lengths[short].min())} steps"
            )
        total = None
        for start, features in self.features(member, x, lengths, noise):
            times = np.arange(start, start + len(features))[:, None]
            counts = (times >= washout) & (times < lengths)
            found = np.einsum("tb,tbf->bf", counts, features, dtype="float64")
            total = found if total is None else total + found
        return total / (lengths - washout)[:, None]


def _reversed(sequences, lengths):
    """Sequences `[time, series, features]` turned round, each within its own length."""
    times = np.arange(len(sequences))[:, None]
    turned = np.where(times < lengths, lengths - 1 - times, times)  # [time, series]
    return sequences[turned, np.arange(sequences.shape[1])]
