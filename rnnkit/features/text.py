"""The feature for text, as words or as characters."""

import collections

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import text_of
from rnnkit.features.normalization import FORMS, normalized, without_markup
from rnnkit.features.pretrained import MOST_WORDS, Pretrained
from rnnkit.features.pretrained import learn as learn_vectors
from rnnkit.features.spacing import Spacing, learn
from rnnkit.features.tokenizer import Tokenizer
from rnnkit.utils.checks import integer, one_of

PADDING, UNKNOWN = "", "[UNK]"  # ids 0 and 1

# RE2's \w and \s know ASCII only, so classes of Unicode say what is a letter, mark or number.
SPACES = (r"\p{Z}+", " ")  # no-break spaces and the like
SPLIT = [
    SPACES,
    # A punctuation mark or symbol, with the marks on it (an emoji's variant), or a character of a
    # script without spaces between words. What joins letters is no mark.
    (
        r"([^\p{L}\p{M}\p{N}_\s'\x{200c}\x{200d}]\p{M}*|[\p{Han}\p{Hiragana}\p{Katakana}]"
        r"|[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)",
        r" \1 ",
    ),
    (r"(^|\s)'|'(\s|$)", " ' "),
]
STRIP = [SPACES, (r"[^\p{L}\p{M}\p{N}_\s\x{200c}\x{200d}]\p{M}*", "")]
# Name -> (lower-case?, [(RE2 pattern, replacement), ...]); see `Text`.
STANDARDIZERS = {
    "lower_and_split_punctuation": (True, SPLIT),
    "lower_and_strip_punctuation": (True, STRIP),
    "split_punctuation": (False, SPLIT),
    "lower": (True, []),
    "none": (False, []),
}
LEVELS = ("word", "character")
KEEP = ("start", "end", "both")
MOST_NGRAMS = 16  # an operation each


