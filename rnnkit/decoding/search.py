"""One loop from which every generating model decodes: greedy, beam search and sampling.

A model gives a step function; what is kept between steps (recurrent states, what was attended to)
travels through the loop as tensors. The loop is part of the TensorFlow graph: no Python runs
between the steps.
"""

import typing

import numpy as np
import tensorflow as tf

# Log-probability of what must not be chosen: finite, so that sums of it stay numbers.
NEVER = -1e9
# Logits of which `top_k` compares the greatest.
GROUP = 20


class Decoded(typing.NamedTuple):
    """What decoding gives, best first.

    Attributes:
        tokens: int32 `[batch, n_best, length]`, without the start token; `end` and, after it, 0.
        lengths: int32 `[batch, n_best]`, the end token included.
        scores: `[batch, n_best]`: log-probability, divided by the length penalty.
        log_probabilities: `[batch, n_best]`: log-probability in nats.
        finished: bool `[batch, n_best]`: whether the end came before `max_length`.
        attention: `[batch, n_best, length, source]`, or None.
    """

    tokens: tf.Tensor
    lengths: tf.Tensor
    scores: tf.Tensor
    log_probabilities: tf.Tensor
    finished: tf.Tensor
    attention: tf.Tensor | None


def length_penalty(lengths, alpha):
    """Wu et al. (2016), equation 14: ((5 + length) / 6) ** alpha; 1 for alpha 0."""
    lengths = tf.cast(lengths, tf.float32)
    return tf.pow((5.0 + lengths) / 6.0, alpha)


def decode(
    step,
    states,
    batch,
    *,
    start,
    end,
    max_length,
    beam_size=1,
    n_best=1,
    alpha=0.0,
    sampling=None,
    attends=False,
):
    """Decodes a batch, in one loop of the graph.

    Beam search keeps the `beam_size` hypotheses of the highest score. One that has ended is frozen:
    it keeps its rank and its score, and is displaced only by better ones. A sequence leaves the
    loop when all of its hypotheses have ended, or when those that have not cannot become better
    than the `n_best` that have; the loop ends when none is left. Greedy decoding is beam search
    with one beam. Sampling gives `beam_size` sequences that are independent of each other.

    Args:
        step: Function `(tokens, states, index, rows) -> (logits, states, attention)`: int32
            `[live, beams]` to logits `[live, beams, vocabulary]`, states of unchanged shapes, and
            attention `[live, beams, source]` or None. `rows`, int32 `[live]`, says which sequences
            of the batch still go on: what `step` knows of the whole batch, it gathers by them.
        states: Nest of tensors `[batch, beams, ...]`.
        batch: Number of sequences, an int or a scalar tensor.
        start: Token that comes before the first; an int, or int32 `[batch]`.
        end: Token that ends a sequence.
        max_length: Steps at most, the end token included; an int or a scalar tensor.
        beam_size: Hypotheses kept, or sequences sampled.
        n_best: How many of them are given back.
        alpha: Exponent of the length penalty, a number or a scalar tensor, at least 0, which
            compares log-probabilities.
        sampling: None, or a `Sampling`.
        attends: Whether `step` gives attention.

    Returns:
        `Decoded`.

    Reference:
        Wu et al., "Google's neural machine translation system", 2016,
        https://arxiv.org/abs/1609.08144.
    """
    tokens = tf.broadcast_to(tf.reshape(start, [-1, 1]), [batch, beam_size])
    if sampling is None:  # at first all beams are the same: only one may go on
        first = tf.constant([0.0] + [NEVER] * (beam_size - 1))
    else:
        first = tf.zeros(beam_size)
    own = tf.tile(tf.range(beam_size)[None], [batch, 1])  # [batch, beams]: what has ended stays
    log_probabilities = tf.tile(first[None], [batch, 1])  # [batch, beams]
    finished = tf.zeros([batch, beam_size], tf.bool)
    lengths = tf.zeros([batch, beam_size], tf.int32)

    def history(dtype):
        return tf.TensorArray(dtype, max_length, dynamic_size=False, clear_after_read=False)

    histories = (history(tf.int32), history(tf.int32))
    histories += (history(tf.float32),) if attends else ()

    # Tokens and states are those of the sequences that go on, all else is of the whole batch.
    def body(index, rows, tokens, states, log_probabilities, finished, lengths, histories):
        logits, states, attention = step(tokens, states, index, rows)
        logits = tf.cast(logits, tf.float32)  # [live, beams, vocabulary]
        total, ended, length = (
            tf.gather(each, rows) for each in (log_probabilities, finished, lengths)
        )  # each [live, beams]
        choose = _best if sampling is None else sampling.choose
        tokens, parents, total = choose(logits, total, ended, length, alpha, index)
        if parents is None:
            parents = tf.gather(own, rows)
        else:
            ended, length = (tf.gather(each, parents, batch_dims=1) for each in (ended, length))
            if attends:
                attention = tf.gather(attention, parents, batch_dims=1)
        length += tf.cast(~ended, tf.int32)
        ended |= tokens == end
        row = rows[:, None]  # [live, 1]

        def put(whole, part):
            return tf.tensor_scatter_nd_update(whole, row, part)

        values = (put(tf.zeros_like(own), tokens), put(own, parents))
        if attends:
            shape = tf.concat([[batch], tf.shape(attention)[1:]], axis=0)
            values += (tf.scatter_nd(row, tf.cast(attention, tf.float32), shape),)
        histories = tuple(
            array.write(index, value) for array, value in zip(histories, values, strict=True)
        )
        log_probabilities = put(log_probabilities, total)
        finished, lengths = put(finished, ended), put(lengths, length)
        over = tf.reduce_all(ended, axis=1)  # [live]
        if sampling is None:
            over |= _decided(total, ended, length, alpha, max_length, n_best)
        # One gather takes the parents' states of the sequences that go on.
        left = tf.cast(tf.where(~over)[:, 0], tf.int32)  # [left]
        chosen = tf.gather(parents, left) + left[:, None] * beam_size  # [left, beams]
        states = tf.nest.map_structure(lambda each: tf.gather(_joined(each), chosen), states)
        rows, tokens = tf.gather(rows, left), tf.gather(tokens, left)
        return index + 1, rows, tokens, states, log_probabilities, finished, lengths, histories

    live = tf.TensorShape([None, beam_size])
    steps, *_, log_probabilities, finished, lengths, histories = tf.while_loop(
        lambda index, rows, *_: tf.size(rows) > 0,
        body,
        (0, tf.range(batch), tokens, states, log_probabilities, finished, lengths, histories),
        maximum_iterations=max_length,
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None]),
            live,
            tf.nest.map_structure(lambda each: live + each.shape[2:], states),
            log_probabilities.shape,
            finished.shape,
            lengths.shape,
            tuple(tf.TensorShape(None) for _ in histories),
        ),
    )
    scores = log_probabilities / length_penalty(lengths, alpha)
    order = tf.argsort(scores, axis=1, direction="DESCENDING", stable=True)[:, :n_best]
    tokens, beams = _traced(steps, order, *histories[:2])  # each [batch, n_best, length]
    attention = None
    if attends:
        weights = tf.transpose(histories[2].gather(tf.range(steps)), [1, 0, 2, 3])
        attention = tf.gather(weights, tf.transpose(beams, [0, 2, 1]), batch_dims=2)
        attention = tf.transpose(attention, [0, 2, 1, 3])  # [batch, n_best, length, source]
    lengths, scores, log_probabilities, finished = (
        tf.gather(each, order, batch_dims=1)
        for each in (lengths, scores, log_probabilities, finished)
    )
    return Decoded(tokens, lengths, scores, log_probabilities, finished, attention)


