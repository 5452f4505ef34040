"""Long sequences cut into pieces for training, and what comes out joined again."""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded, Streamed


class Windows(Encoded):
    """Encoded series, cut into pieces; see `cut`.

    With targets, pieces without a known one are left out.

    Args:
        data: `Encoded` series `(x[, y[, weight]])`.
        window: Steps of a piece, or None for whole series.
        washout: Steps at the start of each piece that do not count.
        horizon: Steps ahead that targets are, or None; for the message if no step counts.
        spread: As in `cut`.

    Attributes:
        series: How many series they are of.

    Raises:
        ValueError: If no target is known.
    """

    def __init__(self, data, window, washout, horizon=None, spread=False):
        self._series = as_ragged(data.tensors[0]).row_lengths().numpy()  # [series]
        self.series = len(self._series)
        self._longest, self._washout = int(self._series.max()), washout
        tensors, self._first = cut(data.tensors, window, washout, spread)
        if len(tensors) > 1:
            known = tensors[1].with_flat_values(_known(tensors[1].flat_values))
            known = tf.where(tf.reduce_any(known, axis=1))[:, 0]  # [pieces with a known target]
            if not len(known):
                raise ValueError(nothing_counts(washout, self._longest, horizon))
            tensors = tuple(tf.gather(part, known) for part in tensors)
        super().__init__(tensors, data.padding)

    def joined(self, outputs):
        """Outputs of the pieces `[pieces, time, ...]` as those of the series, NaN (of ids -1) after
        their ends: `[series, time, ...]`."""
        lengths = self.tensors[0].row_lengths().numpy()  # [pieces]
        times = np.arange(outputs.shape[1])
        start = np.where(self._first.numpy(), 0, self._washout)  # [pieces]
        new = (times >= start[:, None]) & (times < lengths[:, None])  # [pieces, time]
        shape = (len(self._series), self._longest, *outputs.shape[2:])
        result = np.full(shape, np.nan if outputs.dtype.kind == "f" else -1, outputs.dtype)
        # Pieces and steps are in the order of the series and of time.
        result[np.arange(self._longest) < self._series[:, None]] = outputs[new]
        return result


def read_in_pieces(compute, codes, lengths, window, washout):
    """What a network makes of encoded sequences that it reads in pieces, in the graph.

    Args:
        compute: Function from padded pieces to a nest of tensors `[pieces, time, ...]`.
        codes: Encoded sequences `[series, time, ...]`, padded.
        lengths: Their numbers of steps, int64 `[series]`.
        window: Steps of a piece, or None for whole series.
        washout: As in `cut`.

    Returns:
        The nest as ragged tensors `[series, (time), ...]`.
    """
    series = tf.RaggedTensor.from_tensor(codes, lengths)
    (pieces,), first = cut((series,), window, washout)
    sizes = pieces.row_lengths()
    fill = tf.constant(np.nan if codes.dtype.is_floating else 0, codes.dtype)
    outputs = compute(pieces.to_tensor(fill))
    times = tf.range(tf.reduce_max(sizes), dtype=sizes.dtype)
    start = tf.cast(tf.where(first, 0, washout), sizes.dtype)  # [pieces]
    new = (times >= start[:, None]) & (times < sizes[:, None])  # [pieces, time]
    return tf.nest.map_structure(
        lambda each: series.with_values(tf.boolean_mask(each, new)), outputs
    )


def nothing_counts(washout, longest, horizon=None):
    """The message where no step counts, the longest series having `longest` steps."""
    ahead = f" and the last {horizon} have no target within the series" if horizon else ""
    return (
        f"No step counts: the longest series has {longest:,} steps, of which the first "
        f"{washout:,} are washout{ahead}, or all targets are missing. Give longer series or a "
        "shorter washout"
    )


