"""Training of models that write on what they write themselves, by a score of it."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from rnnkit.decoding.search import Sampling
from rnnkit.training import rewards


class Rewarded:
    """What takes the place of a training step: draw, score, and make the better more likely.

    For each input k sequences are drawn from the model. One with the reward r is made likelier by
    as much as r is above the mean reward b of the k - 1 others:

        gradient = - (r - b) grad log p(sequence)

    which is REINFORCE, and needs no further model to tell what reward is to be expected.

    Args:
        model: A `Generating` model.
        reward: Name or function; see `rnnkit.training.rewards.reward`.
        samples: k, at least 2.

    References: Williams 1992, "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning", https://doi.org/10.1007/BF00992696; Kool, van Hoof and Welling 2019,
    "Buy 4 REINFORCE samples, get a baseline for free!",
    https://openreview.net/forum?id=r1lgTGL5DE; Rennie et al. 2017, "Self-critical sequence training
    for image captioning", https://arxiv.org/abs/1612.00563 (rewards from a score of texts).
    """

    def __init__(self, model, reward, samples):
        whole = isinstance(samples, (int, np.integer)) and not isinstance(samples, bool)
        if not whole or samples < 2:
            raise ValueError(
                "samples must be an integer of at least 2, as each is compared with the others. "
                f"Received: samples={samples!r}"
            )
        surface = model.decoder.surface
        if surface.numeric or surface.draws or model.input_feature is None:
            raise ValueError(
                "reward is for models with an input that write tokens, such as texts. Received: "
                f"reward={reward!r} for a model that writes {type(model.output_feature).__name__}"
                + (" without input" if model.input_feature is None else "")
            )
        self.model, self.samples = model, int(samples)
        self.reward = rewards.reward(reward)
        self.mean = keras.metrics.Mean(name="reward")
        self.barred = surface.bias(model._barred())  # [size]
        self.seed = 0 if model.seed is None else model.seed

    def train_step(self, data):
        """As `train_step` of a Keras model; the mean reward of what was drawn is the log."""
        model, samples = self.model, self.samples
        (source, _), target, *_ = data
        iteration = tf.cast(model.optimizer.iterations, tf.int32)
        noise = tf.random.experimental.stateless_fold_in([self.seed, 1], iteration)
        tokens, rewards = self._written(source, target, samples, Sampling(seed=noise))
        mean = tf.reduce_mean(rewards, axis=1, keepdims=True)  # [n, 1]
        better = (rewards - mean) * (samples / (samples - 1))  # r - b, [n, k]
        tokens = tf.reshape(tokens, [-1, tf.shape(tokens)[-1]])  # [n * k, time]
        before = model.decoder.surface.before(tokens)
        source = model._for_each(source, samples)
        with tf.GradientTape() as tape:
            logits = model((source, before), training=True)  # [n * k, time, size]
            logits = tf.cast(logits, tf.float32) + self.barred
            values = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, logits)
            values = tf.reduce_sum(tf.where(tokens != 0, values, 0.0), axis=1)  # -log p, [n * k]
            loss = tf.reduce_mean(tf.reshape(better, [-1]) * values)
            loss = model.optimizer.scale_loss(loss)
        variables = model.trainable_weights
        gradients = tape.gradient(loss, [each.value for each in variables])
        # Not all have a part in writing, such as what foretells words.
        pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        model.optimizer.apply_gradients(pairs)
        self.mean.update_state(rewards)
        return {"reward": self.mean.result()}

    def test_step(self, data):
        """The mean reward of the likeliest sequences, each token the likeliest after the last."""
        (source, _), target, *_ = data
        self.mean.update_state(self._written(source, target, 1, None)[1])
        return {"reward": self.mean.result()}

    def _written(self, source, target, count, sampling):
        """Tokens `[n, k, time]` with their ends, and rewards `[n, k]`."""
        model, end = self.model, self.model.decoder.surface.end
        limit = tf.constant(model._limit())
        decoded, _ = model._decode(source, limit, 0.0, count, count, sampling)
        number = tf.shape(tf.nest.flatten(source)[0])[0]
        # What an input has of references stands together; the unknown is like nothing.
        references = tf.reshape(target, [number, -1, tf.shape(target)[1]])  # [n, r, length]
        references = tf.where(references == end, 0, references)
        references = tf.where(references == 1, -1, references)
        tokens = tf.stop_gradient(decoded.tokens)
        written = tf.where(tokens == end, 0, tokens)
        return tokens, self.reward(written, references)


@contextlib.contextmanager
def rewarded(model, reward, samples):
    """Lets a model train and validate by a reward for the time of a `with` block, in which it must
    be compiled."""
    compiled = model.jit_compile
    model.__dict__["_rewarded"] = Rewarded(model, reward, samples)
    try:
        yield
    finally:
        del model.__dict__["_rewarded"]
        model.jit_compile = compiled
        model.train_function = model.test_function = None