def _decided(log_probabilities, ended, lengths, alpha, max_length, n_best):
    """Whether no hypothesis that goes on can come before the best that have ended, bool `[live]`.

    A log-probability only falls, so one that goes on ends at best with what it has now, divided by
    the greatest penalty.
    """
    scores = log_probabilities / length_penalty(lengths, alpha)  # [live, beams]
    least = tf.math.top_k(tf.where(ended, scores, -np.inf), n_best)[0][:, -1]  # [live]
    hope = log_probabilities / length_penalty(max_length, alpha)  # [live, beams]
    return least > tf.reduce_max(tf.where(ended, -np.inf, hope), axis=1)


def _joined(states):
    """States `[live, beams, ...]` with the beams of all sequences on one axis."""
    return tf.reshape(states, tf.concat([[-1], tf.shape(states)[2:]], axis=0))


def _best(logits, log_probabilities, finished, lengths, alpha, index):
    """The best continuations: tokens, the beams they continue, log-probabilities."""
    del index
    batch, beams = tf.shape(logits)[0], logits.shape[1]
    # No beam can be continued in more ways than there are beams.
    count = min(beams, logits.shape[2])
    values, tokens = top_k(logits, count)  # [batch, beams, count]
    largest = values[..., :1]  # [batch, beams, 1]
    total = tf.reduce_sum(tf.exp(logits - largest), axis=-1, keepdims=True)
    added = values - largest - tf.math.log(total)
    # What has ended goes on with token 0 alone, at no cost.
    frozen = tf.constant([0.0] + [NEVER] * (count - 1))
    added = tf.where(finished[..., None], frozen, added)
    tokens = tf.where(finished[..., None], 0, tokens)
    total = log_probabilities[..., None] + added
    longer = lengths + tf.cast(~finished, tf.int32)
    scores = total / length_penalty(longer, alpha)[..., None]
    _, index = tf.math.top_k(tf.reshape(scores, [batch, beams * count]), beams)
    total, tokens = (tf.reshape(each, [batch, beams * count]) for each in (total, tokens))
    tokens, total = (tf.gather(each, index, batch_dims=1) for each in (tokens, total))
    return tokens, index // count, total