@keras.saving.register_keras_serializable(package="rnnkit")
class Text(Feature):
    """A text as a sequence of token ids, and ids as text again.

    The text is standardised, split into words (at white space) or characters, joined to n-grams
    where asked for, looked up in a vocabulary of the most frequent tokens, and cut to the limit.
    Id 0 is padding and id 1 every token outside the vocabulary. An empty text is encoded as one
    unknown token, so that no row of a batch is masked altogether.

    Args:
        level: `"word"` or `"character"`.
        vocabulary_size: Largest number of ids, the two special ones included; None for no limit.
        max_length: Longest sequence of tokens, or None. Longer ones are cut (a warning says how
            many, once).
        keep: Which part of a text that is too long is kept: `"start"`, `"end"`, or `"both"`: the
            first quarter and the last three quarters of the limit, as reviews and messages tend
            to end with their point.
        standardize: `"lower_and_split_punctuation"` (lower-case; every punctuation mark becomes a
            word of its own, and so does every character of a script without spaces, such as
            Chinese, Japanese or Thai; apostrophes inside words stay),
            `"lower_and_strip_punctuation"`, `"split_punctuation"`, `"lower"` or `"none"`. By
            default the first for words and `"none"` for characters.
        normalize: Unicode form to which all texts are brought first, in training and afterwards:
            `"NFKC"` (letters and their marks as one character, full-width and other compatible
            forms as the plain ones), `"NFC"` (only the first) or None, which leaves all as it is.
            With a form, typographic apostrophes and hyphens become the plain ones, and soft
            hyphens and marks of direction go; see `rnnkit.features.normalization`.
        html: Whether HTML's tags are taken out and its usual entities (`&amp;`) resolved.
        tokenizer: Function of your own that takes texts apart, instead of at white space; see
            `rnnkit.features.tokenizer.Tokenizer`. It gets texts as `normalize` and `standardize`
            leave them, which is then `"none"` by default. It must be registered, and a saved model
            holds its name alone: it is loaded after the function is registered again, with
            `rnnkit.load_model(path, custom_objects={name: function})`, or on the command line with
            `--recipe file.py`, of which the file registers it. A model with it can be exported only
            if it is written in TensorFlow's operations.
        digits: Whether digits stay as they are; if not, each becomes `0`, so that numbers are
            told apart by their form only (a price, a telephone number).
        ngrams: Longest word n-gram, up to 16: 2 adds every pair of neighbours after the single
            words.
        unique: Whether each token of a text is kept once only, in order of appearance: the ids of
            a multi-hot bag of words.
        min_count: Tokens seen less often than this in the training data are left out.
        vectors: File of word vectors (GloVe, word2vec, fastText; also `.gz` or `.zip`), or
            `rnnkit.features.WordVectors`, that a network starts from. For single words only.
        vector_words: Words of the vectors, the first ones of the file, that are known although the
            data does not have them; 0 for none, as in what a model generates.
        vocabulary: Learned tokens without the special ones, or None to learn them with `adapt`.
        spacing: Where `decode` leaves out spaces beside punctuation marks, as `adapt` learned it
            from the training texts where marks are split off: dict of mark to the fractions of
            its positions without a space before and after; see `rnnkit.features.spacing`.

    Example:

    >>> text = Text().adapt(["good film", "a good day"])
    >>> text.encode(tf.constant(["A good film!"])).to_list()
    [[3, 2, 5, 1]]
    >>> text.decode([[3, 2, 5]])
    ['a good film']
    >>> text = Text().adapt(["Well, well.", "(Good.)"])
    >>> text.decode(text.encode(tf.constant(["good, (well)."])).to_list())
    ['good, (well).']
    >>> @keras.saving.register_keras_serializable("example")
    ... def by_hyphens(text):
    ...     return text.split("-")
    >>> Text(tokenizer=by_hyphens).adapt(["a b-c"]).vocabulary
    ['a b', 'c']
    """

    sequence = True
    target_type = "texts"
    decodes_in_graph = copies_words = shows_tokens = True
    entries = ("vocabulary", "spacing")
    adjustable = ("vocabulary_size", "max_length", "keep", "min_count", "vector_words")

    def __init__(
        self,
        level="word",
        vocabulary_size=20_000,
        max_length=None,
        keep="start",
        standardize=None,
        normalize="NFKC",
        html=False,
        tokenizer=None,
        digits=True,
        ngrams=1,
        unique=False,
        min_count=1,
        vectors=None,
        vector_words=MOST_WORDS,
        vocabulary=None,
        spacing=None,
    ):
        self.tokenizer = Tokenizer.of(tokenizer)
        if self.tokenizer is not None and level != "word":
            raise ValueError(
                f"level must be 'word' with a tokenizer of your own. Received: level={level!r}"
            )
        if standardize is None:
            plain = level == "character" or self.tokenizer is not None
            standardize = "none" if plain else "lower_and_split_punctuation"
        self.level = one_of(level, "level", LEVELS)
        self.vocabulary_limit = integer(vocabulary_size, "vocabulary_size", 3, optional=True)
        self.max_length = integer(max_length, "max_length", optional=True)
        self.keep = one_of(keep, "keep", KEEP)
        self.standardize = one_of(standardize, "standardize", tuple(STANDARDIZERS))
        self.normalize = one_of(normalize, "normalize", FORMS)
        self.html = bool(html)
        self.digits = bool(digits)
        self.ngrams = integer(ngrams, "ngrams", most=MOST_NGRAMS)
        self.unique = bool(unique)
        self.min_count = integer(min_count, "min_count")
        self.vectors = Pretrained.of(vectors, vocabulary is not None)
        if self.vectors is not None and (level != "word" or self.ngrams > 1):
            raise ValueError(
                "vectors are those of single words: they need level='word' and ngrams=1. Received: "
                f"level={level!r}, ngrams={ngrams!r}"
            )
        self.vector_words = integer(vector_words, "vector_words", least=0)
        self.vocabulary = self.spacing = None
        if vocabulary is not None:
            self._set(list(vocabulary), spacing)

    def _set(self, vocabulary, spacing):
        self.vocabulary = vocabulary
        self.spacing = spacing
        names = [PADDING, UNKNOWN, *vocabulary]
        self._spacing = Spacing(names, spacing or {}) if self.level == "word" else None
        self._lookup = keras.layers.StringLookup(
            vocabulary=vocabulary, mask_token=PADDING, oov_token=UNKNOWN
        )

    @property
    def adapted(self):
        return self.vocabulary is not None

    @property
    def token_names(self):
        return [PADDING, UNKNOWN, *self.vocabulary] if self.adapted else None

    @property
    def vocabulary_size(self):
        """Number of ids, padding and unknown included; before `adapt`, the limit."""
        return len(self.vocabulary) + 2 if self.adapted else self.vocabulary_limit

    def adapt(self, data):
        """Learns the vocabulary: the most frequent tokens, equal counts in alphabetical order."""
        counts = collections.Counter()
        marks = learn(self._counted(data, counts))
        if not counts:
            raise ValueError("Text.adapt needs at least one word. Received: only empty texts")
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        limit = None if self.vocabulary_limit is None else self.vocabulary_limit - 2
        special = (PADDING.encode(), UNKNOWN.encode())
        kept = [token for token, n in ranked if n >= self.min_count and token not in special]
        # Bytes that are no UTF-8 cannot be saved as text, and NumPy takes zeros off the ends of
        # texts: they stay unknown.
        decoded = [text_of(token) for token in kept]
        vocabulary = [token for token in decoded if not {"\ufffd", "\0"} & {*token}][:limit]
        if not vocabulary:
            raise ValueError(
                f"Text.adapt found no token often enough: the most frequent is seen "
                f"{ranked[0][1]} times. Received: min_count={self.min_count}"
            )
        spacing = {name: marks[name] for name in sorted(marks.keys() & {*vocabulary})}
        if self.vectors is not None:
            special = (PADDING, UNKNOWN)
            more, self.vectors = learn_vectors(
                self.vectors, vocabulary, counts, self._as_looked_up, special, self.vector_words
            )
            vocabulary = vocabulary + more
        self._set(vocabulary, spacing)
        return self

    def _as_looked_up(self, words):
        """What words of a file are looked up as, a list of texts; None for several tokens."""
        tokens = self.tokens(tf.constant(words))
        single = (tokens.row_lengths() == 1).numpy().tolist()
        first = tokens[:, :1].to_tensor("", shape=[None, 1])[:, 0].numpy().tolist()
        return [text_of(each) if one else None for each, one in zip(first, single, strict=True)]

    def _counted(self, data, counts):
        """Counts the tokens of all texts; gives the texts whose marks are split off."""
        splits = self.level == "word" and "split" in self.standardize
        for texts in self.batches(data):
            texts = self._normalized(texts)
            counts.update(self.tokens(texts).flat_values.numpy().tolist())
            if splits:
                yield from map(text_of, texts.numpy().tolist())

    def tokens(self, texts):
        """Texts `[batch]` to their tokens, a ragged string tensor `[batch, (tokens)]`."""
        texts = self._normalized(tf.convert_to_tensor(texts))
        lower, rules = STANDARDIZERS[self.standardize]
        if lower:
            texts = tf.strings.lower(texts, encoding="utf-8")
        for pattern, replacement in rules:
            texts = tf.strings.regex_replace(texts, pattern, replacement)
        if not self.digits:
            texts = tf.strings.regex_replace(texts, r"\pN", "0")
        if self.tokenizer is not None:
            pieces = self.tokenizer(texts)
        elif self.level == "character":
            pieces = tf.strings.unicode_split(texts, "UTF-8", errors="replace")
        else:
            pieces = tf.strings.split(texts)
        if self.ngrams > 1:
            # [batch, (words)] -> [batch, (words + pairs + ...)]
            pieces = tf.concat(
                [tf.strings.ngrams(pieces, width) for width in range(1, self.ngrams + 1)], axis=1
            )
        return pieces

    def _normalized(self, texts):
        texts = without_markup(texts) if self.html else texts
        return normalized(texts, self.normalize)

    def encode(self, texts, truncate=True):
        """Texts `[batch]` to ids, a ragged int32 tensor `[batch, (time)]`, at least one each."""
        ids = self._lookup(self.tokens(texts))  # [batch, (time)]
        ids = tf.ragged.map_flat_values(tf.cast, ids, tf.int32)
        if self.unique:
            ids = unique_in_rows(ids)
        empty = tf.equal(ids.row_lengths(), 0)
        filler = tf.RaggedTensor.from_row_lengths(
            tf.ones([tf.math.count_nonzero(empty)], tf.int32), tf.cast(empty, tf.int64)
        )
        ids = tf.concat([ids, filler], axis=1)
        return self.truncate(ids) if truncate else ids

    def truncate(self, ids):
        """Cuts ragged ids `[batch, (time)]` to `max_length`, keeping what `keep` says."""
        if self.max_length is None:
            return ids
        limit = self.max_length
        if self.keep == "start":
            return ids[:, :limit]
        if self.keep == "end":
            return ids[:, -limit:]
        head = limit // 4
        if head == 0:
            return ids[:, -limit:]
        rest = ids[:, head:]
        return tf.concat([ids[:, :head], rest[:, -(limit - head) :]], axis=1)

    def decode(self, values):
        """Ids `[batch, time]` (padding is left out) to a list of texts."""
        return [self._joined([i for i in np.asarray(row).tolist() if i != 0]) for row in values]

    def _joined(self, ids, replacements=None):
        """The text of a list of ids, some of them replaced by other words."""
        if self._spacing is not None:
            return self._spacing.join(ids, replacements)
        names = enumerate(self.tokens_of(ids))
        return "".join((replacements or {}).get(index, name) for index, name in names)

    def decode_graph(self, ids):
        """Texts of ids `[batch, time]` as TensorFlow operations, for export."""
        return self.restore_graph(ids, None)

    def restore_graph(self, ids, words):
        if self._spacing is not None:
            return {"text": self._spacing.join_graph(ids, words)}
        names = tf.gather(tf.constant([PADDING, UNKNOWN, *self.vocabulary]), ids)
        if words is not None:
            names = tf.where(tf.equal(words, ""), names, words)
        return {"text": tf.strings.reduce_join(names, axis=1)}

    def source_words_graph(self, values):
        words = self.tokens(values)  # each token is copied as it is
        empty = tf.cast(tf.equal(words.row_lengths(), 0), tf.int64)
        filler = tf.RaggedTensor.from_row_lengths(
            tf.fill([tf.reduce_sum(empty)], UNKNOWN), empty, validate=False
        )
        return tf.concat([words, filler], axis=1)

    def pieces(self, text):
        return [text_of(each) for each in self.tokens([text])[0].numpy()] or [UNKNOWN]

    def tokens_of(self, ids):
        names = [PADDING, UNKNOWN, *self.vocabulary]
        return [names[index] for index in ids]

    def source_words(self, text):
        return self.pieces(text)  # each token is copied as it is

    def restore(self, ids, replacements):
        return self._joined(ids, replacements)

    def resources(self):
        return [self._lookup]

    @property
    def in_graph(self):
        return self.tokenizer is None or self.tokenizer.in_graph

    @property
    def not_served(self):
        return None if self.tokenizer is None else self.tokenizer.not_served

    def get_config(self):
        config = {**super().get_config(), "vocabulary_size": self.vocabulary_limit}
        config["vectors"] = None if self.vectors is None else self.vectors.config
        return {**config, "tokenizer": None if self.tokenizer is None else self.tokenizer.name}


def unique_in_rows(ids):
    """Keeps the first of equal ids in each row of a ragged tensor `[batch, (time)]`."""
    rows = tf.cast(ids.value_rowids(), tf.int64)
    span = tf.cast(tf.reduce_max(tf.concat([ids.flat_values, [0]], axis=0)), tf.int64) + 1
    keys, _ = tf.unique(rows * span + tf.cast(ids.flat_values, tf.int64))
    return tf.RaggedTensor.from_value_rowids(
        tf.cast(keys % span, tf.int32), keys // span, nrows=ids.nrows()
    )
