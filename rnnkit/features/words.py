"""The feature for sentences as words, each with its characters."""

import collections
import collections.abc

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import refuse_single, strings, text_of, without_axes
from rnnkit.features.normalization import FORMS, normalized
from rnnkit.features.pretrained import MOST_WORDS, Pretrained, learn
from rnnkit.features.splitting import split_words, split_words_graph
from rnnkit.features.text import PADDING, UNKNOWN
from rnnkit.features.tokenizer import Tokenizer
from rnnkit.utils.checks import integer, one_of
from rnnkit.utils.messages import shorten


@keras.saving.register_keras_serializable(package="rnnkit")
class Words(Feature):
    """A sentence, given as its words, as the ids of the words and of the characters of each.

    Words are looked up lower-cased, in a vocabulary of those seen in the data; characters as they
    stand, so that capitals, endings and digits tell something of words never seen. Id 0 is
    padding and id 1 what is not known. Of a word longer than the limit the first and the last
    characters are kept.

    A sentence is a list of its words, or a text, which is taken apart into words. So a list of
    lists holds sentences, a list of texts as well, and a string tensor `[words]`, as datasets give
    it, is one sentence. A list of strings without spaces, such as `["Jordan", "resigned"]`, may be
    one sentence or two: it is refused, unless each is a text of a script without spaces. Write
    `[["Jordan", "resigned"]]` for the words of one sentence, `"Jordan resigned"` for a text.

    Args:
        min_count: Words and characters seen less often than this in the training data are left
            out.
        vocabulary_size: Largest number of word ids, the two special ones included; None for no
            limit.
        max_word_length: Characters of a word that are looked at; 0 looks at whole words alone.
        normalize: Unicode form in which words and characters are looked up: `"NFKC"`, `"NFC"` or
            None; see `rnnkit.features.Text`. The words themselves stay as they are given.
        lower: Whether words are looked up in lower case.
        tokenizer: Function of your own that takes a text apart into words; see
            `rnnkit.features.Text`.
        digits: Whether digits stay as they are in the look-up of words; if not, each becomes `0`.
            The characters keep them.
        vectors: File of word vectors (GloVe, word2vec, fastText; also `.gz` or `.zip`), or
            `rnnkit.features.WordVectors`, that a network starts from; see `vector_words`.
        vector_words: Words of the vectors, the first ones of the file, that are known although the
            data does not have them; 0 for none.
        vocabulary: Learned words without the special ones, or None to learn them with `adapt`.
        characters: Learned characters, likewise.

    Example:

    >>> words = Words(max_word_length=4).adapt([["A", "red", "cat"], ["a", "dog"]])
    >>> words.encode(words.to_tensor([["a", "cow"]])).shape  # [batch, (words), 1 + characters]
    TensorShape([1, None, 5])
    >>> words.raw(["It's red."])
    [['It', "'s", 'red', '.']]
    """

    raw_spec = tf.TensorSpec((None,), tf.string)
    sequence = True
    entries = ("vocabulary", "characters")
    adjustable = ("vocabulary_size", "min_count", "vector_words")

    def __init__(
        self,
        min_count=1,
        vocabulary_size=None,
        max_word_length=20,
        normalize="NFKC",
        lower=True,
        tokenizer=None,
        digits=False,
        vectors=None,
        vector_words=MOST_WORDS,
        vocabulary=None,
        characters=None,
    ):
        self.min_count = integer(min_count, "min_count")
        self.vocabulary_limit = integer(vocabulary_size, "vocabulary_size", 3, optional=True)
        self.max_word_length = integer(max_word_length, "max_word_length", least=0)
        self.normalize = one_of(normalize, "normalize", FORMS)
        self.lower = bool(lower)
        self.tokenizer = Tokenizer.of(tokenizer)
        self.digits = bool(digits)
        self.vectors = Pretrained.of(vectors, vocabulary is not None)
        self.vector_words = integer(vector_words, "vector_words", least=0)
        self.vocabulary = self.characters = None
        if vocabulary is not None:
            self._set(list(vocabulary), list(characters or ()))

    def _set(self, vocabulary, characters):
        self.vocabulary, self.characters = vocabulary, characters
        options = {"mask_token": PADDING, "oov_token": UNKNOWN}
        self._words = keras.layers.StringLookup(vocabulary=vocabulary, **options)
        # A character alone may be empty text's like only where there are none at all.
        self._characters = keras.layers.StringLookup(vocabulary=characters or ["a"], **options)

    @property
    def adapted(self):
        return self.vocabulary is not None

    @property
    def vocabulary_size(self):
        """Number of word ids, padding and unknown included; before `adapt`, the limit."""
        return len(self.vocabulary) + 2 if self.adapted else self.vocabulary_limit

    @property
    def token_names(self):
        return [PADDING, UNKNOWN, *self.vocabulary] if self.adapted else None

    @property
    def alphabet_size(self):
        """Number of character ids, padding and unknown included."""
        return max(len(self.characters), 1) + 2

    # === Raw values ===

    def raw(self, values):
        """Sentences in any form as a list of lists of words.

        Args:
            values: List of sentences: each a list of words, or a text, which is taken apart at
                white space and punctuation. A string tensor `[words]` is one sentence, one without
                axes a text.

        Raises:
            ValueError: For what is neither, and for strings that may be words or texts.
        """
        refuse_single(values, "Words", "sentences", "sentence")
        if isinstance(values, tf.RaggedTensor):
            rows = values.to_list()
        elif isinstance(values, tf.Tensor):
            if values.dtype == tf.string and values.shape.rank == 1:
                return [_words_of_tensor(values)]
            rows = [values.numpy()] if values.shape.rank == 0 else values.numpy()
        else:
            rows = list(values) if isinstance(values, collections.abc.Iterable) else values
            _refuse_words(rows)
        found = []
        for index, row in enumerate(rows):
            row = _words_of_tensor(row) if isinstance(row, tf.Tensor) else row
            if isinstance(row, (str, bytes)):
                found.append(self.words_of(text_of(row)))
                continue
            if not hasattr(row, "__len__") or isinstance(row, dict):
                raise ValueError(
                    "Words takes sentences, each a list of words or a text. "
                    f"Received: {row!r} at position {index}"
                )
            array = strings(np.array(list(row), dtype=object), f"Words, sentence {index},")
            found.append([text_of(word) for word in array.tolist()])
        return found

    def words_of(self, text):
        """The words of a text, a list of strings."""
        return split_words(text) if self.tokenizer is None else self.tokenizer.split(text)

    def to_tensor(self, values):
        """Sentences as in `raw` to a ragged string tensor `[batch, (words)]`."""
        if isinstance(values, tf.RaggedTensor) and values.dtype == tf.string:
            return values
        if isinstance(values, tf.Tensor) and values.dtype == tf.string and values.shape.rank == 2:
            return tf.RaggedTensor.from_tensor(values)
        return ragged(self.raw(values))

    def holds_one(self, values):
        """Whether raw values are one sentence: a text, or a string tensor `[words]`."""
        if isinstance(values, tf.Tensor):
            return values.dtype == tf.string and values.shape.rank in (0, 1)
        return without_axes(values)

    def is_input(self, item):
        """Whether what a generator gives is one sentence: a text or a list of words.

        Raises:
            ValueError: For strings with spaces, which may be words or texts.
        """
        if self.holds_one(item) or not isinstance(item, (list, tuple, np.ndarray)):
            return self.holds_one(item)
        texts = [text_of(each) for each in item if isinstance(each, (str, bytes))]
        if len(texts) < len(item):
            return False
        spaced = [each for each in texts if each.split() not in ([], [each])]
        if spaced:
            raise ValueError(
                "Words does not know whether a list of strings that a generator gives is the words "
                f"of one sentence or a batch of texts. Received: {shorten(repr(spaced[0]))} in it. "
                "Give one text, or one list of words, at a time; or batches as lists of lists of "
                "words"
            )
        return True

    # === Learning ===

    def adapt(self, data):
        """Learns words and characters, the most frequent first, equal counts by the alphabet."""
        words, characters = collections.Counter(), collections.Counter()
        for sentences in self.batches(data):
            flat = sentences.flat_values if isinstance(sentences, tf.RaggedTensor) else sentences
            flat = normalized(tf.reshape(flat, [-1]), self.normalize)
            words.update(self._looked_up(flat).numpy().tolist())
            if self.max_word_length:
                pieces = tf.strings.unicode_split(flat, "UTF-8", errors="replace")
                characters.update(pieces.flat_values.numpy().tolist())
        if not words:
            raise ValueError("Words.adapt needs at least one word. Received: only empty sentences")
        limit = None if self.vocabulary_limit is None else self.vocabulary_limit - 2
        vocabulary = self._ranked(words)[:limit]
        if not vocabulary:
            raise ValueError(
                f"Words.adapt found no word often enough: the most frequent is seen "
                f"{max(words.values())} times. Received: min_count={self.min_count}"
            )
        if self.vectors is not None:
            special = (PADDING, UNKNOWN)
            more, self.vectors = learn(
                self.vectors, vocabulary, words, self._as_looked_up, special, self.vector_words
            )
            vocabulary = vocabulary + more
        self._set(vocabulary, self._ranked(characters))
        return self

    def _as_looked_up(self, words):
        """What words of a file are looked up as, a list of texts."""
        flat = normalized(tf.constant(words), self.normalize)
        return [text_of(each) for each in self._looked_up(flat).numpy().tolist()]

    def _ranked(self, counts):
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        special = (PADDING.encode(), UNKNOWN.encode())
        kept = [text_of(each) for each, n in ranked if n >= self.min_count and each not in special]
        # What cannot be saved as text; NumPy takes zeros off the ends.
        return [each for each in kept if not {"\ufffd", "\0"} & {*each}]

    def _looked_up(self, words):
        """Words as they are in the vocabulary."""
        if self.lower:
            words = tf.strings.lower(words, encoding="utf-8")
        return words if self.digits else tf.strings.regex_replace(words, r"\pN", "0")

    # === Encoding ===

    def encode(self, sentences, truncate=True):
        """Words `[batch, (words)]` to int32 `[batch, (words), 1 + max_word_length]`.

        The first column is the id of the word, the others are those of its characters, padded with
        0. An empty sentence is encoded as one unknown word.
        """
        del truncate  # every word has an output
        if not isinstance(sentences, tf.RaggedTensor):
            sentences = tf.RaggedTensor.from_tensor(sentences)
        empty = tf.cast(tf.equal(sentences.row_lengths(), 0), tf.int64)
        filler = tf.RaggedTensor.from_row_lengths(
            tf.fill([tf.reduce_sum(empty)], ""), empty, validate=False
        )
        sentences = tf.concat([sentences, filler], axis=1)
        words = normalized(sentences.flat_values, self.normalize)  # [words]
        ids = tf.cast(self._words(self._looked_up(words)), tf.int32)
        columns = [tf.maximum(ids, 1)[:, None]]  # a word without characters is an unknown one
        if self.max_word_length:
            columns.append(self._spelled(words))
        return sentences.with_values(tf.concat(columns, axis=1))

    def _spelled(self, words):
        """Ids of the characters of words, int32 `[words, max_word_length]`."""
        limit = self.max_word_length
        pieces = tf.strings.unicode_split(words, "UTF-8", errors="replace")  # [words, (characters)]
        end = limit // 2
        start = limit - end
        pieces = (
            tf.concat([pieces[:, :start], pieces[:, start:][:, -end:]], axis=1)
            if end
            else (pieces[:, :limit])
        )
        ids = tf.ragged.map_flat_values(tf.cast, self._characters(pieces), tf.int32)
        return ids.to_tensor(0, shape=[None, limit])

    # === In exported models ===

    @property
    def served(self):
        return {"serve": self.raw_spec, "serve_text": tf.TensorSpec((), tf.string)}

    def words_served(self, values):
        """Words or texts that an exported model is given as ragged words `[batch, (words)]`."""
        if isinstance(values, tf.RaggedTensor):
            return values
        if values.shape.rank == 2:
            return tf.RaggedTensor.from_tensor(values, padding="")
        return split_words_graph(values) if self.tokenizer is None else self.tokenizer(values)

    @property
    def not_served(self):
        return None if self.tokenizer is None else self.tokenizer.not_served

    def encode_served(self, values, truncate=True):
        return self.encode(self.words_served(values), truncate)

    # === Decoding ===

    def decode(self, values):
        """Ids `[batch, time, columns]` (padding is left out) to a list of lists of words."""
        names = [PADDING, UNKNOWN, *self.vocabulary]
        return [[names[each[0]] for each in np.asarray(row) if each[0]] for row in values]

    def resources(self):
        return [self._words, self._characters]

    def get_config(self):
        config = {**super().get_config(), "vocabulary_size": self.vocabulary_limit}
        config["vectors"] = None if self.vectors is None else self.vectors.config
        return {**config, "tokenizer": None if self.tokenizer is None else self.tokenizer.name}