def cut(tensors, window, washout, spread=False):
    """Cuts encoded series into pieces that overlap by the washout.

    Args:
        tensors: `(x[, y[, weight]])`: ragged or dense tensors `[series, time, ...]`; weights also
            `[series]`.
        window: Steps of a piece, or None for whole series.
        washout: Steps at the start of each piece whose targets become NaN, or -1 for tags.
        spread: Whether weights of series become those of their steps, so that all weights that a
            training step meets are alike.

    Returns:
        The pair of such a tuple `[pieces, (time), ...]`, and of which pieces begin a series,
        boolean `[pieces]`. Every step of a series from the washout on has its target in exactly
        one piece.
    """
    splits = as_ragged(tensors[0]).row_splits
    begins, lengths = splits[:-1], splits[1:] - splits[:-1]  # [series]
    if window is None:
        counts = tf.ones_like(lengths)
        size, stride = tf.maximum(tf.reduce_max(lengths), 1), tf.constant(1, lengths.dtype)
    else:
        size = tf.constant(window, lengths.dtype)
        stride = size - washout
        counts = tf.maximum(-((washout - lengths) // stride), 1)  # pieces of each series
    series = tf.repeat(tf.range(tf.shape(lengths, lengths.dtype)[0]), counts)  # [pieces]
    index = tf.ragged.range(counts).flat_values  # [pieces], number within the series
    start = index * stride
    stop = tf.minimum(start + size, tf.gather(lengths, series))
    begin = tf.gather(begins, series)
    rows = tf.ragged.range(begin + start, begin + stop)  # [pieces, (time)]
    times = tf.ragged.range(stop - start).flat_values  # [steps]
    results = []
    for number, part in enumerate(tensors):
        if not isinstance(part, tf.RaggedTensor) and part.shape.rank == 1:
            part = tf.gather(part, series)  # [pieces]
            spread_out = rows.with_values(tf.repeat(part, stop - start)) if spread else part
            results.append(spread_out)
            continue
        part = as_ragged(part, lengths)  # weights of steps come padded
        values = tf.gather(part.flat_values, rows.flat_values)  # [steps, ...]
        if number == 1 and washout:
            early = tf.reshape(times < washout, [-1] + [1] * (values.shape.rank - 1))
            unknown = np.nan if values.dtype.is_floating else -1
            values = tf.where(early, tf.constant(unknown, values.dtype), values)
        results.append(rows.with_flat_values(values))
    return tuple(results), index == 0


def cut_stream(data, window, washout, spread=False):
    """`Streamed` series as a stream of their pieces; see `cut`."""

    def encode(*raw):
        return cut(data.encode(*raw), window, washout, spread)[0]

    dataset = data.dataset
    if dataset.cardinality() >= 0:  # of series; how many pieces they make is not known
        dataset = dataset.filter(lambda *_: tf.constant(True))
    return Streamed(dataset, encode, data.padding)


def stacked(parts, fill):
    """Arrays `[some, time, ...]` one after the other, filled up to the longest time."""
    longest = max(part.shape[1] for part in parts)
    padded = [
        np.pad(
            part,
            [(0, 0), (0, longest - part.shape[1])] + [(0, 0)] * (part.ndim - 2),
            constant_values=fill,
        )
        for part in parts
    ]
    return np.concatenate(padded)


def series_of(tensor):
    """The series of a batch, ragged or dense, one by one: a list of NumPy arrays."""
    if not isinstance(tensor, tf.RaggedTensor):
        return list(np.asarray(tensor))
    if tensor.ragged_rank > 1:
        return [each.to_tensor().numpy() for each in tensor]
    return np.split(tensor.flat_values.numpy(), tensor.row_splits.numpy()[1:-1])


def as_ragged(tensor, lengths=None):
    """A tensor `[batch, time, ...]` as a ragged one, by default of full lengths."""
    if isinstance(tensor, tf.RaggedTensor):
        return tensor
    return tf.RaggedTensor.from_tensor(tensor, lengths)


def _known(targets):
    """Which steps have a target: numbers `[steps, width]` that are not all NaN, tags `[steps]`."""
    if targets.dtype.is_floating:
        return tf.reduce_any(tf.math.is_finite(targets), axis=-1)
    return targets != -1
