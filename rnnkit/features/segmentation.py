"""What SentencePiece does, as TensorFlow operations: texts to pieces, and pieces to texts.

A model of SentencePiece is a table of rules that make characters alike, and a table of pieces with
scores. A text is normalised by the longest rules that fit, spaces become U+2581 with one before
the first word, and what is then a row of characters is cut into pieces: by unigrams into those with
the highest sum of scores, by byte pairs joining neighbours in the order of the scores.
"""

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.conversion import free_token
from rnnkit.features.rewriting import Rules, codes_of, reached

SPACE = "\u2581"
UNKNOWN = 1
UNIGRAM, BPE = 1, 2
NORMAL, BYTE = 1, 6  # types of pieces
# By how much an unknown character is worse than the worst piece.
PENALTY = np.float32(10.0)


class Segmentation:
    """The encoding of one model of SentencePiece, in the graph.

    Args:
        model: Serialised model of SentencePiece, bytes.
        unknown: What the unknown piece is decoded to.

    Attributes:
        reason: Why the model cannot be computed here, in words, or None.
        lookup: Keras layer from pieces to their numbers.
        falls_back: Whether unknown characters become bytes.

    Reference:
        Kudo, "Subword regularization", 2018, https://arxiv.org/abs/1804.10959 (unigrams); Sennrich
        et al., "Neural machine translation of rare words with subword units", 2016,
        https://arxiv.org/abs/1508.07909 (byte pairs).
    """

    def __init__(self, model, unknown):
        from sentencepiece import sentencepiece_model_pb2

        proto = sentencepiece_model_pb2.ModelProto.FromString(model)
        self.kind = proto.trainer_spec.model_type
        pieces = [each.piece for each in proto.pieces]
        types = np.array([each.type for each in proto.pieces])
        self.rules = Rules.of(proto.normalizer_spec.precompiled_charsmap)
        self.reason = _reason(proto, types, pieces, self.rules)
        if self.reason:
            return
        known = np.flatnonzero(types == NORMAL)
        self._ids = np.concatenate([[UNKNOWN], known]).astype("int32")
        scores = np.array([each.score for each in proto.pieces], "float32")
        scores[UNKNOWN] = scores[known].min() - PENALTY
        self._scores = scores
        names = [pieces[index] for index in known]
        self._longest = max(map(len, names))
        self.lookup = keras.layers.StringLookup(
            vocabulary=names, num_oov_indices=1, oov_token=free_token(names)
        )
        bytes_of = {int(pieces[i][3:-1], 16): i for i in np.flatnonzero(types == BYTE)}
        self._bytes = None
        if bytes_of:
            self._bytes = np.array([bytes_of[byte] for byte in range(256)], "int32")
        self.falls_back = self._bytes is not None
        shown = [piece if kind == NORMAL else "" for piece, kind in zip(pieces, types, strict=True)]
        shown[UNKNOWN] = unknown
        self._shown = shown
        self._unknown = unknown

    # === Texts to pieces ===

    def encode(self, texts):
        """Texts `[batch]` to ids, ragged int32 `[batch, (time)]`, one unknown piece at least."""
        text, ends, ids = self._cut(texts)
        if self._bytes is None:
            return _filled(tf.ragged.boolean_mask(ids, _kept(ids)), UNKNOWN)
        # What is unknown are single characters, each of which becomes its bytes.
        signs = tf.ragged.boolean_mask(tf.strings.unicode_split(text, "UTF-8"), ends)
        unknown = ids.flat_values == UNKNOWN  # [pieces]
        signs = tf.strings.bytes_split(tf.where(unknown, signs.flat_values, ""))
        codes = tf.cast(codes_of(signs.flat_values), tf.int32)
        plain = tf.RaggedTensor.from_row_lengths(
            tf.boolean_mask(ids.flat_values, ~unknown), tf.cast(~unknown, tf.int64), validate=False
        )
        fallback = signs.with_values(tf.gather(tf.constant(self._bytes), codes))
        parts = tf.concat([plain, fallback], axis=1)  # [pieces, (ids)]
        return _filled(ids.with_values(parts).merge_dims(1, 2), UNKNOWN)

    def source_words(self, texts):
        """For each piece of texts `[batch]` the word it is part of, ragged `[batch, (pieces)]`."""
        text, ends, ids = self._cut(texts)
        signs = tf.strings.unicode_split(text, "UTF-8")  # [batch, (characters)]
        words = tf.strings.split(text, SPACE)[:, 1:]  # the first space stands before the first word
        word = tf.cumsum(tf.cast(tf.equal(signs.flat_values, SPACE), tf.int32)) - 1
        word = tf.ragged.boolean_mask(signs.with_values(word), ends)  # [batch, (pieces)]
        word = tf.ragged.boolean_mask(word, _kept(ids))
        return _filled(
            word.with_values(tf.gather(words.flat_values, word.flat_values)), self._unknown
        )

    def _cut(self, texts):
        """Texts in pieces.

        Returns:
            The normalised texts `[batch]`; for each of their characters whether a piece ends with
            it, ragged booleans `[batch, (characters)]`; and the ids of the pieces, unknown ones
            single characters, ragged `[batch, (pieces)]`.
        """
        text = self.normalize(texts)
        signs = tf.strings.unicode_split(text, "UTF-8")
        lengths = signs.row_lengths()
        signs = signs.to_tensor("")  # [batch, characters]
        index = self._matches(signs, tf.cast(lengths, tf.int32))
        ids = tf.gather(tf.constant(self._ids), index)  # [batch, characters, longest]
        scores = tf.gather(tf.constant(self._scores), ids)
        single = tf.one_hot(0, self._longest, True, False)
        never = (index == 0) & ~(single & (signs != "")[..., None])
        scores = tf.where(never, tf.constant(-np.inf, tf.float32), scores)
        lengths = tf.cast(lengths, tf.int32)
        size = (_likeliest if self.kind == UNIGRAM else _joined)(scores, lengths)
        starts = size > 0  # [batch, characters]: how long the piece is that starts there
        found = tf.gather(ids, tf.maximum(size - 1, 0), axis=2, batch_dims=2)
        ends = tf.concat([starts[:, 1:], tf.zeros_like(starts[:, :1])], axis=1)
        ends |= tf.range(tf.shape(starts)[1]) == lengths[:, None] - 1
        return (
            text,
            tf.RaggedTensor.from_tensor(ends, lengths),
            tf.ragged.boolean_mask(found, starts),
        )

    def _matches(self, signs, lengths):
        """For each character and number of characters from there on the index of their piece.

        Returns:
            int32 `[batch, characters, longest]`, 0 where there is none.
        """
        found, joined = [], signs
        count = tf.shape(signs)[1]
        for size in range(self._longest):
            if size:
                after = tf.pad(signs[:, size:], [[0, 0], [0, tf.minimum(size, count)]])
                joined = tf.strings.join([joined, after])
            fits = tf.range(count) + size < lengths[:, None]  # [batch, characters]
            found.append(tf.where(fits, tf.cast(self.lookup(joined), tf.int32), 0))
        return tf.stack(found, axis=2)

    # === Normalisation ===

    def normalize(self, texts):
        """Texts `[batch]` with their characters made alike, U+2581 for spaces."""
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace")
        if self.rules is not None:
            texts = self.rules.apply(texts)
        texts = tf.strings.regex_replace(tf.strings.regex_replace(texts, "^ +", ""), " +", SPACE)
        return tf.strings.regex_replace(tf.strings.join([SPACE, texts]), f"{SPACE}+$", "")

    # === Pieces to texts ===

    def decode(self, ids, words=None):
        """Ids `[batch, time]`, padded with 0, to texts `[batch]`; words as in `restore_graph`."""
        pieces = tf.gather(tf.constant(self._shown), ids)
        first, last = "\x00", "\x01"  # what is put in is a word of its own
        if words is not None:
            words = tf.where(tf.equal(words, ""), "", tf.strings.join([first, words, last]))
            pieces = tf.where(tf.equal(words, ""), pieces, words)
        text = tf.strings.reduce_join(pieces, axis=1)
        text = tf.strings.regex_replace(text, f"^{SPACE}*{first}?", "")
        gap = f"{last}{SPACE}*{first}|{last}{SPACE}+|{SPACE}{first}|{SPACE}|{first}"
        return tf.strings.regex_replace(tf.strings.regex_replace(text, gap, " "), last, "")


