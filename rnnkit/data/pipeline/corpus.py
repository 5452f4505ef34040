"""Texts as one long sequence of tokens, read in parallel streams, chunk by chunk."""

import numpy as np
import tensorflow as tf

from rnnkit.data.pipeline.encoded import SHARING, Encoded, as_written

# Fraction of the chunks in training that begin anew, with no states from before. States that are
# carried on and on while the weights change become such as no text leads to from its start, and a
# network that only ever saw them knows nothing of a start.
ANEW = 0.1


class Corpus(Encoded):
    """Encoded texts in a row, a token between each and the next.

    Args:
        texts: List of int32 arrays, the tokens of each text.
        between: Token put between two texts.
        characters: Characters of the texts, one for each token between included; by default the
            number of tokens.

    Attributes:
        tokens: int32 `[tokens]`, all texts in a row.
        characters: As given.
        weights: Weight of each token in the loss, `[ids]`, or None.
    """

    weights = None

    def __init__(self, texts, between, characters=None):
        parts = []
        for text in texts:
            parts += [text, [between]]
        self.tokens = np.concatenate(parts[:-1]).astype("int32")
        self.characters = len(self.tokens) if characters is None else int(characters)
        self.tensors, self.padding = (), (0,)
        self.size = len(texts)

    @property
    def steps(self):
        return len(self.tokens)

    def _all(self):
        return (tf.constant(self.tokens),)

    def streams(self, batch_size, chunk):
        """How many streams there are: `batch_size`, or fewer where the texts are short."""
        return int(max(1, min(batch_size, len(self.tokens) // chunk)))

    def chunks(self, batch_size, chunk, start, shuffle=False, seed=None, multiple=1):
        """Batches `(before, target)` of parallel streams; each goes on where it was before.

        The tokens are cut into equally long streams, which are the rows of every batch: row b of
        a batch is what follows row b of the batch before. What is behind the end is 0.

        Args:
            batch_size: Streams at most.
            chunk: Tokens of each stream in a batch.
            start: Token before the first of each stream.
            shuffle: Whether each epoch begins at another position of the text (and reads its
                beginning after its end), so that no two epochs are cut alike; and a tenth of the
                chunks, sampled at random, is read as if the text began with it.
            seed: Integer that fixes these positions, or None.
            multiple: Streams are padded to a multiple of this.

        Returns:
            A `tf.data.Dataset` of pairs of int32 `[streams, time]`, with known cardinality; with
            `weights` their weights `[streams, time]` beside them.
        """
        size, count = len(self.tokens), self.streams(batch_size, chunk)
        length = -(-size // count)  # of a stream
        padded = -(-length // multiple) * multiple
        steps, tokens = -(-padded // chunk), tf.constant(self.tokens)
        table = None if self.weights is None else tf.constant(self.weights, tf.float32)
        firsts = tf.range(count, dtype=tf.int64)[:, None] * length  # [streams, 1]

        def take(begin, offset, number):
            """The tokens from `begin` on of each stream, and those one step before."""
            times = tf.range(begin, tf.minimum(begin + chunk, padded))[None]  # [1, time]
            positions = firsts + times  # [streams, time]
            there = (times < length) & (positions < size)

            def at(positions):
                return tf.gather(tokens, (positions + offset) % size)

            starts = times == 0  # [1, time]
            if shuffle:
                sampled = tf.random.stateless_uniform([count, 1], tf.stack([number, begin]))
                starts |= (times == begin) & (sampled < ANEW)  # [streams, time]
            before = tf.where(starts, start, at(positions - 1))
            targets = tf.where(there, at(positions), 0)
            weights = () if table is None else (tf.gather(table, targets),)
            return tf.where(there, before, 0), targets, *weights

        @as_written
        def epoch(number):
            begins = tf.data.Dataset.range(0, padded, chunk)
            return begins.map(lambda begin: take(begin, number % size, number))

        if shuffle:
            numbers = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True)
            batches = numbers.take(1).flat_map(epoch)
        else:
            batches = epoch(tf.constant(0, tf.int64))
        batches = batches.apply(tf.data.experimental.assert_cardinality(steps))
        return batches.prefetch(tf.data.AUTOTUNE).with_options(SHARING)
