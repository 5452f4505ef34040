"""The many-to-many pattern with different lengths: a sequence in, another sequence out."""

import keras
from keras import ops

from rnnkit.features import Audio, Feature
from rnnkit.layers.missing import MissingToZero
from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.stack import RecurrentStack
from rnnkit.layers.stepwise import state_sizes
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.models.generating.base import Generating
from rnnkit.models.generating.decoder import ATTENTIONS, Decoder, Source, bridge
from rnnkit.models.heads.base import check_of_tokens
from rnnkit.models.heads.choice import head_of
from rnnkit.models.heads.tokens import token_embedding
from rnnkit.models.inputs import sequences
from rnnkit.models.outputs import check_features
from rnnkit.utils.checks import one_of
from rnnkit.utils.config import given
from rnnkit.utils.seeds import Seeds


@keras.saving.register_keras_serializable(package="rnnkit")
class EncoderDecoder(Generating):
    """A sequence → a sequence of another length: encoder, state bridge, decoder with attention.

    The encoder reads the source in both directions. Its last states become the decoder's first,
    through a dense layer where sizes differ, and its outputs are the memory that the decoder's
    attention looks at. The decoder is trained on the true tokens before each (teacher forcing),
    the whole sequence in one call; it generates tokens by beam search. One model does both.

    Args:
        input_feature: Adapted feature of the source: `Text`, `Subwords`, or a sequence of numbers
            such as `Audio`, `Strokes` or `Series`.
        output_feature: Adapted feature of the target: `Text` or `Subwords`, or a sequence of
            numbers, `Series` or `Strokes`. Numbers are generated one step after the other until the
            network says that it was the last (their mean squared error and the cross-entropy of
            the end are learned); `infer` gives an array for each input, and of the options of
            decoding only `max_length` applies.
        cell: Name of a cell or a Keras RNN cell; see `rnnkit.layers.recurrent`.
        units: Size of the states of the decoder. Those of a bidirectional encoder have half of it
            in each direction.
        num_layers: Recurrent layers of the encoder.
        decoder_layers: Recurrent layers of the decoder; the attention is above the first.
        bidirectional: Whether the source is also read from its end.
        attention: `"additive"` (Bahdanau), `"multiplicative"` (Luong, general, scaled) or None.
        embedding_size: Size of the token vectors.
        train_vectors: Whether the vectors of an `input_feature` with `vectors` are trained with the
            rest; if not, only words without a vector get one. With vectors, `embedding_size` is
            theirs.
        vector_pull: How strongly trained vectors are drawn to where they began; see
            `rnnkit.layers.WordEmbedding`. No effect with `train_vectors=False`.
        shared_embedding: Whether source and target have one embedding: their features must have
            the same vocabulary, as `Subwords` adapted to both.
        tied_output: Whether the output layer's weights are those of the target's embedding.
        dropout: Fraction of the features below each recurrent layer, and of the output layer's
            inputs, dropped in training.
        recurrent_dropout: Fraction of the recurrent connections dropped in training; this loses the
            fused kernels.
        token_dropout: Fraction of the tokens of source and target replaced by the unknown token in
            training.
        label_smoothing: Of the default loss; see `rnnkit.losses.tokens.TokenCrossEntropy`.
        beam_size: Hypotheses kept in decoding, unless said otherwise there.
        length_penalty: Exponent of the length penalty in decoding. No effect with `beam_size=1`.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> text = rnnkit.features.Subwords().adapt(english + french)
    >>> model = rnnkit.models.EncoderDecoder(text, text, shared_embedding=True)
    >>> model.fit(english, french, epochs=10)
    >>> model.infer(["two dogs play ."])
    ["deux chiens jouent ."]

    References:
        Sutskever, Vinyals and Le 2014, "Sequence to sequence learning with neural networks",
        https://arxiv.org/abs/1409.3215; Bahdanau, Cho and Bengio 2015,
        https://arxiv.org/abs/1409.0473; Press and Wolf 2017 (tied embeddings),
        https://arxiv.org/abs/1608.05859.
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="gru",
        units=512,
        num_layers=1,
        decoder_layers=2,
        bidirectional=True,
        attention="additive",
        embedding_size=256,
        train_vectors=True,
        vector_pull=0.0,
        shared_embedding=False,
        tied_output=True,
        dropout=0.0,
        recurrent_dropout=0.0,
        token_dropout=0.0,
        label_smoothing=0.0,
        beam_size=5,
        length_penalty=1.0,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        arguments = given(locals())
        check_features(input_feature, output_feature, (Feature,))
        tokens = input_feature.vocabulary_size
        width = input_feature.width
        if not input_feature.sequence or (tokens is None and width is None):
            raise ValueError(
                "input_feature must give sequences, such as Text, Subwords, Audio or Strokes. "
                f"Received: {type(input_feature).__name__}"
            )
        sequences.check_vectors(input_feature, train_vectors, vector_pull)
        words = output_feature.vocabulary_size is not None
        if isinstance(output_feature, Audio):
            raise ValueError(
                "output_feature must be one whose outputs can be turned back, such as Series or "
                "Strokes. Received: Audio, and a spectrogram is no sound"
            )
        if output_feature.time:
            raise ValueError(
                "output_feature must be of values alone: the times of what is generated are not "
                "known. Received: Series with time=True"
            )
        check_of_tokens(output_feature, label_smoothing=label_smoothing)
        one_of(attention, "attention", ATTENTIONS)
        if shared_embedding and (not words or tokens != output_feature.vocabulary_size):
            raise ValueError(
                "shared_embedding needs features with one vocabulary: adapt one Subwords to both "
                f"languages. Received: {tokens} and {output_feature.vocabulary_size} ids"
            )
        if bidirectional and units % 2:
            raise ValueError(
                "units must be even for a bidirectional encoder, which has half of them in each "
                f"direction. Received: units={units}"
            )
        if attention is None and cell == "dense":
            raise ValueError(
                "attention must not be None for the cell 'dense': without a state, nothing of the "
                "source would reach the decoder"
            )
        seeds = Seeds(seed)

        # === Layers ===
        head = head_of(output_feature, embedding_size, tied_output, token_dropout, seeds)
        decoder = Decoder(
            head,
            cell,
            units,
            decoder_layers,
            attention,
            embedding_size,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seeds=seeds,
        )
        has_states = cell != "dense"
        encoder = recurrent(
            cell,
            units // 2 if bidirectional else units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=True,
            return_state=has_states,
            seed=seeds.next(),
            name="encoder",
        )

        # === Functional model ===
        if tokens is not None:
            source = keras.Input((None,), dtype="int32", name="source")  # [batch, source]
            if shared_embedding:
                embedding = head.embedding
            else:
                embedding = _source_embedding(
                    input_feature, embedding_size, seeds.next(), train_vectors, vector_pull
                )
            mask = ops.not_equal(source, 0)  # [batch, source]
            drop = TokenDropout(token_dropout, seed=seeds.next(), name="source_tokens")
            x = embedding(drop(source))  # [batch, source, embedding]
        else:
            source = keras.Input((None, width), dtype=input_feature.dtype, name="source")
            missing = MissingToZero(name="missing")
            x = missing(source)  # [batch, source, width]
            mask = missing.compute_mask(source)  # [batch, source]
        outputs = encoder(x, mask=mask)
        states = []
        if has_states:
            outputs, *last = outputs  # [batch, source, units]
            states = _summary(encoder, last, bidirectional)
        outputs = keras.layers.Dropout(dropout, seed=seeds.next(), name="memory_dropout")(outputs)
        first = bridge(states, decoder.state_sizes, seeds)
        target = head.input()  # [batch, target], or [batch, target, width + 1] of numbers
        begun = Source(first, outputs, mask)
        generated, _ = decoder.whole(target, begun)  # [batch, target, ...]
        super().__init__([source, target], generated, decoder=decoder, source=begun, **arguments)

    @property
    def encoder_layers(self):
        return [
            layer
            for layer in self.layers
            if layer.name in ("encoder", "source_embedding") and layer.weights
        ]


def _source_embedding(feature, size, seed, trained, pull):
    name = "source_embedding"
    if feature.vectors is None:
        return token_embedding(feature.vocabulary_size, size, True, seed, name)
    return sequences.token_embedding(feature, size, seed, name, trained, pull)


def _summary(encoder, last, bidirectional):
    """States of the encoder's top layer, the two directions side by side.

    Args:
        encoder: The encoder.
        last: Flat list of its last states, bottom first, forward before backward.
        bidirectional: Whether it has two directions.
    """
    if not bidirectional:
        return last[-len(state_sizes(encoder)[-1]) :]
    top = encoder.layers[-1] if isinstance(encoder, RecurrentStack) else encoder
    count = len(state_sizes(top.forward_layer)[0])
    forward, backward = last[-2 * count : -count], last[-count:]
    pairs = zip(forward, backward, strict=True)
    return [ops.concatenate(pair, axis=-1) for pair in pairs]  # each [batch, units]
