"""How likely the true tokens are to a model: of one long text, or of each example."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit import likelihood
from rnnkit.data.pipeline import Streamed
from rnnkit.models.decoder import Source

# Tokens of a stream at least, and those read before it that do not count.
STREAM = 5000
CONTEXT = 1000


def score_corpus(model, data, batch_size, verbose=0):
    """Scores of a corpus as if read from its first token to its last in one go.

    Long texts are read in several streams at a time. Each but the first reads the 1,000 tokens
    before its own, so that its states know what came before.

    Args:
        model: A `OneToMany` without input.
        data: `Corpus`.
        batch_size: Streams at most.
        verbose: 1 shows progress.

    Returns:
        Dict of name to float.
    """
    surprise = sum(values.sum() for values in surprises(model, data.tokens, batch_size, verbose))
    names = model.score_names
    return likelihood.scores(surprise, len(data.tokens), data.characters, names)


def surprises(model, tokens, batch_size, verbose=0, stream=STREAM, context=CONTEXT):
    """Minus the log-probability of each token in nats, given all before it.

    Args:
        model: A `OneToMany` without input.
        tokens: int32 `[tokens]`.
        batch_size: Streams at most.
        verbose: 1 shows progress.
        stream: Tokens of a stream at least.
        context: Tokens that each stream but the first reads before its own.

    Yields:
        float64 arrays, in no particular order, one value for each token altogether.
    """
    decoder, size = model.decoder, len(tokens)
    count = int(max(1, min(batch_size, size // stream)))
    context = context if count > 1 else 0
    own = -(-(size - context) // count)  # tokens of each stream; the first has the context too
    # Row b: tokens b * own to (b + 1) * own + context.
    places = np.arange(count)[:, None] * own + np.arange(own + context)  # [streams, time]
    counts = np.ones(places.shape, bool)
    counts[1:, :context] = False
    counts &= places < size
    chunk, states = 250, decoder.zero_states(count)
    run = model.__dict__.setdefault("_compiled_decoding", {}).setdefault("whole", _run(decoder))
    starts = range(0, own + context, chunk)
    progress = keras.utils.Progbar(len(starts)) if verbose in (1, 2) else None
    for step, first in enumerate(starts):
        here = places[:, first : first + chunk]
        target = np.where(here < size, tokens[np.minimum(here, size - 1)], 0)
        before = np.where(here == 0, decoder.surface.start, tokens[np.clip(here - 1, 0, size - 1)])
        values, states = run(
            tf.constant(before, tf.int32), tf.constant(target, tf.int32), list(states)
        )
        yield values.numpy().astype("float64")[counts[:, first : first + chunk]]
        if progress:
            progress.update(step + 1)


def _run(decoder):
    @tf.function(reduce_retracing=True)
    def run(before, target, states):
        logits, last = decoder.whole(before, Source(states or None))
        logits = tf.cast(logits, tf.float32)  # [streams, time, size]
        values = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
        return values, last

    return run


def of_examples(model, data, batch_size, verbose=0):
    """Log-probability in nats of the target of each example, its end included: float64."""
    if isinstance(data, Streamed):
        raise ValueError(
            "log_likelihood needs data that ends and fits in memory: pass a part of it, such as "
            "`data.take(100_000)`. Received: a dataset that is endless or too large"
        )
    kept = model.__dict__.setdefault("_compiled_decoding", {})
    if "examples" not in kept:

        @tf.function(reduce_retracing=True)
        def run(source, before, target):
            logits = tf.cast(model([source, before], training=False), tf.float32)
            values = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
            return -tf.reduce_sum(tf.where(target != 0, values, 0.0), axis=1)  # [batch]

        kept["examples"] = run
    batches = model._batches(data, batch_size)
    progress = keras.utils.Progbar(int(batches.cardinality())) if verbose in (1, 2) else None
    found = []
    for step, ((source, before), target, *_) in enumerate(batches):
        found.append(kept["examples"](source, before, target).numpy())
        if progress:
            progress.update(step + 1)
    return data.restored(np.concatenate(found).astype("float64"), batch_size)
