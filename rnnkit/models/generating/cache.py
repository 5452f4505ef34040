"""A continuous cache: what a language model remembers of the text that it has just read."""

import numpy as np
import tensorflow as tf

from rnnkit.decoding.search import NEVER

# What `calibrated` chooses from: weights of the cache, and how sharply it compares.
WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
SCALES = (0.25, 0.5, 1.0)


class Cache:
    """Adds to a language model's probabilities what followed where the text looked alike before.

    What is kept of a step are the network's features, just before the output layer, and the token
    that then came. For each of the last `size` features k_i with their tokens w_i:

        p_cache(w) ~ sum_i [w_i = w] exp(scale * q . k_i),   q the features of the present step
        p(w) = (1 - a) p_network(w) + a p_cache(w),   a = weight * n / size

    where n is the number of steps so far, so that the beginning of a text does not count for much.
    Nothing is trained. Names and words of a text become likely once they have occurred, also those
    that training never had, far beyond what the states of a network hold.

    Args:
        size: Steps that are remembered.
        weight: Weight of the cache in the probabilities when it is full.
        scale: Factor of the products; the larger, the more the nearest features count.

    Reference: Grave, Joulin and Usunier 2017, "Improving neural language models with a continuous
    cache", equations 2 and 3, https://arxiv.org/abs/1612.04426.
    """

    def __init__(self, size, weight, scale):
        self.size, self.weight, self.scale = int(size), float(weight), float(scale)

    # === A whole text ===

    def empty(self, rows, width, dtype):
        """What is remembered before a text: features `[rows, size, width]`, tokens `[rows, size]`,
        0 where there is none yet."""
        return tf.zeros([rows, self.size, width], dtype), tf.zeros([rows, self.size], tf.int32)

    def probabilities(self, queries, targets, features, tokens, scales):
        """Probability of true tokens by the cache alone, each given those before it.

        Args:
            queries: Features of the steps `[rows, time, width]`.
            targets: int32 `[rows, time]`: the tokens that come there; 0 for padding.
            features, tokens: What is remembered from before; see `empty`.
            scales: List of scales to compare by.

        Returns:
            float32 `[rows, time, scales]`, 0 where nothing is remembered; the fraction of the cache
            that is full `[rows, time]`; and what is remembered afterwards.
        """
        features = tf.concat([features, queries], axis=1)  # [rows, size + time, width]
        tokens = tf.concat([tokens, targets], axis=1)  # [rows, size + time]
        products = tf.matmul(queries, features, transpose_b=True)  # [rows, time, size + time]
        products = tf.cast(products, tf.float32)
        time = tf.shape(queries)[1]
        now, index = tf.range(time)[:, None], tf.range(self.size + time)[None]
        near = (index >= now) & (index < now + self.size)  # [time, size + time]
        there = near & (tokens != 0)[:, None]  # [rows, time, size + time]
        products = tf.where(there, products, NEVER)
        products -= tf.reduce_max(products, axis=2, keepdims=True)
        same = there & (tokens[:, None] == targets[..., None])
        found = []
        for scale in scales:  # a softmax over what is there
            weights = tf.where(there, tf.exp(scale * products), 0.0)
            right = tf.reduce_sum(tf.where(same, weights, 0.0), axis=2)  # [rows, time]
            found.append(tf.math.divide_no_nan(right, tf.reduce_sum(weights, axis=2)))
        full = tf.reduce_sum(tf.cast(there, tf.float32), axis=2) / self.size
        kept = features[:, -self.size :], tokens[:, -self.size :]
        return tf.stack(found, axis=2), full, kept

    # === Step by step ===

    def read(self, features, tokens):
        """What is remembered of prompts, to go on from.

        Args:
            features: Of the steps of the prompts `[batch, time, width]`.
            tokens: The tokens that came there `[batch, time]`, 0 after the ends.

        Returns:
            List of states: the features `[batch, length, width]` and tokens `[batch, length]` of
            all but the last, oldest first, and the features of the last `[batch, width]`, whose
            token the first step is given.
        """
        lengths = tf.reduce_sum(tf.cast(tokens != 0, tf.int32), axis=1)[:, None]  # [batch, 1]
        length = tf.minimum(self.size, tf.shape(tokens)[1])
        index = lengths - 1 - length + tf.range(length)[None]  # [batch, length]
        safe = tf.maximum(index, 0)
        kept = tf.where(index < 0, 0, tf.gather(tokens, safe, batch_dims=1))
        last = tf.gather(features, tf.maximum(lengths[:, 0] - 1, 0), batch_dims=1)
        return [tf.gather(features, safe, batch_dims=1), kept, last]

    def room(self, states, steps):
        """States of `read` with as much room as so many steps need, at most `size`: what is copied
        at every step should be small."""
        features, tokens, last = states
        length = tf.shape(tokens)[1]
        needed = tf.minimum(self.size, length + steps)
        more = [[0, 0], [needed - tf.minimum(length, needed), 0]]
        first = length - tf.minimum(length, needed)
        return [
            tf.pad(features[:, first:], [*more, [0, 0]]),
            tf.pad(tokens[:, first:], more),
            last,
        ]

    def step(self, query, before, states, logits, start):
        """Logits with the cache, and what is remembered after a step.

        Args:
            query: Features of this step `[batch, beams, width]`.
            before: The token before it, int32 `[batch, beams]`.
            states: As `read` and `room` make them, each `[batch, beams, ...]`.
            logits: Of the network `[batch, beams, columns]`; `NEVER` for what is barred.
            start: The token of the beginning, which is not remembered, as what is unknown.
        """
        features, tokens, last = states
        known = tf.where((before < 2) | (before == start), 0, before)
        features = tf.concat([features[:, :, 1:], last[:, :, None]], axis=2)
        tokens = tf.concat([tokens[:, :, 1:], known[:, :, None]], axis=2)  # [batch, beams, length]
        there = tokens > 1
        products = tf.linalg.matvec(features, query)  # [batch, beams, length]
        scores = tf.where(there, self.scale * tf.cast(products, tf.float32), NEVER)
        weights = tf.where(there, tf.nn.softmax(scores), 0.0)
        # The weights of each token are added up, in one table for all rows.
        rows, columns = tf.size(before), tf.shape(logits)[2]
        flat = tf.reshape(tokens, [rows, -1]) + columns * tf.range(rows)[:, None]
        found = tf.math.unsorted_segment_sum(tf.reshape(weights, [rows, -1]), flat, rows * columns)
        found = tf.reshape(found, tf.shape(logits))
        full = tf.reduce_sum(tf.cast(there, tf.float32), axis=2, keepdims=True) / self.size
        weight = self.weight * full  # [batch, beams, 1]
        both = (1 - weight) * tf.nn.softmax(logits) + weight * found
        mixed = tf.where(logits <= NEVER / 2, NEVER, tf.math.log(both + 1e-30))
        return mixed, [features, tokens, tf.cast(query, last.dtype)]


def calibrated(blocks, scales):
    """The weight and scale with which true tokens are likeliest.

    Args:
        blocks: For each block of a text the probabilities of its tokens by the network
            `[tokens]`, those by the cache `[tokens, scales]`, and the fraction of it that is full
            `[tokens]`.
        scales: List of the scales.

    Returns:
        The pair `(weight, scale)`.
    """
    nats = {
        (weight, scale): -sum(
            np.log(mixed(network, cache[:, index], full, weight)).sum()
            for network, cache, full in blocks
        )
        for index, scale in enumerate(scales)
        for weight in WEIGHTS
    }
    return min(nats, key=nats.get)


def mixed(network, cache, full, weight):
    """Probabilities of both together, where a fraction of the cache is full."""
    return network + weight * full * (cache - network)