def _words_of_tensor(values):
    """The words of a string tensor `[words]`."""
    words = [text_of(each) for each in values.numpy().tolist()]
    texts = [each for each in words if each.split() not in ([], [each])]
    if texts:
        raise ValueError(
            "Words takes a string tensor [words] for one sentence, but here are words with spaces, "
            f"such as {shorten(repr(texts[0]))}. If each is a text, pass a list of str: "
            "[text.decode() for text in tensor.numpy()]; if they are the words of one sentence, "
            "pass [[...]], a list of words in a list"
        )
    return words


def _refuse_words(rows):
    """Raises a ValueError for a list of strings that may be the words of one sentence."""
    texts = [text_of(row) for row in rows if isinstance(row, (str, bytes))]
    if len(texts) < 2 or len(texts) < len(rows):
        return
    # White space, or characters that are words: then they are texts.
    if any(len(each.split()) > 1 for each in texts) or all(_many(each) for each in texts):
        return
    if not any(texts):
        return
    shown = shorten(repr(texts[:3])[:-1] + (", ...]" if len(texts) > 3 else "]"))
    raise ValueError(
        f"Words does not know whether a list of {len(texts)} strings without spaces is the words "
        f"of one sentence or as many texts. Received: {shown}. For one sentence pass a list of "
        "words in a list: [['Jordan', 'resigned']], or a text: 'Jordan resigned'; for texts of a "
        "word each [['Jordan'], ['resigned']]"
    )


def _many(text):
    """Whether a text without spaces is surely several words: one of a script without them."""
    return len(split_words(text)) > 2


def ragged(rows):
    """Lists of strings as a ragged string tensor `[batch, (items)]`."""
    flat = [each.encode("utf-8", "replace") for row in rows for each in row]
    return tf.RaggedTensor.from_row_lengths(
        tf.constant(np.array(flat, dtype=object), tf.string, shape=[len(flat)]),
        np.array([len(row) for row in rows], "int64"),
    )
