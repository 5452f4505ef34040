"""Long sequences in parts, so that a step of training is never longer than it needs to be."""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import Encoded


def excerpts(data, length, context):
    """Encoded examples whose long targets are cut into parts.

    A part that is not the first begins with `context` steps that are read and not learned from
    (their weight is 0), so that the states know what came before.

    Args:
        data: `Encoded` pairs of an input and a sequence, or with a weight an example as well.
        length: Steps of a part at most, the context included.
        context: Steps that a part but the first repeats.

    Returns:
        `Encoded` triples, with a weight for each step; `data` itself where nothing is too long.
    """
    source, target, *weight = data.tensors
    splits = target.row_splits.numpy()
    if np.diff(splits).max(initial=0) <= length:
        return data
    context = min(context, length // 2)
    rows, begins, firsts, ends = [], [], [], []  # of parts: read from, learn from, up to
    for row, (start, end) in enumerate(zip(splits[:-1].tolist(), splits[1:].tolist(), strict=True)):
        first, begin = start, start
        while first < end:
            last = min(begin + length, end)
            rows.append(row)
            begins.append(begin)
            firsts.append(first)
            ends.append(last)
            first, begin = last, last - context
    begins, firsts, ends = map(np.array, (begins, firsts, ends))
    lengths = ends - begins
    parts = np.repeat(np.arange(len(rows)), lengths)
    positions = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    positions += begins[parts]
    counts = (positions >= firsts[parts]).astype("float32")
    if weight:
        counts *= np.asarray(weight[0], "float32")[rows][parts]
    cut = tf.RaggedTensor.from_row_lengths(tf.gather(target.flat_values, positions), lengths)
    weights = tf.RaggedTensor.from_row_lengths(counts, lengths)
    sources = tf.nest.map_structure(lambda each: tf.gather(each, rows), source)
    padding = (*(data.padding or (0, 0))[:2], 0)
    return Encoded((sources, cut, weights), padding)
