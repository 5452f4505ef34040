"""The many-to-one pattern: a sequence in, a label or a number out."""

import keras

from rnnkit.layers.mixture import PathMixture
from rnnkit.layers.pooling import MODES, SequencePooling
from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.models.base import Model, Seeds, check_features, output_activation, output_layer


@keras.saving.register_keras_serializable(package="rnnkit")
class ManyToOne(Model):
    """A sequence → one label or number: embedding, recurrent layers, pooling, output.

    Args:
        input_feature: Adapted feature of a sequence of tokens, such as `Text`.
        output_feature: Adapted `Label` or `Number`.
        cell: Name of a cell (`"lstm"`, `"gru"`, `"simple_rnn"`, `"dense"`, a reference cell) or a
            Keras RNN cell; see `rnnkit.layers.recurrent`. `"dense"` has no memory: the model is a
            bag of words.
        units: Size of the state, in each direction.
        num_layers: Recurrent layers on top of each other.
        bidirectional: Whether the sequence is also read from its end.
        pooling: What becomes of the states: `"last"` takes the final one, `"mean"`, `"max"` and
            `"mean_max"` all of them.
        embedding_size: Size of the token vectors.
        bag_of_words: Whether a second path without memory (token vectors of its own, their mean
            and maximum) judges beside the recurrent one; see `PathMixture`. A small data set has
            too few examples for a recurrent network to weigh each word well; this helps there.
        token_dropout: Share of tokens replaced by the unknown token in training.
        dropout: Share of the features below each recurrent layer dropped in training, the same
            ones at every step.
        output_dropout: Share of the pooled states dropped in training.
        recurrent_dropout: Share of the recurrent connections dropped in training; this loses the
            fused kernels.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> text = rnnkit.features.Text(vocabulary_size=20_000, max_length=256).adapt(texts)
    >>> label = rnnkit.features.Label().adapt(labels)
    >>> model = rnnkit.models.ManyToOne(text, label, cell="lstm", units=64, bidirectional=True)
    >>> model.fit(texts, labels, epochs=5, validation_split=0.1)
    >>> model.infer(["a delight"])
    """

    def __init__(
        self,
        input_feature,
        output_feature,
        cell="lstm",
        units=64,
        num_layers=1,
        bidirectional=False,
        pooling="last",
        embedding_size=128,
        bag_of_words=False,
        token_dropout=0.0,
        dropout=0.0,
        output_dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        check_features(input_feature, output_feature)
        if input_feature.vocabulary_size is None:
            raise ValueError(
                "input_feature must give sequences of tokens, such as Text. "
                f"Received: {type(input_feature).__name__}"
            )
        if pooling not in ("last", *MODES):
            raise ValueError(
                f"pooling must be one of {['last', *MODES]}. Received: pooling={pooling!r}"
            )
        seeds = Seeds(seed)

        # === Layers ===
        def embedding(name):
            return keras.layers.Embedding(
                input_feature.vocabulary_size,
                embedding_size,
                embeddings_initializer=keras.initializers.RandomUniform(
                    -0.05, 0.05, seed=seeds.next()
                ),
                mask_zero=True,
                name=name,
            )

        drop_tokens = TokenDropout(token_dropout, seed=seeds.next(), name="token_dropout")
        encoder = recurrent(
            cell,
            units,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=pooling != "last",
            seed=seeds.next(),
            name="encoder",
        )

        # === Functional model ===
        inputs = keras.Input((None,), dtype="int32", name="tokens")  # [batch, time]
        tokens = drop_tokens(inputs)  # [batch, time]
        x = encoder(embedding("embedding")(tokens))  # [batch, units] or [batch, time, units]
        if pooling != "last":
            x = SequencePooling(pooling, name="pooling")(x)  # [batch, units]
        x = keras.layers.Dropout(output_dropout, seed=seeds.next(), name="output_dropout")(x)
        if bag_of_words:
            bag = SequencePooling("mean_max", name="bag_pooling")(
                embedding("bag_embedding")(tokens)
            )  # [batch, 2 * embedding]
            bag = keras.layers.Dropout(output_dropout, seed=seeds.next(), name="bag_dropout")(bag)
            x = PathMixture(seed=seeds.next(), name="mixture")(
                [
                    output_layer(output_feature, seeds.next(), activate=False)(x),
                    output_layer(output_feature, seeds.next(), "bag_output", activate=False)(bag),
                ]
            )  # [batch, classes]
            outputs = output_activation(output_feature)(x)  # [batch, classes]
        else:
            outputs = output_layer(output_feature, seeds.next())(x)  # [batch, classes]
        super().__init__(
            inputs,
            outputs,
            input_feature=input_feature,
            output_feature=output_feature,
            seed=seed,
            name=name,
        )

        # === Config ===
        self.cell = cell
        self.units = units
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.embedding_size = embedding_size
        self.bag_of_words = bag_of_words
        self.token_dropout = token_dropout
        self.dropout = dropout
        self.output_dropout = output_dropout
        self.recurrent_dropout = recurrent_dropout
