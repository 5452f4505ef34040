"""One pass of reservoirs over data: for the sums that a readout is solved from, and for outputs."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded
from rnnkit.features import Forecast, Label
from rnnkit.layers.ridge import MOST_PATTERNS, NormalEquations, merged
from rnnkit.models.reservoir.closed_loop import ClosedLoop
from rnnkit.models.reservoir.states import Reservoirs, StreamEnd
from rnnkit.models.windows import nothing_counts, stacked

BATCH = 64
# Rows of a Gram matrix added at a time.
BLOCK = 2048
# Pieces from which on a pass shows its progress.
LONG = 16


class Pass:
    """One pass of the reservoirs of a network over encoded series.

    Args:
        model: An `EchoStateNetwork`.
        data: `Encoded` or `Streamed`.
        batch_size: Series computed at a time.
        verbose: Whether to show progress.
        forgetting: Factor by which earlier steps count less with each later one.
        begin: `StreamEnd` that the only series goes on from, or None.

    Attributes:
        partial: The normal equations so far, for the case of an interruption.
        blocks: Of `equations(blocks=...)`: for each block of time a list over members of the
            normal equations of its steps, and then the same for the gaps between the blocks.
        rows: Number of steps (or series) that counted so far.
        end: `StreamEnd` of the only series; empty where there were several, or two directions.
    """

    def __init__(self, model, data, batch_size=None, verbose=0, forgetting=1.0, begin=None):
        self.model = model
        self.data = data
        # Not a recipe's own, which is meant for training by gradient.
        self.batch_size = model._batch_size(BATCH if batch_size is None else batch_size)
        self.forgetting = forgetting
        self.continued = begin is not None
        self.begin = begin or StreamEnd()
        self.end = StreamEnd()
        self.partial = []
        self.blocks = []
        self.rows = 0
        self._longest = 0
        self._newest = 0  # number of the latest series so far
        self._progress = _Progress(verbose)
        kept = model.waiting
        self.reservoirs = Reservoirs(model, self.begin.states, self._progress.tick, kept)

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
            present = ~np.isnan(x).all(axis=2)  # padding is NaN in all features
            lengths = present.sum(axis=1)
            inside = np.arange(x.shape[1]) < lengths[:, None]  # [series, time]
            if (inside != present).any() or np.isnan(x[inside]).any():
                raise ValueError(
                    "The inputs of an echo state network must not be missing. Received: NaN among "
                    "them; fill it first, for example with pandas `frame.interpolate()`"
                )
            self._longest = max(self._longest, int(lengths.max(initial=0)))
            y = rest[0] if rest else None
            yield rows, np.where(inside[..., None], x, 0), lengths, y, rest[1] if rest[1:] else None

    # === Sums ===

    def equations(self, noise=True, blocks=0):
        """The normal equations of each member's readout over all data.

        Args:
            noise: Whether the reservoir's noise is added.
            blocks: Number of blocks of time whose sums are kept too, as `blocks`, or 0.

        Raises:
            ValueError: If no step counts.
        """
        model = self.model
        targets = model.readouts[0].units

        def empty():
            return [NormalEquations(each.gram.shape[0], targets) for each in model.readouts]

        self.partial = empty()
        self.blocks = [empty() for _ in range(2 * blocks)]
        washout = max(0, model.washout - self.begin.steps)
        seen = 0
        for numbers, x, lengths, y, weights in self.batches():
            seen += len(x)
            if model.stepwise:
                y = np.asarray(y, "float64")  # [series, time, targets]
                x = _with_feedback(x, y) if model.output_feedback else x
                self._add_steps(x, lengths, y, weights, washout, noise)
            else:
                self._add_series(numbers, x, lengths, y, weights, noise)
        self._progress.finish()
        if seen == 1 and model.streams:
            weights = None if weights is None else weights[0]
            self.end = self._end_of(x[0, : lengths[0]], y[0], weights)
        if not self.continued and not any(part.count for part in self.partial):
            raise ValueError(nothing_counts(washout, self._longest, model.output_feature.horizon))
        return self.partial

    def _end_of(self, x, y, weights):
        """The `StreamEnd` of the only series.

        Args:
            x: Its encoded inputs `[time, features]`.
            y: Its encoded targets `[time, ...]`.
            weights: Its weight, or those of its steps; or None.
        """
        kept, width = self.model.waiting, self.model.output_feature.size
        first = max(len(x) - kept, 0)
        targets = np.full((len(x) - first, width), np.nan)
        if first and kept:  # the last step whose targets are all known has those of the rows kept
            targets = y[first - 1].reshape(kept, width)
        own = np.ones(len(x))
        if weights is not None:
            own = own * (weights if np.ndim(weights) == 0 else weights[: len(x)])
        rows = x[first:], targets, own[first:]
        return StreamEnd(self.begin.steps + first, self.reservoirs.ends, rows)

    def _features(self, x, lengths, noise=False, with_inputs=None):
        """Yields the first step of each piece, and what each member's readout reads in it."""
        runs = [
            self.reservoirs.features(member, x, lengths, noise, with_inputs)
            for member in range(self.model.ensemble)
        ]
        for pieces in zip(*runs, strict=True):
            yield pieces[0][0], [features for _, features in pieces]

    def _add_steps(self, x, lengths, y, weights, washout, noise):
        for start, members in self._features(x, lengths, noise):
            length = len(members[0])
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
            if self.blocks:
                self._add_blocks(members, times, lengths, counts, washout, targets, chosen)
            for equations, features in zip(self.partial, members, strict=True):
                if self.forgetting < 1:
                    equations.scale(self.forgetting**rows)
                for part, block in _blocks(features, counts):
                    equations.add(block, targets[part], None if chosen is None else chosen[part])
            self.rows += rows

    def _add_blocks(self, members, times, lengths, counts, washout, targets, weights):
        """Adds the rows of a piece to the sums of the blocks, or gaps, that they lie in.

        Steps whose targets reach into the next block are those of a gap.
        """
        horizon, number = self.model.output_feature.horizon, len(self.blocks) // 2
        width = np.maximum(lengths - horizon - washout, 1)  # steps that count
        block, end = (
            np.clip(number * (step - washout) // width, 0, number - 1)
            for step in (times, times + horizon)
        )  # [time, series]
        group = np.where(block == end, block, number + block)[counts]  # [rows]
        for index in np.unique(group):
            rows = group == index
            part = counts.copy()
            part[counts] = rows
            for equations, features in zip(self.blocks[index], members, strict=True):
                for some, piece in _blocks(features, part):
                    equations.add(
                        piece, targets[rows][some],
                        None if weights is None else weights[rows][some],
                    )  # fmt: skip

    def folds(self):
        """Pairs of what is learned from and what follows, each a list over members.

        The validation sums of a fold are those of a block; it learns from all blocks before and
        the gaps between them, whose targets the block does not hold.
        """
        number = len(self.blocks) // 2
        result = []
        for index in range(1, number):
            before = self.blocks[:index] + self.blocks[number : number + index - 1]
            after = [self.blocks[index], self.blocks[number + index]]
            pair = tuple(
                [merged(sums) for sums in zip(*parts, strict=True)] for parts in (before, after)
            )
            if all(sums[0].count for sums in pair):
                result.append(pair)
        return result

    def _add_series(self, numbers, x, lengths, y, weights, noise):
        feature = self.model.output_feature
        if isinstance(feature, Label):
            y = np.eye(feature.size)[np.asarray(y).astype("int64").ravel()]
        if self.forgetting < 1:
            newest = max(self._newest, int(numbers.max()))
            for equations in self.partial:
                equations.scale(self.forgetting ** (newest - self._newest))
            fading = self.forgetting ** (newest - numbers)
            weights, self._newest = fading * (1.0 if weights is None else weights), newest
        for member, equations in enumerate(self.partial):
            pooled = self.reservoirs.pooled(member, x, lengths, noise)  # [series, read]
            for part, block in _blocks(pooled, np.ones(len(pooled), bool)):
                equations.add(block, y[part], None if weights is None else weights[part])
        self.rows += len(x)

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
                    outputs += self.reservoirs.pooled(member, x, lengths) @ kernel + bias
                outputs /= len(kernels)
                if isinstance(model.output_feature, Label):
                    outputs = np.maximum(outputs, 1e-6)
                    outputs /= outputs.sum(axis=-1, keepdims=True)
            if isinstance(model.output_feature, Forecast):
                outputs = np.maximum(outputs, model.output_feature.least)
            rows.append(numbers)
            found.append(outputs.astype(kernels[0][0].dtype))
        found = stacked(found, np.nan) if model.stepwise else np.concatenate(found)
        result = np.empty_like(found)
        result[np.concatenate(rows)] = found
        return result

    def _steps(self, x, lengths, kernels):
        if self.model.output_feedback:
            outputs = ClosedLoop(self.model).outputs(x, lengths)  # [series, time, targets]
        else:
            outputs = np.zeros((*x.shape[:2], kernels[0][0].shape[1]), kernels[0][0].dtype)
            for member, (kernel, bias) in enumerate(kernels):
                for start, features in self.reservoirs.features(member, x, lengths):
                    part = features @ kernel + bias  # [time, series, targets]
                    outputs[:, start : start + len(part)] += part.transpose(1, 0, 2)
            outputs /= len(kernels)
        outputs[np.arange(x.shape[1]) >= lengths[:, None]] = np.nan
        return outputs

    def states(self):
        """The states of all members side by side, a NumPy array `[time, states]` a series."""
        found = {}
        for rows, x, lengths, _, _ in self.batches():
            results = None
            for start, parts in self._features(x, lengths, with_inputs=False):
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


class _Progress:
    """A progress bar that appears where a pass is long."""

    def __init__(self, verbose):
        self.verbose = verbose
        self.pieces = 0
        self.bar = None

    def tick(self):
        self.pieces += 1
        if self.verbose and self.pieces == LONG:
            self.bar = keras.utils.Progbar(None, unit_name="piece")
        if self.bar:
            self.bar.update(self.pieces)

    def finish(self):
        if self.bar:
            self.bar.update(self.pieces, finalize=True)


def _with_feedback(x, y):
    """Inputs beside which stand the targets of the step before, 0 where not known."""
    before = np.zeros((*x.shape[:2], y.shape[2]), x.dtype)
    before[:, 1:] = np.nan_to_num(y[:, :-1])
    return np.concatenate([x, before], axis=-1)  # [series, time, features + targets]


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
    indices = np.flatnonzero(counts)
    first = indices[0]
    unbroken = indices[-1] - first + 1 == len(indices)
    block = np.empty((min(BLOCK, len(indices)), 1 + features.shape[1]))
    block[:, 0] = 1.0
    for start in range(0, len(indices), BLOCK):
        part = slice(start, min(start + BLOCK, len(indices)))
        rows = slice(first + part.start, first + part.stop) if unbroken else indices[part]
        block[: part.stop - start, 1:] = features[rows]
        yield part, block[: part.stop - start]
