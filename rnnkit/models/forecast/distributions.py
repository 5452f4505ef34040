"""Quantiles of distributions of forecasts: exact ones in NumPy, and the same in a graph."""

import numpy as np
import tensorflow as tf
from scipy import stats

# Halvings of a bracket of quantiles, until they are exact: of counts below 2 ** 40, and of double
# precision.
HALVINGS, LARGEST = 41, 2.0**40
FINE, FURTHEST = 80, 1e6


def quantile(likelihood, parameters, probability):
    """Values at or below which there is so much probability.

    Args:
        likelihood: Name of the distribution; see `rnnkit.layers.DistributionParameters`.
        parameters: List of its parameters, NumPy arrays of one shape.
        probability: Above 0 and below 1.

    Returns:
        Array of that shape, of counts whole numbers.

    Example:

    >>> quantile("poisson", [np.array([0.5, 3.0])], 0.9).tolist()
    [1.0, 5.0]
    """
    mean, *others = (np.asarray(each, "float64") for each in parameters)
    if likelihood == "normal":
        return stats.norm.ppf(probability, mean, others[0])
    if likelihood == "student_t":
        return stats.t.ppf(probability, others[1], mean, others[0])
    if likelihood == "poisson":
        return np.maximum(stats.poisson.ppf(probability, mean), 0.0)
    size = 1 / others[0]
    return np.maximum(stats.nbinom.ppf(probability, size, size / (size + mean)), 0.0)


def quantile_graph(likelihood, parameters, probability):
    """`quantile` as TensorFlow operations in float64."""
    mean, *others = (tf.cast(each, tf.float64) for each in parameters)
    if likelihood == "normal":
        score = tf.constant(stats.norm.ppf(probability), tf.float64)
        return mean + others[0] * score
    if likelihood == "student_t":
        half, one_half = others[1] / 2, tf.fill(tf.shape(mean), tf.constant(0.5, tf.float64))
        tail = min(probability, 1 - probability)

        def reached(score):  # whether there is no more than the tail beyond
            share = others[1] / (others[1] + tf.square(score))
            return 0.5 * tf.math.betainc(half, one_half, share) <= tail

        score = _bisected(reached, tf.zeros_like(mean), FURTHEST, FINE)
        return mean + np.sign(probability - 0.5) * others[0] * score
    if likelihood == "poisson":

        def reached(count):
            return tf.math.igammac(count + 1, mean) >= probability

    else:
        size = 1 / others[0]
        share = size / (size + mean)

        def reached(count):
            return tf.math.betainc(size, count + 1, share) >= probability

    below = tf.zeros_like(mean) - 1
    found = _bisected(lambda each: reached(tf.math.ceil(each)), below, LARGEST - 1, HALVINGS)
    return tf.abs(tf.math.ceil(found))  # -0.0 is 0.0


def _bisected(reached, low, high, halvings):
    """About the smallest values from which on a condition holds, from a bracket of them."""
    high = tf.fill(tf.shape(low), tf.constant(high, tf.float64))

    def halve(low, high):
        middle = (low + high) / 2
        holds = reached(middle)
        return tf.where(holds, low, middle), tf.where(holds, middle, high)

    _, high = tf.while_loop(lambda *_: True, halve, (low, high), maximum_iterations=halvings)
    return high