def _reason(proto, types, pieces, rules):
    """Why a model of SentencePiece is not computed in graphs, or None."""
    spec = proto.normalizer_spec
    if proto.trainer_spec.model_type not in (UNIGRAM, BPE):
        return "it is of another type than unigrams and byte pairs"
    if not set(types[2:]) <= {NORMAL, BYTE} or NORMAL not in types:
        return "it has symbols of its own"
    if any(SPACE in piece[1:] for piece in pieces):
        return "it has pieces that go across words"
    plain = spec.add_dummy_prefix and spec.remove_extra_whitespaces and spec.escape_whitespaces
    if not plain or proto.trainer_spec.treat_whitespace_as_suffix:
        return "it treats spaces in another way"
    if proto.denormalizer_spec.precompiled_charsmap or (rules and b"  " in rules.replacements):
        return "it has rules of its own"
    return None


def _kept(ids):
    """Which pieces are kept: of a run of unknown ones the first. Ragged booleans as `ids`."""
    flat, rows = ids.flat_values, ids.value_rowids()
    same = (flat[1:] == UNKNOWN) & (flat[:-1] == UNKNOWN) & (rows[1:] == rows[:-1])
    return ids.with_values(tf.concat([[True], ~same], axis=0)[: tf.size(flat)])


def _filled(rows, value):
    """Ragged rows, of which empty ones get one value."""
    empty = tf.cast(tf.equal(rows.row_lengths(), 0), tf.int64)
    value = tf.fill([tf.reduce_sum(empty)], tf.constant(value, rows.dtype))
    filler = tf.RaggedTensor.from_row_lengths(value, empty, validate=False)
    return tf.concat([rows, filler], axis=1)


