"""Texts as one stream of tokens to learn from, and prompts to go on from."""

import warnings

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.corpus import Corpus
from rnnkit.data.pipeline.encoded import batch
from rnnkit.data.pipeline.given import given, raw_tensor
from rnnkit.data.pipeline.raw import as_dataset

# Bytes of a text encoded at a time, and texts.
PIECE = 2**20
BLOCK = 64


def corpus(feature, end, x):
    """Texts, in whatever form, as a `Corpus`.

    Args:
        feature: Feature of the texts.
        end: Token that is put between texts.
        x: A text, a list or column of texts, a generator, or a dataset of texts, batched or not.

    Raises:
        ValueError: If there is nothing to learn from, or no end.
    """
    if isinstance(x, Corpus):
        return x
    if isinstance(x, tf.data.Dataset):
        spec = x.element_spec
        if isinstance(spec, (tuple, dict)) and len(spec) != 1:
            raise ValueError(
                "A language model learns from texts alone: map the dataset to them, such as "
                f"`.map(lambda x, y: y)`. Received: elements {spec}"
            )
        if x.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise ValueError(
                "A language model needs texts that end: pass a part, such as "
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
    return Corpus(texts, end, characters - 1)


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


def prompts(feature, x):
    """Encoded beginnings to go on from, ragged int32 `[prompts, (time)]`.

    An empty text is no token at all.
    """
    values = raw_tensor(given(x, feature)[0], feature)
    ids = feature.encode(values, truncate=False)
    feature.check(values, ids)
    ids = without_fillers(ids, values)
    unknown = int(tf.math.count_nonzero(ids.flat_values == 1))
    if unknown:
        total = int(ids.flat_values.shape[0])
        warnings.warn(
            f"{unknown:,} of {total:,} tokens of the prompts never occurred in training and are "
            "read as unknown.",
            stacklevel=5,
        )
    return ids.with_row_splits_dtype(tf.int64)


def without_fillers(ids, values):
    """Encoded texts, ragged `[texts, (time)]`, empty where the text is."""
    if values.dtype != tf.string or values.shape.rank != 1:
        return ids
    lengths = tf.where(tf.strings.length(values) == 0, tf.zeros_like(ids.row_lengths()), 2**30)
    keep = tf.ragged.range(ids.row_lengths()) < tf.cast(lengths, tf.int64)[:, None]
    return tf.ragged.boolean_mask(ids, keep)


def continue_texts(feature, prompts, found):
    """Turns each text into one that follows its prompt, with the space between where there is one.

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


def continued_graph(feature, prompts, found):
    """As `continue_texts`, in TensorFlow operations.

    Args:
        feature: Feature of the outputs.
        prompts: Ids of the prompts, int32 `[batch, time]`, padded with 0.
        found: Dict with the `tokens` that follow, `[batch, length]`, padded, and their `text`.

    Returns:
        Texts, string `[batch]`.
    """
    before = feature.decode_graph(prompts)["text"]
    parts = (tf.RaggedTensor.from_tensor(each, padding=0) for each in (prompts, found["tokens"]))
    whole = feature.decode_graph(tf.concat(list(parts), axis=1).to_tensor())["text"]
    length = tf.strings.length(before)
    begins = (length > 0) & (tf.strings.length(whole) >= length)
    begins &= tf.equal(tf.strings.substr(whole, tf.zeros_like(length), length), before)
    rest = tf.strings.substr(whole, tf.where(begins, length, 0), tf.strings.length(whole))
    return tf.where(begins, rest, found["text"])
