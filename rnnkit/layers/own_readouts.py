"""Forecasts that a series makes from its own past alone: ridge regressions solved on the spot."""

import tensorflow as tf

# Ridge values, as fractions of the mean square of the features.
RIDGES = (1e-4,)
# Steps up to the present one that are learned from, with the lags before them.
MEMORY = 1000
# How far from the present value forecasts may go, in ranges of the memory.
BEYOND = 1.5


def own_readouts(present, times, naive, lags, memory=MEMORY, ridges=RIDGES):
    """Forecasts by ridge regressions that are solved anew for each series and step.

    At step t the rows to learn from are the steps s of the same series with s + horizon <= t: so
    nothing is seen that comes after t, and the errors of these forecasts are those of forecasts.
    The features are the last values relative to the present one, and a constant as large as they
    are. The targets are the next values, and the weights are shrunk towards a naive forecast. All
    of it lies within the last `memory` steps; a series has as many forecasts as these have ridge
    values and naive forecasts. With no row to learn from yet they are the naive ones.

    Nothing is stored, so a series that training did not see is forecast like all others.

    Args:
        present: Values `[batch, steps, targets]`.
        times: Steps that forecasts are made at, integers `[time]`.
        naive: The naive forecasts at all steps, each `[batch, steps, horizon, targets]`.
        lags: Past values that are features.
        memory: Steps up to t that matter.
        ridges: Ridge values, as fractions of the mean square of the features.

    Returns:
        A list of `[batch, time, horizon, targets]`, all ridge values of a naive forecast together,
        in the type of `present`.

    Example:

    >>> doubled = tf.reshape(tf.constant(2.0) ** tf.range(12.0), [1, 12, 1])
    >>> last = tf.tile(doubled[:, :, None], [1, 1, 1, 1])  # a horizon of one step
    >>> found = own_readouts(doubled, tf.constant([11]), [last], 2, ridges=[1e-9])
    >>> round(float(found[0][0, 0, 0, 0]))  # after 2048
    4096
    """
    kind = present.dtype
    shape = tf.shape(present)
    horizon, targets = naive[0].shape[2], present.shape[2]
    values = tf.transpose(tf.cast(present, tf.float64), [0, 2, 1])  # [batch, targets, steps]
    values = tf.where(tf.math.is_finite(values), values, 0.0)  # padding is no part of any window
    values = tf.reshape(values, [-1, shape[1]])  # [series, steps]
    bases = tf.stack([tf.cast(each, tf.float64) for each in naive], axis=2)
    bases = tf.where(tf.math.is_finite(bases), bases, 0.0)
    bases = tf.transpose(bases, [0, 4, 1, 2, 3])  # [batch, targets, steps, bases, horizon]
    bases = tf.reshape(bases, [-1, shape[1], len(naive) * horizon])
    found = tf.map_fn(
        lambda pair: _of_one(*pair, times, horizon, lags, memory, ridges),
        (values, bases),
        fn_output_signature=tf.TensorSpec([None, len(ridges), len(naive) * horizon], tf.float64),
    )  # [series, time, ridges, bases * horizon]
    split = [shape[0], targets, tf.shape(times)[0], len(ridges), len(naive), horizon]
    found = tf.transpose(tf.reshape(found, split), [4, 3, 0, 2, 5, 1])
    found = tf.cast(found, kind)  # [bases, ridges, batch, time, horizon, targets]
    return [found[base, ridge] for base in range(len(naive)) for ridge in range(len(ridges))]


def _of_one(values, bases, times, horizon, lags, memory, ridges):
    """The forecasts of one series `[time, ridges, bases * horizon]`, from its values `[steps]` and
    naive forecasts `[steps, bases * horizon]`."""
    size = tf.shape(values)[0]
    steps = tf.range(size)[:, None]
    count = bases.shape[1] // horizon
    features = tf.gather(values, tf.maximum(steps - tf.range(1, lags + 1), 0)) - values[:, None]
    ahead = tf.gather(values, tf.minimum(steps + tf.range(1, horizon + 1), size - 1))
    left = tf.tile(ahead, [1, count]) - bases  # [steps, bases * horizon]
    shrinkage = tf.constant(list(ridges), tf.float64)[:, None, None]
    eye = tf.eye(lags + 1, dtype=tf.float64)

    def at(step):
        stop = tf.maximum(step - horizon + 1, 0)
        start = tf.minimum(tf.maximum(step - memory + 1, 0) + lags, stop)
        x, y = features[start:stop], left[start:stop]
        rows = tf.cast(tf.maximum(stop - start, 1), tf.float64)
        mean = tf.reduce_sum(tf.square(x)) / lags  # of the diagonal of the Gram matrix
        level = tf.sqrt(mean / rows)
        x = tf.pad(x, [[0, 0], [0, 1]], constant_values=level)
        gram, cross = tf.matmul(x, x, transpose_a=True), tf.matmul(x, y, transpose_a=True)
        some = tf.where(mean > 0, mean, 1.0)  # where nothing changed, nothing is added
        roots = tf.linalg.cholesky(gram + shrinkage * some * eye)  # [ridges, lags + 1, lags + 1]
        weights = tf.linalg.cholesky_solve(roots, tf.tile(cross[None], [len(ridges), 1, 1]))
        now = tf.concat([features[step], [level]], axis=0)
        change = tf.einsum("f,rfw->rw", now, weights) + bases[step] - values[step]
        seen = values[tf.maximum(step - memory + 1, 0) : step + 1]
        most = BEYOND * (tf.reduce_max(seen) - tf.reduce_min(seen))
        return values[step] + tf.clip_by_value(change, -most, most)

    kept = tf.TensorSpec([len(ridges), count * horizon], tf.float64)
    return tf.map_fn(at, times, fn_output_signature=kept)
