"""The feature for text as subwords: pieces of words, learned from data."""

import base64
import io

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.base import Feature
from rnnkit.features.conversion import text_of
from rnnkit.features.segmentation import Segmentation
from rnnkit.utils.checks import integer, one_of

MODEL_TYPES = ("unigram", "bpe")
NORMALIZATIONS = ("nmt_nfkc", "nmt_nfkc_cf", "nfkc", "nfkc_cf", "identity")
SPACE = "\u2581"  # how pieces write a space
UNKNOWN_PIECE = "\u2047"


@keras.saving.register_keras_serializable(package="rnnkit")
class Subwords(Feature):
    """A text as a sequence of subword ids, and ids as the same text again.

    Frequent words are one piece, rare ones several, so a limited vocabulary covers nearly any
    text, and endings are seen as such. Spaces are part of the pieces: decoding restores them
    exactly. Id 0 is padding, id 1 characters that were never seen in the training data. An empty
    text is encoded as one unknown piece. The pieces are learned and applied by SentencePiece; what
    it learned is kept in the saved model.

    Args:
        vocabulary_size: Largest number of ids, the two special ones included. Small data gets
            fewer.
        model_type: `"unigram"` (Kudo 2018) or `"bpe"`, byte-pair encoding (Sennrich 2016).
        max_length: Longest sequence of pieces, or None. Longer ones are cut (a warning says how
            many, once).
        normalization: How characters are made alike before all else: `"nmt_nfkc"` (compatible
            forms, spaces), `"nmt_nfkc_cf"` (and lower case), `"nfkc"`, `"nfkc_cf"` or
            `"identity"`.
        byte_fallback: Whether characters that were never seen are encoded as their bytes, with
            256 further ids, and so are decoded again.
        model: What was learned, as base64, or None to learn it with `adapt`.

    Example:

    >>> text = Subwords(vocabulary_size=30).adapt(["low lower lowest", "new newer newest"])
    >>> text.decode(text.encode(tf.constant(["newer low"])).to_list())
    ['newer low']

    Reference:
        Kudo and Richardson, "SentencePiece", 2018, https://arxiv.org/abs/1808.06226.
    """

    sequence = True
    target_type = "texts"
    copies_words = shows_tokens = True
    learned = ("model",)
    adjustable = ("vocabulary_size", "max_length")

    def __init__(
        self,
        vocabulary_size=8000,
        model_type="unigram",
        max_length=None,
        normalization="nmt_nfkc",
        byte_fallback=False,
        model=None,
    ):
        self.vocabulary_limit = integer(vocabulary_size, "vocabulary_size", least=3)
        self.model_type = one_of(model_type, "model_type", MODEL_TYPES)
        self.max_length = integer(max_length, "max_length", optional=True)
        self.normalization = one_of(normalization, "normalization", NORMALIZATIONS)
        self.byte_fallback = bool(byte_fallback)
        self.model = None
        if model is not None:
            self._set(model)

    def _set(self, model):
        processor = _sentencepiece().SentencePieceProcessor()
        try:
            processor.LoadFromSerializedProto(base64.b64decode(model, validate=True))
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f"model must be a SentencePiece model in base64 ({error}). "
                f"Received: {len(model)} characters"
            ) from None
        if (processor.pad_id(), processor.unk_id()) != (0, 1):
            raise ValueError(
                "model must have padding as id 0 and the unknown piece as id 1. Received: "
                f"{processor.pad_id()} and {processor.unk_id()}"
            )
        self._processor = processor
        self._segmentation = None
        self.model = model

    @property
    def adapted(self):
        return self.model is not None

    @property
    def token_names(self):
        if not self.adapted:
            return None
        return [self._processor.id_to_piece(each) for each in range(self.vocabulary_size)]

    @property
    def vocabulary_size(self):
        """Number of ids, padding and unknown included; before `adapt`, the limit."""
        return self._processor.get_piece_size() if self.adapted else self.vocabulary_limit

    def adapt(self, data):
        """Learns the pieces from texts; a list of datasets makes one vocabulary for all."""
        sets = data if isinstance(data, list) and _all_datasets(data) else [data]
        batches = (batch.numpy().tolist() for part in sets for batch in self.batches(part))
        texts = [text_of(text) for batch in batches for text in batch]
        if not any(text.strip() for text in texts):
            raise ValueError("Subwords.adapt needs at least one word. Received: only empty texts")
        learned = io.BytesIO()
        try:
            _sentencepiece().SentencePieceTrainer.train(
                sentence_iterator=iter(texts),
                model_writer=learned,
                vocab_size=self.vocabulary_limit,
                model_type=self.model_type,
                normalization_rule_name=self.normalization,
                byte_fallback=self.byte_fallback,
                character_coverage=1.0,
                # Small data has not enough pieces for the limit.
                hard_vocab_limit=False,
                pad_id=0,
                unk_id=1,
                bos_id=-1,
                eos_id=-1,
                unk_surface=UNKNOWN_PIECE,
                max_sentence_length=2**20,
                minloglevel=2,
            )
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[-1]
            raise ValueError(
                f"Subwords could not be learned from {len(texts):,} texts: {reason} Received: "
                f"vocabulary_size={self.vocabulary_limit}"
            ) from None
        self._set(base64.b64encode(learned.getvalue()).decode())
        return self

    def encode(self, texts, truncate=True):
        """Texts `[batch]` to ids, a ragged int32 tensor `[batch, (time)]`, at least one each."""
        values, lengths = tf.numpy_function(self._ids, [texts], [tf.int32, tf.int64])
        values.set_shape([None])
        lengths.set_shape([texts.shape[0]])
        ids = tf.RaggedTensor.from_row_lengths(values, lengths)  # [batch, (time)]
        return self.truncate(ids) if truncate else ids

    def _ids(self, texts):
        texts = [text_of(text) for text in texts.tolist()]
        rows = [row or [1] for row in self._processor.encode(texts)]
        lengths = np.array([len(row) for row in rows], "int64")
        return np.array([index for row in rows for index in row], "int32"), lengths

    def decode(self, values):
        """Ids `[batch, time]` (padding is left out) to a list of texts, with their spaces."""
        rows = [[int(index) for index in np.asarray(row) if index != 0] for row in values]
        return self._processor.decode(rows)

    def pieces(self, text):
        """The pieces of a text, a space shown as a low line."""
        return self._processor.encode(text, out_type=str) or [UNKNOWN_PIECE]

    def tokens_of(self, ids):
        return [UNKNOWN_PIECE if i == 1 else self._processor.id_to_piece(int(i)) for i in ids]

    def source_words(self, text):
        """For each piece of a text: the word it is part of, as it stands there."""
        words, found = [], []
        for piece in self.pieces(text):
            if piece.startswith(SPACE) or not words:
                words.append("")
            words[-1] += piece.replace(SPACE, "")
            found.append(len(words) - 1)
        return [words[index] for index in found]

    def restore(self, ids, replacements):
        text, run = "", []
        for position, index in enumerate(ids):
            if index == 1 and position in replacements:
                text += self._processor.decode(run) if run else ""
                text += (" " if text and not text.endswith(" ") else "") + replacements[position]
                run = []
                continue
            piece = self._processor.id_to_piece(int(index))
            if not run and text and piece.startswith(SPACE):
                text += " "
            run.append(int(index))
        return text + (self._processor.decode(run) if run else "")

    # === In exported models ===

    @property
    def segmentation(self):
        """What encodes in an exported model: `rnnkit.features.segmentation.Segmentation`."""
        if self._segmentation is None:
            self._segmentation = Segmentation(base64.b64decode(self.model), UNKNOWN_PIECE)
        return self._segmentation

    @property
    def in_graph(self):
        return self.segmentation.reason is None

    @property
    def decodes_in_graph(self):
        return self.in_graph and not self.segmentation.falls_back

    def encode_served(self, values, truncate=True):
        ids = self.segmentation.encode(values)
        return self.truncate(ids) if truncate else ids

    def decode_graph(self, outputs):
        return {"text": self.segmentation.decode(outputs)}

    def restore_graph(self, ids, words):
        return {"text": self.segmentation.decode(ids, words)}

    def source_words_graph(self, values):
        return self.segmentation.source_words(values)

    def resources(self):
        return [self.segmentation.lookup] if self.in_graph else []

    def get_config(self):
        return {**super().get_config(), "vocabulary_size": self.vocabulary_limit}


def _all_datasets(data):
    return bool(data) and all(isinstance(part, tf.data.Dataset) for part in data)


def _sentencepiece():
    try:
        import sentencepiece
    except ImportError:
        raise ImportError(
            "Subwords need SentencePiece: install it with `pip install sentencepiece`"
        ) from None
    return sentencepiece