def top_k(logits, count):
    """As `tf.math.top_k`, for large vocabularies three times as fast.

    The vocabulary is cut into groups of `GROUP`. The best are in the groups with the greatest
    maxima, and a maximum costs less than a sorted choice. Equal logits may come in another order.

    Args:
        logits: `[batch, beams, vocabulary]`, the last size known; a multiple of `GROUP` spares a
            copy.
        count: How many.

    Returns:
        The pair of values and indices `[batch, beams, count]`, best first.
    """
    size = logits.shape[-1]
    groups = size // GROUP
    if groups < 8 * count:
        return tf.math.top_k(logits, count)
    flat = tf.reshape(logits, [-1, size])  # [rows, vocabulary]
    number = tf.shape(flat)[0]
    even = flat if size == groups * GROUP else flat[:, : groups * GROUP]
    table = tf.reshape(even, [-1, groups, GROUP])
    best = tf.math.top_k(tf.reduce_max(table, axis=2), count)[1]  # [rows, count]
    chosen = tf.reshape(tf.gather(table, best, batch_dims=1), [number, -1])
    indices = GROUP * best[:, :, None] + tf.range(GROUP)  # [rows, count, GROUP]
    indices = tf.reshape(indices, [number, -1])  # as chosen, [rows, count * GROUP]
    if size > groups * GROUP:  # what fills no group
        left = tf.tile(tf.range(groups * GROUP, size)[None], [number, 1])
        chosen = tf.concat([chosen, flat[:, groups * GROUP :]], axis=1)
        indices = tf.concat([indices, left], axis=1)
    values, index = tf.math.top_k(chosen, count)  # [rows, count]
    indices = tf.gather(indices, index, batch_dims=1)
    shape = tf.concat([tf.shape(logits)[:-1], [count]], axis=0)
    found = (tf.reshape(each, shape) for each in (values, indices))
    return tuple(tf.ensure_shape(each, [*logits.shape[:-1], count]) for each in found)


def _traced(steps, order, tokens, parents):
    """Follows the chosen beams back from their ends: tokens, and the beam each came from."""

    def body(index, beam, found, rows):
        found = found.write(index, tf.gather(tokens.read(index), beam, batch_dims=1))
        rows = rows.write(index, beam)
        before = tf.gather(parents.read(index), beam, batch_dims=1)  # [batch, n_best]
        return index - 1, tf.ensure_shape(before, beam.shape), found, rows

    found, rows = tf.TensorArray(tf.int32, steps), tf.TensorArray(tf.int32, steps)
    _, _, found, rows = tf.while_loop(
        lambda index, *_: index >= 0, body, (steps - 1, order, found, rows)
    )
    return tuple(tf.transpose(each.stack(), [1, 2, 0]) for each in (found, rows))


class Sampling(typing.NamedTuple):
    """How tokens are sampled.

    Attributes:
        temperature: Logits are divided by it: below 1 the likely becomes likelier. A number or a
            scalar tensor, as `top_p`.
        top_k: Only so many of the likeliest tokens are sampled from; 0 for all.
        top_p: Only the fewest likeliest tokens that hold this much probability; 1 for all.
        seed: Pair of integers.

    Reference:
        Holtzman et al., "The curious case of neural text degeneration", 2020,
        https://arxiv.org/abs/1904.09751 (top-p).
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: typing.Any = (0, 0)

    def choose(self, logits, log_probabilities, finished, lengths, alpha, index):
        """One token a row; log-probabilities are those of the model, before any cut."""
        del lengths, alpha
        seed = tf.convert_to_tensor(self.seed) + tf.stack([0, index])
        noise = tf.random.stateless_uniform(tf.shape(logits), seed, 1e-20, 1.0)
        gumbel = -tf.math.log(-tf.math.log(noise))
        tokens = tf.argmax(self.cut(logits) + gumbel, axis=-1, output_type=tf.int32)
        added = tf.gather(tf.nn.log_softmax(logits), tokens, batch_dims=2)
        tokens = tf.where(finished, 0, tokens)
        return tokens, None, log_probabilities + tf.where(finished, 0.0, added)

    def cut(self, logits):
        """Logits `[..., vocabulary]` with temperature, and `NEVER` for what is cut off."""
        logits = logits / self.temperature
        if self.top_k:
            least = tf.math.top_k(logits, self.top_k)[0][..., -1:]
            logits = tf.where(logits < least, NEVER, logits)
        if tf.is_tensor(self.top_p) or self.top_p < 1.0:
            ordered = tf.sort(logits, axis=-1, direction="DESCENDING")
            before = tf.cumsum(tf.nn.softmax(ordered), axis=-1, exclusive=True)
            kept = tf.where(before < self.top_p, ordered, tf.float32.max)
            logits = tf.where(logits < tf.reduce_min(kept, axis=-1, keepdims=True), NEVER, logits)
        return logits
