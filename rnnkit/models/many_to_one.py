"""The many-to-one pattern: a sequence in, a label or a number out."""

import keras

from rnnkit.layers.mixture import PathMixture
from rnnkit.layers.pooling import MODES, SequencePooling
from rnnkit.layers.recurrent import recurrent
from rnnkit.layers.token_dropout import TokenDropout
from rnnkit.models.base import Model
from rnnkit.models.inputs import sequences as entrance
from rnnkit.models.inputs.masks import present_steps
from rnnkit.models.outputs import check_features, output_activation, output_layer
from rnnkit.utils.checks import one_of
from rnnkit.utils.config import given
from rnnkit.utils.seeds import Seeds


@keras.saving.register_keras_serializable(package="rnnkit")
class ManyToOne(Model):
    """A sequence → one label or number: embedding, recurrent layers, pooling, output.

    Of a feature that gives two strands (`Nucleotides(both_strands=True)`) both pass through the
    same layers, and the output is made of the mean of their logits.

    Args:
        input_feature: Adapted feature of a sequence: of tokens (`Text`), which become vectors; of
            numbers (`Series`, `Strokes`, `Audio`, `Nucleotides`); or of events (`Events`), whose
            categories become vectors beside the numbers. A picture (`Image`) is read row by row,
            from the top.
        output_feature: Adapted `Label`, `OrderedLabel`, `Labels` (several) or `Number`; or
            `Targets`, several classes and numbers at once.
        cell: Name of a cell (`"lstm"`, `"gru"`, `"simple_rnn"`, `"dense"`, a reference cell) or a
            Keras RNN cell; see `rnnkit.layers.recurrent`. `"dense"` has no memory: the model is a
            bag of words.
        units: Size of the state, in each direction.
        num_layers: Recurrent layers on top of each other.
        bidirectional: Whether the sequence is also read from its end.
        pooling: What becomes of the states: `"last"` takes the final one, `"mean"`, `"max"` and
            `"mean_max"` all of them.
        embedding_size: Size of the token vectors; of events the largest size of a category's.
        filters: Features of a convolution over neighbouring steps in front of the recurrent
            layers, 0 for none. It gives them short patterns, such as motifs, ready-made.
        kernel_size: Steps that the convolution sees at a time. No effect with `filters=0`.
        bag_of_words: Whether a second path without memory (token vectors of its own, their mean
            and maximum) judges beside the recurrent one; see `PathMixture`. A small data set has
            too few examples for a recurrent network to weigh each word well; this helps there.
        train_vectors: Whether the vectors of an `input_feature` with `vectors` are trained with the
            rest; if not, only words without a vector get one. With vectors, `embedding_size` is
            theirs.
        vector_pull: How strongly trained vectors are drawn to where they began; see
            `rnnkit.layers.WordEmbedding`. No effect with `train_vectors=False`.
        token_dropout: Fraction of tokens read in training as if the data did not have them: as the
            unknown token, or where the `input_feature` has a vector for them as that.
        dropout: Fraction of the features below each recurrent layer dropped in training, the same
            ones at every step.
        output_dropout: Fraction of the pooled states dropped in training.
        recurrent_dropout: Fraction of the recurrent connections dropped in training; this loses the
            fused kernels.
        ensemble: Number of networks of this kind, trained one after the other from seeds that count
            up from `seed`, whose outputs are averaged; see `rnnkit.models.members.Ensemble`.
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
        filters=0,
        kernel_size=5,
        bag_of_words=False,
        train_vectors=True,
        vector_pull=0.0,
        token_dropout=0.0,
        dropout=0.0,
        output_dropout=0.0,
        recurrent_dropout=0.0,
        ensemble=1,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        arguments = given(locals())
        check_features(input_feature, output_feature)
        entrance.check_sequence(input_feature)
        entrance.check_vectors(input_feature, train_vectors, vector_pull)
        of_tokens = input_feature.vocabulary_size is not None
        if not of_tokens and (bag_of_words or token_dropout):
            raise ValueError(
                "bag_of_words and token_dropout need sequences of tokens, such as Text. Received: "
                f"{type(input_feature).__name__}, bag_of_words={bag_of_words}, "
                f"token_dropout={token_dropout}"
            )
        if filters < 0 or kernel_size < 1 or embedding_size < 1:
            raise ValueError(
                "filters must be at least 0, kernel_size and embedding_size at least 1. Received: "
                f"filters={filters}, kernel_size={kernel_size}, embedding_size={embedding_size}"
            )
        one_of(pooling, "pooling", ("last", *MODES))
        seeds = Seeds(seed)

        # === Layers ===
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
        if of_tokens:
            inputs = keras.Input((None,), dtype="int32", name="tokens")  # [batch, time]
            tokens = drop_tokens(inputs)  # [batch, time]
            embedding = entrance.token_embedding(
                input_feature,
                embedding_size,
                seeds.next(),
                trained=train_vectors,
                pull=vector_pull,
                token_dropout=token_dropout,
            )
            # Words with a vector remain known where the word of the data is dropped.
            known = tokens if input_feature.vectors is None else inputs
            sequences = [embedding(known)]  # [batch, time, embedding]
        elif entrance.is_picture(input_feature):
            inputs, sequences = entrance.rows(input_feature)
        else:
            inputs, sequences = entrance.numbers(input_feature, embedding_size, seeds)
        drop = keras.layers.Dropout(output_dropout, seed=seeds.next(), name="output_dropout")
        masked = [encoder]  # what all sequences of an example pass through, with their mask
        if filters:
            masked.insert(0, entrance.convolution(filters, kernel_size, seeds.next()))
        if pooling != "last":
            masked.append(SequencePooling(pooling, name="pooling"))
        split = bag_of_words or len(sequences) > 1  # several logits become one output
        output = output_layer(output_feature, seeds.next(), activate=not split)
        # A picture has all its rows.
        picture = entrance.is_picture(input_feature)
        mask = None if picture else present_steps(inputs)  # [batch, time]
        outputs = []  # each [batch, classes]
        for x in sequences:
            for layer in masked:
                x = layer(x, mask=mask)  # [batch, time, units], in the end [batch, units]
            outputs.append(output(drop(x)))
        if bag_of_words:
            known, size = entrance.within_data(input_feature, tokens)
            embedding = entrance.embedding(size, embedding_size, seeds.next(), "bag_embedding")
            bag = SequencePooling("mean_max", name="bag_pooling")(embedding(known), mask=mask)
            bag = keras.layers.Dropout(output_dropout, seed=seeds.next(), name="bag_dropout")(bag)
            bag = output_layer(output_feature, seeds.next(), "bag_output", activate=False)(bag)
            outputs = PathMixture(seed=seeds.next(), name="mixture")([*outputs, bag])
        elif split:
            outputs = keras.layers.Average(name="strands", dtype="float32")(outputs)
        else:
            (outputs,) = outputs
        if split:
            outputs = output_activation(output_feature)(outputs)
        super().__init__(inputs, outputs, **arguments)
