"""A linear-chain conditional random field: which sequences of tags go together."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import integer

# What a path that is not allowed loses: more than any path's score, and no infinity.
FORBIDDEN = -1e4


@keras.saving.register_keras_serializable(package="rnnkit")
class CRF(Configured, keras.layers.Layer):
    """Scores whole sequences of tags: each tag at its step, and each pair of neighbours.

        s(y | x) = start[y_1] + sum_t scores[t, y_t] + sum_t transitions[y_t-1, y_t] + end[y_T]
        log p(y | x) = s(y | x) - log sum_y' exp s(y' | x)

    The layer passes the scores on as they are; `log_likelihood` trains it, `decode` finds the best
    sequence, `marginals` gives the probability of each tag at each step. The sum over all
    sequences is that of the forward algorithm, the best one that of Viterbi, both in one compiled
    loop over the steps. Masks must be right-padded, and the first step of a sequence must count.

    Args:
        tags: Number of tags.
        allowed: Which tags may follow each other in `decode`, as three lists of truth values: the
            tags that may come first `[tags]`, which may follow which `[tags][tags]` (row before
            column), and which may come last `[tags]`. None allows all.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        scores: Unnormalised scores of the tags `[batch, time, tags]`.

    Output shape: That of the scores.

    Raises:
        ValueError: For a wrong number of tags, or `allowed` of another shape.

    Example:

    >>> crf = CRF(3)
    >>> scores = crf(keras.random.normal((2, 5, 3)))  # [batch, time, tags]
    >>> tags, _ = crf.decode(scores)
    >>> crf.log_likelihood(scores, tags)  # [batch], at most 0

    Reference: Lafferty, McCallum and Pereira 2001, "Conditional random fields: probabilistic models
    for segmenting and labeling sequence data"; on top of a recurrent network: Huang, Xu and Yu
    2015, "Bidirectional LSTM-CRF models for sequence tagging", https://arxiv.org/abs/1508.01991.
    """

    def __init__(self, tags, allowed=None, **kwargs):
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.tags = integer(tags, "tags")
        self.allowed = allowed
        self.supports_masking = True
        self._penalties = [0.0, 0.0, 0.0]
        if allowed is not None:
            parts = [np.asarray(part, bool) for part in allowed]
            shapes = [part.shape for part in parts]
            if shapes != [(tags,), (tags, tags), (tags,)]:
                raise ValueError(
                    f"allowed must have the shapes ({tags},), ({tags}, {tags}) and ({tags},). "
                    f"Received: {shapes}"
                )
            self._penalties = [np.where(part, 0.0, FORBIDDEN).astype("float32") for part in parts]

    def build(self, input_shape):
        if input_shape[-1] != self.tags:
            raise ValueError(
                f"CRF takes scores of {self.tags} tags. Received: an input of shape {input_shape}"
            )
        self.start = self.add_weight(shape=(self.tags,), initializer="zeros", name="start")
        self.transitions = self.add_weight(
            shape=(self.tags, self.tags), initializer="zeros", name="transitions"
        )
        self.end = self.add_weight(shape=(self.tags,), initializer="zeros", name="end")
        self.built = True

    def call(self, scores, mask=None):
        return scores

    def compute_output_shape(self, input_shape):
        return input_shape

    # === Probabilities and the best sequence ===

    def log_likelihood(self, scores, tags, mask=None):
        """Log-probability of given sequences, in nats; exact.

        Args:
            scores: `[batch, time, tags]`.
            tags: Integers `[batch, time]`. Below 0 the tag of a step is not known: the
                probability is then that of all sequences which agree with what is known.
            mask: Boolean `[batch, time]`, or None where all steps count.

        Returns:
            float32 `[batch]`.
        """
        scores, mask = self._as_tensors(scores, mask)
        tags = tf.cast(tags, tf.int32)
        agrees = tf.one_hot(tags, self.tags, True, False, dtype=tf.bool) | (tags < 0)[..., None]
        known = tf.where(agrees, scores, FORBIDDEN)  # [batch, time, tags]
        # Both sums in one loop.
        both = self._log_sum(tf.concat([known, scores], 0), tf.concat([mask, mask], 0))
        numerator, partition = tf.split(both, 2)  # each [batch]
        return numerator - partition

    def log_partition(self, scores, mask=None):
        """Logarithm of the sum over all sequences of the exponential of their score, `[batch]`."""
        return self._log_sum(*self._as_tensors(scores, mask))

    def marginals(self, scores, mask=None):
        """Probability of each tag at each step, `[batch, time, tags]`, 0 at masked steps.

        It is the derivative of the log-partition function by the scores.
        """
        scores, mask = self._as_tensors(scores, mask)
        with tf.GradientTape() as tape:
            tape.watch(scores)
            total = self._log_sum(scores, mask)
        return tape.gradient(total, scores)

    def decode(self, scores, mask=None):
        """The best sequence of tags (Viterbi), of those that are allowed.

        Args:
            scores: `[batch, time, tags]`.
            mask: Boolean `[batch, time]`, or None.

        Returns:
            The pair of the tags, int32 `[batch, time]`, -1 at masked steps, and the scores of the
            sequences, float32 `[batch]`.
        """
        scores, mask = self._as_tensors(scores, mask)
        starts, pairs, ends = self._penalties
        transitions = self.transitions + pairs  # [before, after]
        first = self.start + starts + scores[:, 0]  # [batch, tags]
        same = tf.range(self.tags)[None]

        def forward(state, step):
            best, _ = state
            score, inside = step
            paths = best[:, :, None] + transitions  # [batch, before, after]
            before = tf.argmax(paths, axis=1, output_type=tf.int32)  # [batch, after]
            after = tf.reduce_max(paths, axis=1) + score
            inside = inside[:, None]
            return tf.where(inside, after, best), tf.where(inside, before, same)

        def backward(tag, before):
            return tf.gather(before, tag, axis=1, batch_dims=1)

        nothing = tf.zeros_like(first, tf.int32)
        # each [time, batch, tags]
        best, before = tf.scan(forward, _later(scores, mask), (first, nothing))
        best = best[-1] + self.end + ends  # [batch, tags]
        last = tf.argmax(best, axis=1, output_type=tf.int32)  # [batch]
        tags = tf.transpose(tf.scan(backward, before, last, reverse=True))  # [batch, time]
        return tf.where(mask, tags, -1), tf.reduce_max(best, axis=1)

    # === Loops ===

    def _log_sum(self, scores, mask):
        transitions = tf.convert_to_tensor(self.transitions)

        def forward(before, step):
            score, inside = step  # [batch, tags], [batch]
            # [batch, before, after] -> [batch, after]
            after = tf.reduce_logsumexp(before[:, :, None] + transitions, axis=1) + score
            return tf.where(inside[:, None], after, before)

        # [batch, tags]
        last = tf.foldl(forward, _later(scores, mask), self.start + scores[:, 0])
        return tf.reduce_logsumexp(last + self.end, axis=1)

    def _as_tensors(self, scores, mask):
        scores = tf.cast(tf.convert_to_tensor(scores), tf.float32)
        mask = tf.ones(tf.shape(scores)[:2], tf.bool) if mask is None else tf.cast(mask, tf.bool)
        return scores, mask


def _later(scores, mask):
    """Scores `[time, batch, tags]` and mask `[time, batch]` of the steps after the first, and of a
    masked one at the end: a loop must not be empty."""
    scores = tf.pad(scores[:, 1:], [[0, 0], [0, 1], [0, 0]])
    mask = tf.pad(mask[:, 1:], [[0, 0], [0, 1]])
    return tf.transpose(scores, [1, 0, 2]), tf.transpose(mask)