# === Pieces ===


def _likeliest(scores, lengths):
    """Sizes of the pieces with the highest sum of scores.

    Args:
        scores: Of the pieces by first character and size, float32 `[batch, characters, longest]`,
            minus infinity where there is none.
        lengths: Characters of each text, int32 `[batch]`.

    Returns:
        int32 `[batch, characters]`: the size of the piece that starts there, or 0.
    """
    batch, count, longest = tf.shape(scores)[0], tf.shape(scores)[1], scores.shape[2]
    infinite = tf.constant(-np.inf, tf.float32)
    # A place more, so that there is a step where all texts are empty.
    scores = tf.pad(scores, [[0, 0], [0, 1], [0, 0]], constant_values=-np.inf)

    def body(end, latest, sizes):
        # latest: the best sums up to the last `longest` places, the nearest first.
        best = tf.fill([batch], infinite)
        chosen = tf.zeros([batch], tf.int32)
        for size in range(longest, 0, -1):  # of equal ones the longest, which starts first
            begin = tf.maximum(end - size, 0)
            sums = tf.cast(scores[:, begin, size - 1], tf.float64)
            sums += tf.cast(latest[:, size - 1], tf.float64)
            better = sums > tf.cast(best, tf.float64)
            best = tf.where(better, tf.cast(sums, tf.float32), best)
            chosen = tf.where(better, size, chosen)
        latest = tf.concat([best[:, None], latest[:, :-1]], axis=1)
        return end + 1, latest, sizes.write(end - 1, chosen)

    latest = tf.concat([tf.zeros([batch, 1]), tf.fill([batch, longest - 1], infinite)], axis=1)
    _, _, sizes = tf.while_loop(
        lambda end, *_: end <= count + 1, body, (1, latest, tf.TensorArray(tf.int32, count + 1))
    )
    sizes = tf.reshape(sizes.stack(), [count + 1, batch])[:count]
    sizes = tf.transpose(sizes)  # of what ends there
    return _from_ends(sizes, lengths)


