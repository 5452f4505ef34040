"""Training of generating models on what they generate themselves, by a score of it."""

import keras
import tensorflow as tf

from rnnkit.decoding.search import Sampling
from rnnkit.training import rewards
from rnnkit.training.distributed import Distributed
from rnnkit.utils import replicas
from rnnkit.utils.checks import integer


class PolicyGradient(Distributed, keras.Model):
    """Trains a generating model: sample sequences, score them, and make the better ones likelier.

    For each input k sequences are sampled from the model. One with the reward r is made likelier by
    as much as r is above the mean reward b of the k - 1 others:

        gradient = - (r - b) grad log p(sequence)

    which is REINFORCE, and needs no further model to tell what reward is to be expected.

    The trainer runs the epochs (`model.fit(..., trainer=...)`); it changes the weights of the
    model, by the model's optimizer, and nothing else of it. Callbacks are called with the model.

    Args:
        model: A `rnnkit.models.generating.base.Generating` model.
        reward: Name or function; see `rnnkit.training.rewards.reward`.
        samples: k, at least 2.

    References: Williams 1992, "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning", https://doi.org/10.1007/BF00992696; Kool, van Hoof and Welling 2019,
    "Buy 4 REINFORCE samples, get a baseline for free!",
    https://openreview.net/forum?id=r1lgTGL5DE; Rennie et al. 2017, "Self-critical sequence training
    for image captioning", https://arxiv.org/abs/1612.00563 (rewards from a score of texts).
    """

    def __init__(self, model, reward, samples=5):
        samples = integer(samples, "samples", least=2)
        if model.input_feature is None or model.output_feature.vocabulary_size is None:
            raise ValueError(
                "reward is for models with an input that generate tokens, such as texts. Received: "
                f"reward={reward!r} for a model that generates "
                + type(model.output_feature).__name__
                + (" without input" if model.input_feature is None else "")
            )
        with model.distribute_strategy.scope():
            super().__init__(name="policy_gradient")
            self.model = model
            self.samples = samples
            self.reward = rewards.reward(reward)
            self.mean = keras.metrics.Mean(name="reward")
        self.barred = model.decoder.head.bias(model.barred())  # [size]
        self.first_seed = 0 if model.seed is None else model.seed
        self.built = True

    # === What Keras asks for ===

    @property
    def metrics(self):
        return [self.mean]

    @property
    def history(self):
        return self.model.history

    @property
    def stop_training(self):
        return self.model.stop_training

    @stop_training.setter
    def stop_training(self, stop):
        self.model.stop_training = stop

    @property
    def stopping(self):
        """Dict of the settings of early stopping: the model's patience, by the reward."""
        return {"patience": self.model.fit_defaults.get("patience"), "monitor": "val_reward"}

    def compile(self):
        """Takes the model's optimizer, which it must have been compiled with."""
        model = self.model
        with model.distribute_strategy.scope():
            super().compile(
                optimizer=model.optimizer,
                run_eagerly=model.run_eagerly,
                steps_per_execution=model.steps_per_execution,
                jit_compile=False,  # what is sampled differs in length at every step
            )

    def fit(self, x, *, epochs=1, verbose="auto", callbacks=None, **kwargs):
        """As `keras.Model.fit`, of batches `((source, before), target)`."""
        self.compile()
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            steps = int(x.cardinality())
            callbacks = keras.callbacks.CallbackList(
                callbacks,
                add_history=True,
                add_progbar=verbose != 0,
                verbose=verbose,
                epochs=epochs,
                steps=steps if steps >= 0 else None,
                model=self.model,
            )
        return super().fit(x, epochs=epochs, verbose=verbose, callbacks=callbacks, **kwargs)

    # === Steps ===

    def train_step(self, data):
        """As `train_step` of a Keras model; the mean reward of what was sampled is the log."""
        model, samples = self.model, self.samples
        source, target, rows = self._part(data)
        iteration = tf.cast(model.optimizer.iterations, tf.int32)
        noise = tf.random.experimental.stateless_fold_in([self.first_seed, 1], iteration)
        if replicas.count() > 1:  # each replica samples on its own
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            noise = tf.random.experimental.stateless_fold_in(noise, number)
        tokens, rewards = self._generated(source, target, samples, Sampling(seed=noise))
        mean = tf.reduce_mean(rewards, axis=1, keepdims=True)  # [n, 1]
        better = (rewards - mean) * (samples / (samples - 1))  # r - b, [n, k]
        tokens = tf.reshape(tokens, [-1, tf.shape(tokens)[-1]])  # [n * k, time]
        before = model.decoder.head.before(tokens)
        source = model.for_each(source, samples)
        with tf.GradientTape() as tape:
            logits = model((source, before), training=True)  # [n * k, time, size]
            logits = tf.cast(logits, tf.float32) + self.barred
            values = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, logits)
            values = tf.reduce_sum(tf.where(tokens != 0, values, 0.0), axis=1)  # -log p, [n * k]
            loss = tf.reduce_mean(tf.reshape(better, [-1]) * values)
            loss = loss * replicas.share(rows) / replicas.count()
            loss = model.optimizer.scale_loss(loss)
        variables = model.trainable_weights
        gradients = tape.gradient(loss, [each.value for each in variables])
        gradients = replicas.clippable(model.optimizer, gradients)
        # Not all have a part in what is generated, such as those of an auxiliary loss.
        pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        model.optimizer.apply_gradients(pairs)
        self.mean.update_state(rewards[:rows])
        return self.logs_of({"reward": self.mean.result()})

    def test_step(self, data):
        """The mean reward of the likeliest sequences, each token the likeliest after the last."""
        source, target, rows = self._part(data)
        self.mean.update_state(self._generated(source, target, 1, None)[1][:rows])
        return self.logs_of({"reward": self.mean.result()})

    def _part(self, data):
        """Inputs and targets of a replica's part of a batch, at least one, and how many there are
        of the inputs (see `Distributed`)."""
        (source, _), target, *_ = data
        rows = replicas.rows(source)
        if replicas.count() > 1:
            source, target = tf.nest.map_structure(replicas.with_a_row, (source, target))
        return source, target, rows

    def _generated(self, source, target, count, sampling):
        """Tokens `[n, k, time]` with their ends, and rewards `[n, k]`."""
        model, end = self.model, self.model.decoder.head.end
        limit = tf.constant(model.default_max_length())
        decoded, _ = model.decoding.search(source, limit, 0.0, count, count, sampling)
        number = tf.shape(tf.nest.flatten(source)[0])[0]
        # What an input has of references stands together; the unknown is like nothing.
        references = tf.reshape(target, [number, -1, tf.shape(target)[1]])  # [n, r, length]
        references = tf.where(references == end, 0, references)
        references = tf.where(references == 1, -1, references)
        tokens = tf.stop_gradient(decoded.tokens)
        return tokens, self.reward(tf.where(tokens == end, 0, tokens), references)
