"""How a model without input is used: texts as one stream, and prompts to go on from.

See `OneToMany`, whose methods call these.
"""

import warnings

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.corpus import Corpus
from rnnkit.data.pipeline.encoded import batch
from rnnkit.data.pipeline.raw import as_dataset

# Bytes of a text encoded at a time, and texts.
PIECE = 2**20
BLOCK = 64


def corpus(model, x):
    """Texts, in whatever form, as a `Corpus`.

    Args:
        model: A `OneToMany` without input.
        x: A text, a list or column of texts, or a dataset of texts, batched or not.

    Raises:
        ValueError: If there is nothing to learn from, or no end.
    """
    feature = model.output_feature
    if isinstance(x, Corpus):
        return x
    if isinstance(x, (str, bytes)):
        x = [x]
    if isinstance(x, tf.data.Dataset):
        spec = x.element_spec
        if isinstance(spec, (tuple, dict)) and len(spec) != 1:
            raise ValueError(
                "A model without input learns from texts alone: map the dataset to them, such as "
                f"`.map(lambda x, y: y)`. Received: elements {spec}"
            )
        if x.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise ValueError(
                "A model without input needs texts that end: pass a part, such as "
                "`data.take(1_000)`. Received: a dataset that is endless"
            )
    texts, characters = [], 0
    for (values,) in batch(as_dataset(x, input_feature=feature), BLOCK):
        values = feature.cast(values)
        rows = feature.raw_spec.dtype == tf.string
        if rows and not feature.raw_spec.shape.rank:
            for text in values.numpy().tolist():
                tokens = _tokens(feature, text)
                if len(tokens):
                    texts.append(tokens)
                    characters += len(text.decode("utf-8", "replace")) + 1
            continue
        encoded = feature.encode(values, truncate=False)
        feature.check(values, encoded)
        found = [np.asarray(row, "int32") for row in encoded.to_list()]
        texts += found
        characters += sum(map(len, found)) + len(found)
    tokens = sum(map(len, texts))
    if tokens < 2:
        raise ValueError(
            "There must be at least two tokens to learn from or to score, one and what follows "
            f"it. Received: {len(texts):,} texts with {tokens} tokens"
        )
    return Corpus(texts, model.decoder.surface.end, characters - 1)


def _tokens(feature, text):
    """The tokens of one text, of any length, empty for an empty one."""
    found = []
    for piece in _pieces(text):
        encoded = feature.encode(tf.constant([piece]), truncate=False)
        found.append(encoded.flat_values.numpy())
    return np.concatenate(found) if found else np.zeros(0, "int32")


def _pieces(text):
    """A text in pieces that end with a line, or with a word, since tokens do not go across."""
    while len(text) > PIECE:
        cut = max(text.rfind(b"\n", 0, PIECE), text.rfind(b" ", 0, PIECE)) + 1
        if not cut:  # neither: at a whole character
            cut = PIECE
            while cut > PIECE - 4 and text[cut] & 0xC0 == 0x80:
                cut -= 1
        yield text[:cut]
        text = text[cut:]
    if text.strip(b" ") or text:
        yield text


def prompts(model, x):
    """Encoded beginnings for the model to go on from, ragged int32 `[prompts, (time)]`.

    An empty text is no token at all.
    """
    feature = model.output_feature
    values = feature.to_tensor(x)
    ids = feature.encode(values, truncate=False)
    feature.check(values, ids)
    if values.dtype == tf.string and values.shape.rank == 1:
        lengths = tf.where(tf.strings.length(values) == 0, tf.zeros_like(ids.row_lengths()), 2**30)
        keep = tf.ragged.range(ids.row_lengths()) < tf.cast(lengths, tf.int64)[:, None]
        ids = tf.ragged.boolean_mask(ids, keep)
    tokens = feature.vocabulary_size is not None
    unknown = int(tf.math.count_nonzero(ids.flat_values == 1)) if tokens else 0
    if unknown:
        total = int(ids.flat_values.shape[0])
        warnings.warn(
            f"{unknown:,} of {total:,} tokens of the prompts never occurred in training and are "
            "read as unknown.",
            stacklevel=4,
        )
    return ids.with_row_splits_dtype(tf.int64)


def continue_texts(feature, prompts, found):
    """Writes each text as it follows its prompt, with the space between where there is one.

    Args:
        feature: Feature of the outputs.
        prompts: List of lists of ids.
        found: For each prompt a list of results of decoding, dicts with `tokens` and `text`.
    """
    for prompt, before, results in zip(prompts, feature.decode(prompts), found, strict=True):
        if not isinstance(before, str) or not before:
            continue
        texts = feature.decode([prompt + each["tokens"] for each in results])
        for each, text in zip(results, texts, strict=True):
            if text.startswith(before):
                each["text"] = type(text)(text[len(before) :])


def read(decoder, tokens, source, cache=None):
    """A source that has read some tokens, each row in one call over all of them.

    Args:
        decoder: `Decoder`.
        tokens: int32 `[batch, time]`, padded with 0; rows may be empty.
        source: `Source` from which they are read.
        cache: `rnnkit.models.generating.cache.Cache` that remembers them, or None.

    Returns:
        `Source` to go on from; of a cache, its states come last.
    """
    batch_size = tf.shape(tokens)[0]
    tokens = tf.pad(tokens, [[0, 0], [0, 1]])  # [batch, time + 1]: at least one step
    lengths = tf.reduce_sum(tf.cast(tokens != 0, tf.int32), axis=1)  # [batch]
    start = decoder.surface.start
    before = tf.concat([tf.fill([batch_size, 1], start), tokens[:, :-1]], axis=1)
    # The last token is read by the first step of decoding. No row is masked altogether.
    mask = tf.sequence_mask(tf.maximum(lengths, 1), tf.shape(before)[1])
    first = decoder.zero_states(batch_size) if source.states is None else source.states
    keys, last = decoder.keys(before, source._replace(states=first or None), mask)
    empty = (lengths == 0)[:, None]  # [batch, 1]
    states = [tf.where(empty, a, tf.cast(b, a.dtype)) for a, b in zip(first, last, strict=True)]
    states += [] if cache is None else cache.read(keys, tokens)
    last = tf.gather(tokens, tf.maximum(lengths - 1, 0), axis=1, batch_dims=1)
    return source._replace(states=states, tokens=tf.where(empty[:, 0], start, last))
