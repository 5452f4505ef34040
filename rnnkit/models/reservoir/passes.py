"""One pass of reservoirs over data: for the sums that a readout is solved from, and for outputs."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.features import Label
from rnnkit.layers.reservoir import loops
from rnnkit.layers.ridge import MOST_PATTERNS, NormalEquations
from rnnkit.models import forecasting

BATCH = 64
# Rows of a Gram matrix added at a time.
BLOCK = 2048
# Pieces from which on a pass shows its progress.
LONG = 16


class Pass:
    """Reservoir states over encoded series, a piece at a time.

    Args:
        model: An `EchoStateNetwork`.
        data: `Encoded` or `Streamed`.
        batch_size: Series computed at a time.
        verbose: Whether to show progress.
        class_weights: Weight of each class by index, or None.
        forgetting: Factor by which earlier steps count less with each later one.
        continued: Whether the reservoirs go on from where `model._stream` ended.

    Attributes:
        partial: The normal equations so far, for the case of an interruption.
        rows: Number of steps (or series) that counted so far.
        stream: Where the only series ended: its steps and the states of each member; or None.
    """

    def __init__(
        self, model, data, batch_size=None, verbose=0, class_weights=None, forgetting=1.0,
        continued=False,
    ):  # fmt: skip
        self.model = model
        self.data = data
        # Not a recipe's own, which is meant for training by gradient.
        self.batch_size = model._batch_size(BATCH if batch_size is None else batch_size)
        self.verbose = verbose
        self.class_weights = class_weights
        self.forgetting = forgetting
        self.begun, self.begin = (continued and model._stream) or (0, {})
        self.continued = continued
        self.stream = None
        self.partial = None
        self.rows = 0
        self._pieces = 0
        self._longest = 0
        self._newest = 0  # number of the latest series so far
        self._ends = {}  # states of each member after the last batch
        self.layers = [layers_of(model, member) for member in range(model.ensemble)]

    # === Data ===

    def batches(self):
        """Yields `(rows, x, lengths, y, weights)` as NumPy arrays.

        `rows` are the numbers of the series in the data, x is `[series, time, features]` with 0
        after the end of each series, y what the data has, weights `[series]`, `[series, time]` or
        None.
        """
        if isinstance(self.data, Encoded):
            order = self.data.order(self.batch_size)
            starts = range(0, len(order), self.batch_size)
            numbered = (order[start : start + self.batch_size] for start in starts)
            batches = (
                (rows, [_dense(tensor, rows) for tensor in self.data.tensors]) for rows in numbered
            )
        else:
            batches = (
                (None, [part.numpy() for part in tf.nest.flatten(batch)])
                for batch in self.data.batches(self.batch_size)
            )
        seen = 0
        for rows, (x, *rest) in batches:
            rows = np.arange(seen, seen + len(x)) if rows is None else rows
            seen += len(x)
            there = ~np.isnan(x).all(axis=2)  # padding is NaN in all features
            lengths = there.sum(axis=1)
            inside = np.arange(x.shape[1]) < lengths[:, None]  # [series, time]
            if (inside != there).any() or np.isnan(x[inside]).any():
                raise ValueError(
                    "An echo state network cannot hear missing values. Received: NaN among the "
                    "inputs; fill it first, for example with pandas `frame.interpolate()`"
                )
            self._longest = max(self._longest, int(lengths.max(initial=0)))
            y = rest[0] if rest else None
            yield rows, np.where(inside[..., None], x, 0), lengths, y, rest[1] if rest[1:] else None

    # === States ===

    def features(self, member, x, lengths, noise=False, inputs_too=None):
        """Yields `(start, features)`: what the readout of a member reads, piece after piece.

        Args:
            member: Number of the member.
            x: `[series, time, features]`.
            lengths: Length of each series.
            noise: Whether the reservoir's noise is added.
            inputs_too: Whether the inputs stand before the states; by default as the readout has
                it.

        Yields:
            The first step of the piece, and NumPy `[time, series, read]`.
        """
        model, layers = self.model, self.layers[member]
        inputs_too = model.read_inputs if inputs_too is None else inputs_too
        batch, steps = x.shape[:2]
        inputs = np.ascontiguousarray(x.transpose(1, 0, 2))  # [time, series, features]
        reservoirs = [[loops.Reservoir.of(cell, batch) for cell in pair] for pair in layers]
        first = reservoirs[0][0]
        room = loops.piece_length(batch, first.units, first.dtype.size, steps)
        if len(layers[0]) == 2:  # two directions need the whole series
            read, heard = [inputs] if inputs_too else [], inputs
            for pair in reservoirs:
                ways = [heard, _reversed(heard, lengths)]
                found = [
                    self._whole(reservoir, way, room)
                    for reservoir, way in zip(pair, ways, strict=True)
                ]
                heard = np.concatenate([found[0], _reversed(found[1], lengths)], axis=-1)
                read.append(heard)
            yield 0, np.concatenate(read, axis=-1)
            return
        states = self._first_states(member, reservoirs, batch)
        amount = model.noise if noise else 0.0
        for start in range(0, steps, room):
            heard = inputs[start : start + room]
            read = [heard] if inputs_too else []
            for index, (reservoir,) in enumerate(reservoirs):
                seed = self._noise_seed(member, index) if amount else None
                heard, states[index] = loops.drive(reservoir, heard, states[index], amount, seed)
                read.append(heard)
            self._tick()
            yield start, read[0] if len(read) == 1 else np.concatenate(read, axis=-1)
        self._ends[member] = states

    def _whole(self, reservoir, inputs, room):
        state = tf.zeros((inputs.shape[1], reservoir.units), reservoir.dtype)
        found = []
        for start in range(0, len(inputs), room):
            piece, state = loops.drive(reservoir, inputs[start : start + room], state)
            found.append(piece)
            self._tick()
        return np.concatenate(found)

    def _first_states(self, member, reservoirs, batch):
        if member in self.begin:
            return list(self.begin[member])
        return [tf.zeros((batch, each.units), each.dtype) for (each,) in reservoirs]

    def _noise_seed(self, member, layer):
        self.model._noise_count += 1
        return ((self.model.seed or 0) + 1000 * member + layer) % 2**31, self.model._noise_count

    def _tick(self):
        self._pieces += 1
        if self.verbose and self._pieces == LONG and not hasattr(self, "_bar"):
            self._bar = keras.utils.Progbar(None, unit_name="piece")
        if hasattr(self, "_bar"):
            self._bar.update(self._pieces)

    def _finish(self):
        if hasattr(self, "_bar"):
            self._bar.update(self._pieces, finalize=True)

    def _with_feedback(self, x, y):
        """Inputs beside which stand the targets of the step before, 0 where not known."""
        before = np.zeros((*x.shape[:2], y.shape[2]), x.dtype)
        before[:, 1:] = np.nan_to_num(y[:, :-1])
        return np.concatenate([x, before], axis=-1)  # [series, time, features + targets]

    # === Sums ===

    def equations(self, noise=True):
        """The normal equations of each member's readout over all data.

        Raises:
            ValueError: If no step counts.
        """
        model = self.model
        targets = model.readouts[0].units
        self.partial = [
            NormalEquations(readout.gram.shape[0], targets) for readout in model.readouts
        ]
        washout = max(0, model.washout - self.begun)
        seen = 0
        for numbers, x, lengths, y, weights in self.batches():
            seen += len(x)
            if model.stepwise:
                y = np.asarray(y, "float64")  # [series, time, targets]
                x = self._with_feedback(x, y) if model.output_feedback else x
                self._add_steps(x, lengths, y, weights, washout, noise)
            else:
                self._add_series(numbers, x, lengths, y, weights, noise)
        self._finish()
        if seen == 1 and len(self._ends) == model.ensemble:
            self.stream = self.begun + self._longest, self._ends
        if not self.continued and not any(part.count for part in self.partial):
            feature = model.output_feature
            raise ValueError(forecasting.nothing_counts(feature, washout, self._longest))
        return self.partial

    def _add_steps(self, x, lengths, y, weights, washout, noise):
        runs = [self.features(m, x, lengths, noise) for m in range(self.model.ensemble)]
        for pieces in zip(*runs, strict=True):
            start, length = pieces[0][0], len(pieces[0][1])
            part = slice(start, start + length)
            times = np.arange(start, start + length)[:, None]
            targets = y[:, part].transpose(1, 0, 2)  # [time, series, targets]
            counts = (times >= washout) & (times < lengths)  # [time, series]
            unknown = np.isnan(targets)
            # Where leads are too many to tell apart which are known, a row counts if all are.
            many = targets.shape[2] > MOST_PATTERNS
            counts &= ~(unknown.any(axis=2) if many else unknown.all(axis=2))
            rows = int(counts.sum())
            if not rows:
                continue
            targets = targets[counts]  # [rows, targets]
            chosen = None
            if weights is not None:
                spread = (
                    weights.T[part] if weights.ndim == 2 else np.broadcast_to(weights, counts.shape)
                )
                chosen = spread[counts].astype("float64")  # [rows]
            if self.forgetting < 1:
                fading = self.forgetting ** np.arange(rows - 1, -1, -1.0)
                chosen = fading if chosen is None else chosen * fading
            for equations, (_, features) in zip(self.partial, pieces, strict=True):
                if self.forgetting < 1:
                    equations.scale(self.forgetting**rows)
                for part, block in _blocks(features, counts):
                    equations.add(block, targets[part], None if chosen is None else chosen[part])
            self.rows += rows

    def _add_series(self, numbers, x, lengths, y, weights, noise):
        feature = self.model.output_feature
        if isinstance(feature, Label):
            chosen = np.asarray(y).astype("int64").ravel()
            y = np.eye(feature.size)[chosen]
            if self.class_weights:
                each = np.array([self.class_weights[index] for index in range(feature.size)])
                weights = each[chosen] * (1.0 if weights is None else weights)
        if self.forgetting < 1:
            newest = max(self._newest, int(numbers.max()))
            for equations in self.partial:
                equations.scale(self.forgetting ** (newest - self._newest))
            fading = self.forgetting ** (newest - numbers)
            weights, self._newest = fading * (1.0 if weights is None else weights), newest
        for member, equations in enumerate(self.partial):
            pooled = self.pooled(member, x, lengths, noise)  # [series, read]
            for part, block in _blocks(pooled, np.ones(len(pooled), bool)):
                equations.add(block, y[part], None if weights is None else weights[part])
        self.rows += len(x)

    def pooled(self, member, x, lengths, noise=False):
        """The last features of each series, or their mean after the washout: `[series, read]`."""
        model = self.model
        if model.pooling == "last":
            return self.last(member, x, lengths, noise)
        short = lengths <= model.washout
        if short.any():
            raise ValueError(
                f"A series must be longer than the washout of {model.washout} steps. Received: a "
                f"series of {int(lengths[short].min())} steps"
            )
        total = None
        for start, features in self.features(member, x, lengths, noise):
            times = np.arange(start, start + len(features))[:, None]
            counts = (times >= model.washout) & (times < lengths)
            found = np.einsum("tb,tbf->bf", counts, features, dtype="float64")
            total = found if total is None else total + found
        return total / (lengths - model.washout)[:, None]

    def last(self, member, x, lengths, noise=False):
        """The features at the last step of each series: `[series, read]`."""
        result = None
        for start, features in self.features(member, x, lengths, noise):
            inside = (lengths > start) & (lengths <= start + len(features))
            if result is None:
                result = np.zeros(features.shape[1:], features.dtype)
            result[inside] = features[lengths[inside] - 1 - start, np.flatnonzero(inside)]
        return result

    # === Outputs ===

    def outputs(self):
        """The mean output of the members, in the order of the data.

        Returns:
            NumPy `[series, time, targets]`, NaN after the end of a series; or `[series, targets]`.
        """
        model = self.model
        rows, found = [], []
        kernels = [(readout.numpy("kernel"), readout.numpy("bias")) for readout in model.readouts]
        for numbers, x, lengths, _, _ in self.batches():
            if model.stepwise:
                outputs = self._steps(x, lengths, kernels)
            else:
                outputs = 0.0
                for member, (kernel, bias) in enumerate(kernels):
                    outputs += self.pooled(member, x, lengths) @ kernel + bias
                outputs /= len(kernels)
                if isinstance(model.output_feature, Label):
                    outputs = np.maximum(outputs, 1e-6)
                    outputs /= outputs.sum(axis=-1, keepdims=True)
            rows.append(numbers)
            found.append(outputs.astype(kernels[0][0].dtype))
        if model.stepwise:
            steps = max(each.shape[1] for each in found)
            found = [
                np.pad(each, ((0, 0), (0, steps - each.shape[1]), (0, 0)), constant_values=np.nan)
                for each in found
            ]
        found = np.concatenate(found)
        result = np.empty_like(found)
        result[np.concatenate(rows)] = found
        return result

    def states(self):
        """The states of all members side by side, a NumPy array `[time, states]` a series."""
        found = {}
        for rows, x, lengths, _, _ in self.batches():
            runs = [self.features(m, x, lengths, False, False) for m in range(self.model.ensemble)]
            results = None
            for pieces in zip(*runs, strict=True):
                start, parts = pieces[0][0], [piece for _, piece in pieces]
                if len(parts) == 1 and len(parts[0]) == x.shape[1]:
                    results = parts[0].transpose(1, 0, 2)  # all at once: nothing to put together
                    continue
                if results is None:
                    width = sum(part.shape[2] for part in parts)
                    results = np.empty((*x.shape[:2], width), parts[0].dtype)
                column = 0
                for part in parts:  # [time, series, states]
                    into = results[:, start : start + len(part), column : column + part.shape[2]]
                    np.copyto(into, part.transpose(1, 0, 2))
                    column += part.shape[2]
            for row, result, length in zip(rows, results, lengths, strict=True):
                found[row] = result[:length]
        return [found[row] for row in sorted(found)]

    def _steps(self, x, lengths, kernels):
        if self.model.output_feedback:
            from rnnkit.models.reservoir import closed_loop

            outputs = closed_loop.driven(self.model, x, lengths)  # [series, time, targets]
        else:
            outputs = np.zeros((*x.shape[:2], kernels[0][0].shape[1]), kernels[0][0].dtype)
            for member, (kernel, bias) in enumerate(kernels):
                for start, features in self.features(member, x, lengths):
                    part = features @ kernel + bias  # [time, series, targets]
                    outputs[:, start : start + len(part)] += part.transpose(1, 0, 2)
            outputs /= len(kernels)
        outputs[np.arange(x.shape[1]) >= lengths[:, None]] = np.nan
        return outputs


def layers_of(model, member):
    """The cells of a member's reservoir: for each layer one, or two for two directions."""
    pairs = []
    for layer in model.get_layer(f"reservoir_{member}").layers:
        if isinstance(layer, keras.layers.Bidirectional):
            pairs.append([layer.forward_layer.cell, layer.backward_layer.cell])
        else:
            pairs.append([layer.cell])
    return pairs