def _from_ends(sizes, lengths):
    """Sizes by where pieces end, of all that could be, as sizes by where those used start."""
    batch, count = tf.unstack(tf.shape(sizes))
    # Backwards from the end of each text, places counted from behind.
    place = tf.range(count)[None] + tf.zeros([batch, 1], tf.int32)
    place = tf.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    back = tf.gather(sizes, place, batch_dims=1)  # [batch, characters]
    total = tf.cast(batch * count, tf.int64)
    base = tf.range(batch) * count
    limit = (base + lengths)[:, None]
    here = base[:, None] + tf.range(count)[None]
    after = tf.minimum(here + tf.maximum(back, 1), tf.maximum(limit, here + 1))
    after = tf.where(after >= limit, tf.cast(total, tf.int32), after)  # the end of a text
    starts = tf.cast(tf.boolean_mask(base, lengths > 0), tf.int64)
    used = reached(tf.cast(tf.reshape(after, [-1]), tf.int64), starts, total)
    used = tf.gather(tf.reshape(used, [batch, count]), place, batch_dims=1)
    ends = tf.where(used & (tf.range(count) < lengths[:, None]))  # [pieces, 2]
    size = tf.gather_nd(sizes, ends)
    begins = tf.stack([ends[:, 0], ends[:, 1] + 1 - tf.cast(size, tf.int64)], axis=1)
    return tf.scatter_nd(begins, size, tf.cast([batch, count], tf.int64))


def _joined(scores, lengths):
    """Sizes of the pieces that neighbours are joined to, the best first; as `_likeliest`."""
    batch, count, longest = tf.shape(scores)[0], tf.shape(scores)[1], scores.shape[2]
    places = tf.range(count)
    sizes = tf.where(places < lengths[:, None], 1, 0)  # [batch, characters]
    table = tf.concat([scores, tf.fill([batch, count, 1], tf.constant(-np.inf))], axis=2)
    rows = tf.range(batch)

    def best(sizes):
        """The place of the best pair of each text, and its score."""
        next_one = tf.minimum(places + sizes, count - 1)
        both = sizes + tf.gather(sizes, next_one, batch_dims=1)
        pair = (sizes > 0) & (places + sizes < lengths[:, None]) & (both <= longest)
        score = tf.gather(table, tf.where(pair, both - 1, longest), axis=2, batch_dims=2)
        place = tf.argmax(score, axis=1, output_type=tf.int32)  # the first of the best
        return place, tf.gather(score, place, batch_dims=1)

    def body(sizes, place, score):
        found = tf.where(score > -np.inf)[:, 0]
        row, place = tf.gather(rows, found), tf.gather(place, found)
        size = tf.gather_nd(sizes, tf.stack([row, place], axis=1))
        second = tf.stack([row, place + size], axis=1)
        more = tf.gather_nd(sizes, second)
        sizes = tf.tensor_scatter_nd_update(sizes, second, tf.zeros_like(more))
        index = tf.stack([row, place], axis=1)
        sizes = tf.tensor_scatter_nd_update(sizes, index, size + more)
        return sizes, *best(sizes)

    def joinable():
        state = (sizes, *best(sizes))
        return tf.while_loop(lambda _, place, score: tf.reduce_any(score > -np.inf), body, state)[0]

    return tf.cond(count > 0, joinable, lambda: sizes)
