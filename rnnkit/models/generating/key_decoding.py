"""How models whose outputs are piano keys decode: sampled step by step, each step key by key."""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import in_memory
from rnnkit.models.generating.decoder import Source
from rnnkit.models.generating.value_decoding import ValueDecoding
from rnnkit.models.progress import shown
from rnnkit.utils.seeds import drawn

# Steps whose likelihood is computed in one call.
CHUNK = 256


class KeyDecoding(ValueDecoding):
    """Decoding of steps of keys; see `Decoding`."""

    name = "text"

    def options(self, max_length=None, sample=None, temperature=1.0, seed=None, **others):
        for option, value in others.items():
            raise ValueError(
                "Of the options of decoding, targets whose steps are sampled take sample, "
                f"temperature, seed and max_length. Received: {option}={value!r}"
            )
        sample = self.model.sample if sample is None else bool(sample)
        if not temperature > 0:
            raise ValueError(f"temperature must be positive. Received: temperature={temperature!r}")
        seed = drawn(seed)
        return self.limit(max_length), sample, float(temperature), seed

    def chooser(self, sample, temperature, seed):
        head = self.model.decoder.head
        return lambda x, index: head.sample(x, seed + tf.stack([0, index]), temperature, sample)

    # === Prompts ===

    def prompts(self, values):
        feature = self.model.output_feature
        return feature.encode(feature.to_tensor(values))

    def after(self, source, prompt):
        """A `Source` that has read steps int8 `[batch, time, width]`, padded with -1; rows may be
        empty."""
        decoder = self.model.decoder
        steps = tf.pad(prompt, [[0, 0], [0, 1], [0, 0]], constant_values=-1)  # at least one
        lengths = tf.reduce_sum(tf.cast(steps[..., 0] >= 0, tf.int32), axis=1)  # [batch]
        own = tf.cast(tf.maximum(steps, 0), tf.float32)  # [batch, time, width]
        _, states = decoder.begun(decoder.head.shifted(own), lengths, source)
        empty = (lengths == 0)[:, None]  # [batch, 1]
        last = tf.gather(own, tf.maximum(lengths - 1, 0), axis=1, batch_dims=1)  # [batch, width]
        starts = tf.cast(empty, tf.float32)
        last = tf.concat([tf.where(empty, 0.0, last), starts], axis=1)  # [batch, width + 1]
        return source._replace(states=states, last=last)

    # === Likelihoods ===

    def log_likelihood(self, data, batch_size, verbose=0):
        """As `Conditional.log_likelihood`, of the keys alone, without the end.

        Pieces are read in chunks, the states carried on.
        """
        decoder, data = self.model.decoder, in_memory(data, "log_likelihood")

        def run(before, target, states, given):
            logits, last = decoder.whole(before, Source(states or None, given=given))
            logits, truth = logits[..., :-1], tf.cast(target[..., :-1], tf.float32)
            nats = tf.nn.sigmoid_cross_entropy_with_logits(tf.maximum(truth, 0.0), logits)
            nats = tf.where(truth < 0, 0.0, nats)
            return -tf.reduce_sum(nats, axis=[1, 2]), last

        run = self.compiled("steps", run)
        batches, found = data.batches(batch_size, multiple=self.model._multiple), []
        for style, target, *_ in shown(batches, int(batches.cardinality()), verbose):
            source = self.model.begin(style)
            states = source.states or decoder.zero_states(tf.shape(target)[0])
            before, total = decoder.head.before(target), 0.0
            for first in range(0, int(tf.shape(target)[1]), CHUNK):
                part = slice(first, first + CHUNK)
                values, states = run(before[:, part], target[:, part], list(states), source.given)
                total += values.numpy().astype("float64")
            found.append(total)
        return data.restored(np.concatenate(found), batch_size)
