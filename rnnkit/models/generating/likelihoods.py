"""How likely a long text is to a language model, read from its first token to its last."""

import numpy as np
import tensorflow as tf

from rnnkit.models.generating.cache import SCALES, calibrated, mixed
from rnnkit.models.generating.decoder import Source
from rnnkit.models.progress import shown

# Tokens of a stream at least, and those read before it that do not count.
STREAM = 5000
CONTEXT = 1000
# Streams at most that have a cache each: every step is compared with all that is in it.
CACHES = 32
# Tokens of a stream read in one call.
CHUNK = 250
# Tokens by which a cache is calibrated.
CALIBRATED = 60_000


class TextLikelihood:
    """The negative log-likelihood of the tokens of a text, each given those before it.

    A text is read as if in one go. A long one is read in several streams at a time, each of which
    but the first reads the 1,000 tokens before its own, so that its states know what came before.

    Args:
        model: A `LanguageModel`.
        stream: Tokens of a stream at least.
        context: Tokens that each stream but the first reads before its own.
    """

    def __init__(self, model, stream=STREAM, context=CONTEXT):
        self.model, self.stream, self.context = model, stream, context

    def nats(self, tokens, batch_size, verbose=0):
        """Negative log-likelihoods in nats, computed as they are asked for.

        Args:
            tokens: int32 `[tokens]`.
            batch_size: Streams at most.
            verbose: 1 shows progress.

        Yields:
            float64 arrays, in no particular order, one value for each token altogether.
        """
        cache = self.model.cache
        scales = [] if cache is None else [cache.scale]
        for nats, remembered, full in self.parts(tokens, batch_size, scales, verbose):
            if cache is not None:
                nats = -np.log(mixed(np.exp(-nats), remembered[:, 0], full, cache.weight))
            yield nats

    def best_cache(self, tokens, batch_size):
        """The weight and scale of the model's cache with which a text is likeliest: that of
        validation, or the beginning of a long one."""
        parts = self.parts(tokens[:CALIBRATED], batch_size, SCALES)
        return calibrated([(np.exp(-nats), *others) for nats, *others in parts], SCALES)

    def parts(self, tokens, batch_size, scales, verbose=0):
        """Network and cache apart, for several scales of the cache at once.

        Args:
            tokens, batch_size, verbose: As in `nats`.
            scales: List of the scales by which the cache is compared; empty without a cache.

        Yields:
            For a part of the tokens, float64: negative log-likelihoods by the network alone
            `[tokens]`, probabilities by the cache alone `[tokens, scales]`, and the fraction of the
            cache that is full `[tokens]`.
        """
        model, size = self.model, len(tokens)
        decoder, cache = model.decoder, model.cache
        stream, context, memory = self.stream, self.context, ()
        if cache is not None:
            context = max(context, cache.size)
            stream = max(stream, 2 * cache.size)
            batch_size = min(batch_size, CACHES)
        count = int(max(1, min(batch_size, size // stream)))
        context = context if count > 1 else 0
        own = -(-(size - context) // count)  # tokens of each stream; the first has the context too
        # Row b: tokens b * own to (b + 1) * own + context.
        index = np.arange(count)[:, None] * own + np.arange(own + context)  # [streams, time]
        counts = index < size
        counts[1:, :context] = False
        if cache is not None:
            memory = cache.empty(count, decoder.readout.units, decoder.readout.compute_dtype)
        states, run = decoder.zero_states(count), self._chunk(scales)
        starts = range(0, own + context, CHUNK)
        for first in shown(starts, len(starts), verbose):
            here = index[:, first : first + CHUNK]
            target = np.where(here < size, tokens[np.minimum(here, size - 1)], 0)
            before = tokens[np.clip(here - 1, 0, size - 1)]
            before = np.where(here == 0, decoder.head.start, before)
            values, states, remembered, full, memory = run(
                tf.constant(before, tf.int32), tf.constant(target, tf.int32), list(states), memory
            )
            there = counts[:, first : first + CHUNK]
            found = (values, remembered, full)
            yield tuple(each.numpy()[there].astype("float64") for each in found)

    def _chunk(self, scales):
        """Function of a chunk `[streams, time]`, the states and the memory before it: what `parts`
        gives for it, with the states and the memory after it."""
        decoder, cache = self.model.decoder, self.model.cache

        def run(before, target, states, memory):
            features, last = decoder.features(before, Source(states or None))
            logits = tf.cast(decoder.head.generate(features, before), tf.float32)
            values = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
            if cache is None:
                return values, last, tf.zeros_like(values)[..., None], tf.zeros_like(values), ()
            return values, last, *cache.probabilities(features, target, *memory, scales)

        return self.model.compiled_functions.get(("text", *scales), run)
