"""How likely tokens are to a model: those of one long text, of each example, of all pairs."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.data.pipeline.encoded import Streamed
from rnnkit.models.compiled import compiled
from rnnkit.models.generating.cache import SCALES, mixed, settled
from rnnkit.models.generating.decoder import Source

# Tokens of a stream at least, and those read before it that do not count.
STREAM = 5000
CONTEXT = 1000
# Streams at most that have a cache each: every step is compared with all that is in it.
CACHES = 32
# Tokens by which a cache is settled.
SETTLED = 60_000


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
    nll = sum(values.sum() for values in surprises(model, data.tokens, batch_size, verbose))
    return metrics.compute(
        "likelihood",
        nll,
        tokens=len(data.tokens),
        units=data.characters,
        names=model.score_names,
    )


def surprises(model, tokens, batch_size, verbose=0, stream=STREAM, context=CONTEXT):
    """Nats of each token of a long text given those before it, without keeping all of them.

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
    cache = model.cache
    scales = [] if cache is None else [cache.scale]
    for nats, remembered, full in parts(
        model, tokens, batch_size, scales, verbose, stream, context
    ):
        if cache is not None:
            nats = -np.log(mixed(np.exp(-nats), remembered[:, 0], full, cache.weight))
        yield nats


def parts(model, tokens, batch_size, scales, verbose=0, stream=STREAM, context=CONTEXT):
    """As `surprises`, what they are made of in three arrays: nats by the network `[tokens]`, the
    probabilities by its cache with each of some scales `[tokens, scales]`, and how full that is
    `[tokens]`."""
    decoder, size, cache = model.decoder, len(tokens), model.cache
    if cache is not None:
        context = max(context, cache.size)
        stream = max(stream, 2 * cache.size)
        batch_size = min(batch_size, CACHES)
    count = int(max(1, min(batch_size, size // stream)))
    context = context if count > 1 else 0
    own = -(-(size - context) // count)  # tokens of each stream; the first has the context too
    # Row b: tokens b * own to (b + 1) * own + context.
    places = np.arange(count)[:, None] * own + np.arange(own + context)  # [streams, time]
    counts = np.ones(places.shape, bool)
    counts[1:, :context] = False
    counts &= places < size
    chunk, states = 250, decoder.zero_states(count)
    kept = model.__dict__.setdefault("_compiled_decoding", {})
    run, memory = kept.setdefault(("whole", *scales), _run(decoder, cache, scales)), ()
    if cache is not None:
        memory = cache.empty(count, decoder.readout.units, decoder.readout.compute_dtype)
    starts = range(0, own + context, chunk)
    progress = keras.utils.Progbar(len(starts)) if verbose in (1, 2) else None
    for step, first in enumerate(starts):
        here = places[:, first : first + chunk]
        target = np.where(here < size, tokens[np.minimum(here, size - 1)], 0)
        before = np.where(here == 0, decoder.surface.start, tokens[np.clip(here - 1, 0, size - 1)])
        values, states, remembered, full, memory = run(
            tf.constant(before, tf.int32), tf.constant(target, tf.int32), list(states), memory
        )
        found = (values, remembered, full)
        yield tuple(
            each.numpy()[counts[:, first : first + chunk]].astype("float64") for each in found
        )
        if progress:
            progress.update(step + 1)


def settled_cache(model, tokens, batch_size):
    """The weight and scale of a model's cache with which a text is likeliest: that of validation,
    or the beginning of a long one."""
    blocks = parts(model, tokens[:SETTLED], batch_size, SCALES)
    return settled([(np.exp(-nats), *others) for nats, *others in blocks], SCALES)


class Likelihoods:
    """Methods of a `OneToMany`: how likely targets are, each for its input or for every input."""

    def log_likelihood(self, x, y=None, batch_size=None, verbose=0):
        """Log-probability in nats of each true target, its end included, given its input.

        Args:
            x: Raw data as in `fit`.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Examples at a time; results do not depend on it.
            verbose: 1 shows progress.

        Returns:
            float64 `[examples]`.
        """
        self._check_likelihood("log_likelihood")
        size = self._batch_size(batch_size)
        return of_examples(self, self.prepare(x, y), size, verbose)

    def log_likelihoods(self, x, targets, batch_size=32, verbose=0):
        """Log-probability in nats of every target for every input: which input fits a text best?

        Args:
            x: Raw inputs, or a dataset of them.
            targets: Raw targets, such as a list of texts.
            batch_size: Inputs, and targets, at a time; results do not depend on it.
            verbose: 1 shows progress.

        Returns:
            float64 `[inputs, targets]`; see `rnnkit.metrics.retrieval`.

        Example:

        >>> found = model.log_likelihoods(pictures, ["a dog in the snow"])
        >>> pictures[found[:, 0].argmax()]
        """
        self._check_likelihood("log_likelihoods")
        size = self._batch_size(batch_size)
        return of_pairs(self, x, targets, size, verbose)

    def _check_likelihood(self, name):
        if self.input_feature is None or self.decoder.surface.numeric:
            raise ValueError(
                f"{name} is for models with an input whose outputs are tokens; a model without "
                "input has score"
            )


def _run(decoder, cache, scales):
    """Nats of a chunk `[streams, time]` and the states after it; and by a cache the probabilities
    `[streams, time, scales]`, how full it is `[streams, time]`, and what it remembers after."""

    @compiled
    def run(before, target, states, memory):
        keys, last = decoder.keys(before, Source(states or None))  # [streams, time, embedding]
        logits = tf.cast(decoder.surface.write(keys, before), tf.float32)  # [streams, time, size]
        values = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
        if cache is None:
            return values, last, tf.zeros_like(values)[..., None], tf.zeros_like(values), ()
        return values, last, *cache.shares(keys, target, *memory, scales)

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

        @compiled
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


def of_pairs(model, x, targets, batch_size, verbose=0):
    """Log-probability in nats of every target for every input, its end included.

    Inputs are encoded once; then every input is put beside every target, in blocks of both with
    targets of similar length.

    Args:
        model: A `OneToMany` with an input whose outputs are tokens.
        x: Raw inputs.
        targets: Raw targets.
        batch_size: Inputs encoded at a time, and inputs and targets of a block.
        verbose: 1 shows progress.

    Returns:
        float64 `[inputs, targets]`.
    """
    feature, decoder = model.output_feature, model.decoder
    values = feature.to_tensor(targets)
    ids = feature.encode(values)
    feature.check(values, ids)
    ids = decoder.surface.ended(ids)
    order = np.argsort(ids.row_lengths().numpy(), kind="stable")
    data = model.prepare(x, targets=False)
    kept = model.__dict__.setdefault("_compiled_decoding", {})
    if "encode" not in kept:
        kept["encode"] = compiled(
            lambda source: tf.nest.flatten(model._encode(source, training=False))
        )
        kept["pairs"] = _pairs(decoder)
    encoded = list(model._each_batch(kept["encode"], data, batch_size, 0))
    blocks = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
    progress = keras.utils.Progbar(len(blocks)) if verbose in (1, 2) else None
    result = np.zeros((sum(len(each[0]) for each in encoded), len(order)))
    for step, rows in enumerate(blocks):
        target = tf.gather(ids, rows).to_tensor()  # [targets, time]
        before, first = decoder.surface.before(target), 0
        for begun in encoded:
            found = kept["pairs"](begun, before, target).numpy()
            result[first : first + len(found), rows] = found
            first += len(found)
        if progress:
            progress.update(step + 1)
    return data.restored(result, batch_size)


def _pairs(decoder):
    @compiled
    def run(begun, before, target):
        """Log-probabilities `[inputs, targets]` of a block."""
        inputs, targets = tf.shape(begun[0])[0], tf.shape(target)[0]
        *states, given = [tf.repeat(each, targets, axis=0) for each in begun]
        given = (given, None) if decoder.attention is not None else (None, given)
        source = Source(states or None, given[0], None, given[1])
        before, target = tf.tile(before, [inputs, 1]), tf.tile(target, [inputs, 1])
        logits = tf.cast(decoder.whole(before, source)[0], tf.float32)  # [inputs * targets, ...]
        values = tf.nn.sparse_softmax_cross_entropy_with_logits(target, logits)
        values = -tf.reduce_sum(tf.where(target != 0, values, 0.0), axis=1)
        return tf.reshape(values, [inputs, targets])

    return run
