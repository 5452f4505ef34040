"""Connectionist temporal classification: a sequence in, a shorter one out, in the same order."""

import keras
import numpy as np
import tensorflow as tf

from rnnkit import metrics
from rnnkit.decoding import ctc
from rnnkit.features import Feature
from rnnkit.layers.frames import FrameLogProbabilities, MaskedConv1D, after_end
from rnnkit.layers.missing import MissingToZero
from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.losses.ctc import CTCLoss
from rnnkit.models.alignment import Alignment
from rnnkit.models.base import Model
from rnnkit.models.generating.references import References
from rnnkit.models.inputs import sequences as entrance
from rnnkit.models.inputs.masks import present_steps
from rnnkit.models.outputs import check_features
from rnnkit.utils.checks import integer, one_of
from rnnkit.utils.config import given
from rnnkit.utils.digits import short, shortened
from rnnkit.utils.seeds import Seeds

SUBSAMPLING = (1, 2, 4, 8)
IMPOSSIBLE = ("raise", "skip")
# Prefixes that a search may keep. All that it has seen of each stays in memory until its end.
MOST_BEAMS = 1_000


@keras.saving.register_keras_serializable(package="rnnkit")
class CTC(Model):
    """A sequence → a shorter one whose parts come in the same order: speech, handwriting.

    Convolutions shorten the sequence to frames, recurrent layers read them, and each frame gives
    the log-probabilities of the tokens and of the blank. The loss sums over all alignments of the
    target to the frames, so that nobody has to say which frame belongs to which character.

    Args:
        input_feature: Adapted feature of sequences: of numbers (`Audio`, `Strokes`, `Series`) or
            of tokens (`Text`).
        output_feature: Adapted feature of tokens, such as `Text(level="character")`. Its id 0
            serves as the blank.
        cell: Name of a cell or a Keras RNN cell; see `rnnkit.layers.recurrent`. `"dense"` has no
            memory.
        units: Size of the state, in each direction.
        num_layers: Recurrent layers on top of each other.
        bidirectional: Whether the sequence is also read from its end.
        subsampling: Steps that become one frame: 1, 2, 4 or 8. Each halving is a convolution with
            stride 2, layer normalisation and a rectifier. Fewer frames are faster and easier to
            align, but a target must not be longer than its frames; see `impossible`.
        filters: Features of each convolution. No effect with `subsampling=1`.
        kernel_size: Steps that each convolution sees. No effect with `subsampling=1`.
        embedding_size: Size of the token vectors of inputs that are tokens.
        token_dropout: Fraction of such tokens replaced by the unknown token in training.
        dropout: Fraction of the features below each recurrent layer dropped in training, the same
            ones at every step.
        output_dropout: Fraction of the states dropped in training.
        recurrent_dropout: Fraction of the recurrent connections dropped in training; this loses the
            fused kernels.
        impossible: What becomes of examples whose target needs more frames than there are (one
            for each token, and one more between equal neighbours), in training and `evaluate`:
            `"raise"` refuses them, `"skip"` leaves them out and says how many. `score` counts
            them in any case.
        beam_size: Prefixes kept in decoding, at most 1,000, unless said otherwise there; 1 is best
            path decoding.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> audio = rnnkit.features.Audio().adapt(sounds)
    >>> text = rnnkit.features.Text(level="character").adapt(texts)
    >>> model = rnnkit.models.CTC(audio, text, cell="gru", subsampling=4)
    >>> model.fit(sounds, texts, epochs=20)
    >>> model.infer(["some.wav"])
    ["seven three"]

    Reference: Graves et al. 2006, "Connectionist temporal classification: labelling unsegmented
    sequence data with recurrent neural networks",
    https://www.cs.toronto.edu/~graves/icml_2006.pdf.
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="lstm",
        units=128,
        num_layers=2,
        bidirectional=True,
        subsampling=1,
        filters=128,
        kernel_size=5,
        embedding_size=128,
        token_dropout=0.0,
        dropout=0.0,
        output_dropout=0.0,
        recurrent_dropout=0.0,
        impossible="raise",
        beam_size=10,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        arguments = given(locals())
        check_features(input_feature, output_feature, (Feature,))
        entrance.check_sequence(input_feature)
        if not output_feature.sequence or output_feature.vocabulary_size is None:
            raise ValueError(
                "output_feature must give sequences of tokens, such as Text(level='character'). "
                f"Received: {type(output_feature).__name__}"
            )
        one_of(subsampling, "subsampling", SUBSAMPLING)
        one_of(impossible, "impossible", IMPOSSIBLE)
        for argument in ("filters", "kernel_size", "embedding_size"):
            integer(arguments[argument], argument)
        integer(beam_size, "beam_size", most=MOST_BEAMS)
        seeds = Seeds(seed)

        # === Layers ===
        encoder = recurrent(
            cell,
            units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=True,
            seed=seeds.next(),
            name="encoder",
        )
        output = keras.layers.Dense(
            output_feature.vocabulary_size,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds.next()),
            dtype="float32",  # also under mixed precision
            name="output",
        )

        # === Functional model ===
        if input_feature.vocabulary_size is not None:
            inputs = keras.Input((None,), dtype="int32", name="tokens")  # [batch, time]
            x = TokenDropout(token_dropout, seed=seeds.next(), name="token_dropout")(inputs)
            embedding = entrance.token_embedding(input_feature, embedding_size, seeds.next())
            x = embedding(x)  # [batch, time, embedding]
        else:
            shape = (None, input_feature.width)
            inputs = keras.Input(shape, dtype=input_feature.dtype, name="series")
            x = MissingToZero(name="missing")(inputs)  # [batch, time, width]
        mask = present_steps(inputs)  # [batch, time], then [batch, frames]
        for number in range(SUBSAMPLING.index(subsampling)):
            convolution = MaskedConv1D(
                filters,
                kernel_size,
                strides=2,
                kernel_initializer=keras.initializers.HeNormal(seed=seeds.next()),
                name=f"subsampling_{number}",
            )
            x, mask = convolution(x, mask=mask), convolution.compute_mask(x, mask)
            # [batch, ceil(time / 2), filters]. Over features, not over the batch: padding must not
            # count.
            x = keras.layers.LayerNormalization(name=f"subsampling_norm_{number}")(x)
            x = keras.layers.Activation("relu", name=f"subsampling_relu_{number}")(x)
        x = encoder(x, mask=mask)  # [batch, frames, units]
        x = keras.layers.Dropout(output_dropout, seed=seeds.next(), name="output_dropout")(x)
        x = output(x)  # [batch, frames, vocabulary]
        outputs = FrameLogProbabilities(name="log_probabilities")(x, mask=mask)
        super().__init__(inputs, outputs, **arguments)

    # === Compilation ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`; by default the loss of CTC, and no metrics."""
        if isinstance(loss, str) and loss == "auto":
            loss = CTCLoss()
        if isinstance(metrics, str) and metrics == "auto":
            metrics = None
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)
        on_cpu = not tf.config.list_physical_devices("GPU")
        for each in tf.nest.flatten(loss):
            if isinstance(each, CTCLoss):
                each.native = on_cpu and not self.jit_compile

    # === Data ===

    def encode(self, *raw):
        """As `Model.encode`; an empty text as target has no tokens."""
        encoded = super().encode(*raw)
        if len(encoded) < 2 or raw[1].dtype != tf.string:
            return encoded
        # A feature may encode it as one unknown token, for models that cannot do without.
        targets, filled = encoded[1], tf.strings.length(raw[1]) > 0  # [batch]
        kept = tf.gather(filled, targets.value_rowids())  # [tokens]
        targets = tf.ragged.boolean_mask(targets, targets.with_values(kept))
        return (encoded[0], targets, *encoded[2:])

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        data = super().prepare(x, y, sample_weight, targets)
        return self._alignment.alignable(data, self._shortened) if targets else data

    def _shortened(self, *raw):
        """Encoded examples, no longer than their features allow."""
        return self._truncate(self.encode(*raw))[0]

    def _guard(self, encoded):
        return self._alignment.guard(super()._guard(encoded))

    @property
    def _alignment(self):
        return Alignment(self.subsampling, self.impossible, self.output_feature)

    # === Use ===

    def _log_probabilities(self, data, batch_size, verbose):
        """Log-probabilities of prepared data, batch by batch: a generator of tensors."""
        forward = self.compiled_functions.get(
            "forward",
            lambda inputs: self(inputs, training=False),
            jit_compile=self.jit_compile is True,
        )
        # each [batch, frames, vocabulary]
        return self._each_batch(forward, data, batch_size, verbose)

    def predict(self, x, batch_size=None, verbose="auto"):
        """Log-probabilities of the blank (id 0) and the tokens at each frame of raw inputs.

        Args:
            x: Raw inputs (list, array, column) or a dataset of `x` or `(x, y)`.
            batch_size: Inputs computed at a time; results do not depend on it.
            verbose: 1 shows progress.

        Returns:
            float32 `[inputs, frames, vocabulary]`, in nats. After the end of a sequence 0 for the
            blank and -10,000 for all else.
        """
        classes = self.output_feature.vocabulary_size
        if isinstance(x, list) and not x:
            return np.zeros((0, 0, classes), "float32")
        data, size = self.prepare(x, targets=False), self._batch_size(batch_size)
        blocks = [block.numpy() for block in self._log_probabilities(data, size, verbose)]
        count, frames = sum(map(len, blocks)), max(block.shape[1] for block in blocks)
        outputs = np.empty((count, frames, classes), "float32")
        outputs[:] = after_end(classes)
        start = 0
        for block in blocks:
            outputs[start : start + len(block), : block.shape[1]] = block
            start += len(block)
        return data.restored(outputs, size)

    def infer(self, x, batch_size=None, *, details=False, verbose=0, beam_size=None, n_best=1):
        """Raw in, readable out: the text of each input.

        Args:
            x: Raw inputs, one or many, as in `predict`.
            batch_size: Inputs decoded at a time; results do not depend on it.
            details: Whether to give a dict for each output instead of the text alone: `text`,
                `log_probability` (nats; of all alignments found, with a beam of 1 of the best
                alone) and `tokens`.
            verbose: 1 shows progress.
            beam_size: Prefixes kept; 1 is best path decoding. By default the model's own, at least
                `n_best`.
            n_best: Texts given for each input. With more than 1 each result is a list of dicts,
                best first; shorter where there are fewer texts.

        Returns:
            A list, one result for each input; for one input its result alone.

        Example:

        >>> model.infer(["some.wav"], details=True)
        [{"text": "seven", "log_probability": -0.11, "tokens": [2, 5, 9, 5, 7]}]
        """
        integer(n_best, "n_best")
        beam_size = max(self.beam_size, n_best) if beam_size is None else beam_size
        integer(beam_size, "beam_size", most=MOST_BEAMS)
        if n_best > beam_size:
            raise ValueError(
                "n_best must be at most beam_size. "
                f"Received: n_best={n_best}, beam_size={beam_size}"
            )
        x, single = self.given(x)
        if isinstance(x, list) and not x:
            return []
        data, size = self.prepare(x, targets=False), self._batch_size(batch_size)
        found = []
        for block in self._log_probabilities(data, size, verbose):
            found += self._decoded(block, beam_size, n_best)
        found = data.restored(found, size)
        if n_best == 1:
            found = [best[0] if details else best[0]["text"] for best in found]
        return found[0] if single else found

    def _decoded(self, outputs, beam_size, n_best):
        """Results for a batch of outputs: a list of dicts, best first, for each input."""
        if beam_size == 1:
            parts = (part.numpy() for part in ctc.greedy(outputs))
            tokens, lengths, scores = (part[:, None] for part in parts)
        else:
            parts = ctc.prefix_beam_search(outputs, None, int(beam_size), int(n_best))
            tokens, lengths, scores = (part.numpy() for part in parts)
        results = [
            [
                {"log_probability": short(score), "tokens": row[:length].tolist()}
                for row, length, score in zip(*each, strict=True)
                if np.isfinite(score)
            ]
            for each in zip(tokens, lengths, scores, strict=True)
        ]
        flat = [result for each in results for result in each]
        texts = self.output_feature.decode([result["tokens"] for result in flat])
        for result, text in zip(flat, texts, strict=True):
            result["text"] = text
        return results

    def serve(self, codes, words=None, seed=None):
        """As `Model.serve`: with the model's own beam."""
        del words, seed
        outputs = self(codes, training=False)
        if self.beam_size == 1:
            tokens, lengths, log_probabilities = ctc.greedy(outputs)
        else:
            best = ctc.prefix_beam_search(outputs, None, self.beam_size)
            tokens, lengths, log_probabilities = (each[:, 0] for each in best)
        result = {"tokens": tokens, "lengths": lengths, "log_probability": log_probabilities}
        if self.output_feature.decodes_in_graph:
            result |= self.output_feature.decode_graph(tokens)
        return result

    def further_options(self, name):
        return ("tokenize", "lowercase") if name == "score" else super().further_options(name)

    def score(self, x, y=None, batch_size=None, verbose=0, *, beam_size=None, **options):
        """Scores of the decoded texts, as a dict of floats; see `rnnkit.metrics.texts`.

        By default word and character error rate. The references are the raw targets as they are,
        before a feature changes case or splits punctuation; of data that is prepared already, they
        are its decoded targets.

        Args:
            x: Raw data as in `fit`, or prepared data.
            y: Raw targets, if `x` is not a dataset.
            batch_size: Inputs decoded at a time.
            verbose: 1 shows progress.
            beam_size: As in `infer`.
            **options: Of the scores, such as `lowercase=True`.
        """
        data, references, _ = References.read(self, x, y)
        hypotheses = self.infer(data, batch_size, verbose=verbose, beam_size=beam_size)
        names = self.score_names or ("wer", "cer")
        found = metrics.scores(self.output_feature, references, hypotheses, names, **options)
        return shortened(found)