def _dense(tensor, rows):
    part = tf.gather(tensor, rows)
    if isinstance(part, tf.RaggedTensor):
        part = part.to_tensor(np.nan if part.dtype.is_floating else 0)
    return part.numpy()


def _blocks(features, counts):
    """The rows that count, a few at a time so that they stay in the cache.

    Args:
        features: `[..., read]`.
        counts: Bool of the shape before the last axis.

    Yields:
        Where among the rows that count, as a slice, and float64 `[rows, 1 + read]`, a constant 1
        first. The array is used again for the next block.
    """
    features = features.reshape(-1, features.shape[-1])
    places = np.flatnonzero(counts)
    first = places[0]
    unbroken = places[-1] - first + 1 == len(places)
    block = np.empty((min(BLOCK, len(places)), 1 + features.shape[1]))
    block[:, 0] = 1.0
    for start in range(0, len(places), BLOCK):
        part = slice(start, min(start + BLOCK, len(places)))
        rows = slice(first + part.start, first + part.stop) if unbroken else places[part]
        block[: part.stop - start, 1:] = features[rows]
        yield part, block[: part.stop - start]


def _reversed(sequences, lengths):
    """Sequences `[time, series, features]` turned round, each within its own length."""
    times = np.arange(len(sequences))[:, None]
    turned = np.where(times < lengths, lengths - 1 - times, times)  # [time, series]
    return sequences[turned, np.arange(sequences.shape[1])]
