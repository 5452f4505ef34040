"""A linear-chain conditional random field: which sequences of tags go together."""

import threading
import weakref

import keras
import numpy as np
import tensorflow as tf

from rnnkit.layers.config import Configured
from rnnkit.utils.checks import integer

# What a path that is not allowed loses: more than any path's score, and no infinity.
FORBIDDEN = -1e4
# What the scores of a step that is masked become, so that it is known without its mask: Keras
# hands a loss no mask, and passes none through recurrent layers from release 3.16 on.
ABSENT = -1e9


class Rebuilt(threading.local):
    """The layers that were last made from a configuration in this thread, by name.

    A loss is saved with the name of its layer alone, and finds it here when a model is loaded.
    """

    def __init__(self):
        self.layers = weakref.WeakValueDictionary()


rebuilt = Rebuilt()


@keras.saving.register_keras_serializable(package="rnnkit")
class CRF(Configured, keras.layers.Layer):
    """Scores whole sequences of tags: each tag at its step, and each pair of neighbours.

        s(y | x) = start[y_1] + sum_t scores[t, y_t] + sum_t transitions[y_t-1, y_t] + end[y_T]
        log p(y | x) = s(y | x) - log sum_y' exp s(y' | x)

    The layer passes the scores on as they are; `log_likelihood` trains it, `decode` finds the best
    sequence, `marginals` gives the probability of each tag at each step. The sum over all
    sequences is that of the forward algorithm, the best one that of Viterbi, both in one compiled
    loop over the steps. Steps that a mask leaves out, at whichever end or between, are as if they
    were not there: the neighbours are those that are left.

    In a Keras model `rnnkit.losses.CRFLoss(layer)` is its loss. The scores of masked steps become
    -1e9, by which the loss and the methods here know them.

    Args:
        tags: Number of tags.
        allowed: Which tags may follow each other in `decode`, as three lists of truth values: the
            tags that may come first `[tags]`, which may follow which `[tags][tags]` (row before
            column), and which may come last `[tags]`. None allows all.
        **kwargs: Of `keras.layers.Layer`.

    Call arguments:
        scores: Unnormalised scores of the tags `[batch, time, tags]`.
        mask: Boolean `[batch, time]`, False at steps that do not count, or None. Keras passes that
            of the layer before.

    Output shape: That of the scores.

    Raises:
        ValueError: For a wrong number of tags, or `allowed` of another shape.

    Example:

    >>> crf = CRF(3)
    >>> scores = crf(keras.random.normal((2, 5, 3)))  # [batch, time, tags]
    >>> tags, _ = crf.decode(scores)
    >>> crf.log_likelihood(scores, tags)  # [batch], at most 0

    A tagger of words in plain Keras; 0 is padding of words, -1 of tags, at either end:

    >>> words = keras.Input((None,), dtype="int32")
    >>> x = keras.layers.Embedding(50, 8, mask_zero=True)(words)
    >>> mask = keras.ops.not_equal(words, 0)
    >>> x = keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True))(x, mask=mask)
    >>> crf = CRF(3, name="crf")
    >>> model = keras.Model(words, crf(keras.layers.Dense(3)(x), mask=mask))
    >>> model.compile("adam", loss=rnnkit.losses.CRFLoss(crf))
    >>> x, y = np.array([[5, 7, 0], [0, 9, 5]]), np.array([[0, 2, -1], [-1, 1, 0]])
    >>> history = model.fit(x, y, epochs=2, verbose=0)
    >>> model.save("tagger.keras")
    >>> again = rnnkit.load_model("tagger.keras")  # or keras.models.load_model
    >>> tags, _ = again.get_layer("crf").decode(again.predict(x, verbose=0))  # -1 at padding

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

    @classmethod
    def from_config(cls, config):
        layer = super().from_config(config)
        rebuilt.layers[layer.name] = layer
        return layer

    def call(self, scores, mask=None):
        return scores if mask is None else tf.where(mask[..., None], scores, ABSENT)

    def compute_output_shape(self, input_shape):
        return input_shape

    # === Probabilities and the best sequence ===

    def log_likelihood(self, scores, tags, mask=None):
        """Log-probability of given sequences, in nats; exact.

        Args:
            scores: `[batch, time, tags]`.
            tags: Integers `[batch, time]`. Below 0 the tag of a step is not known: the
                probability is then that of all sequences which agree with what is known.
            mask: Boolean `[batch, time]`; None where all steps count that the layer was not told
                to leave out.

        Returns:
            float32 `[batch]`.
        """
        scores, mask = self._as_tensors(scores, mask)
        known = self._known(scores, tags)
        # Both sums in one loop.
        both = self._log_sum(tf.concat([known, scores], 0), tf.concat([mask, mask], 0))
        numerator, partition = tf.split(both, 2)  # each [batch]
        return numerator - partition

    def step_log_likelihoods(self, scores, tags, mask=None):
        """Log-probability of each tag given those before it and all inputs, in nats; exact.

            log p(y_t | y_1, ..., y_t-1, x)

        They add up to `log_likelihood`. That of steps which are masked, or whose tag is not known,
        is 0.

        Args:
            scores, tags, mask: As in `log_likelihood`.

        Returns:
            float32 `[batch, time]`.
        """
        scores, mask = self._as_tensors(scores, mask)
        known = self._known(scores, tags)
        forward, begun = self._forward(tf.concat([scores, scores], 0))
        both = _steps(tf.concat([known, scores], 0), tf.concat([mask, mask], 0))
        # Up to each step: of the sequences that agree so far, and of all.
        until, every = tf.split(tf.scan(forward, both, begun), 2, axis=1)  # [time, batch, tags]
        partition = tf.reduce_logsumexp(every[-1] + self.end, axis=1)  # [batch]
        transitions = tf.convert_to_tensor(self.transitions)

        def backward(after, step):
            score, inside, _ = step
            # [batch, before, after] -> [batch, before]
            before = tf.reduce_logsumexp(transitions + (after + score)[:, None], axis=2)
            return tf.where(inside[:, None], before, after)

        steps = _steps(scores, mask)
        last = tf.zeros_like(scores[:, 0]) + self.end
        after = tf.scan(backward, steps, last, reverse=True)  # from each step on
        after = tf.concat([after[1:], last[None]], axis=0)
        total = tf.reduce_logsumexp(until + after, axis=2) - partition  # [time, batch]
        begins = tf.cumsum(tf.cast(steps[1], tf.int32)) > 0
        total = tf.where(begins, total, 0.0)
        return tf.transpose(total - tf.concat([tf.zeros_like(total[:1]), total[:-1]], axis=0))

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
        begun = tf.zeros_like(scores[:, 0]) + self.start + starts  # [batch, tags]
        same = tf.range(self.tags)[None]

        def forward(state, step):
            best, _ = state
            score, inside, first = step[0], step[1][:, None], step[2][:, None]
            paths = best[:, :, None] + transitions  # [batch, before, after]
            before = tf.argmax(paths, axis=1, output_type=tf.int32)  # [batch, after]
            after = tf.where(first, best, tf.reduce_max(paths, axis=1)) + score
            return tf.where(inside, after, best), tf.where(inside, before, same)

        def backward(tag, before):
            return tf.gather(before, tag, axis=1, batch_dims=1)

        nothing = tf.zeros_like(begun, tf.int32)
        # each [time, batch, tags]
        best, before = tf.scan(forward, _steps(scores, mask), (begun, nothing))
        best = best[-1] + self.end + ends  # [batch, tags]
        last = tf.argmax(best, axis=1, output_type=tf.int32)  # [batch]
        # What each step says is the tag of the one before.
        tags = tf.scan(backward, before, last, reverse=True)  # [time, batch]
        tags = tf.transpose(tf.concat([tags[1:], last[None]], axis=0))  # [batch, time]
        return tf.where(mask, tags, -1), tf.reduce_max(best, axis=1)

    # === Loops ===

    def _known(self, scores, tags):
        """Scores with those of tags that are known not to be made small, `[batch, time, tags]`."""
        tags = tf.cast(tags, tf.int32)
        agrees = tf.one_hot(tags, self.tags, True, False, dtype=tf.bool) | (tags < 0)[..., None]
        return tf.where(agrees, scores, FORBIDDEN)

    def _forward(self, scores):
        """A step of the forward algorithm, and what it begins with."""
        transitions = tf.convert_to_tensor(self.transitions)

        def forward(before, step):
            score, inside, first = step  # [batch, tags], [batch], [batch]
            # [batch, before, after] -> [batch, after]
            after = tf.reduce_logsumexp(before[:, :, None] + transitions, axis=1)
            after = tf.where(first[:, None], before, after) + score
            return tf.where(inside[:, None], after, before)

        return forward, tf.zeros_like(scores[:, 0]) + self.start

    def _log_sum(self, scores, mask):
        forward, begun = self._forward(scores)
        last = tf.foldl(forward, _steps(scores, mask), begun)  # [batch, tags]
        return tf.reduce_logsumexp(last + self.end, axis=1)

    def _as_tensors(self, scores, mask):
        scores = tf.cast(tf.convert_to_tensor(scores), tf.float32)
        return scores, present(scores) if mask is None else tf.cast(mask, tf.bool)


def present(outputs):
    """Which steps of a `CRF`'s outputs `[batch, time, tags]` there are, boolean `[batch, time]`."""
    return tf.reduce_any(tf.convert_to_tensor(outputs) > ABSENT / 2, axis=-1)


def _steps(scores, mask):
    """Scores `[time, batch, tags]`; which steps there are, and which of them are the first of
    their sequence, both `[time, batch]`."""
    count = tf.cumsum(tf.cast(mask, tf.int32), axis=1)
    first = mask & (count == 1)
    return tf.transpose(scores, [1, 0, 2]), tf.transpose(mask), tf.transpose(first)
