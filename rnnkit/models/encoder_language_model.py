"""A language model of an encoder: what recurrent layers learn from texts without targets."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from rnnkit.data.pipeline.encoded import Encoded, Streamed, prepare
from rnnkit.data.pipeline.raw import as_dataset
from rnnkit.layers.recurrent import recurrent
from rnnkit.models.base import Model
from rnnkit.models.inputs import words
from rnnkit.models.inputs.masks import present_steps
from rnnkit.utils.checks import integer
from rnnkit.utils.config import given
from rnnkit.utils.digits import shortened
from rnnkit.utils.seeds import Seeds

NONE, UNKNOWN = 0, 1  # classes of a neighbour that there is not, and of words beyond `targets`


@keras.saving.register_keras_serializable(package="rnnkit")
class EncoderLanguageModel(Model):
    """Texts → the words beside each word: a start for models that read texts.

    The layers that read are those of a `ManyToOne` or `Tagger`, with the same names. At each word
    the forward states have to tell the next one, and with `bidirectional=True` the backward states
    the one before, by one output layer for both. No state has seen what it has to tell. So the
    embedding and the recurrent layers learn from texts alone, `fit(texts)`; a model of a recipe
    that starts from it, `recipe.model(data, base=model)`, has them.

    Args:
        input_feature: Adapted feature of the texts: `Text`, `Subwords` or `Words`.
        cell: As in `ManyToOne`.
        units: As in `ManyToOne`.
        num_layers: As in `ManyToOne`. 1 where texts are read both ways, as upper layers would read
            what they have to tell.
        bidirectional: Whether texts are also read from their end.
        embedding_size, token_dropout: As in `ManyToOne`.
        character_embedding_size, character_filters: As in `Tagger`.
        targets: Words that are told apart as neighbours, the most frequent ones; all others are one
            class.
        dropout: Fraction of the features below each recurrent layer dropped in training.
        output_dropout: Fraction of the states dropped in training.
        recurrent_dropout: Fraction of the recurrent connections dropped in training; this loses the
            fused kernels.
        seed: Integer that fixes weights, dropout and shuffling, or None.
        name: Name of the model.

    Example:

    >>> text = rnnkit.features.Text().adapt(texts)
    >>> model = rnnkit.models.EncoderLanguageModel(text, units=16, bidirectional=True)
    >>> model.fit(texts, epochs=2)

    References:
        Dai and Le 2015, "Semi-supervised sequence learning", https://arxiv.org/abs/1511.01432; for
        both directions Peters et al. 2018, "Deep contextualized word representations", section 3.1,
        https://arxiv.org/abs/1802.05365.
    """

    def __init__(
        self,
        input_feature,
        cell="lstm",
        units=64,
        num_layers=1,
        bidirectional=False,
        embedding_size=128,
        token_dropout=0.0,
        character_embedding_size=32,
        character_filters=64,
        targets=5000,
        dropout=0.0,
        output_dropout=0.0,
        recurrent_dropout=0.0,
        seed=None,
        name=None,
    ):
        # === Arguments ===
        arguments = given(locals())
        integer(targets, "targets", least=2)
        if not input_feature.sequence or input_feature.token_names is None:
            raise ValueError(
                "input_feature must be an adapted feature of texts: Text, Subwords or Words. "
                f"Received: {type(input_feature).__name__}"
            )
        if bidirectional and num_layers != 1:
            raise ValueError(
                "num_layers must be 1 with bidirectional=True: the layers above would read the "
                f"words that they have to tell. Received: num_layers={num_layers}"
            )
        seeds = Seeds(seed)

        # === Functional model ===
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
            min(targets + 2, len(input_feature.token_names)),
            kernel_initializer=keras.initializers.GlorotUniform(seed=seeds.next()),
            dtype="float32",  # also under mixed precision
            name="neighbour_output",
        )
        inputs, x = words.read(
            input_feature,
            seeds,
            embedding_size,
            token_dropout,
            character_embedding_size,
            character_filters,
        )
        x = encoder(x, mask=present_steps(inputs))  # [batch, time, directions * units]
        x = keras.layers.Dropout(output_dropout, seed=seeds.next(), name="output_dropout")(x)
        size = x.shape[-1] // (1 + bidirectional)
        parts = [x[..., :size], x[..., size:]][: 1 + bidirectional]
        outputs = ops.stack([output(part) for part in parts], axis=2)
        # [batch, time, directions, words]
        super().__init__(inputs, outputs, output_feature=input_feature, **arguments)

    # === Training ===

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As `Model.compile`; by default the loss is the cross-entropy in nats a neighbour."""
        if isinstance(loss, str) and loss == "auto":
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=NONE)
        metrics = None if isinstance(metrics, str) and metrics == "auto" else metrics
        super().compile(optimizer=optimizer, loss=loss, metrics=metrics, **kwargs)

    def fine_tune(self, x, y=None, *, extend=False, **kwargs):
        """As `Model.fine_tune`, of texts alone."""
        if extend:
            raise ValueError(
                "extend must be left out for an EncoderLanguageModel: a model that starts from it "
                "learns further words. Received: extend=True"
            )
        return super().fine_tune(x, y, **kwargs)

    # === Data ===

    def prepare(self, x, y=None, sample_weight=None, targets=True):
        if isinstance(x, (Encoded, Streamed)):
            return x
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ValueError(
                    f"{name} must be left out: this model learns from texts alone, fit(texts). "
                    f"Received: {name} of type {type(value).__name__}"
                )
        dataset = as_dataset(x, input_feature=self.input_feature)
        padding = (self.input_feature.padding, NONE)
        return prepare(
            dataset, self.encode, self._check, self._truncate, self._guard, padding=padding
        )

    def _truncate(self, encoded):
        (codes,), cut = super()._truncate(encoded[:1])
        return (codes, self._neighbours(codes)), cut

    def _neighbours(self, codes):
        """Ids of the words beside each: the next one, then the one before, ragged
        `[batch, (time), directions]`; 0 where there is none."""
        ids = codes.flat_values if codes.flat_values.shape.rank == 1 else codes.flat_values[:, 0]
        rows = codes.value_rowids()
        same = tf.cast(rows[1:] == rows[:-1], ids.dtype)
        known = tf.where(ids < self.output_shape[-1], ids, UNKNOWN)
        found = [tf.concat([known[1:] * same, [NONE]], axis=0)[: tf.size(ids)]]
        if self.bidirectional:
            found.append(tf.concat([[NONE], known[:-1] * same], axis=0)[: tf.size(ids)])
        return codes.with_values(tf.stack(found, axis=1))

    # === Use ===

    def score(self, x, y=None, batch_size=None, verbose=0):
        """How well neighbours are told: `"nats"`, the mean negative log-likelihood of one, and
        `"perplexity"`, its exponential."""
        found = self.evaluate(x, y, batch_size, verbose=verbose, return_dict=True)
        return shortened({"nats": found["loss"], "perplexity": np.exp(found["loss"])})

    def infer(self, x, batch_size=None):
        """Refused: it is a start for models of recipes."""
        raise ValueError(
            "an EncoderLanguageModel infers nothing: start from it with "
            "recipe.model(data, base=model)"
        )

    def export(self, filepath, format="tf_saved_model", **kwargs):
        """Refused, as `infer`."""
        self.infer(filepath)
